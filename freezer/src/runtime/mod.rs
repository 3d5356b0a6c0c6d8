//! Which runtime a build uses: the one embedded in pyfreeze, or a folder that the user names.
//!
//! Comes in: a choice. Goes out: a checked [`Runtime`]: the stub's bytes, the library's payload and what is known
//! about both. Nothing else of pyfreeze knows where a runtime comes from.

mod disk_python;
mod embedded;
mod interpreter;
mod stub_kind;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyfreeze_format::{FormatError, Payload, SectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use disk_python::DiskPythonError;
pub use interpreter::{Interpreter, InterpreterError};
pub use stub_kind::StubKind;

use crate::bytecode::{Library, LibraryFile, LibraryModule};
use crate::payload::{PackedLibrary, RuntimeFacts, decode_section};

/// The stub's file name in a pack.
pub const STUB_NAME: &str = "stub";
/// The library's file name in a pack.
pub const LIBRARY_NAME: &str = "library.payload";
/// Where a pack's library keeps the installer's packages; no program gets them.
pub const INSTALLER_PATH: &str = "installer";
/// Where a pack's library has the shared libraries that it can bring along for packages.
pub const CARRIED_FOLDER: &str = "carried";
/// Where a program has the licence texts of its runtime: outside of `sys.path`, so that nothing there is a module.
pub const LICENSES_FOLDER: &str = "lib/licenses";
/// The environment variable that names a pack.
pub const ENVIRONMENT_VARIABLE: &str = "PYFREEZE_RUNTIME";

/// What a pack says about itself, in the manifest section of its library.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Descriptor {
    /// The Python version, `3.13.5`.
    pub python_version: String,
    /// The first four bytes of its pyc files, as a little-endian number.
    pub pyc_magic: u32,
    /// The target triple.
    pub target: String,
    /// The oldest glibc that the stub runs on; empty if its C library is in the stub itself.
    pub glibc: String,
    /// The standard library's directory below the virtual root.
    pub library_path: String,
    /// `sys.builtin_module_names`.
    pub builtin_modules: Vec<String>,
    /// `_imp.extension_suffixes()`: how files of extension modules end; none if it loads none.
    pub extension_suffixes: Vec<String>,
    /// Modules that python finds frozen in itself before it looks at `sys.path`.
    pub frozen_modules: Vec<String>,
    /// BLAKE3 of stub and library, in hexadecimal.
    pub identity: String,
    /// The standard library's modules with what each imports.
    pub scans: Vec<LibraryModule>,
    /// The standard library's other files.
    pub files: Vec<LibraryFile>,
    /// Shared libraries that packages expect of the host and that the pack brings along, by SONAME.
    #[serde(default)]
    pub carried_libraries: Vec<String>,
    /// What it is made of.
    pub libraries: Vec<RuntimeLibrary>,
}

/// A part of the runtime: CPython, a library inside the stub, or one that is carried along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeLibrary {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence as an SPDX expression; [`Self::license_path`] is where the text lies.
    pub license: String,
    /// Where its source came from, in words.
    #[serde(default)]
    pub source: String,
    /// Patches on top of that version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<String>,
    /// Its SONAME, if it is a shared library that only some programs get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
}

impl Descriptor {
    /// What the stub needs of its host.
    #[must_use]
    pub fn stub_kind(&self) -> StubKind {
        if self.glibc.is_empty() { StubKind::Static } else { StubKind::Dynamic }
    }
}

impl RuntimeLibrary {
    /// The path of its licence's text below the virtual root.
    #[must_use]
    pub fn license_path(&self) -> String {
        format!("{LICENSES_FOLDER}/{}.txt", self.name)
    }
}

/// Why there is no runtime.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// None was named and none is embedded.
    #[error("Cannot find a runtime: this pyfreeze was built without one")]
    NoneEmbedded,
    /// The one that was named has another stub than the one that is wanted.
    #[error("Cannot use the runtime pack `{name}`: its stub is {found}, not {wanted}")]
    OtherStub {
        /// The pack.
        name: String,
        /// Its stub.
        found: StubKind,
        /// What was asked for.
        wanted: StubKind,
    },
    /// A file of the pack can't be read.
    #[error("Cannot read the runtime pack's file `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library is not a payload.
    #[error("Cannot use the runtime pack `{name}`: its library is damaged: {source}")]
    Library {
        /// The pack.
        name: String,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The descriptor can't be read.
    #[error("Cannot use the runtime pack `{name}`: {reason}")]
    Descriptor {
        /// The pack.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RuntimeError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let how = format!("name a runtime pack with `--runtime DIR` or {ENVIRONMENT_VARIABLE}");
        match self {
            Self::NoneEmbedded => vec![how, "`cargo xtask runtime` builds one and says where it is".to_string()],
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                vec![format!("a runtime pack is a folder that holds `{STUB_NAME}` and `{LIBRARY_NAME}`")]
            }
            Self::Read { .. } => Vec::new(),
            Self::OtherStub { found, .. } => vec![format!("use `--stub {found}`, or name another pack")],
            Self::Library { .. } | Self::Descriptor { .. } => {
                vec!["build it again with `cargo xtask runtime`".to_string()]
            }
        }
    }
}

