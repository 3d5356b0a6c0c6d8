//! Reading a payload in place.
//!
//! Comes in: the payload's bytes. Goes out: its tree, looked up in O(1) for a name in a directory, and its
//! blobs. A `Payload` exists only after the header, the head's checksum and all section ranges were checked;
//! single records are still checked when they are used, because a checksum is no proof against intent.

use crate::layout::{
    BLOB_SIZE, BlobRecord, DIGEST_SIZE, END_MAGIC, ENTRY_EXECUTABLE, ENTRY_LIBRARY, ENTRY_SIZE, EntryRecord,
    HEADER_SIZE, Header, MAX_DEPTH, MAX_ENTRY_COUNT, MAX_SECTION_COUNT, NO_BLOB, SECTION_REQUIRED, SECTION_SIZE,
    SLOT_SIZE, SectionRow, TRAILER_SIZE, head_checksum, name_hash,
};
use crate::{Cursor, EntryIndex, EntryKind, FormatError, Libraries, SectionKind, Settings};

/// A libraries section without any.
static NO_LIBRARIES: [u8; 8] = [0; 8];

/// A payload whose header, checksum and section ranges have been checked.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    bytes: &'a [u8],
    header: Header,
    settings: Settings<'a>,
    slots: &'a [u8],
    entries: &'a [u8],
    blobs: &'a [u8],
    names: &'a [u8],
}

/// One section of a payload, whether or not this version knows its kind.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The number of the kind: see [`SectionKind::from_number`].
    pub kind: u32,
    /// The section's bytes.
    pub bytes: &'a [u8],
}

/// A file or a directory of the payload.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Where it stands in the entry table.
    pub index: EntryIndex,
    /// The directory that holds it; the root is its own parent.
    pub parent: EntryIndex,
    /// Its name in that directory; empty for the root.
    pub name: &'a [u8],
    /// File or directory.
    pub kind: EntryKind,
    /// True for a file that was executable in the project.
    pub is_executable: bool,
    /// True for a shared library, which [`Payload::libraries`] describes.
    pub is_library: bool,
    first: u32,
    second: u32,
}

impl Entry<'_> {
    /// True for a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }

    /// True for a file that the program can open: a module whose source was left out has code only.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.kind == EntryKind::File && self.first != NO_BLOB
    }

    /// True for a module: a file with code bytes.
    #[must_use]
    pub fn has_code(&self) -> bool {
        self.kind == EntryKind::File && self.second != NO_BLOB
    }
}

/// Why a path leads to no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nowhere {
    /// A component is missing, or the path leaves the root.
    Missing,
    /// A component that is not the last one is a file.
    BelowFile,
}

/// Bytes of the payload, perhaps compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob<'a> {
    /// The blob's position in the blob table.
    pub index: u32,
    /// The bytes as stored.
    pub stored: &'a [u8],
    /// Bytes once decoded.
    pub size: u32,
}

impl Blob<'_> {
    /// True when `stored` is a zstd frame; false when it is the data itself, usable in place.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.stored.len() != self.size as usize
    }
}

