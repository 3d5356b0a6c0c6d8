//! `open`, `fopen` and `realpath` for paths in the payload.
//!
//! A file of the payload is opened as a sealed memfd: a real descriptor, which can be read, sought, mapped and
//! passed on, and can't be written. Paths outside the payload go to the kernel or to the C library.

use core::ffi::{CStr, c_char, c_int, c_uint};
use core::{mem, ptr, slice};

use pyfreeze_format::{Entry, Nowhere, VIRTUAL_ROOT};

use crate::sys::certificates;
use crate::sys::content::{self, Content};
use crate::sys::libc_next::{Next, fail};
use crate::sys::metadata::{error_of, path_target, result};
use crate::sys::snapshot::{self, Found, note_answer};
use crate::sys::{process, state};
use crate::virtual_path::Target;

/// Flags of `open` that ask for more than reading.
const WRITING: c_int = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;

/// What an `open` of a path in the payload comes to; `None` when the path is the kernel's business.
fn open_virtual(path: *const c_char, flags: c_int) -> Option<c_int> {
    let is_writing = flags & WRITING != 0;
    // SAFETY: callers of `open` pass C strings; the kernel, which checks the pointer, is not asked while recording.
    if snapshot::is_recording() && !path.is_null() && snapshot::hides(unsafe { CStr::from_ptr(path) }.to_bytes()) {
        return Some(fail(libc::ENOENT));
    }
    Some(match path_target(path) {
        Target::Outside | Target::Executable(_) | Target::Root(_) => return None,
        Target::Nowhere(Nowhere::Missing) if flags & libc::O_CREAT != 0 => fail(libc::EROFS),
        Target::Nowhere(reason) => fail(error_of(reason)),
        Target::Inside(entry) if entry.is_directory() => fail(libc::EISDIR),
        Target::Inside(_) if flags & libc::O_CREAT != 0 && flags & libc::O_EXCL != 0 => fail(libc::EEXIST),
        Target::Inside(_) if is_writing => fail(libc::EROFS),
        Target::Inside(_) if flags & libc::O_DIRECTORY != 0 => fail(libc::ENOTDIR),
        Target::Inside(entry) => memory_file(&entry, flags),
    })
}

/// Notes that a path outside the payload was opened. What is opened to be written matters even where nothing is.
fn note_opened(directory: c_int, path: *const c_char, flags: c_int, is_open: bool) {
    note_answer(directory, path, (is_open || flags & WRITING != 0).then_some(Found::File));
}

/// A sealed memfd with the entry's content, its position at the start.
fn memory_file(entry: &Entry<'static>, flags: c_int) -> c_int {
    match unnamed_file(entry, SealedFor::Reading) {
        Ok(descriptor) => read_only(descriptor, flags & libc::O_CLOEXEC),
        Err(error) => fail(error),
    }
}

/// The library that is the file `entry`, for the dynamic loader. Gives a descriptor, or -1 with errno.
pub(crate) fn library_file(entry: &Entry<'static>) -> c_int {
    unnamed_file(entry, SealedFor::Running).unwrap_or_else(fail)
}

/// What a memory file is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SealedFor {
    Reading,
    Running,
}

/// `MFD_EXEC` and `MFD_NOEXEC_SEAL` (Linux 6.3): where `vm.memfd_noexec` is 2 a memory file must be one that can't be
/// executed as a program, but may be mapped as a library; where it is 1, one that says nothing gets a warning in the
/// kernel's log.
const MFD_NOEXEC_SEAL: c_uint = 8;
const MFD_EXEC: c_uint = 0x10;

/// A sealed memory file with the entry's content, or the error.
fn unnamed_file(entry: &Entry<'static>, purpose: SealedFor) -> Result<c_int, c_int> {
    let content = content::of(entry).ok_or(libc::EIO)?;
    let mut name = [0_u8; 64];
    for (to, from) in name.iter_mut().zip(entry.name.iter().take(63)) {
        *to = *from;
    }
    let kinds = if purpose == SealedFor::Running { [MFD_EXEC, MFD_NOEXEC_SEAL, 0] } else { [MFD_NOEXEC_SEAL, 0, 0] };
    let create = |kind: c_uint| {
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | kind;
        // SAFETY: the name is a C string; the flags but for `kind` are known since Linux 3.17.
        result(unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), flags) })
    };
    let descriptor = kinds.into_iter().map(create).find(|descriptor| *descriptor >= 0).ok_or_else(errno)?;
    if let Err(error) = fill(descriptor, &content) {
        // SAFETY: the descriptor is ours and unused from here on.
        unsafe { libc::close(descriptor) };
        return Err(error);
    }
    Ok(descriptor)
}

