//! Packages whose libraries ask the machine or take randomness when they are loaded, in the snapshot all the same.
//!
//! Comes in: programs that use such packages, and a library that asks in every way. Goes out: that they are in the
//! snapshot, and that what they do from it is what they do when they are started the ordinary way.

use std::path::Path;

use super::secrets::each_start_differs;
use super::{EARLY, Frozen, expect};
use crate::command::Run;
use crate::executables::tool;
use crate::levels::Level;
use crate::libraries::compile;
use crate::packages;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Options, Stop, Test, TestResult};

pub(super) fn tests(options: &Options) -> Vec<Test> {
    let mut tests = vec![
        Test::new("snapshot/counted_processors", counted_processors),
        Test::new("snapshot/hooks_around_fork", hooks_around_fork),
        Test::new("snapshot/processor_not_asked", processor_not_asked),
        Test::new("snapshot/cryptography@app", cryptography),
    ];
    if !options.is_quick {
        tests.push(Test::new("snapshot/h5py@app", h5py));
        tests.push(Test::new("snapshot/scipy_stats@app", scipy_stats));
    }
    tests
}

/// What a library keeps of the number of processors is this machine's at every start; one that has made more of it is left
/// out.
fn counted_processors(product: &Product) -> TestResult {
    let counts = asking_for_processors(product, &[])?;
    let taskset = tool("taskset")?;
    let pinned = Run::new(taskset, counts.workspace.path()).args(["-c", "0"]).arg(&counts.executable);
    expect(&pinned.output(), &["True 0\nTrue 1\n"])?;
    let plain = counts.run().env("PYFREEZE_SNAPSHOT", "off").success()?.stdout;
    expect(&counts.run().output(), &[&plain.replace("\nFalse ", "\nTrue ")])?;
    let rooms = asking_for_processors(product, &["-DROOMS"])?;
    let plain = rooms.run().env("PYFREEZE_SNAPSHOT", "off").success()?.stdout;
    expect(&rooms.run().output(), &[&plain])
}

/// A program with a library that asks in every way, and makes room for each with that option. It says whether all numbers are
/// this machine's and this process's, for how many there is room, whether the library was loaded at build time, and what it may use.
fn asking_for_processors(product: &Product, options: &[&str]) -> Result<Frozen, Stop> {
    const ASKING: &str = "\
import ctypes
import os
import pyfreeze

BUILT = pyfreeze.is_building_snapshot()
LIBRARY = ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'native', 'libcounts.so'))
";
    const MAIN: &str = "\
import os
import counts

allowed = len(os.sched_getaffinity(0))
online, configured = os.sysconf('SC_NPROCESSORS_ONLN'), os.sysconf('SC_NPROCESSORS_CONF')
found = [counts.LIBRARY.count(which) for which in range(6)]
print(found == [online, configured, online, allowed, allowed, online] or found, counts.LIBRARY.room_count())
assert [counts.LIBRARY.number(which) for which in range(2)] == [os.getpid()] * 2
print(counts.BUILT, allowed)
";
    let workspace =
        Workspace::with_files(&[("app/__main__.py", MAIN), ("app/counts.py", ASKING), ("app/native/about.txt", "")])?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries");
    compile("cc", &sources, &workspace.join("app/native"), ("libcounts.so", "counts.c", options))?;
    Frozen::of(product, workspace, &Level::App.options())
}

/// Each start is a child of the recorded process: what was to be done before the fork has been done, too.
fn hooks_around_fork(product: &Product) -> TestResult {
    const LOCKED: &str = "\
import os
import threading
import early

CALLS = []
LOCK = threading.RLock()


def take():
    CALLS.append('take')
    LOCK.acquire()


def give():
    CALLS.append('give')
    LOCK.release()


os.register_at_fork(before=lambda: CALLS.append('last'))
os.register_at_fork(before=take, after_in_parent=give, after_in_child=give)
";
    const MAIN: &str = "\
import early
import locked

print(early.BUILT, locked.CALLS, locked.LOCK.acquire(blocking=False))
";
    let files = [EARLY, ("app/locked.py", LOCKED), ("app/__main__.py", MAIN)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["True ['take', 'last', 'give'] True\n"])?;
    expect(&frozen.run().env("PYFREEZE_SNAPSHOT", "off").output(), &["False [] True\n"])
}

