//! Image → executable: the one place that writes the finished file.
//!
//! Comes in: the parts of an image and a path. Goes out: a complete file with mode 0755, or an error and nothing:
//! the bytes go to a temporary file in the same folder, which takes the path's name only when it is whole.
//! Replacing by name is also what lets a program be rebuilt while it runs.

use std::borrow::Cow;
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::image::Image;
use crate::ui::size_text;

/// Everyone may read and run it; independent of the umask, as everything else about the file is.
const MODE: u32 = 0o755;

/// Why an executable can't be written.
#[derive(Debug, Error)]
pub enum ExecutableError {
    /// A directory has the path.
    #[error("Cannot write the executable: `{0}` is a directory")]
    IsDirectory(PathBuf),
    /// A device, pipe or socket has the path.
    #[error("Cannot write the executable: `{0}` is not a regular file")]
    NotRegular(PathBuf),
    /// The path is the running pyfreeze.
    #[error("Cannot write the executable: `{0}` is the running pyfreeze itself")]
    IsPyfreeze(PathBuf),
    /// The folder does not exist.
    #[error("Cannot write the executable `{path}`: the folder `{folder}` does not exist")]
    NoFolder {
        /// The executable's path.
        path: PathBuf,
        /// The folder that would hold it.
        folder: PathBuf,
    },
    /// The file system is full, or the user's part of it.
    #[error("Cannot write the executable `{path}`: no space left, {} needed", size_text(*.size))]
    NoSpace {
        /// The executable's path.
        path: PathBuf,
        /// Bytes needed.
        size: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else.
    #[error("Cannot write the executable `{path}`: {source}")]
    Io {
        /// The executable's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ExecutableError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::IsDirectory(path) => vec![format!("name a file inside it, such as `{}`", path.join("app").display())],
            Self::IsPyfreeze(_) | Self::NotRegular(_) => vec!["choose another path with `-o`".to_string()],
            Self::NoFolder { folder, .. } => vec![format!("create it first: `mkdir -p {}`", folder.display())],
            Self::NoSpace { .. } => vec!["free some space or choose another file system with `-o`".to_string()],
            Self::Io { .. } => Vec::new(),
        }
    }
}

/// Whether a file must survive a power cut once it is reported as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Flushed to the disk before it gets its name.
    Synced,
    /// A cached file, which can be made again.
    Cached,
}

/// Refuses a path at which an executable can't be put, before any work is done for it.
///
/// # Errors
/// [`ExecutableError`] saying why.
pub fn check_output(path: &Path) -> Result<(), ExecutableError> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(ExecutableError::NoFolder { path: path.into(), folder: folder.into() });
    }
    let Ok(found) = path.metadata() else { return Ok(()) };
    if found.is_dir() {
        return Err(ExecutableError::IsDirectory(path.into()));
    }
    if !found.is_file() {
        return Err(ExecutableError::NotRegular(path.into()));
    }
    let own = std::env::current_exe().and_then(|own| own.metadata());
    if own.is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino())) {
        return Err(ExecutableError::IsPyfreeze(path.into()));
    }
    Ok(())
}

/// Writes the executable. `progress` is told how many bytes have been written so far.
///
/// # Errors
/// [`ExecutableError`]; then nothing is left behind and an older file at `path` is untouched.
pub fn write(
    image: &Image<'_>,
    path: &Path,
    durability: Durability,
    progress: &dyn Fn(u64),
) -> Result<(), ExecutableError> {
    check_output(path)?;
    write_parts(image, path, durability, progress).map_err(|source| error_of(path, image.size(), source))
}

/// Writes files into a folder that appears as a whole, in place of an older one.
///
/// # Errors
/// [`ExecutableError`] naming the folder.
pub fn write_folder<'f>(
    files: impl Iterator<Item = (&'f str, Cow<'f, [u8]>)>,
    path: &Path,
) -> Result<(), ExecutableError> {
    let failure = |source| ExecutableError::Io { path: path.into(), source };
    let partial = tempfile::Builder::new().prefix(".pyfreeze-").tempdir_in(folder_of(path)).map_err(failure)?;
    for (name, bytes) in files {
        let file = partial.path().join(name);
        std::fs::create_dir_all(folder_of(&file)).map_err(failure)?;
        std::fs::write(&file, bytes).map_err(failure)?;
        std::fs::set_permissions(&file, Permissions::from_mode(MODE)).map_err(failure)?;
    }
    std::fs::set_permissions(partial.path(), Permissions::from_mode(MODE)).map_err(failure)?;
    if path.is_dir() {
        std::fs::remove_dir_all(path).map_err(failure)?;
    }
    std::fs::rename(partial.path(), path).map_err(failure)
}

fn error_of(path: &Path, size: u64, source: io::Error) -> ExecutableError {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ExecutableError::NoSpace { path: path.into(), size, source }
        }
        _ => ExecutableError::Io { path: path.into(), source },
    }
}

fn write_parts(image: &Image<'_>, path: &Path, durability: Durability, progress: &dyn Fn(u64)) -> io::Result<()> {
    // The bar moves every few MB; smaller pieces would only cost system calls.
    const PIECE_SIZE: usize = 4 << 20;
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new().prefix(".pyfreeze-").tempfile_in(folder)?;
    let mut written = 0;
    for piece in image.parts().flat_map(|part| part.chunks(PIECE_SIZE)) {
        file.write_all(piece)?;
        written += piece.len() as u64;
        progress(written);
    }
    file.as_file().set_permissions(Permissions::from_mode(MODE))?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    // Closed before it has its name: what somebody has open for writing can't be executed.
    file.into_temp_path().persist(path)?;
    if durability == Durability::Synced {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
