//! From the imports that a module's scan names to the modules that they lead to.

use super::module_graph::{Found, ModuleGraph, NodeKind};
use crate::bytecode::{Context, Import};
use crate::contents::{Owner, Reason};

impl ModuleGraph<'_> {
    /// Follows all imports of a module of this wave.
    pub(super) fn import_all_of(&mut self, index: usize) {
        let Some(scan) = self.nodes[index].scan.clone() else { return };
        let is_main = self.nodes[index].name == "__main__";
        for import in &scan.imports {
            match import.context {
                Context::Never => {}
                Context::Main if !is_main => {}
                _ => self.import(index, import),
            }
        }
        if self.nodes[index].owner != Owner::StandardLibrary {
            let module = self.nodes[index].name.clone();
            self.distributions.mention(&scan.words);
            self.import_texts(index, &scan.words);
            scan.entry_point_groups.iter().for_each(|group| self.distributions.advertisers(group, &module));
        }
        if self.starred.contains(&index) {
            self.import_star(index);
        }
    }

    fn import(&mut self, importer: usize, import: &Import) {
        let Some(target) = self.absolute_name(importer, import) else {
            self.miss(importer, import, ".".repeat(import.level) + &import.module);
            return;
        };
        if target.is_empty() {
            // `from . import x` in a top-level module: an error that only running it would show.
            self.miss(importer, import, ".".to_owned());
            return;
        }
        self.because = reason(import.context);
        let index = match self.find(&target, Some(importer)) {
            Found::Node(index) => {
                if import.context.is_always() {
                    self.nodes[importer].certain_imports.push(index);
                }
                index
            }
            Found::Missing(prefix) => return self.miss(importer, import, prefix),
            Found::Hidden | Found::Excluded => return,
        };
        if self.nodes[index].portions.is_empty() {
            return;
        }
        let is_namespace = matches!(self.nodes[index].kind, NodeKind::Namespace);
        for name in &import.names {
            if name == "*" {
                if self.starred.insert(index) {
                    self.import_star(index);
                }
                continue;
            }
            // An attribute of the package, if it is no module; a namespace package has none.
            match self.find(&format!("{target}.{name}"), Some(importer)) {
                Found::Node(index) if import.context.is_always() => self.nodes[importer].certain_imports.push(index),
                Found::Missing(name) if is_namespace => self.miss(importer, import, name),
                _ => {}
            }
        }
    }

    /// `from package import *` imports what `__all__` names. Nothing happens until the package has been compiled.
    fn import_star(&mut self, index: usize) {
        let node = &self.nodes[index];
        if node.portions.is_empty() {
            return;
        }
        let (package, scan) = (node.name.clone(), node.scan.clone().unwrap_or_default());
        self.because = Reason::Import;
        for name in &scan.all_names {
            self.find(&format!("{package}.{name}"), Some(index));
        }
    }

    /// The full name of what is imported; `None` when the dots lead out of the top-level package.
    pub(super) fn absolute_name(&self, importer: usize, import: &Import) -> Option<String> {
        if import.level == 0 {
            return Some(import.module.clone());
        }
        let node = &self.nodes[importer];
        let is_package = !node.portions.is_empty();
        let mut package = if is_package { Some(node.name.as_str()) } else { parent(&node.name) };
        for _ in 1..import.level {
            package = package.and_then(parent);
        }
        let package = package?;
        Some(if import.module.is_empty() { package.to_owned() } else { format!("{package}.{}", import.module) })
    }

    fn miss(&mut self, importer: usize, import: &Import, name: String) {
        // The standard library's own imports of what other systems have are foreseen there.
        if self.nodes[importer].owner == Owner::StandardLibrary {
            return;
        }
        let missing = self.missing.entry(name).or_default();
        missing.wanted_by.insert((importer, import.line, import.context.is_always()));
    }
}

fn reason(context: Context) -> Reason {
    match context {
        Context::Always | Context::Never => Reason::Import,
        Context::Condition => Reason::Condition,
        Context::Function => Reason::Function,
        Context::Try => Reason::Try,
        Context::Main => Reason::Main,
    }
}

fn parent(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(parent, _)| parent)
}
