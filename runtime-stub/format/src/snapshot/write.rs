//! Writing a snapshot, and giving it to a payload.
//!
//! Comes in: memory as it was recorded; a finished payload. Goes out: the section's bytes; the payload with them, in
//! which nothing has moved: what the recorded process knew by its address is where it was.

use std::vec::Vec;

use super::{
    NO_TERMINAL, NO_TEXT, NO_VALUE, NumberPlace, PIECE_SIZE, PathStart, PathText, RegionKind, SNAPSHOT_CHECKSUM_OFFSET,
    SNAPSHOT_HEADER_SIZE, SNAPSHOT_NEXT_OFFSET, SNAPSHOT_VERSION, Snapshot, SnapshotLevel, SnapshotUse,
    snapshot_checksum,
};
use crate::layout::{
    CHECKSUM_OFFSET, HEADER_SIZE, MAX_SECTION_COUNT, PAYLOAD_SIZE_OFFSET, SECTION_SIZE, SectionRow, TRAILER_SIZE,
    head_checksum,
};
use crate::write::put_trailer;
use crate::{Cursor, FormatError, Kept, Nowhere, PAGE_SIZE, Payload, SectionKind, SettingKey};

/// As many pages of zeros in a row are left out: fewer cost less as bytes of the file than as one more piece to move.
const LEFT_OUT_PAGES: usize = 32;

// OK because PAGE_SIZE is 4096.
#[allow(clippy::cast_possible_truncation, reason = "4096 fits")]
const PAGE: usize = PAGE_SIZE as usize;

/// Recorded memory.
#[derive(Clone, Debug)]
pub struct NewRegion<'a> {
    /// What it is.
    pub kind: RegionKind,
    /// Its first byte in memory: a page's.
    pub address: u64,
    /// Bytes of it: whole pages.
    pub span: u64,
    /// What was in it, whole pages; zeros where that is less than the span.
    pub bytes: &'a [u8],
}

/// An environment variable that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewVariable {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value; `None` if it was not set.
    pub value: Option<Vec<u8>>,
}

/// A [`Guard`](super::Guard) to be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NewGuard {
    /// A path at which nothing was.
    Absent {
        /// From where it leads.
        start: PathStart,
        /// The path.
        path: Vec<u8>,
        /// What was missing.
        reason: Nowhere,
    },
    /// A standard stream that was no terminal.
    NoTerminal {
        /// Its descriptor.
        descriptor: u16,
    },
}

/// A snapshot to be written. Everything with an address ascends by it.
#[derive(Clone, Debug)]
pub struct NewSnapshot<'a> {
    /// How much had happened.
    pub level: SnapshotLevel,
    /// The memory.
    pub regions: Vec<NewRegion<'a>>,
    /// What keeps the new process's content.
    pub kept: Vec<Kept>,
    /// The addresses of random generators to be seeded, and of texts whose UUIDs are to be others.
    pub reseeded: Vec<u64>,
    /// Texts that get paths of the process.
    pub path_texts: Vec<PathText>,
    /// Where every start counts processors.
    pub number_places: Vec<NumberPlace>,
    /// The environment.
    pub variables: Vec<NewVariable>,
    /// What else is compared.
    pub guards: Vec<NewGuard>,
    /// Bits for what the processor must be able to do.
    pub processor: &'a [u8],
    /// A zstd frame with what the build has to say.
    pub report: &'a [u8],
}

