//! What follows from the numbers, in sentences: what can be told apart, what disturbs, how to repeat it.
//!
//! Comes in: measured candidates. Goes out: comparisons, warnings, sizes, command lines; nothing is measured here.

use std::ffi::OsStr;

use super::candidates::{Candidate, Group, REFERENCE};
use super::first_run::{FirstRuns, ending_words};
use super::instrument::STOPPED_STATUS;
use super::levels::Level;
use super::machine::Machine;
use super::process::{Ending, Start};
use super::report::{CandidateReport, CommandLine, Comparison, SizePart, Verdict};
use super::{BenchRequest, Until, Workplace};
use crate::contents::Owner;

/// Runs that spread more than this are noisy: the middle half of them, by their median.
const NOISY: f64 = 0.1;

/// More processes than this for each processor disturb.
const BUSY: f64 = 0.5;

/// Where measured programs are when they are to be kept, in command lines of a report that kept none.
const KEPT_FOLDER: &str = "bench-files";

/// Every candidate with the program from disk, and each level of snapshot with the next.
pub(super) fn comparisons(candidates: &[CandidateReport]) -> Vec<Comparison> {
    let mut pairs = Vec::new();
    if let Some(reference) = candidates.iter().find(|candidate| candidate.id == REFERENCE) {
        let others = candidates.iter().filter(|candidate| candidate.id != REFERENCE);
        pairs.extend(others.map(|candidate| Comparison::new(candidate, reference)));
    }
    let frozen: Vec<_> = candidates.iter().filter(|candidate| candidate.group == Group::Frozen).collect();
    pairs.extend(frozen.windows(2).map(|pair| Comparison::new(pair[0], pair[1])));
    pairs
}

/// Which comparisons the runs don't decide.
pub(super) fn of_comparisons(comparisons: &[Comparison], candidates: &[CandidateReport]) -> Vec<String> {
    let undecided = comparisons.iter().filter(|pair| pair.verdict == Verdict::Undecided);
    let name = |id: &str| {
        candidates.iter().find(|candidate| candidate.id == id).map_or(id.to_owned(), |candidate| candidate.name.clone())
    };
    let pairs: Vec<String> = undecided
        .map(|pair| {
            let range = pair.ratio.map_or_else(
                || "fewer than 6 runs".to_owned(),
                |ratio| format!("{:.2} to {:.2} times as long", ratio.low, ratio.high),
            );
            format!("`{}` and `{}` ({range})", name(&pair.candidate), name(&pair.against))
        })
        .collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    vec![format!("These runs can't tell apart {}; more runs (`--runs`) or a quieter machine may", pairs.join(", "))]
}

/// What a reader of the numbers should know.
pub(super) fn of_runs(
    request: &BenchRequest,
    made: &[Level],
    first: &FirstRuns,
    candidates: &[CandidateReport],
    machine: &Machine,
) -> Vec<String> {
    let mut warnings = Vec::new();
    warnings.extend(of_endings(request, first));
    if !first.is_repeatable {
        warnings.push("The program prints something else each time, so what it prints was not compared".to_owned());
    }
    for candidate in candidates.iter().filter(|candidate| candidate.odd_run_count > 0) {
        let (odd, all) = (candidate.odd_run_count, candidate.runs.len());
        warnings.push(format!("`{}`: {odd} of {all} runs ended otherwise than the first", candidate.name));
    }
    warnings.extend(of_variables(made));
    #[expect(clippy::cast_precision_loss, reason = "a count of processors")]
    let most = machine.processor_count as f64 * BUSY;
    if machine.load > most {
        warnings.push(format!(
            "Other processes use the machine: {:.1} of them on {} processors in the minute before",
            machine.load, machine.processor_count
        ));
    }
    let noisy = candidates.iter().filter(|candidate| candidate.wall_seconds.relative() > NOISY);
    let noisy: Vec<String> = noisy
        .map(|candidate| format!("`{}` by {:.0} %", candidate.name, candidate.wall_seconds.relative() * 100.0))
        .collect();
    if !noisy.is_empty() {
        warnings.push(format!("The machine is noisy: the middle half of the runs spreads for {}", noisy.join(", ")));
    }
    warnings
}

