//! The snapshot: what a recorded process had in memory, and where it goes when the program starts.
//!
//! Comes in: the bytes of the snapshot section. Goes out: a checked [`Snapshot`] with the regions of memory to reserve,
//! the pages to move there, and what has to stay or to be made anew. It is read before anything else at every start and so
//! must never look at more than its header; [`snapshot_section`] finds it without looking at the rest of the payload.

use core::ffi::CStr;

use crate::layout::{HEADER_SIZE, Header, MAX_SECTION_COUNT, SECTION_SIZE, SectionRow, head_checksum};
use crate::{Cursor, FormatError, Nowhere, PAGE_SIZE, SectionKind};

/// The version of the section's content.
///
/// * 1: first version.
/// * 2: texts with paths of the process.
/// * 3: guards, another snapshot behind the first, and numbers that every start finds anew.
pub const SNAPSHOT_VERSION: u32 = 3;

/// Bytes of the header before its tables.
pub const SNAPSHOT_HEADER_SIZE: usize = 96;
/// Offset of the checksum in the header: taken as zero while the checksum is computed.
pub const SNAPSHOT_CHECKSUM_OFFSET: usize = 8;
/// Offset of that of the next snapshot in the header.
pub const SNAPSHOT_NEXT_OFFSET: usize = 88;
/// Bytes of a row of the regions: address, span, kind, zeros.
pub const REGION_SIZE: usize = 24;
/// Bytes of a row of the pieces: address, size, offset.
pub const PIECE_SIZE: usize = 24;
/// Bytes of a row of the kept words: address, size.
pub const KEPT_SIZE: usize = 16;
/// Bytes of a row of the reseeded objects: address.
pub const RESEEDED_SIZE: usize = 8;
/// Bytes of a row of the path texts: address, offset, size, path.
pub const PATH_TEXT_SIZE: usize = 16;
/// Bytes of a row of the places of numbers: address, which number, zeros.
pub const NUMBER_PLACE_SIZE: usize = 16;
/// Bytes of a row of the variables: name and value, as positions among the texts.
pub const VARIABLE_SIZE: usize = 8;
/// The value of a variable that was not set.
pub const NO_VALUE: u32 = u32::MAX;
/// Bytes of a row of the guards: kind, number, position among the texts.
pub const GUARD_SIZE: usize = 8;

/// What the payload has to do with a snapshot: the value of [`crate::SettingKey::Snapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SnapshotUse {
    /// Nothing: the ordinary start.
    None = 0,
    /// The executable is started by the build to be recorded.
    Recording = 1,
    /// The payload ends with a snapshot, from which the program starts.
    Restore = 2,
}

impl SnapshotUse {
    /// The use with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::Recording,
            2 => Self::Restore,
            _ => return None,
        })
    }
}

/// How much had happened in the recorded process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum SnapshotLevel {
    /// The interpreter was ready, modules of the standard library had run.
    Runtime = 1,
    /// The program's own imports had run too.
    App = 2,
}

impl SnapshotLevel {
    /// The level with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Runtime,
            2 => Self::App,
            _ => return None,
        })
    }
}

/// What a region of memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum RegionKind {
    /// The stub's own data: it is there already, only its pages are exchanged.
    Data = 0,
    /// Python's objects.
    Objects = 1,
    /// Python's other memory.
    Raw = 2,
    /// The writable data of a library: it is there once the library is.
    Library = 3,
}

impl RegionKind {
    /// The kind with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Data,
            1 => Self::Objects,
            2 => Self::Raw,
            3 => Self::Library,
            _ => return None,
        })
    }
}

/// Memory that belongs to the snapshot: whole pages. What no piece covers was zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its first byte in memory.
    pub address: u64,
    /// Bytes.
    pub span: u64,
    /// What it is.
    pub kind: RegionKind,
}

/// Pages of the section and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where they go in memory.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Where they lie, from the section's first byte.
    pub offset: u64,
}

/// Memory that keeps what the new process had there before the pieces came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its first byte in memory.
    pub address: u64,
    /// Bytes.
    pub size: u64,
}

/// A path that is another for each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum ProcessPath {
    /// The value of `HOME`.
    Home = 1,
    /// The executable, without symbolic links.
    Executable = 2,
}

impl ProcessPath {
    /// The path with this number.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Home,
            2 => Self::Executable,
            _ => return None,
        })
    }
}

