//! Libraries in a folder that only the user can read or write, for systems that allow no executable memory files.
//!
//! Comes in: a library. Goes out: the path of a file with just its content. What lies there is compared byte for byte
//! before it is used; what is written appears by renaming. A process with more privileges than its caller has no
//! such folder: the environment must not say where its code comes from.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr, slice};

use pyfreeze_format::Entry;
use pyfreeze_format::layout::checksum;

use crate::sys::c_strings::c_text;
use crate::sys::content;
use crate::sys::object::Scratch;

unsafe extern "C" {
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// The path of a file with the library's content; `None` if there can be none.
pub(super) fn file(entry: &Entry<'static>) -> Option<&'static CStr> {
    let content = content::of(entry)?;
    let size = usize::try_from(content.size()).ok()?;
    let scratch = Scratch::new(size)?;
    // SAFETY: the scratch memory has `size` bytes and is ours.
    if !unsafe { content.write(scratch.pointer()) } {
        return None;
    }
    // SAFETY: `write` has written all bytes, and the scratch memory outlives the slice.
    let bytes = unsafe { slice::from_raw_parts(scratch.pointer(), size) };
    let folder = folder()?;
    let path = c_text(&[folder.to_bytes(), b"/", &hexadecimal(checksum(bytes)), b"-", entry.name]);
    (holds(path, bytes) || (write(folder, path, bytes) && holds(path, bytes))).then_some(path)
}

/// `$XDG_CACHE_HOME/pyfreeze/libraries` or `~/.cache/pyfreeze/libraries`, made if needed, and the user's alone.
fn folder() -> Option<&'static CStr> {
    let cache = variable(c"XDG_CACHE_HOME").filter(|path| path.starts_with(b"/"));
    let cache = cache.map(|path| c_text(&[path]));
    let home = || variable(c"HOME").filter(|path| path.starts_with(b"/")).map(|home| c_text(&[home, b"/.cache"]));
    let cache = cache.or_else(home)?;
    let own = c_text(&[cache.to_bytes(), b"/pyfreeze"]);
    let folder = c_text(&[own.to_bytes(), b"/libraries"]);
    for path in [cache, own, folder] {
        // SAFETY: a C string; that the folder is there already is no failure.
        unsafe { libc::mkdir(path.as_ptr(), 0o700) };
    }
    // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: a C string and a writable structure.
    let is_there = unsafe { libc::lstat(folder.as_ptr(), &raw mut status) } == 0;
    // SAFETY: geteuid has no precondition.
    let is_own = status.st_uid == unsafe { libc::geteuid() };
    let is_private = status.st_mode & libc::S_IFMT == libc::S_IFDIR && status.st_mode & 0o077 == 0;
    (is_there && is_own && is_private).then_some(folder)
}

fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: a C string.
    let value = unsafe { secure_getenv(name.as_ptr()) };
    // SAFETY: the environment's strings are C strings; they are copied before Python could change them.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_bytes())
}

fn hexadecimal(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (position, digit) in digits.iter_mut().rev().enumerate() {
        let nibble = number.checked_shr(u32::try_from(position.saturating_mul(4)).unwrap_or(0)).unwrap_or(0) & 0xf;
        *digit = b"0123456789abcdef".get(usize::try_from(nibble).unwrap_or(0)).copied().unwrap_or(b'0');
    }
    digits
}

/// True if a file of the user's own has exactly these bytes.
fn holds(path: &CStr, bytes: &[u8]) -> bool {
    // SAFETY: a C string.
    let descriptor = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC) };
    if descriptor < 0 {
        return false;
    }
    let is_same = is_same(descriptor, bytes);
    // SAFETY: the descriptor is ours and unused from here on.
    unsafe { libc::close(descriptor) };
    is_same
}

fn is_same(descriptor: c_int, bytes: &[u8]) -> bool {
    // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: our own descriptor and a writable structure.
    let is_there = unsafe { libc::fstat(descriptor, &raw mut status) } == 0;
    // SAFETY: geteuid has no precondition.
    let is_own = status.st_uid == unsafe { libc::geteuid() };
    if !is_there || !is_own || usize::try_from(status.st_size) != Ok(bytes.len()) {
        return false;
    }
    let flags = libc::MAP_PRIVATE;
    // SAFETY: maps the file, which has that size, at an address of the kernel's choice.
    let memory = unsafe { libc::mmap(ptr::null_mut(), bytes.len(), libc::PROT_READ, flags, descriptor, 0) };
    if memory == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: the mapping has that many readable bytes.
    let is_same = unsafe { slice::from_raw_parts(memory.cast::<u8>(), bytes.len()) } == bytes;
    // SAFETY: the mapping is ours and unused from here on.
    unsafe { libc::munmap(memory, bytes.len()) };
    is_same
}

/// Writes the bytes under another name, then gives the file its own.
fn write(folder: &CStr, path: &CStr, bytes: &[u8]) -> bool {
    let partial = c_text(&[folder.to_bytes(), b"/.XXXXXX"]).as_ptr().cast_mut();
    // SAFETY: a template in memory of our own, ended by six X.
    let descriptor = unsafe { libc::mkostemp(partial, libc::O_CLOEXEC) };
    if descriptor < 0 {
        return false;
    }
    // SAFETY: our own descriptor.
    let is_written = write_all(descriptor, bytes) && unsafe { libc::fchmod(descriptor, 0o500) } == 0;
    // SAFETY: the descriptor is ours and unused from here on.
    unsafe { libc::close(descriptor) };
    // SAFETY: C strings.
    let is_done = is_written && unsafe { libc::rename(partial, path.as_ptr()) } == 0;
    if !is_done {
        // SAFETY: a C string; the file is ours.
        unsafe { libc::unlink(partial) };
    }
    is_done
}

fn write_all(descriptor: c_int, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: our own descriptor and readable bytes.
        let written = unsafe { libc::write(descriptor, rest.as_ptr().cast::<c_void>(), rest.len()) };
        match usize::try_from(written).ok().filter(|written| *written > 0).and_then(|written| rest.get(written..)) {
            Some(left) => rest = left,
            None => return false,
        }
    }
    true
}
