//! Programs with the static stub: they need nothing of their host, and say so where a program wants more of them.
//!
//! Comes in: small programs, frozen with `--stub static`. Goes out: one test for each difference from the dynamic stub. That they
//! do what python does is a matter of `cases`, which are frozen with it, too.

use std::fs;
use std::path::PathBuf;

use crate::command::{Run, Status};
use crate::executables::{bare_root, expect_sample, needs_root, sample_with, tool};
use crate::packages;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Stop, Test, TestResult};

/// All tests.
#[must_use]
pub fn tests() -> Vec<Test> {
    vec![
        Test::new("static/needs_no_library", needs_no_library),
        Test::new("static/empty_chroot", empty_chroot),
        Test::new("static/opens_only_the_time_zone", opens_only_the_time_zone),
        Test::new("static/survives_strip", survives_strip),
        Test::new("static/restored_under_any_limit", restored_under_any_limit),
        Test::new("static/own_symbols", own_symbols),
        Test::new("static/package_with_a_library", package_with_a_library),
        Test::new("static/library_that_is_required", library_that_is_required),
        Test::new("static/wanted_by_the_project", wanted_by_the_project),
        Test::new("static/unknown_kind", unknown_kind),
        Test::new("static/memory_of_threads_and_forks", memory_of_threads_and_forks),
    ]
}

fn options() -> Vec<String> {
    ["--stub", "static"].map(str::to_owned).to_vec()
}

fn needs_no_library(product: &Product) -> TestResult {
    let (workspace, executable) = sample_with(product, &options())?;
    let headers = Run::new(tool("objdump")?, workspace.path()).arg("-p").arg(&executable).success()?;
    let unwanted = ["NEEDED", "INTERP", "GLIBC"].into_iter().find(|word| headers.stdout.contains(word));
    match unwanted {
        Some(word) => Err(format!("there is {word} in\n{}", headers.stdout).into()),
        None => Ok(()),
    }
}

/// The program and nothing else: no library, no /proc, no /dev.
fn empty_chroot(product: &Product) -> TestResult {
    needs_root()?;
    for level in ["off", "runtime", "app"] {
        let options = [options(), vec!["--snapshot".to_owned(), level.to_owned()]].concat();
        let (workspace, executable) = sample_with(product, &options)?;
        let root = bare_root(&workspace, &executable)?;
        let files = workspace.list("root");
        if files != ["app"] {
            return Err(format!("the root is not empty: {files:?}").into());
        }
        expect_sample(Run::new(tool("chroot")?, workspace.path()).arg(&root).arg("/app"))?;
    }
    Ok(())
}

fn opens_only_the_time_zone(product: &Product) -> TestResult {
    let (workspace, executable) = sample_with(product, &options())?;
    let log = workspace.join("trace");
    let run = Run::new(tool("strace")?, workspace.path()).args(["-f", "-e", "trace=open,openat,openat2,creat", "-o"]);
    run.arg(&log).arg(&executable).success()?;
    let text = fs::read_to_string(log)?;
    let foreign: Vec<&str> =
        text.lines().filter(|line| line.contains(" open") && !line.contains("\"/etc/localtime\"")).collect();
    if foreign.is_empty() { Ok(()) } else { Err(format!("files were asked for:\n{}", foreign.join("\n")).into()) }
}

fn survives_strip(product: &Product) -> TestResult {
    let (workspace, executable) = sample_with(product, &options())?;
    Run::new(tool("strip")?, workspace.path()).arg(&executable).success()?;
    expect_sample(Run::new(&executable, workspace.path()))
}

/// Says whether it was restored, and uses much and little memory.
const RESTORED: &[(&str, &str)] = &[
    ("app/early.py", "import pyfreeze\n\nBUILT = pyfreeze.is_building_snapshot()\n"),
    (
        "app/__main__.py",
        "import early\n\nblocks = [bytearray(size) for size in (100, 600, 40_000, 400_000) for _ in range(50)]\n\
         print(early.BUILT, sum(map(len, blocks)))\n",
    ),
];

fn restored(product: &Product) -> Result<(Workspace, PathBuf), Stop> {
    let workspace = Workspace::with_files(RESTORED)?;
    let executable = workspace.join("program");
    product.build(&workspace.join("app"), &executable, &options(), workspace.path())?;
    Ok((workspace, executable))
}

fn restored_under_any_limit(product: &Product) -> TestResult {
    let (workspace, executable) = restored(product)?;
    let program = executable.display().to_string();
    let scripts = [
        program.clone(),
        format!("ulimit -v 200000; {program}"),
        format!("ulimit -s unlimited; {program}"),
        format!("setarch -R {program}"),
        format!("env -i {program}"),
    ];
    for script in scripts {
        let output = Run::new("/bin/sh", workspace.path()).args(["-c", &script]).success()?;
        if output.stdout != "True 22035000\n" {
            return Err(format!("`{script}`\n{}", output.report()).into());
        }
    }
    Ok(())
}

/// The C API by `ctypes.pythonapi`; the C library by the names that it has anywhere; no other.
const OWN_SYMBOLS: &str = "\
import ctypes
print(ctypes.pythonapi.Py_IsInitialized(), ctypes.CDLL(None).abs(-3), ctypes.CDLL('libc.so.6').atoi(b'42'))
cosine = ctypes.CDLL('libm.so.6').cos
cosine.restype, cosine.argtypes = ctypes.c_double, [ctypes.c_double]
print(cosine(0.0))
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
library.free(library.malloc(100))
for function in (lambda: ctypes.CDLL('libz.so.1'), lambda: ctypes.CDLL('/lib/libx.so'), lambda: library.no_such_function):
    try:
        print(function())
    except (OSError, AttributeError) as error:
        print(type(error).__name__, error)
