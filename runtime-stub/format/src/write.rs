//! Writing a payload.
//!
//! Comes in: files by path, start settings, further sections. Goes out: the payload's bytes, the same for the
//! same input in whatever order it was added. It must not compress or read files: callers bring stored bytes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{fmt, mem};

use crate::layout::{
    BlobRecord, CHECKSUM_OFFSET, CHECKSUM_SIZE, DIGEST_SIZE, END_MAGIC, ENTRY_EXECUTABLE, ENTRY_LIBRARY, EntryRecord,
    HEADER_SIZE, Header, MAX_BLOB_SIZE, MAX_DEPTH, MAX_ENTRY_COUNT, MAX_NAME_SIZE, NO_BLOB, SECTION_REQUIRED,
    SECTION_SIZE, SectionRow, TRAILER_SIZE, head_checksum, name_hash,
};
use crate::libraries::{LibraryIndex, NewLibrary, encode_libraries};
use crate::{EntryIndex, EntryKind, EntryPointKind, PAGE_SIZE, PAYLOAD_ADDRESS, SectionKind, SettingKey, SnapshotUse};

/// Where a blob is put among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placement {
    /// Used at start: first in the data section, packed to 16 bytes.
    Hot,
    /// Used now and then: after the hot ones, packed.
    Cold,
    /// Mapped by itself: on a page of its own, after the others.
    Page,
}

impl Placement {
    fn alignment(self) -> usize {
        match self {
            Self::Hot | Self::Cold => 16,
            // OK because PAGE_SIZE is 4096.
            Self::Page => usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX),
        }
    }
}

/// Bytes to store.
#[derive(Clone, Debug)]
pub struct NewBlob<'a> {
    /// The data itself, or a zstd frame of it that is not of the same size.
    pub stored: Cow<'a, [u8]>,
    /// Bytes once decoded.
    pub size: u64,
    /// Where to put it.
    pub placement: Placement,
}

impl<'a> NewBlob<'a> {
    /// A blob stored as it is.
    #[must_use]
    pub fn plain(data: Cow<'a, [u8]>, placement: Placement) -> Self {
        Self { size: data.len() as u64, stored: data, placement }
    }

    /// A blob stored as a zstd frame that decodes to `size` bytes. The frame must not be of that very size,
    /// by which a reader tells plain from compressed: callers keep data plain that does not shrink.
    #[must_use]
    pub fn compressed(frame: Cow<'a, [u8]>, size: u64) -> Self {
        Self { stored: frame, size, placement: Placement::Cold }
    }
}

/// A file to store.
#[derive(Clone, Debug, Default)]
pub struct NewFile<'a> {
    /// What the program reads when it opens the file; `None` hides the file from listings.
    pub content: Option<NewBlob<'a>>,
    /// Code bytes, for a module.
    pub code: Option<NewBlob<'a>>,
    /// True for an executable file.
    pub is_executable: bool,
    /// For a shared library: bytes of its image; 0 for one that the dynamic loader loads.
    pub library_size: Option<u64>,
}

/// Where a shared library has come to lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedLibrary {
    /// Its path below the virtual root.
    pub path: String,
    /// Its position among the libraries, to which others refer.
    pub index: LibraryIndex,
    /// Where its image will lie in memory; 0 without one.
    pub address: u64,
}

/// A shared library, linked for its place.
#[derive(Clone, Debug)]
pub struct LinkedLibrary {
    /// The bytes of its image, as many as were announced.
    pub image: Vec<u8>,
    /// How it is brought to run.
    pub description: NewLibrary,
}

/// Links a library for the place that it has come to: called once all places are known, for each in order.
pub type Linker<'l> = dyn FnMut(&[PlacedLibrary]) -> Vec<LinkedLibrary> + 'l;

/// The start settings, spelled out: see [`SettingKey`] for each.
#[derive(Clone, Debug)]
pub struct NewSettings {
    /// How the program is run.
    pub entry_point_kind: EntryPointKind,
    /// The entry point's path below the virtual root.
    pub entry_point_path: String,
    /// 0, 1 or 2.
    pub optimization: u32,
    /// The standard library's directory below the virtual root.
    pub library_path: String,
    /// `sys.path`, below the virtual root.
    pub search_path: Vec<String>,
    /// Interpreter options.
    pub python_options: Vec<String>,
    /// The Python version.
    pub python_version: String,
}

