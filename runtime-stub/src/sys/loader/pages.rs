//! The protections of a mapped library's pages.
//!
//! The payload is readable as a whole and nothing else. What a library needs beyond that is set when it is loaded.

use core::ffi::{c_int, c_void};

use pyfreeze_format::{Library, PAGE_SIZE, PAYLOAD_ADDRESS, Segment};

use super::table::Loaded;
use crate::sys::segment;

/// Gives code and data the protections that they need; false where the system refuses.
pub(super) fn protect(loaded: &Loaded, library: &Library<'static>) -> bool {
    library.segments().all(|segment| {
        let is_inside = segment.address.checked_add(segment.size).is_some_and(|end| end <= library.row.span);
        let address = loaded.address().saturating_add(segment.address);
        let protection = protection(&segment);
        is_inside && (set(address, segment.size, protection) || map_again(address, segment.size, protection))
    })
}

/// Makes read-only what is bound once and for all; should the system refuse, it merely stays writable.
pub(super) fn seal(loaded: &Loaded, library: &Library<'static>) {
    let facts = &library.facts;
    if facts.relro_size > 0 && facts.relro.saturating_add(facts.relro_size) <= library.row.span {
        set(loaded.address().saturating_add(facts.relro), facts.relro_size, libc::PROT_READ);
    }
}

/// Whether pages of the payload may become executable; else [`protect`] has to open the executable, which may fail.
pub(crate) fn may_become_executable() -> bool {
    let read = libc::PROT_READ;
    set(PAYLOAD_ADDRESS, PAGE_SIZE, read | libc::PROT_EXEC) && set(PAYLOAD_ADDRESS, PAGE_SIZE, read)
}

fn protection(segment: &Segment) -> c_int {
    let is = |flag: u64, protection: c_int| if segment.flags & flag != 0 { protection } else { 0 };
    is(4, libc::PROT_READ) | is(2, libc::PROT_WRITE) | is(1, libc::PROT_EXEC)
}

fn set(address: u64, size: u64, protection: c_int) -> bool {
    let Ok(size) = usize::try_from(size) else { return false };
    // SAFETY: the callers pass whole pages of the payload's private mapping that belong to one library alone.
    unsafe { libc::mprotect(address as *mut c_void, size, protection) == 0 }
}

/// Maps code once more from the executable, executable from the first: under `PR_SET_MDWE`, and systemd's
/// `MemoryDenyWriteExecute=`, pages can't become so later.
fn map_again(address: u64, size: u64, protection: c_int) -> bool {
    if protection & libc::PROT_EXEC == 0 || protection & libc::PROT_WRITE != 0 {
        return false;
    }
    let (Some(offset), Ok(size)) = (segment::file_offset(address), usize::try_from(size)) else { return false };
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: a C string; by the system call, since the executable's path is also the virtual root.
    let descriptor = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, c"/proc/self/exe".as_ptr(), flags) };
    let (Ok(descriptor), Ok(offset)) = (c_int::try_from(descriptor), i64::try_from(offset)) else { return false };
    let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
    // SAFETY: whole pages of the payload's mapping that belong to one library alone; the same bytes come in their place.
    let mapped = unsafe { libc::mmap(address as *mut c_void, size, protection, flags, descriptor, offset) };
    // SAFETY: the descriptor is ours and unused from here on, or it is -1.
    unsafe { libc::close(descriptor) };
    mapped != libc::MAP_FAILED
}
