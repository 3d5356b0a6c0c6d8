//! The facts about one executable, as data: `--json` prints them as they are, the summary in words.

use std::collections::BTreeMap;

use pyfreeze_format::{Payload, SectionKind};
use serde::{Deserialize, Serialize};

use super::sizes::{Parts, file_sizes};
use crate::contents::{Owner, Temperature};
use crate::payload::Manifest;
use crate::snapshot::SnapshotReport;
use crate::ui::hexadecimal_text;

/// What is inside an executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Bytes of the file.
    pub file_size: u64,
    /// The payload's BLAKE3 digest, in hexadecimal.
    pub digest: String,
    /// What takes how much room.
    pub sizes: Sizes,
    /// Modules that are reached by imports.
    pub hot_module_count: usize,
    /// Modules that ride along in case.
    pub cold_module_count: usize,
    /// Who takes how much room, the largest first.
    pub packages: Vec<PackageSize>,
    /// What is in the snapshot, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotReport>,
    /// What the build wrote into the payload.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// Bytes of the file by purpose; their sum is the file's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The runtime.
    pub stub: u64,
    /// Code of reached modules, stored as it is used.
    pub hot_code: u64,
    /// Code of the other modules, compressed.
    pub cold_code: u64,
    /// Source texts, compressed.
    pub sources: u64,
    /// Shared libraries.
    #[serde(default)]
    pub libraries: u64,
    /// Data files.
    pub data: u64,
    /// The snapshot.
    #[serde(default)]
    pub snapshot: u64,
    /// Index, digests, manifest and padding.
    pub index: u64,
}

/// How much room one owner's files take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSize {
    /// Whose files they are.
    pub owner: Owner,
    /// Bytes as stored.
    pub size: u64,
    /// How many are modules.
    pub module_count: usize,
}

impl Report {
    /// Gathers the facts. `file_size` is that of the whole executable.
    #[must_use]
    pub fn new(payload: &Payload<'_>, manifest: Manifest, file_size: u64) -> Self {
        let count = |temperature| manifest.modules.iter().filter(|module| module.temperature == temperature).count();
        let (sizes, packages) = measure(payload, &manifest);
        let payload_size = payload.bytes().len() as u64;
        let section = payload.section(SectionKind::Snapshot).unwrap_or_default();
        let snapshot = section.len() as u64;
        let used = sizes.hot_code + sizes.cold_code + sizes.sources + sizes.libraries + sizes.data + snapshot;
        Self {
            file_size,
            digest: hexadecimal_text(&payload.digest()),
            sizes: Sizes {
                stub: file_size.saturating_sub(payload_size),
                snapshot,
                index: payload_size.saturating_sub(used),
                ..sizes
            },
            hot_module_count: count(Temperature::Hot),
            cold_module_count: count(Temperature::Cold),
            packages,
            snapshot: SnapshotReport::read(section),
            manifest,
        }
    }
}

fn measure(payload: &Payload<'_>, manifest: &Manifest) -> (Sizes, Vec<PackageSize>) {
    let mut sizes = Sizes::default();
    let mut owners: BTreeMap<&Owner, (u64, usize)> = BTreeMap::new();
    for file in file_sizes(payload, manifest) {
        let Parts { code, sources, data, libraries } = file.parts;
        match file.module {
            Some(Temperature::Cold) => sizes.cold_code += code,
            _ => sizes.hot_code += code,
        }
        sizes.sources += sources;
        sizes.data += data;
        sizes.libraries += libraries;
        let owner = owners.entry(file.owner).or_default();
        *owner = (owner.0 + file.parts.sum(), owner.1 + usize::from(file.module.is_some()));
    }
    let package = |(owner, (size, module_count)): (&Owner, _)| PackageSize { owner: owner.clone(), size, module_count };
    let mut packages: Vec<_> = owners.into_iter().map(package).collect();
    packages.sort_by(|one, other| other.size.cmp(&one.size).then_with(|| one.owner.cmp(&other.owner)));
    (sizes, packages)
}
