//! Folders made of small payloads, hostile ones among them.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use pyfreeze_format::layout::{CHECKSUM_OFFSET, head_checksum};
use pyfreeze_format::{EntryPointKind, NewBlob, NewFile, NewSettings, Payload, PayloadWriter, Placement, SectionKind};

use super::{ExtractError, Extracted, free_place, launcher, write_payload};
use crate::inspect::Report;
use crate::payload::{Manifest, compressed, encode_section};

fn plain(bytes: &[u8]) -> NewBlob<'_> {
    NewBlob::plain(Cow::Borrowed(bytes), Placement::Cold)
}

fn settings() -> NewSettings {
    NewSettings {
        entry_point_kind: EntryPointKind::Folder,
        entry_point_path: "a \"b\"\\\nimport os #".to_owned(),
        optimization: 2,
        library_path: "lib/python3.13".to_owned(),
        search_path: vec![String::new(), "lib/python3.13".to_owned()],
        python_options: vec!["-Xdev".to_owned()],
        python_version: "3.13.5".to_owned(),
    }
}

/// A module with its source, one without, a compressed and an executable file, an empty folder.
fn sample() -> Vec<u8> {
    let mut writer = PayloadWriter::new();
    let module = |content| NewFile { content, code: Some(plain(b"code")), ..NewFile::default() };
    writer.add_file("pkg/with.py", module(Some(plain(b"source")))).unwrap();
    writer.add_file("pkg/without.py", module(None)).unwrap();
    writer.add_file("bin/tool", module(None)).unwrap();
    let text = "text ".repeat(1000);
    let text = compressed(text.as_bytes(), 3);
    writer.add_file("pkg/data.txt", NewFile { content: Some(text), ..NewFile::default() }).unwrap();
    let script = NewFile { content: Some(plain(b"#!/bin/sh")), is_executable: true, ..NewFile::default() };
    writer.add_file("pkg/run.sh", script).unwrap();
    writer.add_directory("empty").unwrap();
    writer.finish(&settings(), &[(SectionKind::Manifest, encode_section(&manifest()))]).unwrap()
}

fn manifest() -> Manifest {
    let text = r#"{"pyfreeze_version": "1", "entry_point": {"description": "folder", "path": "", "is_folder": true},
        "runtime": {"python_version": "3.13.5", "target": "x", "glibc": "2.17", "identity": "x", "pyc_magic": 168627187},
        "settings": {"optimization": 0, "has_sources": true, "is_pruned": false, "python_options": [], "search_path": []},
        "modules": [], "files": [], "distributions": [], "missing": []}"#;
    serde_json::from_str(text).unwrap()
}

fn write(bytes: &[u8], folder: &Path) -> Result<Extracted, ExtractError> {
    let payload = Payload::parse(bytes).unwrap();
    let report = Report::new(&payload, manifest(), bytes.len() as u64);
    write_payload(Path::new("app"), &payload, &report, folder)
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

#[test]
fn everything_is_written_at_its_place() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("out");
    let extracted = write(&sample(), &folder).unwrap();
    let counts = (extracted.source_count, extracted.compiled_count, extracted.library_count, extracted.file_count);
    assert_eq!((counts, extracted.python.as_str()), ((1, 2, 0, 2), "3.13"));
    let root = folder.join("root");
    assert_eq!(read(root.join("pkg/with.py")), b"source");
    assert!(!root.join("pkg/with.pyc").exists() && !root.join("pkg/without.py").exists());
    let pyc = [168_627_187_u32.to_le_bytes().as_slice(), &[0; 12], b"code"].concat();
    assert_eq!(read(root.join("pkg/without.pyc")), pyc);
    assert_eq!(read(root.join("bin/tool.pyc")), pyc);
    assert_eq!(read(root.join("pkg/data.txt")), "text ".repeat(1000).into_bytes());
    assert!(root.join("empty").is_dir());
    let is_executable = |name| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o100 != 0;
    assert!(is_executable("pkg/run.sh") && !is_executable("pkg/data.txt"));
    // Nothing else, beside it neither.
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    assert!(matches!(write(&sample(), &folder), Err(ExtractError::NotEmpty { .. })));
}

#[test]
fn empty_folders_are_taken() {
    let place = tempfile::tempdir().unwrap();
    write(&sample(), place.path()).unwrap();
    assert!(place.path().join("__main__.py").is_file());
}

#[test]
fn places_that_are_none_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink("nowhere", place.path().join("link")).unwrap();
    assert!(matches!(free_place(&file), Err(ExtractError::NotFolder { .. })));
    assert!(matches!(free_place(&place.path().join("a/b")), Err(ExtractError::NoParent { .. })));
    // A link to nowhere is somebody else's: what it names is not made.
    assert!(matches!(free_place(&place.path().join("link")), Err(ExtractError::Write { .. })));
}

/// The same payload with one of its names replaced, every checksum right.
fn renamed(name: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = sample();
    let payload = Payload::parse(&bytes).unwrap();
    let names = payload.section(SectionKind::Names).unwrap();
    let start = names.as_ptr() as usize - bytes.as_ptr() as usize;
    let position = names.windows(name.len()).position(|window| window == name).unwrap();
    bytes[start + position..][..other.len()].copy_from_slice(other);
    let head_size = usize::try_from(u64::from_le_bytes(bytes[24..32].try_into().unwrap())).unwrap();
    let checksum = head_checksum(&bytes[..head_size]);
    bytes[CHECKSUM_OFFSET..CHECKSUM_OFFSET + 8].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn hostile_names_lead_nowhere() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("in/out");
    fs::create_dir(place.path().join("in")).unwrap();
    for (name, other) in [("run.sh", "../../"), ("run.sh", "/tmp/x"), ("run.sh", "a\0b.sh"), ("bin", "../")] {
        let error = write(&renamed(name.as_bytes(), other.as_bytes()), &folder).unwrap_err();
        assert!(matches!(error, ExtractError::Name { .. }), "{other:?}: {error}");
        assert!(error.to_string().starts_with("Cannot extract `app`: a file in it has a name that leads out"));
    }
    // Two files of the same name: the second would overwrite the first.
    let error = write(&renamed(b"without.py", b"with.pyc\0\0"), &folder).unwrap_err();
    assert!(matches!(error, ExtractError::Name { .. } | ExtractError::Write { .. }), "{error}");
    assert_eq!(fs::read_dir(place.path().join("in")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn settings_stand_in_the_launcher_as_literals() {
    let bytes = sample();
    let settings = Payload::parse(&bytes).unwrap().settings();
    let source = launcher::launcher(&settings, EntryPointKind::Folder);
    assert!(source.contains("\nENTRY_POINT = \"a \\\"b\\\"\\\\\\nimport os #\"\nIS_FOLDER = 1\n"), "{source}");
    assert!(
        source.contains("\nSEARCH_PATH = [\"\",\"lib/python3.13\"]\nLIBRARY = \"lib/python3.13\"\nPYTHON = [3,13]\n")
    );
    assert!(source.contains("\nOPTIONS = [\"-Xdev\",\"-OO\"]\n") && !source.contains("<settings>"));
}
