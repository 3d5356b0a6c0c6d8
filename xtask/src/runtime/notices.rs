//! What is in a runtime beside CPython and its C libraries: the stub's own code, and libraries that are carried along.
//!
//! Comes in: the lock file's crates, Debian's packages of this machine. Goes out: name, version, licence and licence
//! text of each, for the pack. Nothing is downloaded: Cargo and apt have fetched it all before.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use pyfreeze::runtime::RuntimeLibrary;
use serde::Deserialize;

use super::{CLibrary, Error, Result, TARGET, cache, carried, checkout, stub};

/// A part of the runtime and the text of its licence.
#[derive(Debug)]
pub(crate) struct Notice {
    /// What it is.
    pub(crate) library: RuntimeLibrary,
    /// The licence's text.
    pub(crate) text: String,
}

/// The parts that [`mod@super::cpython`] does not know of.
pub(crate) fn notices(c_library: CLibrary) -> Result<Vec<Notice>> {
    let mut notices = crates()?;
    notices.push(rust_library()?);
    let carried_along = if c_library == CLibrary::Glibc { carried::known() } else { &[] };
    for library in carried_along {
        notices.push(carried(library)?);
    }
    Ok(notices)
}

/// What Cargo says of the packages of the lock file.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: String,
    source: Option<String>,
}

/// The stub and the crates that are linked into it.
fn crates() -> Result<Vec<Notice>> {
    let tree =
        ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--target", TARGET, "--package", stub::PACKAGE];
    let tree = cargo(&tree)?;
    let tree = String::from_utf8_lossy(&tree).into_owned();
    // `libc v0.2.191`, `pyfreeze-stub v0.1.0 (/folder)`, and `(*)` behind what was listed before.
    let lines = tree.lines().filter_map(|line| line.split_once(" v"));
    let linked: BTreeSet<_> = lines.filter_map(|(name, rest)| Some((name, rest.split_whitespace().next()?))).collect();
    let metadata = metadata()?;
    let is_linked = |package: &&Package| linked.contains(&(package.name.as_str(), package.version.as_str()));
    let mut notices = metadata.packages.iter().filter(is_linked).map(crate_notice).collect::<Result<Vec<_>>>()?;
    notices.sort_by(|one, other| one.library.name.cmp(&other.library.name));
    Ok(notices)
}

fn metadata() -> Result<Metadata> {
    let text = cargo(&["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET])?;
    serde_json::from_slice(&text).map_err(|error| Error::content(&checkout().join("Cargo.toml"), error.to_string()))
}

fn cargo(arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = command.args(arguments).current_dir(checkout()).output();
    let output = output.map_err(|source| Error::Start { program: "cargo".to_owned(), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::content(&checkout().join("Cargo.toml"), said))
}

fn crate_notice(package: &Package) -> Result<Notice> {
    let manifest = Path::new(&package.manifest_path);
    // A crate of this checkout has its licence in the checkout's root.
    let own = checkout();
    let folder = if package.source.is_some() { manifest.parent().unwrap_or(&own) } else { &own };
    let name = match package.source {
        Some(_) => format!("rust-{}", package.name),
        None => package.name.clone(),
    };
    let origin = if package.source.is_some() { "crate" } else { "this project's crate" };
    let library = RuntimeLibrary {
        name,
        version: package.version.clone(),
        license: package.license.clone().unwrap_or_default().replace('/', " OR "),
        source: format!("{origin} {} {}", package.name, package.version),
        ..RuntimeLibrary::default()
    };
    Ok(Notice { library, text: license_texts(folder)? })
}

/// All licence files of a folder, one behind the other.
fn license_texts(folder: &Path) -> Result<String> {
    let is_license =
        |name: &str| ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"].iter().any(|one| name.starts_with(one));
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?.flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| is_license(&name.to_uppercase())).collect();
    names.sort();
    let texts = names.iter().map(|name| cache::read_text(&folder.join(name)));
    match texts.collect::<Result<Vec<_>>>()?.join("\n\n") {
        text if text.is_empty() => Err(Error::content(folder, "a licence file")),
        text => Ok(text),
    }
}

/// `core`, the part of Rust's standard library that a program without one has in it.
fn rust_library() -> Result<Notice> {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.map_err(|source| Error::Start { program: "rustc".to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let library = RuntimeLibrary {
        name: "rust-core".to_owned(),
        license: "MIT OR Apache-2.0".to_owned(),
        source: format!("rustc {version}"),
        version,
        ..RuntimeLibrary::default()
    };
    // Toolchains come without plain texts; the terms are those of this project, to the word.
    let text = "Copyright (c) The Rust Project Contributors\n\n".to_owned() + &license_texts(&checkout())?;
    Ok(Notice { library, text })
}

fn carried(library: &carried::Carried) -> Result<Notice> {
    let documents = Path::new("/usr/share/doc").join(library.package);
    let mut text = cache::read_text(&documents.join("copyright"))?;
    if let Some(license) = library.common_license {
        text += "\n\n";
        text += &cache::read_text(&Path::new("/usr/share/common-licenses").join(license))?;
    }
    let version = package_version(library.package)?;
    let library = RuntimeLibrary {
        name: library.soname.split(".so").next().unwrap_or(library.soname).to_owned(),
        license: library.license.to_owned(),
        source: format!("Debian package {} {version}", library.package),
        version,
        soname: Some(library.soname.to_owned()),
        ..RuntimeLibrary::default()
    };
    Ok(Notice { library, text })
}

fn package_version(package: &str) -> Result<String> {
    let output = Command::new("dpkg-query").args(["--show", "--showformat=${Version}", package]).output();
    let output = output.map_err(|source| Error::Start { program: "dpkg-query".to_owned(), source })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
