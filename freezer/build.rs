//! Tells the compiler where the runtime pack to embed lies.
//!
//! With the feature `embedded-runtime`, `PYFREEZE_RUNTIME_PACK` must name a folder with `stub` and
//! `library.payload`; without it nothing is embedded and nothing is asked for.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=PYFREEZE_RUNTIME_PACK");
    if std::env::var_os("CARGO_FEATURE_EMBEDDED_RUNTIME").is_none() {
        return;
    }
    let Some(pack) = std::env::var_os("PYFREEZE_RUNTIME_PACK").map(PathBuf::from) else {
        println!(
            "cargo::error=the feature `embedded-runtime` needs PYFREEZE_RUNTIME_PACK: `cargo xtask runtime` sets it"
        );
        return;
    };
    for name in ["stub", "library.payload"] {
        let file = pack.join(name);
        if !file.is_file() {
            println!("cargo::error=the runtime pack has no file `{}`", file.display());
        }
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!("cargo::rustc-env=PYFREEZE_EMBEDDED_PACK={}", pack.display());
}
