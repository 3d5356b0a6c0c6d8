//! musl, for the runtime that has its C library inside.
//!
//! Comes in: its pinned source with patches. Goes out: a folder with `crt1.o`, `libc.a` with all of it, and the licence. It is
//! compiled here and not taken from zig, which has replaced parts of it by its own, the memory allocator among them.

use std::path::PathBuf;

use super::autoconf::make;
use super::{Build, sources};
use crate::runtime::cache::{self, Key};
use crate::runtime::patch::{self, Patch};
use crate::runtime::{Result, stub_sources, toolchain};

/// What a program is linked with.
pub(super) const FILES: [&str; 2] = ["crt1.o", "libc.a"];

/// Debian's patches, then this project's.
pub(super) fn patches(build: &Build<'_>) -> Result<Vec<Patch>> {
    let own = patch::in_folder(&stub_sources().join("cpython/musl-patches"))?;
    Ok(build.patches.musl.iter().cloned().chain(own).collect())
}

/// Builds it, or finds it.
pub(super) fn build(build: &Build<'_>) -> Result<PathBuf> {
    let patches = patches(build)?;
    let product = build.cache.product("musl", &key(build, &patches)?);
    if product.exists() {
        return Ok(product);
    }
    let folder = build.cache.fresh_work("new-musl")?;
    build.step("build musl", |log| {
        let tree = build.cache.fresh_work("source/musl")?;
        sources::unpack(&build.sources.musl, &tree, log)?;
        patch::apply(&tree, &patches, log)?;
        let mut configure = build.toolchain.command("sh");
        configure.args(["./configure", "--prefix=/usr", "--disable-shared"]).current_dir(&tree);
        configure.arg(format!("--target={}", build.c_library.gnu_target())).arg("CFLAGS=-O2");
        log.run(&mut configure)?;
        log.run(make(build, &tree).args(FILES.map(|name| format!("lib/{name}"))))?;
        for name in FILES {
            cache::copy_file(&tree.join("lib").join(name), &folder.join(name))?;
        }
        cache::copy_file(&tree.join("COPYRIGHT"), &folder.join("COPYING"))
    })?;
    cache::publish(&folder, &product)?;
    Ok(product)
}

fn key(build: &Build<'_>, patches: &[Patch]) -> Result<String> {
    let mut key = Key::default();
    for source in [include_str!("autoconf.rs"), include_str!("musl.rs")] {
        key.add("recipe", source.as_bytes());
    }
    toolchain::add_to_key(&mut key, build.pins, build.c_library);
    key.add(&build.pins.musl.file, build.pins.musl.sha256.as_bytes());
    for patch in patches {
        key.add_file(&patch.path)?;
    }
    Ok(key.finish())
}
