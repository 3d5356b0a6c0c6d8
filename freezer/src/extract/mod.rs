//! An executable → a folder that `python FOLDER` runs.
//!
//! Comes in: the bytes of an executable, which may be anybody's. Goes out: a folder with everything that was frozen, at
//! its place, or nothing at all: it is made beside its final place and takes the name when it is whole. No name in a
//! payload leads out of the folder, nothing is overwritten, and nothing in the file is run.

mod error;
mod launcher;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use pyfreeze_format::{Entry, EntryIndex, Payload};
use serde::Serialize;

pub use error::ExtractError;

use crate::inspect::{self, Report};

/// The folder inside the extracted one in which the program's files lie: the virtual root.
pub const ROOT_NAME: &str = "root";

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extracted {
    /// The folder.
    pub folder: PathBuf,
    /// The Python that runs it: a version like `3.13`.
    pub python: String,
    /// Modules written as source.
    pub source_count: usize,
    /// Modules written as `.pyc`, since their sources were not included.
    pub compiled_count: usize,
    /// Shared libraries.
    pub library_count: usize,
    /// Other files.
    pub file_count: usize,
    /// Bytes of all files.
    pub size: u64,
}

/// Writes everything that is in the executable `path`, whose bytes are `file`, to `folder`.
///
/// # Errors
/// [`ExtractError`]; then `folder` is as it was.
pub fn extract(path: &Path, file: &[u8], folder: &Path) -> Result<Extracted, ExtractError> {
    check_digests(path, file)?;
    let report = inspect::report(path, file)?;
    let payload = inspect::payload(path, file)?;
    write_payload(path, &payload, &report, folder)
}

fn write_payload(
    path: &Path,
    payload: &Payload<'_>,
    report: &Report,
    folder: &Path,
) -> Result<Extracted, ExtractError> {
    let folder = free_place(folder)?;
    let failure = |source| ExtractError::Write { path: folder.clone(), source };
    let parent = folder.parent().unwrap_or(Path::new("/"));
    let temporary = tempfile::Builder::new().prefix(".pyfreeze-extract-").tempdir_in(parent).map_err(failure)?;
    // Inside of it, since a temporary folder is for its user alone.
    let made = temporary.path().join("made");
    let mut writer = Writer::new(path, payload, report, &made);
    writer.write_all()?;
    let extracted = Extracted { folder: folder.clone(), ..writer.extracted };
    fs::rename(&made, &folder).map_err(failure)?;
    Ok(extracted)
}

fn check_digests(path: &Path, file: &[u8]) -> Result<(), ExtractError> {
    let verification = inspect::verification(path, file)?;
    if verification.is_payload_intact {
        return Ok(());
    }
    Err(ExtractError::Damaged { path: path.into(), file: verification.damaged_files.into_iter().next() })
}

/// The absolute path of a folder that is not there yet, or empty.
fn free_place(folder: &Path) -> Result<PathBuf, ExtractError> {
    let failure = |source| ExtractError::Write { path: folder.into(), source };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(ExtractError::NotEmpty { folder: folder.into() }),
            None => folder.canonicalize().map_err(failure),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.is_symlink() => {
            let absolute = std::path::absolute(folder).map_err(failure)?;
            let parent = absolute.parent().unwrap_or(Path::new("/"));
            if parent.is_dir() {
                Ok(absolute)
            } else {
                Err(ExtractError::NoParent { folder: folder.into(), parent: parent.into() })
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(ExtractError::NotFolder { folder: folder.into() })
        }
        Err(source) => Err(failure(source)),
    }
}

struct Writer<'a> {
    executable: &'a Path,
    payload: &'a Payload<'a>,
    pyc_magic: u32,
    folder: &'a Path,
    /// Where each directory of the payload has been made.
    directories: HashMap<EntryIndex, PathBuf>,
    extracted: Extracted,
}

impl<'a> Writer<'a> {
    fn new(executable: &'a Path, payload: &'a Payload<'a>, report: &Report, folder: &'a Path) -> Self {
        let runtime = &report.manifest.runtime;
        let python: Vec<_> = runtime.python_version.split('.').take(2).collect();
        let extracted = Extracted { python: python.join("."), ..Extracted::default() };
        let directories = HashMap::new();
        Self { executable, payload, pyc_magic: runtime.pyc_magic, folder, directories, extracted }
    }

