//! Guards: what a snapshot rests on is asked again at every start, and starts that get another answer take the snapshot that does
//! not rest on it.
//!
//! Comes in: a program that looks for files and for the terminal when it is imported. Goes out: from which snapshot it starts in
//! which surroundings, with what python prints there.

use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;

use pyfreeze_format::snapshot::SNAPSHOT_NEXT_OFFSET;
use pyfreeze_format::snapshot_section;

use super::Frozen;
use crate::command::{Output, Run, Status};
use crate::damage::find_payload;
use crate::executables::tool;
use crate::levels::Level;
use crate::packages;
use crate::product::Product;
use crate::runner::{Stop, Test, TestResult};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("snapshot/guards/files", files),
        Test::new("snapshot/guards/home_and_working_folder", homes),
        Test::new("snapshot/guards/terminal", terminal),
        Test::new("snapshot/guards/damaged", damaged),
        Test::new("snapshot/guards/same_bytes", same_bytes),
        Test::new("snapshot/guards/not_for_all", not_for_all),
        Test::new("snapshot/guards/imported_late", imported_late),
        Test::new("snapshot/guards/vouched_for", vouched_for),
        Test::new("snapshot/guards/certificates", certificates),
        Test::new("snapshot/guards/httpie", httpie),
    ]
}

/// Modules that know whether they ran while the program was built, without pyfreeze's own module, which python has not.
const EARLY: (&str, &str) = ("app/early.py", "import sys\n\nBUILT = hasattr(sys, '_pyfreeze_is_recording')\n");
const CONFIG: (&str, &str) = (
    "app/config.py",
    "\
import os
import sys

BUILT = hasattr(sys, '_pyfreeze_is_recording')
PATHS = [os.path.expanduser('~/.guarded'), os.path.abspath('guarded.cfg'), 'folder/guarded.cfg', '/nonexistent/guarded']
FOUND = [os.path.exists(path) for path in PATHS]
try:
    LINK = os.readlink(PATHS[0])
except OSError as error:
    LINK = type(error).__name__
try:
    TEXT = open('folder/text').read()
except OSError as error:
    TEXT = type(error).__name__
try:
    NAMES = os.listdir('listed')
except FileNotFoundError:
    NAMES = None
# What it keeps of the working folder would keep it out.
del PATHS
",
);
const TERMINAL: (&str, &str) = (
    "app/terminal.py",
    "\
import os
import shutil
import sys

BUILT = hasattr(sys, '_pyfreeze_is_recording')
STREAMS = [sys.stdin.isatty(), os.isatty(1), sys.__stderr__.isatty()]
WIDTH = shutil.get_terminal_size().columns > 0
",
);
/// Says from which snapshot it has started, and what its modules have found.
const MAIN: (&str, &str) = (
    "app/__main__.py",
    "\
import early
import config
import terminal

start = 'guarded' if config.BUILT and terminal.BUILT else 'odd' if config.BUILT or terminal.BUILT else 'plain'
print(start if early.BUILT else 'ordinary', config.FOUND, config.LINK, config.TEXT, config.NAMES, terminal.STREAMS, terminal.WIDTH)
",
);

fn sample(product: &Product) -> Result<Frozen, Stop> {
    let frozen = Frozen::new(product, &[EARLY, CONFIG, TERMINAL, MAIN], Level::App, &[])?;
    Level::App.expect_in(&frozen.said)?;
    let said = frozen.snapshot_list(product)?;
    let expected =
        ["~/.guarded exists", "guarded.cfg exists", "/nonexistent/guarded exists", "standard input is a terminal"];
    for fact in expected {
        if !said.contains(&format!("not used where  {fact}\n")) {
            return Err(format!("not compared: {fact}\n{said}").into());
        }
    }
    Ok(frozen)
}

/// A run of the program and one of python's, in the same surroundings.
struct Pair<'a> {
    frozen: &'a Frozen,
    product: &'a Product,
}

impl Pair<'_> {
    /// The program starts so, and otherwise prints what python prints, which always says `ordinary`.
    fn expect(&self, start: &str, surroundings: impl Fn(Run) -> Run) -> TestResult {
        let folder = self.frozen.workspace.join("here");
        fs::create_dir_all(&folder)?;
        let python = Run::new(&self.product.python, &folder).arg(self.frozen.workspace.join("app"));
        let run = Run::new(&self.frozen.executable, &folder);
        let python = surroundings(python).output();
        expect_start(&surroundings(run).output(), start, &python)
    }
}

fn expect_start(output: &Output, start: &str, python: &Output) -> TestResult {
    let expected = python.stdout.replacen("ordinary", start, 1);
    if output.status == Status::Exited(0) && output.stdout == expected && output.stderr == python.stderr {
        return Ok(());
    }
    Err(format!("expected {expected:?} as from python\n{}{}", output.report(), python.report()).into())
}

