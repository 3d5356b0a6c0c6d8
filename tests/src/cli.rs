//! What `pyfreeze` says: the exact words of errors, warnings and reports.
//!
//! Comes in: small projects with something wrong. Goes out: inline snapshots of status, stderr and stdout, with
//! `<folder>` for the temporary folder. A changed message is a change that a reviewer sees.

use std::fs;
use std::path::Path;

use crate::command::{Run, Status};
use crate::normalize::Normalizer;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Test, TestResult};

/// A test as a function.
type Body = fn(&Product) -> TestResult;

/// All tests of the command line.
#[must_use]
pub fn tests() -> Vec<Test> {
    let tests: &[(&str, Body)] = &[
        ("syntax_errors", syntax_errors),
        ("undecodable_source", undecodable_source),
        ("path_does_not_exist", path_does_not_exist),
        ("folder_without_main", folder_without_main),
        ("no_scripts", no_scripts),
        ("several_scripts", several_scripts),
        ("unknown_script", unknown_script),
        ("script_module_missing", script_module_missing),
        ("missing_import", missing_import),
        ("missing_import_strict", missing_import_strict),
        ("optional_import_is_quiet", optional_import_is_quiet),
        ("other_python_in_venv", other_python_in_venv),
        ("not_a_venv", not_a_venv),
        ("shared_library", shared_library),
        ("module_of_another_python", module_of_another_python),
        ("listed_files_missing", listed_files_missing),
        ("unreadable_file", unreadable_file),
        ("same_top_level_package", same_top_level_package),
        ("standard_name", standard_name),
        ("output_is_a_folder", output_is_a_folder),
        ("output_folder_missing", output_folder_missing),
        ("no_space_left", no_space_left),
        ("output_is_running", output_is_running),
        ("data_file_missing", data_file_missing),
        ("broken_settings", broken_settings),
        ("broken_pyproject", broken_pyproject),
        ("symlink_loop", symlink_loop),
        ("inspect_not_frozen", inspect_not_frozen),
        ("inspect_json", inspect_json),
        ("build_json", build_json),
        ("quiet_without_terminal", quiet_without_terminal),
        ("wrong_option", wrong_option),
        ("version", version),
    ];
    tests.iter().map(|(name, body)| Test::new(format!("cli/{name}"), *body)).collect()
}

/// Runs `pyfreeze` with these words in the folder; gives status, stderr and stdout as one text.
fn said(product: &Product, workspace: &Workspace, arguments: &[&str]) -> String {
    let run = product.command(workspace.path()).args(arguments.iter().copied());
    described(&run, workspace)
}

fn described(run: &Run, workspace: &Workspace) -> String {
    let output = run.output();
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let status = match output.status {
        Status::Exited(code) => format!("status {code}"),
        other => format!("{other:?}"),
    };
    let (stdout, stderr) = (normalizer.apply(&output.stdout), normalizer.apply(&output.stderr));
    format!("{status}\n{stderr}{stdout}").trim_end().to_owned()
}

/// The warnings of a build that succeeds, with their hints.
fn warnings(run: &Run, workspace: &Workspace) -> Result<String, String> {
    let output = run.success()?;
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let lines = output.stderr.lines().filter(|line| line.starts_with("warning:") || line.starts_with("hint:"));
    Ok(lines.map(|line| normalizer.apply(line) + "\n").collect())
}

/// Without numbers that change with the runtime: sizes, counts and times.
fn without_numbers(text: &str) -> String {
    let mut result = String::new();
    let mut was_digit = false;
    for letter in text.chars() {
        let is_digit = letter.is_ascii_digit() || (was_digit && matches!(letter, '.' | ','));
        if is_digit && !was_digit {
            result.push('#');
        } else if !is_digit {
            result.push(letter);
        }
        was_digit = is_digit;
    }
    result
}

fn syntax_errors(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        ("app/__main__.py", "import one, two\n"),
        ("app/one.py", "def f(:\n    pass\n"),
        ("app/two.py", "x = 1\n  y = 2\n"),
    ])?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out"]), @r#"
    status 1
    error: Cannot compile 2 files of the project
      File "<folder>/app/one.py", line 1
        def f(:
              ^
    SyntaxError: invalid syntax
      File "<folder>/app/two.py", line 2
        y = 2
    IndentationError: unexpected indent
    "#);
    nothing_written(&workspace, "out")
}

