//! Starts from a snapshot, many and at once, and starts where it can't be used.
//!
//! Comes in: a small program that says how it has started. Goes out: what it says under each limit, and after damage.
//! Where the snapshot is out of the question it must be the ordinary start, elsewhere either, and never anything else.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::process::{Child, ChildStdout};

use pyfreeze_format::snapshot_section;

use super::{EARLY, Frozen, ORDINARY, RESTORED, expect};
use crate::command::{Run, Status, end_group};
use crate::damage::find_payload;
use crate::executables::{bare_root, needs_root, tool};
use crate::levels::Level;
use crate::packages;
use crate::product::Product;
use crate::runner::{Options, Stop, Test, TestResult};

pub(super) fn tests(options: &Options) -> Vec<Test> {
    let mut tests = vec![
        Test::new("snapshot/switched_off", switched_off),
        Test::new("snapshot/changed_variable", changed_variable),
        Test::new("snapshot/changed_family_of_variables", changed_family),
        Test::new("snapshot/assigned_variable", assigned_variable),
        Test::new("snapshot/children_of_multiprocessing", children_of_multiprocessing),
        Test::new("snapshot/options_of_python", options_of_python),
        Test::new("snapshot/paths_below_home", paths_below_home),
        Test::new("snapshot/paths_of_the_executable", paths_of_the_executable),
        Test::new("snapshot/damaged_header", damaged_header),
        Test::new("snapshot/other_layout_of_memory", other_layouts),
        Test::new("snapshot/little_memory", little_memory),
        Test::new("snapshot/empty_chroot", empty_chroot),
        Test::new("snapshot/stripped", stripped),
        Test::new("snapshot/hash_randomization", hash_randomization),
    ];
    if !options.is_quick {
        tests.push(Test::new("snapshot/thousand_starts", thousand_starts));
        tests.push(Test::new("snapshot/hundred_at_once", hundred_at_once));
        tests.push(Test::new("snapshot/worker_threads@app", worker_threads));
        tests.push(Test::new("snapshot/table_of_arenas_is_full", table_of_arenas_is_full));
    }
    tests
}

fn switched_off(product: &Product) -> TestResult {
    let frozen = Frozen::sample(product)?;
    expect(&frozen.run().env("PYFREEZE_SNAPSHOT", "off").output(), &[ORDINARY])?;
    // Anything else is no such wish.
    expect(&frozen.run().env("PYFREEZE_SNAPSHOT", "").output(), &[RESTORED])?;
    let arguments = frozen.run().args(["a", "ä"]).output();
    expect(&arguments, &["restored [\"a\", \"\\u00e4\"]\n"])
}

/// What the start method spawn starts is the program once more, with another task.
fn children_of_multiprocessing(product: &Product) -> TestResult {
    const WORKER: &str = "\
import multiprocessing
import os
import random
import sys
import early


def work(number):
    name = multiprocessing.current_process().name.partition('-')[0]
    return early.BUILT, name, number, os.getppid(), sys.argv[1:], sys.path, random.random()
";
    const MAIN: &str = "\
import multiprocessing
import os
import sys
import early
import worker

if __name__ == '__main__':
    context = multiprocessing.get_context('spawn')
    with context.Pool(2) as pool:
        results = pool.map(worker.work, range(8), chunksize=1)
    expected = [(early.BUILT, 'SpawnPoolWorker', n, os.getpid(), sys.argv[1:], sys.path) for n in range(8)]
    print([result[:6] for result in results] == expected, len({result[6] for result in results}))
    failing = context.Process(target=sys.exit, args=(7,))
    failing.start()
    failing.join()
    print(failing.exitcode, 'restored' if early.BUILT else 'ordinary')
";
    let files = [("app/__main__.py", MAIN), ("app/worker.py", WORKER), EARLY];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().args(["x"]).output(), &["True 8\n7 restored\n"])?;
    expect(&frozen.run().args(["x"]).env("PYFREEZE_SNAPSHOT", "off").output(), &["True 8\n7 ordinary\n"])
}

