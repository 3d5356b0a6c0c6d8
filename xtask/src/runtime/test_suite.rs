//! CPython's own tests and the extension modules that they need, which no pack has.
//!
//! Comes in: the sources that the runtime was built from. Goes out: a folder with `test`, the package, and `modules`, shared
//! libraries made by the machine's own compiler; found by the hash of what goes into it. None of it is ever shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Cache, Key};
use super::cpython::{CpythonPrefix, pins::Pins};
use super::debian::{self, Part, Wanted};
use super::patch::{self, Patch};
use super::ui::{Log, Ui};
use super::{CLibrary, Error, Result, machine, stub_sources};

/// A line of `Modules/Setup.stdlib.in` that describes a module of the tests begins so.
const CONDITION: &str = "@MODULE_";

/// Programs for fuzzing, which need a compiler's support.
const LEFT_OUT: &str = "_xxtestfuzz";

/// As CPython's own build compiles its extension modules; assertions are part of what these test.
const FLAGS: [&str; 7] = ["-shared", "-fPIC", "-O1", "-w", "-fwrapv", "-UNDEBUG", "-DPy_BUILD_CORE_MODULE"];

/// The tests of one CPython.
#[derive(Debug)]
pub(crate) struct TestSuite {
    folder: PathBuf,
}

impl TestSuite {
    /// The folder of the package `test`.
    pub(crate) fn package(&self) -> PathBuf {
        self.folder.join("test")
    }

    /// The folder of the extension modules.
    pub(crate) fn modules(&self) -> PathBuf {
        self.folder.join("modules")
    }
}

/// Unpacks the tests and compiles their modules, or finds them.
pub(super) fn prepare(cache: &Cache, prefix: &CpythonPrefix, ui: &Ui) -> Result<TestSuite> {
    let _lock = cache.lock("cpython-tests")?;
    let mut key = Key::default();
    key.add("prefix", prefix.key().as_bytes());
    key.add("recipe", include_bytes!("test_suite.rs"));
    let folder = cache.product("cpython-tests", &key.finish());
    if !folder.exists() {
        let pins = Pins::read()?;
        let tarball = tarball(cache, &pins, ui)?;
        let fresh = ui.step("CPython's tests", &cache.logs(), |log| build(cache, &pins, prefix, &tarball, log))?;
        cache::publish(&fresh, &folder)?;
    }
    Ok(TestSuite { folder })
}

/// CPython's source: in the cache since the runtime was built, unless that came from elsewhere.
fn tarball(cache: &Cache, pins: &Pins, ui: &Ui) -> Result<PathBuf> {
    let kept = cache.downloads().join(&pins.cpython.file);
    if !kept.exists() {
        let wanted = Wanted { package: pins.cpython.package.clone(), part: Part::Upstream };
        let downloaded = debian::download(cache, &pins.debian_suites, &[wanted], ui)?.join(&pins.cpython.file);
        if !downloaded.exists() {
            return Err(Error::Download { file: pins.cpython.file.clone(), log: debian::log(cache) });
        }
        cache::publish_file(&downloaded, &kept)?;
    }
    machine::check_sha256(&kept, &pins.cpython.sha256)?;
    Ok(kept)
}

fn build(cache: &Cache, pins: &Pins, prefix: &CpythonPrefix, tarball: &Path, log: &Log) -> Result<PathBuf> {
    let source = cache.fresh_work("cpython-tests-source")?;
    unpack(tarball, &source, log)?;
    patch::apply(&source, &patches(cache, pins, log)?, log)?;
    let fresh = cache.fresh_work("cpython-tests")?;
    cache::copy_folder(&source.join("Lib/test"), &fresh.join("test"), |_| true)?;
    let modules = fresh.join("modules");
    std::fs::create_dir_all(&modules).map_err(Error::io("create", &modules))?;
    let tag = format!("cpython-{}-{}", pins.python.replace('.', ""), CLibrary::Glibc.gnu_target());
    for module in modules_of(&cache::read_text(&source.join("Modules/Setup.stdlib.in"))?) {
        let file = modules.join(format!("{}.{tag}.so", module.name));
        compile(&module, &source.join("Modules"), prefix, &file, log)?;
    }
    cache::remove_folder(&source)?;
    Ok(fresh)
}

fn unpack(archive: &Path, folder: &Path, log: &Log) -> Result<()> {
    let mut tar = Command::new("tar");
    log.run(tar.args(["--strip-components=1", "--no-same-owner", "-xf"]).arg(archive).arg("-C").arg(folder))
}

/// The patches with which the runtime was built: what they mend is tested as well.
fn patches(cache: &Cache, pins: &Pins, log: &Log) -> Result<Vec<Patch>> {
    let debian = cache.fresh_work("cpython-tests-debian")?;
    unpack(&cache.downloads().join(format!("{}.debian.tar.xz", pins.cpython.package)), &debian, log)?;
    let folder = debian.join("patches");
    let series = cache::read_text(&folder.join("series"))?;
    let names = series.lines().map(str::trim).filter(|name| pins.cpython.patches.takes(name));
    let mut patches: Vec<Patch> = names.map(|name| Patch { name: name.to_owned(), path: folder.join(name) }).collect();
    patches.extend(patch::in_folder(&stub_sources().join("cpython/patches"))?);
    Ok(patches)
}

/// An extension module, and its sources below `Modules`.
#[derive(Debug, PartialEq, Eq)]
struct Module {
    name: String,
    sources: Vec<String>,
}

/// Reads lines like `@MODULE__TESTBUFFER_TRUE@_testbuffer _testbuffer.c`.
fn modules_of(setup: &str) -> Vec<Module> {
    let lines = setup.lines().filter_map(|line| line.strip_prefix(CONDITION)?.split_once("_TRUE@"));
    lines
        .filter(|(condition, _)| condition.contains("TEST"))
        .filter_map(|(_, line)| {
            let mut words = line.split_whitespace().map(str::to_owned);
            Some(Module { name: words.next()?, sources: words.collect() })
        })
        .filter(|module| module.name != LEFT_OUT)
        .collect()
}

fn compile(module: &Module, sources: &Path, prefix: &CpythonPrefix, file: &Path, log: &Log) -> Result<()> {
    let include = prefix.include();
    let mut compiler = Command::new("cc");
    compiler.args(FLAGS);
    for folder in [&include, &include.join("internal"), sources] {
        compiler.arg("-I").arg(folder);
    }
    compiler.args(module.sources.iter().map(|source| sources.join(source)));
    log.run(compiler.arg("-o").arg(file))
}

#[cfg(test)]
mod tests {
    use super::{Module, modules_of};

    #[test]
    fn modules_of_the_tests_are_found() {
        let setup = "@MODULE_ZLIB_TRUE@zlib zlibmodule.c\n\
                     @MODULE__TESTBUFFER_TRUE@_testbuffer _testbuffer.c\n\
                     @MODULE__XXTESTFUZZ_TRUE@_xxtestfuzz _xxtestfuzz/_xxtestfuzz.c _xxtestfuzz/fuzzer.c\n\
                     @MODULE__CTYPES_TEST_TRUE@_ctypes_test _ctypes/_ctypes_test.c more.c\n#@MODULE__X_TRUE@_test x.c\n";
        let module = |name: &str, sources: &[&str]| Module {
            name: name.into(),
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        };
        let expected =
            [module("_testbuffer", &["_testbuffer.c"]), module("_ctypes_test", &["_ctypes/_ctypes_test.c", "more.c"])];
        assert_eq!(modules_of(setup), expected);
    }
}