fn undecodable_source(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    workspace.write("latin.py", b"name = 'caf\xe9'\n")?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "latin.py", "-o", "out"]), @r#"
    status 1
    error: Cannot compile: `<folder>/latin.py`
      File "<folder>/latin.py", line 1
        name = 'caf�'
               ^^^^
    SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xe9 in position 3: unexpected end of data
    "#);
    nothing_written(&workspace, "out")
}

fn path_does_not_exist(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "nowhere", "-o", "out"]), @r"
    status 1
    error: Cannot find the project: `nowhere`
    hint: give a script, a folder with a `__main__.py`, or a project with a `pyproject.toml`
    ");
    nothing_written(&workspace, "out")
}

fn folder_without_main(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app/tool.py", "print(1)\n")])?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out"]), @r"
    status 1
    error: Nothing to run in the folder: `<folder>/app`
    hint: add a `__main__.py`, or a pyproject.toml with [project.scripts]
    hint: or freeze one of its scripts: `tool.py`
    ");
    nothing_written(&workspace, "out")
}

const PYPROJECT: &str = "[project]\nname = \"demo\"\nversion = \"1.0\"\n";

fn no_scripts(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app/pyproject.toml", PYPROJECT), ("app/demo/__init__.py", "")])?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out"]), @r"
    status 1
    error: Nothing to run in the folder: `<folder>/app`
    hint: add a `__main__.py`, or name a script under [project.scripts] in pyproject.toml
    ");
    nothing_written(&workspace, "out")
}

fn two_scripts() -> Result<Workspace, String> {
    let project = format!("{PYPROJECT}[project.scripts]\none = \"demo:one\"\ntwo = \"demo:two\"\n");
    let package = "def one():\n    print('one')\n\ndef two():\n    print('two')\n";
    Workspace::with_files(&[("app/pyproject.toml", &project), ("app/src/demo/__init__.py", package)])
}

fn several_scripts(product: &Product) -> TestResult {
    let workspace = two_scripts()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out"]), @r"
    status 1
    error: The project has several scripts: `one`, `two`
    hint: choose one with `--script NAME`
    ");
    nothing_written(&workspace, "out")?;
    product.command(workspace.path()).args(["build", "app", "-o", "out", "--script", "two"]).success()?;
    let output = Run::new(workspace.join("out"), workspace.path()).success()?;
    if output.stdout == "two\n" { Ok(()) } else { Err(output.report().into()) }
}

fn unknown_script(product: &Product) -> TestResult {
    let workspace = two_scripts()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out", "--script", "three"]), @r"
    status 1
    error: The project has no script of that name: `three`
    hint: the scripts are: `one`, `two`
    ");
    nothing_written(&workspace, "out")
}

