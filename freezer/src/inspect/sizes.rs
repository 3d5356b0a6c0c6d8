//! What takes how much room, down to single files: every byte of the file once.
//!
//! Equal blobs are stored once; the first file that has one (in path order) bears it.

use std::collections::{BTreeMap, HashSet};
use std::ops::AddAssign;

use pyfreeze_format::{Blob, Entry, Payload};
use serde::Serialize;

use super::report::Sizes;
use crate::contents::{Owner, Temperature};
use crate::payload::Manifest;

/// Bytes by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// Code bytes.
    pub code: u64,
    /// Source texts.
    pub sources: u64,
    /// Data files.
    pub data: u64,
    /// Shared libraries.
    pub libraries: u64,
}

impl Parts {
    /// All of them.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.code + self.sources + self.data + self.libraries
    }
}

impl AddAssign for Parts {
    fn add_assign(&mut self, other: Self) {
        self.code += other.code;
        self.sources += other.sources;
        self.data += other.data;
        self.libraries += other.libraries;
    }
}

/// The room that one file takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileSize<'m> {
    pub(super) path: &'m str,
    pub(super) owner: &'m Owner,
    /// For a module: hot or cold.
    pub(super) module: Option<Temperature>,
    pub(super) parts: Parts,
}

/// A folder, or whatever else takes room, with what is in it, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SizeTree {
    /// Its name; the executable itself has none.
    pub name: String,
    /// Bytes of the file: `parts` and what is nothing of that, such as the runtime.
    pub size: u64,
    /// What of it is code, sources, data and libraries.
    #[serde(flatten)]
    pub parts: Parts,
    /// What it consists of; their sizes are all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<SizeTree>,
}

/// What each file takes.
pub(super) fn file_sizes<'m>(payload: &Payload<'_>, manifest: &'m Manifest) -> Vec<FileSize<'m>> {
    let mut seen = HashSet::new();
    let mut stored_size = |blob: Option<Blob<'_>>| match blob {
        Some(blob) if seen.insert(blob.index) => blob.stored.len() as u64,
        _ => 0,
    };
    let mut files = Vec::new();
    for module in &manifest.modules {
        let (content, code) = blobs(payload, &module.path);
        let parts = Parts { sources: stored_size(content), code: stored_size(code), ..Parts::default() };
        files.push(FileSize { path: &module.path, owner: &module.owner, module: Some(module.temperature), parts });
    }
    for library in &manifest.libraries {
        let (content, _) = blobs(payload, &library.path);
        let parts = Parts { libraries: stored_size(content) + library.image_size, ..Parts::default() };
        files.push(FileSize { path: &library.path, owner: &library.owner, module: None, parts });
    }
    for file in &manifest.files {
        let parts = Parts { data: stored_size(blobs(payload, &file.path).0), ..Parts::default() };
        files.push(FileSize { path: &file.path, owner: &file.owner, module: None, parts });
    }
    files
}

/// A file's content and code; nothing where the manifest names what the index does not have.
fn blobs<'a>(payload: &Payload<'a>, path: &str) -> (Option<Blob<'a>>, Option<Blob<'a>>) {
    let entry: Option<Entry<'a>> = payload.walk(path.as_bytes());
    let content = entry.and_then(|entry| payload.content(&entry).ok().flatten());
    let code = entry.and_then(|entry| payload.code(&entry).ok().flatten());
    (content, code)
}

/// The whole file as a tree: what is of nobody, then everybody's folders. `sizes` are those of the same executable.
pub(super) fn size_tree(payload: &Payload<'_>, manifest: &Manifest, sizes: &Sizes, file_size: u64) -> SizeTree {
    let site = payload.settings().text(pyfreeze_format::SettingKey::LibraryPath);
    let roots = [format!("{site}/site-packages/"), format!("{site}/")];
    let mut owners: BTreeMap<String, Folder> = BTreeMap::new();
    for file in file_sizes(payload, manifest) {
        let below = roots.iter().find_map(|root| file.path.strip_prefix(root.as_str())).unwrap_or(file.path);
        owners.entry(owner_name(file.owner, manifest)).or_default().add(below, file.parts);
    }
    let mut children: Vec<_> = owners.into_iter().map(|(name, folder)| folder.tree(name)).collect();
    let single = |name: &str, size| SizeTree { name: name.to_owned(), size, ..SizeTree::default() };
    let others = [("stub", sizes.stub), ("snapshot", sizes.snapshot), ("index", sizes.index)];
    children.extend(others.into_iter().filter(|(_, size)| *size > 0).map(|(name, size)| single(name, size)));
    sort(&mut children);
    let mut parts = Parts::default();
    children.iter().for_each(|child| parts += child.parts);
    SizeTree { name: String::new(), size: file_size, parts, children }
}

fn owner_name(owner: &Owner, manifest: &Manifest) -> String {
    match owner {
        Owner::Project => "the project".to_owned(),
        Owner::StandardLibrary => "the standard library".to_owned(),
        Owner::Settings => "the settings (`--data`)".to_owned(),
        Owner::Distribution(key) => {
            let known = manifest.distributions.iter().find(|one| crate::project::normalize(&one.name) == *key);
            known.map_or_else(|| key.clone(), |known| format!("{} {}", known.name, known.version))
        }
    }
}

#[derive(Default)]
struct Folder {
    parts: Parts,
    children: BTreeMap<String, Folder>,
}

impl Folder {
    fn add(&mut self, path: &str, parts: Parts) {
        self.parts += parts;
        if !path.is_empty() {
            let (name, rest) = path.split_once('/').unwrap_or((path, ""));
            self.children.entry(name.to_owned()).or_default().add(rest, parts);
        }
    }

    fn tree(self, name: String) -> SizeTree {
        let mut children: Vec<_> = self.children.into_iter().map(|(name, folder)| folder.tree(name)).collect();
        sort(&mut children);
        SizeTree { name, size: self.parts.sum(), parts: self.parts, children }
    }
}

fn sort(trees: &mut [SizeTree]) {
    trees.sort_by(|one, other| other.size.cmp(&one.size).then_with(|| one.name.cmp(&other.name)));
}
