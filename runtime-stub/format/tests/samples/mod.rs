//! Payloads that the tests share.

use std::borrow::Cow;

use pyfreeze_format::{EntryPointKind, NewBlob, NewFile, NewSettings, PayloadWriter, Placement, SectionKind};

/// The settings of a folder that is run.
pub(crate) fn settings() -> NewSettings {
    NewSettings {
        entry_point_kind: EntryPointKind::Script,
        entry_point_path: "hello.py".to_string(),
        optimization: 0,
        library_path: "lib".to_string(),
        search_path: vec![String::new()],
        python_options: Vec::new(),
        python_version: "3.13.5".to_string(),
    }
}

/// A blob stored as it is.
pub(crate) fn plain(bytes: &'static [u8], placement: Placement) -> Option<NewBlob<'static>> {
    Some(NewBlob::plain(Cow::Borrowed(bytes), placement))
}

/// One module and one data file: the worked example of FORMAT.md.
pub(crate) fn worked_example() -> Vec<u8> {
    let mut writer = PayloadWriter::new();
    let module = NewFile {
        content: plain(b"print('hello')\n", Placement::Cold),
        code: plain(b"code bytes", Placement::Hot),
        is_executable: false,
        library_size: None,
    };
    writer.add_file("hello.py", module).unwrap();
    let data = NewFile { content: plain(b"1\n", Placement::Cold), code: None, is_executable: true, library_size: None };
    writer.add_file("data/one.txt", data).unwrap();
    writer.finish(&settings(), &[]).unwrap()
}

/// A little of everything: nested directories, shared and empty blobs, a frame, a page, a further section.
#[allow(dead_code, reason = "each test binary uses some of the samples")]
pub(crate) fn everything() -> Vec<u8> {
    let mut writer = PayloadWriter::new();
    for path in ["lib/a.py", "lib/b.py", "lib/package/__init__.py", "lib/package/deeper/c.py"] {
        let content = plain(b"# the same source in all of them\n", Placement::Cold);
        let code = Some(NewBlob::plain(Cow::Owned(path.as_bytes().to_vec()), Placement::Hot));
        writer.add_file(path, NewFile { content, code, is_executable: false, library_size: None }).unwrap();
    }
    let frame = NewBlob::compressed(Cow::Borrowed(b"not really a frame"), 1000);
    writer
        .add_file("lib/cold.py", NewFile { content: None, code: Some(frame), is_executable: false, library_size: None })
        .unwrap();
    let page = plain(b"a shared library", Placement::Page);
    writer
        .add_file("lib/page.so", NewFile { content: page, code: None, is_executable: true, library_size: None })
        .unwrap();
    let empty = plain(b"", Placement::Cold);
    writer.add_file("empty", NewFile { content: empty, code: None, is_executable: false, library_size: None }).unwrap();
    writer.add_directory("void").unwrap();
    writer.finish(&settings(), &[(SectionKind::Manifest, b"manifest".to_vec())]).unwrap()
}
