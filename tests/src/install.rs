//! Dependencies without a virtual environment.
//!
//! Comes in: small projects, and packages that are made on the fly. Goes out: whether the frozen program has them, and
//! the exact words where it can't. No test asks an index.

use std::fs;
use std::os::unix::fs::symlink;

use crate::command::{Run, Status};
use crate::normalize::Normalizer;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Test, TestResult};
use crate::wheels::{sha256, source_archive, wheel};

/// A test as a function.
type Body = fn(&Product) -> TestResult;

/// All tests of installing.
#[must_use]
pub fn tests() -> Vec<Test> {
    let tests: &[(&str, Body)] = &[
        ("wheels_are_installed_once", wheels_are_installed_once),
        ("source_archive", installs_source_archive),
        ("source_archive_with_compiler", source_archive_with_compiler),
        ("requirements_file", requirements_file),
        ("requirements_file_errors", requirements_file_errors),
        ("settings_name_requirements", settings_name_requirements),
        ("digest_differs", digest_differs),
        ("uv_lock", uv_lock),
        ("pylock", pylock),
        ("locks_that_do_not_fit", locks_that_do_not_fit),
        ("chosen_packages_are_included", chosen_packages_are_included),
        ("same_bytes_everywhere", same_bytes_everywhere),
        ("extras_and_groups", extras_and_groups),
        ("environment_wins", environment_wins),
        ("not_installed", not_installed),
        ("project_errors_come_first", project_errors_come_first),
        ("no_such_package", no_such_package),
        ("contradiction", contradiction),
        ("no_network", no_network),
        ("no_uv", no_uv),
        ("interrupted", interrupted),
        ("concurrent", concurrent),
    ];
    tests.iter().map(|(name, body)| Test::new(format!("install/{name}"), *body)).collect()
}

/// A project that requires these, and prints the version of each module it can import.
fn project(dependencies: &str, more: &str) -> Result<Workspace, String> {
    let pyproject = format!(
        "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [{dependencies}]\n\
         [project.scripts]\napp = \"app:main\"\n{more}\n"
    );
    let program = "import importlib\ndef main():\n    for name in ('one', 'two', 'three'):\n        try:\n            \
                   print(name, importlib.import_module(name).VERSION)\n        except ImportError:\n            pass\n";
    let package = format!("def unused():\n    import one, two, three\n{program}");
    let workspace = Workspace::with_files(&[("app/pyproject.toml", &pyproject), ("app/app/__init__.py", &package)])?;
    fs::create_dir_all(workspace.join("wheels")).map_err(|error| error.to_string())?;
    Ok(workspace)
}

/// `pyfreeze build app -o out` with packages from the workspace only, and environments of its own.
fn build(product: &Product, workspace: &Workspace, options: &[&str]) -> Result<Run, String> {
    let wheels = workspace.join("wheels").display().to_string();
    let options = [&["--no-index", "--find-links", &wheels], options].concat();
    plain_build(product, workspace, &options)
}

fn plain_build(product: &Product, workspace: &Workspace, options: &[&str]) -> Result<Run, String> {
    let (shared, own) = (product.cache.join("pyfreeze"), workspace.join("cache"));
    // What is slow to make is shared with all tests.
    for name in ["code", "interpreter", "python"] {
        let link = || {
            fs::create_dir_all(shared.join(name))?;
            fs::create_dir_all(&own)?;
            if own.join(name).exists() { Ok(()) } else { symlink(shared.join(name), own.join(name)) }
        };
        link().map_err(|error: std::io::Error| error.to_string())?;
    }
    let run = product.command(workspace.path()).args(["build", "app", "-o", "out"]).args(options.iter().copied());
    Ok(run.env("PYFREEZE_CACHE", own.display().to_string()))
}

/// What the build says was installed, and what the program prints.
fn built(run: &Run, workspace: &Workspace) -> Result<String, String> {
    let output = run.success()?;
    let installed = output.stdout.lines().find_map(|line| line.trim().strip_prefix("installed "));
    let program = Run::new(workspace.join("out"), workspace.path()).success()?;
    Ok(format!("{}\n{}", installed.unwrap_or(" nothing").trim_start(), program.stdout))
}

