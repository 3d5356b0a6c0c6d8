//! From contents to a payload and back.

use std::path::PathBuf;
use std::sync::Arc;

use pyfreeze_format::{Entry, EntryPointKind, SectionKind, SettingKey};

use super::{Manifest, Payload, PayloadError, PayloadOptions, decode_section, decompressed, write};
use crate::contents::{
    Contents, DataFile, EntryPoint, FileContent, Module, ModuleCode, ModuleSource, Owner, Temperature,
};
use crate::libraries::LibraryPlan;
use crate::runtime::{Runtime, sample};

fn options() -> PayloadOptions {
    PayloadOptions {
        optimization: 0,
        has_sources: true,
        is_pruned: false,
        python_options: vec!["-Xdev".to_string()],
        worker_count: 3,
    }
}

fn module(name: &str, path: &str, temperature: Temperature, is_packed: bool) -> Module {
    let bytes: Arc<[u8]> = format!("bytes of {name} ").repeat(50).into_bytes().into();
    let (code, source) = if is_packed {
        (ModuleCode::Pack, ModuleSource::Pack)
    } else {
        (ModuleCode::Bytes(bytes.clone()), ModuleSource::Bytes(bytes))
    };
    Module {
        name: name.to_string(),
        path: path.to_string(),
        owner: if is_packed { Owner::StandardLibrary } else { Owner::Project },
        temperature,
        code,
        source: Some(source),
        imported_by: None,
        reason: None,
    }
}

fn data(path: &str, content: FileContent) -> DataFile {
    DataFile { path: path.to_string(), owner: Owner::Project, content, is_executable: false }
}

fn contents() -> Contents {
    let entry_point = EntryPoint { description: "script".to_string(), path: "app.py".to_string(), is_folder: false };
    Contents {
        entry_point: Some(entry_point),
        search_path: vec![String::new(), "lib/python3.13".to_string()],
        modules: vec![
            module("__main__", "app.py", Temperature::Hot, false),
            module("json", "lib/python3.13/json.py", Temperature::Hot, true),
            module("shelve", "lib/python3.13/shelve.py", Temperature::Cold, true),
            module("plugin", "plugin.py", Temperature::Cold, false),
        ],
        files: vec![
            data("lib/python3.13/data.css", FileContent::Pack),
            data("noise.bin", FileContent::Bytes(noise().into())),
            data("text.txt", FileContent::Bytes("words ".repeat(1000).into_bytes().into())),
        ],
        directories: vec!["empty".to_string()],
        ..Contents::default()
    }
}

/// Bytes that no compression makes smaller.
fn noise() -> Vec<u8> {
    let mut bytes = vec![0; 5000];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

fn written(contents: &Contents, runtime: &Runtime) -> Payload {
    write(contents, &LibraryPlan::default(), runtime, &options(), &|_, _| ()).unwrap()
}

fn entry<'a>(payload: &pyfreeze_format::Payload<'a>, path: &str) -> Entry<'a> {
    payload.walk(path.as_bytes()).unwrap_or_else(|| panic!("no entry `{path}`"))
}

#[test]
fn hot_code_is_plain_and_the_rest_is_compressed() {
    let written = written(&contents(), &sample::runtime());
    let payload = pyfreeze_format::Payload::parse(&written.bytes).unwrap();
    for (path, is_hot) in
        [("app.py", true), ("lib/python3.13/json.py", true), ("lib/python3.13/shelve.py", false), ("plugin.py", false)]
    {
        let entry = entry(&payload, path);
        let code = payload.code(&entry).unwrap().unwrap();
        assert_eq!(code.is_compressed(), !is_hot, "code of {path}");
        assert!(payload.content(&entry).unwrap().unwrap().is_compressed(), "source of {path}");
    }
    let json = payload.code(&entry(&payload, "lib/python3.13/json.py")).unwrap().unwrap();
    assert_eq!(json.stored, sample::code_of("json"));
    let shelve = payload.code(&entry(&payload, "lib/python3.13/shelve.py")).unwrap().unwrap();
    assert_eq!(decompressed(shelve).unwrap(), sample::code_of("shelve"));
}

#[test]
fn packed_frames_are_copied_as_they_are() {
    let runtime = sample::runtime();
    let written = written(&contents(), &runtime);
    let payload = pyfreeze_format::Payload::parse(&written.bytes).unwrap();
    let path = "lib/python3.13/shelve.py";
    let library = runtime.library_payload();
    let original = library.code(&entry(&library, path)).unwrap().unwrap();
    let copy = payload.code(&entry(&payload, path)).unwrap().unwrap();
    assert_eq!(copy.stored, original.stored);
}