/// How the program ended, where that is worth a word.
fn of_endings(request: &BenchRequest, first: &FirstRuns) -> Vec<String> {
    let mut warnings = Vec::new();
    for (candidate, run) in first.candidates.iter().zip(&first.runs) {
        if candidate.group == Group::Floor {
            continue;
        }
        match run.ending {
            Some(Ending::Exited(STOPPED_STATUS)) if request.until != Until::End => {}
            Some(Ending::Exited(_)) if request.until != Until::End => {
                let what = request.until.option().unwrap_or_default();
                warnings.push(format!(
                    "`{}`: the program ended before `{what}`: the whole run was measured",
                    candidate.name
                ));
            }
            Some(Ending::Exited(0)) => {}
            ending => {
                let said: String = run.errors.lines().map(|line| format!("\n  {line}")).collect();
                warnings.push(format!("`{}`: the program {}{said}", candidate.name, ending_words(ending)));
            }
        }
    }
    warnings
}

/// A program whose snapshot depends on a variable that is set here starts without it.
fn of_variables(made: &[Level]) -> Vec<String> {
    let mut warnings = Vec::new();
    for level in made {
        let Some(snapshot) = &level.frozen.report.snapshot else { continue };
        let set: Vec<&str> =
            snapshot.variables.iter().map(String::as_str).filter(|name| std::env::var_os(name).is_some()).collect();
        if !set.is_empty() {
            warnings.push(format!(
                "The snapshot of level `{}` is not used here, because a variable is set that an imported module has read: {}",
                snapshot.level,
                set.join(", ")
            ));
        }
    }
    warnings
}

/// What takes how much room in the executable with the most of a snapshot.
pub(super) fn sizes(made: &[Level]) -> Vec<SizePart> {
    let Some(report) = made.first().map(|level| &level.frozen.report) else { return Vec::new() };
    let part = |name: &str, kind: &str, size: u64, module_count: usize| SizePart {
        name: name.to_owned(),
        kind: kind.to_owned(),
        size,
        module_count,
    };
    let mut parts = vec![
        part("the runtime", "runtime", report.sizes.stub, 0),
        part("the snapshot", "snapshot", report.sizes.snapshot, 0),
        part("index and digests", "index", report.sizes.index, 0),
    ];
    parts.extend(report.packages.iter().map(|package| {
        let (name, kind) = match &package.owner {
            Owner::Project => ("the project", "project"),
            Owner::StandardLibrary => ("the standard library", "library"),
            Owner::Settings => ("files given by hand", "project"),
            Owner::Distribution(name) => (name.as_str(), "package"),
        };
        part(name, kind, package.size, package.module_count)
    }));
    parts.retain(|part| part.size > 0);
    parts.sort_by(|one, other| other.size.cmp(&one.size).then_with(|| one.name.cmp(&other.name)));
    parts
}

/// Command lines that repeat the measurement, and each candidate by hand.
pub(super) fn commands(request: &BenchRequest, candidates: &[Candidate], workplace: &Workplace) -> Vec<CommandLine> {
    let line = |what: &str, line: String| CommandLine { what: what.to_owned(), line };
    let shown = |start: &Start| {
        let text = command_text(start);
        let place = workplace.path().display().to_string();
        if workplace.is_kept() { text } else { text.replace(&place, KEPT_FOLDER) }
    };
    let mut words: Vec<String> = request.command_line.iter().map(|word| quoted(OsStr::new(word))).collect();
    let mut commands = vec![line("this report", words.join(" "))];
    if !workplace.is_kept() {
        // Before the program's own arguments.
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        words.splice(end..end, ["--keep".to_owned(), KEPT_FOLDER.to_owned()]);
        commands.push(line("the same, and keep what is measured", words.join(" ")));
    }
    commands.extend(candidates.iter().map(|candidate| line(&candidate.name, shown(&candidate.start))));
    let timed = candidates.iter().filter(|candidate| candidate.without_caches.is_none());
    let timed: Vec<String> = timed.map(|candidate| quoted(OsStr::new(&shown(&candidate.start)))).collect();
    commands.push(line("by another tool", format!("hyperfine -N --warmup 3 {}", timed.join(" "))));
    commands
}

/// As a shell reads it.
fn command_text(start: &Start) -> String {
    let variables = start.variables.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
    let words = std::iter::once(&start.program).chain(&start.arguments).map(|word| quoted(word));
    let mut text = variables.chain(words).collect::<Vec<_>>().join(" ");
    if let Some(input) = &start.input {
        text += &format!(" < {}", quoted(input));
    }
    text
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