/// Status and errors of a build that fails, without what changes from run to run.
fn refused(run: &Run, workspace: &Workspace) -> Result<String, String> {
    let output = run.output();
    if output.status == Status::Exited(0) || workspace.join("out").exists() {
        return Err(format!("expected a failure and no executable\n{}", output.report()));
    }
    let complete = environments(workspace);
    if !complete.is_empty() {
        return Err(format!("half an environment was kept: {complete:?}"));
    }
    let said = Normalizer::default().path(workspace.path(), "<folder>").apply(&output.stderr);
    Ok(said.lines().map(|line| without_key(line) + "\n").collect())
}

/// `install-0123….log` becomes `install-<key>.log`.
fn without_key(line: &str) -> String {
    match line.split_once("/install-") {
        Some((before, after)) => format!("{before}/install-<key>{}", &after[after.find('.').unwrap_or(0)..]),
        None => line.to_owned(),
    }
}

/// The environments in the workspace's cache, complete or not.
fn environments(workspace: &Workspace) -> Vec<String> {
    let entries = fs::read_dir(workspace.join("cache/environments")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.ends_with(".lock")).collect()
}

fn expect(found: &str, expected: &str) -> TestResult {
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}").into()) }
}

fn wheels_are_installed_once(product: &Product) -> TestResult {
    let workspace = project("'one>=1'", "")?;
    wheel(product, &workspace, "one", "1.5", &["two"])?;
    wheel(product, &workspace, "two", "2.0", &[])?;
    let again = build(product, &workspace, &[])?;
    expect(&built(&again, &workspace)?, "from `pyproject.toml`, now with pip\none 1.5\ntwo 2.0\n")?;
    // Were the installer asked, it would find nothing, and then something newer.
    fs::rename(workspace.join("wheels"), workspace.join("away"))?;
    let before = "from `pyproject.toml`, before; `--upgrade` does it anew\none 1.5\ntwo 2.0\n";
    expect(&built(&again, &workspace)?, before)?;
    fs::rename(workspace.join("away"), workspace.join("wheels"))?;
    wheel(product, &workspace, "one", "1.6", &[])?;
    expect(&built(&again, &workspace)?, before)?;
    let upgraded = build(product, &workspace, &["--upgrade"])?;
    expect(&built(&upgraded, &workspace)?, "from `pyproject.toml`, now with pip\none 1.6\n")
}

fn installs_source_archive(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    source_archive(product, &workspace, "one", "1.0", "")?;
    expect(&built(&build(product, &workspace, &[])?, &workspace)?, "from `pyproject.toml`, now with pip\none 1.0\n")
}

