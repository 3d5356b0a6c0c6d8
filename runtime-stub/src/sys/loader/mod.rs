//! The loader of shared libraries.
//!
//! Comes in: `dlopen` and its relatives, called by Python and by libraries. Goes out: libraries of the payload, ready
//! to run. An ordinary one lies in the payload at the address for which the build has linked it: its pages get their
//! protections, a few words are bound to the host's C library, its initialisers run. One that needs more (see the
//! build's reasons) is copied to memory and given to the dynamic loader. Everything else is the dynamic loader's.
//!
//! Order, scopes and messages follow glibc's `elf/dl-open.c`, `dl-lookup.c` and `dl-init.c`. A library is never
//! unloaded: `dlclose` does nothing, as glibc does for libraries with `DF_1_NODELETE`.

pub(crate) mod bind;
mod cache;
mod copy;
pub(crate) mod find;
#[cfg_attr(feature = "static", path = "no_host.rs")]
mod host;
mod interpose;
mod load;
pub(crate) mod pages;
pub(crate) mod resume;
mod symbols;
mod table;
mod tls;
mod unwind;
