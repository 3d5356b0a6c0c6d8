//! Why an executable can't be extracted.

use std::io;
use std::path::PathBuf;

use pyfreeze_format::FormatError;
use thiserror::Error;

use crate::inspect::InspectError;

/// Why an executable can't be extracted.
#[derive(Debug, Error)]
pub enum ExtractError {
    /// It is none, or can't be read.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// Its bytes have changed.
    #[error("Cannot extract `{path}`: it is damaged: {}", file.as_ref().map_or("its data differs from its digest".to_owned(), |file| format!("`{file}` differs from its digest")))]
    Damaged {
        /// The executable.
        path: PathBuf,
        /// The first damaged file in it.
        file: Option<String>,
    },
    /// Its index makes no sense.
    #[error("Cannot extract `{path}`: it is damaged: {source}")]
    Unreadable {
        /// The executable.
        path: PathBuf,
        /// What is wrong with its payload.
        source: FormatError,
    },
    /// A file in it would be written elsewhere.
    #[error("Cannot extract `{path}`: a file in it has a name that leads out of the folder: `{name}`")]
    Name {
        /// The executable.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// There is something in the folder.
    #[error("Cannot extract into `{folder}`: the folder is not empty")]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A file has the folder's name.
    #[error("Cannot extract into `{folder}`: it is a file")]
    NotFolder {
        /// The path.
        folder: PathBuf,
    },
    /// There is no place for the folder.
    #[error("Cannot extract into `{folder}`: the folder `{parent}` does not exist")]
    NoParent {
        /// The folder.
        folder: PathBuf,
        /// The one that would hold it.
        parent: PathBuf,
    },
    /// Something can't be written.
    #[error("Cannot extract `{path}`: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ExtractError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Inspect(error) => error.hints(),
            Self::Damaged { path, .. } => vec![
                format!("`pyfreeze verify {}` checks every byte", path.display()),
                "the file may have been damaged while copying; fetch it again".to_owned(),
            ],
            Self::Name { .. } => vec!["pyfreeze writes no such names: don't run this file".to_owned()],
            Self::NotEmpty { .. } | Self::NotFolder { .. } => {
                vec!["give the name of a folder that does not exist, or of an empty one".to_owned()]
            }
            Self::Unreadable { .. } | Self::NoParent { .. } | Self::Write { .. } => Vec::new(),
        }
    }
}
