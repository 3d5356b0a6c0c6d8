//! Stage 2: the stub, compiled by Cargo to one static library and linked with CPython.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Cache, Key};
use super::cpython::CpythonPrefix;
use super::link::LinkInputs;
use super::ui::{Log, Ui};
use super::{CLibrary, Error, Result, checkout, link, static_libc, stub_sources};

pub(super) const PACKAGE: &str = "pyfreeze-stub";
const ARCHIVE: &str = "libpyfreeze_stub.a";
const RUST_TARGET: &str = "x86_64-unknown-linux-gnu";

/// The stub's own definitions that replace a library's inside the program only, as a linker script: a wheel's
/// libcrypto must find its certificates by its own functions, and a wheel made of Rust its own personality. And what
/// the stub's Rust and C halves call each other.
const HIDDEN: &str = "VERSION { { local: X509_*; pyfreeze_*; __wrap_*; rust_eh_personality; }; }\n";

/// What a static program's C library keeps is the process's own: it lies on pages before those that a snapshot holds.
const LIBC_DATA: &str = "SECTIONS { libc_data : ALIGN(4096) { *libc.a:*(.data .data.* .bss .bss.* COMMON) . = ALIGN(4096); } } \
                         INSERT BEFORE .data;\n";

/// The C functions that a start calls, in the order of their first calls: they are put first, side by side.
/// `cargo xtask order` writes it.
const ORDER: &str = "order.txt";

/// The functions that the program's own code finds in the stub in place of the library that has them.
const WRAPPED: &str = include_str!("../../../runtime-stub/src/sys/snapshot/wrapped.txt");

/// Static relocation model: the program is not position-independent. Absolute paths are kept out of panic messages.
fn rust_flags() -> String {
    let mut flags = vec!["-Crelocation-model=static".to_owned()];
    flags.push(format!("--remap-path-prefix={}=/usr/src/pyfreeze", checkout().display()));
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}=/usr/src/cargo", home.display()));
    }
    // Cargo's own separator, so that folders may have spaces in their names.
    flags.join("\x1f")
}

/// A finished stub.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    program: PathBuf,
    python: PathBuf,
}

impl Stub {
    /// Which symbol lies where in it, as lld's `-Map` writes it.
    pub(crate) fn map(&self) -> PathBuf {
        self.program.with_extension("map")
    }

    /// The program without a payload.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The same program in an ordinary Python installation, where it behaves as the `python3.13` of that installation.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }
}

/// Builds the stub, or finds it.
pub(super) fn stub(cache: &Cache, prefix: &CpythonPrefix, ui: &Ui) -> Result<Stub> {
    let _lock = cache.lock("stub")?;
    let key = key(prefix)?;
    let product = cache.product("stub", &key);
    if !product.exists() {
        let archive = ui.step("compile stub", &cache.logs(), |log| compile(cache, prefix, log))?;
        ui.step("link stub", &cache.logs(), |log| {
            let finished = link(cache, prefix, &archive, log)?;
            cache::publish(&finished, &product)
        })?;
    }
    let python = product.join(format!("python/bin/python{}", prefix.python_version()));
    Ok(Stub { program: product.join("stub"), python })
}

/// The hash of the prefix, the sources, Cargo's lock file and the compiler.
fn key(prefix: &CpythonPrefix) -> Result<String> {
    let mut key = Key::default();
    key.add("prefix", prefix.key().as_bytes());
    key.add_folder(&stub_sources(), &["cpython", "target"])?;
    for name in ["Cargo.toml", "Cargo.lock"] {
        key.add_file(&checkout().join(name))?;
    }
    for source in [include_str!("stub.rs"), include_str!("link.rs"), include_str!("static_libc.rs")] {
        key.add("recipe", source.as_bytes());
    }
    let version = Command::new("rustc").arg("-vV").output();
    key.add("rustc", &version.map_err(|source| Error::Start { program: "rustc".to_owned(), source })?.stdout);
    Ok(key.finish())
}

/// `cargo rustc` rather than `build`: with one crate type only, link-time optimisation is possible.
fn compile(cache: &Cache, prefix: &CpythonPrefix, log: &Log) -> Result<PathBuf> {
    // One for each checkout: Cargo tells changed sources by their time only, whichever checkout they lie in.
    let mut checkout_key = Key::default();
    checkout_key.add("checkout", checkout().as_os_str().as_encoded_bytes());
    checkout_key.add("C library", prefix.c_library().word().as_bytes());
    let target = cache.work().join(format!("stub-target-{}", checkout_key.finish()));
    let toolchain = prefix.toolchain();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["rustc", "--locked", "--package", PACKAGE, "--lib", "--crate-type", "staticlib"]);
    command.args(["--profile", "stub", "--target", RUST_TARGET, "--target-dir"]).arg(&target);
    if prefix.c_library() == CLibrary::Musl {
        command.args(["--features", "static"]);
    }
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", rust_flags());
    command.env("CC_x86_64_unknown_linux_gnu", toolchain.compiler());
    command.env("AR_x86_64_unknown_linux_gnu", toolchain.archiver());
    command.env("PYFREEZE_CPYTHON_INCLUDE", prefix.include()).env("PYFREEZE_CHECKOUT", checkout());
    log.run(command.current_dir(checkout()))?;
    Ok(target.join(RUST_TARGET).join("stub").join(ARCHIVE))
}

fn link(cache: &Cache, prefix: &CpythonPrefix, archive: &Path, log: &Log) -> Result<PathBuf> {
    let finished = cache.fresh_work("stub")?;
    let program = finished.join("stub");
    let work = cache.fresh_work("link-stub")?;
    let hidden = work.join("hidden.ld");
    let data = if prefix.c_library() == CLibrary::Musl { LIBC_DATA } else { "" };
    cache::write(&hidden, format!("{HIDDEN}{data}"))?;
    let options = work.join("options");
    let inputs = prefix.link_inputs()?;
    let wrapped: Vec<&str> = WRAPPED.lines().collect();
    let libc = match prefix.c_library() {
        CLibrary::Glibc => None,
        CLibrary::Musl => Some(static_libc::prepare(prefix, archive, &wrapped, &work, log)?),
    };
    let wrapping = libc.as_ref().map_or_else(|| static_libc::wrapping(&wrapped), |libc| libc.options.clone());
    let (order, map) = (stub_sources().join(ORDER), program.with_extension("map"));
    let order = format!("\"--symbol-ordering-file={}\" --no-warn-symbol-ordering\n", order.display());
    cache::write(&options, wrapping + &order + &format!("\"--Map={}\"\n", map.display()))?;
    // A response file, which the linker reads wherever it stands among its arguments.
    let options = PathBuf::from(format!("@{}", options.display()));
    let mut objects = vec![options.as_path(), hidden.as_path(), archive];
    objects.extend(libc.as_ref().map(|libc| libc.archive.as_path()));
    let inputs = LinkInputs { system: if libc.is_some() { Vec::new() } else { inputs.system }, ..inputs };
    let place = (prefix.c_library(), prefix.path());
    link::program(prefix.toolchain(), place, &inputs, &objects, &program, log)?;
    let version = format!("python{}", prefix.python_version());
    cache::copy_file(&program, &finished.join("python/bin").join(&version))?;
    let library = prefix.path().join("python/lib").join(&version);
    let place = finished.join("python/lib");
    std::fs::create_dir_all(&place).map_err(Error::io("create", &place))?;
    let place = place.join(&version);
    std::os::unix::fs::symlink(&library, &place).map_err(Error::io("create", &place))?;
    Ok(finished)
}

fn cargo_home() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}
