//! CPython itself: unpacked, patched, configured, made.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::autoconf::make;
use super::libraries::Libraries;
use super::{Build, sources};
use crate::runtime::cache;
use crate::runtime::ui::Log;
use crate::runtime::{CLibrary, Result, patch, stub_sources};

/// A made CPython.
#[derive(Debug)]
pub(super) struct Interpreter {
    source: PathBuf,
    made: PathBuf,
}

impl Interpreter {
    /// The patched source tree.
    pub(super) fn source(&self) -> &Path {
        &self.source
    }

    /// The folder in which it was made.
    pub(super) fn made(&self) -> &Path {
        &self.made
    }
}

/// A static Python loads no extension modules: it has no suffixes for them, so that a package's compiled variants are not found and
/// its fallbacks are used, as where they were not installed. And threads get the stack that glibc gives them, of which programs
/// need more than musl's 128 KiB.
const STATIC: &[&str] = &["DYNLOADFILE=dynload_stub.o", "CFLAGS=-O3 -ffunction-sections -DTHREAD_STACK_SIZE=0x800000"];

pub(super) fn build(build: &Build<'_>, libraries: &Libraries) -> Result<Interpreter> {
    let source = build.cache.fresh_work("python-source")?;
    let made = build.cache.fresh_work("python")?;
    build.step("patch CPython", |log| {
        sources::unpack(&build.sources.cpython, &source, log)?;
        patch::apply(&source, &build.patches.cpython, log)?;
        patch::apply(&source, &patch::in_folder(&stub_sources().join("cpython/patches"))?, log)?;
        cache::copy_file(&stub_sources().join("cpython/Setup.local"), &source.join("Modules/Setup.local"))
    })?;
    build.step("configure CPython", |log| log.run(&mut configure(build, libraries, &made)))?;
    build.step("make CPython", |log| make_interpreter(build, &made, log))?;
    Ok(Interpreter { source, made })
}

/// The libraries are given to configure by name and folder, as it wants to have them.
fn configure(build: &Build<'_>, libraries: &Libraries, made: &Path) -> Command {
    let include = format!("-I{}", libraries.include().display());
    let lib = |names: &str| format!("-L{} {names}", libraries.lib().display());
    let mut command = build.toolchain.command("sh");
    for (name, linked) in [
        ("ZLIB", "-lz"),
        ("BZIP2", "-lbz2"),
        ("LIBLZMA", "-llzma"),
        ("LIBFFI", "-lffi"),
        ("LIBSQLITE3", "-lsqlite3 -lm"),
        ("LIBUUID", "-luuid"),
        ("LIBEDIT", "-ledit -lncursesw"),
        ("CURSES", "-lncursesw"),
        ("PANEL", "-lpanelw -lncursesw"),
    ] {
        command.env(format!("{name}_CFLAGS"), &include).env(format!("{name}_LIBS"), lib(linked));
    }
    command.env("CURSES_CFLAGS", format!("{include} -DHAVE_NCURSESW=1 -D_XOPEN_SOURCE_EXTENDED=1"));
    // Extension modules go into libpython; the machine's own libraries are out of sight.
    command.env("MODULE_BUILDTYPE", "static").env("PKG_CONFIG", "/bin/false").env("ARFLAGS", "rcsD");
    // _NODIST: what users compile against the result must not inherit it.
    command.env("LDFLAGS_NODIST", "-no-pie");
    // By a relative path, so that no absolute one gets into `__FILE__` or the recorded variables.
    command.args(["../python-source/configure", "--prefix=/usr/local"]).current_dir(made);
    let target = build.c_library.gnu_target();
    command.args([format!("--build={target}"), format!("--host={target}")]);
    command.args(["--disable-shared", "--disable-test-modules", "--without-ensurepip", "--with-readline=editline"]);
    // mimalloc serves the free-threaded build and PYTHONMALLOC only, but opens a file of /proc at every start.
    command.arg("--without-mimalloc");
    command.arg(format!("--with-openssl={}", libraries.folder().display()));
    command.arg("OPT=-DNDEBUG").args(match build.c_library {
        CLibrary::Glibc => &["CFLAGS=-O3 -ffunction-sections"][..],
        CLibrary::Musl => STATIC,
    });
    command
}

/// `pybuilddir.txt` is made by running the finished interpreter; it comes with `_sysconfigdata`.
fn make_interpreter(build: &Build<'_>, made: &Path, log: &Log) -> Result<()> {
    let library = format!("libpython{}.a", build.pins.python);
    log.run(make(build, made).args([&library, "python", "pybuilddir.txt"]))?;
    log.run(make(build, made).arg("inclinstall").arg(format!("DESTDIR={}", made.join("installed").display())))
}
