//! What can be wrong with shared libraries.

use std::path::PathBuf;

use thiserror::Error;

/// Why shared libraries can't be included.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// A library can't be read.
    #[error("Cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A library that is imported can't be used on this target.
    #[error("Cannot use the shared library of module `{module}`: {reason}: `{path}`")]
    Unusable {
        /// The module.
        module: String,
        /// Its path below the virtual root.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// What libraries need without which the program can't start is nowhere.
    #[error("Cannot find {}", .libraries.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Missing {
        /// What is missing.
        libraries: Vec<MissingLibrary>,
    },
    /// The stub can't be read: a mistake of pyfreeze itself.
    #[error("Cannot read the stub's symbols: {reason}")]
    Stub {
        /// What is wrong.
        reason: String,
    },
    /// A library needs a newer glibc than the user wants.
    #[error("glibc {found} is needed, for `{symbol}` of `{path}`, and not only glibc {wanted}")]
    Glibc {
        /// The oldest that would do.
        found: String,
        /// The oldest that the user wants to run on.
        wanted: String,
        /// The symbol that is newer.
        symbol: String,
        /// The library that wants it.
        path: String,
    },
}

/// A library that is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingLibrary {
    /// Its name, as another library wants it.
    pub name: String,
    /// The library that needs it.
    pub needed_by: String,
}

impl std::fmt::Display for MissingLibrary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}`, which `{}` needs", self.name, self.needed_by)
    }
}

impl MissingLibrary {
    /// What the user could do about all of them.
    pub(super) fn hints(libraries: &[Self]) -> Vec<String> {
        let options: Vec<_> = libraries.iter().map(|one| format!("--allow-host-library {}", one.name)).collect();
        let name = libraries.first().map_or("NAME", |one| one.name.as_str());
        vec![
            format!("include it with `--data PATH/{name}:lib/{name}`"),
            format!("`{}` expects it on every machine on which the program runs", options.join(" ")),
        ]
    }
}

impl LibraryError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } | Self::Stub { .. } => Vec::new(),
            Self::Unusable { .. } => {
                vec!["install the package's wheel for Linux x86-64 (manylinux) and this Python version".to_owned()]
            }
            Self::Missing { libraries } => MissingLibrary::hints(libraries),
            Self::Glibc { wanted, .. } => {
                vec![format!("use a wheel that was made for glibc {wanted}, or give a newer version with `--glibc`")]
            }
        }
    }
}
