//! Running other programs, and what is said when that fails.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// Why a command of ours failed, ready to be printed.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new() }
    }

    /// For `map_err` around file operations: `Cannot ACTION `PATH`: …`.
    pub(crate) fn io<'a>(action: &'a str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |error| Self::new(format!("Cannot {action} `{}`: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        self.hints.iter().try_for_each(|hint| write!(formatter, "\nhint: {hint}"))
    }
}

impl From<crate::runtime::Error> for Failure {
    fn from(error: crate::runtime::Error) -> Self {
        let hints = error.hints();
        Self { message: error.to_string(), hints }
    }
}

/// The checkout that this program was compiled from.
pub(crate) fn checkout() -> PathBuf {
    // OK because Cargo gives the absolute path of `xtask`, a folder of the checkout.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the checkout").to_path_buf()
}

/// Where Cargo puts what it builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from)
}

/// Cargo, in the checkout. What this process got from the Cargo that runs it must not leak into the other.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(checkout());
    command
}

/// Runs a command with our own standard streams.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus, Failure> {
    command.status().map_err(|error| cannot_start(command, &error))
}

/// Runs a command with our own standard streams and wants exit status 0.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{} ended with {status}", shown(command)))) }
}

/// Runs a command and gives what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| cannot_start(command, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::new(format!("{} ended with {}: {said}", shown(command), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("Cannot start {}: {error}", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    format!("`{}`", words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
}
