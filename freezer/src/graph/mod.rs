//! The module graph: which modules the program can reach, and everything that goes with them.
//!
//! Comes in: a project and the runtime's library. Goes out: [`Contents`], all that the payload will hold. Modules
//! are found in waves: what a wave imports is the next one, and each wave is compiled at once. Files are opened only
//! to compile them; what lies where is asked of folders.

mod error;

mod cold;
mod compiled;
mod compiled_imports;
mod data;
mod distributions;
mod finder;
mod first_imports;
mod imports;
mod left_out;
mod locked;
mod missing;
mod module_graph;
mod needed;
mod pattern;
mod reach;
mod recipes;
mod report;
mod texts;

pub use error::GraphError;
pub(crate) use pattern::Pattern;
pub use reach::Reach;

use crate::bytecode::{Compiler, Library};
use crate::contents::Contents;
use crate::project::Project;

use cold::Cold;
use module_graph::ModuleGraph;

/// How far the graph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Modules found so far.
    Found {
        /// How many.
        module_count: usize,
    },
    /// Modules compiled of those that no import leads to.
    Compiled {
        /// How many.
        done: usize,
        /// Of how many.
        total: usize,
    },
}

/// Everything that goes into the payload of `project`.
///
/// # Errors
/// [`GraphError`] when a source of the project is wrong or can't be read, when a setting names what is not there,
/// and under `strict` also when an import leads nowhere.
pub fn contents(
    project: &Project,
    library: &Library,
    compiler: &mut Compiler,
    progress: &dyn Fn(Progress),
) -> Result<Contents, GraphError> {
    let mut graph = ModuleGraph::new(project, library)?;
    graph.follow(compiler, progress)?;
    let files = graph.files()?;
    let cold = Cold::compile(&graph, files, compiler, progress)?;
    report::contents(&graph, &cold)
}

#[cfg(test)]
mod tests;
