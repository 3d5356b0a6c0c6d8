//! `pyfreeze trace`, the lock it writes, and `pyfreeze why`.
//!
//! Comes in: small projects that import by computed names. Goes out: locks, messages and answers as inline snapshots,
//! and frozen programs that need what only a trace has seen.

use std::fs;

use crate::command::{Output, Run, Status};
use crate::normalize::Normalizer;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Stop, Test, TestResult};

/// A test as a function.
type Body = fn(&Product) -> TestResult;

/// All tests of tracing.
#[must_use]
pub fn tests() -> Vec<Test> {
    let tests: &[(&str, Body)] = &[
        ("lock_of_a_project", lock_of_a_project),
        ("packages_of_an_environment", packages_of_an_environment),
        ("child_processes", child_processes),
        ("installed_scripts_and_modules", installed_scripts_and_modules),
        ("the_program_is_not_changed", the_program_is_not_changed),
        ("exit_statuses_are_passed_on", exit_statuses_are_passed_on),
        ("an_interrupt_is_the_program_s", an_interrupt_is_the_program_s),
        ("locks_are_merged", locks_are_merged),
        ("commands_that_are_none", commands_that_are_none),
        ("locks_that_can_not_be_used", locks_that_can_not_be_used),
        ("locks_that_name_what_is_gone", locks_that_name_what_is_gone),
        ("what_stays_outside", what_stays_outside),
        ("why", why),
        ("why_not", why_not),
    ];
    tests.iter().map(|(name, body)| Test::new(format!("trace/{name}"), *body)).collect()
}

const PYPROJECT: &str = "[project]\nname = \"demo\"\nversion = \"1.0\"\n[project.scripts]\ndemo = \"demo.cli:main\"\n";

/// Imports the plugins named on its command line, whose names no source shows.
const CLI: &str = "\
import importlib, pathlib, sys

def load(name):
    return importlib.import_module('demo.plugins.' + name).NAME

def main():
    print(*map(load, sys.argv[1:]))
    print((pathlib.Path(__file__).parent / 'words' / 'one.txt').read_text())
";

fn project() -> Result<Workspace, String> {
    Workspace::with_files(&[
        ("app/pyproject.toml", PYPROJECT),
        ("app/src/demo/__init__.py", ""),
        ("app/src/demo/cli.py", CLI),
        ("app/src/demo/words/one.txt", "words"),
        ("app/src/demo/plugins/__init__.py", ""),
        ("app/src/demo/plugins/one.py", "import colorsys\nNAME = 'one'\n"),
        ("app/src/demo/plugins/two.py", "NAME = 'two'\n"),
    ])
}

fn pyfreeze(product: &Product, workspace: &Workspace, arguments: &[&str]) -> Output {
    product.command(workspace.path()).args(arguments.iter().copied()).output()
}

/// Status, stderr and stdout with `<folder>` for the temporary folder.
fn said(product: &Product, workspace: &Workspace, arguments: &[&str]) -> String {
    let output = pyfreeze(product, workspace, arguments);
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let texts = [&output.stderr, &output.stdout].map(|text| normalizer.apply(text));
    format!("{:?}\n{}", output.status, texts.concat()).trim_end().to_owned()
}

/// The lock without its comment.
fn lock(workspace: &Workspace, name: &str) -> Result<String, Stop> {
    let text = fs::read_to_string(workspace.join(name))?;
    Ok(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect::<Vec<_>>().join("\n"))
}

fn succeed(output: &Output) -> TestResult {
    if output.status == Status::Exited(0) { Ok(()) } else { Err(output.report().into()) }
}