/// Each of what was missing is there once, in every way in which it can be.
fn files(product: &Product) -> TestResult {
    let frozen = sample(product)?;
    let pair = Pair { frozen: &frozen, product };
    let here = frozen.workspace.join("here");
    let home = here.join(".home");
    fs::create_dir_all(&home)?;
    pair.expect("guarded", |run| run)?;
    for path in [home.join(".guarded"), here.join("guarded.cfg")] {
        fs::write(&path, "x")?;
        pair.expect("plain", |run| run)?;
        fs::remove_file(&path)?;
    }
    fs::create_dir_all(here.join("listed/name"))?;
    pair.expect("plain", |run| run)?;
    fs::remove_dir_all(here.join("listed"))?;
    symlink("nowhere", home.join(".guarded"))?;
    pair.expect("plain", |run| run)?;
    fs::remove_file(home.join(".guarded"))?;
    fs::create_dir_all(here.join("folder"))?;
    // What matters is what was asked for, not that the way there has become longer.
    pair.expect("guarded", |run| run)?;
    fs::write(here.join("folder/text"), "text")?;
    pair.expect("plain", |run| run)?;
    fs::remove_dir_all(here.join("folder"))?;
    // Another error is another answer.
    fs::write(here.join("folder"), "no folder")?;
    pair.expect("plain", |run| run)?;
    fs::remove_file(here.join("folder"))?;
    pair.expect("guarded", |run| run)?;
    pair.expect("ordinary", |run| run.env("PYFREEZE_SNAPSHOT", "off"))
}

/// The user's folder and the working folder are the process's own; where they are odd, nothing rests on them.
fn homes(product: &Product) -> TestResult {
    let frozen = sample(product)?;
    let pair = Pair { frozen: &frozen, product };
    let other = frozen.workspace.join("other");
    fs::create_dir_all(&other)?;
    let other_text = other.display().to_string();
    pair.expect("guarded", |run| run.env("HOME", &other_text))?;
    pair.expect("guarded", |run| run.env("HOME", "/nonexistent"))?;
    for odd in ["", "relative", "/", "//", "/tmp/../tmp", "/tmp/", "/a b"] {
        pair.expect("plain", |run| run.env("HOME", odd))?;
    }
    fs::write(other.join(".guarded"), "x")?;
    pair.expect("plain", |run| run.env("HOME", &other_text))?;
    pair.expect("guarded", |run| run)?;
    // From a folder that has the file, and from one that is gone.
    fs::write(other.join("guarded.cfg"), "x")?;
    let run = |folder: &Path| Run::new(&frozen.executable, folder).env("HOME", "/nonexistent");
    let python = Run::new(&product.python, &other).arg(frozen.workspace.join("app")).env("HOME", "/nonexistent");
    expect_start(&run(&other).output(), "plain", &python.output())
}

/// Under a terminal the program knows that it has one.
fn terminal(product: &Product) -> TestResult {
    let frozen = sample(product)?;
    let pair = Pair { frozen: &frozen, product };
    let script = tool("script")?.display().to_string();
    pair.expect("guarded", |run| run)?;
    let here = frozen.workspace.join("here");
    let in_terminal = |command: String| Run::new(&script, &here).args(["-qec", &command, "/dev/null"]).output();
    let program = frozen.executable.display().to_string();
    let python = format!("{} {}", product.python.display(), frozen.workspace.join("app").display());
    expect_start(&in_terminal(program.clone()), "plain", &in_terminal(python.clone()))?;
    // One of the three is enough.
    for redirection in ["> output; cat output", "< /dev/null 2> /dev/null", "< /dev/null > output; cat output"] {
        let [program, python] = [&program, &python].map(|command| in_terminal(format!("{command} {redirection}")));
        expect_start(&program, "plain", &python)?;
    }
    let redirection = "< /dev/null > output 2> /dev/null; cat output";
    let [program, python] = [&program, &python].map(|command| in_terminal(format!("{command} {redirection}")));
    expect_start(&program, "guarded", &python)
}

