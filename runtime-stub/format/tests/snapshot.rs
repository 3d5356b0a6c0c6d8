//! A snapshot reads as it was written, damage is noticed, and a payload keeps its bytes when it gets one.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod samples;

use pyfreeze_format::layout::{
    CHECKSUM_OFFSET, CHECKSUM_SIZE, HEADER_SIZE, PAYLOAD_SIZE_OFFSET, SECTION_SIZE, TRAILER_SIZE,
};
use pyfreeze_format::snapshot::{
    NewGuard, NewRegion, NewSnapshot, NewVariable, SNAPSHOT_CHECKSUM_OFFSET, SNAPSHOT_HEADER_SIZE,
    SNAPSHOT_NEXT_OFFSET, snapshot_checksum, with_next,
};
use pyfreeze_format::{
    FormatError, Guard, Kept, Nowhere, NumberPlace, PathStart, PathText, Payload, ProcessPath, RegionKind, SectionKind,
    Snapshot, SnapshotLevel, SnapshotUse, ToldNumber, snapshot_section, with_snapshot,
};

const PAGE: usize = 4096;
const DATA: u64 = 0x50_0000;
const OBJECTS: u64 = 0x20_0000_0000;

/// Pages each filled with one of these bytes.
fn pages(fill: &[u8]) -> Vec<u8> {
    fill.iter().flat_map(|byte| [*byte; PAGE]).collect()
}

const PATH_TEXT: PathText = PathText { address: OBJECTS + 128, offset: 3, size: 20, path: ProcessPath::Executable };

const PROCESSOR_COUNTS: [NumberPlace; 2] = [
    NumberPlace { address: DATA + 256, of: ToldNumber::GrantedProcessors },
    NumberPlace { address: DATA + 260, of: ToldNumber::OnlineProcessors },
];

fn variable(name: &str, value: Option<&str>) -> NewVariable {
    NewVariable { name: name.into(), value: value.map(Into::into) }
}

fn absent(start: PathStart, path: &str, reason: Nowhere) -> NewGuard {
    NewGuard::Absent { start, path: path.into(), reason }
}

fn guards() -> Vec<NewGuard> {
    vec![
        absent(PathStart::Root, "/etc/app.conf", Nowhere::Missing),
        absent(PathStart::Home, "/.config/app", Nowhere::BelowFile),
        absent(PathStart::WorkingFolder, "app.conf", Nowhere::Missing),
        NewGuard::NoTerminal { descriptor: 2 },
    ]
}

/// A bit of everything: short and long runs of zeros, a region that is longer than what was in it, an empty one.
fn sample() -> Vec<u8> {
    let data = pages(&[1, 0, 2]);
    let objects = pages(&[&[3, 4], [0; 32].as_slice(), &[5], &[0; 31], &[6], &[0; 40]].concat());
    let snapshot = NewSnapshot {
        level: SnapshotLevel::App,
        regions: vec![
            NewRegion { kind: RegionKind::Data, address: DATA, span: 3 * 4096, bytes: &data },
            NewRegion { kind: RegionKind::Objects, address: OBJECTS, span: 1 << 20, bytes: &objects },
            NewRegion { kind: RegionKind::Raw, address: OBJECTS + (1 << 20), span: 4096, bytes: &[] },
        ],
        kept: vec![Kept { address: DATA + 8, size: 8 }, Kept { address: DATA + 4096, size: 32 }],
        reseeded: vec![OBJECTS + 64],
        path_texts: vec![PATH_TEXT],
        number_places: PROCESSOR_COUNTS.to_vec(),
        variables: vec![variable("APP_MODE", Some("fast")), variable("APP_ROOT", None), variable("EMPTY", Some(""))],
        guards: guards(),
        processor: b"thread",
        report: b"report",
    };
    snapshot.encode().unwrap()
}

/// Everything that a snapshot offers, as text.
fn read_all(bytes: &[u8]) -> Result<String, FormatError> {
    let snapshot = Snapshot::parse(bytes)?;
    let pieces: Vec<_> = snapshot
        .pieces()
        .map(|piece| {
            let content = &bytes[piece.offset as usize..][..piece.size as usize];
            (piece.address, piece.size, content.iter().map(|byte| u64::from(*byte)).sum::<u64>())
        })
        .collect();
    Ok(format!(
        "{:?} {:?} {pieces:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        snapshot.level(),
        snapshot.regions().collect::<Vec<_>>(),
        snapshot.kept().collect::<Vec<_>>(),
        snapshot.reseeded().collect::<Vec<_>>(),
        snapshot.path_texts().collect::<Vec<_>>(),
        snapshot.number_places().collect::<Vec<_>>(),
        snapshot.variables().collect::<Vec<_>>(),
        snapshot.guards().collect::<Vec<_>>(),
        snapshot.processor(),
        snapshot.report(),
        snapshot.next().map(<[u8]>::len),
    ))
}

