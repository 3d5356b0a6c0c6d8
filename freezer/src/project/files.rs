//! Walking folders.
//!
//! Comes in: a folder. Goes out: its files and empty directories, sorted by path, so that the order of the file
//! system shows nowhere. Symbolic links are followed, but never into a directory that they are in, and a link found
//! below a link only into what has not been seen: so a loop ends and the number of files stays bounded.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::ProjectError;

/// Folders that hold nothing of a program: version control, caches, packages of other languages.
const CLUTTER: [&str; 11] = [
    ".bzr",
    ".git",
    ".hg",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    "__pycache__",
    "node_modules",
];

/// Where build tools put what they make, beside a pyproject.toml or setup.py.
const BUILD_OUTPUT: [&str; 2] = ["build", "dist"];

/// A file found below a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundFile {
    /// Its path relative to the folder, `/`-separated.
    pub relative: String,
    /// Its path on disk.
    pub path: PathBuf,
    /// True when its owner may execute it.
    pub is_executable: bool,
}

/// What is below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTree {
    /// The files, sorted.
    pub files: Vec<FoundFile>,
    /// The directories with nothing in them, sorted.
    pub empty_directories: Vec<String>,
}

/// All files below `folder` but those that `skipped` lists, compiled Python files and clutter.
///
/// # Errors
/// [`ProjectError`] when a directory can't be read, or a name is not UTF-8.
pub fn walk(folder: &Path, skipped: &[PathBuf]) -> Result<FoundTree, ProjectError> {
    let is_source_tree = folder.join("pyproject.toml").is_file() || folder.join("setup.py").is_file();
    let mut walk = Walk {
        found: FoundTree::default(),
        skipped: skipped.iter().filter_map(|path| path.canonicalize().ok()).collect(),
        seen: BTreeSet::new(),
        is_source_tree,
    };
    let root = Directory { path: folder.to_owned(), relative: String::new(), ancestors: Vec::new(), link_count: 0 };
    walk.directory(root)?;
    walk.found.files.sort();
    walk.found.empty_directories.sort();
    Ok(walk.found)
}

/// True for a file that is not worth carrying: Python makes it from the source.
#[must_use]
pub fn is_compiled(name: &str) -> bool {
    name.ends_with(".pyc") || name.ends_with(".pyo")
}

/// True when its owner may execute the file.
#[must_use]
pub fn is_executable(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}

struct Walk {
    found: FoundTree,
    skipped: BTreeSet<PathBuf>,
    seen: BTreeSet<PathBuf>,
    is_source_tree: bool,
}

struct Directory {
    path: PathBuf,
    relative: String,
    /// The real paths of the directories above.
    ancestors: Vec<PathBuf>,
    /// The symbolic links on the way here.
    link_count: usize,
}

