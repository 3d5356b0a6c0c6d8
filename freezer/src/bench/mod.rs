//! A project → how its start compares: frozen, from disk, and in other ways.
//!
//! Comes in: a project and the program's arguments. Goes out: a [`BenchReport`]: whole processes measured in turn, so that
//! whatever else the machine does meets all of them alike, and where their time goes, module by module. Nothing is printed
//! here; `crate::ui` and [`page`] show the report.

pub mod process;

pub mod worker;

mod layout;

mod instrument;

mod levels;

mod candidates;

mod floors;

mod statistics;

mod first_run;

mod measure;

mod system_calls;

mod record;

mod import_time;

mod imports;

mod machine;

mod report;

mod record_imports;

mod findings;

mod compare;

pub mod page;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::TempDir;
use thiserror::Error;

pub use candidates::{Candidate, Group, REFERENCE};
pub use compare::{Change, Changes, CompareError, read_report};
pub use first_run::{Difference, ending_words};
pub use import_time::TimedImport;
pub use imports::{Agreement, ImportNode, ImportProfile};
pub use instrument::{Instrument, Until};
pub use layout::DiskProgram;
pub use levels::{Freeze, LEVELS};
pub use machine::Machine;
pub use measure::{RunCounts, measure};
pub use process::{Ending, Run, Start};
pub use report::{
    Absent, BenchReport, CandidateReport, CommandLine, Comparison, ProgramFacts, SCHEMA, SizePart, Verdict,
};
pub use statistics::{Estimate, Spread};
pub use system_calls::SystemCalls;
pub use worker::{Runner, WORKER_COMMAND};

use crate::bytecode::Optimization;
use crate::freeze::{FreezeError, FreezeRequest};
use crate::payload::PayloadError;
use crate::project::SnapshotChoice;
use crate::runtime::Runtime;
use first_run::FirstRuns;
use layout::{OwnFiles, lay_out_flat};
use levels::{Level, MissingLevel, freeze_levels, name_of};
use system_calls::Counter;

/// What to measure.
#[derive(Clone, Debug)]
pub struct BenchRequest {
    /// The program, and how it is frozen.
    pub freeze: FreezeRequest,
    /// The program's arguments.
    pub arguments: Vec<OsString>,
    /// The levels of snapshot to try.
    pub levels: Vec<SnapshotChoice>,
    /// A Python of the machine to run the program by, too.
    pub python: Option<PathBuf>,
    /// How often each candidate runs.
    pub counts: RunCounts,
    /// How long each run may take.
    pub time_limit: Duration,
    /// The file that the program reads, otherwise nothing.
    pub input: Option<PathBuf>,
    /// How far the program runs.
    pub until: Until,
    /// Whether it is looked into where the time goes.
    pub modules: ModuleFigures,
    /// This command line, for the report.
    pub command_line: Vec<String>,
}

/// Whether it is looked into where the time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleFigures {
    /// Module by module.
    Wanted,
    /// Not at all.
    Unwanted,
}

/// How far a measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writing the program to disk.
    LayingOut,
    /// Running each candidate once.
    Trying,
    /// Rounds done, and to do.
    Measuring(usize, usize),
    /// Counting system calls.
    Counting,
    /// Rounds done of those that record imports, and to do.
    Recording(usize, usize),
}

