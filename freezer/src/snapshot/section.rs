//! A recording → the bytes of the snapshot section.
//!
//! Comes in: the memory, what the checks have found, what the modules have read, a report. Goes out: bytes that depend
//! on nothing else.

use pyfreeze_format::snapshot::{NewGuard, NewRegion, NewSnapshot, NewVariable};
use pyfreeze_format::{FormatError, Kept, SnapshotLevel};

use super::checks::Checked;
use super::recording::Recording;
use super::report::SnapshotReport;
use crate::payload::encode_section;

/// The section's bytes. What the new process has of its own, or writes itself, is zeros in them.
pub(super) fn write(
    recording: Recording,
    checked: &Checked,
    level: SnapshotLevel,
    guards: Vec<NewGuard>,
    report: &SnapshotReport,
) -> Result<Vec<u8>, FormatError> {
    let own = [checked.kept.as_slice(), recording.kept()].concat();
    let blank = [own.as_slice(), &checked.blank, recording.bound()].concat();
    let recording = recording.with_blanks(&blank);
    let regions = recording.regions();
    let mut reseeded = checked.reseeded.clone();
    reseeded.sort_unstable();
    reseeded.dedup();
    let snapshot = NewSnapshot {
        level,
        kept: kept(&own, &regions),
        regions,
        reseeded,
        path_texts: checked.path_texts.clone(),
        number_places: checked.number_places.clone(),
        // They were not set while the program was recorded: its environment has nothing but what keeps a module out.
        variables: report.variables.iter().map(|name| NewVariable { name: name.clone().into(), value: None }).collect(),
        guards,
        processor: recording.processor(),
        report: &encode_section(report),
    };
    snapshot.encode()
}

/// The kept words that lie in a region, ascending, those side by side as one.
fn kept(words: &[(u64, u64)], regions: &[NewRegion<'_>]) -> Vec<Kept> {
    let is_inside = |(address, size): &(u64, u64)| {
        let holds = |region: &NewRegion<'_>| {
            *address >= region.address && address.saturating_add(*size) <= region.address.saturating_add(region.span)
        };
        *size > 0 && regions.iter().any(holds)
    };
    let mut inside: Vec<_> = words.iter().copied().filter(is_inside).collect();
    inside.sort_unstable();
    let mut kept: Vec<Kept> = Vec::new();
    for (address, size) in inside {
        let end = address.saturating_add(size);
        let is_apart = |last: &&mut Kept| address > last.address.saturating_add(last.size);
        match kept.last_mut().filter(|last| !is_apart(last)) {
            Some(last) => last.size = last.size.max(end - last.address),
            None => kept.push(Kept { address, size }),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use pyfreeze_format::{NumberPlace, PathText, ProcessPath, RegionKind, Snapshot, ToldNumber};

    use super::super::rules::Because;
    use super::super::{LeftOutModule, RegionReport};
    use super::{Checked, Recording, SnapshotLevel, SnapshotReport, write};

    fn recording() -> Recording {
        let memory: Vec<u8> = [1, 2, 3].iter().flat_map(|byte| [*byte; 4096]).chain([9; 8]).collect();
        let ranges = "objects 2000000000 1000\ndata 500000 2000\nprocessor 7f10 8\nkept 501040 10 process\nbound 2000000008 8 \n";
        Recording::new(ranges, memory).unwrap()
    }

    fn report() -> SnapshotReport {
        let because = Because::Did { what: "file".into(), detail: "/etc/x".into() };
        SnapshotReport {
            level: "app".into(),
            modules: vec!["app".into()],
            left_out: vec![LeftOutModule { name: "app.x".into(), because }],
            next_line: Some(4),
            is_trained: false,
            variables: vec!["APP_MODE".into()],
            regions: Vec::new(),
            reseeded_count: 1,
            path_text_count: 1,
            guards: Vec::new(),
            fallback: None,
            counted_count: 1,
        }
    }

    #[test]
    fn section_reads_as_recorded() {
        let checked = Checked {
            kept: vec![(0x50_0010, 8), (0x50_0008, 8), (0x40_0000, 8), (0x50_1000, 24), (0x50_0008, 8)],
            reseeded: vec![0x20_0000_0040, 0x20_0000_0040],
            path_texts: vec![PathText { address: 0x20_0000_0080, offset: 0, size: 8, path: ProcessPath::Home }],
            number_places: vec![NumberPlace { address: 0x50_0030, of: ToldNumber::OnlineProcessors }],
            blank: vec![(0x50_0020, 4)],
        };
        let section = write(recording(), &checked, SnapshotLevel::App, Vec::new(), &report()).unwrap();
        assert_eq!(section, write(recording(), &checked, SnapshotLevel::App, Vec::new(), &report()).unwrap());
        let snapshot = Snapshot::parse(&section).unwrap();
        let regions: Vec<_> = snapshot.regions().map(|region| (region.kind, region.address, region.span)).collect();
        assert_eq!(regions, [(RegionKind::Data, 0x50_0000, 0x2000), (RegionKind::Objects, 0x20_0000_0000, 0x1000)]);
        let first_byte = |offset: u64| section[usize::try_from(offset).unwrap()];
        let contents: Vec<_> = snapshot.pieces().map(|piece| first_byte(piece.offset)).collect();
        assert_eq!(contents, [2, 1]);
        let kept: Vec<_> = snapshot.kept().map(|kept| (kept.address, kept.size)).collect();
        assert_eq!(kept, [(0x50_0008, 16), (0x50_1000, 24), (0x50_1040, 16)]);
        let zeros = |index: usize| {
            let piece = snapshot.pieces().nth(index).unwrap();
            let start = usize::try_from(piece.offset).unwrap();
            let bytes = section[start..start + usize::try_from(piece.size).unwrap()].iter().enumerate();
            bytes.filter(|(_, byte)| **byte == 0).map(|(offset, _)| offset).collect::<Vec<_>>()
        };
        assert_eq!(
            zeros(0),
            [8..24, 0x20..0x24, 0x1000..0x1018, 0x1040..0x1050].into_iter().flatten().collect::<Vec<_>>()
        );
        assert_eq!(zeros(1), (8..16).collect::<Vec<_>>());
        assert_eq!(snapshot.reseeded().collect::<Vec<_>>(), [0x20_0000_0040]);
        assert_eq!(snapshot.path_texts().collect::<Vec<_>>(), checked.path_texts);
        assert_eq!(snapshot.number_places().collect::<Vec<_>>(), checked.number_places);
        let variables: Vec<_> = snapshot.variables().map(|variable| (variable.name, variable.value)).collect();
        assert_eq!(variables, [(c"APP_MODE", None)]);
        assert_eq!(snapshot.processor(), [9; 8]);

        let read = SnapshotReport::read(&section).unwrap();
        let region = |kind: &str, address, size| RegionReport { kind: kind.into(), address, span: size, stored: size };
        let regions = vec![region("the stub's data", 0x50_0000, 0x2000), region("objects", 0x20_0000_0000, 0x1000)];
        assert_eq!(read, SnapshotReport { regions, ..report() });
        assert_eq!(read.stored_size(), 0x3000);
    }

    #[test]
    fn generators_outside_the_memory_are_refused() {
        let checked = Checked { reseeded: vec![0x60_0000], ..Checked::default() };
        assert!(write(recording(), &checked, SnapshotLevel::App, Vec::new(), &report()).is_err());
    }
}
