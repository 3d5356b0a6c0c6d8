//! Pointers to what a restored process won't have.
//!
//! Comes in: both recordings. Goes out: every word that is a pointer into memory that belongs to the process that was
//! recorded: libraries of the machine, heap, stack, the dynamic loader's. What is there again after a restore is the
//! program's own file, and the ranges themselves with the memory that is reserved around them. The stack that the recorder gives
//! the process is none of the machine's: what it held has returned.
//!
//! An integer may look like such a pointer, all the more as the heap of a program that is not position-independent has
//! small addresses. Address space randomisation tells: between two processes a pointer moves with what it points to,
//! an integer stays. Where nothing moved, it can't be told, and the word counts as a pointer.

use std::collections::HashMap;

use super::maps::{Mapping, Maps};
use super::memory::{Kind, Recording};
use super::pair::{Pair, PairedRange, Words};
use super::stub::Stub;

/// No program has anything below: `vm.mmap_min_addr`.
const LOWEST_ADDRESS: u64 = 0x10000;

/// At a fixed address in every process.
const EVERYWHERE: &str = "[vsyscall]";

/// Pointers that would lead nowhere, and what only looks like them.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    pub(super) pointers: Words,
    /// Words that are in a mapping's range, and did not move with it.
    pub(super) integers: u64,
}

/// The memory of a process that a restored one doesn't have.
pub(super) struct Foreign<'r> {
    maps: &'r Maps,
    /// By position in `maps`.
    is_foreign: Vec<bool>,
    /// Ranges that hold all foreign mappings and nothing else that is mapped: a few comparisons settle most words.
    spans: Vec<(u64, u64)>,
}

/// The foreign memory of both processes.
pub(super) struct ForeignPair<'r> {
    processes: [Foreign<'r>; 2],
    /// For each mapping of the first process, whether it lay elsewhere in the second; `None` if the second had none.
    has_moved: Vec<Option<bool>>,
}

impl<'r> Foreign<'r> {
    pub(super) fn new(recording: &'r Recording, stub: &Stub<'_>) -> Self {
        let maps = &recording.maps;
        let program = stub.mapping(maps).map(|mapping| mapping.name.clone()).unwrap_or_default();
        let saved = recording.memory.ranges().filter(|range| range.kind != Kind::ThreadLocal);
        let saved: Vec<_> = saved.map(|range| (range.address, range.end())).collect();
        let is_own = |mapping: &Mapping| {
            // A region is reserved as a whole, and the kernel names none of it.
            let is_reserved = || saved.iter().any(|(start, end)| *start < mapping.end && mapping.start < *end);
            let is_program = !program.is_empty() && mapping.name == program || stub.holds(mapping.start);
            let is_stack = recording.memory.is_stack(mapping.start);
            is_program || is_stack || mapping.name == EVERYWHERE || mapping.name.is_empty() && is_reserved()
        };
        let is_foreign: Vec<_> = maps.all().iter().map(|mapping| !is_own(mapping)).collect();
        let spans = spans(maps.all(), &is_foreign);
        Self { maps, is_foreign, spans }
    }

    /// The position of the mapping that a pointer would escape to.
    pub(super) fn position(&self, value: u64) -> Option<usize> {
        let is_near =
            value >= LOWEST_ADDRESS && self.spans.iter().any(|(start, size)| value.wrapping_sub(*start) < *size);
        if !is_near {
            return None;
        }
        self.maps.position(value).filter(|position| self.is_foreign[*position])
    }

    fn name(&self, value: u64) -> Option<&'r str> {
        self.position(value).map(|position| &*self.maps.all()[position].name)
    }
}

impl<'r> ForeignPair<'r> {
    pub(super) fn new(pair: &Pair<'r>, stub: &Stub<'_>) -> Self {
        let processes = pair.recordings.each_ref().map(|recording| Foreign::new(recording, stub));
        let starts = numbered(processes[1].maps.all()).collect::<HashMap<_, _>>();
        let moved = |(key, start): (MappingKey<'_>, u64)| starts.get(&key).map(|other| *other != start);
        let has_moved = numbered(processes[0].maps.all()).map(moved).collect();
        Self { processes, has_moved }
    }

    /// Names of foreign mappings that lay at one place in both processes: randomisation is off, or chance.
    pub(super) fn unmoved(&self) -> Vec<String> {
        let first = &self.processes[0];
        let unmoved = first.maps.all().iter().enumerate();
        let unmoved =
            unmoved.filter(|(position, _)| first.is_foreign[*position] && self.has_moved[*position] == Some(false));
        let mut names: Vec<_> = unmoved.map(|(_, mapping)| mapping.file_name().to_owned()).collect();
        names.dedup();
        names
    }

    /// Whether two values are one pointer, of which each process had its own.
    pub(super) fn is_moved_pointer(&self, values: [u64; 2]) -> bool {
        let [first, second] = &self.processes;
        let name = first.name(values[0]);
        name.is_some() && name == second.name(values[1]) && values[0] != values[1]
    }

    /// Whether a value that both processes have can be a pointer: not if what it would point to has moved, or was in
    /// one of them only.
    fn is_fixed_pointer(&self, value: u64, mapping: usize) -> bool {
        let is_in_both = || self.processes[1].name(value) == Some(&self.processes[0].maps.all()[mapping].name);
        self.has_moved[mapping] != Some(true) && is_in_both()
    }

    /// Whether a value is an address of memory that only the first process had.
    pub(super) fn holds(&self, value: u64) -> bool {
        self.processes[0].position(value).is_some()
    }

    fn scan(&self, range: &PairedRange<'_>, into: &mut Escapes) {
        for (position, bytes) in range.words[0].iter().enumerate() {
            let value = u64::from_le_bytes(*bytes);
            let Some(mapping) = self.processes[0].position(value) else { continue };
            let Some(word) = range.word(position) else { return };
            if word.values[0] == word.values[1] {
                if self.is_fixed_pointer(value, mapping) {
                    into.pointers.push(word);
                } else {
                    into.integers += 1;
                }
            } else if self.is_moved_pointer(word.values) {
                into.pointers.push(word);
            }
        }
    }
}

pub(super) fn find(pair: &Pair<'_>, foreign: &ForeignPair<'_>) -> Escapes {
    let mut escapes = Escapes::default();
    for range in pair.ranges() {
        foreign.scan(&range, &mut escapes);
    }
    escapes
}

/// What a mapping has in common with its counterpart: its name, its place in the file, and which of those it is.
type MappingKey<'m> = (&'m str, u64, usize);

fn numbered(mappings: &[Mapping]) -> impl Iterator<Item = (MappingKey<'_>, u64)> {
    let mut counts = HashMap::new();
    mappings.iter().map(move |mapping| {
        let count: &mut usize = counts.entry((&*mapping.name, mapping.offset)).or_default();
        *count += 1;
        ((&*mapping.name, mapping.offset, *count), mapping.start)
    })
}

/// Neighbours are one span, however far apart, unless memory that may be pointed to lies between.
fn spans(mappings: &[Mapping], is_foreign: &[bool]) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = Vec::new();
    let mut is_open = false;
    for (mapping, is_foreign) in mappings.iter().zip(is_foreign) {
        match spans.last_mut().filter(|_| is_open && *is_foreign) {
            Some((start, size)) => *size = mapping.end - *start,
            None if *is_foreign => spans.push((mapping.start, mapping.end - mapping.start)),
            None => {}
        }
        is_open = *is_foreign;
    }
    spans
}
