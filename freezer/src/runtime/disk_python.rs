//! The runtime as an ordinary Python on disk, with the pack's installer among its packages.
//!
//! Comes in: a runtime and a cache folder. Goes out: an interpreter, written once. The interpreter that compiles is no
//! use here: source archives are built, and traced programs run, by children that count on `site`, PYTHONPATH and a library in a folder, as any
//! Python has them.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{INSTALLER_PATH, Runtime};
use crate::payload::PackedLibrary;

/// Why there is none.
#[derive(Debug, Error)]
pub enum DiskPythonError {
    /// The pack is of a pyfreeze that had no use for one.
    #[error("Cannot install anything: this runtime pack has no installer")]
    NoInstaller,
    /// A file of the pack can't be read.
    #[error("Cannot write out the runtime: its file `{0}` is damaged")]
    Damaged(String),
    /// It can't be written.
    #[error("Cannot write out the runtime to `{}`: {source}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Runtime {
    /// An interpreter with an installer: `python -m pip` works. It lies below `cache`, in a folder of its own for
    /// each runtime.
    ///
    /// # Errors
    /// [`DiskPythonError`].
    pub fn python_on_disk(&self, cache: &Path) -> Result<PathBuf, DiskPythonError> {
        let identity = &self.descriptor().identity;
        let parent = cache.join("python");
        let folder = parent.join(identity.get(..32).unwrap_or(identity));
        let python = folder.join("bin").join(self.python_name());
        if python.is_file() {
            return Ok(python);
        }
        fs::create_dir_all(&parent).map_err(failure(&parent))?;
        let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(&parent).map_err(failure(&parent))?;
        self.write_out(partial.path())?;
        match fs::rename(partial.path(), &folder) {
            // Another process was faster; its Python is the same.
            Err(_) if folder.is_dir() => Ok(python),
            outcome => outcome.map_err(failure(&folder)).map(|()| python),
        }
    }

    /// `python3.13`.
    #[must_use]
    pub fn python_name(&self) -> String {
        let minor: Vec<&str> = self.descriptor().python_version.splitn(3, '.').take(2).collect();
        format!("python{}", minor.join("."))
    }

    fn write_out(&self, folder: &Path) -> Result<(), DiskPythonError> {
        let library = self.library();
        let (in_library, in_installer) = (format!("{}/", library.path), format!("{INSTALLER_PATH}/"));
        let site_packages = folder.join(library.site_packages());
        let packed = PackedLibrary::new(self);
        for path in packed.paths() {
            let target = match path.strip_prefix(&in_installer) {
                Some(below) => site_packages.join(below),
                None if path.starts_with(&in_library) => folder.join(&path),
                // Licences, and libraries for packages.
                None => continue,
            };
            let content = packed.content(&path).map_err(|_| DiskPythonError::Damaged(path))?;
            write(&target, &content)?;
        }
        if !site_packages.is_dir() {
            return Err(DiskPythonError::NoInstaller);
        }
        // Python looks for this folder, and warns if it is missing.
        let extensions = folder.join(&library.path).join("lib-dynload");
        fs::create_dir_all(&extensions).map_err(failure(&extensions))?;
        let program = folder.join("bin").join(self.python_name());
        write(&program, self.stub())?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(failure(&program))
    }
}

fn failure(path: &Path) -> impl FnOnce(io::Error) -> DiskPythonError {
    let path = path.to_owned();
    move |source| DiskPythonError::Write { path, source }
}

fn write(path: &Path, content: &[u8]) -> Result<(), DiskPythonError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(failure(parent))?;
    fs::write(path, content).map_err(failure(path))
}
