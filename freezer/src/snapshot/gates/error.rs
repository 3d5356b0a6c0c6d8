//! Why two recordings can't be judged at all.

use std::path::PathBuf;

use thiserror::Error;

/// Why two recordings can't be judged; what is wrong *in* them is a [`Finding`](super::Finding).
#[derive(Debug, Error)]
pub enum GateError {
    /// A file of a recording can't be read.
    #[error("Cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of a recording is not what the stub writes.
    #[error("Cannot understand the recording `{path}`: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The recordings are not two of the same program.
    #[error("Cannot compare the recordings: {reason}")]
    Different {
        /// How they differ.
        reason: String,
    },
    /// The stub can't be read: a mistake of pyfreeze itself.
    #[error("Cannot read the stub: {reason}")]
    Stub {
        /// What is wrong.
        reason: String,
    },
}
