//! The command line: arguments in, one call of the library, text and an exit status out.
//!
//! The only user of clap. What a flag means is decided where it is used, not here.

mod arguments;
mod bench;
mod build;
mod dis;
mod extract;
mod inspect;
mod pyc;
mod python;
mod trace;
mod verify;
mod why;

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::ui::Messages;
use arguments::{Arguments, Command};

/// The exit status of a command line that makes no sense, which is also clap's.
const USAGE_STATUS: u8 = 2;

/// A message for the user: what failed, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hints: Vec<String>,
    status: u8,
}

impl Failure {
    fn new(error: &impl Display, hints: Vec<String>) -> Self {
        Self { message: error.to_string(), hints, status: 1 }
    }

    fn usage(error: &impl Display) -> Self {
        Self { status: USAGE_STATUS, ..Self::new(error, vec!["`pyfreeze --help` explains every option".to_string()]) }
    }

    /// Says it, and gives the exit status.
    fn report(self) -> ExitCode {
        Messages::on_stderr().error(&self.message, &self.hints);
        ExitCode::from(self.status)
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    // Ends the process with status 2 on wrong usage, and with 0 after `--help` and `--version`.
    let outcome = match Arguments::parse().command {
        Command::Build(arguments) => build::run(arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Trace(arguments) => return trace::run(arguments).unwrap_or_else(Failure::report),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Extract(arguments) => extract::run(&arguments),
        Command::Bench(arguments) => return bench::run(arguments).unwrap_or_else(Failure::report),
        Command::Pyc(arguments) => pyc::run(&arguments),
        Command::Dis(arguments) => dis::run(&arguments),
        Command::BenchWorker => bench::work(),
        Command::Python(arguments) => python::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Writes a result to stdout. A reader that has seen enough (`pyfreeze inspect … | head`) is no error.
fn put(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Writes a result to stdout as JSON.
fn put_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(&error, Vec::new()))?;
    put(&(text + "\n"));
    Ok(())
}
