//! What `pyfreeze pyc` says of a file, against what interpreters do with it.
//!
//! Comes in: every Python that can be found: the reference, those on PATH, in pyenv's folder, and those that
//! `PYFREEZE_TEST_PYTHONS` lists (as PATH does). Goes out: one test for all, since which there are is the machine's business. A cache
//! is made to hold another value than its source, so that the program's output tells which of the two python has run.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::command::{Output, Run, Status};
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::TestResult;

/// The versions that are looked for on PATH.
const NAMES: [&str; 13] = [
    "python2.7",
    "python3",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "pypy3",
];

/// Compiles a source, and makes of the value `kept-1` in the cache `kept-X`.
const MAKE: &str = "\
import py_compile, sys
source, cache, mode = sys.argv[1:]
options = {}
if mode != 'TIMESTAMP':
    options['invalidation_mode'] = getattr(py_compile.PycInvalidationMode, mode)
py_compile.compile(source, cache, doraise=True, **options)
with open(cache, 'rb') as file:
    data = file.read()
assert data.count(b'kept-1') == 1, data
with open(cache, 'wb') as file:
    file.write(data.replace(b'kept-1', b'kept-X'))
";

/// What it is, and where it keeps the cache of a source.
const ASK: &str = "\
import platform, sys
try:
    from importlib.util import cache_from_source
except ImportError:
    cache_from_source = lambda source: source + 'c'
name = {'CPython': '', 'PyPy': 'pypy'}[platform.python_implementation()]
print('%s%d.%d' % ((name,) + tuple(sys.version_info[:2])))
print(cache_from_source(sys.argv[1]))
";

const SOURCE: &str = "VALUE = 'kept-1'\n";
/// As long as the source.
const OTHER: &str = "VALUE = 'kept-2'\n";
const LONGER: &str = "VALUE = 'longer'  # by far\n";

/// Where the compiled file is put.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where the interpreter looks.
    Cache,
    /// Beside the source.
    Beside,
    /// Where it looks if `PYTHONPYCACHEPREFIX` is set, as it then is.
    Prefix,
}

/// What is done to the source or the file after it was made.
#[derive(Clone, Copy)]
enum Change {
    /// The source gets another time.
    Touch,
    /// The source's time is so many seconds later than the recorded one says.
    Later(u64),
    /// The source gets another text; its time stays.
    Text(&'static str),
    /// The source goes.
    NoSource,
    /// A byte of the file becomes another.
    Byte(usize, u8),
    /// The file ends after so many bytes.
    End(usize),
    /// The file loses so many bytes at its end.
    Lose(usize),
}

use Change::{Byte, End, Later, Lose, NoSource, Text, Touch};
use Place::{Beside, Cache, Prefix};

struct Scenario {
    name: &'static str,
    since: (u8, u8),
    mode: &'static str,
    place: Place,
    changes: &'static [Change],
    /// Options that python and `pyfreeze pyc` have in common.
    options: &'static [&'static str],
}

const fn scenario(name: &'static str, place: Place, changes: &'static [Change]) -> Scenario {
    Scenario { name, since: (2, 7), mode: "TIMESTAMP", place, changes, options: &[] }
}

const fn hashed(name: &'static str, mode: &'static str, changes: &'static [Change]) -> Scenario {
    Scenario { since: (3, 7), mode, ..scenario(name, Cache, changes) }
}

const fn with(scenario: Scenario, options: &'static [&'static str]) -> Scenario {
    Scenario { options, ..scenario }
}

const fn since(scenario: Scenario, major: u8, minor: u8) -> Scenario {
    Scenario { since: (major, minor), ..scenario }
}

const ALWAYS: &[&str] = &["--check-hash-based-pycs", "always"];
const NEVER: &[&str] = &["--check-hash-based-pycs", "never"];
/// A code object's first letter stands behind the header; that of its bytecode behind the counts.
const FIRST_LETTER: usize = 16;