impl<'a> Payload<'a> {
    /// Checks a payload and borrows its parts. `bytes` may be longer than the payload (a mapped segment is
    /// rounded up to whole pages).
    ///
    /// # Errors
    /// [`FormatError`] naming what is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let header = Header::decode(&mut Cursor::new(bytes))?;
        let bytes = slice(bytes, 0, header.payload_size).ok_or(FormatError::Truncated)?;
        if !bytes.ends_with(&END_MAGIC) || bytes.len() < HEADER_SIZE.saturating_add(TRAILER_SIZE) {
            return Err(FormatError::Truncated);
        }
        let head = slice(bytes, 0, header.head_size).ok_or(FormatError::Header)?;
        if head_checksum(head) != header.head_checksum {
            return Err(FormatError::Checksum);
        }
        let sections = SectionTable::parse(bytes, &header)?;
        let payload = Self {
            bytes,
            header,
            settings: Settings::parse(sections.required(SectionKind::Settings)?)?,
            slots: sections.records(SectionKind::Slots, header.slot_count, SLOT_SIZE)?,
            entries: sections.records(SectionKind::Entries, header.entry_count, ENTRY_SIZE)?,
            blobs: sections.records(SectionKind::Blobs, header.blob_count, BLOB_SIZE)?,
            names: sections.required(SectionKind::Names)?,
        };
        payload.check_counts()?;
        Ok(payload)
    }

    fn check_counts(&self) -> Result<(), FormatError> {
        let Header { slot_count, entry_count, .. } = self.header;
        let has_good_counts =
            slot_count.is_power_of_two() && slot_count > entry_count && (1..=MAX_ENTRY_COUNT).contains(&entry_count);
        let root = self.entry(EntryIndex::ROOT)?;
        if has_good_counts && root.is_directory() { Ok(()) } else { Err(FormatError::Header) }
    }

    /// The same payload with another snapshot: what has moved is where it ends. `bytes` are those of the payload with
    /// this one, and only their header is looked at.
    #[must_use]
    pub fn with_snapshot_of(&self, bytes: &'a [u8]) -> Option<Self> {
        let header = Header::decode(&mut Cursor::new(bytes)).ok()?;
        let bytes = slice(bytes, 0, header.payload_size)?;
        Some(Self { bytes, header, ..*self })
    }

    /// Bytes of the payload, trailer included.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The start settings.
    #[must_use]
    pub fn settings(&self) -> Settings<'a> {
        self.settings
    }

    /// Number of entries: their indices are below it.
    #[must_use]
    pub fn entry_count(&self) -> u32 {
        self.header.entry_count
    }

    /// Number of blobs.
    #[must_use]
    pub fn blob_count(&self) -> u32 {
        self.header.blob_count
    }

    /// All sections in the table's order.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        // OK because `parse` has checked the table: an error here would only end the walk early.
        SectionTable::parse(self.bytes, &self.header).into_iter().flat_map(|table| table.iter())
    }

    /// The bytes of a section, if it is there.
    #[must_use]
    pub fn section(&self, kind: SectionKind) -> Option<&'a [u8]> {
        self.sections().find(|section| section.kind == kind.number()).map(|section| section.bytes)
    }

    /// The payload's BLAKE3 digest as written in the trailer: over all bytes before the trailer.
    #[must_use]
    pub fn digest(&self) -> [u8; DIGEST_SIZE] {
        self.trailer().first_chunk().copied().unwrap_or([0; DIGEST_SIZE])
    }

    /// The digest of the whole file as written in the trailer: over what stands in the file before the payload, the
    /// payload's digest, and what stands behind the payload.
    #[must_use]
    pub fn file_digest(&self) -> [u8; DIGEST_SIZE] {
        let rest = self.trailer().get(DIGEST_SIZE..).unwrap_or(&[]);
        rest.first_chunk().copied().unwrap_or([0; DIGEST_SIZE])
    }

    fn trailer(&self) -> &'a [u8] {
        self.bytes.len().checked_sub(TRAILER_SIZE).and_then(|start| self.bytes.get(start..)).unwrap_or(&[])
    }

    /// The bytes that [`Self::digest`] covers.
    #[must_use]
    pub fn digested_bytes(&self) -> &'a [u8] {
        self.bytes.len().checked_sub(TRAILER_SIZE).and_then(|end| self.bytes.get(..end)).unwrap_or(&[])
    }

    /// The digest of a blob's stored bytes.
    #[must_use]
    pub fn blob_digest(&self, index: u32) -> Option<[u8; DIGEST_SIZE]> {
        record(self.section(SectionKind::Digests)?, index, DIGEST_SIZE)?.try_into().ok()
    }

    /// The entry at an index.
    ///
    /// # Errors
    /// [`FormatError::Entry`] when the index or the record is bad.
    pub fn entry(&self, index: EntryIndex) -> Result<Entry<'a>, FormatError> {
        self.decode_entry(index).ok_or(FormatError::Entry { index: index.0 })
    }

    fn decode_entry(&self, index: EntryIndex) -> Option<Entry<'a>> {
        let bytes = record(self.entries, index.0, ENTRY_SIZE)?;
        let found = EntryRecord::decode(&mut Cursor::new(bytes)).ok()?;
        let name_end = found.name_offset.checked_add(u32::from(found.name_size))?;
        let name = self.names.get(found.name_offset as usize..name_end as usize)?;
        // Children follow their directory (breadth-first order), so walks up and down both end.
        let is_root = index == EntryIndex::ROOT;
        if (found.parent >= index.0) != is_root {
            return None;
        }
        let kind = match found.kind {
            0 => EntryKind::File,
            1 if found.second == 0 || found.first > index.0 => EntryKind::Directory,
            _ => return None,
        };
        Some(Entry {
            index,
            parent: EntryIndex(if is_root { 0 } else { found.parent }),
            name,
            kind,
            is_executable: found.flags & ENTRY_EXECUTABLE != 0,
            is_library: found.flags & ENTRY_LIBRARY != 0,
            first: found.first,
            second: found.second,
        })
    }

    /// The entry called `name` + `suffix` in a directory: one probe of the hash table, no joined string.
    #[must_use]
    pub fn child(&self, directory: EntryIndex, name: &[u8], suffix: &[u8]) -> Option<Entry<'a>> {
        let mask = self.header.slot_count.wrapping_sub(1);
        let mut slot = name_hash(directory, name, suffix) & mask;
        for _ in 0..self.header.slot_count {
            let bytes = record(self.slots, slot, SLOT_SIZE)?;
            // A slot holds the entry's index plus one; 0 is empty.
            let index = u32::from_le_bytes(bytes.try_into().ok()?).checked_sub(1)?;
            let entry = self.decode_entry(EntryIndex(index))?;
            let is_same_name = entry.name.strip_prefix(name).is_some_and(|rest| rest == suffix);
            if entry.parent == directory && is_same_name && index != 0 {
                return Some(entry);
            }
            slot = slot.wrapping_add(1) & mask;
        }
        None
    }

    /// The entry at a `/`-separated path below the root. Empty and `.` components are skipped, `..` goes up;
    /// above the root, and below a file, there is nothing.
    #[must_use]
    pub fn walk(&self, path: &[u8]) -> Option<Entry<'a>> {
        self.locate(path).ok()
    }

    /// As [`Self::walk`], and says what is wrong with a path that leads nowhere.
    ///
    /// # Errors
    /// [`Nowhere`].
    pub fn locate(&self, path: &[u8]) -> Result<Entry<'a>, Nowhere> {
        let mut entry = self.decode_entry(EntryIndex::ROOT).ok_or(Nowhere::Missing)?;
        for component in path.split(|byte| *byte == b'/') {
            if !entry.is_directory() && !component.is_empty() {
                return Err(Nowhere::BelowFile);
            }
            let next = match component {
                b"" | b"." => Some(entry),
                b".." if entry.index == EntryIndex::ROOT => None,
                b".." => self.decode_entry(entry.parent),
                name => self.child(entry.index, name, b""),
            };
            entry = next.ok_or(Nowhere::Missing)?;
        }
        Ok(entry)
    }

    /// The entries in a directory, sorted by name; none for a file.
    pub fn children(&self, directory: &Entry<'a>) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let range = match directory.kind {
            EntryKind::Directory => directory.first..directory.first.saturating_add(directory.second),
            EntryKind::File => 0..0,
        };
        let payload = *self;
        range.map_while(move |index| payload.decode_entry(EntryIndex(index)))
    }

    /// The child at a position of a directory's sorted children.
    #[must_use]
    pub fn child_at(&self, directory: &Entry<'a>, position: usize) -> Option<Entry<'a>> {
        let position = u32::try_from(position).ok()?;
        let is_child = directory.is_directory() && position < directory.second;
        if is_child { self.decode_entry(EntryIndex(directory.first.checked_add(position)?)) } else { None }
    }

    /// All entries, the root first, each directory before what it holds.
    pub fn all_entries(&self) -> impl Iterator<Item = Result<Entry<'a>, FormatError>> + use<'a> {
        let payload = *self;
        (0..self.header.entry_count).map(move |index| payload.entry(EntryIndex(index)))
    }

    /// Calls `visit` with each component of an entry's path, from the root down.
    ///
    /// # Errors
    /// [`FormatError::Entry`] when the entry lies deeper than the format allows.
    pub fn path_components(&self, entry: &Entry<'a>, mut visit: impl FnMut(&'a [u8])) -> Result<(), FormatError> {
        let mut names: [&[u8]; MAX_DEPTH] = [&[]; MAX_DEPTH];
        let mut depth = 0_usize;
        let mut current = *entry;
        while current.index != EntryIndex::ROOT {
            let name = names.get_mut(depth).ok_or(FormatError::Entry { index: entry.index.0 })?;
            *name = current.name;
            depth = depth.saturating_add(1);
            current = self.entry(current.parent)?;
        }
        for name in names.iter().take(depth).rev() {
            visit(name);
        }
        Ok(())
    }

    /// The shared libraries; none where the section is missing.
    ///
    /// # Errors
    /// [`FormatError::Libraries`].
    pub fn libraries(&self) -> Result<Libraries<'a>, FormatError> {
        Libraries::parse(self.section(SectionKind::Libraries).unwrap_or(&NO_LIBRARIES))
    }

    /// A file's content, if it has any. That of a mapped library is only what its image lacks.
    ///
    /// # Errors
    /// [`FormatError::Blob`] when it lies outside the payload.
    pub fn content(&self, entry: &Entry<'a>) -> Result<Option<Blob<'a>>, FormatError> {
        if entry.has_content() { self.blob(entry.first).map(Some) } else { Ok(None) }
    }

    /// A module's code bytes (marshal data without a pyc header), if it has any.
    ///
    /// # Errors
    /// [`FormatError::Blob`] when they lie outside the payload.
    pub fn code(&self, entry: &Entry<'a>) -> Result<Option<Blob<'a>>, FormatError> {
        if entry.has_code() { self.blob(entry.second).map(Some) } else { Ok(None) }
    }

    /// The blob at an index.
    ///
    /// # Errors
    /// [`FormatError::Blob`] when the index is bad or the blob lies outside the payload.
    pub fn blob(&self, index: u32) -> Result<Blob<'a>, FormatError> {
        self.decode_blob(index).ok_or(FormatError::Blob { index })
    }

    fn decode_blob(&self, index: u32) -> Option<Blob<'a>> {
        let bytes = record(self.blobs, index, BLOB_SIZE)?;
        let found = BlobRecord::decode(&mut Cursor::new(bytes)).ok()?;
        let stored = slice(self.bytes, found.offset, u64::from(found.stored_size))?;
        Some(Blob { index, stored, size: found.size })
    }
}

