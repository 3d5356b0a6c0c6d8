//! Checks on whole executables: where they run, what they open, what other tools may do to them.
//!
//! Comes in: a small frozen program. Goes out: one test for each property that DESIGN promises of any executable.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::{Run, Status};
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Options, Skip, Stop, Test, TestResult};

/// What the small program prints: proof that imports, files and the standard library work.
const SAMPLE: &[(&str, &str)] = &[
    (
        "app/__main__.py",
        "import json, helper, pathlib\nprint(json.dumps(helper.value()), pathlib.Path(__file__).name)\n",
    ),
    ("app/helper.py", "def value():\n    return [1, 2]\n"),
];
const SAMPLE_OUTPUT: &str = "[1, 2] __main__.py\n";

/// A user without rights: `nobody` on every Linux.
const NOBODY: u32 = 65534;

/// What may be opened at start beside the executable itself: glibc's own libraries.
const GLIBC_FILES: &[&str] =
    &["ld.so.cache", "ld.so.preload", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"];

/// All checks.
#[must_use]
pub fn tests(options: &Options) -> Vec<Test> {
    let mut tests = vec![
        Test::new("executables/survives_strip", |product| survives(product, "strip", &[])),
        Test::new("executables/survives_strip_all", |product| survives(product, "strip", &["--strip-all"])),
        Test::new("executables/survives_objcopy", |product| survives(product, "objcopy", &["--strip-debug"])),
        Test::new("executables/survives_eu_strip", |product| survives(product, "eu-strip", &[])),
        Test::new("executables/empty_chroot", empty_chroot),
        Test::new("executables/certificates_of_each_distribution", certificates),
        Test::new("executables/other_user_read_only_folder", other_user),
        Test::new("executables/not_readable_to_its_user", not_readable),
        Test::new("executables/empty_environment", empty_environment),
        Test::new("executables/through_a_symbolic_link", symbolic_link),
        Test::new("executables/renamed_while_running", renamed_while_running),
        Test::new("executables/opens_only_itself_and_glibc", opens_only_itself),
        Test::new("executables/needs_only_glibc_2_17", needs_only_old_glibc),
        Test::new("executables/leaves_nothing_behind", leaves_nothing_behind),
        Test::new("executables/other_working_folder_gone", working_folder_gone),
    ];
    if !options.is_quick {
        tests.push(Test::new("executables/thousand_modules", |product| many_modules(product, 1000)));
        tests.push(Test::new("executables/five_thousand_modules", |product| many_modules(product, 5000)));
    }
    tests
}

/// The small program, frozen.
///
/// # Errors
/// When it can't be built or doesn't run as it is.
pub fn sample(product: &Product) -> Result<(Workspace, PathBuf), Stop> {
    sample_with(product, &[])
}

/// The small program, frozen with these options.
///
/// # Errors
/// As [`sample`].
pub fn sample_with(product: &Product, options: &[String]) -> Result<(Workspace, PathBuf), Stop> {
    let workspace = Workspace::with_files(SAMPLE)?;
    let executable = workspace.join("sample");
    product.build(&workspace.join("app"), &executable, options, workspace.path())?;
    expect_sample(Run::new(&executable, workspace.path()))?;
    Ok((workspace, executable))
}

/// Runs the small program and compares what it prints.
///
/// # Errors
/// The whole report when anything differs.
pub fn expect_sample(run: Run) -> TestResult {
    let output = run.output();
    let is_good = output.status == Status::Exited(0) && output.stdout == SAMPLE_OUTPUT && output.stderr.is_empty();
    if is_good { Ok(()) } else { Err(format!("expected `{}`\n{}", SAMPLE_OUTPUT.trim(), output.report()).into()) }
}

/// Where a program of the host is.
///
/// # Errors
/// A skip that CI does not accept.
pub fn tool(name: &str) -> Result<PathBuf, Stop> {
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    found.ok_or_else(|| Stop::Skipped(Skip::Missing(format!("`{name}`"))))
}

pub(crate) fn needs_root() -> TestResult {
    let output = Command::new("id").arg("-u").output()?;
    let is_root = output.stdout.trim_ascii() == b"0";
    if is_root { Ok(()) } else { Err(Stop::Skipped(Skip::Impossible("only root can".to_owned()))) }
}

fn survives(product: &Product, name: &str, options: &[&str]) -> TestResult {
    let tool = tool(name)?;
    let (workspace, executable) = sample(product)?;
    Run::new(tool, workspace.path()).args(options.iter().copied()).arg(&executable).success()?;
    expect_sample(Run::new(&executable, workspace.path()))
}

/// Nothing but the program and glibc: no /proc, no /dev, no /tmp, no locale, no time zone.
fn empty_chroot(product: &Product) -> TestResult {
    needs_root()?;
    let (workspace, executable) = sample(product)?;
    let root = bare_root(&workspace, &executable)?;
    let chroot = tool("chroot")?;
    expect_sample(Run::new(&chroot, workspace.path()).arg(&root).arg("/app"))?;
    // Found through PATH, so that argv[0] is no path.
    expect_sample(Run::new(chroot, workspace.path()).env("PATH", "/").arg(&root).arg("app"))
}

/// A folder with glibc's libraries and the program as `app`, and nothing else.
pub(crate) fn bare_root(workspace: &Workspace, executable: &Path) -> Result<PathBuf, Stop> {
    let root = workspace.join("root");
    fs::create_dir_all(&root)?;
    let libraries = Command::new("ldd").arg(executable).output()?;
    for word in String::from_utf8_lossy(&libraries.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
        let target = root.join(word.trim_start_matches('/'));
        fs::create_dir_all(target.parent().unwrap_or(&root))?;
        fs::copy(word, target)?;
    }
    fs::copy(executable, root.join("app"))?;
    Ok(root)
}

/// Where distributions keep the bundle of trusted certificates: Debian, Fedora, openSUSE, Alpine.
const CERTIFICATE_BUNDLES: [&str; 4] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
];

