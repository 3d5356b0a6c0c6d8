//! Where the program runs: a temporary virtual environment around the project and its packages.
//!
//! Comes in: a project, and the Python to run it. Goes out: a folder in which python finds the project's packages as if
//! they were installed, then those of its environment, and the tracer. Nothing is written beside the project.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use tempfile::TempDir;

use super::command::{Command, Program};
use super::record::HOOK_SOURCE;
use super::{TraceError, prepare_error};
use crate::bytecode::{SourceText, default_cache_folder};
use crate::project::{self, Project, SourceOwner};
use crate::runtime::Runtime;

/// The variable that tells the tracer where to write.
const LOG_VARIABLE: &str = "PYFREEZE_TRACE";

pub(super) struct Place {
    folder: TempDir,
    log: PathBuf,
    executable: PathBuf,
    /// Where the project's packages and what pyfreeze makes of it lie.
    packages: PathBuf,
    library: PathBuf,
    is_own_python: bool,
}

impl Place {
    pub(super) fn prepare(project: &Project, runtime: &Runtime, python: Option<&Path>) -> Result<Self, TraceError> {
        let temporary = std::env::temp_dir();
        let folder = tempfile::Builder::new().prefix("pyfreeze-trace-").tempdir().map_err(prepare_error(&temporary))?;
        let root = folder.path().canonicalize().map_err(prepare_error(folder.path()))?;
        let name = runtime.python_name();
        let packages = root.join("lib").join(&name).join("site-packages");
        let base = match python {
            Some(python) => python.to_owned(),
            None => runtime.python_on_disk(&default_cache_folder().unwrap_or_else(|| root.clone()))?,
        };
        let library = base.ancestors().nth(2).unwrap_or(&root).join("lib");
        let executable = if python.is_some() { base.clone() } else { root.join("bin").join(&name) };
        let log = root.join("log");
        let place = Self { folder, log, executable, packages, library, is_own_python: python.is_none() };
        place.put(&place.log, b"")?;
        place.write("tracer/sitecustomize.py", HOOK_SOURCE.as_bytes())?;
        if python.is_none() {
            let home = base.parent().unwrap_or(&root).display();
            place.write("pyvenv.cfg", format!("home = {home}\ninclude-system-site-packages = false\n").as_bytes())?;
            place.link(&base, &place.executable)?;
            place.add_environment(project)?;
        }
        place.add_project(project, runtime)?;
        Ok(place)
    }

    /// The program that is started.
    pub(super) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Where the tracer writes.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Where that Python's standard library is.
    pub(super) fn library(&self) -> &Path {
        &self.library
    }

    /// The Python, with the tracer in it.
    pub(super) fn python(&self) -> Process {
        let mut process = Process::new(&self.executable);
        let mut search_path = vec![self.folder.path().join("tracer")];
        if !self.is_own_python {
            search_path.push(self.packages.clone());
        }
        let given = std::env::var_os("PYTHONPATH").unwrap_or_default();
        search_path.extend(std::env::split_paths(&given).filter(|path| !path.as_os_str().is_empty()));
        // A path with a colon in it can't be said in PYTHONPATH; a temporary folder's has none unless TMPDIR has.
        process.env("PYTHONPATH", std::env::join_paths(search_path).unwrap_or(given));
        process.env(LOG_VARIABLE, self.log());
        process
    }

    /// What python is told to run.
    pub(super) fn arguments(&self, command: &Command, project: &Project) -> Result<Vec<OsString>, TraceError> {
        let mut arguments: Vec<OsString> = match &command.program {
            Program::Module(module) => vec!["-m".into(), module.into()],
            Program::Script { name, text } => vec![self.write(&format!("bin/{name}"), text.as_bytes())?.into()],
            Program::Own => match &project.main.source {
                SourceText::Disk(_) if project.entry_point.is_folder => vec![project.folder.clone().into()],
                SourceText::Disk(path) => vec![path.clone().into()],
                SourceText::Bytes(text) => vec![self.write(&format!("bin/{}", project.name), text)?.into()],
            },
        };
        arguments.extend(command.arguments.iter().cloned());
        Ok(arguments)
    }

    /// The environment's packages, with what its `.pth` files add.
    fn add_environment(&self, project: &Project) -> Result<(), TraceError> {
        let sources = project.environment.iter().flat_map(|environment| &environment.sources);
        let mut text = String::new();
        for source in sources.filter(|source| source.owner == SourceOwner::Environment) {
            let project::Place::Folder(folder) = &source.place else { continue };
            let folder = folder.canonicalize().map_err(prepare_error(folder))?;
            // A line that begins with `import` is run by `site`.
            text += &format!("import site; site.addsitedir({:?})\n", folder.display().to_string());
        }
        self.put(&self.packages.join("environment.pth"), text.as_bytes())
    }

    /// The packages of a project that is run as if it were installed, and its metadata.
    fn add_project(&self, project: &Project, runtime: &Runtime) -> Result<(), TraceError> {
        let site = runtime.library().site_packages();
        let sources = project.roots.iter().flat_map(|root| &root.sources);
        for source in sources.filter(|source| source.owner == SourceOwner::Project) {
            let project::Place::Named(named) = &source.place else { continue };
            for (name, path) in named {
                self.link(path, &self.packages.join(name))?;
            }
        }
        for file in &project.metadata {
            if let Ok(relative) = Path::new(&file.virtual_path).strip_prefix(&site) {
                self.put(&self.packages.join(relative), &file.content)?;
            }
        }
        Ok(())
    }

    fn link(&self, target: &Path, link: &Path) -> Result<(), TraceError> {
        fs::create_dir_all(link.parent().unwrap_or(link)).map_err(prepare_error(link))?;
        symlink(target, link).map_err(prepare_error(link))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, TraceError> {
        let path = self.folder.path().join(name);
        self.put(&path, bytes)?;
        Ok(path)
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), TraceError> {
        fs::create_dir_all(path.parent().unwrap_or(path)).map_err(prepare_error(path))?;
        fs::write(path, bytes).map_err(prepare_error(path))
    }
}