impl NewSnapshot<'_> {
    /// The section's bytes.
    ///
    /// # Errors
    /// [`FormatError`] when they would not be read: something does not ascend, is not in whole pages or in no region.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let pieces: Vec<_> = self.regions.iter().flat_map(kept_pages).collect();
        let tables = self.tables(pieces.len())?;
        let piece_table_size = pieces.len().saturating_mul(PIECE_SIZE);
        let header_size = [SNAPSHOT_HEADER_SIZE, tables.before.len(), piece_table_size, tables.behind.len()]
            .into_iter()
            .fold(0_usize, usize::saturating_add)
            .next_multiple_of(PAGE);
        let mut content = Vec::new();
        let mut piece_table = Vec::with_capacity(piece_table_size);
        for (address, bytes) in &pieces {
            let offset = header_size.saturating_add(content.len()) as u64;
            for number in [*address, bytes.len() as u64, offset] {
                piece_table.extend(number.to_le_bytes());
            }
            content.extend_from_slice(bytes);
        }
        let mut parts = [0_u64; 4];
        let ranges = [self.processor, self.report];
        for (part, bytes) in parts.chunks_exact_mut(2).zip(ranges) {
            content.resize(content.len().next_multiple_of(16), 0);
            part.copy_from_slice(&[header_size.saturating_add(content.len()) as u64, bytes.len() as u64]);
            content.extend_from_slice(bytes);
        }
        let mut section = Vec::with_capacity(header_size.saturating_add(content.len()));
        section.extend(SNAPSHOT_VERSION.to_le_bytes());
        section.extend(number(header_size)?.to_le_bytes());
        section.extend(0_u64.to_le_bytes());
        section.extend((self.level as u32).to_le_bytes());
        section.extend(tables.counts.into_iter().flat_map(u32::to_le_bytes));
        // There is no next one.
        section.extend(parts.into_iter().chain([0]).flat_map(u64::to_le_bytes));
        section.extend(tables.before);
        section.extend(piece_table);
        section.extend(tables.behind);
        section.resize(header_size, 0);
        let checksum = snapshot_checksum(&section);
        overwrite(&mut section, SNAPSHOT_CHECKSUM_OFFSET, &checksum.to_le_bytes())?;
        section.extend(content);
        Snapshot::parse(&section).map(|_| ())?;
        Ok(section)
    }

    fn tables(&self, piece_count: usize) -> Result<Tables, FormatError> {
        let mut before = Vec::new();
        for region in &self.regions {
            before.extend([region.address, region.span].into_iter().flat_map(u64::to_le_bytes));
            before.extend([region.kind as u32, 0].into_iter().flat_map(u32::to_le_bytes));
        }
        let mut behind = Vec::new();
        behind.extend(self.kept.iter().flat_map(|kept| [kept.address, kept.size]).flat_map(u64::to_le_bytes));
        behind.extend(self.reseeded.iter().copied().flat_map(u64::to_le_bytes));
        for PathText { address, offset, size, path } in &self.path_texts {
            behind.extend(address.to_le_bytes());
            behind.extend(offset.to_le_bytes());
            behind.extend([*size, *path as u16].into_iter().flat_map(u16::to_le_bytes));
        }
        for NumberPlace { address, of } in &self.number_places {
            behind.extend(address.to_le_bytes());
            behind.extend([*of as u32, 0].into_iter().flat_map(u32::to_le_bytes));
        }
        let mut texts = Vec::new();
        for variable in &self.variables {
            let positions =
                [put_text(&mut texts, Some(&variable.name))?, put_text(&mut texts, variable.value.as_ref())?];
            behind.extend(positions.into_iter().flat_map(u32::to_le_bytes));
        }
        for guard in &self.guards {
            let (kind, number_of, position) = match guard {
                NewGuard::Absent { start, path, reason } => {
                    (*start as u16, reason.number(), put_text(&mut texts, Some(path))?)
                }
                NewGuard::NoTerminal { descriptor } => (NO_TERMINAL, *descriptor, NO_TEXT),
            };
            behind.extend([kind, number_of].into_iter().flat_map(u16::to_le_bytes));
            behind.extend(position.to_le_bytes());
        }
        let counts = [
            self.regions.len(),
            piece_count,
            self.kept.len(),
            self.reseeded.len(),
            self.path_texts.len(),
            self.number_places.len(),
            self.variables.len(),
            self.guards.len(),
            texts.len(),
        ];
        let mut numbers = [0; 9];
        for (number_of, count) in numbers.iter_mut().zip(counts) {
            *number_of = number(count)?;
        }
        behind.extend(texts);
        Ok(Tables { before, behind, counts: numbers })
    }
}

/// The tables before and behind that of the pieces, and the counts in the header.
struct Tables {
    before: Vec<u8>,
    behind: Vec<u8>,
    counts: [u32; 9],
}

/// What of a region has to be stored: runs of pages, and where they go. Long runs of zeros are between them.
fn kept_pages<'a>(region: &NewRegion<'a>) -> Vec<(u64, &'a [u8])> {
    let is_zero = |index: usize| page(region.bytes, index).iter().all(|byte| *byte == 0);
    let page_count = region.bytes.len().div_ceil(PAGE);
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut zeros = LEFT_OUT_PAGES;
    for index in 0..page_count {
        if is_zero(index) {
            zeros = zeros.saturating_add(1);
            continue;
        }
        match runs.last_mut() {
            Some((_, end)) if zeros < LEFT_OUT_PAGES => *end = index.saturating_add(1),
            _ => runs.push((index, index.saturating_add(1))),
        }
        zeros = 0;
    }
    let piece = |(start, end): (usize, usize)| {
        let (start, end) = (start.saturating_mul(PAGE), end.saturating_mul(PAGE).min(region.bytes.len()));
        (region.address.saturating_add(start as u64), region.bytes.get(start..end).unwrap_or(&[]))
    };
    runs.into_iter().map(piece).collect()
}

fn page(bytes: &[u8], index: usize) -> &[u8] {
    let start = index.saturating_mul(PAGE);
    bytes.get(start..start.saturating_add(PAGE).min(bytes.len())).unwrap_or(&[])
}

fn put_text(texts: &mut Vec<u8>, text: Option<&Vec<u8>>) -> Result<u32, FormatError> {
    let Some(text) = text else { return Ok(NO_VALUE) };
    if text.contains(&0) {
        return Err(FormatError::Snapshot);
    }
    let position = number(texts.len())?;
    texts.extend(text);
    texts.push(0);
    Ok(position)
}