fn script_module_missing(product: &Product) -> TestResult {
    let project = format!("{PYPROJECT}[project.scripts]\none = \"demo.nowhere:main\"\n");
    let workspace = Workspace::with_files(&[("app/pyproject.toml", &project), ("app/src/demo/__init__.py", "")])?;
    let run = product.command(workspace.path()).args(["build", "app", "-o", "out"]);
    if run.output().status == Status::Exited(0) {
        return Err(format!("a program that can't start was built\n{}", run.output().report()).into());
    }
    insta::assert_snapshot!(described(&run, &workspace), @r"
    status 1
    error: Script `one` in `<folder>/app/pyproject.toml` names a module that does not exist: `demo.nowhere`
    hint: the project has: `demo`
    ");
    nothing_written(&workspace, "out")
}

fn with_missing_import() -> Result<Workspace, String> {
    Workspace::with_files(&[
        ("app/__main__.py", "import middle\n"),
        ("app/middle.py", "import leaf\n"),
        ("app/leaf.py", "import a_package_nobody_has\n"),
    ])
}

fn missing_import(product: &Product) -> TestResult {
    let workspace = with_missing_import()?;
    let output = product.command(workspace.path()).args(["build", "app", "-o", "out"]).success()?;
    // Who wants it, and how the program gets there.
    let text = output.stderr.clone() + &output.stdout;
    let is_told = text.contains("a_package_nobody_has") && text.contains("__main__ → middle → leaf");
    if is_told { Ok(()) } else { Err(format!("the chain of imports is not told\n{}", output.report()).into()) }
}

fn missing_import_strict(product: &Product) -> TestResult {
    let workspace = with_missing_import()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out", "--strict"]), @r"
    status 1
    error: Module `leaf` imports `a_package_nobody_has`, which was not found
    hint: install it in the environment given by `--venv`, have pyfreeze install it (`-r FILE`, or `--install` for what the project requires), or list `a_package_nobody_has` under `exclude` in [tool.pyfreeze]
    hint: `a_package_nobody_has` is imported by __main__ → middle → leaf
    ");
    nothing_written(&workspace, "out")
}

/// An import in a `try` foresees that the module is missing: no warning.
fn optional_import_is_quiet(product: &Product) -> TestResult {
    let text = "try:\n    import a_package_nobody_has\nexcept ImportError:\n    print('without')\n";
    let workspace = Workspace::with_files(&[("app.py", text)])?;
    let output = product.command(workspace.path()).args(["build", "app.py", "-o", "out", "--strict"]).success()?;
    let is_quiet = !output.stderr.contains("warning:");
    if is_quiet { Ok(()) } else { Err(output.report().into()) }
}

fn other_python_in_venv(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        ("app.py", "print(1)\n"),
        ("venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n"),
        ("venv/lib/python3.11/site-packages/thing.py", ""),
    ])?;
    let run = product.command(workspace.path()).args(["build", "app.py", "-o", "out", "--venv", "venv"]);
    insta::assert_snapshot!(warnings(&run, &workspace)?, @r"
    warning: The virtual environment is for Python 3.11, the runtime is Python 3.13: `venv`
    hint: its pure-Python packages are used; if one behaves differently, make the environment with Python 3.13
    ");
    Ok(())
}

fn not_a_venv(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app.py", "print(1)\n"), ("venv/readme", "")])?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "-o", "out", "--venv", "venv"]), @r"
    status 1
    error: Found no virtual environment: `venv`
    hint: give the folder that holds `pyvenv.cfg` and `lib/python3.X/site-packages`
    ");
    nothing_written(&workspace, "out")
}

/// An environment with these files in its `site-packages`.
fn venv(files: &[(&str, &str)]) -> Result<Workspace, String> {
    let workspace = Workspace::with_files(&[("venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.13.5\n")])?;
    for (name, text) in files {
        workspace.write(&format!("venv/lib/python3.13/site-packages/{name}"), text)?;
    }
    Ok(workspace)
}

fn shared_library(product: &Product) -> TestResult {
    let workspace = venv(&[
        ("fast/__init__.py", "from fast import _speed\n"),
        ("fast/_speed.cpython-313-x86_64-linux-gnu.so", "\x7fELF"),
        ("fast-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: fast\nVersion: 2.0\n"),
        ("fast-2.0.dist-info/RECORD", "fast/__init__.py,,\nfast/_speed.cpython-313-x86_64-linux-gnu.so,,\n"),
    ])?;
    workspace.write("app.py", "import fast\n")?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "-o", "out", "--venv", "venv"]), @r"
    status 1
    error: Cannot use the shared library of module `fast._speed`: it is cut off: `lib/python3.13/site-packages/fast/_speed.cpython-313-x86_64-linux-gnu.so`
    hint: install the package's wheel for Linux x86-64 (manylinux) and this Python version
    ");
    nothing_written(&workspace, "out")
}

fn module_of_another_python(product: &Product) -> TestResult {
    let workspace = venv(&[
        ("fast/__init__.py", "from fast._speed import run\n"),
        ("fast/_speed.cpython-311-x86_64-linux-gnu.so", "\x7fELF"),
        ("fast-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: fast\nVersion: 2.0\n"),
        ("fast-2.0.dist-info/RECORD", "fast/__init__.py,,\nfast/_speed.cpython-311-x86_64-linux-gnu.so,,\n"),
    ])?;
    workspace.write("app.py", "import fast\n")?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "-o", "out", "--venv", "venv", "--strict"]), @r"
    status 1
    error: Module `fast` imports `fast._speed`, which was not found
    hint: `fast._speed` is imported by __main__ → fast
    hint: `fast/_speed.cpython-311-x86_64-linux-gnu.so` is for another Python version: install `fast` for Python 3.13
    ");
    let run = product.command(workspace.path()).args(["build", "app.py", "-o", "out", "--venv", "venv"]);
    insta::assert_snapshot!(warnings(&run, &workspace)?, @r"
    warning: Made for another Python version, in `fast`: `lib/python3.13/site-packages/fast/_speed.cpython-311-x86_64-linux-gnu.so`
    hint: install the package for Python 3.13
    warning: Cannot find `fast._speed`, imported by `fast` (line 1)
    hint: imported through __main__ → fast; `fast/_speed.cpython-311-x86_64-linux-gnu.so` is for another Python version: install `fast` for Python 3.13
    ");
    Ok(())
}

