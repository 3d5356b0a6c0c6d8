//! Running candidates in turn and measuring each whole process.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::Serialize;

use super::{BenchError, DiskProgram};

/// One way to run the program.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// A word or two for the table.
    pub name: &'static str,
    /// What is done before each run, outside of the measured time.
    pub preparation: Preparation<'a>,
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// What a candidate needs before each run.
#[derive(Clone, Copy, Debug)]
pub enum Preparation<'a> {
    /// Nothing.
    None,
    /// A disk without any cached bytecode.
    RemoveCaches(&'a DiskProgram),
}

/// What one run took.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Run {
    /// From before the process is made until after it is gone, in seconds.
    pub wall_seconds: f64,
    /// Processor time in the program, children included, in seconds.
    pub user_seconds: f64,
    /// Processor time in the kernel, children included, in seconds.
    pub system_seconds: f64,
    /// Page faults served without reading from disk.
    pub minor_faults: i64,
    /// Page faults that read from disk.
    pub major_faults: i64,
    /// The exit status; `None` when a signal ended the process.
    pub exit_status: Option<i32>,
}

impl<'a> Candidate<'a> {
    /// The frozen executable.
    #[must_use]
    pub fn frozen(executable: &Path, arguments: &[OsString]) -> Self {
        // A path without `/` would be searched for in PATH.
        let program = std::path::absolute(executable).unwrap_or_else(|_| executable.into());
        Self { name: "frozen", preparation: Preparation::None, program, arguments: arguments.to_vec() }
    }

    /// From disk with warm `__pycache__`: the run that is not measured fills it.
    #[must_use]
    pub fn cached(program: &'a DiskProgram, arguments: &[OsString]) -> Self {
        Self::disk("disk, __pycache__", program, &[], arguments, Preparation::None)
    }

    /// From disk without any `__pycache__`.
    #[must_use]
    pub fn fresh(program: &'a DiskProgram, arguments: &[OsString]) -> Self {
        let preparation = Preparation::RemoveCaches(program);
        Self::disk("disk, -B", program, &["-B"], arguments, preparation)
    }

    fn disk(
        name: &'static str,
        program: &'a DiskProgram,
        options: &[&str],
        arguments: &[OsString],
        preparation: Preparation<'a>,
    ) -> Self {
        let options = options.iter().map(OsString::from);
        let entry_point = program.entry_point.clone().into_os_string();
        let arguments = options.chain([entry_point]).chain(arguments.iter().cloned()).collect();
        Self { name, preparation, program: program.python.clone(), arguments }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// [`BenchError`] when it can't be prepared or started.
    pub fn run(&self, folder: &Path) -> Result<Run, BenchError> {
        if let Preparation::RemoveCaches(program) = self.preparation {
            program.remove_caches()?;
        }
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PYTHON")) {
            command.env_remove(name);
        }
        let failure = |source| BenchError::Run { path: self.program.clone(), source };
        let before = usage().map_err(|error| failure(error.into()))?;
        let started = Instant::now();
        let status = command.status().map_err(failure)?;
        let duration = started.elapsed();
        let after = usage().map_err(|error| failure(error.into()))?;
        Ok(Run::new(duration, &before, &after, status))
    }
}

/// Of all children that have been waited for. One runs at a time, so the difference is that run's own; a
/// safe `wait4` would say the same.
fn usage() -> nix::Result<Usage> {
    getrusage(UsageWho::RUSAGE_CHILDREN)
}

impl Run {
    fn new(duration: Duration, before: &Usage, after: &Usage, status: ExitStatus) -> Self {
        let seconds = |time: nix::sys::time::TimeVal| Duration::from_micros(time.num_microseconds().unsigned_abs());
        Self {
            wall_seconds: duration.as_secs_f64(),
            user_seconds: seconds(after.user_time() - before.user_time()).as_secs_f64(),
            system_seconds: seconds(after.system_time() - before.system_time()).as_secs_f64(),
            minor_faults: after.minor_page_faults() - before.minor_page_faults(),
            major_faults: after.major_page_faults() - before.major_page_faults(),
            exit_status: status.code(),
        }
    }
}

/// Runs every candidate once without measuring, then `run_count` times in turn. The runs of each candidate come
/// in the candidates' order.
///
/// # Errors
/// [`BenchError`] when a candidate can't be started.
pub fn measure(
    candidates: &[Candidate<'_>],
    run_count: NonZeroUsize,
    folder: &Path,
    progress: &dyn Fn(usize, usize),
) -> Result<Vec<Vec<Run>>, BenchError> {
    let mut runs: Vec<Vec<Run>> = candidates.iter().map(|_| Vec::new()).collect();
    for candidate in candidates {
        candidate.run(folder)?;
    }
    for round in 0..run_count.get() {
        for (candidate, runs) in candidates.iter().zip(&mut runs) {
            runs.push(candidate.run(folder)?);
        }
        progress(round + 1, run_count.get());
    }
    Ok(runs)
}
