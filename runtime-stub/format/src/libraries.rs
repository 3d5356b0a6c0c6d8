//! The shared libraries of a payload: how each is brought to run.
//!
//! Comes in: the libraries section. Goes out: for each library a checked [`Library`]: where its image lies, what it
//! needs, which words must be bound to the host's C library. Addresses inside a library are written as in its own
//! program headers (`p_vaddr`), so 0 means "none": nothing of interest lies at a library's very first byte.

use crate::layout::checksum;
use crate::{Cursor, EntryIndex, FormatError};

/// Bytes of the section's header: the number of libraries, and zeros.
pub(crate) const LIBRARIES_HEADER_SIZE: usize = 8;
/// Bytes of one library row.
pub(crate) const LIBRARY_ROW_SIZE: usize = 48;
/// Bytes of the fixed part of a library record.
pub(crate) const LIBRARY_RECORD_SIZE: usize = 224;
/// Bytes of a row of any table of a record.
pub(crate) const LIBRARY_TABLE_ROW_SIZE: usize = 24;
/// "No text" in a record.
#[cfg(feature = "write")]
pub(crate) const NO_TEXT: u32 = u32::MAX;
/// The bit by which a thread-local reference (`tls_index.ti_module`) to a mapped library is told from one to a library
/// of the dynamic loader's, which counts from 1.
pub const OWN_TLS_MODULE: u64 = 1 << 63;

/// What the executable's path ends with to be that of the folder with its libraries ([`LibraryWay::Beside`]).
pub const BESIDE_SUFFIX: &str = ".libraries";

/// The position of a library in the libraries section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LibraryIndex(pub u32);

/// How a library is brought to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum LibraryWay {
    /// Its image lies in the payload at the address for which it is linked: only protections change.
    Mapped = 0,
    /// The dynamic loader loads a copy in memory.
    Memory = 1,
    /// The dynamic loader loads a copy in the user's cache folder.
    Cache = 2,
    /// The dynamic loader loads the file of its path in the folder beside the executable.
    Beside = 3,
}

/// All libraries of a payload.
#[derive(Clone, Copy, Debug)]
pub struct Libraries<'a> {
    rows: &'a [u8],
    records: &'a [u8],
}

/// What can be said of a library without looking into its record.
#[derive(Clone, Copy, Debug)]
pub struct LibraryRow {
    /// The file that the program sees.
    pub entry: EntryIndex,
    /// How it is brought to run.
    pub way: LibraryWay,
    /// Where its image lies in memory; 0 for one that the dynamic loader loads.
    pub address: u64,
    /// Bytes from its first to its last in memory.
    pub span: u64,
    record_offset: u32,
    record_size: u32,
    checksum: u64,
}

/// Declares the fixed part of a record once: the structure, its decoding and its encoding.
macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Single facts about a library.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct LibraryFacts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl LibraryFacts {
            fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
                Ok(Self { $($name: cursor.u64()?,)* })
            }

            #[cfg(feature = "write")]
            fn encode(&self, bytes: &mut std::vec::Vec<u8>) {
                $(bytes.extend(self.$name.to_le_bytes());)*
            }
        }

        const FACT_COUNT: usize = [$(stringify!($name)),*].len();
    };
}

facts! {
    /// Bytes of the library as a file.
    file_size,
    /// Its program headers.
    program_headers,
    /// How many.
    program_header_count,
    /// Its `.eh_frame_hdr`.
    exception_frames,
    /// `DT_SYMTAB`.
    symbols,
    /// Symbols in it.
    symbol_count,
    /// `DT_STRTAB`.
    names,
    /// Bytes of it.
    names_size,
    /// `DT_GNU_HASH`; 0 if it has none.
    hash,
    /// `DT_VERSYM`.
    symbol_versions,
    /// `DT_VERDEF`.
    version_definitions,
    /// The initial image of its thread-local storage.
    tls,
    /// Bytes of that image.
    tls_file_size,
    /// Bytes of each thread's block; 0 if it has none.
    tls_size,
    /// Alignment of each block.
    tls_alignment,
    /// The number of its block in each thread.
    tls_index,
    /// `DT_INIT`.
    init,
    /// `DT_INIT_ARRAY`.
    init_array,
    /// Functions in it.
    init_count,
    /// `DT_FINI`.
    fini,
    /// `DT_FINI_ARRAY`.
    fini_array,
    /// Functions in it.
    fini_count,
    /// Where it is made read-only once it is bound: whole pages.
    relro,
    /// Bytes of that.
    relro_size,
}

/// Tables behind the fixed part, in this order; then the texts.
const TABLE_COUNT: usize = 6;

const _: () = assert!(FACT_COUNT * 8 + (TABLE_COUNT + 2) * 4 == LIBRARY_RECORD_SIZE);

