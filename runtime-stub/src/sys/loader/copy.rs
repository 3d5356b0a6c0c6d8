//! Libraries that are copied to memory for the dynamic loader.

use core::ffi::{CStr, c_int, c_void};

use pyfreeze_format::EntryIndex;

use super::bind;
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

/// Has the dynamic loader load the library that is the file `entry`. Its descriptor stays open: glibc knows libraries
/// by their file's identity, and a number that is used again must not be taken for another library.
pub(super) fn load(entry: EntryIndex, flags: c_int) -> *mut c_void {
    let Some(entry) = state::payload().and_then(|payload| payload.entry(entry).ok()) else {
        return core::ptr::null_mut();
    };
    let descriptor = open::library_file(&entry);
    if descriptor < 0 {
        return core::ptr::null_mut();
    }
    let path = process::numbered_path(DESCRIPTORS, descriptor.unsigned_abs(), b"");
    bind::open(path.as_ptr().cast(), flags | libc::RTLD_NOW)
}