const SCENARIOS: &[Scenario] = &[
    scenario("nothing changed", Cache, &[]),
    scenario("touched", Cache, &[Touch]),
    scenario("other text, same time and size", Cache, &[Text(OTHER)]),
    scenario("other size, same time", Cache, &[Text(LONGER)]),
    scenario("136 years later", Cache, &[Later(1 << 32)]),
    with(scenario("touched, -B", Cache, &[Touch]), &["-B"]),
    since(with(scenario("-O", Cache, &[]), &["-O"]), 3, 2),
    hashed("checked, nothing changed", "CHECKED_HASH", &[]),
    hashed("checked, touched", "CHECKED_HASH", &[Touch]),
    hashed("checked, other text", "CHECKED_HASH", &[Text(OTHER)]),
    with(hashed("checked, other text, never", "CHECKED_HASH", &[Text(OTHER)]), NEVER),
    hashed("unchecked, other text", "UNCHECKED_HASH", &[Text(OTHER)]),
    with(hashed("unchecked, other text, always", "UNCHECKED_HASH", &[Text(OTHER)]), ALWAYS),
    with(hashed("unchecked, nothing changed, always", "UNCHECKED_HASH", &[]), ALWAYS),
    scenario("beside the source", Beside, &[]),
    scenario("without source, in its place", Beside, &[NoSource]),
    scenario("orphaned", Cache, &[NoSource]),
    since(scenario("below a prefix", Prefix, &[]), 3, 8),
    since(scenario("below a prefix, touched", Prefix, &[Touch]), 3, 8),
    since(with(scenario("a prefix set", Cache, &[]), &["--pycache-prefix"]), 3, 8),
    scenario("other magic number", Cache, &[Byte(0, 0)]),
    scenario("other magic number, without source", Beside, &[NoSource, Byte(0, 0)]),
    scenario("no line break", Cache, &[Byte(2, b'\n')]),
    scenario("empty", Cache, &[End(0)]),
    scenario("empty, without source", Beside, &[NoSource, End(0)]),
    scenario("header cut off", Cache, &[End(6)]),
    scenario("header cut off, without source", Beside, &[NoSource, End(6)]),
    scenario("code cut off", Cache, &[Lose(3)]),
    scenario("code cut off, touched", Cache, &[Lose(3), Touch]),
    scenario("code cut off, without source", Beside, &[NoSource, Lose(3)]),
    since(scenario("unknown type", Cache, &[Byte(FIRST_LETTER, b'q')]), 3, 7),
    since(scenario("no code", Cache, &[Byte(FIRST_LETTER, b'N')]), 3, 7),
    since(scenario("unknown flags", Cache, &[Byte(4, 8)]), 3, 7),
    since(scenario("unknown flags, without source", Beside, &[NoSource, Byte(4, 8)]), 3, 7),
    since(scenario("the second flag alone", Cache, &[Byte(4, 2)]), 3, 7),
];

/// What happens when the module is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Import {
    Used,
    Rewritten,
    /// Neither run nor changed.
    LeftAlone,
    Fails(String),
}

struct Python {
    program: PathBuf,
    version: String,
    /// Where it keeps the cache of `mod.py`, relative.
    cache: PathBuf,
}

