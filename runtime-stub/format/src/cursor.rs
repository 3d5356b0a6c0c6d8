//! Reading little-endian values without a panicking method.

use crate::FormatError;

/// A position in a byte slice. Every read either yields a value and moves on, or says that bytes are missing.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A cursor at the first of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `size` bytes.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when fewer are left.
    pub fn bytes(&mut self, size: usize) -> Result<&'a [u8], FormatError> {
        let (bytes, rest) = self.rest.split_at_checked(size).ok_or(FormatError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        self.bytes(N)?.try_into().map_err(|_| FormatError::Truncated)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, FormatError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// The next two bytes, little-endian.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when fewer are left.
    pub fn u16(&mut self) -> Result<u16, FormatError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// The next four bytes, little-endian.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when fewer are left.
    pub fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// The next eight bytes, little-endian.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when fewer are left.
    pub fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64::from_le_bytes(self.array()?))
    }
}
