//! Applying patch files to a source tree.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ui::Log;
use super::{Error, Result};

/// A patch as the recipe found it.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The `*.patch` files of a folder, in the order of their names.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<Patch>> {
    let mut patches = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            patches.push(Patch { name, path });
        }
    }
    patches.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(patches)
}

/// Applies `patches` to `tree`. A patch that doesn't apply, or is applied already, is an error.
pub(super) fn apply(tree: &Path, patches: &[Patch], log: &Log) -> Result<()> {
    for patch in patches {
        let mut command = Command::new("patch");
        command.args(["-p1", "--forward", "--batch", "--fuzz=2", "--no-backup-if-mismatch"]);
        log.run(command.arg("-d").arg(tree).arg("-i").arg(&patch.path))?;
    }
    Ok(())
}
