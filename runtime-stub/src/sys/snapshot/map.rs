//! Mappings: the system calls that a snapshot lives by.

use core::ffi::{c_int, c_void};
use core::ptr;

const READ_WRITE: c_int = libc::PROT_READ | libc::PROT_WRITE;

/// Makes `size` bytes at `address` memory of zeros, if nothing is there yet.
pub(super) fn reserve(address: u64, size: u64) -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    let wanted = address as *mut c_void;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    // SAFETY: without MAP_FIXED nothing that exists is replaced.
    let got = unsafe { libc::mmap(wanted, size, READ_WRITE, flags, -1, 0) };
    if ptr::eq(got, wanted) {
        return true;
    }
    if got != libc::MAP_FAILED {
        // Linux before 4.17 takes the address for a wish.
        unmap(got, size);
    }
    false
}

/// Replaces `size` bytes at `address`, which are the snapshot's to replace, by zeros.
pub(super) fn clear(address: u64, size: u64) -> bool {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    // SAFETY: the caller names pages of the program's data whose content the snapshot holds.
    let got = unsafe { libc::mmap(address as *mut c_void, size, READ_WRITE, flags, -1, 0) };
    got != libc::MAP_FAILED
}

/// Makes pages of the payload writable: copies of this process's own.
pub(super) fn make_writable(address: u64, size: u64) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    // SAFETY: pages of the snapshot, of which nobody has a reference.
    unsafe { libc::mprotect(address as *mut c_void, size, READ_WRITE) == 0 }
}

/// Moves pages, over whatever is there.
pub(super) fn shift(from: u64, size: u64, to: u64) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let (from, to) = (from as *mut c_void, to as *mut c_void);
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: the source is the snapshot's, the destination reserved for it or data that it replaces.
    let got = unsafe { libc::mremap(from, size, size, flags, to) };
    ptr::eq(got, to)
}

/// New memory of zeros; null if there is none.
pub(crate) fn anonymous(size: usize) -> *mut c_void {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, anywhere.
    let got = unsafe { libc::mmap(ptr::null_mut(), size, READ_WRITE, flags, -1, 0) };
    if got == libc::MAP_FAILED { ptr::null_mut() } else { got }
}

/// Gives memory back.
pub(super) fn unmap(address: *mut c_void, size: usize) {
    // SAFETY: the caller's own mapping, which it gives up.
    unsafe { libc::munmap(address, size) };
}
