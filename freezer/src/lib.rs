//! The build tool: a Python project comes in, one executable goes out.
//!
//! The modules stand in the order in which data flows through them.

#![forbid(unsafe_code)]

// The whole build.
pub mod freeze;

// What goes into an executable.
pub mod project;

pub mod install;

pub mod graph;

pub mod bytecode;

pub mod contents;

// How it gets there.
pub mod runtime;

pub mod libraries;

pub mod sbom;

pub mod payload;

pub mod image;

pub mod executable;

pub mod snapshot;

// What caches are keyed by.
pub mod key;

// What is done with executables.
pub mod inspect;

pub mod pyc;

pub mod dis;
pub mod extract;

pub mod bench;

pub mod trace;

// What people touch.
pub mod cli;

pub mod ui;
