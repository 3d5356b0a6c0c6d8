//! What recorded modules have asked of their machine → what every start asks again.
//!
//! Comes in: the stub's notes of both recordings. Goes out: guards, or the modules that have asked what no start can ask again:
//! in another way on each machine, below a folder of the recording, or otherwise than when they were looked at.

use std::collections::{BTreeMap, BTreeSet};

use pyfreeze_format::snapshot::NewGuard;
use pyfreeze_format::{Nowhere, PathStart};

use super::SnapshotFailure;
use super::place::{Place, Room};
use super::request::Facts;
use super::rules::{Selection, Strays};

/// A snapshot with more is not worth it: each costs its start a microsecond.
const MOST_GUARDS: usize = 200;

/// The stub has room for 4 MB of notes, and drops what has none.
const FULL: usize = (4 << 20) - 4096;

/// Which answers of the machine may be in a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Guarding {
    /// Those that its starts ask for again.
    On,
    /// None but the environment's.
    #[default]
    Off,
}

/// What came of comparing what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Every start can ask it again.
    Guards(Vec<NewGuard>),
    /// Modules that have asked what none can, each with the path.
    Strays(Strays),
    /// There is too much to ask, or more than was noted.
    TooMany,
}

/// A question and its answer: kind, module, and the path without the recording's folders.
type Question = (String, String, String);

/// Compares what the modules of a selection have asked while they were recorded.
pub(super) fn compare(
    rooms: &[Room; 2],
    place: &Place,
    facts: &Facts,
    selection: &Selection,
) -> Result<Compared, SnapshotFailure> {
    let [first, second] = rooms.each_ref().map(|room| room.read("events"));
    let (first, second) = (first?, second?);
    if first.len().max(second.len()) > FULL {
        return Ok(Compared::TooMany);
    }
    let [first, second] = [first, second].map(|events| asked(&String::from_utf8_lossy(&events), place));
    // The others may ask whatever they like.
    let is_in = |(kind, module, _): &Question| {
        selection.has(module) && !selection.is_vouched(module) && !facts.knows(module, kind)
    };
    let mut strays = Strays::new();
    let terminals = || terminals(facts, selection, first.keys().filter(|question| is_in(question)));
    let mut guards = if selection.is_guarded() { terminals() } else { BTreeSet::new() };
    for (question, path) in first.iter().filter(|(question, _)| is_in(question)) {
        let (kind, module, text) = question;
        if kind == "no-terminal" {
            continue;
        }
        let guard = absence(kind, path, &rooms[0]).filter(|_| {
            let is_unknown = !facts.modules.contains_key(module) && selection.is_guarded();
            second.contains_key(question) && (is_unknown || selection.may_ask(module, kind, text))
        });
        match guard {
            Some(guard) => _ = guards.insert(guard),
            None => strays.push((module.clone(), text.clone())),
        }
    }
    let only_second = second.keys().filter(|question| !first.contains_key(*question));
    strays
        .extend(only_second.filter(|question| is_in(question)).map(|(_, module, text)| (module.clone(), text.clone())));
    Ok(match (strays.is_empty(), guards.len() <= MOST_GUARDS) {
        (false, _) => Compared::Strays(strays),
        (true, true) => Compared::Guards(guards.into_iter().collect()),
        (true, false) => Compared::TooMany,
    })
}

/// Questions in the stub's notes, lines of kind, module and detail; each with the path as it was asked.
fn asked(events: &str, place: &Place) -> BTreeMap<Question, String> {
    let question = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let (kind, module, path) = (words.next()?, words.next()?, words.next()?);
        matches!(kind, "absent" | "below-file" | "no-terminal")
            .then(|| ((kind.to_owned(), module.to_owned(), place.without_paths(path)), path.to_owned()))
    };
    events.lines().filter_map(question).collect()
}

/// The standard streams of which modules know that they are no terminals. Not all ways to learn it are the stub's to see.
fn terminals<'q>(
    facts: &Facts,
    selection: &Selection,
    recorded: impl Iterator<Item = &'q Question>,
) -> BTreeSet<NewGuard> {
    let seen = facts.modules.iter().flat_map(|(name, module)| module.events.iter().map(move |event| (name, event)));
    let seen = seen.map(|(name, (kind, detail))| (kind, name, detail));
    let recorded = recorded.map(|(kind, module, detail)| (kind, module, detail));
    let asked = seen
        .chain(recorded)
        .filter(|(kind, module, _)| *kind == "no-terminal" && selection.has(module) && !selection.is_vouched(module));
    asked
        .filter_map(|(_, _, detail)| detail.parse().ok())
        .map(|descriptor| NewGuard::NoTerminal { descriptor })
        .collect()
}

/// The guard for a path at which nothing was, as it means the same for every process; `None` if there is no such.
fn absence(kind: &str, path: &str, room: &Room) -> Option<NewGuard> {
    let reason = if kind == "absent" { Nowhere::Missing } else { Nowhere::BelowFile };
    let guard = |start, path: &str| NewGuard::Absent { start, path: path.into(), reason };
    // It may have lost bytes that are no Unicode.
    if path.contains(char::REPLACEMENT_CHARACTER) || path.split('/').any(|part| part == "..") {
        return None;
    }
    let below = |folder: std::path::PathBuf| {
        let rest = path.strip_prefix(&*folder.to_string_lossy())?;
        rest.starts_with('/').then(|| rest.to_owned())
    };
    if let Some(rest) = below(room.home()) {
        return Some(guard(PathStart::Home, &rest));
    }
    if let Some(rest) = below(room.working_folder()) {
        let rest = rest.trim_start_matches('/');
        return (!rest.is_empty()).then(|| guard(PathStart::WorkingFolder, rest));
    }
    if room.is_near(path) {
        return None;
    }
    let start = if path.starts_with('/') { PathStart::Root } else { PathStart::WorkingFolder };
    Some(guard(start, path))
}