/// A stretch of pages with one protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first page.
    pub address: u64,
    /// Bytes, whole pages.
    pub size: u64,
    /// `PF_X` 1, `PF_W` 2, `PF_R` 4.
    pub flags: u64,
}

/// A stretch of the library's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands in the file.
    pub file_offset: u64,
    /// Bytes.
    pub size: u64,
    /// Where the same bytes stand in the image; `None`: in the entry's content, after those of earlier pieces.
    pub image_address: Option<u64>,
}

/// A library that must be loaded before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed<'a> {
    /// One of the payload's.
    Library(LibraryIndex),
    /// One of the host's, by the name that the dynamic loader knows.
    Host(&'a [u8]),
}

/// A word that holds the address of something of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// The word.
    pub slot: u64,
    /// What it refers to: an index among the symbols.
    pub symbol: u64,
    /// Added to the symbol's address.
    pub addend: u64,
}

/// A symbol of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportSymbol<'a> {
    /// Its name, with the terminator.
    pub name: &'a [u8],
    /// Its version, with the terminator.
    pub version: Option<&'a [u8]>,
    /// True if the library can do without.
    pub is_weak: bool,
}

/// A word that holds what a function says (`STT_GNU_IFUNC`, `R_X86_64_IRELATIVE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// The word.
    pub slot: u64,
    /// The function, by its address in memory.
    pub function: u64,
    /// Added to what it says.
    pub addend: u64,
}

/// One library.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// Its row.
    pub row: LibraryRow,
    /// Single facts.
    pub facts: LibraryFacts,
    tables: [&'a [u8]; TABLE_COUNT],
    texts: &'a [u8],
    soname: u32,
}

impl<'a> Libraries<'a> {
    /// Checks the section's shape; a payload without the section has no libraries.
    ///
    /// # Errors
    /// [`FormatError::Libraries`].
    pub fn parse(section: &'a [u8]) -> Result<Self, FormatError> {
        let count = Cursor::new(section).u32()?;
        let rows_size = usize::try_from(count).ok().and_then(|count| count.checked_mul(LIBRARY_ROW_SIZE));
        let rows_end = rows_size.and_then(|size| size.checked_add(LIBRARIES_HEADER_SIZE));
        let rows = rows_end.and_then(|end| section.get(LIBRARIES_HEADER_SIZE..end));
        rows.map(|rows| Self { rows, records: section }).ok_or(FormatError::Libraries)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        // OK because `parse` took the count from four bytes.
        u32::try_from(self.rows.len() / LIBRARY_ROW_SIZE).unwrap_or(u32::MAX)
    }

    /// The row at an index.
    #[must_use]
    pub fn row(&self, index: LibraryIndex) -> Option<LibraryRow> {
        let start = usize::try_from(index.0).ok()?.checked_mul(LIBRARY_ROW_SIZE)?;
        LibraryRow::decode(self.rows.get(start..start.checked_add(LIBRARY_ROW_SIZE)?)?)
    }

    /// All rows, sorted by entry and, as far as they have one, by address.
    pub fn rows(&self) -> impl Iterator<Item = (LibraryIndex, LibraryRow)> + use<'a> {
        let all = *self;
        (0..self.count()).map(LibraryIndex).filter_map(move |index| Some((index, all.row(index)?)))
    }

    /// The library whose file the entry is.
    #[must_use]
    pub fn find(&self, entry: EntryIndex) -> Option<LibraryIndex> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low.midpoint(high);
            match self.row(LibraryIndex(middle))?.entry.cmp(&entry) {
                core::cmp::Ordering::Equal => return Some(LibraryIndex(middle)),
                core::cmp::Ordering::Less => low = middle.saturating_add(1),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The library at an index, its record's checksum compared.
    ///
    /// # Errors
    /// [`FormatError::Libraries`].
    pub fn get(&self, index: LibraryIndex) -> Result<Library<'a>, FormatError> {
        let row = self.row(index).ok_or(FormatError::Libraries)?;
        let start = usize::try_from(row.record_offset).map_err(|_| FormatError::Libraries)?;
        let size = usize::try_from(row.record_size).map_err(|_| FormatError::Libraries)?;
        let record = start.checked_add(size).and_then(|end| self.records.get(start..end));
        let record = record.ok_or(FormatError::Libraries)?;
        if checksum(record) != row.checksum {
            return Err(FormatError::Libraries);
        }
        Library::decode(row, record)
    }
}

impl LibraryRow {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let entry = EntryIndex(cursor.u32().ok()?);
        let way = match cursor.u32().ok()? {
            0 => LibraryWay::Mapped,
            1 => LibraryWay::Memory,
            2 => LibraryWay::Cache,
            3 => LibraryWay::Beside,
            _ => return None,
        };
        let (address, span) = (cursor.u64().ok()?, cursor.u64().ok()?);
        let (record_offset, record_size) = (cursor.u32().ok()?, cursor.u32().ok()?);
        Some(Self { entry, way, address, span, record_offset, record_size, checksum: cursor.u64().ok()? })
    }
}

