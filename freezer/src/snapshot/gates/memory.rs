//! What was recorded: the ranges that a snapshot would bring back, as an address space.
//!
//! Comes in: a recording folder, whose files the stub wrote (`ranges`, `memory`, `maps`). Goes out: words and bytes by
//! address. An address outside is an ordinary answer, `None`: much of what is read as a pointer is none.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::GateError;
use super::maps::Maps;
use super::stub::Stub;

/// The kind of a line that names a part of a range, for which there are no bytes of its own.
const KEPT: &str = "kept";
/// The kind of a line for words that a restore writes anew.
const BOUND: &str = "bound";

/// The kind of a line for the stack, of which there are no bytes.
const STACK: &str = "stack";

/// The kind of a line for bytes that are a fact about the processor, and no memory that is brought back.
const PROCESSOR: &str = "processor";

/// What a range is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The stub's own variables.
    Data,
    /// Where CPython's allocator has its arenas.
    Objects,
    /// Where everything else is allocated.
    Raw,
    /// The main thread's variables of the stub.
    ThreadLocal,
    /// The variables of a shared library of the payload.
    Library,
}

/// Consecutive bytes of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) kind: Kind,
    pub(super) address: u64,
    pub(super) size: u64,
    /// A library's path.
    pub(super) name: String,
}

/// The recorded ranges of one process.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// As the stub wrote them, each with its place in `bytes`.
    ranges: Vec<(Range, std::ops::Range<usize>)>,
    /// Positions in `ranges`, sorted by address.
    by_address: Vec<usize>,
    bytes: Vec<u8>,
    /// Parts of the ranges that belong to the process: start and size.
    kept: Vec<(u64, u64)>,
    /// The stack, which lies at the same place in every recording: start and size.
    stack: Option<(u64, u64)>,
}

/// One process at the moment of its recording.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) memory: Memory,
    pub(super) maps: Maps,
}

/// Everything of a process that can be read by address: what was recorded, then what never changes in the stub, then
/// the rest of the program's file.
pub(super) struct Space<'r> {
    pub(super) memory: &'r Memory,
    maps: &'r Maps,
    stub: &'r Stub<'r>,
    program: Option<fs::File>,
}

/// Sorted, non-overlapping stretches of addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretches(Vec<(u64, u64)>);

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "data" => Self::Data,
            "objects" => Self::Objects,
            "raw" => Self::Raw,
            "tls" | "processor" => Self::ThreadLocal,
            "library" => Self::Library,
            _ => return None,
        })
    }
}

/// A line of `ranges`: `<kind> <address> <size> [name]`, numbers in hexadecimal.
fn parse(line: &str) -> Option<(&str, u64, u64, &str)> {
    let mut fields = line.splitn(4, ' ');
    let kind = fields.next()?;
    let mut number = || {
        let field = fields.next()?;
        u64::from_str_radix(field.strip_prefix("0x").unwrap_or(field), 16).ok()
    };
    let (address, size) = (number()?, number()?);
    address.checked_add(size).map(|_| (kind, address, size, fields.next().unwrap_or_default()))
}

impl Range {
    pub(super) fn contains(&self, address: u64) -> bool {
        address.checked_sub(self.address).is_some_and(|offset| offset < self.size)
    }

    pub(super) fn end(&self) -> u64 {
        self.address.saturating_add(self.size)
    }
}

impl Memory {
    /// Both files' contents; an error says what of them is odd.
    pub(super) fn new(ranges: &str, bytes: Vec<u8>) -> Result<Self, String> {
        let (mut placed, mut kept, mut stack) = (Vec::new(), Vec::new(), None);
        let mut end = 0_usize;
        for line in ranges.lines() {
            let unknown = || format!("no range: `{line}`");
            let (kind, address, size, name) = parse(line).ok_or_else(unknown)?;
            if kind == KEPT {
                kept.push((address, size));
                continue;
            }
            if kind == STACK {
                stack = Some((address, size));
                continue;
            }
            // The caller's slots: words of libraries that are bound anew.
            if kind == BOUND {
                continue;
            }
            let start = end;
            end = usize::try_from(size).ok().and_then(|size| end.checked_add(size)).ok_or("too large")?;
            if kind == PROCESSOR {
                continue;
            }
            // Words are looked at where the compiler puts them.
            let kind = Kind::parse(kind).filter(|_| address.is_multiple_of(8)).ok_or_else(unknown)?;
            placed.push((Range { kind, address, size, name: name.to_owned() }, start..end));
        }
        if end != bytes.len() {
            return Err(format!("the ranges have {end} bytes, the memory has {}", bytes.len()));
        }
        let mut by_address: Vec<_> = (0..placed.len()).collect();
        by_address.sort_by_key(|position| placed[*position].0.address);
        Ok(Self { ranges: placed, by_address, bytes, kept, stack })
    }

