//! The graph itself: modules by name, found wave after wave from the entry point.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::distributions::Distributions;
use super::finder::{Finder, Located, Portion, SourceFile, SourcePlace, portions};
use super::locked::LockedFile;
use super::pattern::Pattern;
use super::{GraphError, Progress, needed};
use crate::bytecode::{CompileRequest, Compiled, Compiler, Diagnostic, Library, Outcome, Scan, SourceText};
use crate::contents::{Owner, Reason, Warning};
use crate::project::{Project, SourceOwner};

/// The modules that imports lead to.
pub(super) struct ModuleGraph<'a> {
    pub(super) project: &'a Project,
    pub(super) library: &'a Library,
    pub(super) nodes: Vec<Node>,
    pub(super) distributions: Distributions<'a>,
    pub(super) wrong: Vec<Wrong>,
    pub(super) missing: BTreeMap<String, Missing>,
    pub(super) warnings: Vec<Warning>,
    pub(super) finder: Finder<'a>,
    pub(super) search_path: Vec<Portion>,
    by_name: HashMap<String, Found>,
    excluded: Vec<Pattern>,
    builtin: HashSet<&'a str>,
    frontier: Vec<usize>,
    /// Packages of which `*` is imported.
    pub(super) starred: HashSet<usize>,
    /// Why what is found now is found.
    pub(super) because: Reason,
    /// Files that a trace has seen.
    pub(super) locked_files: Vec<LockedFile>,
    /// The recipes that have been followed, by their index.
    pub(super) recipes_followed: HashSet<usize>,
    /// Shared libraries whose text has not been looked at.
    pub(super) compiled: Vec<(usize, PathBuf)>,
}

/// A module that imports lead to.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) kind: NodeKind,
    pub(super) owner: Owner,
    /// Where its submodules are looked for; empty for what is no package.
    pub(super) portions: Vec<Portion>,
    pub(super) imported_by: Option<usize>,
    pub(super) reason: Reason,
    /// The modules that are imported whenever this one is.
    pub(super) certain_imports: Vec<usize>,
    /// Known once its wave has been compiled.
    pub(super) scan: Option<Arc<Scan>>,
    /// Compiled for this build; not for modules of the library.
    pub(super) compiled: Option<Compiled>,
}

pub(super) enum NodeKind {
    Source {
        virtual_path: String,
        place: NodePlace,
    },
    Namespace,
    /// A shared library on disk.
    Extension {
        virtual_path: String,
        path: PathBuf,
    },
    /// In the interpreter itself.
    Builtin,
}

pub(super) enum NodePlace {
    Text(SourceText),
    /// The module of this index in the library.
    Library(usize),
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Node(usize),
    Excluded,
    /// Without a file: there only if the module above makes it so, like `os.path`.
    Hidden,
    /// Nowhere, from this prefix on.
    Missing(String),
}

/// A source that the compiler refuses.
pub(super) struct Wrong {
    pub(super) virtual_path: String,
    pub(super) path: PathBuf,
    pub(super) owner: Owner,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// An import that leads nowhere.
#[derive(Default)]
pub(super) struct Missing {
    /// Node, line, and whether the import is executed whenever the module is.
    pub(super) wanted_by: BTreeSet<(usize, u32, bool)>,
}

impl<'a> ModuleGraph<'a> {
    /// The graph before its first wave: the entry point and all that is in whatever it imports.
    pub(super) fn new(project: &'a Project, library: &'a Library) -> Result<Self, GraphError> {
        let builtin = library.builtin_modules.iter().map(String::as_str).chain(needed::ALWAYS_THERE);
        let mut graph = Self {
            project,
            library,
            nodes: Vec::new(),
            distributions: Distributions::new(project, library),
            wrong: Vec::new(),
            missing: BTreeMap::new(),
            warnings: Vec::new(),
            finder: Finder::new(library),
            search_path: portions(&project.roots),
            by_name: HashMap::new(),
            excluded: project.settings.exclude.iter().map(|text| Pattern::new(text)).collect(),
            builtin: builtin.collect(),
            frontier: Vec::new(),
            starred: HashSet::new(),
            because: Reason::Program,
            locked_files: Vec::new(),
            recipes_followed: HashSet::new(),
            compiled: Vec::new(),
        };
        graph.add_main();
        graph.because = Reason::Interpreter;
        for name in needed::AT_START {
            graph.add_start_module(name);
        }
        needed::LATER.iter().for_each(|name| graph.add_root(name));
        graph.because = Reason::Include;
        for text in &project.settings.include {
            graph.include(&Pattern::new(text));
        }
        graph.add_distributions()?;
        graph.add_locked()?;
        Ok(graph)
    }

