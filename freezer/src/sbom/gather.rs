//! Contents + runtime + shared libraries → the bill.
//!
//! What is said of a distribution is read from its own metadata files, which ride along in the program.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::identity::{purl, sha256};
use super::known;
use super::license::{Basis, License};
use super::wheel::{self, Part};
use super::{Bill, Component, ComponentKind};
use crate::contents::{Contents, DataFile, Distribution, FileContent, Owner};
use crate::project::{Metadata, normalize, parse_metadata};
use crate::runtime::{Descriptor, RuntimeLibrary};

/// What a bill is made of.
#[derive(Clone, Debug)]
pub struct Ingredients<'a> {
    /// What goes into the program.
    pub contents: &'a Contents,
    /// The runtime.
    pub runtime: &'a Descriptor,
    /// The stub's bytes.
    pub stub: &'a [u8],
    /// The shared libraries that go in.
    pub libraries: Vec<LibraryBytes<'a>>,
}

/// A shared library.
#[derive(Clone, Copy, Debug)]
pub struct LibraryBytes<'a> {
    /// Its path below the virtual root.
    pub path: &'a str,
    /// Who brought it along.
    pub owner: &'a Owner,
    /// The bytes of its file.
    pub bytes: &'a [u8],
    /// True for one of the runtime's.
    pub is_carried: bool,
}

/// The reference of the program in its own bill.
const PROGRAM: &str = "program";

/// How the build says that a distribution is what is frozen.
const OWN_REASON: &str = "the project itself";

/// The bill of a program.
#[must_use]
pub fn bill(ingredients: &Ingredients<'_>) -> Bill {
    let metadata = MetadataFiles::of(ingredients.contents);
    let mut components = runtime(ingredients);
    let distributions = distributions(ingredients.contents, &metadata);
    for (key, distribution) in &distributions {
        let mut parts = metadata.wheel_parts(key);
        components.extend(shared_libraries(ingredients, distribution, key, &mut parts));
        components.extend(parts.into_iter().enumerate().map(|(index, part)| part_component(distribution, index, part)));
    }
    components.extend(distributions.into_values());
    components.extend(ownerless_libraries(ingredients));
    components.sort_by(|one, other| (one.kind, &one.reference).cmp(&(other.kind, &other.reference)));
    Bill { program: program(ingredients.contents, &metadata, &components), components }
}

/// The metadata files of each distribution.
struct MetadataFiles<'a> {
    files: BTreeMap<String, Vec<&'a DataFile>>,
    /// Other files that are named like licences.
    licenses: BTreeMap<String, Vec<&'a DataFile>>,
}

/// Where files of the project stand.
const PROJECT_KEY: &str = "";

impl<'a> MetadataFiles<'a> {
    fn of(contents: &'a Contents) -> Self {
        let mut found = Self { files: BTreeMap::new(), licenses: BTreeMap::new() };
        for file in &contents.files {
            let key = match &file.owner {
                Owner::Distribution(key) => key.as_str(),
                Owner::Project => PROJECT_KEY,
                Owner::StandardLibrary | Owner::Settings => continue,
            };
            if metadata_name(&file.path).is_some() {
                found.files.entry(key.to_owned()).or_default().push(file);
            } else if is_license_name(last_name(&file.path)) {
                found.licenses.entry(key.to_owned()).or_default().push(file);
            }
        }
        found
    }

    fn of_key(&self, key: &str) -> impl Iterator<Item = (&'a DataFile, &'a str)> {
        let files = self.files.get(key).into_iter().flatten();
        files.filter_map(|file| Some((*file, metadata_name(&file.path)?)))
    }

    fn metadata(&self, key: &str) -> Metadata {
        let is_metadata = |name: &str| matches!(name, "METADATA" | "PKG-INFO" | "");
        let found = self.of_key(key).find(|(_, name)| is_metadata(name));
        let bytes = found.and_then(|(file, _)| read(file)).unwrap_or_default();
        parse_metadata(&String::from_utf8_lossy(&bytes))
    }

    /// Those in the metadata, which PEP 639 and its forerunners put there; else those among the modules.
    fn licenses(&self, key: &str) -> Vec<String> {
        let is_license = |name: &str| {
            name.starts_with("licenses/")
                || name.starts_with("license_files/")
                || (!name.contains('/') && is_license_name(name))
        };
        let own = self.of_key(key).filter(|(_, name)| is_license(name)).map(|(file, _)| file.path.clone());
        let own: Vec<_> = own.collect();
        if !own.is_empty() {
            return own;
        }
        self.licenses.get(key).into_iter().flatten().map(|file| file.path.clone()).collect()
    }

