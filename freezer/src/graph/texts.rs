//! From the texts of a module to modules that they name: tables of plugins, settings, `"package.module:attribute"`.
//!
//! Comes in: the texts of a module that look like dotted names. Goes out: further modules of the graph. A package's texts
//! may mean modules of the same package; those of the project any that can be found, as settings name other packages'
//! modules. Only a name whose first two parts are a package and a module in it counts, so that `data.csv` or a domain
//! brings nothing in.

use super::module_graph::{ModuleGraph, NodeKind};
use crate::contents::{Owner, Reason};

impl ModuleGraph<'_> {
    /// Adds the modules that `words`, the texts of a module, name.
    pub(super) fn import_texts(&mut self, index: usize, words: &[String]) {
        for word in words {
            let name = word.split(':').next().unwrap_or(word);
            if self.may_mean(index, name) && self.is_in_package(name) {
                self.because = Reason::Text;
                self.find(name, Some(index));
            }
        }
    }

    fn may_mean(&self, index: usize, name: &str) -> bool {
        let node = &self.nodes[index];
        let top = |name: &str| name.split('.').next().map(str::to_owned);
        let is_source = matches!(node.kind, NodeKind::Source { .. });
        is_source
            && name.contains('.')
            && !name.contains('-')
            && (node.owner == Owner::Project || top(&node.name) == top(name))
    }
}
