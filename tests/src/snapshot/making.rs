//! What gets into a snapshot: modules that may not, hooks, training, and programs that can't be recorded.
//!
//! Comes in: programs whose modules do at import what ties them to a process. Goes out: whether the build names them, and
//! whether the program does as from python.

use super::{EARLY, Frozen, expect};
use crate::command::Status;
use crate::levels::Level;
use crate::packages;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Test, TestResult};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("snapshot/modules_left_out", left_out),
        Test::new("snapshot/importers_left_out", importers_left_out),
        Test::new("snapshot/extensions_left_out", extensions_left_out),
        Test::new("snapshot/fails_without_others", fails_without_others),
        Test::new("snapshot/hooks", hooks),
        Test::new("snapshot/training", training),
        Test::new("snapshot/import_hangs", |product| cannot_be_recorded(product, "import time\ntime.sleep(1000)")),
        Test::new("snapshot/import_leaves", |product| cannot_be_recorded(product, "import os\nos._exit(0)")),
        Test::new("snapshot/import_aborts", |product| cannot_be_recorded(product, "import os\nos.abort()")),
        Test::new("snapshot/import_fails", |product| cannot_be_imported(product, "raise ValueError('at build')")),
        Test::new("snapshot/import_exits", |product| cannot_be_imported(product, "import sys\nsys.exit(0)")),
        // The process number is a simulated one, which nobody has.
        Test::new("snapshot/import_kills", |product| {
            cannot_be_imported(product, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
        }),
    ]
}

/// Modules that may not be in a snapshot, by what they do when they are imported.
const TIED: [(&str, &str); 13] = [
    ("starts_thread", "import threading\nthreading.Thread(target=print, args=('thread',)).start()\nVALUE = 'started'"),
    (
        "keeps_thread",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1,), daemon=True).start()\nVALUE = 1",
    ),
    ("opens", "FILE = open('/etc/passwd')\nVALUE = FILE.readline() != ''"),
    ("reads", "VALUE = len(open('/proc/self/stat').read()) > 0"),
    ("connects", "import socket\nVALUE = socket.socket().fileno() > 2"),
    ("forks", "import os\nPID = os.fork()\nif PID == 0:\n    os._exit(0)\nVALUE = os.waitpid(PID, 0)[1]"),
    ("runs", "import subprocess\nVALUE = subprocess.check_output(['echo', 'child'])"),
    ("prints", "print('printed at import')\nVALUE = 1"),
    ("looks_around", "import os\nVALUE = len(os.environ) > 3 and 'HOME' in os.environ"),
    ("changes_environment", "import os\nos.putenv('CHANGED', 'yes')\nVALUE = os.getenv('CHANGED')"),
    ("wants_pid", "import os\nPID = os.getpid()\nVALUE = PID == int(os.readlink('/proc/self'))"),
    ("wants_time", "import time\nNOW = time.time()\nVALUE = abs(time.time() - NOW) < 60"),
    ("seeds", "import random\nrandom.seed(1)\nFIRST = random.Random(2)\nVALUE = (random.random(), FIRST.random())"),
];

fn left_out(product: &Product) -> TestResult {
    let paths: Vec<String> = TIED.iter().map(|(name, _)| format!("app/{name}.py")).collect();
    let names: Vec<&str> = TIED.iter().map(|(name, _)| *name).collect();
    let imports: String = names.iter().map(|name| format!("import {name}\n")).collect();
    let values: String = names.iter().map(|name| format!("print('{name}', {name}.VALUE, flush=True)\n")).collect();
    let main = format!("import early\n{imports}\nprint(early.BUILT)\n{values}import os\nprint(os.getenv('CHANGED'))\n");
    let mut files = vec![EARLY, ("app/__main__.py", &main)];
    files.extend(paths.iter().zip(TIED).map(|(path, (_, text))| (path.as_str(), text)));
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    let said = frozen.snapshot_list(product)?;
    let is_named = |name: &str| said.lines().any(|line| line.starts_with("at start") && line.contains(name));
    let unnamed: Vec<_> = names.iter().filter(|name| !is_named(name)).collect();
    if !unnamed.is_empty() {
        return Err(format!("not left out: {unnamed:?}\n{said}").into());
    }
    let plain = frozen.run().env("PYFREEZE_SNAPSHOT", "off").success()?.stdout;
    let restored = frozen.run().success()?.stdout;
    // The one line that may differ says whether `early` was imported at build time.
    if restored == plain.replace("False\n", "True\n") {
        return Ok(());
    }
    Err(format!("ordinary start:\n{plain}from the snapshot:\n{restored}").into())
}

