//! Why dependencies can't be installed.

use std::io;
use std::path::{Path, PathBuf};

use super::{Diagnosis, LockError};
use crate::project::ProjectError;
use crate::runtime::DiskPythonError;

/// What is wrong with the requirements, or went wrong when they were installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The project can't be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Installing was asked for, and there is nothing to install.
    #[error("Found nothing to install: `{}` declares no dependencies", .path.display())]
    NothingDeclared {
        /// The project's folder.
        path: PathBuf,
    },
    /// The dependencies are made up by a build backend, or written in a form of their own.
    #[error("Cannot tell the project's dependencies without building it: `{}`", .path.display())]
    NotStatic {
        /// The pyproject.toml.
        path: PathBuf,
    },
    /// A requirements file can't be read.
    #[error("Cannot read the requirements file{}: `{}`: {source}", place_text(.wanted_by), .path.display())]
    RequirementsFile {
        /// The file.
        path: PathBuf,
        /// The file and line that name it.
        wanted_by: Option<(PathBuf, usize)>,
        /// What the system said.
        source: io::Error,
    },
    /// `--extra` names none.
    #[error("The project has no extra of that name: `{name}`")]
    UnknownExtra {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// `--group` names none.
    #[error("The project has no dependency group of that name: `{name}`")]
    UnknownGroup {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A dependency group is written wrong.
    #[error("Cannot understand [dependency-groups] of `{}`, {reason}: `{name}`", .path.display())]
    Group {
        /// The pyproject.toml.
        path: PathBuf,
        /// The group.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A lock can't be used.
    #[error("Cannot use the lock `{}`: {problem}", .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: LockError,
    },
    /// The installer can't be started.
    #[error(transparent)]
    Python(#[from] DiskPythonError),
    /// There is no `uv`.
    #[error("Cannot find the installer on PATH: `uv`")]
    NoUv,
    /// There is no place for environments.
    #[error("Cannot install dependencies without a cache folder")]
    NoCache,
    /// A file of the cache can't be made.
    #[error("Cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The installer said no.
    #[error("{diagnosis}")]
    Failed {
        /// What its output means.
        diagnosis: Diagnosis,
        /// Where its output is.
        log: PathBuf,
    },
}

impl InstallError {
    /// An error of the file system, to be given to `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let known = |kind: &str, known: &[String]| match known {
            [] => format!("the project has no {kind}"),
            known => {
                format!("the {kind} are: {}", known.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", "))
            }
        };
        match self {
            Self::Project(error) => error.hints(),
            Self::NothingDeclared { .. } => {
                vec!["list them under `dependencies` in [project] of pyproject.toml, or name a file with `-r`".into()]
            }
            Self::NotStatic { .. } => vec![
                "export them to a requirements file and name it with `-r`".into(),
                "or install the project into a virtual environment and name that with `--venv`".into(),
            ],
            Self::UnknownExtra { known: names, .. } => vec![known("extras", names)],
            Self::UnknownGroup { known: names, .. } => vec![known("dependency groups", names)],
            Self::Lock { problem, .. } => problem.hints(),
            Self::Python(DiskPythonError::NoInstaller) => {
                vec!["install them into a virtual environment and name that with `--venv`".into()]
            }
            Self::NoUv => {
                vec!["install uv, or leave `--installer` out: the runtime has an installer of its own".into()]
            }
            Self::NoCache => vec!["name a folder for it: PYFREEZE_CACHE".into()],
            Self::Failed { diagnosis, log } => {
                let mut hints = diagnosis.hints();
                hints.push(format!("everything that the installer said: `{}`", log.display()));
                hints
            }
            Self::Python(_) | Self::RequirementsFile { .. } | Self::Group { .. } | Self::Io { .. } => Vec::new(),
        }
    }
}

fn place_text(wanted_by: &Option<(PathBuf, usize)>) -> String {
    wanted_by.as_ref().map_or_else(String::new, |(path, line)| format!(" that `{}:{line}` names", path.display()))
}