/// A text of the recorded process in which such a path occurs, once. It gets the new process's, which must not be longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathText {
    /// Where the object of type `str` is in memory.
    pub address: u64,
    /// The byte of its text at which the path stands.
    pub offset: u32,
    /// Bytes of the recorded path.
    pub size: u16,
    /// Which path it is.
    pub path: ProcessPath,
}

/// A number that a recorded process is told, and that every start finds anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum ToldNumber {
    /// Those that run: `_SC_NPROCESSORS_ONLN`.
    OnlineProcessors = 1,
    /// Those that there can be: `_SC_NPROCESSORS_CONF`.
    ConfiguredProcessors = 2,
    /// Those that the process may use: `sched_getaffinity`.
    AllowedProcessors = 3,
    /// As many as the process may use all the time: those, or fewer by the quota of its control group.
    GrantedProcessors = 4,
    /// The process's, which is its main thread's, too.
    Process = 5,
}

impl ToldNumber {
    /// What has this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::OnlineProcessors,
            2 => Self::ConfiguredProcessors,
            3 => Self::AllowedProcessors,
            4 => Self::GrantedProcessors,
            5 => Self::Process,
            _ => return None,
        })
    }

    /// What a recorded process is told. Of processors the first of the two simulated machines has so many that no
    /// library takes them for too many or too few, and no two things are counted alike; the second has one.
    #[must_use]
    pub const fn told(self) -> [u32; 2] {
        match self {
            Self::OnlineProcessors => [1013, 1],
            Self::ConfiguredProcessors => [1019, 1],
            Self::AllowedProcessors | Self::GrantedProcessors => [1009, 1],
            // No process has such a number: they are beyond the kernel's PID_MAX_LIMIT.
            Self::Process => [0x3fff_fff0, 0x3fff_fff1],
        }
    }

    /// Of more processors, and of none, nobody knows what the recorded process would have made.
    pub const MOST_PROCESSORS: u32 = 1009;
}

/// Where a library has kept such a number: four bytes, which every start writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberPlace {
    /// Its first byte in memory.
    pub address: u64,
    /// What is counted.
    pub of: ToldNumber,
}

/// An environment variable that the recorded process has read. Where it is not the same at start, the snapshot is
/// not this start's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a CStr,
    /// Its value; `None` if it was not set.
    pub value: Option<&'a CStr>,
}

/// From where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum PathStart {
    /// The root of the file system: the path is absolute.
    Root = 1,
    /// The value of `HOME`: the path begins with a separator.
    Home = 2,
    /// The working folder: the path is relative.
    WorkingFolder = 3,
}

impl PathStart {
    /// The start with this number.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Root,
            2 => Self::Home,
            3 => Self::WorkingFolder,
            _ => return None,
        })
    }

    /// Whether a path can lead on from here.
    #[must_use]
    pub fn takes(self, path: &[u8]) -> bool {
        !path.is_empty() && (self == Self::WorkingFolder) != path.starts_with(b"/")
    }
}

/// What the recorded process has asked of its machine, with an answer that a start asks for again. Where the answer is
/// another one, the snapshot is not this start's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard<'a> {
    /// A path at which nothing was.
    Absent {
        /// From where it leads.
        start: PathStart,
        /// The path.
        path: &'a CStr,
        /// What was missing.
        reason: Nowhere,
    },
    /// A standard stream that was no terminal.
    NoTerminal {
        /// Its descriptor: 0 to 2.
        descriptor: u16,
    },
}

/// The kind of a guard on a terminal; those on paths have the number of their [`PathStart`].
pub(crate) const NO_TERMINAL: u16 = 4;
/// What has no text.
pub(crate) const NO_TEXT: u32 = u32::MAX;

impl Nowhere {
    /// Its number in a guard.
    #[cfg(feature = "write")]
    pub(crate) const fn number(self) -> u16 {
        match self {
            Self::Missing => 1,
            Self::BelowFile => 2,
        }
    }

    const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Missing,
            2 => Self::BelowFile,
            _ => return None,
        })
    }
}

impl<'a> Guard<'a> {
    fn decode(row: &mut Cursor<'a>, texts: &'a [u8]) -> Result<Self, FormatError> {
        let (kind, number, position) = (row.u16()?, row.u16()?, row.u32()?);
        let guard = if kind == NO_TERMINAL {
            (number <= 2 && position == NO_TEXT).then_some(Self::NoTerminal { descriptor: number })
        } else {
            let parts = (PathStart::from_number(kind), text(texts, position), Nowhere::from_number(number));
            let (Some(start), Some(path), Some(reason)) = parts else { return Err(FormatError::Snapshot) };
            start.takes(path.to_bytes()).then_some(Self::Absent { start, path, reason })
        };
        guard.ok_or(FormatError::Snapshot)
    }
}

