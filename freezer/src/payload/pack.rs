//! The runtime pack's library, whose frames are copied as they are.

use std::borrow::Cow;

use pyfreeze_format::{Blob, Entry, FormatError, NewBlob, Payload, Placement};

use super::{PayloadError, decompressed};
use crate::runtime::Runtime;

/// The standard library of a runtime pack, by path.
#[derive(Clone, Copy)]
pub struct PackedLibrary<'a> {
    payload: Payload<'a>,
}

impl<'a> PackedLibrary<'a> {
    /// The library of `runtime`.
    #[must_use]
    pub fn new(runtime: &'a Runtime) -> Self {
        Self { payload: runtime.library_payload() }
    }

    /// The paths of all its files.
    pub(crate) fn paths(&self) -> Vec<String> {
        let payload = self.payload;
        let files = payload.all_entries().flatten().filter(pyfreeze_format::Entry::has_content);
        let path = |entry: Entry<'a>| {
            let mut names = Vec::new();
            payload.path_components(&entry, |name| names.push(String::from_utf8_lossy(name).into_owned())).ok()?;
            Some(names.join("/"))
        };
        files.filter_map(path).collect()
    }

    /// A module's code bytes.
    ///
    /// # Errors
    /// [`PayloadError`] when the pack has none or they are damaged.
    pub fn code(&self, path: &str) -> Result<Vec<u8>, PayloadError> {
        decompressed(self.code_blob(path)?).ok_or_else(|| PayloadError::PackDamaged(path.to_string()))
    }

    /// A file's content, such as a module's source.
    ///
    /// # Errors
    /// [`PayloadError`] when the pack has none or it is damaged.
    pub fn content(&self, path: &str) -> Result<Vec<u8>, PayloadError> {
        decompressed(self.content_blob(path)?).ok_or_else(|| PayloadError::PackDamaged(path.to_string()))
    }

    pub(super) fn stored_code(&self, path: &str) -> Result<NewBlob<'a>, PayloadError> {
        Ok(copied(self.code_blob(path)?))
    }

    pub(super) fn stored_content(&self, path: &str) -> Result<NewBlob<'a>, PayloadError> {
        Ok(copied(self.content_blob(path)?))
    }

    fn code_blob(&self, path: &str) -> Result<Blob<'a>, PayloadError> {
        let entry = self.entry(path)?;
        found(path, self.payload.code(&entry))
    }

    fn content_blob(&self, path: &str) -> Result<Blob<'a>, PayloadError> {
        let entry = self.entry(path)?;
        found(path, self.payload.content(&entry))
    }

    fn entry(&self, path: &str) -> Result<Entry<'a>, PayloadError> {
        self.payload.walk(path.as_bytes()).ok_or_else(|| PayloadError::NotInPack(path.to_string()))
    }
}

fn found<'a>(path: &str, blob: Result<Option<Blob<'a>>, FormatError>) -> Result<Blob<'a>, PayloadError> {
    let blob = blob.map_err(|_| PayloadError::PackDamaged(path.to_string()))?;
    blob.ok_or_else(|| PayloadError::NotInPack(path.to_string()))
}

fn copied(blob: Blob<'_>) -> NewBlob<'_> {
    NewBlob { stored: Cow::Borrowed(blob.stored), size: blob.size.into(), placement: Placement::Cold }
}
