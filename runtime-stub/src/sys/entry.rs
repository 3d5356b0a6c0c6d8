//! `main`, and what a `no_std` program must define itself.

use core::ffi::{c_char, c_int};

use crate::start;
use crate::sys::process::Process;

/// The C library's entry into the program.
// SAFETY: the name is the C library's for the program's main function, with this signature; nothing else defines it.
#[unsafe(no_mangle)]
extern "C" fn main(argument_count: c_int, arguments: *const *const c_char) -> c_int {
    // SAFETY: the C runtime passes an array of `argument_count` strings that lives as long as the process.
    let process = unsafe { Process::new(argument_count, arguments) };
    start::run(&process)
}

/// A panic is an error of ours: say where, and die so that it is noticed.
#[panic_handler]
fn panic(information: &core::panic::PanicInfo<'_>) -> ! {
    let file = information.location().map_or("?", core::panic::Location::file);
    super::process::write_standard_error(b"pyfreeze: internal error in ");
    super::process::write_standard_error(file.as_bytes());
    super::process::write_standard_error(b"\n");
    // SAFETY: abort never returns and may be called at any time.
    unsafe { libc::abort() }
}

/// What unwinding tables of the prebuilt `core` refer to; never called, since panics abort.
// SAFETY: the prebuilt `core` only takes this symbol's address; with panic=abort nothing unwinds through it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
