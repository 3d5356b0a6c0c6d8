//! Texts that a start makes anew: those with random UUIDs, such as the keys by which some packages tell their own entries
//! from everybody's, and those with a path of the process, such as that of a program's settings below `HOME`.
//!
//! Comes in: words that differ. Goes out, of the first kind: the `str` objects in which nothing differs but UUIDs of version 4
//! (RFC 9562), which are random but for six bits that say so. A start can give such a text another one: nobody has hashed it, so that
//! no table has it as a key, and no other text has the same UUID, which would have to become the same again. Of the second kind:
//! those in which nothing differs but that path, which is there once, and which nobody has hashed.

use std::collections::{BTreeMap, BTreeSet};

use pyfreeze_format::{PathText, ProcessPath};

use super::pair::{Word, Words};
use super::python::Python;

/// Characters of a UUID.
const UUID_SIZE: usize = 36;
/// Where its hyphens are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// Where its version is, and its variant.
const VERSION: usize = 14;
const VARIANT: usize = 19;

/// The unhashed texts that hold words which differ, as both processes have them, by the address of the object.
pub(super) type DifferingTexts = BTreeMap<u64, [String; 2]>;

pub(super) fn differing_texts(differing: &Words, pythons: [&Python<'_>; 2]) -> DifferingTexts {
    let text = |word: &Word| match pythons.map(|python| python.unhashed_text(word.address)) {
        [Some((address, first)), Some((other, second))] if address == other => Some((address, [first, second])),
        _ => None,
    };
    differing.listed().iter().filter_map(text).collect()
}

/// The addresses of the objects.
#[derive(Debug, Default)]
pub(super) struct RandomTexts(BTreeSet<u64>);

impl RandomTexts {
    pub(super) fn new(texts: &DifferingTexts) -> Self {
        let uuids =
            |(address, [first, second]): (&u64, &[String; 2])| Some((*address, differing_uuids(first, second)?));
        let texts: BTreeMap<u64, BTreeSet<String>> = texts.iter().filter_map(uuids).collect();
        let is_alone = |address: &u64, uuids: &BTreeSet<String>| {
            texts.iter().all(|(other, others)| other == address || others.is_disjoint(uuids))
        };
        Self(texts.iter().filter(|(address, uuids)| is_alone(address, uuids)).map(|(address, _)| *address).collect())
    }

    /// The object, if it is one of these.
    pub(super) fn find(&self, object: u64) -> Option<u64> {
        self.0.contains(&object).then_some(object)
    }
}

/// The texts, by the addresses of the objects.
#[derive(Debug, Default)]
pub(super) struct PathTexts(BTreeMap<u64, PathText>);

impl PathTexts {
    pub(super) fn new(texts: &DifferingTexts, paths: &[(ProcessPath, [&str; 2])]) -> Self {
        let text = |(&address, [first, second]): (&u64, &[String; 2])| {
            let found = |(path, values): &(ProcessPath, [&str; 2])| {
                let offset = differing_path([first, second], *values)?;
                let (offset, size) = (u32::try_from(offset).ok()?, u16::try_from(values[0].len()).ok()?);
                Some((address, PathText { address, offset, size, path: *path }))
            };
            paths.iter().find_map(found)
        };
        Self(texts.iter().filter_map(text).collect())
    }

    /// What has to be done with an object, if it is one of these.
    pub(super) fn find(&self, object: u64) -> Option<PathText> {
        self.0.get(&object).copied()
    }
}

/// Where in both texts the path is in which alone they differ.
fn differing_path(texts: [&str; 2], paths: [&str; 2]) -> Option<usize> {
    let split = |index: usize| {
        let (before, behind) = texts[index].split_once(paths[index]).filter(|_| !paths[index].is_empty())?;
        (!behind.contains(paths[index])).then_some((before, behind))
    };
    let (first, second) = (split(0)?, split(1)?);
    (first == second).then_some(first.0.len())
}

/// The UUIDs of both texts, if those differ in nothing else and each is another in the second.
fn differing_uuids(first: &str, second: &str) -> Option<BTreeSet<String>> {
    if first.len() != second.len() {
        return None;
    }
    let (mut uuids, mut position) = (BTreeSet::new(), 0);
    while position < first.len() {
        let size = match (uuid(first, position), uuid(second, position)) {
            (Some(one), Some(other))
                if one != other && uuids.insert(one.to_owned()) && uuids.insert(other.to_owned()) =>
            {
                UUID_SIZE
            }
            (None, None) if first.as_bytes()[position] == second.as_bytes()[position] => 1,
            _ => return None,
        };
        position += size;
    }
    Some(uuids).filter(|uuids| !uuids.is_empty())
}

/// The UUID of version 4 that begins at a byte of a text, in lower case.
fn uuid(text: &str, position: usize) -> Option<&str> {
    let found = text.get(position..position.checked_add(UUID_SIZE)?)?;
    let is_right = |(index, character): (usize, char)| match (index, character) {
        (VERSION, character) => character == '4',
        (VARIANT, character) => matches!(character, '8' | '9' | 'a' | 'b'),
        (index, '-') => HYPHENS.contains(&index),
        (index, character) => !HYPHENS.contains(&index) && matches!(character, '0'..='9' | 'a'..='f'),
    };
    found.chars().enumerate().all(is_right).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "e1fffe09-3e82-4812-9756-597cde1c6a01";
    const SECOND: &str = "8447bf42-a5d3-4c5e-ad8b-bf5ae17c2a44";

    #[test]
    fn nothing_but_uuids_may_differ() {
        let both = |first: &str, second: &str| differing_uuids(first, second).map(|uuids| uuids.len());
        assert_eq!(both(&format!("key-{FIRST}."), &format!("key-{SECOND}.")), Some(2));
        assert_eq!(both(FIRST, FIRST), None);
        assert_eq!(both("key", "key"), None);
        assert_eq!(both(&format!("key-{FIRST}."), &format!("kez-{SECOND}.")), None);
        assert_eq!(both(&format!("{FIRST} é"), &format!("{SECOND} é")), Some(2));
        // The same one twice would have to stay the same one.
        assert_eq!(both(&format!("{FIRST} {FIRST}"), &format!("{SECOND} {SECOND}")), None);
    }

    #[test]
    fn nothing_but_the_path_may_differ() {
        let found = |first: &str, second: &str| differing_path([first, second], ["/tmp/a/home", "/tmp/b/home"]);
        assert_eq!(found("/tmp/a/home/.cache", "/tmp/b/home/.cache"), Some(0));
        assert_eq!(found("file:///tmp/a/home", "file:///tmp/b/home"), Some(7));
        assert_eq!(found("/tmp/a/home/.cache", "/tmp/b/home/.cachf"), None);
        assert_eq!(found("/tmp/a/home:/tmp/a/home", "/tmp/b/home:/tmp/b/home"), None);
        assert_eq!(found("/tmp/a", "/tmp/b"), None);
        assert_eq!(differing_path(["a", "b"], ["", ""]), None);
    }

    #[test]
    fn other_versions_are_not_random() {
        assert!(uuid(FIRST, 0).is_some());
        assert!(uuid(&FIRST.replacen("-4", "-1", 1), 0).is_none());
        assert!(uuid(&FIRST.replacen("-9", "-c", 1), 0).is_none());
        assert!(uuid(&FIRST.to_uppercase(), 0).is_none());
        assert!(uuid(FIRST, 1).is_none());
        assert!(uuid(&FIRST.replace('-', "0"), 0).is_none());
    }
}
