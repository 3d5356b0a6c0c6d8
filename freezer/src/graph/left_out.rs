//! The modules that the build knew and left out, and the file by which a program finds them when an import fails.
//!
//! Comes in: the finished graph. Goes out: names with the reason, and one small text file of the payload, which
//! `_pyfreeze_bootstrap.py` reads only after an import has failed. A program from which nothing was left out has no
//! such file.

use std::collections::{BTreeMap, BTreeSet};

use super::module_graph::ModuleGraph;
use crate::bytecode::module_name;
use crate::contents::{DataFile, FileContent, LeftOut, LeftOutReason, MissingImport, Module, Owner};

/// The file's name in the library's directory; `_pyfreeze_bootstrap.py` has the same.
const FILE_NAME: &str = "_pyfreeze_left_out.txt";

/// The modules that are not among `modules` though the build knows them.
pub(super) fn modules(
    graph: &ModuleGraph<'_>,
    modules: &BTreeMap<String, Module>,
    missing: &[MissingImport],
) -> Vec<LeftOut> {
    let present: BTreeSet<_> = modules.values().map(|module| module.name.as_str()).collect();
    let mut found: BTreeMap<String, LeftOutReason> = BTreeMap::new();
    for import in missing {
        found.insert(import.name.clone(), LeftOutReason::Missing);
    }
    found.extend(installed(graph));
    if graph.project.settings.prune {
        found.extend(graph.library.modules.iter().map(|module| (module.name.clone(), LeftOutReason::Pruned)));
    }
    graph.excluded_names().for_each(|name| drop(found.insert(name.to_owned(), LeftOutReason::Excluded)));
    found.retain(|name, _| !present.contains(name.as_str()) && graph.node(name).is_none());
    let left_out = found.into_iter().map(|(name, why)| {
        let why = if graph.is_excluded(&name) { LeftOutReason::Excluded } else { why };
        LeftOut { name, why }
    });
    left_out.collect()
}

/// When pruning, the modules of included distributions; and the top-level names of the others.
fn installed(graph: &ModuleGraph<'_>) -> Vec<(String, LeftOutReason)> {
    let included: BTreeSet<_> = graph.distributions.included().map(|(one, _)| one.key.as_str()).collect();
    let mut found = Vec::new();
    for distribution in graph.project.environment.iter().flat_map(|environment| &environment.distributions) {
        let is_included = included.contains(distribution.key.as_str());
        let names = distribution.site_files().filter_map(|file| module_name(file, "")).map(|(name, _)| name);
        for name in names.filter(|name| if is_included { graph.project.settings.prune } else { !name.contains('.') }) {
            let why = if is_included {
                LeftOutReason::Pruned
            } else {
                LeftOutReason::Distribution(distribution.name.clone())
            };
            found.push((name, why));
        }
    }
    found
}

/// One line for each: a letter, the name, and for a distribution its name.
pub(super) fn file(left_out: &[LeftOut], library_path: &str) -> Option<DataFile> {
    let mut text = String::new();
    for LeftOut { name, why } in left_out {
        text += &match why {
            LeftOutReason::Excluded => format!("x {name}\n"),
            LeftOutReason::Pruned => format!("p {name}\n"),
            LeftOutReason::Distribution(distribution) => format!("d {name} {distribution}\n"),
            // The build has warned of it; and a program that is to fail as under python does.
            LeftOutReason::Missing => continue,
        };
    }
    (!text.is_empty()).then(|| DataFile {
        path: format!("{library_path}/{FILE_NAME}"),
        owner: Owner::StandardLibrary,
        content: FileContent::Bytes(text.into_bytes().into()),
        is_executable: false,
    })
}