impl NewSettings {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |key: SettingKey, value: &[u8]| {
            bytes.extend((key as u32).to_le_bytes());
            // OK because settings are short texts; a size of 0 would be refused by the reread in `finish`.
            bytes.extend(u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
            bytes.extend(value);
        };
        put(SettingKey::EntryPointKind, &(self.entry_point_kind as u32).to_le_bytes());
        put(SettingKey::EntryPointPath, self.entry_point_path.as_bytes());
        put(SettingKey::Optimization, &self.optimization.to_le_bytes());
        put(SettingKey::LibraryPath, self.library_path.as_bytes());
        self.search_path.iter().for_each(|path| put(SettingKey::SearchPath, path.as_bytes()));
        self.python_options.iter().for_each(|option| put(SettingKey::PythonOption, option.as_bytes()));
        put(SettingKey::PythonVersion, self.python_version.as_bytes());
        put(SettingKey::Snapshot, &(SnapshotUse::None as u32).to_le_bytes());
        bytes
    }
}

/// Why a payload can't be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// A path is empty, absolute, too long, too deep, or has an empty, `.` or `..` component.
    Path(String),
    /// Two files have the same path, or a file has the path of a directory.
    Duplicate(String),
    /// A blob is larger than the format allows, or its stored size contradicts its size.
    BlobSize(String),
    /// There are more entries than the format allows.
    TooManyEntries(usize),
    /// A library was linked to another size than was announced.
    Library(String),
}

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(formatter, "Cannot store a file under this path: `{path}`"),
            Self::Duplicate(path) => write!(formatter, "Two files have the same path: `{path}`"),
            Self::BlobSize(path) => write!(formatter, "File is too large for the payload format: `{path}`"),
            Self::Library(path) => write!(formatter, "Shared library was linked to another size: `{path}`"),
            Self::TooManyEntries(count) => write!(formatter, "Too many files for one payload: {count}"),
        }
    }
}

impl std::error::Error for WriteError {}

#[derive(Default)]
struct Directory<'a> {
    children: BTreeMap<String, Node<'a>>,
}

enum Node<'a> {
    Directory(Directory<'a>),
    File(NewFile<'a>),
}

/// Collects files and writes the payload.
#[derive(Default)]
pub struct PayloadWriter<'a> {
    root: Directory<'a>,
}