/// What a library asks for when it starts is its own module's doing: grpc's asks for the time zone, by a file of the machine.
fn extensions_left_out(product: &Product) -> TestResult {
    let venv = packages::environment_with_libraries(product, "grpcio==1.85.1\n")?.display().to_string();
    let main = "import grpc\nimport early\n\nprint(early.BUILT, grpc.StatusCode.NOT_FOUND.value)\n";
    let frozen = Frozen::new(product, &[EARLY, ("app/__main__.py", main)], Level::App, &["--venv", &venv])?;
    expect(&frozen.run().output(), &["True (5, 'not found')\n"])?;
    let said = frozen.snapshot_list(product)?;
    let library = "grpc._cython.cygrpc";
    let has = |start: String| said.lines().any(|line| line.starts_with(&start));
    if has(format!("at start  {library}  opens files")) && !has(format!("imported  {library}")) {
        Ok(())
    } else {
        Err(said.into())
    }
}

/// A module that can't be imported alone stays out with the one that has to be there before it.
fn fails_without_others(product: &Product) -> TestResult {
    let files = [
        EARLY,
        ("app/first.py", "import early\nprint('first')\nimport second\n"),
        (
            "app/second.py",
            "import sys\nif 'first' not in sys.modules:\n    raise ImportError('first comes first')\nVALUE = 2\n",
        ),
        ("app/__main__.py", "import early\nimport first\nprint(early.BUILT, first.second.VALUE)\n"),
    ];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["first\nTrue 2\n"])
}

/// What imports a module that is left out is left out, too; what it imports is not.
fn importers_left_out(product: &Product) -> TestResult {
    let files = [
        EARLY,
        ("app/tied.py", "import early\nprint('tied')\n"),
        ("app/importer.py", "import pyfreeze\nimport tied\nBUILT = pyfreeze.is_building_snapshot()\n"),
        ("app/package/__init__.py", "import pyfreeze\nfrom . import inner\nBUILT = pyfreeze.is_building_snapshot()\n"),
        ("app/package/inner.py", "import importlib\nimportlib.import_module('tied')\n"),
        ("app/package/other.py", "import pyfreeze\nBUILT = pyfreeze.is_building_snapshot()\n"),
        (
            "app/__main__.py",
            "import early, importer, package, package.other\n\nprint(early.BUILT, importer.BUILT, package.BUILT, package.other.BUILT)\n",
        ),
    ];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["tied\nTrue False False False\n"])
}

fn hooks(product: &Product) -> TestResult {
    let service = "\
import pyfreeze

CALLS = ['import']


@pyfreeze.before_snapshot
def stop():
    CALLS.append('before')


@pyfreeze.after_restore
def start():
    CALLS.append('after')


@pyfreeze.after_restore
def later():
    import colorsys

    CALLS.append(colorsys.__name__)
    CALLS.append(pyfreeze.is_building_snapshot())
";
    let main = "import service\n\nprint(service.CALLS)\n";
    let files = [("app/service.py", service), ("app/__main__.py", main)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["['import', 'before', 'after', 'colorsys', False]\n"])?;
    expect(&frozen.run().env("PYFREEZE_SNAPSHOT", "off").output(), &["['import']\n"])?;
    // A module is recorded with the hooks of those that are; at level `runtime`, with none.
    let frozen = Frozen::new(product, &files, Level::Runtime, &[])?;
    expect(&frozen.run().output(), &["['import']\n"])
}

