//! Programs that the tests and the demo use, installed where that is possible.

use std::process::{Command, Stdio};

use crate::process::{Failure, run};

/// A program, and the Debian package that has it.
pub(crate) type Need = (&'static str, &'static str);

/// What the whole-program tests run besides `pyfreeze`.
pub(crate) const TEST_NEEDS: &[Need] = &[
    ("bash", "bash"),
    ("cc", "gcc"),
    ("chromium", "chromium"),
    ("eu-strip", "elfutils"),
    ("git", "git"),
    ("objcopy", "binutils"),
    ("openssl", "openssl"),
    ("pip", "python3-pip"),
    ("script", "bsdutils"),
    ("strace", "strace"),
    ("unshare", "util-linux"),
];

/// Installs the packages of programs that are missing. Without the right to do so this changes nothing: a test
/// whose need is missing is skipped and counted, and fails in CI.
pub(crate) fn prepare(needs: &[Need]) -> Result<(), Failure> {
    let missing: Vec<&str> =
        needs.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() || !is_there("apt-get") || !is_root() {
        return Ok(());
    }
    eprintln!("installing {}", missing.join(", "));
    run(apt_get().args(["update", "--quiet"]).stdout(Stdio::null()))?;
    run(apt_get().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(&missing).stdout(Stdio::null()))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    let answer = Command::new("id").arg("-u").output();
    answer.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
