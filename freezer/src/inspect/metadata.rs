//! What the distributions in an executable say about themselves, beside what is known of runtime and build.
//!
//! Comes in: a payload with its manifest. Goes out: facts, each read from where the program itself would read it.

use std::collections::BTreeMap;

use pyfreeze_format::Payload;
use serde::Serialize;

use super::content::content_at;
use crate::contents::{EntryPoint, Owner};
use crate::libraries::GlibcFloor;
use crate::payload::{Manifest, ManifestFile, RuntimeFacts, SettingsFacts};
use crate::project::{normalize, parse_entry_points, parse_metadata};

/// What is known of an executable beside its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetadataReport {
    /// The version of pyfreeze that made it.
    pub pyfreeze_version: String,
    /// How the program is run.
    pub entry_point: EntryPoint,
    /// The runtime.
    pub runtime: RuntimeFacts,
    /// What it needs of glibc.
    pub glibc: Option<GlibcFloor>,
    /// How it was built.
    pub settings: SettingsFacts,
    /// The distributions, sorted by name.
    pub distributions: Vec<DistributionFacts>,
}

/// What is known of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DistributionFacts {
    /// Its name as its metadata writes it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Why it is included.
    pub reason: String,
    /// What it is, in a line.
    pub summary: Option<String>,
    /// Its licence: an SPDX expression, or what it says instead; empty if it says nothing.
    pub license: String,
    /// The included distributions that it requires.
    pub requires: Vec<String>,
    /// Its entry points by group: name and `module:attribute`.
    pub entry_points: BTreeMap<String, BTreeMap<String, String>>,
    /// Files with the text of its licence, below the virtual root.
    pub license_files: Vec<String>,
}

/// Reads the metadata of everything inside.
#[must_use]
pub fn metadata(payload: &Payload<'_>, manifest: &Manifest) -> MetadataReport {
    MetadataReport {
        pyfreeze_version: manifest.pyfreeze_version.clone(),
        entry_point: manifest.entry_point.clone(),
        runtime: manifest.runtime.clone(),
        glibc: manifest.glibc.clone(),
        settings: manifest.settings.clone(),
        distributions: distributions(payload, manifest),
    }
}

fn distributions(payload: &Payload<'_>, manifest: &Manifest) -> Vec<DistributionFacts> {
    let keys: Vec<_> = manifest.distributions.iter().map(|one| normalize(&one.name)).collect();
    let bill = &manifest.materials;
    let facts = |(distribution, key): (&crate::contents::Distribution, &String)| {
        let text = |names: &[&str]| {
            let bytes = metadata_file(manifest, key, names).and_then(|path| content_at(payload, path));
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        let described = parse_metadata(&text(&["METADATA", "PKG-INFO"]));
        let requirements = described.requirements.iter().filter(|one| one.name != *key && keys.contains(&one.name));
        let mut requires: Vec<_> = requirements.map(|one| one.name.clone()).collect();
        requires.sort();
        requires.dedup();
        let component = bill.components.iter().find(|one| one.name == distribution.name).unwrap_or(&bill.program);
        DistributionFacts {
            name: distribution.name.clone(),
            version: distribution.version.clone(),
            reason: distribution.reason.clone(),
            summary: described.summary,
            license: component.license.words().to_owned(),
            requires,
            entry_points: entry_points(&text(&["entry_points.txt"])),
            license_files: component.license_files.clone(),
        }
    };
    manifest.distributions.iter().zip(&keys).map(facts).collect()
}

fn entry_points(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let groups = parse_entry_points(text).into_iter();
    groups.map(|(group, entries)| (group, entries.into_iter().collect())).collect()
}

/// The path of a file of a distribution's metadata. The project's own files are all of one owner.
fn metadata_file<'m>(manifest: &'m Manifest, key: &str, names: &[&str]) -> Option<&'m str> {
    let is_own = |file: &ManifestFile, folder: &str| match &file.owner {
        Owner::Distribution(owner) => owner == key,
        Owner::Project => folder
            .rsplit('/')
            .next()
            .is_some_and(|folder| folder.split_once('-').is_some_and(|(name, _)| normalize(name) == key)),
        _ => false,
    };
    manifest.files.iter().find_map(|file| {
        let (folder, name) = file.path.rsplit_once('/')?;
        let is_metadata = folder.ends_with(".dist-info") || folder.ends_with(".egg-info");
        (is_metadata && names.contains(&name) && is_own(file, folder)).then_some(file.path.as_str())
    })
}
