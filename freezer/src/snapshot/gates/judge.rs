//! What each doubtful word is, and the findings made of those words.
//!
//! Comes in: words that differ, and words that are pointers to what won't be there. Goes out: [`Gates`]. The order of
//! the questions matters: what is written anew in every process may be anything; what nobody reads is no pointer; and
//! only what nothing explains is unknown.

use std::collections::BTreeSet;

use pyfreeze_format::{PathText, ProcessPath};

use super::memory::{Kind, Range, Recording, Space, Stretches};
use super::names::{Holder, Names};
use super::numbers::{self, Counts};
use super::owners::Owners;
use super::pair::{Pair, Word, Words};
use super::python::{ASCII_SIZE, Object, Python};
use super::remains::Remains;
use super::stub::Stub;
use super::texts::{PathTexts, RandomTexts, differing_texts};
use super::{Finding, Gates, differences, escapes};

/// How many findings of a class are named: people read fewer, and a region that has shifted has a hundred thousand.
const MAX_FINDINGS: usize = 2000;

/// What a word is, in the order in which it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Written by the dynamic loader.
    Kept,
    /// Written by the stub after a restore.
    Slot,
    /// Nobody's, from this byte on.
    Stale(u64),
    /// The rest of an address, from this byte on.
    Remains(u64),
    Escape,
    /// State of this generator, or part of this random text.
    Reseeded(u64),
    /// Part of this text with a path of the process.
    Path(PathText),
    /// Numbers of the machine or the process, in its halves.
    Counted(Counts),
    Unknown,
}

/// Whether what stands at one address is one object of the program in both processes, or two, of which one has moved to
/// where the other was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sameness {
    /// It is reached from another module, or by another name.
    None,
    /// It is reached by the same names.
    Name,
    /// It is reached in the same way, step by step.
    Way,
}

/// All that is known about one process.
struct View<'s> {
    python: &'s Python<'s>,
    names: Names<'s>,
}

struct Judge<'s> {
    kept: Stretches,
    slots: Stretches,
    foreign: escapes::ForeignPair<'s>,
    remains: Remains,
    texts: RandomTexts,
    path_texts: PathTexts,
    views: [View<'s>; 2],
}

/// Words of one class, as they become findings.
#[derive(Default)]
struct Findings {
    findings: Vec<Finding>,
    /// The last word that went into the last finding.
    last: u64,
    /// How many words are in none.
    unnamed: u64,
}

/// The doubtful words of both recordings, judged.
pub(super) fn examine(
    recordings: &[Recording; 2],
    stub: &Stub<'_>,
    slots: &[(u64, u64)],
    paths: &[(ProcessPath, [&str; 2])],
) -> Result<Gates, super::GateError> {
    let pair = Pair::new(recordings)?;
    let spaces = recordings.each_ref().map(|recording| Space::new(recording, stub));
    let pythons = spaces.each_ref().map(|space| Python::new(space, stub));
    let view =
        |index: usize| View { python: &pythons[index], names: Names::new(&recordings[index], &pythons[index], stub) };
    let is_saved = |address| recordings[0].memory.range(address).is_some_and(|range| range.kind == Kind::Data);
    let all = stub.kept().iter().chain(recordings[0].memory.kept()).copied();
    let kept: Vec<_> = all.filter(|(address, _)| is_saved(*address)).collect();
    let kept = Stretches::new(kept);
    let differing = differences::find(&pair);
    let texts = differing_texts(&differing, [&pythons[0], &pythons[1]]);
    let judge = Judge {
        kept: kept.clone(),
        slots: Stretches::new(slots.iter().copied()),
        foreign: escapes::ForeignPair::new(&pair, stub),
        remains: Remains::new(recordings),
        texts: RandomTexts::new(&texts),
        path_texts: PathTexts::new(&texts, paths),
        views: [view(0), view(1)],
    };
    let mut gates = judge.judge(&pair, &differing);
    gates.kept = kept.all().to_vec();
    if gates.is_refused() {
        let owners = [0, 1].map(|index| Owners::new(&pythons[index], &spaces[index], &judge.views[index].names));
        gates.escapes.iter_mut().for_each(|finding| _ = finding.find_owner(&owners));
        let sameness: Vec<_> = gates.unknown.iter_mut().map(|finding| finding.find_owner(&owners)).collect();
        let has_cause =
            |wanted| sameness.iter().zip(&gates.unknown).any(|(is, one)| *is >= wanted && !one.is_consequence);
        let wanted = if has_cause(Sameness::Way) { Sameness::Way } else { Sameness::Name };
        for (is, finding) in sameness.iter().zip(&mut gates.unknown) {
            finding.is_consequence |= *is < wanted;
        }
    }
    Ok(gates)
}