/// Every scenario with every Python.
pub(crate) fn verdicts(product: &Product) -> TestResult {
    let pythons = pythons(product)?;
    let mut problems = Vec::new();
    for python in &pythons {
        for scenario in SCENARIOS.iter().filter(|scenario| python.is_at_least(scenario.since)) {
            if let Err(problem) = check(product, python, scenario) {
                problems.push(format!(
                    "{} ({}): {}: {problem}",
                    python.version,
                    python.program.display(),
                    scenario.name
                ));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

impl Python {
    fn is_at_least(&self, since: (u8, u8)) -> bool {
        let version = self.version.trim_start_matches("pypy").split_once('.');
        let version = version.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        version.is_some_and(|version: (u8, u8)| version >= since)
    }
}

fn pythons(product: &Product) -> Result<Vec<Python>, String> {
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    let mut candidates = vec![product.python.clone()];
    let folders: Vec<PathBuf> = std::env::split_paths(&variable("PATH")).collect();
    candidates.extend(NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))));
    let home = PathBuf::from(variable("HOME")).join(".pyenv");
    let root = std::env::var_os("PYENV_ROOT").map_or(home, PathBuf::from);
    let versions = fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    candidates.extend(versions.map(|version| version.path().join("bin/python")));
    candidates.extend(std::env::split_paths(&variable("PYFREEZE_TEST_PYTHONS")));
    let real: BTreeSet<PathBuf> = candidates.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let workspace = Workspace::new()?;
    // pyenv's own launchers run whatever version is chosen: they are no Python of their own.
    let asked = real.into_iter().filter_map(|program| {
        let output = Run::new(&program, workspace.path()).arg("-c").arg(ASK).arg("mod.py").output();
        let mut lines = output.stdout.lines().map(str::to_owned).filter(|_| output.status == Status::Exited(0));
        Some(Python { program, version: lines.next()?, cache: lines.next()?.into() })
    });
    Ok(asked.collect())
}

fn check(product: &Product, python: &Python, scenario: &Scenario) -> Result<(), String> {
    let workspace = Workspace::with_files(&[("mod.py", SOURCE)])?;
    let source = workspace.join("mod.py");
    let prefix = workspace.join("caches");
    let cache = match scenario.place {
        // With options that make python look elsewhere, the file is where it looks without them.
        Cache => workspace.path().join(&python.cache),
        Beside => workspace.join("mod.pyc"),
        Prefix => looked_for(python, scenario, &prefix, &source)?,
    };
    fs::create_dir_all(cache.parent().unwrap_or(&cache)).map_err(|error| error.to_string())?;
    // The last nanosecond of a second, which importlib takes for the next second; 2.7 disagrees with its own py_compile there.
    let nanoseconds = if python.is_at_least((3, 0)) { 999_999_999 } else { 0 };
    let made = SystemTime::UNIX_EPOCH + Duration::new(1_600_000_000, nanoseconds);
    set_time(&source, made)?;
    let make = Run::new(&python.program, workspace.path()).arg("-c").arg(MAKE).arg(&source).arg(&cache);
    make.arg(scenario.mode).success()?;
    scenario.changes.iter().try_for_each(|change| apply(*change, &source, &cache, made))?;
    let said = ask_pyfreeze(product, python, scenario, &prefix, &cache, &workspace)?;
    let done = import(python, scenario, &prefix, &cache, &workspace)?;
    compare(&said, &done, scenario)?;
    match said["verdict"]["looked_for"].as_str().map(PathBuf::from) {
        Some(path) if path != looked_for(python, scenario, &prefix, &source)? => {
            Err(format!("python does not look for {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Where python says that it looks.
fn looked_for(python: &Python, scenario: &Scenario, prefix: &Path, source: &Path) -> Result<PathBuf, String> {
    let folder = source.parent().unwrap_or(source);
    let output = run(python, scenario, prefix, folder).arg("-c").arg(ASK).arg(source).success()?;
    Ok(PathBuf::from(output.stdout.lines().nth(1).unwrap_or_default()))
}

/// Python with the scenario's options.
fn run(python: &Python, scenario: &Scenario, prefix: &Path, folder: &Path) -> Run {
    let mut run = Run::new(&python.program, folder);
    if scenario.place == Prefix || scenario.options.contains(&"--pycache-prefix") {
        run = run.env("PYTHONPYCACHEPREFIX", prefix.display().to_string());
    }
    run.args(scenario.options.iter().copied().filter(|option| *option != "--pycache-prefix"))
}

fn ask_pyfreeze(
    product: &Product,
    python: &Python,
    scenario: &Scenario,
    prefix: &Path,
    cache: &Path,
    workspace: &Workspace,
) -> Result<Value, String> {
    let mut run = product.command(workspace.path()).arg("pyc").arg(cache).args(["--json", "--python"]);
    run = run.arg(&python.version);
    for option in scenario.options {
        run = run.arg(option);
        run = if *option == "--pycache-prefix" { run.arg(prefix) } else { run };
    }
    if scenario.place == Prefix {
        run = run.env("PYTHONPYCACHEPREFIX", prefix.display().to_string());
    }
    let output = run.success()?;
    serde_json::from_str(&output.stdout).map_err(|error| format!("{error}\n{}", output.report()))
}

/// What python does.
fn import(
    python: &Python,
    scenario: &Scenario,
    prefix: &Path,
    cache: &Path,
    workspace: &Workspace,
) -> Result<Import, String> {
    let before = fs::read(cache).map_err(|error| error.to_string())?;
    let program = run(python, scenario, prefix, workspace.path());
    let output = program.arg("-c").arg("import mod\nprint(mod.VALUE)").output();
    let is_changed = fs::read(cache).ok() != Some(before);
    match output.status {
        Status::Exited(0) if output.stdout == "kept-X\n" && !is_changed => Ok(Import::Used),
        Status::Exited(0) if is_changed => Ok(Import::Rewritten),
        Status::Exited(0) => Ok(Import::LeftAlone),
        Status::Exited(1) => Ok(Import::Fails(exception(&output))),
        _ => Err(output.report()),
    }
}

fn exception(output: &Output) -> String {
    let name = output.stderr.lines().last().and_then(|line| line.split(':').next()).unwrap_or_default();
    // What a missing module is called from 3.6 on.
    name.replace("ModuleNotFoundError", "ImportError")
}

fn compare(said: &Value, done: &Import, scenario: &Scenario) -> Result<(), String> {
    let verdict = &said["verdict"];
    let has_source = !scenario.changes.iter().any(|change| matches!(change, NoSource));
    let expected = match verdict["outcome"].as_str().unwrap_or_default() {
        "used" => Import::Used,
        "rewritten" => Import::Rewritten,
        "not-read" if !has_source => Import::Fails("ImportError".into()),
        "compiled" | "not-read" => Import::LeftAlone,
        _ => Import::Fails(verdict["error"].as_str().unwrap_or_default().into()),
    };
    let is_one_of = |expected: &str, done: &str| expected.split(" or ").any(|one| one == done);
    let is_same = match (&expected, done) {
        (Import::Fails(expected), Import::Fails(done)) => is_one_of(expected, done),
        _ => expected == *done,
    };
    if is_same { Ok(()) } else { Err(format!("python: {done:?}, pyfreeze: {verdict}")) }
}

fn apply(change: Change, source: &Path, cache: &Path, made: SystemTime) -> Result<(), String> {
    let edit = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(cache)?;
        edit(&mut bytes);
        fs::write(cache, bytes)
    };
    let done = match change {
        Touch => return set_time(source, made + Duration::from_secs(5)),
        Later(seconds) => return set_time(source, made + Duration::from_secs(seconds)),
        Text(text) => {
            fs::write(source, text).map_err(|error| error.to_string())?;
            return set_time(source, made);
        }
        NoSource => fs::remove_file(source),
        Byte(position, value) => edit(&|bytes| bytes[position] = value),
        End(size) => edit(&|bytes| bytes.truncate(size)),
        Lose(size) => edit(&|bytes| bytes.truncate(bytes.len().saturating_sub(size))),
    };
    done.map_err(|error| error.to_string())
}

fn set_time(path: &Path, time: SystemTime) -> Result<(), String> {
    let file = File::options().write(true).open(path).map_err(|error| error.to_string())?;
    file.set_modified(time).map_err(|error| error.to_string())
}