    fn wheel_parts(&self, key: &str) -> Vec<Part> {
        let bills = self.of_key(key).filter(|(_, name)| name.starts_with("sboms/") && name.ends_with(".json"));
        let mut parts: Vec<_> =
            bills.filter_map(|(file, _)| read(file)).flat_map(|text| wheel::parts(&text, key)).collect();
        let mut seen = BTreeSet::new();
        parts.retain(|part| seen.insert((part.name.clone(), part.version.clone())));
        parts
    }
}

fn read(file: &DataFile) -> Option<Cow<'_, [u8]>> {
    match &file.content {
        FileContent::Disk(path) => std::fs::read(path).ok().map(Cow::Owned),
        FileContent::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        FileContent::Pack => None,
    }
}

/// The path of a file inside its distribution's metadata folder; empty if the metadata is that one file.
fn metadata_name(path: &str) -> Option<&str> {
    let ends = [".dist-info", ".egg-info"].into_iter();
    ends.filter_map(|end| path.split_once(end)).map(|(_, rest)| rest).find_map(|rest| match rest {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    })
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The names that PEP 639 proposes, and what is common beside them.
fn is_license_name(name: &str) -> bool {
    let name = name.to_uppercase();
    let is_code = name.ends_with(".PY") || name.ends_with(".PYI");
    !is_code
        && ["LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS", "COPYRIGHT"].iter().any(|one| name.starts_with(one))
}

fn runtime(ingredients: &Ingredients<'_>) -> Vec<Component> {
    let carried: BTreeSet<_> = ingredients
        .libraries
        .iter()
        .filter(|library| library.is_carried)
        .map(|library| last_name(library.path))
        .collect();
    let is_in = |part: &&RuntimeLibrary| part.soname.as_deref().is_none_or(|soname| carried.contains(soname));
    let parts: Vec<_> = ingredients.runtime.libraries.iter().filter(is_in).collect();
    let linked = parts.iter().filter(|part| part.soname.is_none() && part.name != INTERPRETER);
    let linked: Vec<_> = linked.map(|part| runtime_reference(part)).collect();
    let mut components: Vec<_> = parts.iter().map(|part| runtime_component(part, ingredients)).collect();
    if let Some(interpreter) = components.iter_mut().find(|component| component.kind == ComponentKind::Interpreter) {
        interpreter.sha256 = Some(sha256(ingredients.stub));
        interpreter.depends_on = linked;
    }
    components
}

/// The part of the runtime that is the interpreter.
const INTERPRETER: &str = "cpython";

fn runtime_reference(part: &RuntimeLibrary) -> String {
    format!("runtime/{}", part.name)
}

fn runtime_component(part: &RuntimeLibrary, ingredients: &Ingredients<'_>) -> Component {
    let library = ingredients.libraries.iter().filter(|library| library.is_carried);
    let library = library.into_iter().find(|library| Some(last_name(library.path)) == part.soname.as_deref());
    let words: Vec<_> = part.source.split_whitespace().collect();
    let purl = match words.as_slice() {
        ["Debian", "package", name, version] => purl("deb/debian", name, Some(version)),
        ["crate", name, version] if part.name.starts_with("rust-") => purl("cargo", name, Some(version)),
        _ => purl("generic", &part.name, Some(&part.version)),
    };
    Component {
        reference: runtime_reference(part),
        kind: if part.name == INTERPRETER { ComponentKind::Interpreter } else { ComponentKind::RuntimeLibrary },
        name: part.name.clone(),
        version: Some(part.version.clone()),
        license: License::known(&part.license, Basis::Declared),
        purl: Some(purl),
        cpe: known::cpe(&part.name, &part.version),
        sha256: library.map(|library| sha256(library.bytes)),
        path: library.map(|library| library.path.to_owned()),
        origin: Some(part.source.clone()).filter(|source| !source.is_empty()),
        patches: part.patches.clone(),
        license_files: vec![part.license_path()],
        ..Component::default()
    }
}

/// The distributions by normalized name, but for the project's own.
fn distributions(contents: &Contents, metadata: &MetadataFiles<'_>) -> BTreeMap<String, Component> {
    let others = contents.distributions.iter().filter(|distribution| distribution.reason != OWN_REASON);
    let by_key: BTreeMap<_, _> = others.map(|distribution| (normalize(&distribution.name), distribution)).collect();
    let references: BTreeMap<_, _> = by_key.iter().map(|(key, one)| (key.as_str(), reference(key, one))).collect();
    let component = |(key, distribution): (&String, &&Distribution)| {
        let described = metadata.metadata(key);
        // A distribution may require itself, with an extra.
        let mut depends_on: Vec<_> = described
            .requirements
            .iter()
            .filter(|one| one.name != *key)
            .filter_map(|one| references.get(one.name.as_str()).cloned())
            .collect();
        depends_on.sort();
        depends_on.dedup();
        let component = Component {
            reference: references[key.as_str()].clone(),
            kind: ComponentKind::Distribution,
            name: distribution.name.clone(),
            version: Some(distribution.version.clone()),
            license: License::of_metadata(&described),
            purl: Some(reference(key, distribution)),
            origin: Some(distribution.reason.clone()),
            license_files: metadata.licenses(key),
            depends_on,
            ..Component::default()
        };
        (key.clone(), component)
    };
    by_key.iter().map(component).collect()
}

fn reference(key: &str, distribution: &Distribution) -> String {
    purl("pypi", key, Some(&distribution.version))
}

/// The libraries that a distribution brings beside its extension modules; of the parts, those that they are are taken.
fn shared_libraries(
    ingredients: &Ingredients<'_>,
    distribution: &Component,
    key: &str,
    parts: &mut Vec<Part>,
) -> Vec<Component> {
    let is_own = |library: &&LibraryBytes<'_>| matches!(library.owner, Owner::Distribution(owner) if owner == key);
    let own = ingredients.libraries.iter().filter(is_own).filter(|library| is_vendored(library.path));
    own.map(|library| {
        let mut component = library_component(library);
        component.part_of = Some(distribution.reference.clone());
        let is_same = |part: &Part| part.name == component.name || format!("lib{}", part.name) == component.name;
        if let Some(index) = parts.iter().position(is_same) {
            let part = parts.remove(index);
            component.version = part.version.or(component.version);
            component.purl = part.purl;
            if !part.license.words().is_empty() {
                component.license = part.license;
            }
            component.origin = Some("listed by its wheel".to_owned());
        }
        component
    })
    .collect()
}

/// Libraries of the project, of settings, and of packages that are no distribution.
fn ownerless_libraries(ingredients: &Ingredients<'_>) -> Vec<Component> {
    let keys: BTreeSet<_> = ingredients.contents.distributions.iter().map(|one| normalize(&one.name)).collect();
    let has_owner =
        |library: &LibraryBytes<'_>| matches!(library.owner, Owner::Distribution(key) if keys.contains(key));
    let others = ingredients.libraries.iter().filter(|library| !library.is_carried && !has_owner(library));
    others.filter(|library| is_vendored(library.path)).map(library_component).collect()
}

/// False for an extension module, which is a part of its distribution like any other module.
fn is_vendored(path: &str) -> bool {
    let name = last_name(path);
    name.starts_with("lib") && !name.contains(".cpython-") && !name.contains(".abi3.")
}

fn library_component(library: &LibraryBytes<'_>) -> Component {
    let known::FileName { name, version } = known::file_name(last_name(library.path));
    let banner = known::banner_version(name, library.bytes);
    let origin = match (&banner, version) {
        (Some(_), _) => "its version stands in it",
        (None, Some(_)) => "its version is that in the file's name",
        (None, None) => "its file has no version",
    };
    let license = known::license(name).map(|license| License::known(license, Basis::Concluded));
    Component {
        reference: format!("file/{}", library.path),
        kind: ComponentKind::Vendored,
        name: name.to_owned(),
        version: banner.or_else(|| version.map(str::to_owned)),
        license: license.unwrap_or_default(),
        sha256: Some(sha256(library.bytes)),
        path: Some(library.path.to_owned()),
        origin: Some(origin.to_owned()),
        ..Component::default()
    }
}

fn part_component(distribution: &Component, index: usize, part: Part) -> Component {
    let Part { name, version, purl, license } = part;
    Component {
        reference: format!("{}#{index}", distribution.reference),
        kind: ComponentKind::Vendored,
        name,
        version,
        license,
        purl,
        origin: Some("listed by its wheel".to_owned()),
        part_of: Some(distribution.reference.clone()),
        ..Component::default()
    }
}

fn program(contents: &Contents, metadata: &MetadataFiles<'_>, components: &[Component]) -> Component {
    let own = contents.distributions.iter().find(|distribution| distribution.reason == OWN_REASON);
    let path = contents.entry_point.as_ref().map_or("", |entry_point| last_name(&entry_point.path));
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let needed: BTreeSet<_> = components.iter().flat_map(|component| &component.depends_on).collect();
    let is_direct = |component: &&Component| match component.kind {
        ComponentKind::Interpreter => true,
        ComponentKind::RuntimeLibrary => !needed.contains(&component.reference),
        ComponentKind::Distribution => !needed.contains(&component.reference),
        ComponentKind::Vendored => component.part_of.is_none(),
        ComponentKind::Program => false,
    };
    Component {
        reference: PROGRAM.to_owned(),
        kind: ComponentKind::Program,
        name: own.map_or(if stem.is_empty() { PROGRAM } else { stem }, |own| &own.name).to_owned(),
        version: own.map(|own| own.version.clone()),
        license: License::of_metadata(&metadata.metadata(PROJECT_KEY)),
        license_files: metadata.licenses(PROJECT_KEY),
        depends_on: components.iter().filter(is_direct).map(|component| component.reference.clone()).collect(),
        ..Component::default()
    }
}
