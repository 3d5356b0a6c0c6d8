//! The first run of each candidate, not measured: what it prints and how it ends.
//!
//! Comes in: candidates. Goes out: those that can be measured, why the others can't, and where the program behaves
//! differently from one candidate to the next. Numbers of programs that do different things would compare nothing.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::BenchError;
use super::candidates::{Candidate, Group, REFERENCE};
use super::instrument::STOPPED_STATUS;
use super::process::{Ending, Start};
use super::report::Absent;
use super::worker::Runner;

/// Lines of standard error that are kept of a program that fails.
const KEPT_LINES: usize = 12;

/// Most bytes of a line that is shown of a difference.
const SHOWN: usize = 120;

/// What a first run was like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FirstRun {
    pub(super) ending: Option<Ending>,
    pub(super) output: Vec<u8>,
    /// The last lines of standard error.
    pub(super) errors: String,
}

/// How a candidate behaves differently from the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The candidate's id.
    pub candidate: String,
    /// In words.
    pub what: String,
}

/// Candidates after their first runs.
#[derive(Debug, Default)]
pub(super) struct FirstRuns {
    pub(super) candidates: Vec<Candidate>,
    /// In the order of the candidates.
    pub(super) runs: Vec<FirstRun>,
    pub(super) absent: Vec<Absent>,
    pub(super) differences: Vec<Difference>,
    /// False where the reference itself prints something else each time.
    pub(super) is_repeatable: bool,
}

/// Runs each candidate once, the reference twice.
pub(super) fn first_runs(
    candidates: Vec<Candidate>,
    runner: &mut Runner,
    folder: &Path,
) -> Result<FirstRuns, BenchError> {
    let mut first = FirstRuns { is_repeatable: true, ..FirstRuns::default() };
    for candidate in candidates {
        let run = first_run(&candidate.start, runner, folder)?;
        match why_not(&candidate, &run) {
            None => {
                first.candidates.push(candidate);
                first.runs.push(run);
            }
            Some(why) => first.absent.push(Absent::new(&candidate, why, run.errors)),
        }
    }
    if let Some(position) = first.candidates.iter().position(|candidate| candidate.id == REFERENCE) {
        let again = first_run(&first.candidates[position].start, runner, folder)?;
        first.is_repeatable = again.output == first.runs[position].output;
        first.compare(position);
    }
    Ok(first)
}

impl FirstRuns {
    /// Compares all with the one at `position`; one that fails only from a zip file is no candidate at all.
    fn compare(&mut self, position: usize) {
        let reference = self.runs[position].clone();
        for index in (0..self.candidates.len()).rev().filter(|index| *index != position) {
            let (candidate, run) = (&self.candidates[index], &self.runs[index]);
            if candidate.group == Group::Floor {
                continue;
            }
            if matches!(candidate.id, "pyz" | "host") && run.ending != reference.ending {
                let why = format!("the program does not run that way: it {}", ending_words(run.ending));
                let absent = Absent::new(candidate, why, run.errors.clone());
                self.absent.push(absent);
                self.candidates.remove(index);
                self.runs.remove(index);
                continue;
            }
            if let Some(what) = difference(&reference, run, self.is_repeatable) {
                self.differences.insert(0, Difference { candidate: candidate.id.to_owned(), what });
            }
        }
    }
}

fn first_run(start: &Start, runner: &mut Runner, folder: &Path) -> Result<FirstRun, BenchError> {
    let (output, errors) = (folder.join("stdout"), folder.join("stderr"));
    let start = Start { output: Some(output.clone().into()), errors: Some(errors.clone().into()), ..start.clone() };
    let run = runner.run(&start).map_err(|source| BenchError::Run { path: start.program.clone().into(), source })?;
    let read = |path: &Path| fs::read(path).unwrap_or_default();
    Ok(FirstRun { ending: Some(run.ending), output: read(&output), errors: last_lines(&read(&errors)) })
}

fn why_not(candidate: &Candidate, run: &FirstRun) -> Option<String> {
    let limit = candidate.start.time_limit.as_secs_f64();
    (run.ending == Some(Ending::TimedOut)).then(|| format!("it did not end within {limit} s"))
}

fn difference(reference: &FirstRun, run: &FirstRun, is_repeatable: bool) -> Option<String> {
    if run.ending != reference.ending {
        let (own, other) = (ending_words(run.ending), ending_words(reference.ending));
        return Some(format!("it {own}, where from disk it {other}"));
    }
    if !is_repeatable || run.output == reference.output {
        return None;
    }
    let lines = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(bytes).lines().map(|line| line.chars().take(SHOWN).collect()).collect()
    };
    let (own, other) = (lines(&run.output), lines(&reference.output));
    let count = own.len().max(other.len());
    let is_other = |index: &usize| own.get(*index) != other.get(*index);
    let index = (0..count).find(is_other).unwrap_or(0);
    let line = |lines: &[String]| lines.get(index).map_or("nothing".to_owned(), |line| format!("`{line}`"));
    Some(format!("it prints {} in line {}, where from disk it prints {}", line(&own), index + 1, line(&other)))
}

/// `ended with exit status 3`.
#[must_use]
pub fn ending_words(ending: Option<Ending>) -> String {
    match ending {
        Some(Ending::Exited(STOPPED_STATUS)) => "was stopped where it should".to_owned(),
        Some(Ending::Exited(status)) => format!("ended with exit status {status}"),
        Some(Ending::Signal(signal)) => format!("was ended by signal {signal}"),
        Some(Ending::TimedOut) => "did not end in time".to_owned(),
        None => "was not run".to_owned(),
    }
}

fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(KEPT_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Ending, FirstRun, difference, last_lines};

    fn run(status: i32, output: &str) -> FirstRun {
        FirstRun { ending: Some(Ending::Exited(status)), output: output.into(), errors: String::new() }
    }

    #[test]
    fn first_line_that_differs_is_named() {
        let said = difference(&run(0, "a\nb\n"), &run(0, "a\nc\n"), true).unwrap();
        assert_eq!(said, "it prints `c` in line 2, where from disk it prints `b`");
        let said = difference(&run(0, "a\nb\n"), &run(0, "a\n"), true).unwrap();
        assert_eq!(said, "it prints nothing in line 2, where from disk it prints `b`");
        assert_eq!(difference(&run(0, "a"), &run(0, "a"), true), None);
        assert_eq!(difference(&run(0, "1"), &run(0, "2"), false), None);
    }

    #[test]
    fn status_goes_before_output() {
        let said = difference(&run(0, "a"), &run(3, "b"), false).unwrap();
        assert_eq!(said, "it ended with exit status 3, where from disk it ended with exit status 0");
    }

    #[test]
    fn only_the_end_of_standard_error_is_kept() {
        let text = (0..20).map(|number| format!("{number}\n")).collect::<String>();
        assert!(last_lines(text.as_bytes()).starts_with("8\n9\n"));
        assert_eq!(last_lines(b""), "");
    }
}
