//! `cargo xtask demo` and `bench`: what a visitor wants to see first.
//!
//! Comes in: a bare clone. Goes out: a frozen `examples/webget` that ran in an empty folder with an empty
//! environment, its size, and its start beside python's and a C program's, measured by `pyfreeze bench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use pyfreeze_tests::packages;

use crate::machine;
use crate::process::{Failure, checkout, output, run, target_folder};
use crate::product::{self, Product};

/// Whole-process runs of each program that is timed.
const RUNS: usize = 40;

const C_HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

/// Shows pyfreeze at work.
pub(crate) fn run_all() -> Result<ExitCode, Failure> {
    machine::prepare(&[("cc", "gcc")])?;
    let product = product::build()?;
    let folder = target_folder().join("demo");
    fs::create_dir_all(&folder).map_err(Failure::io("create", &folder))?;
    let webget = freeze_webget(&product, &folder)?;
    show_alone(&webget)?;
    time_hello(&product, &folder)?;
    println!("\nthe frozen program: {}", webget.display());
    Ok(ExitCode::SUCCESS)
}

/// Installs the example's packages into a virtual environment and freezes it with them.
fn freeze_webget(product: &Product, folder: &Path) -> Result<PathBuf, Failure> {
    let example = checkout().join("examples/webget");
    let list = example.join("requirements.txt");
    let list = fs::read_to_string(&list).map_err(Failure::io("read", &list))?;
    println!("\n$ pip install -r examples/webget/requirements.txt");
    let packages = packages::environment(&tested(product)?, &list).map_err(|stop| Failure::new(stop.to_string()))?;
    let webget = folder.join("webget");
    println!("\n$ pyfreeze build examples/webget -o webget");
    run(Command::new(&product.pyfreeze)
        .arg("build")
        .arg(&example)
        .arg("-o")
        .arg(&webget)
        .arg("--venv")
        .arg(&packages))?;
    Ok(webget)
}

/// The product as the tests see it, whose environments with packages serve the demo too.
fn tested(product: &Product) -> Result<pyfreeze_tests::product::Product, Failure> {
    pyfreeze_tests::product::Product::new(product.pyfreeze.clone(), product.runtime.python.clone())
        .map_err(Failure::new)
}

/// Runs the program where there is nothing: no file, no variable, no Python.
fn show_alone(program: &Path) -> Result<(), Failure> {
    let empty = tempfile::tempdir().map_err(|error| Failure::new(format!("Cannot create a folder: {error}")))?;
    println!("\n$ env -i webget        (in an empty folder)");
    run(Command::new(program).env_clear().current_dir(empty.path()))?;
    let left = fs::read_dir(empty.path()).map_err(Failure::io("read", empty.path()))?.count();
    if left == 0 { Ok(()) } else { Err(Failure::new("The frozen program left files behind")) }
}

/// Times frozen hello, python and C in turn, and prints the medians of the whole processes.
fn time_hello(product: &Product, folder: &Path) -> Result<(), Failure> {
    let script = checkout().join("examples/hello/hello.py");
    let freeze = |name: &str, options: &[&str]| -> Result<Command, Failure> {
        let program = folder.join(name);
        let mut build = Command::new(&product.pyfreeze);
        output(build.args(["build", "--quiet"]).args(options).arg(&script).arg("-o").arg(&program))?;
        Ok(Command::new(program))
    };
    let mut programs = vec![
        ("frozen hello", freeze("hello", &[])?),
        ("frozen, static", freeze("hello-static", &["--stub", "static"])?),
        ("python hello.py", python(product, &script)),
    ];
    if let Ok(c) = compile_c(folder) {
        programs.push(("C hello", Command::new(c)));
    }
    println!("\nstart to exit, median of {RUNS} runs in turn");
    for (name, median) in medians(&mut programs)? {
        println!("  {name:<16} {:7.2} ms", median.as_secs_f64() * 1000.0);
    }
    Ok(())
}

fn python(product: &Product, script: &Path) -> Command {
    let mut command = Command::new(&product.runtime.python);
    command.args(["-I", "-S"]).arg(script);
    command
}

fn compile_c(folder: &Path) -> Result<PathBuf, Failure> {
    let (source, program) = (folder.join("hello.c"), folder.join("hello-c"));
    fs::write(&source, C_HELLO).map_err(Failure::io("write", &source))?;
    output(Command::new("cc").arg("-O2").arg(&source).arg("-o").arg(&program))?;
    Ok(program)
}

fn medians<'a>(programs: &mut [(&'a str, Command)]) -> Result<Vec<(&'a str, Duration)>, Failure> {
    let mut times = vec![Vec::with_capacity(RUNS); programs.len()];
    for _ in 0..RUNS {
        for ((_, command), times) in programs.iter_mut().zip(&mut times) {
            let start = Instant::now();
            output(command)?;
            times.push(start.elapsed());
        }
    }
    let names = programs.iter().map(|(name, _)| *name);
    let medians = times.into_iter().map(|mut times| {
        times.sort_unstable();
        times.get(RUNS / 2).copied().unwrap_or_default()
    });
    Ok(names.zip(medians).collect())
}

/// Runs `pyfreeze bench` on a project.
pub(crate) fn bench(project: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let product = product::build()?;
    let project = project.unwrap_or_else(|| checkout().join("examples/hello/hello.py"));
    run(Command::new(&product.pyfreeze).arg("bench").arg(project))?;
    Ok(ExitCode::SUCCESS)
}
