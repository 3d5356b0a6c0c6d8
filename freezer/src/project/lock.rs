//! `pyfreeze.lock`: what a traced program was seen to use.
//!
//! Comes in: the file's text, or what a trace has seen. Goes out: sorted sets, and the same text for the same sets.
//! No absolute path, no time and nothing else of one machine may stand in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The name of the lock beside a project's pyproject.toml.
pub const LOCK_NAME: &str = "pyfreeze.lock";

/// What stands before the path of a file of an installed package, which is relative to `site-packages`.
pub const PACKAGE_PREFIX: &str = "package:";

/// The version of the file's form. 1: the keys of [`Lock`].
const VERSION: i64 = 1;

const HEADER: &str = "\
# Written by `pyfreeze trace`: what the program was seen to use and no import statement shows.
# `pyfreeze build` includes it. Tracing again adds to it; delete the file to begin anew.
";

/// What a traced program was seen to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Modules that no import statement leads to, by dotted name.
    pub modules: BTreeSet<String>,
    /// Distributions whose metadata was read, by normalized name.
    pub distributions: BTreeSet<String>,
    /// Groups of entry points that were asked for.
    pub entry_point_groups: BTreeSet<String>,
    /// Files that were read, relative to the project's folder; those of packages with [`PACKAGE_PREFIX`].
    pub files: BTreeSet<String>,
    /// Shared libraries of the project or its packages, written as [`Self::files`] are.
    pub libraries: BTreeSet<String>,
    /// Shared libraries of the machine, by the name that was asked for.
    pub host_libraries: BTreeSet<String>,
    /// Files that lie outside of the project and its packages, such as `../shared/words.txt`.
    pub outside: BTreeSet<String>,
}

/// Which lock a build uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LockChoice {
    /// The project's, if it has one.
    #[default]
    Own,
    /// This one.
    File(PathBuf),
    /// None.
    Unused,
}

/// A lock with its place.
#[derive(Clone, Debug)]
pub struct FoundLock {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub lock: Lock,
}

/// Why a lock can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is no such file.
    #[error("Cannot find the lock: `{}`", .path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// It can't be read.
    #[error("Cannot read the lock `{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not TOML.
    #[error("Cannot parse the lock `{}`: {reason}", .path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, on one line.
        reason: String,
    },
    /// It was written by another pyfreeze.
    #[error("Cannot use the lock `{}`: it has version {version}, this pyfreeze knows {VERSION}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it says.
        version: i64,
    },
    /// A key is unknown, or its value is of another type.
    #[error("Cannot use the lock `{}`, {expected}: `{key}`", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// It can't be written.
    #[error("Cannot write the lock `{}`: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LockError {
    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound { .. } => vec!["`pyfreeze trace` writes one".into()],
            Self::Version { version, .. } if *version > VERSION => {
                vec!["use the pyfreeze that wrote it, or build with `--no-lock`".into()]
            }
            Self::Toml { .. } | Self::Form { .. } | Self::Version { .. } => {
                vec!["delete it and trace again, or build with `--no-lock`".into()]
            }
            Self::Read { .. } | Self::Write { .. } => Vec::new(),
        }
    }
}

impl LockChoice {
    /// The lock for the project in `folder`.
    ///
    /// # Errors
    /// [`LockError`] when a lock can't be used, or the one given is not there.
    pub fn read(&self, folder: &Path) -> Result<Option<FoundLock>, LockError> {
        let path = match self {
            Self::Own => folder.join(LOCK_NAME),
            Self::File(path) => path.clone(),
            Self::Unused => return Ok(None),
        };
        match Lock::read(&path)? {
            Some(lock) => Ok(Some(FoundLock { path, lock })),
            None if *self == Self::Own => Ok(None),
            None => Err(LockError::NotFound { path }),
        }
    }
}

