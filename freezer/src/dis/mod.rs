//! A module's code, disassembled.
//!
//! Comes in: an executable, a source or a `.pyc` file, and which module and function of it. Goes out: a [`Disassembly`]. The
//! runtime's own Python disassembles, since only it knows its bytecode; no code is run.

mod choose;
mod process;
mod subject;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use choose::choose;
pub use process::disassemble;
pub use subject::{Source, Subject, Target, of_executable, of_pyc, of_source};

use crate::bytecode::{BytecodeError, Diagnostic};
use crate::inspect::InspectError;
use crate::pyc::{FileReport, PycError};

/// A module, disassembled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disassembly {
    /// The module's name.
    pub module: String,
    /// Where it came from.
    pub path: String,
    /// The Python whose bytecode it is.
    pub python: String,
    /// Why source lines are not there, if they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_source: Option<String>,
    /// Its code objects, outermost first, each before those in it.
    pub objects: Vec<Object>,
    /// The source's lines, the first being line 1; none where the source is not known.
    #[serde(skip)]
    pub lines: Vec<String>,
}

/// One code object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Its name with those of what it is in.
    pub qualname: String,
    /// How many code objects it is in.
    pub depth: usize,
    /// Its first line.
    pub first_line: u32,
    /// Bytes of marshal data, all that is in it included.
    pub size: u64,
    /// Bytes of bytecode, its own.
    pub bytecode_size: u64,
    /// The most that is on the stack.
    pub stack_size: u32,
    /// The compiler's flags.
    pub flags: Vec<String>,
    /// The parameters, `/` and `*` among them.
    pub parameters: Vec<String>,
    /// Constants, as `repr` shows them.
    pub constants: Vec<String>,
    /// Names of globals, attributes and imports.
    pub names: Vec<String>,
    /// Local variables.
    pub locals: Vec<String>,
    /// Local variables that functions in it use.
    pub cells: Vec<String>,
    /// Variables of functions that it is in.
    pub free: Vec<String>,
    /// The exception table.
    pub exceptions: Vec<Handler>,
    /// Its instructions.
    pub instructions: Vec<Instruction>,
}

/// A row of an exception table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// The first instruction that is covered.
    pub start: u32,
    /// The first behind them.
    pub end: u32,
    /// Where it goes on after an exception.
    pub target: u32,
    /// What of the stack is kept.
    pub depth: u32,
    /// Whether the instruction that failed is put on the stack.
    pub lasti: bool,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Bytes from the start of the bytecode.
    pub offset: u32,
    /// Its name.
    pub name: String,
    /// Its source line.
    pub line: Option<u32>,
    /// Its argument.
    pub argument: Option<u32>,
    /// What the argument means.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
    /// Its label, if a jump leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The room behind it that the interpreter uses for what it learns while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<CacheEntry>,
}

/// Inline cache entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// What is kept there.
    pub name: String,
    /// Entries of two bytes.
    pub entries: u32,
}

/// Why there is no disassembly.
#[derive(Debug, Error)]
pub enum DisError {
    /// The file can't be read or is no executable of ours.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The `.pyc` file can't be read.
    #[error(transparent)]
    Pyc(#[from] PycError),
    /// The source can't be read.
    #[error("Cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such module.
    #[error("`{path}` has no module of this name: `{module}`")]
    NoModule {
        /// The executable or file.
        path: String,
        /// What was asked for.
        module: String,
        /// What could have been meant.
        hints: Vec<String>,
    },
    /// The module has no bytecode.
    #[error("Cannot disassemble `{module}`: {reason}")]
    NoCode {
        /// The module.
        module: String,
        /// Why.
        reason: String,
    },
    /// The module has no such function or class.
    #[error("`{module}` has no function or class of this name: `{qualname}`")]
    NoQualname {
        /// The module.
        module: String,
        /// What was asked for.
        qualname: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The compiler refuses the source.
    #[error("Cannot compile: `{}`\n{}", .path.display(), .diagnostics.iter().map(|one| one.render(&.path.display().to_string())).collect::<Vec<_>>().join("\n"))]
    Rejected {
        /// The source.
        path: PathBuf,
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
    },
    /// Bytecode of another version.
    #[error("Cannot disassemble `{path}`: it is bytecode of {found}, and the runtime is {own}")]
    OtherVersion {
        /// The file.
        path: String,
        /// Whose bytecode it is.
        found: String,
        /// The runtime's version.
        own: String,
        /// How that version would do it.
        hint: Option<String>,
        /// What can be said about a `.pyc` file all the same.
        report: Option<Box<FileReport>>,
    },
    /// The code bytes are damaged.
    #[error("Cannot disassemble `{path}`: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The runtime's Python doesn't work.
    #[error(transparent)]
    Python(#[from] BytecodeError),
}

/// Most names in a hint.
const KNOWN_COUNT: usize = 12;

impl DisError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Inspect(InspectError::Foreign { .. }) => {
                vec!["give an executable that pyfreeze made, a .py or a .pyc file".into()]
            }
            Self::Inspect(error) => error.hints(),
            Self::Pyc(error) => error.hints(),
            Self::NoModule { hints, .. } => hints.clone(),
            Self::NoQualname { known, .. } if known.is_empty() => vec!["it has none at all".into()],
            Self::NoQualname { known, .. } => vec![format!("it has: {}", some_of(known))],
            Self::OtherVersion { hint, .. } => hint.iter().cloned().collect(),
            Self::Python(error) => error.hints(),
            Self::Read { .. } | Self::NoCode { .. } | Self::Rejected { .. } | Self::Damaged { .. } => Vec::new(),
        }
    }
}

fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(KNOWN_COUNT).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(KNOWN_COUNT) {
        0 => shown,
        left => format!("{shown} and {left} more"),
    }
}