impl<'a> PayloadWriter<'a> {
    /// A writer with an empty root directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file at a `/`-separated path below the virtual root, making its directories.
    ///
    /// # Errors
    /// [`WriteError`] when the path or a size does not fit the format, or the path is taken.
    pub fn add_file(&mut self, path: &str, file: NewFile<'a>) -> Result<(), WriteError> {
        check_path(path)?;
        let blobs = [&file.content, &file.code];
        if blobs.into_iter().flatten().any(|blob| !has_good_size(blob)) {
            return Err(WriteError::BlobSize(path.to_string()));
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = self.directory(parent)?;
        if directory.children.contains_key(name) {
            return Err(WriteError::Duplicate(path.to_string()));
        }
        directory.children.insert(name.to_string(), Node::File(file));
        Ok(())
    }

    /// Adds a directory, which may stay empty, and its parents.
    ///
    /// # Errors
    /// [`WriteError`] when the path does not fit the format or a file has it.
    pub fn add_directory(&mut self, path: &str) -> Result<(), WriteError> {
        check_path(path)?;
        self.directory(path).map(|_| ())
    }

    fn directory(&mut self, path: &str) -> Result<&mut Directory<'a>, WriteError> {
        let mut directory = &mut self.root;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let node =
                directory.children.entry(name.to_string()).or_insert_with(|| Node::Directory(Directory::default()));
            directory = match node {
                Node::Directory(directory) => directory,
                Node::File(_) => return Err(WriteError::Duplicate(path.to_string())),
            };
        }
        Ok(directory)
    }

    /// Writes the payload: head, data, digests, then `sections` (such as the manifest) and the trailer. It has no
    /// snapshot; [`with_snapshot`](crate::with_snapshot) gives it one.
    ///
    /// # Errors
    /// [`WriteError`] when a limit of the format is passed.
    pub fn finish(self, settings: &NewSettings, sections: &[(SectionKind, Vec<u8>)]) -> Result<Vec<u8>, WriteError> {
        self.finish_with_libraries(settings, sections, &mut |_| Vec::new())
    }

    /// As [`Self::finish`], for a payload with shared libraries.
    ///
    /// # Errors
    /// As [`Self::finish`], and [`WriteError::Library`] when the linker gives an image of another size.
    pub fn finish_with_libraries(
        self,
        settings: &NewSettings,
        sections: &[(SectionKind, Vec<u8>)],
        linker: &mut Linker<'_>,
    ) -> Result<Vec<u8>, WriteError> {
        let tree = Tree::flatten(self.root)?;
        let mut sections: Vec<_> =
            sections.iter().map(|(kind, data)| (*kind, Cow::Borrowed(data.as_slice()))).collect();
        let mut head =
            Head::new(&tree, settings, sections.len().saturating_add(usize::from(!tree.libraries.is_empty())));
        let mut bytes = std::vec![0; align(head.size(), Placement::Hot.alignment())];
        let data_start = bytes.len();
        let records = tree.put_blobs(&mut bytes);
        if !tree.libraries.is_empty() {
            sections.insert(0, (SectionKind::Libraries, Cow::Owned(tree.link(&mut bytes, &records, linker)?)));
        }
        head.rows.push(row(SectionKind::Data, data_start, bytes.len()));
        let digests = records.iter().flat_map(|blob| *blake3::hash(stored(&bytes, blob)).as_bytes()).collect();
        let digests: Vec<u8> = digests;
        for (kind, data) in std::iter::once((SectionKind::Digests, Cow::Owned(digests))).chain(sections) {
            bytes.resize(align(bytes.len(), 16), 0);
            let start = bytes.len();
            bytes.extend(data.iter());
            head.rows.push(row(kind, start, bytes.len()));
        }
        bytes.resize(align(bytes.len(), 16), 0);
        head.rows.push(row(SectionKind::Snapshot, bytes.len(), bytes.len()));
        head.put(&mut bytes, &records);
        put_trailer(&mut bytes);
        Ok(bytes)
    }
}

/// Ends a payload that is complete but for its trailer, as one in a file of its own.
pub(crate) fn put_trailer(bytes: &mut Vec<u8>) {
    let digest = *blake3::hash(bytes).as_bytes();
    bytes.extend(digest);
    bytes.extend(file_digest([], &digest, []));
    bytes.extend(END_MAGIC);
}

/// The digest of a file that holds a payload: over the bytes before it, its digest, and those behind it. Whoever knows it
/// knows the whole file, and computing it for another file around the same payload does not need the payload's bytes.
#[must_use]
pub fn file_digest<'p>(
    before: impl IntoIterator<Item = &'p [u8]>,
    payload_digest: &[u8; DIGEST_SIZE],
    behind: impl IntoIterator<Item = &'p [u8]>,
) -> [u8; DIGEST_SIZE] {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(part);
    };
    before.into_iter().for_each(&mut add);
    add(payload_digest);
    behind.into_iter().for_each(&mut add);
    *hasher.finalize().as_bytes()
}

/// A payload's trailer for a file where these bytes stand before and behind the payload; `None` if `payload` does not end
/// with a trailer.
#[must_use]
pub fn trailer_in_file<'p>(
    payload: &[u8],
    before: impl IntoIterator<Item = &'p [u8]>,
    behind: impl IntoIterator<Item = &'p [u8]>,
) -> Option<[u8; TRAILER_SIZE]> {
    let mut trailer: [u8; TRAILER_SIZE] = *payload.last_chunk()?;
    let (digest, rest) = trailer.split_first_chunk_mut::<DIGEST_SIZE>()?;
    let (of_file, end) = rest.split_first_chunk_mut::<DIGEST_SIZE>()?;
    *of_file = file_digest(before, digest, behind);
    (*end == END_MAGIC).then_some(trailer)
}

fn has_good_size(blob: &NewBlob<'_>) -> bool {
    blob.size <= MAX_BLOB_SIZE && blob.stored.len() as u64 <= MAX_BLOB_SIZE
}

