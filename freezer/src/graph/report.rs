//! The finished graph as [`Contents`]: modules hot and cold, files, distributions, missing imports, warnings.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::cold::Cold;
use super::error::WrongSource;
use super::first_imports::first_imports;
use super::module_graph::{ModuleGraph, Node, NodeKind, NodePlace};
use super::{GraphError, left_out, missing};
use crate::bytecode::Compiled;
use crate::contents::{
    Contents, DataFile, Distribution, FileContent, Module, ModuleCode, ModuleSource, Owner, Reason, SharedLibrary,
    Temperature, Warning,
};
use crate::project::{InstalledDistribution, SourcePolicy};

/// Puts everything together, or says what is wrong with it.
pub(super) fn contents(graph: &ModuleGraph<'_>, cold: &Cold) -> Result<Contents, GraphError> {
    let report = Report { graph, cold };
    let mut warnings = [graph.project.warnings.as_slice(), &graph.warnings].concat();
    warnings.extend(report.wrong_sources()?);
    warnings.extend(report.compiler_warnings());
    warnings.extend(report.foreign_libraries());
    warnings.extend(report.unusable_libraries());
    warnings.extend(cold.files.warnings.iter().cloned());
    warnings.extend(report.shared_files());
    let (missing, not_found) = missing::imports(graph)?;
    warnings.extend(not_found);
    let modules = report.modules();
    let mut files = report.files(&modules);
    let left_out = left_out::modules(graph, &modules, &missing);
    if let Some(file) = left_out::file(&left_out, &graph.library.path) {
        files.insert(file.path.clone(), file);
    }
    let directories = report.directories(modules.keys().chain(files.keys()).chain(cold.files.libraries.keys()));
    Ok(Contents {
        entry_point: Some(graph.project.entry_point.clone()),
        search_path: graph.project.search_path.clone(),
        first_imports: first_imports(graph),
        directories,
        modules: modules.into_values().collect(),
        files: files.into_values().collect(),
        libraries: report.libraries(),
        distributions: report.distributions(),
        missing,
        left_out,
        warnings,
    })
}

struct Report<'g, 'a> {
    graph: &'g ModuleGraph<'a>,
    cold: &'g Cold,
}

impl Report<'_, '_> {
    fn modules(&self) -> BTreeMap<String, Module> {
        let mut modules = BTreeMap::new();
        for node in &self.graph.nodes {
            if let Some(module) = self.hot_module(node) {
                modules.entry(module.path.clone()).or_insert(module);
            }
        }
        for (path, source, compiled) in &self.cold.modules {
            let module = Module {
                name: source.name.clone(),
                path: path.clone(),
                owner: source.owner.clone(),
                temperature: Temperature::Cold,
                code: ModuleCode::Bytes(compiled.code.clone()),
                source: self.source(compiled),
                imported_by: None,
                reason: None,
            };
            modules.entry(path.clone()).or_insert(module);
        }
        for index in self.graph.library_modules() {
            let module = self.library_module(index, Temperature::Cold, None, None);
            modules.entry(module.path.clone()).or_insert(module);
        }
        modules
    }

    /// The shared libraries, with those told apart without which the program can't start.
    fn libraries(&self) -> Vec<SharedLibrary> {
        let certain = missing::certain(self.graph);
        let names: HashSet<_> = certain.iter().map(|index| self.graph.nodes[*index].name.as_str()).collect();
        let is_required = |library: &SharedLibrary| library.module.as_deref().is_some_and(|name| names.contains(name));
        let libraries = self.cold.files.libraries.values();
        libraries.map(|library| SharedLibrary { is_required: is_required(library), ..library.clone() }).collect()
    }

    fn hot_module(&self, node: &Node) -> Option<Module> {
        let NodeKind::Source { virtual_path, place } = &node.kind else { return None };
        let imported_by = node.imported_by.map(|index| self.graph.nodes[index].name.clone());
        if let NodePlace::Library(index) = place {
            return Some(self.library_module(*index, Temperature::Hot, imported_by, Some(node.reason)));
        }
        let compiled = node.compiled.as_ref()?;
        Some(Module {
            name: node.name.clone(),
            path: virtual_path.clone(),
            owner: node.owner.clone(),
            temperature: Temperature::Hot,
            code: ModuleCode::Bytes(compiled.code.clone()),
            source: self.source(compiled),
            imported_by,
            reason: Some(node.reason),
        })
    }

