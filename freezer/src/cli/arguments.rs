//! What can be said on the command line.

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::bench::BenchArguments;
use super::dis::DisArguments;
use super::extract::ExtractArguments;
use super::inspect::InspectArguments;
use super::pyc::PycArguments;
use super::verify::VerifyArguments;
use crate::bench::WORKER_COMMAND;

const AFTER_HELP: &str = "\
Exit status: 0 done, 1 failed, 2 wrong usage.

Environment: PYFREEZE_RUNTIME  a runtime pack, instead of the embedded one
             PYFREEZE_CACHE    the cache folder, instead of $XDG_CACHE_HOME/pyfreeze or ~/.cache/pyfreeze
             NO_COLOR          no colours
             PYTHONPYCACHEPREFIX, PYTHONDONTWRITEBYTECODE   for `pyc`: as for python";

/// Above the options of the snapshot.
const SNAPSHOT: &str = "Start-up snapshot";

/// Above the options that install.
const INSTALLING: &str = "Dependencies without a virtual environment";

/// Freezes a Python project into one self-contained executable.
#[derive(Debug, Parser)]
#[command(name = "pyfreeze", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Turn a Python project into one executable
    Build(BuildArguments),
    /// Say what is inside an executable that pyfreeze made
    Inspect(InspectArguments),
    /// Say why a module or a library is inside an executable, or why not
    Why(WhyArguments),
    /// Run the program from disk and write down what it imports and opens unseen, for `build`
    Trace(TraceArguments),
    /// Check every byte of an executable against its digests
    Verify(VerifyArguments),
    /// Write what is inside an executable to a folder that `python FOLDER` runs
    Extract(ExtractArguments),
    /// Measure a program's start: frozen, from disk and in other ways, and where its time goes
    Bench(BenchArguments),
    /// Say what is in a .pyc file, and whether python would use it
    Pyc(PycArguments),
    /// Disassemble a module or a function, with its source lines
    Dis(DisArguments),
    /// Start the processes that `bench` measures
    #[command(name = WORKER_COMMAND, hide = true)]
    BenchWorker,
    /// Run the runtime's own interpreter (for developers of pyfreeze)
    #[command(hide = true)]
    Python(PythonArguments),
}

/// What to freeze and how: settings here win over those in `[tool.pyfreeze]`.
#[derive(Debug, Args)]
pub(super) struct ProjectArguments {
    /// A script, a folder with `__main__.py`, or a folder with `pyproject.toml`
    pub(super) path: PathBuf,
    /// Which of the project's scripts is run
    #[arg(long, value_name = "NAME")]
    pub(super) script: Option<String>,
    /// The virtual environment with the project's dependencies [default: the active or the project's own]
    #[arg(long, value_name = "DIR")]
    pub(super) venv: Option<PathBuf>,
    #[command(flatten)]
    pub(super) install: InstallArguments,
    /// Also include modules that match, such as `plugins.*`
    #[arg(long, value_name = "PATTERN")]
    pub(super) include: Vec<String>,
    /// Leave out modules that match
    #[arg(long, value_name = "PATTERN")]
    pub(super) exclude: Vec<String>,
    /// Also include a distribution that nothing imports
    #[arg(long, value_name = "NAME")]
    pub(super) include_distribution: Vec<String>,
    /// Also include a file or folder at a path below the virtual root
    #[arg(long, value_name = "SRC:DEST")]
    pub(super) data: Vec<String>,
    /// Optimize: once drops asserts, twice (`-OO`) also docstrings
    #[arg(short = 'O', action = clap::ArgAction::Count)]
    pub(super) optimization: u8,
    /// Whether source texts ride along, for tracebacks and `inspect`
    #[arg(long, value_name = "WHICH")]
    pub(super) source: Option<SourceArgument>,
    /// Leave out everything that no import seen at build time reaches
    #[arg(long)]
    pub(super) prune: bool,
    /// Fail when an import that is not optional leads nowhere, or the snapshot can't be made
    #[arg(long)]
    pub(super) strict: bool,
    /// The lock that `pyfreeze trace` has written [default: the project's `pyfreeze.lock`, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
    /// Use no lock
    #[arg(long, conflicts_with_all = ["lock", "locked"])]
    pub(super) no_lock: bool,
    /// Fail when there is no lock, or it names something that is gone
    #[arg(long)]
    pub(super) locked: bool,
    /// An interpreter option for the program, such as `-Xdev` or `-u`
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub(super) python_option: Vec<String>,
    /// What the program is made of: `static` needs nothing but a kernel and loads no shared libraries [default: dynamic]
    #[arg(long, value_name = "KIND")]
    pub(super) stub: Option<StubArgument>,
    /// How shared libraries are brought to run
    #[arg(long, value_name = "WAY")]
    pub(super) native: Option<NativeArgument>,
    /// A library that every machine has on which the program runs, such as `libpq.so.5`
    #[arg(long, value_name = "NAME")]
    pub(super) allow_host_library: Vec<String>,
    /// Fail when anything needs a newer glibc than this, such as `2.28`
    #[arg(long, value_name = "VERSION")]
    pub(super) glibc: Option<String>,
    #[command(flatten)]
    pub(super) snapshot: SnapshotArguments,
    /// Processes that compile and threads that compress [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// The runtime pack to use instead of the embedded one
    #[arg(long, value_name = "DIR")]
    pub(super) runtime: Option<PathBuf>,
}

