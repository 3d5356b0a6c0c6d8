//! A whole start on one page.

use core::num::NonZeroU32;

use pyfreeze_format::{EntryPointKind, FormatError, Payload, SettingKey, SnapshotUse};

use crate::arguments::{Command, classify, is_resource_tracker};
use crate::message::{self, Failure};
use crate::sys::process::Process;
use crate::sys::python::{Interpreter, Plan};
use crate::sys::snapshot::{self, Recording};
use crate::sys::{python, segment, state};

/// Runs the program of the executable's payload and gives its exit status.
///
/// An executable without a payload is an ordinary `python3.13` that looks for its library beside itself: the
/// reference interpreter of tests and benchmarks.
#[must_use]
pub fn run(process: &Process) -> i32 {
    let bytes = match segment::payload_bytes() {
        None => return python::plain_main(process),
        Some(Ok(bytes)) => bytes,
        Some(Err(error)) => return damaged(process, error),
    };
    // Before the payload is looked at any closer: a start from a snapshot needs none of it.
    let wanted = command(process);
    if let Some(outcome) = snapshot::resume(process, bytes, wanted) {
        return outcome.map_or_else(|status| status, Interpreter::run_main);
    }
    let payload = match Payload::parse(bytes) {
        Ok(payload) => payload,
        Err(error) => return damaged(process, error),
    };
    match Recording::begin(&payload, process) {
        Ok(None) => start(process, payload, wanted).map_or_else(|status| status, Interpreter::run_main),
        Ok(Some((recording, process))) => recording.run(|| start(&process, payload, command(&process))),
        Err(failure) => message::fail(process.program(), &failure),
    }
}

/// The ordinary start; an exit status where it ends early.
fn start(process: &Process, payload: Payload<'static>, command: Command) -> Result<Interpreter, i32> {
    state::install(payload, process);
    let plan = plan(&payload, command).map_err(|error| damaged(process, error))?;
    Interpreter::start(process, &payload, &plan).map_err(|failure| match failure {
        Failure::Exit(status) => status,
        failure => message::fail(process.program(), &failure),
    })
}

/// Whether this process is the program itself or a Python for it, as far as its command line says.
fn command(process: &Process) -> Command {
    if process.has_arguments() && process.is_child_of_itself() {
        return classify(process.arguments().skip(1), |argument| process.names_itself(argument));
    }
    if !process.is_privileged() && is_resource_tracker(process.arguments().skip(1)) {
        return Command::Python { skip: 0 };
    }
    Command::Program { skip: 0 }
}

/// How all that is said to the interpreter.
fn plan<'a>(payload: &Payload<'a>, command: Command) -> Result<Plan<'a>, FormatError> {
    let settings = payload.settings();
    let kind = settings.entry_point_kind()?;
    let command = match kind {
        EntryPointKind::Interpreter => Command::Python { skip: 0 },
        EntryPointKind::Script | EntryPointKind::Folder => command,
    };
    let entry_point = settings.text(SettingKey::EntryPointPath);
    Ok(Plan { command, kind, entry_point, settings, hash_seed: hash_seed(payload) })
}

/// A snapshot has the hashes of all its texts: a recorded process takes its seed from the payload, each one another.
fn hash_seed(payload: &Payload<'_>) -> Option<NonZeroU32> {
    let is_recorded = payload.settings().snapshot_use() == Ok(SnapshotUse::Recording);
    let [a, b, c, d, ..] = payload.digest();
    NonZeroU32::new(u32::from_le_bytes([a, b, c, d])).filter(|_| is_recorded)
}

fn damaged(process: &Process, error: FormatError) -> i32 {
    message::fail(process.program(), &Failure::Damaged(error))
}
