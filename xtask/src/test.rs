//! `cargo xtask test`: everything that CI runs, in the order in which it fails fastest.
//!
//! Comes in: the checkout. Goes out: the steps' own output and, alone on the last line, how many tests passed,
//! failed and were skipped. A step that counts no tests (formatting, lints, documentation) counts as one.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::machine;
use crate::process::{Failure, cargo};
use crate::product::{self, Product};

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave out what takes minutes: real tools, the thousand-module project
    #[arg(long)]
    quick: bool,
    /// Only whole-program tests whose name contains one of these, and none of the other steps
    filters: Vec<String>,
}

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs the tests.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    machine::prepare(machine::TEST_NEEDS)?;
    let mut counts = Counts::default();
    if arguments.filters.is_empty() {
        for (name, mut command) in static_steps() {
            counts.add(step(name, &mut command)?);
        }
    }
    let product = product::build()?;
    counts.add(step("whole programs", &mut whole_programs(&product, arguments))?);
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the rows of `tests/compat.toml` whose names begin with one of these words, all of them without a word, and writes
/// `docs/compatibility.md`; `test` takes the quick rows only.
pub(crate) fn compat(level: Option<&str>, words: &[String]) -> Result<ExitCode, Failure> {
    let mut filters = vec!["--full-compat".to_owned()];
    filters.extend(level.map(|level| format!("--snapshot={level}")));
    filters.extend(words.iter().map(|word| format!("compat/{word}")));
    if words.is_empty() {
        filters.push("compat/".to_owned());
    }
    run(&Arguments { quick: false, filters })
}

/// The stub is a step of its own each time: with the others, Cargo would give its format crate the feature `write`,
/// and with it Rust's standard library, which it is built without.
fn static_steps() -> Vec<(&'static str, Command)> {
    const STUB: [&str; 2] = ["--package", "pyfreeze-stub"];
    const OTHERS: [&str; 3] = ["--workspace", "--exclude", "pyfreeze-stub"];
    let quiet = |name: &str, packages: &[&str], more: &[&str]| {
        let mut command = cargo(&[name, "--locked", "--quiet"]);
        command.args(packages).args(more);
        command
    };
    let lints = ["--all-targets", "--", "-D", "warnings"];
    let static_lints = ["--features", "static", "--", "-D", "warnings"];
    let documentation = |packages: &[&str]| {
        let mut command = quiet("doc", packages, &["--no-deps"]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        command
    };
    vec![
        ("format", cargo(&["fmt", "--all", "--check"])),
        ("lints", quiet("clippy", &OTHERS, &lints)),
        ("lints of the stub", quiet("clippy", &STUB, &lints)),
        ("lints of the static stub", quiet("clippy", &STUB, &static_lints)),
        ("unit tests", quiet("test", &OTHERS, &["--lib", "--bins"])),
        ("format tests", quiet("test", &["--package", "pyfreeze-format"], &["--tests"])),
        ("unit tests of the stub", quiet("test", &STUB, &["--lib"])),
        ("documentation", documentation(&OTHERS)),
        ("documentation of the stub", documentation(&STUB)),
    ]
}

fn whole_programs(product: &Product, arguments: &Arguments) -> Command {
    let mut command = cargo(&["test", "--locked", "--quiet", "--package", "pyfreeze-tests", "--test", "all", "--"]);
    command.env("PYFREEZE", &product.pyfreeze).env("PYFREEZE_REFERENCE_PYTHON", &product.runtime.python);
    if arguments.quick {
        command.arg("--quick");
    }
    command.args(&arguments.filters);
    command
}

/// Runs one step with its output passed on, and counts the tests that its closing lines name.
fn step(name: &str, command: &mut Command) -> Result<Counts, Failure> {
    println!("== {name}");
    let start = Instant::now();
    let cannot = |error: std::io::Error| Failure::new(format!("Cannot run the step `{name}`: {error}"));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let mut counts = Counts::default();
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.map_err(cannot)?;
        match counts_of(&line) {
            // Only the last line of all may look like the total.
            Some(found) => counts.add(found),
            None => println!("{line}"),
        }
    }
    let is_good = child.wait().map_err(cannot)?.success();
    if counts == Counts::default() {
        counts.passed = usize::from(is_good);
    }
    if !is_good && counts.failed == 0 {
        counts.failed = 1;
    }
    let Counts { passed, failed, skipped } = counts;
    println!("== {name}: passed {passed}, failed {failed}, skipped {skipped}, {:.0} s", start.elapsed().as_secs_f64());
    Ok(counts)
}

/// Reads `test result: ok. 5 passed; 0 failed; 1 ignored; …` and `5 passed, 0 failed, 1 skipped`.
fn counts_of(line: &str) -> Option<Counts> {
    let line = line.trim_start_matches("test result: ").trim_start_matches("ok. ").trim_start_matches("FAILED. ");
    let mut parts = line.split([',', ';']).map(str::trim);
    let mut next = |words: &[&str]| {
        let (number, word) = parts.next()?.split_once(' ')?;
        words.contains(&word).then(|| number.parse().ok())?
    };
    Some(Counts { passed: next(&["passed"])?, failed: next(&["failed"])?, skipped: next(&["skipped", "ignored"])? })
}

#[cfg(test)]
mod tests {
    use super::{Counts, counts_of};

    #[test]
    fn closing_lines_are_counted() {
        let counts = Some(Counts { passed: 5, failed: 2, skipped: 1 });
        assert_eq!(counts_of("5 passed, 2 failed, 1 skipped"), counts);
        assert_eq!(counts_of("test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out"), counts);
        assert_eq!(counts_of("test things::passed ... ok"), None);
        assert_eq!(counts_of("5 passed"), None);
    }
}
