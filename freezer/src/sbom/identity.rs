//! Names that other tools know things by: digests, package URLs, and identifiers made of content.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::ui::hexadecimal_text;

/// The SHA-256 of bytes, in hexadecimal: the digest that PyPI and bills of materials use.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal_text(&Sha256::digest(bytes))
}

/// A package URL (<https://github.com/package-url/purl-spec>), its parts percent-encoded.
pub(super) fn purl(kind: &str, name: &str, version: Option<&str>) -> String {
    let version = version.map(|version| format!("@{}", encoded(version))).unwrap_or_default();
    format!("pkg:{kind}/{}{version}", encoded(name))
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut result, byte| {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            result.push(char::from(byte));
        } else {
            // OK because writing to a String can't fail.
            let _ = write!(result, "%{byte:02X}");
        }
        result
    })
}

/// A UUID of version 8 (RFC 9562) that is a digest of `content`: equal bills have equal serial numbers, others others.
pub(super) fn uuid_of(content: &[u8]) -> String {
    let digest = blake3::hash(content);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hexadecimal_text(&bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::{purl, sha256, uuid_of};

    #[test]
    fn identifiers_have_their_forms() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(purl("pypi", "a-b", Some("1.0+local.1")), "pkg:pypi/a-b@1.0%2Blocal.1");
        assert_eq!(purl("generic", "zlib", None), "pkg:generic/zlib");
        let uuid = uuid_of(b"x");
        let parts: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(uuid[14..].starts_with('8') && "89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(uuid, uuid_of(b"y"));
    }
}