    /// Finds everything.
    pub(super) fn follow(&mut self, compiler: &mut Compiler, progress: &dyn Fn(Progress)) -> Result<(), GraphError> {
        while !self.frontier.is_empty() {
            let wave = std::mem::take(&mut self.frontier);
            self.compile(&wave, compiler)?;
            for index in wave {
                self.import_all_of(index);
            }
            self.add_entry_points();
            self.import_compiled();
            self.follow_recipes();
            progress(Progress::Found { module_count: self.nodes.len() });
        }
        Ok(())
    }

    /// What `name` leads to; new modules join the next wave.
    pub(super) fn find(&mut self, name: &str, importer: Option<usize>) -> Found {
        if let Some(found) = self.by_name.get(name) {
            return found.clone();
        }
        let found = self.find_new(name, importer);
        self.by_name.insert(name.to_owned(), found.clone());
        found
    }

    /// True if the user wants neither code nor data of the module.
    pub(super) fn is_excluded(&self, name: &str) -> bool {
        self.excluded.iter().any(|pattern| pattern.covers(name))
    }

    /// True if the module is in the interpreter itself.
    pub(super) fn is_builtin(&self, name: &str) -> bool {
        self.builtin.contains(name)
    }

    /// The modules that imports lead to and the user doesn't want.
    pub(super) fn excluded_names(&self) -> impl Iterator<Item = &str> {
        self.by_name.iter().filter(|(_, found)| **found == Found::Excluded).map(|(name, _)| name.as_str())
    }

    /// True if `name` was found to be a package without a file.
    pub(super) fn is_namespace(&self, name: &str) -> bool {
        self.node(name).is_some_and(|node| matches!(node.kind, NodeKind::Namespace))
    }

    /// The index of the node of `name`, if it was found.
    pub(super) fn node_index(&self, name: &str) -> Option<usize> {
        match self.by_name.get(name) {
            Some(Found::Node(index)) => Some(*index),
            _ => None,
        }
    }

    /// The node of `name`, if it was found.
    pub(super) fn node(&self, name: &str) -> Option<&Node> {
        self.node_index(name).map(|index| &self.nodes[index])
    }

    fn find_new(&mut self, name: &str, importer: Option<usize>) -> Found {
        if self.is_excluded(name) {
            return Found::Excluded;
        }
        let Some((parent, last)) = name.rsplit_once('.') else {
            return match self.find_top(name, importer) {
                Found::Missing(_) if name == needed::HOOKS => Found::Hidden,
                found => found,
            };
        };
        let parent = match self.find(parent, importer) {
            Found::Node(parent) => parent,
            nowhere => return nowhere,
        };
        if self.nodes[parent].portions.is_empty() {
            return Found::Hidden;
        }
        let portions = self.nodes[parent].portions.clone();
        match self.add_located(&portions, name, last, importer) {
            Found::Missing(_) if needed::MADE_BY_PACKAGE.contains(&name) => Found::Hidden,
            found => found,
        }
    }

    /// True if the first two components of `name` are a package and a module in it, found without adding them.
    pub(super) fn is_in_package(&mut self, name: &str) -> bool {
        let mut parts = name.split('.');
        let (Some(top), Some(second)) = (parts.next(), parts.next()) else { return false };
        let package = match self.finder.locate(&self.search_path, top) {
            Some(Located::Source { package: Some(package), .. }) => package,
            _ => return false,
        };
        self.finder.locate(&[package], second).is_some()
    }

    /// The file that `name` would be taken from, without adding it; `None` inside for what has no file on disk.
    pub(super) fn locate(&mut self, name: &str) -> Option<Option<PathBuf>> {
        let (portions, last) = match name.rsplit_once('.') {
            _ if self.builtin.contains(name) => return Some(None),
            None => (self.search_path.clone(), name),
            Some((parent, last)) => match self.find(parent, None) {
                Found::Node(parent) => (self.nodes[parent].portions.clone(), last),
                _ => return None,
            },
        };
        Some(match self.finder.locate(&portions, last)? {
            Located::Source { file: SourceFile { place: SourcePlace::Disk(path), .. }, .. }
            | Located::Extension { path, .. } => Some(path),
            Located::Source { .. } | Located::Namespace(_) => None,
        })
    }

