//! The package `templates/pyfreeze-hooks` under plain python: the module `pyfreeze`, without effect.
//!
//! Comes in: the case that shows the module in an executable. Goes out: whether python says the same with the package's
//! folder on its path, and whether a program that brings it has that one.

use crate::command::Run;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Test, TestResult};

/// Both tests.
#[must_use]
pub fn tests() -> Vec<Test> {
    vec![Test::new("hooks/under_plain_python", under_python), Test::new("hooks/frozen_with_the_package", frozen)]
}

const PROGRAM: &str = "\
import pyfreeze


@pyfreeze.after_restore
def start():
    raise AssertionError('called')


@pyfreeze.before_snapshot
def stop():
    raise AssertionError('called')


print(pyfreeze.is_building_snapshot(), start.__name__, stop.__name__, sorted(pyfreeze.__all__))
";
const OUTPUT: &str = "False start stop ['after_restore', 'before_snapshot', 'is_building_snapshot']\n";

fn under_python(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app.py", PROGRAM)])?;
    let package = product.checkout.join("templates/pyfreeze-hooks/src").display().to_string();
    let run = Run::new(&product.python, workspace.path()).arg("app.py").env("PYTHONPATH", package);
    expect(&run.env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// A program that has the package beside it has that one, and it does the same.
fn frozen(product: &Product) -> TestResult {
    let with_file = PROGRAM.replace("print(", "assert 'pyfreeze/__init__.py' in pyfreeze.__file__\nprint(");
    let workspace = Workspace::with_files(&[("app/__main__.py", &with_file)])?;
    copy_tree(&product.checkout.join("templates/pyfreeze-hooks/src"), &workspace.join("app"))?;
    let executable = workspace.join("program");
    product.build(&workspace.join("app"), &executable, &[], workspace.path())?;
    expect(&Run::new(&executable, workspace.path()))
}

fn expect(run: &Run) -> TestResult {
    let output = run.success()?;
    if output.stdout == OUTPUT { Ok(()) } else { Err(output.report().into()) }
}
