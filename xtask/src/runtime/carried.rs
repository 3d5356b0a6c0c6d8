//! Shared libraries that packages expect of the host although not every host has them, taken from the build machine.
//!
//! The manylinux policies (PEP 600) let wheels expect these of any system. Minimal containers lack them, and a library
//! in the pack is the same wherever a program runs, and can be mapped from the executable. Debian's packages of them
//! are GPL-3.0 with the GCC Runtime Library Exception (libstdc++6, libgcc-s1, libgomp1) and Zlib (zlib1g).

use std::path::{Path, PathBuf};

use super::{Error, Result};

/// SONAMEs, and the Debian packages that have them.
const LIBRARIES: [(&str, &str); 4] = [
    ("libgcc_s.so.1", "libgcc-s1"),
    ("libgomp.so.1", "libgomp1"),
    ("libstdc++.so.6", "libstdc++6"),
    ("libz.so.1", "zlib1g"),
];

/// Where distributions keep libraries of this architecture.
const FOLDERS: [&str; 5] = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib"];

/// Where each library is.
pub(super) fn libraries() -> Result<Vec<PathBuf>> {
    let missing = |(name, package): &(&str, &str)| Error::MissingPrograms {
        names: vec![(*name).to_owned()],
        packages: vec![(*package).to_owned()],
    };
    LIBRARIES.iter().map(|library| find(library.0).ok_or_else(|| missing(library))).collect()
}

/// The libraries that this machine lacks, and the Debian packages that have them.
pub(super) fn missing() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIBRARIES.into_iter().filter(|(name, _)| find(name).is_none())
}

fn find(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}
