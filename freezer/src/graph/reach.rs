//! The graph for who asks what imports lead to, and adds to it: a trace.

use std::collections::BTreeSet;
use std::path::Path;

use super::GraphError;
use super::module_graph::{Found, ModuleGraph};
use crate::bytecode::{Compiler, Library};
use crate::project::Project;

/// What a program's import statements reach.
pub struct Reach<'a> {
    graph: ModuleGraph<'a>,
}

impl<'a> Reach<'a> {
    /// Follows all imports of `project`, whatever its lock says.
    ///
    /// # Errors
    /// [`GraphError`].
    pub fn new(project: &'a Project, library: &'a Library, compiler: &mut Compiler) -> Result<Self, GraphError> {
        let mut graph = ModuleGraph::new(project, library)?;
        graph.follow(compiler, &|_| ())?;
        Ok(Self { graph })
    }

    /// True if the module is reached.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.graph.node(name).is_some()
    }

    /// True if the module is in the interpreter itself, though elsewhere it may be a file.
    #[must_use]
    pub fn is_builtin(&self, name: &str) -> bool {
        self.graph.is_builtin(name)
    }

    /// True if the program would find the module under this name, and in this file.
    pub fn can_find(&mut self, name: &str, file: &Path) -> bool {
        // The standard library on disk is not the pack's, but has the same modules.
        self.graph.locate(name).is_some_and(|located| located.is_none_or(|path| is_same_module(&path, file)))
    }

    /// Adds modules, with all that they import.
    ///
    /// # Errors
    /// [`GraphError`].
    pub fn add(&mut self, names: &BTreeSet<String>, compiler: &mut Compiler) -> Result<(), GraphError> {
        for name in names {
            debug_assert!(!matches!(self.graph.find(name, None), Found::Missing(_)));
            self.graph.add_root(name);
        }
        self.graph.follow(compiler, &|_| ())
    }

    /// True if the file belongs to an included distribution, or to nobody's.
    #[must_use]
    pub fn includes(&self, file: &Path) -> bool {
        self.graph.distributions.includes(file)
    }
}

/// True for the same file, or for a source and a shared library side by side.
fn is_same_module(one: &Path, other: &Path) -> bool {
    let (Ok(one), Ok(other)) = (one.canonicalize(), other.canonicalize()) else { return false };
    let stem = |path: &Path| path.file_name()?.to_str()?.split('.').next().map(str::to_owned);
    one.parent() == other.parent() && stem(&one) == stem(&other)
}
