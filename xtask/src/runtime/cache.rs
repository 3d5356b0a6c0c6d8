//! The cache outside the checkout: where things are kept, under which hash, and how they get there whole.
//!
//! `downloads/` has what was fetched, `tools/` the compiler, `build/<name>-<hash>/` finished products,
//! `build/work/` what is being built, `logs/` the steps' output. A product is renamed into place when it is
//! complete, so it is there whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Error, Result};

/// The cache's folders.
#[derive(Debug)]
pub(super) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `$PYFREEZE_CACHE`, else `$XDG_CACHE_HOME/pyfreeze`, else `~/.cache/pyfreeze`.
    pub(super) fn open() -> Result<Cache> {
        let root = folder_from_environment().ok_or(Error::NoCacheFolder)?;
        fs::create_dir_all(&root).map_err(Error::io("create", &root))?;
        let root = root.canonicalize().map_err(Error::io("find", &root))?;
        for folder in ["build", "downloads", "logs", "tools"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        }
        Ok(Cache { root })
    }

    pub(super) fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    pub(super) fn tools(&self) -> PathBuf {
        self.root.join("tools")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Where zig keeps what it has compiled. Objects are found there by content, so that a change of one
    /// patch costs seconds, not minutes.
    pub(super) fn compiled(&self) -> PathBuf {
        self.root.join("zig-cache")
    }

    /// The folder in which everything is compiled. It is the same for all builds (they take turns, see
    /// [`Cache::lock`]) because zig finds compiled objects by the paths of their sources, too.
    pub(super) fn work(&self) -> PathBuf {
        self.root.join("build/work")
    }

    /// Where finished products are.
    pub(super) fn products(&self) -> PathBuf {
        self.root.join("build")
    }

    /// Where the product `name` with this hash is or will be.
    pub(super) fn product(&self, name: &str, key: &str) -> PathBuf {
        self.root.join(format!("build/{name}-{key}"))
    }

    /// Waits until no other process builds `name`. The lock ends with the returned file.
    pub(super) fn lock(&self, name: &str) -> Result<File> {
        let path = self.root.join(format!("build/{name}.lock"));
        let file = File::create(&path).map_err(Error::io("create", &path))?;
        file.lock().map_err(Error::io("lock", &path))?;
        Ok(file)
    }

    /// An empty folder `name` under [`Cache::work`]. The caller holds the lock.
    pub(super) fn fresh_work(&self, name: &str) -> Result<PathBuf> {
        let path = self.work().join(name);
        remove_folder(&path)?;
        fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        Ok(path)
    }
}

fn folder_from_environment() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("PYFREEZE_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("pyfreeze")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/pyfreeze")))
}

/// Moves a finished folder to its place.
pub(super) fn publish(finished: &Path, product: &Path) -> Result<()> {
    remove_folder(product)?;
    fs::rename(finished, product).map_err(Error::io("rename", finished))
}

/// Copies a finished file to its place, which may be on another file system, and renames it there.
pub(super) fn publish_file(finished: &Path, place: &Path) -> Result<()> {
    let partial = place.with_extension("partial");
    copy_file(finished, &partial)?;
    fs::rename(&partial, place).map_err(Error::io("rename", &partial))
}

/// Puts a symbolic link to `target` where `path` is, whatever was there.
pub(super) fn replace_with_link(path: &Path, target: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => remove_folder(path)?,
        Ok(_) => fs::remove_file(path).map_err(Error::io("remove", path))?,
        Err(_) => {}
    }
    std::os::unix::fs::symlink(target, path).map_err(Error::io("link", path))
}

pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Copies a folder's files for which `wanted` holds; symbolic links are followed.
pub(super) fn copy_folder(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool) -> Result<()> {
    let entries = WalkDir::new(from).follow_links(true).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| wanted(entry.path())) {
        let entry = entry.map_err(|error| Error::io("read", from)(error.into()))?;
        // OK because every entry of a walk lies under its start.
        let target = to.join(entry.path().strip_prefix(from).expect("an entry of the walk"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(Error::io("create", &target))?;
        } else {
            copy_file(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies one file with its modification time, making the folder it goes to. The time matters to make: a
/// `configure.ac` that seems newer than its `configure` starts autotools.
pub(super) fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    fs::copy(from, to).map_err(Error::io("copy", from))?;
    let modified = fs::metadata(from).and_then(|metadata| metadata.modified()).map_err(Error::io("read", from))?;
    File::open(to).and_then(|file| file.set_modified(modified)).map_err(Error::io("write", to))
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::io("read", path))
}

pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).map_err(Error::io("write", path))
}

/// Collects all that a product depends on into the hash that names it.
#[derive(Debug, Default)]
pub(super) struct Key(pyfreeze::key::Key);

impl Key {
    /// Adds one named input.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        self.0.add(name, content);
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<()> {
        let content = fs::read(path).map_err(Error::io("read", path))?;
        self.add(&path.file_name().unwrap_or_default().to_string_lossy(), &content);
        Ok(())
    }

    /// Adds every file of a folder, in the order of their names, except below folders named in `without`.
    pub(super) fn add_folder(&mut self, folder: &Path, without: &[&str]) -> Result<()> {
        let skip = |name: &std::ffi::OsStr| without.iter().any(|skipped| name == *skipped);
        let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| !skip(entry.file_name())) {
            let entry = entry.map_err(|error| Error::io("read", folder)(error.into()))?;
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().into_owned();
                let content = fs::read(entry.path()).map_err(Error::io("read", entry.path()))?;
                self.add(&name, &content);
            }
        }
        Ok(())
    }

    /// The hash as it stands in folder names: 80 bits, enough for a cache of our own builds.
    pub(super) fn finish(&self) -> String {
        self.0.finish()[..20].to_owned()
    }
}
