//! The whole build on one page: a project comes in, an executable stands on disk, a report goes out.
//!
//! Every stage borrows what the one before it made and changes none of it.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pyfreeze_format::{BESIDE_SUFFIX, FormatError};
use thiserror::Error;

use crate::bytecode::{self, Compiler, CompilerOptions, Library, default_cache_folder};
use crate::contents::Contents;
use crate::executable::{self, Durability, ExecutableError};
use crate::graph::{self, GraphError};
use crate::image::{self, ImageError};
use crate::inspect::Report;
use crate::install::{self, InstallError, InstallRequest, Installed};
use crate::libraries::{LibraryError, LibraryFiles, LibraryOptions, LibraryPlan, Native};
use crate::payload::{self, PayloadError, PayloadOptions};
use crate::project::{Project, ProjectError, ProjectRequest, Settings, SettingsOverrides, SourcePolicy};
use crate::runtime::{InterpreterError, Runtime};
use crate::snapshot::{self, ProgramFacts, SnapshotError, SnapshotInput, Snapshotted};

/// What to freeze.
#[derive(Clone, Debug)]
pub struct FreezeRequest {
    /// The project and the settings that win over its own.
    pub project: ProjectRequest,
    /// How the project gets its dependencies when it has no environment.
    pub install: InstallRequest,
    /// Compile processes and compression threads; otherwise one per processor.
    pub worker_count: Option<NonZeroUsize>,
}

/// How far a build is.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Installing dependencies: this one is fetched.
    Install(String),
    /// Following imports and compiling.
    Graph(graph::Progress),
    /// Reading and compressing.
    Stored {
        /// Files stored.
        done: usize,
        /// Files to store.
        total: usize,
    },
    /// Making the snapshot.
    Snapshot(snapshot::Step),
    /// Writing the executable.
    Written {
        /// Bytes written.
        done: u64,
        /// Bytes to write.
        total: u64,
    },
}

/// A finished build.
#[derive(Debug)]
pub struct Frozen {
    /// The executable.
    pub output: PathBuf,
    /// The environment that was made for it, if one was.
    pub installed: Option<Installed>,
    /// What is inside, as `inspect` would say.
    pub report: Report,
    /// What went in.
    pub contents: Contents,
    /// The levels of snapshot that were wanted and could not be had.
    pub fallbacks: Vec<snapshot::Fallback>,
    /// How many modules were compiled and how many came from the cache.
    pub compiled: bytecode::Statistics,
    /// Wall time.
    pub duration: Duration,
}

/// Why a build failed.
#[derive(Debug, Error)]
pub enum FreezeError {
    /// The project can't be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The project can't be changed as its caller wants.
    #[error("Cannot put a module in front of the program: {0}")]
    Prepare(io::Error),
    /// The dependencies can't be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The modules can't be found or compiled.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The compile server can't be made.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// A shared library can't be included.
    #[error(transparent)]
    Libraries(#[from] LibraryError),
    /// The payload can't be made.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The payload reads back differently: a mistake of pyfreeze itself.
    #[error("Cannot trust the payload that was just written: {0}")]
    Reread(#[from] FormatError),
    /// The snapshot can't be made as wanted, and the user insists.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The payload can't be grafted.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The executable can't be written.
    #[error(transparent)]
    Executable(#[from] ExecutableError),
}

impl FreezeError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Project(error) => error.hints(),
            Self::Install(error) => error.hints(),
            Self::Graph(error) => error.hints(),
            Self::Libraries(error) => error.hints(),
            Self::Executable(error) => error.hints(),
            Self::Snapshot(error) => error.hints(),
            Self::Prepare(_) | Self::Interpreter(_) | Self::Payload(_) | Self::Reread(_) | Self::Image(_) => Vec::new(),
        }
    }
}

/// What somebody changes about a project between reading it and following its imports; with the runtime's interpreter.
pub type Preparation<'a> = &'a dyn Fn(&mut Project, &Path) -> io::Result<()>;