/// `ssl.create_default_context()` finds the host's certificates wherever the distribution has them.
fn certificates(product: &Product) -> TestResult {
    needs_root()?;
    let text =
        "import ssl\nprint(ssl.get_default_verify_paths().cafile, len(ssl.create_default_context().get_ca_certs()))\n";
    let workspace = Workspace::with_files(&[("trust.py", text)])?;
    let executable = workspace.join("trust");
    product.build(&workspace.join("trust.py"), &executable, &[], workspace.path())?;
    let root = bare_root(&workspace, &executable)?;
    let certificate = workspace.join("certificate.pem");
    let openssl = Run::new(tool("openssl")?, workspace.path()).args(["req", "-x509", "-newkey", "rsa:2048", "-nodes"]);
    openssl.args(["-subj", "/CN=test", "-keyout", "key.pem", "-out"]).arg(&certificate).success()?;
    for bundle in CERTIFICATE_BUNDLES {
        let place = root.join(bundle);
        fs::create_dir_all(place.parent().unwrap_or(&root))?;
        fs::copy(&certificate, &place)?;
        let output = Run::new(tool("chroot")?, workspace.path()).arg(&root).arg("/app").success()?;
        if output.stdout != format!("/{bundle} 1\n") {
            return Err(format!("the certificate in /{bundle} was not found\n{}", output.report()).into());
        }
        fs::remove_dir_all(root.join("etc"))?;
    }
    Ok(())
}

fn other_user(product: &Product) -> TestResult {
    needs_root()?;
    let (workspace, executable) = sample(product)?;
    fs::set_permissions(workspace.path(), fs::Permissions::from_mode(0o555))?;
    fs::set_permissions(&executable, fs::Permissions::from_mode(0o555))?;
    let result = expect_sample(Run::new(&executable, workspace.path()).user(NOBODY));
    fs::set_permissions(workspace.path(), fs::Permissions::from_mode(0o755))?;
    result
}

/// A user may be allowed to execute a file without being allowed to read it: then nothing can be opened, but the
/// kernel has mapped everything.
fn not_readable(product: &Product) -> TestResult {
    needs_root()?;
    let (workspace, executable) = sample(product)?;
    fs::set_permissions(workspace.path(), fs::Permissions::from_mode(0o755))?;
    fs::set_permissions(&executable, fs::Permissions::from_mode(0o111))?;
    expect_sample(Run::new(&executable, workspace.path()).user(NOBODY))
}

fn empty_environment(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    expect_sample(Run::new(&executable, workspace.path()).no_env())
}

fn symbolic_link(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    std::os::unix::fs::symlink(&executable, workspace.join("link"))?;
    expect_sample(Run::new(workspace.join("link"), workspace.path()))
}

/// Upgrading a program replaces its file while it runs: late imports must not notice.
fn renamed_while_running(product: &Product) -> TestResult {
    let late = "import os, sys\nos.rename(sys.executable, sys.executable + '.old')\nopen(sys.executable, 'w').close()\n\
                import wave\nprint(wave.__name__, len(open(__file__).read()) > 10)\n";
    let workspace = Workspace::with_files(&[("late.py", late)])?;
    let executable = workspace.join("late");
    product.build(&workspace.join("late.py"), &executable, &[], workspace.path())?;
    let output = Run::new(&executable, workspace.path()).success()?;
    if output.stdout == "wave True\n" { Ok(()) } else { Err(output.report().into()) }
}