    /// In the stub's order, which is the same in every recording.
    pub(super) fn ranges(&self) -> impl ExactSizeIterator<Item = &Range> {
        self.ranges.iter().map(|(range, _)| range)
    }

    /// What of the ranges the stub itself leaves to the process.
    pub(super) fn kept(&self) -> &[(u64, u64)] {
        &self.kept
    }

    /// Whether an address is one of the stack. All that was there has returned when a recording is written: nothing follows
    /// a pointer to it, and it is the same in every recording.
    pub(super) fn is_stack(&self, address: u64) -> bool {
        self.stack.is_some_and(|(start, size)| address.checked_sub(start).is_some_and(|offset| offset < size))
    }

    /// The words of the range at a position; an odd end belongs to none.
    pub(super) fn words(&self, position: usize) -> &[[u8; 8]] {
        self.ranges.get(position).map_or(&[], |(_, place)| self.bytes[place.clone()].as_chunks().0)
    }

    /// The range that holds an address.
    pub(super) fn range(&self, address: u64) -> Option<&Range> {
        self.placed(address).map(|(range, _)| range)
    }

    /// The bytes from an address to its range's end.
    fn bytes(&self, address: u64) -> Option<&[u8]> {
        let (range, place) = self.placed(address)?;
        let offset = usize::try_from(address - range.address).ok()?;
        self.bytes.get(place.start.checked_add(offset)?..place.end)
    }

    fn placed(&self, address: u64) -> Option<&(Range, std::ops::Range<usize>)> {
        let next = self.by_address.partition_point(|position| self.ranges[*position].0.address <= address);
        let position = *self.by_address.get(next.checked_sub(1)?)?;
        self.ranges.get(position).filter(|(range, _)| range.contains(address))
    }
}

impl Recording {
    /// Reads a recording folder.
    pub(super) fn read(folder: &Path) -> Result<Self, GateError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|source| GateError::Read { path, source })
        };
        let text = |name: &str| Ok(String::from_utf8_lossy(&read(name)?).into_owned());
        let malformed = |name: &str| {
            let path = folder.join(name);
            move |reason| GateError::Malformed { path, reason }
        };
        let memory = Memory::new(&text("ranges")?, read("memory")?).map_err(malformed("ranges"))?;
        let maps = Maps::parse(&text("maps")?).map_err(malformed("maps"))?;
        Ok(Self { memory, maps })
    }
}

impl<'r> Space<'r> {
    pub(super) fn new(recording: &'r Recording, stub: &'r Stub<'r>) -> Self {
        let program = stub.mapping(&recording.maps).and_then(|mapping| fs::File::open(&mapping.name).ok());
        Self { memory: &recording.memory, maps: &recording.maps, stub, program }
    }

    pub(super) fn word(&self, address: u64) -> Option<u64> {
        self.read(address).map(u64::from_le_bytes)
    }

    pub(super) fn half_word(&self, address: u64) -> Option<u32> {
        self.read(address).map(u32::from_le_bytes)
    }

    /// Bytes, as many as asked for or none.
    pub(super) fn bytes(&self, address: u64, size: usize) -> Option<Vec<u8>> {
        if let Some(known) = self.known(address) {
            return known.get(..size).map(<[u8]>::to_vec);
        }
        let mut bytes = vec![0; size];
        self.read_program(address, &mut bytes).map(|()| bytes)
    }

