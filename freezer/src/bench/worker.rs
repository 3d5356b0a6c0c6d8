//! A process of its own that starts all measured processes.
//!
//! Comes in: one [`Start`] per line on standard input. Goes out: one `Answer` per line. A build may have made this process
//! large, and the kernel counts a child's peak memory from that of the process that started it: a fresh one is small.
//! It also starts nothing else, so that what its children used is what one run used.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::process::{self, Run, Start};

/// The hidden command of `pyfreeze` that serves.
pub const WORKER_COMMAND: &str = "bench-worker";

/// What came of a [`Start`].
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Answer {
    /// It ran; and the peak memory below which no run's can be told.
    Ran(Run, u64),
    /// It could not be started: the system's error number, and what it says.
    Failed(Option<i32>, String),
}

/// Who starts processes.
#[derive(Debug)]
pub enum Runner {
    /// This process, which may be large: for tests.
    Here,
    /// A worker.
    Worker {
        /// The process.
        child: Child,
        /// What it is told.
        requests: ChildStdin,
        /// What it says.
        answers: BufReader<ChildStdout>,
        /// Peak memory below which no run's can be told, in bytes.
        memory_floor: u64,
    },
}

impl Runner {
    /// Starts a worker, without the variables that change what python does.
    ///
    /// # Errors
    /// When `pyfreeze` can't be started once more.
    pub fn worker() -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(WORKER_COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_interpreters(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        let mut child = command.spawn()?;
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let requests = child.stdin.take().ok_or_else(gone)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        Ok(Self::Worker { child, requests, answers, memory_floor: 0 })
    }

    /// Runs a process to its end, or to its limit.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn run(&mut self, start: &Start) -> io::Result<Run> {
        let Self::Worker { requests, answers, memory_floor, .. } = self else { return process::run(start) };
        let mut line = serde_json::to_string(start)?;
        line.push('\n');
        requests.write_all(line.as_bytes())?;
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match serde_json::from_str(&line)? {
            Answer::Ran(run, floor) => {
                *memory_floor = (*memory_floor).max(floor);
                Ok(run)
            }
            Answer::Failed(Some(number), _) => Err(io::Error::from_raw_os_error(number)),
            Answer::Failed(None, message) => Err(io::Error::other(message)),
        }
    }

    /// Peak memory below which no run's can be told, in bytes.
    #[must_use]
    pub fn memory_floor(&self) -> u64 {
        match self {
            Self::Here => process::own_peak_memory(),
            Self::Worker { memory_floor, .. } => *memory_floor,
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Self::Worker { child, .. } = self {
            // It waits for nothing but us, and has ended its own child if it was interrupted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A frozen program ignores these; run from disk it must not be another one because of them.
fn is_interpreters(name: &str) -> bool {
    name.starts_with("PYTHON") || name == "PYFREEZE_SNAPSHOT"
}

/// Serves until its input ends. Ctrl-C ends the process that runs, and leaves it to the one that asks what follows.
///
/// # Errors
/// When a stream fails.
pub fn serve(requests: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || signals.forever().for_each(|_| process::end_running()));
    for line in requests.lines() {
        let answer = match process::run(&serde_json::from_str(&line?)?) {
            Ok(run) => Answer::Ran(run, process::own_peak_memory()),
            Err(error) => Answer::Failed(error.raw_os_error(), error.to_string()),
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}
