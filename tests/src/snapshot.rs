//! The start-up snapshot of whole executables: what ships, who starts from it, and what happens where it can't be used.
//!
//! Comes in: small programs, frozen with `--snapshot`. Goes out: one test for each promise of DESIGN's part on snapshots.

mod guards;
mod libraries;
mod making;
mod secrets;
mod starts;

use std::path::PathBuf;

use crate::command::{Output, Run, Status};
use crate::levels::Level;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Options, Stop, Test, TestResult};

/// All tests.
#[must_use]
pub fn tests(options: &Options) -> Vec<Test> {
    let mut tests = secrets::tests(options);
    tests.extend(starts::tests(options));
    tests.extend(libraries::tests(options));
    tests.extend(making::tests());
    tests.extend(guards::tests());
    tests
}

/// A module that knows whether it ran at build time, and is harmless enough to be in a snapshot.
const EARLY: (&str, &str) = ("app/early.py", "import pyfreeze\n\nBUILT = pyfreeze.is_building_snapshot()\n");

/// Prints `restored` or `ordinary`, and the arguments.
const MAIN: (&str, &str) = (
    "app/__main__.py",
    "import json\nimport sys\nimport early\n\nprint('restored' if early.BUILT else 'ordinary', json.dumps(sys.argv[1:]))\n",
);
const RESTORED: &str = "restored []\n";
const ORDINARY: &str = "ordinary []\n";

/// A program that was frozen at a level.
struct Frozen {
    workspace: Workspace,
    executable: PathBuf,
    /// What the build said.
    said: Output,
}

impl Frozen {
    /// Freezes the folder `app` of these files.
    fn new(product: &Product, files: &[(&str, &str)], level: Level, options: &[&str]) -> Result<Self, Stop> {
        let level = level.options();
        let level = level.iter().map(String::as_str);
        Self::with_options(product, files, &level.chain(options.iter().copied()).collect::<Vec<_>>())
    }

    fn with_options(product: &Product, files: &[(&str, &str)], options: &[&str]) -> Result<Self, Stop> {
        let options: Vec<String> = options.iter().map(|word| (*word).to_owned()).collect();
        Self::of(product, Workspace::with_files(files)?, &options)
    }

    /// Freezes the folder `app` of what is there.
    fn of(product: &Product, workspace: Workspace, options: &[String]) -> Result<Self, Stop> {
        let executable = workspace.join("program");
        let said = product.build(&workspace.join("app"), &executable, options, workspace.path())?;
        Ok(Self { workspace, executable, said })
    }

    /// The program that says how it has started, which must be from the snapshot.
    fn sample(product: &Product) -> Result<Self, Stop> {
        let frozen = Self::new(product, &[MAIN, EARLY], Level::App, &[])?;
        expect(&frozen.run().output(), &[RESTORED])?;
        Ok(frozen)
    }

    /// What `pyfreeze inspect --snapshot` says.
    fn snapshot_list(&self, product: &Product) -> Result<String, Stop> {
        let inspect = product.command(self.workspace.path()).args(["inspect", "--snapshot"]).arg(&self.executable);
        Ok(inspect.success()?.stdout)
    }

    fn run(&self) -> Run {
        Run::new(&self.executable, self.workspace.path())
    }
}

/// The program must end well, with one of these outputs and nothing on stderr.
fn expect(output: &Output, wanted: &[&str]) -> TestResult {
    let is_good =
        output.status == Status::Exited(0) && output.stderr.is_empty() && wanted.contains(&output.stdout.as_str());
    if is_good { Ok(()) } else { Err(format!("expected one of {wanted:?}\n{}", output.report()).into()) }
}
