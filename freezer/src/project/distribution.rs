//! One installed distribution: what its `.dist-info` or `.egg-info` says.
//!
//! Comes in: the path of that folder. Goes out: name, files, requirements, entry points.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::metadata::{EntryPoints, Metadata, parse_entry_points, parse_metadata, parse_record, parse_requires_text};
use super::{Requirement, normalize};

/// A distribution found in an environment.
#[derive(Clone, Debug)]
pub struct InstalledDistribution {
    /// The normalized name.
    pub key: String,
    /// The name as its metadata writes it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its `.dist-info` or `.egg-info`: a folder, or for some egg-infos a single file.
    pub metadata_path: PathBuf,
    /// The folder that its files are relative to.
    pub location: PathBuf,
    /// The files that were installed, relative to `location`; `None` if no list was written.
    pub files: Option<Vec<String>>,
    /// Its top-level names, if it says so.
    pub top_level: Vec<String>,
    /// What it requires.
    pub requirements: Vec<Requirement>,
    /// Its entry points by group.
    pub entry_points: EntryPoints,
    /// Files and folders of an editable installation that lie elsewhere, by their name in site-packages.
    pub editable: BTreeMap<String, PathBuf>,
}

impl InstalledDistribution {
    /// Reads the metadata at `path`, whose name ends with `.dist-info` or `.egg-info`; `None` if it has none.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        let location = path.parent()?.to_owned();
        let text = |name: &str| read_text(&path.join(name));
        let metadata_text = text("METADATA").or_else(|| text("PKG-INFO")).or_else(|| read_text(path))?;
        let Metadata { name, version, mut requirements, .. } = parse_metadata(&metadata_text);
        if name.is_empty() {
            return None;
        }
        if let Some(requires) = text("requires.txt") {
            requirements.extend(parse_requires_text(&requires));
        }
        let top_level = text("top_level.txt").unwrap_or_default();
        Some(Self {
            key: normalize(&name),
            name,
            version,
            files: text("RECORD").map(|record| parse_record(&record)).or_else(|| installed_files(path)),
            top_level: top_level.split_whitespace().map(str::to_owned).collect(),
            requirements,
            entry_points: text("entry_points.txt").map(|text| parse_entry_points(&text)).unwrap_or_default(),
            metadata_path: path.to_owned(),
            location,
            editable: BTreeMap::new(),
        })
    }

    /// The name of its metadata folder.
    #[must_use]
    pub fn metadata_name(&self) -> &str {
        self.metadata_path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Those of its files that lie in site-packages and are no build product of Python.
    pub fn site_files(&self) -> impl Iterator<Item = &str> {
        let files = self.files.as_deref().unwrap_or_default();
        files.iter().map(String::as_str).filter(|file| is_site_file(file))
    }
}

fn is_site_file(file: &str) -> bool {
    let is_inside = !file.starts_with('/') && file.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let is_made = file.split('/').any(|part| part == "__pycache__") || super::is_compiled(file);
    // What makes an installation editable has been followed; the program has no `.pth`.
    let is_path_file = !file.contains('/') && (file.ends_with(".pth") || file.starts_with("__editable__"));
    is_inside && !is_made && !is_path_file
}

/// The list that old installers wrote into an egg-info folder; it is relative to that folder.
fn installed_files(path: &Path) -> Option<Vec<String>> {
    let text = read_text(&path.join("installed-files.txt"))?;
    let folder = path.file_name()?.to_str()?;
    let relative = |line: &str| match line.strip_prefix("../") {
        Some(rest) => rest.to_owned(),
        None => format!("{folder}/{line}"),
    };
    Some(text.lines().filter(|line| !line.is_empty()).map(relative).collect())
}

/// The text of a file, `None` if there is none; what is not UTF-8 in it is no use to anybody.
pub(super) fn read_text(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
