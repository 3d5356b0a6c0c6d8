//! Thread-local variables of mapped libraries: each thread's block, when it is first asked for.

use core::ffi::c_void;
use core::ptr;

use super::table::{self, Loaded};
use crate::sys::process;

// SAFETY: a name that only loader.c uses.
/// A fresh block of thread-local variables, for loader.c.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_new_block(number: u64) -> *mut c_void {
    let block = |loaded: &'static Loaded| {
        let facts = loaded.library()?.facts;
        (facts.tls_size != 0 && facts.tls_index == number)
            .then_some((loaded.address().saturating_add(facts.tls), facts))
    };
    let Some((initial, facts)) = table::known().iter().find_map(block) else { unknown_block() };
    let size = |size| usize::try_from(size).unwrap_or(usize::MAX);
    let mut memory = ptr::null_mut();
    // SAFETY: writes the address of new memory; the alignment is a power of two and at least 16.
    let error = unsafe { libc::posix_memalign(&raw mut memory, size(facts.tls_alignment), size(facts.tls_size)) };
    if error != 0 || memory.is_null() {
        unknown_block();
    }
    // SAFETY: the memory has `tls_size` bytes and is ours alone.
    unsafe { ptr::write_bytes(memory.cast::<u8>(), 0, size(facts.tls_size)) };
    let used = size(facts.tls_file_size.min(facts.tls_size));
    // SAFETY: the library's initial image has that many bytes, and the block is at least as large.
    unsafe { ptr::copy_nonoverlapping(initial as *const u8, memory.cast::<u8>(), used) };
    memory
}

/// No memory for a thread's variables, or a number that no library has: as glibc, there is no way on.
fn unknown_block() -> ! {
    process::write_standard_error(b"pyfreeze: no memory for a library's thread-local variables\n");
    // SAFETY: abort never returns and may be called at any time.
    unsafe { libc::abort() }
}
