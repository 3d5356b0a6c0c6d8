//! What was measured, as data and as a table.

use std::ffi::OsString;
use std::time::Duration;

use serde::Serialize;

use super::{Candidate, Run, Spread};
use crate::ui::duration_text;

/// A whole measurement.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// The candidates, the first of which the others are compared with.
    pub candidates: Vec<CandidateReport>,
}

/// One candidate's numbers.
#[derive(Clone, Debug, Serialize)]
pub struct CandidateReport {
    /// Its name.
    pub name: &'static str,
    /// Wall time in seconds.
    pub wall_seconds: Spread,
    /// Processor time in the program, in seconds.
    pub user_seconds: Spread,
    /// Processor time in the kernel, in seconds.
    pub system_seconds: Spread,
    /// Page faults served without reading from disk.
    pub minor_faults: Spread,
    /// Page faults that read from disk.
    pub major_faults: Spread,
    /// Its median wall time by the first candidate's.
    pub ratio: f64,
    /// Runs that did not exit with status 0.
    pub failed_run_count: usize,
    /// Every run.
    pub runs: Vec<Run>,
}

impl BenchReport {
    /// Condenses the runs of each candidate.
    #[must_use]
    pub fn new(candidates: &[Candidate<'_>], runs: &[Vec<Run>], arguments: &[OsString]) -> Self {
        let mut reports: Vec<CandidateReport> =
            candidates.iter().zip(runs).map(|(candidate, runs)| CandidateReport::new(candidate.name, runs)).collect();
        let reference = reports.first().map_or(0.0, |first| first.wall_seconds.median);
        for report in &mut reports {
            report.ratio = if reference > 0.0 { report.wall_seconds.median / reference } else { 0.0 };
        }
        let arguments = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        Self { arguments, candidates: reports }
    }
}

impl CandidateReport {
    fn new(name: &'static str, runs: &[Run]) -> Self {
        let spread = |measure: fn(&Run) -> f64| Spread::of(runs.iter().map(measure));
        #[expect(clippy::cast_precision_loss, reason = "a process has fewer than 2^52 page faults")]
        let (minor_faults, major_faults) =
            (spread(|run| run.minor_faults as f64), spread(|run| run.major_faults as f64));
        Self {
            name,
            wall_seconds: spread(|run| run.wall_seconds),
            user_seconds: spread(|run| run.user_seconds),
            system_seconds: spread(|run| run.system_seconds),
            minor_faults,
            major_faults,
            ratio: 0.0,
            failed_run_count: runs.iter().filter(|run| run.exit_status != Some(0)).count(),
            runs: runs.to_vec(),
        }
    }
}

/// The numbers as a table.
#[must_use]
pub fn table(report: &BenchReport) -> String {
    let mut text = format!(
        "{:<18} {:>9} {:>20} {:>8} {:>9} {:>9} {:>8}\n",
        "", "median", "min to max", "ratio", "user", "system", "faults"
    );
    for candidate in &report.candidates {
        let wall = candidate.wall_seconds;
        let range = format!("{} to {}", time(wall.minimum), time(wall.maximum));
        text += &format!(
            "{:<18} {:>9} {:>20} {:>8} {:>9} {:>9} {:>8}\n",
            candidate.name,
            time(wall.median),
            range,
            format!("{:.2} x", candidate.ratio),
            time(candidate.user_seconds.median),
            time(candidate.system_seconds.median),
            format!("{:.0}", candidate.minor_faults.median + candidate.major_faults.median),
        );
    }
    for candidate in report.candidates.iter().filter(|candidate| candidate.failed_run_count > 0) {
        let statuses = candidate.runs.iter().find(|run| run.exit_status != Some(0)).map(|run| run.exit_status);
        let status = match statuses {
            Some(Some(status)) => format!("exit status {status}"),
            _ => "a signal".to_string(),
        };
        let (failed, all) = (candidate.failed_run_count, candidate.runs.len());
        text += &format!("{}: {failed} of {all} runs ended with {status}\n", candidate.name);
    }
    text
}

fn time(seconds: f64) -> String {
    duration_text(Duration::from_secs_f64(seconds.max(0.0)))
}