/// The same file by a descriptor that was opened for reading, as the program asked; a memfd's own can write, and
/// only its seals say no, with another error. Without /proc the memfd's own has to do.
fn read_only(descriptor: c_int, close_on_exec: c_int) -> c_int {
    let path = process::numbered_path(b"/proc/self/fd/", descriptor.unsigned_abs(), b"");
    // SAFETY: the path is a C string on the stack.
    let reopened = result(unsafe {
        libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC, 0)
    });
    if reopened < 0 {
        if close_on_exec == 0 {
            // SAFETY: changes a flag of our own descriptor.
            unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) };
        }
        return descriptor;
    }
    // Under the first number, which is the lowest free one, as open(2) promises.
    // SAFETY: both descriptors are ours.
    unsafe { libc::dup3(reopened, descriptor, close_on_exec) };
    // SAFETY: the descriptor is ours and unused from here on.
    unsafe { libc::close(reopened) };
    descriptor
}

fn fill(descriptor: c_int, content: &Content) -> Result<(), c_int> {
    let size = usize::try_from(content.size()).map_err(|_| libc::EFBIG)?;
    let length = i64::try_from(size).map_err(|_| libc::EFBIG)?;
    // SAFETY: sets the size of our own file.
    if unsafe { libc::ftruncate(descriptor, length) } != 0 {
        return Err(errno());
    }
    if size > 0 {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: maps our own file of that size at an address of the kernel's choice.
        let memory = unsafe { libc::mmap(ptr::null_mut(), size, protection, libc::MAP_SHARED, descriptor, 0) };
        if memory == libc::MAP_FAILED {
            return Err(errno());
        }
        // SAFETY: the mapping has `size` writable bytes and is known to nobody else.
        let is_whole = unsafe { content.write(memory.cast()) };
        // SAFETY: unmaps exactly what was mapped above.
        unsafe { libc::munmap(memory, size) };
        if !is_whole {
            return Err(libc::EIO);
        }
    }
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
    // SAFETY: seals our own file; should an old kernel refuse, the file is merely unsealed.
    unsafe { libc::fcntl(descriptor, libc::F_ADD_SEALS, seals) };
    Ok(())
}

fn errno() -> c_int {
    // SAFETY: errno's address is valid in every thread.
    unsafe { *libc::__errno_location() }
}

// SAFETY (all exported functions of this file): the C library's names with its signatures on x86-64, where the
// functions with and without "64" are the same. `open` is variadic in C; its third argument, an integer, is passed
// in the same register either way, and is only looked at when the flags say that it is there.

macro_rules! open_family {
    ($($open:ident, $openat:ident, $creat:ident, $open_2:ident, $openat_2:ident, $fopen:ident, $next_fopen:ident;)*) => {$(
        /// See open(2).
        #[unsafe(no_mangle)]
        extern "C" fn $open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            $openat(libc::AT_FDCWD, path, flags, mode)
        }

        /// See openat(2).
        #[unsafe(no_mangle)]
        extern "C" fn $openat(directory: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
            open_virtual(path, flags).unwrap_or_else(|| {
                // SAFETY: the kernel checks the pointer itself.
                let descriptor = result(unsafe { libc::syscall(libc::SYS_openat, directory, path, flags, mode) });
                note_opened(directory, path, flags, descriptor >= 0);
                descriptor
            })
        }

        /// See creat(2).
        #[unsafe(no_mangle)]
        extern "C" fn $creat(path: *const c_char, mode: c_uint) -> c_int {
            $open(path, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, mode)
        }

        /// `open` as called by programs built with _FORTIFY_SOURCE.
        #[unsafe(no_mangle)]
        extern "C" fn $open_2(path: *const c_char, flags: c_int) -> c_int {
            $open(path, flags, 0)
        }

        /// `openat` as called by programs built with _FORTIFY_SOURCE.
        #[unsafe(no_mangle)]
        extern "C" fn $openat_2(directory: c_int, path: *const c_char, flags: c_int) -> c_int {
            $openat(directory, path, flags, 0)
        }

        /// See fopen(3).
        #[unsafe(no_mangle)]
        extern "C" fn $fopen(path: *const c_char, mode: *const c_char) -> *mut libc::FILE {
            fopen_with(&$next_fopen, path, mode)
        }
    )*};
}

static NEXT_FOPEN: Next = Next::new(c"fopen");
static NEXT_FOPEN64: Next = Next::new(c"fopen64");

