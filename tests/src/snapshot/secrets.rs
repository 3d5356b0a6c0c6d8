//! Nothing random and nothing of the build machine ships.
//!
//! Comes in: programs that draw numbers in every way, run by processes of the same number; executables built in an
//! environment of known words. Goes out: the values that repeat, the words that were found.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::{EARLY, Frozen};
use crate::executables::tool;
use crate::levels::Level;
use crate::packages;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Options, Skip, Stop, Test, TestResult};

pub(super) fn tests(options: &Options) -> Vec<Test> {
    let mut tests = Vec::new();
    for level in [Level::Runtime, Level::App, Level::Static] {
        let suffix = level.suffix();
        tests.push(Test::new(format!("snapshot/entropy_under_one_pid{suffix}"), move |product| {
            let frozen = Frozen::new(product, &[DRAWS, SOURCES, DRAWN, EARLY], level, &[])?;
            level.expect_in(&frozen.said)?;
            each_start_differs(&frozen, &[])
        }));
        tests.push(Test::new(format!("snapshot/ships_nothing_of_the_build{suffix}"), move |product| {
            ships_nothing(product, level)
        }));
    }
    for level in [Level::App, Level::Static] {
        let name = format!("snapshot/entropy_of_openssl_under_one_pid{}", level.suffix());
        tests.push(Test::new(name, move |product| openssl(product, level)));
    }
    tests.push(Test::new("snapshot/random_texts", random_texts));
    if !options.is_quick {
        tests.push(Test::new("snapshot/entropy_of_numpy_under_one_pid@app", numpy));
    }
    tests
}

/// How often the program is started: so many values of each kind must differ.
const START_COUNT: usize = 20;

/// Generators that are made, not used, when the program's modules are imported.
const SOURCES: (&str, &str) = (
    "app/sources.py",
    "\
import random
import ssl


class Own(random.Random):
    pass


MADE = random.Random()
OWN = Own()
SYSTEM = random.SystemRandom()
CONTEXT = ssl.create_default_context()
",
);

/// Numbers that are drawn when a module is imported: it may not be in the snapshot.
const DRAWN: (&str, &str) = (
    "app/drawn.py",
    "\
import os
import random
import secrets
import ssl
import tempfile
import time
import uuid

NUMBERS = {
    'drawn random': random.random(),
    'drawn urandom': os.urandom(8).hex(),
    'drawn token': secrets.token_hex(),
    'drawn ssl': ssl.RAND_bytes(8).hex(),
    'drawn name': next(tempfile._get_candidate_names()),
    'drawn uuid4': uuid.uuid4(),
    'drawn uuid1': uuid.uuid1(),
    'drawn time': time.time_ns(),
}
",
);

const DRAWS: (&str, &str) = (
    "app/__main__.py",
    "\
import email.utils
import multiprocessing
import os
import random
import secrets
import ssl
import sys
import tempfile
import uuid
from random import choice, random as bound

import sources
import drawn


def hello(context):
    # The first message of TLS has random numbers and a key of OpenSSL's making.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname='host').do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read().hex()


values = {
    'random': random.random(),
    'bound': bound(),
    'choice': choice(range(10**12)),
    'made': sources.MADE.random(),
    'own': sources.OWN.random(),
    'system': sources.SYSTEM.random(),
    'new': random.Random().random(),
    'urandom': os.urandom(8).hex(),
    'getrandom': os.getrandom(8).hex(),
    'token': secrets.token_hex(),
    'below': secrets.randbelow(10**12),
    'uuid4': uuid.uuid4(),
    'uuid1': uuid.uuid1(),
    'uuid1 of a node': uuid.uuid1(node=1),
    'ssl': ssl.RAND_bytes(16).hex(),
    'hello': hello(sources.CONTEXT),
    'hello of a new context': hello(ssl.create_default_context()),
    'temporary name': next(tempfile._get_candidate_names()),
    'authkey': bytes(multiprocessing.current_process().authkey).hex(),
    'message': email.utils.make_msgid(domain='d'),
    **drawn.NUMBERS,
}
print('pid', os.getpid(), sep='=')
for name, value in values.items():
    print(name, value, sep='=')
",
);

