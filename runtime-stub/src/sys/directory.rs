//! `opendir` and its relatives for directories in the payload.
//!
//! A directory stream of ours is told from the C library's by its first eight bytes: there the C library keeps a
//! descriptor and a lock, which are small numbers.

use core::ffi::{c_char, c_int, c_long};
use core::{mem, ptr};

use pyfreeze_format::{Entry, EntryIndex};

use crate::sys::libc_next::{Next, fail};
use crate::sys::metadata::{error_of, path_target};
use crate::sys::snapshot::{Found, note_answer};
use crate::sys::state;
use crate::virtual_path::Target;

const MAGIC: u64 = u64::from_le_bytes(*b"pyfr-dir");

/// A directory stream; its layout matters only to the first field.
#[repr(C)]
struct Stream {
    magic: u64,
    directory: Entry<'static>,
    /// 0 is `.`, 1 is `..`, then the children, hidden ones counted.
    position: usize,
    record: libc::dirent,
}

/// Our own stream behind a C pointer, if it is one.
fn own<'a>(stream: *mut libc::DIR) -> Option<&'a mut Stream> {
    if stream.is_null() {
        return None;
    }
    // SAFETY: every directory stream, ours or the C library's, has more than eight bytes, aligned by malloc.
    let magic = unsafe { stream.cast::<u64>().read() };
    // SAFETY: the magic is written by `open_stream` only; a stream belongs to one thread at a time (readdir(3)).
    (magic == MAGIC).then(|| unsafe { &mut *stream.cast::<Stream>() })
}

fn open_stream(directory: Entry<'static>) -> *mut libc::DIR {
    // SAFETY: malloc has no precondition.
    let stream = unsafe { libc::malloc(size_of::<Stream>()) }.cast::<Stream>();
    if stream.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: an all-zero `dirent` is a valid value of that plain C structure.
    let record = unsafe { mem::zeroed() };
    // SAFETY: the memory is fresh and of the stream's size; malloc aligns for any type.
    unsafe { stream.write(Stream { magic: MAGIC, directory, position: 0, record }) };
    stream.cast()
}

impl Stream {
    fn next(&mut self) -> *mut libc::dirent {
        let Some(payload) = state::payload() else { return ptr::null_mut() };
        loop {
            let position = self.position;
            self.position = position.saturating_add(1);
            let (index, name, kind) = match position {
                0 => (self.directory.index, &b"."[..], libc::DT_DIR),
                1 => (self.directory.parent, &b".."[..], libc::DT_DIR),
                _ => {
                    let child = payload.child_at(&self.directory, position.saturating_sub(2));
                    let Some(child) = child else { return ptr::null_mut() };
                    if !child.is_directory() && !child.has_content() {
                        continue;
                    }
                    let kind = if child.is_directory() { libc::DT_DIR } else { libc::DT_REG };
                    (child.index, child.name, kind)
                }
            };
            self.fill(index, name, kind);
            return &raw mut self.record;
        }
    }

    fn fill(&mut self, index: EntryIndex, name: &[u8], kind: u8) {
        self.record.d_ino = u64::from(index.0).saturating_add(1);
        self.record.d_off = i64::try_from(self.position).unwrap_or(i64::MAX);
        // OK because the structure has some 280 bytes.
        self.record.d_reclen = u16::try_from(size_of::<libc::dirent>()).unwrap_or(u16::MAX);
        self.record.d_type = kind;
        let terminated = name.iter().chain(&[0]);
        for (to, from) in self.record.d_name.iter_mut().zip(terminated) {
            *to = from.cast_signed();
        }
    }
}

// SAFETY (all exported functions of this file): the C library's names with its signatures on x86-64, where
// `dirent` and `dirent64` are the same structure.

static NEXT_OPENDIR: Next = Next::new(c"opendir");
static NEXT_READDIR: Next = Next::new(c"readdir");
static NEXT_READDIR64: Next = Next::new(c"readdir64");
static NEXT_CLOSEDIR: Next = Next::new(c"closedir");
static NEXT_REWINDDIR: Next = Next::new(c"rewinddir");
static NEXT_TELLDIR: Next = Next::new(c"telldir");
static NEXT_SEEKDIR: Next = Next::new(c"seekdir");
static NEXT_DIRFD: Next = Next::new(c"dirfd");