fn opens_only_itself(product: &Product) -> TestResult {
    let strace = tool("strace")?;
    let (workspace, executable) = sample(product)?;
    let log = workspace.join("trace");
    let run = Run::new(strace, workspace.path())
        .args(["-f", "-e", "trace=open,openat,openat2,creat", "-o"])
        .arg(&log)
        .arg(&executable);
    run.success()?;
    let text = fs::read_to_string(log)?;
    let foreign: Vec<&str> = text.lines().filter(|line| is_foreign(line, &executable)).collect();
    if foreign.is_empty() { Ok(()) } else { Err(format!("files were asked for:\n{}", foreign.join("\n")).into()) }
}

/// What glibc reads by itself, for any program that calls `setlocale` and `tzset` as every Python does.
const GLIBC_DATA: &[&str] = &["/usr/lib/locale/", "/usr/share/locale/", "/etc/localtime", "/usr/share/zoneinfo/"];

/// True for an `open` of a path that is neither the executable nor glibc's.
pub(crate) fn is_foreign(line: &str, executable: &Path) -> bool {
    let path = line.split('"').nth(1).filter(|_| line.contains(" open"));
    let Some(path) = path else { return false };
    if GLIBC_DATA.iter().any(|prefix| path.starts_with(prefix)) || path.ends_with("/gconv-modules.cache") {
        return false;
    }
    let is_own = path == executable.display().to_string() || path == pyfreeze_format::VIRTUAL_ROOT;
    let is_glibc = GLIBC_FILES.iter().any(|name| path.ends_with(name)) || path.ends_with("/glibc-hwcaps");
    !is_own && !is_glibc
}

fn needs_only_old_glibc(product: &Product) -> TestResult {
    let objdump = tool("objdump")?;
    let (workspace, executable) = sample(product)?;
    let symbols = Run::new(&objdump, workspace.path()).arg("-T").arg(&executable).success()?;
    let versions = symbols.stdout.split("GLIBC_").skip(1).filter_map(version);
    if let Some(newest) = versions.max().filter(|newest| *newest > (2, 17)) {
        return Err(format!("a symbol of GLIBC_{}.{} is needed", newest.0, newest.1).into());
    }
    let headers = Run::new(&objdump, workspace.path()).arg("-p").arg(&executable).success()?;
    let needed = headers.stdout.lines().filter_map(|line| line.trim().strip_prefix("NEEDED")).map(str::trim);
    let foreign: Vec<&str> =
        needed.filter(|name| !GLIBC_FILES.contains(name) && *name != "ld-linux-x86-64.so.2").collect();
    if foreign.is_empty() { Ok(()) } else { Err(format!("libraries beside glibc's are needed: {foreign:?}").into()) }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let text = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?;
    let (major, rest) = text.split_once('.')?;
    Some((major.parse().ok()?, rest.split('.').next()?.parse().ok()?))
}

fn leaves_nothing_behind(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    fs::create_dir_all(workspace.join("empty/tmp"))?;
    let temporary = workspace.join("empty/tmp").display().to_string();
    expect_sample(Run::new(&executable, workspace.join("empty")).env("TMPDIR", temporary))?;
    let found = workspace.list("empty");
    if found == ["tmp/"] { Ok(()) } else { Err(format!("left behind: {found:?}").into()) }
}

/// The folder a program is started in may be gone.
fn working_folder_gone(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    fs::create_dir_all(workspace.join("gone"))?;
    let script = r#"rmdir ../gone && exec "$1""#;
    let run = Run::new("/bin/sh", workspace.join("gone")).args(["-c", script, "sh"]).arg(&executable);
    expect_sample(run)
}

fn many_modules(product: &Product, count: usize) -> TestResult {
    let workspace = Workspace::new()?;
    let mut main = String::from("import sys\ntotal = 0\n");
    for number in 0..count {
        let text = format!("import math\n\nVALUE = {number}\n\n\ndef double():\n    return VALUE * 2\n");
        workspace.write(&format!("app/parts/part{number}.py"), text)?;
        main.push_str(&format!("from parts import part{number}\ntotal += part{number}.double()\n"));
    }
    workspace.write("app/parts/__init__.py", "")?;
    main.push_str("print(total, sum(name.startswith('parts.') for name in sys.modules))\n");
    workspace.write("app/__main__.py", main)?;
    let executable = workspace.join("many");
    let run = product.command(workspace.path()).arg("build").arg(workspace.join("app")).arg("-o").arg(&executable);
    run.time_limit(Duration::from_secs(300)).success()?;
    let output = Run::new(&executable, workspace.path()).success()?;
    let expected = format!("{} {count}\n", count * (count - 1));
    if output.stdout == expected { Ok(()) } else { Err(output.report().into()) }
}
