//! The C library for a static stub: its archive, with the functions that the stub stands before under other names.
//!
//! Comes in: `libc.a` and the stub's archive. Goes out: a copy of the first in which a function `open` that both define is
//! `__real_open`, for the library's own callers as well: what musl does inside is never led to the stub, as little as what
//! glibc does. The stub finds such a function by that name (`libc_inside.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSymbol as _, Symbol};

use super::cache;
use super::cpython::CpythonPrefix;
use super::toolchain::Toolchain;
use super::ui::Log;
use super::{Error, Result};

/// What such a function's name begins with; for functions that the linker wraps, its own word.
const PREFIX: &str = "__real_";

/// Members that need functions of a compiler's run-time library that is not linked; nothing calls them.
const LEFT_OUT: [&str; 1] = ["cpowl.o"];

/// What a static stub is linked with.
pub(super) struct StaticLibc {
    /// Options for the linker, a line each.
    pub(super) options: String,
    /// The C library.
    pub(super) archive: PathBuf,
}

/// The linker's options by which the program's calls of these functions are led to the stub.
pub(super) fn wrapping<'n>(names: impl IntoIterator<Item = &'n &'n str>) -> String {
    names.into_iter().map(|name| format!("--wrap={name}\n")).collect()
}

/// Prepares the C library of `prefix` to be linked with the archive of a stub, which defines `wrapped` functions with the
/// linker's prefix for them.
pub(super) fn prepare(
    prefix: &CpythonPrefix,
    stub: &Path,
    wrapped: &[&str],
    work: &Path,
    log: &Log,
) -> Result<StaticLibc> {
    let libc = prefix.path().join("lib/system/libc.a");
    let of_libc = defined(&libc, |_| true)?;
    // Rust's compiler has weak definitions of mathematical functions in every archive; the C library's go before these.
    let of_stub = defined(stub, |symbol| !symbol.is_weak())?;
    let (own, others): (Vec<&str>, Vec<&str>) = wrapped.iter().partition(|name| of_libc.contains(**name));
    let renamed = of_libc.intersection(&of_stub).map(String::as_str).chain(own.iter().copied());
    let archive = rename(prefix.toolchain(), &libc, renamed, work, log)?;
    // What has another name now can't be wrapped: the usual one is given to the stub's function.
    let given: String = own.iter().map(|name| format!("--defsym={name}=__wrap_{name}\n")).collect();
    let nothing = empty_shared_library(prefix.toolchain(), work, log)?;
    // Nobody would write the addresses of weak symbols that are nowhere.
    let table = format!("--Bdynamic --as-needed \"{}\" --Bstatic -z nodynamic-undefined-weak\n", nothing.display());
    Ok(StaticLibc { options: wrapping(&others) + &given + &table, archive })
}

/// A copy of the archive in which these functions have the prefix.
fn rename<'n>(
    toolchain: &Toolchain,
    libc: &Path,
    names: impl Iterator<Item = &'n str>,
    work: &Path,
    log: &Log,
) -> Result<PathBuf> {
    let (list, copy) = (work.join("renamed"), work.join("libc.a"));
    cache::write(&list, names.map(|name| format!("{name} {PREFIX}{name}\n")).collect::<String>())?;
    let mut objcopy = Command::new("objcopy");
    objcopy.arg("--enable-deterministic-archives").arg(format!("--redefine-syms={}", list.display()));
    log.run(objcopy.arg(libc).arg(&copy))?;
    log.run(toolchain.command(toolchain.archiver()).arg("d").arg(&copy).args(LEFT_OUT))?;
    Ok(copy)
}

/// A shared library with nothing in it. The linker writes a table of dynamic symbols, which the stub needs for `dlsym`, only into
/// programs that are linked with one; being needed for nothing, it leaves no other trace.
fn empty_shared_library(toolchain: &Toolchain, work: &Path, log: &Log) -> Result<PathBuf> {
    let (script, library) = (work.join("nothing.ld"), work.join("nothing.so"));
    cache::write(&script, "SECTIONS { }\n")?;
    log.run(toolchain.linker().args(["-m", "elf_x86_64", "-shared", "-o"]).arg(&library).arg(&script))?;
    Ok(library)
}

/// The global symbols that an archive's objects define, as far as they are wanted.
fn defined(archive: &Path, is_wanted: impl Fn(&Symbol<'_, '_>) -> bool) -> Result<BTreeSet<String>> {
    let bytes = fs::read(archive).map_err(Error::io("read", archive))?;
    let odd = |error: object::Error| Error::content(archive, error.to_string());
    let mut names = BTreeSet::new();
    for member in ArchiveFile::parse(&*bytes).map_err(odd)?.members() {
        let data = member.and_then(|member| member.data(&*bytes)).map_err(odd)?;
        let Ok(file) = object::File::parse(data) else { continue };
        let is_taken = |symbol: &Symbol<'_, '_>| symbol.is_definition() && symbol.is_global() && is_wanted(symbol);
        let symbols = file.symbols().filter(is_taken);
        names.extend(symbols.filter_map(|symbol| symbol.name().ok()).map(str::to_owned));
    }
    Ok(names)
}