/// Only code counts: an image may have removed tests, manuals and caches.
fn listed_files_missing(product: &Product) -> TestResult {
    let record = "thing/__init__.py,,\nthing/gone.py,,\nthing/_speed.abi3.so,,\nthing/left.py,,\nthing/a.txt,,\n";
    let workspace = venv(&[
        ("thing/__init__.py", ""),
        ("thing-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: Thing\nVersion: 2.0\n"),
        ("thing-2.0.dist-info/RECORD", &format!("{record}thing/__pycache__/x.cpython-313.pyc,,\n")),
    ])?;
    workspace.write("app.py", "import thing\n")?;
    let build = ["build", "app.py", "-o", "out", "--venv", "venv", "--exclude", "thing.left"];
    insta::assert_snapshot!(warnings(&product.command(workspace.path()).args(build), &workspace)?, @r"
    warning: 2 of the modules that `Thing` has installed are gone: `thing/gone.py` and 1 more
    hint: its installation is damaged; install `Thing` again
    ");
    Ok(())
}

fn unreadable_file(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app/__main__.py", "import helper\n"), ("app/helper.py", "")])?;
    // For root modes mean nothing, but a link that leads nowhere can't be read by anybody.
    fs::remove_file(workspace.join("app/helper.py"))?;
    std::os::unix::fs::symlink("/nonexistent", workspace.join("app/helper.py"))?;
    insta::assert_snapshot!(without_numbers(&said(product, &workspace, &["build", "app", "-o", "out", "--strict"])), @r"
    status #
    error: Cannot read: `<folder>/app/helper.py`
    ");
    Ok(())
}

fn same_top_level_package(product: &Product) -> TestResult {
    let workspace = venv(&[
        ("shared/__init__.py", "NAME = 'shared'\n"),
        ("one-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n"),
        ("one-1.0.dist-info/RECORD", "shared/__init__.py,,\n"),
        ("two-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: two\nVersion: 1.0\n"),
        ("two-1.0.dist-info/RECORD", "shared/__init__.py,,\n"),
    ])?;
    workspace.write("app.py", "import shared\nprint(shared.NAME)\n")?;
    let run = product.command(workspace.path()).args(["build", "app.py", "-o", "out", "--venv", "venv"]);
    let told = warnings(&run, &workspace)?;
    let is_told = ["`one`", "`two`", "shared/__init__.py"].iter().all(|word| told.contains(word));
    if is_told { Ok(()) } else { Err(format!("that two distributions share a file is not told\n{told}").into()) }
}

/// The project's own module wins, as with python.
fn standard_name(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        ("app/__main__.py", "import statistics\nprint(statistics.OWN)\n"),
        ("app/statistics.py", "OWN = True\n"),
    ])?;
    product.command(workspace.path()).args(["build", "app", "-o", "out"]).success()?;
    let output = Run::new(workspace.join("out"), workspace.path()).success()?;
    if output.stdout == "True\n" { Ok(()) } else { Err(output.report().into()) }
}

fn hello() -> Result<Workspace, String> {
    Workspace::with_files(&[("app.py", "print('hello')\n")])
}

fn output_is_a_folder(product: &Product) -> TestResult {
    let workspace = hello()?;
    fs::create_dir(workspace.join("out"))?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "-o", "out"]), @r"
    status 1
    error: Cannot write the executable: `out` is a directory
    hint: name a file inside it, such as `out/app`
    ");
    if workspace.list("out").is_empty() {
        Ok(())
    } else {
        Err(format!("left behind: {:?}", workspace.list("out")).into())
    }
}

