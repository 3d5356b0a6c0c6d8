//! A runtime of two modules and a data file, for tests.

use std::borrow::Cow;
use std::path::Path;

use pyfreeze_format::{EntryPointKind, NewFile, NewSettings, PayloadWriter, SectionKind};

use super::{Descriptor, LIBRARY_NAME, Runtime, STUB_NAME};
use crate::bytecode::LibraryFile;
use crate::payload::{compressed, encode_section};

/// Its settings, as of the interpreter that a pack's library makes of a stub.
pub(crate) fn settings() -> NewSettings {
    NewSettings {
        entry_point_kind: EntryPointKind::Interpreter,
        entry_point_path: String::new(),
        optimization: 0,
        library_path: "lib/python3.13".to_string(),
        search_path: vec!["lib/python3.13".to_string()],
        python_options: Vec::new(),
        python_version: "3.13.5".to_string(),
    }
}

/// What it says about itself.
pub(crate) fn descriptor() -> Descriptor {
    Descriptor {
        python_version: "3.13.5".to_string(),
        pyc_magic: 168_627_187,
        target: "x86_64-unknown-linux-gnu".to_string(),
        glibc: "2.17".to_string(),
        library_path: "lib/python3.13".to_string(),
        builtin_modules: vec!["sys".to_string()],
        extension_suffixes: [".cpython-313-x86_64-linux-gnu.so", ".abi3.so", ".so"].map(str::to_string).to_vec(),
        frozen_modules: vec!["os".to_string()],
        identity: "0123456789abcdef".to_string(),
        scans: Vec::new(),
        files: vec![LibraryFile { path: "lib/python3.13/data.css".to_string(), is_executable: false }],
        carried_libraries: Vec::new(),
        libraries: Vec::new(),
    }
}

/// The code bytes of a module in its library.
pub(crate) fn code_of(name: &str) -> Vec<u8> {
    format!("code of {name} ").repeat(100).into_bytes()
}

/// The source of a module in its library.
pub(crate) fn source_of(name: &str) -> Vec<u8> {
    format!("# source of {name}\n").repeat(100).into_bytes()
}

/// The library's payload.
pub(crate) fn library() -> Vec<u8> {
    let mut writer = PayloadWriter::new();
    let owned = |bytes: Vec<u8>| {
        let blob = compressed(&bytes, 19);
        pyfreeze_format::NewBlob { stored: Cow::Owned(blob.stored.into_owned()), ..blob }
    };
    for name in ["json", "shelve"] {
        let file =
            NewFile { content: Some(owned(source_of(name))), code: Some(owned(code_of(name))), ..NewFile::default() };
        writer.add_file(&format!("lib/python3.13/{name}.py"), file).unwrap();
    }
    let data = NewFile { content: Some(owned(b"body {}".to_vec())), ..NewFile::default() };
    writer.add_file("lib/python3.13/data.css", data).unwrap();
    writer.finish(&settings(), &[(SectionKind::Manifest, encode_section(&descriptor()))]).unwrap()
}

/// Writes the pack with this stub.
pub(crate) fn write_pack(folder: &Path, stub: &[u8]) {
    std::fs::write(folder.join(STUB_NAME), stub).unwrap();
    std::fs::write(folder.join(LIBRARY_NAME), library()).unwrap();
}

/// The runtime itself, with a stub that is none.
pub(crate) fn runtime() -> Runtime {
    let folder = tempfile::TempDir::new().unwrap();
    write_pack(folder.path(), b"stub");
    Runtime::open(folder.path()).unwrap()
}