fn refresh_checksum(section: &mut [u8]) {
    let size = u32::from_le_bytes(section[4..8].try_into().unwrap()) as usize;
    if let Some(header) = section.get(..size).filter(|header| header.len() > 16) {
        let checksum = snapshot_checksum(header).to_le_bytes();
        section[SNAPSHOT_CHECKSUM_OFFSET..][..8].copy_from_slice(&checksum);
    }
}

#[test]
fn snapshot_reads_as_written() {
    let bytes = sample();
    let snapshot = Snapshot::parse(&bytes).unwrap();
    assert_eq!(snapshot.level(), SnapshotLevel::App);
    let regions: Vec<_> = snapshot.regions().map(|region| (region.kind, region.address, region.span)).collect();
    let expected = [
        (RegionKind::Data, DATA, 3 * 4096),
        (RegionKind::Objects, OBJECTS, 1 << 20),
        (RegionKind::Raw, OBJECTS + (1 << 20), 4096),
    ];
    assert_eq!(regions, expected);
    let kept: Vec<_> = snapshot.kept().map(|kept| (kept.address, kept.size)).collect();
    assert_eq!(kept, [(DATA + 8, 8), (DATA + 4096, 32)]);
    assert_eq!(snapshot.reseeded().collect::<Vec<_>>(), [OBJECTS + 64]);
    assert_eq!(snapshot.path_texts().collect::<Vec<_>>(), [PATH_TEXT]);
    assert_eq!(snapshot.number_places().collect::<Vec<_>>(), PROCESSOR_COUNTS);
    let variables: Vec<_> = snapshot.variables().map(|variable| (variable.name, variable.value)).collect();
    assert_eq!(variables, [(c"APP_MODE", Some(c"fast")), (c"APP_ROOT", None), (c"EMPTY", Some(c""))]);
    let expected = [
        Guard::Absent { start: PathStart::Root, path: c"/etc/app.conf", reason: Nowhere::Missing },
        Guard::Absent { start: PathStart::Home, path: c"/.config/app", reason: Nowhere::BelowFile },
        Guard::Absent { start: PathStart::WorkingFolder, path: c"app.conf", reason: Nowhere::Missing },
        Guard::NoTerminal { descriptor: 2 },
    ];
    assert_eq!(snapshot.guards().collect::<Vec<_>>(), expected);
    assert_eq!(snapshot.next(), None);
    assert_eq!(snapshot.processor(), b"thread");
    assert_eq!(snapshot.report(), b"report");
}

/// Few pages of zeros stay among their neighbours, thirty-two split a region, those at an end are left out.
#[test]
fn long_runs_of_zeros_are_left_out() {
    let bytes = sample();
    let snapshot = Snapshot::parse(&bytes).unwrap();
    let page = |count: u64| OBJECTS + count * 4096;
    let pieces: Vec<_> = snapshot.pieces().map(|piece| (piece.address, piece.size / 4096)).collect();
    assert_eq!(pieces, [(DATA, 3), (page(0), 2), (page(34), 33)]);
    for piece in snapshot.pieces() {
        assert!(piece.offset.is_multiple_of(4096));
        assert_ne!(bytes[piece.offset as usize], 0, "{piece:?} begins with a page of zeros");
    }
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let bytes = pages(&[1]);
    let region = |address| NewRegion { kind: RegionKind::Raw, address, span: 4096, bytes: &bytes };
    let snapshot = |regions| NewSnapshot {
        level: SnapshotLevel::Runtime,
        regions,
        kept: Vec::new(),
        reseeded: Vec::new(),
        path_texts: Vec::new(),
        number_places: Vec::new(),
        variables: Vec::new(),
        guards: Vec::new(),
        processor: &[],
        report: &[],
    };
    assert!(snapshot(vec![region(DATA), region(OBJECTS)]).encode().is_ok());
    assert_eq!(snapshot(vec![region(OBJECTS), region(DATA)]).encode(), Err(FormatError::Snapshot));
    assert_eq!(snapshot(vec![region(DATA), region(DATA)]).encode(), Err(FormatError::Snapshot));
    assert_eq!(snapshot(vec![region(DATA + 8)]).encode(), Err(FormatError::Snapshot));
    let kept = vec![Kept { address: DATA + 4092, size: 8 }];
    assert_eq!(NewSnapshot { kept, ..snapshot(vec![region(DATA)]) }.encode(), Err(FormatError::Snapshot));
    let reseeded = vec![OBJECTS];
    assert_eq!(NewSnapshot { reseeded, ..snapshot(vec![region(DATA)]) }.encode(), Err(FormatError::Snapshot));
    let path_texts = vec![PathText { address: DATA + 4000, offset: 90, size: 7, path: ProcessPath::Home }];
    assert_eq!(NewSnapshot { path_texts, ..snapshot(vec![region(DATA)]) }.encode(), Err(FormatError::Snapshot));
    let number_places = vec![NumberPlace { address: DATA + 4093, of: ToldNumber::AllowedProcessors }];
    assert_eq!(NewSnapshot { number_places, ..snapshot(vec![region(DATA)]) }.encode(), Err(FormatError::Snapshot));
    let variables = vec![variable("A\0B", None)];
    assert_eq!(NewSnapshot { variables, ..snapshot(vec![region(DATA)]) }.encode(), Err(FormatError::Snapshot));
    for guard in [
        absent(PathStart::Root, "etc", Nowhere::Missing),
        absent(PathStart::Root, "", Nowhere::Missing),
        absent(PathStart::Home, ".config", Nowhere::Missing),
        absent(PathStart::WorkingFolder, "/etc", Nowhere::Missing),
        absent(PathStart::WorkingFolder, "", Nowhere::Missing),
        NewGuard::NoTerminal { descriptor: 3 },
    ] {
        let guards = vec![guard];
        assert_eq!(NewSnapshot { guards, ..snapshot(vec![region(DATA)]) }.encode(), Err(FormatError::Snapshot));
    }
}

