//! The damage matrix: whatever happens to the payload's head, the stub says so and never dies by a signal.
//!
//! Comes in: a frozen program, whose payload is found through its program headers. Goes out: one test for each kind
//! of damage. A change without effect on what is printed is fine, too: the index holds more than one program uses.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object::Endianness;
use object::elf::{FileHeader64, PT_LOAD};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use pyfreeze_format::layout::{HEADER_SIZE, SECTION_SIZE};
use pyfreeze_format::{PAYLOAD_ADDRESS, Payload};

use crate::command::{Output, Run, Status};
use crate::executables::sample;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Stop, Test, TestResult};

/// The stub's exit status when the payload is damaged.
const DAMAGED: Status = Status::Exited(125);

/// Bytes of the head that are changed beside the header and section table: spread evenly.
const INDEX_SAMPLE_COUNT: u64 = 200;

/// All kinds of damage.
#[must_use]
pub fn tests() -> Vec<Test> {
    vec![
        Test::new("damage/header", header),
        Test::new("damage/section_table", section_table),
        Test::new("damage/index", index),
        Test::new("damage/truncated", truncated),
        Test::new("damage/message", message),
        Test::new("damage/data", data),
    ]
}

/// A frozen program whose bytes are about to be changed.
struct Patient {
    workspace: Workspace,
    executable: PathBuf,
    bytes: Vec<u8>,
    /// Where the payload is in the file.
    payload_offset: u64,
    /// Bytes of the head.
    head_size: u64,
    /// Bytes of the payload.
    payload_size: u64,
}

impl Patient {
    fn new(product: &Product) -> Result<Self, Stop> {
        let (workspace, executable) = sample(product)?;
        let bytes = std::fs::read(&executable)?;
        let (payload_offset, size) = find_payload(&bytes)?;
        let start = usize::try_from(payload_offset).map_err(|error| error.to_string())?;
        let payload = Payload::parse(&bytes[start..]).map_err(|error| format!("the untouched payload: {error}"))?;
        let end_of = |section: pyfreeze_format::Section<'_>| section.bytes.as_ptr() as u64 + section.bytes.len() as u64;
        let is_head = |section: &pyfreeze_format::Section<'_>| {
            pyfreeze_format::SectionKind::from_number(section.kind)
                .is_some_and(pyfreeze_format::SectionKind::is_in_head)
        };
        let head_end = payload.sections().filter(is_head).map(end_of).max().unwrap_or(0);
        let head_size = head_end - payload.bytes().as_ptr() as u64;
        Ok(Self { workspace, executable, payload_offset, head_size, payload_size: size, bytes })
    }

    fn run(&self) -> Output {
        Run::new(&self.executable, self.workspace.path()).time_limit(Duration::from_secs(20)).output()
    }

    /// Changes one byte, runs, and puts it back.
    fn with_byte(&self, offset: u64, byte: u8) -> Result<(), String> {
        let position = usize::try_from(self.payload_offset + offset).map_err(|error| error.to_string())?;
        let before = self.bytes[position];
        if byte == before {
            return Ok(());
        }
        self.write(&[byte], position)?;
        let output = self.run();
        self.write(&[before], position)?;
        check(&output).map_err(|why| format!("byte {offset} of the payload, {before:#04x} → {byte:#04x}: {why}"))
    }

    fn write(&self, bytes: &[u8], position: usize) -> Result<(), String> {
        // OK because a position in memory fits 64 bits. Opened for each write: a file open for writing can't be run.
        let file = OpenOptions::new().write(true).open(&self.executable).map_err(|error| error.to_string())?;
        file.write_all_at(bytes, position as u64).map_err(|error| error.to_string())
    }

    /// Every interesting value in place of the byte at `offset`.
    fn try_all_values(&self, offset: u64) -> Result<(), String> {
        let position = usize::try_from(self.payload_offset + offset).map_err(|error| error.to_string())?;
        let before = self.bytes[position];
        let values = [0, 0xff, before.wrapping_add(1), before.wrapping_sub(1), before ^ 0x80];
        values.into_iter().try_for_each(|value| self.with_byte(offset, value))
    }
}

/// A damaged program may work as before or refuse; nothing else.
fn check(output: &Output) -> Result<(), String> {
    let refuses = output.status == DAMAGED && output.stderr.contains(": error: ");
    let works = output.status == Status::Exited(0) && output.stdout == "[1, 2] __main__.py\n";
    if refuses || works { Ok(()) } else { Err(output.report()) }
}

/// Where the payload is in an executable's file, and its size.
pub(crate) fn find_payload(bytes: &[u8]) -> Result<(u64, u64), Stop> {
    let describe = |error: object::read::Error| Stop::Failed(error.to_string());
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(describe)?;
    let endian = header.endian().map_err(describe)?;
    let segments = header.program_headers(endian, bytes).map_err(describe)?;
    let is_payload = |segment: &&object::elf::ProgramHeader64<Endianness>| {
        let range = segment.p_vaddr(endian)..segment.p_vaddr(endian) + segment.p_memsz(endian);
        segment.p_type(endian) == PT_LOAD && range.contains(&PAYLOAD_ADDRESS)
    };
    let found = segments.iter().find(is_payload).ok_or_else(|| "no program header leads to the payload".to_owned())?;
    let before = PAYLOAD_ADDRESS - found.p_vaddr(endian);
    Ok((found.p_offset(endian) + before, found.p_filesz(endian) - before))
}

