//! The same program on disk: the virtual root's tree as real files beside the runtime's own python.
//!
//! Made from the very contents that were frozen, so that both programs import the same modules from the same
//! `sys.path`, and neither has a package that the other lacks.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::BenchError;
use crate::contents::{Contents, FileContent, ModuleSource, Owner};
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
        // Python looks for this folder, and says so if it is missing.
        let extensions = root.join(&runtime.descriptor().library_path).join("lib-dynload");
        std::fs::create_dir_all(&extensions).map_err(|source| failure(&extensions, source))?;
        let python = put_python(folder, runtime)?;
        let entry_point = contents.entry_point.as_ref().map_or("", |entry_point| &entry_point.path);
        Ok(Self { folder: folder.into(), python, entry_point: root.join(entry_point) })
    }

    /// The folder that stands for the virtual root.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }
}

/// Removes what importing has left behind.
///
/// # Errors
/// [`BenchError::Layout`].
pub(super) fn remove_caches(folder: &Path) -> Result<(), BenchError> {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let caches: Vec<PathBuf> =
        entries.filter(|entry| entry.file_name() == "__pycache__").map(walkdir::DirEntry::into_path).collect();
    caches.iter().try_for_each(|cache| std::fs::remove_dir_all(cache).map_err(|source| failure(cache, source)))
}

/// The project's own files once more, for a Python that has the packages itself: those beside the entry point, and the
/// folder of those that would be installed, which that Python needs on its path.
#[derive(Debug)]
pub(super) struct OwnFiles {
    /// The script or folder to run.
    pub entry_point: PathBuf,
    /// Where the project's packages are that would be installed; `None` if it has none.
    pub packages: Option<PathBuf>,
}

impl OwnFiles {
    /// Links the files of the program from disk into `folder`.
    ///
    /// # Errors
    /// [`BenchError::Layout`].
    pub(super) fn lay_out(contents: &Contents, program: &DiskProgram, folder: &Path) -> Result<Self, BenchError> {
        let is_own = |owner: &Owner| matches!(owner, Owner::Project | Owner::Settings);
        let root = program.root();
        for path in paths(contents).filter_map(|(path, owner)| is_own(owner).then_some(path)) {
            link(&root.join(path), &folder.join(path))?;
        }
        let entry_point = contents.entry_point.as_ref().map_or("", |entry_point| &entry_point.path);
        let mut packages = contents.search_path.iter().map(|path| folder.join(path)).filter(|path| path.is_dir());
        let packages = packages.rfind(|path| *path != folder.join(entry_point));
        Ok(Self { entry_point: folder.join(entry_point), packages })
    }
}

/// Everything of the program but the standard library in one folder, as a zip file of it wants to have it.
///
/// # Errors
/// [`BenchError::Layout`].
pub(super) fn lay_out_flat(
    contents: &Contents,
    program: &DiskProgram,
    library: &str,
    folder: &Path,
) -> Result<(), BenchError> {
    let root = program.root();
    let mut prefixes: Vec<&str> = contents.search_path.iter().map(String::as_str).collect();
    let entry_point = contents.entry_point.as_ref();
    let main = entry_point.map_or("", |entry_point| entry_point.path.as_str());
    let is_folder = entry_point.is_some_and(|entry_point| entry_point.is_folder);
    if is_folder {
        prefixes.push(main);
    }
    // The longest first: the folder of packages lies in the library's.
    prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
    for (path, owner) in paths(contents).filter(|(_, owner)| **owner != Owner::StandardLibrary) {
        let inside = prefixes.iter().filter(|prefix| **prefix != library).find_map(|prefix| below(path, prefix));
        let name = if !is_folder && path == main { "__main__.py" } else { inside.unwrap_or(path) };
        let target = folder.join(name);
        if *owner == Owner::Project || !target.exists() {
            link(&root.join(path), &target)?;
        }
    }
    Ok(())
}

/// Every file of the program, with its owner.
fn paths(contents: &Contents) -> impl Iterator<Item = (&str, &Owner)> {
    let modules = contents.modules.iter().filter(|module| module.source.is_some());
    let modules = modules.map(|module| (module.path.as_str(), &module.owner));
    let libraries = contents.libraries.iter().map(|library| &library.file);
    modules.chain(contents.files.iter().chain(libraries).map(|file| (file.path.as_str(), &file.owner)))
}

fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

fn link(from: &Path, to: &Path) -> Result<(), BenchError> {
    let folder = to.parent().unwrap_or(to);
    std::fs::create_dir_all(folder).map_err(|source| failure(folder, source))?;
    match std::fs::hard_link(from, to) {
        // Two places of one search path had a file of this name.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(to).and_then(|()| std::fs::hard_link(from, to)).map_err(|source| failure(to, source))
        }
        outcome => outcome.map_err(|source| failure(to, source)),
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
