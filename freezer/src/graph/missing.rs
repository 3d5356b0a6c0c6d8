//! The imports that lead nowhere, and which of them the program can't do without.

use std::collections::{BTreeSet, HashSet};

use super::GraphError;
use super::error::{ForeignModule, MissingChain};
use super::module_graph::{Missing, ModuleGraph};
use crate::contents::{MissingImport, Owner, Warning};

/// Warnings of single modules, before "and … more".
const WARNING_LIMIT: usize = 5;

/// All imports that lead nowhere, sorted by name, and warnings of those that the program can't do without.
///
/// # Errors
/// [`GraphError::Missing`] under `strict`, when the program can't do without one.
pub(super) fn imports(graph: &ModuleGraph<'_>) -> Result<(Vec<MissingImport>, Vec<Warning>), GraphError> {
    let certain = certain(graph);
    let (mut imports, mut chains) = (Vec::new(), Vec::new());
    for (name, missing) in &graph.missing {
        let required_by = missing.wanted_by.iter().find(|(index, _, is_always)| *is_always && certain.contains(index));
        let required_by = required_by.filter(|_| !is_made_at_run_time(graph, name));
        if let Some((index, line, _)) = required_by {
            let module = graph.nodes[*index].name.clone();
            let (chain, foreign) = (chain(graph, *index), foreign(graph, name));
            chains.push(MissingChain { name: name.clone(), module, line: *line, chain, foreign });
        }
        let is_optional = required_by.is_none();
        imports.push(MissingImport { name: name.clone(), wanted_by: wanted_by(graph, missing), is_optional });
    }
    if graph.project.settings.strict && !chains.is_empty() {
        return Err(GraphError::Missing { imports: chains });
    }
    Ok((imports, warnings(&chains)))
}

fn warnings(chains: &[MissingChain]) -> Vec<Warning> {
    let mut warnings: Vec<_> = chains.iter().take(WARNING_LIMIT).map(MissingChain::warning).collect();
    if chains.len() > WARNING_LIMIT {
        warnings.push(Warning {
            message: format!("Cannot find these and {} more imported modules", chains.len() - WARNING_LIMIT),
            hints: vec!["`--json` lists them all".into()],
        });
    }
    warnings
}

/// The modules that are imported whenever the program starts, and all of the project's own: what another package
/// imports only in a module that is itself imported in a `try` is not required.
pub(super) fn certain(graph: &ModuleGraph<'_>) -> HashSet<usize> {
    let is_own = |index: &usize| graph.nodes[*index].owner == Owner::Project;
    let mut pending: Vec<_> = (0..graph.nodes.len()).filter(is_own).collect();
    let mut certain: HashSet<_> = pending.iter().copied().collect();
    while let Some(index) = pending.pop() {
        let imported = graph.nodes[index].certain_imports.iter().copied();
        pending.extend(imported.filter(|imported| certain.insert(*imported)));
    }
    certain
}

/// True when the package that should hold the module changes what can be imported, as `six` does for `six.moves`.
fn is_made_at_run_time(graph: &ModuleGraph<'_>, name: &str) -> bool {
    let parent = name.rsplit_once('.').and_then(|(parent, _)| graph.node(parent));
    let source =
        parent.and_then(|parent| parent.compiled.as_ref()).map(|compiled| String::from_utf8_lossy(&compiled.source));
    source.is_some_and(|source| ["sys.modules", "sys.meta_path", "__path__"].iter().any(|word| source.contains(word)))
}

/// The shared library of a module that was not found although it is installed: its name has the tag of another Python.
fn foreign(graph: &ModuleGraph<'_>, name: &str) -> Option<ForeignModule> {
    let start = name.replace('.', "/") + ".";
    let is_it = |file: &&str| {
        let tag = file.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".so"));
        tag.is_some_and(|tag| !tag.contains('/'))
    };
    let installed = graph.project.environment.iter().flat_map(|environment| &environment.distributions);
    let mut found = installed.filter_map(|one| Some((one, one.site_files().find(is_it)?)));
    let (distribution, file) = found.find(|(one, file)| one.location.join(file).is_file())?;
    Some(ForeignModule {
        file: file.to_owned(),
        distribution: distribution.name.clone(),
        minor_version: graph.library.loads_libraries().then(|| graph.library.minor_version()),
    })
}

fn wanted_by(graph: &ModuleGraph<'_>, missing: &Missing) -> Vec<String> {
    let places = missing.wanted_by.iter().map(|(index, line, _)| format!("{}:{line}", graph.nodes[*index].name));
    places.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The modules from the entry point to this one.
fn chain(graph: &ModuleGraph<'_>, index: usize) -> Vec<String> {
    let importers = std::iter::successors(Some(index), |index| graph.nodes[*index].imported_by);
    let mut chain: Vec<_> = importers.map(|index| graph.nodes[index].name.clone()).collect();
    chain.reverse();
    chain
}
