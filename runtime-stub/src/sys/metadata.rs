//! `stat` and its relatives for paths in the payload.
//!
//! These functions are the executable's own, so calls from CPython and from every library loaded later resolve to
//! them first. Paths outside the payload go to the kernel by raw system calls. Both generations of names are
//! here: libraries built before glibc 2.33 call `__xstat`, later ones `stat`.

use core::ffi::{CStr, c_char, c_int, c_long, c_uint};
use core::mem;

use pyfreeze_format::{Entry, Nowhere};

use crate::sys::libc_next::fail;
use crate::sys::snapshot::{self, Found, note_answer};
use crate::sys::{content, state};
use crate::virtual_path::Target;

/// The device number of the payload's files: the letters "pyfr".
const DEVICE: u64 = 0x7079_6672;
/// Time stamp of all files, in seconds since 1970: 1980-01-01, the oldest that zip files can hold. The same
/// everywhere, so that nothing depends on when a program was frozen.
const TIME: i64 = 315_532_800;

pub(crate) fn path_target(path: *const c_char) -> Target<'static> {
    if path.is_null() {
        return Target::Outside;
    }
    // SAFETY: callers of C path functions pass C strings.
    state::target(unsafe { CStr::from_ptr(path) }.to_bytes())
}

/// The error of a path that leads nowhere.
pub(crate) fn error_of(reason: Nowhere) -> c_int {
    match reason {
        Nowhere::Missing => libc::ENOENT,
        Nowhere::BelowFile => libc::ENOTDIR,
    }
}

/// Whether the symbolic link `/proc/self/exe` itself is meant, rather than the directory behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Follow,
    Keep,
}

impl Links {
    fn from_flags(flags: c_int) -> Self {
        if flags & libc::AT_SYMLINK_NOFOLLOW == 0 { Self::Follow } else { Self::Keep }
    }
}

/// The payload's entry for a path, if the answer is ours to give.
fn entry(path: *const c_char, links: Links) -> Option<Result<Entry<'static>, c_int>> {
    match path_target(path) {
        Target::Outside | Target::Executable(_) => None,
        Target::Root(_) if links == Links::Keep => None,
        Target::Root(entry) | Target::Inside(entry) => Some(Ok(entry)),
        Target::Nowhere(reason) => Some(Err(error_of(reason))),
    }
}

fn size(entry: &Entry<'static>) -> u64 {
    content::of(entry).map_or(0, |content| content.size())
}

fn mode(entry: &Entry<'_>) -> u32 {
    if entry.is_directory() {
        libc::S_IFDIR | 0o555
    } else if entry.is_executable {
        libc::S_IFREG | 0o555
    } else {
        libc::S_IFREG | 0o444
    }
}

fn status(entry: &Entry<'static>) -> libc::stat {
    // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    let size = i64::try_from(size(entry)).unwrap_or(i64::MAX);
    status.st_dev = DEVICE;
    status.st_ino = u64::from(entry.index.0).saturating_add(1);
    status.st_nlink = 1;
    status.st_mode = mode(entry);
    // By system calls: who looks at a file of the payload asks for no fact of the machine. A recorded process has no user.
    // SAFETY: without arguments.
    let owner = unsafe { (libc::syscall(libc::SYS_geteuid), libc::syscall(libc::SYS_getegid)) };
    let owner = if snapshot::is_recording() { (0, 0) } else { owner };
    status.st_uid = u32::try_from(owner.0).unwrap_or(0);
    status.st_gid = u32::try_from(owner.1).unwrap_or(0);
    status.st_size = size;
    status.st_blksize = 4096;
    status.st_blocks = size.saturating_add(511) / 512;
    (status.st_atime, status.st_mtime, status.st_ctime) = (TIME, TIME, TIME);
    status
}

/// `fstatat`'s work for all names below: the payload's answer, or the kernel's.
fn stat_at(directory: c_int, path: *const c_char, buffer: *mut libc::stat, flags: c_int) -> c_int {
    match entry(path, Links::from_flags(flags)) {
        Some(Ok(entry)) => {
            // SAFETY: callers of `stat` pass a writable structure.
            unsafe { buffer.write(status(&entry)) };
            0
        }
        Some(Err(error)) => fail(error),
        None => {
            // SAFETY: the kernel checks the pointers itself.
            let answer = result(unsafe { libc::syscall(libc::SYS_newfstatat, directory, path, buffer, flags) });
            note_answer(directory, path, Found::File.if_zero(answer));
            answer
        }
    }
}

