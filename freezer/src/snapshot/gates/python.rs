//! Python objects in a process's memory.
//!
//! Comes in: blocks. Goes out: the type, size and text of the object in one. The layouts are those of CPython 3.13
//! with the GIL, for 64-bit machines: `Include/cpython/object.h`, `unicodeobject.h`, `longintrepr.h` and
//! `Include/internal/pycore_runtime.h`, whose `_Py_DebugOffsets` the process holds as well: if it is another version,
//! there are no objects to be seen, and every doubtful word stays unknown.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::blocks::{Block, Blocks, Place};
use super::memory::{Kind, Space, Stretches};
use super::stub::Stub;

/// `_Py_DebugOffsets`, with which `_PyRuntime` begins.
const DEBUG_COOKIE: &[u8; 8] = b"xdebugpy";
const DEBUG_VERSION: u64 = 8;
const DEBUG_FREE_THREADED: u64 = 16;
/// The first two bytes of `PY_VERSION_HEX`.
const KNOWN_VERSION: u64 = 0x030d;

/// Offsets in `PyObject` and `PyVarObject`.
const OB_TYPE: u64 = 8;
const OB_SIZE: u64 = 16;
/// Offsets in `PyTypeObject`.
const TP_NAME: u64 = 24;
const TP_BASICSIZE: u64 = 32;
const TP_ITEMSIZE: u64 = 40;
const TP_FLAGS: u64 = 168;
const TP_BASE: u64 = 256;
const TP_CACHED_KEYS: u64 = 880;
/// Offsets in `PyDictKeysObject`, and of the values in `PyDictValues`.
const DK_LOG2_INDEX_BYTES: u64 = 9;
const DK_INDICES: u64 = 32;
const DICT_VALUES: u64 = 8;
/// Offsets in other objects.
const LV_TAG: u64 = 16;
const OB_DIGIT: u64 = 24;
const DIGIT_BITS: u32 = 30;
const OB_FVAL: u64 = 16;
/// numpy's numbers of type `long double`: of 16 bytes each, the last 6 are nobody's (System V ABI for x86-64, 3.1.2), and have
/// what lay on the stack.
const LONG_DOUBLES: [&str; 2] = ["numpy.longdouble", "numpy.clongdouble"];
const LONG_DOUBLE_SIZE: u64 = 16;
const LONG_DOUBLE_USED: u64 = 10;
const OB_SVAL: u64 = 32;
const TUPLE_ITEM: u64 = 24;
const UNICODE_LENGTH: u64 = 16;
const UNICODE_HASH: u64 = 24;
const UNICODE_STATE: u64 = 32;
pub(super) const ASCII_SIZE: u64 = 40;
const COMPACT_SIZE: u64 = 56;
const MD_NAME: u64 = 48;
/// `RandomObject`: the index and 624 numbers behind `PyObject`.
const RANDOM_STATE: std::ops::Range<u64> = 16..16 + 4 * 625;

const TPFLAGS_INLINE_VALUES: u64 = 1 << 2;
const TPFLAGS_READY: u64 = 1 << 12;
const TPFLAGS_TYPE_SUBCLASS: u64 = 1 << 31;

/// What can stand before an object in its block: nothing, `PyGC_Head`, that and the pointers to `__dict__` and weak
/// references (`_PyType_PreHeaderSize`).
const PREFIX_SIZES: [u64; 3] = [0, 16, 32];

/// Longer names are no names.
const MAX_NAME: usize = 200;
/// How much of a text is shown.
const MAX_PREVIEW: usize = 40;

/// A Python type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: String,
    address: u64,
    basic_size: u64,
    item_size: u64,
    flags: u64,
    base: u64,
}

/// A Python object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) address: u64,
    pub(super) kind: Rc<Type>,
}

/// The interpreter of a process.
pub(super) struct Python<'s> {
    space: &'s Space<'s>,
    pub(super) blocks: Blocks<'s>,
    is_known: bool,
    types: RefCell<HashMap<u64, Option<Rc<Type>>>>,
    /// The parts of the data stack that no frame uses.
    dead_stack: Stretches,
}