/// Options of python's that change streams, warnings and signals hold as they do at an ordinary start.
fn options_of_python(product: &Product) -> TestResult {
    const SETTINGS: &str =
        "[tool.pyfreeze]\npython-options = ['-u', '-X', 'faulthandler', '-X', 'utf8', '-W', 'error']\n";
    const MAIN: &str = "\
import faulthandler
import os
import sys
import warnings
import early

print(sys.stdout.write_through, type(sys.stdout.buffer).__name__, sys.flags.utf8_mode, warnings.filters[0][0])
print(faulthandler.is_enabled(), 'restored' if early.BUILT else 'ordinary')
os._exit(0)
";
    let files = [("app/__main__.py", MAIN), ("app/pyproject.toml", SETTINGS), EARLY];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    Level::App.expect_in(&frozen.said)?;
    expect(&frozen.run().output(), &["True FileIO 1 error\nTrue restored\n"])?;
    expect(&frozen.run().env("PYFREEZE_SNAPSHOT", "off").output(), &["True FileIO 1 error\nTrue ordinary\n"])
}

/// The interpreter's table of arenas has room for 16, each of a megabyte, before it grows: from less than that to more, in
/// steps smaller than what is kept at hand for a start.
fn table_of_arenas_is_full(product: &Product) -> TestResult {
    for step in 0..12 {
        let filler = format!("import early\n\nKEPT = [bytes(472) for _ in range({})]\n", 21_000 + 600 * step);
        let main = "import early\nimport filler\n\nMORE = [bytes(472) for _ in range(9000)]\n\
                    print('restored' if early.BUILT else 'ordinary', {len(one) for one in filler.KEPT + MORE})\n";
        let files = [EARLY, ("app/filler.py", &filler), ("app/__main__.py", main)];
        let frozen = Frozen::new(product, &files, Level::App, &[])?;
        expect(&frozen.run().output(), &["restored {472}\n"])?;
    }
    Ok(())
}

/// OpenBLAS, recorded with one processor, uses all of them, but has no threads until there is work for them; nor does it
/// lose them in a child.
fn worker_threads(product: &Product) -> TestResult {
    const MAIN: &str = "\
import os
import numpy

def threads():
    return len(os.listdir('/proc/self/task'))

matrix = numpy.arange(360000.0).reshape(600, 600) / 360000
before = threads()
product = matrix @ matrix
print('threads', before, threads() == len(os.sched_getaffinity(0)), flush=True)
if os.fork() == 0:
    print('child', threads(), numpy.array_equal(matrix @ matrix, product), flush=True)
    print(threads() == len(os.sched_getaffinity(0)), flush=True)
    os._exit(0)
os.wait()
print(numpy.array_equal(matrix @ matrix, product), threads() == len(os.sched_getaffinity(0)))
";
    let venv = packages::environment_with_libraries(product, "numpy==2.5.5\n")?.display().to_string();
    let frozen = Frozen::new(product, &[("app/__main__.py", MAIN)], Level::App, &["--venv", &venv])?;
    Level::App.expect_in(&frozen.said)?;
    expect(&frozen.run().output(), &["threads 1 True\nchild 1 True\nTrue\nTrue True\n"])
}

/// A module has read a variable while it was recorded: that is looked at again.
fn changed_variable(product: &Product) -> TestResult {
    let reader = "import os\nimport early\n\nMODE = os.environ.get('APP_MODE', 'none')\n";
    let main = "import early\nimport reader\n\nprint('restored' if early.BUILT else 'ordinary', reader.MODE)\n";
    let files = [EARLY, ("app/reader.py", reader), ("app/__main__.py", main)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["restored none\n"])?;
    expect(&frozen.run().env("APP_MODE", "x").output(), &["ordinary x\n"])?;
    expect(&frozen.run().env("APP_MODE", "").output(), &["ordinary \n"])?;
    expect(&frozen.run().env("APP_MODES", "x").output(), &["restored none\n"])
}

