//! Compiles the C sources against the headers of the CPython that the stub is linked with.
//!
//! Their folder is `PYFREEZE_CPYTHON_INCLUDE`. Without it (unit tests, documentation) there is nothing to link with
//! and nothing is compiled.

use std::env;
use std::path::PathBuf;

/// The little that is C.
const SOURCES: [&str; 8] = [
    "src/sys/shim.c",
    "src/sys/loader/loader.c",
    "src/sys/snapshot/process.c",
    "src/sys/snapshot/machine.c",
    "src/sys/snapshot/recorded.c",
    "src/sys/snapshot/rehearsal.c",
    "src/sys/snapshot/pools.c",
    "src/sys/snapshot/resumed.c",
];

/// What the static stub has in place of parts of its C library.
const STATIC_SOURCE: &str = "src/sys/block_functions.c";

fn main() {
    println!("cargo::rerun-if-env-changed=PYFREEZE_CPYTHON_INCLUDE");
    for source in SOURCES.into_iter().chain([STATIC_SOURCE]) {
        println!("cargo::rerun-if-changed={source}");
    }
    let Some(include) = env::var_os("PYFREEZE_CPYTHON_INCLUDE").map(PathBuf::from) else { return };
    cc::Build::new()
        .files(SOURCES)
        .include(&include)
        .include(include.join("internal"))
        .flag("-fno-pie")
        .flag("-fno-sanitize=undefined")
        .flag("-std=c11")
        .flag("-Wno-unused-parameter")
        .pic(false)
        .compile("pyfreeze_shim");
    if env::var_os("CARGO_FEATURE_STATIC").is_some() {
        // No loop of these functions may become a call of one of them.
        cc::Build::new()
            .file(STATIC_SOURCE)
            .flag("-fno-pie")
            .flag("-fno-sanitize=undefined")
            .flag("-std=c11")
            .flag("-fno-builtin")
            .opt_level(2)
            .pic(false)
            .compile("pyfreeze_blocks");
    }
}