fn source_archive_with_compiler(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    // What a build says that goes to Python's headers.
    let compile = "import sys\nprint('building extension')\n\
                   sys.exit('one.c:1:10: fatal error: Python.h: No such file or directory')";
    source_archive(product, &workspace, "one", "1.0", compile)?;
    insta::assert_snapshot!(refused(&build(product, &workspace, &[])?, &workspace)?, @r"
    error: Cannot build `one-1.0.tar.gz` from its source archive: one.c:1:10: fatal error: Python.h: No such file or directory
    hint: it has to be compiled, which pyfreeze can't do: choose a version that has a wheel
    hint: or build its wheel elsewhere (`pip wheel`) and name the wheel's folder with `--find-links`
    hint: or install it into a virtual environment and name that with `--venv`
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`
    ");
    Ok(())
}

fn requirements_file(product: &Product) -> TestResult {
    let workspace = project("'three'", "")?;
    let path = wheel(product, &workspace, "one", "1.0", &[])?;
    let digest = sha256(product, &path)?;
    workspace.write("requirements.txt", "-r more.txt\n")?;
    workspace.write("more.txt", format!("one==1.0 --hash=sha256:{digest}\n"))?;
    let run = build(product, &workspace, &["-r", "requirements.txt"])?;
    expect(&built(&run, &workspace)?, "from `requirements.txt`, now with pip\none 1.0\n")?;
    expect(&built(&run, &workspace)?, "from `requirements.txt`, before; `--upgrade` does it anew\none 1.0\n")?;
    // A file that another one names counts, too.
    wheel(product, &workspace, "two", "2.0", &[])?;
    workspace.write("more.txt", "two\n")?;
    expect(&built(&run, &workspace)?, "from `requirements.txt`, now with pip\ntwo 2.0\n")
}

fn requirements_file_errors(product: &Product) -> TestResult {
    let workspace = project("", "")?;
    workspace.write("bad.txt", "# first\none ==\n")?;
    workspace.write("names.txt", "one\n-r missing.txt\n")?;
    let said = |file: &str| refused(&build(product, &workspace, &["-r", file])?, &workspace);
    insta::assert_snapshot!(["bad.txt", "names.txt", "missing.txt"].map(|file| said(file).unwrap_or_else(|error| error)).join("\n"), @r"
    error: Cannot understand a requirement at `bad.txt:2`: `one ==`
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`

    error: Cannot read the requirements file that `names.txt:2` names: `missing.txt`: No such file or directory (os error 2)

    error: Cannot read the requirements file: `missing.txt`: No such file or directory (os error 2)
    ");
    Ok(())
}

fn settings_name_requirements(product: &Product) -> TestResult {
    let workspace = project("'three'", "[tool.pyfreeze]\nrequirements = ['locked.txt']")?;
    wheel(product, &workspace, "one", "1.0", &[])?;
    workspace.write("app/locked.txt", "one\n")?;
    let found = built(&build(product, &workspace, &[])?, &workspace)?;
    expect(&found, &format!("from `{}`, now with pip\none 1.0\n", workspace.join("app/locked.txt").display()))
}

fn digest_differs(product: &Product) -> TestResult {
    let workspace = project("", "")?;
    wheel(product, &workspace, "one", "1.0", &[])?;
    workspace.write("requirements.txt", format!("one==1.0 --hash=sha256:{}\n", "0".repeat(64)))?;
    insta::assert_snapshot!(refused(&build(product, &workspace, &["-r", "requirements.txt"])?, &workspace)?, @r"
    error: A downloaded file is not the one that was locked, its digest differs: `one==1.0`
    hint: if the package was not changed on purpose, don't trust it; else write the lock anew
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`
    ");
    Ok(())
}

/// A lock with `one`, for Windows also `two`, with `three` as an extra and `two` in a group.
fn uv_lock_text(digests: [&str; 3]) -> String {
    let mut text = r#"version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "app"
version = "1"
source = { editable = "." }
dependencies = [
    { name = "one" },
    { name = "two", marker = "sys_platform == 'win32'" },
]

[package.optional-dependencies]
more = [{ name = "three" }]

[package.dev-dependencies]
dev = [{ name = "two" }]

[package.metadata]
requires-dist = [
    { name = "one", specifier = ">=1" },
    { name = "three", marker = "extra == 'more'" },
    { name = "two", marker = "sys_platform == 'win32'" },
]

[package.metadata.requires-dev]
dev = [{ name = "two" }]
"#
    .to_owned();
    for (name, digest) in ["one", "two", "three"].iter().zip(digests) {
        text += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.0\"\nsource = {{ registry = \"https://index.example/simple\" }}\n\
             wheels = [{{ url = \"https://index.example/{name}.whl\", hash = \"sha256:{digest}\" }}]\n"
        );
    }
    text
}

const LOCKED_PROJECT: &str = "[project.optional-dependencies]\nmore = ['three']\n[dependency-groups]\ndev = ['two']";

/// A project with wheels of its packages, newer ones among them, and the digests of the older ones.
fn locked_project(product: &Product) -> Result<(Workspace, [String; 3]), crate::runner::Stop> {
    let workspace = project("'one>=1', \"two; sys_platform == 'win32'\"", LOCKED_PROJECT)?;
    let mut digests = [const { String::new() }; 3];
    for (name, digest) in ["one", "two", "three"].iter().zip(&mut digests) {
        *digest = sha256(product, &wheel(product, &workspace, name, "1.0", &[])?)?;
        wheel(product, &workspace, name, "9.0", &[])?;
    }
    Ok((workspace, digests))
}

fn uv_lock(product: &Product) -> TestResult {
    let (workspace, digests) = locked_project(product)?;
    let lock = uv_lock_text([&digests[0], &digests[1], &digests[2]]);
    workspace.write("app/uv.lock", &lock)?;
    expect(&built(&build(product, &workspace, &[])?, &workspace)?, "from `uv.lock`, now with pip\none 1.0\n")?;
    let run = build(product, &workspace, &["--extra", "more", "--group", "Dev"])?;
    expect(&built(&run, &workspace)?, "from `uv.lock`, now with pip\none 1.0\ntwo 1.0\nthree 1.0\n")?;
    // The digests count.
    fs::remove_dir_all(workspace.join("cache"))?;
    fs::remove_file(workspace.join("out"))?;
    workspace.write("app/uv.lock", lock.replace(&digests[0], &digests[1]))?;
    let said = refused(&build(product, &workspace, &[])?, &workspace)?;
    if said.contains("its digest differs: `one==1.0`") { Ok(()) } else { Err(said.into()) }
}

fn pylock(product: &Product) -> TestResult {
    let (workspace, digests) = locked_project(product)?;
    let markers = ["", "marker = \"'dev' in dependency_groups\"", "marker = \"'more' in extras\""];
    let mut text =
        "lock-version = \"1.0\"\nextras = [\"more\"]\ndependency-groups = [\"dev\"]\ncreated-by = \"test\"\n"
            .to_owned();
    for ((name, digest), marker) in ["one", "two", "three"].iter().zip(&digests).zip(markers) {
        text += &format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\n{marker}\n\
             wheels = [{{ url = \"https://index.example/{name}.whl\", hashes = {{ sha256 = \"{digest}\" }} }}]\n"
        );
    }
    workspace.write("app/pylock.toml", text)?;
    expect(&built(&build(product, &workspace, &[])?, &workspace)?, "from `pylock.toml`, now with pip\none 1.0\n")?;
    let run = build(product, &workspace, &["--extra", "more", "--group", "dev"])?;
    expect(&built(&run, &workspace)?, "from `pylock.toml`, now with pip\none 1.0\ntwo 1.0\nthree 1.0\n")
}

fn locks_that_do_not_fit(product: &Product) -> TestResult {
    let workspace = project("'one>=2', 'new'", "")?;
    let lock = uv_lock_text(["aa", "bb", "cc"]);
    let mut said = String::new();
    for text in [lock.clone(), lock.replace("version = 1\n", "version = 7\n"), lock.replace(">=3.9", ">=3.14")] {
        workspace.write("app/uv.lock", text)?;
        said += &refused(&build(product, &workspace, &[])?, &workspace)?;
    }
    insta::assert_snapshot!(said, @r"
    error: Cannot use the lock `<folder>/app/uv.lock`: it does not fit the project any more, which requires: `one>=2`
    hint: write the lock anew: `uv lock`, or the command that made it
    error: Cannot use the lock `<folder>/app/uv.lock`: its version is unknown: `7`
    hint: export a requirements file from it and name that with `-r`
    hint: or install into a virtual environment and name that with `--venv`
    error: Cannot use the lock `<folder>/app/uv.lock`: it is for Python >=3.14, the runtime is Python 3.13.5
    hint: export a requirements file from it and name that with `-r`
    hint: or install into a virtual environment and name that with `--venv`
    ");
    Ok(())
}

/// Their packages are in the program even when nothing imports them, as with plug-ins.
fn chosen_packages_are_included(product: &Product) -> TestResult {
    let text = "[project.optional-dependencies]\nmore = ['plugin', \"other; sys_platform == 'win32'\"]";
    let workspace = project("'one'", text)?;
    wheel(product, &workspace, "one", "1.0", &[])?;
    wheel(product, &workspace, "plugin", "1.0", &["two"])?;
    wheel(product, &workspace, "two", "1.0", &[])?;
    let has = |options: &[&str]| {
        build(product, &workspace, options)?.success()?;
        let inspected = product.command(workspace.path()).args(["inspect", "out", "--json"]).success()?;
        Ok::<bool, String>(inspected.stdout.contains("\"plugin.py\"") || inspected.stdout.contains("/plugin.py\""))
    };
    let found = (has(&["--extra", "more"])?, has(&[])?);
    if found == (true, false) { Ok(()) } else { Err(format!("with and without the extra: {found:?}").into()) }
}

/// Neither the installer nor the place of the cache leaves a trace.
fn same_bytes_everywhere(product: &Product) -> TestResult {
    let bytes = || {
        let workspace = project("'one'", "")?;
        wheel(product, &workspace, "one", "1.0", &["two"])?;
        wheel(product, &workspace, "two", "1.0", &[])?;
        build(product, &workspace, &[])?.success()?;
        Ok::<_, crate::runner::Stop>(fs::read(workspace.join("out"))?)
    };
    if bytes()? == bytes()? { Ok(()) } else { Err("two builds with caches of their own differ".to_owned().into()) }
}

fn extras_and_groups(product: &Product) -> TestResult {
    let workspace = project("'one'", LOCKED_PROJECT)?;
    for name in ["one", "two", "three"] {
        wheel(product, &workspace, name, "1.0", &[])?;
    }
    let found = |options: &[&str]| built(&build(product, &workspace, options)?, &workspace);
    expect(&found(&[])?, "from `pyproject.toml`, now with pip\none 1.0\n")?;
    expect(&found(&["--extra", "More"])?, "from `pyproject.toml`, now with pip\none 1.0\nthree 1.0\n")?;
    expect(&found(&["--group", "dev"])?, "from `pyproject.toml`, now with pip\none 1.0\ntwo 1.0\n")?;
    let other = project("'one'", LOCKED_PROJECT)?;
    let said = |option: &str| refused(&build(product, &other, &[option, "other"])?, &other);
    insta::assert_snapshot!(said("--extra")? + &said("--group")?, @r"
    error: The project has no extra of that name: `other`
    hint: the extras are: `more`
    error: The project has no dependency group of that name: `other`
    hint: the dependency groups are: `dev`
    ");
    Ok(())
}

/// Nothing is installed into, or beside, an environment that is there; unless that is asked for.
fn environment_wins(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    workspace.write("app/.venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.13.5\n")?;
    workspace.write("app/.venv/lib/python3.13/site-packages/two.py", "VERSION = 'of the environment'\n")?;
    wheel(product, &workspace, "one", "1.0", &[])?;
    expect(&built(&build(product, &workspace, &[])?, &workspace)?, "nothing\ntwo of the environment\n")?;
    let run = build(product, &workspace, &["--install"])?;
    expect(&built(&run, &workspace)?, "from `pyproject.toml`, now with pip\none 1.0\n")?;
    let both = build(product, &workspace, &["--install", "--venv", "app/.venv"])?.output();
    if both.status == Status::Exited(2) { Ok(()) } else { Err(both.report().into()) }
}

fn not_installed(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    expect(&built(&build(product, &workspace, &["--no-install"])?, &workspace)?, "nothing\n")?;
    // Nor when there is nothing to install.
    let workspace = project("", "")?;
    expect(&built(&build(product, &workspace, &[])?, &workspace)?, "nothing\n")?;
    fs::remove_file(workspace.join("out"))?;
    insta::assert_snapshot!(refused(&build(product, &workspace, &["--install"])?, &workspace)?, @r"
    error: Found nothing to install: `<folder>/app` declares no dependencies
    hint: list them under `dependencies` in [project] of pyproject.toml, or name a file with `-r`
    ");
    Ok(())
}

fn project_errors_come_first(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    let said = refused(&build(product, &workspace, &["--script", "other"])?, &workspace)?;
    if said.starts_with("error: The project has no script of that name: `other`") { Ok(()) } else { Err(said.into()) }
}

fn no_such_package(product: &Product) -> TestResult {
    let workspace = project("'one>=2'", "")?;
    let said = || refused(&build(product, &workspace, &[])?, &workspace);
    let nothing = said()?;
    wheel(product, &workspace, "one", "1.0", &[])?;
    insta::assert_snapshot!(nothing + &said()?, @r"
    error: Found no distribution for CPython 3.13 on x86-64 Linux: `one>=2`
    hint: is the name right? if there are only files for other Pythons or systems, choose another version
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`
    error: Found no distribution for CPython 3.13 on x86-64 Linux: `one>=2`
    hint: there are other versions, the newest: `1.0`
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`
    ");
    Ok(())
}

fn contradiction(product: &Product) -> TestResult {
    let workspace = project("'one', 'two<2'", "")?;
    wheel(product, &workspace, "one", "1.0", &["two>=2"])?;
    wheel(product, &workspace, "two", "1.0", &[])?;
    wheel(product, &workspace, "two", "2.0", &[])?;
    insta::assert_snapshot!(refused(&build(product, &workspace, &[])?, &workspace)?, @r"
    error: Requirements contradict each other: one and two<2
    hint: the project requires two<2
    hint: one 1.0 depends on two>=2
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`
    ");
    Ok(())
}

fn no_network(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    // Nobody listens at the discard port.
    let run = plain_build(product, &workspace, &["--index-url", "http://127.0.0.1:9/simple"])?;
    insta::assert_snapshot!(refused(&run.env("PIP_RETRIES", "1"), &workspace)?, @r"
    error: Cannot reach the package index at `127.0.0.1`: `one` is needed
    hint: is there a network? another index is named with `--index-url`, or in pip's own settings
    hint: `--no-index --find-links DIR` installs from a folder of wheels
    hint: everything that the installer said: `<folder>/cache/logs/install-<key>.log`
    ");
    Ok(())
}

fn no_uv(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    let run = build(product, &workspace, &["--installer", "uv"])?.env("PATH", workspace.path().display().to_string());
    insta::assert_snapshot!(refused(&run, &workspace)?, @r"
    error: Cannot find the installer on PATH: `uv`
    hint: install uv, or leave `--installer` out: the runtime has an installer of its own
    ");
    Ok(())
}

/// pyfreeze is killed while its installer builds; the installer lives on, and the next build waits for its end.
fn interrupted(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    // The first build stays for a while when it may go on; a second one must not run beside it.
    let wait = "import os, sys, time\nhere = os.environ['HERE']\nis_first = not os.path.exists(here + '/started')\n\
                if os.path.exists(here + '/running'):\n    sys.exit('two installers at once')\n\
                open(here + '/running', 'w').close()\nopen(here + '/started', 'w').close()\n\
                while not os.path.exists(here + '/go'):\n    time.sleep(0.05)\n\
                time.sleep(3 * is_first)\nos.remove(here + '/running')";
    source_archive(product, &workspace, "one", "1.0", wait)?;
    let here = workspace.path().display().to_string();
    let run = build(product, &workspace, &[])?.env("HERE", here);
    let script = "\"$@\" & while ! test -e started; do sleep 0.05; done; kill -KILL $!; wait $!; ls cache/environments";
    let first = run.clone().under("/bin/sh", &["-c", script, "sh"]).output();
    let left = first.stdout.lines().filter(|name| !name.ends_with(".lock")).collect::<Vec<_>>().join(" ");
    if !left.ends_with(".partial") || left.contains(' ') {
        return Err(format!("expected one unfinished environment\n{}", first.report()).into());
    }
    workspace.write("go", "")?;
    expect(&built(&run, &workspace)?, "from `pyproject.toml`, now with pip\none 1.0\n")?;
    match environments(&workspace).as_slice() {
        [name] if !name.ends_with(".partial") => Ok(()),
        names => Err(format!("expected one finished environment: {names:?}").into()),
    }
}

/// Two builds of the same requirements install once.
fn concurrent(product: &Product) -> TestResult {
    let workspace = project("'one'", "")?;
    let count = "import os\nwith open(os.environ['HERE'] + '/builds', 'a') as file:\n    file.write('x')";
    source_archive(product, &workspace, "one", "1.0", count)?;
    let run = build(product, &workspace, &[])?.env("HERE", workspace.path().display().to_string());
    let script = "\"$@\" & \"$@\" || exit 1; wait $!";
    run.clone().under("/bin/sh", &["-c", script, "sh"]).success()?;
    expect(&fs::read_to_string(workspace.join("builds"))?, "x")
}
