//! The cache of compiled sources: one file for each, named by the digest of everything that decides its content.
//!
//! Comes in: a key. Goes out: facts and code bytes, or nothing. A damaged or cut-off file counts as absent and is
//! written again. Writing is a rename, so that builds may run at the same time. It never fails a build: a cache
//! that can't be written is a slow one.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use pyfreeze_format::Cursor;

/// First bytes of a cached file; the last one counts the changes of its layout.
const MAGIC: [u8; 8] = *b"pyfrzc\n\x01";
const DIGEST_SIZE: usize = 32;

/// A folder of compiled sources.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// What identifies a compiled source.
pub(super) type Key = blake3::Hash;

/// `$PYFREEZE_CACHE`, else `$XDG_CACHE_HOME/pyfreeze`, else `~/.cache/pyfreeze`; `None` without a home.
#[must_use]
pub fn default_cache_folder() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    variable("PYFREEZE_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("pyfreeze")))
        .or_else(|| Some(variable("HOME")?.join(".cache/pyfreeze")))
}

impl Cache {
    /// The cache of compiled sources in a cache folder, which need not exist yet.
    #[must_use]
    pub fn new(cache_folder: &Path) -> Self {
        Self { folder: cache_folder.join("code") }
    }

    /// The facts and code bytes kept under `key`.
    pub(super) fn get(&self, key: &Key) -> Option<(Vec<u8>, Vec<u8>)> {
        let bytes = fs::read(self.path(key)).ok()?;
        let mut cursor = Cursor::new(&bytes);
        if cursor.array().ok()? != MAGIC {
            return None;
        }
        let digest: [u8; DIGEST_SIZE] = cursor.array().ok()?;
        if blake3::hash(cursor.rest()) != digest {
            return None;
        }
        let facts_size = usize::try_from(cursor.u32().ok()?).ok()?;
        let facts = cursor.bytes(facts_size).ok()?.to_vec();
        Some((facts, cursor.rest().to_vec()))
    }

    /// Keeps facts and code bytes under `key`, if it can.
    pub(super) fn put(&self, key: &Key, facts: &[u8], code: &[u8]) {
        let Ok(facts_size) = u32::try_from(facts.len()) else { return };
        let content = [&facts_size.to_le_bytes()[..], facts, code].concat();
        let digest = blake3::hash(&content);
        let path = self.path(key);
        let Some(folder) = path.parent() else { return };
        // OK to go on without: see the head of this file.
        let _ = fs::create_dir_all(folder).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&MAGIC)?;
            file.write_all(digest.as_bytes())?;
            file.write_all(&content)?;
            file.persist(&path).map_err(|error| error.error)
        });
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = key.to_hex();
        let (folder, file) = name.split_at(2);
        self.folder.join(folder).join(file)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Cache;

    #[test]
    fn what_is_put_is_got() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let key = blake3::hash(b"key");
        assert_eq!(cache.get(&key), None);
        cache.put(&key, b"{}", b"code");
        assert_eq!(cache.get(&key), Some((b"{}".to_vec(), b"code".to_vec())));
        assert_eq!(cache.get(&blake3::hash(b"other")), None);
    }

    #[test]
    fn a_damaged_file_is_absent_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let key = blake3::hash(b"key");
        cache.put(&key, b"{}", b"code");
        let good = fs::read(cache.path(&key)).unwrap();
        for (index, size) in (0..good.len()).map(|index| (index, good.len())).chain([(0, 0), (0, 20)]) {
            let mut bad = good[..size].to_vec();
            if let Some(byte) = bad.get_mut(index) {
                *byte ^= 1;
            }
            fs::write(cache.path(&key), bad).unwrap();
            assert_eq!(cache.get(&key), None, "byte {index} of {size}");
        }
        cache.put(&key, b"{}", b"code");
        assert_eq!(fs::read(cache.path(&key)).unwrap(), good);
    }

    #[test]
    fn an_unwritable_cache_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = Cache::new(&file);
        cache.put(&blake3::hash(b"key"), b"{}", b"code");
        assert_eq!(cache.get(&blake3::hash(b"key")), None);
    }
}
