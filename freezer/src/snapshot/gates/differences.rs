//! What two recordings don't have in common.
//!
//! Comes in: both recordings. Goes out: every word that differs. As the two processes had another machine, time and
//! entropy, and nothing else, each such word depends on one of them and must be accounted for.

use super::pair::{Pair, PairedRange, Words};

/// Words of a page, which are compared as one: nearly all pages are equal.
const PAGE_WORDS: usize = 512;

pub(super) fn find(pair: &Pair<'_>) -> Words {
    let mut words = Words::default();
    for range in pair.ranges() {
        compare(&range, &mut words);
    }
    words
}

fn compare(range: &PairedRange<'_>, into: &mut Words) {
    let [first, second] = range.words;
    for (page, (one, other)) in first.chunks(PAGE_WORDS).zip(second.chunks(PAGE_WORDS)).enumerate() {
        if one == other {
            continue;
        }
        let positions = page * PAGE_WORDS..page * PAGE_WORDS + one.len().min(other.len());
        for word in positions.filter_map(|position| range.word(position)) {
            if word.values[0] != word.values[1] {
                into.push(word);
            }
        }
    }
}
