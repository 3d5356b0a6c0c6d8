//! From the names in shared libraries to the modules that they import.
//!
//! Comes in: the shared libraries that imports have led to. Goes out: further modules of the graph. What a library may
//! mean is bounded: the standard library, its own distribution, and those that one may require. So a chance text never
//! brings in a package that has nothing to do with it.
//!
//! Distributions that only an extra asks for count if they are installed, and if the name stands by itself: duckdb is
//! C++ that imports `numpy` and `pandas`, which its extra `all` names. In sixty wheels this finds what is imported and
//! nothing else. Without the extra as a bound, the same texts would have been `black` and `regex` (colours and
//! functions of SQL), `yaml` (a file's ending), `attr` and `tzdata`.

use std::collections::BTreeMap;
use std::fs;

use super::compiled::{Known, names};
use super::module_graph::ModuleGraph;
use crate::bytecode::module_name;
use crate::contents::{Owner, Reason};
use crate::project::InstalledDistribution;

/// Programs and jokes of the standard library that no library imports, though its texts may be the same words.
const NEVER_MEANT: [&str; 7] = ["__main__", "antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"];

impl ModuleGraph<'_> {
    /// Follows the imports of the shared libraries found since the last call.
    pub(super) fn import_compiled(&mut self) {
        for (index, path) in std::mem::take(&mut self.compiled) {
            // A library that can't be read is an error where it is stored.
            let Ok(library) = fs::read(&path) else { continue };
            for name in names(&library, &self.known_to(index)) {
                self.because = Reason::Compiled;
                self.find(&name, Some(index));
            }
        }
    }

    fn known_to(&self, index: usize) -> Known {
        let node = &self.nodes[index];
        let mut known = BTreeMap::new();
        let meant = |name: &&str| !NEVER_MEANT.contains(&name.split('.').next().unwrap_or(name));
        let library = self.library.modules.iter().map(|module| module.name.as_str()).filter(meant);
        known.extend(library.map(|name| (name.to_owned(), name.to_owned())));
        let distributions = match &node.owner {
            Owner::Distribution(key) => self.distributions.with_requirements(key),
            _ => Vec::new(),
        };
        for name in distributions.iter().flat_map(|distribution| module_names(distribution)) {
            // As `from . import name` and `from .. import name` have it.
            let packages = node.name.match_indices('.').map(|(end, _)| &node.name[..=end]);
            for relative in packages.filter_map(|package| name.strip_prefix(package)) {
                known.insert(relative.to_owned(), name.clone());
            }
            known.insert(name.clone(), name);
        }
        let optional = match &node.owner {
            Owner::Distribution(key) => self.distributions.of_extras(key),
            _ => Vec::new(),
        };
        let optional = optional.iter().flat_map(|distribution| module_names(distribution)).collect();
        Known::new(known, optional)
    }
}

/// The names of a distribution's modules, compiled ones included.
fn module_names(distribution: &InstalledDistribution) -> impl Iterator<Item = String> {
    distribution.site_files().filter_map(|file| match file.strip_suffix(".so") {
        Some(library) => {
            let (folder, name) = library.rsplit_once('/').map_or(("", library), |(folder, name)| (folder, name));
            let stem = name.split('.').next().unwrap_or(name);
            let path = if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") };
            (!folder.contains('.')).then(|| path.replace('/', "."))
        }
        None => module_name(file, "").map(|(name, _)| name),
    })
}
