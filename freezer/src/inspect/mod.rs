//! Any file → what is inside it.
//!
//! Comes in: the bytes of a file of which nothing is known. Goes out: a [`Report`], or a sentence that says what the
//! file is instead. The payload is read with the same code as in the stub, and nothing in the file is run.

mod locate;
mod report;
mod verify;
mod why;

use std::io;
use std::path::{Path, PathBuf};

use pyfreeze_format::{FormatError, Payload, SectionKind};
use thiserror::Error;

pub use locate::{FileKind, payload_bytes};
pub use report::{PackageSize, Report, Sizes};
pub use verify::{Verification, verify};
pub use why::{Answer, Step, why};

use crate::payload::{Manifest, decode_section};
use crate::runtime::Descriptor;

/// Why a file can't be inspected.
#[derive(Debug, Error)]
pub enum InspectError {
    /// The file can't be read.
    #[error("Cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no payload.
    #[error("`{path}` was not made by pyfreeze: it is {kind}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// The file has a payload that can't be read.
    #[error("`{path}` is damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with its payload.
        source: FormatError,
    },
    /// The manifest can't be read.
    #[error("`{path}` can't be inspected: {reason}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl InspectError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Damaged { source: FormatError::Version { .. }, .. } => {
                vec!["inspect it with the pyfreeze that made it".to_string()]
            }
            Self::Damaged { .. } => {
                vec!["the file may have been truncated while copying; fetch it again".to_string()]
            }
            Self::Read { .. } | Self::Foreign { .. } | Self::Manifest { .. } => Vec::new(),
        }
    }
}

/// Reads a file for the functions below.
///
/// # Errors
/// [`InspectError::Read`].
pub fn read(path: &Path) -> Result<Vec<u8>, InspectError> {
    std::fs::read(path).map_err(|source| InspectError::Read { path: path.into(), source })
}

/// Finds and checks the payload in a file's bytes.
///
/// # Errors
/// [`InspectError`] saying what the file is instead, or how it is damaged.
pub fn payload<'a>(path: &Path, file: &'a [u8]) -> Result<Payload<'a>, InspectError> {
    let foreign = |kind| InspectError::Foreign { path: path.into(), kind };
    let bytes = payload_bytes(file).map_err(foreign)?;
    Payload::parse(bytes).map_err(|source| InspectError::Damaged { path: path.into(), source })
}

/// Says what is inside an executable.
///
/// # Errors
/// [`InspectError`].
pub fn report(path: &Path, file: &[u8]) -> Result<Report, InspectError> {
    let payload = payload(path, file)?;
    let refuse = |reason: String| InspectError::Manifest { path: path.into(), reason };
    let section = payload.section(SectionKind::Manifest).ok_or_else(|| refuse("it has no manifest".to_string()))?;
    if decode_section::<Descriptor>(section).is_ok() {
        return Err(InspectError::Foreign { path: path.into(), kind: FileKind::Interpreter });
    }
    let manifest: Manifest = decode_section(section).map_err(refuse)?;
    Ok(Report::new(&payload, manifest, file.len() as u64))
}

#[cfg(test)]
mod tests;
