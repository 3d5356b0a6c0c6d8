//! `pyfreeze pyc`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failure, put, put_json};
use crate::pyc::{HashChecks, Interpreter, PycError, Settings, Writing, caches_of_source, file_report, folder_report};
use crate::runtime::{Runtime, StubKind};
use crate::ui::{Messages, Style, pyc_caches, pyc_page, pyc_table};

/// Above the options that say how python is run.
const PYTHON: &str = "How python would be run";

#[derive(Debug, Args)]
pub(super) struct PycArguments {
    /// A .pyc file, a folder with some, or a .py file whose caches are wanted
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    /// Of a folder, list every file, not only those that are not fresh
    #[arg(long)]
    files: bool,
    /// Which Python, such as `3.12` or `pypy3.10` [default: the one that the file is for]
    #[arg(help_heading = PYTHON, long, value_name = "VERSION")]
    python: Option<Interpreter>,
    /// With so many `-O` [default: as many as the file is for]
    #[arg(help_heading = PYTHON, short = 'O', action = clap::ArgAction::Count)]
    optimization: u8,
    /// Without writing .pyc files
    #[arg(help_heading = PYTHON, short = 'B')]
    dont_write: bool,
    /// With its own option of this name: which hashes are compared
    #[arg(help_heading = PYTHON, long, value_name = "WHICH", default_value = "default")]
    check_hash_based_pycs: HashArgument,
    /// With all caches below this folder
    #[arg(help_heading = PYTHON, long, value_name = "DIR")]
    pycache_prefix: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HashArgument {
    /// Files that ask for it are checked
    Default,
    /// All are checked
    Always,
    /// None is checked
    Never,
}

pub(super) fn run(arguments: &PycArguments) -> Result<(), Failure> {
    let settings = settings(arguments)?;
    let path = &arguments.path;
    if path.is_dir() {
        return folder(path, arguments, &settings);
    }
    if path.extension().is_some_and(|extension| extension == "py") && path.is_file() {
        let report = caches_of_source(path, own_interpreter(), &settings).map_err(failure)?;
        return if arguments.json { put_json(&report) } else { put_all(&pyc_caches(&report, Style::of_stdout())) };
    }
    let report = file_report(path, &settings).map_err(failure)?;
    if arguments.json { put_json(&report) } else { put_all(&pyc_page(&report, Style::of_stdout())) }
}

fn folder(path: &Path, arguments: &PycArguments, settings: &Settings) -> Result<(), Failure> {
    let report = folder_report(path, settings).map_err(failure)?;
    let messages = Messages::on_stderr();
    for unreadable in &report.unreadable {
        messages.warning(&format!("Cannot read `{}`: {}", unreadable.path.display(), unreadable.error), &[]);
    }
    if arguments.json { put_json(&report) } else { put_all(&pyc_table(&report, arguments.files, Style::of_stdout())) }
}

fn put_all(text: &str) -> Result<(), Failure> {
    put(text);
    Ok(())
}

fn settings(arguments: &PycArguments) -> Result<Settings, Failure> {
    if arguments.optimization > 2 {
        return Err(Failure::usage(&"Python has no more than `-OO`"));
    }
    let hash_checks = match arguments.check_hash_based_pycs {
        HashArgument::Default => HashChecks::Default,
        HashArgument::Always => HashChecks::Always,
        HashArgument::Never => HashChecks::Never,
    };
    // An empty variable is none, as for python.
    let variable = |name: &str| std::env::var_os(name).filter(|value| *value != OsString::new());
    let prefix = arguments.pycache_prefix.clone().or_else(|| variable("PYTHONPYCACHEPREFIX").map(PathBuf::from));
    let is_writing = !arguments.dont_write && variable("PYTHONDONTWRITEBYTECODE").is_none();
    Ok(Settings {
        interpreter: arguments.python,
        optimization: Some(arguments.optimization).filter(|level| *level > 0),
        hash_checks,
        prefix: prefix.map(|prefix| std::path::absolute(&prefix).unwrap_or(prefix)),
        writing: if is_writing { Writing::On } else { Writing::Off },
    })
}

/// The Python that executables are made with; a source by itself is nobody's.
fn own_interpreter() -> Interpreter {
    let own = Runtime::find(None, StubKind::Dynamic)
        .ok()
        .and_then(|runtime| runtime.descriptor().python_version.parse().ok());
    own.unwrap_or(Interpreter::cpython(3, 13))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failure(error: PycError) -> Failure {
    Failure::new(&error, error.hints())
}