fn header(product: &Product) -> TestResult {
    let patient = Patient::new(product)?;
    (0..HEADER_SIZE as u64).try_for_each(|offset| patient.try_all_values(offset)).map_err(Stop::Failed)
}

fn section_table(product: &Product) -> TestResult {
    let patient = Patient::new(product)?;
    let start = HEADER_SIZE as u64;
    let offsets = start..start + 8 * SECTION_SIZE as u64;
    offsets.into_iter().try_for_each(|offset| patient.with_byte(offset, 0xff)).map_err(Stop::Failed)
}

fn index(product: &Product) -> TestResult {
    let patient = Patient::new(product)?;
    let step = (patient.head_size / INDEX_SAMPLE_COUNT).max(1) | 1;
    let offsets = (0..INDEX_SAMPLE_COUNT).map(|number| number * step).filter(|offset| *offset < patient.head_size);
    for offset in offsets {
        let position = usize::try_from(patient.payload_offset + offset).map_err(|error| error.to_string())?;
        patient.with_byte(offset, patient.bytes[position] ^ 0x55)?;
    }
    Ok(())
}

fn truncated(product: &Product) -> TestResult {
    let patient = Patient::new(product)?;
    let end = patient.bytes.len() as u64;
    let start = patient.payload_offset;
    let middle = |part: u64| start + patient.payload_size * part / 16;
    let mut sizes: Vec<u64> = (1..16).map(middle).collect();
    sizes.extend([start + 1, start + 63, start + 64, start + 4095, start + 4096, start + patient.head_size]);
    sizes.extend([end - 1, end - 2, end - 4096, end - 4097]);
    let copy = patient.workspace.join("short");
    for size in sizes {
        std::fs::copy(&patient.executable, &copy)?;
        OpenOptions::new().write(true).open(&copy)?.set_len(size)?;
        let output = Run::new(&copy, patient.workspace.path()).time_limit(Duration::from_secs(20)).output();
        check(&output).map_err(|why| format!("cut off at byte {size} of {end} (payload at {start}): {why}"))?;
    }
    Ok(())
}

/// The words a user sees.
fn message(product: &Product) -> TestResult {
    let patient = Patient::new(product)?;
    patient.write(b"?", usize::try_from(patient.payload_offset + 100).map_err(|error| error.to_string())?)?;
    let output = patient.run();
    insta::assert_snapshot!(output.stderr, @r"
    sample: error: the embedded payload is damaged: the checksum of its index differs
    sample: hint: the file may have been truncated or changed while copying; fetch it again
    ");
    Ok(())
}

/// Data is not checked at start (that is what `pyfreeze verify` is for), but reading a compressed file that is
/// broken must be an exception of the program, not a crash of the stub's decoder.
fn data(product: &Product) -> TestResult {
    let reader = "import sys\nfor name in sys.argv[1:]:\n    try:\n        print(len(open(sys._MEIPASS + '/' + name, 'rb').read()))\n\
                  \x20   except OSError as error:\n        print(type(error).__name__)\n";
    let text = (0..20_000).map(|number| format!("cold and compressible {number}\n")).collect::<String>();
    let workspace = Workspace::with_files(&[("reader.py", reader), ("data.txt", &text)])?;
    let executable = workspace.join("reader");
    let options = ["--data".to_owned(), "data.txt:data.txt".to_owned()];
    product.build(&workspace.join("reader.py"), &executable, &options, workspace.path())?;
    let bytes = std::fs::read(&executable)?;
    let (offset, size) = stored_content(&bytes, b"data.txt")?;
    for part in 0..40 {
        let offset = offset + (size - 1) * part / 39;
        let before = bytes[usize::try_from(offset).map_err(|error| error.to_string())?];
        write_byte(&executable, offset, before ^ 0x5A)?;
        let output = Run::new(&executable, workspace.path()).arg("data.txt").output();
        write_byte(&executable, offset, before)?;
        if output.status != Status::Exited(0) {
            return Err(format!("byte {offset} of the file:\n{}", output.report()).into());
        }
    }
    Ok(())
}

/// Where a file's content is stored in an executable: offset and size in bytes.
fn stored_content(bytes: &[u8], path: &[u8]) -> Result<(u64, u64), Stop> {
    let (start, _) = find_payload(bytes)?;
    let start = usize::try_from(start).map_err(|error| error.to_string())?;
    let payload = Payload::parse(&bytes[start..]).map_err(|error| error.to_string())?;
    let entry = payload.walk(path).ok_or_else(|| "the data file is not in the payload".to_owned())?;
    let blob = payload.content(&entry).map_err(|error| error.to_string())?;
    let stored = blob.ok_or_else(|| "the data file has no content".to_owned())?.stored;
    Ok((stored.as_ptr() as u64 - bytes.as_ptr() as u64, stored.len() as u64))
}

fn write_byte(path: &Path, offset: u64, byte: u8) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all_at(&[byte], offset)
}
