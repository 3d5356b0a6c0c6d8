//! Tracing: the program runs from disk, and what it imports and opens unseen goes into a lock.
//!
//! Comes in: a project and a command line. Goes out: the lock, written, and how the program ended. The program is run
//! as it is: its streams are this process's, its exit status is handed on, and the tracer in it changes nothing.

mod command;
mod record;

mod place;

mod collect;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGQUIT};
use thiserror::Error;

use crate::bytecode::{Compiler, CompilerOptions, default_cache_folder};
use crate::graph::{GraphError, Reach};
use crate::project::{LOCK_NAME, Lock, LockError, Project, ProjectError, ProjectRequest};
use crate::runtime::{DiskPythonError, InterpreterError, Runtime};

use collect::Collector;
use command::Command;
use place::Place;
use record::Record;

/// What to trace.
#[derive(Clone, Debug)]
pub struct TraceRequest {
    /// The project; its lock counts for nothing here.
    pub project: ProjectRequest,
    /// The Python that runs it, if not the runtime's own.
    pub python: Option<PathBuf>,
    /// The lock to write, if not the project's.
    pub output: Option<PathBuf>,
    /// `app …`, `-m module …` or an installed script.
    pub command: Vec<OsString>,
    /// Compile processes.
    pub worker_count: usize,
}

/// A finished trace.
#[derive(Debug)]
pub struct Traced {
    /// How the program ended.
    pub status: ExitStatus,
    /// The lock that was written.
    pub path: PathBuf,
    /// What this run has seen.
    pub seen: Lock,
}

/// Why a program can't be traced.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The project can't be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Its imports can't be followed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The compile server can't be made.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// The runtime's Python can't be installed.
    #[error(transparent)]
    Python(#[from] DiskPythonError),
    /// The lock that is there can't be used, or the new one can't be written.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The command is neither the project's program nor an installed script.
    #[error("Cannot find the program to trace: `{name}`")]
    UnknownCommand {
        /// Its first word.
        name: String,
        /// The installed scripts.
        scripts: Vec<String>,
    },
    /// `-m` without a module.
    #[error("Cannot trace `-m` without the name of a module")]
    NoModule,
    /// The program can't be started.
    #[error("Cannot start `{path}`: {source}", path = .path.display())]
    Start {
        /// The Python.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A temporary file can't be written or read.
    #[error("Cannot prepare the traced run: `{path}`: {source}", path = .path.display())]
    Prepare {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl TraceError {
    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Project(error) => error.hints(),
            Self::Graph(error) => error.hints(),
            Self::Lock(error) => error.hints(),
            Self::UnknownCommand { scripts, .. } => {
                let mut hints =
                    vec!["write `-- app ARGS` for the project's program, or `-- -m MODULE ARGS`".to_owned()];
                if !scripts.is_empty() {
                    hints.push(format!("the installed scripts are: {}", scripts.join(", ")));
                }
                hints
            }
            Self::NoModule => vec!["write `-- -m MODULE ARGS`".into()],
            Self::Start { .. } => vec!["check that `--python` names an executable Python".into()],
            Self::Interpreter(_) | Self::Python(_) | Self::Prepare { .. } => Vec::new(),
        }
    }
}

/// Runs the program and writes the lock.
///
/// # Errors
/// [`TraceError`]. Whatever can be checked before the program runs is: a lock that can't be used is noticed before.
pub fn trace(request: &TraceRequest, runtime: &Runtime) -> Result<Traced, TraceError> {
    let library = runtime.library();
    let project = Project::read(&request.project, &library)?;
    let path = request.output.clone().unwrap_or_else(|| project.folder.join(LOCK_NAME));
    let mut lock = Lock::read(&path)?.unwrap_or_default();
    let command = Command::choose(&request.command, &project)?;
    let interpreter = runtime.interpreter()?;
    // Twice, so that no compile server runs beside the program: Ctrl-C would end it with a traceback.
    let compiler = || {
        Compiler::new(CompilerOptions {
            python: interpreter.path().to_path_buf(),
            worker_count: request.worker_count,
            identity: library.identity.clone(),
            cache: default_cache_folder(),
        })
    };
    let mut reach = Reach::new(&project, &library, &mut compiler())?;
    let place = Place::prepare(&project, runtime, request.python.as_deref())?;
    let status = run(&place, &command, &project)?;
    let records = Record::read_all(place.log())?;
    let seen = Collector::new(&project, &command, place.library()).lock(&records, &mut reach, &mut compiler())?;
    lock.merge(seen.clone());
    lock.write(&path)?;
    Ok(Traced { status, path, seen })
}

fn run(place: &Place, command: &Command, project: &Project) -> Result<ExitStatus, TraceError> {
    let mut process = place.python();
    process.args(place.arguments(command, project)?);
    // Ctrl-C is for the program, which may do with it what it likes; the lock is written afterwards.
    for signal in [SIGINT, SIGQUIT] {
        let start = |source| TraceError::Start { path: place.executable().to_owned(), source };
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).map_err(start)?;
    }
    process.status().map_err(|source| TraceError::Start { path: place.executable().to_owned(), source })
}

fn prepare_error(path: &Path) -> impl Fn(io::Error) -> TraceError {
    move |source| TraceError::Prepare { path: path.to_owned(), source }
}
