//! The program, frozen once for each level of snapshot that can be had.
//!
//! Comes in: a request to freeze. Goes out: executables in the workplace, and why the other levels are not among them.

use std::path::Path;

use crate::bench::instrument::Instrument;
use crate::freeze::{FreezeError, FreezeRequest, Frozen, Preparation};
use crate::project::{Project, SnapshotChoice, SourcePolicy};
use crate::snapshot::level_name;

/// How executables are made: [`crate::freeze::freeze_prepared`] with its progress shown.
pub type Freeze<'a> = &'a dyn Fn(&FreezeRequest, Preparation<'_>) -> Result<Frozen, FreezeError>;

/// All levels, the most first.
pub const LEVELS: [SnapshotChoice; 3] = [SnapshotChoice::App, SnapshotChoice::Runtime, SnapshotChoice::Off];

/// An executable with the level of snapshot that it has.
#[derive(Debug)]
pub(super) struct Level {
    /// The level.
    pub level: SnapshotChoice,
    /// The executable.
    pub frozen: Frozen,
}

/// A level that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MissingLevel {
    /// The level.
    pub level: SnapshotChoice,
    /// Why.
    pub why: String,
}

/// Makes an executable of each level into `folder`.
///
/// # Errors
/// [`FreezeError`] when the program can't be frozen at all.
pub(super) fn freeze_levels(
    request: &FreezeRequest,
    levels: &[SnapshotChoice],
    instrument: &Instrument,
    folder: &Path,
    freeze: Freeze<'_>,
) -> Result<(Vec<Level>, Vec<MissingLevel>), FreezeError> {
    let (mut made, mut missing) = (Vec::new(), Vec::new());
    for level in levels {
        match freeze_level(request, *level, instrument, folder, freeze) {
            Ok(frozen) => match why_not(&frozen, *level) {
                None => made.push(Level { level: *level, frozen }),
                Some(why) => missing.push(MissingLevel { level: *level, why }),
            },
            Err(FreezeError::Snapshot(error)) => missing.push(MissingLevel { level: *level, why: error.to_string() }),
            Err(error) => return Err(error),
        }
    }
    Ok((made, missing))
}

/// Makes one executable, named after its level, or one with less of a snapshot if that is all that can be had.
///
/// # Errors
/// [`FreezeError`].
pub(super) fn freeze_level(
    request: &FreezeRequest,
    level: SnapshotChoice,
    instrument: &Instrument,
    folder: &Path,
    freeze: Freeze<'_>,
) -> Result<Frozen, FreezeError> {
    let mut request = request.clone();
    let overrides = &mut request.project.overrides;
    overrides.output = Some(folder.join(format!("frozen-{}", name_of(level))));
    // The program from disk is made of the sources.
    overrides.source = Some(SourcePolicy::Included);
    overrides.snapshot = Some(level);
    let front = folder.join("in-front");
    let prepare = |project: &mut Project, interpreter: &Path| instrument.prepare(project, interpreter, &front);
    freeze(&request, &prepare)
}

/// The word for a level on the command line.
pub(super) fn name_of(level: SnapshotChoice) -> &'static str {
    match level {
        SnapshotChoice::Off => "off",
        SnapshotChoice::Runtime => "runtime",
        SnapshotChoice::App => "app",
    }
}

/// Why an executable has not the level that it was to have; nothing if it has.
fn why_not(frozen: &Frozen, level: SnapshotChoice) -> Option<String> {
    let has = frozen.report.snapshot.as_ref().map_or("off", |snapshot| snapshot.level.as_str());
    if has == name_of(level) {
        return None;
    }
    let failure = frozen.fallbacks.iter().find(|fallback| level_name(fallback.level) == name_of(level));
    let why = failure.map(|fallback| fallback.failure.to_string());
    Some(why.unwrap_or_else(|| "the program's settings want none".to_owned()))
}
