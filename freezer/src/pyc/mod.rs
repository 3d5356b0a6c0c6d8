//! `.pyc` files: what is in them, and whether an interpreter would use them.
//!
//! Comes in: a file or a folder, and how the interpreter is run. Goes out: reports as data. Nothing is compiled, loaded or run:
//! a damaged or hostile file is only read. Nothing here panics on what a file says.

mod hash;
mod header;
mod location;
mod magic;
mod marshal;
mod report;
mod verdict;

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

pub use hash::is_hash_of;
pub use header::{Check, Header, HeaderError, hash_text, header, magic_number};
pub use location::{CACHE_FOLDER, Location, Placement, cache_of, location};
pub use magic::{Implementation, Interpreter, Origin, origin};
pub use marshal::{CodeObject, MarshalError, code_objects};
pub use report::{CachesReport, FolderReport, Tally, Unreadable, VersionRow, caches_of_source, folder_report};
pub use verdict::{Alternative, Facts, HashChecks, Outcome, Reason, Settings, State, Verdict, Writing, judge, ways};

/// The most that is read of a file that claims to be a `.pyc`: the largest real ones have some megabytes.
const MAX_SIZE: u64 = 1 << 30;

/// Why there is no report.
#[derive(Debug, Error)]
pub enum PycError {
    /// The file or folder can't be read.
    #[error("Cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is neither a `.pyc` file nor anything that has some.
    #[error("`{}` is no .pyc file: it {what}", .path.display())]
    NotPyc {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A folder without a single one.
    #[error("Found no .pyc file in the folder: `{}`", .path.display())]
    NoneInFolder {
        /// The folder.
        path: PathBuf,
    },
}

impl PycError {
    /// What the user could do.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => Vec::new(),
            Self::NotPyc { .. } => vec!["give a .pyc file, the .py file whose caches you look for, or a folder".into()],
            Self::NoneInFolder { .. } => {
                vec![
                    "python writes them when a module is imported, and `python -m compileall DIR` for all of a folder"
                        .into(),
                ]
            }
        }
    }
}

/// A source, as far as caches are compared with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its time of modification: seconds since 1970.
    pub seconds: i64,
    /// And nanoseconds.
    #[serde(skip)]
    pub nanoseconds: i64,
    /// Bytes.
    pub size: u64,
    /// For a file that is checked by hash: whether the source has the recorded one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_recorded_hash: Option<bool>,
}

impl SourceFile {
    /// Its time in the whole seconds that an interpreter compares. In importlib they come from a float, which has no room for
    /// all nanoseconds: the last tenth of a microsecond of a second counts as the next one.
    #[must_use]
    pub fn time(&self, interpreter: Interpreter) -> i64 {
        if !interpreter.has_importlib() {
            return self.seconds;
        }
        // As CPython's `fill_time` and `int()` do it.
        #[expect(clippy::cast_precision_loss, reason = "the loss is the point")]
        let float = self.seconds as f64 + 1e-9 * self.nanoseconds as f64;
        #[expect(clippy::cast_possible_truncation, reason = "seconds of file systems are far below 2^53")]
        let whole = float.trunc() as i64;
        whole
    }
}

/// Everything about one `.pyc` file.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Its header, unless that can't be read.
    pub header: Option<Header>,
    /// What its path says.
    pub location: Location,
    /// Its source, if that is there.
    pub source: Option<SourceFile>,
    /// What is in it, as far as the version's layout is known.
    pub code: Option<CodeFacts>,
    /// What the interpreter makes of it.
    pub verdict: Verdict,
    /// What it would make of it if it were run in other ways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

/// What is in a file, behind the header.
#[derive(Clone, Debug, Serialize)]
pub struct CodeFacts {
    /// Bytes of marshal data.
    pub size: u64,
    /// The code objects; none where the data is damaged.
    pub objects: Vec<CodeObject>,
    /// The path that the compiler was told.
    pub compiled_as: Option<String>,
    /// What is wrong with the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<MarshalError>,
}

