//! A finished recording: the memory that the stub has written down.
//!
//! Comes in: the files `ranges` and `memory`. Goes out: regions with their bytes, ascending.

use pyfreeze_format::snapshot::NewRegion;
use pyfreeze_format::{PAGE_SIZE, RegionKind};

use super::SnapshotFailure;
use super::place::Room;

/// The memory of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recording {
    bytes: Vec<u8>,
    /// In whole pages, ascending; each with its place in the bytes.
    regions: Vec<(RegionKind, u64, std::ops::Range<usize>)>,
    processor: std::ops::Range<usize>,
    /// What each process has of its own: starts and sizes.
    kept: Vec<(u64, u64)>,
    /// Words of libraries that are bound anew in each process: starts and sizes.
    bound: Vec<(u64, u64)>,
}

impl Recording {
    /// Reads a room's.
    pub(super) fn read(room: &Room) -> Result<Self, SnapshotFailure> {
        let ranges = String::from_utf8_lossy(&room.read("ranges")?).into_owned();
        Self::new(&ranges, room.read("memory")?)
    }

    /// Of the contents of `ranges` (lines of `<kind> <address> <size> [name]`, numbers in hexadecimal) and `memory`, the
    /// ranges' bytes in the same order, but for those of the kinds `kept`, `bound` and `stack`.
    pub(super) fn new(ranges: &str, bytes: Vec<u8>) -> Result<Self, SnapshotFailure> {
        let odd = |reason: String| SnapshotFailure::Recording { file: "ranges".into(), reason };
        let mut recording = Self { bytes, ..Self::default() };
        let mut start = 0_usize;
        for line in ranges.lines() {
            let range = Range::parse(line).ok_or_else(|| odd(format!("it has no range in the line `{line}`")))?;
            match range.kind {
                Kind::Kept => recording.kept.push((range.address, range.size)),
                Kind::Bound => recording.bound.push((range.address, range.size)),
                Kind::Stack => {}
                Kind::Processor | Kind::Region(_) => {
                    let end = usize::try_from(range.size).ok().and_then(|size| start.checked_add(size));
                    let end = end.filter(|end| *end <= recording.bytes.len());
                    let end = end.ok_or_else(|| odd("it has more ranges than there is memory".into()))?;
                    match range.kind {
                        Kind::Region(kind) => recording.regions.push((kind, range.address, start..end)),
                        _ => recording.processor = start..end,
                    }
                    start = end;
                }
            }
        }
        if start != recording.bytes.len() {
            return Err(odd("there is more memory than it has ranges".into()));
        }
        recording.regions.sort_by_key(|(_, address, _)| *address);
        let is_whole = |number: u64| number.is_multiple_of(PAGE_SIZE);
        match recording.regions.iter().find(|(_, address, place)| !is_whole(*address) || !is_whole(place.len() as u64))
        {
            None => Ok(recording),
            Some((_, address, _)) => Err(odd(format!("the range at {address:#x} is not in whole pages"))),
        }
    }

    /// With zeros at these addresses, each with its size: what nobody reads, and would differ between builds.
    pub(super) fn with_blanks(mut self, blanks: &[(u64, u64)]) -> Self {
        for (address, size) in blanks {
            let last = self.regions.partition_point(|(_, start, _)| start <= address).checked_sub(1);
            let Some((_, start, place)) = last.and_then(|index| self.regions.get(index)) else { continue };
            // OK because what lies outside of every region is in no snapshot.
            let offset = usize::try_from(address - start).unwrap_or(usize::MAX);
            let end = offset.saturating_add(usize::try_from(*size).unwrap_or(usize::MAX)).min(place.len());
            let region = self.bytes.get_mut(place.clone()).unwrap_or_default();
            region.get_mut(offset..end).unwrap_or_default().fill(0);
        }
        self
    }

    /// What each process has of its own in the regions: starts and sizes.
    pub(super) fn kept(&self) -> &[(u64, u64)] {
        &self.kept
    }

    /// What each process writes into the regions again, and needs nothing there for it: starts and sizes.
    pub(super) fn bound(&self) -> &[(u64, u64)] {
        &self.bound
    }

