//! Whatever happens to a payload's bytes, reading them gives an error or a value, never a panic.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod samples;

use pyfreeze_format::layout::{
    BLOB_SIZE, CHECKSUM_OFFSET, CHECKSUM_SIZE, ENTRY_SIZE, HEADER_SIZE, SECTION_SIZE, SLOT_SIZE, VERSION, head_checksum,
};
use pyfreeze_format::{EntryIndex, FormatError, Payload, SectionKind, SettingKey};

/// Uses everything that a payload offers, and gives a sum that depends on all of it.
fn read_all(bytes: &[u8]) -> Result<u64, FormatError> {
    let payload = Payload::parse(bytes)?;
    let mut sum = u64::from(payload.entry_count()) + u64::from(payload.blob_count());
    let settings = payload.settings();
    sum += settings.text(SettingKey::EntryPointPath).len() as u64;
    sum += settings.texts(SettingKey::SearchPath).map(|path| path.len() as u64).sum::<u64>();
    sum += u64::from(settings.number(SettingKey::Optimization));
    sum += payload.sections().map(|section| section.bytes.len() as u64).sum::<u64>();
    // A hostile count may be large; the records behind it end soon.
    for entry in payload.all_entries().take(100) {
        let Ok(entry) = entry else { continue };
        sum += payload.children(&entry).take(100).count() as u64;
        for blob in [payload.content(&entry), payload.code(&entry)].into_iter().flatten().flatten() {
            sum += blob.stored.iter().map(|byte| u64::from(*byte)).sum::<u64>() + u64::from(blob.size);
            sum += payload.blob_digest(blob.index).map_or(0, |digest| u64::from(digest[0]));
        }
        let mut depth = 0;
        if payload.path_components(&entry, |_| depth += 1).is_ok() {
            sum += depth;
        }
        sum += payload.child(entry.index, b"package", b"").map_or(0, |child| u64::from(child.index.0));
    }
    for path in [&b"lib/package/deeper/c.py"[..], b"lib/../void", b"", b"..", b"empty/below", b"none"] {
        sum += payload.walk(path).map_or(0, |entry| u64::from(entry.index.0) + 1);
    }
    sum += u64::from(payload.digest()[0]) + payload.digested_bytes().len() as u64;
    let _ = payload.blob(u32::MAX);
    let _ = payload.entry(EntryIndex(u32::MAX));
    Ok(sum)
}

