//! Payload → payload with a snapshot: the program is started, stopped before it does anything, and what it then has in
//! memory goes along.
//!
//! Comes in: the stub, a finished payload, what the program imports first. Goes out: the payload with a snapshot section, or
//! the same payload and why there is none. The program runs in a folder and an environment of its own, twice, as on two
//! machines; nothing of clock, host or process may reach the bytes. Without a snapshot a program starts as ever, so nothing
//! here fails a build unless the user wants that.

mod request;
mod rules;

mod guards;

mod place;
mod run;

mod recording;

pub mod gates;

mod checks;

mod report;
mod section;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pyfreeze_format::snapshot::{NewGuard, with_next};
use pyfreeze_format::{FormatError, SnapshotLevel, SnapshotUse, VIRTUAL_ROOT, with_snapshot};
use serde::de::DeserializeOwned;
use thiserror::Error;

pub use report::{GuardReport, LeftOutModule, RegionReport, SnapshotReport};
pub use request::level_name;
pub use rules::Because;

use crate::contents::{Contents, FirstImports, Owner, Temperature, Warning};
use crate::executable::ExecutableError;
use crate::image::ImageError;
use crate::payload::{Manifest, ManifestLibrary};
use crate::project::{SnapshotChoice, SnapshotSettings};
use checks::{CheckError, Checked, Refusal, Verdict};
use guards::{Compared, Guarding};
use place::{Place, Room};
use recording::Recording;
use request::{Facts, Mode, Request};
use rules::{Caution, Patterns, Selection};
use run::{Outcome, Variant, run};

/// As often is the program recorded at most, each time without the modules of which the recordings before have shown
/// what looking at them had not.
const MAX_ROUNDS: usize = 5;

/// A service that is run for training does not end by itself: after as many seconds it has imported what it needs.
const LONGEST_TRAINING: u64 = 20;

/// What a snapshot is made of.
#[derive(Debug)]
pub struct SnapshotInput<'a> {
    /// The stub's bytes.
    pub stub: &'a [u8],
    /// The payload's bytes.
    pub payload: &'a [u8],
    /// What the user decided.
    pub settings: &'a SnapshotSettings,
    /// What the program imports.
    pub program: &'a ProgramFacts,
}

/// What is known of the program before it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramFacts {
    /// What it imports before it does anything else.
    pub first_imports: FirstImports,
    /// The top-level names of the standard library.
    pub standard: Vec<String>,
    /// The paths of its modules' sources below the virtual root, by name; of those that imports reach.
    pub paths: BTreeMap<String, String>,
    /// The modules that need each of its shared libraries, or are it; by the library's path below the virtual root.
    pub library_users: BTreeMap<String, Vec<String>>,
}

/// How far a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looking at what modules do when they are imported.
    Looking,
    /// Recording.
    Recording,
    /// Comparing the recordings.
    Checking,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Snapshotted {
    /// The payload with its snapshot; `None` if there is none.
    pub payload: Option<Vec<u8>>,
    /// What there is to say of it.
    pub report: Option<SnapshotReport>,
    /// The levels that were wanted and could not be had.
    pub fallbacks: Vec<Fallback>,
}

/// A level that could not be had.
#[derive(Debug)]
pub struct Fallback {
    /// The level.
    pub level: SnapshotLevel,
    /// Why.
    pub failure: SnapshotFailure,
    /// The file with what is known of it.
    pub log: Option<PathBuf>,
}

/// A snapshot that the user insists on can't be made.
#[derive(Debug, Error)]
#[error("Cannot make the snapshot of level `{}`: {failure}", level_name(*.level))]
pub struct SnapshotError {
    level: SnapshotLevel,
    #[source]
    failure: SnapshotFailure,
    log: Option<PathBuf>,
}

impl SnapshotError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let mut hints = log_hint(self.log.as_deref());
        hints.push("without `--strict` the program is built with less of a snapshot or none".to_owned());
        hints
    }
}

impl Snapshotted {
    /// Writes what is known of each failure into the cache folder, where it replaces that of the build before.
    pub fn keep_logs(&mut self, cache: &Path, name: &str) {
        let folder = cache.join("snapshot");
        for fallback in &mut self.fallbacks {
            let Some(log) = fallback.failure.log().filter(|log| !log.is_empty()) else { continue };
            let path = folder.join(format!("{name}-{}.log", level_name(fallback.level)));
            // OK to go on without: the log is a help and nothing depends on it.
            fallback.log = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, log)).ok().map(|()| path);
        }
    }

    /// An error for the first level that could not be had.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn as_wanted(mut self) -> Result<Self, SnapshotError> {
        if self.fallbacks.is_empty() {
            return Ok(self);
        }
        let Fallback { level, failure, log } = self.fallbacks.swap_remove(0);
        Err(SnapshotError { level, failure, log })
    }

    /// What the user should know of the levels that could not be had.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let warning = |fallback: &Fallback| Warning {
            message: format!(
                "Cannot make the snapshot of level `{}`: {}",
                level_name(fallback.level),
                fallback.failure
            ),
            hints: log_hint(fallback.log.as_deref()),
        };
        self.fallbacks.iter().map(warning).collect()
    }
}

