//! Running a program and keeping everything it said.
//!
//! Comes in: a command line with its folder, environment and standard input. Goes out: status, stdout, stderr, and
//! a description with which a failure can be repeated by hand. Nothing of the test's own environment leaks in.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// How long a program may take unless a test says otherwise: generous, because a loaded machine is no bug.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(120);

/// `ETXTBSY`: another test forked while this executable was being written, and its child has not yet called exec.
const TEXT_FILE_BUSY: i32 = 26;

/// How the standard streams are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Streams {
    /// Input from the test, output kept.
    #[default]
    Kept,
    /// Standard input is closed.
    ClosedInput,
    /// Standard output is closed.
    ClosedOutput,
    /// Standard error is closed.
    ClosedError,
    /// All three are closed.
    AllClosed,
    /// Standard output is a device without space.
    Full,
    /// The reader of standard output goes away after one line.
    EarlyReader,
    /// All three are a terminal; what is printed comes out as stdout.
    Terminal,
    /// Another program of ours, a shell, is the parent.
    Shell,
}

impl Streams {
    /// The shell line that sets the streams up for `"$@"`; `None` when no shell is needed.
    fn script(self) -> Option<&'static str> {
        Some(match self {
            Self::Kept | Self::Terminal => return None,
            Self::ClosedInput => r#"exec "$@" <&-"#,
            Self::ClosedOutput => r#"exec "$@" >&-"#,
            Self::ClosedError => r#"exec "$@" 2>&-"#,
            Self::AllClosed => r#"exec "$@" <&- >&- 2>&-"#,
            Self::Full => r#"exec "$@" >/dev/full"#,
            Self::EarlyReader => r#""$@" | head -n 1; exit "${PIPESTATUS[0]}""#,
            Self::Shell => r#""$@"; exit $?"#,
        })
    }
}

/// A program about to be run.
#[derive(Clone, Debug)]
pub struct Run {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    input: String,
    streams: Streams,
    time_limit: Duration,
    user: Option<u32>,
}

impl Run {
    /// `program` in `folder`, with the few variables every program may expect and no arguments.
    pub fn new(program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let home = folder.join(".home").display().to_string();
        let environment = [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", &home),
            ("LANG", "C.UTF-8"),
            ("TERM", "dumb"),
        ];
        Self {
            program: program.into(),
            arguments: Vec::new(),
            folder,
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            input: String::new(),
            streams: Streams::Kept,
            time_limit: DEFAULT_TIME_LIMIT,
            user: None,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<Path>) -> Self {
        self.arguments.push(argument.as_ref().display().to_string());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value.into()));
        self
    }

    /// Runs with no variable at all.
    #[must_use]
    pub fn no_env(mut self) -> Self {
        self.environment.clear();
        self
    }

    /// The same run as the last arguments of another program, such as a shell.
    #[must_use]
    pub fn under(mut self, program: &str, arguments: &[&str]) -> Self {
        let own = std::mem::replace(&mut self.program, PathBuf::from(program)).display().to_string();
        let words = arguments.iter().map(|word| (*word).to_owned()).chain([own]);
        self.arguments.splice(0..0, words);
        self
    }

    /// What the program reads from standard input.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = text.into();
        self
    }

    /// How the standard streams are set up.
    #[must_use]
    pub fn streams(mut self, streams: Streams) -> Self {
        self.streams = streams;
        self
    }

    /// How long the program may take.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Runs as this user and group: only root can.
    #[must_use]
    pub fn user(mut self, id: u32) -> Self {
        self.user = Some(id);
        self
    }

    /// Runs the program to its end, or to the time limit.
    pub fn output(&self) -> Output {
        let started = Instant::now();
        let mut command = self.command();
        let mut child = match spawn(&mut command) {
            Ok(child) => child,
            Err(error) => return Output::not_started(self, &error),
        };
        let stdin = child.stdin.take();
        let input = self.input.clone().into_bytes();
        // A program that doesn't read its input closes the pipe early: no error of the test.
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
        let stdout = read_all(child.stdout.take());
        let stderr = read_all(child.stderr.take());
        let (status, peak_memory) = wait(&mut child, self.time_limit);
        // OK because the reading threads don't panic; a lost text shows up as a difference.
        let output = Output {
            description: self.description(),
            status,
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
            took: started.elapsed(),
            peak_memory,
        };
        drop(writer);
        output
    }

    /// As [`Self::output`], but anything but exit status 0 is a failure.
    pub fn success(&self) -> Result<Output, String> {
        let output = self.output();
        if output.status == Status::Exited(0) { Ok(output) } else { Err(output.report()) }
    }

    /// The command, not yet started: for those who look at its output while it runs.
    pub(crate) fn command(&self) -> Command {
        let mut command = match (self.streams.script(), self.streams) {
            (Some(script), _) => {
                let mut shell = Command::new("bash");
                shell.args(["-c", script, "bash"]).arg(&self.program).args(&self.arguments);
                shell
            }
            (None, Streams::Terminal) => {
                let words = std::iter::once(self.program.display().to_string()).chain(self.arguments.iter().cloned());
                let line: Vec<String> = words.map(|word| quoted(&word)).collect();
                let mut script = Command::new("script");
                script.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]);
                script
            }
            (None, _) => {
                let mut command = Command::new(&self.program);
                command.args(&self.arguments);
                command
            }
        };
        command.current_dir(&self.folder).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that a program that hangs is ended with its children.
        command.process_group(0);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// The command as one can type it.
    fn description(&self) -> String {
        let mut text = format!("cd {} && env -i", quoted(&self.folder.display().to_string()));
        for (name, value) in &self.environment {
            write!(text, " {name}={}", quoted(value)).unwrap_or_default();
        }
        write!(text, " {}", quoted(&self.program.display().to_string())).unwrap_or_default();
        for argument in &self.arguments {
            write!(text, " {}", quoted(argument)).unwrap_or_default();
        }
        if self.streams != Streams::Kept {
            write!(text, "   # streams: {:?}", self.streams).unwrap_or_default();
        }
        text
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Signal(i32),
    /// Ended by the test after the time limit.
    TimedOut,
    /// It could not be started.
    NotStarted,
}