fn output_folder_missing(product: &Product) -> TestResult {
    let workspace = hello()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "-o", "no/such/out"]), @r"
    status 1
    error: Cannot write the executable `no/such/out`: the folder `no/such` does not exist
    hint: create it first: `mkdir -p no/such`
    ");
    Ok(())
}

/// A file system of one megabyte, in a mount namespace of its own.
fn no_space_left(product: &Product) -> TestResult {
    let workspace = hello()?;
    fs::create_dir(workspace.join("small"))?;
    let script = "mount -t tmpfs -o size=1m none small || exit 77; \"$@\"; status=$?; ls -A small; exit $status";
    let run = Run::new(crate::executables::tool("unshare")?, workspace.path());
    let run = run.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(&product.pyfreeze);
    let run = product.equip(run.args(["build", "app.py", "-o", "small/out"]));
    if run.output().status == Status::Exited(77) || run.output().stderr.contains("unshare") {
        return Err(crate::runner::Stop::Skipped(crate::runner::Skip::Impossible(
            "no mount namespaces here".to_owned(),
        )));
    }
    // Only the size is free: it is the runtime's.
    let said = described(&run, &workspace);
    let (status, message) = said.split_once('\n').unwrap_or((&said, ""));
    insta::assert_snapshot!(format!("{status}\n{}", without_numbers(message)), @r"
    status 1
    error: Cannot write the executable `small/out`: no space left, # MB needed
    hint: free some space or choose another file system with `-o`
    ");
    Ok(())
}

/// A program that runs can be replaced: the old one goes on.
fn output_is_running(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[(
        "app.py",
        "import sys\nprint('one')\nsys.stdin.read()\nimport wave\nprint('end')\n",
    )])?;
    let out = workspace.join("out");
    product.build(&workspace.join("app.py"), &out, &[], workspace.path())?;
    let script = "mkfifo pipe; ./out <pipe >first & exec 3>pipe; \"$@\" || exit; exec 3>&-; wait $!; echo $?; cat first; ./out </dev/null";
    workspace.write("app.py", "print('two')\n")?;
    let run = Run::new("/bin/sh", workspace.path()).args(["-c", script, "sh"]).arg(&product.pyfreeze);
    let output = product.equip(run.args(["build", "app.py", "-o", "out"])).success()?;
    if output.stdout.ends_with("0\none\nend\ntwo\n") { Ok(()) } else { Err(output.report().into()) }
}

fn data_file_missing(product: &Product) -> TestResult {
    let workspace = hello()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "-o", "out", "--data", "nothing.txt:data"]), @r"
    status 1
    error: Found no data file: `nothing.txt`
    hint: paths in pyproject.toml are relative to its folder
    ");
    nothing_written(&workspace, "out")
}

fn broken_settings(product: &Product) -> TestResult {
    let project = format!("{PYPROJECT}[project.scripts]\none = \"demo:one\"\n[tool.pyfreeze]\nprun = true\n");
    let workspace = Workspace::with_files(&[
        ("app/pyproject.toml", &project),
        ("app/src/demo/__init__.py", "def one():\n    pass\n"),
    ])?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app", "-o", "out"]), @r"
    status 1
    error: Unknown key in [tool.pyfreeze] of `<folder>/app/pyproject.toml`: `prun`
    hint: did you mean `prune`?
    ");
    nothing_written(&workspace, "out")
}

fn broken_pyproject(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("bad/pyproject.toml", "[project\n")])?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "bad", "-o", "out"]), @r"
    status 1
    error: Cannot parse: `<folder>/bad/pyproject.toml`
    ");
    nothing_written(&workspace, "out")
}

fn symlink_loop(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        ("app/__main__.py", "import part.x\nprint(part.x.__name__)\n"),
        ("app/part/__init__.py", ""),
        ("app/part/x.py", ""),
    ])?;
    std::os::unix::fs::symlink("..", workspace.join("app/part/up"))?;
    std::os::unix::fs::symlink("itself", workspace.join("app/itself"))?;
    product.command(workspace.path()).args(["build", "app", "-o", "out"]).success()?;
    let output = Run::new(workspace.join("out"), workspace.path()).success()?;
    if output.stdout == "part.x\n" { Ok(()) } else { Err(output.report().into()) }
}