/// A snapshot section whose header, tables and ranges have been checked.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    bytes: &'a [u8],
    level: SnapshotLevel,
    regions: &'a [u8],
    pieces: &'a [u8],
    kept: &'a [u8],
    reseeded: &'a [u8],
    path_texts: &'a [u8],
    number_places: &'a [u8],
    variables: &'a [u8],
    guards: &'a [u8],
    texts: &'a [u8],
    processor: &'a [u8],
    report: &'a [u8],
    next: Option<&'a [u8]>,
}

/// The snapshot section of a payload; `None` if there is none or the payload is odd in any way, for then the ordinary
/// start will say so. Looks at the payload's head, which the process will look things up in, and at no other section.
#[must_use]
pub fn snapshot_section(payload: &[u8]) -> Option<&[u8]> {
    let header = Header::decode(&mut Cursor::new(payload)).ok()?;
    let row_index = usize::try_from(header.section_count.min(MAX_SECTION_COUNT)).ok()?.checked_sub(1)?;
    let row_start = row_index.checked_mul(SECTION_SIZE)?.checked_add(HEADER_SIZE)?;
    let row = SectionRow::decode(&mut Cursor::new(payload.get(row_start..)?)).ok()?;
    let is_there = row.kind == SectionKind::Snapshot.number() && row.size > 0 && row.offset.is_multiple_of(PAGE_SIZE);
    let end = row.offset.checked_add(row.size)?;
    if !is_there || end > header.payload_size || row.offset < header.head_size {
        return None;
    }
    let head = payload.get(..usize::try_from(header.head_size).ok()?)?;
    if head_checksum(head) != header.head_checksum {
        return None;
    }
    payload.get(usize::try_from(row.offset).ok()?..usize::try_from(end).ok()?)
}

