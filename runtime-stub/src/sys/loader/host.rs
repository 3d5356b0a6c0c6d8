//! The host's dynamic loader.
//!
//! Comes in: paths, handles and names. Goes out: what it says to them. `no_host.rs` is the same for the static stub, whose
//! process has none.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use crate::sys::libc_next::Next;

unsafe extern "C" {
    fn dlvsym(handle: *mut c_void, name: *const c_char, version: *const c_char) -> *mut c_void;
}

static NEXT_DLERROR: Next = Next::new(c"dlerror");
static NEXT_DLOPEN: Next = Next::new(c"dlopen");
static NEXT_DLSYM: Next = Next::new(c"dlsym");

/// Whether there is one.
pub(super) const IS_THERE: bool = true;

/// Its function `dlopen`, for who must be seen as the caller.
pub(super) fn open_function() -> *mut c_void {
    NEXT_DLOPEN.address()
}

/// Its function `dlsym`, likewise.
pub(super) fn symbol_function() -> *mut c_void {
    NEXT_DLSYM.address()
}

/// Its `dlopen`.
pub(super) fn open(path: *const c_char, flags: c_int) -> *mut c_void {
    // Looked up before anything can fail: looking up forgets the last failure.
    NEXT_DLERROR.address();
    // SAFETY: the C library's own function, of this signature.
    let open: extern "C" fn(*const c_char, c_int) -> *mut c_void =
        unsafe { core::mem::transmute(NEXT_DLOPEN.address()) };
    open(path, flags)
}

/// Its `dlsym`, or `dlvsym` with a version.
pub(super) fn symbol(handle: *mut c_void, name: *const c_char, version: *const c_char) -> *mut c_void {
    if !version.is_null() {
        // SAFETY: C strings, and a handle of the dynamic loader's.
        return unsafe { dlvsym(handle, name, version) };
    }
    // SAFETY: the C library's own function, of this signature.
    let symbol: extern "C" fn(*mut c_void, *const c_char) -> *mut c_void =
        unsafe { core::mem::transmute(NEXT_DLSYM.address()) };
    symbol(handle, name)
}

/// What it knows about an address, and its handle of the library there.
pub(super) fn describe(address: *const c_void) -> Option<(libc::Dl_info, *const c_void)> {
    const RTLD_DL_LINKMAP: c_int = 2;
    static NEXT_DLADDR1: Next = Next::new(c"dladdr1");
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*const c_void, *mut libc::Dl_info, *mut *const c_void, c_int) -> c_int =
        unsafe { core::mem::transmute(NEXT_DLADDR1.address()) };
    // SAFETY: an all-zero `Dl_info` is a valid value of that plain C structure.
    let mut information: libc::Dl_info = unsafe { core::mem::zeroed() };
    let mut map = ptr::null();
    let is_known = next(address, &raw mut information, &raw mut map, RTLD_DL_LINKMAP) != 0;
    is_known.then_some((information, map))
}

/// Its message about its last failure, as a C string.
pub(super) fn last_message() -> &'static CStr {
    // SAFETY: the C library's own function, of this signature.
    let error: extern "C" fn() -> *const c_char = unsafe { core::mem::transmute(NEXT_DLERROR.address()) };
    let message = error();
    if message.is_null() {
        return c"unknown error";
    }
    // SAFETY: dlerror gives a C string that lives until this thread's next failure.
    unsafe { CStr::from_ptr(message) }
}
