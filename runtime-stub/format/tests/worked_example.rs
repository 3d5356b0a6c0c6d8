//! FORMAT.md says the truth: its hex example is what the writer writes, and reads as its text says.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

mod samples;

use pyfreeze_format::{EntryPointKind, Payload, SectionKind, SettingKey};

const FORMAT: &str = include_str!("../FORMAT.md");

/// The bytes of the fenced `hex` block: `OFFSET: BYTES | what they are`, where `*` stands for zeros up to the
/// next line's offset.
fn documented_bytes() -> Vec<u8> {
    let block = FORMAT.split("```hex\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a hex block");
    let mut bytes = Vec::new();
    for line in block.lines().filter(|line| !line.is_empty()) {
        let (offset, rest) = line.split_once(": ").unwrap_or_else(|| panic!("no offset in {line:?}"));
        assert_eq!(usize::from_str_radix(offset, 16), Ok(bytes.len()), "offset of {line:?}");
        let digits = rest.split('|').next().unwrap_or("").split_whitespace();
        bytes.extend(digits.map(|digits| u8::from_str_radix(digits, 16).expect("two hexadecimal digits")));
    }
    bytes
}

fn dump(bytes: &[u8]) -> String {
    let line = |(index, row): (usize, &[u8])| {
        let digits: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:04x}: {}\n", index * 16, digits.join(" "))
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

#[test]
fn writer_writes_the_documented_bytes() {
    let (written, documented) = (samples::worked_example(), documented_bytes());
    assert!(written == documented, "FORMAT.md's example differs from what is written now:\n{}", dump(&written));
}

#[test]
fn documented_bytes_read_as_documented() {
    let bytes = documented_bytes();
    let payload = Payload::parse(&bytes).unwrap();
    let settings = payload.settings();
    assert_eq!(settings.entry_point_kind(), Ok(EntryPointKind::Script));
    assert_eq!(settings.text(SettingKey::EntryPointPath), "hello.py");
    assert_eq!(settings.text(SettingKey::PythonVersion), "3.13.5");
    assert_eq!(settings.texts(SettingKey::SearchPath).collect::<Vec<_>>(), [""]);

    let module = payload.walk(b"hello.py").unwrap();
    assert_eq!(payload.content(&module).unwrap().unwrap().stored, b"print('hello')\n");
    assert_eq!(payload.code(&module).unwrap().unwrap().stored, b"code bytes");
    let data = payload.walk(b"data/one.txt").unwrap();
    assert_eq!(payload.content(&data).unwrap().unwrap().stored, b"1\n");
    assert!(data.is_executable && !data.has_code());
    assert!(payload.walk(b"data").unwrap().is_directory());
    assert!(payload.walk(b"data/two.txt").is_none());
    assert_eq!(payload.entry_count(), 4);
}

#[test]
fn digests_are_blake3() {
    let bytes = samples::everything();
    let payload = Payload::parse(&bytes).unwrap();
    assert_eq!(payload.digest(), *blake3::hash(payload.digested_bytes()).as_bytes());
    for index in 0..payload.blob_count() {
        let stored = payload.blob(index).unwrap().stored;
        assert_eq!(payload.blob_digest(index), Some(*blake3::hash(stored).as_bytes()));
    }
    assert_eq!(payload.section(SectionKind::Manifest), Some(b"manifest".as_slice()));
}

/// Every constant of the layout that FORMAT.md states in its tables.
#[test]
fn documented_numbers_are_the_layout_s() {
    use pyfreeze_format::layout;
    let stated = [
        ("header", layout::HEADER_SIZE),
        ("section row", layout::SECTION_SIZE),
        ("slot", layout::SLOT_SIZE),
        ("entry record", layout::ENTRY_SIZE),
        ("blob record", layout::BLOB_SIZE),
        ("digest", layout::DIGEST_SIZE),
        ("trailer", layout::TRAILER_SIZE),
        ("sections", layout::MAX_SECTION_COUNT as usize),
        ("name", layout::MAX_NAME_SIZE),
        ("depth", layout::MAX_DEPTH),
    ];
    for (name, number) in stated {
        let row = format!("| {name} | {number} |");
        assert!(FORMAT.contains(&row), "FORMAT.md lacks the row `{row}`");
    }
    for address in [pyfreeze_format::PAYLOAD_ADDRESS, pyfreeze_format::PAGE_SIZE] {
        assert!(FORMAT.contains(&format!("{address:#x}")), "FORMAT.md lacks {address:#x}");
    }
    assert!(FORMAT.contains(pyfreeze_format::VIRTUAL_ROOT));
}