impl<'a> Snapshot<'a> {
    /// Checks the header of a snapshot section, its tables and all ranges in them.
    ///
    /// # Errors
    /// [`FormatError::Checksum`] when the header is damaged, [`FormatError::Snapshot`] when it has impossible values,
    /// [`FormatError::Truncated`] when bytes are missing.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.u32()? != SNAPSHOT_VERSION {
            return Err(FormatError::Snapshot);
        }
        let header_size = cursor.u32()?;
        let checksum = cursor.u64()?;
        let header = bytes.get(..header_size as usize).ok_or(FormatError::Truncated)?;
        if snapshot_checksum(header) != checksum {
            return Err(FormatError::Checksum);
        }
        if !u64::from(header_size).is_multiple_of(PAGE_SIZE) {
            return Err(FormatError::Snapshot);
        }
        let snapshot = Self::decode(bytes, header)?;
        if snapshot.is_sound(header_size.into()) { Ok(snapshot) } else { Err(FormatError::Snapshot) }
    }

    fn decode(bytes: &'a [u8], header: &'a [u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(header);
        // Version, size and checksum.
        cursor.bytes(16)?;
        let level = SnapshotLevel::from_number(cursor.u32()?).ok_or(FormatError::Snapshot)?;
        let mut counts = [0_usize; 9];
        for count in &mut counts {
            // OK because usize has 64 bits, or the tables are too large for the machine anyway.
            *count = usize::try_from(cursor.u32()?).map_err(|_| FormatError::Snapshot)?;
        }
        let [
            region_count,
            piece_count,
            kept_count,
            reseeded_count,
            path_count,
            processors,
            variable_count,
            guard_count,
            texts_size,
        ] = counts;
        let ranges = [(cursor.u64()?, cursor.u64()?), (cursor.u64()?, cursor.u64()?)];
        let (bytes, next) = split_at_next(bytes, header.len(), cursor.u64()?).ok_or(FormatError::Snapshot)?;
        let [processor, report] = ranges.map(|(offset, size)| behind(bytes, header.len(), offset, size));
        let mut table =
            |count: usize, row_size: usize| cursor.bytes(count.checked_mul(row_size).ok_or(FormatError::Truncated)?);
        Ok(Self {
            bytes,
            level,
            regions: table(region_count, REGION_SIZE)?,
            pieces: table(piece_count, PIECE_SIZE)?,
            kept: table(kept_count, KEPT_SIZE)?,
            reseeded: table(reseeded_count, RESEEDED_SIZE)?,
            path_texts: table(path_count, PATH_TEXT_SIZE)?,
            number_places: table(processors, NUMBER_PLACE_SIZE)?,
            variables: table(variable_count, VARIABLE_SIZE)?,
            guards: table(guard_count, GUARD_SIZE)?,
            texts: table(texts_size, 1)?,
            processor: processor.ok_or(FormatError::Truncated)?,
            report: report.ok_or(FormatError::Truncated)?,
            next,
        })
    }

    fn is_sound(&self, header_size: u64) -> bool {
        let is_whole = |number: u64| number.is_multiple_of(PAGE_SIZE);
        let region_count = self.regions().count();
        let are_regions_good = region_count.saturating_mul(REGION_SIZE) == self.regions.len()
            && self.regions().all(|region| is_whole(region.address) && is_whole(region.span))
            && are_ascending(self.regions().map(|region| (region.address, region.span)));
        let pieces = || self.pieces().map(|piece| (piece.address, piece.size));
        let offsets = || self.pieces().map(|piece| (piece.offset, piece.size));
        let are_pieces_good = self.pieces().all(|piece| is_whole(piece.address) && is_whole(piece.size))
            && offsets().all(|(offset, _)| is_whole(offset) && offset >= header_size)
            && offsets().all(|(offset, size)| offset.saturating_add(size) <= self.bytes.len() as u64)
            && are_ascending(pieces())
            && are_ascending(offsets())
            && self.hold(pieces());
        let kept = || self.kept().map(|kept| (kept.address, kept.size));
        let reseeded = || self.reseeded().map(|address| (address, 1));
        let path_texts = || {
            self.path_texts().map(|text| (text.address, u64::from(text.offset).saturating_add(u64::from(text.size))))
        };
        let number_places = || self.number_places().map(|count| (count.address, 4));
        are_regions_good
            && are_pieces_good
            && are_ascending(kept())
            && self.hold(kept())
            && are_ascending(reseeded())
            && self.hold(reseeded())
            && self.path_texts().count().saturating_mul(PATH_TEXT_SIZE) == self.path_texts.len()
            && are_ascending(path_texts())
            && self.hold(path_texts())
            && self.number_places().count().saturating_mul(NUMBER_PLACE_SIZE) == self.number_places.len()
            && are_ascending(number_places())
            && self.hold(number_places())
            && self.variables().count().saturating_mul(VARIABLE_SIZE) == self.variables.len()
            && self.guards().count().saturating_mul(GUARD_SIZE) == self.guards.len()
    }

    /// Whether each of the ascending ranges lies in one of the regions.
    fn hold(&self, ranges: impl Iterator<Item = (u64, u64)>) -> bool {
        let mut regions = self.regions();
        let mut region = regions.next();
        for (address, size) in ranges {
            while region.is_some_and(|region| region.address.saturating_add(region.span) <= address) {
                region = regions.next();
            }
            let is_inside = |region: Region| {
                let end = region.address.saturating_add(region.span);
                region.address <= address && address.checked_add(size).is_some_and(|last| last <= end)
            };
            if !region.is_some_and(is_inside) {
                return false;
            }
        }
        true
    }

    /// The snapshot for starts that this one does not fit, which has to be parsed by itself.
    #[must_use]
    pub fn next(&self) -> Option<&'a [u8]> {
        self.next
    }

    /// The snapshot's bytes, without those of the next one.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How much had happened in the recorded process.
    #[must_use]
    pub fn level(&self) -> SnapshotLevel {
        self.level
    }

    /// The regions, ascending and disjoint.
    pub fn regions(&self) -> impl Iterator<Item = Region> + use<'a> {
        rows(self.regions, REGION_SIZE, |row| {
            let (address, span) = (row.u64()?, row.u64()?);
            let kind = RegionKind::from_number(row.u32()?).ok_or(FormatError::Snapshot)?;
            Ok(Region { address, span, kind })
        })
    }

    /// The pages to be moved, ascending both in memory and in the section, disjoint in both, each in one region.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + use<'a> {
        rows(self.pieces, PIECE_SIZE, |row| Ok(Piece { address: row.u64()?, size: row.u64()?, offset: row.u64()? }))
    }

    /// What keeps the new process's content, ascending and disjoint, each in one region.
    pub fn kept(&self) -> impl Iterator<Item = Kept> + use<'a> {
        rows(self.kept, KEPT_SIZE, |row| Ok(Kept { address: row.u64()?, size: row.u64()? }))
    }

    /// The addresses of objects of type `random.Random` that get a new seed, ascending.
    pub fn reseeded(&self) -> impl Iterator<Item = u64> + use<'a> {
        rows(self.reseeded, RESEEDED_SIZE, Cursor::u64)
    }

    /// The texts with paths of the process, ascending.
    pub fn path_texts(&self) -> impl Iterator<Item = PathText> + use<'a> {
        rows(self.path_texts, PATH_TEXT_SIZE, |row| {
            let (address, offset, size) = (row.u64()?, row.u32()?, row.u16()?);
            let path = ProcessPath::from_number(row.u16()?).ok_or(FormatError::Snapshot)?;
            Ok(PathText { address, offset, size, path })
        })
    }

    /// Where processors are to be counted, ascending.
    pub fn number_places(&self) -> impl Iterator<Item = NumberPlace> + use<'a> {
        rows(self.number_places, NUMBER_PLACE_SIZE, |row| {
            let (address, of) = (row.u64()?, ToldNumber::from_number(row.u32()?).ok_or(FormatError::Snapshot)?);
            Ok(NumberPlace { address, of })
        })
    }

    /// The environment variables that have to be as they were.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'a>> + use<'a> {
        let texts = self.texts;
        rows(self.variables, VARIABLE_SIZE, move |row| {
            let name = text(texts, row.u32()?).ok_or(FormatError::Snapshot)?;
            let value = match row.u32()? {
                NO_VALUE => None,
                position => Some(text(texts, position).ok_or(FormatError::Snapshot)?),
            };
            Ok(Variable { name, value })
        })
    }

    /// What a start has to find as the recorded process has found it.
    pub fn guards(&self) -> impl Iterator<Item = Guard<'a>> + use<'a> {
        let texts = self.texts;
        rows(self.guards, GUARD_SIZE, move |row| Guard::decode(row, texts))
    }

    /// Words of bits for what the recording machine's processor can do, of which a start's must miss none; empty if nothing
    /// in the snapshot depends on it.
    #[must_use]
    pub fn processor(&self) -> &'a [u8] {
        self.processor
    }

    /// What the build has to say of the snapshot: JSON in a zstd frame, for `pyfreeze inspect`.
    #[must_use]
    pub fn report(&self) -> &'a [u8] {
        self.report
    }
}

