//! Finding the payload in a file the way the kernel does: by the program headers, never by scanning.

use std::fmt;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::header::header64::Header;
use pyfreeze_format::bytes_before_payload;

/// What a file is that has no payload to inspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing in it.
    Empty,
    /// An ELF file without a payload segment.
    Elf,
    /// An ELF file whose program headers can't be read.
    BrokenElf,
    /// A text file that begins with `#!`.
    Script,
    /// A PE file.
    WindowsProgram,
    /// A Mach-O file.
    MacProgram,
    /// A zip archive: a wheel, a `.pyz`.
    Zip,
    /// A payload by itself: the library of a runtime pack.
    Payload,
    /// A runtime with its own library and no program.
    Interpreter,
    /// Anything else.
    Unknown,
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "an empty file",
            Self::Elf => "an ELF file without a payload",
            Self::BrokenElf => "an ELF file with damaged program headers",
            Self::Script => "a script",
            Self::WindowsProgram => "a Windows program",
            Self::MacProgram => "a macOS program",
            Self::Zip => "a zip archive",
            Self::Payload => "the library of a runtime pack, which is not an executable",
            Self::Interpreter => "a runtime's own interpreter, without a program in it",
            Self::Unknown => "not an executable",
        })
    }
}

impl FileKind {
    fn of(file: &[u8]) -> Self {
        const STARTS: [(&[u8], FileKind); 9] = [
            (b"\x7fELF", FileKind::Elf),
            (b"#!", FileKind::Script),
            (b"MZ", FileKind::WindowsProgram),
            (b"\xcf\xfa\xed\xfe", FileKind::MacProgram),
            (b"\xca\xfe\xba\xbe", FileKind::MacProgram),
            (b"PK\x03\x04", FileKind::Zip),
            (b"PK\x05\x06", FileKind::Zip),
            (&pyfreeze_format::layout::MAGIC, FileKind::Payload),
            (b"", FileKind::Unknown),
        ];
        let found = STARTS.iter().find(|(start, _)| file.starts_with(start));
        if file.is_empty() { Self::Empty } else { found.map_or(Self::Unknown, |(_, kind)| *kind) }
    }
}

/// The bytes of the payload's segment; fewer than its header says where the file is cut off.
///
/// # Errors
/// What the file is instead.
pub fn payload_bytes(file: &[u8]) -> Result<&[u8], FileKind> {
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
    let (range, before) = segments.iter().find_map(held).ok_or(FileKind::Elf)?;
    let start = range.start.saturating_add(before);
    Ok(file.get(start.min(file.len())..range.end.min(file.len())).unwrap_or(&[]))
}
