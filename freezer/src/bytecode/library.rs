//! What the build needs to know of the runtime pack and its standard library.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Scan;

/// The runtime pack, seen from the module graph.
pub struct Library {
    /// The full version, `3.13.5`.
    pub python_version: String,
    /// The digest of the runtime: part of every cache key.
    pub identity: String,
    /// The standard library's directory below the virtual root, `lib/python3.13`.
    pub path: String,
    /// Every module with code in the pack.
    pub modules: Vec<LibraryModule>,
    /// Every other file of the standard library.
    pub files: Vec<LibraryFile>,
    /// `sys.builtin_module_names`.
    pub builtin_modules: Vec<String>,
    /// `_imp.extension_suffixes()`: how files of extension modules end; none if the runtime loads no shared libraries.
    pub extension_suffixes: Vec<String>,
    /// The modules that the interpreter has frozen, and so finds before it looks at `sys.path`.
    pub frozen_modules: Vec<String>,
    /// The source text of the module at a virtual path; asked only when the pack's code can't be used (`-O`).
    pub source: SourceReader,
}

/// Gives the source text of the library's module at a virtual path.
pub type SourceReader = Box<dyn Fn(&str) -> Option<Arc<[u8]>> + Send + Sync>;

/// A module of the standard library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryModule {
    /// Its dotted name.
    pub name: String,
    /// Its path below the virtual root.
    pub path: String,
    /// True for an `__init__.py`.
    pub is_package: bool,
    /// Its import facts.
    pub scan: Scan,
}

/// A file of the standard library that is not a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryFile {
    /// Its path below the virtual root.
    pub path: String,
    /// True when its owner may execute it.
    pub is_executable: bool,
}

impl Library {
    /// The minor version, `13` of `3.13.5`; 0 if the version is not of that form.
    #[must_use]
    pub fn minor_version(&self) -> u32 {
        self.python_version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0)
    }

    /// Whether the runtime can load shared libraries.
    #[must_use]
    pub fn loads_libraries(&self) -> bool {
        !self.extension_suffixes.is_empty()
    }

    /// The directory of installed packages below the virtual root.
    #[must_use]
    pub fn site_packages(&self) -> String {
        format!("{}/site-packages", self.path)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Library")
            .field("python_version", &self.python_version)
            .field("modules", &self.modules.len())
            .finish_non_exhaustive()
    }
}
