//! Two recordings side by side.
//!
//! Comes in: the recordings of both variants. Goes out: their words, two by two. Everything but thread-local storage
//! lies at fixed addresses, so a word and its counterpart have one address.

use super::error::GateError;
use super::memory::{Kind, Range, Recording};

/// The words at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// In the first recording.
    pub(super) address: u64,
    pub(super) values: [u64; 2],
}

/// More words than this are not listed: something has shifted a whole region.
const MAX_WORDS: usize = 1 << 17;

/// Words in the order in which they were seen.
#[derive(Debug, Default)]
pub(super) struct Words {
    listed: Vec<Word>,
    /// All, also those that are not listed.
    pub(super) count: u64,
}

/// Two recordings of one program.
pub(super) struct Pair<'r> {
    pub(super) recordings: &'r [Recording; 2],
}

/// A range, and what it held in each process.
pub(super) struct PairedRange<'r> {
    pub(super) range: &'r Range,
    pub(super) words: [&'r [[u8; 8]]; 2],
}

impl Words {
    pub(super) fn push(&mut self, word: Word) {
        self.count += 1;
        if self.listed.len() < MAX_WORDS {
            self.listed.push(word);
        }
    }

    pub(super) fn listed(&self) -> &[Word] {
        &self.listed
    }

    /// How many are not listed.
    pub(super) fn missing(&self) -> u64 {
        self.count - self.listed.len() as u64
    }
}

impl<'r> Pair<'r> {
    /// Checks that both have the same ranges; their sizes may differ, which is for the report.
    pub(super) fn new(recordings: &'r [Recording; 2]) -> Result<Self, GateError> {
        let [first, second] = recordings.each_ref().map(|recording| recording.memory.ranges());
        if first.len() != second.len() {
            let reason = format!("one has {} ranges, the other {}", first.len(), second.len());
            return Err(GateError::Different { reason });
        }
        for (one, other) in first.zip(second) {
            let is_placed = one.address == other.address || one.kind == Kind::ThreadLocal;
            if one.kind != other.kind || one.name != other.name || !is_placed {
                let reason = format!("the range at {:#x} has become another at {:#x}", one.address, other.address);
                return Err(GateError::Different { reason });
            }
        }
        Ok(Self { recordings })
    }

    pub(super) fn ranges(&self) -> impl Iterator<Item = PairedRange<'r>> {
        let recordings = self.recordings;
        let paired = move |(position, range)| {
            let words = recordings.each_ref().map(|recording| recording.memory.words(position));
            PairedRange { range, words }
        };
        recordings[0].memory.ranges().enumerate().map(paired)
    }

    /// The ranges that have grown differently, with both sizes.
    pub(super) fn uneven(&self) -> impl Iterator<Item = (&'r Range, [u64; 2])> {
        let [first, second] = self.recordings.each_ref().map(|recording| recording.memory.ranges());
        let sizes = first.zip(second).map(|(one, other)| (one, [one.size, other.size]));
        sizes.filter(|(_, sizes)| sizes[0] != sizes[1])
    }
}

impl<'r> PairedRange<'r> {
    /// Both words at a position.
    pub(super) fn word(&self, position: usize) -> Option<Word> {
        let [first, second] = self.words.map(|words| words.get(position).copied().map(u64::from_le_bytes));
        Some(Word { address: self.range.address + 8 * position as u64, values: [first?, second?] })
    }
}
