//! Whether two recordings of a program may become its snapshot.
//!
//! Comes in: the recordings of both variants. Goes out: what the snapshot has to know, or why there must be none.

use pyfreeze_format::{NumberPlace, PathText, ProcessPath, ToldNumber};
use thiserror::Error;

use super::SnapshotFailure;
use super::gates::{self, Finding, GateError, Gates};
use super::place::Room;
use super::recording::Recording;

/// What the checks say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The recording may become a snapshot.
    Safe(Checked),
    /// It must not.
    Refused(Refusal),
}

/// What the snapshot has to know; addresses and sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// What the dynamic loader writes into the stub's data: the new process's own.
    pub(super) kept: Vec<(u64, u64)>,
    /// The addresses of the random generators and texts that every start makes anew.
    pub(super) reseeded: Vec<u64>,
    /// Texts that get paths of the process.
    pub(super) path_texts: Vec<PathText>,
    /// Where every start writes its own numbers, of processors and of the process.
    pub(super) number_places: Vec<NumberPlace>,
    /// What nobody reads and is to be zeros.
    pub(super) blank: Vec<(u64, u64)>,
}

/// Why there must be no such snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The modules without which the recording may pass, each with the names that lead to what was found.
    pub(super) modules: Vec<(String, String)>,
    /// The paths of libraries without which it may, and that are no module themselves.
    pub(super) libraries: Vec<String>,
    /// All findings, in words.
    pub(super) findings: Vec<String>,
}

/// Why recordings can't be judged.
#[derive(Debug, Error)]
pub(super) enum CheckError {
    /// They can't be read.
    #[error(transparent)]
    Recording(#[from] SnapshotFailure),
    /// They can't be compared.
    #[error(transparent)]
    Gates(#[from] GateError),
}

/// Judges the recordings of both variants.
pub(super) fn check(stub: &[u8], rooms: &[Room; 2]) -> Result<Verdict, CheckError> {
    let [first, second] = rooms.each_ref().map(Room::recording);
    let recording = Recording::read(&rooms[0])?;
    let homes = rooms.each_ref().map(|room| room.home().display().to_string());
    let programs = rooms.each_ref().map(|room| room.program().display().to_string());
    let paths = [(ProcessPath::Home, &homes), (ProcessPath::Executable, &programs)];
    let paths = paths.map(|(path, values)| (path, values.each_ref().map(String::as_str)));
    let gates = gates::check([&first, &second], stub, recording.bound(), &paths)?;
    if gates.is_refused() {
        return Ok(Verdict::Refused(Refusal::new(&gates)));
    }
    let Gates { kept, reseeded, path_texts, number_places, blank, .. } = gates;
    Ok(Verdict::Safe(Checked { kept, reseeded, path_texts, number_places, blank }))
}

impl Checked {
    /// Has every start look for the quota of its control group, too, where libraries have asked for both.
    pub(super) fn grant_processors(&mut self) {
        let allowed = self.number_places.iter_mut().filter(|place| place.of == ToldNumber::AllowedProcessors);
        allowed.for_each(|place| place.of = ToldNumber::GrantedProcessors);
    }
}

impl Refusal {
    fn new(gates: &Gates) -> Self {
        // Addresses and values are others in every run; the names that lead there are not.
        let modules = gates.suspects().into_iter().map(|owner| (owner.module.clone(), owner.path.clone()));
        let unmoved = gates.statistics.unmoved.iter();
        let unmoved =
            unmoved.map(|name| format!("at one address in both recordings, so that nothing can be told: {name}"));
        let findings = gates.escapes.iter().chain(&gates.unknown).map(Finding::to_string).chain(unmoved);
        Self { modules: modules.collect(), libraries: gates.suspect_libraries(), findings: findings.collect() }
    }
}
