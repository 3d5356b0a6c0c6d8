//! What the program imports before it does anything else: where a snapshot may begin.
//!
//! Comes in: the finished graph. Goes out: names in the order in which the program imports them.

use std::collections::HashSet;

use super::module_graph::{ModuleGraph, NodeKind};
use crate::bytecode::{Context, Import};
use crate::contents::{FirstImports, Owner};

/// The imports with which the entry point begins, and what they lead to.
pub(super) fn first_imports(graph: &ModuleGraph<'_>) -> FirstImports {
    let Some(main) = graph.node_index("__main__") else { return FirstImports::default() };
    let prefix_end = graph.nodes[main].scan.as_ref().map_or(0, |scan| scan.prefix_end);
    let is_surely = |import: &Import| matches!(import.context, Context::Always | Context::Try);
    let program = imported(graph, main, |import| import.line <= prefix_end && is_surely(import));
    let scan = graph.nodes[main].scan.iter();
    let later = scan.flat_map(|scan| &scan.imports).filter(|import| import.line > prefix_end && is_surely(import));
    let name = |index: usize| graph.nodes[index].name.clone();
    let is_standard = |index: usize| graph.nodes[index].owner == Owner::StandardLibrary;
    let standard = certain(graph, &program, is_standard).into_iter().filter(|index| is_standard(*index));
    FirstImports {
        standard: standard.map(name).collect(),
        certain: certain(graph, &program, |_| false).into_iter().map(name).collect(),
        next_line: later.map(|import| import.line).min(),
        program,
    }
}

/// The modules that a module's imports name, in order, each once; and the attributes, as `module:attribute`, for a package may
/// import a module when it is first asked for one.
fn imported(graph: &ModuleGraph<'_>, importer: usize, is_wanted: impl Fn(&Import) -> bool) -> Vec<String> {
    let scan = graph.nodes[importer].scan.clone().unwrap_or_default();
    let mut names = Vec::new();
    for import in scan.imports.iter().filter(|import| is_wanted(import)) {
        let Some(target) = graph.absolute_name(importer, import) else { continue };
        let is_starred = import.names.iter().any(|name| name == "*");
        let all_names = graph.node(&target).and_then(|node| node.scan.as_ref()).map(|scan| scan.all_names.clone());
        let all_names = all_names.filter(|_| is_starred).unwrap_or_default();
        let name = |name: &String| match format!("{target}.{name}") {
            module if is_module(graph, &module) => module,
            _ => format!("{target}:{name}"),
        };
        let below = import.names.iter().filter(|name| *name != "*").chain(&all_names).map(name);
        names.extend([target.clone()].into_iter().chain(below));
    }
    let mut seen = HashSet::new();
    names.retain(|name| is_module(graph, name.split(':').next().unwrap_or(name)) && seen.insert(name.clone()));
    names
}

/// True for what has code to be run; a name that is no module of the graph is an attribute, missing or excluded.
fn is_module(graph: &ModuleGraph<'_>, name: &str) -> bool {
    graph.node(name).is_some_and(|node| !matches!(node.kind, NodeKind::Namespace))
}

/// The modules that are imported whenever these are, in order. Where `is_end` says so, what a module imports itself
/// is not followed.
fn certain(graph: &ModuleGraph<'_>, names: &[String], is_end: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut certain = Vec::new();
    let mut seen = HashSet::new();
    // A stack, the next one on top.
    let mut pending: Vec<usize> = names.iter().rev().flat_map(|name| with_packages(graph, name)).collect();
    while let Some(index) = pending.pop() {
        if !seen.insert(index) {
            continue;
        }
        certain.push(index);
        if !is_end(index) {
            let imported = graph.nodes[index].certain_imports.iter().rev();
            pending.extend(imported.flat_map(|index| with_packages(graph, &graph.nodes[*index].name)));
        }
    }
    certain
}

/// A module and the packages that it is in, the outermost, which is imported first, last.
fn with_packages(graph: &ModuleGraph<'_>, name: &str) -> Vec<usize> {
    let ends = name.match_indices('.').map(|(end, _)| end).chain([name.len()]);
    let mut found: Vec<_> = ends.filter_map(|end| graph.node_index(&name[..end])).collect();
    found.reverse();
    found
}