/// Modules that main imports late are in the snapshot if a trained command line leads to them.
fn training(product: &Product) -> TestResult {
    let main = "\
import sys
import early


def main():
    if '--report' in sys.argv:
        import report

        print(report.BUILT)
        with open('written-by-main', 'w') as file:
            file.write('x')
    if '--exit' in sys.argv:
        import leave

        leave.leave()
    if '--serve' in sys.argv:
        import serve

        print(serve.BUILT, flush=True)
        serve.until_it_is_told_to_end()


main()
";
    let built = "import pyfreeze\n\nBUILT = pyfreeze.is_building_snapshot()\n";
    let leave = "import os\nimport pyfreeze\n\nBUILT = pyfreeze.is_building_snapshot()\n\n\ndef leave():\n    \
                 print(BUILT, flush=True)\n    os._exit(0)\n";
    let serve = "import sys\nimport time\nimport pyfreeze\n\nBUILT = pyfreeze.is_building_snapshot()\n\n\n\
                 def until_it_is_told_to_end():\n    while '--once' not in sys.argv:\n        time.sleep(1)\n";
    let modules = [("app/report.py", built), ("app/leave.py", leave), ("app/serve.py", serve)];
    let files = [&[EARLY, ("app/__main__.py", main)], &modules[..]].concat();
    let untrained = Frozen::new(product, &files, Level::App, &[])?;
    expect(&untrained.run().arg("--report").output(), &["False\n"])?;
    // A service does not end by itself; the limit of the others' runs is none of what training takes.
    let trained = ["--report --other", "--exit", "--serve"];
    let trained = trained.iter().flat_map(|arguments| ["--snapshot-train", *arguments]);
    let options: Vec<_> = trained.chain(["--snapshot-timeout", "5"]).collect();
    let trained = Frozen::new(product, &files, Level::App, &options)?;
    if trained.workspace.join("written-by-main").exists() {
        return Err("main was trained in the folder of the build".to_owned().into());
    }
    expect(&trained.run().arg("--report").output(), &["True\n"])?;
    expect(&trained.run().arg("--exit").output(), &["True\n"])?;
    expect(&trained.run().args(["--serve", "--once"]).output(), &["True\n"])
}

/// A program with a module that does this while it is recorded, and only then.
fn difficult(text: &str) -> [(&'static str, String); 2] {
    let indented: String = text.lines().map(|line| format!("    {line}\n")).collect();
    let module = format!("import pyfreeze\n\nif pyfreeze.is_building_snapshot():\n{indented}VALUE = 'fine'\n");
    let main = "import difficult\n\nprint(difficult.VALUE)\n".to_owned();
    [("app/difficult.py", module), ("app/__main__.py", main)]
}

/// Where the whole process is lost, the build says so and gives an executable that runs, or fails if it was told to.
fn cannot_be_recorded(product: &Product, text: &str) -> TestResult {
    let files = difficult(text);
    let files = [(files[0].0, files[0].1.as_str()), (files[1].0, files[1].1.as_str())];
    let frozen = Frozen::new(product, &files, Level::App, &["--snapshot-timeout", "5"])?;
    expect(&frozen.run().output(), &["fine\n"])?;
    if !frozen.said.stderr.contains("snapshot") {
        return Err(format!("the build says nothing of it\n{}", frozen.said.report()).into());
    }
    let workspace = Workspace::with_files(&files)?;
    let strict = product.command(workspace.path()).args(["build", "app", "-o", "program", "--strict"]);
    let strict = strict.args(Level::App.options()).args(["--snapshot-timeout", "5"]).output();
    match strict.status {
        Status::Exited(0) => Err(format!("--strict accepts it\n{}", strict.report()).into()),
        _ => Ok(()),
    }
}

/// Where only the import fails, the module is left to the start.
fn cannot_be_imported(product: &Product, text: &str) -> TestResult {
    let files = difficult(text);
    let files = [(files[0].0, files[0].1.as_str()), (files[1].0, files[1].1.as_str())];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    Level::App.expect_in(&frozen.said)?;
    expect(&frozen.run().output(), &["fine\n"])?;
    let is_named = frozen.said.stdout.lines().any(|line| line.contains("at start") && line.contains("difficult"));
    if is_named { Ok(()) } else { Err(format!("the build doesn't name it\n{}", frozen.said.report()).into()) }
}
