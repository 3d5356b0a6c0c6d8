//! Executables that pyfreeze made, lying among the project's files under another name than the one now written.
//!
//! Comes in: what was found in a folder. Goes out: it without them, and a warning for each. Only large ELF files are
//! opened, and of them only the headers are read.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::header::header64::{Header, SIZEOF_EHDR};
use goblin::elf::program_header::program_header64::SIZEOF_PHDR;
use pyfreeze_format::bytes_before_payload;

use super::FoundTree;
use crate::contents::Warning;

/// No executable is smaller: the interpreter alone is larger.
const MIN_SIZE: u64 = 8_000_000;

/// Takes the executables that pyfreeze made out of `found`.
pub(super) fn leave_out(found: &mut FoundTree) -> Vec<Warning> {
    let mut warnings = Vec::new();
    found.files.retain(|file| {
        // A file that can't be read is an error where it is read.
        let is_frozen = is_frozen(&file.path).unwrap_or(false);
        if is_frozen {
            warnings.push(Warning {
                message: format!("Left out a program that pyfreeze has made: `{}`", file.path.display()),
                hints: vec!["remove it, or write it elsewhere with `--output`".into()],
            });
        }
        !is_frozen
    });
    warnings
}

/// True for an ELF file with a segment where the payload goes.
fn is_frozen(path: &Path) -> io::Result<bool> {
    if fs::metadata(path)?.len() < MIN_SIZE {
        return Ok(false);
    }
    let file = File::open(path)?;
    let mut header = [0; SIZEOF_EHDR];
    file.read_exact_at(&mut header, 0)?;
    if !header.starts_with(b"\x7fELF") {
        return Ok(false);
    }
    let header = Header::parse(&header).map_err(io::Error::other)?;
    let mut table = vec![0; usize::from(header.e_phnum) * SIZEOF_PHDR];
    file.read_exact_at(&mut table, header.e_phoff)?;
    let context = Ctx::new(Container::Big, Endian::Little);
    let segments = ProgramHeader::parse(&table, 0, header.e_phnum.into(), context).map_err(io::Error::other)?;
    let holds_payload = |segment: &ProgramHeader| bytes_before_payload(segment.p_vaddr, segment.p_memsz).is_some();
    Ok(segments.iter().any(holds_payload))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use pyfreeze_format::PAYLOAD_ADDRESS;

    use super::MIN_SIZE;
    use crate::project::tests::library;
    use crate::project::{Project, ProjectRequest, Scope};

    /// An ELF file of the least size with one segment at `p_vaddr`.
    fn elf(p_vaddr: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        bytes[32] = 64;
        bytes[56] = 1;
        bytes[64] = 1;
        bytes[64 + 16..64 + 24].copy_from_slice(&p_vaddr.to_le_bytes());
        bytes[64 + 40..64 + 48].copy_from_slice(&0x1000u64.to_le_bytes());
        bytes
    }

    #[test]
    fn an_earlier_program_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8], size: u64| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            File::options().write(true).open(path).unwrap().set_len(size).unwrap();
        };
        write("earlier", &elf(PAYLOAD_ADDRESS), MIN_SIZE);
        write("small", &elf(PAYLOAD_ADDRESS), MIN_SIZE - 1);
        write("foreign", &elf(0x40_0000), MIN_SIZE);
        write("broken", b"\x7fELF", MIN_SIZE);
        write("data", b"", MIN_SIZE);
        write("__main__.py", b"", 0);
        let request = ProjectRequest { path: folder.path().to_owned(), ..ProjectRequest::default() };
        let project = Project::read(&request, &library()).unwrap();
        let Scope::Everything(found) = project.scope else { panic!("a folder is taken whole") };
        let names: Vec<_> = found.files.iter().map(|file| file.relative.as_str()).collect();
        assert_eq!(names, ["__main__.py", "broken", "data", "foreign", "small"]);
        let told = project.warnings.iter().filter(|warning| warning.message.ends_with("/earlier`"));
        assert_eq!(told.count(), 1);
    }
}
