//! The first bytes of a `.pyc` file.
//!
//! Comes in: a file's bytes. Goes out: a [`Header`] and the bytes behind it, or what is wrong. It never panics.
//!
//! Three layouts, told apart by the magic number: number and time (up to 3.2); number, time and size of the source (up to
//! 3.6); number, flags, and time and size or a hash of the source (PEP 552, from 3.7). All little-endian.

use pyfreeze_format::Cursor;
use serde::Serialize;

use super::magic::{Implementation, Origin, origin};
use crate::ui::hexadecimal_text;

/// What follows the number, so that a copy in text mode is noticed.
const LINE_BREAK: [u8; 2] = *b"\r\n";

/// CPython's first number with the source's size, and its first with flags.
const FIRST_WITH_SIZE: u16 = 3210;
const FIRST_WITH_FLAGS: u16 = 3392;
/// Numbers from here on are those of CPython 2.
const FIRST_OF_TWO: u16 = 20_000;

const FLAG_HASH: u32 = 1;
const FLAG_CHECKED: u32 = 2;

/// The header of a `.pyc` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The magic number.
    pub magic: u16,
    /// What writes it.
    #[serde(flatten)]
    pub origin: Origin,
    /// Bytes of the header.
    pub size: usize,
    /// The flags, where the layout has them.
    pub flags: Option<u32>,
    /// How the file is checked against its source.
    pub check: Check,
}

/// How a `.pyc` file is checked against its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Check {
    /// By the source's time and size.
    Time {
        /// Seconds since 1970, modulo 2^32.
        time: u32,
        /// Bytes, modulo 2^32.
        size: Option<u32>,
    },
    /// By the source's hash.
    Hash {
        /// The hash; as text, in the order of the file.
        #[serde(serialize_with = "in_order")]
        hash: u64,
        /// True if it is compared at every import.
        is_checked: bool,
    },
}

/// JSON's numbers are too small for it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn in_order<S: serde::Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&hash_text(*hash))
}

/// A hash as hexdump shows it in a file.
#[must_use]
pub fn hash_text(hash: u64) -> String {
    hexadecimal_text(&hash.to_le_bytes())
}

/// Why bytes have no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "problem")]
pub enum HeaderError {
    /// There are none.
    Empty,
    /// They end within the header.
    CutOff {
        /// Bytes that are there.
        size: usize,
    },
    /// The third and the fourth are not those of a line break.
    NoMagic,
    /// The number is nobody's.
    UnknownMagic {
        /// The number.
        number: u16,
    },
    /// Flags that no Python knows.
    UnknownFlags {
        /// The flags.
        flags: u32,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Time,
    TimeAndSize,
    Flags,
}

impl Layout {
    fn of(number: u16, origin: &Origin) -> Self {
        let has = |flags: bool, size: bool| match (flags, size) {
            (true, _) => Self::Flags,
            (false, true) => Self::TimeAndSize,
            (false, false) => Self::Time,
        };
        match origin.interpreter.implementation {
            Implementation::CPython if number >= FIRST_OF_TWO => Self::Time,
            // Within 3.3a1 and 3.7a4, so that the version does not tell.
            Implementation::CPython => has(number >= FIRST_WITH_FLAGS, number >= FIRST_WITH_SIZE),
            Implementation::PyPy => has(origin.interpreter.has_hashes(), origin.interpreter.has_importlib()),
        }
    }
}

/// The magic number of bytes that begin like a `.pyc` file.
///
/// # Errors
/// [`HeaderError`] when they don't.
pub fn magic_number(file: &[u8]) -> Result<u16, HeaderError> {
    let mut cursor = Cursor::new(file);
    let cut_off = |_| if file.is_empty() { HeaderError::Empty } else { HeaderError::CutOff { size: file.len() } };
    let number = cursor.u16().map_err(cut_off)?;
    let line_break: [u8; 2] = cursor.array().map_err(cut_off)?;
    if line_break == LINE_BREAK { Ok(number) } else { Err(HeaderError::NoMagic) }
}

/// The header, and the bytes behind it.
///
/// # Errors
/// [`HeaderError`].
pub fn header(file: &[u8]) -> Result<(Header, &[u8]), HeaderError> {
    let magic = magic_number(file)?;
    let origin = origin(magic).ok_or(HeaderError::UnknownMagic { number: magic })?;
    let cut_off = |_| HeaderError::CutOff { size: file.len() };
    let mut cursor = Cursor::new(file.get(4..).unwrap_or(&[]));
    let layout = Layout::of(magic, &origin);
    let flags = if layout == Layout::Flags { Some(cursor.u32().map_err(cut_off)?) } else { None };
    let bits = flags.unwrap_or(0);
    let check = if bits & FLAG_HASH != 0 {
        Check::Hash { hash: cursor.u64().map_err(cut_off)?, is_checked: bits & FLAG_CHECKED != 0 }
    } else {
        let time = cursor.u32().map_err(cut_off)?;
        let size = if layout == Layout::Time { None } else { Some(cursor.u32().map_err(cut_off)?) };
        Check::Time { time, size }
    };
    if bits & !(FLAG_HASH | FLAG_CHECKED) != 0 {
        return Err(HeaderError::UnknownFlags { flags: bits });
    }
    let size = file.len().saturating_sub(cursor.rest().len());
    Ok((Header { magic, origin, size, flags, check }, cursor.rest()))
}

#[cfg(test)]
mod tests {
    use super::{Check, HeaderError, header};

