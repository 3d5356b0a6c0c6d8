//! Measuring programs whose behaviour is known.

use std::ffi::OsString;
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::{BenchReport, Candidate, DiskProgram, measure, table};
use crate::contents::{Contents, DataFile, EntryPoint, FileContent, Owner, SharedLibrary};
use crate::runtime::sample;

fn contents() -> Contents {
    let file = |path: &str, content: &'static [u8]| DataFile {
        path: path.to_string(),
        owner: Owner::Project,
        content: FileContent::Bytes(content.into()),
        is_executable: false,
    };
    let library = SharedLibrary {
        file: file("app/fast.so", b"library"),
        module: None,
        imported_by: None,
        reason: None,
        is_required: false,
    };
    let entry_point = EntryPoint { description: "folder".to_string(), path: "app".to_string(), is_folder: true };
    Contents {
        entry_point: Some(entry_point),
        files: vec![file("app/data.txt", b"data")],
        libraries: vec![library],
        ..Contents::default()
    }
}

fn runs(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn program_is_laid_out_beside_a_python_that_finds_its_library() {
    let folder = TempDir::new().unwrap();
    let program = DiskProgram::lay_out(&contents(), &sample::runtime(), folder.path()).unwrap();
    assert_eq!(fs::read(program.entry_point.join("data.txt")).unwrap(), b"data");
    assert_eq!(fs::read(program.entry_point.join("fast.so")).unwrap(), b"library");
    assert_eq!(fs::read(&program.python).unwrap(), b"stub");
    assert!(program.python.ends_with("python/bin/python3.13"));
    assert_eq!(program.python.metadata().unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::read_link(folder.path().join("python/lib")).unwrap(), Path::new("../root/lib"));
}

#[test]
fn caches_are_removed_before_each_run_without_them() {
    let folder = TempDir::new().unwrap();
    let program = DiskProgram::lay_out(&contents(), &sample::runtime(), folder.path()).unwrap();
    let cache = program.entry_point.join("__pycache__");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("x.pyc"), "").unwrap();
    program.remove_caches().unwrap();
    assert!(!cache.exists() && program.entry_point.join("data.txt").exists());
}

#[test]
fn runs_are_counted_and_failures_reported() {
    let folder = TempDir::new().unwrap();
    let shell = Path::new("/bin/sh");
    let arguments = |script: &str| ["-c", script].map(OsString::from).to_vec();
    let (good, bad) = (arguments("true"), arguments("exit 3"));
    let candidates = [Candidate::frozen(shell, &good), Candidate::frozen(shell, &bad)];
    let runs = measure(&candidates, runs(3), folder.path(), &|_, _| ()).unwrap();
    let report = BenchReport::new(&candidates, &runs, &[]);
    let [good, bad] = report.candidates.as_slice() else { panic!("two candidates") };
    assert_eq!((good.runs.len(), good.failed_run_count, good.ratio), (3, 0, 1.0));
    assert_eq!((bad.failed_run_count, bad.runs[0].exit_status), (3, Some(3)));
    assert!(good.minor_faults.median > 0.0 && good.wall_seconds.minimum > 0.0);
    let text = table(&report);
    assert!(text.ends_with("frozen: 3 of 3 runs ended with exit status 3\n"), "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn program_that_does_not_exist_is_named() {
    let candidates = [Candidate::frozen(Path::new("/none/app"), &[])];
    let error = measure(&candidates, runs(1), Path::new("/"), &|_, _| ()).unwrap_err();
    assert_eq!(error.to_string(), "Cannot run `/none/app`: No such file or directory (os error 2)");
}
