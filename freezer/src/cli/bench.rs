//! `pyfreeze bench`.

use std::ffi::OsString;
use std::io::{stdin, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::arguments::ProjectArguments;
use super::build::{request, runtime_for};
use super::{Failure, put, put_json};
use crate::bench::{
    BenchError, BenchReport, BenchRequest, Changes, CompareError, LEVELS, ModuleFigures, RunCounts, Until, Workplace,
    bench, page, read_report, worker,
};
use crate::freeze::freeze_prepared;
use crate::project::SnapshotChoice;
use crate::ui::{BenchBar, Messages, Style, bench_table, changes_table};

/// Above the options that say what is run.
const RUNS: &str = "What is run";

/// Above the options that say what comes out.
const OUTPUT: &str = "What comes out";

/// Fewer runs decide nothing.
const FEWEST_RUNS: usize = 6;

#[derive(Debug, Args)]
pub(super) struct BenchArguments {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    /// The program's own arguments
    #[arg(last = true)]
    pub(super) arguments: Vec<OsString>,
    /// Also run the program by this Python, with the packages that it has
    #[arg(help_heading = RUNS, long, value_name = "FILE")]
    pub(super) python: Option<PathBuf>,
    /// Measured runs of each candidate
    #[arg(help_heading = RUNS, long, value_name = "N", default_value = "20")]
    pub(super) runs: NonZeroUsize,
    /// Runs of each candidate before that, not measured
    #[arg(help_heading = RUNS, long, value_name = "N", default_value = "2")]
    pub(super) warm_up: usize,
    /// How long each run may take
    #[arg(help_heading = RUNS, long, value_name = "SECONDS", default_value = "60")]
    pub(super) timeout: f64,
    /// What the program reads from standard input [default: nothing]
    #[arg(help_heading = RUNS, long, value_name = "FILE")]
    pub(super) stdin: Option<PathBuf>,
    /// End the program right before its first statement
    #[arg(help_heading = RUNS, long, conflicts_with = "until")]
    pub(super) until_main: bool,
    /// End the program when a module has been imported, such as `import numpy`
    #[arg(help_heading = RUNS, long, value_name = "IMPORT")]
    pub(super) until: Option<String>,
    /// Don't look into where the time goes
    #[arg(help_heading = RUNS, long)]
    pub(super) no_modules: bool,
    /// Keep the measured programs in this folder
    #[arg(help_heading = OUTPUT, long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(help_heading = OUTPUT, long)]
    pub(super) json: bool,
    /// Write the report as a page that shows itself: no network, no other file
    #[arg(help_heading = OUTPUT, long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Say what has changed since this report, which `--json` has printed
    #[arg(help_heading = OUTPUT, long, value_name = "FILE")]
    pub(super) compare: Option<PathBuf>,
    /// Fail when a candidate has become slower by more than this, such as `10%`, and for sure
    #[arg(help_heading = OUTPUT, long, value_name = "PERCENT", requires = "compare")]
    pub(super) fail_if_slower: Option<String>,
}

pub(super) fn run(arguments: BenchArguments) -> Result<ExitCode, Failure> {
    let limit = arguments.fail_if_slower.as_deref().map(|text| percent(text, arguments.runs)).transpose()?;
    // Whatever can be wrong is noticed before minutes of measuring.
    let old = arguments.compare.as_deref().map(read_report).transpose().map_err(compare_failure)?;
    let (is_json, html) = (arguments.json, arguments.html.clone());
    html.as_deref().map(|path| write_page(path, "")).transpose()?;
    let report = match is_report(&arguments.project.path) {
        true => read_report(&arguments.project.path).map_err(compare_failure)?,
        false => measure(arguments)?,
    };
    let changes = old.map(|old| Changes::new(&old, &report));
    if let Some(path) = &html {
        write_page(path, &page::render(&report))?;
    }
    if is_json {
        put_json(&report)?;
    } else {
        put(&bench_table(&report, Style::of_stdout()));
        put(&changes.as_ref().map(changes_table).unwrap_or_default());
    }
    if let Some(path) = html {
        Messages::on_stderr().note(&format!("report: `{}`", path.display()));
    }
    Ok(judge(changes.as_ref(), limit, is_json))
}

/// A report in place of a project is shown again; nothing is measured.
fn is_report(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json") && path.is_file()
}

/// `bench-worker`.
pub(super) fn work() -> Result<(), Failure> {
    worker::serve(stdin().lock(), stdout().lock()).map_err(|error| Failure::new(&error, Vec::new()))
}

fn measure(arguments: BenchArguments) -> Result<BenchReport, Failure> {
    let folder = arguments.project.runtime.clone();
    let workplace = Workplace::new(arguments.keep.as_deref()).map_err(failure)?;
    let request = bench_request(arguments)?;
    let runtime = runtime_for(&request.freeze, folder.as_deref())?;
    let bar = BenchBar::new();
    let freeze = |request: &_, prepare: crate::freeze::Preparation<'_>| {
        freeze_prepared(request, &runtime, prepare, &|progress| bar.show_build(progress))
    };
    let outcome = bench(&request, &runtime, &workplace, &freeze, &|step| bar.show(step));
    bar.finish();
    outcome.map_err(failure)
}

