//! The layout constants and fixed-size records of the payload, each written once.
//!
//! Comes in: a cursor at a record. Goes out: the record's fields. Nothing here follows an offset: that is
//! `read`'s part, after it has checked the range.

use crate::{Cursor, FormatError};

/// First bytes of a payload. The non-ASCII first byte and the line ending reveal text-mode damage, as in PNG.
pub const MAGIC: [u8; 8] = *b"\x93PYFRZ\r\n";

/// Last bytes of a payload: all zero when the file was cut off inside its last page.
pub const END_MAGIC: [u8; 8] = *b"\nPYFREND";

/// The version of this format.
///
/// * 1: first version.
/// * 2: shared libraries: the libraries section, images among the blobs, entry flag 2.
/// * 3: the snapshot: setting 8, and a section whose row is always there and last.
/// * 4: the digest of the whole file in the trailer; the bill of materials.
pub const VERSION: u32 = 4;

/// Bytes of the header.
pub const HEADER_SIZE: usize = 64;
/// Bytes of one row of the section table.
pub const SECTION_SIZE: usize = 24;
/// Bytes of one slot of the hash table.
pub const SLOT_SIZE: usize = 4;
/// Bytes of one entry record.
pub const ENTRY_SIZE: usize = 24;
/// Bytes of one blob record.
pub const BLOB_SIZE: usize = 16;
/// Bytes of one blob digest (BLAKE3).
pub const DIGEST_SIZE: usize = 32;
/// Bytes of the trailer: the payload's digest, that of the file around it, then [`END_MAGIC`].
pub const TRAILER_SIZE: usize = 2 * DIGEST_SIZE + END_MAGIC.len();

/// Offset of the payload's size in the header.
pub const PAYLOAD_SIZE_OFFSET: usize = 16;
/// Offset of the head checksum in the header: taken as zero while the checksum is computed.
pub const CHECKSUM_OFFSET: usize = 48;
/// Bytes of the head checksum.
pub const CHECKSUM_SIZE: usize = 8;

/// "No blob" in an entry.
pub const NO_BLOB: u32 = u32::MAX;

/// Most sections a payload may have.
pub const MAX_SECTION_COUNT: u32 = 64;
/// Most entries (files and directories) a payload may have.
pub const MAX_ENTRY_COUNT: u32 = 1 << 24;
/// Longest file name, in bytes: Linux's `NAME_MAX`.
pub const MAX_NAME_SIZE: usize = 255;
/// Deepest directory nesting.
pub const MAX_DEPTH: usize = 64;
/// Largest blob, in bytes, stored or decoded.
pub const MAX_BLOB_SIZE: u64 = u32::MAX as u64 - 1;

const _: () = assert!(HEADER_SIZE.is_multiple_of(8));
const _: () = assert!(CHECKSUM_OFFSET + CHECKSUM_SIZE <= HEADER_SIZE);
const _: () = assert!(MAX_ENTRY_COUNT < NO_BLOB / 2);

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum SectionKind {
    /// Start settings: tagged values (head).
    Settings = 1,
    /// Hash table from (directory, name) to entry (head).
    Slots = 2,
    /// Entry records in breadth-first order (head).
    Entries = 3,
    /// Blob records (head).
    Blobs = 4,
    /// File names (head).
    Names = 5,
    /// The blobs' bytes.
    Data = 16,
    /// One BLAKE3 digest per blob, over its stored bytes.
    Digests = 17,
    /// Build facts for `inspect`: JSON, zstd-compressed.
    Manifest = 18,
    /// How each shared library is brought to run.
    Libraries = 19,
    /// What the program is made of: a CycloneDX document, zstd-compressed.
    Materials = 21,
    /// What the recorded process had in memory. Always the last row, without bytes where there is no snapshot;
    /// otherwise on a page of its own.
    Snapshot = 20,
}

