//! Inspecting what pyfreeze made, what it did not make, and what was damaged since.

use std::path::Path;
use std::sync::Arc;

use pyfreeze_format::{Payload, trailer_in_file};

use super::{
    FileKind, InspectError, Report, Side, Verification, difference, embedded_materials, payload_bytes, size_tree,
    verify,
};
use crate::contents::{Contents, EntryPoint, Module, ModuleCode, ModuleSource, Owner, Temperature};
use crate::libraries::LibraryPlan;
use crate::payload::{self, PayloadOptions};
use crate::runtime::sample;

fn module(name: &str, path: &str, temperature: Temperature, is_packed: bool) -> Module {
    let bytes: Arc<[u8]> = format!("bytes of {name} ").repeat(50).into_bytes().into();
    let (code, source) = if is_packed {
        (ModuleCode::Pack, ModuleSource::Pack)
    } else {
        (ModuleCode::Bytes(bytes.clone()), ModuleSource::Bytes(bytes))
    };
    let owner = if is_packed { Owner::StandardLibrary } else { Owner::Distribution(name.to_string()) };
    let (name, path) = (name.to_string(), path.to_string());
    Module { name, path, owner, temperature, code, source: Some(source), imported_by: None, reason: None }
}

fn sample_payload() -> payload::Payload {
    let entry_point = EntryPoint { description: "script".to_string(), path: "app.py".to_string(), is_folder: false };
    let contents = Contents {
        entry_point: Some(entry_point),
        modules: vec![
            module("app", "app.py", Temperature::Hot, false),
            module("same", "app_again.py", Temperature::Hot, false),
            module("json", "lib/python3.13/json.py", Temperature::Hot, true),
            module("shelve", "lib/python3.13/shelve.py", Temperature::Cold, true),
        ],
        ..Contents::default()
    };
    let options = PayloadOptions {
        optimization: 0,
        has_sources: true,
        is_pruned: false,
        python_options: Vec::new(),
        worker_count: 1,
    };
    payload::write(&contents, &LibraryPlan::default(), &sample::runtime(), &options, &|_, _| ()).unwrap()
}

#[test]
fn sizes_add_up_to_the_file() {
    let written = sample_payload();
    let payload = Payload::parse(&written.bytes).unwrap();
    let file_size = written.bytes.len() as u64 + 1_000_000;
    let report = Report::new(&payload, written.manifest, file_size);
    let sizes = report.sizes;
    assert_eq!(sizes.stub, 1_000_000);
    let sum = sizes.stub + sizes.hot_code + sizes.cold_code + sizes.sources + sizes.data + sizes.index;
    assert_eq!(sum, file_size);
    assert!(sizes.hot_code > 0 && sizes.cold_code > 0 && sizes.sources > 0);
    assert_eq!((report.hot_module_count, report.cold_module_count), (3, 1));
    let packages: u64 = report.packages.iter().map(|package| package.size).sum();
    assert_eq!(packages, sizes.hot_code + sizes.cold_code + sizes.sources);
    assert!(report.packages.is_sorted_by(|one, next| one.size >= next.size));
}

#[test]
fn report_survives_json() {
    let written = sample_payload();
    let payload = Payload::parse(&written.bytes).unwrap();
    let report = Report::new(&payload, written.manifest, 123);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}

#[test]
fn verification_names_the_damaged_file() {
    let written = sample_payload();
    let intact = verify(&Payload::parse(&written.bytes).unwrap(), b"", b"");
    assert!(intact.is_intact && intact.damaged_files.is_empty());
    let mut damaged = written.bytes.clone();
    let code = sample::code_of("json");
    let start = damaged.windows(code.len()).position(|window| window == code).unwrap();
    damaged[start + 5] ^= 1;
    let verification = verify(&Payload::parse(&damaged).unwrap(), b"", b"");
    assert!(!verification.is_intact);
    assert_eq!(verification.damaged_files, ["lib/python3.13/json.py"]);
}

