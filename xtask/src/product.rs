//! What is built: the runtime pack, then `pyfreeze` with the pack inside.

use std::path::PathBuf;

use crate::process::{Failure, cargo, run, target_folder};
use crate::runtime::{self, Ui};

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
    /// `pyfreeze` with its runtime embedded.
    pub(crate) pyfreeze: PathBuf,
    /// The runtime it embeds.
    pub(crate) runtime: Runtime,
}

/// Builds the runtime pack.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let ui = Ui::new();
    let prefix = runtime::cpython(&ui)?;
    let stub = runtime::stub(&prefix, &ui)?;
    let installer = runtime::installer(&ui)?;
    let notices = runtime::notices()?;
    let pack = runtime::pack(&prefix, &stub, &installer, &notices, &ui)?;
    let (python, map) = (stub.python().to_path_buf(), stub.map());
    Ok(Runtime { pack, python, map, installer, licenses: prefix.licenses(), notices })
}

/// Builds the runtime pack and `pyfreeze`.
pub(crate) fn build() -> Result<Product, Failure> {
    let runtime = runtime()?;
    let arguments = ["build", "--locked", "--release", "--package", "pyfreeze", "--features", "embedded-runtime"];
    run(cargo(&arguments).env("PYFREEZE_RUNTIME_PACK", &runtime.pack))?;
    Ok(Product { pyfreeze: target_folder().join("release/pyfreeze"), runtime })
}
