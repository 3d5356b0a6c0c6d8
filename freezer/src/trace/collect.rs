//! From what the tracer has seen to the lock.
//!
//! Comes in: facts with the module that caused each. Goes out: those that the program itself caused and that no import
//! statement shows. What only the tracing command needs, such as pytest and the tests, stays out, because no module of
//! the program has caused it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::command::{Command, Program};
use super::record::Record;
use crate::bytecode::Compiler;
use crate::graph::{GraphError, Reach};
use crate::project::{LOCK_NAME, Lock, PACKAGE_PREFIX, Place, Project, SourceOwner, normalize};

/// What every machine has, and what is nobody's data.
const SYSTEM_FOLDERS: [&str; 12] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var"];

/// The C library's parts: a machine without them runs nothing.
const LIBC: [&str; 8] =
    ["libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so", "libresolv.so", "ld-linux"];

/// What `multiprocessing` calls the program's main module in a spawned child.
const MP_MAIN: &str = "__mp_main__";

/// A listed folder with more files than this is no folder of data.
const MAX_LISTED: usize = 1000;

pub(super) struct Collector<'a> {
    project: &'a Project,
    /// The name by which the graph knows what runs as `__main__`; `None` if that is not of the program.
    main: Option<String>,
    /// Real paths of the folders of packages, with the way to write a file in them.
    packages: Vec<(PathBuf, String)>,
    library: PathBuf,
}

/// Where a path lies.
enum Owned {
    Package(String),
    Project(String),
    /// In the standard library, in a system folder, or in what the program has made itself.
    Nobody,
    Outside(String),
}

impl<'a> Collector<'a> {
    pub(super) fn new(project: &'a Project, command: &Command, library: &Path) -> Self {
        let main = match &command.program {
            Program::Own => Some("__main__".to_owned()),
            Program::Module(module) => Some(module.clone()),
            Program::Script { .. } => None,
        };
        let library = library.canonicalize().unwrap_or_else(|_| library.to_owned());
        Self { project, main, packages: packages(project), library }
    }

    /// What the lock has to say after this run.
    pub(super) fn lock(
        &self,
        records: &BTreeSet<Record>,
        reach: &mut Reach<'_>,
        compiler: &mut Compiler,
    ) -> Result<Lock, GraphError> {
        let mut lock = Lock::default();
        self.modules(records, reach, compiler, &mut lock)?;
        let written: BTreeSet<_> = records.iter().filter_map(written).collect();
        for record in records {
            match record {
                Record::File { path, by } if self.is_ours(by, reach) && !written.contains(path.as_path()) => {
                    self.file(path, &mut lock);
                }
                Record::Folder { path, by } if self.is_ours(by, reach) => self.folder(path, &written, &mut lock),
                Record::Library { name, by } if self.is_ours(by, reach) => self.library(name, &mut lock),
                Record::Mapped(path) if reach.includes(path) => self.mapped(path, records, &mut lock),
                Record::Distribution { name, by } if self.is_ours(by, reach) => self.distribution(name, &mut lock),
                Record::Group { name, by } if self.is_ours(by, reach) => {
                    lock.entry_point_groups.insert(name.clone());
                }
                _ => {}
            }
        }
        Ok(lock)
    }

    /// Adds modules whose importer is in the graph and which are not, until there are none: what such a module imports
    /// by a statement then follows by itself.
    fn modules(
        &self,
        records: &BTreeSet<Record>,
        reach: &mut Reach<'_>,
        compiler: &mut Compiler,
        lock: &mut Lock,
    ) -> Result<(), GraphError> {
        loop {
            let mut new = BTreeSet::new();
            for record in records {
                let Record::Module { name, importer, file } = record else { continue };
                let is_known = reach.is_builtin(name)
                    || reach.has(name)
                    || lock.modules.contains(name)
                    || matches!(name.as_str(), "__main__" | MP_MAIN);
                if is_known || !self.is_ours(importer, reach) {
                    continue;
                }
                if reach.can_find(name, file) {
                    new.insert(name.clone());
                } else {
                    self.file(file, lock);
                }
            }
            if new.is_empty() {
                // A package comes with its modules.
                let all = lock.modules.clone();
                let is_above = |name: &String| all.iter().any(|other| other.starts_with(&format!("{name}.")));
                lock.modules.retain(|name| !is_above(name));
                return Ok(());
            }
            reach.add(&new, compiler)?;
            lock.modules.extend(new);
        }
    }

    /// True for a module of the program.
    fn is_ours(&self, module: &str, reach: &Reach<'_>) -> bool {
        match (module, &self.main) {
            ("__main__" | MP_MAIN, None) | ("", _) => false,
            ("__main__" | MP_MAIN, Some(main)) => reach.has(main) || reach.has(&format!("{main}.__main__")),
            (module, _) => reach.has(module),
        }
    }

    fn file(&self, path: &Path, lock: &mut Lock) {
        match self.owner(path) {
            Owned::Package(file) | Owned::Project(file) => drop(lock.files.insert(file)),
            Owned::Outside(file) => drop(lock.outside.insert(file)),
            Owned::Nobody => {}
        }
    }