impl Walk {
    fn directory(&mut self, root: Directory) -> Result<(), ProjectError> {
        // Real directories first, then the linked ones: which of two names is the link must not depend on names.
        let (mut directories, mut links) = (vec![root], Vec::new());
        while let Some(directory) = directories.pop().or_else(|| links.pop()) {
            let error = |source| ProjectError::Read { path: directory.path.clone(), source };
            let real = directory.path.canonicalize().map_err(error)?;
            let is_new = self.seen.insert(real.clone());
            if directory.ancestors.contains(&real) || (directory.link_count > 1 && !is_new) {
                continue;
            }
            let mut entries =
                fs::read_dir(&directory.path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(error)?;
            entries.sort_by_key(fs::DirEntry::file_name);
            if entries.is_empty() && !directory.relative.is_empty() {
                self.found.empty_directories.push(directory.relative.clone());
            }
            let ancestors = [directory.ancestors.as_slice(), &[real]].concat();
            for entry in entries {
                self.entry(&directory, &ancestors, &entry, &mut directories, &mut links)?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        directory: &Directory,
        ancestors: &[PathBuf],
        entry: &fs::DirEntry,
        directories: &mut Vec<Directory>,
        links: &mut Vec<Directory>,
    ) -> Result<(), ProjectError> {
        let path = entry.path();
        // A link that leads nowhere is no file.
        let Ok(metadata) = fs::metadata(&path) else { return Ok(()) };
        let name = entry.file_name();
        let Some(name) = name.to_str() else { return Err(ProjectError::FileName { path }) };
        let relative =
            if directory.relative.is_empty() { name.to_owned() } else { format!("{}/{name}", directory.relative) };
        if metadata.is_dir() {
            if self.is_clutter(directory, name, &path) {
                return Ok(());
            }
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            let link_count = directory.link_count + usize::from(is_link);
            let found = Directory { path, relative, ancestors: ancestors.to_vec(), link_count };
            if link_count > 0 { links.push(found) } else { directories.push(found) }
        } else if metadata.is_file() && !is_compiled(name) && !self.is_skipped(&path) {
            self.found.files.push(FoundFile { relative, path, is_executable: is_executable(&metadata) });
        }
        Ok(())
    }

    fn is_clutter(&self, directory: &Directory, name: &str, path: &Path) -> bool {
        let is_output = self.is_source_tree && directory.relative.is_empty() && BUILD_OUTPUT.contains(&name);
        CLUTTER.contains(&name)
            || path.join("pyvenv.cfg").is_file()
            || (is_output && !path.join("__init__.py").is_file())
            || self.is_skipped(path)
    }

    fn is_skipped(&self, path: &Path) -> bool {
        !self.skipped.is_empty() && path.canonicalize().is_ok_and(|path| self.skipped.contains(&path))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::walk;

    fn write(folder: &Path, path: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        walk(folder, &[]).unwrap().files.into_iter().map(|file| file.relative).collect()
    }

    #[test]
    fn clutter_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "b.py",
            "a/x y.txt",
            "A/ü.txt",
            ".git/config",
            "a/__pycache__/b.pyc",
            "a/c.pyc",
            "env/pyvenv.cfg",
            "env/x",
            "node_modules/m.js",
            "build/out.py",
        ] {
            write(folder.path(), path);
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert_eq!(names(folder.path()), ["A/ü.txt", "a/x y.txt", "b.py", "build/out.py"]);
        assert_eq!(walk(folder.path(), &[]).unwrap().empty_directories, ["empty"]);
        write(folder.path(), "pyproject.toml");
        assert_eq!(names(folder.path()), ["A/ü.txt", "a/x y.txt", "b.py", "pyproject.toml"]);
        let skipped = [folder.path().join("b.py")];
        assert_eq!(walk(folder.path(), &skipped).unwrap().files.len(), 3);
    }

    #[test]
    fn links_are_followed_and_loops_end() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "z/real.txt");
        symlink("z", folder.path().join("a")).unwrap();
        symlink("..", folder.path().join("z/up")).unwrap();
        symlink("z/real.txt", folder.path().join("file.txt")).unwrap();
        symlink("nowhere", folder.path().join("broken")).unwrap();
        symlink(".", folder.path().join("self")).unwrap();
        assert_eq!(names(folder.path()), ["a/real.txt", "file.txt", "z/real.txt"]);
    }

    #[test]
    fn many_links_among_folders_stay_few_files() {
        let folder = tempfile::tempdir().unwrap();
        for from in 0..12 {
            write(folder.path(), &format!("d{from}/file"));
            for to in 0..12 {
                symlink(format!("../d{to}"), folder.path().join(format!("d{from}/l{to}"))).unwrap();
            }
        }
        assert!(names(folder.path()).len() < 12 * 13 + 1);
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.txt")), "").unwrap();
        let error = walk(folder.path(), &[]).unwrap_err();
        assert!(error.to_string().starts_with("A file name is not UTF-8: `"), "{error}");
    }
}
