//! What hardly any program calls, of glibc's two smallest libraries: looked up when it is called.
//!
//! Before glibc 2.34 shared memory was librt's and pseudo-terminals were libutil's. A program that is linked with these has
//! them mapped at every start, also since they are empty.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem;

use super::libc_next::{Next, fail};
use super::loader::bind;
use super::snapshot::around_fork;

/// The function's address, wherever this host has it; null where it has none.
fn find(next: &'static Next, library: &'static CStr, name: &'static CStr) -> *mut c_void {
    let found = next.address();
    if found.is_null() { bind::of_host(library, name) } else { found }
}

fn simply<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// Defines a function of the C library, which calls the C library's inside of `$around`.
macro_rules! seldom {
    ($library:literal, $name:literal, $function:ident($($argument:ident: $kind:ty),*)) => {
        seldom!($library, $name, $function($($argument: $kind),*), simply);
    };
    ($library:literal, $name:literal, $function:ident($($argument:ident: $kind:ty),*), $around:path) => {
        // SAFETY: the C library's name with its signature.
        #[unsafe(no_mangle)]
        extern "C" fn $function($($argument: $kind),*) -> c_int {
            static NEXT: Next = Next::new($name);
            let found = find(&NEXT, $library, $name);
            if found.is_null() {
                return fail(libc::ENOSYS);
            }
            // SAFETY: the C library's own function, of this signature.
            let function: extern "C" fn($($kind),*) -> c_int = unsafe { mem::transmute(found) };
            $around(|| function($($argument),*))
        }
    };
}

seldom!(c"librt.so.1", c"shm_open", shm_open(name: *const c_char, flags: c_int, mode: libc::mode_t));
seldom!(c"librt.so.1", c"shm_unlink", shm_unlink(name: *const c_char));
seldom!(c"libutil.so.1", c"login_tty", login_tty(descriptor: c_int));
seldom!(
    c"libutil.so.1",
    c"openpty",
    openpty(first: *mut c_int, second: *mut c_int, name: *mut c_char, terminal: *const c_void, size: *const c_void)
);
seldom!(
    c"libutil.so.1",
    c"forkpty",
    forkpty(first: *mut c_int, name: *mut c_char, terminal: *const c_void, size: *const c_void),
    around_fork
);
