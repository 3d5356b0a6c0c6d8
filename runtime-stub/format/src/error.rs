//! What can be wrong with a payload.

use core::fmt;

/// Why bytes are not a payload that this version can use. Displayed as the middle of a sentence, after
/// "the embedded payload is damaged: " or the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// Bytes are missing at the end.
    Truncated,
    /// The first bytes are not a payload's.
    Magic,
    /// Written by another version of the format.
    Version {
        /// The version found.
        found: u32,
    },
    /// A header field has an impossible value.
    Header,
    /// The head's checksum differs.
    Checksum,
    /// A section lies outside the payload, or a required one is missing or unknown.
    Section {
        /// The number of the section's kind.
        kind: u32,
    },
    /// An entry record has an impossible value.
    Entry {
        /// The entry's index.
        index: u32,
    },
    /// A blob lies outside the payload.
    Blob {
        /// The blob's index.
        index: u32,
    },
    /// A start setting has an impossible value.
    Setting {
        /// The setting's key.
        key: u32,
    },
    /// The description of a shared library has impossible values.
    Libraries,
    /// The description of a snapshot has impossible values.
    Snapshot,
}

impl fmt::Display for FormatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => formatter.write_str("it is cut off"),
            Self::Magic => formatter.write_str("it does not begin like a payload"),
            Self::Version { found } => {
                write!(formatter, "its format version is {found}, this program reads {}", crate::layout::VERSION)
            }
            Self::Header => formatter.write_str("its header has impossible values"),
            Self::Checksum => formatter.write_str("the checksum of its index differs"),
            Self::Section { kind } => write!(formatter, "section {kind} is missing, unknown or out of range"),
            Self::Entry { index } => write!(formatter, "entry {index} has impossible values"),
            Self::Blob { index } => write!(formatter, "blob {index} is out of range"),
            Self::Libraries => formatter.write_str("the description of a shared library differs"),
            Self::Snapshot => formatter.write_str("the description of its snapshot has impossible values"),
            Self::Setting { key } => write!(formatter, "setting {key} has an impossible value"),
        }
    }
}

impl core::error::Error for FormatError {}
