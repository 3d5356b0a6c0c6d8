//! Runs tests side by side and counts.
//!
//! Comes in: named tests. Goes out: one line per test, everything needed to understand a failure, and the counts.
//! A test that can't run for want of something is skipped aloud; under `CI` a skip of what CI must have fails.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::compat::{Depth, Way};
use crate::levels::Level;
use crate::product::Product;

/// Tests that run at the same time: each starts processes of its own, so more would only crowd a small machine.
const WORKER_COUNT: usize = 2;

/// What a test says in the end.
pub type TestResult = Result<(), Stop>;

/// Why a test did not pass.
#[derive(Debug)]
pub enum Stop {
    /// It failed; the text says everything.
    Failed(String),
    /// It could not run.
    Skipped(Skip),
}

/// Why a test could not run.
#[derive(Debug)]
pub enum Skip {
    /// Something that can be installed is missing: a failure under `CI`.
    Missing(String),
    /// The machine or the user can't: not root, an old kernel.
    Impossible(String),
    /// Left out on purpose, by its own directive: the sentence says why.
    Deferred(String),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(message) => formatter.write_str(message),
            Self::Skipped(Skip::Missing(what)) => write!(formatter, "missing: {what}"),
            Self::Skipped(Skip::Impossible(why) | Skip::Deferred(why)) => formatter.write_str(why),
        }
    }
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(format!("the test's own input or output failed: {error}"))
    }
}

/// A named test.
pub struct Test {
    /// `group/name`, what the filter looks at.
    pub name: String,
    /// What it does.
    pub body: Box<dyn Fn(&Product) -> TestResult + Send + Sync>,
}

impl Test {
    /// A test from a name and a function.
    pub fn new(name: impl Into<String>, body: impl Fn(&Product) -> TestResult + Send + Sync + 'static) -> Self {
        Self { name: name.into(), body: Box::new(body) }
    }
}

/// What the command line asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A test runs if its name contains one of these; all run if there are none.
    pub filters: Vec<String>,
    /// Leave out what takes minutes.
    pub is_quick: bool,
    /// All real tools.
    pub is_full_compat: bool,
    /// The level of the snapshot at which real tools are frozen; `pyfreeze`'s own choice without.
    pub compat_level: Option<Level>,
    /// Print names only.
    pub is_list: bool,
}

impl Options {
    /// Reads the command line; unknown options (cargo's own) are ignored.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Self {
        let mut options = Self::default();
        for argument in arguments {
            match argument.as_str() {
                "--quick" => options.is_quick = true,
                "--full-compat" => options.is_full_compat = true,
                "--list" => options.is_list = true,
                _ if argument.starts_with("--snapshot=") => {
                    options.compat_level = Level::named(argument.trim_start_matches("--snapshot="));
                }
                _ if argument.starts_with("--") => {}
                _ => options.filters.push(argument),
            }
        }
        options
    }

    /// How `tests/compat.toml` is run.
    #[must_use]
    pub fn way(&self) -> Way {
        let depth = match (self.is_full_compat, self.is_quick) {
            (true, _) => Depth::Full,
            (false, true) => Depth::None,
            (false, false) => Depth::Test,
        };
        Way { depth, level: self.compat_level }
    }

    fn selects(&self, test: &Test) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| test.name.contains(filter))
    }
}

/// The counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that could not run.
    pub skipped: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs the selected tests.
pub fn run(tests: Vec<Test>, product: &Product, options: &Options) -> Report {
    let tests: Vec<Test> = tests.into_iter().filter(|test| options.selects(test)).collect();
    if options.is_list {
        tests.iter().for_each(|test| println!("{}", test.name));
        return Report::default();
    }
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..WORKER_COUNT {
            scope.spawn(|| {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run_one(test, product, &report);
                }
            });
        }
    });
    // OK because no worker panics: `run_one` catches what a test throws.
    report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn run_one(test: &Test, product: &Product, report: &Mutex<Report>) {
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (test.body)(product)))
        .unwrap_or_else(|panic| Err(Stop::Failed(panic_message(panic.as_ref()))));
    let took = started.elapsed();
    let mut report = report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match outcome {
        Ok(()) => {
            report.passed += 1;
            print_line("ok", test, took, "");
        }
        Err(Stop::Skipped(Skip::Missing(what))) if std::env::var_os("CI").is_some() => {
            report.failed += 1;
            print_line("FAILED", test, took, &format!("missing in CI: {what}"));
        }
        Err(Stop::Skipped(Skip::Missing(what) | Skip::Impossible(what) | Skip::Deferred(what))) => {
            report.skipped += 1;
            print_line("skipped", test, took, &what);
        }
        Err(Stop::Failed(message)) => {
            report.failed += 1;
            print_line("FAILED", test, took, "");
            println!("{}\n", message.trim_end());
        }
    }
}

fn print_line(word: &str, test: &Test, took: Duration, note: &str) {
    let colon = if note.is_empty() { "" } else { ": " };
    println!("{word:<8}{:>6.2} s  {}{colon}{note}", took.as_secs_f64(), test.name);
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the test panicked: {}", text.unwrap_or("(no message)"))
}
