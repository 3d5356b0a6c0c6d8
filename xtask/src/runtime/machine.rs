//! What the machine must have to build the runtime, installed when that is possible.

use std::path::Path;
use std::process::{Command, Stdio};

use super::cache::Cache;
use super::carried;
use super::ui::Ui;
use super::{Error, Result};

/// A program the recipe runs, and the Debian package that has it.
const PROGRAMS: &[(&str, &str)] = &[
    ("awk", "mawk"),
    ("make", "make"),
    ("objcopy", "binutils"),
    ("patch", "patch"),
    ("perl", "perl"),
    ("python3", "python3"),
    ("sed", "sed"),
    ("sha256sum", "coreutils"),
    ("sh", "dash"),
    ("tar", "tar"),
    ("xz", "xz-utils"),
];

/// Makes sure that every program of the recipe is there.
pub(super) fn prepare(cache: &Cache, ui: &Ui) -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    if !can_install() {
        return Err(missing_programs(&missing));
    }
    ui.step("install programs", &cache.logs(), |log| {
        let apt = || {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive").arg("-y");
            command
        };
        log.run(apt().arg("update"))?;
        log.run(apt().args(["install", "--no-install-recommends"]).args(&packages))
    })?;
    let missing = self::missing();
    if missing.is_empty() { Ok(()) } else { Err(missing_programs(&missing)) }
}

fn missing_programs(missing: &[(&str, &str)]) -> Error {
    Error::MissingPrograms {
        names: missing.iter().map(|(name, _)| (*name).to_owned()).collect(),
        packages: missing.iter().map(|(_, package)| (*package).to_owned()).collect(),
    }
}

fn missing() -> Vec<(&'static str, &'static str)> {
    let mut missing: Vec<_> = PROGRAMS.iter().copied().filter(|(name, _)| !on_path(name)).collect();
    missing.extend(carried::missing());
    // Debian's python3 comes without pip; the C compiler is delivered as a Python package.
    if !succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
        missing.push(("pip", "python3-pip"));
    }
    // OpenSSL's Configure needs modules that Debian's perl-base doesn't have.
    if !succeeds(Command::new("perl").args(["-MFile::Compare", "-MIPC::Cmd", "-MTime::Piece", "-e", "1"])) {
        missing.push(("perl's modules", "perl"));
    }
    missing
}

fn can_install() -> bool {
    on_path("apt-get") && Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(program)))
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The sha256 of a file, in hexadecimal.
pub(super) fn sha256(path: &Path) -> Result<String> {
    let output = Command::new("sha256sum").arg("--binary").arg(path).output();
    let output = output.map_err(|source| Error::Start { program: "sha256sum".to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim_start_matches('\\').split_whitespace().next() {
        Some(digest) if output.status.success() => Ok(digest.to_owned()),
        _ => Err(Error::content(path, "sha256sum could not read it")),
    }
}

/// Refuses a file that isn't the pinned one.
pub(super) fn check_sha256(path: &Path, pinned: &str) -> Result<()> {
    let found = sha256(path)?;
    if found == pinned {
        return Ok(());
    }
    Err(Error::Digest { path: path.to_path_buf(), found, pinned: pinned.to_owned() })
}

/// How many compilers run at once.
pub(super) fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