impl From<ExitStatus> for Status {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::NotStarted,
        }
    }
}

/// What a program did.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command as one can type it.
    pub description: String,
    /// How it ended.
    pub status: Status,
    /// What it printed.
    pub stdout: String,
    /// What it said on standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
    /// The largest resident size of it or any child it waited for, in bytes; never less than that of these tests,
    /// because the kernel counts from the fork.
    pub peak_memory: u64,
}

impl Output {
    fn not_started(run: &Run, error: &std::io::Error) -> Self {
        Self {
            description: run.description(),
            status: Status::NotStarted,
            stdout: String::new(),
            stderr: error.to_string(),
            took: Duration::ZERO,
            peak_memory: 0,
        }
    }

    /// Everything, for a failure's message.
    #[must_use]
    pub fn report(&self) -> String {
        let Self { description, status, stdout, stderr, .. } = self;
        format!("$ {description}\nstatus: {status:?}\nstdout:\n{}stderr:\n{}", indented(stdout), indented(stderr))
    }
}

fn spawn(command: &mut Command) -> std::io::Result<Child> {
    for _ in 0..100 {
        match command.spawn() {
            Err(error) if error.raw_os_error() == Some(TEXT_FILE_BUSY) => std::thread::sleep(Duration::from_millis(20)),
            result => return result,
        }
    }
    command.spawn()
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // An error here leaves the text short, which the comparison reports.
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for the end, or for the time limit. The waiting is one call, because only that tells the memory used.
fn wait(child: &mut Child, limit: Duration) -> (Status, u64) {
    let group = child.id();
    let (ended, has_ended) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let is_late = has_ended.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        if is_late {
            kill_group(group);
        }
        is_late
    });
    let used = child.wait4();
    drop(ended);
    // OK because the watching thread doesn't panic.
    let is_late = watch.join().unwrap_or_default();
    match used {
        _ if is_late => (Status::TimedOut, 0),
        Ok(used) => (used.status.into(), used.rusage.maxrss),
        Err(_) => (Status::NotStarted, 0),
    }
}

/// Ends a program that was started with [`Run::command`], with its children.
pub(crate) fn end_group(child: &mut Child) {
    kill_group(child.id());
    let _ = child.wait();
}

/// The whole group, by the id that `process_group(0)` gave it.
fn kill_group(id: u32) {
    let _ = Command::new("bash").args(["-c", "kill -9 -- \"$1\" 2>/dev/null", "bash", &format!("-{id}")]).status();
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Text set off by two spaces, always ending in a line break.
#[must_use]
pub fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
