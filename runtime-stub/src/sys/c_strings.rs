//! C strings and arrays of them that live as long as the process, for the interpreter's start.

use core::ffi::{CStr, c_char};
use core::slice;

/// The joined parts as a C string. Never freed: a start makes a dozen of them, once.
pub(crate) fn c_text(parts: &[&[u8]]) -> &'static CStr {
    let size = parts.iter().fold(1_usize, |size, part| size.saturating_add(part.len()));
    // SAFETY: calloc has no precondition.
    let memory = unsafe { libc::calloc(size, 1) }.cast::<u8>();
    if memory.is_null() {
        return c"";
    }
    // SAFETY: fresh memory of `size` zero bytes that nobody else knows.
    let bytes = unsafe { slice::from_raw_parts_mut(memory, size) };
    let joined = parts.iter().flat_map(|part| part.iter());
    for (to, from) in bytes.iter_mut().zip(joined) {
        *to = *from;
    }
    CStr::from_bytes_until_nul(bytes).unwrap_or(c"")
}

/// A growing array of C strings, in malloc's memory; never freed.
pub(crate) struct CStrings {
    memory: *mut *const c_char,
    count: usize,
}

impl CStrings {
    pub(crate) const fn new() -> Self {
        Self { memory: core::ptr::null_mut(), count: 0 }
    }

    /// Adds a string, which must live as long as the array; without memory it is left out.
    pub(crate) fn push(&mut self, text: *const c_char) {
        let size = self.count.saturating_add(1).saturating_mul(size_of::<*const c_char>());
        // SAFETY: null or this array's own memory.
        let memory = unsafe { libc::realloc(self.memory.cast(), size) }.cast::<*const c_char>();
        if memory.is_null() {
            return;
        }
        // SAFETY: the memory has room for `count + 1` pointers.
        unsafe { memory.add(self.count).write(text) };
        self.memory = memory;
        self.count = self.count.saturating_add(1);
    }

    pub(crate) fn pointer(&self) -> *const *const c_char {
        self.memory
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }
}
