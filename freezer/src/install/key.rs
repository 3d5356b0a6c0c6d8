//! The name of an environment: a digest of everything that decides what is in it.
//!
//! Comes in: what is wanted, and the request. Goes out: a key. What an index offers today is not part of it: the same
//! requirements give the same environment until it is asked for anew.

use std::collections::BTreeSet;

use super::wanted::Wanted;
use super::{InstallError, InstallRequest, requirements_file};

/// Parts of variables' names that decide how packages are fetched, not which.
const IRRELEVANT: [&str; 6] = ["CACHE", "CERT", "CHECK", "PROGRESS", "RETRIES", "TIMEOUT"];

/// Changes with the way environments are made.
const VERSION: &[u8] = b"1";

/// Collects named inputs.
#[derive(Debug, Default)]
pub(super) struct Key {
    hasher: blake3::Hasher,
}

impl Key {
    /// Adds one input. Lengths are hashed too, so that no two lists of inputs look alike.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.hasher.update(&(part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
    }

    /// The key as it stands in the names of folders.
    pub(super) fn finish(&self) -> String {
        self.hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// The key of the environment that holds `wanted`, for the runtime of this identity.
pub(super) fn key(wanted: &Wanted, request: &InstallRequest, runtime: &str) -> Result<String, InstallError> {
    let mut key = Key::default();
    key.add("version", VERSION);
    key.add("runtime", runtime.as_bytes());
    key.add("installer", format!("{:?} {:?}", request.installer, request.index).as_bytes());
    // An index, a constraint or a choice between wheels and sources that the environment gives.
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.sort();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        let is_setting = name.starts_with("PIP_") || name.starts_with("UV_");
        if is_setting && !IRRELEVANT.iter().any(|part| name.contains(part)) {
            key.add(&name, value.as_encoded_bytes());
        }
    }
    let mut seen = BTreeSet::new();
    for step in &wanted.steps {
        key.add("pinning", format!("{:?}", step.pinning).as_bytes());
        for line in &step.lines {
            key.add("requirement", line.as_bytes());
            requirements_file::add_local(&mut key, line);
        }
        for path in &step.files {
            requirements_file::add(&mut key, path, None, &mut seen)?;
        }
    }
    Ok(key.finish())
}
