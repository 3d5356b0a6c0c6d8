//! The files that go with the modules: those of the project, of included distributions, given by hand.
//!
//! Comes in: the finished graph. Goes out: every file once, by its path below the virtual root, sorted into sources
//! that no import leads to, data and shared libraries. Nothing is opened.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::GraphError;
use super::finder::{child, join};
use super::locked::LockedFile;
use super::module_graph::{ModuleGraph, Node, NodeKind, NodePlace};
use super::pattern::Pattern;
use super::report::some_of;
use crate::bytecode::{SourceText, module_name};
use crate::contents::{DataFile, FileContent, Owner, SharedLibrary, Warning};
use crate::project::{
    DataSetting, FoundFile, FoundTree, InstalledDistribution, Scope, is_compiled, is_executable, walk,
};

/// All files but the sources that imports lead to.
#[derive(Default)]
pub(super) struct Files {
    /// Sources that no import leads to, by path.
    pub(super) sources: BTreeMap<String, ColdSource>,
    /// Files that are no modules, by path.
    pub(super) data: BTreeMap<String, DataFile>,
    /// Directories without files.
    pub(super) directories: BTreeSet<String>,
    /// Shared libraries, by path.
    pub(super) libraries: BTreeMap<String, SharedLibrary>,
    /// Paths of those that the runtime can't load.
    pub(super) unusable_libraries: BTreeSet<String>,
    /// Distributions of which code is listed that is not there.
    pub(super) warnings: Vec<Warning>,
}

/// A source that no import leads to.
pub(super) struct ColdSource {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) owner: Owner,
}

/// A directory of `sys.path` below the virtual root, whose files belong to somebody.
struct Place<'r> {
    root: &'r str,
    owner: Owner,
}

impl ModuleGraph<'_> {
    /// Finds all files.
    pub(super) fn files(&self) -> Result<Files, GraphError> {
        let hot = self.nodes.iter().filter_map(Node::virtual_path).collect();
        let mut collector = Collector { graph: self, hot, files: Files::default() };
        self.nodes.iter().for_each(|node| collector.extension(node));
        collector.project()?;
        collector.packages()?;
        for (distribution, _) in self.distributions.included() {
            if !self.is_wholly_excluded(distribution) {
                collector.distribution(distribution)?;
            }
        }
        collector.standard_library();
        for file in &self.locked_files {
            collector.locked(file);
        }
        for setting in &self.project.settings.data {
            collector.setting(setting)?;
        }
        Ok(collector.files)
    }

    /// True when the user excludes every module of a distribution, and so the distribution.
    pub(super) fn is_wholly_excluded(&self, distribution: &InstalledDistribution) -> bool {
        let mut names = distribution.site_files().filter_map(|file| module_name(file, "")).peekable();
        names.peek().is_some() && names.all(|(name, _)| self.is_excluded(&name))
    }
}

impl Node {
    /// The path of its source, if it has one.
    pub(super) fn virtual_path(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Source { virtual_path, .. } => Some(virtual_path),
            _ => None,
        }
    }

    /// The folder of a regular package on disk.
    fn package_folder(&self) -> Option<&Path> {
        match &self.kind {
            NodeKind::Source { place: NodePlace::Text(SourceText::Disk(path)), .. } if !self.portions.is_empty() => {
                path.parent()
            }
            _ => None,
        }
    }
}

struct Collector<'g, 'a> {
    graph: &'g ModuleGraph<'a>,
    hot: HashSet<&'g str>,
    files: Files,
}

impl Collector<'_, '_> {
    /// The library of a module that imports lead to.
    fn extension(&mut self, node: &Node) {
        let NodeKind::Extension { virtual_path, path } = &node.kind else { return };
        self.library(virtual_path.clone(), node.owner.clone(), path.clone(), Some(node));
    }

