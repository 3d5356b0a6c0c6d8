//! Finding the payload in a file the way the kernel does: by the program headers, never by scanning.

use std::fmt;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::header::header64::Header;
use pyfreeze_format::PAYLOAD_ADDRESS;

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
    // OK because the address is below 2^38 and pyfreeze runs on 64-bit machines.
    let address = usize::try_from(PAYLOAD_ADDRESS).unwrap_or(usize::MAX);
    let header = Header::parse(file).map_err(|_| FileKind::BrokenElf)?;
    let context = Ctx::new(Container::Big, Endian::Little);
    let table_offset = usize::try_from(header.e_phoff).map_err(|_| FileKind::BrokenElf)?;
    let segments = ProgramHeader::parse(file, table_offset, header.e_phnum.into(), context);
    let segments = segments.map_err(|_| FileKind::BrokenElf)?;
    let covers = |segment: &&ProgramHeader| segment.vm_range().contains(&address);
    let segment = segments.iter().find(covers).ok_or(FileKind::Elf)?;
    // OK because the segment was found to begin at or below the address.
    let before = address - segment.vm_range().start;
    let start = segment.file_range().start.saturating_add(before);
    let end = segment.file_range().end;
    Ok(file.get(start.min(file.len())..end.min(file.len())).unwrap_or(&[]))
}
