//! The manifest: build facts that only people and `inspect` need, as one compressed JSON section.
//!
//! The stub never reads it, so it may say in words what the head says in numbers.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{PayloadError, PayloadOptions};
use crate::contents::{Contents, Distribution, EntryPoint, LeftOut, MissingImport, Owner, Reason, Temperature};
use crate::libraries::{GlibcFloor, LibraryPlan, Native, Needs, PlannedLibrary};
use crate::runtime::Runtime;
use crate::sbom::{Bill, Ingredients, LibraryBytes, bill, sha256};

/// Most bytes that a manifest may decode to: a limit against hostile files, far above any real one.
const MAX_SIZE: usize = 1 << 30;

/// What `pyfreeze inspect` tells beyond what lies in the payload's index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of pyfreeze that made the payload.
    pub pyfreeze_version: String,
    /// The runtime in the executable.
    pub runtime: RuntimeFacts,
    /// How the program is run.
    pub entry_point: EntryPoint,
    /// How it was built.
    pub settings: SettingsFacts,
    /// Every module, sorted by path.
    pub modules: Vec<ManifestModule>,
    /// Every other file, sorted by path.
    pub files: Vec<ManifestFile>,
    /// Every shared library, sorted by path.
    #[serde(default)]
    pub libraries: Vec<ManifestLibrary>,
    /// What the executable needs of glibc; nothing if it is static.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glibc: Option<GlibcFloor>,
    /// The included distributions, sorted by name.
    pub distributions: Vec<Distribution>,
    /// Imports that lead nowhere, sorted by name.
    pub missing: Vec<MissingImport>,
    /// Modules that the build knew and left out, sorted by name.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// What the program is made of.
    #[serde(default)]
    pub materials: Bill,
}

/// The runtime in an executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeFacts {
    /// The Python version.
    pub python_version: String,
    /// The target triple.
    pub target: String,
    /// The oldest glibc that it runs on; empty if it needs none.
    pub glibc: String,
    /// The digest of stub and library.
    pub identity: String,
    /// The modules in the interpreter itself.
    #[serde(default)]
    pub builtin_modules: Vec<String>,
    /// The first four bytes of its pyc files, as a little-endian number.
    #[serde(default)]
    pub pyc_magic: u32,
}

/// How a program was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsFacts {
    /// 0, 1 (`-O`) or 2 (`-OO`).
    pub optimization: u32,
    /// True when sources ride along.
    pub has_sources: bool,
    /// True when unreached modules were left out.
    pub is_pruned: bool,
    /// How libraries are brought to run.
    #[serde(default)]
    pub native: Native,
    /// Interpreter options.
    pub python_options: Vec<String>,
    /// `sys.path`, below the virtual root.
    pub search_path: Vec<String>,
}

/// One module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestModule {
    /// Its dotted name.
    pub name: String,
    /// Its path below the virtual root.
    pub path: String,
    /// Who brought it along.
    pub owner: Owner,
    /// Reached by imports, or only there in case.
    pub temperature: Temperature,
    /// The first module found that imports it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub imported_by: Option<String>,
    /// Why it is in; nothing for cold modules, which come along with their owner.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
}

/// One shared library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestLibrary {
    /// Its path below the virtual root.
    pub path: String,
    /// Who brought it along.
    pub owner: Owner,
    /// The dotted name of the module that it is, if an import reaches it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub module: Option<String>,
    /// The first module found that imports it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub imported_by: Option<String>,
    /// Why it is in; nothing for what comes along with its owner.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// Bytes of the file that it was.
    #[serde(default)]
    pub file_size: u64,
    /// The SHA-256 of the file that it was, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
    /// Bytes of its image in the executable; 0 for one that is copied.
    #[serde(default)]
    pub image_size: u64,
    /// The paths of the libraries inside that it needs.
    #[serde(default)]
    pub needed: Vec<String>,
    /// The libraries of the host that it needs, besides glibc's own.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub needed_of_host: Vec<String>,
    /// The libraries that it needs and that are nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<String>,
    /// What it needs of glibc, if that is newer than what the runtime needs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub glibc: Option<GlibcFloor>,
    /// Brought by the runtime for libraries that expect it of the host.
    #[serde(default)]
    pub is_carried: bool,
    /// Why a copy of it is loaded by the dynamic loader; absent for one that is mapped from the executable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub copied_because: Option<String>,
}

