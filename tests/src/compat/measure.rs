//! How large, how fast, how much memory.
//!
//! Comes in: the two commands. Goes out: medians. Start is the time until the first byte on standard output, which
//! our programs print, flushed, as soon as their imports are done; the two sides take turns, both with warm caches.
//! While something is measured here, nothing else is built or run by these tests.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::{RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crate::command::Run;

/// How often each side is started.
const START_COUNT: usize = 5;

/// Measuring writes, everything else reads.
static QUIET: RwLock<()> = RwLock::new(());

/// Held by everything that isn't measured.
pub fn busy() -> RwLockReadGuard<'static, ()> {
    QUIET.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The median times until the first byte, in the order of the commands.
///
/// # Errors
/// When one prints nothing.
pub fn starts(runs: [&Run; 2]) -> Result<[Duration; 2], String> {
    let _guard = QUIET.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..START_COUNT {
        for (run, times) in runs.iter().zip(&mut times) {
            times.push(start(run)?);
        }
    }
    Ok(times.map(|mut times| {
        times.sort();
        times[START_COUNT / 2]
    }))
}

fn start(run: &Run) -> Result<Duration, String> {
    let failed = |error: std::io::Error| format!("Cannot measure a start: {error}");
    let mut command = run.command();
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    let mut byte = [0];
    let result = child.stdout.take().map(|mut stdout| stdout.read_exact(&mut byte));
    let took = started.elapsed();
    crate::command::end_group(&mut child);
    match result {
        Some(Ok(())) => Ok(took),
        _ => Err("Cannot measure a start: the program printed nothing".to_owned()),
    }
}
