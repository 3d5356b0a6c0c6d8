//! What can go wrong while the runtime is built, as sentences with hints.

use std::path::{Path, PathBuf};

/// A failed build of the runtime.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or folder could not be used.
    #[error("Cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("Cannot start `{program}`: {source}")]
    Start {
        /// The program's name.
        program: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A program that a step runs failed. The end of its output is shown before this error.
    #[error("Step `{step}` failed: `{command}` ended with {status}; the whole output is in {log}")]
    Step {
        /// The step's title.
        step: String,
        /// The command line, shortened.
        command: String,
        /// The exit status.
        status: String,
        /// The step's log file.
        log: PathBuf,
    },
    /// Programs are missing and could not be installed.
    #[error("Cannot build the runtime: missing {}", names.join(", "))]
    MissingPrograms {
        /// What is missing.
        names: Vec<String>,
        /// The Debian packages that have them.
        packages: Vec<String>,
    },
    /// A downloaded or given file isn't the pinned one.
    #[error("Wrong sha256 of `{path}`: {found}, pinned is {pinned}")]
    Digest {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What it should have.
        pinned: String,
    },
    /// A source could not be had from Debian's archive.
    #[error("Cannot download `{file}`: Debian's archive did not deliver it")]
    Download {
        /// The file's name.
        file: String,
        /// Where the downloader's output is.
        log: PathBuf,
    },
    /// The machine has no address of a Debian mirror.
    #[error("Cannot download sources: no Debian mirror in /etc/apt")]
    NoMirror,
    /// A file does not have the form that the recipe relies on.
    #[error("Unexpected content of `{path}`: {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: String,
    },
    /// The runtime pack could not be made.
    #[error(transparent)]
    Pack(#[from] super::PackError),
    /// No folder for the cache.
    #[error("Cannot choose a cache folder: neither PYFREEZE_CACHE, XDG_CACHE_HOME nor HOME is set")]
    NoCacheFolder,
}

impl Error {
    /// For `map_err` on an input or output operation.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    pub(super) fn content(path: &Path, what: impl Into<String>) -> Error {
        Error::Content { path: path.to_path_buf(), what: what.into() }
    }

    /// What the reader can do about it, one line each.
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Error::MissingPrograms { packages, .. } => {
                vec![format!("install them: apt-get install {}", packages.join(" "))]
            }
            Error::Digest { .. } => vec![
                "delete the file and run again; if it stays, the source was changed: check it before you pin it anew"
                    .to_owned(),
            ],
            Error::Download { file, log } => vec![
                format!("put `{file}` into a folder and name that folder in PYFREEZE_SOURCES"),
                format!("the downloader's output is in {}", log.display()),
            ],
            Error::NoMirror => vec![
                "name a folder that has the source tarballs in PYFREEZE_SOURCES".to_owned(),
                "or the CPython tarball alone in PYFREEZE_CPYTHON_SOURCE".to_owned(),
            ],
            Error::NoCacheFolder => vec!["set PYFREEZE_CACHE to a folder with 3 GB of room".to_owned()],
            Error::Start { program, .. } => vec![format!("is `{program}` installed and on PATH?")],
            Error::Io { .. } | Error::Step { .. } | Error::Content { .. } | Error::Pack(_) => Vec::new(),
        }
    }
}