impl<'a> Library<'a> {
    fn decode(row: LibraryRow, record: &'a [u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(record);
        let facts = LibraryFacts::decode(&mut cursor)?;
        let mut counts = [0; TABLE_COUNT];
        for count in &mut counts {
            *count = cursor.u32()?;
        }
        let soname = cursor.u32()?;
        let mut tables: [&[u8]; TABLE_COUNT] = [&[]; TABLE_COUNT];
        let mut rest = record.get(LIBRARY_RECORD_SIZE..).ok_or(FormatError::Libraries)?;
        for (table, count) in tables.iter_mut().zip(counts) {
            let size = usize::try_from(count).ok().and_then(|count| count.checked_mul(LIBRARY_TABLE_ROW_SIZE));
            (*table, rest) = size.and_then(|size| rest.split_at_checked(size)).ok_or(FormatError::Libraries)?;
        }
        Ok(Self { row, facts, tables, texts: rest, soname })
    }

    fn table(&self, index: usize) -> impl Iterator<Item = [u64; 3]> + use<'a> {
        let table: &'a [u8] = self.tables.get(index).copied().unwrap_or_default();
        table.chunks_exact(LIBRARY_TABLE_ROW_SIZE).map_while(cells)
    }

    /// Its pages by protection.
    pub fn segments(&self) -> impl Iterator<Item = Segment> + use<'a> {
        self.table(0).map(|[address, size, flags]| Segment { address, size, flags })
    }

    /// Its file, put together from image and content.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + use<'a> {
        self.table(1).map(|[file_offset, size, address]| Piece {
            file_offset,
            size,
            image_address: (address != u64::MAX).then_some(address),
        })
    }

    /// What must be loaded before, in the order of `DT_NEEDED`.
    pub fn needed(&self) -> impl Iterator<Item = Needed<'a>> + use<'a> {
        let library = *self;
        self.table(2).filter_map(move |[kind, value, _]| {
            let value = u32::try_from(value).ok()?;
            match kind {
                0 => Some(Needed::Library(LibraryIndex(value))),
                _ => library.text(value).map(Needed::Host),
            }
        })
    }

    /// Words that functions decide about.
    pub fn resolvers(&self) -> impl Iterator<Item = Resolver> + use<'a> {
        self.table(3).map(|[slot, function, addend]| Resolver { slot, function, addend })
    }

    /// Words that are bound to the host, sorted by symbol.
    pub fn imports(&self) -> impl Iterator<Item = Import> + use<'a> {
        self.table(4).map(|[slot, symbol, addend]| Import { slot, symbol, addend })
    }

    /// A symbol of the host's.
    #[must_use]
    pub fn import_symbol(&self, index: u64) -> Option<ImportSymbol<'a>> {
        let start = usize::try_from(index).ok()?.checked_mul(LIBRARY_TABLE_ROW_SIZE)?;
        let [name, version, flags] = cells(self.tables.get(5)?.get(start..)?)?;
        let text = |offset| u32::try_from(offset).ok().and_then(|offset| self.text(offset));
        Some(ImportSymbol { name: text(name)?, version: text(version), is_weak: flags & 1 != 0 })
    }

    /// `DT_SONAME`, with the terminator.
    #[must_use]
    pub fn soname(&self) -> Option<&'a [u8]> {
        self.text(self.soname)
    }

    fn text(&self, offset: u32) -> Option<&'a [u8]> {
        let rest = self.texts.get(usize::try_from(offset).ok()?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        rest.get(..end.checked_add(1)?)
    }
}

/// The three numbers of a table's row.
fn cells(row: &[u8]) -> Option<[u64; 3]> {
    let mut cursor = Cursor::new(row);
    Some([cursor.u64().ok()?, cursor.u64().ok()?, cursor.u64().ok()?])
}

#[cfg(feature = "write")]
pub(crate) use write::encode_libraries;
#[cfg(feature = "write")]
pub use write::{NewLibrary, NewNeeded};

#[cfg(feature = "write")]
mod write {
    use std::collections::HashMap;
    use std::string::String;
    use std::vec::Vec;

    use super::{
        Import, LIBRARIES_HEADER_SIZE, LIBRARY_RECORD_SIZE, LIBRARY_ROW_SIZE, LibraryFacts, LibraryIndex, LibraryWay,
        NO_TEXT, Piece, Resolver, Segment, checksum,
    };
    use crate::EntryIndex;