/// The checksum of a snapshot's header: XXH3-64 with the checksum's field taken as zero.
#[must_use]
pub fn snapshot_checksum(header: &[u8]) -> u64 {
    crate::layout::checksum_without(header, SNAPSHOT_CHECKSUM_OFFSET)
}

/// The decoded rows of a table, up to the first that is none.
fn rows<'a, Row>(
    table: &'a [u8],
    row_size: usize,
    decode: impl Fn(&mut Cursor<'a>) -> Result<Row, FormatError>,
) -> impl Iterator<Item = Row> {
    table.chunks_exact(row_size).map_while(move |row| decode(&mut Cursor::new(row)).ok())
}

/// Whether ranges of address and size are not empty, ascend and don't overlap.
fn are_ascending(mut ranges: impl Iterator<Item = (u64, u64)>) -> bool {
    let mut end = 0_u64;
    ranges.all(|(start, size)| {
        let is_good = start >= end && size > 0 && start.checked_add(size).is_some();
        end = start.saturating_add(size);
        is_good
    })
}

/// The bytes of a snapshot and those of the next one, which begins at this offset; 0 if there is none.
fn split_at_next(bytes: &[u8], header_size: usize, offset: u64) -> Option<(&[u8], Option<&[u8]>)> {
    if offset == 0 {
        return Some((bytes, None));
    }
    let offset = usize::try_from(offset).ok().filter(|offset| *offset >= header_size)?;
    let (own, next) = bytes.split_at_checked(offset).filter(|(_, next)| !next.is_empty())?;
    (offset as u64).is_multiple_of(PAGE_SIZE).then_some((own, Some(next)))
}

/// Bytes of the section behind the header; of no bytes it does not matter where they are.
fn behind(bytes: &[u8], header_size: usize, offset: u64, size: u64) -> Option<&[u8]> {
    if size == 0 {
        return Some(&[]);
    }
    let start = usize::try_from(offset).ok().filter(|start| *start >= header_size)?;
    bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)
}

fn text(texts: &[u8], position: u32) -> Option<&CStr> {
    CStr::from_bytes_until_nul(texts.get(position as usize..)?).ok()
}

#[cfg(feature = "write")]
pub use write::{NewGuard, NewRegion, NewSnapshot, NewVariable, with_next, with_snapshot};

#[cfg(feature = "write")]
mod write;