#[test]
fn what_stands_around_a_payload_has_a_digest() {
    let written = sample_payload();
    let trailer = trailer_in_file(&written.bytes, [b"stub".as_slice()], [b"tail".as_slice()]).unwrap();
    let mut file = written.bytes.clone();
    let start = file.len() - trailer.len();
    file[start..].copy_from_slice(&trailer);
    let payload = Payload::parse(&file).unwrap();
    assert!(verify(&payload, b"stub", b"tail").is_intact);
    for (before, behind) in [("stuB", "tail"), ("stub", "taiL"), ("stub", ""), ("", "tail"), ("stub\0", "tail")] {
        let Verification { is_intact, is_payload_intact, .. } = verify(&payload, before.as_bytes(), behind.as_bytes());
        assert!(!is_intact && is_payload_intact, "{before}, {behind}");
    }
    // Bytes that are no payload have no trailer to write to.
    assert_eq!(trailer_in_file(b"short", [], []), None);
    assert_eq!(trailer_in_file(&[7; 200], [], []), None);
}

#[test]
fn bill_is_embedded() {
    let written = sample_payload();
    let payload = Payload::parse(&written.bytes).unwrap();
    let text = embedded_materials(&payload).unwrap();
    assert_eq!(text, crate::sbom::cyclonedx(&written.manifest.materials, &written.manifest.pyfreeze_version));
    assert!(text.contains("\"name\": \"app\""), "{text}");
}

#[test]
fn tree_is_the_file_and_nothing_else() {
    let written = sample_payload();
    let payload = Payload::parse(&written.bytes).unwrap();
    let report = Report::new(&payload, written.manifest, written.bytes.len() as u64 + 500);
    let tree = size_tree(&payload, &report);
    let sum: u64 = tree.children.iter().map(|child| child.size).sum();
    assert_eq!((tree.size, sum), (report.file_size, report.file_size));
    let names: Vec<_> = tree.children.iter().map(|child| child.name.as_str()).collect();
    assert!(names.contains(&"stub") && names.contains(&"the standard library"), "{names:?}");
}

#[test]
fn other_versions_are_told_apart() {
    for (version, words) in
        [(99_u32, "a newer pyfreeze: its format version is 99"), (1, "an older pyfreeze: its format version is 1")]
    {
        let error = InspectError::Version { path: "app".into(), found: version };
        assert!(error.to_string().starts_with(&format!("`app` was made by {words}, this one reads ")), "{error}");
        assert_eq!(error.hints().len(), 1);
    }
}

#[test]
fn equal_programs_have_no_difference() {
    let written = sample_payload();
    let payload = Payload::parse(&written.bytes).unwrap();
    let report = Report::new(&payload, written.manifest, 9);
    let side = Side { file: &written.bytes, payload: &payload, report: &report };
    let found = difference(side, side);
    let lists = [&found.modules, &found.files, &found.libraries];
    assert!(found.is_identical && found.facts.is_empty() && found.components.is_empty());
    assert!(lists.iter().all(|changes| changes.is_empty()));
    let mut other = report.clone();
    other.manifest.modules.retain(|module| module.name != "app");
    other.manifest.runtime.python_version = "3.13.9".to_owned();
    let found = difference(side, Side { report: &other, file: b"", ..side });
    assert_eq!(found.modules.removed, ["app.py"]);
    assert_eq!(found.facts["python"].new, "3.13.9");
    assert!(!found.is_identical && found.modules.added.is_empty() && found.modules.changed.is_empty());
}

#[test]
fn foreign_files_are_named_for_what_they_are() {
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 57]].concat();
    let kinds = [
        (b"".as_slice(), FileKind::Empty),
        (b"#!/bin/sh\n", FileKind::Script),
        (b"MZ\x90\0", FileKind::WindowsProgram),
        (b"PK\x03\x04", FileKind::Zip),
        (b"words", FileKind::Unknown),
        (b"\x7fELF\x02\x01\x01", FileKind::BrokenElf),
        (&elf, FileKind::Elf),
        (&pyfreeze_format::layout::MAGIC, FileKind::Payload),
    ];
    for (bytes, kind) in kinds {
        assert_eq!(payload_bytes(bytes), Err(kind), "{:?}", String::from_utf8_lossy(bytes));
    }
    let error = super::report(Path::new("notes.txt"), b"words").unwrap_err();
    assert_eq!(error.to_string(), "`notes.txt` was not made by pyfreeze: it is not an executable");
}

#[test]
fn own_program_has_no_payload() {
    let own = super::read(&std::env::current_exe().unwrap()).unwrap();
    let error = super::report(Path::new("tests"), &own).unwrap_err();
    assert!(matches!(error, InspectError::Foreign { kind: FileKind::Elf, .. }), "{error}");
}