/// Who asks for the kind of machine starts no program for the processor's name; who keeps that is left out.
fn processor_not_asked(product: &Product) -> TestResult {
    let kind = "import platform\nimport early\n\nIS_ODD = platform.uname()[4] == 'ppc64le'\n";
    let name = "import platform\n\nNAME = platform.processor()\n";
    let main = "import platform\nimport early\nimport kind\nimport name\n\n\
                print(early.BUILT, kind.IS_ODD, name.NAME == platform.processor(), platform.uname()[4] == platform.machine())\n\
                print(platform._Processor.from_subprocess.__module__, platform.__loader__ is platform.__spec__.loader)\n";
    let files = [EARLY, ("app/kind.py", kind), ("app/name.py", name), ("app/__main__.py", main)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    expect(&frozen.run().output(), &["True False True True\nplatform True\n"])?;
    let said = frozen.snapshot_list(product)?;
    let has = |line: &str| said.lines().any(|said| said == line);
    if has("imported  kind") && !has("imported  name") { Ok(()) } else { Err(said.into()) }
}

/// Freezes a program with packages; `module` must be in its snapshot.
fn with_packages(product: &Product, main: &str, requirements: &str, module: &str) -> Result<Frozen, Stop> {
    let venv = packages::environment_with_libraries(product, requirements)?.display().to_string();
    let frozen = Frozen::new(product, &[EARLY, ("app/__main__.py", main)], Level::App, &["--venv", &venv])?;
    let said = frozen.snapshot_list(product)?;
    let wanted = format!("imported  {module}");
    if said.lines().any(|line| line == wanted) { Ok(frozen) } else { Err(said.into()) }
}

/// From the snapshot a program says that it is, and else what it says at an ordinary start.
fn expect_alike(frozen: &Frozen) -> TestResult {
    let plain = frozen.run().env("PYFREEZE_SNAPSHOT", "off").success()?.stdout;
    let Some(rest) = plain.strip_prefix("False\n") else { return Err(plain.into()) };
    (0..3).try_for_each(|_| expect(&frozen.run().output(), &[&format!("True\n{rest}")]))
}

/// Its library asks for the processors; its OpenSSL is its own, with generators that nobody may share.
fn cryptography(product: &Product) -> TestResult {
    const MAIN: &str = "\
import os
import sys
import early
from concurrent.futures import ThreadPoolExecutor
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

if sys.argv[1:] == ['draw']:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    print('pid', os.getpid(), sep='=')
    print('rsa', early.BUILT and key.private_numbers().p, sep='=')
    print('ec', ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value, sep='=')
    print('x25519', x25519.X25519PrivateKey.generate().private_bytes_raw().hex(), sep='=')
    print('fernet', Fernet.generate_key().hex(), sep='=')
    print('aes', AESGCM.generate_key(128).hex(), sep='=')
    sys.exit()


def digest(number):
    hash = hashes.Hash(hashes.SHA512())
    for _ in range(50):
        hash.update(bytes([number]) * 10_000)
    return hash.finalize().hex()[:16]


def derive(lanes):
    return Argon2id(salt=b's' * 16, length=16, iterations=1, lanes=lanes, memory_cost=256).derive(b'secret').hex()


print(early.BUILT)
with ThreadPoolExecutor(4) as pool:
    print(list(pool.map(digest, range(8))))
print([derive(lanes) for lanes in [1, 2, 4, 8]])
box = AESGCM(b'k' * 16)
sealed = box.encrypt(b'n' * 12, b'text', b'more')
print(sealed.hex(), box.decrypt(b'n' * 12, sealed, b'more'))
try:
    box.decrypt(b'n' * 12, sealed, b'less')
except InvalidTag as error:
    print(repr(error))
";
    let requirements = "cffi==2.1.1\ncryptography==50.0.2\npycparser==3.12\n";
    let frozen = with_packages(product, MAIN, requirements, "cryptography.hazmat.bindings._rust")?;
    expect_alike(&frozen)?;
    each_start_differs(&frozen, &["draw"])
}

/// HDF5 has locks, which are held while the process is recorded as while it forks.
fn h5py(product: &Product) -> TestResult {
    const MAIN: &str = "\
import io
import os
import threading
import early
import h5py
import numpy

print(early.BUILT)
memory = io.BytesIO()
with h5py.File(memory, 'w') as file:
    file.create_dataset('grid', data=numpy.arange(1000).reshape(10, 100), chunks=(5, 50), compression='gzip')
    file['grid'].attrs['unit'] = 'kelvin'
    file['names'] = ['a', 'ä']
found = []


def read(row):
    with h5py.File(memory, 'r') as file:
        found.append((row, int(file['grid'][row].sum()), file['grid'].attrs['unit'], file['names'].asstr()[1]))


threads = [threading.Thread(target=read, args=(row,)) for row in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(found), flush=True)
if os.fork() == 0:
    read(9)
    print(found[-1], flush=True)
    os._exit(0)
os.wait()
try:
    h5py.File(io.BytesIO(b'none'), 'r')
except OSError as error:
    print(error)
";
    expect_alike(&with_packages(product, MAIN, "h5py==3.16.0\nnumpy==2.5.5\n", "h5py.h5t")?)
}

/// It makes its docstrings with random numbers, and asks for the processors by Python.
fn scipy_stats(product: &Product) -> TestResult {
    const MAIN: &str = "\
import sys
import early
import os
import numpy
from scipy import fft, ndimage, stats

if sys.argv[1:] == ['draw']:
    print('pid', os.getpid(), sep='=')
    print('old', early.BUILT and stats.norm.rvs(), sep='=')
    print('new', stats.Normal().sample(), sep='=')
    print('generator', numpy.random.default_rng().random(), sep='=')
    sys.exit()
print(early.BUILT)
sample = numpy.linspace(-1, 2, 50) ** 3
print(stats.ttest_1samp(sample, 0.5), stats.kstest(sample, 'norm').pvalue, stats.Normal(mu=1.0, sigma=2.0).cdf(1.5))
print(stats.gamma.fit(abs(sample) + 0.1)[0], stats.spearmanr(sample, sample[::-1]).statistic)
print(stats.norm.rvs(size=2, random_state=7), '# may vary' in stats.Normal.__doc__)
print(ndimage.label(sample.reshape(5, 10) > 0)[1])
print(numpy.allclose(fft.ifft(fft.fft(sample, workers=-os.cpu_count())), sample))
try:
    fft.fft(sample, workers=-os.cpu_count() - 1)
except ValueError as error:
    print(error)
";
    let frozen = with_packages(product, MAIN, "numpy==2.5.5\nscipy==1.18.1\n", "scipy.stats")?;
    expect_alike(&frozen)?;
    each_start_differs(&frozen, &["draw"])
}
