//! What is shown while the runtime is built: one line per step, and a log file for each.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Error, Result};

/// How much of a failed step's output is shown.
const TAIL_LINES: usize = 30;

/// The progress display on stderr. Steps may run in several threads at once.
#[derive(Debug)]
pub(crate) struct Ui {
    bars: MultiProgress,
    terminal: bool,
}

impl Default for Ui {
    fn default() -> Ui {
        Ui::new()
    }
}

impl Ui {
    /// Spinners if stderr is a terminal, else one plain line per finished step.
    pub(crate) fn new() -> Ui {
        Ui { bars: MultiProgress::new(), terminal: std::io::stderr().is_terminal() }
    }

    /// Runs one step under `title`, with a fresh log file `<title>.log` in `logs`.
    pub(super) fn step<T>(&self, title: &str, logs: &Path, run: impl FnOnce(&Log) -> Result<T>) -> Result<T> {
        let log = Log::create(title, logs)?;
        let spinner = self.spinner(title);
        let start = Instant::now();
        let result = run(&log);
        spinner.finish_and_clear();
        match &result {
            Ok(_) => self.line(&format!("{:>7}  {title}", seconds(start.elapsed()))),
            Err(Error::Step { log, .. }) => self.line(&format!(" failed  {title}\n{}", tail(log))),
            Err(error) => self.line(&format!(" failed  {title}: {error}")),
        }
        result
    }

    /// One line that stays on the screen.
    pub(super) fn line(&self, text: &str) {
        if self.terminal {
            // A line that can't be shown must not end a build.
            let _ = self.bars.println(text);
        } else {
            eprintln!("{text}");
        }
    }

    fn spinner(&self, title: &str) -> ProgressBar {
        if !self.terminal {
            return ProgressBar::hidden();
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        // OK because the template is a constant.
        bar.set_style(ProgressStyle::with_template("{elapsed:>7}  {spinner} {msg}").expect("a valid template"));
        bar.set_message(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn tail(log: &Path) -> String {
    let Ok(file) = File::open(log) else { return String::new() };
    let lines: Vec<String> = BufReader::new(file).lines().map_while(std::io::Result::ok).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// A step's log file, into which the programs that it runs write.
#[derive(Debug)]
pub(super) struct Log {
    title: String,
    path: PathBuf,
}

impl Log {
    fn create(title: &str, logs: &Path) -> Result<Log> {
        std::fs::create_dir_all(logs).map_err(Error::io("create", logs))?;
        let path = logs.join(format!("{}.log", title.replace([' ', '/'], "-")));
        File::create(&path).map_err(Error::io("create", &path))?;
        Ok(Log { title: title.to_owned(), path })
    }

    /// Runs `command` to its end with its output in the log.
    pub(super) fn run(&self, command: &mut Command) -> Result<()> {
        let shown = describe(command);
        let mut file = self.append()?;
        writeln!(file, "$ {shown}").map_err(Error::io("write", &self.path))?;
        let copy = file.try_clone().map_err(Error::io("write", &self.path))?;
        let status =
            command.stdin(Stdio::null()).stdout(file).stderr(copy).status().map_err(|source| Error::Start {
                program: command.get_program().to_string_lossy().into_owned(),
                source,
            })?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Step {
            step: self.title.clone(),
            command: shorten(&shown),
            status: status.to_string(),
            log: self.path.clone(),
        })
    }

    fn append(&self) -> Result<File> {
        OpenOptions::new().append(true).open(&self.path).map_err(Error::io("write", &self.path))
    }
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn shorten(command: &str) -> String {
    const SHOWN: usize = 100;
    if command.chars().count() <= SHOWN {
        return command.to_owned();
    }
    command.chars().take(SHOWN).chain(['…']).collect()
}
