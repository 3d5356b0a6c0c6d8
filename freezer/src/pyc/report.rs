//! Many `.pyc` files: those of a folder, or those of a source.
//!
//! Comes in: a folder or a source. Goes out: a report on each file, and tallies by the version that wrote it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use walkdir::WalkDir;

use super::location::{CACHE_FOLDER, cache_of};
use super::magic::Interpreter;
use super::verdict::{Settings, State};
use super::{FileReport, PycError, read};

/// All `.pyc` files below a folder.
#[derive(Clone, Debug, Serialize)]
pub struct FolderReport {
    /// The folder.
    pub path: PathBuf,
    /// By the version that wrote them; those of nobody known last.
    pub versions: Vec<VersionRow>,
    /// Of all.
    pub total: Tally,
    /// The files, sorted by path.
    pub files: Vec<FileReport>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// The files that one version wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionRow {
    /// The version; none where the header doesn't say.
    pub written_by: Option<Interpreter>,
    /// Its files.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Files counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Files.
    pub files: usize,
    /// Bytes.
    pub size: u64,
    /// Files in each state.
    pub states: BTreeMap<State, usize>,
}

/// A file or folder that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct Unreadable {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    pub error: String,
}

/// The caches of one source.
#[derive(Clone, Debug, Serialize)]
pub struct CachesReport {
    /// The source.
    pub source: PathBuf,
    /// Where the interpreter that was asked for keeps its cache.
    pub cache: PathBuf,
    /// That interpreter.
    pub interpreter: Interpreter,
    /// The caches that are there.
    pub files: Vec<FileReport>,
}

impl Tally {
    fn add(&mut self, report: &FileReport) {
        self.files += 1;
        self.size = self.size.saturating_add(report.size);
        *self.states.entry(report.verdict.state).or_default() += 1;
    }

    /// Files in a state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.states.get(&state).copied().unwrap_or(0)
    }
}

fn is_bytecode(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pyc" || extension == "pyo")
}

/// Reports on the `.pyc` files below a folder. Symbolic links are not followed.
///
/// # Errors
/// [`PycError::NoneInFolder`]; what can't be read is in the report.
pub fn folder_report(folder: &Path, settings: &Settings) -> Result<FolderReport, PycError> {
    let mut report = FolderReport {
        path: folder.into(),
        versions: Vec::new(),
        total: Tally::default(),
        files: Vec::new(),
        unreadable: Vec::new(),
    };
    for entry in WalkDir::new(folder).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_bytecode(entry.path()) => match read(entry.path()) {
                Ok(file) => {
                    let path = entry.path().strip_prefix("./").unwrap_or(entry.path());
                    report.files.push(brief(FileReport::new(path, &file, settings)));
                }
                Err(error) => report.unreadable.push(unreadable(entry.path(), &error)),
            },
            Ok(_) => {}
            Err(error) => report.unreadable.push(unreadable(error.path().unwrap_or(folder), &error)),
        }
    }
    if report.files.is_empty() && report.unreadable.is_empty() {
        return Err(PycError::NoneInFolder { path: folder.into() });
    }
    count(&mut report);
    Ok(report)
}

/// Without other ways to run the interpreter, and without the single code objects, of which a folder has hundreds of thousands.
fn brief(mut report: FileReport) -> FileReport {
    if let Some(code) = &mut report.code {
        code.objects.truncate(1);
    }
    report.alternatives.clear();
    report
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Unreadable {
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Unreadable { path: path.into(), error: cause }
}

fn count(report: &mut FolderReport) {
    let mut versions: BTreeMap<(bool, Option<Interpreter>), Tally> = BTreeMap::new();
    for file in &report.files {
        let written_by = file.header.as_ref().map(|header| header.origin.interpreter);
        versions.entry((written_by.is_none(), written_by)).or_default().add(file);
        report.total.add(file);
    }
    report.versions = versions.into_iter().map(|((_, written_by), tally)| VersionRow { written_by, tally }).collect();
}

/// Reports on the caches of a source: those in `__pycache__`, that below the prefix, and the one beside it.
///
/// # Errors
/// [`PycError::Read`] when a cache that is there can't be read.
pub fn caches_of_source(source: &Path, default: Interpreter, settings: &Settings) -> Result<CachesReport, PycError> {
    let interpreter = settings.interpreter.unwrap_or(default);
    let prefix = settings.prefix.as_deref().filter(|_| interpreter.has_prefix());
    let absolute = std::path::absolute(source).unwrap_or_else(|_| source.to_path_buf());
    let based = if prefix.is_some() { &absolute } else { source };
    let cache = cache_of(based, interpreter, settings.optimization.unwrap_or(0), prefix);
    let folder = source.parent().unwrap_or(Path::new(""));
    let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned() + ".";
    let mut paths = in_folder(&folder.join(CACHE_FOLDER), &stem);
    paths.extend(in_folder(cache.parent().unwrap_or(folder), &stem));
    paths
        .extend([source.with_extension("pyc"), source.with_extension("pyo")].into_iter().filter(|path| path.is_file()));
    paths.sort();
    paths.dedup();
    let files: Result<Vec<FileReport>, PycError> =
        paths.iter().map(|path| Ok(FileReport::new(path, &read(path)?, settings))).collect();
    let is_its = |report: &FileReport| report.location.source == source || report.location.source == absolute;
    Ok(CachesReport { source: source.into(), cache, interpreter, files: files?.into_iter().filter(is_its).collect() })
}

fn in_folder(folder: &Path, start: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_its = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(start) && is_bytecode(path)
    };
    entries.filter(is_its).collect()
}