    /// The regions, as a snapshot has them.
    pub(super) fn regions(&self) -> Vec<NewRegion<'_>> {
        let region = |(kind, address, place): &(RegionKind, u64, std::ops::Range<usize>)| NewRegion {
            kind: *kind,
            address: *address,
            span: place.len() as u64,
            bytes: self.bytes.get(place.clone()).unwrap_or_default(),
        };
        self.regions.iter().map(region).collect()
    }

    /// The features of the processor that recorded libraries may have chosen by; empty without libraries.
    pub(super) fn processor(&self) -> &[u8] {
        self.bytes.get(self.processor.clone()).unwrap_or_default()
    }
}

/// A line of `ranges`.
struct Range {
    kind: Kind,
    address: u64,
    size: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Region(RegionKind),
    /// What the recording machine's processor can do: not memory, but written as if it were.
    Processor,
    Kept,
    Bound,
    /// Where the stack lay: for the checks.
    Stack,
}

impl Range {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(4, ' ');
        let kind = match fields.next()? {
            "data" => Kind::Region(RegionKind::Data),
            "objects" => Kind::Region(RegionKind::Objects),
            "raw" => Kind::Region(RegionKind::Raw),
            "library" => Kind::Region(RegionKind::Library),
            "processor" => Kind::Processor,
            "kept" => Kind::Kept,
            "bound" => Kind::Bound,
            "stack" => Kind::Stack,
            _ => return None,
        };
        let mut number = || {
            let field = fields.next()?;
            u64::from_str_radix(field.strip_prefix("0x").unwrap_or(field), 16).ok()
        };
        Some(Self { kind, address: number()?, size: number()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Recording, RegionKind};

    fn pages(fill: &[u8]) -> Vec<u8> {
        fill.iter().flat_map(|byte| [*byte; 4096]).collect()
    }

    #[test]
    fn ranges_are_put_in_order() {
        let mut memory = pages(&[1, 2, 2]);
        memory.extend([7; 16]);
        memory.extend(pages(&[3]));
        let ranges = "objects 2000000000 1000\ndata 0x500000 0x2000\nprocessor 7f0000000010 10\nlibrary 1000002000 1000 a b.so\n\
                      kept 500010 20 process\nbound 1000002008 8 \nstack 3800000000 4000000\n";
        let recording = Recording::new(ranges, memory).unwrap();
        let regions: Vec<_> =
            recording.regions().iter().map(|region| (region.kind, region.address, region.bytes[0])).collect();
        let expected = [
            (RegionKind::Data, 0x50_0000, 2),
            (RegionKind::Library, 0x10_0000_2000, 3),
            (RegionKind::Objects, 0x20_0000_0000, 1),
        ];
        assert_eq!(regions, expected);
        assert_eq!(recording.processor(), [7; 16]);
        assert_eq!((recording.kept(), recording.bound()), (&[(0x50_0010, 0x20)][..], &[(0x10_0000_2008, 8)][..]));
    }

    #[test]
    fn blanks_are_zeros() {
        let recording = Recording::new("raw 2000 1000\nraw 8000 1000\n", pages(&[1, 2])).unwrap();
        let recording = recording.with_blanks(&[(0x1000, 8), (0x2008, 4), (0x8ffe, 8), (0x9000, 8), (0x2000, 0)]);
        let regions = recording.regions();
        let zeros = |index: usize| -> Vec<_> {
            let bytes = regions[index].bytes.iter().enumerate();
            bytes.filter(|(_, byte)| **byte == 0).map(|(offset, _)| offset).collect()
        };
        assert_eq!(zeros(0), [8, 9, 10, 11]);
        assert_eq!(zeros(1), [0xffe, 0xfff]);
    }

    #[test]
    fn odd_recordings_are_refused() {
        let error = |ranges: &str, size| Recording::new(ranges, vec![0; size]).unwrap_err().to_string();
        assert!(error("heap 1000 1000", 4096).ends_with("it has no range in the line `heap 1000 1000`"));
        assert!(error("raw 1000 2000", 4096).ends_with("it has more ranges than there is memory"));
        assert!(error("raw 1000 1000", 4097).ends_with("there is more memory than it has ranges"));
        assert!(error("raw 1008 1000", 4096).ends_with("the range at 0x1008 is not in whole pages"));
        assert!(error("raw 1000 fffffffffffffff8", 4096).ends_with("it has more ranges than there is memory"));
    }
}
