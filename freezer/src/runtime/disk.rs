//! The runtime as an ordinary installation on disk: the stub without a payload, and the library as files beside it.
//!
//! Unlike the interpreter that compiles, it runs `site`, reads `pyvenv.cfg` and heeds `PYTHONPATH` as any python does.
//! Made once per runtime in the cache folder.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Runtime;
use crate::bytecode::default_cache_folder;
use crate::payload::{PackedLibrary, PayloadError};

/// Why the runtime can't be installed.
#[derive(Debug, Error)]
pub enum InstallError {
    /// Its library is damaged.
    #[error(transparent)]
    Pack(#[from] PayloadError),
    /// It can't be written.
    #[error("Cannot write `{path}`: {source}", path = .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Runtime {
    /// Puts the runtime into the cache folder, or below `temporary` where there is none; gives its python.
    ///
    /// # Errors
    /// [`InstallError`].
    pub fn install(&self, temporary: &Path) -> Result<PathBuf, InstallError> {
        let cache = default_cache_folder().map(|cache| cache.join("python"));
        let cache = cache.filter(|folder| fs::create_dir_all(folder).is_ok());
        let parent = cache.as_deref().unwrap_or(temporary);
        let identity = self.descriptor().identity.chars().take(32).collect::<String>();
        let folder = parent.join(identity);
        let python = folder.join("bin").join(self.python_name());
        if python.is_file() {
            return Ok(python);
        }
        let error = |source| InstallError::Write { path: folder.clone(), source };
        let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(parent).map_err(error)?;
        self.lay_out(unfinished.path())?;
        match fs::rename(unfinished.path(), &folder) {
            // The guard finds nothing to remove any more.
            Ok(()) => Ok(python),
            // Another process was faster.
            Err(_) if python.is_file() => Ok(python),
            Err(source) => Err(error(source)),
        }
    }

    /// `python3.13`.
    #[must_use]
    pub fn python_name(&self) -> String {
        let minor: Vec<&str> = self.descriptor().python_version.splitn(3, '.').take(2).collect();
        format!("python{}", minor.join("."))
    }

    fn lay_out(&self, folder: &Path) -> Result<(), InstallError> {
        let library = PackedLibrary::new(self);
        let descriptor = self.descriptor();
        let modules = descriptor.scans.iter().map(|module| module.path.as_str());
        let files = descriptor.files.iter().map(|file| file.path.as_str());
        for path in modules.chain(files) {
            put(folder, path, &library.content(path)?, 0o644)?;
        }
        // Python says on stderr that it misses the folder of extension modules, all of which are in the stub.
        let extensions = folder.join(&descriptor.library_path).join("lib-dynload");
        fs::create_dir_all(&extensions).map_err(|source| InstallError::Write { path: extensions.clone(), source })?;
        put(folder, &format!("bin/{}", self.python_name()), self.stub(), 0o755)
    }
}

fn put(root: &Path, path: &str, bytes: &[u8], mode: u32) -> Result<(), InstallError> {
    let path = root.join(path);
    let error = |source| InstallError::Write { path: path.clone(), source };
    fs::create_dir_all(path.parent().unwrap_or(root)).map_err(error)?;
    fs::write(&path, bytes).map_err(error)?;
    fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(error)
}
