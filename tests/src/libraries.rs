//! Shared libraries, one property of the loader after the other.
//!
//! Comes in: small C and C++ sources in `tests/libraries`, compiled here. Goes out: tests that load them in every way
//! by `ctypes`, from disk and frozen, mapped and copied.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Output, Run, Status};
use crate::executables::{bare_root, is_foreign, needs_root, tool};
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Skip, Stop, Test, TestResult};

/// Libraries in the order in which they are linked: name, source, options of the compiler.
const LIBRARIES: &[(&str, &str, &[&str])] = &[
    ("libbase.so", "base.c", &["-Wl,--version-script=base.map"]),
    ("libmiddle.so", "middle.c", &["-L.", "-l:libbase.so", "-lgcc_s", "-ldl", "-fexceptions", "-Wl,-z,now"]),
    ("libplugin.so", "plugin.c", &["-Wl,--hash-style=sysv"]),
    ("libtwo.so", "circle.c", &["-DONE=0"]),
    ("libone.so", "circle.c", &["-DONE=1", "-L.", "-l:libtwo.so"]),
    ("libtwo.so", "circle.c", &["-DONE=0", "-L.", "-l:libone.so"]),
    ("libfixed.so", "fixed.c", &[]),
    ("libundefined.so", "undefined.c", &[]),
    ("libuser.so", "user.c", &[]),
    ("libshared.so", "shared.c", &[]),
];

/// Those that need a C++ compiler.
const CPP_LIBRARIES: &[(&str, &str, &[&str])] =
    &[("libthrower.so", "thrower.cpp", &["-pthread"]), ("libcatcher.so", "catcher.cpp", &["-L.", "-l:libthrower.so"])];

/// All tests.
#[must_use]
pub fn tests() -> Vec<Test> {
    vec![
        Test::new("libraries/mapped", |product| same_as_python(product, project()?, &[])),
        Test::new("libraries/copied", copied),
        Test::new("libraries/beside", |product| same_as_python(product, project()?, &["--native", "beside"])),
        Test::new("libraries/cached", cached),
        Test::new("libraries/no_executable_memory_files", no_executable_memory_files),
        Test::new("libraries/no_page_becomes_executable", no_page_becomes_executable),
        Test::new("libraries/found_by_name", found_by_name),
        Test::new("libraries/nothing_opened", nothing_opened),
        Test::new("libraries/without_proc", without_proc),
        Test::new("libraries/glibc_floor", glibc_floor),
        Test::new("libraries/told", told),
        Test::new("libraries/missing_library", missing_library),
        Test::new("libraries/same_name", same_name),
        Test::new("libraries/another_architecture", another_architecture),
        Test::new("libraries/damaged", damaged),
    ]
}

/// The program and its libraries.
fn project() -> Result<Workspace, Stop> {
    let workspace = Workspace::new()?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries");
    let folder = workspace.join("app/native");
    fs::create_dir_all(&folder)?;
    fs::copy(sources.join("app.py"), workspace.join("app/__main__.py"))?;
    for (name, source, options) in LIBRARIES {
        compile("cc", &sources, &folder, (name, source, options))?;
    }
    if Command::new("c++").arg("--version").output().is_ok_and(|output| output.status.success()) {
        for (name, source, options) in CPP_LIBRARIES {
            compile("c++", &sources, &folder, (name, source, options))?;
        }
    }
    Ok(workspace)
}

