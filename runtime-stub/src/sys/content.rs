//! What the program reads when it opens a file of the payload.
//!
//! Most files are one blob. A mapped library is put together: from its image what does not change when it is linked,
//! the rest from its blob.

use core::slice;

use pyfreeze_format::{Blob, Entry, Library, LibraryWay};

use crate::sys::object::Scratch;
use crate::sys::{state, zstd};

/// A file's content, not yet decoded.
#[allow(clippy::large_enum_variant, reason = "lives on the stack for one call; there is no allocator")]
pub(crate) enum Content {
    Blob(Blob<'static>),
    Library { library: Library<'static>, rest: Blob<'static> },
}

/// The content of a file; `None` for a directory, a file without content, and a damaged payload.
pub(crate) fn of(entry: &Entry<'static>) -> Option<Content> {
    let payload = state::payload()?;
    let blob = payload.content(entry).ok().flatten()?;
    if !entry.is_library {
        return Some(Content::Blob(blob));
    }
    let libraries = payload.libraries().ok()?;
    let library = libraries.get(libraries.find(entry.index)?).ok()?;
    Some(match library.row.way {
        LibraryWay::Memory | LibraryWay::Cache | LibraryWay::Beside => Content::Blob(blob),
        LibraryWay::Mapped => Content::Library { library, rest: blob },
    })
}

impl Content {
    /// Bytes of the file.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Blob(blob) => u64::from(blob.size),
            Self::Library { library, .. } => library.facts.file_size,
        }
    }

    /// Writes the file's bytes to `destination`; false when they are damaged.
    ///
    /// # Safety
    /// `destination` points to `self.size()` writable bytes that nobody else uses.
    pub(crate) unsafe fn write(&self, destination: *mut u8) -> bool {
        match self {
            // SAFETY: the caller vouches for the destination.
            Self::Blob(blob) => unsafe { zstd::decode(blob, destination) },
            Self::Library { library, rest } => {
                let Ok(size) = usize::try_from(self.size()) else { return false };
                // SAFETY: the caller vouches for the destination.
                let file = unsafe { slice::from_raw_parts_mut(destination, size) };
                put_together(library, rest, file)
            }
        }
    }
}

fn put_together(library: &Library<'static>, rest: &Blob<'static>, file: &mut [u8]) -> bool {
    let Some(scratch) = Scratch::new(rest.size as usize) else { return false };
    // SAFETY: the scratch memory has `rest.size` bytes and is ours.
    if !unsafe { zstd::decode(rest, scratch.pointer()) } {
        return false;
    }
    // SAFETY: `decode` has written all bytes, and the scratch memory outlives the slice.
    let mut rest = unsafe { slice::from_raw_parts(scratch.pointer(), rest.size as usize) };
    library.pieces().all(|piece| {
        let (Ok(start), Ok(size)) = (usize::try_from(piece.file_offset), usize::try_from(piece.size)) else {
            return false;
        };
        let place = start.checked_add(size).and_then(|end| file.get_mut(start..end));
        let bytes = match piece.image_address {
            Some(address) => image_bytes(library, address, size),
            None => rest.split_at_checked(size).map(|(bytes, more)| {
                rest = more;
                bytes
            }),
        };
        let (Some(place), Some(bytes)) = (place, bytes) else { return false };
        place.copy_from_slice(bytes);
        true
    })
}

/// Bytes of a segment that is never written.
fn image_bytes(library: &Library<'static>, address: u64, size: usize) -> Option<&'static [u8]> {
    let end = address.checked_add(size as u64)?;
    let place = library.row.address.checked_add(address)? as *const u8;
    // SAFETY: the image lies in the payload, which is mapped as long as the process lives, and the build has chosen
    // only pieces of segments that are not writable.
    (end <= library.row.span).then(|| unsafe { slice::from_raw_parts(place, size) })
}