/// Texts with random UUIDs may be in a snapshot, and each process has others: not so where another text has the same, or
/// a table has it for a key.
fn random_texts(product: &Product) -> TestResult {
    const KEYS: &str = "\
import uuid
import pyfreeze

BUILT = pyfreeze.is_building_snapshot()
KEY = f'key-{uuid.uuid4()}-{uuid.uuid4()}'
FIXED = '2f1d5fd6-9d2e-4cb6-8a3d-3c4a2b9f7a10'
";
    const TABLE: &str = "\
import uuid
import pyfreeze

BUILT = pyfreeze.is_building_snapshot()
KEY = str(uuid.uuid4())
TABLE = {KEY: 1}
";
    const TWICE: &str = "\
import uuid
import pyfreeze

BUILT = pyfreeze.is_building_snapshot()
FIRST = str(uuid.uuid4())
SECOND = f'also {FIRST}'
";
    const MAIN: &str = "\
import keys
import table
import twice

print(keys.BUILT, table.BUILT, twice.BUILT, keys.FIXED)
print(table.TABLE[table.KEY], twice.SECOND == f'also {twice.FIRST}', table.KEY, twice.FIRST, keys.KEY)
";
    let files = [("app/__main__.py", MAIN), ("app/keys.py", KEYS), ("app/table.py", TABLE), ("app/twice.py", TWICE)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    let mut seen = BTreeSet::new();
    for _ in 0..START_COUNT {
        let output = frozen.run().output();
        let wanted = "True False False 2f1d5fd6-9d2e-4cb6-8a3d-3c4a2b9f7a10\n1 True ";
        let Some(keys) = output.stdout.strip_prefix(wanted) else { return Err(output.report().into()) };
        let uuids: Vec<_> =
            keys.split_whitespace().flat_map(|key| key.trim_start_matches("key-").split_at_checked(36)).collect();
        for uuid in uuids
            .iter()
            .flat_map(|(first, rest)| [*first, rest.trim_start_matches('-')])
            .filter(|uuid| !uuid.is_empty())
        {
            let is_new = uuid.len() == 36 && seen.insert(uuid.to_owned());
            if !is_new {
                return Err(format!("`{uuid}` is not a new one\n{}", output.report()).into());
            }
        }
    }
    if seen.len() == 4 * START_COUNT { Ok(()) } else { Err(format!("{} values: {seen:?}", seen.len()).into()) }
}

/// Starts the program in new spaces of process numbers, where it is always number 1, as in containers. OpenSSL's
/// generators and many others seed themselves anew when they find another number, and only then.
pub(super) fn each_start_differs(frozen: &Frozen, arguments: &[&str]) -> TestResult {
    let unshare = tool("unshare")?;
    let options = new_number_space(&unshare)?;
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..START_COUNT {
        let run = frozen.run().args(arguments.iter().copied()).under(&unshare.display().to_string(), options);
        for line in run.success()?.stdout.lines() {
            let (name, value) = line.split_once('=').ok_or_else(|| format!("no value: {line}"))?;
            values.entry(name.to_owned()).or_default().insert(value.to_owned());
        }
    }
    let numbers = values.remove("pid").unwrap_or_default();
    if numbers.into_iter().collect::<Vec<_>>() != ["1"] {
        return Err("the process number is not 1 in each start".to_owned().into());
    }
    let repeated: Vec<_> = values.iter().filter(|(_, found)| found.len() < START_COUNT).collect();
    if values.is_empty() || !repeated.is_empty() {
        return Err(format!("of {} kinds, these repeat in {START_COUNT} starts: {repeated:#?}", values.len()).into());
    }
    Ok(())
}

/// OpenSSL's generators have given numbers while recording, to a module that its author vouches for.
fn openssl(product: &Product, level: Level) -> TestResult {
    const SETTINGS: &str = "[tool.pyfreeze.snapshot]\ninclude = ['used']\n";
    const USED: &str = "\
import ssl
import pyfreeze

BUILT = pyfreeze.is_building_snapshot()
COUNT = len(ssl.RAND_bytes(16)) + len(ssl.create_default_context().get_ciphers())
";
    const MAIN: &str = "\
import os
import ssl
import used

assert used.BUILT and used.COUNT > 16
print('pid', os.getpid(), sep='=')
print('public', ssl.RAND_bytes(16).hex(), sep='=')
print('again', ssl.RAND_bytes(16).hex(), sep='=')
";
    let files = [("app/__main__.py", MAIN), ("app/used.py", USED), ("app/pyproject.toml", SETTINGS)];
    let frozen = Frozen::new(product, &files, level, &[])?;
    level.expect_in(&frozen.said)?;
    each_start_differs(&frozen, &[])
}

/// The options with which `unshare` can do that here.
fn new_number_space(unshare: &std::path::Path) -> Result<&'static [&'static str], Stop> {
    const AS_ROOT: &[&str] = &["--pid", "--fork"];
    const AS_USER: &[&str] = &["--user", "--map-root-user", "--pid", "--fork"];
    for options in [AS_ROOT, AS_USER] {
        if Command::new(unshare).args(options).arg("true").output()?.status.success() {
            return Ok(options);
        }
    }
    Err(Stop::Skipped(Skip::Impossible("no new space of process numbers can be had".to_owned())))
}

