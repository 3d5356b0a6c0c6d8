//! The prefix, put together from what the steps before have made.

use std::fs;
use std::path::{Path, PathBuf};

use super::interpreter::Interpreter;
use super::libraries::Libraries;
use super::{Build, licenses, musl, system_configuration};
use crate::runtime::cache;
use crate::runtime::link::{self, LinkInputs};
use crate::runtime::ui::Log;
use crate::runtime::{CLibrary, Error, Result, stub_sources};

/// What the runtime's standard library goes without: tests, IDLE and Tk's users (there is no `_tkinter`), and
/// pip's bundled wheel (pyfreeze brings its own way to install).
const LEFT_OUT: &[&str] = &["__pycache__", "ensurepip", "idlelib", "site-packages", "test", "tkinter", "turtledemo"];

/// Folders with this name are left out wherever they are.
const TEST_FOLDERS: &[&str] = &["idle_test", "test", "tests"];

/// Archives of the C libraries, in an order in which each is before what it needs.
const LIBRARIES: &[&str] =
    &["ssl", "crypto", "sqlite3", "z", "bz2", "lzma", "ffi", "zstd", "edit", "panelw", "ncursesw", "uuid"];

/// Archives that CPython's own makefile makes beside libpython, by their path in its build folder.
const CPYTHON_ARCHIVES: &[&str] =
    &["Modules/_hacl/libHacl_Hash_SHA2.a", "Modules/_decimal/libmpdec/libmpdec.a", "Modules/expat/libexpat.a"];

/// Writes a complete prefix into a folder of the cache's work folder.
pub(super) fn prefix(build: &Build<'_>, libraries: &Libraries, interpreter: &Interpreter) -> Result<PathBuf> {
    let prefix = build.cache.fresh_work("prefix")?;
    build.step("install CPython", |log| {
        let inputs = install_archives(build, libraries, interpreter, &prefix, log)?;
        install_headers(build, libraries, interpreter, &prefix)?;
        install_standard_library(build, interpreter, &prefix)?;
        licenses::install(build, interpreter.source(), &prefix.join("licenses"))?;
        install_reference_python(build, interpreter, &inputs, &prefix, log)
    })?;
    Ok(prefix)
}

fn install_archives(
    build: &Build<'_>,
    libraries: &Libraries,
    interpreter: &Interpreter,
    prefix: &Path,
    log: &Log,
) -> Result<LinkInputs> {
    let mut inputs = LinkInputs::default();
    let libpython = format!("lib/libpython{}.a", build.pins.python);
    cache::copy_file(&interpreter.made().join(format!("libpython{}.a", build.pins.python)), &prefix.join(&libpython))?;
    inputs.whole.push(libpython);
    let made = CPYTHON_ARCHIVES.iter().map(|path| interpreter.made().join(path));
    for archive in made.chain(LIBRARIES.iter().map(|name| libraries.archive(name))) {
        let name = format!("lib/{}", file_name(&archive));
        cache::copy_file(&archive, &prefix.join(&name))?;
        inputs.archives.push(name);
    }
    inputs.archives.push(install_int128(build, prefix, log)?);
    for name in install_system_files(build, &prefix.join("lib/system"))? {
        let list = if name == "crt1.o" { &mut inputs.start } else { &mut inputs.system };
        list.push(format!("lib/system/{name}"));
    }
    inputs.write(prefix)?;
    Ok(inputs)
}

/// The C library's part of every link: the names of its files, in link order.
fn install_system_files(build: &Build<'_>, system: &Path) -> Result<Vec<String>> {
    if build.c_library == CLibrary::Glibc {
        return build.toolchain.collect_system_files(&build.cache.fresh_work("link")?, system);
    }
    let folder = musl::build(build)?;
    for name in musl::FILES {
        cache::copy_file(&folder.join(name), &system.join(name))?;
    }
    Ok(musl::FILES.map(str::to_owned).to_vec())
}

/// What is linked in place of the compiler's run-time library.
fn install_int128(build: &Build<'_>, prefix: &Path, log: &Log) -> Result<String> {
    let folder = build.cache.fresh_work("source/int128")?;
    let (source, object) = (folder.join("int128.c"), folder.join("int128.o"));
    cache::copy_file(&stub_sources().join("cpython/int128/int128.c"), &source)?;
    let mut compile = build.toolchain.command(build.toolchain.compiler());
    log.run(compile.args(["-O2", "-Wno-builtin-requires-header", "-c"]).arg(&source).arg("-o").arg(&object))?;
    let name = "lib/libint128.a".to_owned();
    let mut archive = build.toolchain.command(build.toolchain.archiver());
    log.run(archive.arg("rcsD").arg(prefix.join(&name)).arg(&object))?;
    Ok(name)
}

fn install_headers(build: &Build<'_>, libraries: &Libraries, interpreter: &Interpreter, prefix: &Path) -> Result<()> {
    let python = format!("include/python{}", build.pins.python);
    let installed = interpreter.made().join("installed/usr/local").join(&python);
    cache::copy_folder(&installed, &prefix.join(&python), |_| true)?;
    for header in ["zstd.h", "zstd_errors.h"] {
        cache::copy_file(&libraries.include().join(header), &prefix.join("include").join(header))?;
    }
    Ok(())
}

fn install_standard_library(build: &Build<'_>, interpreter: &Interpreter, prefix: &Path) -> Result<()> {
    let library = interpreter.source().join("Lib");
    let target = prefix.join(format!("lib/python{}", build.pins.python));
    cache::copy_folder(&library, &target, |path| is_wanted(&library, path))?;
    system_configuration::install(build, interpreter.made(), &target)
}

fn is_wanted(library: &Path, path: &Path) -> bool {
    let name = file_name(path);
    let top_level = path.parent() == Some(library);
    let left_out = (top_level && LEFT_OUT.contains(&name.as_str()))
        || (path.is_dir() && (TEST_FOLDERS.contains(&name.as_str()) || name == "__pycache__"))
        || name.ends_with(".exe");
    !left_out
}

/// An ordinary installation that shares nothing with the rest of the prefix, because a running Python writes
/// `__pycache__` folders into it.
fn install_reference_python(
    build: &Build<'_>,
    interpreter: &Interpreter,
    inputs: &LinkInputs,
    prefix: &Path,
    log: &Log,
) -> Result<()> {
    let python = prefix.join("python");
    let version = format!("python{}", build.pins.python);
    for folder in ["lib", "include"] {
        let from = prefix.join(folder).join(&version);
        cache::copy_folder(&from, &python.join(folder).join(&version), |_| true)?;
    }
    // Python looks for both folders, and warns if the first is missing.
    for folder in ["lib-dynload", "site-packages"] {
        let path = python.join("lib").join(&version).join(folder);
        fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
    }
    let program = python.join("bin").join(&version);
    let main = interpreter.made().join("Programs/python.o");
    link::program(build.toolchain, (build.c_library, prefix), inputs, &[&main], &program, log)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
