//! `cargo xtask cpython-tests`: CPython's own tests, run by a process that was restored from a start-up snapshot and by the
//! ordinary start of the same executable.
//!
//! Comes in: names of test modules, all by default. Goes out: a line for each module with how many tests were executed, and
//! below it each test whose outcome differs. What differs is run three more times on both sides: only a test that never has the
//! same outcome on both is a difference, for which the exit status is not 0; others are called unsteady.

mod program;

mod outcomes;
mod side;

mod comparison;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::machine;
use crate::process::{Failure, target_folder};
use crate::product;
use crate::runtime::{self, CLibrary, Ui};
use comparison::Comparison;
use program::Program;
use report::Report;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Test modules: `test_io`, `test.test_asyncio.test_locks`, or `test_asyncio` for all in that package; all by default
    names: Vec<String>,
    /// Start the tests' children as the program itself, so that they are restored too, in place of a Python
    #[arg(long)]
    restored_children: bool,
    /// Freeze the program with the static stub, which can't load the tests' extension modules
    #[arg(long = "static")]
    is_static: bool,
    /// How long one test module may take, in seconds
    #[arg(long, default_value_t = 600)]
    timeout: u64,
}

/// How the two processes of a comparison are alike.
#[derive(Clone, Debug)]
struct Conditions {
    /// Where results and output are written.
    folder: PathBuf,
    /// How long one test module may take.
    time_limit: Duration,
    /// What the tests' children are.
    children: Children,
}

/// What `sys.executable` is to the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Children {
    /// The program's own, which makes Pythons of children with a python's command line: they start the ordinary way.
    Python,
    /// A script that starts the program with the command line as arguments: restored where the parent is.
    Program,
}

/// Runs the tests, and compares.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    machine::prepare(&[("bash", "bash"), ("cc", "gcc")])?;
    let product = product::build()?;
    let ui = Ui::new();
    let suite = runtime::test_suite(&runtime::cpython(CLibrary::Glibc, &ui)?, &ui)?;
    let folder = target_folder().join("cpython-tests");
    let program = Program::freeze(&product.pyfreeze, &suite, arguments.is_static, &folder)?;
    let children = if arguments.restored_children { Children::Program } else { Children::Python };
    let conditions = Conditions { folder, time_limit: Duration::from_secs(arguments.timeout), children };
    let mut report = Report::default();
    for module in program.modules(&arguments.names)? {
        report.add(&Comparison::of(&program, &module, &conditions)?);
    }
    report.close();
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
