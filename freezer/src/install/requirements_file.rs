//! Requirements files, as far as a key needs to know them.
//!
//! Comes in: a file. Goes out: everything whose change may change what is installed: the file, those that it names,
//! and the state of folders it installs from. What the lines mean otherwise is the installer's to say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use super::InstallError;
use crate::key::Key;

/// Options of a line that name another file.
const NAMING: [&str; 4] = ["--requirement", "--constraint", "-r", "-c"];

/// Adds a requirements file to a key; `wanted_by` is the file and line that name it.
pub(super) fn add(
    key: &mut Key,
    path: &Path,
    wanted_by: Option<(PathBuf, usize)>,
    seen: &mut BTreeSet<PathBuf>,
) -> Result<(), InstallError> {
    // The installer reads a file behind a URL itself; it is as new as its environment.
    if path.to_string_lossy().contains("://") || !seen.insert(path.to_owned()) {
        return Ok(());
    }
    let failure = |source| InstallError::RequirementsFile { path: path.to_owned(), wanted_by, source };
    let text = String::from_utf8_lossy(&fs::read(path).map_err(failure)?).into_owned();
    key.add("requirements file", text.as_bytes());
    let folder = path.parent().unwrap_or(Path::new(""));
    for (index, line) in text.lines().enumerate() {
        if let Some(named) = named_file(line) {
            add(key, &folder.join(named), Some((path.to_owned(), index + 1)), seen)?;
        }
        add_local(key, line);
    }
    Ok(())
}

/// The file that a line such as `-r other.txt` names.
fn named_file(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    let rest = NAMING.iter().find_map(|option| line.strip_prefix(option))?;
    let is_long = line.starts_with("--");
    let rest = if is_long { rest.strip_prefix(['=', ' '])? } else { rest };
    Some(rest.trim()).filter(|rest| !rest.is_empty())
}

/// Adds the files of a folder that a requirement line installs from.
pub(super) fn add_local(key: &mut Key, line: &str) {
    let line = line.trim();
    let line = ["-e", "--editable"].iter().find_map(|option| line.strip_prefix(option)).unwrap_or(line);
    let place = line.split_once(" @ ").map_or(line, |(_, place)| place).trim_start_matches([' ', '=']);
    let place = place.split([' ', ';', '#', '[']).next().unwrap_or(place);
    let path = Path::new(place.strip_prefix("file://").unwrap_or(place));
    let is_path = place.starts_with(['.', '/']) || place.starts_with("file://");
    if !is_path {
        return;
    }
    // Sizes and times are enough: a folder may be large. What version control and builds keep there is no source.
    let is_source = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0
            || !(name.starts_with('.') || name == "__pycache__" || name == "build" || name.ends_with(".egg-info"))
    };
    let files = WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(is_source).flatten();
    for entry in files.filter(|entry| entry.file_type().is_file()) {
        let metadata = entry.metadata().ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        let size = metadata.map_or(0, |metadata| metadata.len());
        key.add(&entry.path().to_string_lossy(), format!("{size} {modified:?}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::{Key, add, named_file};

    #[test]
    fn lines_that_name_files() {
        let lines = ["-r a.txt", "-ca.txt", "--requirement=a.txt", "--constraint a.txt  # why", "  -r a.txt"];
        assert_eq!(lines.map(named_file), [Some("a.txt"); 5]);
        assert_eq!(["rich", "--require-hashes", "-r", "# -r a.txt"].map(named_file), [None; 4]);
    }

    #[test]
    fn named_files_count_and_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("one.txt"), folder.path().join("two.txt"));
        fs::write(&first, "rich\n-r two.txt\n").unwrap();
        let key = || {
            let mut key = Key::default();
            add(&mut key, &first, None, &mut BTreeSet::new()).map(|()| key.finish())
        };
        let error = key().unwrap_err().to_string();
        assert!(error.starts_with(&format!("Cannot read the requirements file that `{}:2` names: `", first.display())));
        fs::write(&second, "-r one.txt\na").unwrap();
        let before = key().unwrap();
        fs::write(&second, "-r one.txt\nb").unwrap();
        assert_ne!(before, key().unwrap());
    }
}
