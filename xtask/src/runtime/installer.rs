//! The installer that a pack carries: pip, as it is unpacked from its wheel.
//!
//! Comes in: the pinned wheel, from PyPI as zig's is. Goes out: a folder with `pip` and its `.dist-info`. It is not the
//! wheel that CPython bundles: that one is as old as CPython's release, and pip's security fixes can't wait for one.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Cache};
use super::ui::{Log, Ui};
use super::{Result, machine};

/// What is fetched, and its digest.
const VERSION: &str = "26.3";
const WHEEL_SHA256: &str = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13";

/// Fetches and unpacks the installer, or finds it.
pub(super) fn prepare(cache: &Cache, ui: &Ui) -> Result<PathBuf> {
    let folder = cache.tools().join(format!("pip-{VERSION}"));
    let _lock = cache.lock("installer")?;
    if !folder.exists() {
        machine::prepare(cache, ui)?;
        ui.step("fetch pip", &cache.logs(), |log| fetch(cache, &folder, log))?;
    }
    Ok(folder)
}

/// Unpacked as it is, not installed: what an installer writes beside it depends on the machine.
fn fetch(cache: &Cache, folder: &Path, log: &Log) -> Result<()> {
    let fresh = cache.fresh_work("pip")?;
    let requirements = fresh.join("requirements.txt");
    cache::write(&requirements, format!("pip=={VERSION} --hash=sha256:{WHEEL_SHA256}\n"))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest"]);
    log.run(pip.arg(&fresh).arg("-r").arg(&requirements))?;
    let (wheel, unpacked) = (fresh.join(format!("pip-{VERSION}-py3-none-any.whl")), fresh.join("unpacked"));
    log.run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&unpacked))?;
    cache::publish(&unpacked, folder)
}