/// OK because these system calls give 0 or -1.
pub(crate) fn result(value: c_long) -> c_int {
    c_int::try_from(value).unwrap_or(-1)
}

// SAFETY (all exported functions of this file): the C library's names with its signatures on x86-64, where the
// functions and structures with and without "64" are the same; ours stand before the C library's in every search.

macro_rules! stat_family {
    ($($stat:ident, $lstat:ident, $fstatat:ident, $xstat:ident, $lxstat:ident, $fxstatat:ident;)*) => {$(
        /// See stat(2).
        #[unsafe(no_mangle)]
        extern "C" fn $stat(path: *const c_char, buffer: *mut libc::stat) -> c_int {
            stat_at(libc::AT_FDCWD, path, buffer, 0)
        }

        /// See lstat(2).
        #[unsafe(no_mangle)]
        extern "C" fn $lstat(path: *const c_char, buffer: *mut libc::stat) -> c_int {
            stat_at(libc::AT_FDCWD, path, buffer, libc::AT_SYMLINK_NOFOLLOW)
        }

        /// See fstatat(2).
        #[unsafe(no_mangle)]
        extern "C" fn $fstatat(directory: c_int, path: *const c_char, buffer: *mut libc::stat, flags: c_int) -> c_int {
            stat_at(directory, path, buffer, flags)
        }

        /// `stat` as programs call it that were built against glibc before 2.33.
        #[unsafe(no_mangle)]
        extern "C" fn $xstat(_version: c_int, path: *const c_char, buffer: *mut libc::stat) -> c_int {
            stat_at(libc::AT_FDCWD, path, buffer, 0)
        }

        /// `lstat` as programs call it that were built against glibc before 2.33.
        #[unsafe(no_mangle)]
        extern "C" fn $lxstat(_version: c_int, path: *const c_char, buffer: *mut libc::stat) -> c_int {
            stat_at(libc::AT_FDCWD, path, buffer, libc::AT_SYMLINK_NOFOLLOW)
        }

        /// `fstatat` as programs call it that were built against glibc before 2.33.
        #[unsafe(no_mangle)]
        extern "C" fn $fxstatat(
            _version: c_int, directory: c_int, path: *const c_char, buffer: *mut libc::stat, flags: c_int,
        ) -> c_int {
            stat_at(directory, path, buffer, flags)
        }
    )*};
}

stat_family! {
    stat, lstat, fstatat, __xstat, __lxstat, __fxstatat;
    stat64, lstat64, fstatat64, __xstat64, __lxstat64, __fxstatat64;
}

/// See statx(2); Rust's standard library calls it in extension modules.
#[unsafe(no_mangle)]
extern "C" fn statx(
    directory: c_int,
    path: *const c_char,
    flags: c_int,
    mask: c_uint,
    buffer: *mut libc::statx,
) -> c_int {
    match entry(path, Links::from_flags(flags)) {
        Some(Ok(entry)) => {
            // SAFETY: callers of `statx` pass a writable structure.
            unsafe { buffer.write(extended(&status(&entry))) };
            0
        }
        Some(Err(error)) => fail(error),
        None => {
            // SAFETY: the kernel checks the pointers itself.
            let answer = result(unsafe { libc::syscall(libc::SYS_statx, directory, path, flags, mask, buffer) });
            note_answer(directory, path, Found::File.if_zero(answer));
            answer
        }
    }
}

fn extended(status: &libc::stat) -> libc::statx {
    // SAFETY: an all-zero `statx` is a valid value of that plain C structure.
    let mut extended: libc::statx = unsafe { mem::zeroed() };
    extended.stx_mask = libc::STATX_BASIC_STATS;
    extended.stx_blksize = 4096;
    extended.stx_nlink = 1;
    extended.stx_uid = status.st_uid;
    extended.stx_gid = status.st_gid;
    // OK because file modes have 16 bits.
    extended.stx_mode = u16::try_from(status.st_mode).unwrap_or(0);
    extended.stx_ino = status.st_ino;
    extended.stx_size = status.st_size.unsigned_abs();
    extended.stx_blocks = status.st_blocks.unsigned_abs();
    for time in [&mut extended.stx_atime, &mut extended.stx_mtime, &mut extended.stx_ctime] {
        time.tv_sec = TIME;
    }
    extended
}