pub(crate) fn compile(
    compiler: &str,
    sources: &Path,
    folder: &Path,
    (name, source, options): (&str, &str, &[&str]),
) -> Result<(), Stop> {
    let mut command = Command::new(compiler);
    let source = sources.join(source);
    command.args(["-shared", "-fPIC", "-O1", "-o", name]).arg(format!("-Wl,-soname,{name}")).arg(source);
    let in_sources = |option: &&str| option.replace("=base.map", &format!("={}", sources.join("base.map").display()));
    command.args(options.iter().map(in_sources)).arg("-Wl,-rpath,$ORIGIN").current_dir(folder);
    match command.output() {
        Err(_) => Err(Stop::Skipped(Skip::Missing(compiler.to_owned()))),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

fn freeze(product: &Product, workspace: &Workspace, options: &[&str]) -> Result<PathBuf, Stop> {
    let executable = workspace.join("frozen");
    let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
    product.build(&workspace.join("app"), &executable, &options, workspace.path())?;
    Ok(executable)
}

/// The dynamic loader can't load copies that need each other in a circle: it knows each only once it is loaded.
fn copied(product: &Product) -> TestResult {
    let workspace = project()?;
    fs::remove_file(workspace.join("app/native/libone.so"))?;
    same_as_python(product, workspace, &["--native", "memfd"])
}

fn same_as_python(product: &Product, workspace: Workspace, options: &[&str]) -> TestResult {
    let executable = freeze(product, &workspace, options)?;
    let python = Run::new(&product.python, workspace.path()).args(["-I", "-B"]).arg(workspace.join("app")).success()?;
    fs::rename(workspace.join("app"), workspace.join("gone"))?;
    let frozen = Run::new(executable, workspace.path()).success()?;
    compare(&python, &frozen)
}

fn compare(python: &Output, frozen: &Output) -> TestResult {
    if python.stdout == frozen.stdout && python.stderr == frozen.stderr {
        return Ok(());
    }
    Err(format!("python and the frozen program differ\n{}\n{}", python.report(), frozen.report()).into())
}

/// A program that loads one library, which needs another.
fn small_project() -> Result<Workspace, Stop> {
    let workspace = project()?;
    let text = "import ctypes, os\n\
                middle = ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'native/libmiddle.so'))\n\
                print(middle.middle_sum(), middle.middle_thread())\n";
    workspace.write("app/__main__.py", text)?;
    Ok(workspace)
}

/// The small program's output from disk, and its executable.
fn small(product: &Product, options: &[&str]) -> Result<(Workspace, PathBuf, Output), Stop> {
    let workspace = small_project()?;
    let executable = freeze(product, &workspace, options)?;
    let python = Run::new(&product.python, workspace.path()).args(["-I", "-B"]).arg(workspace.join("app")).success()?;
    Ok((workspace, executable, python))
}

/// `--native cache`: files of the user's alone, written once, never trusted.
fn cached(product: &Product) -> TestResult {
    let (workspace, executable, python) = small(product, &["--native", "cache"])?;
    let run =
        || Run::new(&executable, workspace.path()).env("XDG_CACHE_HOME", workspace.join("cache").display().to_string());
    compare(&python, &run().success()?)?;
    let folder = workspace.join("cache/pyfreeze/libraries");
    let files = workspace.list("cache/pyfreeze/libraries");
    if fs::metadata(&folder)?.permissions().mode() & 0o777 != 0o700
        || !files.iter().any(|name| name.ends_with("-libbase.so"))
    {
        return Err(format!("not the user's alone, or not there: {files:?}").into());
    }
    for name in &files {
        let path = folder.join(name);
        fs::remove_file(&path)?;
        fs::write(&path, "something else")?;
    }
    compare(&python, &run().success()?)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    expect(&run().output().stderr, &["libbase.so: ", "no private folder"])
}

/// `vm.memfd_noexec=2` forbids memory files that could be executed as programs; as libraries they still do.
fn no_executable_memory_files(product: &Product) -> TestResult {
    needs_root()?;
    let unshare = tool("unshare")?;
    let (workspace, executable, python) = small(product, &["--native", "memfd"])?;
    let script = "echo 2 > /proc/sys/vm/memfd_noexec || exit 99; exec \"$0\"";
    let run = Run::new(unshare, workspace.path()).args(["-pf", "--mount-proc", "sh", "-c", script]).arg(&executable);
    match run.output() {
        output if output.status == Status::Exited(99) => Err(Stop::Skipped(Skip::Impossible("an old kernel".into()))),
        output => compare(&python, &output),
    }
}

/// Under `PR_SET_MDWE` (systemd's `MemoryDenyWriteExecute=`) no page can become executable that wasn't: libraries are
/// mapped once more, and still nothing is copied.
fn no_page_becomes_executable(product: &Product) -> TestResult {
    let strace = tool("strace")?;
    let (workspace, executable, python) = small(product, &[])?;
    let script = "import ctypes, os, sys\n\
                  PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1\n\
                  if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):\n    sys.exit(99)\n\
                  os.execv(sys.argv[1], sys.argv[1:])\n";
    let script = workspace.write("deny.py", script)?;
    let log = workspace.join("trace");
    let run = Run::new(strace, workspace.path()).args(["-e", "trace=memfd_create,mprotect", "-o"]).arg(&log);
    let output = run.arg(&product.python).arg("-I").arg(script).arg(&executable).output();
    if output.status == Status::Exited(99) {
        return Err(Stop::Skipped(Skip::Impossible("an old kernel".into())));
    }
    compare(&python, &output)?;
    let text = fs::read_to_string(log)?;
    if text.contains("EACCES") && !text.contains("memfd_create") { Ok(()) } else { Err(text.into()) }
}

/// `ctypes.util.find_library` also knows what the program brings.
fn found_by_name(product: &Product) -> TestResult {
    let workspace = small_project()?;
    let text = "import ctypes, ctypes.util\n\
                print(ctypes.CDLL(ctypes.util.find_library('plugin')).plugin_value())\n\
                print(ctypes.CDLL('libplugin.so').plugin_value(), ctypes.util.find_library('surely-nowhere'))\n\
                print(ctypes.util.find_library('c'))\n";
    workspace.write("app/__main__.py", text)?;
    let executable = freeze(product, &workspace, &[])?;
    let output = Run::new(executable, workspace.path()).success()?;
    expect(&output.stdout, &["77\n77 None\nlibc.so.6\n"])
}

/// A mapped library is neither opened nor copied anywhere.
fn nothing_opened(product: &Product) -> TestResult {
    let strace = tool("strace")?;
    let (workspace, executable, python) = small(product, &[])?;
    let log = workspace.join("trace");
    let run = Run::new(strace, workspace.path())
        .args(["-f", "-e", "trace=open,openat,openat2,creat,memfd_create,write", "-o"])
        .arg(&log)
        .arg(&executable);
    compare(&python, &run.success()?)?;
    let text = fs::read_to_string(log)?;
    let is_odd = |line: &&str| {
        is_foreign(line, &executable)
            || line.contains("memfd_create")
            || (line.contains("write(") && !line.contains("write(1,"))
    };
    let odd: Vec<&str> = text.lines().filter(is_odd).collect();
    if odd.is_empty() { Ok(()) } else { Err(format!("more than was expected:\n{}", odd.join("\n")).into()) }
}

/// A mapped library needs no /proc and nothing but glibc.
fn without_proc(product: &Product) -> TestResult {
    needs_root()?;
    let chroot = tool("chroot")?;
    let (workspace, executable, python) = small(product, &[])?;
    let root = bare_root(&workspace, &executable)?;
    compare(&python, &Run::new(chroot, workspace.path()).arg(&root).arg("/app").success()?)
}

fn refused(product: &Product, workspace: &Workspace, options: &[&str]) -> Result<String, Stop> {
    let build = product.command(workspace.path()).args(["build", "app", "-o", "frozen"]).args(options.iter().copied());
    let output = build.output();
    if workspace.join("frozen").exists() {
        return Err(format!("an executable was written\n{}", output.report()).into());
    }
    Ok(output.stderr)
}

fn expect(text: &str, parts: &[&str]) -> TestResult {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(part) => Err(format!("`{part}` is missing in:\n{text}").into()),
        None => Ok(()),
    }
}

/// What this machine's compiler makes needs more than glibc 2.2; `inspect` says what.
fn glibc_floor(product: &Product) -> TestResult {
    let workspace = extension_project("")?;
    expect(&refused(product, &workspace, &["--glibc", "2.2"])?, &["error: glibc 2.", "is needed", "hint: use a wheel"])
}

/// What the build, `inspect` and `why` say of libraries.
fn told(product: &Product) -> TestResult {
    let workspace = extension_project("")?;
    let pyfreeze = |arguments: &[&str]| product.command(workspace.path()).args(arguments.iter().copied()).success();
    let summary = pyfreeze(&["build", "app", "-o", "frozen"])?.stdout;
    expect(
        &summary,
        &[
            " mapped, 1 copied to memory\n             copied native/libfixed.so: it has",
            "the runtime's own: libgcc_s.so.1",
            ", libraries ",
        ],
    )?;
    let list = pyfreeze(&["inspect", "frozen", "--libraries"])?.stdout;
    expect(&list, &["fast.abi3.so\n  module fast, imported by __main__\n  needs libbase.so, libgcc_s.so.1\n"])?;
    let why = |name: &str| pyfreeze(&["why", "frozen", name]).map(|output| output.stdout);
    let chain = "fast  fast.abi3.so\n  __main__  (the program)\n    → fast  (imported)\n";
    expect(&why("fast")?, &[chain, "mapped from the executable\n", "  needs libbase.so, libgcc_s.so.1\n"])?;
    expect(&why("libbase.so")?, &["native/libbase.so\n  needed by fast.abi3.so, native/libmiddle.so\n"])?;
    expect(&why("native.libuser")?, &["native/libuser.so\n  neither an import nor a library leads to it"])?;
    pyfreeze(&["build", "app", "-o", "frozen", "--native", "memfd"])?;
    expect(&why("libgcc_s.so.1")?, &["copied: as `--native memfd` says\n", "  of the runtime\n"])?;
    let json = pyfreeze(&["why", "frozen", "fast", "--json"])?.stdout;
    let value: serde_json::Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let is_told = value["found"] == "library" && value["needed"][0] == "native/libbase.so";
    if is_told && value["chain"][1]["reason"] == "import" { Ok(()) } else { Err(json.into()) }
}

/// A folder whose program imports a shared library as a module: it is no real one, but the build can't know.
fn extension_project(options: &str) -> Result<Workspace, Stop> {
    let workspace = project()?;
    workspace.write("app/__main__.py", "import fast\n")?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries");
    let folder = workspace.join("app/native");
    let options: Vec<&str> = options.split_whitespace().collect();
    compile(
        "cc",
        &sources,
        &folder,
        ("fast.so", "middle.c", &[&["-L.", "-l:libbase.so", "-ldl", "-lgcc_s"], options.as_slice()].concat()),
    )?;
    fs::rename(folder.join("fast.so"), workspace.join("app/fast.abi3.so"))?;
    Ok(workspace)
}

fn missing_library(product: &Product) -> TestResult {
    let workspace = extension_project("-l:libplugin.so -Wl,--no-as-needed")?;
    let workspace = {
        fs::rename(workspace.join("app/native/libbase.so"), workspace.join("libbase.so"))?;
        workspace
    };
    let text = refused(product, &workspace, &[])?;
    expect(
        &text,
        &["error: Cannot find `libbase.so`, which `fast.abi3.so` needs", "hint: `--allow-host-library libbase.so`"],
    )?;
    product.build(
        &workspace.join("app"),
        &workspace.join("frozen"),
        &["--allow-host-library".into(), "libbase.so".into()],
        workspace.path(),
    )?;
    let run = Run::new(workspace.join("frozen"), workspace.path()).output();
    expect(&run.stderr, &["ImportError: ", "libbase.so: cannot open shared object file"])
}

/// Two packages with different libraries of one SONAME: each module gets that of its own package.
fn same_name(product: &Product) -> TestResult {
    let workspace = project()?;
    let site = "venv/lib/python3.13/site-packages";
    workspace.write("venv/pyvenv.cfg", "version = 3.13.5\n")?;
    for (name, source) in [("one", "shared.c"), ("two", "plugin.c")] {
        let info = format!("{site}/{name}-1.dist-info");
        let load = "import ctypes, os\nlibrary = ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libsame.so'))\n";
        workspace.write(&format!("{site}/{name}/__init__.py"), load)?;
        workspace.write(&format!("{info}/METADATA"), format!("Name: {name}\nVersion: 1\n"))?;
        workspace.write(&format!("{info}/RECORD"), format!("{name}/__init__.py,,\n{name}/libsame.so,,\n"))?;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries");
        compile("cc", &sources, &workspace.join(&format!("{site}/{name}")), ("libsame.so", source, &[]))?;
    }
    workspace.write("app.py", "import one, two\nprint(one.library.shared_value(), two.library.plugin_value())\n")?;
    let build = ["build", "app.py", "-o", "frozen", "--venv", "venv"];
    let said = product.command(workspace.path()).args(build).success()?.stderr;
    expect(
        &said,
        &[
            "warning: Two packages bring different libraries of the same name: `libsame.so`\n",
            "hint: `lib/python3.13/site-packages/one/libsame.so`, `lib/python3.13/site-packages/two/libsame.so`",
        ],
    )?;
    let output = Run::new(workspace.join("frozen"), workspace.path()).success()?;
    if output.stdout == "30 77\n" { Ok(()) } else { Err(output.report().into()) }
}

/// A changed byte of the ELF header: the machine, or the file type.
fn with_byte(offset: usize, byte: u8) -> Result<Workspace, Stop> {
    let workspace = extension_project("")?;
    let path = workspace.join("app/fast.abi3.so");
    let mut bytes = fs::read(&path)?;
    bytes[offset] = byte;
    fs::write(path, bytes)?;
    Ok(workspace)
}

fn another_architecture(product: &Product) -> TestResult {
    const E_MACHINE: usize = 18;
    const EM_AARCH64: u8 = 183;
    let workspace = with_byte(E_MACHINE, EM_AARCH64)?;
    expect(
        &refused(product, &workspace, &[])?,
        &["error: Cannot use the shared library of module `fast`", "another architecture"],
    )
}

/// Cut off anywhere, a library is refused, and pyfreeze doesn't panic.
fn damaged(product: &Product) -> TestResult {
    let workspace = extension_project("")?;
    let path = workspace.join("app/fast.abi3.so");
    let bytes = fs::read(&path)?;
    for size in [4, 40, 64, 100, 300, 1000, 4096, bytes.len() / 2] {
        fs::write(&path, &bytes[..size])?;
        let text = refused(product, &workspace, &[])?;
        expect(&text, &["error: Cannot use the shared library of module `fast`"])?;
    }
    Ok(())
}
