//! Where the C library's functions are: behind the executable, in the host's glibc.
//!
//! Comes in: a name. Goes out: an address. `libc_inside.rs` is the same for the static stub.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

static DLSYM: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

unsafe extern "C" {
    fn dlvsym(handle: *mut c_void, name: *const c_char, version: *const c_char) -> *mut c_void;
}

/// Looks behind the executable, by the C library's own `dlsym`: that name is the executable's, and only `dlvsym` leads
/// past it. `dlsym` has had this version on x86-64 from the first.
pub(super) fn find(name: &CStr) -> *mut c_void {
    let mut dlsym = DLSYM.load(Ordering::Relaxed);
    if dlsym.is_null() {
        // SAFETY: C strings; RTLD_NEXT skips the executable.
        dlsym = unsafe { dlvsym(libc::RTLD_NEXT, c"dlsym".as_ptr(), c"GLIBC_2.2.5".as_ptr()) };
        DLSYM.store(dlsym, Ordering::Relaxed);
    }
    // SAFETY: the C library's own function, of this signature.
    let dlsym: extern "C" fn(*mut c_void, *const c_char) -> *mut c_void = unsafe { core::mem::transmute(dlsym) };
    dlsym(libc::RTLD_NEXT, name.as_ptr())
}

/// Where the C library's data ends that is among the executable's own: there is none.
pub(super) fn data_end() -> u64 {
    0
}

/// Forgets what is this process's own.
pub(super) fn forget() {
    DLSYM.store(ptr::null_mut(), Ordering::Relaxed);
}
