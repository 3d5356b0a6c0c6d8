//! The same program on disk: the virtual root's tree as real files beside the runtime's own python.
//!
//! Made from the very contents that were frozen, so that both programs import the same modules from the same
//! `sys.path`, and neither has a package that the other lacks.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::BenchError;
use crate::contents::{Contents, FileContent, ModuleSource};
use crate::payload::PackedLibrary;
use crate::runtime::Runtime;

/// A program laid out on disk.
#[derive(Debug)]
pub struct DiskProgram {
    /// The folder that holds everything.
    pub folder: PathBuf,
    /// The interpreter: the stub without a payload, which finds its library as any python does.
    pub python: PathBuf,
    /// The script or folder to run.
    pub entry_point: PathBuf,
}

impl DiskProgram {
    /// Writes the program into `folder`, without any `__pycache__`.
    ///
    /// # Errors
    /// [`BenchError`] naming the file.
    pub fn lay_out(contents: &Contents, runtime: &Runtime, folder: &Path) -> Result<Self, BenchError> {
        let root = &folder.join("root");
        let library = PackedLibrary::new(runtime);
        for module in &contents.modules {
            match &module.source {
                Some(ModuleSource::Bytes(source)) => put(root, &module.path, source)?,
                Some(ModuleSource::Pack) => put(root, &module.path, &library.content(&module.path)?)?,
                None => {}
            }
        }
        for file in contents.files.iter().chain(contents.libraries.iter().map(|library| &library.file)) {
            match &file.content {
                FileContent::Disk(path) => put(root, &file.path, &read(path)?)?,
                FileContent::Bytes(bytes) => put(root, &file.path, bytes)?,
                FileContent::Pack => put(root, &file.path, &library.content(&file.path)?)?,
            }
        }
        let python = put_python(folder, runtime)?;
        let entry_point = contents.entry_point.as_ref().map_or("", |entry_point| &entry_point.path);
        Ok(Self { folder: folder.into(), python, entry_point: root.join(entry_point) })
    }

    /// Removes what importing has left behind.
    ///
    /// # Errors
    /// [`BenchError::Layout`].
    pub fn remove_caches(&self) -> Result<(), BenchError> {
        let entries = walkdir::WalkDir::new(&self.folder).into_iter().filter_map(Result::ok);
        let caches: Vec<PathBuf> =
            entries.filter(|entry| entry.file_name() == "__pycache__").map(walkdir::DirEntry::into_path).collect();
        caches.iter().try_for_each(|cache| std::fs::remove_dir_all(cache).map_err(|source| failure(cache, source)))
    }
}

/// Beside the root and not in it, where the project may have a `bin` or `python` of its own; so python, which looks
/// for its library beside its `bin`, gets a link.
fn put_python(folder: &Path, runtime: &Runtime) -> Result<PathBuf, BenchError> {
    let path = format!("python/bin/{}", runtime.python_name());
    put(folder, &path, runtime.stub())?;
    let python = folder.join(path);
    std::fs::set_permissions(&python, Permissions::from_mode(0o755)).map_err(|source| failure(&python, source))?;
    let link = folder.join("python/lib");
    let target = Path::new("../root").join(runtime.descriptor().library_path.split('/').next().unwrap_or("lib"));
    std::os::unix::fs::symlink(target, &link).map_err(|source| failure(&link, source))?;
    Ok(python)
}

fn read(path: &Path) -> Result<Vec<u8>, BenchError> {
    std::fs::read(path).map_err(|source| failure(path, source))
}

fn put(root: &Path, path: &str, bytes: &[u8]) -> Result<(), BenchError> {
    let path = root.join(path);
    let folder = path.parent().unwrap_or(root);
    std::fs::create_dir_all(folder).map_err(|source| failure(folder, source))?;
    std::fs::write(&path, bytes).map_err(|source| failure(&path, source))
}

fn failure(path: &Path, source: io::Error) -> BenchError {
    BenchError::Layout { path: path.into(), source }
}