fn inspect_not_frozen(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("text", "no program\n")])?;
    let texts = ["text", "/bin/true", "nowhere"].map(|name| said(product, &workspace, &["inspect", name]));
    insta::assert_snapshot!(texts.join("\n"), @r"
    status 1
    error: `text` was not made by pyfreeze: it is not an executable
    hint: only executables made by `pyfreeze build` can be inspected
    status 1
    error: `/bin/true` was not made by pyfreeze: it is an ELF file without a payload
    hint: only executables made by `pyfreeze build` can be inspected
    status 1
    error: Cannot read `nowhere`: No such file or directory (os error 2)
    ");
    Ok(())
}

/// Parses one JSON value from stdout and gives the names on its top level.
fn json_keys(stdout: &str) -> Result<Vec<String>, String> {
    let value: serde_json::Value =
        serde_json::from_str(stdout).map_err(|error| format!("not JSON: {error}\n{stdout}"))?;
    let object = value.as_object().ok_or_else(|| format!("not an object: {stdout}"))?;
    Ok(object.keys().cloned().collect())
}

fn inspect_json(product: &Product) -> TestResult {
    let workspace = hello()?;
    product.command(workspace.path()).args(["build", "app.py", "-o", "out"]).success()?;
    let output = product.command(workspace.path()).args(["inspect", "out", "--json"]).success()?;
    insta::assert_snapshot!(json_keys(&output.stdout)?.join(" "), @"cold_module_count digest distributions entry_point file_size files glibc hot_module_count left_out libraries materials missing modules packages pyfreeze_version runtime settings sizes snapshot");
    let text = product.command(workspace.path()).args(["inspect", "out"]).success()?;
    if text.stdout.contains("3.13") { Ok(()) } else { Err(text.report().into()) }
}

fn build_json(product: &Product) -> TestResult {
    let workspace = hello()?;
    let output = product.command(workspace.path()).args(["build", "app.py", "-o", "out", "--json"]).success()?;
    insta::assert_snapshot!(json_keys(&output.stdout)?.join(" "), @"cached_count cold_module_count compiled_count digest distributions entry_point file_size files glibc hot_module_count left_out libraries materials missing modules output packages pyfreeze_version runtime seconds settings sizes snapshot warnings");
    Ok(())
}

/// No progress bars and no colours where nobody looks.
fn quiet_without_terminal(product: &Product) -> TestResult {
    let workspace = hello()?;
    let output = product.command(workspace.path()).args(["build", "app.py", "-o", "out"]).success()?;
    let is_plain = !(output.stdout.clone() + &output.stderr).contains(['\x1b', '\r']);
    if !is_plain || !output.stderr.is_empty() || output.stdout.lines().count() > 24 {
        return Err(format!("expected a plain summary that fits a screen\n{}", output.report()).into());
    }
    insta::assert_snapshot!(without_numbers(&output.stdout), @r"
    out  # MB in # ms
      runs       script app.py
      python     # x#_#-unknown-linux-gnu, glibc # or later
      sizes      runtime # MB, hot code # MB, cold code # MB, sources # MB, data # kB, index # kB, snapshot # MB
      modules    # hot, # cold; # data files
      snapshot   app, # modules imported, # MB
      compiled   # now, # from the cache
    ");
    Ok(())
}

fn wrong_option(product: &Product) -> TestResult {
    let workspace = hello()?;
    insta::assert_snapshot!(said(product, &workspace, &["build", "app.py", "--ouput", "x"]), @r"
    status 2
    error: unexpected argument '--ouput' found

      tip: a similar argument exists: '--output'

    Usage: pyfreeze build --output <OUT> <PATH>

    For more information, try '--help'.
    ");
    Ok(())
}

fn version(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    insta::assert_snapshot!(without_numbers(&said(product, &workspace, &["--version"])), @r"
    status #
    pyfreeze #
    ");
    Ok(())
}

/// A build that failed leaves no output and no temporary file beside it.
fn nothing_written(workspace: &Workspace, name: &str) -> TestResult {
    let beside =
        fs::read_dir(workspace.path())?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let left: Vec<String> = beside.filter(|file| file.contains(name) || file.starts_with('.')).collect();
    let is_absent = !Path::new(&workspace.join(name)).exists();
    if is_absent && left.is_empty() { Ok(()) } else { Err(format!("left behind: {left:?}").into()) }
}
