//! Stub + payload → image: the bytes of the executable.
//!
//! Comes in: the runtime's stub and a payload. Goes out: an [`Image`], whose parts are borrowed as far as they
//! are unchanged. It must never move a byte of the stub: what sections don't describe would be lost.
//! One file per executable format, each with the same `graft`.

pub mod elf;

pub use elf::{ImageError, graft};

/// Counts up when the same stub and payload would give other bytes: part of every cache key of an image.
///
/// * 1: first version.
/// * 2: the digest of the whole file in the payload's trailer.
pub const GRAFT_VERSION: u32 = 2;

/// The bytes of an executable, as consecutive parts.
#[derive(Debug)]
pub struct Image<'a> {
    parts: [Part<'a>; 6],
    payload_offset: u64,
}

#[cfg(test)]
impl<'a> Image<'a> {
    /// An image that is nothing but these bytes.
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Self {
        let empty = || Part::Borrowed(&[]);
        Self { parts: [Part::Borrowed(bytes), empty(), empty(), empty(), empty(), empty()], payload_offset: 0 }
    }
}

#[derive(Debug)]
enum Part<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl Part<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Image<'_> {
    /// The parts whose concatenation is the executable.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(Part::bytes)
    }

    /// Bytes of the executable.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.parts().map(|part| part.len() as u64).sum()
    }

    /// Where the payload lies in the executable.
    #[must_use]
    pub fn payload_offset(&self) -> u64 {
        self.payload_offset
    }
}

#[cfg(test)]
mod tests;