impl Judge<'_> {
    fn judge(&self, pair: &Pair<'_>, differing: &Words) -> Gates {
        let escapes = escapes::find(pair, &self.foreign);
        let mut gates = Gates::default();
        let statistics = &mut gates.statistics;
        statistics.words = pair.ranges().map(|range| range.words[0].len() as u64).sum();
        statistics.differing = differing.count;
        statistics.integers = escapes.integers;
        statistics.unmoved = self.foreign.unmoved();
        self.sort(&[differing, &escapes.pointers], &escapes.pointers, &mut gates);
        gates.unknown.extend(pair.uneven().map(|(range, sizes)| self.uneven(range, sizes)));
        gates
    }

    /// Puts every word into its class. Words that are not listed are unknown: nobody has looked at them.
    fn sort(&self, all: &[&Words], pointers: &Words, gates: &mut Gates) {
        let mut words: Vec<Word> = all.iter().flat_map(|words| words.listed()).copied().collect();
        words.sort_unstable_by_key(|word| word.address);
        words.dedup();
        let pointers: std::collections::HashSet<u64> = pointers.listed().iter().map(|word| word.address).collect();
        // Where something has moved, the words that show why come before those that only show that it has.
        words.sort_by_cached_key(|word| (self.is_consequence(*word), word.address));
        let mut blank = Vec::new();
        let mut reseeded = BTreeSet::new();
        let mut path_texts = BTreeSet::new();
        let mut number_places = BTreeSet::new();
        let [mut escapes, mut unknown, mut stale] = [const { Findings::new() }; 3];
        for word in words {
            let class = self.class(word, pointers.contains(&word.address));
            match class {
                Class::Kept => gates.statistics.kept += 1,
                Class::Slot => gates.statistics.slots += 1,
                Class::Reseeded(object) => {
                    reseeded.insert(object);
                    gates.statistics.reseeded += 1;
                }
                Class::Path(text) => {
                    path_texts.insert(text);
                    gates.statistics.paths += 1;
                }
                Class::Counted(counts) => {
                    number_places.extend(counts.into_iter().flatten());
                    gates.statistics.counted += 1;
                }
                Class::Stale(from) | Class::Remains(from) => {
                    blank.push((word.address + from, 8 - from));
                    stale.add(word, self);
                }
                Class::Escape => escapes.add_each(word, self),
                Class::Unknown => unknown.add(word, self),
            }
        }
        let missing: u64 = all.iter().map(|words| words.missing()).sum();
        unknown.unnamed += missing;
        blank.extend(
            path_texts.iter().map(|text| (text.address + ASCII_SIZE + u64::from(text.offset), text.size.into())),
        );
        gates.blank = Stretches::new(blank).all().to_vec();
        gates.reseeded = reseeded.into_iter().collect();
        gates.path_texts = path_texts.into_iter().collect();
        gates.number_places = number_places.into_iter().collect();
        gates.escapes = escapes.finish(&mut gates.statistics.escapes);
        gates.unknown = unknown.finish(&mut gates.statistics.unknown);
        gates.stale = stale.finish(&mut gates.statistics.stale);
    }

    /// Whether a word only shows that something has moved within the recorded ranges: both values point there, each
    /// process has another kind of object in its place, or it is the allocator's, the collector's or a count of references.
    fn is_consequence(&self, word: Word) -> bool {
        let is_recorded = |value: &u64| self.views[0].names.is_recorded(*value);
        if word.values[0] != word.values[1] && word.values.iter().all(is_recorded) {
            return true;
        }
        match self.views.each_ref().map(|view| view.python.object_around(word.address)) {
            [Some(first), Some(second)] => {
                let is_text = || first.kind.name == "str" && self.texts_are_equal(&first, &second);
                first.kind.name != second.kind.name || word.address < first.address + 8 || is_text()
            }
            [None, None] => self.views[0].python.blocks.is_header(word.address),
            _ => true,
        }
    }

    /// Then what differs is the hash, which is computed when somebody asks for it.
    fn texts_are_equal(&self, first: &Object, second: &Object) -> bool {
        let [one, other] = &self.views;
        one.python.text(first) == other.python.text(second)
    }

    fn class(&self, word: Word, is_pointer: bool) -> Class {
        let address = word.address;
        if self.kept.has_word(address) {
            return Class::Kept;
        }
        if self.slots.has_word(address) {
            return Class::Slot;
        }
        if let Some(from) = self.stale_from(word) {
            return Class::Stale(from);
        }
        if let Some(from) = self.remains.start(word.values) {
            return Class::Remains(from);
        }
        if is_pointer || self.hidden_pointer(address).is_some() {
            return Class::Escape;
        }
        let random = |view: &View<'_>| {
            let python = view.python;
            python.random_state(address).or_else(|| self.texts.find(python.object_around(address)?.address))
        };
        let [first, second] = self.views.each_ref().map(random);
        let path = || self.path_texts.find(self.views[0].python.object_around(address)?.address);
        match (first.filter(|_| first == second), path()) {
            (Some(object), _) => Class::Reseeded(object),
            (None, Some(text)) => Class::Path(text),
            (None, None) => self.number_places(word).map_or(Class::Unknown, Class::Counted),
        }
    }

    /// A count that a library keeps. What is within an object may be how many items it has.
    fn number_places(&self, word: Word) -> Option<Counts> {
        let is_object = |view: &View<'_>| view.python.object_around(word.address).is_some();
        if self.views.iter().any(is_object) { None } else { numbers::counts(word) }
    }

    /// Nobody's in either process, as far as the word differs or is a pointer.
    fn stale_from(&self, word: Word) -> Option<u64> {
        let [first, second] = self.views.each_ref().map(|view| view.python.stale_from(word.address));
        let from = first?.max(second?);
        let used = if from == 0 { 0 } else { u64::MAX >> (64 - 8 * from) };
        let is_same = word.values[0] & used == word.values[1] & used;
        // A word of which a part is used is a pointer at most by chance.
        (is_same && (from == 0 || word.values[0] != word.values[1])).then_some(from)
    }

    /// An address that is stored as a Python integer: no word is a pointer, its digits are.
    fn hidden_pointer(&self, address: u64) -> Option<u64> {
        let value = |view: &View<'_>| view.python.int(&view.python.object_around(address)?);
        let [first, second] = self.views.each_ref().map(value);
        let values = [first?, second?];
        self.foreign.is_moved_pointer(values).then_some(values[0])
    }

    fn finding(&self, word: Word, holder: Holder) -> Finding {
        let hidden = self.hidden_pointer(word.address);
        let value = hidden.or_else(|| self.foreign.holds(word.values[0]).then_some(word.values[0]));
        let preview = |view: &View<'_>| view.python.preview(&view.python.object_around(word.address)?);
        let detail = match self.views.each_ref().map(preview) {
            [Some(first), Some(second)] if first != second => format!("{first} / {second}"),
            _ => format!("{:#x} / {:#x}", word.values[0], word.values[1]),
        };
        let target = value.and_then(|value| self.views[0].names.target(value));
        let is_consequence = self.is_consequence(word);
        Finding { holder, words: 1, values: word.values, target, detail, is_consequence, owner: None, root: None }
    }

    /// A range of two sizes is a difference even where all that both have is equal.
    fn uneven(&self, range: &Range, sizes: [u64; 2]) -> Finding {
        let mut holder = self.views[0].names.holder(range.address);
        holder.what = "the size".to_owned();
        let detail = format!("{:#x} bytes / {:#x} bytes", sizes[0], sizes[1]);
        let (values, is_consequence) = (sizes, true);
        Finding { holder, words: 1, values, target: None, detail, is_consequence, owner: None, root: None }
    }
}

