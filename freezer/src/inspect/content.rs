//! The files of a payload as they were before they were frozen.
//!
//! Comes in: a payload. Goes out: paths, and bytes: decompressed, and a mapped library put together again from its
//! image and what the image lacks. Nothing that a payload says is trusted: damage is a sentence with the file's path.

use pyfreeze_format::{Entry, Library, PAYLOAD_ADDRESS, Payload};

use crate::payload::decompressed;

/// What is wrong with a file of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDamage {
    /// Its path below the virtual root.
    pub path: String,
}

/// The path of an entry below the virtual root, as far as it can be told.
pub(super) fn path_text(payload: &Payload<'_>, entry: &Entry<'_>) -> String {
    let mut names = Vec::new();
    // OK because an entry that lies too deep still has a name to show.
    let _ = payload.path_components(entry, |name| names.push(String::from_utf8_lossy(name).into_owned()));
    names.join("/")
}

/// A file's bytes as the program reads them; `None` for one that it can't open.
///
/// # Errors
/// [`FileDamage`] when they can't be read.
pub fn content(payload: &Payload<'_>, entry: &Entry<'_>) -> Result<Option<Vec<u8>>, FileDamage> {
    let damage = || FileDamage { path: path_text(payload, entry) };
    let Some(blob) = payload.content(entry).map_err(|_| damage())? else { return Ok(None) };
    let bytes = decompressed(blob).ok_or_else(damage)?;
    if !entry.is_library {
        return Ok(Some(bytes));
    }
    let libraries = payload.libraries().map_err(|_| damage())?;
    let library = libraries.find(entry.index).and_then(|index| libraries.get(index).ok()).ok_or_else(damage)?;
    if library.row.span == 0 {
        return Ok(Some(bytes));
    }
    library_file(payload, &library, &bytes).map(Some).ok_or_else(damage)
}

/// A module's code bytes; `None` for a file that is none.
///
/// # Errors
/// [`FileDamage`] when they can't be read.
pub fn code(payload: &Payload<'_>, entry: &Entry<'_>) -> Result<Option<Vec<u8>>, FileDamage> {
    let damage = || FileDamage { path: path_text(payload, entry) };
    let Some(blob) = payload.code(entry).map_err(|_| damage())? else { return Ok(None) };
    decompressed(blob).map(Some).ok_or_else(damage)
}

/// The content of the file at a path below the virtual root, if there is one that can be read.
#[must_use]
pub(super) fn content_at(payload: &Payload<'_>, path: &str) -> Option<Vec<u8>> {
    content(payload, &payload.walk(path.as_bytes())?).ok().flatten()
}

/// The file of a mapped library: each piece from the image, or the next bytes of `rest`.
fn library_file(payload: &Payload<'_>, library: &Library<'_>, mut rest: &[u8]) -> Option<Vec<u8>> {
    let image_start = library.row.address.checked_sub(PAYLOAD_ADDRESS)?;
    let image_end = image_start.checked_add(library.row.span)?;
    let image = payload.bytes().get(usize::try_from(image_start).ok()?..usize::try_from(image_end).ok()?)?;
    // A file has no more bytes than its pieces, and they lie in the payload.
    let mut file = Vec::new();
    for piece in library.pieces() {
        let size = usize::try_from(piece.size).ok()?;
        let bytes = match piece.image_address {
            Some(address) => {
                let start = usize::try_from(address).ok()?;
                image.get(start..start.checked_add(size)?)?
            }
            None => {
                let (bytes, more) = rest.split_at_checked(size)?;
                rest = more;
                bytes
            }
        };
        if usize::try_from(piece.file_offset).ok()? != file.len() {
            return None;
        }
        file.extend_from_slice(bytes);
    }
    (file.len() as u64 == library.facts.file_size).then_some(file)
}
