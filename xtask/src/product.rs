//! What is built: the runtime pack, then `pyfreeze` with the pack inside.

use std::path::PathBuf;

use crate::process::{Failure, cargo, run, target_folder};
use crate::runtime::{self, CLibrary, Ui};

/// A runtime that was built, or found built.
#[derive(Debug)]
pub(crate) struct Runtime {
    /// The folder that pyfreeze embeds.
    pub(crate) pack: PathBuf,
    /// The same Python as an ordinary installation: the reference of tests and benchmarks.
    pub(crate) python: PathBuf,
    /// The linker's map of the stub.
    pub(crate) map: PathBuf,
    /// The packages of the installer inside.
    pub(crate) installer: PathBuf,
    /// The licence texts of CPython and its C libraries.
    pub(crate) licenses: PathBuf,
    /// Those of everything else inside.
    pub(crate) notices: Vec<runtime::Notice>,
}

/// The finished product.
#[derive(Debug)]
pub(crate) struct Product {
    /// `pyfreeze` with its runtimes embedded.
    pub(crate) pyfreeze: PathBuf,
    /// The one that needs glibc.
    pub(crate) runtime: Runtime,
    /// The one that needs nothing.
    pub(crate) static_runtime: Runtime,
}

/// Builds the runtime pack for a C library.
pub(crate) fn runtime(c_library: CLibrary) -> Result<Runtime, Failure> {
    let ui = Ui::new();
    let prefix = runtime::cpython(c_library, &ui)?;
    let stub = runtime::stub(&prefix, &ui)?;
    let installer = runtime::installer(&ui)?;
    let notices = runtime::notices(c_library)?;
    let pack = runtime::pack(&prefix, &stub, &installer, &notices, &ui)?;
    let (python, map) = (stub.python().to_path_buf(), stub.map());
    Ok(Runtime { pack, python, map, installer, licenses: prefix.licenses(), notices })
}

/// Builds both runtime packs and `pyfreeze`.
pub(crate) fn build() -> Result<Product, Failure> {
    let (runtime, static_runtime) = (runtime(CLibrary::Glibc)?, runtime(CLibrary::Musl)?);
    let arguments = ["build", "--locked", "--release", "--package", "pyfreeze", "--features", "embedded-runtime"];
    let mut build = cargo(&arguments);
    build.env("PYFREEZE_RUNTIME_PACK", &runtime.pack).env("PYFREEZE_STATIC_RUNTIME_PACK", &static_runtime.pack);
    run(&mut build)?;
    Ok(Product { pyfreeze: target_folder().join("release/pyfreeze"), runtime, static_runtime })
}
