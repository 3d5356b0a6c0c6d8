//! The C libraries that have a configure script of their own: OpenSSL, ncurses, libedit, libffi.

use std::path::Path;
use std::process::Command;

use super::libraries::Libraries;
use super::{Build, sources};
use crate::runtime::cache;
use crate::runtime::ui::Log;
use crate::runtime::{Result, machine, patch, stub_sources};

/// Where terminal descriptions are looked for before those compiled in.
const TERMINFO_FOLDERS: &str = "/etc/terminfo:/lib/terminfo:/usr/share/terminfo:/usr/lib/terminfo";

/// OpenSSL, configured as Debian's is where a Python program could see it, with the legacy provider inside.
///
/// Its folders are the usual ones, not the build's: the crate's own build step would write its output folder into
/// the library. Engines and modules are never loaded from disk.
pub(super) fn openssl(build: &Build<'_>, libraries: &Libraries) -> Result<()> {
    build.step("build OpenSSL", |log| {
        let tree = build.cache.fresh_work("source/openssl")?;
        cache::copy_folder(&build.sources.carried_by("openssl-src")?.folder.join("openssl"), &tree, |_| true)?;
        let mut configure = build.toolchain.command("perl");
        configure.args(["./Configure", "linux-x86_64"]);
        configure.args(["--prefix=/usr", "--libdir=lib", "--openssldir=/etc/ssl"]);
        configure.args(["no-shared", "no-module", "no-tests", "no-apps", "no-docs", "no-comp", "no-zlib"]);
        configure.args(["no-ssl3", "no-ssl3-method", "no-async", "enable-ec_nistp_64_gcc_128"]);
        log.run(configure.current_dir(&tree))?;
        log.run(make(build, &tree).arg("build_libs"))?;
        for name in ["libcrypto.a", "libssl.a"] {
            cache::copy_file(&tree.join(name), &libraries.lib().join(name))?;
        }
        let is_header = |path: &Path| path.is_dir() || path.extension().is_some_and(|extension| extension == "h");
        cache::copy_folder(&tree.join("include/openssl"), &libraries.include().join("openssl"), is_header)
    })
}

/// ncurses with wide characters, the usual terminals compiled in, and any other found in the usual folders.
///
/// The compiled-in descriptions come from ncurses' own terminfo source by its own `tic`, so that they don't
/// depend on the building machine.
pub(super) fn ncurses(build: &Build<'_>, libraries: &Libraries) -> Result<()> {
    build.step("build ncurses", |log| {
        let tree = build.cache.fresh_work("source/ncurses")?;
        sources::unpack(&build.sources.ncurses, &tree, log)?;
        let mut configure = configure(build, &tree);
        configure.args(["--enable-widec", "--enable-const", "--enable-ext-colors", "--enable-ext-mouse"]);
        configure.args(["--without-shared", "--with-normal", "--without-debug", "--disable-lib-suffixes"]);
        configure.args(["--without-ada", "--without-cxx", "--without-cxx-binding", "--without-manpages"]);
        configure.args(["--without-tests", "--without-gpm", "--disable-db-install", "--disable-stripping"]);
        configure.args(["--with-build-cc=zig-cc", "--with-default-terminfo-dir=/usr/share/terminfo"]);
        configure.arg(format!("--with-terminfo-dirs={TERMINFO_FOLDERS}"));
        log.run(configure.arg("CFLAGS=-O2"))?;
        for folder in ["include", "ncurses", "progs", "panel"] {
            log.run(make(build, &tree).args(["-C", folder]))?;
        }
        compile_terminals_in(build, &tree, log)?;
        keep_license("ncurses", &tree, libraries)?;
        install_ncurses(&tree, libraries)
    })
}

fn compile_terminals_in(build: &Build<'_>, tree: &Path, log: &Log) -> Result<()> {
    let list = cache::read_text(&stub_sources().join("cpython/terminals.txt"))?;
    let folder = tree.join("ncurses");
    let mut generate = build.toolchain.command("sh");
    // Paths are relative because the script repeats its arguments in the generated comment.
    generate.args(["-c", "exec sh ./tinfo/MKfallback.sh \"$@\" >fallback.new", "sh"]);
    generate.args(["./terminfo", "../misc/terminfo.src", "../progs/tic", "../progs/infocmp"]);
    log.run(generate.args(list.split_whitespace()).current_dir(&folder))?;
    cache::publish_file(&folder.join("fallback.new"), &folder.join("fallback.c"))?;
    log.run(&mut make(build, &folder))
}

