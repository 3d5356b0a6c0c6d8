//! A project → how its start compares, frozen and from disk.
//!
//! Comes in: a project and the program's arguments. Goes out: a measurement of each candidate, taken by running
//! them in turn, so that whatever else the machine does meets all of them alike.
//! A candidate is a name and a command; a measure is a number of one run. More of either need no other change.

mod layout;
mod report;
mod run;
mod statistics;

use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use thiserror::Error;

pub use layout::DiskProgram;
pub use report::{BenchReport, CandidateReport, table};
pub use run::{Candidate, Preparation, Run, measure};
pub use statistics::Spread;

use crate::freeze::{FreezeError, Frozen};
use crate::payload::PayloadError;
use crate::runtime::Runtime;

/// What to measure.
#[derive(Debug)]
pub struct BenchRequest {
    /// The program's arguments.
    pub arguments: Vec<OsString>,
    /// Runs of each candidate.
    pub run_count: NonZeroUsize,
}

/// Why nothing could be measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The project can't be frozen.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// A file of the program from disk can't be read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A file of the program from disk can't be written.
    #[error("Cannot lay out the program on disk: `{path}`: {source}")]
    Layout {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A candidate can't be started.
    #[error("Cannot run `{path}`: {source}")]
    Run {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BenchError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Freeze(error) => error.hints(),
            Self::Payload(_) | Self::Layout { .. } | Self::Run { .. } => Vec::new(),
        }
    }
}

/// The temporary folder that a benchmark works in, and where the frozen program goes in it.
#[derive(Debug)]
pub struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// A new empty folder.
    ///
    /// # Errors
    /// [`BenchError::Layout`] when it can't be made.
    pub fn new() -> Result<Self, BenchError> {
        let folder = tempfile::Builder::new().prefix("pyfreeze-bench-").tempdir();
        let folder = folder.map_err(|source| BenchError::Layout { path: std::env::temp_dir(), source })?;
        Ok(Self { folder })
    }

    /// Where the frozen program goes.
    #[must_use]
    pub fn frozen_path(&self) -> PathBuf {
        self.folder.path().join("frozen")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Measures a frozen program against the same program run from disk.
///
/// # Errors
/// [`BenchError`] when the program can't be laid out or started; its own exit status is reported, not judged.
pub fn bench(
    request: &BenchRequest,
    frozen: &Frozen,
    runtime: &Runtime,
    workplace: &Workplace,
    progress: &dyn Fn(usize, usize),
) -> Result<BenchReport, BenchError> {
    let cached = DiskProgram::lay_out(&frozen.contents, runtime, &workplace.path().join("cached"))?;
    let fresh = DiskProgram::lay_out(&frozen.contents, runtime, &workplace.path().join("fresh"))?;
    let candidates = [
        Candidate::frozen(&frozen.output, &request.arguments),
        Candidate::cached(&cached, &request.arguments),
        Candidate::fresh(&fresh, &request.arguments),
    ];
    let runs = measure(&candidates, request.run_count, workplace.path(), progress)?;
    Ok(BenchReport::new(&candidates, &runs, &request.arguments))
}

#[cfg(test)]
mod tests;
