//! The C library's own versions of functions that the stub interposes.

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::libc_place;

/// A function of the next library in search order, looked up once.
pub(crate) struct Next {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
    /// The one that was looked up before this one.
    earlier: AtomicPtr<Self>,
}

/// The one that was looked up last.
static LATEST: AtomicPtr<Next> = AtomicPtr::new(ptr::null_mut());

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(ptr::null_mut()), earlier: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The function's address. Null only for what is younger than glibc 2.17, or what musl hasn't.
    pub(crate) fn address(&'static self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        let found = libc_place::find(self.name);
        if self.address.swap(found, Ordering::Relaxed).is_null() && !found.is_null() {
            let this = ptr::from_ref(self).cast_mut();
            self.earlier.store(LATEST.swap(this, Ordering::AcqRel), Ordering::Release);
        }
        found
    }
}

/// Has every address looked up again: they are this process's, and a snapshot of it is for others. To be called by the
/// only thread.
pub(crate) fn forget_all() {
    let mut latest = LATEST.swap(ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: the list is made of statics.
    while let Some(next) = unsafe { latest.as_ref() } {
        next.address.store(ptr::null_mut(), Ordering::Relaxed);
        latest = next.earlier.swap(ptr::null_mut(), Ordering::AcqRel);
    }
    libc_place::forget();
}

/// Sets errno and gives -1, as a failing C function does.
pub(crate) fn fail(error: i32) -> i32 {
    // SAFETY: errno's address is valid in every thread.
    unsafe { *libc::__errno_location() = error };
    -1
}
