//! A whole start on one page.

use pyfreeze_format::{EntryPointKind, FormatError, Payload, SettingKey};

use crate::arguments::{Command, classify};
use crate::message::{self, Failure};
use crate::sys::process::Process;
use crate::sys::python::{Interpreter, Plan};
use crate::sys::{python, segment, state};

/// Runs the program of the executable's payload and gives its exit status.
///
/// An executable without a payload is an ordinary `python3.13` that looks for its library beside itself: the
/// reference interpreter of tests and benchmarks.
#[must_use]
pub fn run(process: &Process) -> i32 {
    let payload = match segment::payload_bytes().map(|bytes| bytes.and_then(Payload::parse)) {
        None => return python::plain_main(process),
        Some(Ok(payload)) => payload,
        Some(Err(error)) => return damaged(process, error),
    };
    state::install(payload, process);
    let plan = match plan(process, &payload) {
        Ok(plan) => plan,
        Err(error) => return damaged(process, error),
    };
    match Interpreter::start(process, &payload, &plan) {
        Ok(interpreter) => interpreter.run_main(),
        Err(Failure::Exit(status)) => status,
        Err(failure) => message::fail(process.program(), &failure),
    }
}

/// Whether this process is the program itself or a Python for it, and how that is said to the interpreter.
fn plan<'a>(process: &'a Process, payload: &Payload<'a>) -> Result<Plan<'a>, FormatError> {
    let settings = payload.settings();
    let kind = settings.entry_point_kind()?;
    let command = match kind {
        EntryPointKind::Interpreter => Command::Python { skip: 0 },
        EntryPointKind::Script | EntryPointKind::Folder if process.has_arguments() && process.is_child_of_itself() => {
            classify(process.arguments().skip(1), |argument| process.names_itself(argument))
        }
        EntryPointKind::Script | EntryPointKind::Folder => Command::Program { skip: 0 },
    };
    let entry_point = settings.text(SettingKey::EntryPointPath);
    Ok(Plan { command, kind, entry_point, settings })
}

fn damaged(process: &Process, error: FormatError) -> i32 {
    message::fail(process.program(), &Failure::Damaged(error))
}
