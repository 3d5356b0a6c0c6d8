//! Libraries that are copied to memory for the dynamic loader.

use core::ffi::{CStr, c_int, c_void};

use pyfreeze_format::{BESIDE_SUFFIX, Entry, EntryIndex, VIRTUAL_ROOT};

use super::table::Loaded;
use super::{cache, host};
use crate::sys::c_strings::c_text;
use crate::sys::{open, process, state};

const DESCRIPTORS: &[u8] = b"/proc/self/fd/";

/// Loads a file by the dynamic loader. The error is its message without the path: programs know the library by another.
fn open_file(path: &CStr, flags: c_int) -> Result<*mut c_void, &'static CStr> {
    let handle = host::open(path.as_ptr(), flags | libc::RTLD_NOW);
    if !handle.is_null() {
        return Ok(handle);
    }
    let message = host::last_message();
    let rest = message.to_bytes_with_nul().strip_prefix(path.to_bytes()).and_then(|rest| rest.strip_prefix(b": "));
    Err(rest.and_then(|rest| CStr::from_bytes_with_nul(rest).ok()).unwrap_or(message))
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
    if let Some(path) = memory_path {
        return open_file(CStr::from_bytes_until_nul(&path).unwrap_or(c""), flags);
    }
    let path = cache::file(&entry).ok_or(if place == Place::Memory { NOWHERE } else { NO_FOLDER })?;
    open_file(path, flags)
}

/// Has the dynamic loader load the library's file from the folder beside the executable.
pub(super) fn load_beside(loaded: &Loaded, flags: c_int) -> Result<*mut c_void, &'static CStr> {
    let below = loaded.path().to_bytes().strip_prefix(VIRTUAL_ROOT.as_bytes()).unwrap_or_default();
    let file = c_text(&[state::executable(), BESIDE_SUFFIX.as_bytes(), below]);
    open_file(file, flags)
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
