//! `tests/compat.toml`, as it stands.
//!
//! Comes in: the file. Goes out: its rows: console tools, programs of ours, and the test suites that packages ship.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Console scripts of packages, with command lines.
    pub tool: Vec<Tool>,
    /// Programs of ours, each using a package as its users do.
    pub program: Vec<Program>,
    /// Tests that packages ship, run inside a frozen program.
    pub suite: Vec<Program>,
}

impl Rows {
    /// Reads the file beside this crate.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read() -> Result<Self, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat.toml");
        let text = fs::read_to_string(path).map_err(|error| format!("Cannot read `compat.toml`: {error}"))?;
        toml::from_str(&text).map_err(|error| error.to_string())
    }
}

/// A tool and what is done with it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// What its executable is called.
    pub name: String,
    /// Pinned requirements.
    pub packages: Vec<String>,
    /// The text of its console script.
    pub script: String,
    /// Part of `cargo xtask test`.
    #[serde(default)]
    pub is_in_test: bool,
    /// A folder of `tests/compat` that is copied into the working folder.
    #[serde(default)]
    pub folder: String,
    /// That folder is the program, with the console script as its `__main__`.
    #[serde(default)]
    pub is_folder_frozen: bool,
    /// Command lines, run one after the other; `{url}` is a server on the loopback interface.
    pub runs: Vec<Vec<String>>,
    /// Files and folders whose bytes must be equal afterwards.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// More options of `pyfreeze build`.
    #[serde(default)]
    pub freeze: Vec<String>,
}

/// A folder of `tests/compat` with a `__main__.py`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What its executable is called.
    pub name: String,
    /// The pinned requirements that the row is about.
    pub packages: Vec<String>,
    /// What those need, pinned as well.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// What the program does with them, for the page.
    pub exercises: String,
    /// Part of `cargo xtask test`.
    #[serde(default)]
    pub is_in_test: bool,
    /// Its folder, if that has another name.
    #[serde(default)]
    pub folder: String,
    /// Its command line.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What it can't do without, for reasons of its own: a frozen program needs none of it.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Its environment, otherwise empty; `{temp}` is a writable folder, for programs that need one.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// More options of `pyfreeze build`.
    #[serde(default)]
    pub freeze: Vec<String>,
    /// Why it is known not to work frozen: it is run all the same, and the day it works, this must go.
    #[serde(default)]
    pub known_failure: String,
}

impl Program {
    /// The folder of `tests/compat`.
    #[must_use]
    pub fn folder(&self) -> &str {
        if self.folder.is_empty() { &self.name } else { &self.folder }
    }

    /// All requirements, as lines.
    #[must_use]
    pub fn requirements(&self) -> String {
        [self.packages.as_slice(), self.dependencies.as_slice()].concat().join("\n")
    }

    /// Whether it needs this.
    #[must_use]
    pub fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }
}

/// What a program may need of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A temporary folder that can be written.
    Temp,
    /// Shared memory: the semaphores of `multiprocessing` are files there.
    Shm,
}
