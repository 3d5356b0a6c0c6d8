//! The project: what is to be frozen, and everything found around it.
//!
//! Comes in: a path, settings, an environment. Goes out: a [`Project`]: entry point, search path, files, the
//! environment's distributions. Only folders and metadata are read; no module is opened, nothing is compiled.

mod error;
mod settings;
mod snapshot_settings;

mod distribution;
mod environment;
mod files;
mod frozen;
mod license_files;
mod lock;
pub(crate) mod marker;
mod metadata;
mod packages;
mod path_files;
pub(crate) mod pyproject;
mod read;
mod requirement;
mod roots;

pub use distribution::InstalledDistribution;
pub use environment::Environment;
pub use error::ProjectError;
pub use files::{FoundFile, FoundTree, is_compiled, is_executable, walk};
pub use lock::{FoundLock, LOCK_NAME, Lock, LockChoice, LockError, PACKAGE_PREFIX};
pub use metadata::{EntryPoints, entry_point_module};
pub(crate) use metadata::{Metadata, parse_entry_points, parse_metadata};
pub(crate) use pyproject::script_text as console_script;
pub(crate) use read::folder_of;
pub use requirement::{Requirement, normalize};
pub use roots::{Place, RootSource, SearchRoot, SourceOwner};
pub(crate) use settings::nearest;
pub use settings::{DataSetting, Settings, SettingsOverrides, SourcePolicy};
pub use snapshot_settings::{SnapshotChoice, SnapshotSettings};

use std::path::PathBuf;
use std::sync::Arc;

use crate::bytecode::{Library, SourceText};
use crate::contents::{EntryPoint, Warning};
use crate::runtime::StubKind;

/// What to freeze, and how.
#[derive(Clone, Debug, Default)]
pub struct ProjectRequest {
    /// A script, a folder, or a project with a pyproject.toml.
    pub path: PathBuf,
    /// The virtual environment given by hand.
    pub venv: Option<PathBuf>,
    /// The settings of the command line.
    pub overrides: SettingsOverrides,
}

/// A project, read.
#[derive(Clone, Debug)]
pub struct Project {
    /// A name for the executable.
    pub name: String,
    /// The folder that it lies in: its own, or that of the script.
    pub folder: PathBuf,
    /// What the user decided.
    pub settings: Settings,
    /// How the program is run.
    pub entry_point: EntryPoint,
    /// The module that is run.
    pub main: MainModule,
    /// `sys.path`, below the virtual root.
    pub search_path: Vec<String>,
    /// The places behind [`Self::search_path`], in the same order.
    pub roots: Vec<SearchRoot>,
    /// How much of the project's own files is included.
    pub scope: Scope,
    /// The metadata files that stand for an installation of the project.
    pub metadata: Vec<GeneratedFile>,
    /// The project as a distribution, if it is one: its normalized name, which the environment's copy must not take.
    pub distribution: Option<ProjectDistribution>,
    /// The environment, if there is one.
    pub environment: Option<Environment>,
    /// What a traced run of it has used.
    pub lock: Option<FoundLock>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// The module that is run as `__main__`.
#[derive(Clone, Debug)]
pub struct MainModule {
    /// Its path below the virtual root.
    pub virtual_path: String,
    /// Its source.
    pub source: SourceText,
}

/// How much of the project's own files is included.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Only what imports lead to: the folder of a script may hold anything. Of a package that is reached, all.
    Reachable,
    /// All of these, by their path below the virtual root.
    Everything(FoundTree),
}

/// A file made by the build.
#[derive(Clone, Debug)]
pub struct GeneratedFile {
    /// Its path below the virtual root.
    pub virtual_path: String,
    /// Its content.
    pub content: Arc<[u8]>,
}

/// The project as a distribution.
#[derive(Clone, Debug)]
pub struct ProjectDistribution {
    /// Its normalized name.
    pub key: String,
    /// Its name as written.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it requires.
    pub requirements: Vec<Requirement>,
    /// Its entry points.
    pub entry_points: EntryPoints,
}

/// The stub that a request wants, by the command line or the project's settings.
///
/// # Errors
/// [`ProjectError`] when the project is not there, or its settings can't be used.
pub fn wanted_stub(request: &ProjectRequest) -> Result<StubKind, ProjectError> {
    read::wanted_stub(request)
}

impl Project {
    /// Reads the project that `request` names.
    ///
    /// # Errors
    /// [`ProjectError`] when it, its settings or its environment can't be used.
    pub fn read(request: &ProjectRequest, library: &Library) -> Result<Self, ProjectError> {
        read::project(request, library)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::bytecode::Library;

    /// A runtime without a standard library.
    pub(crate) fn library() -> Library {
        Library {
            python_version: "3.13.5".into(),
            identity: "test".into(),
            path: "lib/python3.13".into(),
            modules: Vec::new(),
            files: Vec::new(),
            builtin_modules: vec!["sys".into(), "builtins".into()],
            extension_suffixes: [".cpython-313-x86_64-linux-gnu.so", ".abi3.so", ".so"].map(str::to_owned).to_vec(),
            frozen_modules: Vec::new(),
            source: Box::new(|_| None),
        }
    }
}
