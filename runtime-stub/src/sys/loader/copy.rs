//! Libraries that are copied to memory for the dynamic loader.

use core::ffi::{CStr, c_int, c_void};

use pyfreeze_format::{Entry, EntryIndex};

use super::{bind, cache};
use crate::sys::{open, process, state};

const DESCRIPTORS: &[u8] = b"/proc/self/fd/";

/// The dynamic loader's message without the path by which it knows a copy.
pub(super) fn without_path(message: &'static CStr) -> &'static CStr {
    let bytes = message.to_bytes_with_nul();
    let is_copy = bytes.starts_with(DESCRIPTORS);
    let end = bytes.windows(2).position(|pair| pair == b": ").filter(|_| is_copy);
    let rest = end.and_then(|end| CStr::from_bytes_with_nul(bytes.get(end.checked_add(2)?..)?).ok());
    rest.unwrap_or(message)
}

/// Has the dynamic loader load the library that is the file `entry`: a memory file, or where the system allows none, a
/// file in the user's private cache. The error is the end of a message.
///
/// A memory file's descriptor stays open: glibc knows libraries by their file's identity, and a number that is used
/// again must not be taken for another library.
pub(super) fn load(entry: EntryIndex, place: Place, flags: c_int) -> Result<*mut c_void, &'static CStr> {
    let entry =
        state::payload().and_then(|payload| payload.entry(entry).ok()).ok_or(c"the embedded payload is damaged")?;
    let memory_path = if place == Place::Memory { memory_file(&entry) } else { None };
    let handle = if let Some(path) = memory_path {
        bind::open(path.as_ptr().cast(), flags | libc::RTLD_NOW)
    } else {
        let path = cache::file(&entry).ok_or(if place == Place::Memory { NOWHERE } else { NO_FOLDER })?;
        bind::open(path.as_ptr(), flags | libc::RTLD_NOW)
    };
    if handle.is_null() { Err(without_path(bind::last_message())) } else { Ok(handle) }
}

/// The path of a memory file with the library; `None` where the system allows none, or has no /proc to name it.
fn memory_file(entry: &Entry<'static>) -> Option<[u8; 32]> {
    let descriptor = open::library_file(entry);
    let path = process::numbered_path(DESCRIPTORS, descriptor.unsigned_abs(), b"");
    // SAFETY: a C string on the stack.
    let is_named = descriptor >= 0 && unsafe { libc::access(path.as_ptr().cast(), libc::R_OK) } == 0;
    if !is_named && descriptor >= 0 {
        // SAFETY: the descriptor is ours and unused from here on.
        unsafe { libc::close(descriptor) };
    }
    is_named.then_some(path)
}

/// Where a copy is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    Cache,
}

const NO_FOLDER: &CStr = c"there is no private folder below $XDG_CACHE_HOME or ~/.cache";
const NOWHERE: &CStr =
    c"this system allows no executable memory file or has no /proc, and there is no private folder below $XDG_CACHE_HOME or ~/.cache";