fn check_path(path: &str) -> Result<(), WriteError> {
    let is_good_name = |name: &str| !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME_SIZE;
    let is_good = path.split('/').all(is_good_name) && path.split('/').count() < MAX_DEPTH && !path.contains('\0');
    if is_good { Ok(()) } else { Err(WriteError::Path(path.to_string())) }
}

/// The tree in breadth-first order, its blobs apart and each stored once.
struct Tree<'a> {
    entries: Vec<EntryRecord>,
    names: Vec<u8>,
    blobs: Vec<NewBlob<'a>>,
    /// In the order of their entries.
    libraries: Vec<TreeLibrary>,
}

struct TreeLibrary {
    entry: usize,
    image: Option<usize>,
}

impl<'a> Tree<'a> {
    fn flatten(root: Directory<'a>) -> Result<Self, WriteError> {
        let mut tree = Self { entries: Vec::new(), names: Vec::new(), blobs: Vec::new(), libraries: Vec::new() };
        let mut blob_indices = HashMap::new();
        let mut name_offsets = HashMap::new();
        tree.push("", 0, &mut name_offsets);
        let mut level = std::vec![(0_usize, root)];
        while !level.is_empty() {
            let mut next_level = Vec::new();
            for (index, directory) in mem::take(&mut level) {
                let first = tree.entries.len();
                let count = directory.children.len();
                tree.make_directory(index, first, count);
                for (name, node) in directory.children {
                    let child = tree.push(&name, index, &mut name_offsets);
                    match node {
                        Node::Directory(directory) => next_level.push((child, directory)),
                        Node::File(file) => tree.make_file(child, file, &mut blob_indices),
                    }
                }
            }
            level = next_level;
        }
        for library in &mut tree.libraries {
            // Images come last among the blobs, in the order of their entries, so that their addresses ascend too.
            library.image = library.image.take().map(|size| {
                let stored = Cow::Owned(std::vec![0; size]);
                tree.blobs.push(NewBlob { size: size as u64, stored, placement: Placement::Page });
                tree.blobs.len().saturating_sub(1)
            });
        }
        if tree.entries.len() > MAX_ENTRY_COUNT as usize {
            return Err(WriteError::TooManyEntries(tree.entries.len()));
        }
        Ok(tree)
    }

    fn push(&mut self, name: &str, parent: usize, name_offsets: &mut HashMap<String, usize>) -> usize {
        let offset = *name_offsets.entry(name.to_string()).or_insert_with(|| {
            let offset = self.names.len();
            self.names.extend(name.as_bytes());
            offset
        });
        self.entries.push(EntryRecord {
            name_offset: count(offset),
            // OK because `check_path` limits names to MAX_NAME_SIZE.
            name_size: u16::try_from(name.len()).unwrap_or(u16::MAX),
            kind: EntryKind::File as u8,
            flags: 0,
            parent: count(parent),
            first: NO_BLOB,
            second: NO_BLOB,
        });
        self.entries.len().saturating_sub(1)
    }