/// Why nothing could be measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The project can't be frozen.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// A file of the program from disk can't be read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A file of the program from disk can't be written.
    #[error("Cannot lay out the program on disk: `{path}`: {source}")]
    Layout {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder that is to be kept has something in it.
    #[error("Cannot keep the measured programs in a folder that is not empty: `{}`", .0.display())]
    NotEmpty(PathBuf),
    /// A candidate can't be started.
    #[error("Cannot run `{path}`: {source}")]
    Run {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The process that starts the others can't be started.
    #[error("Cannot start pyfreeze once more: {0}")]
    Worker(io::Error),
    /// The Python of the machine is none.
    #[error("Cannot use the Python given by `--python`: `{path}`: {why}", path = .path.display())]
    HostPython {
        /// What was given.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The program doesn't end in any of the ways to run it.
    #[error("Cannot measure `{name}`: {why}{errors}")]
    NothingToMeasure {
        /// The program.
        name: String,
        /// What it did.
        why: String,
        /// What it said on standard error.
        errors: String,
    },
    /// Ctrl-C.
    #[error("Interrupted: nothing was measured")]
    Interrupted,
}

impl BenchError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Freeze(error) => error.hints(),
            Self::NotEmpty(_) => vec!["name a folder that does not exist yet".to_owned()],
            Self::HostPython { .. } => vec!["check that `--python` names an executable Python".to_owned()],
            Self::NothingToMeasure { .. } => vec![
                "a program that waits for input gets what `--stdin FILE` says, otherwise nothing".to_owned(),
                "arguments after `--` are the program's; `--until-main` or `--until \"import X\"` ends a server early"
                    .to_owned(),
                "`--timeout SECONDS` gives it more time".to_owned(),
            ],
            Self::Payload(_) | Self::Layout { .. } | Self::Run { .. } | Self::Worker(_) | Self::Interrupted => {
                Vec::new()
            }
        }
    }
}

/// The folder that a benchmark works in.
#[derive(Debug)]
pub struct Workplace {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl Workplace {
    /// A new folder: one that is kept, or one that goes away with this value.
    ///
    /// # Errors
    /// [`BenchError`] when it can't be made.
    pub fn new(kept: Option<&Path>) -> Result<Self, BenchError> {
        let failure = |path: &Path| {
            let path = path.to_owned();
            move |source| BenchError::Layout { path, source }
        };
        let Some(kept) = kept else {
            let folder = tempfile::Builder::new().prefix("pyfreeze-bench-").tempdir();
            let folder = folder.map_err(failure(&std::env::temp_dir()))?;
            return Ok(Self { path: folder.path().to_owned(), temporary: Some(folder) });
        };
        std::fs::create_dir_all(kept).map_err(failure(kept))?;
        if std::fs::read_dir(kept).map_err(failure(kept))?.next().is_some() {
            return Err(BenchError::NotEmpty(kept.to_owned()));
        }
        Ok(Self { path: std::path::absolute(kept).map_err(failure(kept))?, temporary: None })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True for a folder that stays.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    fn folder(&self, name: &str) -> Result<PathBuf, BenchError> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).map_err(|source| BenchError::Layout { path: path.clone(), source })?;
        Ok(path)
    }
}

/// The program in all its forms.
struct Forms {
    made: Vec<Level>,
    disk: DiskProgram,
    candidates: Vec<Candidate>,
    absent: Vec<Absent>,
}

