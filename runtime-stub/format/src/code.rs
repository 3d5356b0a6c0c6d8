//! Canonical code bytes.
//!
//! Comes in: what `marshal.dumps(code)` gave in some process. Goes out: marshal data of equal objects that does not
//! depend on the process. Two things do in marshal's output: `FLAG_REF` is set on every object whose reference count
//! is not 1 at that moment, and whether equal constants are one object varies (seen with frozensets of two functions
//! in 2 of 8,162 modules). Here, equal constants become one, and only what is referred to is flagged. The order of a
//! set's elements stays: iteration may depend on it. It must never panic, never recurse, and never change what the
//! code does.
//!
//! The layouts are those of CPython's `Python/marshal.c`, versions 4 (3.13) and 5.

use core::fmt;
use core::mem;
use std::collections::HashMap;
use std::vec::Vec;

use crate::{Cursor, FormatError};

/// Marks an object to which a later [`REFERENCE`] may refer by its number among the marked ones.
const FLAG_REF: u8 = 0x80;
const REFERENCE: u8 = b'r';
/// Ends a dict in place of a key.
const NULL: u8 = b'0';

/// Why bytes are not the marshal data of a code object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Bytes are missing at the end.
    Truncated,
    /// A type that `marshal` does not write.
    UnknownType(u8),
    /// A reference to an object that has not begun yet.
    UnknownReference(u32),
    /// A length below zero.
    Length,
    /// Bytes are left over.
    Trailing,
}

impl fmt::Display for CodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => formatter.write_str("the code bytes are cut off"),
            Self::UnknownType(kind) => write!(formatter, "the code bytes hold an unknown type: {kind:#04x}"),
            Self::UnknownReference(number) => write!(formatter, "the code bytes refer to a missing object: {number}"),
            Self::Length => formatter.write_str("the code bytes hold an impossible length"),
            Self::Trailing => formatter.write_str("the code bytes are followed by others"),
        }
    }
}

impl core::error::Error for CodeError {}

impl From<FormatError> for CodeError {
    fn from(_: FormatError) -> Self {
        Self::Truncated
    }
}

/// `marshalled` with equal constants as one object, and `FLAG_REF` only on objects that are referred to.
///
/// # Errors
/// [`CodeError`] when the bytes are not marshal data.
pub fn canonical_code(marshalled: &[u8]) -> Result<Vec<u8>, CodeError> {
    let (graph, root) = Graph::read(marshalled)?;
    Ok(graph.write(root, marshalled.len()))
}

/// An object by its position in [`Graph::nodes`]; its parts come before it.
type NodeIndex = u32;

/// The objects, each distinct constant once.
#[derive(Default)]
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    constants: HashMap<Node<'a>, NodeIndex>,
}

/// An object: its type, the bytes that follow it, the objects inside it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Node<'a> {
    kind: u8,
    payload: &'a [u8],
    /// A code object's first line number, which stands behind [`OBJECTS_BEFORE_LINE`] of its parts.
    line: &'a [u8],
    parts: Vec<NodeIndex>,
}

/// code, consts, names, localsplusnames, localspluskinds, filename, name, qualname; then the first line; then
/// linetable, exceptiontable.
const OBJECTS_BEFORE_LINE: usize = 8;
const OBJECTS_OF_CODE: u64 = 10;

/// An object whose parts are being read.
struct Open<'a> {
    node: Node<'a>,
    /// How many parts it has; `None` for a dict, which ends with a [`NULL`].
    part_count: Option<u64>,
    /// The number by which references mean it.
    number: Option<usize>,
}

/// Reads marshal data without recursion: `open` is the way from the outermost object to the innermost.
struct Reader<'a> {
    cursor: Cursor<'a>,
    graph: Graph<'a>,
    open: Vec<Open<'a>>,
    /// The objects with `FLAG_REF`; those that have not ended are still unknown.
    numbered: Vec<Option<NodeIndex>>,
}

impl<'a> Graph<'a> {
    fn read(marshalled: &'a [u8]) -> Result<(Self, NodeIndex), CodeError> {
        let cursor = Cursor::new(marshalled);
        let mut reader = Reader { cursor, graph: Self::default(), open: Vec::new(), numbered: Vec::new() };
        loop {
            let mut ended = reader.begin()?;
            while let Some(index) = ended {
                let Some(outer) = reader.open.last_mut() else {
                    let is_all = reader.cursor.rest().is_empty();
                    return if is_all { Ok((reader.graph, index)) } else { Err(CodeError::Trailing) };
                };
                outer.node.parts.push(index);
                ended = reader.end()?;
            }
        }
    }

    fn add(&mut self, node: Node<'a>) -> NodeIndex {
        if let Some(index) = self.constants.get(&node) {
            return *index;
        }
        // OK because each object takes at least one byte of a marshal data of less than 4 GiB; a wrong index would
        // only ever be looked up with `get`.
        let index = NodeIndex::try_from(self.nodes.len()).unwrap_or(NodeIndex::MAX);
        if !matches!(node.kind, b'c' | b'[' | b'{' | b'<') {
            self.constants.insert(node.clone(), index);
        }
        self.nodes.push(node);
        index
    }

