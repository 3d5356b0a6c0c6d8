//! The page of results, `docs/compatibility.md`.
//!
//! Comes in: what was run, and the page as it was. Goes out: the page with the rows that were run replaced, those
//! that were not kept, sorted by name, and rows that were never run named as such.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::compat::programs::Kind;
use crate::compat::rows::{Program, Rows, Tool};

/// What has been run.
static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// Longer results are cut: the test's own output says everything.
const RESULT_LENGTH: usize = 140;

const TITLE: &str = "# Compatibility\n";

const INTRODUCTION: &str = "
Packages from PyPI, wheels as they are, frozen and compared with the same program under python: standard output, standard error
and exit status must be equal. The frozen program runs as another user, in an empty folder, with an empty environment, with every
file system read-only, without a temporary folder and with nothing of the build in reach; what a program needs beyond that for
reasons of its own is said in `tests/compat.toml`. `cargo xtask compat` runs all rows and writes this page; given words, it runs
the rows whose names begin with one, and keeps the others. A row that was never run frozen says so.

Start is the median time until the first output, when the imports are done: frozen, python from disk with its bytecode cached,
and their ratio. Memory is the peak of resident memory of the whole run, frozen and python. Times are of one machine, the two sides
in turns. The programs lie in `tests/compat`.
";

const NOT_TRIED: &str = "
## Not in the tables

torch: the wheel of torch 2.15.0 on PyPI (539 MB) is linked against CUDA's libraries, which lie in separate wheels of several
gigabytes; without them `import torch` fails under python as well (`libcudart.so.13: cannot open shared object file`). The
builds for processors alone are published elsewhere.
";

const PROGRAMS: &str = "\n## Packages\n
| row | packages | exercised | result | size | build | start | memory |
|---|---|---|---|---|---|---|---|
";

const SUITES: &str = "\n## The packages' own tests, run by pytest inside the frozen program\n
| row | packages | modules | result | size | build | whole run | memory |
|---|---|---|---|---|---|---|---|
";

const TOOLS: &str = "\n## Console tools\n
| row | packages | command lines | result | size | build | start | memory |
|---|---|---|---|---|---|---|---|
";

/// What was measured; nothing where the row did not get so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Of the executable, in bytes.
    pub size: Option<u64>,
    /// How long the build took.
    pub build: Option<Duration>,
    /// Until the first output: frozen, python.
    pub starts: Option<[Duration; 2]>,
    /// Peak resident memory in bytes: frozen, python.
    pub memory: Option<[u64; 2]>,
    /// Whole runs: frozen, python.
    pub runs: Option<[Duration; 2]>,
}

/// A line of the page.
#[derive(Clone, Debug)]
pub struct Row {
    name: String,
    packages: String,
    exercises: String,
    result: String,
    measured: Measured,
    kind: Option<Kind>,
}

impl Row {
    /// A row about a program.
    #[must_use]
    pub fn new(program: &Program, kind: Kind, result: String, measured: Measured) -> Self {
        let exercises = match kind {
            Kind::Program => program.exercises.clone(),
            Kind::Suite => program.arguments.join(" "),
        };
        let packages = words(&program.packages);
        Self { name: program.name.clone(), packages, exercises, result, measured, kind: Some(kind) }
    }

    /// A row about a console tool.
    #[must_use]
    pub fn of_tool(tool: &Tool, result: String, measured: Measured) -> Self {
        let packages = words(&tool.packages);
        Self { name: tool.name.clone(), packages, exercises: command_lines(tool), result, measured, kind: None }
    }

    /// As it is printed.
    #[must_use]
    pub fn terminal(&self) -> String {
        let [size, build, start, _] = self.cells();
        format!("{:<18}{size:>9} {build:>8}  {start:<26} {}\n", self.name, self.result)
    }

    fn cells(&self) -> [String; 4] {
        let Measured { size, build, starts, memory, runs } = self.measured;
        let times = if self.kind == Some(Kind::Suite) { runs } else { starts };
        let seconds = |time: Duration| time.as_secs_f64();
        let ratio = |[frozen, python]: [Duration; 2]| {
            format!("{:.2} s / {:.2} s, ×{:.2}", seconds(frozen), seconds(python), seconds(frozen) / seconds(python))
        };
        let megabytes = |[frozen, python]: [u64; 2]| format!("{} / {} MB", frozen / 1_000_000, python / 1_000_000);
        [
            size.map(|size| format!("{:.1} MB", f64_of(size) / 1e6)).unwrap_or_default(),
            build.map(|build| format!("{:.1} s", seconds(build))).unwrap_or_default(),
            times.map(ratio).unwrap_or_default(),
            memory.map(megabytes).unwrap_or_default(),
        ]
    }