impl CodeFacts {
    fn new(header: &Header, marshalled: &[u8]) -> Option<Self> {
        let (objects, error) = match code_objects(header, marshalled)? {
            Ok(objects) => (objects, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let compiled_as = objects.first().map(|code| code.filename.clone());
        Some(Self { size: marshalled.len() as u64, objects, compiled_as, error })
    }

    /// Bytes of bytecode, of all code objects.
    #[must_use]
    pub fn bytecode_size(&self) -> u64 {
        self.objects.iter().fold(0, |sum, code| sum.saturating_add(code.bytecode_size))
    }
}

impl FileReport {
    /// The report on a file's bytes.
    fn new(path: &Path, file: &[u8], settings: &Settings) -> Self {
        // What lies below a prefix says where its source is from the root on.
        let absolute = std::path::absolute(path).ok().filter(|_| settings.prefix.is_some());
        let location = location(absolute.as_deref().unwrap_or(path), settings.prefix.as_deref());
        let parsed = header(file);
        let source = source_file(&location.source, parsed.as_ref().ok().map(|(header, _)| header));
        let code = parsed.as_ref().ok().and_then(|(header, marshalled)| CodeFacts::new(header, marshalled));
        let error = parsed.as_ref().err().copied();
        let header = parsed.ok().map(|(header, _)| header);
        let code_error = code.as_ref().and_then(|code| code.error);
        let verdict_with = |settings: &Settings| {
            let header = header.as_ref().ok_or(error.unwrap_or(HeaderError::Empty));
            judge(&Facts { location: &location, header, code_error, source: source.as_ref() }, settings)
        };
        let verdict = verdict_with(settings);
        let alternative = |(option, settings)| Alternative { option, verdict: verdict_with(&settings) };
        let alternatives = ways(&verdict, header.as_ref(), settings).into_iter().map(alternative).collect();
        Self { path: path.into(), size: file.len() as u64, header, location, source, code, verdict, alternatives }
    }
}

/// Reports on a `.pyc` file.
///
/// # Errors
/// [`PycError::Read`]; [`PycError::NotPyc`] for a file that neither is one nor is called one.
pub fn file_report(path: &Path, settings: &Settings) -> Result<FileReport, PycError> {
    let file = read(path)?;
    let is_called_so = path.extension().is_some_and(|extension| extension == "pyc" || extension == "pyo");
    match magic_number(&file) {
        Err(_) if !is_called_so => Err(PycError::NotPyc { path: path.into(), what: what_else(&file).into() }),
        _ => Ok(FileReport::new(path, &file, settings)),
    }
}

/// What a file is that is no `.pyc` file.
fn what_else(file: &[u8]) -> &'static str {
    const STARTS: [(&[u8], &str); 4] = [
        (b"\x7fELF", "is an ELF file; `pyfreeze inspect` opens those that pyfreeze made"),
        (b"PK\x03\x04", "is a zip archive"),
        (b"#!", "is a script"),
        (b"\xca\xfe\xba\xbe", "is a Java class or a macOS program"),
    ];
    let known = STARTS.iter().find(|(start, _)| file.starts_with(start)).map(|(_, what)| *what);
    let or_else = if file.is_empty() { "is empty" } else { "has no magic number" };
    known.unwrap_or(or_else)
}

fn read(path: &Path) -> Result<Vec<u8>, PycError> {
    let failure = |source| PycError::Read { path: path.into(), source };
    let mut file = Vec::new();
    File::open(path).and_then(|open| open.take(MAX_SIZE).read_to_end(&mut file)).map_err(failure)?;
    Ok(file)
}

/// The source's facts; its bytes are read only where a hash is to be compared.
fn source_file(path: &Path, header: Option<&Header>) -> Option<SourceFile> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    let recorded = header.and_then(|header| match header.check {
        Check::Hash { hash, .. } => Some((hash, header)),
        Check::Time { .. } => None,
    });
    let has_recorded_hash = recorded.map(|(hash, header)| {
        let source = std::fs::read(path).unwrap_or_default();
        is_hash_of(hash, header.magic, header.origin.interpreter, &source)
    });
    Some(SourceFile {
        path: path.into(),
        seconds: metadata.mtime(),
        nanoseconds: metadata.mtime_nsec(),
        size: metadata.len(),
        has_recorded_hash,
    })
}

#[cfg(test)]
mod tests;