impl Lock {
    /// Reads the lock at `path`; `None` if there is none.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LockError::Read { path: path.to_owned(), source }),
        }
    }

    /// Writes the lock, so that at no time half of it stands there.
    ///
    /// # Errors
    /// [`LockError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let error = |source| LockError::Write { path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".pyfreeze-lock-").tempfile_in(folder).map_err(error)?;
        io::Write::write_all(&mut file, self.text().as_bytes()).map_err(error)?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(readable).map_err(error)?;
        file.persist(path).map(drop).map_err(|failed| error(failed.error))
    }

    /// Reads the text of the lock at `path`.
    ///
    /// # Errors
    /// [`LockError`] when it is damaged or of another version.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LockError> {
        let path = || path.to_owned();
        let table: Table = text.parse().map_err(|error: toml::de::Error| LockError::Toml {
            path: path(),
            reason: error.message().replace('\n', " "),
        })?;
        let form = |key: &str, expected| LockError::Form { path: path(), key: key.to_owned(), expected };
        let version = table.get("version").ok_or_else(|| form("version", "a number is missing"))?;
        let version = version.as_integer().ok_or_else(|| form("version", "this must be a number"))?;
        if version != VERSION {
            return Err(LockError::Version { path: path(), version });
        }
        let mut lock = Self::default();
        for (key, value) in table.iter().filter(|(key, _)| *key != "version") {
            let (_, texts) =
                lock.keys_mut().into_iter().find(|(name, _)| name == key).ok_or_else(|| form(key, "unknown key"))?;
            let error = || form(key, "this must be a list of strings");
            for text in value.as_array().ok_or_else(error)? {
                texts.insert(text.as_str().map(str::to_owned).ok_or_else(error)?);
            }
        }
        let is_machine_bound =
            |file: &&String| file.starts_with('/') || file.split(['/', ':']).any(|part| part == "..");
        if let Some(file) = lock.files.iter().chain(&lock.libraries).find(is_machine_bound) {
            return Err(form(file, "a path must stay below the project or `package:`"));
        }
        Ok(lock)
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}version = {VERSION}\n");
        let mut lock = self.clone();
        for (key, values) in lock.keys_mut().into_iter().filter(|(_, values)| !values.is_empty()) {
            // OK because writing to a String can't fail.
            let _ = writeln!(text, "\n{key} = [");
            for value in values.iter() {
                let _ = writeln!(text, "    {},", Value::String(value.clone()));
            }
            text.push_str("]\n");
        }
        text
    }

    /// Adds what another trace has seen.
    pub fn merge(&mut self, other: Self) {
        let mut other = other;
        for ((_, own), (_, new)) in self.keys_mut().into_iter().zip(other.keys_mut()) {
            own.append(new);
        }
    }

    fn keys_mut(&mut self) -> [(&'static str, &mut BTreeSet<String>); 7] {
        [
            ("modules", &mut self.modules),
            ("distributions", &mut self.distributions),
            ("entry-point-groups", &mut self.entry_point_groups),
            ("files", &mut self.files),
            ("libraries", &mut self.libraries),
            ("host-libraries", &mut self.host_libraries),
            ("outside", &mut self.outside),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Lock;

    fn parse(text: &str) -> Result<Lock, String> {
        Lock::parse(text, Path::new("p.lock")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_lock_reads_back_and_is_sorted() {
        let mut lock = Lock { modules: ["b".into(), "a".into()].into(), ..Lock::default() };
        lock.merge(Lock {
            modules: ["a".into(), "c".into()].into(),
            files: ["x \"y\"".into()].into(),
            ..Lock::default()
        });
        let text = lock.text();
        assert!(
            text.contains("version = 1\n\nmodules = [\n    \"a\",\n    \"b\",\n    \"c\",\n]\n\nfiles = [\n"),
            "{text}"
        );
        assert_eq!(parse(&text), Ok(lock));
    }

    #[test]
    fn damaged_and_newer_locks_are_refused() {
        assert_eq!(
            parse("version = 2").unwrap_err(),
            "Cannot use the lock `p.lock`: it has version 2, this pyfreeze knows 1"
        );
        assert_eq!(parse("").unwrap_err(), "Cannot use the lock `p.lock`, a number is missing: `version`");
        assert_eq!(parse("version = 1\nx = 1").unwrap_err(), "Cannot use the lock `p.lock`, unknown key: `x`");
        let error = parse("version = 1\nmodules = 'x'").unwrap_err();
        assert_eq!(error, "Cannot use the lock `p.lock`, this must be a list of strings: `modules`");
        assert!(parse("version = [").unwrap_err().starts_with("Cannot parse the lock `p.lock`: "));
        assert!(parse("version = 1\nfiles = ['package:../x']").unwrap_err().ends_with("`package:../x`"));
        assert!(parse("version = 1\nfiles = ['/etc/x']").is_err());
    }
}