    fn file(number: u16, rest: &[u32]) -> Vec<u8> {
        let words = rest.iter().flat_map(|word| word.to_le_bytes());
        number.to_le_bytes().into_iter().chain(*b"\r\n").chain(words).chain(*b"code").collect()
    }

    #[test]
    fn layouts_by_number() {
        let time = |size| Check::Time { time: 7, size };
        let hash = |is_checked| Check::Hash { hash: 9 << 32 | 8, is_checked };
        let cases: &[(u16, &[u32], Check)] = &[
            (62211, &[7], time(None)),
            (3180, &[7], time(None)),
            (3200, &[7], time(None)),
            (3210, &[7, 5], time(Some(5))),
            (3391, &[7, 5], time(Some(5))),
            (3392, &[0, 7, 5], time(Some(5))),
            (3571, &[1, 8, 9], hash(false)),
            (3571, &[3, 8, 9], hash(true)),
            // As CPython: the second flag alone means nothing.
            (3571, &[2, 7, 5], time(Some(5))),
            (3666, &[0, 7, 5], time(Some(5))),
            (62218, &[7], time(None)),
            (192, &[7, 5], time(Some(5))),
            (336, &[3, 8, 9], hash(true)),
        ];
        for (number, words, check) in cases {
            let bytes = file(*number, words);
            let (header, code) = header(&bytes).unwrap();
            assert_eq!((header.check, code), (*check, &b"code"[..]), "{number}");
            assert_eq!(header.size, 4 + 4 * words.len());
        }
    }

    #[test]
    fn what_is_no_header() {
        assert_eq!(header(b""), Err(HeaderError::Empty));
        assert_eq!(header(b"\xf3\x0d\r"), Err(HeaderError::CutOff { size: 3 }));
        assert_eq!(header(b"import os\n"), Err(HeaderError::NoMagic));
        assert_eq!(header(&file(9999, &[])), Err(HeaderError::UnknownMagic { number: 9999 }));
        assert_eq!(header(&file(3571, &[4, 0, 0])), Err(HeaderError::UnknownFlags { flags: 4 }));
        let whole = file(3571, &[3, 8, 9]);
        for size in 4..16 {
            assert_eq!(header(&whole[..size]), Err(HeaderError::CutOff { size }));
        }
    }
}