fn numpy(product: &Product) -> TestResult {
    let sources = "\
import numpy
from numpy.random import default_rng, rand

STATE = numpy.random.RandomState()
";
    let main = "\
import os
import numpy
import made

values = {
    'global': numpy.random.rand(),
    'bound': made.rand(),
    'state': made.STATE.rand(),
    'new state': numpy.random.RandomState().rand(),
    'new': made.default_rng().random(),
    'sequence': numpy.random.SeedSequence().entropy,
}
print('pid', os.getpid(), sep='=')
for name, value in values.items():
    print(name, value, sep='=')
";
    let venv = packages::environment_with_libraries(product, "numpy==2.5.5\n")?.display().to_string();
    let files = [("app/__main__.py", main), ("app/made.py", sources)];
    let frozen = Frozen::new(product, &files, Level::App, &["--venv", &venv])?;
    Level::App.expect_in(&frozen.said)?;
    each_start_differs(&frozen, &[])
}

/// A program that is interested in its surroundings, at import and later.
const CURIOUS: [(&str, &str); 3] = [
    (
        "app/__main__.py",
        "import getpass\nimport logging\nimport multiprocessing\nimport os\nimport platform\nimport socket\nimport ssl\nimport sysconfig\nimport tempfile\nimport \
         uuid\nimport greedy\nimport modest\n\nprint(modest.WORD, len(greedy.ALL) > 0)\n",
    ),
    (
        "app/greedy.py",
        "import os\nimport platform\nimport sys\n\nALL = dict(os.environ)\nHOME = os.path.expanduser('~')\nNODE = platform.node()\nHERE = os.getcwd()\n\
         PROGRAM = sys.executable\n",
    ),
    ("app/modest.py", "WORD = 'planted-in-the-program'\n"),
];

/// Builds in an environment of known words, and looks for them in the executable.
fn ships_nothing(product: &Product, level: Level) -> TestResult {
    let workspace = Workspace::with_files(&CURIOUS)?;
    let home = workspace.join("home-of-q7zvk3xw");
    std::fs::create_dir_all(&home)?;
    let known = [
        ("USER", "user-q7zvk3xw".to_owned()),
        ("LOGNAME", "logname-q7zvk3xw".to_owned()),
        ("HOSTNAME", "hostname-q7zvk3xw".to_owned()),
        ("HOME", home.display().to_string()),
        ("API_TOKEN", "token-q7zvk3xw-0123456789".to_owned()),
        ("PYFREEZE_TEST_Q7ZVK3XW", "1".to_owned()),
    ];
    let mut run = product.command(workspace.path()).args(["build", "app", "-o", "program"]).args(level.options());
    for (name, value) in &known {
        run = run.env(*name, value.clone());
    }
    level.expect_in(&run.success()?)?;
    let bytes = std::fs::read(workspace.join("program"))?;
    // The control: what is in the program's memory is found by this search.
    if !contains(&bytes, "planted-in-the-program") {
        return Err("a word of the program itself was not found".to_owned().into());
    }
    let places = [workspace.path().display().to_string(), product.cache.display().to_string()];
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned();
    // A short name is a word of its own, and is everywhere.
    let host = Some(host).filter(|host| host.len() >= 8 && !host.starts_with("localhost"));
    let words = ["q7zvk3xw", "Q7ZVK3XW"].map(str::to_owned).into_iter().chain(places).chain(host);
    let found: Vec<String> = words.filter(|word| contains(&bytes, word)).collect();
    if found.is_empty() { Ok(()) } else { Err(format!("the executable contains {found:?}").into()) }
}

/// As UTF-8, or as the wide characters in which the interpreter keeps its configuration.
fn contains(bytes: &[u8], word: &str) -> bool {
    let wide: Vec<u8> = word.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
    [word.as_bytes(), &wide].into_iter().any(|wanted| bytes.windows(wanted.len()).any(|window| window == wanted))
}
