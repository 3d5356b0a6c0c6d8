//! The C library's own versions of functions that the stub interposes.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// A function of the next library in search order, looked up once.
pub(crate) struct Next {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
    /// The one that was looked up before this one.
    earlier: AtomicPtr<Self>,
}

/// The one that was looked up last.
static LATEST: AtomicPtr<Next> = AtomicPtr::new(ptr::null_mut());
static DLSYM: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(ptr::null_mut()), earlier: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The function's address. Null only for what is younger than glibc 2.17.
    pub(crate) fn address(&'static self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        let found = find(self.name);
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
    DLSYM.store(ptr::null_mut(), Ordering::Relaxed);
}

unsafe extern "C" {
    fn dlvsym(handle: *mut c_void, name: *const c_char, version: *const c_char) -> *mut c_void;
}

/// Looks behind the executable, by the C library's own `dlsym`: that name is the executable's, and only `dlvsym` leads
/// past it. `dlsym` has had this version on x86-64 from the first.
fn find(name: &CStr) -> *mut c_void {
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

/// Sets errno and gives -1, as a failing C function does.
pub(crate) fn fail(error: i32) -> i32 {
    // SAFETY: errno's address is valid in every thread.
    unsafe { *libc::__errno_location() = error };
    -1
}
