//! Comparing every byte of an executable with a digest.
//!
//! The stub checks only the index at every start; this is the whole check. It names the damaged files, and tells a
//! changed payload from a file that was changed around its payload, as `strip` and tools that sign do.

use pyfreeze_format::{Entry, Payload, file_digest};
use serde::Serialize;

use super::content::path_text;
use crate::ui::hexadecimal_text;

/// The outcome of a whole check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The digest that the payload claims, in hexadecimal.
    pub digest: String,
    /// The digest that the payload claims for the whole file, in hexadecimal.
    pub file_digest: String,
    /// True when every byte of the file is as it was written.
    pub is_intact: bool,
    /// True when every byte of the payload is.
    pub is_payload_intact: bool,
    /// The files whose bytes have changed, as far as their own digests tell.
    pub damaged_files: Vec<String>,
}

/// Checks every byte of a file: `before` and `behind` are what stands in it around the payload.
#[must_use]
pub fn verify(payload: &Payload<'_>, before: &[u8], behind: &[u8]) -> Verification {
    let digest = *blake3::hash(payload.digested_bytes()).as_bytes();
    let is_payload_intact = digest == payload.digest();
    let is_file_intact = file_digest([before], &payload.digest(), [behind]) == payload.file_digest();
    Verification {
        digest: hexadecimal_text(&payload.digest()),
        file_digest: hexadecimal_text(&payload.file_digest()),
        is_intact: is_payload_intact && is_file_intact,
        is_payload_intact,
        damaged_files: if is_payload_intact { Vec::new() } else { damaged_files(payload) },
    }
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