/// The first is read without the second, which reads as if it stood alone; what leads nowhere is refused.
#[test]
fn another_snapshot_may_follow() {
    let second = sample();
    let both = with_next(&sample(), &second).unwrap();
    let snapshot = Snapshot::parse(&both).unwrap();
    assert_eq!(snapshot.next(), Some(second.as_slice()));
    assert_eq!(snapshot.bytes().len(), second.len().next_multiple_of(PAGE));
    assert_eq!(snapshot.report(), b"report");
    let without = |bytes: &[u8]| read_all(bytes).unwrap().rsplit_once(' ').unwrap().0.to_owned();
    assert_eq!(without(&both), without(&second));

    let end = both.len() as u64;
    let offset = snapshot.bytes().len() as u64;
    for odd in [1, 4095, offset + 1, offset + 4096 * 1000, end, u64::MAX, u64::MAX - 4095, 2048] {
        let mut odd_bytes = both.clone();
        odd_bytes[SNAPSHOT_NEXT_OFFSET..SNAPSHOT_HEADER_SIZE].copy_from_slice(&odd.to_le_bytes());
        refresh_checksum(&mut odd_bytes);
        assert!(Snapshot::parse(&odd_bytes).is_err(), "{odd:#x}");
    }
    assert!(with_next(&second, &second[..PAGE]).is_err());
    assert!(with_next(&[], &second).is_err());
    // Damage to the second is none of the first's business.
    let mut damaged = both.clone();
    damaged[usize::try_from(offset).unwrap() + 20] ^= 1;
    let snapshot = Snapshot::parse(&damaged).unwrap();
    assert!(Snapshot::parse(snapshot.next().unwrap()).is_err());
}

#[test]
fn every_changed_byte_of_the_header_is_noticed() {
    let bytes = sample();
    for offset in 0..PAGE {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[offset] ^= change;
            assert!(read_all(&damaged).is_err(), "unnoticed: byte {offset:#x} changed by {change:#x}");
        }
    }
}

#[test]
fn every_truncation_of_header_and_pages_is_noticed() {
    let bytes = sample();
    for size in (0..200).chain((1..bytes.len()).step_by(997)).chain([bytes.len() - 1]) {
        assert!(read_all(&bytes[..size]).is_err(), "unnoticed: {size} of {} bytes", bytes.len());
    }
}

/// With the checksum made right again, whatever the header says is a value or an error, and never a range outside.
#[test]
fn impossible_values_never_panic() {
    let bytes = sample();
    let intact = read_all(&bytes).unwrap();
    let mut differing_count = 0;
    for offset in (4..480).step_by(4) {
        let old = u32::from_le_bytes(bytes[offset..][..4].try_into().unwrap());
        for new in [0, 1, u32::MAX, old.wrapping_add(1), old.wrapping_sub(1), old ^ 0x8000_0000, old << 1, old ^ 0x1000]
        {
            let mut damaged = bytes.clone();
            damaged[offset..][..4].copy_from_slice(&new.to_le_bytes());
            refresh_checksum(&mut damaged);
            differing_count += usize::from(read_all(&damaged).as_ref() != Ok(&intact));
        }
    }
    assert!(differing_count > 100, "{differing_count}");
}