/// One file that is not a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its path below the virtual root.
    pub path: String,
    /// Who brought it along.
    pub owner: Owner,
}

impl Manifest {
    /// The facts of one build.
    ///
    /// # Errors
    /// [`PayloadError::NoEntryPoint`].
    pub fn new(
        contents: &Contents,
        libraries: &LibraryPlan<'_>,
        runtime: &Runtime,
        options: &PayloadOptions,
    ) -> Result<Self, PayloadError> {
        let module = |module: &crate::contents::Module| ManifestModule {
            name: module.name.clone(),
            path: module.path.clone(),
            owner: module.owner.clone(),
            temperature: module.temperature,
            imported_by: module.imported_by.clone(),
            reason: module.reason,
        };
        let file =
            |file: &crate::contents::DataFile| ManifestFile { path: file.path.clone(), owner: file.owner.clone() };
        Ok(Self {
            pyfreeze_version: env!("CARGO_PKG_VERSION").to_string(),
            runtime: runtime.facts(),
            entry_point: contents.entry_point.clone().ok_or(PayloadError::NoEntryPoint)?,
            settings: SettingsFacts {
                optimization: options.optimization,
                has_sources: options.has_sources,
                is_pruned: options.is_pruned,
                native: libraries.native(),
                python_options: options.python_options.clone(),
                search_path: contents.search_path.clone(),
            },
            modules: contents.modules.iter().map(module).collect(),
            files: contents.files.iter().map(file).collect(),
            libraries: libraries.libraries().iter().map(|library| ManifestLibrary::new(library, libraries)).collect(),
            glibc: Some(libraries.floor()).filter(|floor| !floor.version.is_empty()).cloned(),
            distributions: contents.distributions.clone(),
            missing: contents.missing.clone(),
            left_out: contents.left_out.clone(),
            materials: bill(&ingredients(contents, libraries, runtime)),
        })
    }
}

fn ingredients<'a>(contents: &'a Contents, plan: &'a LibraryPlan<'_>, runtime: &'a Runtime) -> Ingredients<'a> {
    let library = |library: &'a PlannedLibrary<'_>| LibraryBytes {
        path: library.path(),
        owner: library.owner(),
        bytes: library.file_bytes(),
        is_carried: library.is_carried(),
    };
    let libraries = plan.libraries().iter().map(library).collect();
    Ingredients { contents, runtime: runtime.descriptor(), stub: runtime.stub(), libraries }
}

impl ManifestLibrary {
    fn new(library: &PlannedLibrary<'_>, plan: &LibraryPlan<'_>) -> Self {
        let Needs { inside, host, missing } = plan.needs(library);
        Self {
            path: library.path().to_owned(),
            owner: library.owner().clone(),
            module: library.module().map(str::to_owned),
            imported_by: library.imported_by().map(str::to_owned),
            reason: library.import_reason(),
            file_size: library.file_size(),
            sha256: sha256(library.file_bytes()),
            image_size: library.image_size(),
            needed: inside,
            needed_of_host: host,
            missing,
            glibc: plan.glibc_of(library),
            is_carried: library.is_carried(),
            copied_because: library.copied_because().map(str::to_owned),
        }
    }
}

/// The bytes of a manifest section: JSON, zstd-compressed.
#[must_use]
pub fn encode_section<T: Serialize>(value: &T) -> Vec<u8> {
    // OK because the values are structs of strings, numbers and lists, which JSON can always say, and zstd
    // fails on no input that is in memory.
    encode_text(&serde_json::to_vec(value).unwrap_or_default())
}

/// A text as the content of a section: a zstd frame.
#[must_use]
pub fn encode_text(text: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(text, 9).unwrap_or_default()
}

/// Reads a text back; `None` if it is damaged, or larger than any real one.
#[must_use]
pub fn decode_text(section: &[u8]) -> Option<Vec<u8>> {
    let size = zstd::bulk::Decompressor::upper_bound(section).filter(|size| *size <= MAX_SIZE)?;
    zstd::bulk::decompress(section, size).ok()
}

/// Reads a manifest section back; the error says what is wrong with it.
///
/// # Errors
/// A sentence part, such as "its manifest can't be decompressed".
pub fn decode_section<T: DeserializeOwned>(section: &[u8]) -> Result<T, String> {
    let json = decode_text(section).ok_or("its manifest can't be decompressed")?;
    serde_json::from_slice(&json).map_err(|error| format!("its manifest can't be read: {error}"))
}
