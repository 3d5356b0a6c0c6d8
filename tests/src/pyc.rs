//! `pyfreeze pyc`: pages, tables and messages, and whether they are true.
//!
//! Comes in: `.pyc` files made here. Goes out: inline snapshots, and comparisons with interpreters.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::command::Run;
use crate::normalize::Normalizer;
use crate::product::Product;
use crate::project::Workspace;
use crate::pyc_pythons;
use crate::runner::{Test, TestResult};

/// A test as a function.
type Body = fn(&Product) -> TestResult;

/// All tests of `pyfreeze pyc`.
#[must_use]
pub fn tests() -> Vec<Test> {
    let tests: &[(&str, Body)] = &[
        ("page", page),
        ("page_of_a_hashed_file", page_of_a_hashed_file),
        ("page_of_a_damaged_file", page_of_a_damaged_file),
        ("table", table),
        ("caches_of_a_source", caches_of_a_source),
        ("messages", messages),
        ("json", json),
        ("library_is_fresh", library_is_fresh),
        ("damaged_as_python_finds_it", damaged_as_python_finds_it),
        ("verdicts_are_python_s", pyc_pythons::verdicts),
    ];
    tests.iter().map(|(name, body)| Test::new(format!("pyc/{name}"), *body)).collect()
}

/// 2020-09-13 12:26:40 UTC.
const MADE: Duration = Duration::from_secs(1_600_000_000);

const COMPILE: &str = "\
import py_compile, sys
for mode in sys.argv[2:]:
    py_compile.compile(sys.argv[1], invalidation_mode=getattr(py_compile.PycInvalidationMode, mode), doraise=True)
";

/// A folder with a module `pkg/shop.py` and its cache.
fn compiled(product: &Product, mode: &str) -> Result<Workspace, String> {
    let workspace = Workspace::with_files(&[("pkg/shop.py", "def price(name):\n    return len(name)\n")])?;
    set_time(&workspace, "pkg/shop.py", MADE)?;
    let compile = Run::new(&product.python, workspace.path()).args(["-c", COMPILE, "pkg/shop.py", mode]);
    compile.success()?;
    Ok(workspace)
}

fn set_time(workspace: &Workspace, name: &str, since_1970: Duration) -> Result<(), String> {
    let file = File::options().write(true).open(workspace.join(name)).map_err(|error| error.to_string())?;
    file.set_modified(SystemTime::UNIX_EPOCH + since_1970).map_err(|error| error.to_string())
}

const CACHE: &str = "pkg/__pycache__/shop.cpython-313.pyc";

fn said(product: &Product, workspace: &Workspace, arguments: &[&str]) -> String {
    let output = product.command(workspace.path()).arg("pyc").args(arguments.iter().copied()).output();
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let text = normalizer.apply(&format!("{}{}", output.stderr, output.stdout));
    format!("{:?}\n{text}", output.status)
}