    fn library_module(
        &self,
        index: usize,
        temperature: Temperature,
        imported_by: Option<String>,
        reason: Option<Reason>,
    ) -> Module {
        let module = &self.graph.library.modules[index];
        let optimized = self.cold.library_code.get(&index);
        Module {
            name: module.name.clone(),
            path: module.path.clone(),
            owner: Owner::StandardLibrary,
            temperature,
            code: optimized.map_or(ModuleCode::Pack, |code| ModuleCode::Bytes(code.clone())),
            source: self.has_sources().then_some(ModuleSource::Pack),
            imported_by,
            reason,
        }
    }

    fn has_sources(&self) -> bool {
        self.graph.project.settings.source == SourcePolicy::Included
    }

    fn source(&self, compiled: &Compiled) -> Option<ModuleSource> {
        self.has_sources().then(|| ModuleSource::Bytes(compiled.source.clone()))
    }

    /// The data files, and the sources of distributions that are none: template files, other Pythons.
    fn files(&self, modules: &BTreeMap<String, Module>) -> BTreeMap<String, DataFile> {
        let mut files = self.cold.files.data.clone();
        for wrong in self.graph.wrong.iter().chain(&self.cold.wrong) {
            let path = wrong.virtual_path.clone();
            let content = FileContent::Disk(wrong.path.clone());
            let file = DataFile { path: path.clone(), owner: wrong.owner.clone(), content, is_executable: false };
            files.entry(path).or_insert(file);
        }
        files.retain(|path, _| !modules.contains_key(path));
        files
    }