fn number(bytes: &[u8], offset: usize, size: usize) -> u64 {
    bytes[offset..offset + size].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn set_number(bytes: &mut [u8], offset: usize, size: usize, number: u64) {
    bytes[offset..offset + size].copy_from_slice(&number.to_le_bytes()[..size]);
}

/// Makes the checksum right again, so that a mutation reaches the code behind that check.
fn refresh_checksum(bytes: &mut [u8]) {
    let head_size = usize::try_from(number(bytes, 24, 8)).unwrap_or(usize::MAX);
    if let Some(head) = bytes.get(..head_size).filter(|head| head.len() >= HEADER_SIZE) {
        let checksum = head_checksum(head);
        set_number(bytes, CHECKSUM_OFFSET, CHECKSUM_SIZE, checksum);
    }
}

/// Offset and size of every field of every fixed-size record in a payload.
fn fields(bytes: &[u8]) -> Vec<(usize, usize)> {
    let record = |start: usize, sizes: &[usize]| {
        let mut offset = start;
        let mut next = |size: &usize| {
            offset += size;
            (offset - size, *size)
        };
        sizes.iter().map(&mut next).collect::<Vec<_>>()
    };
    let mut fields = record(0, &[8, 4, 4, 8, 8, 4, 4, 4, 4, 8, 8]);
    let section_count = usize::try_from(number(bytes, 32, 4)).unwrap();
    for row in 0..section_count {
        let start = HEADER_SIZE + row * SECTION_SIZE;
        fields.extend(record(start, &[4, 4, 8, 8]));
        let kind = u32::try_from(number(bytes, start, 4)).unwrap();
        let offset = usize::try_from(number(bytes, start + 8, 8)).unwrap();
        let size = usize::try_from(number(bytes, start + 16, 8)).unwrap();
        let (record_size, sizes): (usize, &[usize]) = match SectionKind::from_number(kind) {
            Some(SectionKind::Slots) => (SLOT_SIZE, &[4]),
            Some(SectionKind::Entries) => (ENTRY_SIZE, &[4, 2, 1, 1, 4, 4, 4, 4]),
            Some(SectionKind::Blobs) => (BLOB_SIZE, &[8, 4, 4]),
            // The values' keys and sizes lie at odd places: as bytes.
            Some(SectionKind::Settings) => (1, &[1]),
            _ => continue,
        };
        fields.extend((0..size / record_size).flat_map(|index| record(offset + index * record_size, sizes)));
    }
    fields
}

#[test]
fn every_field_with_every_odd_value() {
    for sample in [samples::worked_example(), samples::everything()] {
        let intact = read_all(&sample).unwrap();
        let mut differing_count = 0;
        for (offset, size) in fields(&sample) {
            let old = number(&sample, offset, size);
            for new in [0, u64::MAX, old.wrapping_add(1), old.wrapping_sub(1), old ^ 0x8000_0000, old << 1] {
                let mut damaged = sample.clone();
                set_number(&mut damaged, offset, size, new);
                let is_changed = damaged != sample;
                if is_changed && offset < usize::try_from(number(&sample, 24, 8)).unwrap() {
                    assert!(read_all(&damaged).is_err(), "unnoticed: {new:#x} at {offset:#x}");
                }
                refresh_checksum(&mut damaged);
                differing_count += usize::from(read_all(&damaged) != Ok(intact));
            }
        }
        // Proof that the refreshed checksum lets mutations through to the code that they are for.
        assert!(differing_count > 100, "{differing_count}");
    }
}

#[test]
fn every_truncation_is_noticed() {
    let sample = samples::everything();
    for size in 0..sample.len() {
        assert!(read_all(&sample[..size]).is_err(), "unnoticed: {size} of {} bytes", sample.len());
        // As the kernel maps it: zeros up to the end of the page.
        let mut mapped = sample[..size].to_vec();
        mapped.resize(sample.len().next_multiple_of(4096), 0);
        let is_only_zeros = sample[size..].iter().all(|byte| *byte == 0);
        assert!(read_all(&mapped).is_err() || is_only_zeros, "unnoticed: {size} bytes, then zeros");
    }
}

#[test]
fn bytes_behind_the_payload_change_nothing() {
    let sample = samples::everything();
    let mut mapped = sample.clone();
    mapped.resize(sample.len().next_multiple_of(4096), 0xff);
    assert_eq!(read_all(&mapped), read_all(&sample));
}

#[test]
fn every_changed_byte_of_the_head_is_noticed() {
    let sample = samples::everything();
    let head_size = usize::try_from(number(&sample, 24, 8)).unwrap();
    for offset in 0..head_size {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = sample.clone();
            damaged[offset] ^= change;
            assert!(read_all(&damaged).is_err(), "unnoticed: byte {offset:#x} changed by {change:#x}");
        }
    }
}

#[test]
fn other_versions_and_required_unknown_sections_are_refused() {
    let mut newer = samples::worked_example();
    set_number(&mut newer, 8, 4, u64::from(VERSION) + 1);
    refresh_checksum(&mut newer);
    assert_eq!(read_all(&newer), Err(FormatError::Version { found: VERSION + 1 }));

    let mut unknown = samples::everything();
    // The last row is the manifest's, which nothing requires.
    let row = HEADER_SIZE + 7 * SECTION_SIZE;
    assert_eq!(number(&unknown, row, 4), u64::from(SectionKind::Manifest.number()));
    set_number(&mut unknown, row, 4, 99);
    refresh_checksum(&mut unknown);
    assert!(read_all(&unknown).is_ok());
    set_number(&mut unknown, row + 4, 4, 1);
    refresh_checksum(&mut unknown);
    assert_eq!(read_all(&unknown), Err(FormatError::Section { kind: 99 }));
}

/// A small fuzz run with a fixed seed: many random changes at once, the checksum made right again.
#[test]
fn random_changes_never_panic() {
    let sample = samples::everything();
    let head_size = usize::try_from(number(&sample, 24, 8)).unwrap();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    };
    let interesting: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
    let mut accepted_count = 0;
    for _ in 0..100_000 {
        let mut damaged = sample.clone();
        for _ in 0..=next(4) {
            // Behind the magic, version and header size, whose checks would end nearly every run.
            let offset = 16 + next(head_size - 16);
            damaged[offset] = if next(2) == 0 { interesting[next(interesting.len())] } else { next(256) as u8 };
        }
        refresh_checksum(&mut damaged);
        accepted_count += usize::from(read_all(&damaged).is_ok());
    }
    assert!(accepted_count > 1000, "only {accepted_count} mutations reached the code behind the checks");
}