    /// What stands before the first zero byte; `None` if there is none among the first `limit` bytes.
    pub(super) fn c_string(&self, address: u64, limit: usize) -> Option<String> {
        let mut own = Vec::new();
        let bytes = match self.known(address) {
            Some(bytes) => &bytes[..bytes.len().min(limit)],
            None => {
                own.resize(limit, 0);
                self.read_program(address, &mut own)?;
                &own
            }
        };
        let end = bytes.iter().position(|byte| *byte == 0)?;
        String::from_utf8(bytes[..end].to_vec()).ok()
    }

    fn read<const SIZE: usize>(&self, address: u64) -> Option<[u8; SIZE]> {
        if let Some(known) = self.known(address) {
            return known.first_chunk().copied();
        }
        let mut bytes = [0; SIZE];
        self.read_program(address, &mut bytes).map(|()| bytes)
    }

    fn known(&self, address: u64) -> Option<&[u8]> {
        self.memory.bytes(address).or_else(|| self.stub.constant_bytes(address))
    }

    /// From the file, which is only right for what is never written, such as the names in a library's code.
    fn read_program(&self, address: u64, into: &mut [u8]) -> Option<()> {
        let program = self.program.as_ref()?;
        let name = &self.stub.mapping(self.maps)?.name;
        let mapping = self.maps.find(address).filter(|mapping| mapping.name == *name)?;
        program.read_exact_at(into, (address - mapping.start).checked_add(mapping.offset)?).ok()
    }
}

impl Stretches {
    /// From starts and sizes in any order.
    pub(super) fn new(stretches: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut sorted: Vec<_> = stretches.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (start, size) in sorted {
            let end = start.saturating_add(size);
            match merged.last_mut() {
                Some((first, length)) if start <= first.saturating_add(*length) => {
                    *length = (*length).max(end - *first);
                }
                _ => merged.push((start, size)),
            }
        }
        Self(merged)
    }

    /// Whether all bytes of a word belong to it.
    pub(super) fn has_word(&self, address: u64) -> bool {
        let next = self.0.partition_point(|(start, _)| *start <= address);
        let found = next.checked_sub(1).and_then(|position| self.0.get(position));
        found.is_some_and(|(start, size)| address.saturating_add(8) <= start.saturating_add(*size))
    }

    pub(super) fn all(&self) -> &[(u64, u64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_address() {
        let bytes: Vec<u8> = (0..44).collect();
        let memory = Memory::new(
            "raw 0x2000 10\nprocessor 7ffc04 4\nstack 8000 1000\nkept 1008 8 process\ndata 1000 18 a name\n",
            bytes,
        )
        .unwrap();
        assert_eq!(memory.kept(), [(0x1008, 8)]);
        assert!(memory.is_stack(0x8fff) && !memory.is_stack(0x9000) && !memory.is_stack(0x7fff));
        assert_eq!(memory.range(0x1017).unwrap().name, "a name");
        assert_eq!(memory.bytes(0x1000).unwrap().len(), 24);
        assert_eq!(memory.bytes(0x2008).unwrap(), [8, 9, 10, 11, 12, 13, 14, 15]);
        assert!(memory.bytes(0x2010).is_none());
        assert!(memory.bytes(0xfff).is_none());
        assert_eq!(memory.words(1)[0], [20, 21, 22, 23, 24, 25, 26, 27]);
    }

    #[test]
    fn files_that_do_not_fit_are_refused() {
        let error = |ranges: &str| Memory::new(ranges, vec![0; 16]).unwrap_err();
        assert_eq!(error("raw 2000 18\n"), "the ranges have 24 bytes, the memory has 16");
        assert_eq!(error("heap 2000 10\n"), "no range: `heap 2000 10`");
        assert_eq!(error("raw 2004 10\n"), "no range: `raw 2004 10`");
        assert_eq!(error("raw fffffffffffffff8 10\n"), "no range: `raw fffffffffffffff8 10`");
    }

    #[test]
    fn stretches_hold_whole_words() {
        let stretches = Stretches::new([(0x20, 8), (0x10, 8), (0x18, 4)]);
        assert_eq!(stretches.all(), [(0x10, 12), (0x20, 8)]);
        assert!(stretches.has_word(0x10) && stretches.has_word(0x20));
        assert!(!stretches.has_word(0x18) && !stretches.has_word(0x8) && !stretches.has_word(0x28));
    }
}
