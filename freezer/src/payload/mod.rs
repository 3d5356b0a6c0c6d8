//! Contents + runtime → payload: the bytes that the executable carries.
//!
//! Comes in: everything that goes into the program, decided, and the runtime pack whose standard library rides
//! along. Goes out: the payload's bytes and its manifest. It reads the files that the
//! contents name and nothing else; no clock, no host path and no order of arrival reaches the bytes.

mod manifest;
mod pack;
mod parallel;
mod store;

use std::fmt;
use std::path::PathBuf;

use pyfreeze_format::{FormatError, NewFile, NewSettings, PayloadWriter, SectionKind, WriteError};
use thiserror::Error;

pub use manifest::{
    Manifest, ManifestFile, ManifestLibrary, ManifestModule, RuntimeFacts, SettingsFacts, decode_section, decode_text,
    encode_section, encode_text,
};
pub use pack::PackedLibrary;
pub use parallel::parallel_map;
pub use store::{compressed, decompressed};

use crate::contents::{Contents, DataFile, Module};
use crate::libraries::{LibraryPlan, PlannedLibrary};
use crate::runtime::Runtime;
use crate::sbom::cyclonedx;

/// What the payload's bytes depend on besides the contents.
#[derive(Clone, Debug)]
pub struct PayloadOptions {
    /// 0, 1 (`-O`) or 2 (`-OO`).
    pub optimization: u32,
    /// Whether sources were included, for the manifest.
    pub has_sources: bool,
    /// Whether unreached modules were left out, for the manifest.
    pub is_pruned: bool,
    /// Interpreter options such as `-Xdev`.
    pub python_options: Vec<String>,
    /// Threads that read and compress.
    pub worker_count: usize,
}

/// A finished payload.
pub struct Payload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What its manifest section says.
    pub manifest: Manifest,
}

/// Code in the payload, for the symbol table: by these names debuggers and profilers call what runs there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRange {
    /// What is shown.
    pub name: String,
    /// Where it lies in memory.
    pub address: u64,
    /// Bytes.
    pub size: u64,
}

/// Why a payload can't be made.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// A file can't be read.
    #[error("Cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The contents name something of the runtime pack that is not in it.
    #[error("Cannot find `{0}` in the runtime pack")]
    NotInPack(String),
    /// Bytes of the runtime pack can't be decompressed.
    #[error("Cannot use the runtime pack: `{0}` is damaged")]
    PackDamaged(String),
    /// The contents have no entry point.
    #[error("Cannot freeze a program without an entry point")]
    NoEntryPoint,
    /// A limit of the format is passed.
    #[error("{0}")]
    Write(#[from] WriteError),
}

impl Payload {
    /// Where the code of mapped libraries lies in memory, by the libraries' file names.
    ///
    /// # Errors
    /// [`FormatError`] when the payload does not read back.
    pub fn code_ranges(&self) -> Result<Vec<CodeRange>, FormatError> {
        const PF_X: u64 = 1;
        let payload = pyfreeze_format::Payload::parse(&self.bytes)?;
        let libraries = payload.libraries()?;
        let mut ranges = Vec::new();
        for (index, row) in libraries.rows() {
            let name = String::from_utf8_lossy(payload.entry(row.entry)?.name).into_owned();
            let library = libraries.get(index)?;
            let code = library.segments().filter(|segment| segment.flags & PF_X != 0);
            ranges.extend(code.map(|segment| CodeRange {
                name: name.clone(),
                address: row.address + segment.address,
                size: segment.size,
            }));
        }
        Ok(ranges)
    }
}

/// Makes the payload. `progress` is told how many files of how many have been stored.
///
/// # Errors
/// [`PayloadError`] naming the file.
pub fn write(
    contents: &Contents,
    libraries: &LibraryPlan<'_>,
    runtime: &Runtime,
    options: &PayloadOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Payload, PayloadError> {
    let library = PackedLibrary::new(runtime);
    let jobs = jobs(contents, libraries);
    let stored =
        parallel_map(&jobs, options.worker_count, |job| job.store(&library), |done| progress(done, jobs.len()))?;
    let manifest = Manifest::new(contents, libraries, runtime, options)?;
    let mut writer = PayloadWriter::new();
    for (job, file) in jobs.iter().zip(stored) {
        writer.add_file(job.path(), file)?;
    }
    for directory in &contents.directories {
        writer.add_directory(directory)?;
    }
    let settings = settings(contents, runtime, options)?;
    let materials = cyclonedx(&manifest.materials, &manifest.pyfreeze_version);
    let sections = [
        (SectionKind::Manifest, encode_section(&manifest)),
        (SectionKind::Materials, encode_text(materials.as_bytes())),
    ];
    let bytes = writer.finish_with_libraries(&settings, &sections, &mut |places| libraries.link(places))?;
    Ok(Payload { bytes, manifest })
}

fn settings(contents: &Contents, runtime: &Runtime, options: &PayloadOptions) -> Result<NewSettings, PayloadError> {
    let entry_point = contents.entry_point.as_ref().ok_or(PayloadError::NoEntryPoint)?;
    Ok(NewSettings {
        entry_point_kind: entry_point.kind(),
        entry_point_path: entry_point.path.clone(),
        optimization: options.optimization,
        library_path: runtime.descriptor().library_path.clone(),
        search_path: contents.search_path.clone(),
        python_options: options.python_options.clone(),
        python_version: runtime.descriptor().python_version.clone(),
    })
}

/// One file of the payload, still to be stored.
enum Job<'a> {
    Module(&'a Module),
    Data(&'a DataFile),
    Library(&'a PlannedLibrary<'a>),
    /// A file that is named like a library.
    NoLibrary(&'a str, &'a [u8]),
}

fn jobs<'a>(contents: &'a Contents, libraries: &'a LibraryPlan<'a>) -> Vec<Job<'a>> {
    let modules = contents.modules.iter().map(Job::Module);
    let files = modules.chain(contents.files.iter().map(Job::Data));
    let files = files.chain(libraries.libraries().iter().map(Job::Library));
    files.chain(libraries.data().map(|(path, _, bytes)| Job::NoLibrary(path, bytes))).collect()
}

impl<'a> Job<'a> {
    fn path(&self) -> &str {
        match self {
            Self::Module(module) => &module.path,
            Self::Data(file) => &file.path,
            Self::Library(library) => library.path(),
            Self::NoLibrary(path, _) => path,
        }
    }

    fn store(&self, library: &PackedLibrary<'a>) -> Result<NewFile<'a>, PayloadError> {
        match self {
            Self::Module(module) => store::module(module, library),
            Self::Data(file) => store::data_file(file, library),
            Self::Library(library) => Ok(store::shared_library(library)),
            Self::NoLibrary(_, bytes) => Ok(store::plain_file(bytes)),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Payload").field("size", &self.bytes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
