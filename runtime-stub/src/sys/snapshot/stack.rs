//! The recorded process's stack, at the same address in every recording.
//!
//! Comes in: a function. Goes out: its result, after it has run on that stack. Compiled code copies structures with whatever
//! its stack held between their members; of a stack at a random address, that would be parts of random addresses, which differ
//! from recording to recording and which nothing could tell from something that matters.

use core::arch::asm;
use core::ffi::c_void;

use super::map;

/// Behind the regions, and below 2^38 as they are.
pub(super) const ADDRESS: u64 = 0x38_0000_0000;

/// More than the limit of any main thread that programs rely on; what is not used costs nothing.
pub(super) const SIZE: u64 = 64 << 20;

struct Call<F> {
    function: Option<F>,
    result: i32,
}

/// Runs a function on the stack; `None` if the address is taken.
pub(super) fn run<F: FnOnce() -> i32>(function: F) -> Option<i32> {
    if !map::reserve(ADDRESS, SIZE) {
        return None;
    }
    let mut call = Call { function: Some(function), result: 0 };
    // Aligned as the ABI wants it before a call.
    let top = ADDRESS + SIZE;
    // SAFETY: the mapping is nobody else's and stays; `entry` is given the one argument that it takes. r12 is restored by
    // every function that uses it (System V ABI, AMD64 supplement, 3.2.1), and nothing unwinds: panics abort.
    unsafe {
        asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {entry}",
            "mov rsp, r12",
            top = in(reg) top,
            entry = in(reg) entry::<F> as extern "C" fn(*mut c_void),
            in("rdi") (&raw mut call).cast::<c_void>(),
            out("r12") _,
            clobber_abi("C"),
        );
    }
    Some(call.result)
}

extern "C" fn entry<F: FnOnce() -> i32>(call: *mut c_void) {
    // SAFETY: `run` waits for this function and has handed over its own value.
    let call = unsafe { &mut *call.cast::<Call<F>>() };
    if let Some(function) = call.function.take() {
        call.result = function();
    }
}