    fn library(&mut self, path: String, owner: Owner, source: PathBuf, node: Option<&Node>) {
        if !self.graph.library.loads_libraries() {
            self.files.unusable_libraries.insert(path);
            return;
        }
        let content = FileContent::Disk(source);
        let file = DataFile { path: path.clone(), owner, content, is_executable: true };
        let importer = node.and_then(|node| node.imported_by);
        let library = SharedLibrary {
            file,
            module: node.map(|node| node.name.clone()),
            imported_by: importer.map(|index| self.graph.nodes[index].name.clone()),
            reason: node.map(|node| node.reason),
            is_required: false,
        };
        self.files.libraries.entry(path).or_insert(library);
    }

    fn project(&mut self) -> Result<(), GraphError> {
        let project = self.graph.project;
        for generated in &project.metadata {
            let content = FileContent::Bytes(generated.content.clone());
            self.data(generated.virtual_path.clone(), Owner::Project, content, false);
        }
        let Scope::Everything(found) = &project.scope else { return Ok(()) };
        // Installed packages lie in site-packages, a folder's files in the root.
        let site = self.graph.library.site_packages();
        let root = if project.distribution.is_some() { site.as_str() } else { "" };
        self.tree(found, &Place { root, owner: Owner::Project }, "");
        Ok(())
    }

    /// All of each package that was reached in a folder that is not included as a whole.
    fn packages(&mut self) -> Result<(), GraphError> {
        let is_reachable = matches!(self.graph.project.scope, Scope::Reachable);
        for node in &self.graph.nodes {
            let is_wanted = match &node.owner {
                Owner::Project => is_reachable,
                Owner::Distribution(key) => !self.graph.distributions.is_installed(key),
                _ => false,
            };
            let is_top = match node.name.rsplit_once('.') {
                None => true,
                Some((parent, _)) => self.graph.is_namespace(parent),
            };
            let (true, true, Some(folder)) = (is_wanted, is_top, node.package_folder()) else { continue };
            let found = walk(folder, &[])?;
            let virtual_path = node.portions.first().map_or("", |portion| portion.virtual_path.as_str());
            // The root is what stands before the module's name.
            let root = virtual_path.strip_suffix(&node.name.replace('.', "/")).unwrap_or(virtual_path);
            self.tree(&found, &Place { root: root.trim_end_matches('/'), owner: node.owner.clone() }, virtual_path);
        }
        Ok(())
    }

    fn distribution(&mut self, distribution: &InstalledDistribution) -> Result<(), GraphError> {
        let site = self.graph.library.site_packages();
        let place = Place { root: &site, owner: Owner::Distribution(distribution.key.clone()) };
        let metadata = distribution.metadata_name();
        let mut absent = Vec::new();
        for file in distribution.site_files().filter(|file| child(file, metadata).is_none()) {
            let path = distribution.location.join(file);
            match fs::metadata(&path) {
                Ok(found) if found.is_file() => self.file(&place, join(&site, file), path, is_executable(&found)),
                _ if self.is_wanted_code(file) => absent.push(file),
                _ => {}
            }
        }
        self.files.warnings.extend(absent_files(distribution, &absent));
        if distribution.files.is_none() && distribution.editable.is_empty() {
            let own_name = [distribution.key.replace('-', "_")];
            let names = if distribution.top_level.is_empty() { &own_name[..] } else { &distribution.top_level };
            for name in names {
                for name in [name.clone(), format!("{name}.py")] {
                    self.path(&place, &name, &distribution.location.join(&name))?;
                }
            }
        }
        for (name, path) in &distribution.editable {
            self.path(&place, name, path)?;
        }
        self.metadata(&place, distribution)
    }

    /// True for a module or a shared library that the user has not excluded.
    fn is_wanted_code(&self, file: &str) -> bool {
        let is_library = is_shared_library(file.rsplit('/').next().unwrap_or(file));
        let name = if is_library { module_of_library(file, "") } else { module_name(file, "").map(|(name, _)| name) };
        name.map_or(is_library, |name| !self.graph.is_excluded(&name))
    }