/// The section table, all of whose rows lie inside the payload.
struct SectionTable<'a> {
    bytes: &'a [u8],
    rows: &'a [u8],
}

impl<'a> SectionTable<'a> {
    fn parse(bytes: &'a [u8], header: &Header) -> Result<Self, FormatError> {
        if header.section_count > MAX_SECTION_COUNT {
            return Err(FormatError::Header);
        }
        let size = u64::from(header.section_count).saturating_mul(SECTION_SIZE as u64);
        let rows = slice(bytes, HEADER_SIZE as u64, size).ok_or(FormatError::Header)?;
        let table = Self { bytes, rows };
        for row in table.rows() {
            let is_in_head = SectionKind::from_number(row.kind).is_some_and(SectionKind::is_in_head);
            let end = row.offset.saturating_add(row.size);
            let limit = if is_in_head { header.head_size } else { bytes.len() as u64 };
            let is_unknown = SectionKind::from_number(row.kind).is_none();
            if end > limit || (is_unknown && row.flags & SECTION_REQUIRED != 0) {
                return Err(FormatError::Section { kind: row.kind });
            }
        }
        Ok(table)
    }

    fn rows(&self) -> impl Iterator<Item = SectionRow> + use<'a> {
        self.rows.chunks_exact(SECTION_SIZE).map_while(|row| SectionRow::decode(&mut Cursor::new(row)).ok())
    }

    fn iter(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let bytes = self.bytes;
        self.rows().map_while(move |row| Some(Section { kind: row.kind, bytes: slice(bytes, row.offset, row.size)? }))
    }

    fn required(&self, kind: SectionKind) -> Result<&'a [u8], FormatError> {
        let found = self.iter().find(|section| section.kind == kind.number());
        found.map(|section| section.bytes).ok_or(FormatError::Section { kind: kind.number() })
    }

    fn records(&self, kind: SectionKind, count: u32, record_size: usize) -> Result<&'a [u8], FormatError> {
        let bytes = self.required(kind)?;
        let expected = u64::from(count).saturating_mul(record_size as u64);
        if bytes.len() as u64 == expected { Ok(bytes) } else { Err(FormatError::Section { kind: kind.number() }) }
    }
}

fn record(records: &[u8], index: u32, record_size: usize) -> Option<&[u8]> {
    slice(records, u64::from(index).checked_mul(record_size as u64)?, record_size as u64)
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = usize::try_from(offset.checked_add(size)?).ok()?;
    bytes.get(start..end)
}