impl<'s> Python<'s> {
    pub(super) fn new(space: &'s Space<'s>, stub: &Stub<'_>) -> Self {
        let runtime = stub.address("_PyRuntime").filter(|runtime| is_known(space, *runtime));
        Self {
            space,
            blocks: Blocks::new(space),
            is_known: runtime.is_some(),
            types: RefCell::default(),
            dead_stack: runtime.and_then(|runtime| dead_stack(space, runtime)).unwrap_or_default(),
        }
    }

    /// The object in a block.
    pub(super) fn object_in(&self, block: Block) -> Option<Object> {
        let candidates = PREFIX_SIZES.iter().filter(|prefix| **prefix + 16 <= block.size);
        candidates.filter_map(|prefix| self.object_at(block.address + prefix)).next()
    }

    /// The object at an address.
    pub(super) fn object_at(&self, address: u64) -> Option<Object> {
        let kind = self.type_at(self.space.word(address.checked_add(OB_TYPE)?)?)?;
        Some(Object { address, kind })
    }

    /// The object whose bytes an address is among, in the object or raw region.
    pub(super) fn object_around(&self, address: u64) -> Option<Object> {
        self.object_in(self.blocks.block(address)?)
    }

    /// From which byte of a word on nobody uses it, counted from the word's start; `None` if all of it may be used.
    pub(super) fn stale_from(&self, address: u64) -> Option<u64> {
        if !self.is_known {
            return None;
        }
        match self.blocks.place(address) {
            Some(Place::Free(block)) => (address >= block.address + 8).then_some(0),
            Some(Place::Fresh(_)) => Some(0),
            Some(Place::Block(block)) => self.behind_object(block, address),
            Some(Place::Header(_)) => None,
            None => self.dead_stack.has_word(address).then_some(0),
        }
    }

    /// Whether a word is part of a generator's state, and of which object's.
    pub(super) fn random_state(&self, address: u64) -> Option<u64> {
        let object = self.object_around(address)?;
        let is_state = address.checked_sub(object.address).is_some_and(|offset| RANDOM_STATE.contains(&offset));
        (is_state && self.is_random(&object.kind)).then_some(object.address)
    }

    /// The value of an `int` that is not larger than a pointer.
    pub(super) fn int(&self, object: &Object) -> Option<u64> {
        if !matches!(&*object.kind.name, "int" | "bool") {
            return None;
        }
        let count = self.digit_count(object)?;
        let digit = |index: u64| {
            let digit = self.space.half_word(object.address + OB_DIGIT + 4 * index)?;
            u64::from(digit).checked_mul(1_u64.checked_shl(DIGIT_BITS * u32::try_from(index).ok()?)?)
        };
        (0..count.min(3)).try_fold(0_u64, |value, index| value.checked_add(digit(index)?)).filter(|_| count <= 3)
    }

