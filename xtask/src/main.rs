//! The developers' commands, and the only door to building and testing: `cargo xtask demo`, `test`, `runtime`, …
//!
//! Comes in: a bare clone and a machine with Rust. Goes out: what the command's name says. Everything that is
//! missing is installed or built, and kept outside the checkout for the next clone.

mod runtime;

mod product;

mod cpython_tests;
mod demo;
mod dist;
mod order;
mod test;

mod machine;
mod process;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::process::Failure;
use crate::runtime::CLibrary;

/// The developers' commands of pyfreeze.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build everything, freeze examples/webget and run it
    Demo,
    /// Run everything that CI runs
    Test(test::Arguments),
    /// Build the runtime pack, or find it built, and print where it is
    Runtime {
        /// The one with its C library inside
        #[arg(long = "static")]
        is_static: bool,
    },
    /// Build pyfreeze with its runtimes embedded, and print where it is
    Build,
    /// Compare frozen and disk start-up of an example
    Bench {
        /// A project; examples/hello by default
        project: Option<std::path::PathBuf>,
    },
    /// Freeze packages from PyPI, compare them with python and write docs/compatibility.md
    Compat {
        /// The level of the start-up snapshot: pyfreeze's own choice by default
        #[arg(long, value_name = "LEVEL", value_parser = ["off", "runtime", "app"])]
        snapshot: Option<String>,
        /// Only rows whose names begin with one of these: all by default
        rows: Vec<String>,
    },
    /// Run CPython's own tests in a process restored from a snapshot, and in an ordinary one
    CpythonTests(cpython_tests::Arguments),
    /// Write anew which functions the linker puts side by side, as a start calls them
    Order,
    /// Put the release binary and its licences into a tar archive
    Dist,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(status) => status,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo => demo::run_all(),
        Command::Test(arguments) => test::run(&arguments),
        Command::Runtime { is_static } => {
            let c_library = if is_static { CLibrary::Musl } else { CLibrary::Glibc };
            print(&product::runtime(c_library)?.pack)
        }
        Command::Build => print(&product::build()?.pyfreeze),
        Command::Bench { project } => demo::bench(project),
        Command::Compat { snapshot, rows } => test::compat(snapshot.as_deref(), &rows),
        Command::CpythonTests(arguments) => cpython_tests::run(&arguments),
        Command::Order => order::write(),
        Command::Dist => print(&dist::run_dist()?),
    }
}

fn print(path: &std::path::Path) -> Result<ExitCode, Failure> {
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}