open_family! {
    open, openat, creat, __open_2, __openat_2, fopen, NEXT_FOPEN;
    open64, openat64, creat64, __open64_2, __openat64_2, fopen64, NEXT_FOPEN64;
}

fn fopen_with(next: &'static Next, path: *const c_char, mode: *const c_char) -> *mut libc::FILE {
    // SAFETY: callers of `fopen` pass C strings.
    let mode_text = if mode.is_null() { c"r" } else { unsafe { CStr::from_ptr(mode) } }.to_bytes();
    let is_reading = mode_text.starts_with(b"r") && !mode_text.contains(&b'+');
    let access = if is_reading { libc::O_RDONLY } else { libc::O_RDWR | libc::O_CREAT };
    let close_on_exec = if mode_text.contains(&b'e') { libc::O_CLOEXEC } else { 0 };
    // SAFETY: callers of `fopen` pass C strings.
    let text = if path.is_null() { c"" } else { unsafe { CStr::from_ptr(path) } };
    if snapshot::hides(text.to_bytes()) {
        fail(libc::ENOENT);
        return ptr::null_mut();
    }
    // SAFETY: the C library's own function, of this signature.
    let fopen: extern "C" fn(*const c_char, *const c_char) -> *mut libc::FILE =
        unsafe { mem::transmute(next.address()) };
    // OpenSSL opens them so, and python does not.
    if certificates::are_recorded(text) {
        return fopen(snapshot::certificates().as_ptr(), mode);
    }
    match open_virtual(path, access | close_on_exec) {
        Some(descriptor) if descriptor < 0 => ptr::null_mut(),
        // SAFETY: the descriptor is open and now belongs to the stream; the mode is a C string.
        Some(descriptor) => unsafe { libc::fdopen(descriptor, c"r".as_ptr()) },
        None => {
            let stream = fopen(path, mode);
            note_opened(libc::AT_FDCWD, path, access, !stream.is_null());
            stream
        }
    }
}

static NEXT_REALPATH: Next = Next::new(c"realpath");

/// See realpath(3). A path in the payload becomes its spelling with the executable's real path, as if the
/// payload were a folder there.
#[unsafe(no_mangle)]
extern "C" fn realpath(path: *const c_char, resolved: *mut c_char) -> *mut c_char {
    match path_target(path) {
        Target::Inside(entry) => real_path(&entry, resolved),
        Target::Nowhere(_) => {
            fail(libc::ENOENT);
            ptr::null_mut()
        }
        Target::Outside | Target::Root(_) | Target::Executable(_) => {
            // SAFETY: the C library's own function, of this signature.
            let next: extern "C" fn(*const c_char, *mut c_char) -> *mut c_char =
                unsafe { mem::transmute(NEXT_REALPATH.address()) };
            let real = next(path, resolved);
            note_answer(libc::AT_FDCWD, path, (!real.is_null()).then_some(Found::File));
            real
        }
    }
}

/// `realpath` as called by programs built with _FORTIFY_SOURCE.
#[unsafe(no_mangle)]
extern "C" fn __realpath_chk(path: *const c_char, resolved: *mut c_char, _size: usize) -> *mut c_char {
    realpath(path, resolved)
}

fn real_path(entry: &Entry<'static>, resolved: *mut c_char) -> *mut c_char {
    let room = libc::PATH_MAX as usize;
    let buffer = if resolved.is_null() {
        // SAFETY: malloc has no precondition; the caller frees the result, as realpath(3) says.
        unsafe { libc::malloc(room) }.cast()
    } else {
        resolved
    };
    if buffer.is_null() {
        return buffer;
    }
    // SAFETY: realpath's buffer has PATH_MAX bytes, ours as the caller's.
    let bytes = unsafe { slice::from_raw_parts_mut(buffer.cast::<u8>(), room) };
    let root = match state::executable() {
        [] => VIRTUAL_ROOT.as_bytes(),
        executable => executable,
    };
    write_path(bytes, root, entry);
    buffer
}

/// Writes the entry's path below `root`, with a terminator, cutting off what has no room.
pub(crate) fn write_path(bytes: &mut [u8], root: &[u8], entry: &Entry<'static>) {
    let mut room = bytes.iter_mut();
    let last = room.next_back();
    let mut put = |part: &[u8]| part.iter().zip(room.by_ref()).for_each(|(from, to)| *to = *from);
    put(root);
    if let Some(payload) = state::payload() {
        // OK because an entry found by its path is not deeper than the format allows.
        let _ = payload.path_components(entry, |name| {
            put(b"/");
            put(name);
        });
    }
    put(b"\0");
    if let Some(last) = last {
        *last = 0;
    }
}