    fn node(&self, index: NodeIndex) -> Option<&Node<'a>> {
        self.nodes.get(usize::try_from(index).ok()?)
    }

    /// For each node, whether more than one object refers to it.
    fn shared(&self, root: NodeIndex) -> Vec<bool> {
        let mut uses = std::vec![0_u8; self.nodes.len()];
        let mut pending = std::vec![root];
        while let Some(index) = pending.pop() {
            let Some(count) = usize::try_from(index).ok().and_then(|index| uses.get_mut(index)) else { continue };
            *count = count.saturating_add(1);
            if let (1, Some(node)) = (*count, self.node(index)) {
                pending.extend(&node.parts);
            }
        }
        uses.iter().map(|count| *count > 1).collect()
    }

    fn write(&self, root: NodeIndex, size: usize) -> Vec<u8> {
        let shared = self.shared(root);
        let mut numbers: HashMap<NodeIndex, u32> = HashMap::new();
        let mut bytes = Vec::with_capacity(size);
        let mut steps = std::vec![Step::Object(root)];
        while let Some(step) = steps.pop() {
            let index = match step {
                Step::Object(index) => index,
                Step::Bytes(text) => {
                    bytes.extend_from_slice(text);
                    continue;
                }
            };
            let Some(node) = self.node(index) else { continue };
            if let Some(number) = numbers.get(&index) {
                bytes.push(REFERENCE);
                bytes.extend_from_slice(&number.to_le_bytes());
                continue;
            }
            let is_shared = usize::try_from(index).ok().and_then(|index| shared.get(index)) == Some(&true);
            let is_flagged = is_shared && !node.is_short();
            if is_flagged {
                // OK because there are no more numbers than objects.
                numbers.insert(index, u32::try_from(numbers.len()).unwrap_or(u32::MAX));
            }
            bytes.push(if is_flagged { node.kind | FLAG_REF } else { node.kind });
            bytes.extend_from_slice(node.payload);
            node.push_parts(&mut steps);
        }
        bytes
    }
}

/// What is still to be written.
enum Step<'a> {
    Object(NodeIndex),
    Bytes(&'a [u8]),
}

impl<'a> Node<'a> {
    /// True for what is never longer than a reference to it: the singletons and small integers.
    fn is_short(&self) -> bool {
        matches!(self.kind, b'N' | b'F' | b'T' | b'S' | b'.' | b'i')
    }

