//! `cargo xtask dist`: `pyfreeze`, the documents and every licence in one archive, the same for the same input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, checkout, run, target_folder};
use crate::product;

/// Files of the checkout that go along.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Makes the archive and gives its path.
pub(crate) fn run_dist() -> Result<PathBuf, Failure> {
    let product = product::build()?;
    let name = format!("pyfreeze-{}-x86_64-linux-gnu", env!("CARGO_PKG_VERSION"));
    let parent = target_folder().join("dist");
    let folder = parent.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::io("remove", &folder))?;
    }
    let licenses = folder.join("licenses");
    fs::create_dir_all(&licenses).map_err(Failure::io("create", &licenses))?;
    copy(&product.pyfreeze, &folder.join("pyfreeze"))?;
    for document in DOCUMENTS {
        copy(&checkout().join(document), &folder.join(document))?;
    }
    for runtime in [&product.runtime, &product.static_runtime] {
        copy_files(&runtime.licenses, &licenses)?;
        for notice in &runtime.notices {
            let path = licenses.join(format!("{}.txt", notice.library.name));
            fs::write(&path, &notice.text).map_err(Failure::io("write", &path))?;
        }
    }
    copy_installer_licenses(&product.runtime.installer, &licenses.join("pip"))?;
    let archive = parent.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=go-w"]);
    run(tar.args(["--use-compress-program", "gzip -n", "-cf"]).arg(&archive).arg("-C").arg(&parent).arg(&name))?;
    Ok(archive)
}

/// The installer's own and those of what it brings along, in the folders that its wheel has for them.
fn copy_installer_licenses(installer: &Path, to: &Path) -> Result<(), Failure> {
    for entry in walkdir::WalkDir::new(installer).sort_by_file_name() {
        let entry = entry.map_err(|error| Failure::io("read", installer)(error.into()))?;
        let path = entry.path().display().to_string();
        let Some((_, below)) = path.split_once(".dist-info/licenses/") else { continue };
        let target = to.join(below);
        if entry.file_type().is_file() {
            let parent = target.parent().unwrap_or(to);
            fs::create_dir_all(parent).map_err(Failure::io("create", parent))?;
            copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(from).map_err(Failure::io("read", from))? {
        let entry = entry.map_err(Failure::io("read", from))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map(|_| ()).map_err(Failure::io("copy", from))
}