/// Damage to the first snapshot's header ends in the ordinary start, damage to the second's only where the first does not fit.
fn damaged(product: &Product) -> TestResult {
    let frozen = sample(product)?;
    let pair = Pair { frozen: &frozen, product };
    let bytes = fs::read(&frozen.executable)?;
    let payload_start = usize::try_from(find_payload(&bytes)?.0).map_err(|error| error.to_string())?;
    let payload = &bytes[payload_start..];
    let section = snapshot_section(payload).ok_or_else(|| "there is no snapshot".to_owned())?;
    let start = payload_start + (section.as_ptr().addr() - payload.as_ptr().addr());
    let next = &bytes[start + SNAPSHOT_NEXT_OFFSET..][..8];
    let next = start + next.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    let header_size =
        bytes[start + 4..][..4].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    let change = |offset: usize, byte: u8| -> TestResult {
        let file = fs::OpenOptions::new().write(true).open(&frozen.executable)?;
        Ok(file.write_all_at(&[byte], offset as u64)?)
    };
    let text = bytes[start..start + header_size].windows(9).position(|text| text == b"/.guarded");
    let text = start + text.ok_or_else(|| "the guard's path is not in the header".to_owned())?;
    let odd_home = |run: Run| run.env("HOME", "relative");
    for offset in [start + SNAPSHOT_NEXT_OFFSET, start + SNAPSHOT_NEXT_OFFSET + 2, start + 44, text, text + 3] {
        change(offset, bytes[offset] ^ 0x55)?;
        pair.expect("ordinary", |run| run)?;
        pair.expect("ordinary", odd_home)?;
        change(offset, bytes[offset])?;
    }
    change(next + 16, 7)?;
    pair.expect("guarded", |run| run)?;
    pair.expect("ordinary", odd_home)?;
    change(next + 16, bytes[next + 16])?;
    pair.expect("plain", odd_home)
}

/// Two builds in two folders.
fn same_bytes(product: &Product) -> TestResult {
    let [first, second] = [sample(product)?, sample(product)?].map(|frozen| fs::read(&frozen.executable));
    if first? == second? { Ok(()) } else { Err("two builds differ".to_owned().into()) }
}

/// What is sought where other variables, the executable or the working folder's own folder lead, or after the program has moved.
fn not_for_all(product: &Product) -> TestResult {
    let looks = [
        ("path", "import shutil\nshutil.which('pyfreeze-no-such-tool')"),
        ("user", "os.path.exists('/nonexistent/' + os.environ['USER'])"),
        ("above", "os.path.exists('../guarded')"),
        ("parents", "os.path.exists(os.path.dirname(os.getcwd()) + '/guarded')"),
        ("beside", "os.path.exists(os.path.dirname(sys.executable) + '/guarded')"),
        ("pid", "os.path.exists(f'/nonexistent/{os.getpid()}')"),
        ("present", "os.path.exists('/nonexistent/guarded') or os.path.exists('/etc/passwd')"),
        ("listed", "os.listdir('.')"),
        ("moved", "os.chdir('/')"),
        ("after_moving", "os.path.exists('guarded')"),
    ];
    let paths: Vec<String> = looks.iter().map(|(name, _)| format!("app/{name}.py")).collect();
    let texts: Vec<String> = looks.iter().map(|(_, text)| format!("import os, sys\n{text}\n")).collect();
    let names: Vec<&str> = looks.iter().map(|(name, _)| *name).collect();
    let imports = names.join("\nimport ");
    let main = format!("import early\nimport {imports}\n\nprint('restored' if early.BUILT else 'ordinary')\n");
    let mut files = vec![EARLY, ("app/__main__.py", &main)];
    files.extend(paths.iter().zip(&texts).map(|(path, text)| (path.as_str(), text.as_str())));
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    let said = frozen.snapshot_list(product)?;
    let is_named = |name: &str| said.lines().any(|line| line.starts_with(&format!("at start  {name}  ")));
    let unnamed: Vec<_> = names.iter().filter(|name| !is_named(name)).collect();
    if !unnamed.is_empty() || said.contains("not used where  ") {
        return Err(format!("not left out: {unnamed:?}\n{said}").into());
    }
    super::expect(&frozen.run().env("USER", "somebody").output(), &["restored\n"])
}

/// A module that main imports after it has written files sees them.
fn imported_late(product: &Product) -> TestResult {
    const MAIN: &str = "\
import os
import sys
import early

def main():
    if 'write' in sys.argv:
        open('guarded.cfg', 'w').close()
    import config
    print('guarded' if config.BUILT else 'plain' if early.BUILT else 'ordinary', config.FOUND)
    if os.path.exists('guarded.cfg'):
        os.remove('guarded.cfg')

main()
";
    let files = [EARLY, CONFIG, ("app/__main__.py", MAIN)];
    let frozen = Frozen::new(product, &files, Level::App, &["--snapshot-train", "read"])?;
    super::expect(&frozen.run().output(), &["guarded [False, False, False, False]\n"])?;
    let frozen = Frozen::new(product, &files, Level::App, &["--snapshot-train", "write"])?;
    super::expect(&frozen.run().arg("write").output(), &["plain [False, True, False, False]\n"])
}

