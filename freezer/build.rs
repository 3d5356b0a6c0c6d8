//! Tells the compiler where the runtime packs to embed lie.
//!
//! With the feature `embedded-runtime`, `PYFREEZE_RUNTIME_PACK` and `PYFREEZE_STATIC_RUNTIME_PACK` must each name a folder
//! with `stub` and `library.payload`; without it nothing is embedded and nothing is asked for.

use std::path::PathBuf;

/// Variables that name a pack, and those that the compiler gets.
const PACKS: [(&str, &str); 2] = [
    ("PYFREEZE_RUNTIME_PACK", "PYFREEZE_EMBEDDED_PACK"),
    ("PYFREEZE_STATIC_RUNTIME_PACK", "PYFREEZE_EMBEDDED_STATIC_PACK"),
];

fn main() {
    for (variable, embedded) in PACKS {
        println!("cargo::rerun-if-env-changed={variable}");
        if std::env::var_os("CARGO_FEATURE_EMBEDDED_RUNTIME").is_some() {
            embed(variable, embedded);
        }
    }
}

fn embed(variable: &str, embedded: &str) {
    let Some(pack) = std::env::var_os(variable).map(PathBuf::from) else {
        println!("cargo::error=the feature `embedded-runtime` needs {variable}: `cargo xtask build` sets it");
        return;
    };
    for name in ["stub", "library.payload"] {
        let file = pack.join(name);
        if !file.is_file() {
            println!("cargo::error=the runtime pack has no file `{}`", file.display());
        }
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!("cargo::rustc-env={embedded}={}", pack.display());
}
