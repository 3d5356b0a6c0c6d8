//! `_sysconfigdata`: the variables of the build that `sysconfig` shows, without the build's folders and compiler.

use std::path::Path;

use super::Build;
use crate::runtime::cache;
use crate::runtime::{Error, Result};

/// Our compiler's names, and what a user's machine has in their place.
const PROGRAMS: &[(&str, &str)] = &[("zig-cc", "cc"), ("zig-c++", "c++"), ("zig-ranlib", "ranlib"), ("zig-ar", "ar")];

/// Where the sources and libraries seem to have been.
const NEUTRAL_FOLDER: &str = "/usr/local/src";

/// Copies the made `_sysconfigdata*.py` into the standard library.
pub(super) fn install(build: &Build<'_>, made: &Path, library: &Path) -> Result<()> {
    let folder = made.join(cache::read_text(&made.join("pybuilddir.txt"))?.trim());
    let entries = std::fs::read_dir(&folder).map_err(Error::io("read", &folder))?;
    let mut found = false;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("_sysconfigdata") && name.ends_with(".py") {
            let text = neutral(&cache::read_text(&path)?, build.cache.work());
            cache::write(&library.join(&name), text)?;
            found = true;
        }
    }
    if found { Ok(()) } else { Err(Error::content(&folder, "a file _sysconfigdata*.py")) }
}

fn neutral(text: &str, work: impl AsRef<Path>) -> String {
    let mut text = text.replace(&work.as_ref().display().to_string(), NEUTRAL_FOLDER);
    for (ours, usual) in PROGRAMS {
        text = text.replace(ours, usual);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_folders_nor_our_compiler_remain() {
        let text = neutral("'CC': 'zig-cc', 'CXX': 'zig-c++', 'L': '-L/c/build/work/libraries/lib'", "/c/build/work");
        assert_eq!(text, "'CC': 'cc', 'CXX': 'c++', 'L': '-L/usr/local/src/libraries/lib'");
    }
}