    fn line(&self) -> String {
        let texts = [&self.packages, &self.exercises, &self.result].map(|text| text.replace('|', "\\|"));
        let mut line = format!("| {} |", self.name);
        for cell in texts.iter().chain(&self.cells()) {
            write!(line, " {cell} |").unwrap_or_default();
        }
        line
    }
}

/// Keeps a row for the table and the page.
pub fn keep(row: Row) {
    lock().push(row);
}

/// The rows kept so far, sorted by name.
#[must_use]
pub fn kept_rows() -> Vec<Row> {
    let mut rows = lock().clone();
    rows.sort_by(|left, right| left.name.cmp(&right.name));
    rows
}

fn lock() -> MutexGuard<'static, Vec<Row>> {
    ROWS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The whole page.
#[must_use]
pub fn text(rows: &Rows, run: &[Row], old: &str) -> String {
    let mut text = format!("{TITLE}{INTRODUCTION}");
    let programs =
        rows.program.iter().map(|row| never_run(Row::new(row, Kind::Program, String::new(), Measured::default())));
    text += &section(PROGRAMS, programs, run, old);
    let suites = rows.suite.iter().map(|row| never_run(Row::new(row, Kind::Suite, String::new(), Measured::default())));
    text += &section(SUITES, suites, run, old);
    let tools = rows.tool.iter().map(|tool| never_run(Row::of_tool(tool, String::new(), Measured::default())));
    text += &section(TOOLS, tools, run, old);
    text + NOT_TRIED
}

fn never_run(row: Row) -> Row {
    Row { result: "not run frozen yet".to_owned(), ..row }
}

fn section(head: &str, all: impl Iterator<Item = Row>, run: &[Row], old: &str) -> String {
    let mut lines = BTreeMap::new();
    for row in all {
        let fresh = run.iter().find(|fresh| fresh.name == row.name).map(Row::line);
        // A result of other versions is none of these.
        let start = format!("| {} | {} |", row.name, row.packages);
        let kept = || old.lines().find(|line| line.starts_with(&start)).map(str::to_owned);
        let line = fresh.or_else(kept).unwrap_or_else(|| row.line());
        lines.insert(row.name, line);
    }
    let body: String = lines.values().map(|line| format!("{line}\n")).collect();
    format!("{head}{body}")
}

/// A text for a cell of the page: one line, not too long.
#[must_use]
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(RESULT_LENGTH) {
        Some((position, _)) => format!("{}…", &line[..position]),
        None => line,
    }
}

fn words(packages: &[String]) -> String {
    packages.iter().map(|package| package.replace("==", " ")).collect::<Vec<_>>().join(", ")
}

fn command_lines(tool: &Tool) -> String {
    let mut text =
        tool.runs.iter().map(|arguments| format!("`{}`", arguments.join(" "))).collect::<Vec<_>>().join("; ");
    if !tool.outputs.is_empty() {
        write!(text, "; bytes of {}", tool.outputs.join(", ")).unwrap_or_default();
    }
    text
}

/// OK because sizes are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "sizes of files are far below 2^53")]
fn f64_of(size: u64) -> f64 {
    size as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[&str]) -> Rows {
        let program = names.iter().map(|name| {
            toml::from_str(&format!("name = '{name}'\npackages = ['{name}==1']\nexercises = 'things'")).unwrap()
        });
        Rows { tool: Vec::new(), program: program.collect(), suite: Vec::new() }
    }

    #[test]
    fn what_was_not_run_is_kept() {
        let rows = rows(&["b", "a", "c"]);
        let fresh = |name: usize, result: &str| {
            Row::new(&rows.program[name], Kind::Program, result.to_owned(), Measured::default())
        };
        let first = text(&rows, &[fresh(0, "works"), fresh(1, "fails")], "");
        let second = text(&rows, &[fresh(1, "works")], &first);
        let results: Vec<&str> = second.lines().filter(|line| line.contains("things")).collect();
        assert_eq!(
            results,
            [
                "| a | a 1 | things | works |  |  |  |  |",
                "| b | b 1 | things | works |  |  |  |  |",
                "| c | c 1 | things | not run frozen yet |  |  |  |  |",
            ]
        );
        assert_eq!(text(&rows, &[], &second), second);
        let newer = second.replace("| a 1 |", "| a 0 |");
        assert!(text(&rows, &[], &newer).contains("| a | a 1 | things | not run frozen yet |"));
    }

    #[test]
    fn long_results_are_cut() {
        assert_eq!(short("a\n  b"), "a b");
        assert_eq!(short(&"ü".repeat(200)).chars().count(), RESULT_LENGTH + 1);
    }
}
