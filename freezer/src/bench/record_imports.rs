//! Looking into where the time goes: the program with a recorder in front, run a few times more.
//!
//! Comes in: the program. Goes out: profiles of its imports, from disk and frozen, and how far that from disk agrees with
//! what the interpreter says by itself. None of these runs counts for the times of whole processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::candidates::{Candidate, REFERENCE, with_option};
use super::first_run::FirstRuns;
use super::import_time::{self, TimedImport};
use super::imports::{Agreement, ImportProfile, RecordedRun};
use super::instrument::Instrument;
use super::layout::DiskProgram;
use super::levels::{Freeze, Level, freeze_level, name_of};
use super::process::{Run, Start};
use super::record::Record;
use super::worker::Runner;
use super::{BenchError, BenchRequest, Step, Workplace};
use crate::contents::{Contents, Owner};
use crate::freeze::Frozen;
use crate::project::SnapshotChoice;
use crate::runtime::Runtime;

/// Most recorded runs of each kind.
const MOST_RUNS: usize = 9;

/// Runs before that, which fill `__pycache__`.
const WARM_UP: usize = 2;

/// Where and of what recordings are made.
pub(super) struct Place<'a> {
    pub(super) request: &'a BenchRequest,
    pub(super) runtime: &'a Runtime,
    pub(super) workplace: &'a Workplace,
    pub(super) freeze: Freeze<'a>,
}

/// What was recorded.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) profiles: Vec<ImportProfile>,
    pub(super) agreement: Option<Agreement>,
    pub(super) warnings: Vec<String>,
}

/// One kind of recorded run.
struct Recording {
    id: String,
    name: String,
    start: Start,
    runs: Vec<RecordedRun>,
}

impl Place<'_> {
    pub(super) fn record(
        &self,
        made: &[Level],
        first: &FirstRuns,
        disk: &DiskProgram,
        runner: &mut Runner,
        interrupted: &AtomicBool,
        progress: &dyn Fn(Step),
    ) -> Result<Recorded, BenchError> {
        let folder = self.workplace.folder("recorded")?;
        let file = folder.join("record");
        let (frozen, mut recordings) = self.recordings(made, first, &folder, &file)?;
        let reference = Candidate::disk(disk, &self.request.arguments);
        let plain = first.candidates.iter().find(|candidate| candidate.id == REFERENCE).unwrap_or(&reference);
        let timed_start =
            Start { errors: Some(folder.join("importtime").into()), ..with_option(plain, &["-X", "importtime"]) };
        let mut timed: Vec<Vec<TimedImport>> = Vec::new();
        let rounds = self.request.counts.measured.min(MOST_RUNS);
        for round in 0..WARM_UP + rounds {
            for recording in &mut recordings {
                // So that a run that writes none is not taken for the one before.
                let _ = fs::remove_file(&file);
                let run = self.run(&recording.start, runner)?;
                if round >= WARM_UP {
                    recording.runs.extend(read_record(&file, &run));
                }
            }
            self.run(&timed_start, runner)?;
            if round >= WARM_UP {
                let said = fs::read(folder.join("importtime")).unwrap_or_default();
                timed.push(import_time::parse(&String::from_utf8_lossy(&said)));
            }
            if interrupted.load(Ordering::SeqCst) {
                return Err(BenchError::Interrupted);
            }
            progress(Step::Recording(round + 1, WARM_UP + rounds));
        }
        let mut recorded = recorded(&recordings, &timed);
        let owners = owners(&frozen.contents);
        recorded.profiles.iter_mut().for_each(|profile| profile.set_owners(&owners));
        Ok(recorded)
    }

    /// The program with the recorder in front: from disk, frozen, and frozen with the most of a snapshot that can be had.
    fn recordings(
        &self,
        made: &[Level],
        first: &FirstRuns,
        folder: &Path,
        file: &Path,
    ) -> Result<(Frozen, Vec<Recording>), BenchError> {
        let best = made.first().map_or(SnapshotChoice::Off, |level| level.level);
        let instrument = Instrument { until: self.request.until.clone(), record: Some(file.to_owned()) };
        let frozen = freeze_level(&self.request.freeze, best, &instrument, folder, self.freeze)?;
        let program = DiskProgram::lay_out(&frozen.contents, self.runtime, &folder.join("disk"))?;
        let arguments = &self.request.arguments;
        let mut candidates = vec![Candidate::disk(&program, arguments)];
        if let (Some(plain), Some(own)) = (options_of(first), candidates.first_mut()) {
            own.start.arguments.splice(0..0, plain);
        }
        let mut ordinary = Candidate::frozen(SnapshotChoice::Off, &frozen.output, arguments);
        ordinary.start.variables.push(("PYFREEZE_SNAPSHOT".to_owned(), "off".into()));
        candidates.push(ordinary);
        let has_snapshot = frozen.report.snapshot.as_ref().is_some_and(|snapshot| snapshot.level == name_of(best));
        if best != SnapshotChoice::Off && has_snapshot {
            candidates.push(Candidate::frozen(best, &frozen.output, arguments));
        }
        Ok((frozen, candidates.into_iter().map(Recording::new).collect()))
    }

    fn run(&self, start: &Start, runner: &mut Runner) -> Result<Run, BenchError> {
        let (input, time_limit) =
            (self.request.input.as_ref().map(|path| path.clone().into()), self.request.time_limit);
        let start = Start { input, time_limit, ..start.clone() };
        runner.run(&start).map_err(|source| BenchError::Run { path: PathBuf::from(start.program.clone()), source })
    }
}

