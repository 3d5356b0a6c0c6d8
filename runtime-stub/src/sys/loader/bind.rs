//! Symbols of the host: what a mapped library finds outside the payload.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use pyfreeze_format::{ImportSymbol, Needed, PAYLOAD_ADDRESS};

use super::host::{open, symbol};
use super::symbols;
use super::table::{self, Loaded};
use crate::sys::metadata::result;

/// The address of a symbol in a library of the host's, which is loaded for it; null if there is none.
pub(crate) fn of_host(library: &CStr, name: &CStr) -> *mut c_void {
    let handle = open(library.as_ptr(), libc::RTLD_NOW);
    if handle.is_null() { handle } else { symbol(handle, name.as_ptr(), ptr::null()) }
}

/// The program's own function where a library of the host's would give what that stands before: who asks libc itself for
/// `dl_iterate_phdr` or `open` must find the payload's libraries and files too.
pub(super) fn own_in_place_of(handle: *mut c_void, name: *const c_char, version: *const c_char) -> Option<*mut c_void> {
    let own = symbol(libc::RTLD_DEFAULT, name, ptr::null());
    let is_own = !own.is_null() && (own.addr() as u64) < PAYLOAD_ADDRESS;
    let behind = is_own.then(|| symbol(libc::RTLD_NEXT, name, ptr::null()))?;
    (!behind.is_null() && symbol(handle, name, version) == behind).then_some(own)
}

/// What mapped libraries get in place of the C library's function of this name, which has its terminator.
pub(super) fn replacement(name: &[u8]) -> Option<*mut c_void> {
    const PREFIX: &[u8] = b"_PyFreeze_";
    let mut own = [0_u8; 64];
    if PREFIX.len().saturating_add(name.len()) > own.len() {
        return None;
    }
    own.iter_mut().zip(PREFIX.iter().chain(name)).for_each(|(to, from)| *to = *from);
    let found = symbol(libc::RTLD_DEFAULT, own.as_ptr().cast(), ptr::null());
    (!found.is_null()).then_some(found)
}

/// The address of what a library imports; null if it is nowhere.
pub(super) fn import(loaded: &Loaded, wanted: &ImportSymbol<'_>) -> *mut c_void {
    let name = wanted.name.as_ptr().cast();
    let version = wanted.version.map_or(ptr::null(), |version| version.as_ptr().cast());
    let found = symbol(libc::RTLD_DEFAULT, name, version);
    if !found.is_null() {
        return found;
    }
    let found = in_foreign(loaded, name, version, 0);
    if !found.is_null() {
        return found;
    }
    // A symbol of another version: glibc 2.34 gave new versions to what moved into libc.
    let found = if version.is_null() { found } else { symbol(libc::RTLD_DEFAULT, name, ptr::null()) };
    if !found.is_null() {
        return found;
    }
    let in_global = symbols::in_global(wanted.name);
    in_global.unwrap_or_else(|| provided(wanted.name).unwrap_or(ptr::null_mut()))
}

/// In the libraries that the dynamic loader has loaded for this one, however far down.
fn in_foreign(loaded: &Loaded, name: *const c_char, version: *const c_char, depth: usize) -> *mut c_void {
    const DEEPEST: usize = 16;
    let Some(library) = loaded.library().filter(|_| depth < DEEPEST) else { return ptr::null_mut() };
    for needed in library.needed() {
        let found = match needed {
            Needed::Host(soname) => {
                // There already, but for glibc's that a resumed process has not asked for yet.
                let handle = open(soname.as_ptr().cast(), libc::RTLD_NOW);
                if handle.is_null() { handle } else { symbol(handle, name, version) }
            }
            Needed::Library(index) => {
                let position = usize::try_from(index.0).unwrap_or(usize::MAX);
                let Some(needed) = table::known().get(position) else { continue };
                let handle = needed.handle.load(core::sync::atomic::Ordering::Acquire);
                if handle.is_null() {
                    in_foreign(needed, name, version, depth.saturating_add(1))
                } else {
                    symbol(handle, name, version)
                }
            }
        };
        if !found.is_null() {
            return found;
        }
    }
    ptr::null_mut()
}

/// Our own definition of what is younger than the oldest glibc that the stub runs on, for libraries that were built on
/// a newer system: used only where the host has none.
fn provided(name: &[u8]) -> Option<*mut c_void> {
    static IS_SINGLE_THREADED: c_char = 0;
    match name {
        b"arc4random\0" => Some(arc4random as *mut c_void),
        b"fstat\0" | b"fstat64\0" => Some(fstat as *mut c_void),
        b"getentropy\0" => Some(getentropy as *mut c_void),
        b"__libc_single_threaded\0" => Some(ptr::from_ref(&IS_SINGLE_THREADED).cast_mut().cast()),
        _ => None,
    }
}

/// See arc4random(3); glibc 2.36.
extern "C" fn arc4random() -> u32 {
    let mut number = 0_u32;
    getentropy(ptr::from_mut(&mut number).cast(), size_of::<u32>());
    number
}

/// See getentropy(3); glibc 2.25.
extern "C" fn getentropy(buffer: *mut c_void, size: usize) -> c_int {
    // SAFETY: the kernel checks the pointer itself.
    let written = unsafe { libc::syscall(libc::SYS_getrandom, buffer, size, 0) };
    if usize::try_from(written) == Ok(size) { 0 } else { -1 }
}

/// See fstat(2), which was an inline function before glibc 2.33.
extern "C" fn fstat(descriptor: c_int, status: *mut libc::stat) -> c_int {
    // SAFETY: the kernel checks the pointer itself.
    result(unsafe { libc::syscall(libc::SYS_fstat, descriptor, status) })
}
