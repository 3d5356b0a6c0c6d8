//! The only unsafe code of the repository: memory that the kernel mapped, libc, and CPython's C API.
//!
//! Comes in: raw pointers and file descriptors. Goes out: safe functions and types. Each `unsafe` block does one
//! thing and says why it is sound; `SAFETY.md` beside this file counts them, and a test keeps the count.
//!
//! Only `process` is there in unit tests: the rest needs CPython to link with, and its interposed functions would
//! stand before the C library's in the test program too.

pub mod process;

#[cfg(not(test))]
mod entry;
#[cfg(not(test))]
pub mod segment;
#[cfg(not(test))]
pub mod state;

#[cfg(not(test))]
pub mod python;

#[cfg(not(test))]
pub(crate) mod module;
#[cfg(not(test))]
pub(crate) mod object;

#[cfg(not(test))]
mod c_strings;
#[cfg(not(test))]
mod certificates;
#[cfg(not(test))]
mod content;
#[cfg(not(test))]
mod directory;
#[cfg(not(test))]
mod gnu_hash;
#[cfg(not(test))]
mod libc_next;
#[cfg(all(not(test), not(feature = "static")))]
#[path = "libc_behind.rs"]
mod libc_place;
#[cfg(all(not(test), feature = "static"))]
#[path = "libc_inside.rs"]
mod libc_place;
#[cfg(not(test))]
mod loader;
#[cfg(not(test))]
mod metadata;
#[cfg(not(test))]
mod open;
#[cfg(not(test))]
mod read_only;
#[cfg(not(test))]
mod seldom;
#[cfg(not(test))]
pub mod snapshot;
#[cfg(not(test))]
mod zstd;