impl Recording {
    fn new(candidate: Candidate) -> Self {
        Self { id: candidate.id.to_owned(), name: candidate.name, start: candidate.start, runs: Vec::new() }
    }
}

/// The interpreter's options in the program from disk: what stands before its entry point.
fn options_of(first: &FirstRuns) -> Option<Vec<std::ffi::OsString>> {
    let reference = first.candidates.iter().find(|candidate| candidate.id == REFERENCE)?;
    let is_option = |word: &&std::ffi::OsString| word.to_string_lossy().starts_with('-');
    Some(reference.start.arguments.iter().take_while(is_option).cloned().collect())
}

/// Who brought each module along, by its name.
fn owners(contents: &Contents) -> BTreeMap<&str, &str> {
    let modules = contents.modules.iter().map(|module| (module.name.as_str(), &module.owner));
    let libraries = contents.libraries.iter().filter_map(|one| Some((one.module.as_deref()?, &one.file.owner)));
    let word = |owner| match owner {
        &Owner::Project | &Owner::Settings => "project",
        &Owner::StandardLibrary => "library",
        Owner::Distribution(name) => name.as_str(),
    };
    modules.chain(libraries).map(|(name, owner)| (name, word(owner))).collect()
}

fn read_record(file: &Path, run: &Run) -> Option<RecordedRun> {
    let record = Record::parse(&fs::read_to_string(file).ok()?)?;
    #[expect(clippy::cast_possible_truncation, reason = "nanoseconds of a run")]
    let ended = run.started_nanos + (run.wall_seconds * 1e9) as i64;
    Some(RecordedRun { record, started: run.started_nanos, ended })
}

fn recorded(recordings: &[Recording], timed: &[Vec<TimedImport>]) -> Recorded {
    let mut recorded = Recorded::default();
    for recording in recordings {
        match ImportProfile::new(&recording.id, &recording.name, &recording.runs) {
            Some(profile) => recorded.profiles.push(profile),
            None => recorded.warnings.push(format!(
                "No figures of modules for `{}`: the program ends without python's farewell (os._exit, exec, a signal)",
                recording.name
            )),
        }
    }
    let disk = recorded.profiles.iter().find(|profile| profile.candidate == REFERENCE);
    let runs = recordings.iter().find(|recording| recording.id == REFERENCE).map(|recording| recording.runs.as_slice());
    recorded.agreement = disk.and_then(|profile| Agreement::new(profile, runs.unwrap_or_default(), timed));
    recorded
}
