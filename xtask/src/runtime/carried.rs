//! Shared libraries that packages expect of the host although not every host has them, taken from the build machine.
//!
//! The manylinux policies (PEP 600) let wheels expect these of any system. Minimal containers lack them, and a library
//! in the pack is the same wherever a program runs, and can be mapped from the executable. Debian's packages of them
//! are GPL-3.0 with the GCC Runtime Library Exception (libstdc++6, libgcc-s1, libgomp1) and Zlib (zlib1g); `notices` has their texts.

use std::path::{Path, PathBuf};

use super::{Error, Result};

/// A library that is carried along.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) soname: &'static str,
    /// The Debian package that has it.
    pub(super) package: &'static str,
    /// Its licence as an SPDX expression.
    pub(super) license: &'static str,
    /// The text among Debian's common licences to which the package's own copyright file refers.
    pub(super) common_license: Option<&'static str>,
}

const GCC: &str = "GPL-3.0-or-later WITH GCC-exception-3.1";

const LIBRARIES: [Carried; 4] = [
    Carried { soname: "libgcc_s.so.1", package: "libgcc-s1", license: GCC, common_license: Some("GPL-3") },
    Carried { soname: "libgomp.so.1", package: "libgomp1", license: GCC, common_license: Some("GPL-3") },
    Carried { soname: "libstdc++.so.6", package: "libstdc++6", license: GCC, common_license: Some("GPL-3") },
    Carried { soname: "libz.so.1", package: "zlib1g", license: "Zlib", common_license: None },
];

/// Where distributions keep libraries of this architecture.
const FOLDERS: [&str; 5] = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib"];

/// Where each library is.
pub(super) fn libraries() -> Result<Vec<PathBuf>> {
    let missing = |library: &Carried| Error::MissingPrograms {
        names: vec![library.soname.to_owned()],
        packages: vec![library.package.to_owned()],
    };
    LIBRARIES.iter().map(|library| find(library.soname).ok_or_else(|| missing(library))).collect()
}

/// The libraries that this machine lacks, and the Debian packages that have them.
pub(super) fn missing() -> impl Iterator<Item = (&'static str, &'static str)> {
    let names = LIBRARIES.into_iter().map(|library| (library.soname, library.package));
    names.filter(|(name, _)| find(name).is_none())
}

/// What is known of each library.
pub(super) fn known() -> &'static [Carried] {
    &LIBRARIES
}

fn find(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}