/// A module has looked for variables whose names begin alike.
fn changed_family(product: &Product) -> TestResult {
    let reader = "import os\n\nOWN = {name: value for name, value in os.environ.items() if name.startswith('APP_')}\n";
    let main = "import early\nimport reader\n\nprint('restored' if early.BUILT else 'ordinary', reader.OWN)\n";
    let files = [EARLY, ("app/reader.py", reader), ("app/__main__.py", main)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["restored {}\n"])?;
    expect(&frozen.run().env("APP_MODE", "x").output(), &["ordinary {'APP_MODE': 'x'}\n"])?;
    expect(&frozen.run().env("MY_APP_MODE", "x").output(), &["restored {}\n"])
}

/// What a module has assigned to the environment while it was recorded.
fn assigned_variable(product: &Product) -> TestResult {
    let writer = "import os\nimport early\n\nos.environ['APP_MODE'] = 'set'\n";
    let main = "import os\nimport early\nimport writer\n\nprint('restored' if early.BUILT else 'ordinary', \
                os.environ['APP_MODE'], os.popen('echo $APP_MODE').read())\n";
    let files = [EARLY, ("app/writer.py", writer), ("app/__main__.py", main)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["restored set set\n\n"])?;
    expect(&frozen.run().env("APP_MODE", "x").output(), &["restored set set\n\n"])
}

