//! Numbers of the machine and the process, as libraries keep them.
//!
//! Comes in: a word that differs. Goes out: where in it there are such numbers, and of what. The evidence is what the two
//! recorded processes were told: more processors than any machine has that they will see, and one; and numbers of a
//! process that no process has. A library that keeps just the two numbers at one place keeps what it was told, and would
//! keep another on another machine; had it made anything else of it (room for each, threads, the smaller of it and its own
//! limit), more or other words differed.

use pyfreeze_format::{NumberPlace, ToldNumber};

use super::pair::Word;

/// Of the lower and of the upper half of a word.
pub(super) type Counts = [Option<NumberPlace>; 2];

/// What the recorded processes may have asked for; of a quota they have seen nothing.
const ASKED: [ToldNumber; 4] = [
    ToldNumber::OnlineProcessors,
    ToldNumber::ConfiguredProcessors,
    ToldNumber::AllowedProcessors,
    ToldNumber::Process,
];

/// The numbers in a word that explain all of its difference.
pub(super) fn counts(word: Word) -> Option<Counts> {
    let half = |shift: u32| word.values.map(|value| u32::try_from(value >> shift & u64::from(u32::MAX)).unwrap_or(0));
    let count = |index: u32| {
        let values = half(32 * index);
        let address = word.address + 4 * u64::from(index);
        if values[0] == values[1] {
            return Some(None);
        }
        let of = ASKED.into_iter().find(|of| of.told() == values)?;
        Some(Some(NumberPlace { address, of }))
    };
    Some([count(0)?, count(1)?])
}

#[cfg(test)]
mod tests {
    use super::{ToldNumber, Word, counts};

    #[test]
    fn halves_of_words() {
        let found = |values| counts(Word { address: 0x1000, values });
        let places = |values| found(values).map(|counts| counts.map(|count| count.map(|one| (one.address, one.of))));
        assert_eq!(places([1013, 1]), Some([Some((0x1000, ToldNumber::OnlineProcessors)), None]));
        assert_eq!(places([1009 << 32 | 7, 1 << 32 | 7]), Some([None, Some((0x1004, ToldNumber::AllowedProcessors))]));
        let both =
            Some([Some((0x1000, ToldNumber::ConfiguredProcessors)), Some((0x1004, ToldNumber::OnlineProcessors))]);
        assert_eq!(places([1013 << 32 | 1019, 1 << 32 | 1]), both);
        let process = [0x3fff_fff0, 0x3fff_fff1];
        assert_eq!(places(process), Some([Some((0x1000, ToldNumber::Process)), None]));
        // Something else of it, something else beside it, the other way round.
        for values in [[1012, 0], [64, 1], [1013 << 32 | 7, 1 << 32 | 8], [1, 1013]] {
            assert_eq!(places(values), None, "{values:?}");
        }
    }
}