    /// Whoever lists a folder wants what is in it; not so for the project's own, where everything lies.
    fn folder(&self, path: &Path, written: &BTreeSet<&Path>, lock: &mut Lock) {
        if path.canonicalize().is_ok_and(|path| self.project.folder.starts_with(path)) {
            return;
        }
        let entries: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        let is_hidden = |path: &PathBuf| path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if entries.len() > MAX_LISTED {
            return;
        }
        for file in entries.iter().filter(|file| !is_hidden(file) && !written.contains(file.as_path())) {
            if let Owned::Package(file) | Owned::Project(file) = self.owner(file)
                && !file.contains(".so")
            {
                lock.files.insert(file);
            }
        }
    }

    fn library(&self, name: &str, lock: &mut Lock) {
        let path = Path::new(name);
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match if name.contains('/') { self.owner(path) } else { Owned::Nobody } {
            Owned::Package(file) | Owned::Project(file) => drop(lock.libraries.insert(file)),
            Owned::Nobody | Owned::Outside(_) => {
                if !LIBC.iter().any(|part| file_name.starts_with(part)) {
                    lock.host_libraries.insert(file_name);
                }
            }
        }
    }

    /// A library that came with another one; those of modules are found by their imports.
    fn mapped(&self, path: &Path, records: &BTreeSet<Record>, lock: &mut Lock) {
        let is_module = |record: &Record| {
            matches!(record, Record::Module { file, .. }
                if file.canonicalize().is_ok_and(|file| file == path))
        };
        if !records.iter().any(is_module)
            && let Owned::Package(file) | Owned::Project(file) = self.owner(path)
        {
            lock.libraries.insert(file);
        }
    }

    fn distribution(&self, name: &str, lock: &mut Lock) {
        let key = normalize(name);
        let is_installed = self.project.environment.as_ref().is_some_and(|one| one.distribution(&key).is_some());
        if is_installed {
            lock.distributions.insert(key);
        }
    }

    /// Where a file lies, by its real path.
    fn owner(&self, path: &Path) -> Owned {
        let Ok(real) = path.canonicalize() else { return Owned::Nobody };
        let is_code = real.extension().is_some_and(|extension| extension == "py" || extension == "pyc");
        if !real.is_file() || real.starts_with(&self.library) {
            return Owned::Nobody;
        }
        for (folder, prefix) in &self.packages {
            if let Some(relative) = real.strip_prefix(folder).ok().and_then(Path::to_str) {
                let file = if relative.is_empty() {
                    prefix.trim_end_matches('/').to_owned()
                } else {
                    format!("{prefix}{relative}")
                };
                return if is_code { Owned::Nobody } else { Owned::Package(file) };
            }
        }
        match real.strip_prefix(&self.project.folder).ok().and_then(Path::to_str) {
            Some(relative) if relative == LOCK_NAME || is_clutter(relative) => Owned::Nobody,
            Some(relative) => {
                let is_module = is_code && self.project_sources().any(|place| place.name_of(&real).is_some());
                if is_module { Owned::Nobody } else { Owned::Project(relative.to_owned()) }
            }
            None => self.outside(&real),
        }
    }

    fn project_sources(&self) -> impl Iterator<Item = &Place> {
        let sources = self.project.roots.iter().flat_map(|root| &root.sources);
        sources.filter(|source| source.owner == SourceOwner::Project).map(|source| &source.place)
    }

    /// A file beside the project by its way from there; of one far away only the name.
    fn outside(&self, real: &Path) -> Owned {
        let beside = self.project.folder.parent().filter(|parent| parent.components().count() > 1);
        if let Some(relative) = beside.and_then(|parent| real.strip_prefix(parent).ok()?.to_str()) {
            return Owned::Outside(format!("../{relative}"));
        }
        let temporary = std::env::temp_dir();
        let is_system = SYSTEM_FOLDERS.iter().any(|folder| real.starts_with(folder)) || real.starts_with(temporary);
        // A Python's own library, wherever it is installed.
        let is_library = real.components().any(|part| part.as_os_str().to_string_lossy().starts_with("python3."));
        match real.file_name().map(|name| name.to_string_lossy()) {
            Some(name) if !is_system && !is_library => Owned::Outside(name.into_owned()),
            _ => Owned::Nobody,
        }
    }
}

fn written(record: &Record) -> Option<&Path> {
    if let Record::Wrote(path) = record { Some(path) } else { None }
}

/// Virtual environments, caches and version control inside the project.
fn is_clutter(relative: &str) -> bool {
    let mut parts = Path::new(relative).components();
    parts.any(|part| matches!(part, Component::Normal(name) if name.as_encoded_bytes().starts_with(b".") || name == "__pycache__"))
}

/// The folders of installed packages, the inner ones first.
fn packages(project: &Project) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let sources = project.environment.iter().flat_map(|environment| &environment.sources);
    for source in sources {
        match &source.place {
            Place::Folder(folder) => found.push((folder.clone(), PACKAGE_PREFIX.to_owned())),
            Place::Named(named) => {
                let prefix = |name: &String| format!("{PACKAGE_PREFIX}{name}/");
                found.extend(named.iter().map(|(name, path)| (path.clone(), prefix(name))));
            }
            Place::Library => {}
        }
    }
    let mut real: Vec<_> =
        found.into_iter().filter_map(|(path, prefix)| Some((path.canonicalize().ok()?, prefix))).collect();
    // An editable installation of the project itself is the project.
    let is_own = |path: &PathBuf| path.starts_with(&project.folder) && !path.ends_with("site-packages");
    real.retain(|(path, _)| !is_own(path));
    real.sort_by_key(|(path, _)| std::cmp::Reverse(path.components().count()));
    real
}
