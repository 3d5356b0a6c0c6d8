//! What every later call must find again: the payload and the executable's path.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};
use core::sync::atomic::{AtomicBool, Ordering};

use pyfreeze_format::Payload;

use crate::sys::process::Process;
use crate::virtual_path::{self, Target};

/// Set once, by the main thread, before any other thread or any Python code exists.
struct State {
    is_set: AtomicBool,
    payload: UnsafeCell<Option<Payload<'static>>>,
    executable: UnsafeCell<[u8; libc::PATH_MAX as usize]>,
    arguments: UnsafeCell<&'static [*const c_char]>,
}

// SAFETY: the cells are written once, before `is_set` is released, and only read after it is acquired.
unsafe impl Sync for State {}

static STATE: State = State {
    is_set: AtomicBool::new(false),
    payload: UnsafeCell::new(None),
    executable: UnsafeCell::new([0; libc::PATH_MAX as usize]),
    arguments: UnsafeCell::new(&[]),
};

/// Makes the payload known to the importer and to the virtual file system. To be called once.
pub fn install(payload: Payload<'static>, process: &Process) {
    if STATE.is_set.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: nobody reads before `is_set`, and there is one thread.
    unsafe { *STATE.payload.get() = Some(payload) };
    set_process(process);
    STATE.is_set.store(true, Ordering::Release);
}

/// Makes this process known in place of the one that was recorded, whose payload ended without the snapshot. To be called
/// while there is one thread, and none of what the functions below give is in use.
pub(crate) fn renew(process: &Process, bytes: &'static [u8]) {
    if let Some(payload) = payload().and_then(|payload| payload.with_snapshot_of(bytes)) {
        // SAFETY: the caller vouches that nobody reads.
        unsafe { *STATE.payload.get() = Some(payload) };
    }
    set_process(process);
}

/// Forgets the process, which is recorded. To be called while there is one thread, and none of what the functions below give is
/// in use.
pub(crate) fn forget_process() {
    // SAFETY: the caller vouches that nobody reads.
    unsafe { (*STATE.executable.get()).fill(0) };
}

fn set_process(process: &Process) {
    // SAFETY: the caller vouches that nobody reads.
    unsafe { *STATE.arguments.get() = process.raw_arguments() };
    // SAFETY: as above.
    let path = unsafe { &mut *STATE.executable.get() };
    for (to, from) in path.iter_mut().zip(process.executable().to_bytes_with_nul()) {
        *to = *from;
    }
}

/// The payload, once installed.
pub fn payload() -> Option<&'static Payload<'static>> {
    if !STATE.is_set.load(Ordering::Acquire) {
        return None;
    }
    // SAFETY: after `is_set` the cell is never written again.
    unsafe { (*STATE.payload.get()).as_ref() }
}

/// The executable's real path, once installed; empty if unknown.
pub fn executable() -> &'static [u8] {
    if !STATE.is_set.load(Ordering::Acquire) {
        return &[];
    }
    // SAFETY: after `is_set` the cell is never written again.
    let bytes = unsafe { &*STATE.executable.get() };
    CStr::from_bytes_until_nul(bytes).map_or(&[], CStr::to_bytes)
}

/// The arguments of `main`, the program's name first.
pub(crate) fn arguments() -> &'static [*const c_char] {
    if !STATE.is_set.load(Ordering::Acquire) {
        return &[];
    }
    // SAFETY: after `is_set` the cell is never written again.
    unsafe { *STATE.arguments.get() }
}

/// What a path means to this process.
pub(crate) fn target(path: &[u8]) -> Target<'static> {
    payload().map_or(Target::Outside, |payload| virtual_path::target(payload, executable(), path))
}
