//! What a traced run has used: roots of the graph, distributions and files.
//!
//! Comes in: the project's lock. Goes out: new roots, and a warning for each thing that can't be included; under
//! `--locked` an error instead, if the lock names what is gone. It never looks outside of the project and its packages.

use std::path::PathBuf;

use super::GraphError;
use super::finder::join;
use super::module_graph::{Found, ModuleGraph};
use crate::contents::{Owner, Reason, Warning};
use crate::project::{Lock, PACKAGE_PREFIX, Place, SourceOwner};

/// A file that a trace has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockedFile {
    /// The directory of `sys.path` that it lies in.
    pub(super) root: String,
    /// Its path below the virtual root.
    pub(super) virtual_path: String,
    pub(super) path: PathBuf,
    pub(super) owner: Owner,
}

impl ModuleGraph<'_> {
    /// Adds what the lock names.
    pub(super) fn add_locked(&mut self) -> Result<(), GraphError> {
        let Some(found) = &self.project.lock else { return Ok(()) };
        let lock = found.lock.clone();
        self.because = Reason::Lock;
        let mut gone = self.locked_modules(&lock);
        for name in &lock.distributions {
            let is_own = self.project.distribution.as_ref().is_some_and(|own| own.key == *name);
            if !is_own && !self.distributions.add_traced(name) {
                gone.push(Gone { kind: "distribution", name: name.clone() });
            }
        }
        lock.entry_point_groups.iter().for_each(|group| self.distributions.advertisers(group, "a traced run"));
        for file in lock.files.iter().chain(&lock.libraries) {
            match self.locked_file(file) {
                Located::File(file) => self.locked_files.push(file),
                Located::Unplaced => self.warn_of_unplaced(file),
                Located::Gone => gone.push(Gone { kind: "file", name: file.clone() }),
            }
        }
        self.warn_of_outside(&lock);
        self.settle(gone)
    }

    fn locked_modules(&mut self, lock: &Lock) -> Vec<Gone> {
        let missing = |name: &&String| matches!(self.find(name, None), Found::Missing(_));
        let missing: Vec<_> = lock.modules.iter().filter(missing).cloned().collect();
        missing.into_iter().map(|name| Gone { kind: "module", name }).collect()
    }

    /// Where a path of the lock lies, and under which name the program sees it.
    fn locked_file(&mut self, text: &str) -> Located {
        let package = text.strip_prefix(PACKAGE_PREFIX);
        let relative = package.unwrap_or(text);
        let is_there = package.is_some() || self.project.folder.join(relative).is_file();
        for root in &self.project.roots {
            for source in
                root.sources.iter().filter(|source| (source.owner == SourceOwner::Project) != package.is_some())
            {
                let name = if package.is_some() {
                    Some(relative.to_owned())
                } else {
                    source.place.name_of(&self.project.folder.join(relative))
                };
                let path = name.as_ref().and_then(|name| source.place.path_of(name)).filter(|path| path.is_file());
                let (Some(name), Some(path)) = (name, path) else { continue };
                let owner = match &source.owner {
                    SourceOwner::Project => Owner::Project,
                    SourceOwner::Library => continue,
                    SourceOwner::Distribution(key) => Owner::Distribution(key.clone()),
                    SourceOwner::Environment => Owner::Distribution(self.distributions.owner_of_file(&path, &name)),
                };
                if let Owner::Distribution(key) = &owner {
                    self.distributions.add_traced(key);
                }
                let virtual_path = join(&root.virtual_path, &name);
                return Located::File(LockedFile { root: root.virtual_path.clone(), virtual_path, path, owner });
            }
        }
        if is_there && package.is_none() { Located::Unplaced } else { Located::Gone }
    }

    fn warn_of_unplaced(&mut self, file: &str) {
        self.warnings.push(Warning {
            message: format!("The traced program has read a file that no package of the project holds: `{file}`"),
            hints: vec![format!("move it into a package, or include it with `--data {file}:DEST`")],
        });
    }

    fn warn_of_outside(&mut self, lock: &Lock) {
        let libraries = lock.host_libraries.iter().map(|name| Warning {
            message: format!("The traced program has loaded a library of the machine: `{name}`"),
            hints: vec!["it stays outside: every machine that runs the program needs it".into()],
        });
        let files = lock.outside.iter().map(|file| Warning {
            message: format!("The traced program has read a file outside of the project and its packages: `{file}`"),
            hints: vec![format!("if the program needs it everywhere, include it with `--data {file}:DEST`")],
        });
        self.warnings.extend(libraries.chain(files));
    }

    fn settle(&mut self, gone: Vec<Gone>) -> Result<(), GraphError> {
        let Some(found) = self.project.lock.as_ref().filter(|_| !gone.is_empty()) else { return Ok(()) };
        if self.project.settings.locked {
            let names = gone.iter().map(|gone| format!("{} `{}`", gone.kind, gone.name)).collect();
            return Err(GraphError::Locked { path: found.path.clone(), names });
        }
        self.warnings.extend(gone.into_iter().map(|Gone { kind, name }| Warning {
            message: format!("Cannot find the {kind} that a traced run has used: `{name}`"),
            hints: vec!["trace again after deleting the lock, or install what is missing".into()],
        }));
        Ok(())
    }
}

enum Located {
    File(LockedFile),
    /// In the project's folder, but not where the program would see it.
    Unplaced,
    Gone,
}

struct Gone {
    kind: &'static str,
    name: String,
}

impl Place {
    /// The name that the file at `path` has in this place.
    pub(crate) fn name_of(&self, path: &std::path::Path) -> Option<String> {
        let inside = |folder: &PathBuf| path.strip_prefix(folder).ok()?.to_str().map(str::to_owned);
        match self {
            Self::Folder(folder) => inside(folder),
            Self::Named(named) => named.iter().find_map(|(name, path)| {
                let rest = inside(path)?;
                Some(if rest.is_empty() { name.clone() } else { format!("{name}/{rest}") })
            }),
            Self::Library => None,
        }
    }

    /// The path of what has this name in this place.
    fn path_of(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) => Some(folder.join(name)),
            Self::Named(named) => named.iter().find_map(|(own, path)| {
                if own == name {
                    return Some(path.clone());
                }
                Some(path.join(name.strip_prefix(own.as_str())?.strip_prefix('/')?))
            }),
            Self::Library => None,
        }
    }
}
