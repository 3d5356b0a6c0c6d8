//! Names for people: of what holds a word, and of what a word points to.
//!
//! Comes in: an address. Goes out: a [`Holder`], or a sentence's end such as `libc.so.6 memmove+0`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use super::blocks::Place;
use super::maps::Maps;
use super::memory::{Kind, Recording};
use super::python::Python;
use super::stub::Stub;
use super::symbols::Symbols;

/// What a word belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// A Python type, a variable, or the kind of block.
    pub what: String,
    /// The recorded range that it lies in.
    pub region: String,
    /// Where it begins.
    pub address: u64,
    /// Bytes from there to the word.
    pub offset: u64,
}

/// What is needed to name addresses of one process.
pub(super) struct Names<'s> {
    recording: &'s Recording,
    python: &'s Python<'s>,
    stub: &'s Stub<'s>,
    files: RefCell<HashMap<String, Symbols>>,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in {} at {:#x} +{:#x}", self.what, self.region, self.address, self.offset)
    }
}

impl Holder {
    /// Whether two words have one holder.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        (&self.what, &self.region, self.address) == (&other.what, &other.region, other.address)
    }
}

impl<'s> Names<'s> {
    pub(super) fn new(recording: &'s Recording, python: &'s Python<'s>, stub: &'s Stub<'s>) -> Self {
        Self { recording, python, stub, files: RefCell::default() }
    }

    /// Whether an address lies in what was recorded.
    pub(super) fn is_recorded(&self, address: u64) -> bool {
        self.recording.memory.range(address).is_some()
    }

    /// What a recorded address belongs to.
    pub(super) fn holder(&self, address: u64) -> Holder {
        let Some(range) = self.recording.memory.range(address) else {
            return Holder { what: "a word".to_owned(), region: "no range".to_owned(), address, offset: 0 };
        };
        let (what, start) = match range.kind {
            Kind::Data => match self.stub.variable(address) {
                Some((name, offset)) => (name.to_owned(), address - offset),
                None => ("data".to_owned(), range.address),
            },
            Kind::Objects | Kind::Raw => self.block(address).unwrap_or(("a place".to_owned(), range.address)),
            Kind::ThreadLocal | Kind::Library => ("data".to_owned(), range.address),
        };
        let region = match range.kind {
            Kind::Data => "the stub".to_owned(),
            Kind::Objects => "object region".to_owned(),
            Kind::Raw => "raw region".to_owned(),
            Kind::ThreadLocal => "thread-local storage".to_owned(),
            Kind::Library => file_name(&range.name).to_owned(),
        };
        Holder { what, region, address: start, offset: address - start }
    }

    fn block(&self, address: u64) -> Option<(String, u64)> {
        Some(match self.python.blocks.place(address)? {
            Place::Block(block) => match self.python.object_in(block) {
                // The words before the object itself are its block's.
                Some(object) if object.address <= address => (object.kind.name.clone(), object.address),
                Some(object) => (format!("{} (header)", object.kind.name), block.address),
                None => (format!("block of {} bytes", block.size), block.address),
            },
            Place::Free(block) => (format!("free block of {} bytes", block.size), block.address),
            Place::Fresh(block) => ("unused block".to_owned(), block.address),
            Place::Header(header) => ("allocator's header".to_owned(), header),
        })
    }

    /// What a value points to, if it points into a mapping.
    pub(super) fn target(&self, value: u64) -> Option<String> {
        let maps = &self.recording.maps;
        let mapping = maps.find(value)?;
        if let Some(range) = self.recording.memory.range(value) {
            let name = if range.kind == Kind::ThreadLocal { "thread-local storage" } else { "a recorded range" };
            return Some(format!("{name}+{:#x}", value - range.address));
        }
        Some(match self.file_target(maps, value) {
            Some(name) => name,
            None if mapping.name.is_empty() => self.anonymous_target(maps, value),
            None => format!("{}+{:#x}", mapping.file_name(), value - mapping.start),
        })
    }

    fn file_target(&self, maps: &Maps, value: u64) -> Option<String> {
        let (file, offset) = maps.file_at(value)?;
        let mut files = self.files.borrow_mut();
        let symbols = files.entry(file.name.clone()).or_insert_with(|| Symbols::read(&file.name));
        Some(match symbols.holding(offset) {
            Some((symbol, into)) => format!("{} {symbol}+{into:#x}", file.file_name()),
            None => format!("{}+{offset:#x}", file.file_name()),
        })
    }

    /// The dynamic loader puts the thread's own block behind its variables.
    fn anonymous_target(&self, maps: &Maps, value: u64) -> String {
        let threads = self.recording.memory.ranges().filter(|range| range.kind == Kind::ThreadLocal);
        let position = maps.position(value);
        match threads.map(|range| range.address).find(|address| maps.position(*address) == position) {
            Some(variables) if value >= variables => format!("the thread's memory+{:#x}", value - variables),
            Some(variables) => format!("the thread's memory-{:#x}", variables - value),
            None => format!("anonymous memory at {value:#x}"),
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