/// See opendir(3).
#[unsafe(no_mangle)]
extern "C" fn opendir(path: *const c_char) -> *mut libc::DIR {
    match path_target(path) {
        // The executable's real path is a file, so the kernel could only refuse; here it means the virtual root.
        Target::Root(entry) | Target::Executable(entry) => open_stream(entry),
        Target::Inside(entry) if entry.is_directory() => open_stream(entry),
        Target::Inside(_) => {
            fail(libc::ENOTDIR);
            ptr::null_mut()
        }
        Target::Nowhere(reason) => {
            fail(error_of(reason));
            ptr::null_mut()
        }
        Target::Outside => {
            // SAFETY: the C library's own function, of this signature.
            let next: extern "C" fn(*const c_char) -> *mut libc::DIR =
                unsafe { mem::transmute(NEXT_OPENDIR.address()) };
            let stream = next(path);
            note_answer(libc::AT_FDCWD, path, (!stream.is_null()).then_some(Found::Folder));
            stream
        }
    }
}

fn read_with(next: &'static Next, stream: *mut libc::DIR) -> *mut libc::dirent {
    if let Some(stream) = own(stream) {
        return stream.next();
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut libc::DIR) -> *mut libc::dirent = unsafe { mem::transmute(next.address()) };
    next(stream)
}

/// See readdir(3).
#[unsafe(no_mangle)]
extern "C" fn readdir(stream: *mut libc::DIR) -> *mut libc::dirent {
    read_with(&NEXT_READDIR, stream)
}

/// See readdir(3).
#[unsafe(no_mangle)]
extern "C" fn readdir64(stream: *mut libc::DIR) -> *mut libc::dirent {
    read_with(&NEXT_READDIR64, stream)
}

/// See closedir(3).
#[unsafe(no_mangle)]
extern "C" fn closedir(stream: *mut libc::DIR) -> c_int {
    if let Some(own) = own(stream) {
        own.magic = 0;
        // SAFETY: allocated by `open_stream`, and not used after closedir.
        unsafe { libc::free(stream.cast()) };
        return 0;
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut libc::DIR) -> c_int = unsafe { mem::transmute(NEXT_CLOSEDIR.address()) };
    next(stream)
}

/// See rewinddir(3).
#[unsafe(no_mangle)]
extern "C" fn rewinddir(stream: *mut libc::DIR) {
    if let Some(own) = own(stream) {
        own.position = 0;
        return;
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut libc::DIR) = unsafe { mem::transmute(NEXT_REWINDDIR.address()) };
    next(stream);
}

/// See telldir(3).
#[unsafe(no_mangle)]
extern "C" fn telldir(stream: *mut libc::DIR) -> c_long {
    if let Some(own) = own(stream) {
        return c_long::try_from(own.position).unwrap_or(-1);
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut libc::DIR) -> c_long = unsafe { mem::transmute(NEXT_TELLDIR.address()) };
    next(stream)
}

/// See seekdir(3).
#[unsafe(no_mangle)]
extern "C" fn seekdir(stream: *mut libc::DIR, position: c_long) {
    if let Some(own) = own(stream) {
        own.position = usize::try_from(position).unwrap_or(0);
        return;
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut libc::DIR, c_long) = unsafe { mem::transmute(NEXT_SEEKDIR.address()) };
    next(stream, position);
}

/// See dirfd(3): a directory of the payload has no descriptor.
#[unsafe(no_mangle)]
extern "C" fn dirfd(stream: *mut libc::DIR) -> c_int {
    if own(stream).is_some() {
        return fail(libc::ENOTSUP);
    }
    // SAFETY: the C library's own function, of this signature.
    let next: extern "C" fn(*mut libc::DIR) -> c_int = unsafe { mem::transmute(NEXT_DIRFD.address()) };
    next(stream)
}