fn log_hint(log: Option<&Path>) -> Vec<String> {
    log.map(|path| format!("what is known of it: `{}`", path.display())).into_iter().collect()
}

/// Why there is no snapshot of a level.
#[derive(Debug, Error)]
pub enum SnapshotFailure {
    /// A temporary file can't be written or read.
    #[error("`{}`: {source}", .path.display())]
    Prepare {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The executable to record can't be made.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The executable to record can't be written.
    #[error(transparent)]
    Executable(#[from] ExecutableError),
    /// It can't be started.
    #[error("the program can't be started: {source}")]
    Start {
        /// What the system said.
        source: io::Error,
    },
    /// It ended otherwise than it should.
    #[error("the program ended with {ending} while it was recorded{}", last_line(.log))]
    Failed {
        /// A status or a signal.
        ending: String,
        /// What it said.
        log: String,
    },
    /// It did not end.
    #[error("the program took longer than {} s while it was recorded", .after.as_secs())]
    TimedOut {
        /// The limit.
        after: Duration,
        /// What it said.
        log: String,
    },
    /// It has said something, which every start would have to say again.
    #[error("the program printed something while it was recorded{}", last_line(.log))]
    Printed {
        /// What it said.
        log: String,
    },
    /// A file of the recording is not what it should be.
    #[error("the recording can't be read: `{file}`: {reason}")]
    Recording {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The recordings differ, or refer to what won't be there.
    #[error("the recorded memory has {count} words that can't be of another process{}", first_line(.log))]
    Unsafe {
        /// How many findings.
        count: usize,
        /// Each in a line.
        log: String,
    },
    /// The recordings can't be judged.
    #[error("the recordings can't be compared: {reason}")]
    Gates {
        /// What is wrong, without the paths of a folder that is gone.
        reason: String,
    },
    /// Every recording has shown another module that can't be in.
    #[error("after {rounds} recordings there are still modules that can't be in it")]
    NoEnd {
        /// How many recordings.
        rounds: usize,
    },
    /// What was asked of the machine can't be asked again at a start.
    #[error("what the program asks of the machine when it is imported can't be compared at its start")]
    Questions,
    /// The recording does not fit the format.
    #[error("the recorded memory can't be written: {0}")]
    Format(#[from] FormatError),
}

impl SnapshotFailure {
    /// Whether a recording of fewer modules may not fail so.
    fn may_be_of_modules(&self) -> bool {
        matches!(self, Self::Unsafe { .. } | Self::NoEnd { .. } | Self::Failed { .. })
    }

    /// What is worth keeping for somebody who looks for the cause.
    #[must_use]
    pub fn log(&self) -> Option<&str> {
        match self {
            Self::Failed { log, .. }
            | Self::TimedOut { log, .. }
            | Self::Printed { log }
            | Self::Unsafe { log, .. } => Some(log),
            _ => None,
        }
    }
}

impl ProgramFacts {
    /// Of everything that goes into the payload, and the modules that are in the interpreter itself.
    #[must_use]
    pub fn new(contents: &Contents, manifest: &Manifest) -> Self {
        let of_library = |owner: &Owner| *owner == Owner::StandardLibrary;
        let modules = contents.modules.iter().filter(|module| of_library(&module.owner)).map(|module| &module.name);
        let libraries = contents.libraries.iter().filter(|library| of_library(&library.file.owner));
        let names = modules.chain(libraries.filter_map(|library| library.module.as_ref()));
        let names = names.chain(&manifest.runtime.builtin_modules);
        let mut standard: Vec<_> = names.map(|name| name.split('.').next().unwrap_or(name).to_owned()).collect();
        standard.sort_unstable();
        standard.dedup();
        let hot = contents.modules.iter().filter(|module| module.temperature == Temperature::Hot);
        Self {
            first_imports: contents.first_imports.clone(),
            standard,
            paths: hot.map(|module| (module.name.clone(), module.path.clone())).collect(),
            library_users: library_users(&manifest.libraries),
        }
    }

    /// The paths of these modules.
    fn paths_of<'m>(&self, names: impl Iterator<Item = &'m String>) -> Vec<&str> {
        names.filter_map(|name| self.paths.get(name)).map(String::as_str).collect()
    }

    /// The modules that are to blame for a refusal, each with what leads there.
    fn suspects(&self, refusal: &Refusal) -> Vec<(String, String)> {
        let mut suspects = refusal.modules.clone();
        for path in &refusal.libraries {
            let inside = path.strip_prefix(VIRTUAL_ROOT).unwrap_or(path).trim_start_matches('/');
            let name = inside.rsplit('/').next().unwrap_or(inside);
            let users = self.library_users.get(inside).into_iter().flatten();
            suspects.extend(users.map(|user| (user.clone(), name.to_owned())));
        }
        suspects
    }
}

/// The modules whose libraries need each library, however far away.
fn library_users(libraries: &[ManifestLibrary]) -> BTreeMap<String, Vec<String>> {
    let by_path: BTreeMap<_, _> = libraries.iter().map(|library| (library.path.as_str(), library)).collect();
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (library, module) in libraries.iter().filter_map(|library| Some((library, library.module.as_ref()?))) {
        let (mut pending, mut seen) = (vec![library.path.as_str()], BTreeSet::new());
        while let Some(path) = pending.pop() {
            if seen.insert(path) {
                pending.extend(by_path.get(path).iter().flat_map(|library| library.needed.iter().map(String::as_str)));
            }
        }
        for path in seen {
            users.entry(path.to_owned()).or_default().push(module.clone());
        }
    }
    users
}

/// Gives the payload the snapshot that the settings want, or the best one that can be had.
#[must_use]
pub fn snapshot(input: &SnapshotInput<'_>, progress: &dyn Fn(Step)) -> Snapshotted {
    let levels: &[SnapshotLevel] = match input.settings.level {
        SnapshotChoice::Off => &[],
        SnapshotChoice::Runtime => &[SnapshotLevel::Runtime],
        SnapshotChoice::App => &[SnapshotLevel::App, SnapshotLevel::Runtime],
    };
    let mut snapshotted = Snapshotted::default();
    for level in levels {
        let finished = section(input, *level, progress).and_then(|section| {
            let payload = with_snapshot(input.payload, SnapshotUse::Restore, &section)?;
            Ok((payload, SnapshotReport::read(&section)))
        });
        match finished {
            Ok((payload, report)) => return Snapshotted { payload: Some(payload), report, ..snapshotted },
            Err(failure) => snapshotted.fallbacks.push(Fallback { level: *level, failure, log: None }),
        }
    }
    snapshotted
}

/// The snapshot section of a level.
fn section(
    input: &SnapshotInput<'_>,
    level: SnapshotLevel,
    progress: &dyn Fn(Step),
) -> Result<Vec<u8>, SnapshotFailure> {
    Recorder { input, level, place: Place::prepare(input.stub, input.payload)?, check: checks::check }.section(progress)
}

/// The runs of one level.
struct Recorder<'a> {
    input: &'a SnapshotInput<'a>,
    level: SnapshotLevel,
    place: Place,
    check: Check,
}

/// Judges two recordings, given the stub.
type Check = fn(&[u8], &[Room; 2]) -> Result<Verdict, CheckError>;

impl<'a> Recorder<'a> {
    /// Looks at the modules and attempts a recording; should it fail, another of fewer modules. Where guards bring in modules,
    /// a guarded snapshot stands before that.
    fn section(&mut self, progress: &dyn Fn(Step)) -> Result<Vec<u8>, SnapshotFailure> {
        progress(Step::Looking);
        let (roots, facts) = self.classify()?;
        let plain = self.cautious_attempts(&roots, &facts, Guarding::Off, progress)?;
        let left_out = |guarding| self.select(&facts, Caution::Trusting, guarding).left_out.len();
        if self.level != SnapshotLevel::App || left_out(Guarding::On) >= left_out(Guarding::Off) {
            return Ok(plain);
        }
        match self.cautious_attempts(&roots, &facts, Guarding::On, progress) {
            Ok(guarded) if module_count(&guarded) > module_count(&plain) => Ok(with_next(&guarded, &plain)?),
            // Nobody has asked for it, and every start has the other.
            _ => Ok(plain),
        }
    }

    /// As many attempts as it takes, each of fewer modules.
    fn cautious_attempts(
        &mut self,
        roots: &[&str],
        facts: &Facts,
        guarding: Guarding,
        progress: &dyn Fn(Step),
    ) -> Result<Vec<u8>, SnapshotFailure> {
        let [trusting, wary, strict] =
            [Caution::Trusting, Caution::Wary, Caution::Strict].map(|caution| self.select(facts, caution, guarding));
        // Few programs load certificates. What else is shown, recordings may have yet to teach.
        let is_wary = wary.left_out != trusting.left_out;
        let mut outcome = self.attempt(roots, facts, trusting, progress);
        for selection in is_wary.then_some(wary).into_iter().chain([strict]) {
            if !outcome.as_ref().is_err_and(SnapshotFailure::may_be_of_modules) {
                break;
            }
            let next = self.attempt(roots, facts, selection, progress);
            // What was found in the memory of more modules says more than that fewer can't be recorded.
            if next.is_ok() || !matches!(outcome, Err(SnapshotFailure::Unsafe { .. })) {
                outcome = next;
            }
        }
        outcome
    }

    fn select(&self, facts: &Facts, caution: Caution, guarding: Guarding) -> Selection {
        Selection::new(facts, self.input.settings, caution, guarding)
    }

    /// Records until nothing new is to be learnt, and checks.
    fn attempt(
        &mut self,
        roots: &[&str],
        facts: &Facts,
        mut selection: Selection,
        progress: &dyn Fn(Step),
    ) -> Result<Vec<u8>, SnapshotFailure> {
        for _ in 0..MAX_ROUNDS {
            progress(Step::Recording);
            let rooms = self.record(roots, facts, &selection)?;
            let [first, second] = rooms.each_ref().map(|room| self.failed_imports(room));
            if selection.leave_out_failed(first?.into_iter().chain(second?), facts) {
                continue;
            }
            let events = rooms[0].read("events")?;
            let events = String::from_utf8_lossy(&events);
            if selection.learn(&events, facts, self.input.settings) {
                continue;
            }
            let guards = match guards::compare(&rooms, &self.place, facts, &selection)? {
                Compared::Guards(guards) => guards,
                Compared::Strays(strays) if selection.leave_out_strays(&strays, facts) => continue,
                _ if selection.is_guarded() => return Err(SnapshotFailure::Questions),
                // Of modules that nobody has looked at.
                _ => Vec::new(),
            };
            progress(Step::Checking);
            match (self.check)(self.input.stub, &rooms).map_err(|error| self.gate_failure(&error))? {
                Verdict::Safe(mut checked) => {
                    if rules::is_quota_asked(&events) {
                        checked.grant_processors();
                    }
                    let report = self.report(facts, &selection, &checked, &guards);
                    return Ok(section::write(Recording::read(&rooms[0])?, &checked, self.level, guards, &report)?);
                }
                Verdict::Refused(refusal) => {
                    let suspects = self.input.program.suspects(&refusal);
                    if !selection.leave_out_counting(&suspects, facts) && !selection.refuse(&suspects, facts) {
                        return Err(self.unsafe_memory(&refusal));
                    }
                }
            }
        }
        Err(SnapshotFailure::NoEnd { rounds: MAX_ROUNDS })
    }

    /// Has the program's imports looked at: these, and what was seen.
    fn classify(&mut self) -> Result<(Vec<&'a str>, Facts), SnapshotFailure> {
        let SnapshotInput { settings, program, .. } = self.input;
        let excluded = Patterns::new(&settings.exclude);
        let (roots, train) = match self.level {
            SnapshotLevel::Runtime => (&program.first_imports.standard, &[][..]),
            SnapshotLevel::App => (&program.first_imports.program, settings.train.as_slice()),
        };
        let roots: Vec<_> =
            roots.iter().map(String::as_str).filter(|name| !excluded.cover(rules::module_of(name))).collect();
        let request = Request { mode: Mode::Classify, imports: roots.clone(), train, ..self.request() };
        let room = self.place.room(&request)?;
        let training: Duration = train.iter().map(|_| Duration::from_secs(2 * request.training_seconds)).sum();
        match run(&room, Variant::First, settings.timeout.saturating_add(training))? {
            // What it printed has been noted with the module that did it.
            Outcome::Done(_) => {}
            outcome => return Err(self.failure(outcome)),
        }
        Ok((roots, self.answer(&room, "facts.json")?))
    }

    /// The modules that could not be imported while recording, for it has no others' company, each with Python's error.
    fn failed_imports(&self, room: &Room) -> Result<BTreeMap<String, String>, SnapshotFailure> {
        const FILE: &str = "failed.json";
        if room.has(FILE) { self.answer(room, FILE) } else { Ok(BTreeMap::new()) }
    }

    /// A JSON file of the recorder's.
    fn answer<T: DeserializeOwned>(&self, room: &Room, file: &str) -> Result<T, SnapshotFailure> {
        let text = self.place.without_paths(&String::from_utf8_lossy(&room.read(file)?));
        let odd =
            |error: serde_json::Error| SnapshotFailure::Recording { file: file.into(), reason: error.to_string() };
        serde_json::from_str(&text).map_err(odd)
    }

    /// Records what may be in, as on two machines.
    fn record(&mut self, roots: &[&str], facts: &Facts, selection: &Selection) -> Result<[Room; 2], SnapshotFailure> {
        let all = roots.iter().copied().chain(facts.late.iter().map(String::as_str));
        let imports = selection.imports(all, facts);
        let excluded: Vec<_> = selection.left_out.keys().map(String::as_str).collect();
        let codes = match self.level {
            // It can have been said of no others that they are imported.
            SnapshotLevel::Runtime => self.input.program.paths_of(self.input.program.first_imports.certain.iter()),
            SnapshotLevel::App => self.input.program.paths_of(selection.left_out.keys()),
        };
        let mut record = |variant| {
            let (imports, excluded, codes) = (imports.clone(), excluded.clone(), codes.clone());
            let request = Request { mode: Mode::Record, imports, excluded, codes, ..self.request() };
            let room = self.place.room(&request)?;
            match run(&room, variant, self.input.settings.timeout)? {
                Outcome::Done(log) if log.is_empty() => Ok(room),
                outcome => Err(self.failure(outcome)),
            }
        };
        let [first, second] = Variant::BOTH;
        Ok([record(first)?, record(second)?])
    }

    fn request(&self) -> Request<'a> {
        Request {
            mode: Mode::Record,
            level: level_name(self.level),
            imports: Vec::new(),
            excluded: Vec::new(),
            standard: &self.input.program.standard,
            train: &[],
            training_seconds: self.input.settings.timeout.as_secs().clamp(1, LONGEST_TRAINING),
            codes: Vec::new(),
        }
    }

    fn report(&self, facts: &Facts, selection: &Selection, checked: &Checked, guards: &[NewGuard]) -> SnapshotReport {
        let SnapshotInput { settings, program, .. } = self.input;
        let is_app = self.level == SnapshotLevel::App;
        let left_out = selection.left_out.iter();
        SnapshotReport {
            level: level_name(self.level).to_owned(),
            modules: facts.modules.keys().filter(|name| selection.has(name)).cloned().collect(),
            left_out: left_out
                .map(|(name, because)| LeftOutModule { name: name.clone(), because: because.clone() })
                .collect(),
            next_line: program.first_imports.next_line.filter(|_| is_app),
            is_trained: is_app && !settings.train.is_empty(),
            variables: selection.variables.iter().cloned().collect(),
            regions: Vec::new(),
            reseeded_count: checked.reseeded.len(),
            path_text_count: checked.path_texts.len(),
            counted_count: checked.number_places.len(),
            guards: guards.iter().map(GuardReport::new).collect(),
            fallback: None,
        }
    }

    fn gate_failure(&self, error: &CheckError) -> SnapshotFailure {
        SnapshotFailure::Gates { reason: self.place.without_paths(&error.to_string()) }
    }

    fn unsafe_memory(&self, refusal: &Refusal) -> SnapshotFailure {
        let log = self.place.without_paths(&refusal.findings.join("\n"));
        SnapshotFailure::Unsafe { count: refusal.findings.len(), log }
    }

    fn failure(&self, outcome: Outcome) -> SnapshotFailure {
        let clean = |log: String| self.place.without_paths(&log);
        match outcome {
            Outcome::Done(log) => SnapshotFailure::Printed { log: clean(log) },
            Outcome::Failed { ending, log } => SnapshotFailure::Failed { ending, log: clean(log) },
            Outcome::TimedOut { log } => {
                SnapshotFailure::TimedOut { after: self.input.settings.timeout, log: clean(log) }
            }
        }
    }
}

/// How many modules have been imported in a snapshot.
fn module_count(section: &[u8]) -> usize {
    SnapshotReport::read(section).map_or(0, |report| report.modules.len())
}

/// The last line of a log, to stand at the end of a sentence.
fn last_line(log: &str) -> String {
    let last = log.lines().rev().find(|line| !line.trim().is_empty());
    last.map(|line| format!(": {}", line.trim())).unwrap_or_default()
}

fn first_line(log: &str) -> String {
    log.lines().next().map(|line| format!(", the first: {line}")).unwrap_or_default()
}

fn prepare_error(path: &Path) -> impl Fn(io::Error) -> SnapshotFailure {
    move |source| SnapshotFailure::Prepare { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