/// What the executable brings along as memory of a process that the build has started and stopped.
#[derive(Debug, Args)]
pub(super) struct SnapshotArguments {
    /// How much the program brings along as memory instead of doing it at every start [default: app]
    #[arg(help_heading = SNAPSHOT, long, value_name = "LEVEL")]
    pub(super) snapshot: Option<SnapshotArgument>,
    /// Run the program with these arguments while building, to learn what it imports late
    #[arg(help_heading = SNAPSHOT, long, value_name = "ARGS", allow_hyphen_values = true)]
    pub(super) snapshot_train: Vec<String>,
    /// How long each run of the program may take while building [default: 60]
    #[arg(help_heading = SNAPSHOT, long, value_name = "SECONDS")]
    pub(super) snapshot_timeout: Option<NonZeroU64>,
    /// Another hash seed at every start, as python has; there is no snapshot then
    #[arg(help_heading = SNAPSHOT, long, conflicts_with = "snapshot")]
    pub(super) hash_randomization: bool,
}

/// Dependencies without a virtual environment: they are installed into the cache when there is none.
#[derive(Debug, Args)]
pub(super) struct InstallArguments {
    /// Install what this file lists, instead of what the project declares
    #[arg(help_heading = INSTALLING, short, long, value_name = "FILE", conflicts_with = "venv")]
    pub(super) requirements: Vec<PathBuf>,
    /// Install this extra of the project, too
    #[arg(help_heading = INSTALLING, long, value_name = "NAME", conflicts_with = "venv")]
    pub(super) extra: Vec<String>,
    /// Install this dependency group of the project, too
    #[arg(help_heading = INSTALLING, long, value_name = "NAME", conflicts_with = "venv")]
    pub(super) group: Vec<String>,
    /// Install although there is a virtual environment [default: only when there is none]
    #[arg(help_heading = INSTALLING, long, conflicts_with_all = ["venv", "no_install"])]
    pub(super) install: bool,
    /// Install nothing, whatever is missing
    #[arg(help_heading = INSTALLING, long, conflicts_with_all = ["requirements", "extra", "group", "upgrade"])]
    pub(super) no_install: bool,
    /// Ask for new versions instead of using what was installed for the same requirements before
    #[arg(help_heading = INSTALLING, long, conflicts_with = "venv")]
    pub(super) upgrade: bool,
    /// The program that installs
    #[arg(help_heading = INSTALLING, long, value_name = "NAME", default_value = "pip")]
    pub(super) installer: InstallerArgument,
    /// Ask no package index
    #[arg(help_heading = INSTALLING, long)]
    pub(super) no_index: bool,
    /// Also look for packages in this folder or on this page
    #[arg(help_heading = INSTALLING, long, value_name = "DIR")]
    pub(super) find_links: Vec<String>,
    /// The package index [default: what pip's own settings say]
    #[arg(help_heading = INSTALLING, long, value_name = "URL")]
    pub(super) index_url: Option<String>,
    /// Another package index to ask as well
    #[arg(help_heading = INSTALLING, long, value_name = "URL")]
    pub(super) extra_index_url: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum InstallerArgument {
    /// The runtime's own pip
    Pip,
    /// The `uv` on PATH, with its own settings
    Uv,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SourceArgument {
    /// Source texts ride along, compressed
    Included,
    /// Code only
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SnapshotArgument {
    /// Nothing
    Off,
    /// The interpreter, ready, with modules of the standard library
    Runtime,
    /// Also the program's own imports, as far as they can be
    App,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum StubArgument {
    /// Needs glibc 2.17 or later, and loads the shared libraries of packages
    Dynamic,
    /// Needs nothing but a kernel, loads no shared libraries, and starts sooner
    Static,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum NativeArgument {
    /// Mapped from the executable as far as possible, else copied to memory
    Auto,
    /// Each copied to memory and loaded by the host's dynamic loader
    Memfd,
    /// Each copied to the user's cache folder and loaded by the host's dynamic loader
    Cache,
    /// Each written to `OUT.libraries` when building and loaded from there by the host's dynamic loader
    Beside,
}

#[derive(Debug, Args)]
pub(super) struct BuildArguments {
    #[command(flatten)]
    pub(super) project: ProjectArguments,
    /// Where the executable goes [default: the project's name]
    #[arg(short, long, value_name = "OUT")]
    pub(super) output: Option<PathBuf>,
    /// Print the whole report as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing unless something is wrong
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct WhyArguments {
    /// The executable
    pub(super) executable: PathBuf,
    /// A module's dotted name, a shared library's file name, or the path of a file below the virtual root
    #[arg(value_name = "MODULE")]
    pub(super) name: String,
    /// Print the answer as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TraceArguments {
    /// A script, a folder with `__main__.py`, or a folder with `pyproject.toml`
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
    /// Which of the project's scripts is the program
    #[arg(long, value_name = "NAME")]
    pub(super) script: Option<String>,
    /// The virtual environment with the project's dependencies [default: the active or the project's own]
    #[arg(long, value_name = "DIR")]
    pub(super) venv: Option<PathBuf>,
    /// The Python to run it with, which then has to find the packages itself [default: the runtime's own]
    #[arg(long, value_name = "FILE")]
    pub(super) python: Option<PathBuf>,
    /// The lock to write, or to add to [default: `pyfreeze.lock` in the project's folder]
    #[arg(short, long, value_name = "LOCK")]
    pub(super) output: Option<PathBuf>,
    /// Don't say what was found
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// The runtime pack to use instead of the embedded one
    #[arg(long, value_name = "DIR")]
    pub(super) runtime: Option<PathBuf>,
    /// What to run: `app ARGS` for the project's program, `-m MODULE ARGS`, or an installed script such as `pytest`
    #[arg(last = true, value_name = "CMD", allow_hyphen_values = true)]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct PythonArguments {
    /// The runtime pack to use instead of the embedded one
    #[arg(long, value_name = "DIR")]
    pub(super) runtime: Option<PathBuf>,
    /// The interpreter's arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) arguments: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
