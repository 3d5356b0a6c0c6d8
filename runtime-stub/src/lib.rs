//! The runtime stub: locate → verify → start → import → run → exit.
//!
//! Comes in: a process whose executable carries a payload. Goes out: the program's own exit status. The modules
//! stand in the order in which a start runs through them; whatever touches memory, libc or CPython directly is in
//! `sys`. It must allocate nothing before Python runs, and open no file.

#![cfg_attr(not(test), no_std)]

#[cfg(not(test))]
pub mod start;

pub mod arguments;
pub mod message;
pub mod virtual_path;

#[allow(unsafe_code, reason = "the one place where unsafe code may stand; see sys/SAFETY.md")]
pub mod sys;