    fn directories<'p>(&self, paths: impl Iterator<Item = &'p String>) -> Vec<String> {
        let filled: BTreeSet<_> = paths.filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder).collect();
        let empty = self.cold.files.directories.iter().filter(|directory| !filled.contains(directory.as_str()));
        empty.cloned().collect()
    }

    /// The project's wrong sources are an error, all at once; those of others are warnings.
    fn wrong_sources(&self) -> Result<Vec<Warning>, GraphError> {
        let mut own = Vec::new();
        let mut others: BTreeMap<&Owner, Vec<&Path>> = BTreeMap::new();
        for wrong in self.graph.wrong.iter().chain(&self.cold.wrong) {
            if wrong.owner == Owner::Project {
                own.push(WrongSource { path: wrong.path.clone(), diagnostics: wrong.diagnostics.clone() });
            } else {
                others.entry(&wrong.owner).or_default().push(&wrong.path);
            }
        }
        if !own.is_empty() {
            own.sort_by(|left, right| left.path.cmp(&right.path));
            own.dedup_by(|left, right| left.path == right.path);
            return Err(GraphError::Syntax { sources: own });
        }
        let warning = |(owner, mut paths): (&Owner, Vec<&Path>)| {
            paths.sort();
            let message = format!("Not valid Python, included as data, in {}: {}", owner_name(owner), some_of(&paths));
            Warning { message, hints: Vec::new() }
        };
        Ok(others.into_iter().map(warning).collect())
    }

    /// What the compiler warns of in the project's sources.
    fn compiler_warnings(&self) -> Vec<Warning> {
        let hot = self.graph.nodes.iter().filter(|node| node.owner == Owner::Project);
        let hot = hot.filter_map(|node| Some((node.virtual_path()?, node.compiled.as_ref()?)));
        let cold = self.cold.modules.iter().filter(|(_, source, _)| source.owner == Owner::Project);
        let mut warnings: Vec<_> = hot.chain(cold.map(|(path, _, compiled)| (path.as_str(), compiled))).collect();
        warnings.sort_by_key(|(path, _)| *path);
        warnings.dedup_by_key(|(path, _)| *path);
        let mut found = Vec::new();
        for (path, compiled) in warnings {
            for warning in &compiled.warnings {
                let line = warning.line.unwrap_or(0);
                let message = format!("{}, in `{path}`, line {line}: {}", warning.kind, warning.message);
                found.push(Warning { message, hints: Vec::new() });
            }
        }
        found
    }

    /// Extension modules of which a distribution has only what another Python version could load.
    fn foreign_libraries(&self) -> Vec<Warning> {
        let own_tag = format!(".cpython-3{}-", self.graph.library.minor_version());
        let libraries = &self.cold.files.libraries;
        let stem = |path: &str| path.split_once(".cpython-").map(|(stem, _)| stem.to_owned());
        let own: BTreeSet<_> =
            libraries.keys().filter(|path| path.contains(&own_tag)).filter_map(|path| stem(path)).collect();
        let mut by_owner: BTreeMap<&Owner, Vec<&Path>> = BTreeMap::new();
        for (path, library) in libraries {
            if !path.contains(&own_tag) && stem(path).is_some_and(|stem| !own.contains(&stem)) {
                by_owner.entry(&library.file.owner).or_default().push(Path::new(path));
            }
        }
        let warning = |(owner, paths): (&Owner, Vec<&Path>)| Warning {
            message: format!("Made for another Python version, in {}: {}", owner_name(owner), some_of(&paths)),
            hints: vec![format!("install the package for Python 3.{}", self.graph.library.minor_version())],
        };
        by_owner.into_iter().map(warning).collect()
    }

    /// What a static program goes without.
    fn unusable_libraries(&self) -> Option<Warning> {
        let paths: Vec<_> = self.cold.files.unusable_libraries.iter().map(Path::new).collect();
        let message = format!("Left out, since a static program loads no shared libraries: {}", some_of(&paths));
        let hints = vec!["where the program can't do without them, build it with `--stub dynamic`".to_owned()];
        (!paths.is_empty()).then_some(Warning { message, hints })
    }

    /// Pairs of distributions, one of them included, that list the same module among their files.
    fn shared_files(&self) -> Vec<Warning> {
        let included: BTreeSet<_> = self.graph.distributions.included().map(|(one, _)| one.key.as_str()).collect();
        let installed = self.graph.project.environment.iter().flat_map(|environment| &environment.distributions);
        let mut owners: BTreeMap<(&Path, &str), Vec<&InstalledDistribution>> = BTreeMap::new();
        for distribution in installed {
            for file in distribution.site_files().filter(|file| file.ends_with(".py")) {
                let owners = owners.entry((&distribution.location, file)).or_default();
                if owners.last().is_none_or(|last| last.key != distribution.key) {
                    owners.push(distribution);
                }
            }
        }
        let mut pairs: BTreeMap<(&str, &str), Vec<&Path>> = BTreeMap::new();
        for ((_, file), owners) in owners {
            for (position, first) in owners.iter().enumerate() {
                for second in &owners[position + 1..] {
                    if included.contains(first.key.as_str()) || included.contains(second.key.as_str()) {
                        pairs.entry((&first.name, &second.name)).or_default().push(Path::new(file));
                    }
                }
            }
        }
        let warning = |((first, second), files): ((&str, &str), Vec<&Path>)| Warning {
            message: format!("Both `{first}` and `{second}` have installed the same file: {}", some_of(&files)),
            hints: vec!["uninstall one of them: the file is now of the one that was installed last".into()],
        };
        pairs.into_iter().map(warning).collect()
    }

    fn distributions(&self) -> Vec<Distribution> {
        let included = self.graph.distributions.included();
        let included = included.filter(|(distribution, _)| !self.graph.is_wholly_excluded(distribution));
        let mut distributions: Vec<_> = included
            .map(|(distribution, reason)| Distribution {
                name: distribution.name.clone(),
                version: distribution.version.clone(),
                reason: reason.to_owned(),
            })
            .collect();
        distributions.extend(self.graph.project.distribution.as_ref().map(|own| Distribution {
            name: own.name.clone(),
            version: own.version.clone(),
            reason: "the project itself".into(),
        }));
        distributions.sort_by_cached_key(|distribution| crate::project::normalize(&distribution.name));
        distributions
    }
}

fn owner_name(owner: &Owner) -> String {
    match owner {
        Owner::Distribution(name) => format!("`{name}`"),
        Owner::StandardLibrary => "the standard library".into(),
        Owner::Project | Owner::Settings => "the project".into(),
    }
}

/// The first of the paths, and how many there are more.
pub(super) fn some_of(paths: &[&Path]) -> String {
    let first: PathBuf = paths.iter().take(1).collect();
    match paths.len() {
        0 | 1 => format!("`{}`", first.display()),
        count => format!("`{}` and {} more", first.display(), count - 1),
    }
}
