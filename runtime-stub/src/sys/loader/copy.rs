//! Libraries that are copied to memory for the dynamic loader.

use core::ffi::{c_int, c_void};

use pyfreeze_format::EntryIndex;

use super::bind;
use crate::sys::{open, process, state};

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
    let path = process::numbered_path(b"/proc/self/fd/", descriptor.unsigned_abs(), b"");
    bind::open(path.as_ptr().cast(), flags | libc::RTLD_NOW)
}