fn install_ncurses(tree: &Path, libraries: &Libraries) -> Result<()> {
    for header in ["curses.h", "ncurses_dll.h", "panel.h", "term.h", "termcap.h", "unctrl.h"] {
        cache::copy_file(&tree.join("include").join(header), &libraries.include().join(header))?;
    }
    cache::copy_file(&tree.join("lib/libncurses.a"), &libraries.archive("ncursesw"))?;
    cache::copy_file(&tree.join("lib/libpanel.a"), &libraries.archive("panelw"))
}

/// libedit stands in for readline. GNU readline is under the GPL, which would then bind every frozen program;
/// Python's `readline` module supports both.
pub(super) fn libedit(build: &Build<'_>, libraries: &Libraries) -> Result<()> {
    build.step("build libedit", |log| {
        let tree = build.cache.fresh_work("source/libedit")?;
        sources::unpack(&build.sources.libedit, &tree, log)?;
        patch::apply(&tree, &patch::in_folder(&stub_sources().join("cpython/libedit-patches"))?, log)?;
        // Its configure script knows ncurses only by this name.
        let curses = build.cache.fresh_work("libedit-curses")?;
        cache::copy_file(&libraries.archive("ncursesw"), &curses.join("libncurses.a"))?;
        let mut configure = configure(build, &tree);
        configure.args(["--disable-shared", "--enable-static", "--disable-examples", "CFLAGS=-O2"]);
        configure.arg(format!("CPPFLAGS=-I{}", libraries.include().display()));
        log.run(configure.arg(format!("LDFLAGS=-L{}", curses.display())))?;
        log.run(make(build, &tree).args(["-C", "src"]))?;
        keep_license("libedit", &tree, libraries)?;
        cache::copy_file(&tree.join("src/editline/readline.h"), &libraries.include().join("editline/readline.h"))?;
        cache::copy_file(&tree.join("src/.libs/libedit.a"), &libraries.archive("edit"))
    })
}

/// Source trees are gone when CPython alone is built anew.
fn keep_license(name: &str, tree: &Path, libraries: &Libraries) -> Result<()> {
    cache::copy_file(&tree.join("COPYING"), &libraries.folder().join("licenses").join(name).join("COPYING"))
}

/// libffi, for `ctypes`.
pub(super) fn libffi(build: &Build<'_>, libraries: &Libraries) -> Result<()> {
    build.step("build libffi", |log| {
        let tree = build.cache.fresh_work("source/libffi")?;
        cache::copy_folder(&build.sources.carried_by("libffi-sys")?.folder.join("libffi"), &tree, |_| true)?;
        let mut configure = configure(build, &tree);
        configure.args(["--disable-shared", "--enable-static", "--disable-docs", "--disable-multi-os-directory"]);
        log.run(configure.arg("CFLAGS=-O3"))?;
        let installed = tree.join("installed");
        log.run(make(build, &tree).arg("install").arg(format!("DESTDIR={}", installed.display())))?;
        cache::copy_file(&installed.join("usr/lib/libffi.a"), &libraries.archive("ffi"))?;
        cache::copy_folder(&installed.join("usr/include"), &libraries.include(), |_| true)
    })
}

/// `./configure` in `tree` for our target, with places that say nothing about this machine.
fn configure(build: &Build<'_>, tree: &Path) -> Command {
    let mut command = build.toolchain.command("sh");
    command.args(["./configure", "--prefix=/usr"]).current_dir(tree);
    let target = build.c_library.gnu_target();
    command.args([format!("--build={target}"), format!("--host={target}")]);
    command
}

pub(super) fn make(build: &Build<'_>, tree: &Path) -> Command {
    let mut command = build.toolchain.command("make");
    command.arg(format!("-j{}", machine::jobs())).current_dir(tree);
    command
}
