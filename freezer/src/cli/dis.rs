//! `pyfreeze dis`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::build::runtime;
use super::{Failure, put, put_json};
use crate::bytecode::Optimization;
use crate::dis::{DisError, Disassembly, Subject, Target, choose, disassemble, of_executable, of_pyc, of_source};
use crate::pyc::FileReport;
use crate::runtime::{Interpreter, Runtime, StubKind};
use crate::ui::{DisParts, Style, dis_text, pyc_page, pyc_tree};

#[derive(Debug, Args)]
pub(super) struct DisArguments {
    /// An executable that pyfreeze made, a .py or a .pyc file
    #[arg(value_name = "EXE|FILE")]
    path: PathBuf,
    /// Which module of an executable [default: __main__], and which function or class in it, such as `json.decoder:JSONDecoder.decode`; `:NAME` for one of a file
    #[arg(value_name = "MODULE[:QUALNAME]")]
    target: Option<String>,
    /// Show only the tree of code objects
    #[arg(long)]
    tree: bool,
    /// Show inline cache entries
    #[arg(long)]
    caches: bool,
    /// Compile a .py file optimized, as `python -O` and `-OO` do
    #[arg(short = 'O', action = clap::ArgAction::Count)]
    optimization: u8,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    /// The runtime pack to use instead of the embedded one
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,
}

pub(super) fn run(arguments: &DisArguments) -> Result<(), Failure> {
    let runtime = runtime(arguments.runtime.as_deref(), StubKind::Dynamic)?;
    let interpreter = runtime.interpreter().map_err(|error| Failure::new(&error, Vec::new()))?;
    let target = arguments.target.as_deref().map(Target::from).unwrap_or_default();
    let found = subject(arguments, &target, &runtime, &interpreter);
    let subject = found.map_err(|error| failure(error, arguments))?;
    let disassembly = disassemble(&subject, &interpreter, &runtime.descriptor().python_version);
    let chosen = disassembly.and_then(|all| match &target.qualname {
        Some(qualname) => choose(all, qualname),
        None => Ok(all),
    });
    show(&chosen.map_err(|error| failure(error, arguments))?, arguments)
}

fn subject(
    arguments: &DisArguments,
    target: &Target,
    runtime: &Runtime,
    interpreter: &Interpreter,
) -> Result<Subject, DisError> {
    let path: &Path = &arguments.path;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("pyc" | "pyo") => of_pyc(path, target, runtime),
        Some("py" | "pyw") => of_source(path, target, optimization(arguments.optimization), runtime, interpreter),
        _ => of_executable(path, target, runtime),
    }
}

fn optimization(count: u8) -> Optimization {
    match count {
        0 => Optimization::None,
        1 => Optimization::Asserts,
        _ => Optimization::Docstrings,
    }
}

fn show(disassembly: &Disassembly, arguments: &DisArguments) -> Result<(), Failure> {
    if arguments.json {
        return put_json(disassembly);
    }
    let parts = DisParts { is_tree_only: arguments.tree, has_caches: arguments.caches };
    put(&dis_text(disassembly, parts, Style::of_stdout()));
    Ok(())
}

/// Of bytecode that can't be disassembled, what can be said is said all the same.
fn failure(error: DisError, arguments: &DisArguments) -> Failure {
    if let DisError::OtherVersion { report: Some(report), .. } = &error {
        put_report(report, arguments);
    }
    Failure::new(&error, error.hints())
}

fn put_report(report: &FileReport, arguments: &DisArguments) {
    if arguments.json {
        // OK because the error that follows says that something is missing.
        let _ = put_json(report);
        return;
    }
    let style = Style::of_stdout();
    put(&format!("{}\n{}\n", pyc_page(report, style), pyc_tree(report, style)));
}
