//! Compiles `shim.c` against the headers of the CPython that the stub is linked with.
//!
//! Their folder is `PYFREEZE_CPYTHON_INCLUDE`. Without it (unit tests, documentation) there is nothing to link with
//! and nothing is compiled.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=PYFREEZE_CPYTHON_INCLUDE");
    println!("cargo::rerun-if-changed=src/sys/shim.c");
    let Some(include) = env::var_os("PYFREEZE_CPYTHON_INCLUDE").map(PathBuf::from) else { return };
    cc::Build::new()
        .file("src/sys/shim.c")
        .include(&include)
        .include(include.join("internal"))
        .flag("-fno-pie")
        .flag("-fno-sanitize=undefined")
        .flag("-std=c11")
        .flag("-Wno-unused-parameter")
        .pic(false)
        .compile("pyfreeze_shim");
}