/// What modules have made of HOME while they were recorded belongs to whoever starts the program; where that can't be told
/// from a plain path, the start is the ordinary one.
fn paths_below_home(product: &Product) -> TestResult {
    let settings = "import os\nfrom pathlib import Path\n\nCONFIG = Path.home() / '.config' / 'app.toml'\nFOLDER = CONFIG.parent\n\
                    CACHE = os.path.expanduser('~/cache')\nURL = f'sqlite:///{CACHE}/db?mode=ro'\n\
                    TABLE = {'log': os.environ['HOME'] + '/log'}\n";
    let main = "import os\nimport early\nfrom settings import CACHE, CONFIG, FOLDER, TABLE, URL\n\n\
                print('restored' if early.BUILT else 'ordinary', CONFIG, FOLDER, CACHE, URL, TABLE['log'])\n\
                assert CONFIG.parts[-2:] == ('.config', 'app.toml') and FOLDER == CONFIG.parent and hash(CONFIG)\n\
                assert CACHE.encode() == os.fsencode(CACHE) and CACHE in URL\n";
    let files = [EARLY, ("app/settings.py", settings), ("app/__main__.py", main)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    let expect_home = |home: &str, start: &str| {
        // As `os.path.expanduser` and `pathlib` do it.
        let cache = format!("{}/cache", home.trim_end_matches('/'));
        let folder = format!("{}/.config", home.trim_end_matches('/'));
        let values = format!("{folder}/app.toml {folder} {cache} sqlite:///{cache}/db?mode=ro {home}/log");
        expect(&frozen.run().env("HOME", home).output(), &[&format!("{start} {values}\n")])
    };
    let long = |size: usize| format!("/srv/{}", "x".repeat(size));
    for home in ["/r", "/srv/users/one", "/srv/some.one_else-2", &long(200)] {
        expect_home(home, "restored")?;
    }
    for home in ["/srv/with space", "/srv/ä", "/srv/", "/srv/%41", &long(400)] {
        expect_home(home, "ordinary")?;
    }
    for home in ["//root", "/a/../b", "/a/./b", "relative", "/"] {
        let output = frozen.run().env("HOME", home).output();
        if !output.stdout.starts_with("ordinary ") {
            return Err(format!("HOME={home}\n{}", output.report()).into());
        }
    }
    Ok(())
}

/// Where the executable lies is another matter for each copy of it.
fn paths_of_the_executable(product: &Product) -> TestResult {
    let settings = "import os\nimport sys\nimport wsgiref.handlers\nfrom pathlib import Path\n\n\
                    BASE = Path(__file__).resolve().parent\nVERSION = (BASE / 'VERSION').read_text().strip()\n\
                    PYTHON = sys.executable\nCOMMAND = f'{PYTHON} -m app'\nREAL = os.path.realpath(__file__)\n";
    let main = "import os\nimport platform\nimport sys\nimport early\nfrom settings import BASE, COMMAND, PYTHON, REAL, VERSION\n\n\
                print('restored' if early.BUILT else 'ordinary', BASE, VERSION, PYTHON, COMMAND, REAL)\n\
                assert PYTHON == sys.executable == platform.architecture.__defaults__[0] and (BASE / 'VERSION').exists()\n\
                import wsgiref.handlers\n\n\
                assert wsgiref.handlers.BaseHandler.os_environ['APP_NAME'] == os.environ['APP_NAME'] == 'x'\n";
    let files = [EARLY, ("app/settings.py", settings), ("app/__main__.py", main), ("app/VERSION", "1.5\n")];
    let options = ["--include", "platform", "--data", "app/VERSION:VERSION"];
    let frozen = Frozen::new(product, &files, Level::App, &options)?;
    for (folder, start) in [("one", "restored"), ("two words", "ordinary"), (&*"long".repeat(60), "ordinary")] {
        let folder = frozen.workspace.join(folder);
        std::fs::create_dir_all(&folder)?;
        let path = folder.canonicalize()?.join("program");
        std::fs::copy(&frozen.executable, &path)?;
        let path_text = path.display();
        let expected = format!("{start} {path_text} 1.5 {path_text} {path_text} -m app {path_text}/settings.py\n");
        expect(&Run::new(&path, frozen.workspace.path()).env("APP_NAME", "x").output(), &[&expected])?;
    }
    Ok(())
}

/// Each byte of the fixed part of the snapshot's header, changed: the ordinary start, and no complaint.
fn damaged_header(product: &Product) -> TestResult {
    const FIXED_PART: usize = 256;
    let frozen = Frozen::sample(product)?;
    let bytes = std::fs::read(&frozen.executable)?;
    let payload_start = usize::try_from(find_payload(&bytes)?.0).map_err(|error| error.to_string())?;
    let payload = &bytes[payload_start..];
    let section = snapshot_section(payload).ok_or_else(|| "there is no snapshot".to_owned())?;
    let start = payload_start + (section.as_ptr().addr() - payload.as_ptr().addr());
    for offset in (start..start + FIXED_PART.min(section.len())).filter(|offset| bytes[*offset] != 0 || offset % 4 == 0)
    {
        write_byte(&frozen, offset, bytes[offset] ^ 0x55)?;
        let output = frozen.run().output();
        write_byte(&frozen, offset, bytes[offset])?;
        expect(&output, &[ORDINARY]).map_err(|stop| Stop::Failed(format!("byte {}: {stop}", offset - start)))?;
    }
    expect(&frozen.run().output(), &[RESTORED])
}

fn write_byte(frozen: &Frozen, offset: usize, byte: u8) -> TestResult {
    // Opened for each write: a file open for writing can't be run.
    let file = std::fs::OpenOptions::new().write(true).open(&frozen.executable)?;
    Ok(file.write_all_at(&[byte], offset as u64)?)
}

/// Without randomisation, in the old order, with a stack that may grow without end.
fn other_layouts(product: &Product) -> TestResult {
    let setarch = tool("setarch")?.display().to_string();
    let frozen = Frozen::sample(product)?;
    for option in ["-R", "-L", "-RL"] {
        expect(&frozen.run().under(&setarch, &[option]).output(), &[RESTORED, ORDINARY])?;
    }
    expect(&limited(&frozen, "-s unlimited").output(), &[RESTORED, ORDINARY])
}

/// The program under a limit of the shell's.
fn limited(frozen: &Frozen, limit: &str) -> Run {
    frozen.run().under("bash", &["-c", &format!("ulimit {limit} && exec \"$0\"")])
}

fn little_memory(product: &Product) -> TestResult {
    let frozen = Frozen::sample(product)?;
    // 400 MB of addresses are enough for either start; 150 may be too few, and then python says so.
    expect(&limited(&frozen, "-v 400000").output(), &[RESTORED, ORDINARY])?;
    expect(&limited(&frozen, "-n 8").output(), &[RESTORED, ORDINARY])?;
    expect(&limited(&frozen, "-l 0").output(), &[RESTORED, ORDINARY])?;
    let output = limited(&frozen, "-v 150000").output();
    match output.status {
        Status::Signal(_) => Err(output.report().into()),
        _ => Ok(()),
    }
}

fn empty_chroot(product: &Product) -> TestResult {
    needs_root()?;
    let frozen = Frozen::sample(product)?;
    let root = bare_root(&frozen.workspace, &frozen.executable)?;
    let run = Run::new(tool("chroot")?, frozen.workspace.path()).arg(&root).arg("/app");
    expect(&run.output(), &[RESTORED, ORDINARY])
}

fn stripped(product: &Product) -> TestResult {
    let strip = tool("strip")?;
    let frozen = Frozen::sample(product)?;
    Run::new(strip, frozen.workspace.path()).arg(&frozen.executable).success()?;
    expect(&frozen.run().output(), &[RESTORED, ORDINARY])
}

/// One seed for all starts, unless another is wished for each.
fn hash_randomization(product: &Product) -> TestResult {
    let main = "import early\n\nprint('restored' if early.BUILT else 'ordinary', hash('a word'))\n";
    let files = [EARLY, ("app/__main__.py", main)];
    let hashes = |frozen: &Frozen, level: &str| -> Result<usize, Stop> {
        let mut found = BTreeSet::new();
        for _ in 0..5 {
            let output = frozen.run().success()?;
            if !output.stdout.starts_with(level) {
                return Err(format!("expected a start that is {level}\n{}", output.report()).into());
            }
            found.insert(output.stdout);
        }
        Ok(found.len())
    };
    let fixed = hashes(&Frozen::new(product, &files, Level::App, &[])?, "restored")?;
    let random = hashes(&Frozen::with_options(product, &files, &["--hash-randomization"])?, "ordinary")?;
    if (fixed, random) == (1, 5) {
        return Ok(());
    }
    Err(format!("{fixed} hashes in 5 starts from a snapshot, {random} with --hash-randomization").into())
}

/// Under the kernel's randomisation of addresses, each in another place.
fn thousand_starts(product: &Product) -> TestResult {
    let frozen = Frozen::sample(product)?;
    (0..1000).try_for_each(|_| expect(&frozen.run().output(), &[RESTORED]))
}

/// What a process has for itself when a hundred run: what they share counts once for all of them.
fn hundred_at_once(product: &Product) -> TestResult {
    let main = "import argparse, asyncio, email.message, http.client, json, logging, ssl, sqlite3, typing, unittest\nimport sys\n\n\
                print('ready', flush=True)\nsys.stdin.read()\n";
    let frozen = Frozen::new(product, &[("app/__main__.py", main)], Level::App, &[])?;
    let script = frozen.workspace.write("script.py", main)?;
    let from_snapshot = shared_size(&frozen.run(), 100)?;
    let python = shared_size(&Run::new(&product.python, frozen.workspace.path()).arg(script), 20)?;
    if from_snapshot * 2 < python {
        return Ok(());
    }
    Err(format!("{from_snapshot} KiB for each of 100 processes, {python} KiB for each of 20 of python").into())
}

/// The mean of `Pss` in KiB, with so many processes at once.
fn shared_size(run: &Run, count: usize) -> Result<u64, Stop> {
    let mut processes = Processes(Vec::new());
    for _ in 0..count {
        let mut child = run.command().spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or_else(|| "no output".to_owned())?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        processes.0.push((child, output));
        if line != "ready\n" {
            return Err(format!("it said {line:?}").into());
        }
    }
    let mut sum = 0;
    for (child, _) in &processes.0 {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
        sum += line.trim().trim_end_matches(" kB").parse::<u64>().map_err(|error| error.to_string())?;
    }
    Ok(sum / count as u64)
}

/// Running processes, ended with the value.
struct Processes(Vec<(Child, BufReader<ChildStdout>)>);

impl Drop for Processes {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(child, _)| end_group(child));
    }
}
