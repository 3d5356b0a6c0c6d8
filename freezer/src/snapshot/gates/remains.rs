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

/// Bytes of a field behind which remains are looked for: an `int`.
const FIELD_SIZE: u64 = 4;

/// What tells remains from pointers.
pub(super) struct Remains {
    /// The upper halves of the addresses of both processes, by what the mapping is called.
    upper_halves: [BTreeMap<u64, Vec<String>>; 2],
}

impl Remains {
    pub(super) fn new(recordings: &[Recording; 2]) -> Self {
        Self { upper_halves: recordings.each_ref().map(|recording| upper_halves(recording.maps.all())) }
    }

    /// The first byte of a word that is the rest of an address; `None` if it has none.
    pub(super) fn start(&self, values: [u64; 2]) -> Option<u64> {
        let is_field_kept = (values[0] ^ values[1]).trailing_zeros() >= u32::BITS;
        (is_field_kept && self.is_upper_half(values)).then_some(FIELD_SIZE)
    }

    /// Whether both upper halves are those of addresses of one mapping's name. That a pointer's lower half does not
    /// move, while its upper does, happens once in a million recordings.
    fn is_upper_half(&self, values: [u64; 2]) -> bool {
        let [first, second] = [0, 1].map(|index| self.upper_halves[index].get(&(values[index] >> 32)));
        let is_shared = |first: &Vec<String>, second: &Vec<String>| first.iter().any(|name| second.contains(name));
        values[0] != values[1] && first.zip(second).is_some_and(|(first, second)| is_shared(first, second))
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

    fn recording(start: u64) -> Recording {
        let end = start + 0x2_1000;
        let maps = Maps::parse(&format!("{start:x}-{end:x} rw-p 00000000 00:00 0 [stack]\n")).unwrap();
        Recording { memory: Memory::default(), maps }
    }

    #[test]
    fn short_values_before_the_rest_of_an_address() {
        let remains = Remains::new(&[recording(0x7ffd_bdbd_7000), recording(0x7fff_61d5_5000)]);
        assert_eq!(remains.start([0x7ffd_0000_011b, 0x7fff_0000_011b]), Some(4));
        assert_eq!(remains.start([0x7ffd_ffff_ffff, 0x7fff_ffff_ffff]), Some(4));
        // Another half, no half of an address, an address.
        assert_eq!(remains.start([0x7ffd_0000_011b, 0x7fff_0000_011c]), None);
        assert_eq!(remains.start([0x1234_0000_011b, 0x7fff_0000_011b]), None);
        assert_eq!(remains.start([0x7ffd_bdbe_3fff, 0x7fff_61d6_3fff]), None);
        assert_eq!(remains.start([0x7ffd_0000_011b, 0x7ffd_0000_011b]), None);
    }
}
