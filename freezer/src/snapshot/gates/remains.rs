//! Remains of addresses: bytes between a structure's fields, or behind a short field, that were never written and still
//! have what lay on the stack before.
//!
//! Comes in: the two values of a word. Goes out: from which byte on it is of the process's making, though no pointer.
//! The evidence is address space randomisation: all pointers to one mapping move by the same distance, in all their
//! bytes. A word whose upper bytes have moved with a mapping while its lower bytes stayed is a short value with another
//! address's rest behind it. A program can't mean anything by that rest, since it says nothing: so it may be blanked.

use std::collections::BTreeMap;

use super::maps::Mapping;
use super::memory::Recording;

/// Lengths of fields behind which remains are looked for, the longest first: `int`, `short` (or the last two bytes of a
/// `long double`), `bool`.
const FIELD_SIZES: [u64; 3] = [4, 2, 1];

pub(super) const STACK: &str = "[stack]";

/// What tells remains from pointers.
pub(super) struct Remains {
    /// The upper halves of the addresses of both processes, by what the mapping is called.
    upper_halves: [BTreeMap<u64, Vec<String>>; 2],
    stacks: [Option<(u64, u64)>; 2],
    /// By how much every pointer to the stack differs, if the stub has named a place on it.
    stack_distance: Option<u64>,
}

impl Remains {
    pub(super) fn new(recordings: &[Recording; 2]) -> Self {
        let stack = |recording: &Recording| {
            let found = recording.maps.all().iter().find(|mapping| mapping.name == STACK);
            found.map(|mapping| (mapping.start, mapping.end))
        };
        let stacks = recordings.each_ref().map(stack);
        let place = |index: usize| {
            let address = recordings[index].memory.stack()?;
            stacks[index].filter(|(start, end)| (*start..*end).contains(&address)).map(|_| address)
        };
        Self {
            upper_halves: recordings.each_ref().map(|recording| upper_halves(recording.maps.all())),
            stacks,
            stack_distance: place(0).zip(place(1)).map(|(first, second)| second.wrapping_sub(first)),
        }
    }

    /// The first byte of a word that is the rest of an address; `None` if it has none.
    pub(super) fn start(&self, values: [u64; 2]) -> Option<u64> {
        let is_kept = |size: &&u64| (values[0] ^ values[1]).trailing_zeros() >= 8 * u32::try_from(**size).unwrap_or(8);
        let size = *FIELD_SIZES.iter().find(is_kept)?;
        let is_found = size == 4 && self.is_upper_half(values) || self.is_stack_but_for(size, values);
        is_found.then_some(size)
    }

    /// Whether the stacks lie alike: then a short field before the rest of an address can't be told from that address.
    pub(super) fn are_stacks_alike(&self) -> bool {
        self.stack_distance.is_some_and(|distance| distance.is_multiple_of(1 << 8))
    }

    /// Whether both upper halves are those of addresses of one mapping's name. That a pointer's lower half does not
    /// move, while its upper does, happens once in a million recordings.
    fn is_upper_half(&self, values: [u64; 2]) -> bool {
        let [first, second] = [0, 1].map(|index| self.upper_halves[index].get(&(values[index] >> 32)));
        let is_shared = |first: &Vec<String>, second: &Vec<String>| first.iter().any(|name| second.contains(name));
        values[0] != values[1] && first.zip(second).is_some_and(|(first, second)| is_shared(first, second))
    }

    /// Whether both are one address of the stack. Whatever was there has returned when a recording is written, so that nothing
    /// can follow such a pointer: it is what a field had before it was ever written.
    pub(super) fn is_of_stack(&self, values: [u64; 2]) -> bool {
        let is_in =
            |(value, stack): (u64, Option<(u64, u64)>)| stack.is_some_and(|(start, end)| (start..end).contains(&value));
        let distance = values[1].wrapping_sub(values[0]);
        values.into_iter().zip(self.stacks).all(is_in) && self.stack_distance == Some(distance)
    }