/// What the user vouches for is not compared, and there is one snapshot.
fn vouched_for(product: &Product) -> TestResult {
    let settings = "[tool.pyfreeze.snapshot]\ninclude = ['config']\n";
    let main = "import early\nimport config\n\nprint(early.BUILT, config.BUILT, config.FOUND[1])\n";
    let files = [EARLY, CONFIG, ("app/__main__.py", main), ("app/pyproject.toml", settings)];
    let frozen = Frozen::new(product, &files, Level::App, &[])?;
    frozen.workspace.write("guarded.cfg", "x")?;
    super::expect(&frozen.run().output(), &["True True False\n"])?;
    let said = frozen.snapshot_list(product)?;
    if said.contains("not used where  ") || said.contains("level  app\n\nused") {
        return Err(said.into());
    }
    Ok(())
}

/// Who only looks at what certificates bring about may be in; who keeps them loads the host's at every start.
fn certificates(product: &Product) -> TestResult {
    let ciphers = "import ssl, sys\n\nBUILT = hasattr(sys, '_pyfreeze_is_recording')\n\
                   CIPHERS = [one['name'] for one in ssl.create_default_context().get_ciphers()]\n";
    let keeps =
        "import ssl, sys\n\nBUILT = hasattr(sys, '_pyfreeze_is_recording')\nCONTEXT = ssl.create_default_context()\n";
    let paths =
        "import ssl, sys\n\nBUILT = hasattr(sys, '_pyfreeze_is_recording')\nPATHS = ssl.get_default_verify_paths()\n";
    let main = |name: &str, what: &str| {
        format!("import early\nimport {name}\n\nprint('{name}', early.BUILT, {name}.BUILT, {what})\n")
    };
    let certificates = "len(keeps.CONTEXT.get_ca_certs()) == len(keeps.ssl.create_default_context().get_ca_certs())";
    for (name, text, what, expected) in [
        ("ciphers", ciphers, "len(ciphers.CIPHERS) > 3", "ciphers True True True\n"),
        ("keeps", keeps, certificates, "keeps True False True\n"),
        ("paths", paths, "paths.PATHS == paths.ssl.get_default_verify_paths()", "paths True False True\n"),
    ] {
        let (path, main) = (format!("app/{name}.py"), main(name, what));
        let frozen = Frozen::new(product, &[EARLY, (&path, text), ("app/__main__.py", &main)], Level::App, &[])?;
        super::expect(&frozen.run().output(), &[expected])?;
        // Another bundle is no reason for another start.
        super::expect(&frozen.run().env("SSL_CERT_FILE", "/nonexistent/bundle").output(), &[expected])?;
    }
    Ok(())
}

/// A program that asks for the terminal, its colours and a file of the user's when it is imported.
fn httpie(product: &Product) -> TestResult {
    const MAIN: &str = "\
import sys
if sys.argv[1:] == ['context']:
    from httpie.core import main
    from httpie.context import Environment as E
    print(E.stdin_isatty, E.stdout_isatty, E.stderr_isatty, E.colors, E.config_dir, E().program_name)
else:
    from httpie.__main__ import main
    sys.exit(main())
";
    let venv = packages::environment(product, "httpie==3.2.4\nsetuptools==80.9.0\n")?;
    let options = ["--venv", &venv.display().to_string(), "--snapshot-train", "--version"];
    let frozen = Frozen::new(product, &[("app/__main__.py", MAIN)], Level::App, &options)?;
    let said = frozen.snapshot_list(product)?;
    if !said.contains("imported  httpie.core\n") || !said.contains("not used where  ~/.httpie exists\n") {
        return Err(said.into());
    }
    let script = tool("script")?.display().to_string();
    let folder = frozen.workspace.path();
    let python = venv.join("bin/python").display().to_string();
    let app = frozen.workspace.join("app").display().to_string();
    let program = frozen.executable.display().to_string();
    for legacy in [false, true] {
        if legacy {
            fs::create_dir_all(frozen.workspace.join(".home/.httpie"))?;
        }
        for arguments in ["--version", "context"] {
            for terminal in ["dumb", "xterm", "xterm-256color", "no-such-terminal"] {
                let run = |command: String| {
                    Run::new(&script, folder).args(["-qec", &command, "/dev/null"]).env("TERM", terminal)
                };
                let [frozen, python] = [program.clone(), format!("{python} {app}")]
                    .map(|command| run(format!("{command} {arguments}")).output());
                same(&frozen, &python)?;
            }
            let run = Run::new(&frozen.executable, folder).arg(arguments).output();
            same(&run, &Run::new(&python, folder).arg(&app).arg(arguments).output())?;
        }
    }
    Ok(())
}

fn same(frozen: &Output, python: &Output) -> TestResult {
    let is_same = frozen.status == python.status && frozen.stdout == python.stdout && frozen.stderr == python.stderr;
    if is_same { Ok(()) } else { Err(format!("{}{}", frozen.report(), python.report()).into()) }
}