    fn make_directory(&mut self, index: usize, first: usize, child_count: usize) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.kind = EntryKind::Directory as u8;
            entry.first = count(first);
            entry.second = count(child_count);
        }
    }

    fn make_file(&mut self, index: usize, file: NewFile<'a>, indices: &mut HashMap<(blake3::Hash, u64), u32>) {
        let mut put = |blob: Option<NewBlob<'a>>| {
            let Some(blob) = blob else { return NO_BLOB };
            let key = (blake3::hash(&blob.stored), blob.size);
            *indices.entry(key).or_insert_with(|| {
                self.blobs.push(blob);
                count(self.blobs.len().saturating_sub(1))
            })
        };
        let (first, second) = (put(file.content), put(file.code));
        if let Some(entry) = self.entries.get_mut(index) {
            entry.first = first;
            entry.second = second;
            entry.flags = if file.is_executable { ENTRY_EXECUTABLE } else { 0 };
            if let Some(size) = file.library_size {
                entry.flags |= ENTRY_LIBRARY;
                let image = usize::try_from(size).ok().filter(|size| *size > 0);
                self.libraries.push(TreeLibrary { entry: index, image });
            }
        }
    }

    /// Has the libraries linked for where they have come to lie, puts their images there, and describes them.
    fn link(&self, bytes: &mut [u8], blobs: &[BlobRecord], linker: &mut Linker<'_>) -> Result<Vec<u8>, WriteError> {
        let blob = |library: &TreeLibrary| library.image.and_then(|index| blobs.get(index));
        let address = |library| blob(library).map_or(0, |blob| PAYLOAD_ADDRESS.saturating_add(blob.offset));
        let placed = self.libraries.iter().enumerate().map(|(index, library)| PlacedLibrary {
            path: self.path(library.entry),
            index: LibraryIndex(count(index)),
            address: address(library),
        });
        let placed: Vec<_> = placed.collect();
        let mut described = Vec::new();
        for ((library, linked), placed) in self.libraries.iter().zip(linker(&placed)).zip(&placed) {
            let size = blob(library).map_or(0, |blob| blob.stored_size as usize);
            if linked.image.len() != size {
                return Err(WriteError::Library(placed.path.clone()));
            }
            if let Some(blob) = blob(library) {
                // OK because the writer has just made room there, in memory.
                overwrite(bytes, usize::try_from(blob.offset).unwrap_or(usize::MAX), &linked.image);
            }
            described.push((EntryIndex(count(library.entry)), linked.description));
        }
        match placed.get(described.len()) {
            Some(placed) => Err(WriteError::Library(placed.path.clone())),
            None => Ok(encode_libraries(&described)),
        }
    }

    fn path(&self, entry: usize) -> String {
        let mut names = Vec::new();
        let mut index = entry;
        while let Some(entry) = self.entries.get(index).filter(|_| index != 0) {
            let start = entry.name_offset as usize;
            names.push(self.names.get(start..start.saturating_add(usize::from(entry.name_size))).unwrap_or(&[]));
            index = entry.parent as usize;
        }
        names.reverse();
        String::from_utf8_lossy(&names.join(&b'/')).into_owned()
    }

    /// Appends the blobs' bytes by placement and says where each went, in the order of the blob table.
    fn put_blobs(&self, bytes: &mut Vec<u8>) -> Vec<BlobRecord> {
        let mut order: Vec<usize> = (0..self.blobs.len()).collect();
        order.sort_by_key(|index| self.blobs.get(*index).map(|blob| blob.placement));
        let mut records = std::vec![BlobRecord { offset: 0, stored_size: 0, size: 0 }; self.blobs.len()];
        for index in order {
            let (Some(blob), Some(record)) = (self.blobs.get(index), records.get_mut(index)) else { continue };
            bytes.resize(align(bytes.len(), blob.placement.alignment()), 0);
            *record = BlobRecord {
                offset: bytes.len() as u64,
                stored_size: count(blob.stored.len()),
                // OK because `add_file` has checked the size.
                size: u32::try_from(blob.size).unwrap_or(u32::MAX),
            };
            bytes.extend_from_slice(&blob.stored);
        }
        records
    }

    fn slots(&self) -> Vec<u8> {
        let slot_count = self.entries.len().saturating_mul(2).next_power_of_two();
        let mut slots = std::vec![0_u32; slot_count];
        for (index, entry) in self.entries.iter().enumerate().skip(1) {
            let start = entry.name_offset as usize;
            let name = self.names.get(start..start.saturating_add(usize::from(entry.name_size))).unwrap_or(&[]);
            let mut slot = name_hash(EntryIndex(entry.parent), name, b"") as usize & slot_count.saturating_sub(1);
            while slots.get(slot).is_some_and(|found| *found != 0) {
                slot = slot.saturating_add(1) & slot_count.saturating_sub(1);
            }
            if let Some(free) = slots.get_mut(slot) {
                *free = count(index.saturating_add(1));
            }
        }
        slots.into_iter().flat_map(u32::to_le_bytes).collect()
    }
}

/// The head sections and the rows of the section table, gathered until all offsets are known.
struct Head {
    settings: Vec<u8>,
    slots: Vec<u8>,
    entries: Vec<u8>,
    blob_count: usize,
    names: Vec<u8>,
    row_count: usize,
    rows: Vec<SectionRow>,
}