fn lock_of_a_project(product: &Product) -> TestResult {
    let workspace = project()?;
    insta::assert_snapshot!(said(product, &workspace, &["trace", "app", "--", "app", "one"]), @r"
    Exited(0)
    pyfreeze: traced 1 module, 1 file: `<folder>/app/pyfreeze.lock`
    one
    words
    ");
    insta::assert_snapshot!(lock(&workspace, "app/pyfreeze.lock")?, @r#"
    version = 1
    modules = [
        "demo.plugins.one",
    ]
    files = [
        "src/demo/words/one.txt",
    ]
    "#);
    succeed(&pyfreeze(product, &workspace, &["build", "app", "-o", "out", "--prune", "--locked"]))?;
    let answer = said(product, &workspace, &["why", "out", "colorsys"]);
    insta::assert_snapshot!(answer, @r"
    Exited(0)
    colorsys  lib/python3.13/colorsys.py
      demo.plugins.one  (seen by a trace)
        → colorsys  (imported)
      of the standard library
    ");
    let output = Run::new(workspace.join("out"), workspace.path()).arg("one").success()?;
    if output.stdout == "one\nwords\n" { Ok(()) } else { Err(output.report().into()) }
}

/// A distribution's name, its files with their texts, and its entry points.
type Distribution<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// `host` loads its plugins by entry points, by names from a file, and asks for metadata; nothing requires `extra`.
fn environment() -> Result<Workspace, String> {
    let host = "import importlib, pathlib\nfrom importlib import metadata\n\
        def run():\n    group = ''.join(['demo', '.', 'plugins'])\n    \
        for entry in metadata.entry_points(group=group):\n        print(entry.load().NAME)\n    \
        for name in (pathlib.Path(__file__).parent / 'names.txt').read_text().split():\n        \
        print(importlib.import_module(name).NAME)\n    print(metadata.version('noted'))\n";
    let site = "venv/lib/python3.13/site-packages";
    let workspace = Workspace::with_files(&[
        ("venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.13.5\n"),
        ("app.py", "import host\nif __name__ == '__main__':\n    host.run()\n"),
    ])?;
    let distributions: [Distribution<'_>; 4] = [
        ("host", &[("host/__init__.py", host), ("host/names.txt", "extra.deep")], ""),
        ("plug", &[("plug.py", "NAME = 'plug'\n")], "[demo.plugins]\nplug = plug\n"),
        ("extra", &[("extra/__init__.py", ""), ("extra/deep.py", "NAME = 'deep'\n")], ""),
        ("noted", &[("noted.py", "")], "[console_scripts]\nnoted = host:run\n"),
    ];
    for (name, files, entry_points) in distributions {
        let info = format!("{name}-1.0.dist-info");
        let mut record = format!("{info}/METADATA,,\n{info}/RECORD,,\n{info}/entry_points.txt,,\n");
        for (file, text) in files {
            workspace.write(&format!("{site}/{file}"), text)?;
            record += &format!("{file},,\n");
        }
        workspace.write(
            &format!("{site}/{info}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
        )?;
        workspace.write(&format!("{site}/{info}/RECORD"), record)?;
        workspace.write(&format!("{site}/{info}/entry_points.txt"), entry_points)?;
    }
    Ok(workspace)
}

fn packages_of_an_environment(product: &Product) -> TestResult {
    let workspace = environment()?;
    let arguments = ["trace", "app.py", "--venv", "venv", "-q", "-o", "my.lock", "--", "app"];
    insta::assert_snapshot!(said(product, &workspace, &arguments), @r"
    Exited(0)
    plug
    deep
    1.0
    ");
    insta::assert_snapshot!(lock(&workspace, "my.lock")?, @r#"
    version = 1
    modules = [
        "extra.deep",
        "plug",
    ]
    distributions = [
        "noted",
    ]
    entry-point-groups = [
        "demo.plugins",
    ]
    files = [
        "package:host/names.txt",
    ]
    "#);
    let build = ["build", "app.py", "--venv", "venv", "-o", "out", "--prune", "--lock", "my.lock", "--locked"];
    succeed(&pyfreeze(product, &workspace, &build))?;
    fs::rename(workspace.join("venv"), workspace.join("gone"))?;
    let output = Run::new(workspace.join("out"), workspace.path()).success()?;
    if output.stdout == "plug\ndeep\n1.0\n" { Ok(()) } else { Err(output.report().into()) }
}

fn child_processes(product: &Product) -> TestResult {
    let app = "import multiprocessing, subprocess, sys, importlib\n\
        def work(name):\n    importlib.import_module('parts.' + name)\n\
        if __name__ == '__main__':\n    subprocess.run([sys.executable, '-c', 'import app; app.work(\"one\")'], check=True)\n    \
        for method, name in ('spawn', 'two'), ('fork', 'three'), ('forkserver', 'four'):\n        \
        child = multiprocessing.get_context(method).Process(target=work, args=(name,))\n        \
        child.start()\n        child.join()\n";
    let workspace = Workspace::with_files(&[("app/app.py", app), ("app/parts/__init__.py", "")])?;
    for name in ["one", "two", "three", "four", "five"] {
        workspace.write(&format!("app/parts/{name}.py"), "")?;
    }
    let run = product.command(&workspace.join("app")).args(["trace", "app.py", "-q", "--", "app"]);
    run.env("PYTHONPATH", workspace.join("app").display().to_string()).success()?;
    insta::assert_snapshot!(lock(&workspace, "app/pyfreeze.lock")?, @r#"
    version = 1
    modules = [
        "app",
        "parts.four",
        "parts.one",
        "parts.three",
        "parts.two",
    ]
    "#);
    Ok(())
}

/// What a test's own code imports is not the program's.
fn installed_scripts_and_modules(product: &Product) -> TestResult {
    let workspace = environment()?;
    workspace
        .write("check.py", "import importlib, app, host\nimportlib.import_module('tab' + 'nanny')\nhost.run()\n")?;
    for command in [&["-m", "check"][..], &["noted"]] {
        let arguments = [&["trace", "app.py", "--venv", "venv", "-q", "-o", "my.lock", "--"], command].concat();
        succeed(&pyfreeze(product, &workspace, &arguments))?;
        let text = lock(&workspace, "my.lock")?;
        if !text.contains("\"extra.deep\"") || text.contains("tabnanny") {
            return Err(format!("after {command:?} the lock says\n{text}").into());
        }
        fs::remove_file(workspace.join("my.lock"))?;
    }
    Ok(())
}

/// The same output, byte for byte, and the same surroundings.
fn the_program_is_not_changed(product: &Product) -> TestResult {
    let text = "import os, sys\nprint(sys.path[0] == os.path.dirname(os.path.abspath(__file__)), sys.argv, __name__)\n\
        print([path for path in sys.path if 'tracer' in path], sys.flags.isolated, 'json' in sys.modules)\n\
        print(input(), file=sys.stderr)\nprint(os.listdir('/proc/self/fd').__len__(), len(sys.meta_path))\n1 / 0\n";
    let workspace = Workspace::with_files(&[("app.py", text)])?;
    let python = Run::new(&product.python, workspace.path()).arg(workspace.join("app.py")).args(["a", "-q"]);
    let python = python.input("in\n").output();
    let traced = product.command(workspace.path()).args(["trace", "app.py", "-q", "--", "app", "a", "-q"]);
    let traced = traced.input("in\n").output();
    if (traced.status, &traced.stdout, &traced.stderr) == (python.status, &python.stdout, &python.stderr) {
        return Ok(());
    }
    Err(format!("{}{}", python.report(), traced.report()).into())
}

fn exit_statuses_are_passed_on(product: &Product) -> TestResult {
    let text = "import importlib, os, sys\nimportlib.import_module('tab' + 'nanny')\n\
        if sys.argv[1] == 'kill':\n    os.kill(os.getpid(), 9)\nsys.exit(int(sys.argv[1]))\n";
    for (argument, expected) in [("0", 0), ("7", 7), ("kill", 128 + 9)] {
        let workspace = Workspace::with_files(&[("app.py", text)])?;
        let output = pyfreeze(product, &workspace, &["trace", "app.py", "--", "app", argument]);
        let is_recorded = lock(&workspace, "pyfreeze.lock")?.contains("\"tabnanny\"");
        if output.status != Status::Exited(expected) || !is_recorded {
            return Err(output.report().into());
        }
    }
    Ok(())
}

/// Ctrl-C reaches all processes of a terminal; it is for the program, and the lock is written all the same.
fn an_interrupt_is_the_program_s(product: &Product) -> TestResult {
    let text = "import importlib, os, signal\nimportlib.import_module('tab' + 'nanny')\n\
        try:\n    os.killpg(0, signal.SIGINT)\n    signal.pause()\nexcept KeyboardInterrupt:\n    raise SystemExit(5)\n";
    let workspace = Workspace::with_files(&[("app.py", text)])?;
    let output = pyfreeze(product, &workspace, &["trace", "app.py", "-q"]);
    let is_recorded = lock(&workspace, "pyfreeze.lock").is_ok_and(|text| text.contains("\"tabnanny\""));
    let is_quiet = output.stderr.is_empty();
    if output.status == Status::Exited(5) && is_quiet && is_recorded { Ok(()) } else { Err(output.report().into()) }
}

fn locks_are_merged(product: &Product) -> TestResult {
    let workspace = project()?;
    let text = || fs::read_to_string(workspace.join("app/pyfreeze.lock"));
    let mut texts = Vec::new();
    for name in ["two", "one", "two"] {
        succeed(&pyfreeze(product, &workspace, &["trace", "app", "--", "demo", name]))?;
        texts.push(text()?);
    }
    let is_merged =
        texts[1].contains("one\",\n    \"demo.plugins.two\"") && texts[0] != texts[1] && texts[1] == texts[2];
    if is_merged { Ok(()) } else { Err(texts.join("\n").into()) }
}

fn commands_that_are_none(product: &Product) -> TestResult {
    let workspace = environment()?;
    let said =
        |command: &[&str]| said(product, &workspace, &[&["trace", "app.py", "--venv", "venv", "--"], command].concat());
    insta::assert_snapshot!([said(&["nothing"]), said(&["-m"])].join("\n"), @r"
    Exited(1)
    error: Cannot find the program to trace: `nothing`
    hint: write `-- app ARGS` for the project's program, or `-- -m MODULE ARGS`
    hint: the installed scripts are: noted
    Exited(1)
    error: Cannot trace `-m` without the name of a module
    hint: write `-- -m MODULE ARGS`
    ");
    let arguments = ["trace", "app.py", "--python", "/nonexistent/python", "--", "app"];
    insta::assert_snapshot!(self::said(product, &workspace, &arguments), @r"
    Exited(1)
    error: Cannot start `/nonexistent/python`: No such file or directory (os error 2)
    hint: check that `--python` names an executable Python
    ");
    Ok(())
}

fn locks_that_can_not_be_used(product: &Product) -> TestResult {
    let workspace = project()?;
    let mut texts = Vec::new();
    for text in ["version = 2\n", "version = \n", "version = 1\nmodules = 3\n"] {
        workspace.write("app/pyfreeze.lock", text)?;
        texts.push(said(product, &workspace, &["build", "app", "-o", "out"]));
    }
    texts.push(said(product, &workspace, &["trace", "app", "--", "app", "one"]));
    insta::assert_snapshot!(texts.join("\n"), @r"
    Exited(1)
    error: Cannot use the lock `<folder>/app/pyfreeze.lock`: it has version 2, this pyfreeze knows 1
    hint: use the pyfreeze that wrote it, or build with `--no-lock`
    Exited(1)
    error: Cannot parse the lock `<folder>/app/pyfreeze.lock`: string values must be quoted, expected literal string
    hint: delete it and trace again, or build with `--no-lock`
    Exited(1)
    error: Cannot use the lock `<folder>/app/pyfreeze.lock`, this must be a list of strings: `modules`
    hint: delete it and trace again, or build with `--no-lock`
    Exited(1)
    error: Cannot use the lock `<folder>/app/pyfreeze.lock`, this must be a list of strings: `modules`
    hint: delete it and trace again, or build with `--no-lock`
    ");
    succeed(&pyfreeze(product, &workspace, &["build", "app", "-o", "out", "--no-lock"]))
}

fn locks_that_name_what_is_gone(product: &Product) -> TestResult {
    let workspace = project()?;
    let none = said(product, &workspace, &["build", "app", "-o", "out", "--locked"]);
    let lock = "version = 1\nmodules = ['demo.gone']\ndistributions = ['lost']\nfiles = ['src/demo/no.txt', 'package:x/y', 'pyproject.toml']\n";
    workspace.write("app/pyfreeze.lock", lock)?;
    let texts = [
        none,
        said(product, &workspace, &["build", "app", "-o", "out", "-q"]),
        said(product, &workspace, &["build", "app", "-o", "out", "--locked"]),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r"
    Exited(1)
    error: Cannot find the lock: `<folder>/app/pyfreeze.lock`
    hint: `pyfreeze trace` writes one
    Exited(0)
    warning: The traced program has read a file that no package of the project holds: `pyproject.toml`
    hint: move it into a package, or include it with `--data pyproject.toml:DEST`
    warning: Cannot find the module that a traced run has used: `demo.gone`
    hint: trace again after deleting the lock, or install what is missing
    warning: Cannot find the distribution that a traced run has used: `lost`
    hint: trace again after deleting the lock, or install what is missing
    warning: Cannot find the file that a traced run has used: `package:x/y`
    hint: trace again after deleting the lock, or install what is missing
    warning: Cannot find the file that a traced run has used: `src/demo/no.txt`
    hint: trace again after deleting the lock, or install what is missing
    Exited(1)
    error: The lock `<folder>/app/pyfreeze.lock` names what is not there any more: module `demo.gone`, distribution `lost`, file `package:x/y`, file `src/demo/no.txt`
    hint: install what is missing, or delete the lock and trace again
    ");
    Ok(())
}

fn what_stays_outside(product: &Product) -> TestResult {
    let text = "import ctypes, os\nopen('beside.txt').read()\n\
        try:\n    ctypes.CDLL('libnothing.so.9')\nexcept OSError:\n    pass\n\
        with open('made.txt', 'w') as made:\n    made.write('x')\nopen('made.txt').read()\nos.remove('made.txt')\n";
    let workspace = Workspace::with_files(&[("app/app.py", text), ("beside.txt", "")])?;
    succeed(&pyfreeze(product, &workspace, &["trace", "app/app.py", "-q"]))?;
    insta::assert_snapshot!(lock(&workspace, "app/pyfreeze.lock")?, @r#"
    version = 1
    host-libraries = [
        "libnothing.so.9",
    ]
    outside = [
        "../beside.txt",
    ]
    "#);
    insta::assert_snapshot!(said(product, &workspace, &["build", "app/app.py", "-o", "out", "-q"]), @r"
    Exited(0)
    warning: The traced program has loaded a library of the machine: `libnothing.so.9`
    hint: it stays outside: every machine that runs the program needs it
    warning: The traced program has read a file outside of the project and its packages: `../beside.txt`
    hint: if the program needs it everywhere, include it with `--data ../beside.txt:DEST`
    ");
    Ok(())
}

fn why(product: &Product) -> TestResult {
    let workspace = environment()?;
    let build = ["build", "app.py", "--venv", "venv", "-o", "out", "--include", "extra"];
    succeed(&pyfreeze(product, &workspace, &build))?;
    let names =
        ["host", "pathlib", "extra.deep", "sys", "lib/python3.13/site-packages/host/names.txt", "zoneinfo", "__main__"];
    let texts = names.map(|name| said(product, &workspace, &["why", "out", name]));
    insta::assert_snapshot!(texts.join("\n").replace("Exited(0)\n", ""), @r"
    host  lib/python3.13/site-packages/host/__init__.py
      __main__  (the program)
        → host  (imported)
      of `host`, which is imported by __main__
    pathlib  lib/python3.13/pathlib/__init__.py
      _pyfreeze_adapters  (the interpreter needs it)
        → pathlib  (imported in a function)
      of the standard library
    extra.deep  lib/python3.13/site-packages/extra/deep.py
      no import leads to it; it came along, compressed, in case of a dynamic import
      of `extra`, which is named by a setting or an entry point
    sys
      in the interpreter itself
    lib/python3.13/site-packages/host/names.txt
      a file of `host`, which is imported by __main__
    zoneinfo  lib/python3.13/zoneinfo/__init__.py
      no import leads to it; it came along, compressed, in case of a dynamic import
      of the standard library
    __main__  app.py
      __main__  (the program)
      of the project
    ");
    let output = pyfreeze(product, &workspace, &["why", "out", "host", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    if value["chain"][1]["reason"] == "import" { Ok(()) } else { Err(output.report().into()) }
}

fn why_not(product: &Product) -> TestResult {
    let workspace = environment()?;
    workspace.write("app.py", "import host\ntry:\n    import speedups\nexcept ImportError:\n    pass\n")?;
    let build = ["build", "app.py", "--venv", "venv", "-o", "out", "--prune", "--exclude", "wave"];
    succeed(&pyfreeze(product, &workspace, &build))?;
    let names = ["asyncio", "wave", "extra", "speedups", "hots"];
    let texts = names.map(|name| said(product, &workspace, &["why", "out", name]));
    insta::assert_snapshot!(texts.join("\n").replace("Exited(0)\n", ""), @r"
    asyncio
      not inside: left out by `--prune`; include it with `--include asyncio`
    wave
      not inside: left out by `exclude`; drop the pattern that covers `wave`
    extra
      not inside: of `extra`, which no import leads to; include it with `--include extra` or `--include-distribution extra`
    speedups
      not inside: it was not found when the program was built; install it in the environment given by `--venv`, or have pyfreeze install it (`-r FILE`, `--install`)
      an optional import of __main__:3
    hots
      not inside: the build knew no such module or file
      inside are: host
    ");
    Ok(())
}
