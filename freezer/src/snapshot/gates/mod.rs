//! The gates through which a recording must pass before it ships: proof that nothing of the recorded process, its
//! machine, time or entropy is in it but for what is known and made anew.
//!
//! Comes in: two recordings of one program, made with different facts and under address space randomisation, and the
//! stub. Goes out: [`Gates`]: what the snapshot must leave to the process, reseed and blank, and findings. It only
//! reads, and where it can't tell it refuses: a word is good because something explains it, never for lack of
//! evidence against it.
//!
//! What refuses the level ([`Gates::is_refused`]): any *escape* (a pointer, also one stored as a Python `int`, to
//! memory that a restored process doesn't have), and any *unknown* word (it differs, and nothing explains why). What
//! doesn't: words that the dynamic loader writes, slots that the caller has registered, the state of `random.Random`
//! objects that were seeded by entropy or time (to be reseeded; one that was seeded with a constant doesn't differ and
//! stays as it is), random UUIDs in texts (likewise), paths of the process in texts (likewise), numbers of processors and
//! of the process that a library was told (likewise), and *stale* words: bytes that no object or allocator reads, and
//! remains of addresses in words that are no addresses. They must be blanked, since they would make builds differ and tell about the machine.

mod blocks;
mod differences;
mod error;
mod escapes;
mod judge;
mod maps;
mod memory;
mod names;
mod numbers;
mod owners;
mod pair;
mod python;
mod remains;
mod stub;
mod symbols;
#[cfg(test)]
mod tests;
mod texts;

use std::fmt;
use std::path::Path;

use pyfreeze_format::{NumberPlace, PathText, ProcessPath};

pub use error::GateError;
pub use names::Holder;
pub use owners::{Owner, Root};
pub use stub::kept_words;

/// What two recordings have shown.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    /// Words of the saved ranges that the dynamic loader writes, and those that the stub has named as the process's:
    /// start and size. A restore leaves them alone.
    pub kept: Vec<(u64, u64)>,
    /// `random.Random` objects whose state depends on entropy or time, to be seeded anew, and texts with random UUIDs, to get
    /// others.
    pub reseeded: Vec<u64>,
    /// Texts with paths of the process, to get its own.
    pub path_texts: Vec<PathText>,
    /// Where libraries keep numbers of processors or of the process, to get their own.
    pub number_places: Vec<NumberPlace>,
    /// Bytes that nobody uses or can mean, and that differ or point out: start and size. To be written as zeros.
    pub blank: Vec<(u64, u64)>,
    /// Pointers to what a restored process doesn't have. Any of them refuses the level.
    pub escapes: Vec<Finding>,
    /// Words that depend on machine, time or entropy, nobody knows how. Any of them refuses the level.
    pub unknown: Vec<Finding>,
    /// What [`Gates::blank`] would remove.
    pub stale: Vec<Finding>,
    /// Counts.
    pub statistics: Statistics,
}

/// Consecutive words of one holder, all of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What holds the first of the words.
    pub holder: Holder,
    /// How many words it stands for.
    pub words: u64,
    /// The first word in each recording.
    pub values: [u64; 2],
    /// What it points to, in the first recording.
    pub target: Option<String>,
    /// The values, as people read them.
    pub detail: String,
    /// Whether it only shows that something has moved: another finding shows why, and the holder is not to blame.
    pub is_consequence: bool,
    /// The module that the holder belongs to, if that can be seen.
    pub owner: Option<Owner>,
    /// What else leads to the holder, or has it: the nearest library, or else a variable of the stub.
    pub root: Option<Root>,
}

/// How many words are what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// All that were compared.
    pub words: u64,
    /// Those that are not the same in both recordings.
    pub differing: u64,
    /// Those that look like pointers and did not move with what they would point to.
    pub integers: u64,
    /// Written by the dynamic loader.
    pub kept: u64,
    /// Registered by the caller.
    pub slots: u64,
    /// State of generators, random texts.
    pub reseeded: u64,
    /// Parts of texts with paths of the process.
    pub paths: u64,
    /// Numbers of processors and of the process.
    pub counted: u64,
    /// Used by nobody, in part or as a whole.
    pub stale: u64,
    /// Pointers to what won't be there.
    pub escapes: u64,
    /// Not explained.
    pub unknown: u64,
    /// Mappings that lay alike in both processes, so that what is a pointer to them can't be told. If recordings are
    /// refused with any of these, another two may pass.
    pub unmoved: Vec<String>,
}

/// Compares two recordings of one program, of variants 0 and 1. `slots` are words that are written anew after a
/// restore: start and size. `paths` are those that differ, as they were in both, of one length.
///
/// # Errors
///
/// If the recordings or the stub can't be read, or are not of one program.
pub fn check(
    recordings: [&Path; 2],
    stub: &[u8],
    slots: &[(u64, u64)],
    paths: &[(ProcessPath, [&str; 2])],
) -> Result<Gates, GateError> {
    let [first, second] = recordings;
    let recordings = [memory::Recording::read(first)?, memory::Recording::read(second)?];
    judge::examine(&recordings, &stub::Stub::parse(stub)?, slots, paths)
}

impl Gates {
    /// Whether a snapshot must not be made of these recordings.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.escapes.is_empty() || !self.unknown.is_empty()
    }

    /// The modules without which the program may pass: each owns a finding that is no consequence of another.
    #[must_use]
    pub fn suspects(&self) -> Vec<&Owner> {
        let mut owners: Vec<_> = self.causes().filter_map(|finding| finding.owner.as_ref()).collect();
        owners.sort_unstable();
        owners.dedup_by_key(|owner| &owner.module);
        owners
    }

    /// The paths of libraries that no module is, and without which the program may pass.
    #[must_use]
    pub fn suspect_libraries(&self) -> Vec<String> {
        let path = |finding: &'_ Finding| match (&finding.owner, &finding.root) {
            (None, Some(Root::Library(path))) => Some(path.clone()),
            _ => None,
        };
        let mut paths: Vec<_> = self.causes().filter_map(path).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    fn causes(&self) -> impl Iterator<Item = &Finding> {
        self.escapes.iter().chain(&self.unknown).filter(|finding| !finding.is_consequence)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.holder)?;
        if self.words > 1 {
            write!(formatter, " ({} words)", self.words)?;
        }
        match &self.target {
            Some(target) => write!(formatter, " → {target}")?,
            None => write!(formatter, ": {}", self.detail)?,
        }
        match (&self.owner, &self.root) {
            (Some(owner), _) => write!(formatter, ", in `{owner}`"),
            (None, Some(root)) => write!(formatter, ", below `{root}`"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words, differing, integers, kept, slots, reseeded, paths, counted, .. } = self;
        let Self { stale, escapes, unknown, unmoved, .. } = self;
        write!(
            formatter,
            "{words} words, {differing} differ; {kept} kept, {slots} slots, {reseeded} reseeded, {paths} of paths, {counted} counted, \
             {stale} stale, \
             {integers} integers; {escapes} escapes, {unknown} unknown"
        )?;
        if unmoved.is_empty() { Ok(()) } else { write!(formatter, "; not moved: {}", unmoved.join(", ")) }
    }
}
