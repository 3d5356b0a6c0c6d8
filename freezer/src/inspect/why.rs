//! Why something is inside an executable, or why not.
//!
//! Comes in: a manifest and a name. Goes out: an [`Answer`], as data for `--json`; `ui` says it in words.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::contents::{LeftOutReason, MissingImport, Owner, Reason, Temperature};
use crate::payload::{Manifest, ManifestModule};
use crate::project::nearest;

/// Most names that are offered for a misspelt one.
const NEAREST_COUNT: usize = 3;

/// Why a name is inside, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "found")]
pub enum Answer {
    /// A module.
    Module {
        /// Its dotted name.
        name: String,
        /// Its path below the virtual root.
        path: String,
        /// Who brought it along.
        owner: Owner,
        /// Reached by imports, or only there in case.
        temperature: Temperature,
        /// The modules from what is run, or from what was included for another reason, to this one.
        chain: Vec<Step>,
        /// Why its distribution is included.
        distribution: Option<String>,
    },
    /// A file that is no module.
    File {
        /// Its path below the virtual root.
        path: String,
        /// Who brought it along.
        owner: Owner,
        /// Why its distribution is included.
        distribution: Option<String>,
    },
    /// In the interpreter itself.
    Builtin {
        /// Its name.
        name: String,
    },
    /// Not inside.
    Absent {
        /// What was asked for.
        name: String,
        /// What the build knew about it.
        why: Option<LeftOutReason>,
        /// Who wants it, if it was imported and not found.
        wanted: Option<MissingImport>,
        /// Names that are inside and like it.
        nearest: Vec<String>,
    },
}

/// One module of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its dotted name.
    pub name: String,
    /// Why it is in: how the one before it imports it, or for the first what included it.
    pub reason: Option<Reason>,
}

/// Says why `name` is inside, or why not.
#[must_use]
pub fn why(manifest: &Manifest, name: &str) -> Answer {
    let modules: HashMap<_, _> = manifest.modules.iter().map(|module| (module.name.as_str(), module)).collect();
    let by_path = manifest.modules.iter().find(|module| module.path == name);
    if let Some(module) = modules.get(name).copied().or(by_path) {
        return Answer::Module {
            name: module.name.clone(),
            path: module.path.clone(),
            owner: module.owner.clone(),
            temperature: module.temperature,
            chain: chain(module, &modules),
            distribution: distribution_reason(manifest, &module.owner),
        };
    }
    if let Some(file) = manifest.files.iter().find(|file| file.path == name) {
        let distribution = distribution_reason(manifest, &file.owner);
        return Answer::File { path: file.path.clone(), owner: file.owner.clone(), distribution };
    }
    if manifest.runtime.builtin_modules.iter().any(|builtin| builtin == name) {
        return Answer::Builtin { name: name.to_owned() };
    }
    let known = manifest.left_out.iter().find(|left_out| left_out.name == name);
    Answer::Absent {
        name: name.to_owned(),
        why: known.map(|left_out| left_out.why.clone()),
        wanted: manifest.missing.iter().find(|missing| missing.name == name).cloned(),
        nearest: nearest_names(name, &modules),
    }
}

/// The modules from the first cause to this one.
fn chain(module: &ManifestModule, modules: &HashMap<&str, &ManifestModule>) -> Vec<Step> {
    let mut chain: Vec<Step> = Vec::new();
    let mut next = Some(module);
    while let Some(module) = next.filter(|module| chain.iter().all(|step| step.name != module.name)) {
        chain.push(Step { name: module.name.clone(), reason: module.reason });
        let importer = module.imported_by.as_deref();
        next = importer.and_then(|name| modules.get(name).copied());
        if let (Some(name), None) = (importer, next) {
            // A shared library, or a package without a file: neither is in the list of modules.
            chain.push(Step { name: name.to_owned(), reason: None });
        }
    }
    chain.reverse();
    chain
}

fn distribution_reason(manifest: &Manifest, owner: &Owner) -> Option<String> {
    let Owner::Distribution(key) = owner else { return None };
    let is_it = |name: &str| crate::project::normalize(name) == *key;
    manifest.distributions.iter().find(|one| is_it(&one.name)).map(|one| one.reason.clone())
}

/// Names with the same last part first, then those that are spelt alike.
fn nearest_names(name: &str, modules: &HashMap<&str, &ManifestModule>) -> Vec<String> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut same: Vec<_> = modules.keys().copied().filter(|known| known.rsplit('.').next() == Some(last)).collect();
    same.sort_unstable();
    let mut names: Vec<&str> = modules.keys().copied().collect();
    names.sort_unstable();
    same.extend(nearest(name, &names).filter(|found| !same.contains(found)));
    same.into_iter().take(NEAREST_COUNT).map(str::to_owned).collect()
}