impl Head {
    /// `extra_count` is how many sections follow the data and digests.
    fn new(tree: &Tree<'_>, settings: &NewSettings, extra_count: usize) -> Self {
        Self {
            settings: settings.encode(),
            slots: tree.slots(),
            entries: tree.entries.iter().flat_map(EntryRecord::encode).collect(),
            blob_count: tree.blobs.len(),
            names: tree.names.clone(),
            // Five sections in the head; data, digests and the snapshot, which `with_snapshot` gives later, behind it.
            row_count: extra_count.saturating_add(8),
            rows: Vec::new(),
        }
    }

    fn blobs_size(&self) -> usize {
        self.blob_count.saturating_mul(crate::layout::BLOB_SIZE)
    }

    fn parts(&self) -> [(SectionKind, usize); 5] {
        [
            (SectionKind::Settings, self.settings.len()),
            (SectionKind::Slots, self.slots.len()),
            (SectionKind::Entries, self.entries.len()),
            (SectionKind::Blobs, self.blobs_size()),
            (SectionKind::Names, self.names.len()),
        ]
    }

    fn size(&self) -> usize {
        let table_end = self.row_count.saturating_mul(SECTION_SIZE).saturating_add(HEADER_SIZE);
        self.parts().iter().fold(table_end, |end, (_, size)| align(end, 8).saturating_add(*size))
    }

    /// Writes the head over the zeros at the start of `bytes`, which is complete but for the trailer.
    fn put(self, bytes: &mut [u8], blobs: &[BlobRecord]) {
        let head_size = self.size();
        let header = Header {
            payload_size: bytes.len().saturating_add(TRAILER_SIZE) as u64,
            head_size: head_size as u64,
            section_count: count(self.row_count),
            entry_count: count(self.entries.len() / crate::layout::ENTRY_SIZE),
            slot_count: count(self.slots.len() / crate::layout::SLOT_SIZE),
            blob_count: count(self.blob_count),
            head_checksum: 0,
        };
        let mut rows = Vec::new();
        let mut end = self.row_count.saturating_mul(SECTION_SIZE).saturating_add(HEADER_SIZE);
        let blobs: Vec<u8> = blobs.iter().flat_map(BlobRecord::encode).collect();
        let contents = [&self.settings, &self.slots, &self.entries, &blobs, &self.names];
        for ((kind, _), content) in self.parts().into_iter().zip(contents) {
            let start = align(end, 8);
            end = start.saturating_add(content.len());
            overwrite(bytes, start, content);
            rows.push(row(kind, start, end));
        }
        rows.extend(self.rows);
        overwrite(bytes, 0, &header.encode());
        overwrite(bytes, HEADER_SIZE, &rows.iter().flat_map(SectionRow::encode).collect::<Vec<u8>>());
        let checksum = head_checksum(bytes.get(..head_size).unwrap_or(&[]));
        overwrite(bytes, CHECKSUM_OFFSET, &checksum.to_le_bytes());
    }
}

const _: () = assert!(CHECKSUM_SIZE == size_of::<u64>());
const _: () = assert!(DIGEST_SIZE == blake3::OUT_LEN);

fn row(kind: SectionKind, start: usize, end: usize) -> SectionRow {
    let size = end.saturating_sub(start) as u64;
    let flags = if kind.is_in_head() || kind == SectionKind::Data { SECTION_REQUIRED } else { 0 };
    SectionRow { kind: kind.number(), flags, offset: start as u64, size }
}

fn stored<'b>(bytes: &'b [u8], blob: &BlobRecord) -> &'b [u8] {
    // OK because the writer has just put the blob there, in memory.
    let start = usize::try_from(blob.offset).unwrap_or(usize::MAX);
    bytes.get(start..start.saturating_add(blob.stored_size as usize)).unwrap_or(&[])
}

fn overwrite(bytes: &mut [u8], start: usize, content: &[u8]) {
    if let Some(place) = bytes.get_mut(start..start.saturating_add(content.len())) {
        place.copy_from_slice(content);
    }
}

fn align(offset: usize, alignment: usize) -> usize {
    offset.next_multiple_of(alignment)
}

/// OK because every count is bounded by MAX_ENTRY_COUNT entries with two blobs and a name of 255 bytes each;
/// `Tree::flatten` refuses more.
fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