    /// Puts the parts on the stack, the first on top.
    fn push_parts(&self, steps: &mut Vec<Step<'a>>) {
        if self.kind == b'{' {
            steps.push(Step::Bytes(&[NULL]));
        }
        for (position, part) in self.parts.iter().enumerate().rev() {
            steps.push(Step::Object(*part));
            if self.kind == b'c' && position == OBJECTS_BEFORE_LINE {
                steps.push(Step::Bytes(self.line));
            }
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads an object's beginning; gives the object if that is all of it.
    fn begin(&mut self) -> Result<Option<NodeIndex>, CodeError> {
        let byte = self.cursor.u8()?;
        let kind = byte & !FLAG_REF;
        if kind == REFERENCE {
            let number = self.cursor.u32()?;
            let index = usize::try_from(number).ok().and_then(|number| self.numbered.get(number).copied()).flatten();
            return index.map(Some).ok_or(CodeError::UnknownReference(number));
        }
        let number = (byte & FLAG_REF != 0).then_some(self.numbered.len());
        self.numbered.extend(number.map(|_| None));
        let before = self.cursor.rest();
        let part_count = self.payload(kind)?;
        let size = before.len().saturating_sub(self.cursor.rest().len());
        let payload = before.get(..size).unwrap_or(&[]);
        let node = Node { kind, payload, line: &[], parts: Vec::new() };
        self.open.push(Open { node, part_count, number });
        self.end()
    }

    /// Gives the innermost open object if all its parts have been read.
    fn end(&mut self) -> Result<Option<NodeIndex>, CodeError> {
        let Some(innermost) = self.open.last_mut() else { return Ok(None) };
        let count = innermost.node.parts.len();
        if innermost.node.kind == b'c' && count == OBJECTS_BEFORE_LINE {
            innermost.node.line = self.cursor.bytes(size_of::<u32>())?;
        }
        let is_complete = match innermost.part_count {
            Some(part_count) => count as u64 == part_count,
            None => count.is_multiple_of(2) && self.cursor.rest().first() == Some(&NULL),
        };
        if !is_complete {
            return Ok(None);
        }
        if innermost.part_count.is_none() {
            self.cursor.u8()?;
        }
        let number = innermost.number;
        let empty = Node { kind: NULL, payload: &[], line: &[], parts: Vec::new() };
        let index = self.graph.add(mem::replace(&mut innermost.node, empty));
        self.open.pop();
        if let Some(numbered) = number.and_then(|number| self.numbered.get_mut(number)) {
            *numbered = Some(index);
        }
        Ok(Some(index))
    }

    /// Reads what follows the type up to the first part; gives the number of parts.
    fn payload(&mut self, kind: u8) -> Result<Option<u64>, CodeError> {
        let cursor = &mut self.cursor;
        let size = match kind {
            // None, False, True, StopIteration, Ellipsis
            b'N' | b'F' | b'T' | b'S' | b'.' => 0,
            // int
            b'i' => 4,
            b'I' => 8,
            // int of 15-bit digits, the sign in their number
            b'l' => u64::from(cursor.u32()?.cast_signed().unsigned_abs()).saturating_mul(2),
            // float and complex, in binary
            b'g' => 8,
            b'y' => 16,
            // float and complex, as text
            b'f' => cursor.u8()?.into(),
            b'x' => {
                let real_size = cursor.u8()?;
                cursor.bytes(real_size.into())?;
                cursor.u8()?.into()
            }
            // bytes, str (interned, unicode, ascii, ascii interned)
            b's' | b't' | b'u' | b'a' | b'A' => length(cursor)?,
            // short ascii str, the latter interned
            b'z' | b'Z' => cursor.u8()?.into(),
            // tuple, list, set, frozenset
            b')' => return Ok(Some(cursor.u8()?.into())),
            b'(' | b'[' | b'<' | b'>' => return length(cursor).map(Some),
            b'{' => return Ok(None),
            // slice: start, stop, step
            b':' => return Ok(Some(3)),
            b'c' => {
                // Counts of arguments (three), stack size, flags.
                cursor.bytes(20)?;
                return Ok(Some(OBJECTS_OF_CODE));
            }
            unknown => return Err(CodeError::UnknownType(unknown)),
        };
        cursor.bytes(usize::try_from(size).map_err(|_| CodeError::Length)?)?;
        Ok(Some(0))
    }
}

fn length(cursor: &mut Cursor<'_>) -> Result<u64, CodeError> {
    u64::try_from(cursor.u32()?.cast_signed()).map_err(|_| CodeError::Length)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{CodeError, canonical_code};

    /// A tuple of three short ascii texts, the first flagged and referred to or not.
    fn tuple(first: &[u8], second: &[u8]) -> Vec<u8> {
        [&b")\x02"[..], first, second].concat()
    }

    #[test]
    fn flag_without_reference_is_dropped() {
        let flagged = tuple(b"\xda\x01a", b"\xfa\x01b");
        assert_eq!(canonical_code(&flagged), Ok(tuple(b"Z\x01a", b"z\x01b")));
    }

    #[test]
    fn references_are_renumbered() {
        // The flagged tuple is number 0, `a` is number 1 and becomes number 0.
        let flagged = [&b"\xa9\x02"[..], b"\xda\x01a", b"r\x01\0\0\0"].concat();
        assert_eq!(canonical_code(&flagged), Ok(tuple(b"\xda\x01a", b"r\0\0\0\0")));
    }

    #[test]
    fn equal_constants_become_one() {
        // Two frozensets of the same texts, and an int that no reference is shorter than.
        let set = b">\x02\0\0\0z\x01az\x01b";
        let twice = [&b")\x04"[..], set, set, b"i\x07\0\0\0", b"i\x07\0\0\0"].concat();
        let once = [&b")\x04\xbe\x02\0\0\0z\x01az\x01b"[..], b"r\0\0\0\0", b"i\x07\0\0\0", b"i\x07\0\0\0"].concat();
        assert_eq!(canonical_code(&twice), Ok(once.clone()));
        assert_eq!(canonical_code(&once), Ok(once));
        // A list is an object of its own.
        let lists = b")\x02[\0\0\0\0[\0\0\0\0";
        assert_eq!(canonical_code(lists), Ok(lists.to_vec()));
    }

    #[test]
    fn dicts_end_with_null() {
        let dict = b"{z\x01aN0";
        assert_eq!(canonical_code(dict), Ok(dict.to_vec()));
        assert_eq!(canonical_code(b"{N0"), Err(CodeError::UnknownType(b'0')));
    }

    #[test]
    fn damage_is_an_error() {
        let good = [&b"\xa9\x02"[..], b"\xda\x01a", b"r\x01\0\0\0"].concat();
        for size in 0..good.len() {
            assert_eq!(canonical_code(good.get(..size).unwrap_or_default()), Err(CodeError::Truncated), "{size} bytes");
        }
        assert_eq!(canonical_code(b"r\0\0\0\0"), Err(CodeError::UnknownReference(0)));
        assert_eq!(canonical_code(b"NN"), Err(CodeError::Trailing));
        assert_eq!(canonical_code(b"(\xff\xff\xff\xff"), Err(CodeError::Length));
        assert_eq!(canonical_code(b"q"), Err(CodeError::UnknownType(b'q')));
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let mut nested = b")\x01".repeat(100_000);
        nested.push(b'N');
        assert_eq!(canonical_code(&nested), Ok(nested));
    }
}
