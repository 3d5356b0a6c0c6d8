//! What was measured, as data: `--json` prints it as it is, `--compare` reads it back.

use serde::{Deserialize, Serialize};

use super::candidates::{Candidate, Group};
use super::first_run::Difference;
use super::imports::{Agreement, ImportProfile};
use super::machine::Machine;
use super::process::{Ending, Run};
use super::statistics::{Estimate, Spread};
use super::system_calls::SystemCalls;

/// The version of the report's form; `docs/bench-report.md` describes it. A reader of another version must not guess.
///
/// 1: the fields below.
pub const SCHEMA: u32 = 1;

/// A whole measurement. All times are in seconds, all sizes in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BenchReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The version of pyfreeze.
    pub pyfreeze_version: String,
    /// The version of the runtime's Python.
    pub python_version: String,
    /// When: RFC 3339, in UTC.
    pub measured_at: String,
    /// What was measured.
    pub program: ProgramFacts,
    /// Where.
    pub machine: Machine,
    /// The ways to run it, in the order of the table.
    pub candidates: Vec<CandidateReport>,
    /// The ways that could not be measured.
    pub absent: Vec<Absent>,
    /// Pairs of candidates, and whether they can be told apart.
    pub comparisons: Vec<Comparison>,
    /// Where the program behaves differently from disk.
    pub differences: Vec<Difference>,
    /// Below this, peak memory can't be told.
    pub memory_floor: u64,
    /// What counted system calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_call_counter: Option<String>,
    /// Where the time goes.
    pub imports: Vec<ImportProfile>,
    /// How far that agrees with `python -X importtime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// What takes how much room in the executable.
    pub sizes: Vec<SizePart>,
    /// What a reader of the numbers should know.
    pub warnings: Vec<String>,
    /// How to repeat it.
    pub commands: Vec<CommandLine>,
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFacts {
    /// The project's path, as given.
    pub path: String,
    /// The program's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// `--until-main` or `--until …`, if it was not the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Measured runs of each candidate.
    pub run_count: usize,
    /// Runs before that, not measured; the first of them is the one whose output is compared.
    pub warm_up_count: usize,
}

/// One candidate's numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CandidateReport {
    /// What it is called: the same in every report.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What kind of thing it is.
    pub group: Group,
    /// What it is, in a sentence.
    pub description: String,
    /// Wall time.
    pub wall_seconds: Spread,
    /// Where the median wall time lies with 95 % confidence; nothing for fewer than six runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_estimate: Option<Estimate>,
    /// Processor time in the program.
    pub user_seconds: Spread,
    /// Processor time in the kernel.
    pub system_seconds: Spread,
    /// Page faults served without reading from disk.
    pub minor_faults: Spread,
    /// Page faults that read from disk.
    pub major_faults: Spread,
    /// Peak memory.
    pub peak_memory: Spread,
    /// System calls, if they could be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_calls: Option<SystemCalls>,
    /// How it ended the first time.
    pub ending: Option<Ending>,
    /// The last lines of its standard error, if it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub errors: String,
    /// Runs that ended otherwise than the first.
    pub odd_run_count: usize,
    /// Every run.
    pub runs: Vec<Run>,
}

/// A way to run the program that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// What it is called.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Why it is not among the candidates.
    pub why: String,
    /// The last lines of its standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub errors: String,
}

/// Two candidates side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The one.
    pub candidate: String,
    /// The other.
    pub against: String,
    /// How many times as long the one takes: the median over rounds, in each of which both ran, and where it lies with 95 %
    /// confidence; nothing for fewer than six rounds.
    pub ratio: Option<Estimate>,
    /// What follows.
    pub verdict: Verdict,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The one takes less.
    Faster,
    /// The one takes more.
    Slower,
    /// The runs don't tell.
    Undecided,
}

/// A part of the executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizePart {
    /// What it is.
    pub name: String,
    /// What kind of thing: `runtime`, `snapshot`, `library`, `project`, `package` or `index`.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Modules in it.
    pub module_count: usize,
}

/// A command line that repeats something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// What it does, in a word or two.
    pub what: String,
    /// As a shell reads it.
    pub line: String,
}

impl Absent {
    pub(super) fn new(candidate: &Candidate, why: String, errors: String) -> Self {
        Self { id: candidate.id.to_owned(), name: candidate.name.clone(), why, errors }
    }
}

impl CandidateReport {
    pub(super) fn new(candidate: &Candidate, runs: &[Run], ending: Option<Ending>, errors: &str) -> Self {
        let spread = |measure: fn(&Run) -> f64| Spread::of(runs.iter().map(measure));
        #[expect(clippy::cast_precision_loss, reason = "counts and sizes below 2^52")]
        let (minor_faults, major_faults, peak_memory) = (
            spread(|run| run.minor_faults as f64),
            spread(|run| run.major_faults as f64),
            spread(|run| run.peak_memory as f64),
        );
        let is_failure =
            ending.is_some_and(|ending| !matches!(ending, Ending::Exited(0 | super::instrument::STOPPED_STATUS)));
        Self {
            id: candidate.id.to_owned(),
            name: candidate.name.clone(),
            group: candidate.group,
            description: candidate.description.clone(),
            wall_seconds: spread(|run| run.wall_seconds),
            wall_estimate: Estimate::of_median(runs.iter().map(|run| run.wall_seconds)),
            user_seconds: spread(|run| run.user_seconds),
            system_seconds: spread(|run| run.system_seconds),
            minor_faults,
            major_faults,
            peak_memory,
            system_calls: None,
            ending,
            errors: if is_failure { errors.to_owned() } else { String::new() },
            odd_run_count: runs.iter().filter(|run| Some(run.ending) != ending).count(),
            runs: runs.to_vec(),
        }
    }

    /// Page faults of both kinds.
    #[must_use]
    pub fn faults(&self) -> f64 {
        self.minor_faults.median + self.major_faults.median
    }
}

impl BenchReport {
    /// The candidate of this id.
    #[must_use]
    pub fn candidate(&self, id: &str) -> Option<&CandidateReport> {
        self.candidates.iter().find(|candidate| candidate.id == id)
    }

    /// How a candidate compares with another.
    #[must_use]
    pub fn comparison(&self, candidate: &str, against: &str) -> Option<&Comparison> {
        self.comparisons.iter().find(|pair| pair.candidate == candidate && pair.against == against)
    }
}

impl Comparison {
    /// Compares round by round, so that what slows the machine for a while slows both.
    #[must_use]
    pub fn new(candidate: &CandidateReport, against: &CandidateReport) -> Self {
        let pairs = candidate.runs.iter().zip(&against.runs);
        let ratio = Estimate::of_median(pairs.map(|(one, other)| one.wall_seconds / other.wall_seconds.max(1e-9)));
        let verdict = match ratio {
            Some(ratio) if ratio.high < 1.0 => Verdict::Faster,
            Some(ratio) if ratio.low > 1.0 => Verdict::Slower,
            _ => Verdict::Undecided,
        };
        Self { candidate: candidate.id.clone(), against: against.id.clone(), ratio, verdict }
    }
}
