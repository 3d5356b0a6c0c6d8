//! One run of the executable that is recorded.
//!
//! Comes in: a room. Goes out: how the run ended. The process has an environment of its own, no input, no descriptor
//! but the standard ones (the stub closes what this process has inherited), a process group of its own, and a limit of
//! time, after which the whole group is killed; it leaves no core dump.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::place::{NOBODY, Room};
use super::{SnapshotFailure, prepare_error};

/// Of two runs that must not differ: what the machine is to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    First,
    Second,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As it should; with what it has printed.
    Done(String),
    /// By itself.
    Failed { ending: String, log: String },
    /// By force.
    TimedOut { log: String },
}

/// As many bytes of a log are kept.
const LOG_LIMIT: usize = 1 << 16;

/// Variables with a value for each variant. `PYFREEZE_VARIABLE` is for tests; the others and `HOME`, a folder of the room, are
/// [`ALWAYS_SET`].
///
/// [`ALWAYS_SET`]: super::rules::ALWAYS_SET
const ENVIRONMENT: [(&str, [&str; 2]); 6] = [
    ("LOGNAME", ["somebody", "nobody-b"]),
    ("PATH", ["/usr/bin:/bin", "/opt/bin:/bin"]),
    ("PWD", ["/nonexistent/c", "/nonexistent/d"]),
    ("PYFREEZE_VARIABLE", ["aaaa", "bbbb"]),
    ("SHELL", ["/nonexistent/e", "/nonexistent/f"]),
    ("USER", ["somebody", "nobody-b"]),
];

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl Variant {
    pub(super) const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// Two environments whose texts have the same lengths: what nearly every user has set, each with two values.
    fn environment(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let index = usize::from(self == Self::Second);
        ENVIRONMENT.iter().map(move |(name, values)| (*name, values[index]))
    }

    /// The certificates that the machine trusts: one, of the same size on both, with other content.
    fn certificates(self) -> &'static str {
        match self {
            Self::First => include_str!("certificates/first.pem"),
            Self::Second => include_str!("certificates/second.pem"),
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Self::First => "0",
            Self::Second => "1",
        }
    }
}

/// Runs the room's executable.
pub(super) fn run(room: &Room, variant: Variant, timeout: Duration) -> Result<Outcome, SnapshotFailure> {
    let start_error = |source| SnapshotFailure::Start { source };
    let certificates = room.recording().join("certificates.pem");
    fs::write(&certificates, variant.certificates()).map_err(prepare_error(&certificates))?;
    let limit = NoCoreDumps::new();
    // Both: who owns a file that is looked at may decide how much memory the answer takes.
    let is_nobodys = room.give_to_nobody().map_err(start_error)?;
    let child = match start(room, variant, is_nobodys) {
        // Root may be short of the right, or nobody of one to a folder above.
        Err(_) if is_nobodys => start(room, variant, false),
        started => started,
    };
    drop(limit);
    let status = wait(child.map_err(start_error)?, timeout).map_err(start_error)?;
    let log = fs::read(room.log()).map_err(prepare_error(&room.log()))?;
    let log = String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_LIMIT)..]).into_owned();
    Ok(match status {
        None => Outcome::TimedOut { log },
        Some(status) if status.success() => Outcome::Done(log),
        Some(status) => Outcome::Failed { ending: ending(status), log },
    })
}

fn start(room: &Room, variant: Variant, is_nobodys: bool) -> io::Result<Child> {
    let log = File::create(room.log())?;
    let mut command = Command::new(room.program());
    // Relative, and the same in every build: the length of a temporary folder's path would be seen in the memory.
    command.arg0("program").args(["../recording", variant.argument()]);
    command.env_clear().envs(variant.environment()).env("HOME", room.home());
    command.current_dir(room.working_folder());
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.process_group(0);
    if is_nobodys {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.spawn()
}

/// Waits for the process and ends what it has left behind; `None` if its time was over.
fn wait(mut child: Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if started.elapsed() >= timeout => break None,
            None => thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    // OK because a process's number fits, and a group that is gone needs no end.
    let group = i32::try_from(child.id()).map(Pid::from_raw);
    let _ = group.map(|group| killpg(group, Signal::SIGKILL));
    if status.is_none() {
        child.wait()?;
    }
    Ok(status)
}

fn ending(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => match Signal::try_from(signal) {
            Ok(name) => format!("signal {name}"),
            Err(_) => format!("signal {signal}"),
        },
        (None, code) => format!("status {}", code.unwrap_or(-1)),
    }
}

/// This process's limit on core dumps, which what it starts inherits, set to zero for as long as this lives.
struct NoCoreDumps(Option<(u64, u64)>);

impl NoCoreDumps {
    fn new() -> Self {
        let before = getrlimit(Resource::RLIMIT_CORE).ok();
        // OK to go on without: a core dump would be a nuisance and nothing worse.
        let is_set = before.is_some_and(|(_, hard)| setrlimit(Resource::RLIMIT_CORE, 0, hard).is_ok());
        Self(before.filter(|_| is_set))
    }
}

impl Drop for NoCoreDumps {
    fn drop(&mut self) {
        if let Some((soft, hard)) = self.0 {
            let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::ALWAYS_SET;
    use super::ENVIRONMENT;

    #[test]
    fn what_is_always_set_has_two_values() {
        let names = ENVIRONMENT.iter().map(|(name, _)| *name).filter(|name| *name != "PYFREEZE_VARIABLE");
        let mut names: Vec<&str> = names.chain(["HOME"]).collect();
        names.sort_unstable();
        assert_eq!(names, ALWAYS_SET);
        let [first, second] = super::Variant::BOTH.map(super::Variant::certificates);
        assert!(first != second && first.len() == second.len());
        assert!(ENVIRONMENT.iter().all(|(_, [first, second])| first != second && first.len() == second.len()));
    }
}