    fn find_top(&mut self, name: &str, importer: Option<usize>) -> Found {
        if self.builtin.contains(name) {
            let node = Node::new(name, NodeKind::Builtin, Owner::StandardLibrary, importer);
            return Found::Node(self.add(node));
        }
        let portions = if self.library.frozen_modules.iter().any(|frozen| frozen == name) {
            self.library_portions()
        } else {
            self.search_path.clone()
        };
        self.add_located(&portions, name, name, importer)
    }

    fn library_portions(&self) -> Vec<Portion> {
        self.search_path.iter().filter(|portion| portion.owner == SourceOwner::Library).cloned().collect()
    }

    fn add_located(&mut self, portions: &[Portion], name: &str, last: &str, importer: Option<usize>) -> Found {
        let Some(located) = self.finder.locate(portions, last) else { return Found::Missing(name.to_owned()) };
        let node = match located {
            Located::Source { file, package } => self.source_node(name, file, package, importer),
            Located::Extension { virtual_path, owner, path, package } => {
                let owner = self.owner(&owner, &path, name, importer);
                self.compiled.push((self.nodes.len(), path.clone()));
                let node = Node::new(name, NodeKind::Extension { virtual_path, path }, owner, importer);
                Node { portions: package.into_iter().collect(), ..node }
            }
            Located::Namespace(portions) => {
                let node = Node::new(name, NodeKind::Namespace, Owner::Project, importer);
                Node { portions, ..node }
            }
        };
        Found::Node(self.add(node))
    }

    fn source_node(&mut self, name: &str, file: SourceFile, package: Option<Portion>, importer: Option<usize>) -> Node {
        let (owner, place) = match file.place {
            SourcePlace::Library(index) => (Owner::StandardLibrary, NodePlace::Library(index)),
            SourcePlace::Disk(path) => {
                (self.owner(&file.owner, &path, name, importer), NodePlace::Text(SourceText::Disk(path)))
            }
        };
        let kind = NodeKind::Source { virtual_path: file.virtual_path, place };
        Node { portions: package.into_iter().collect(), ..Node::new(name, kind, owner, importer) }
    }

    /// Whose the file is; a distribution that is reached is included.
    fn owner(&mut self, owner: &SourceOwner, path: &Path, name: &str, importer: Option<usize>) -> Owner {
        let key = match owner {
            SourceOwner::Project => return Owner::Project,
            SourceOwner::Library => return Owner::StandardLibrary,
            SourceOwner::Distribution(key) => key.clone(),
            SourceOwner::Environment => self.distributions.owner_of(path, name),
        };
        let importer = importer.map(|importer| self.nodes[importer].name.as_str());
        self.distributions.reach(&key, importer);
        Owner::Distribution(key)
    }

    fn add(&mut self, node: Node) -> usize {
        let node = Node { reason: self.because, ..node };
        let index = self.nodes.len();
        if matches!(node.kind, NodeKind::Source { .. }) {
            self.frontier.push(index);
        }
        self.nodes.push(node);
        index
    }

    fn add_main(&mut self) {
        let main = &self.project.main;
        let place = NodePlace::Text(main.source.clone());
        let kind = NodeKind::Source { virtual_path: main.virtual_path.clone(), place };
        let index = self.add(Node::new("__main__", kind, Owner::Project, None));
        self.by_name.insert("__main__".into(), Found::Node(index));
    }

    /// A module that the interpreter takes from its library, whatever else has the name.
    fn add_start_module(&mut self, name: &str) {
        let first = self.finder.locate(&self.search_path, name);
        if let Some(Located::Source {
            file: SourceFile { owner: SourceOwner::Project, place: SourcePlace::Disk(path), .. },
            ..
        }) = first
        {
            self.warnings.push(Warning {
                message: format!(
                    "The interpreter has imported its own module `{name}` before this file counts: `{}`",
                    path.display()
                ),
                hints: vec!["give the file another name".into()],
            });
        }
        let portions = match name.rsplit_once('.') {
            None => self.library_portions(),
            Some((parent, _)) => match self.by_name.get(parent) {
                Some(Found::Node(parent)) => self.nodes[*parent].portions.clone(),
                _ => return,
            },
        };
        let last = name.rsplit('.').next().unwrap_or(name);
        let found = self.add_located(&portions, name, last, None);
        self.by_name.insert(name.to_owned(), found);
    }

    /// A module that is included although nothing imports it; that it is missing is no fault of the program.
    pub(super) fn add_root(&mut self, name: &str) {
        self.find(name, None);
    }