    /// The metadata folder, but for the file that says from which folder of this machine it was installed.
    fn metadata(&mut self, place: &Place<'_>, distribution: &InstalledDistribution) -> Result<(), GraphError> {
        let path = &distribution.metadata_path;
        let virtual_path = join(place.root, distribution.metadata_name());
        if path.is_file() {
            self.data(virtual_path, place.owner.clone(), FileContent::Disk(path.clone()), false);
            return Ok(());
        }
        for file in walk(path, &[])?.files {
            let is_local = file.relative == "direct_url.json"
                && fs::read_to_string(&file.path).is_ok_and(|text| text.contains("\"file:"));
            if !is_local {
                let content = FileContent::Disk(file.path);
                self.data(join(&virtual_path, &file.relative), place.owner.clone(), content, false);
            }
        }
        Ok(())
    }

    /// A file, or a folder with all that is in it, under its name in site-packages.
    fn path(&mut self, place: &Place<'_>, name: &str, path: &Path) -> Result<(), GraphError> {
        let virtual_path = join(place.root, name);
        if path.is_dir() {
            self.tree(&walk(path, &[])?, place, &virtual_path);
        } else if path.is_file() {
            self.file(place, virtual_path, path.to_owned(), false);
        }
        Ok(())
    }

    fn tree(&mut self, found: &FoundTree, place: &Place<'_>, virtual_path: &str) {
        for FoundFile { relative, path, is_executable } in &found.files {
            self.file(place, join(virtual_path, relative), path.clone(), *is_executable);
        }
        let directories = found.empty_directories.iter().map(|directory| join(virtual_path, directory));
        self.files.directories.extend(directories);
    }

    /// One file of a place: a source, data, or something that is left out.
    fn file(&mut self, place: &Place<'_>, virtual_path: String, path: PathBuf, is_executable: bool) {
        let relative = child(&virtual_path, place.root).unwrap_or(&virtual_path);
        let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file_name = relative.rsplit('/').next().unwrap_or(relative);
        let is_main = virtual_path == self.graph.project.main.virtual_path;
        if self.hot.contains(virtual_path.as_str()) || is_compiled(file_name) {
            return;
        }
        if !folder.is_empty() && !folder.contains('.') && self.graph.is_excluded(&folder.replace('/', ".")) {
            return;
        }
        if is_shared_library(file_name) {
            let name = module_of_library(&virtual_path, place.root);
            if !name.is_some_and(|name| self.graph.is_excluded(&name)) {
                self.library(virtual_path, place.owner.clone(), path, None);
            }
            return;
        }
        match module_name(&virtual_path, place.root) {
            Some((name, _)) if !is_main => {
                if !self.graph.is_excluded(&name) {
                    let source = ColdSource { name, path, owner: place.owner.clone() };
                    self.files.sources.entry(virtual_path).or_insert(source);
                }
            }
            _ => self.data(virtual_path, place.owner.clone(), FileContent::Disk(path), is_executable),
        }
    }

    fn data(&mut self, path: String, owner: Owner, content: FileContent, is_executable: bool) {
        if !self.files.sources.contains_key(&path) {
            let file = DataFile { path: path.clone(), owner, content, is_executable };
            self.files.data.entry(path).or_insert(file);
        }
    }