/// `access`'s work: readable by all, writable by none, executable where the project's file was.
fn access_at(directory: c_int, path: *const c_char, wanted: c_int, flags: c_int) -> c_int {
    match entry(path, Links::from_flags(flags)) {
        Some(Ok(_)) if wanted & libc::W_OK != 0 => fail(libc::EROFS),
        Some(Ok(entry)) if wanted & libc::X_OK != 0 && mode(&entry) & 0o111 == 0 => fail(libc::EACCES),
        Some(Ok(_)) => 0,
        Some(Err(error)) => fail(error),
        None if flags == 0 => {
            // SAFETY: the kernel checks the pointer itself.
            let answer = result(unsafe { libc::syscall(libc::SYS_faccessat, directory, path, wanted) });
            note_answer(directory, path, Found::File.if_zero(answer));
            answer
        }
        None => {
            // SAFETY: the C library's own function, of this signature; it emulates flags on old kernels.
            let next: extern "C" fn(c_int, *const c_char, c_int, c_int) -> c_int =
                unsafe { mem::transmute(NEXT_FACCESSAT.address()) };
            let answer = next(directory, path, wanted, flags);
            note_answer(directory, path, Found::File.if_zero(answer));
            answer
        }
    }
}

static NEXT_FACCESSAT: super::libc_next::Next = super::libc_next::Next::new(c"faccessat");

/// See access(2).
#[unsafe(no_mangle)]
extern "C" fn access(path: *const c_char, wanted: c_int) -> c_int {
    access_at(libc::AT_FDCWD, path, wanted, 0)
}

/// See faccessat(2).
#[unsafe(no_mangle)]
extern "C" fn faccessat(directory: c_int, path: *const c_char, wanted: c_int, flags: c_int) -> c_int {
    access_at(directory, path, wanted, flags)
}

/// `readlink`'s work: nothing in the payload is a symbolic link.
fn readlink_at(directory: c_int, path: *const c_char, buffer: *mut c_char, size: usize) -> isize {
    match entry(path, Links::Keep) {
        Some(Ok(_)) => isize::try_from(fail(libc::EINVAL)).unwrap_or(-1),
        Some(Err(error)) => isize::try_from(fail(error)).unwrap_or(-1),
        None => {
            // SAFETY: the kernel checks the pointers itself.
            let size = unsafe { libc::syscall(libc::SYS_readlinkat, directory, path, buffer, size) };
            note_answer(directory, path, (size >= 0).then_some(Found::File));
            isize::try_from(size).unwrap_or(-1)
        }
    }
}

/// See readlink(2).
#[unsafe(no_mangle)]
extern "C" fn readlink(path: *const c_char, buffer: *mut c_char, size: usize) -> isize {
    readlink_at(libc::AT_FDCWD, path, buffer, size)
}

/// See readlinkat(2).
#[unsafe(no_mangle)]
extern "C" fn readlinkat(directory: c_int, path: *const c_char, buffer: *mut c_char, size: usize) -> isize {
    readlink_at(directory, path, buffer, size)
}

static NEXT_STATVFS: super::libc_next::Next = super::libc_next::Next::new(c"statvfs");

/// See statvfs(3): below the virtual root lies a full, read-only file system.
#[unsafe(no_mangle)]
extern "C" fn statvfs(path: *const c_char, buffer: *mut libc::statvfs) -> c_int {
    match entry(path, Links::Follow) {
        Some(Ok(_)) => {
            // SAFETY: callers of `statvfs` pass a writable structure.
            unsafe { buffer.write(file_system()) };
            0
        }
        Some(Err(error)) => fail(error),
        None => {
            // SAFETY: the C library's own function, of this signature.
            let next: extern "C" fn(*const c_char, *mut libc::statvfs) -> c_int =
                unsafe { mem::transmute(NEXT_STATVFS.address()) };
            let answer = next(path, buffer);
            note_answer(libc::AT_FDCWD, path, Found::File.if_zero(answer));
            answer
        }
    }
}

/// See statvfs(3).
#[unsafe(no_mangle)]
extern "C" fn statvfs64(path: *const c_char, buffer: *mut libc::statvfs) -> c_int {
    statvfs(path, buffer)
}

fn file_system() -> libc::statvfs {
    // SAFETY: an all-zero `statvfs` is a valid value of that plain C structure.
    let mut status: libc::statvfs = unsafe { mem::zeroed() };
    let payload = state::payload();
    status.f_bsize = 4096;
    status.f_frsize = 4096;
    status.f_blocks = payload.map_or(0, |payload| payload.bytes().len().div_ceil(4096) as u64);
    status.f_files = payload.map_or(0, |payload| u64::from(payload.entry_count()));
    status.f_fsid = DEVICE;
    status.f_flag = libc::ST_RDONLY;
    status.f_namemax = 255;
    status
}