/// Measures a program in every way that there is to run it.
///
/// # Errors
/// [`BenchError`] when it can't be frozen, laid out or started; its own exit status is reported, not judged.
pub fn bench(
    request: &BenchRequest,
    runtime: &Runtime,
    workplace: &Workplace,
    freeze: Freeze<'_>,
    progress: &dyn Fn(Step),
) -> Result<BenchReport, BenchError> {
    let machine = Machine::read();
    let interrupted = Arc::new(AtomicBool::new(false));
    let forms = forms(request, runtime, workplace, freeze, progress)?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted)).map_err(BenchError::Worker)?;
    }
    let mut runner = Runner::worker().map_err(BenchError::Worker)?;
    progress(Step::Trying);
    let scratch = workplace.folder("first-runs")?;
    let mut first = first_run::first_runs(forms.candidates, &mut runner, &scratch)?;
    first.absent.splice(0..0, forms.absent);
    let name = program_name(&forms.made, &request.freeze.project.path);
    check_measurable(&first, &name)?;
    let runs = measure(&first.candidates, request.counts, &mut runner, &interrupted, &|done, total| {
        progress(Step::Measuring(done, total));
    })?;
    let of_candidate = |((candidate, runs), first): ((&Candidate, &Vec<Run>), &first_run::FirstRun)| {
        CandidateReport::new(candidate, runs, first.ending, &first.errors)
    };
    let mut candidates: Vec<CandidateReport> =
        first.candidates.iter().zip(&runs).zip(&first.runs).map(of_candidate).collect();
    progress(Step::Counting);
    let counter = count_system_calls(&first.candidates, &mut candidates, &mut runner, &scratch);
    let mut warnings = findings::of_runs(request, &forms.made, &first, &candidates, &machine);
    let (imports, agreement) = match (request.modules, &request.until) {
        (ModuleFigures::Unwanted, _) | (_, Until::Main) => (Vec::new(), None),
        (ModuleFigures::Wanted, _) => {
            let place = record_imports::Place { request, runtime, workplace, freeze };
            let recorded = place.record(&forms.made, &first, &forms.disk, &mut runner, &interrupted, progress)?;
            warnings.extend(recorded.warnings);
            (recorded.profiles, recorded.agreement)
        }
    };
    let comparisons = findings::comparisons(&candidates);
    warnings.extend(findings::of_comparisons(&comparisons, &candidates));
    if let Err(why) = &counter {
        warnings.push(format!("System calls were not counted: {why}"));
    }
    Ok(BenchReport {
        schema: SCHEMA,
        pyfreeze_version: env!("CARGO_PKG_VERSION").to_owned(),
        python_version: runtime.descriptor().python_version.clone(),
        measured_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        program: ProgramFacts {
            path: request.freeze.project.path.display().to_string(),
            name,
            arguments: request.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
            until: request.until.option(),
            run_count: request.counts.measured,
            warm_up_count: request.counts.warm_up + 1,
        },
        machine,
        comparisons,
        absent: first.absent,
        differences: first.differences,
        memory_floor: runner.memory_floor(),
        system_call_counter: counter.ok().map(|counter| counter.name().to_owned()),
        imports,
        agreement,
        sizes: findings::sizes(&forms.made),
        commands: findings::commands(request, &first.candidates, workplace),
        candidates,
        warnings,
    })
}

/// Freezes the program, lays it out, and names the ways to run it.
fn forms(
    request: &BenchRequest,
    runtime: &Runtime,
    workplace: &Workplace,
    freeze: Freeze<'_>,
    progress: &dyn Fn(Step),
) -> Result<Forms, BenchError> {
    let instrument = Instrument { until: request.until.clone(), record: None };
    let freeze_all =
        |levels: &[SnapshotChoice]| freeze_levels(&request.freeze, levels, &instrument, workplace.path(), freeze);
    let (mut made, missing) = freeze_all(&request.levels)?;
    if made.is_empty() {
        // The program from disk is made of what was frozen, and this level can always be had.
        made = freeze_all(&[SnapshotChoice::Off])?.0;
    }
    progress(Step::LayingOut);
    let Some(any) = made.first() else { unreachable!("the ordinary start needs nothing") };
    let contents = &any.frozen.contents;
    let disk = DiskProgram::lay_out(contents, runtime, &workplace.path().join("disk"))?;
    let uncached = DiskProgram::lay_out(contents, runtime, &workplace.path().join("disk-uncached"))?;
    let mut absent: Vec<Absent> = missing.iter().map(absent_level).collect();
    let frozen = |level: &Level| Candidate::frozen(level.level, &level.frozen.output, &request.arguments);
    let mut candidates: Vec<Candidate> = made.iter().map(frozen).collect();
    candidates.push(Candidate::disk(&disk, &request.arguments));
    candidates.push(Candidate::uncached(&uncached, &request.arguments));
    let library = runtime.library().path;
    match zipapp(contents, &disk, &library, workplace) {
        Ok(zipapp) => candidates.push(Candidate::zipapp(&disk, &zipapp, &request.arguments)),
        Err(why) => absent.push(Absent { id: "pyz".into(), name: "from a .pyz".into(), why, errors: String::new() }),
    }
    if let Some(python) = &request.python {
        let own = OwnFiles::lay_out(contents, &disk, &workplace.path().join("host"))?;
        candidates.push(Candidate::host(python, &host_version(python)?, &own, &request.arguments));
    }
    let options = python_options(any);
    for candidate in candidates.iter_mut().filter(|candidate| candidate.group == Group::Disk) {
        candidate.start.arguments.splice(0..0, options.iter().cloned());
    }
    candidates.push(Candidate::bare_python(&disk));
    match floors::floor(&workplace.folder("floor")?) {
        Ok(candidate) => candidates.push(candidate),
        Err(why) => {
            absent.push(Absent { id: "floor-c".into(), name: "C hello world".into(), why, errors: String::new() });
        }
    }
    for candidate in &mut candidates {
        candidate.start.time_limit = request.time_limit;
        candidate.start.input = request.input.as_ref().map(|path| path.clone().into());
    }
    Ok(Forms { made, disk, candidates, absent })
}