fn number(count: usize) -> Result<u32, FormatError> {
    u32::try_from(count).map_err(|_| FormatError::Snapshot)
}

/// A snapshot section with another behind it, for starts that the first does not fit.
///
/// # Errors
/// [`FormatError`] when one of them would not be read.
pub fn with_next(first: &[u8], next: &[u8]) -> Result<Vec<u8>, FormatError> {
    Snapshot::parse(next)?;
    let header_size = Cursor::new(first.get(4..).unwrap_or(&[])).u32()? as usize;
    let mut section = first.to_vec();
    section.resize(section.len().next_multiple_of(PAGE), 0);
    let offset = section.len() as u64;
    overwrite(&mut section, SNAPSHOT_NEXT_OFFSET, &offset.to_le_bytes())?;
    let checksum = snapshot_checksum(section.get(..header_size).ok_or(FormatError::Truncated)?);
    overwrite(&mut section, SNAPSHOT_CHECKSUM_OFFSET, &checksum.to_le_bytes())?;
    section.extend(next);
    Snapshot::parse(&section).map(|_| ())?;
    Ok(section)
}

/// A payload as it is with this use of a snapshot and this snapshot section, which is empty but for
/// [`SnapshotUse::Restore`]. Of the payload's other bytes only the header, the setting's value, the section's row and the
/// trailer differ.
///
/// # Errors
/// [`FormatError`] when the bytes are no payload, or one of a writer that leaves no room for a snapshot.
pub fn with_snapshot(payload: &[u8], usage: SnapshotUse, section: &[u8]) -> Result<Vec<u8>, FormatError> {
    let parsed = Payload::parse(payload)?;
    let place = Place::find(&parsed)?;
    let mut bytes = parsed.bytes().get(..place.content_end).ok_or(FormatError::Truncated)?.to_vec();
    if !section.is_empty() {
        bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
    }
    let kind = SectionKind::Snapshot.number();
    let row = SectionRow { kind, flags: 0, offset: bytes.len() as u64, size: section.len() as u64 };
    bytes.extend_from_slice(section);
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let payload_size = bytes.len().saturating_add(TRAILER_SIZE) as u64;
    overwrite(&mut bytes, PAYLOAD_SIZE_OFFSET, &payload_size.to_le_bytes())?;
    overwrite(&mut bytes, place.row, &row.encode())?;
    overwrite(&mut bytes, place.setting, &(usage as u32).to_le_bytes())?;
    let checksum = head_checksum(bytes.get(..place.head_size).ok_or(FormatError::Truncated)?);
    overwrite(&mut bytes, CHECKSUM_OFFSET, &checksum.to_le_bytes())?;
    put_trailer(&mut bytes);
    Payload::parse(&bytes).map(|_| ())?;
    Ok(bytes)
}

/// Where in a payload the things are that change with a snapshot.
struct Place {
    head_size: usize,
    row: usize,
    setting: usize,
    /// Where all other sections end, rounded up as a writer does.
    content_end: usize,
}

impl Place {
    fn find(payload: &Payload<'_>) -> Result<Self, FormatError> {
        let no_place = FormatError::Section { kind: SectionKind::Snapshot.number() };
        let header = crate::layout::Header::decode(&mut Cursor::new(payload.bytes()))?;
        // OK because `Payload::parse` has checked them against the payload's size.
        let size = |number: u64| usize::try_from(number).map_err(|_| FormatError::Truncated);
        let last = header.section_count.min(MAX_SECTION_COUNT).checked_sub(1).ok_or(no_place)?;
        let row_start = |index: u32| (index as usize).saturating_mul(SECTION_SIZE).saturating_add(HEADER_SIZE);
        let row =
            |index: u32| SectionRow::decode(&mut Cursor::new(payload.bytes().get(row_start(index)..).unwrap_or(&[])));
        if row(last)?.kind != SectionKind::Snapshot.number() {
            return Err(no_place);
        }
        let mut content_end = size(header.head_size)?;
        let mut settings_start = None;
        for index in 0..last {
            let row = row(index)?;
            content_end = content_end.max(size(row.offset.saturating_add(row.size))?);
            if row.kind == SectionKind::Settings.number() {
                settings_start = Some(size(row.offset)?);
            }
        }
        let setting = payload.settings().value_offset(SettingKey::Snapshot);
        let setting = settings_start.zip(setting).map(|(start, offset)| start.saturating_add(offset));
        Ok(Self {
            head_size: size(header.head_size)?,
            row: row_start(last),
            setting: setting.ok_or(FormatError::Setting { key: SettingKey::Snapshot as u32 })?,
            content_end: content_end.next_multiple_of(16),
        })
    }
}

fn overwrite(bytes: &mut [u8], start: usize, content: &[u8]) -> Result<(), FormatError> {
    let place = bytes.get_mut(start..start.saturating_add(content.len())).ok_or(FormatError::Truncated)?;
    place.copy_from_slice(content);
    Ok(())
}
