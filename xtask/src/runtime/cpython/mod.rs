//! Stage 1: CPython and its C libraries, from sources to static libraries.
//!
//! Comes in: `runtime-stub/cpython/` and what it pins. Goes out: a [`CpythonPrefix`]. In between, each step works in a
//! folder of its own below the cache's work folder, and only the last one writes into the prefix.

mod autoconf;
mod install;
mod interpreter;
mod libraries;
mod licenses;
mod musl;
pub(super) mod pins;
mod sources;
mod system_configuration;

use std::path::{Path, PathBuf};

use super::cache::{self, Cache, Key};
use super::link::LinkInputs;
use super::toolchain::{self, Toolchain};
use super::{CLibrary, Result, Ui, machine, stub_sources};
use pins::Pins;
use sources::{Patches, Sources};

/// The static libraries, headers, standard library and licences of one CPython build.
#[derive(Debug)]
pub(crate) struct CpythonPrefix {
    path: PathBuf,
    key: String,
    python: String,
    toolchain: Toolchain,
    c_library: CLibrary,
}

impl CpythonPrefix {
    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The hash of all that went into it.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Python's version as it stands in names: `3.13`.
    pub(crate) fn python_version(&self) -> &str {
        &self.python
    }

    /// The standard library's `.py` files.
    pub(crate) fn standard_library(&self) -> PathBuf {
        self.path.join(format!("lib/python{}", self.python))
    }

    /// `Python.h`, with `internal/` beside it.
    pub(crate) fn include(&self) -> PathBuf {
        self.path.join(format!("include/python{}", self.python))
    }

    /// One licence text per library, and `versions.json`.
    pub(crate) fn licenses(&self) -> PathBuf {
        self.path.join("licenses")
    }

    /// An ordinary Python made of the same libraries with CPython's own `main`: what a frozen program is
    /// compared with.
    pub(crate) fn reference_python(&self) -> PathBuf {
        self.path.join(format!("python/bin/python{}", self.python))
    }

    /// What a program with this CPython inside is linked from.
    pub(super) fn link_inputs(&self) -> Result<LinkInputs> {
        LinkInputs::read(&self.path)
    }

    /// The C library that all of it is made for.
    pub(super) fn c_library(&self) -> CLibrary {
        self.c_library
    }

    pub(super) fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }
}

/// Builds the prefix, or finds it.
pub(super) fn prefix(cache: &Cache, c_library: CLibrary, ui: &Ui) -> Result<CpythonPrefix> {
    let pins = Pins::read()?;
    let _lock = cache.lock("cpython")?;
    let toolchain = Toolchain::prepare(cache, &pins, c_library, ui)?;
    let patches = Patches::fetch(cache, &pins, ui)?;
    let key = key(&pins, c_library, &patches)?;
    let path = cache.product("cpython", &key);
    if !path.exists() {
        machine::prepare(cache, ui)?;
        let sources = Sources::fetch(cache, &pins, ui)?;
        build(&Build { cache, pins: &pins, c_library, toolchain: &toolchain, sources, patches, ui }, &path)?;
    }
    Ok(CpythonPrefix { path, key, python: pins.python, toolchain, c_library })
}

/// What every step of the build borrows.
struct Build<'a> {
    cache: &'a Cache,
    pins: &'a Pins,
    c_library: CLibrary,
    toolchain: &'a Toolchain,
    sources: Sources,
    patches: Patches,
    ui: &'a Ui,
}

impl Build<'_> {
    fn step<T>(&self, title: &str, run: impl FnOnce(&super::ui::Log) -> Result<T>) -> Result<T> {
        let title = format!("{title} ({})", self.c_library.word());
        self.ui.step(&title, &self.cache.logs(), run)
    }
}

fn build(build: &Build<'_>, product: &Path) -> Result<()> {
    let libraries = libraries::build(build)?;
    let interpreter = interpreter::build(build, &libraries)?;
    let finished = install::prefix(build, &libraries, &interpreter)?;
    cache::publish(&finished, product)
}

/// This recipe, as it was compiled: what is hashed is what runs, even if a file is being edited.
const RECIPE: [&str; 14] = [
    include_str!("mod.rs"),
    include_str!("autoconf.rs"),
    include_str!("install.rs"),
    include_str!("interpreter.rs"),
    include_str!("libraries.rs"),
    include_str!("licenses.rs"),
    include_str!("musl.rs"),
    include_str!("pins.rs"),
    include_str!("sources.rs"),
    include_str!("system_configuration.rs"),
    include_str!("../c_library.rs"),
    include_str!("../link.rs"),
    include_str!("../patch.rs"),
    include_str!("../toolchain.rs"),
];

/// The hash of every input: this recipe, pins, patches, sources.
fn key(pins: &Pins, c_library: CLibrary, patches: &Patches) -> Result<String> {
    let mut key = Key::default();
    for source in RECIPE {
        key.add("recipe", source.as_bytes());
    }
    key.add_folder(&stub_sources().join("cpython"), &["target"])?;
    toolchain::add_to_key(&mut key, pins, c_library);
    for patch in patches.all() {
        key.add_file(&patch.path)?;
    }
    Ok(key.finish())
}