/// Freezes a project.
///
/// # Errors
/// [`FreezeError`]; then no executable was written.
pub fn freeze(
    request: &FreezeRequest,
    runtime: &Runtime,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Frozen, FreezeError> {
    freeze_prepared(request, runtime, &|_, _| Ok(()), progress)
}

/// Freezes a project that is another than the one on disk.
///
/// # Errors
/// [`FreezeError`]; then no executable was written.
pub fn freeze_prepared(
    request: &FreezeRequest,
    runtime: &Runtime,
    prepare: Preparation<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Frozen, FreezeError> {
    let started = Instant::now();
    let library = runtime.library();
    let tell_fetched = |package: &str| progress(Progress::Install(package.to_owned()));
    let installed = install::install(&request.install, &request.project, runtime, &tell_fetched)?;
    let (mut project, output) = read_project(&with_environment(&request.project, installed.as_ref()), &library)?;
    executable::check_output(&output)?;
    let interpreter = runtime.interpreter()?;
    prepare(&mut project, interpreter.path()).map_err(FreezeError::Prepare)?;
    let worker_count = worker_count(request);
    let mut compiler = Compiler::new(CompilerOptions {
        python: interpreter.path().to_path_buf(),
        worker_count,
        identity: library.identity.clone(),
        cache: default_cache_folder(),
    });
    let mut contents = graph::contents(&project, &library, &mut compiler, &|step| progress(Progress::Graph(step)))?;
    let library_files = LibraryFiles::read(&contents, runtime, worker_count)?;
    let libraries = LibraryPlan::new(&library_files, runtime, &library_options(&project.settings, worker_count))?;
    contents.warnings.extend(libraries.warnings().iter().cloned());
    let unused_licenses = libraries.unused_licenses(runtime);
    contents.files.retain(|file| !unused_licenses.contains(&file.path));
    let options = payload_options(&project.settings, worker_count);
    let stored = |done, total| progress(Progress::Stored { done, total });
    let mut payload = payload::write(&contents, &libraries, runtime, &options, &stored)?;
    let snapshotted =
        take_snapshot(&project, &contents, &payload, runtime, &|step| progress(Progress::Snapshot(step)))?;
    contents.warnings.extend(snapshotted.warnings());
    payload.bytes = snapshotted.payload.unwrap_or(payload.bytes);
    let image = image::graft(runtime.stub(), &payload.bytes, &payload.code_ranges()?)?;
    let total = image.size();
    if libraries.native() == Native::Beside {
        let files = libraries.libraries().iter().map(|library| (library.path(), library.stored_bytes()));
        executable::write_folder(files, &beside(&output))?;
    }
    executable::write(&image, &output, Durability::Synced, &|done| progress(Progress::Written { done, total }))?;
    let report = Report::new(&pyfreeze_format::Payload::parse(&payload.bytes)?, payload.manifest, total);
    let (fallbacks, compiled) = (snapshotted.fallbacks, compiler.statistics());
    Ok(Frozen { output, installed, report, contents, fallbacks, compiled, duration: started.elapsed() })
}

/// The request as if `--venv` had named what was installed.
fn with_environment(request: &ProjectRequest, installed: Option<&Installed>) -> ProjectRequest {
    let mut request = request.clone();
    if let Some(installed) = installed {
        request.venv = Some(installed.path.clone());
        request.overrides.include_distributions.extend(installed.chosen.iter().cloned());
    }
    request
}

/// The project, and where its executable goes: where the settings say, or under its name in the current folder.
/// There an executable of an earlier build may lie among the project's files: it must not be taken for one of them.
fn read_project(request: &ProjectRequest, library: &Library) -> Result<(Project, PathBuf), ProjectError> {
    let project = Project::read(request, library)?;
    if let Some(output) = project.settings.output.clone() {
        return Ok((project, output));
    }
    let output = PathBuf::from(&project.name);
    if !output.is_file() {
        return Ok((project, output));
    }
    let overrides = SettingsOverrides { output: Some(output.clone()), ..request.overrides.clone() };
    Ok((Project::read(&ProjectRequest { overrides, ..request.clone() }, library)?, output))
}

fn worker_count(request: &FreezeRequest) -> usize {
    let available = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    request.worker_count.unwrap_or_else(available).get()
}

/// The folder for libraries beside an executable.
fn beside(output: &Path) -> PathBuf {
    let mut path = output.as_os_str().to_owned();
    path.push(BESIDE_SUFFIX);
    path.into()
}

/// The payload with the snapshot that the settings want, or else why it is without.
fn take_snapshot(
    project: &Project,
    contents: &Contents,
    payload: &payload::Payload,
    runtime: &Runtime,
    progress: &dyn Fn(snapshot::Step),
) -> Result<Snapshotted, SnapshotError> {
    let program = ProgramFacts::new(contents, &payload.manifest);
    let settings = &project.settings.snapshot;
    let input = SnapshotInput { stub: runtime.stub(), payload: &payload.bytes, settings, program: &program };
    let mut snapshotted = snapshot::snapshot(&input, progress);
    if let Some(cache) = default_cache_folder() {
        snapshotted.keep_logs(&cache, &project.name);
    }
    if project.settings.strict { snapshotted.as_wanted() } else { Ok(snapshotted) }
}

fn library_options(settings: &Settings, worker_count: usize) -> LibraryOptions {
    LibraryOptions {
        native: settings.native,
        host_libraries: settings.host_libraries.clone(),
        glibc: settings.glibc.clone(),
        is_pruned: settings.prune,
        worker_count,
    }
}

fn payload_options(settings: &Settings, worker_count: usize) -> PayloadOptions {
    PayloadOptions {
        optimization: u32::from(settings.optimization.level()),
        has_sources: settings.source == SourcePolicy::Included,
        is_pruned: settings.prune,
        python_options: settings.python_options.clone(),
        worker_count,
    }
}
