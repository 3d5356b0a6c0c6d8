//! Compiling what no import leads to, so that dynamic imports work: once the graph is finished, all at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::data::{ColdSource, Files};
use super::module_graph::{ModuleGraph, NodeKind, NodePlace, Wrong};
use super::{GraphError, Progress};
use crate::bytecode::{CompileRequest, Compiled, Compiler, Optimization, Outcome, SourceText};
use crate::contents::Owner;

/// The compiled rest, and all other files.
pub(super) struct Cold {
    /// Compiled sources by path.
    pub(super) modules: Vec<(String, ColdSource, Compiled)>,
    pub(super) wrong: Vec<Wrong>,
    pub(super) files: Files,
    /// The code of the library's modules where the pack's own is not optimized as wanted, by index.
    pub(super) library_code: HashMap<usize, Arc<[u8]>>,
}

impl Cold {
    /// Compiles the sources among `files`; when pruning, only the project's.
    pub(super) fn compile(
        graph: &ModuleGraph<'_>,
        mut files: Files,
        compiler: &mut Compiler,
        progress: &dyn Fn(Progress),
    ) -> Result<Self, GraphError> {
        let settings = &graph.project.settings;
        let mut sources: Vec<_> = std::mem::take(&mut files.sources).into_iter().collect();
        if settings.prune {
            sources.retain(|(_, source)| source.owner == Owner::Project);
        }
        let request = |(virtual_path, source): &(String, ColdSource)| CompileRequest {
            virtual_path: virtual_path.clone(),
            source: SourceText::Disk(source.path.clone()),
        };
        let mut requests: Vec<_> = sources.iter().map(request).collect();
        let library = library_requests(graph);
        requests.extend(library.iter().map(|(_, request)| request.clone()));
        let total = requests.len();
        let report = |done| progress(Progress::Compiled { done, total });
        let mut outcomes = compiler.compile(&requests, settings.optimization, &report)?.into_iter();
        let mut cold = Self { modules: Vec::new(), wrong: Vec::new(), files, library_code: HashMap::new() };
        for ((virtual_path, source), outcome) in sources.into_iter().zip(outcomes.by_ref()) {
            match outcome {
                Outcome::Compiled(compiled) => cold.modules.push((virtual_path, source, compiled)),
                Outcome::Rejected(diagnostics) => {
                    let ColdSource { path, owner, .. } = source;
                    cold.wrong.push(Wrong { virtual_path, path, owner, diagnostics });
                }
                Outcome::Unreadable(error) => return Err(GraphError::Read { path: source.path, source: error }),
            }
        }
        for ((index, _), outcome) in library.into_iter().zip(outcomes) {
            if let Outcome::Compiled(compiled) = outcome {
                cold.library_code.insert(index, compiled.code);
            }
        }
        Ok(cold)
    }
}

/// The pack's code is not optimized: with `-O`, the library's modules that are included are compiled again.
fn library_requests(graph: &ModuleGraph<'_>) -> Vec<(usize, CompileRequest)> {
    if graph.project.settings.optimization == Optimization::None {
        return Vec::new();
    }
    let mut requests = Vec::new();
    for index in graph.library_modules() {
        let virtual_path = graph.library.modules[index].path.clone();
        if let Some(source) = (graph.library.source)(&virtual_path) {
            requests.push((index, CompileRequest { virtual_path, source: SourceText::Bytes(source) }));
        }
    }
    requests
}

impl ModuleGraph<'_> {
    /// The library's modules that are included, by index: all, or when pruning those that imports lead to.
    pub(super) fn library_modules(&self) -> Vec<usize> {
        if self.project.settings.prune {
            let hot = self.nodes.iter().filter_map(|node| match node.kind {
                NodeKind::Source { place: NodePlace::Library(index), .. } => Some(index),
                _ => None,
            });
            return hot.collect();
        }
        let modules = self.library.modules.iter().enumerate();
        modules.filter(|(_, module)| !self.is_excluded(&module.name)).map(|(index, _)| index).collect()
    }
}