    /// The text of a `str`.
    pub(super) fn text(&self, object: &Object) -> Option<String> {
        if object.kind.name != "str" {
            return None;
        }
        let (start, kind, length) = self.text_place(object)?;
        let size = usize::try_from(length.checked_mul(kind)?).ok().filter(|size| *size < 1 << 20)?;
        let bytes = self.space.bytes(start, size)?;
        let character = |unit: &[u8]| {
            let mut whole = [0; 4];
            whole[..unit.len()].copy_from_slice(unit);
            char::from_u32(u32::from_le_bytes(whole)).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        Some(bytes.chunks(usize::try_from(kind).ok()?).map(character).collect())
    }

    /// The ASCII `str` whose bytes an address is among and of which nobody has asked for the hash, and its text.
    pub(super) fn unhashed_text(&self, address: u64) -> Option<(u64, String)> {
        let object = self.object_around(address)?;
        let text = self.text(&object).filter(|text| text.is_ascii())?;
        let is_unhashed = self.space.word(object.address + UNICODE_HASH)? == u64::MAX;
        is_unhashed.then_some((object.address, text))
    }

    /// The name of the attribute whose value stands at an address within an object (`_PyObject_InlineValues`).
    pub(super) fn attribute(&self, object: &Object, address: u64) -> Option<String> {
        let values = object.address.checked_add(object.kind.basic_size)?.checked_add(DICT_VALUES)?;
        let offset = address.checked_sub(values)?;
        if object.kind.flags & TPFLAGS_INLINE_VALUES == 0 {
            return None;
        }
        let keys = self.space.word(object.kind.address.checked_add(TP_CACHED_KEYS)?)?;
        let [index_bits, ..] = self.space.half_word(keys.checked_add(DK_LOG2_INDEX_BYTES)?)?.to_le_bytes();
        let entries = keys.checked_add(DK_INDICES)?.checked_add(1_u64.checked_shl(index_bits.into())?)?;
        // An entry is a key and, where it is not shared, a value.
        self.text(&self.object_at(self.space.word(entries.checked_add(offset.checked_mul(2)?)?)?)?)
    }

    /// What an object's value looks like, where that is short.
    pub(super) fn preview(&self, object: &Object) -> Option<String> {
        match &*object.kind.name {
            "str" => Some(format!("{:?}", shortened(&self.text(object)?))),
            "int" | "bool" => Some(self.int(object)?.to_string()),
            "float" => Some(f64::from_bits(self.space.word(object.address + OB_FVAL)?).to_string()),
            "bytes" => {
                let size = usize::try_from(self.space.word(object.address + OB_SIZE)?).ok()?;
                let bytes = self.space.bytes(object.address + OB_SVAL, size.min(MAX_PREVIEW))?;
                Some(format!("b\"{}\"", bytes.escape_ascii()))
            }
            _ => None,
        }
    }

    /// The name of a module object.
    pub(super) fn module_name(&self, object: &Object) -> Option<String> {
        let is_module = object.kind.name == "module";
        is_module
            .then(|| self.object_at(self.space.word(object.address + MD_NAME)?))
            .flatten()
            .and_then(|name| self.text(&name))
    }

    fn type_at(&self, address: u64) -> Option<Rc<Type>> {
        if !self.is_known || !address.is_multiple_of(8) || self.space.memory.range(address).is_none() {
            return None;
        }
        if let Some(known) = self.types.borrow().get(&address) {
            return known.clone();
        }
        let found = self.read_type(address).map(Rc::new);
        self.types.borrow_mut().insert(address, found.clone());
        found
    }

    /// What looks like a type and has one that does is taken for a type: chance does not pass for that.
    fn read_type(&self, address: u64) -> Option<Type> {
        let field = |of: u64, offset: u64| self.space.word(of.checked_add(offset)?);
        let metatype = field(address, OB_TYPE)?;
        let flags = field(address, TP_FLAGS)?;
        let needed = TPFLAGS_READY | TPFLAGS_TYPE_SUBCLASS;
        if flags & TPFLAGS_READY == 0 || field(metatype, TP_FLAGS)? & needed != needed {
            return None;
        }
        let name = self.space.c_string(field(address, TP_NAME)?, MAX_NAME)?;
        let is_name = !name.is_empty() && !name.chars().any(char::is_control);
        is_name.then_some(())?;
        Some(Type {
            name,
            address,
            basic_size: field(address, TP_BASICSIZE)?,
            item_size: field(address, TP_ITEMSIZE)?,
            flags,
            base: field(address, TP_BASE)?,
        })
    }

    fn is_random(&self, kind: &Rc<Type>) -> bool {
        let mut kind = Some(kind.clone());
        // Deeper hierarchies than this are loops.
        for _ in 0..32 {
            match kind {
                Some(found) if found.name == "_random.Random" => return true,
                Some(found) => kind = self.type_at(found.base),
                None => return false,
            }
        }
        false
    }

    fn behind_object(&self, block: Block, address: u64) -> Option<u64> {
        let object = self.object_in(block)?;
        if LONG_DOUBLES.contains(&&*object.kind.name) {
            let offset = address.checked_sub(object.address)?.checked_sub(OB_FVAL)?;
            return (offset % LONG_DOUBLE_SIZE == 8).then_some(LONG_DOUBLE_USED - 8);
        }
        let end = object.address.checked_add(self.size(&object)?)?;
        let is_inside = end <= block.address + block.size;
        let used = end.saturating_sub(address);
        (is_inside && used < 8).then_some(used)
    }

    /// How many bytes of an object are used; `None` where only its type knows. Only CPython's own types are believed:
    /// others have been seen to keep data behind what they call their size (cffi's owning objects).
    fn size(&self, object: &Object) -> Option<u64> {
        if self.space.memory.range(object.kind.address)?.kind != Kind::Data {
            return None;
        }
        let count = || self.space.word(object.address + OB_SIZE).filter(|count| *count < 1 << 32);
        match &*object.kind.name {
            "int" | "bool" => Some(OB_DIGIT + 4 * self.digit_count(object)?.max(1)),
            "bytes" => Some(OB_SVAL + count()? + 1),
            "tuple" => Some(TUPLE_ITEM + 8 * count()?),
            "str" => {
                let (start, kind, length) = self.text_place(object)?;
                Some((start - object.address).checked_add(length.checked_add(1)?.checked_mul(kind)?)?)
            }
            _ if object.kind.item_size == 0 && object.kind.flags & TPFLAGS_INLINE_VALUES == 0 => {
                Some(object.kind.basic_size)
            }
            _ => None,
        }
    }

    fn digit_count(&self, object: &Object) -> Option<u64> {
        self.space.word(object.address + LV_TAG).map(|tag| tag >> 3).filter(|count| *count < 1 << 24)
    }

    /// Where a compact string's characters begin, the bytes of each, and their number.
    fn text_place(&self, object: &Object) -> Option<(u64, u64, u64)> {
        let state = self.space.half_word(object.address + UNICODE_STATE)?;
        let (kind, is_compact, is_ascii) = (state >> 2 & 7, state >> 5 & 1 == 1, state >> 6 & 1 == 1);
        let start = object.address + if is_ascii { ASCII_SIZE } else { COMPACT_SIZE };
        let length = self.space.word(object.address + UNICODE_LENGTH)?;
        (is_compact && matches!(kind, 1 | 2 | 4)).then_some((start, u64::from(kind), length))
    }
}

fn is_known(space: &Space<'_>, runtime: u64) -> bool {
    let cookie = space.word(runtime).map(u64::to_le_bytes);
    let version = space.word(runtime + DEBUG_VERSION).map(|version| version >> 16);
    let has_gil = space.word(runtime + DEBUG_FREE_THREADED) == Some(0);
    cookie.as_ref() == Some(DEBUG_COOKIE) && version == Some(KNOWN_VERSION) && has_gil
}

/// What lies above the data stack's top in each of its chunks (`_PyStackChunk` in `Include/cpython/pystate.h`).
fn dead_stack(space: &Space<'_>, runtime: u64) -> Option<Stretches> {
    /// Offsets in `_Py_DebugOffsets`, of offsets.
    const INTERPRETERS_HEAD: u64 = 40;
    const THREADS_HEAD: u64 = 72;
    const DATASTACK_CHUNK: u64 = 208;
    /// Offsets in `_PyStackChunk`.
    const SIZE: u64 = 8;
    const TOP: u64 = 16;
    const DATA: u64 = 24;
    let field = |of: u64, offset: u64| space.word(of.checked_add(space.word(runtime + offset)?)?);
    let thread = field(field(runtime, INTERPRETERS_HEAD)?, THREADS_HEAD)?;
    let mut chunk = field(thread, DATASTACK_CHUNK)?;
    // `datastack_top` follows `datastack_chunk`; a chunk that is no longer the last has its own.
    let mut top = space.word(thread.checked_add(space.word(runtime + DATASTACK_CHUNK)?)?.checked_add(8)?)?;
    let mut dead = Vec::new();
    // More chunks than this would be 64 MiB.
    for _ in 0..4096 {
        let end = chunk.checked_add(space.word(chunk.checked_add(SIZE)?)?)?;
        dead.push((top, end.checked_sub(top)?));
        let Some(previous) = space.word(chunk).filter(|previous| *previous != 0) else { break };
        chunk = previous;
        top = (chunk + DATA).checked_add(space.word(chunk + TOP)?.checked_mul(8)?)?;
    }
    Some(Stretches::new(dead))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_PREVIEW {
        text.to_owned()
    } else {
        text.chars().take(MAX_PREVIEW).chain(['…']).collect()
    }
}
