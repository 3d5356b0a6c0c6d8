//! Two measurements → what has changed.
//!
//! Comes in: an older report and a new one. Goes out: a change for each candidate that both have, and whether it is more than
//! noise. The two were not taken in turn, so the machine itself may have changed: the floor lines say by how much.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use super::candidates::Group;
use super::report::{BenchReport, CandidateReport, SCHEMA, Verdict};
use super::statistics::Estimate;

/// The floor line that says best how fast the machine is, because it does most of what a start does.
const YARDSTICK: &str = "floor-python";

/// Why an older report can't be used.
#[derive(Debug, Error)]
pub enum CompareError {
    /// It can't be read.
    #[error("Cannot read the report to compare with: `{path}`: {source}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no report, or one of another version.
    #[error("Cannot compare with `{path}`: {reason}", path = .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl CompareError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } | Self::Form { .. } => {
                vec!["`pyfreeze bench PATH --json > FILE` writes such a report".to_owned()]
            }
        }
    }
}

/// What has changed since an older measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    /// When the older one was taken.
    pub since: String,
    /// One for each candidate in both.
    pub changes: Vec<Change>,
    /// How many times as long the machine takes for the same as then, by a floor line.
    pub machine: Option<Estimate>,
    /// What else differs between the two, and makes the comparison doubtful.
    pub notes: Vec<String>,
}

/// One candidate, then and now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Its id.
    pub candidate: String,
    /// Its name.
    pub name: String,
    /// What kind of thing it is.
    pub group: Group,
    /// The median wall time then, in seconds.
    pub old_seconds: f64,
    /// The median wall time now.
    pub new_seconds: f64,
    /// How many times as long it takes now; nothing where either had fewer than six runs.
    pub ratio: Option<Estimate>,
    /// What follows.
    pub verdict: Verdict,
}

/// Reads an older report.
///
/// # Errors
/// [`CompareError`].
pub fn read_report(path: &Path) -> Result<BenchReport, CompareError> {
    let text = fs::read_to_string(path).map_err(|source| CompareError::Read { path: path.into(), source })?;
    let wrong = |reason: String| CompareError::Form { path: path.into(), reason };
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(SCHEMA) => {}
        Some(version) => {
            return Err(wrong(format!("its form has version {version}, and this pyfreeze reads {SCHEMA}")));
        }
        None => return Err(wrong("it is no report of `pyfreeze bench`".to_owned())),
    }
    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
}

impl Changes {
    /// Compares two reports.
    #[must_use]
    pub fn new(old: &BenchReport, new: &BenchReport) -> Self {
        let pairs = || new.candidates.iter().filter_map(|now| Some((old.candidate(&now.id)?, now)));
        let floors = || pairs().filter(|(_, now)| now.group == Group::Floor);
        let yardstick = floors().find(|(_, now)| now.id == YARDSTICK).or_else(|| floors().next());
        Self {
            since: old.measured_at.clone(),
            changes: pairs().map(|(then, now)| Change::new(then, now)).collect(),
            machine: yardstick.and_then(|(then, now)| ratio(then, now)),
            notes: notes(old, new),
        }
    }

    /// The candidates that take longer than then by more than `limit` (0.1 is 10 %), for sure and beyond what the machine
    /// itself takes longer. Noise alone names none: the lower end of the ratio's interval counts, not its middle.
    #[must_use]
    pub fn slower_than(&self, limit: f64) -> Vec<&Change> {
        // A slower machine is an excuse, a faster one no accusation.
        let machine = self.machine.map_or(1.0, |machine| machine.value.max(1.0));
        let is_slower = |change: &&Change| change.ratio.is_some_and(|ratio| ratio.low > (1.0 + limit) * machine);
        self.changes.iter().filter(|change| change.group != Group::Floor).filter(is_slower).collect()
    }
}

impl Change {
    fn new(then: &CandidateReport, now: &CandidateReport) -> Self {
        let ratio = ratio(then, now);
        let verdict = match ratio {
            Some(ratio) if ratio.high < 1.0 => Verdict::Faster,
            Some(ratio) if ratio.low > 1.0 => Verdict::Slower,
            _ => Verdict::Undecided,
        };
        Self {
            candidate: now.id.clone(),
            name: now.name.clone(),
            group: now.group,
            old_seconds: then.wall_seconds.median,
            new_seconds: now.wall_seconds.median,
            ratio,
            verdict,
        }
    }
}

fn ratio(then: &CandidateReport, now: &CandidateReport) -> Option<Estimate> {
    now.wall_estimate?.by(&then.wall_estimate?)
}

fn notes(old: &BenchReport, new: &BenchReport) -> Vec<String> {
    let mut notes = Vec::new();
    let mut differ = |what: &str, then: &str, now: &str| {
        if then != now {
            notes.push(format!("{what} then: {then}, now: {now}"));
        }
    };
    differ("program", &old.program.name, &new.program.name);
    differ("arguments", &old.program.arguments.join(" "), &new.program.arguments.join(" "));
    let until = |report: &BenchReport| report.program.until.clone().unwrap_or_else(|| "the whole run".to_owned());
    differ("measured", &until(old), &until(new));
    differ("processor", &old.machine.processor, &new.machine.processor);
    differ("kernel", &old.machine.kernel, &new.machine.kernel);
    let gone = old.candidates.iter().filter(|then| new.candidate(&then.id).is_none());
    notes.extend(gone.map(|then| format!("{} was measured then, and not now", then.name)));
    notes
}
