//! Finding the payload in a file the way the kernel does: by the program headers, never by scanning.

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::header::header64::Header;
use pyfreeze_format::bytes_before_payload;

use super::FileKind;

/// Where the payload is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located<'a> {
    /// What stands before it: the stub.
    pub before: &'a [u8],
    /// It and what stands behind it; less than its header says where the file is cut off.
    pub rest: &'a [u8],
    /// The bytes of its segment.
    pub payload: &'a [u8],
}

/// Finds the payload's segment.
///
/// # Errors
/// What the file is instead.
pub fn locate(file: &[u8]) -> Result<Located<'_>, FileKind> {
    let kind = FileKind::of(file);
    if kind != FileKind::Elf {
        return Err(kind);
    }
    let header = Header::parse(file).map_err(|_| FileKind::BrokenElf)?;
    let context = Ctx::new(Container::Big, Endian::Little);
    let table_offset = usize::try_from(header.e_phoff).map_err(|_| FileKind::BrokenElf)?;
    let segments = ProgramHeader::parse(file, table_offset, header.e_phnum.into(), context);
    let segments = segments.map_err(|_| FileKind::BrokenElf)?;
    let held = |segment: &ProgramHeader| {
        let before = bytes_before_payload(segment.p_vaddr, segment.p_memsz)?;
        // OK because pyfreeze runs on 64-bit machines.
        Some((segment.file_range(), usize::try_from(before).unwrap_or(usize::MAX)))
    };
    let found = segments.iter().find_map(held);
    let (range, before) = found.ok_or_else(|| FileKind::of_foreign_elf(file))?;
    let start = range.start.saturating_add(before).min(file.len());
    let (before, rest) = file.split_at(start);
    let size = range.end.saturating_sub(start).min(rest.len());
    Ok(Located { before, rest, payload: rest.get(..size).unwrap_or(rest) })
}

/// The bytes of the payload's segment.
///
/// # Errors
/// What the file is instead.
pub fn payload_bytes(file: &[u8]) -> Result<&[u8], FileKind> {
    locate(file).map(|located| located.payload)
}
