//! Dependencies without a virtual environment: what a project needs, installed into the cache for the runtime's Python.
//!
//! Comes in: what the command line asks for, and a project. Goes out: a folder laid out as a virtual environment is, which
//! the build then uses as if `--venv` had named it, or nothing when there is an environment already. It is made by an
//! installer in a process of its own (the runtime's pip, or uv). Nothing of it ever goes into the project's folder or into
//! pyfreeze's own process, and what was interrupted or has failed is never taken for an environment.

mod error;
mod wanted;

mod declared;
mod lock;
mod requirements_file;

mod command;
mod diagnosis;
mod key;
mod settle;
mod store;

pub use diagnosis::Diagnosis;
pub use error::InstallError;
pub use lock::LockError;

use std::path::PathBuf;

use crate::bytecode::{Library, default_cache_folder};
use crate::project::{Project, ProjectError, ProjectRequest};
use crate::runtime::Runtime;
use command::Workplace;
use store::{Store, Stored};
use wanted::Wanted;

/// What the command line says about installing.
#[derive(Clone, Debug, Default)]
pub struct InstallRequest {
    /// Whether anything is installed.
    pub policy: Policy,
    /// Requirements files; they stand in place of all that the project declares.
    pub requirements: Vec<PathBuf>,
    /// The project's extras that are wanted, too.
    pub extras: Vec<String>,
    /// Its dependency groups (PEP 735) that are wanted, too.
    pub groups: Vec<String>,
    /// Whether an environment that was made before will do.
    pub freshness: Freshness,
    /// Who installs.
    pub installer: Installer,
    /// Where packages come from.
    pub index: IndexOptions,
}

/// Whether anything is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// When there is no environment, or when requirements are asked for by name.
    #[default]
    WhenNeeded,
    /// Even when there is an environment.
    Always,
    /// In no case.
    Never,
}

/// Whether an environment that was made before will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// However old it is: the same requirements give the same environment.
    #[default]
    Kept,
    /// It is made anew.
    Upgraded,
}

/// Who installs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Installer {
    /// The runtime's own pip.
    #[default]
    Pip,
    /// The `uv` on PATH.
    Uv,
}

/// Where packages come from, besides what the installer's own settings (`pip.conf`, `PIP_INDEX_URL`, …) say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexOptions {
    /// True to ask no index at all.
    pub is_offline: bool,
    /// Folders or pages with wheels and source archives.
    pub find_links: Vec<String>,
    /// The index to ask instead of the usual one.
    pub index_url: Option<String>,
    /// Indexes to ask as well.
    pub extra_index_urls: Vec<String>,
}

/// An environment that was installed, now or before.
#[derive(Debug)]
pub struct Installed {
    /// Its folder.
    pub path: PathBuf,
    /// Where the requirements came from, in words.
    pub origin: String,
    /// Distributions in it that belong into the program whether or not something imports them.
    pub chosen: Vec<String>,
    /// The installer that made it now; nobody did if it was there.
    pub made_by: Option<Installer>,
    /// As long as it is used, nobody replaces it.
    _stored: Stored,
}

impl InstallRequest {
    /// True when the command line names something to install: then an environment that happens to be there doesn't count.
    fn is_asked(&self) -> bool {
        self.policy == Policy::Always
            || ![self.requirements.is_empty(), self.extras.is_empty(), self.groups.is_empty()]
                .iter()
                .all(|empty| *empty)
    }
}

/// The environment that `project` needs and doesn't have, installed if it wasn't before; `None` when nothing is to be
/// installed. `progress` is told the name of each package that is fetched.
///
/// # Errors
/// [`InstallError`]; then there is no environment, and where the installer has failed its whole output is kept.
pub fn install(
    request: &InstallRequest,
    project: &ProjectRequest,
    runtime: &Runtime,
    progress: &dyn Fn(&str),
) -> Result<Option<Installed>, InstallError> {
    let Some(wanted) = wanted::wanted(request, project, &runtime.descriptor().python_version)? else { return Ok(None) };
    let cache = default_cache_folder().ok_or(InstallError::NoCache)?;
    let key = key::key(&wanted, request, &runtime.descriptor().identity)?;
    let store = Store::open(&cache)?;
    if let (Freshness::Kept, Some(stored)) = (request.freshness, store.find(&key)?) {
        return Ok(Some(Installed::new(stored, wanted, None)));
    }
    check(project, &runtime.library())?;
    let python = runtime.python_on_disk(&cache)?;
    let make = |workplace: &Workplace<'_>| {
        let mut steps = wanted.steps.iter().enumerate();
        steps.try_for_each(|(number, step)| workplace.run(number, step, request, progress))
    };
    let site_packages = runtime.library().site_packages();
    let stored = store.make(&key, request.freshness, |folder, lock| {
        let log = cache.join("logs").join(format!("install-{key}.log"));
        make(&Workplace::new(&python, folder, &site_packages, log, lock)?)?;
        settle::settle(&folder.join(&site_packages))
    })?;
    Ok(Some(Installed::new(stored, wanted, Some(request.installer))))
}

/// What is wrong with a project anyway is said before anything is fetched for it.
fn check(project: &ProjectRequest, library: &Library) -> Result<(), InstallError> {
    match Project::read(project, library) {
        // What is installed may bring the module, and stands in place of an environment that is none.
        Ok(_) | Err(ProjectError::NoSuchModule { .. } | ProjectError::NoEnvironment { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Installed {
    fn new(stored: Stored, wanted: Wanted, made_by: Option<Installer>) -> Self {
        Self { path: stored.path.clone(), origin: wanted.origin, chosen: wanted.chosen, made_by, _stored: stored }
    }
}
