//! `pyfreeze extract`, then `python DIR`: the same output.
//!
//! Comes in: examples, options, real tools. Goes out: what the frozen program printed, what the extracted one prints.

use std::fs;
use std::path::Path;

use crate::command::{Output, Run, Status};
use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Options, Test, TestResult};

/// All tests.
#[must_use]
pub fn tests(options: &Options) -> Vec<Test> {
    let mut tests = vec![
        Test::new("extract/script", script),
        Test::new("extract/folder", folder),
        Test::new("extract/console_script", console_script),
        Test::new("extract/without_sources", without_sources),
        Test::new("extract/options", options_are_kept),
        Test::new("extract/refused", refused),
        Test::new("extract/example_stdlib_tour", |product| example(product, "stdlib_tour")),
    ];
    if !options.is_quick {
        tests.push(Test::new("extract/httpie", |product| {
            let tool = "httpie==3.2.4\nsetuptools==80.9.0\n";
            installed_tool(
                product,
                tool,
                "from httpie.__main__ import main\nimport sys\nsys.exit(main())\n",
                &["--help"],
            )
        }));
        tests.push(Test::new("extract/numpy", |product| {
            let main = "import numpy\nprint(numpy.linalg.inv([[2.0, 0], [0, 4]]), numpy.__version__, numpy.random.default_rng(1).random())\n";
            installed_tool(product, "numpy==2.3.4\n", main, &[])
        }));
    }
    tests
}

/// Freezes `path`, extracts it, and compares what both do with these arguments.
fn same(product: &Product, workspace: &Workspace, path: &str, options: &[&str], arguments: &[&str]) -> TestResult {
    let build = product.command(workspace.path()).args(["build", path, "-q", "-o", "frozen"]);
    build.args(options.iter().copied()).success()?;
    let _ = fs::remove_dir_all(workspace.join("extracted"));
    product.command(workspace.path()).args(["extract", "frozen", "extracted"]).success()?;
    let frozen = Run::new(workspace.join("frozen"), workspace.path()).args(arguments.iter().copied()).output();
    let extracted =
        Run::new(&product.python, workspace.path()).arg("extracted").args(arguments.iter().copied()).output();
    let what = |output: &Output| (output.status, output.stdout.clone());
    if what(&frozen) == what(&extracted) && frozen.status == Status::Exited(0) {
        return Ok(());
    }
    Err(format!("frozen:\n{}\nextracted:\n{}", frozen.report(), extracted.report()).into())
}

fn script(product: &Product) -> TestResult {
    let main =
        "import sys, helper\nprint(__name__, helper.VALUE, sys.argv[1:], __spec__, __file__.endswith('app.py'))\n";
    let workspace = Workspace::with_files(&[("app.py", main), ("helper.py", "VALUE = 1\n")])?;
    same(product, &workspace, "app.py", &[], &["one", "-x", "--", "three"])
}

fn folder(product: &Product) -> TestResult {
    let main = "import importlib.resources, os, pkg, sys\n\
                print(open(os.path.join(os.path.dirname(__file__), 'data.txt')).read(), __spec__.name, __package__ == '')\n\
                print((importlib.resources.files(pkg) / 'more.txt').read_text(), sys.argv[1:])\n";
    let files = [
        ("app/__main__.py", main),
        ("app/data.txt", "data"),
        ("app/pkg/__init__.py", ""),
        ("app/pkg/more.txt", "more"),
    ];
    let workspace = Workspace::with_files(&files)?;
    same(product, &workspace, "app", &[], &["x"])
}

fn console_script(product: &Product) -> TestResult {
    let project = "[project]\nname = \"demo\"\nversion = \"1.5\"\n[project.scripts]\nrun-demo = \"demo.cli:main\"\n";
    let main = "import argparse, importlib.metadata\n\ndef main():\n    parser = argparse.ArgumentParser('demo')\n    parser.print_usage()\n    \
                print(importlib.metadata.version('demo'), [e.value for e in importlib.metadata.entry_points(group='console_scripts')])\n";
    let files = [("app/pyproject.toml", project), ("app/src/demo/__init__.py", ""), ("app/src/demo/cli.py", main)];
    let workspace = Workspace::with_files(&files)?;
    same(product, &workspace, "app", &["--no-install"], &[])
}

