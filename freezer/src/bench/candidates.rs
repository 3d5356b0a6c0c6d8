//! The ways to run the program that are compared.
//!
//! Comes in: executables and a program laid out on disk. Goes out: candidates, each a name and what to start. More of them
//! need no other change.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::{DiskProgram, OwnFiles};
use super::process::Start;
use crate::project::SnapshotChoice;

/// What kind of thing a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The program, frozen.
    Frozen,
    /// The program, run by a Python.
    Disk,
    /// Another program, below which no start can be.
    Floor,
}

/// One way to run the program.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is called in files and on the command line.
    pub id: &'static str,
    /// A few words for the table.
    pub name: String,
    /// What kind of thing it is.
    pub group: Group,
    /// A sentence on what it is.
    pub description: String,
    /// What is started.
    pub start: Start,
    /// The folder whose `__pycache__` folders are removed before each run, outside of the measured time.
    pub without_caches: Option<PathBuf>,
}

/// From disk with warm `__pycache__`: what the others are compared with.
pub const REFERENCE: &str = "disk";

impl Candidate {
    /// A frozen executable.
    #[must_use]
    pub fn frozen(level: SnapshotChoice, executable: &Path, arguments: &[OsString]) -> Self {
        let (id, name, description) = match level {
            SnapshotChoice::App => {
                ("frozen-app", "frozen, snapshot app", "starts with the program's own imports already done")
            }
            SnapshotChoice::Runtime => {
                ("frozen-runtime", "frozen, snapshot runtime", "starts with the interpreter ready")
            }
            SnapshotChoice::Off => {
                ("frozen-off", "frozen, no snapshot", "the ordinary start, imports from the executable")
            }
        };
        Self::new(id, name, Group::Frozen, description, start(executable.into(), arguments.iter().cloned()))
    }

    /// From disk with warm `__pycache__`: the runs that are not measured fill it.
    #[must_use]
    pub fn disk(program: &DiskProgram, arguments: &[OsString]) -> Self {
        let description = "the runtime's own Python, with warm __pycache__";
        Self::new(REFERENCE, "from disk", Group::Disk, description, python(program, &[], arguments))
    }

    /// From disk without any `__pycache__`.
    #[must_use]
    pub fn uncached(program: &DiskProgram, arguments: &[OsString]) -> Self {
        let description = "a copy without __pycache__, with -B: everything is compiled at every start";
        let start = python(program, &["-B"], arguments);
        let candidate = Self::new("disk-uncached", "from disk, no __pycache__", Group::Disk, description, start);
        Self { without_caches: Some(program.folder.clone()), ..candidate }
    }

    /// From a zip file.
    #[must_use]
    pub fn zipapp(program: &DiskProgram, zipapp: &Path, arguments: &[OsString]) -> Self {
        let words = std::iter::once(zipapp.as_os_str().to_owned()).chain(arguments.iter().cloned());
        let description = "the program and its packages in a zip file (python -m zipapp), the library from disk";
        Self::new("pyz", "from a .pyz", Group::Disk, description, start(program.python.clone(), words))
    }

    /// By a Python of the machine, with the packages that it has.
    #[must_use]
    pub(super) fn host(python: &Path, version: &str, own: &OwnFiles, arguments: &[OsString]) -> Self {
        let words = std::iter::once(own.entry_point.as_os_str().to_owned()).chain(arguments.iter().cloned());
        let mut start = start(python.into(), words);
        start.variables = own.packages.iter().map(|path| ("PYTHONPATH".to_owned(), path.into())).collect();
        let description = format!("{} with the packages that it has", python.display());
        Self::new("host", &format!("by python {version}"), Group::Disk, &description, start)
    }

    /// A Python that does nothing.
    #[must_use]
    pub fn bare_python(program: &DiskProgram) -> Self {
        let start = start(program.python.clone(), ["-I", "-S", "-c", "pass"].map(OsString::from));
        let description = "the runtime's own Python, doing nothing";
        Self::new("floor-python", "python -I -S -c pass", Group::Floor, description, start)
    }

    /// Another program.
    #[must_use]
    pub fn floor(id: &'static str, name: &str, description: &str, program: &Path) -> Self {
        Self::new(id, name, Group::Floor, description, start(program.into(), []))
    }

    fn new(id: &'static str, name: &str, group: Group, description: &str, start: Start) -> Self {
        let (name, description) = (name.to_owned(), description.to_owned());
        Self { id, name, group, description, start, without_caches: None }
    }
}

fn start(program: PathBuf, arguments: impl IntoIterator<Item = OsString>) -> Start {
    // A path without `/` would be searched for in PATH.
    let program = std::path::absolute(&program).unwrap_or(program);
    Start { program: program.into(), arguments: arguments.into_iter().collect(), ..Start::default() }
}

fn python(program: &DiskProgram, options: &[&str], arguments: &[OsString]) -> Start {
    let options = options.iter().map(OsString::from);
    let entry_point = program.entry_point.clone().into_os_string();
    start(program.python.clone(), options.chain([entry_point]).chain(arguments.iter().cloned()))
}

/// The runtime's Python with an option more.
pub(super) fn with_option(candidate: &Candidate, options: &[&str]) -> Start {
    let mut start = candidate.start.clone();
    start.arguments.splice(0..0, options.iter().map(OsString::from));
    start
}
