//! Lock files: exact versions with their digests, for this runtime.
//!
//! Comes in: a lock beside the project, and which extras and groups are wanted. Goes out: requirement lines that leave
//! the installer nothing to decide. Markers are evaluated here, for the runtime's Python on Linux; a lock that
//! doesn't fit the project any more is refused, never mended.

mod pylock;
mod uv;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::project::marker::{self, MarkerEnvironment};
use crate::project::{Requirement, normalize};

/// Files that are locks, and who reads them. Of several, the first counts: `pylock.toml` may be an export of the other.
const LOCKS: [(&str, Reader); 2] = [("uv.lock", uv::read), ("pylock.toml", pylock::read)];

type Reader = fn(&Table, &Choice<'_>) -> Result<Locked, LockError>;

/// What is wanted of a lock.
#[derive(Clone, Debug)]
pub(super) struct Choice<'a> {
    /// The folder of project and lock.
    pub(super) folder: &'a Path,
    /// The runtime's Python version.
    pub(super) python_version: &'a str,
    /// Normalized names of extras.
    pub(super) extras: Vec<String>,
    /// Normalized names of dependency groups.
    pub(super) groups: Vec<String>,
    /// What the project requires now, extras and groups included.
    pub(super) required: Vec<String>,
}

/// Requirement lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Locked {
    /// With digests.
    pub(super) hashed: Vec<String>,
    /// Folders and repositories, for which there are none.
    pub(super) local: Vec<String>,
}

/// What is wrong with a lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It can't be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is not TOML.
    #[error("it is not TOML: {0}")]
    Toml(#[from] Box<toml::de::Error>),
    /// It is of a version that came later.
    #[error("its version is unknown: `{0}`")]
    Version(String),
    /// Something that must be there is not.
    #[error("it has no `{0}`")]
    Lacks(&'static str),
    /// The project requires something that the lock doesn't have.
    #[error("it does not fit the project any more, which requires: `{0}`")]
    Stale(String),
    /// It is for other Pythons.
    #[error("it is for Python {wanted}, the runtime is Python {found}")]
    Python {
        /// What the lock says.
        wanted: String,
        /// The runtime's version.
        found: String,
    },
    /// It is for other systems.
    #[error("it is not for Linux on x86-64")]
    Platform,
    /// Something names a package that is not there.
    #[error("it names a package that it does not have: `{0}`")]
    Missing(String),
    /// Several versions are left after all markers have been evaluated.
    #[error("it has several versions of one package for this runtime: `{0}`")]
    Ambiguous(String),
    /// There is no digest.
    #[error("it has no digest for a package: `{0}`")]
    NoDigest(String),
    /// Conflicting extras or groups.
    #[error("it has conflicting extras or groups, which are not supported yet")]
    Conflicts,
}

impl LockError {
    /// What the user can do about it.
    pub(super) fn hints(&self) -> Vec<String> {
        let anew = "write the lock anew: `uv lock`, or the command that made it";
        match self {
            Self::Stale(_) | Self::Toml(_) | Self::Lacks(_) | Self::Missing(_) | Self::NoDigest(_) => vec![anew.into()],
            Self::Version(_) | Self::Python { .. } | Self::Platform | Self::Ambiguous(_) | Self::Conflicts => vec![
                "export a requirements file from it and name that with `-r`".into(),
                "or install into a virtual environment and name that with `--venv`".into(),
            ],
            Self::Read(_) => Vec::new(),
        }
    }
}

/// The lock in a project's folder.
pub(super) fn beside(folder: &Path) -> Option<PathBuf> {
    LOCKS.iter().map(|(name, _)| folder.join(name)).find(|path| path.is_file())
}

/// What the lock at `path` says.
pub(super) fn read(path: &Path, choice: &Choice<'_>) -> Result<Locked, LockError> {
    let table: Table = toml::from_str(&fs::read_to_string(path)?).map_err(Box::new)?;
    if let Some(wanted) = text(&table, "requires-python")
        && marker::satisfies(choice.python_version, wanted) == Some(false)
    {
        return Err(LockError::Python { wanted: wanted.to_owned(), found: choice.python_version.to_owned() });
    }
    let reader = LOCKS.iter().find(|(name, _)| path.ends_with(name)).map_or(pylock::read as Reader, |(_, read)| *read);
    let mut locked = reader(&table, choice)?;
    for lines in [&mut locked.hashed, &mut locked.local] {
        lines.sort();
        lines.dedup();
    }
    Ok(locked)
}

impl Choice<'_> {
    /// Whether the marker of a table holds. One that can't be understood does: an unused package is better than a
    /// missing one.
    fn holds(&self, table: &Table, extras: &[String]) -> bool {
        let Some(marker) = text(table, "marker") else { return true };
        let all = MarkerEnvironment {
            python_version: self.python_version,
            extra: "",
            extras: &self.extras,
            groups: &self.groups,
        };
        let holds = |extra: &str| marker::evaluate(marker, &MarkerEnvironment { extra, ..all }).unwrap_or(true);
        holds("") || extras.iter().any(|extra| holds(extra))
    }

    /// The requirements that count for this runtime, as written and parsed.
    fn requirements(&self) -> impl Iterator<Item = (&String, Requirement)> {
        counting(&self.required, self.python_version, &self.extras)
    }

    /// Every requirement of the project is among the packages of the lock.
    fn check_names<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<(), LockError> {
        let names: Vec<_> = names.map(normalize).collect();
        match self.requirements().find(|(_, requirement)| !names.contains(&requirement.name)) {
            Some((line, _)) => Err(LockError::Stale(line.clone())),
            None => Ok(()),
        }
    }
}

/// The requirement lines that count for Linux and this Python version, parsed.
pub(super) fn counting<'a>(
    lines: &'a [String],
    python_version: &str,
    extras: &'a [String],
) -> impl Iterator<Item = (&'a String, Requirement)> + use<'a> {
    let minor_version = python_version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    let parsed = lines.iter().filter_map(|line| Some((line, Requirement::parse(line)?)));
    parsed.filter(move |(_, requirement)| requirement.counts(minor_version, extras))
}

/// A requirement line with digests such as `sha256:…`.
fn hashed_line(requirement: &str, name: &str, mut hashes: Vec<String>) -> Result<String, LockError> {
    hashes.retain(|hash| ["sha256:", "sha384:", "sha512:"].iter().any(|algorithm| hash.starts_with(algorithm)));
    hashes.sort();
    hashes.dedup();
    if hashes.is_empty() {
        return Err(LockError::NoDigest(name.to_owned()));
    }
    Ok(format!("{requirement} --hash={}", hashes.join(" --hash=")))
}

/// A folder or file as a requirement.
fn file_url(folder: &Path, path: &str) -> String {
    format!("file://{}", folder.join(path).display())
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

fn tables<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

fn texts<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a str> {
    table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
