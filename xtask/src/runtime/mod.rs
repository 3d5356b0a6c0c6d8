//! The runtime, built from source: comes in: `runtime-stub/`; goes out: a stub and its standard library.
//!
//! Three stages, each found by the hash of all that goes into it, in a cache outside the checkout:
//!
//! 1. [`cpython()`]: CPython and its C libraries as static libraries, headers, the standard library and the licences.
//! 2. [`stub()`]: the Rust crate `pyfreeze-stub` linked with these into one program.
//! 3. [`pack()`]: the stub and the standard library, compiled and compressed, and pip ([`installer()`]), as pyfreeze
//!    embeds them.
//!
//! What is built never depends on where the cache or the checkout lies, nor on the machine's own compiler.

mod c_library;
mod cache;
mod carried;
mod cpython;
mod debian;
mod error;
mod installer;
mod link;
mod machine;
mod notices;
mod pack;
mod patch;
mod static_libc;
mod stub;
mod test_suite;
mod toolchain;
mod ui;

use std::path::{Path, PathBuf};

pub(crate) use c_library::CLibrary;
pub(crate) use cpython::CpythonPrefix;
pub(crate) use error::Error;
pub(crate) use notices::{Notice, notices};
pub(crate) use pack::{PackError, PackInputs};
pub(crate) use stub::Stub;
pub(crate) use test_suite::TestSuite;
pub(crate) use ui::Ui;

use cache::Cache;

/// The target as Rust names it.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The result of every stage of the runtime's build.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Builds CPython and its libraries for a C library, or finds them built.
pub(crate) fn cpython(c_library: CLibrary, ui: &Ui) -> Result<CpythonPrefix> {
    let cache = Cache::open()?;
    // Also when everything is built: to know that, the sources' packaging is unpacked.
    machine::prepare(&cache, ui)?;
    cpython::prefix(&cache, c_library, ui)
}

/// Builds the stub and links it with `prefix`, or finds it linked.
pub(crate) fn stub(prefix: &CpythonPrefix, ui: &Ui) -> Result<Stub> {
    stub::stub(&Cache::open()?, prefix, ui)
}

/// Fetches the installer that packs carry, or finds it: a folder of Python packages.
pub(crate) fn installer(ui: &Ui) -> Result<PathBuf> {
    installer::prepare(&Cache::open()?, ui)
}

/// Packs the stub with its standard library, or finds them packed: the folder that pyfreeze embeds.
pub(crate) fn pack(
    prefix: &CpythonPrefix,
    stub: &Stub,
    installer: &Path,
    notices: &[Notice],
    ui: &Ui,
) -> Result<PathBuf> {
    let cache = Cache::open()?;
    let is_static = prefix.c_library() == CLibrary::Musl;
    let inputs = PackInputs {
        stub: stub.program().to_path_buf(),
        python: prefix.reference_python(),
        library: prefix.standard_library(),
        bootstrap: stub_sources().join("bootstrap"),
        licenses: prefix.licenses(),
        notices,
        installer: installer.to_path_buf(),
        carried: if is_static { Vec::new() } else { carried::libraries()? },
        target: prefix.c_library().rust_target().to_owned(),
        glibc: if is_static { String::new() } else { cpython::pins::Pins::read()?.glibc },
    };
    let folder = cache.products();
    ui.step(&format!("runtime pack ({})", prefix.c_library().word()), &cache.logs(), |_| {
        pack::pack(&inputs, &folder, &|_, _, _| ()).map_err(Error::from)
    })
}

/// CPython's own tests, from the sources of `prefix`, with the extension modules that they need.
pub(crate) fn test_suite(prefix: &CpythonPrefix, ui: &Ui) -> Result<TestSuite> {
    test_suite::prepare(&Cache::open()?, prefix, ui)
}

/// The folder `runtime-stub` of the checkout that this program was compiled from.
fn stub_sources() -> PathBuf {
    checkout().join("runtime-stub")
}

fn checkout() -> PathBuf {
    // OK because Cargo gives the absolute path of `xtask`, a folder of the checkout.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the checkout").to_path_buf()
}