    /// Whether both would be addresses of the stack with other lower bytes, but are not with these: the distance is only
    /// nearly that of all pointers to it.
    fn is_stack_but_for(&self, size: u64, values: [u64; 2]) -> bool {
        let field = (1_u64 << (8 * size)) - 1;
        let is_near = |(value, stack): (u64, Option<(u64, u64)>)| {
            stack.is_some_and(|(start, end)| value & !field < end && value | field >= start)
        };
        let distance = values[1].wrapping_sub(values[0]);
        let error = self.stack_distance.map(|known| known.wrapping_sub(distance).cast_signed().unsigned_abs());
        values.into_iter().zip(self.stacks).all(is_near) && error.is_some_and(|error| error != 0 && error <= field)
    }
}

/// Of every mapping above those of a program that is not position-independent, and its heap.
fn upper_halves(mappings: &[Mapping]) -> BTreeMap<u64, Vec<String>> {
    let mut halves: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for mapping in mappings.iter().filter(|mapping| mapping.start >> 40 != 0 && mapping.end >> 48 == 0) {
        for half in [mapping.start >> 32, (mapping.end - 1) >> 32] {
            halves.entry(half).or_default().push(mapping.name.clone());
        }
    }
    halves
}

#[cfg(test)]
mod tests {
    use super::super::maps::Maps;
    use super::super::memory::Memory;
    use super::*;

    fn recording(stack: u64, begin: &str) -> Recording {
        let end = stack + 0x2_1000;
        let maps = Maps::parse(&format!("{stack:x}-{end:x} rw-p 00000000 00:00 0 [stack]\n")).unwrap();
        Recording { memory: Memory::new(begin, Vec::new()).unwrap(), maps }
    }

    #[test]
    fn short_values_before_the_rest_of_an_address() {
        let remains = Remains::new(&[recording(0x7ffd_bdbd_7000, ""), recording(0x7fff_61d5_5000, "")]);
        assert_eq!(remains.start([0x7ffd_0000_011b, 0x7fff_0000_011b]), Some(4));
        assert_eq!(remains.start([0x7ffd_ffff_ffff, 0x7fff_ffff_ffff]), Some(4));
        // Another half, no half of an address, an address.
        assert_eq!(remains.start([0x7ffd_0000_011b, 0x7fff_0000_011c]), None);
        assert_eq!(remains.start([0x1234_0000_011b, 0x7fff_0000_011b]), None);
        assert_eq!(remains.start([0x7ffd_bdbe_3fff, 0x7fff_61d6_3fff]), None);
        assert_eq!(remains.start([0x7ffd_0000_011b, 0x7ffd_0000_011b]), None);
    }

    #[test]
    fn the_stack_s_own_distance_tells_more() {
        let first = recording(0x7ffd_bdbd_7000, "stack 7ffdbdbf7ab0 0\n");
        let second = recording(0x7fff_61d5_5000, "stack 7fff61d75120 0\n");
        let remains = Remains::new(&[first, second]);
        assert_eq!(remains.start([0x7ffd_bdbe_3fff, 0x7fff_61d6_3fff]), Some(2));
        assert_eq!(remains.start([0x7ffd_bdbf_1800, 0x7fff_61d6_ef00]), Some(1));
        // Beyond the stack's end, with these lower bytes.
        assert_eq!(remains.start([0x7ffd_bdbf_ffff, 0x7fff_61d7_ffff]), Some(2));
        // Not as far apart as they should be.
        assert_eq!(remains.start([0x7ffd_bdbe_3fff, 0x7fff_61d7_3fff]), None);
        assert!(!remains.are_stacks_alike());
        // A pointer, and what is neither.
        assert_eq!(remains.start([0x7ffd_bdbf_7ab0, 0x7fff_61d7_5120]), None);
        assert_eq!(remains.start([0x7ffd_bdbf_1801, 0x7fff_61d6_f902]), None);
    }
}
