//! The static stub's answers where a host's dynamic loader would be asked: there is none, and there are no shared libraries.
//!
//! Comes in: paths, handles and names. Goes out: the program's own symbols, which `ctypes.pythonapi` needs, and nothing else.
//! `host.rs` is the same for a dynamic program.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use crate::sys::libc_next::Next;
use crate::sys::libc_place;

/// Whether there is one.
pub(super) const IS_THERE: bool = false;

/// musl's `dlopen`, which says that there is no dynamic loading.
pub(super) fn open_function() -> *mut c_void {
    static NEXT_DLOPEN: Next = Next::new(c"dlopen");
    NEXT_DLOPEN.address()
}

/// musl's `dlsym`, likewise.
pub(super) fn symbol_function() -> *mut c_void {
    static NEXT_DLSYM: Next = Next::new(c"dlsym");
    NEXT_DLSYM.address()
}

/// Opens no library.
pub(super) fn open(_path: *const c_char, _flags: c_int) -> *mut c_void {
    ptr::null_mut()
}

/// The program's own symbol, of whatever is asked; behind it, the C library's that it stands before.
pub(super) fn symbol(handle: *mut c_void, name: *const c_char, _version: *const c_char) -> *mut c_void {
    // SAFETY: callers pass C strings.
    let name = unsafe { CStr::from_ptr(name) };
    if handle == libc::RTLD_NEXT {
        return libc_place::find(name);
    }
    libc_place::own_symbol(name.to_bytes_with_nul()).unwrap_or(ptr::null_mut())
}

/// Knows no library at any address.
pub(super) fn describe(_address: *const c_void) -> Option<(libc::Dl_info, *const c_void)> {
    None
}

/// Why nothing can be opened.
pub(super) fn last_message() -> &'static CStr {
    c"a static program loads no shared libraries"
}