";

fn own_symbols(product: &Product) -> TestResult {
    let expected = "1 3 42\n1.0\nOSError Dynamic loading not supported\nOSError Dynamic loading not supported\n\
                    AttributeError undefined symbol: no_such_function\n";
    for level in ["off", "app"] {
        let workspace = Workspace::with_files(&[("symbols.py", OWN_SYMBOLS)])?;
        let executable = workspace.join("symbols");
        let options = [options(), vec!["--snapshot".to_owned(), level.to_owned()]].concat();
        product.build(&workspace.join("symbols.py"), &executable, &options, workspace.path())?;
        let output = Run::new(&executable, workspace.path()).success()?;
        if output.stdout != expected {
            return Err(output.report().into());
        }
    }
    Ok(())
}

/// An environment with a package that has a compiled module `fast` and does without it.
fn environment(product: &Product) -> Result<PathBuf, Stop> {
    packages::environment_with_libraries(product, "markupsafe==3.0.3\n")
}

/// A package's compiled module is not there, and what it does instead works.
fn package_with_a_library(product: &Product) -> TestResult {
    let main = "import markupsafe\nprint(markupsafe.escape('<a>'), markupsafe._escape_inner.__module__)\n";
    let workspace = Workspace::with_files(&[("main.py", main)])?;
    let executable = workspace.join("program");
    let mut options = options();
    options.extend(["--venv".to_owned(), environment(product)?.display().to_string()]);
    let said = product.build(&workspace.join("main.py"), &executable, &options, workspace.path())?;
    let output = Run::new(&executable, workspace.path()).success()?;
    let is_named = said.stderr.contains("Left out, since a static program loads no shared libraries: ")
        && said.stderr.contains("markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so");
    let is_good = is_named && output.stdout == "&lt;a&gt; markupsafe._native\n";
    if is_good { Ok(()) } else { Err(format!("{}\n{}", said.report(), output.report()).into()) }
}

/// A module that the program can't do without is named, with what to do.
fn library_that_is_required(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("main.py", "import markupsafe._speedups\n")])?;
    let executable = workspace.join("program");
    let build = product.command(workspace.path()).args(["build", "main.py", "-o", "program", "--stub", "static"]);
    let strict = build.args(["--strict", "--venv"]).arg(environment(product)?).output();
    let is_named = strict.stderr.contains("`markupsafe._speedups`") && strict.stderr.contains("--stub dynamic");
    let is_refused = strict.status == Status::Exited(1) && is_named && !executable.exists();
    if is_refused { Ok(()) } else { Err(strict.report().into()) }
}

fn wanted_by_the_project(product: &Product) -> TestResult {
    let settings = "[tool.pyfreeze]\nstub = \"static\"\n";
    let workspace =
        Workspace::with_files(&[("app/__main__.py", "print('hello')\n"), ("app/pyproject.toml", settings)])?;
    let target = |options: &[&str]| -> Result<String, Stop> {
        let build = product.command(workspace.path()).args(["build", "app", "-o", "program", "--quiet"]);
        build.args(options.iter().copied()).success()?;
        let said = product.command(workspace.path()).args(["inspect", "program"]).success()?;
        Ok(said.stdout.lines().find(|line| line.contains("python")).unwrap_or_default().to_owned())
    };
    let (own, given) = (target(&[])?, target(&["--stub", "dynamic"])?);
    let is_good = own.contains("x86_64-unknown-linux-musl, static") && given.contains("linux-gnu, glibc");
    if is_good { Ok(()) } else { Err(format!("{own}\n{given}").into()) }
}

fn unknown_kind(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("main.py", "print('hello')\n")])?;
    let build = product.command(workspace.path()).args(["build", "main.py", "-o", "program", "--stub", "odd"]);
    let odd = build.output();
    let is_refused = odd.status == Status::Exited(2) && odd.stderr.contains("possible values: dynamic, static");
    if is_refused { Ok(()) } else { Err(odd.report().into()) }
}

/// The program's own small blocks: taken, grown and given back by several threads, while others fork.
const MEMORY: &str = "\
import os, random, threading
failures = []
def work(seed):
    numbers = random.Random(seed)
    blocks = {}
    for step in range(20000):
        key = numbers.randrange(200)
        size = numbers.choice((520, 700, 1500, 9000, 33000, 70000))
        if key in blocks and numbers.random() < 0.3:
            blocks[key][0].extend(b'x' * size)
            blocks[key] = blocks[key][0], blocks[key][1] + size
        else:
            blocks[key] = bytearray([key]) * size, size
    for key, (block, size) in blocks.items():
        if len(block) != size or block[0] != key or set(block) - {key, 120}:
            failures.append(key)
threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
for thread in threads:
    thread.start()
children = 0
while any(thread.is_alive() for thread in threads) and children < 50:
    child = os.fork()
    if child == 0:
        os._exit(len(bytearray(600) + bytearray(5000)) % 7)
    children += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
for thread in threads:
    thread.join()
print(failures, children > 0)
";

fn memory_of_threads_and_forks(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("memory.py", MEMORY)])?;
    let executable = workspace.join("memory");
    product.build(&workspace.join("memory.py"), &executable, &options(), workspace.path())?;
    let output = Run::new(&executable, workspace.path()).success()?;
    if output.stdout == "[] True\n" { Ok(()) } else { Err(output.report().into()) }
}
