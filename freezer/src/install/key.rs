//! The name of an environment: a digest of everything that decides what is in it.
//!
//! Comes in: what is wanted, and the request. Goes out: a key. What an index offers today is not part of it: the same
//! requirements give the same environment until it is asked for anew.

use std::collections::BTreeSet;

use super::wanted::Wanted;
use super::{InstallError, InstallRequest, requirements_file};
use crate::key::Key;

/// Parts of variables' names that decide how packages are fetched, not which.
const IRRELEVANT: [&str; 6] = ["CACHE", "CERT", "CHECK", "PROGRESS", "RETRIES", "TIMEOUT"];

/// Changes with the way environments are made.
const VERSION: &[u8] = b"1";

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
