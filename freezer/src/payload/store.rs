//! How each file's bytes are stored: as they are, or as a zstd frame.

use std::borrow::Cow;

use pyfreeze_format::{NewBlob, NewFile, Placement};

use super::{PackedLibrary, PayloadError};
use crate::contents::{DataFile, FileContent, Module, ModuleCode, ModuleSource, Temperature};
use crate::libraries::PlannedLibrary;

/// Fast enough that a warm rebuild does not notice it; level 19, which the runtime pack's files have, takes a
/// hundred times as long for a fifth less.
const LEVEL: i32 = 3;

/// Below this a frame's own header eats what compression gains.
const SMALLEST_FRAME_INPUT: usize = 128;

/// A data file is stored as a frame only if that saves an eighth: a plain file is used in place, a frame must be
/// decoded at every opening. Images, wheels and fonts stay plain by this rule, texts don't.
const DATA_SAVING_DIVISOR: usize = 8;

/// Stores a module: its code, and its source if that rides along.
pub(super) fn module<'a>(module: &'a Module, library: &PackedLibrary<'a>) -> Result<NewFile<'a>, PayloadError> {
    let is_hot = module.temperature == Temperature::Hot;
    let code = match (&module.code, is_hot) {
        (ModuleCode::Bytes(code), true) => NewBlob::plain(Cow::Borrowed(code), Placement::Hot),
        (ModuleCode::Bytes(code), false) => compressed(code, LEVEL),
        (ModuleCode::Pack, true) => NewBlob::plain(Cow::Owned(library.code(&module.path)?), Placement::Hot),
        (ModuleCode::Pack, false) => library.stored_code(&module.path)?,
    };
    let source = match &module.source {
        Some(ModuleSource::Bytes(source)) => Some(compressed(source, LEVEL)),
        Some(ModuleSource::Pack) => Some(library.stored_content(&module.path)?),
        None => None,
    };
    Ok(NewFile { content: source, code: Some(code), ..NewFile::default() })
}

/// Stores a data file, reading it if it is on disk.
pub(super) fn data_file<'a>(file: &'a DataFile, library: &PackedLibrary<'a>) -> Result<NewFile<'a>, PayloadError> {
    let content = match &file.content {
        FileContent::Disk(path) => {
            let read = std::fs::read(path).map_err(|source| PayloadError::Read { path: path.clone(), source })?;
            data(Cow::Owned(read))
        }
        FileContent::Bytes(bytes) => data(Cow::Borrowed(bytes)),
        FileContent::Pack => library.stored_content(&file.path)?,
    };
    Ok(NewFile { content: Some(content), is_executable: file.is_executable, ..NewFile::default() })
}

/// Stores a shared library: of one that is mapped what its image lacks, of one that is copied to memory everything,
/// as it is, since it is copied at every start.
pub(super) fn shared_library<'a>(library: &PlannedLibrary<'a>) -> NewFile<'a> {
    let content = match library.stored_bytes() {
        bytes if library.image_size() == 0 => NewBlob::plain(bytes, Placement::Cold),
        bytes => owned(compressed(&bytes, LEVEL)),
    };
    NewFile { content: Some(content), is_executable: true, library_size: Some(library.image_size()), code: None }
}

/// Stores a file whose bytes are known.
pub(super) fn plain_file(bytes: &[u8]) -> NewFile<'_> {
    NewFile { content: Some(data(Cow::Borrowed(bytes))), ..NewFile::default() }
}

fn owned<'a>(blob: NewBlob<'_>) -> NewBlob<'a> {
    NewBlob { stored: Cow::Owned(blob.stored.into_owned()), size: blob.size, placement: blob.placement }
}

fn data(bytes: Cow<'_, [u8]>) -> NewBlob<'_> {
    let frame = compressed(&bytes, LEVEL);
    if frame.stored.len() <= bytes.len() - bytes.len() / DATA_SAVING_DIVISOR && frame.stored.len() < bytes.len() {
        return owned(frame);
    }
    NewBlob::plain(bytes, Placement::Cold)
}

/// A blob of these bytes, as a zstd frame where that is smaller.
#[must_use]
pub fn compressed(bytes: &[u8], level: i32) -> NewBlob<'_> {
    let frame = (bytes.len() >= SMALLEST_FRAME_INPUT).then(|| zstd::bulk::compress(bytes, level).ok()).flatten();
    match frame {
        // A frame of the data's own size would be read as plain data.
        Some(frame) if frame.len() < bytes.len() => NewBlob::compressed(Cow::Owned(frame), bytes.len() as u64),
        _ => NewBlob::plain(Cow::Borrowed(bytes), Placement::Cold),
    }
}

/// The data of a stored blob; `None` when its frame is damaged or does not give `size` bytes.
#[must_use]
pub fn decompressed(blob: pyfreeze_format::Blob<'_>) -> Option<Vec<u8>> {
    if !blob.is_compressed() {
        return Some(blob.stored.to_vec());
    }
    let data = zstd::bulk::decompress(blob.stored, blob.size as usize).ok()?;
    (data.len() == blob.size as usize).then_some(data)
}
