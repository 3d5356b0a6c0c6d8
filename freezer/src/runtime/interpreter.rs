//! The runtime as an ordinary interpreter: stub + the pack's own library, in the cache folder.
//!
//! The compile server runs on it. The pack's library is a payload whose entry point is "none", so grafting it is
//! all there is to do; the file is made once per runtime and used by every later build.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use thiserror::Error;

use super::Runtime;
use crate::bytecode::default_cache_folder;
use crate::executable::{self, Durability, ExecutableError};
use crate::image::{self, GRAFT_VERSION, ImageError};

/// An interpreter on disk; the file may go away when this is dropped.
#[derive(Debug)]
pub struct Interpreter {
    path: PathBuf,
    _folder: Option<TempDir>,
}

/// Why there is no interpreter.
#[derive(Debug, Error)]
pub enum InterpreterError {
    /// The runtime's stub and library don't go together.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It can't be written.
    #[error("Cannot write the runtime's interpreter: {0}")]
    Write(#[from] ExecutableError),
    /// There is no folder for it.
    #[error("Cannot make a temporary folder for the runtime's interpreter: {0}")]
    Folder(#[from] io::Error),
}

impl Interpreter {
    /// The executable file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Runtime {
    /// The runtime as an interpreter, from the cache or written now.
    ///
    /// # Errors
    /// [`InterpreterError`].
    pub fn interpreter(&self) -> Result<Interpreter, InterpreterError> {
        let cached = default_cache_folder().map(|cache| cache.join("interpreter").join(self.interpreter_key()));
        let Some(folder) = cached.filter(|folder| std::fs::create_dir_all(folder).is_ok()) else {
            return self.temporary_interpreter();
        };
        let path = folder.join("python3.13");
        if path.is_file() {
            return Ok(Interpreter { path, _folder: None });
        }
        match self.write_interpreter(&path) {
            Ok(()) => Ok(Interpreter { path, _folder: None }),
            // A full or read-only cache must not stop a build.
            Err(InterpreterError::Write(_)) => self.temporary_interpreter(),
            Err(error) => Err(error),
        }
    }

    fn temporary_interpreter(&self) -> Result<Interpreter, InterpreterError> {
        let folder = tempfile::Builder::new().prefix("pyfreeze-").tempdir()?;
        let path = folder.path().join("python3.13");
        self.write_interpreter(&path)?;
        Ok(Interpreter { path, _folder: Some(folder) })
    }

    fn write_interpreter(&self, path: &Path) -> Result<(), InterpreterError> {
        let image = image::graft(self.stub(), self.library_bytes(), &[])?;
        Ok(executable::write(&image, path, Durability::Cached, &|_| ())?)
    }

    fn interpreter_key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.descriptor().identity.as_bytes());
        hasher.update(&GRAFT_VERSION.to_le_bytes());
        hasher.update(&self.library_payload().digest());
        hasher.finalize().to_hex().as_str().chars().take(32).collect()
    }
}
