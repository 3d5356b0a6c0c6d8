//! Guards: what recorded modules have asked of their machine is asked again.
//!
//! Comes in: a snapshot, the value of `HOME`. Goes out: whether this process gets the same answers. By system calls, without
//! opening or allocating anything, in about a microsecond each.

use core::ffi::{CStr, c_int};

use pyfreeze_format::{Guard, Nowhere, PathStart, Snapshot};

/// Whether all guards hold; `home` is empty where it is none that paths can be put behind.
pub(super) fn hold(snapshot: &Snapshot<'_>, home: &[u8]) -> bool {
    let starts_in = |start: PathStart| {
        snapshot.guards().any(|guard| matches!(guard, Guard::Absent { start: wanted, .. } if wanted == start))
    };
    (home.len() > 1 || !starts_in(PathStart::Home))
        && (!starts_in(PathStart::WorkingFolder) || has_working_folder())
        && snapshot.guards().all(|guard| holds(guard, home))
}

fn holds(guard: Guard<'_>, home: &[u8]) -> bool {
    match guard {
        Guard::Absent { start: PathStart::Home, path, reason } => {
            let mut joined = [0_u8; libc::PATH_MAX as usize];
            let parts = home.iter().chain(path.to_bytes());
            if home.len().saturating_add(path.count_bytes()) >= joined.len() {
                return false;
            }
            joined.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
            CStr::from_bytes_until_nul(&joined).is_ok_and(|path| is_absent(path, reason))
        }
        Guard::Absent { path, reason, .. } => is_absent(path, reason),
        Guard::NoTerminal { descriptor } => !is_terminal(descriptor.into()),
    }
}

/// Whether nothing is at the path, for the same reason: not even a symbolic link, which some questions follow and some do not.
fn is_absent(path: &CStr, reason: Nowhere) -> bool {
    // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
    let mut status: libc::stat = unsafe { core::mem::zeroed() };
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: the path is a C string and `status` is writable; a system call, since `stat` is interposed.
    let result = unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), &raw mut status, flags) };
    let expected = match reason {
        Nowhere::Missing => libc::ENOENT,
        Nowhere::BelowFile => libc::ENOTDIR,
    };
    result != 0 && error() == expected
}

/// As isatty(3) finds out.
fn is_terminal(descriptor: c_int) -> bool {
    // SAFETY: an all-zero `termios` is a valid value of that plain C structure.
    let mut settings: libc::termios = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel writes its own `termios`, which is no larger than the C library's.
    unsafe { libc::ioctl(descriptor, libc::TCGETS, &raw mut settings) == 0 }
}

/// Whether the process has a working folder that can be named: python fails where it is gone.
fn has_working_folder() -> bool {
    let mut path = [0_u8; libc::PATH_MAX as usize];
    // SAFETY: the kernel writes a C string into that much room.
    let size = unsafe { libc::syscall(libc::SYS_getcwd, path.as_mut_ptr(), path.len()) };
    size > 0 && path.starts_with(b"/")
}

fn error() -> c_int {
    // SAFETY: errno's address is valid in every thread.
    unsafe { *libc::__errno_location() }
}