impl SectionKind {
    /// The kind with this number, if this version knows it.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Settings,
            2 => Self::Slots,
            3 => Self::Entries,
            4 => Self::Blobs,
            5 => Self::Names,
            16 => Self::Data,
            17 => Self::Digests,
            18 => Self::Manifest,
            19 => Self::Libraries,
            20 => Self::Snapshot,
            21 => Self::Materials,
            _ => return None,
        })
    }

    /// The number written in the section table.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// True for the sections that the head checksum covers.
    #[must_use]
    pub const fn is_in_head(self) -> bool {
        self.number() < Self::Data.number()
    }
}

/// Section flag: a reader that does not know the section's kind must refuse the payload.
pub const SECTION_REQUIRED: u32 = 1;

/// The position of an entry in the entry table; 0 is the root directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryIndex(pub u32);

impl EntryIndex {
    /// The root directory, which stands for the virtual root.
    pub const ROOT: Self = Self(0);
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// A file: content, code, or both.
    File = 0,
    /// A directory: a contiguous range of child entries.
    Directory = 1,
}

/// Entry flag: the file was executable in the project (mode 0555 rather than 0444).
pub const ENTRY_EXECUTABLE: u8 = 1;
/// Entry flag: the file is a shared library, described in the libraries section. The content of one that is mapped is
/// what its image lacks of its file.
pub const ENTRY_LIBRARY: u8 = 2;

/// The header, decoded and not yet checked against anything but its own magic and version.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Bytes of the payload, trailer included.
    pub payload_size: u64,
    /// Bytes of the head: header, section table and head sections.
    pub head_size: u64,
    /// Rows of the section table.
    pub section_count: u32,
    /// Entry records.
    pub entry_count: u32,
    /// Hash slots, a power of two.
    pub slot_count: u32,
    /// Blob records.
    pub blob_count: u32,
    /// XXH3-64 of the head with this field taken as zero.
    pub head_checksum: u64,
}

impl Header {
    /// Decodes a header.
    ///
    /// # Errors
    /// [`FormatError`] when the magic or the version differs or bytes are missing.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        if cursor.array()? != MAGIC {
            return Err(FormatError::Magic);
        }
        let version = cursor.u32()?;
        if version != VERSION {
            return Err(FormatError::Version { found: version });
        }
        if cursor.u32()? as usize != HEADER_SIZE {
            return Err(FormatError::Header);
        }
        let header = Self {
            payload_size: cursor.u64()?,
            head_size: cursor.u64()?,
            section_count: cursor.u32()?,
            entry_count: cursor.u32()?,
            slot_count: cursor.u32()?,
            blob_count: cursor.u32()?,
            head_checksum: cursor.u64()?,
        };
        if cursor.u64()? != 0 {
            return Err(FormatError::Header);
        }
        Ok(header)
    }

    /// The header's bytes.
    #[cfg(feature = "write")]
    #[must_use]
    pub fn encode(&self) -> std::vec::Vec<u8> {
        let mut bytes = std::vec::Vec::with_capacity(HEADER_SIZE);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        // OK because HEADER_SIZE is 64.
        bytes.extend(u32::try_from(HEADER_SIZE).unwrap_or(0).to_le_bytes());
        bytes.extend(self.payload_size.to_le_bytes());
        bytes.extend(self.head_size.to_le_bytes());
        for count in [self.section_count, self.entry_count, self.slot_count, self.blob_count] {
            bytes.extend(count.to_le_bytes());
        }
        bytes.extend(self.head_checksum.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes
    }
}

/// One row of the section table.
#[derive(Clone, Copy, Debug)]
pub struct SectionRow {
    /// A [`SectionKind`] number, or one that this version does not know.
    pub kind: u32,
    /// [`SECTION_REQUIRED`] or 0.
    pub flags: u32,
    /// Offset from the payload's start.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

impl SectionRow {
    /// Decodes a row.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when bytes are missing.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        Ok(Self { kind: cursor.u32()?, flags: cursor.u32()?, offset: cursor.u64()?, size: cursor.u64()? })
    }