    fn include(&mut self, pattern: &Pattern) {
        let before = self.nodes.len();
        let base = pattern.base().to_owned();
        if !base.is_empty() {
            self.find(&base, None);
        }
        let mut is_found = !pattern.has_star() && matches!(self.by_name.get(&base), Some(Found::Node(_)));
        if pattern.has_star() {
            let mut packages = vec![base];
            while let Some(package) = packages.pop() {
                for name in self.submodules(&package) {
                    if pattern.fits(&name) {
                        is_found |= matches!(self.find(&name, None), Found::Node(_));
                    }
                    packages.push(name);
                }
            }
        }
        if !is_found && self.nodes.len() == before {
            self.warnings.push(Warning {
                message: format!("Nothing fits the pattern given as `include`: `{}`", pattern.text()),
                hints: vec!["write a module's full name, or `package.*`".into()],
            });
        }
    }

    /// Adds the modules that fit, as wanted by a module.
    pub(super) fn add_fitting(&mut self, pattern: &Pattern, importer: Option<usize>) {
        let base = pattern.base().to_owned();
        if !matches!(self.find(&base, importer), Found::Node(_)) || !pattern.has_star() {
            return;
        }
        for name in self.submodules(&base) {
            if pattern.fits(&name) {
                self.find(&name, importer);
            }
        }
    }

    /// The full names of the modules directly in `package`; of the project's own folders if it is empty.
    fn submodules(&mut self, package: &str) -> Vec<String> {
        let portions = if package.is_empty() {
            let is_own = |portion: &&Portion| portion.owner == SourceOwner::Project;
            self.search_path.iter().filter(is_own).cloned().collect()
        } else {
            match self.find(package, None) {
                Found::Node(index) => self.nodes[index].portions.clone(),
                _ => return Vec::new(),
            }
        };
        let names = self.finder.names(&portions).into_iter();
        names.map(|name| if package.is_empty() { name } else { format!("{package}.{name}") }).collect()
    }

    fn add_distributions(&mut self) -> Result<(), GraphError> {
        self.distributions.add_project();
        for name in &self.project.settings.include_distributions {
            if !self.distributions.add_named(name) {
                let has_environment = self.project.environment.is_some();
                return Err(GraphError::UnknownDistribution { name: name.clone(), has_environment });
            }
        }
        self.add_entry_points();
        Ok(())
    }

    /// The modules of entry points that the program may ask for.
    fn add_entry_points(&mut self) {
        self.because = Reason::EntryPoint;
        for module in self.distributions.take_roots() {
            self.add_root(&module);
        }
    }

    /// Compiles the sources of a wave, and takes the scans of the library's modules from the pack.
    fn compile(&mut self, wave: &[usize], compiler: &mut Compiler) -> Result<(), GraphError> {
        let (mut requests, mut indices) = (Vec::new(), Vec::new());
        for &index in wave {
            let node = &mut self.nodes[index];
            match &node.kind {
                NodeKind::Source { place: NodePlace::Library(module), .. } => {
                    node.scan = Some(Arc::new(self.library.modules[*module].scan.clone()));
                }
                NodeKind::Source { virtual_path, place: NodePlace::Text(source) } => {
                    requests.push(CompileRequest { virtual_path: virtual_path.clone(), source: source.clone() });
                    indices.push(index);
                }
                _ => {}
            }
        }
        let outcomes = compiler.compile(&requests, self.project.settings.optimization, &|_| ())?;
        for ((index, request), outcome) in indices.into_iter().zip(requests).zip(outcomes) {
            let node = &mut self.nodes[index];
            let path = match request.source {
                SourceText::Disk(path) => path,
                SourceText::Bytes(_) => PathBuf::from(&request.virtual_path),
            };
            match outcome {
                Outcome::Compiled(compiled) => {
                    node.scan = Some(Arc::new(compiled.scan.clone()));
                    node.compiled = Some(compiled);
                }
                Outcome::Rejected(diagnostics) => {
                    let (virtual_path, owner) = (request.virtual_path, node.owner.clone());
                    self.wrong.push(Wrong { virtual_path, path, owner, diagnostics });
                }
                Outcome::Unreadable(source) => return Err(GraphError::Read { path, source }),
            }
        }
        Ok(())
    }
}

impl Node {
    fn new(name: &str, kind: NodeKind, owner: Owner, imported_by: Option<usize>) -> Self {
        let name = name.to_owned();
        Self {
            name,
            kind,
            owner,
            portions: Vec::new(),
            imported_by,
            reason: Reason::Import,
            certain_imports: Vec::new(),
            scan: None,
            compiled: None,
        }
    }
}
