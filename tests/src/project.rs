//! Temporary projects for tests that make their own.
//!
//! Comes in: file names and texts. Goes out: a folder that vanishes with the value.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A temporary folder.
#[derive(Debug)]
pub struct Workspace {
    folder: TempDir,
    path: PathBuf,
}

impl Workspace {
    /// An empty folder.
    ///
    /// # Errors
    /// When the temporary folder can't be written.
    pub fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("pyfreeze-test-").tempdir().map_err(|error| error.to_string())?;
        // The real path, because that is what a program reports.
        let path = folder.path().canonicalize().map_err(|error| error.to_string())?;
        Ok(Self { folder, path })
    }

    /// A folder with these files.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn with_files(files: &[(&str, &str)]) -> Result<Self, String> {
        let workspace = Self::new()?;
        files.iter().try_for_each(|(name, text)| workspace.write(name, text).map(|_| ()))?;
        Ok(workspace)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path in the folder.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, with the folders above it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf, String> {
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent).map_err(|error| format!("Cannot create `{}`: {error}", parent.display()))?;
        fs::write(&path, text).map_err(|error| format!("Cannot write `{}`: {error}", path.display()))?;
        Ok(path)
    }

    /// The names below a folder of it, sorted, folders with a `/`.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let folder = self.path.join(name);
        let entries = walkdir::WalkDir::new(&folder).min_depth(1).sort_by_file_name().into_iter().flatten();
        let relative = |entry: walkdir::DirEntry| {
            let path = entry.path().strip_prefix(&folder).unwrap_or(entry.path()).display().to_string();
            if entry.file_type().is_dir() { path + "/" } else { path }
        };
        entries.map(relative).collect()
    }

    /// Keeps the folder on disk, to look into it by hand.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// Copies a folder tree.
///
/// # Errors
/// When something can't be read or written.
pub fn copy_tree(from: &Path, to: &Path) -> Result<(), String> {
    for entry in walkdir::WalkDir::new(from).sort_by_file_name() {
        let entry = entry.map_err(|error| error.to_string())?;
        let target = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        let result = if entry.file_type().is_dir() {
            fs::create_dir_all(&target)
        } else {
            fs::copy(entry.path(), &target).map(|_| ())
        };
        result.map_err(|error| format!("Cannot copy `{}`: {error}", entry.path().display()))?;
    }
    Ok(())
}