    /// The row's bytes.
    #[cfg(feature = "write")]
    #[must_use]
    pub fn encode(&self) -> std::vec::Vec<u8> {
        let mut bytes = std::vec::Vec::with_capacity(SECTION_SIZE);
        bytes.extend(self.kind.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes
    }
}

/// One entry record. What `first` and `second` mean depends on the kind.
#[derive(Clone, Copy, Debug)]
pub struct EntryRecord {
    /// Offset of the name in the names section.
    pub name_offset: u32,
    /// Bytes of the name.
    pub name_size: u16,
    /// An [`EntryKind`] number.
    pub kind: u8,
    /// [`ENTRY_EXECUTABLE`], [`ENTRY_LIBRARY`].
    pub flags: u8,
    /// The directory that holds the entry; the root is its own parent.
    pub parent: u32,
    /// Directory: index of the first child. File: blob of the content, or [`NO_BLOB`].
    pub first: u32,
    /// Directory: number of children. File: blob of the code bytes, or [`NO_BLOB`].
    pub second: u32,
}

impl EntryRecord {
    /// Decodes a record.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when bytes are missing.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let record = Self {
            name_offset: cursor.u32()?,
            name_size: cursor.u16()?,
            kind: cursor.u8()?,
            flags: cursor.u8()?,
            parent: cursor.u32()?,
            first: cursor.u32()?,
            second: cursor.u32()?,
        };
        cursor.u32()?;
        Ok(record)
    }

    /// The record's bytes.
    #[cfg(feature = "write")]
    #[must_use]
    pub fn encode(&self) -> std::vec::Vec<u8> {
        let mut bytes = std::vec::Vec::with_capacity(ENTRY_SIZE);
        bytes.extend(self.name_offset.to_le_bytes());
        bytes.extend(self.name_size.to_le_bytes());
        bytes.extend([self.kind, self.flags]);
        for word in [self.parent, self.first, self.second, 0] {
            bytes.extend(word.to_le_bytes());
        }
        bytes
    }
}

/// One blob record. Compressed (a zstd frame) exactly when `stored_size` differs from `size`.
#[derive(Clone, Copy, Debug)]
pub struct BlobRecord {
    /// Offset from the payload's start.
    pub offset: u64,
    /// Bytes in the payload.
    pub stored_size: u32,
    /// Bytes once decoded.
    pub size: u32,
}

impl BlobRecord {
    /// Decodes a record.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when bytes are missing.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        Ok(Self { offset: cursor.u64()?, stored_size: cursor.u32()?, size: cursor.u32()? })
    }

    /// The record's bytes.
    #[cfg(feature = "write")]
    #[must_use]
    pub fn encode(&self) -> std::vec::Vec<u8> {
        let mut bytes = std::vec::Vec::with_capacity(BLOB_SIZE);
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.stored_size.to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes
    }
}

/// The hash of a name inside a directory: FNV-1a over the directory's index (4 bytes, little-endian) and the
/// name, as two parts so that a suffix needs no joined string.
#[must_use]
pub fn name_hash(directory: EntryIndex, name: &[u8], suffix: &[u8]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in directory.0.to_le_bytes().iter().chain(name).chain(suffix) {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    // FNV's low bits are its weakest; the table uses low bits.
    hash ^ (hash >> 15)
}

/// The head's checksum: XXH3-64 with the checksum field taken as zero. Damage detection, not security: the
/// payload's BLAKE3 digest, which `verify` checks, is the strong one.
#[must_use]
pub fn head_checksum(head: &[u8]) -> u64 {
    checksum_without(head, CHECKSUM_OFFSET)
}

/// The checksum of bytes with the checksum among them, at `offset`, taken as zero.
#[must_use]
pub(crate) fn checksum_without(bytes: &[u8], offset: usize) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    let (before, rest) = bytes.split_at_checked(offset).unwrap_or((bytes, &[]));
    hasher.update(before);
    hasher.update(&[0; CHECKSUM_SIZE]);
    hasher.update(rest.get(CHECKSUM_SIZE..).unwrap_or(&[]));
    hasher.digest()
}

/// The checksum of a part that is not in the head.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}
