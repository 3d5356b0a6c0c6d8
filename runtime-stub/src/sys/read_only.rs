//! Functions that would change a file system: below the virtual root they say that it is read-only.
//!
//! Without these, the kernel would say "Not a directory", which is true of `/proc/self/exe/…` and helps nobody.

use core::ffi::{c_char, c_int, c_long, c_uint, c_void};

use pyfreeze_format::Nowhere;

use crate::sys::libc_next::fail;
use crate::sys::metadata::{error_of, path_target, result};
use crate::sys::snapshot::note_asked;
use crate::virtual_path::Target;

/// What a function does at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Makes something new there.
    Create,
    /// Changes, moves or removes what is there.
    Alter,
    /// Puts something there, whatever was there before.
    Replace,
}

/// The error for a change at `path`, if it lies in the payload: what a read-only file system would say, where an
/// existing or missing file is reported first.
fn refusal(path: *const c_char, change: Change) -> Option<c_int> {
    match path_target(path) {
        Target::Outside => {
            note_asked(path);
            None
        }
        Target::Executable(_) | Target::Root(_) => None,
        Target::Inside(_) if change == Change::Create => Some(libc::EEXIST),
        Target::Nowhere(Nowhere::Missing) if change != Change::Alter => Some(libc::EROFS),
        Target::Nowhere(reason) => Some(error_of(reason)),
        Target::Inside(_) => Some(libc::EROFS),
    }
}

/// The first refusal for one of the paths, else the system call.
fn refuse_or(changes: &[(Change, *const c_char)], call: impl FnOnce() -> c_long) -> c_int {
    let refused = changes.iter().find_map(|(change, path)| refusal(*path, *change));
    refused.map_or_else(|| result(call()), fail)
}

// SAFETY (all exported functions of this file): the C library's names with its signatures on x86-64. Their system
// calls get what the caller passed, and the kernel checks the pointers itself.

macro_rules! refused {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) at [$($change:ident $path:ident),*] => $number:ident($($passed:expr),*);)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $kind),*) -> c_int {
            // SAFETY: see above.
            refuse_or(&[$((Change::$change, $path)),*], || unsafe { libc::syscall(libc::$number, $($passed),*) })
        }
    )*};
}

refused! {
    /// See mkdir(2).
    mkdir(path: *const c_char, mode: c_uint) at [Create path] => SYS_mkdir(path, mode);
    /// See mkdirat(2).
    mkdirat(directory: c_int, path: *const c_char, mode: c_uint) at [Create path] => SYS_mkdirat(directory, path, mode);
    /// See rmdir(2).
    rmdir(path: *const c_char) at [Alter path] => SYS_rmdir(path);
    /// See unlink(2).
    unlink(path: *const c_char) at [Alter path] => SYS_unlink(path);
    /// See unlinkat(2).
    unlinkat(directory: c_int, path: *const c_char, flags: c_int) at [Alter path] => SYS_unlinkat(directory, path, flags);
    /// See rename(2).
    rename(from: *const c_char, to: *const c_char) at [Alter from, Replace to] => SYS_rename(from, to);
    /// See renameat(2).
    renameat(from_directory: c_int, from: *const c_char, to_directory: c_int, to: *const c_char) at [Alter from, Replace to]
        => SYS_renameat(from_directory, from, to_directory, to);
    /// See symlink(2); what a link points to may well be virtual.
    symlink(target: *const c_char, path: *const c_char) at [Create path] => SYS_symlink(target, path);
    /// See symlinkat(2).
    symlinkat(target: *const c_char, directory: c_int, path: *const c_char) at [Create path]
        => SYS_symlinkat(target, directory, path);
    /// See link(2).
    link(from: *const c_char, to: *const c_char) at [Alter from, Create to] => SYS_link(from, to);
    /// See linkat(2).
    linkat(from_directory: c_int, from: *const c_char, to_directory: c_int, to: *const c_char, flags: c_int) at [Alter from, Create to]
        => SYS_linkat(from_directory, from, to_directory, to, flags);
    /// See chmod(2).
    chmod(path: *const c_char, mode: c_uint) at [Alter path] => SYS_chmod(path, mode);
    /// See chown(2).
    chown(path: *const c_char, owner: c_uint, group: c_uint) at [Alter path] => SYS_chown(path, owner, group);
    /// See lchown(2).
    lchown(path: *const c_char, owner: c_uint, group: c_uint) at [Alter path] => SYS_lchown(path, owner, group);
    /// See fchownat(2).
    fchownat(directory: c_int, path: *const c_char, owner: c_uint, group: c_uint, flags: c_int) at [Alter path]
        => SYS_fchownat(directory, path, owner, group, flags);
    /// See truncate(2).
    truncate(path: *const c_char, size: c_long) at [Alter path] => SYS_truncate(path, size);
    /// See truncate(2).
    truncate64(path: *const c_char, size: c_long) at [Alter path] => SYS_truncate(path, size);
    /// See utimensat(2).
    utimensat(directory: c_int, path: *const c_char, times: *const c_void, flags: c_int) at [Alter path]
        => SYS_utimensat(directory, path, times, flags);
    /// See utimes(2).
    utimes(path: *const c_char, times: *const c_void) at [Alter path] => SYS_utimes(path, times);
    /// See setxattr(2).
    setxattr(path: *const c_char, name: *const c_char, value: *const c_void, size: usize, flags: c_int) at [Alter path]
        => SYS_setxattr(path, name, value, size, flags);
    /// See lsetxattr(2).
    lsetxattr(path: *const c_char, name: *const c_char, value: *const c_void, size: usize, flags: c_int) at [Alter path]
        => SYS_lsetxattr(path, name, value, size, flags);
    /// See removexattr(2).
    removexattr(path: *const c_char, name: *const c_char) at [Alter path] => SYS_removexattr(path, name);
}

/// ENOTSUP if the path is in the payload, else the system call: files there have no extended attributes, which
/// `shutil.copy2` takes as a plain no.
fn without_attributes(path: *const c_char, call: impl FnOnce() -> c_long) -> isize {
    let is_ours = refusal(path, Change::Alter).is_some();
    let value = if is_ours { c_long::from(fail(libc::ENOTSUP)) } else { call() };
    isize::try_from(value).unwrap_or(-1)
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $list:ident => $list_number:ident, $get:ident => $get_number:ident;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $list(path: *const c_char, buffer: *mut c_char, size: usize) -> isize {
            // SAFETY: the kernel checks the pointers itself.
            without_attributes(path, || unsafe { libc::syscall(libc::$list_number, path, buffer, size) })
        }

        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $get(path: *const c_char, name: *const c_char, buffer: *mut c_void, size: usize) -> isize {
            // SAFETY: the kernel checks the pointers itself.
            without_attributes(path, || unsafe { libc::syscall(libc::$get_number, path, name, buffer, size) })
        }
    )*};
}

attributes! {
    /// See listxattr(2), getxattr(2).
    listxattr => SYS_listxattr, getxattr => SYS_getxattr;
    /// See llistxattr(2), lgetxattr(2).
    llistxattr => SYS_llistxattr, lgetxattr => SYS_lgetxattr;
}