    fn write_all(&mut self) -> Result<(), ExtractError> {
        self.make_folder(self.folder)?;
        let settings = self.payload.settings();
        let kind = settings.entry_point_kind().map_err(|source| self.unreadable(source))?;
        let launcher = launcher::launcher(&settings, kind);
        self.make_file(&self.folder.join("__main__.py"), launcher.as_bytes(), 0o666)?;
        for entry in self.payload.all_entries() {
            let entry = entry.map_err(|source| self.unreadable(source))?;
            let place = self.place(&entry)?;
            if entry.is_directory() {
                self.make_folder(&place)?;
                self.directories.insert(entry.index, place);
            } else {
                self.write_entry(&entry, &place)?;
            }
        }
        Ok(())
    }

    /// Where an entry goes. Its directory has been made before: a payload has each directory before what it holds.
    fn place(&self, entry: &Entry<'_>) -> Result<PathBuf, ExtractError> {
        if entry.index == EntryIndex::ROOT {
            return Ok(self.folder.join(ROOT_NAME));
        }
        let is_name =
            !matches!(entry.name, b"" | b"." | b"..") && !entry.name.contains(&b'/') && !entry.name.contains(&0);
        let directory = self.directories.get(&entry.parent).filter(|_| is_name);
        let name = OsStr::from_bytes(entry.name);
        directory.map(|directory| directory.join(name)).ok_or_else(|| ExtractError::Name {
            path: self.executable.into(),
            name: String::from_utf8_lossy(entry.name).into_owned(),
        })
    }

    fn write_entry(&mut self, entry: &Entry<'_>, place: &Path) -> Result<(), ExtractError> {
        let damage = |damage: inspect::FileDamage| ExtractError::Damaged {
            path: self.executable.into(),
            file: Some(damage.path),
        };
        let mode = if entry.is_executable { 0o777 } else { 0o666 };
        if let Some(content) = inspect::content(self.payload, entry).map_err(damage)? {
            self.make_file(place, &content, mode)?;
            *self.count_of(entry) += 1;
        } else if let Some(code) = inspect::code(self.payload, entry).map_err(damage)? {
            self.make_file(&legacy_place(place), &pyc(self.pyc_magic, &code), 0o666)?;
            self.extracted.compiled_count += 1;
        }
        Ok(())
    }

    fn count_of(&mut self, entry: &Entry<'_>) -> &mut usize {
        match entry {
            entry if entry.has_code() => &mut self.extracted.source_count,
            entry if entry.is_library => &mut self.extracted.library_count,
            _ => &mut self.extracted.file_count,
        }
    }

    fn make_folder(&self, place: &Path) -> Result<(), ExtractError> {
        fs::create_dir(place).map_err(|source| self.failure(place, source))
    }

    /// `create_new` refuses a name that is there already, and follows no link.
    fn make_file(&mut self, place: &Path, content: &[u8], mode: u32) -> Result<(), ExtractError> {
        let write = || -> io::Result<()> {
            let mut file: File = OpenOptions::new().write(true).create_new(true).mode(mode).open(place)?;
            file.write_all(content)
        };
        write().map_err(|source| self.failure(place, source))?;
        self.extracted.size += content.len() as u64;
        Ok(())
    }

    /// The path as it would have been: the temporary folder is gone when the message is read.
    fn failure(&self, place: &Path, source: io::Error) -> ExtractError {
        let path = place.strip_prefix(self.folder).unwrap_or(place).to_path_buf();
        ExtractError::Write { path, source }
    }

    fn unreadable(&self, source: pyfreeze_format::FormatError) -> ExtractError {
        ExtractError::Unreadable { path: self.executable.into(), source }
    }
}

/// Where Python looks for the compiled module when there is no source (PEP 3147, legacy placement).
fn legacy_place(place: &Path) -> PathBuf {
    match place.extension() {
        Some(extension) if extension == "py" => place.with_extension("pyc"),
        _ => {
            let mut name = place.as_os_str().to_owned();
            name.push(".pyc");
            name.into()
        }
    }
}

/// A `.pyc`: magic, flags, and the time and size of a source, which nobody compares where there is none (PEP 552).
fn pyc(magic: u32, code: &[u8]) -> Vec<u8> {
    [magic.to_le_bytes().as_slice(), &[0; 12], code].concat()
}

#[cfg(test)]
mod tests;
