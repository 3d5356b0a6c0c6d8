//! What is tested: the finished `pyfreeze`, and the Python it is compared with.
//!
//! Comes in: `PYFREEZE` and `PYFREEZE_REFERENCE_PYTHON`, as `cargo xtask test` sets them. Goes out: paths that
//! exist. The reference is the runtime pack's own Python, run from disk: what differs is then the freezing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::command::{Output, Run};
use crate::project::Workspace;

/// The product and its surroundings.
#[derive(Clone, Debug)]
pub struct Product {
    /// The `pyfreeze` executable, with its runtime embedded.
    pub pyfreeze: PathBuf,
    /// The runtime's own Python on disk.
    pub python: PathBuf,
    /// That Python's standard library folder.
    pub library: PathBuf,
    /// The checkout.
    pub checkout: PathBuf,
    /// A folder outside the checkout's sources for everything that may be kept between runs.
    pub cache: PathBuf,
}

impl Product {
    /// Finds the product.
    ///
    /// # Errors
    /// A sentence when something is missing.
    pub fn find() -> Result<Self, String> {
        Self::new(from_environment("PYFREEZE")?, from_environment("PYFREEZE_REFERENCE_PYTHON")?)
    }

    /// The product with this `pyfreeze`, compared with this Python.
    ///
    /// # Errors
    /// A sentence when that Python doesn't answer.
    pub fn new(pyfreeze: PathBuf, python: PathBuf) -> Result<Self, String> {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/")).to_path_buf();
        let library = library_of(&python)?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout.join("target"), PathBuf::from);
        let cache = target.join("pyfreeze-tests");
        std::fs::create_dir_all(&cache).map_err(|error| format!("Cannot create `{}`: {error}", cache.display()))?;
        Ok(Self { pyfreeze, python, library, checkout, cache })
    }

    /// The folder of the tests.
    #[must_use]
    pub fn tests(&self) -> PathBuf {
        self.checkout.join("tests")
    }

    /// `pyfreeze` in a folder, quiet and with a cache of the tests' own.
    #[must_use]
    pub fn command(&self, folder: &Path) -> Run {
        self.equip(Run::new(&self.pyfreeze, folder))
    }

    /// Gives a program that will call `pyfreeze` what `pyfreeze` needs.
    #[must_use]
    pub fn equip(&self, run: Run) -> Run {
        let run = run.env("PYFREEZE_CACHE", self.cache.join("pyfreeze").display().to_string());
        // For a `pyfreeze` without an embedded runtime.
        match std::env::var("PYFREEZE_RUNTIME") {
            Ok(runtime) => run.env("PYFREEZE_RUNTIME", runtime),
            Err(_) => run,
        }
    }

    /// Fails unless a frozen program is a Python for its children. Where it isn't, a program that starts
    /// `sys.executable -c …` would start itself without end, so this is asked before any such test.
    ///
    /// # Errors
    /// What the child did instead.
    pub fn expect_python_for_children(&self) -> Result<(), String> {
        static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
        ANSWER.get_or_init(|| self.ask_child()).clone()
    }

    fn ask_child(&self) -> Result<(), String> {
        let text = "import os, subprocess, sys\nif 'CANARY' in os.environ:\n    sys.exit('the program itself')\n\
                    subprocess.run([sys.executable, '-c', 'print(6 * 7)'], env={'CANARY': '1'}, timeout=20)\n";
        let workspace = Workspace::with_files(&[("canary.py", text)])?;
        let executable = workspace.join("canary");
        self.build(&workspace.join("canary.py"), &executable, &[], workspace.path())?;
        let output = Run::new(&executable, workspace.path()).success()?;
        if output.stdout == "42\n" {
            return Ok(());
        }
        Err(format!("a frozen program is no Python for its children\n{}", output.report()))
    }

    /// Freezes `path` into `out`.
    ///
    /// # Errors
    /// The whole report of a build that failed.
    pub fn build(&self, path: &Path, out: &Path, options: &[String], folder: &Path) -> Result<Output, String> {
        self.command(folder).arg("build").arg(path).arg("-o").arg(out).args(options.to_vec()).success()
    }
}

fn from_environment(name: &str) -> Result<PathBuf, String> {
    let found = std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_file());
    found.ok_or_else(|| format!("`{name}` names no file: run `cargo xtask test`, which builds what is tested"))
}

fn library_of(python: &Path) -> Result<PathBuf, String> {
    let output = Command::new(python).args(["-I", "-c", "import os; print(os.path.dirname(os.__file__))"]).output();
    let output = output.map_err(|error| format!("Cannot run `{}`: {error}", python.display()))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
