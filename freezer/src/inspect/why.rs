//! Why something is inside an executable, or why not.
//!
//! Comes in: a manifest and a name. Goes out: an [`Answer`], as data for `--json`; `ui` says it in words.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::contents::{LeftOutReason, MissingImport, Owner, Reason, Temperature};
use crate::payload::{Manifest, ManifestLibrary, ManifestModule};
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
    /// A shared library: an extension module, or what one needs.
    Library {
        /// What the build knows of it.
        #[serde(flatten)]
        library: Box<ManifestLibrary>,
        /// For a module that imports reach, the modules that lead to it.
        chain: Vec<Step>,
        /// The paths of the libraries that need it.
        needed_by: Vec<String>,
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
    let reached = reached(manifest);
    let is_it = |module: &&ManifestModule| module.name == name || module.path == name;
    if let Some(module) = manifest.modules.iter().find(is_it) {
        return Answer::Module {
            name: module.name.clone(),
            path: module.path.clone(),
            owner: module.owner.clone(),
            temperature: module.temperature,
            chain: chain(&module.name, &reached),
            distribution: distribution_reason(manifest, &module.owner),
        };
    }
    if let Some(library) = find_library(&manifest.libraries, name) {
        return Answer::Library {
            chain: library.module.as_ref().map(|module| chain(module, &reached)).unwrap_or_default(),
            needed_by: users(&manifest.libraries, &library.path),
            distribution: distribution_reason(manifest, &library.owner),
            library: Box::new(library.clone()),
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
        nearest: nearest_names(name, &reached),
    }
}

/// Who imports each module first, and how: modules in Python and those in shared libraries.
type Reached<'m> = HashMap<&'m str, (Option<&'m str>, Option<Reason>)>;

fn reached(manifest: &Manifest) -> Reached<'_> {
    let modules = manifest.modules.iter();
    let modules = modules.map(|one| (one.name.as_str(), (one.imported_by.as_deref(), one.reason)));
    let libraries = manifest.libraries.iter();
    let libraries =
        libraries.filter_map(|one| Some((one.module.as_deref()?, (one.imported_by.as_deref(), one.reason))));
    libraries.chain(modules).collect()
}

/// The modules from the first cause to this one.
fn chain(name: &str, reached: &Reached<'_>) -> Vec<Step> {
    let mut chain: Vec<Step> = Vec::new();
    let mut next = Some(name);
    while let Some(name) = next.filter(|name| chain.iter().all(|step| step.name != *name)) {
        // A package without a file is in no list.
        let (imported_by, reason) = reached.get(name).copied().unwrap_or_default();
        chain.push(Step { name: name.to_owned(), reason });
        next = imported_by;
    }
    chain.reverse();
    chain
}

/// By the module that it is, its path, its file's name; or by the name under which a library that no import reaches
/// would be imported.
fn find_library<'m>(libraries: &'m [ManifestLibrary], name: &str) -> Option<&'m ManifestLibrary> {
    let is_module = |library: &&ManifestLibrary| library.module.as_deref() == Some(name);
    let has_path = |library: &&ManifestLibrary| library.path == name;
    let is_file = |library: &&ManifestLibrary| library.path.rsplit('/').next() == Some(name);
    let module_path = name.replace('.', "/");
    let is_cold_module = |library: &&ManifestLibrary| {
        let (folder, file) = library.path.rsplit_once('/').unwrap_or(("", &library.path));
        let path = format!("{folder}/{}", file.split('.').next().unwrap_or(file));
        path.strip_suffix(&module_path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let mut found = libraries.iter().find(is_module).or_else(|| libraries.iter().find(has_path));
    found = found.or_else(|| libraries.iter().find(is_file));
    found.or_else(|| libraries.iter().find(is_cold_module))
}

/// The paths of the libraries that need this one.
fn users(libraries: &[ManifestLibrary], path: &str) -> Vec<String> {
    let needs = |library: &&ManifestLibrary| library.needed.iter().any(|needed| needed == path);
    libraries.iter().filter(needs).map(|library| library.path.clone()).collect()
}

fn distribution_reason(manifest: &Manifest, owner: &Owner) -> Option<String> {
    let Owner::Distribution(key) = owner else { return None };
    let is_it = |name: &str| crate::project::normalize(name) == *key;
    manifest.distributions.iter().find(|one| is_it(&one.name)).map(|one| one.reason.clone())
}

/// Names with the same last part first, then those that are spelt alike.
fn nearest_names(name: &str, reached: &Reached<'_>) -> Vec<String> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut same: Vec<_> = reached.keys().copied().filter(|known| known.rsplit('.').next() == Some(last)).collect();
    same.sort_unstable();
    let mut names: Vec<&str> = reached.keys().copied().collect();
    names.sort_unstable();
    same.extend(nearest(name, &names).filter(|found| !same.contains(found)));
    same.into_iter().take(NEAREST_COUNT).map(str::to_owned).collect()
}