    /// The data files of the standard library; when pruning, only those of packages that are used.
    fn standard_library(&mut self) {
        let library = self.graph.library;
        let packages: HashSet<_> =
            library.modules.iter().filter(|module| module.is_package).map(|module| module.path.as_str()).collect();
        for file in &library.files {
            let mut folders = file.path.match_indices('/').map(|(end, _)| format!("{}/__init__.py", &file.path[..end]));
            let package = folders.rfind(|path| packages.contains(path.as_str()));
            let is_unused = package.is_some_and(|package| !self.hot.contains(package.as_str()));
            let relative = child(&file.path, &library.path).unwrap_or(&file.path);
            let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder).replace('/', ".");
            let is_dropped = (self.graph.project.settings.prune && is_unused)
                || (!folder.is_empty() && self.graph.is_excluded(&folder));
            if !is_dropped {
                self.data(file.path.clone(), Owner::StandardLibrary, FileContent::Pack, file.is_executable);
            }
        }
    }

    /// What a trace has seen, unless it is there already.
    fn locked(&mut self, file: &LockedFile) {
        let is_executable = fs::metadata(&file.path).is_ok_and(|metadata| is_executable(&metadata));
        let place = Place { root: &file.root, owner: file.owner.clone() };
        self.file(&place, file.virtual_path.clone(), file.path.clone(), is_executable);
    }

    /// What a data setting names; it goes before anything else of the same path.
    fn setting(&mut self, setting: &DataSetting) -> Result<(), GraphError> {
        let DataSetting { source, destination } = setting;
        let no_data = || GraphError::NoData { path: source.clone() };
        let folder = destination.trim_end_matches('/');
        let name = source.file_name().and_then(|name| name.to_str()).ok_or_else(no_data)?;
        if source.is_dir() {
            for file in walk(source, &[])?.files {
                self.given(join(folder, &file.relative), file.path, file.is_executable);
            }
        } else if let Ok(metadata) = fs::metadata(source) {
            let is_folder = destination.is_empty() || destination.ends_with('/');
            let path = if is_folder { join(folder, name) } else { destination.clone() };
            self.given(path, source.clone(), is_executable(&metadata));
        } else if name.contains(['*', '?']) {
            self.given_pattern(source.parent().unwrap_or(Path::new("")), name, folder, &no_data)?;
        } else {
            return Err(no_data());
        }
        Ok(())
    }

    fn given_pattern(
        &mut self,
        place: &Path,
        pattern: &str,
        folder: &str,
        no_data: &dyn Fn() -> GraphError,
    ) -> Result<(), GraphError> {
        let place = if place.as_os_str().is_empty() { Path::new(".") } else { place };
        let entries = fs::read_dir(place).map_err(|source| GraphError::Read { path: place.to_owned(), source })?;
        let pattern = Pattern::new(pattern);
        let mut is_found = false;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Ok(metadata) = fs::metadata(&path)
                && metadata.is_file()
                && pattern.fits(name)
            {
                is_found = true;
                self.given(join(folder, name), path.clone(), is_executable(&metadata));
            }
        }
        if is_found { Ok(()) } else { Err(no_data()) }
    }

    fn given(&mut self, path: String, source: PathBuf, is_executable: bool) {
        self.files.sources.remove(&path);
        if is_shared_library(path.rsplit('/').next().unwrap_or(&path)) {
            self.files.libraries.remove(&path);
            self.library(path, Owner::Settings, source, None);
            return;
        }
        let content = FileContent::Disk(source);
        let file = DataFile { path: path.clone(), owner: Owner::Settings, content, is_executable };
        self.files.data.insert(path, file);
    }
}

/// What is said of files that an installer has listed and that are gone; data may be, as tests and manuals often are.
fn absent_files(distribution: &InstalledDistribution, absent: &[&str]) -> Option<Warning> {
    let (count, name) = (absent.len(), &distribution.name);
    let paths: Vec<_> = absent.iter().map(Path::new).collect();
    (count > 0).then(|| Warning {
        message: format!("{count} of the modules that `{name}` has installed are gone: {}", some_of(&paths)),
        hints: vec![format!("its installation is damaged; install `{}` again", distribution.name)],
    })
}

/// The dotted name under which the library at a path would be imported.
fn module_of_library(path: &str, root: &str) -> Option<String> {
    let relative = child(path, root)?;
    let (folder, name) = relative.rsplit_once('/').unwrap_or(("", relative));
    let stem = name.split('.').next().unwrap_or(name);
    Some(if folder.is_empty() { stem.to_owned() } else { format!("{}.{stem}", folder.replace('/', ".")) })
}

/// True for `x.so`, `libx.so.1`, `x.cpython-313-x86_64-linux-gnu.so`.
fn is_shared_library(name: &str) -> bool {
    name.ends_with(".so") || name.contains(".so.")
}
