//! Running candidates in turn.
//!
//! Comes in: candidates. Goes out: their runs, each candidate's in a list, one for each round. Whatever else the machine
//! does meets all of them alike, and no candidate is always the first or behind the same one.

use std::sync::atomic::{AtomicBool, Ordering};

use super::BenchError;
use super::candidates::Candidate;
use super::layout::remove_caches;
use super::process::Run;
use super::worker::Runner;

/// How often each candidate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunCounts {
    /// Measured.
    pub measured: usize,
    /// Before that, not measured: they fill the caches of the file system, and `__pycache__`.
    pub warm_up: usize,
}

/// Runs every candidate a few times without measuring, then measures it once in each round.
///
/// # Errors
/// [`BenchError`] when a candidate can't be prepared or started, or somebody wants an end.
pub fn measure(
    candidates: &[Candidate],
    counts: RunCounts,
    runner: &mut Runner,
    interrupted: &AtomicBool,
    progress: &dyn Fn(usize, usize),
) -> Result<Vec<Vec<Run>>, BenchError> {
    let total = counts.warm_up + counts.measured;
    let mut runs: Vec<Vec<Run>> = candidates.iter().map(|_| Vec::with_capacity(counts.measured)).collect();
    for round in 0..total {
        for position in 0..candidates.len() {
            let index = (round + position) % candidates.len();
            let run = run_once(&candidates[index], runner)?;
            if interrupted.load(Ordering::SeqCst) {
                return Err(BenchError::Interrupted);
            }
            if round >= counts.warm_up {
                runs[index].push(run);
            }
        }
        progress(round + 1, total);
    }
    Ok(runs)
}

fn run_once(candidate: &Candidate, runner: &mut Runner) -> Result<Run, BenchError> {
    if let Some(folder) = &candidate.without_caches {
        remove_caches(folder)?;
    }
    let failure = |source| BenchError::Run { path: candidate.start.program.clone().into(), source };
    runner.run(&candidate.start).map_err(failure)
}
