//! What the stub says when it can't go on, and the exit statuses it has for that.
//!
//! Comes in: a [`Failure`]. Goes out: one sentence and a hint on standard error, and an exit status. It must not
//! allocate: nothing may be left to allocate with.

use core::fmt::{self, Write};

use pyfreeze_format::FormatError;

use crate::sys::process;

/// Exit status: the payload is damaged or of another format version.
pub const STATUS_DAMAGED: i32 = 125;
/// Exit status: the interpreter could not be started.
pub const STATUS_NO_INTERPRETER: i32 = 126;

/// Why a start failed.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The payload can't be used.
    Damaged(FormatError),
    /// A part of the import bootstrap is missing from the payload.
    NoBootstrap,
    /// The interpreter refused to start, with its own words.
    Interpreter(&'static str),
    /// The import bootstrap raised an exception, which has been printed.
    Bootstrap,
    /// Not a failure: the interpreter wants to exit with this status (after `--help`, say).
    Exit(i32),
}

impl Failure {
    fn status(&self) -> i32 {
        match self {
            Self::Damaged(_) => STATUS_DAMAGED,
            Self::NoBootstrap | Self::Interpreter(_) | Self::Bootstrap => STATUS_NO_INTERPRETER,
            Self::Exit(status) => *status,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Damaged(FormatError::Version { .. }) => {
                "it was put together by another version of pyfreeze; build it again"
            }
            Self::Damaged(_) => "the file may have been truncated or changed while copying; fetch it again",
            Self::NoBootstrap | Self::Bootstrap => "build it again; if that doesn't help, this is an error of pyfreeze",
            Self::Interpreter(_) | Self::Exit(_) => "the interpreter's own message above may say more",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(error) => write!(formatter, "the embedded payload is damaged: {error}"),
            Self::NoBootstrap => formatter.write_str("the embedded payload has no import bootstrap"),
            Self::Interpreter(reason) => write!(formatter, "cannot start the Python interpreter: {reason}"),
            Self::Bootstrap => formatter.write_str("cannot install the importer: see the exception above"),
            Self::Exit(status) => write!(formatter, "exit status {status}"),
        }
    }
}

/// Prints the failure, prefixed with the program's name, and gives the exit status.
#[must_use]
pub fn fail(program: &[u8], failure: &Failure) -> i32 {
    let mut line = Line::new();
    for (kind, text) in [("error", failure as &dyn fmt::Display), ("hint", &failure.hint())] {
        line.push(program);
        // OK because `Line` cuts off what does not fit and never fails.
        let _ = writeln!(line, ": {kind}: {text}");
    }
    process::write_standard_error(line.bytes());
    failure.status()
}

/// A message of bounded size on the stack: longer ones are cut off.
struct Line {
    bytes: [u8; 1024],
    size: usize,
}

impl Line {
    const fn new() -> Self {
        Self { bytes: [0; 1024], size: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let free = self.bytes.get_mut(self.size..).unwrap_or_default();
        let size = free.len().min(bytes.len());
        for (to, from) in free.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.size = self.size.saturating_add(size);
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.size).unwrap_or_default()
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
