//! The hash of a source as `importlib.util.source_hash` gives it.
//!
//! Keyed with the magic number as it stands in the file, so that every bytecode version has hashes of its own. CPython's
//! `_Py_KeyedHash` was SipHash-2-4 up to 3.10 and is SipHash-1-3 from 3.11 (`Python/pyhash.c`), whatever `hash()` of that build is.

use siphasher::sip::{SipHasher13, SipHasher24};

use super::magic::{Implementation, Interpreter};

/// `\r\n` above the number, as one little-endian word.
const LINE_BREAK: u64 = 0x0a0d_0000;

/// Whether a Python with this magic number finds this hash for this source.
#[must_use]
pub fn is_hash_of(hash: u64, magic: u16, interpreter: Interpreter, source: &[u8]) -> bool {
    let key = LINE_BREAK | u64::from(magic);
    let short = || SipHasher13::new_with_keys(key, 0).hash(source) == hash;
    let long = || SipHasher24::new_with_keys(key, 0).hash(source) == hash;
    match (interpreter.implementation, interpreter.minor) {
        (Implementation::CPython, 11..) => short(),
        (Implementation::CPython, _) => long(),
        // 3.9 was seen to use the long one; later ones may have followed CPython. A false match takes 2^64 sources.
        (Implementation::PyPy, _) => long() || short(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_hash_of;
    use crate::pyc::magic::Interpreter;

    #[test]
    fn as_importlib_finds_it() {
        // `importlib.util.source_hash(b"hello")` of each.
        for (text, magic, hash) in EXPECTED {
            let interpreter: Interpreter = text.parse().unwrap();
            let hash = u64::from_le_bytes(**hash);
            assert!(is_hash_of(hash, *magic, interpreter, b"hello"), "{text}");
            assert!(!is_hash_of(hash, *magic, interpreter, b"hellp"), "{text}");
        }
    }

    const EXPECTED: &[(&str, u16, &[u8; 8])] = &[
        ("3.7", 3394, b"\x39\xae\x04\x81\x69\x10\x52\x38"),
        ("3.8", 3413, b"\x60\x85\x50\x51\x42\x25\xd8\xbf"),
        ("3.9", 3425, b"\xb7\x0f\xeb\x3c\x35\x98\x61\xfa"),
        ("3.10", 3439, b"\x3c\x80\xf1\x19\x1e\xa9\x79\xcb"),
        ("3.11", 3495, b"\x7c\x36\x0b\xe5\x8b\xb7\xa2\xaa"),
        ("3.12", 3531, b"\x9b\xca\x47\x02\xdb\xae\xdb\xed"),
        ("3.13", 3571, b"\xaa\x4d\x99\x68\xb2\x97\xcf\x0d"),
        ("3.14", 3627, b"\x84\xe3\x97\xfd\xb7\xfb\x6d\x47"),
        ("3.15", 3666, b"\x11\xbc\x1c\x34\x4c\x4a\x5f\xb5"),
        ("pypy3.9", 336, b"\xbd\xc5\x77\x47\xec\x06\x00\x87"),
    ];
}