/// A runtime pack, checked.
#[derive(Clone)]
pub struct Runtime {
    bytes: Arc<PackBytes>,
    descriptor: Arc<Descriptor>,
}

struct PackBytes {
    stub: Cow<'static, [u8]>,
    library: Cow<'static, [u8]>,
}

impl Runtime {
    /// The pack in `folder`, or else the one named by the environment, or else the embedded one with a stub of this kind.
    ///
    /// # Errors
    /// [`RuntimeError`] when there is none or it can't be used.
    pub fn find(folder: Option<&Path>, kind: StubKind) -> Result<Self, RuntimeError> {
        let named = folder.map(Path::to_path_buf).or_else(|| std::env::var_os(ENVIRONMENT_VARIABLE).map(PathBuf::from));
        let (name, runtime) = match (named, embedded::pack(kind)) {
            (Some(folder), _) => (folder.display().to_string(), Self::open(&folder)?),
            (None, Some((stub, library))) => {
                let name = "embedded".to_string();
                let bytes = PackBytes { stub: stub.into(), library: library.into() };
                (name.clone(), Self::new(&name, bytes)?)
            }
            (None, None) => return Err(RuntimeError::NoneEmbedded),
        };
        let found = runtime.descriptor().stub_kind();
        if found == kind { Ok(runtime) } else { Err(RuntimeError::OtherStub { name, found, wanted: kind }) }
    }

    /// The pack in a folder.
    ///
    /// # Errors
    /// [`RuntimeError`] when it can't be read or used.
    pub fn open(folder: &Path) -> Result<Self, RuntimeError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map(Cow::Owned).map_err(|source| RuntimeError::Read { path, source })
        };
        let bytes = PackBytes { stub: read(STUB_NAME)?, library: read(LIBRARY_NAME)? };
        Self::new(&folder.display().to_string(), bytes)
    }

    fn new(name: &str, bytes: PackBytes) -> Result<Self, RuntimeError> {
        let damaged = |source| RuntimeError::Library { name: name.to_string(), source };
        let payload = Payload::parse(&bytes.library).map_err(damaged)?;
        let refuse = |reason| RuntimeError::Descriptor { name: name.to_string(), reason };
        let section = payload.section(SectionKind::Manifest).ok_or_else(|| refuse("it has no manifest".to_string()))?;
        let descriptor = Arc::new(decode_section(section).map_err(refuse)?);
        Ok(Self { bytes: Arc::new(bytes), descriptor })
    }

    /// What is known about the pack.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The stub's bytes: an executable without payload.
    #[must_use]
    pub fn stub(&self) -> &[u8] {
        &self.bytes.stub
    }

    /// The library's bytes: by itself a payload with which the stub is an ordinary interpreter.
    #[must_use]
    pub fn library_bytes(&self) -> &[u8] {
        &self.bytes.library
    }

    /// The library's payload.
    ///
    /// # Panics
    /// Never: `new` has parsed the same bytes.
    #[must_use]
    pub fn library_payload(&self) -> Payload<'_> {
        #[expect(clippy::expect_used, reason = "`new` has parsed the same bytes")]
        Payload::parse(&self.bytes.library).expect("a checked payload parses again")
    }

    /// What the manifest of an executable says about its runtime.
    #[must_use]
    pub fn facts(&self) -> RuntimeFacts {
        let Descriptor { python_version, target, glibc, identity, builtin_modules, pyc_magic, .. } =
            self.descriptor().clone();
        RuntimeFacts { python_version, target, glibc, identity, builtin_modules, pyc_magic }
    }

    /// What the stages that understand Python need to know about the standard library.
    #[must_use]
    pub fn library(&self) -> Library {
        let descriptor = self.descriptor();
        let own = self.clone();
        Library {
            python_version: descriptor.python_version.clone(),
            identity: descriptor.identity.clone(),
            path: descriptor.library_path.clone(),
            modules: descriptor.scans.clone(),
            files: descriptor.files.clone(),
            builtin_modules: descriptor.builtin_modules.clone(),
            extension_suffixes: descriptor.extension_suffixes.clone(),
            frozen_modules: descriptor.frozen_modules.clone(),
            source: Box::new(move |path| PackedLibrary::new(&own).content(path).ok().map(Arc::from)),
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;

#[cfg(test)]
mod tests;