fn without_sources(product: &Product) -> TestResult {
    let files = [
        ("app/__main__.py", "import pkg.deep\nprint(pkg.deep.VALUE, pkg.__name__, __name__)\n"),
        ("app/pkg/__init__.py", "from . import deep\n"),
        ("app/pkg/deep.py", "VALUE = 'deep'\n"),
    ];
    let workspace = Workspace::with_files(&files)?;
    same(product, &workspace, "app", &["--source", "none"], &[])?;
    let is_there = |name: &str| workspace.join(&format!("extracted/root/{name}")).exists();
    let placed = ["__main__.pyc", "pkg/__init__.pyc", "pkg/deep.pyc"].iter().all(|name| is_there(name));
    if !placed || is_there("pkg/deep.py") {
        return Err(format!("not in legacy placement: {:?}", workspace.list("extracted/root/pkg")).into());
    }
    workspace.write("app.py", "import sys\nprint('script', sys.argv[1:])\n")?;
    same(product, &workspace, "app.py", &["--source", "none"], &["a"])
}

fn options_are_kept(product: &Product) -> TestResult {
    let main =
        "import sys\nassert False, 'dropped by -O'\nprint(sys.flags.optimize, sys.flags.dev_mode, sys.argv[1:])\n";
    let workspace = Workspace::with_files(&[("app.py", main)])?;
    same(product, &workspace, "app.py", &["-O", "--python-option", "-Xdev"], &["-c", "x"])
}

fn example(product: &Product, name: &str) -> TestResult {
    let workspace = Workspace::new()?;
    copy_tree(&product.checkout.join("examples").join(name), &workspace.join(name))?;
    same(product, &workspace, name, &["--no-install"], &["--help"])
}

fn installed_tool(product: &Product, requirements: &str, main: &str, arguments: &[&str]) -> TestResult {
    let venv = packages::environment_with_libraries(product, requirements)?;
    let workspace = Workspace::with_files(&[("tool.py", main)])?;
    same(product, &workspace, "tool.py", &["--venv", &venv.display().to_string()], arguments)
}

/// What can't be done leaves everything as it was, and says so.
fn refused(product: &Product) -> TestResult {
    let workspace =
        Workspace::with_files(&[("app.py", "print(1)\n"), ("full/file", ""), ("empty/sub/x", ""), ("text", "x")])?;
    product.command(workspace.path()).args(["build", "app.py", "-q", "-o", "frozen"]).success()?;
    let mut bytes = fs::read(workspace.join("frozen"))?;
    let place = bytes.windows(8).rposition(|window| window == pyfreeze_format::layout::END_MAGIC).unwrap_or(0);
    bytes[place - 4000] ^= 1;
    workspace.write("damaged", &bytes)?;
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let said = |arguments: &[&str]| {
        let output = product.command(workspace.path()).args(["extract"]).args(arguments.iter().copied()).output();
        normalizer.apply(&(output.stderr + &output.stdout))
    };
    let answers = [
        said(&["frozen", "full"]),
        said(&["frozen", "text"]),
        said(&["frozen", "no/where"]),
        said(&["text", "out"]),
        said(&["damaged", "out"]),
    ];
    insta::assert_snapshot!(answers.concat(), @r"
    error: Cannot extract into `full`: the folder is not empty
    hint: give the name of a folder that does not exist, or of an empty one
    error: Cannot extract into `text`: it is a file
    hint: give the name of a folder that does not exist, or of an empty one
    error: Cannot extract into `no/where`: the folder `<folder>/no` does not exist
    error: `text` was not made by pyfreeze: it is not an executable
    hint: only executables made by `pyfreeze build` can be inspected
    error: Cannot extract `damaged`: it is damaged: its data differs from its digest
    hint: `pyfreeze verify damaged` checks every byte
    hint: the file may have been damaged while copying; fetch it again
    ");
    let names: Vec<_> = workspace
        .list(".")
        .into_iter()
        .filter(|name| name.starts_with("./out") || name.contains(".pyfreeze-extract"))
        .collect();
    let is_clean = names.is_empty() && !Path::new(&workspace.join("out")).exists();
    if is_clean { Ok(()) } else { Err(format!("left behind: {names:?}").into()) }
}
