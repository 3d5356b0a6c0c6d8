//! `pyfreeze`: parse, run, print error and hints, exit status. All of it is `pyfreeze::cli`'s.

use std::process::ExitCode;

fn main() -> ExitCode {
    pyfreeze::cli::run()
}