#[test]
fn data_is_compressed_where_that_helps() {
    let written = written(&contents(), &sample::runtime());
    let payload = pyfreeze_format::Payload::parse(&written.bytes).unwrap();
    let content = |path: &str| payload.content(&entry(&payload, path)).unwrap().unwrap();
    assert!(content("text.txt").is_compressed());
    assert_eq!(decompressed(content("text.txt")).unwrap(), "words ".repeat(1000).into_bytes());
    assert!(!content("noise.bin").is_compressed());
    assert_eq!(content("noise.bin").stored, noise());
    assert!(entry(&payload, "empty").is_directory());
}

#[test]
fn settings_and_manifest_say_how_to_start() {
    let written = written(&contents(), &sample::runtime());
    let payload = pyfreeze_format::Payload::parse(&written.bytes).unwrap();
    let settings = payload.settings();
    assert_eq!(settings.entry_point_kind(), Ok(EntryPointKind::Script));
    assert_eq!(settings.text(SettingKey::EntryPointPath), "app.py");
    assert_eq!(settings.texts(SettingKey::PythonOption).collect::<Vec<_>>(), ["-Xdev"]);
    let manifest: Manifest = decode_section(payload.section(SectionKind::Manifest).unwrap()).unwrap();
    assert_eq!(manifest, written.manifest);
    assert_eq!(manifest.modules.len(), 4);
}

#[test]
fn equal_contents_give_equal_bytes() {
    let runtime = sample::runtime();
    let first = written(&contents(), &runtime);
    let alone = PayloadOptions { worker_count: 1, ..options() };
    let second = write(&contents(), &LibraryPlan::default(), &runtime, &alone, &|_, _| ()).unwrap();
    assert!(first.bytes == second.bytes);
}

#[test]
fn no_path_of_the_build_machine_gets_in() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("file.txt");
    std::fs::write(&file, "text").unwrap();
    let mut contents = contents();
    contents.files.push(data("zfile.txt", FileContent::Disk(file)));
    let written = written(&contents, &sample::runtime());
    let needle = folder.path().file_name().unwrap().as_encoded_bytes();
    assert!(!written.bytes.windows(needle.len()).any(|window| window == needle));
    assert!(!format!("{:?}", written.manifest).contains(folder.path().to_str().unwrap()));
}

#[test]
fn failures_name_the_file() {
    let message = |change: fn(&mut Contents)| {
        let mut contents = contents();
        change(&mut contents);
        write(&contents, &LibraryPlan::default(), &sample::runtime(), &options(), &|_, _| ()).unwrap_err().to_string()
    };
    let unreadable = message(|contents| contents.files.push(data("zz", FileContent::Disk(PathBuf::from("/none/zz")))));
    assert_eq!(unreadable, "Cannot read `/none/zz`: No such file or directory (os error 2)");
    let absent = message(|contents| contents.modules.push(module("z", "lib/python3.13/z.py", Temperature::Cold, true)));
    assert_eq!(absent, "Cannot find `lib/python3.13/z.py` in the runtime pack");
    let twice = message(|contents| contents.files.push(data("app.py", FileContent::Bytes(Arc::default()))));
    assert_eq!(twice, "Two files have the same path: `app.py`");
    let without_entry_point = Contents { entry_point: None, ..contents() };
    let error =
        write(&without_entry_point, &LibraryPlan::default(), &sample::runtime(), &options(), &|_, _| ()).unwrap_err();
    assert!(matches!(error, PayloadError::NoEntryPoint));
}

#[test]
fn nothing_at_all_can_be_written() {
    let empty = Contents { modules: Vec::new(), files: Vec::new(), directories: Vec::new(), ..contents() };
    let written = written(&empty, &sample::runtime());
    assert_eq!(pyfreeze_format::Payload::parse(&written.bytes).unwrap().entry_count(), 1);
}

#[test]
fn hostile_manifests_are_errors() {
    assert!(decode_section::<Manifest>(b"").is_err());
    assert!(decode_section::<Manifest>(b"no frame").is_err());
    // A frame that claims more than any manifest has is refused before anything is allocated for it.
    let claims_4_gib = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0];
    assert!(decode_section::<Manifest>(&claims_4_gib).is_err());
    assert!(decode_section::<Manifest>(&super::encode_section(&"text")).is_err());
}
