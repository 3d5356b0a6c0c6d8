//! Opening packs, whole and broken.

use std::fs;

use tempfile::TempDir;

use super::{LIBRARY_NAME, Runtime, StubKind, sample};

#[test]
fn library_is_handed_to_the_stages_that_understand_python() {
    let library = sample::runtime().library();
    assert_eq!(library.python_version, "3.13.5");
    assert_eq!(library.builtin_modules, ["sys"]);
    assert_eq!((library.source)("lib/python3.13/json.py").as_deref(), Some(&*sample::source_of("json")));
    assert!((library.source)("lib/python3.13/none.py").is_none());
}

#[test]
fn folder_without_pack_is_refused_with_a_hint() {
    let folder = TempDir::new().unwrap();
    let error = Runtime::open(folder.path()).err().unwrap();
    assert!(error.to_string().starts_with("Cannot read the runtime pack's file `"), "{error}");
    assert_eq!(error.hints(), ["a runtime pack is a folder that holds `stub` and `library.payload`"]);
}

#[test]
fn damaged_library_is_refused() {
    let folder = TempDir::new().unwrap();
    sample::write_pack(folder.path(), b"stub");
    let library = folder.path().join(LIBRARY_NAME);
    let bytes = fs::read(&library).unwrap();
    fs::write(&library, &bytes[..bytes.len() - 1]).unwrap();
    let error = Runtime::open(folder.path()).err().unwrap();
    assert!(error.to_string().ends_with("its library is damaged: it is cut off"), "{error}");
    assert_eq!(error.hints(), ["build it again with `cargo xtask runtime`"]);
}

#[test]
fn a_pack_with_the_other_stub_is_refused() {
    let folder = TempDir::new().unwrap();
    sample::write_pack(folder.path(), b"stub");
    assert!(Runtime::find(Some(folder.path()), StubKind::Dynamic).is_ok());
    let error = Runtime::find(Some(folder.path()), StubKind::Static).err().unwrap();
    assert!(error.to_string().ends_with(": its stub is dynamic, not static"), "{error}");
    assert_eq!(error.hints(), ["use `--stub dynamic`, or name another pack"]);
}
