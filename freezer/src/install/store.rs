//! Environments in the cache: complete or not there.
//!
//! Comes in: a key and a function that makes an environment in an empty folder. Goes out: the finished folder. It is made
//! as `KEY.partial` and renamed; whoever makes it holds the lock `KEY.lock`, and so does whoever uses it, together
//! with all others that only use it. What an interrupted process left is removed by the next one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{Freshness, InstallError};

/// The folder of all environments.
#[derive(Clone, Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

/// An environment in use.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its folder.
    pub(super) path: PathBuf,
    /// Keeps it from being replaced.
    _lock: File,
}

impl Store {
    /// The environments in a cache folder.
    pub(super) fn open(cache: &Path) -> Result<Self, InstallError> {
        let folder = cache.join("environments");
        fs::create_dir_all(&folder).map_err(InstallError::io("create", &folder))?;
        Ok(Self { folder })
    }

    /// The environment of this key, if it was made before. Waits for a process that is making it.
    pub(super) fn find(&self, key: &str) -> Result<Option<Stored>, InstallError> {
        let path = self.folder.join(key);
        if !path.is_dir() && !self.partial(key).exists() {
            return Ok(None);
        }
        let lock = self.lock_file(key)?;
        lock.lock_shared().map_err(InstallError::io("lock", &path))?;
        Ok(path.is_dir().then_some(Stored { path, _lock: lock }))
    }

    /// Makes the environment of this key, unless another process has made it meanwhile. `make` is given an empty folder
    /// and the lock, which a child that holds it open keeps locked after this process.
    pub(super) fn make(
        &self,
        key: &str,
        freshness: Freshness,
        make: impl FnOnce(&Path, &File) -> Result<(), InstallError>,
    ) -> Result<Stored, InstallError> {
        let (path, partial) = (self.folder.join(key), self.partial(key));
        let lock = self.lock_file(key)?;
        lock.lock().map_err(InstallError::io("lock", &path))?;
        self.sweep();
        if freshness == Freshness::Upgraded || !path.is_dir() {
            remove(&partial)?;
            fs::create_dir(&partial).map_err(InstallError::io("create", &partial))?;
            let made = make(&partial, &lock);
            if made.is_err() {
                remove(&partial)?;
            }
            made?;
            remove(&path)?;
            fs::rename(&partial, &path).map_err(InstallError::io("rename", &partial))?;
        }
        lock.lock_shared().map_err(InstallError::io("lock", &path))?;
        Ok(Stored { path, _lock: lock })
    }

    /// Removes what interrupted processes left: a folder that is being made is locked.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(key) = name.strip_suffix(".partial") else { continue };
            if let Ok(lock) = self.lock_file(key)
                && lock.try_lock().is_ok()
            {
                // OK because what can't be removed now is removed when it is made again.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn partial(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.partial"))
    }

    fn lock_file(&self, key: &str) -> Result<File, InstallError> {
        let path = self.folder.join(format!("{key}.lock"));
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        file.map_err(InstallError::io("create", &path))
    }
}

fn remove(path: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(InstallError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Store;
    use crate::install::{Freshness, InstallError};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder.join("environments")).unwrap().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".lock"));
        names.sort();
        names
    }

    #[test]
    fn made_once_and_anew_on_demand() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(store.find("k").unwrap().is_none());
        let make = |freshness, text: &'static str| {
            let write = |folder: &Path, _: &fs::File| {
                fs::write(folder.join("x"), text).unwrap();
                Ok(())
            };
            let stored = store.make("k", freshness, write).unwrap();
            fs::read_to_string(stored.path.join("x")).unwrap()
        };
        assert_eq!(make(Freshness::Kept, "1"), "1");
        assert_eq!(make(Freshness::Kept, "2"), "1");
        assert_eq!(make(Freshness::Upgraded, "3"), "3");
        assert!(store.find("k").unwrap().is_some());
        assert_eq!(names(folder.path()), ["k"]);
    }

    #[test]
    fn what_failed_or_was_interrupted_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        fs::create_dir(folder.path().join("environments/old.partial")).unwrap();
        fs::create_dir(folder.path().join("environments/used.partial")).unwrap();
        let used = store.lock_file("used").unwrap();
        used.lock().unwrap();
        assert!(store.make("k", Freshness::Kept, |_, _| Err(InstallError::NoUv)).is_err());
        assert_eq!(names(folder.path()), ["used.partial"]);
    }
}
