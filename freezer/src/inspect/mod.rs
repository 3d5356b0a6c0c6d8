//! Any file → what is inside it.
//!
//! Comes in: the bytes of a file of which nothing is known. Goes out: a [`Report`], or a sentence that says what the
//! file is instead. The payload is read with the same code as in the stub, and nothing in the file is run.

mod kind;
mod locate;
mod zip_names;

mod content;
mod difference;
mod licenses;
mod metadata;
mod report;
mod sizes;
mod verify;
mod why;

use std::io;
use std::path::{Path, PathBuf};

use pyfreeze_format::layout::VERSION;
use pyfreeze_format::{FormatError, Payload, SectionKind};
use thiserror::Error;

pub use content::{FileDamage, code, content};
pub use difference::{Changes, ComponentChange, Difference, Pair, Side, difference};
pub use kind::FileKind;
pub use licenses::{LicenseNotice, LicenseText, licenses};
pub use locate::{Located, locate, payload_bytes};
pub use metadata::{DistributionFacts, MetadataReport, metadata};
pub use report::{PackageSize, Report, Sizes};
pub use sizes::{Parts, SizeTree};
pub use verify::{Verification, verify};
pub use why::{Answer, Step, why};

use crate::payload::{Manifest, decode_section, decode_text};
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
    /// The path is a folder's.
    #[error("Cannot inspect `{path}`: it is a folder")]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The file has no payload.
    #[error("`{path}` was not made by pyfreeze: it is {kind}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// The file has a payload of another version of the format.
    #[error("`{path}` was made by {} pyfreeze: its format version is {found}, this one reads {}", if *found > VERSION { "a newer" } else { "an older" }, VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
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
            Self::Version { found, .. } if *found > VERSION => {
                vec!["use the pyfreeze that made it, or one that is newer still".to_string()]
            }
            Self::Version { .. } => vec!["use the pyfreeze that made it, or build it anew".to_string()],
            Self::Damaged { .. } => {
                vec!["the file may have been truncated while copying; fetch it again".to_string()]
            }
            Self::Folder { path } => {
                vec![format!("`pyfreeze build {}` makes an executable of a project", path.display())]
            }
            Self::Foreign { path, kind: FileKind::CompiledModule } => {
                vec![format!("`pyfreeze pyc {}` says what is in it", path.display())]
            }
            Self::Foreign { .. } => vec!["only executables made by `pyfreeze build` can be inspected".to_string()],
            Self::Manifest { path, .. } => {
                vec![format!("`pyfreeze verify {}` says whether it is damaged", path.display())]
            }
            Self::Read { .. } => Vec::new(),
        }
    }
}

/// Reads a file for the functions below.
///
/// # Errors
/// [`InspectError::Read`].
pub fn read(path: &Path) -> Result<Vec<u8>, InspectError> {
    if path.is_dir() {
        return Err(InspectError::Folder { path: path.into() });
    }
    std::fs::read(path).map_err(|source| InspectError::Read { path: path.into(), source })
}

/// Finds and checks the payload in a file's bytes.
///
/// # Errors
/// [`InspectError`] saying what the file is instead, or how it is damaged.
pub fn payload<'a>(path: &Path, file: &'a [u8]) -> Result<Payload<'a>, InspectError> {
    let foreign = |kind| InspectError::Foreign { path: path.into(), kind };
    let bytes = payload_bytes(file).map_err(foreign)?;
    Payload::parse(bytes).map_err(|source| match source {
        FormatError::Version { found } => InspectError::Version { path: path.into(), found },
        source => InspectError::Damaged { path: path.into(), source },
    })
}

/// Checks every byte of an executable.
///
/// # Errors
/// [`InspectError`] where there is no payload that can be read.
pub fn verification(path: &Path, file: &[u8]) -> Result<Verification, InspectError> {
    let payload = payload(path, file)?;
    let located = locate(file).map_err(|kind| InspectError::Foreign { path: path.into(), kind })?;
    let behind = located.rest.get(payload.bytes().len()..).unwrap_or(&[]);
    Ok(verify(&payload, located.before, behind))
}

/// What takes how much room in an executable, as a tree.
#[must_use]
pub fn size_tree(payload: &Payload<'_>, report: &Report) -> SizeTree {
    sizes::size_tree(payload, &report.manifest, &report.sizes, report.file_size)
}

/// The bill of materials that is embedded in an executable: a CycloneDX document.
#[must_use]
pub fn embedded_materials(payload: &Payload<'_>) -> Option<String> {
    String::from_utf8(decode_text(payload.section(SectionKind::Materials)?)?).ok()
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