fn page(product: &Product) -> TestResult {
    let workspace = compiled(product, "TIMESTAMP")?;
    insta::assert_snapshot!(said(product, &workspace, &[CACHE]), @r"
    Exited(0)
    pkg/__pycache__/shop.cpython-313.pyc
      fresh: python3.13 runs it, because the time and the size in it are the source's

      written by   CPython 3.13, magic number 3571
      checked by   the source's time and size (flags 0)
      recorded     2020-09-13 12:26:40 UTC, 38 bytes
      source       pkg/shop.py: 2020-09-13 12:26:40 UTC, 38 bytes
      name         module `shop`, for python3.13, not optimized
      code         222 B: 2 code objects with 34 B of bytecode
      compiled as  pkg/shop.py

      if it were run with
      -B                           the same
      -O                           python3.13 looks for pkg/__pycache__/shop.cpython-313.opt-1.pyc instead
      PYTHONPYCACHEPREFIX=/caches  python3.13 looks for /caches<folder>/pkg/shop.cpython-313.pyc instead
    ");
    set_time(&workspace, "pkg/shop.py", MADE + Duration::from_secs(60))?;
    insta::assert_snapshot!(said(product, &workspace, &[CACHE, "-B"]), @r"
    Exited(0)
    pkg/__pycache__/shop.cpython-313.pyc
      stale: python3.13 compiles the source again, every time, because the source is of 2020-09-13 12:27:40 UTC, and it was made of one of 2020-09-13 12:26:40 UTC

      written by   CPython 3.13, magic number 3571
      checked by   the source's time and size (flags 0)
      recorded     2020-09-13 12:26:40 UTC, 38 bytes
      source       pkg/shop.py: 2020-09-13 12:27:40 UTC, 38 bytes
      name         module `shop`, for python3.13, not optimized
      code         222 B: 2 code objects with 34 B of bytecode
      compiled as  pkg/shop.py

      if it were run with
      -B                           the same
      -O                           python3.13 looks for pkg/__pycache__/shop.cpython-313.opt-1.pyc instead
      PYTHONPYCACHEPREFIX=/caches  python3.13 looks for /caches<folder>/pkg/shop.cpython-313.pyc instead
    ");
    Ok(())
}

fn page_of_a_hashed_file(product: &Product) -> TestResult {
    let workspace = compiled(product, "UNCHECKED_HASH")?;
    workspace.write("pkg/shop.py", "def price(name):\n    return 2 * len(name)\n")?;
    set_time(&workspace, "pkg/shop.py", MADE)?;
    insta::assert_snapshot!(said(product, &workspace, &[CACHE]), @r"
    Exited(0)
    pkg/__pycache__/shop.cpython-313.pyc
      stale: python3.13 runs it all the same, because it is not compared with the source, which has changed

      written by   CPython 3.13, magic number 3571
      checked by   nothing: it holds the source's hash, and asks not to be checked (flags 1)
      recorded     c8eb85a22d5d07ba
      source       pkg/shop.py: 2020-09-13 12:26:40 UTC, 42 bytes, another hash
      name         module `shop`, for python3.13, not optimized
      code         222 B: 2 code objects with 34 B of bytecode
      compiled as  pkg/shop.py

      if it were run with
      -B                              the same
      --check-hash-based-pycs always  python3.13 compiles the source again and overwrites it, because the source's hash is another
      --check-hash-based-pycs never   the same
      -O                              python3.13 looks for pkg/__pycache__/shop.cpython-313.opt-1.pyc instead
      PYTHONPYCACHEPREFIX=/caches     python3.13 looks for /caches<folder>/pkg/shop.cpython-313.pyc instead
    ");
    Ok(())
}

fn page_of_a_damaged_file(product: &Product) -> TestResult {
    let workspace = compiled(product, "TIMESTAMP")?;
    let whole = fs::read(workspace.join(CACHE))?;
    workspace.write(CACHE, &whole[..100])?;
    insta::assert_snapshot!(said(product, &workspace, &[CACHE]), @r"
    Exited(0)
    pkg/__pycache__/shop.cpython-313.pyc
      damaged: importing it with python3.13 fails with EOFError, because its code is cut off, and only the header is checked before it is loaded; delete it, and python writes a new one

      written by   CPython 3.13, magic number 3571
      checked by   the source's time and size (flags 0)
      recorded     2020-09-13 12:26:40 UTC, 38 bytes
      source       pkg/shop.py: 2020-09-13 12:26:40 UTC, 38 bytes
      name         module `shop`, for python3.13, not optimized
      code         84 B: its code is cut off

      if it were run with
      -B                           the same
      -O                           python3.13 looks for pkg/__pycache__/shop.cpython-313.opt-1.pyc instead
      PYTHONPYCACHEPREFIX=/caches  python3.13 looks for /caches<folder>/pkg/shop.cpython-313.pyc instead
    ");
    workspace.write(CACHE, &whole[..10])?;
    insta::assert_snapshot!(said(product, &workspace, &[CACHE]), @r"
    Exited(0)
    pkg/__pycache__/shop.cpython-313.pyc
      damaged: python3.13 compiles the source again and overwrites it, because it is cut off within its header, after 10 bytes

      source       pkg/shop.py: 2020-09-13 12:26:40 UTC, 38 bytes
      name         module `shop`, for python3.13, not optimized

      if it were run with
      -B                           python3.13 compiles the source again, every time
      -O                           python3.13 looks for pkg/__pycache__/shop.cpython-313.opt-1.pyc instead
      PYTHONPYCACHEPREFIX=/caches  python3.13 looks for /caches<folder>/pkg/shop.cpython-313.pyc instead
    ");
    // As it comes out of a copy in text mode.
    workspace.write(CACHE, [&whole[..2], &whole[3..]].concat())?;
    insta::assert_snapshot!(said(product, &workspace, &[CACHE]), @r"
    Exited(0)
    pkg/__pycache__/shop.cpython-313.pyc
      damaged: python3.13 compiles the source again and overwrites it, because it doesn't begin with a magic number

      source       pkg/shop.py: 2020-09-13 12:26:40 UTC, 38 bytes
      name         module `shop`, for python3.13, not optimized

      if it were run with
      -B                           python3.13 compiles the source again, every time
      -O                           python3.13 looks for pkg/__pycache__/shop.cpython-313.opt-1.pyc instead
      PYTHONPYCACHEPREFIX=/caches  python3.13 looks for /caches<folder>/pkg/shop.cpython-313.pyc instead
    ");
    Ok(())
}

/// A folder with a file in every state.
fn every_state(product: &Product) -> Result<Workspace, String> {
    let workspace = compiled(product, "TIMESTAMP")?;
    let cache = fs::read(workspace.join(CACHE)).map_err(|error| error.to_string())?;
    for name in ["gone", "cut", "later", "other", "strange"] {
        workspace.write(&format!("pkg/{name}.py"), fs::read(workspace.join("pkg/shop.py")).unwrap_or_default())?;
        set_time(&workspace, &format!("pkg/{name}.py"), MADE)?;
        workspace.write(&format!("pkg/__pycache__/{name}.cpython-313.pyc"), &cache)?;
    }
    fs::remove_file(workspace.join("pkg/gone.py")).map_err(|error| error.to_string())?;
    workspace.write("pkg/__pycache__/cut.cpython-313.pyc", &cache[..50])?;
    set_time(&workspace, "pkg/later.py", MADE + Duration::from_secs(1))?;
    let numbered = |number: u16| [&number.to_le_bytes()[..], &cache[2..]].concat();
    workspace.write("pkg/__pycache__/other.cpython-313.pyc", numbered(3531))?;
    workspace.write("pkg/__pycache__/strange.cpython-313.pyc", numbered(1))?;
    workspace.write("pkg/shop.pyc", &cache)?;
    workspace.write("pkg/sourceless.pyc", &cache)?;
    Ok(workspace)
}

fn table(product: &Product) -> TestResult {
    let workspace = every_state(product)?;
    insta::assert_snapshot!(said(product, &workspace, &["."]), @r"
    Exited(0)
    written by    files  fresh  stale  orphaned  wrong version  damaged  ignored    size
    CPython 3.12      1      -      -         -              1        -        -   238 B
    CPython 3.13      6      2      1         1              -        1        1  1.2 kB
    unknown           1      -      -         -              1        -        -   238 B
    total             8      2      1         1              2        1        1  1.7 kB

    damaged        pkg/__pycache__/cut.cpython-313.pyc
                   its code is cut off, and only the header is checked before it is loaded; delete it, and python writes a new one
    orphaned       pkg/__pycache__/gone.cpython-313.pyc
                   its source is gone (pkg/gone.py), and a file in `__pycache__` alone is no module
    stale          pkg/__pycache__/later.cpython-313.pyc
                   the source is of 2020-09-13 12:26:41 UTC, and it was made of one of 2020-09-13 12:26:40 UTC
    wrong version  pkg/__pycache__/other.cpython-313.pyc
                   its magic number 3531 is CPython 3.12's
    wrong version  pkg/__pycache__/strange.cpython-313.pyc
                   its magic number 1 is no known version's
    ignored        pkg/shop.pyc
                   it lies beside its source, whose cache is pkg/__pycache__/shop.cpython-313.pyc
    ");
    insta::assert_snapshot!(said(product, &workspace, &[".", "--python", "3.12"]), @r"
    Exited(0)
    written by    files  wrong version  ignored    size
    CPython 3.12      1              -        1   238 B
    CPython 3.13      6              1        5  1.2 kB
    unknown           1              -        1   238 B
    total             8              1        7  1.7 kB

    ignored        pkg/__pycache__/cut.cpython-313.pyc
                   looked for is pkg/__pycache__/cut.cpython-312.pyc
    ignored        pkg/__pycache__/gone.cpython-313.pyc
                   looked for is pkg/__pycache__/gone.cpython-312.pyc
    ignored        pkg/__pycache__/later.cpython-313.pyc
                   looked for is pkg/__pycache__/later.cpython-312.pyc
    ignored        pkg/__pycache__/other.cpython-313.pyc
                   looked for is pkg/__pycache__/other.cpython-312.pyc
    ignored        pkg/__pycache__/shop.cpython-313.pyc
                   looked for is pkg/__pycache__/shop.cpython-312.pyc
    ignored        pkg/__pycache__/strange.cpython-313.pyc
                   looked for is pkg/__pycache__/strange.cpython-312.pyc
    ignored        pkg/shop.pyc
                   it lies beside its source, whose cache is pkg/__pycache__/shop.cpython-312.pyc
    wrong version  pkg/sourceless.pyc
                   its magic number 3571 is CPython 3.13's
    ");
    Ok(())
}

fn caches_of_a_source(product: &Product) -> TestResult {
    let workspace = every_state(product)?;
    insta::assert_snapshot!(said(product, &workspace, &["pkg/shop.py"]), @r"
    Exited(0)
    pkg/shop.py
      python3.13 caches it as pkg/__pycache__/shop.cpython-313.pyc

      pkg/__pycache__/shop.cpython-313.pyc
        fresh: python3.13 runs it, because the time and the size in it are the source's

      pkg/shop.pyc
        ignored: python3.13 never looks at it, because it lies beside its source, whose cache is pkg/__pycache__/shop.cpython-313.pyc
    ");
    fs::remove_dir_all(workspace.join("pkg/__pycache__"))?;
    fs::remove_file(workspace.join("pkg/shop.pyc"))?;
    insta::assert_snapshot!(said(product, &workspace, &["pkg/shop.py", "--python", "pypy3.10", "-O"]), @r"
    Exited(0)
    pkg/shop.py
      pypy3.10 caches it as pkg/__pycache__/shop.pypy310.opt-1.pyc
      there is none: nothing has imported it yet, or python can't write there
    ");
    Ok(())
}

fn messages(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("notes.txt", "no code"), ("empty", ""), ("folder/a.txt", "")])?;
    workspace.write("program", b"\x7fELF")?;
    let said = |arguments: &[&str]| said(product, &workspace, arguments);
    let texts = [
        said(&["nowhere.pyc"]),
        said(&["notes.txt"]),
        said(&["empty"]),
        said(&["program"]),
        said(&["folder"]),
        said(&["notes.txt", "--python", "three"]),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r"
    Exited(1)
    error: Cannot read `nowhere.pyc`: No such file or directory (os error 2)

    Exited(1)
    error: `notes.txt` is no .pyc file: it has no magic number
    hint: give a .pyc file, the .py file whose caches you look for, or a folder

    Exited(1)
    error: `empty` is no .pyc file: it is empty
    hint: give a .pyc file, the .py file whose caches you look for, or a folder

    Exited(1)
    error: `program` is no .pyc file: it is an ELF file; `pyfreeze inspect` opens those that pyfreeze made
    hint: give a .pyc file, the .py file whose caches you look for, or a folder

    Exited(1)
    error: Found no .pyc file in the folder: `folder`
    hint: python writes them when a module is imported, and `python -m compileall DIR` for all of a folder

    Exited(2)
    error: invalid value 'three' for '--python <VERSION>': `three` is no Python version such as `3.13` or `pypy3.10`

    For more information, try '--help'.
    ");
    Ok(())
}

fn json(product: &Product) -> TestResult {
    let workspace = compiled(product, "CHECKED_HASH")?;
    let output = product.command(workspace.path()).args(["pyc", CACHE, "--json"]).success()?;
    let mut value: serde_json::Value = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    value["alternatives"].take();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap_or_default(), @r#"
    {
      "alternatives": null,
      "code": {
        "compiled_as": "pkg/shop.py",
        "objects": [
          {
            "bytecode_size": 10,
            "constant_count": 2,
            "depth": 0,
            "first_line": 1,
            "name": "<module>",
            "name_count": 1,
            "qualname": "<module>"
          },
          {
            "bytecode_size": 24,
            "constant_count": 1,
            "depth": 1,
            "first_line": 1,
            "name": "price",
            "name_count": 1,
            "qualname": "price"
          }
        ],
        "size": 222
      },
      "header": {
        "check": {
          "by": "hash",
          "hash": "c8eb85a22d5d07ba",
          "is_checked": true
        },
        "flags": 3,
        "interpreter": "CPython 3.13",
        "is_released": true,
        "magic": 3571,
        "size": 16,
        "stage": "b1"
      },
      "location": {
        "module": "shop",
        "optimization": null,
        "placement": "cache",
        "source": "pkg/shop.py",
        "tag": "cpython-313"
      },
      "path": "pkg/__pycache__/shop.cpython-313.pyc",
      "size": 238,
      "source": {
        "has_recorded_hash": true,
        "path": "pkg/shop.py",
        "seconds": 1600000000,
        "size": 38
      },
      "verdict": {
        "interpreter": "CPython 3.13",
        "outcome": "used",
        "reason": "hash-is-same",
        "state": "fresh"
      }
    }
    "#);
    let folder = product.command(workspace.path()).args(["pyc", "pkg", "--json"]).success()?;
    let value: serde_json::Value = serde_json::from_str(&folder.stdout).map_err(|error| error.to_string())?;
    let is_counted = value["total"]["states"]["fresh"] == 1 && value["versions"][0]["written_by"] == "CPython 3.13";
    if is_counted { Ok(()) } else { Err(folder.report().into()) }
}

/// Every file that the reference Python makes of its library, in each mode, with each number of `-O`.
fn library_is_fresh(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    let library = product.library.display().to_string();
    let compile = "import compileall, py_compile, sys\n\
        for level, mode in enumerate(py_compile.PycInvalidationMode):\n    \
        ok = compileall.compile_dir(sys.argv[1], quiet=2, maxlevels=1, force=True, optimize=level, invalidation_mode=mode)\n";
    let copy = "import shutil, sys\nshutil.copytree(sys.argv[1], 'lib', ignore=shutil.ignore_patterns('__pycache__', '*.so', 'test', 'config-*'))\n";
    Run::new(&product.python, workspace.path()).args(["-c", copy, &library]).success()?;
    Run::new(&product.python, workspace.path())
        .args(["-c", compile, "lib"])
        .time_limit(Duration::from_secs(600))
        .success()?;
    let output = product.command(workspace.path()).args(["pyc", "lib", "--json"]).success()?;
    let value: serde_json::Value = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    let (files, fresh) = (&value["total"]["files"], &value["total"]["states"]["fresh"]);
    let is_enough = files.as_u64().is_some_and(|count| count > 500);
    if is_enough && files == fresh { Ok(()) } else { Err(format!("{}", value["total"]).into()) }
}

/// Whatever byte of a file changes: what is called damaged, python doesn't load either.
fn damaged_as_python_finds_it(product: &Product) -> TestResult {
    let workspace = compiled(product, "TIMESTAMP")?;
    let whole = fs::read(workspace.join(CACHE))?;
    let mut names = BTreeSet::new();
    for position in 16..whole.len() {
        for value in [0, b'N', b'(', b'r', 0xff, whole[position] ^ 0x80, whole[position] ^ 1] {
            let mut changed = whole.clone();
            changed[position] = value;
            names.insert(format!("{position}-{value}"));
            workspace.write(&format!("many/{position}-{value}.pyc"), changed)?;
        }
    }
    // A changed length may ask for gigabytes.
    let load = "import marshal, pathlib, resource\n\
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n\
        for path in pathlib.Path('many').iterdir():\n    \
        try:\n        marshal.loads(path.read_bytes()[16:])\n        print(path.name)\n    \
        except Exception:\n        pass\n";
    let loaded = Run::new(&product.python, workspace.path()).args(["-c", load]).success()?.stdout;
    let output = product.command(workspace.path()).args(["pyc", "many", "--json"]).success()?;
    let value: serde_json::Value = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
    let files = value["files"].as_array().cloned().unwrap_or_default();
    let damaged = files.iter().filter(|file| file["verdict"]["state"] == "damaged");
    let damaged: Vec<&str> = damaged.filter_map(|file| file["path"].as_str()?.strip_prefix("many/")).collect();
    // A module that is no code object loads, and fails later.
    let wrong: Vec<&&str> = damaged.iter().filter(|name| loaded.lines().any(|line| line == **name)).collect();
    let is_code = |name: &&&&str| !name.starts_with("16-");
    let wrong: Vec<_> = wrong.iter().filter(is_code).collect();
    if files.len() == names.len() && damaged.len() > 100 && wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {} damaged, python loads: {wrong:?}", damaged.len(), files.len()).into())
}
