//! Comparing every stored byte with its digest.
//!
//! The stub checks only the index at every start; this is the whole check, and it names the damaged files.

use pyfreeze_format::{Entry, Payload};
use serde::Serialize;

use super::report::hexadecimal;

/// The outcome of a whole check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The digest that the payload claims, in hexadecimal.
    pub digest: String,
    /// True when every byte is as it was written.
    pub is_intact: bool,
    /// The files whose bytes have changed, as far as their own digests tell.
    pub damaged_files: Vec<String>,
}

/// Checks every byte of a payload.
#[must_use]
pub fn verify(payload: &Payload<'_>) -> Verification {
    let is_intact = *blake3::hash(payload.digested_bytes()).as_bytes() == payload.digest();
    let damaged_files = if is_intact { Vec::new() } else { damaged_files(payload) };
    Verification { digest: hexadecimal(&payload.digest()), is_intact, damaged_files }
}

fn damaged_files(payload: &Payload<'_>) -> Vec<String> {
    let is_damaged = |entry: &Entry<'_>| {
        let blobs = [payload.content(entry), payload.code(entry)];
        blobs.into_iter().any(|blob| match blob {
            Ok(Some(blob)) => payload.blob_digest(blob.index) != Some(*blake3::hash(blob.stored).as_bytes()),
            Ok(None) => false,
            Err(_) => true,
        })
    };
    let entries = payload.all_entries().filter_map(Result::ok);
    entries.filter(is_damaged).map(|entry| path_text(payload, &entry)).collect()
}

fn path_text(payload: &Payload<'_>, entry: &Entry<'_>) -> String {
    let mut names = Vec::new();
    // OK because an entry that lies too deep still has a name to show.
    let _ = payload.path_components(entry, |name| names.push(String::from_utf8_lossy(name).into_owned()));
    names.join("/")
}