fn bench_request(arguments: BenchArguments) -> Result<BenchRequest, Failure> {
    let until = match (arguments.until_main, arguments.until.as_deref()) {
        (true, _) => Until::Main,
        (_, None) => Until::End,
        (_, Some(text)) => Until::parse(text).ok_or_else(|| {
            Failure::usage(&format!("Cannot stop at anything but an import, such as `import numpy`: `{text}`"))
        })?,
    };
    let time_limit = Duration::try_from_secs_f64(arguments.timeout).ok().filter(|limit| !limit.is_zero());
    let time_limit = time_limit
        .ok_or_else(|| Failure::usage(&format!("Not a number of seconds for `--timeout`: `{}`", arguments.timeout)))?;
    let freeze = request(arguments.project)?;
    let levels = match freeze.project.overrides.snapshot {
        Some(level) => vec![level],
        None if freeze.project.overrides.hash_randomization => vec![SnapshotChoice::Off],
        None => LEVELS.to_vec(),
    };
    Ok(BenchRequest {
        freeze,
        arguments: arguments.arguments,
        levels,
        python: arguments.python,
        counts: RunCounts { measured: arguments.runs.get(), warm_up: arguments.warm_up },
        time_limit,
        input: arguments.stdin,
        until,
        modules: if arguments.no_modules { ModuleFigures::Unwanted } else { ModuleFigures::Wanted },
        command_line: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
    })
}

/// `10%` and `10` are 0.1.
fn percent(text: &str, runs: NonZeroUsize) -> Result<f64, Failure> {
    if runs.get() < FEWEST_RUNS {
        return Err(Failure::usage(&format!("`--fail-if-slower` needs at least {FEWEST_RUNS} runs (`--runs`)")));
    }
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    let wrong = || Failure::usage(&format!("Not a percentage for `--fail-if-slower`: `{text}`"));
    number.map(|number| number / 100.0).ok_or_else(wrong)
}

/// Names the candidates that have become slower than they may.
fn judge(changes: Option<&Changes>, limit: Option<f64>, is_json: bool) -> ExitCode {
    let (Some(changes), Some(limit)) = (changes, limit) else { return ExitCode::SUCCESS };
    let slower = changes.slower_than(limit);
    if is_json && !slower.is_empty() {
        // The table is on stdout otherwise.
        eprint!("{}", changes_table(changes));
    }
    for change in &slower {
        let ratio = change.ratio.map_or(0.0, |ratio| ratio.low);
        let message = format!(
            "`{}` has become slower by at least {:.0} %, and {:.0} % are allowed",
            change.name,
            (ratio - 1.0) * 100.0,
            limit * 100.0
        );
        Messages::on_stderr().error(&message, &[]);
    }
    if slower.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Written empty before anything is measured, to notice in time where it can't be.
fn write_page(path: &Path, text: &str) -> Result<(), Failure> {
    let failure = |error| Failure::new(&format!("Cannot write the report: `{}`: {error}", path.display()), Vec::new());
    if text.is_empty() && path.exists() {
        return std::fs::OpenOptions::new().append(true).open(path).map(|_| ()).map_err(failure);
    }
    std::fs::write(path, text).map_err(failure)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failure(error: BenchError) -> Failure {
    Failure::new(&error, error.hints())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn compare_failure(error: CompareError) -> Failure {
    Failure::new(&error, error.hints())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::percent;

    #[test]
    fn percentages_have_a_sign_or_none() {
        let runs = NonZeroUsize::new(20).unwrap();
        assert!((percent("10%", runs).unwrap() - 0.1).abs() < 1e-12);
        assert!((percent("2.5", runs).unwrap() - 0.025).abs() < 1e-12);
        for wrong in ["", "ten", "-1", "nan", "inf"] {
            assert_eq!(percent(wrong, runs).unwrap_err().status, 2, "{wrong}");
        }
        assert_eq!(percent("10%", NonZeroUsize::new(5).unwrap()).unwrap_err().status, 2);
    }
}