    /// A library to be described: see [`super::Library`] for each field.
    #[derive(Clone, Debug)]
    pub struct NewLibrary {
        /// How it is brought to run.
        pub way: LibraryWay,
        /// Where its image lies in memory.
        pub address: u64,
        /// Bytes from its first to its last in memory.
        pub span: u64,
        /// Single facts.
        pub facts: LibraryFacts,
        /// `DT_SONAME`.
        pub soname: Option<String>,
        /// Pages by protection.
        pub segments: Vec<Segment>,
        /// Its file.
        pub pieces: Vec<Piece>,
        /// What must be loaded before.
        pub needed: Vec<NewNeeded>,
        /// Words that functions decide about.
        pub resolvers: Vec<Resolver>,
        /// Words that are bound to the host.
        pub imports: Vec<Import>,
        /// The host's symbols: name, version, weak.
        pub symbols: Vec<(String, Option<String>, bool)>,
    }

    /// A library that must be loaded before.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum NewNeeded {
        /// One of the payload's.
        Library(LibraryIndex),
        /// One of the host's.
        Host(String),
    }

    #[derive(Default)]
    struct Texts {
        bytes: Vec<u8>,
        offsets: HashMap<String, u32>,
    }

    impl Texts {
        fn put(&mut self, text: &str) -> u32 {
            let end = count(self.bytes.len());
            *self.offsets.entry(text.into()).or_insert_with(|| {
                self.bytes.extend(text.as_bytes());
                self.bytes.push(0);
                end
            })
        }

        fn put_some(&mut self, text: Option<&String>) -> u32 {
            text.map_or(NO_TEXT, |text| self.put(text))
        }
    }

    impl NewLibrary {
        fn encode(&self) -> Vec<u8> {
            let (mut bytes, mut tables, mut texts) = (Vec::new(), Vec::new(), Texts::default());
            let mut row = |cells: [u64; 3]| tables.extend(cells.iter().flat_map(|cell| cell.to_le_bytes()));
            self.segments.iter().for_each(|segment| row([segment.address, segment.size, segment.flags]));
            for piece in &self.pieces {
                row([piece.file_offset, piece.size, piece.image_address.unwrap_or(u64::MAX)]);
            }
            for needed in &self.needed {
                match needed {
                    NewNeeded::Library(index) => row([0, u64::from(index.0), 0]),
                    NewNeeded::Host(name) => row([1, u64::from(texts.put(name)), 0]),
                }
            }
            self.resolvers.iter().for_each(|resolver| row([resolver.slot, resolver.function, resolver.addend]));
            self.imports.iter().for_each(|import| row([import.slot, import.symbol, import.addend]));
            for (name, version, is_weak) in &self.symbols {
                let (name, version) = (texts.put(name), texts.put_some(version.as_ref()));
                row([u64::from(name), u64::from(version), u64::from(*is_weak)]);
            }
            self.facts.encode(&mut bytes);
            let lengths = [self.segments.len(), self.pieces.len(), self.needed.len(), self.resolvers.len()];
            for length in lengths.into_iter().chain([self.imports.len(), self.symbols.len()]) {
                bytes.extend(count(length).to_le_bytes());
            }
            bytes.extend(texts.put_some(self.soname.as_ref()).to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(tables);
            bytes.extend(texts.bytes);
            bytes
        }
    }

    /// The libraries section. The libraries must be sorted by entry.
    #[must_use]
    pub(crate) fn encode_libraries(libraries: &[(EntryIndex, NewLibrary)]) -> Vec<u8> {
        let rows_size = libraries.len().saturating_mul(LIBRARY_ROW_SIZE);
        let (mut rows, mut records) = (Vec::new(), Vec::new());
        for (entry, library) in libraries {
            let offset = LIBRARIES_HEADER_SIZE.saturating_add(rows_size).saturating_add(records.len());
            let record = library.encode();
            rows.extend(entry.0.to_le_bytes());
            rows.extend((library.way as u32).to_le_bytes());
            rows.extend(library.address.to_le_bytes());
            rows.extend(library.span.to_le_bytes());
            rows.extend(count(offset).to_le_bytes());
            rows.extend(count(record.len()).to_le_bytes());
            rows.extend(checksum(&record).to_le_bytes());
            rows.extend(0_u64.to_le_bytes());
            records.extend(record);
            records.resize(records.len().next_multiple_of(8), 0);
        }
        let mut bytes = Vec::new();
        bytes.extend(count(libraries.len()).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(rows);
        bytes.extend(records);
        bytes
    }

    const _: () = assert!(LIBRARY_RECORD_SIZE.is_multiple_of(8));

    /// OK because a payload has far fewer than 2^32 of anything counted here; a record that is cut short is refused.
    fn count(value: usize) -> u32 {
        u32::try_from(value).unwrap_or(u32::MAX)
    }
}
