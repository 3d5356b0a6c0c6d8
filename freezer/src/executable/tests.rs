//! Writing executables, and every reason not to.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use super::{Durability, ExecutableError, check_output, write_parts};
use crate::image::Image;

fn image() -> Image<'static> {
    Image::of_bytes(b"content")
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn file_is_whole_executable_and_alone_in_its_folder() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("app");
    super::write(&image(), &output, Durability::Synced, &|_| ()).unwrap();
    assert_eq!(fs::read(&output).unwrap(), b"content");
    assert_eq!(output.metadata().unwrap().permissions().mode() & 0o7777, 0o755);
    assert_eq!(names(folder.path()), ["app"]);
}

#[test]
fn older_file_is_replaced_not_rewritten() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("app");
    fs::write(&output, "older").unwrap();
    let older = output.metadata().unwrap().ino();
    // An open file keeps its inode from being used again, as a running program does.
    let _running = fs::File::open(&output).unwrap();
    super::write(&image(), &output, Durability::Cached, &|_| ()).unwrap();
    assert_ne!(output.metadata().unwrap().ino(), older);
}

#[test]
fn directories_devices_and_missing_folders_are_refused() {
    let folder = TempDir::new().unwrap();
    let message = |path: &Path| {
        let error = check_output(path).unwrap_err();
        (error.to_string().replace(&folder.path().display().to_string(), "DIR"), error.hints().remove(0))
    };
    let (error, hint) = message(folder.path());
    assert_eq!(error, "Cannot write the executable: `DIR` is a directory");
    assert!(hint.starts_with("name a file inside it, such as `"), "{hint}");
    let (error, hint) = message(&folder.path().join("none/app"));
    assert_eq!(error, "Cannot write the executable `DIR/none/app`: the folder `DIR/none` does not exist");
    assert!(hint.starts_with("create it first: `mkdir -p "), "{hint}");
    let (error, _) = message(Path::new("/dev/null"));
    assert_eq!(error, "Cannot write the executable: `/dev/null` is not a regular file");
}

#[test]
fn running_program_is_refused_under_any_name() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("link");
    symlink(std::env::current_exe().unwrap(), &link).unwrap();
    assert!(matches!(check_output(&link), Err(ExecutableError::IsPyfreeze(_))));
}

#[test]
fn full_file_system_is_named_and_nothing_stays() {
    // /dev/full can't be renamed over, so the check of `write` is left out here: the point is the message.
    let full = fs::File::options().write(true).open("/dev/full").map(|mut full| {
        use std::io::Write as _;
        full.write_all(b"content").and_then(|()| full.flush()).unwrap_err()
    });
    let Ok(source) = full else {
        eprintln!("skipped: needs /dev/full");
        return;
    };
    let error = super::error_of(Path::new("out/app"), 24_300_000, source);
    assert_eq!(error.to_string(), "Cannot write the executable `out/app`: no space left, 24.3 MB needed");
    assert_eq!(error.hints().len(), 1);
}

#[test]
fn unwritable_folder_keeps_no_temporary_file() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("app");
    fs::create_dir(&output).unwrap();
    // A directory at the path makes the rename fail, after everything has been written.
    assert!(write_parts(&image(), &output, Durability::Cached, &|_| ()).is_err());
    assert_eq!(names(folder.path()), ["app"]);
}
