//! The pinned versions and digests of `runtime-stub/cpython/versions.json`.

use serde::Deserialize;

use crate::runtime::{CLibrary, Error, Result, cache, stub_sources};

/// What the recipe downloads, beside the crates that `libraries/Cargo.lock` pins.
#[derive(Debug, Deserialize)]
pub(crate) struct Pins {
    /// The oldest glibc that the product runs with.
    pub(crate) glibc: String,
    /// Python's version as it stands in names of files and folders.
    pub(crate) python: String,
    /// The date that compiled programs see, in seconds since 1970.
    pub(crate) source_date_epoch: u64,
    pub(crate) zig: Zig,
    /// Suites of Debian's archive, each more trusted to be new than the one before.
    pub(crate) debian_suites: Vec<String>,
    pub(crate) cpython: Tarball,
    pub(crate) ncurses: Tarball,
    pub(crate) libedit: Tarball,
    pub(crate) musl: Tarball,
}

/// The compiler's wheel on PyPI.
#[derive(Debug, Deserialize)]
pub(crate) struct Zig {
    pub(crate) version: String,
    pub(crate) wheel_sha256: String,
}

/// An upstream source tarball, as a Debian source package carries it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Tarball {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) file: String,
    pub(crate) sha256: String,
    /// Which of Debian's patches are taken.
    #[serde(default)]
    pub(crate) patches: Patches,
}

/// Patches of a source package, by their names.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Patches {
    pub(crate) prefixes: Vec<String>,
    pub(crate) names: Vec<String>,
}

impl Patches {
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix)) || self.names.iter().any(|taken| taken == name)
    }
}

impl Pins {
    pub(crate) fn read() -> Result<Pins> {
        let path = stub_sources().join("cpython/versions.json");
        serde_json::from_str(&cache::read_text(&path)?).map_err(|error| Error::content(&path, error.to_string()))
    }

    /// The target as zig spells it.
    pub(crate) fn zig_target(&self, c_library: CLibrary) -> String {
        match c_library {
            CLibrary::Glibc => format!("{}.{}", c_library.gnu_target(), self.glibc),
            CLibrary::Musl => c_library.gnu_target().to_owned(),
        }
    }
}
