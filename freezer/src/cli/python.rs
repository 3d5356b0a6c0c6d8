//! `pyfreeze python`: the runtime's own interpreter in place of this process.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::Failure;
use super::arguments::PythonArguments;
use super::build::runtime;
use crate::runtime::StubKind;

pub(super) fn run(arguments: &PythonArguments) -> Result<(), Failure> {
    let interpreter = runtime(arguments.runtime.as_deref(), StubKind::Dynamic)?.interpreter();
    let interpreter = interpreter.map_err(|error| Failure::new(&error, Vec::new()))?;
    let error = Command::new(interpreter.path()).args(&arguments.arguments).exec();
    Err(Failure::new(&format!("Cannot run `{}`: {error}", interpreter.path().display()), Vec::new()))
}