#[test]
fn payload_keeps_its_bytes() {
    let section = sample();
    for plain in [samples::worked_example(), samples::everything()] {
        assert_eq!(Payload::parse(&plain).unwrap().settings().snapshot_use(), Ok(SnapshotUse::None));
        assert_eq!(snapshot_section(&plain), None);

        let recording = with_snapshot(&plain, SnapshotUse::Recording, &[]).unwrap();
        assert_eq!(recording.len(), plain.len());
        assert_eq!(Payload::parse(&recording).unwrap().settings().snapshot_use(), Ok(SnapshotUse::Recording));
        assert_eq!(snapshot_section(&recording), None);

        let finished = with_snapshot(&recording, SnapshotUse::Restore, &section).unwrap();
        let payload = Payload::parse(&finished).unwrap();
        assert_eq!(payload.settings().snapshot_use(), Ok(SnapshotUse::Restore));
        assert_eq!(payload.section(SectionKind::Snapshot), Some(section.as_slice()));
        assert_eq!(payload.digest(), *blake3::hash(payload.digested_bytes()).as_bytes());
        assert_eq!(snapshot_section(&finished), Some(section.as_slice()));
        assert!((finished.len() - TRAILER_SIZE - section.len().next_multiple_of(16)).is_multiple_of(PAGE));
        assert_same_before(&plain, &finished);

        assert_eq!(with_snapshot(&plain, SnapshotUse::Restore, &section).unwrap(), finished);
        assert_eq!(with_snapshot(&finished, SnapshotUse::None, &[]).unwrap(), plain);
        assert_eq!(with_snapshot(&finished, SnapshotUse::Restore, &section).unwrap(), finished);
    }
}

/// Only what FORMAT.md names differs before the section.
fn assert_same_before(plain: &[u8], finished: &[u8]) {
    let section_count = u32::from_le_bytes(plain[32..36].try_into().unwrap()) as usize;
    let row = HEADER_SIZE + (section_count - 1) * SECTION_SIZE;
    let settings_row = HEADER_SIZE;
    let offset = u64::from_le_bytes(plain[settings_row + 8..][..8].try_into().unwrap()) as usize;
    let size = u64::from_le_bytes(plain[settings_row + 16..][..8].try_into().unwrap()) as usize;
    let differing = [
        PAYLOAD_SIZE_OFFSET..PAYLOAD_SIZE_OFFSET + 8,
        CHECKSUM_OFFSET..CHECKSUM_OFFSET + CHECKSUM_SIZE,
        row..row + SECTION_SIZE,
        // The writer puts this setting last.
        offset + size - 4..offset + size,
    ];
    for index in 0..plain.len() - TRAILER_SIZE {
        let may_differ = differing.iter().any(|range| range.contains(&index));
        assert!(may_differ || plain[index] == finished[index], "byte {index:#x} differs");
    }
}

#[test]
fn odd_payloads_have_no_snapshot() {
    let finished = with_snapshot(&samples::everything(), SnapshotUse::Restore, &sample()).unwrap();
    let section_count = u32::from_le_bytes(finished[32..36].try_into().unwrap()) as usize;
    let row = HEADER_SIZE + (section_count - 1) * SECTION_SIZE;
    for (offset, value) in
        [(0, 0_u8), (8, 2), (32, 0), (33, 255), (row, 19), (row + 8, 1), (row + 15, 255), (row + 20, 9)]
    {
        let mut odd = finished.clone();
        odd[offset] = value;
        assert_eq!(snapshot_section(&odd), None, "{offset:#x}");
    }
    for size in [0, 8, HEADER_SIZE, row, row + SECTION_SIZE, finished.len() / 2] {
        assert_eq!(snapshot_section(&finished[..size]), None, "{size}");
    }
}

#[test]
fn documented_sizes_are_the_layout_s() {
    use pyfreeze_format::snapshot;
    let format = include_str!("../FORMAT.md");
    let table = |name: &str| format.lines().find(|line| line.starts_with(&format!("| {name} | address")));
    for (name, size) in [
        ("regions", snapshot::REGION_SIZE),
        ("pieces", snapshot::PIECE_SIZE),
        ("kept", snapshot::KEPT_SIZE),
        ("reseeded", snapshot::RESEEDED_SIZE),
        ("path texts", snapshot::PATH_TEXT_SIZE),
    ] {
        assert!(table(name).unwrap().ends_with(&format!("| {size} |")), "{name}");
    }
    let guards = format.lines().find(|line| line.starts_with("| guards |"));
    assert!(guards.unwrap().ends_with(&format!("| {} |", snapshot::GUARD_SIZE)));
    assert!(format.contains(&format!("| {} | 8 | offset in the section of the next snapshot", SNAPSHOT_NEXT_OFFSET)));
    assert!(format.contains(&format!("| {} | | the tables |", snapshot::SNAPSHOT_HEADER_SIZE)));
}