fn absent_level(missing: &MissingLevel) -> Absent {
    let name = name_of(missing.level);
    Absent {
        id: format!("frozen-{name}"),
        name: format!("frozen, snapshot {name}"),
        why: missing.why.clone(),
        errors: String::new(),
    }
}

/// The options with which the frozen program's interpreter starts.
fn python_options(level: &Level) -> Vec<OsString> {
    let settings = &level.frozen.report.manifest.settings;
    let optimization = match settings.optimization {
        level if level == u32::from(Optimization::Asserts.level()) => Some("-O"),
        level if level == u32::from(Optimization::Docstrings.level()) => Some("-OO"),
        _ => None,
    };
    optimization.into_iter().chain(settings.python_options.iter().map(String::as_str)).map(OsString::from).collect()
}

/// Packs the program with python's own `zipapp`; why not, if that fails.
fn zipapp(
    contents: &crate::contents::Contents,
    disk: &DiskProgram,
    library: &str,
    workplace: &Workplace,
) -> Result<PathBuf, String> {
    let (folder, target) = (workplace.path().join("zipapp"), workplace.path().join("program.pyz"));
    lay_out_flat(contents, disk, library, &folder).map_err(|error| error.to_string())?;
    let mut command = Command::new(&disk.python);
    command.args(["-I", "-m", "zipapp"]).arg(&folder).arg("-o").arg(&target);
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(target);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("zipapp fails: {}", said.lines().last().unwrap_or_default()))
}

fn host_version(python: &Path) -> Result<String, BenchError> {
    let failure = |why: String| BenchError::HostPython { path: python.to_owned(), why };
    let script = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
    let output = Command::new(python).args(["-c", script]).stdin(Stdio::null()).output();
    let output = output.map_err(|error| failure(error.to_string()))?;
    if !output.status.success() {
        return Err(failure(format!("it ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The script's name, or that of the project's folder.
fn program_name(made: &[Level], project: &Path) -> String {
    let entry_point = made.first().and_then(|level| level.frozen.contents.entry_point.as_ref());
    let path =
        entry_point.filter(|entry_point| !entry_point.is_folder).map(|entry_point| PathBuf::from(&entry_point.path));
    let path = path.or_else(|| project.canonicalize().ok()).unwrap_or_else(|| project.to_owned());
    path.file_stem().map_or_else(|| "program".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Without a single way to run the program there is nothing to say.
fn check_measurable(first: &FirstRuns, name: &str) -> Result<(), BenchError> {
    if first.candidates.iter().any(|candidate| candidate.group != Group::Floor) {
        return Ok(());
    }
    let shown = first.absent.iter().find(|absent| absent.id == REFERENCE).or_else(|| first.absent.first());
    let (why, errors) = shown.map_or((String::new(), ""), |absent| (absent.why.clone(), absent.errors.as_str()));
    let errors = errors.lines().map(|line| format!("\n  {line}")).collect();
    Err(BenchError::NothingToMeasure { name: name.to_owned(), why, errors })
}

fn count_system_calls(
    candidates: &[Candidate],
    reports: &mut [CandidateReport],
    runner: &mut Runner,
    folder: &Path,
) -> Result<Counter, String> {
    let counter = Counter::find(runner, folder)?;
    for (candidate, report) in candidates.iter().zip(reports) {
        report.system_calls = counter.count(&candidate.start, report.ending, runner, folder).ok();
    }
    Ok(counter)
}

#[cfg(test)]
mod tests;
