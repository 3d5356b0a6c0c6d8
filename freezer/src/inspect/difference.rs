//! What differs between two executables: modules, files, libraries, distributions, the runtime, sizes.
//!
//! Comes in: two payloads with their manifests. Goes out: what was added, removed and changed. Compared are the files as
//! they were before they were frozen: whether one is compressed, or linked for another address, is no difference.

use std::collections::{BTreeMap, BTreeSet};

use pyfreeze_format::Payload;
use serde::Serialize;

use super::content::{code, content};
use super::report::{Report, Sizes};
use crate::payload::Manifest;
use crate::project::normalize;
use crate::sbom::ComponentKind;

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// True when the files are equal, byte for byte.
    pub is_identical: bool,
    /// Bytes of each file.
    pub file_sizes: Pair<u64>,
    /// What takes how much room in each.
    pub sizes: Pair<Sizes>,
    /// Facts of runtime and build that differ, by name.
    pub facts: BTreeMap<String, Pair<String>>,
    /// Distributions and parts of the runtime that only one has, or in another version.
    pub components: Vec<ComponentChange>,
    /// Modules, by path.
    pub modules: Changes,
    /// Data files, by path.
    pub files: Changes,
    /// Shared libraries, by path.
    pub libraries: Changes,
}

/// What the first and the second have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pair<T> {
    /// Of the first.
    pub old: T,
    /// Of the second.
    pub new: T,
}

/// A component that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ComponentChange {
    /// What it is.
    pub kind: ComponentKind,
    /// Its name.
    pub name: String,
    /// Its version in the first, if it is there.
    pub old: Option<String>,
    /// Its version in the second, if it is there.
    pub new: Option<String>,
}

/// Files that are not the same in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Only in the second.
    pub added: Vec<String>,
    /// Only in the first.
    pub removed: Vec<String>,
    /// In both, with other bytes.
    pub changed: Vec<String>,
}

impl Changes {
    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The whole file.
    pub file: &'a [u8],
    /// Its payload.
    pub payload: &'a Payload<'a>,
    /// What is known of it.
    pub report: &'a Report,
}

/// Compares two executables.
#[must_use]
pub fn difference(old: Side<'_>, new: Side<'_>) -> Difference {
    let (first, second) = (&old.report.manifest, &new.report.manifest);
    let modules = |manifest: &Manifest| manifest.modules.iter().map(|one| one.path.clone()).collect();
    let files = |manifest: &Manifest| manifest.files.iter().map(|one| one.path.clone()).collect();
    let libraries = |manifest: &Manifest| manifest.libraries.iter().map(|one| one.path.clone()).collect();
    let bytes = |path: &str| is_equal(old.payload, new.payload, path);
    Difference {
        is_identical: old.file == new.file,
        file_sizes: Pair { old: old.report.file_size, new: new.report.file_size },
        sizes: Pair { old: old.report.sizes, new: new.report.sizes },
        facts: facts(first, second),
        components: components(first, second),
        modules: changes(&modules(first), &modules(second), &bytes),
        files: changes(&files(first), &files(second), &bytes),
        libraries: changes(&libraries(first), &libraries(second), &|path| {
            let digest = |manifest: &Manifest| {
                manifest.libraries.iter().find(|one| one.path == path).map(|one| one.sha256.clone())
            };
            digest(first) == digest(second)
        }),
    }
}

fn is_equal(old: &Payload<'_>, new: &Payload<'_>, path: &str) -> bool {
    let bytes = |payload: &Payload<'_>| {
        let entry = payload.walk(path.as_bytes())?;
        Some((content(payload, &entry).ok()?, code(payload, &entry).ok()?))
    };
    bytes(old).is_some_and(|old| Some(old) == bytes(new))
}

fn changes(old: &BTreeSet<String>, new: &BTreeSet<String>, is_equal: &dyn Fn(&str) -> bool) -> Changes {
    Changes {
        added: new.difference(old).cloned().collect(),
        removed: old.difference(new).cloned().collect(),
        changed: old.intersection(new).filter(|path| !is_equal(path)).cloned().collect(),
    }
}

fn components(old: &Manifest, new: &Manifest) -> Vec<ComponentChange> {
    type Key = (ComponentKind, String);
    let versions = |manifest: &Manifest| -> BTreeMap<Key, (String, String)> {
        let components = &manifest.materials.components;
        let compared = components.iter().filter(|one| one.kind != ComponentKind::Vendored);
        let entry = |one: &crate::sbom::Component| {
            ((one.kind, normalize(&one.name)), (one.name.clone(), one.version.clone().unwrap_or_default()))
        };
        compared.map(entry).collect()
    };
    let (old, new) = (versions(old), versions(new));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let change = |key: &&Key| {
        let (before, after) = (old.get(key), new.get(key));
        let (name, _) = after.or(before)?;
        let version = |found: Option<&(String, String)>| found.map(|(_, version)| version.clone());
        (before.map(|one| &one.1) != after.map(|one| &one.1)).then(|| ComponentChange {
            kind: key.0,
            name: name.clone(),
            old: version(before),
            new: version(after),
        })
    };
    keys.iter().filter_map(change).collect()
}

fn facts(old: &Manifest, new: &Manifest) -> BTreeMap<String, Pair<String>> {
    let listed = |manifest: &Manifest| {
        let settings = &manifest.settings;
        [
            ("entry point", format!("{} {}", manifest.entry_point.description, manifest.entry_point.path)),
            ("glibc", manifest.glibc.as_ref().map_or_else(String::new, |floor| floor.version.clone())),
            ("made by", format!("pyfreeze {}", manifest.pyfreeze_version)),
            ("optimization", settings.optimization.to_string()),
            ("options", settings.python_options.join(" ")),
            ("pruned", settings.is_pruned.to_string()),
            ("python", manifest.runtime.python_version.clone()),
            ("runtime", manifest.runtime.identity.clone()),
            ("search path", settings.search_path.join(":")),
            ("sources", settings.has_sources.to_string()),
            ("target", manifest.runtime.target.clone()),
        ]
    };
    let pairs = listed(old).into_iter().zip(listed(new)).filter(|((_, old), (_, new))| old != new);
    pairs.map(|((name, old), (_, new))| (name.to_owned(), Pair { old: old.trim().to_owned(), new })).collect()
}