impl Finding {
    /// Looks for what leads to the holder, and whether that is the same in the second process.
    fn find_owner(&mut self, owners: &[Owners<'_>; 2]) -> Sameness {
        let address = self.holder.address.saturating_add(self.holder.offset);
        let [first, second] = owners.each_ref().map(|owners| owners.ways(address));
        let sameness = match (first.owner == second.owner, first.offsets == second.offsets) {
            (false, _) => Sameness::None,
            (true, false) => Sameness::Name,
            (true, true) => Sameness::Way,
        };
        (self.owner, self.root) = (first.owner, first.root);
        sameness
    }
}

impl Findings {
    const fn new() -> Self {
        Self { findings: Vec::new(), last: 0, unnamed: 0 }
    }

    /// Adds a word to the finding before it if it is the next of the same holder.
    fn add(&mut self, word: Word, judge: &Judge<'_>) {
        if self.findings.len() >= MAX_FINDINGS {
            self.unnamed += 1;
            return;
        }
        let holder = judge.views[0].names.holder(word.address);
        let is_next = self.last.checked_add(8) == Some(word.address);
        let before = self.findings.last_mut().filter(|before| is_next && before.holder.is_of(&holder));
        self.last = word.address;
        match before {
            Some(before) => before.words += 1,
            None => self.findings.push(judge.finding(word, holder)),
        }
    }

    /// Adds a word as a finding of its own: neighbours may point to different things.
    fn add_each(&mut self, word: Word, judge: &Judge<'_>) {
        self.last = 0;
        self.add(word, judge);
        self.last = 0;
    }

    /// The findings, the last of which stands for all words that have none; and the number of all words.
    fn finish(mut self, count: &mut u64) -> Vec<Finding> {
        if self.unnamed > 0 {
            let holder =
                Holder { what: "more words".to_owned(), region: "all regions".to_owned(), address: 0, offset: 0 };
            let detail = "not looked at".to_owned();
            self.findings.push(Finding {
                holder,
                words: self.unnamed,
                values: [0; 2],
                target: None,
                detail,
                is_consequence: true,
                owner: None,
                root: None,
            });
        }
        *count = self.findings.iter().map(|finding| finding.words).sum();
        self.findings
    }
}
