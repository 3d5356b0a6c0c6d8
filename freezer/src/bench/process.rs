//! One process from start to end, measured.
//!
//! Comes in: a command line with its streams and a limit. Goes out: how it ended and what it took. The process has a
//! group of its own, so that what runs too long ends with its children.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeValLike as _;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

/// Another process has the program open for writing: a fork that has not yet called exec.
const TEXT_FILE_BUSY: i32 = 26;

/// How often a program that is still open for writing is tried.
const BUSY_TRIES: usize = 100;

/// The group that runs now, for whoever has to end it; 0 is none.
static RUNNING: AtomicI32 = AtomicI32::new(0);

/// What is to be started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The program's path.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables that it gets besides those of this process.
    pub variables: Vec<(String, OsString)>,
    /// The file that it reads, otherwise nothing.
    pub input: Option<OsString>,
    /// The file for what it prints, otherwise nowhere.
    pub output: Option<OsString>,
    /// The file for what it says on standard error, otherwise nowhere.
    pub errors: Option<OsString>,
    /// How long it may take.
    pub time_limit: Duration,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "number")]
pub enum Ending {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Signal(i32),
    /// It did not end in time and was ended.
    TimedOut,
}

/// What one run took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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
    /// The largest resident size of the process or a child, in bytes; never below that of the process that started it.
    pub peak_memory: u64,
    /// How it ended.
    pub ending: Ending,
    /// When it was started, in nanoseconds of the monotonic clock, which is also that of python's `perf_counter_ns`.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub started_nanos: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Runs a process to its end, or to its limit.
///
/// # Errors
/// When it can't be started.
pub fn run(start: &Start) -> io::Result<Run> {
    let mut command = command(start)?;
    let watch = Watch::begin(start.time_limit);
    let before = usage()?;
    let started_nanos = monotonic_nanos()?;
    let started = Instant::now();
    let mut child = spawn(&mut command)?;
    // OK because Linux has no process numbers beyond 2^22.
    let group = i32::try_from(child.id()).unwrap_or(0);
    RUNNING.store(group, Ordering::SeqCst);
    watch.group.store(group, Ordering::SeqCst);
    let used = child.wait4();
    let duration = started.elapsed();
    watch.group.store(0, Ordering::SeqCst);
    RUNNING.store(0, Ordering::SeqCst);
    let is_late = watch.end();
    let (used, after) = (used?, usage()?);
    let ending = if is_late { Ending::TimedOut } else { used.status.into() };
    Ok(Run {
        wall_seconds: duration.as_secs_f64(),
        user_seconds: used.rusage.utime.as_secs_f64(),
        system_seconds: used.rusage.stime.as_secs_f64(),
        minor_faults: after.minor_page_faults() - before.minor_page_faults(),
        major_faults: after.major_page_faults() - before.major_page_faults(),
        peak_memory: used.rusage.maxrss,
        ending,
        started_nanos,
    })
}

/// Ends the group that runs now, if one does.
pub fn end_running() {
    end_group(&RUNNING);
}

fn end_group(group: &AtomicI32) {
    let group = group.load(Ordering::SeqCst);
    if group > 0 {
        // OK because a group that has just ended needs no end.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

/// The largest resident size of this process since it was started, in bytes: below it no child's can be told. Not what
/// `getrusage` says, which also counts the process that this one was forked from.
#[must_use]
pub fn own_peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn command(start: &Start) -> io::Result<Command> {
    let mut command = Command::new(&start.program);
    command.args(&start.arguments).envs(start.variables.iter().cloned()).process_group(0);
    let write = |path: &Option<OsString>| match path {
        Some(path) => File::create(path).map(Stdio::from),
        None => Ok(Stdio::null()),
    };
    let input = match &start.input {
        Some(path) => File::open(path)?.into(),
        None => Stdio::null(),
    };
    command.stdin(input).stdout(write(&start.output)?).stderr(write(&start.errors)?);
    Ok(command)
}

fn spawn(command: &mut Command) -> io::Result<std::process::Child> {
    for _ in 0..BUSY_TRIES {
        match command.spawn() {
            Err(error) if error.raw_os_error() == Some(TEXT_FILE_BUSY) => std::thread::sleep(Duration::from_millis(20)),
            outcome => return outcome,
        }
    }
    command.spawn()
}

/// Of all children that have been waited for. One runs at a time, so the difference is that run's own.
fn usage() -> io::Result<Usage> {
    Ok(getrusage(UsageWho::RUSAGE_CHILDREN)?)
}

fn monotonic_nanos() -> io::Result<i64> {
    Ok(clock_gettime(ClockId::CLOCK_MONOTONIC)?.num_nanoseconds())
}

/// Somebody who ends the running group when its time is over.
struct Watch {
    /// The group, once there is one; 0 is none.
    group: Arc<AtomicI32>,
    ended: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Watch {
    fn begin(limit: Duration) -> Self {
        let (ended, has_ended) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let group = Arc::new(AtomicI32::new(0));
        let watched = Arc::clone(&group);
        let thread = std::thread::spawn(move || {
            // Waited for, so that no thread is being made while the process is.
            let _ = ready.send(());
            let is_late = has_ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_late {
                end_group(&watched);
            }
            is_late
        });
        let _ = is_ready.recv();
        Self { group, ended, thread }
    }

    /// True if it had to act.
    fn end(self) -> bool {
        drop(self.ended);
        // OK because the thread doesn't panic.
        self.thread.join().unwrap_or_default()
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, signal) => Self::Signal(signal.unwrap_or(0)),
        }
    }
}
