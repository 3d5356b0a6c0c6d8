//! Where the sources are: crates through Cargo, tarballs and security patches through Debian's archive or from a
//! folder that the user names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::pins::{Pins, Tarball};
use crate::runtime::cache::{self, Cache};
use crate::runtime::debian::{self, Part, Wanted};
use crate::runtime::patch::Patch;
use crate::runtime::ui::{Log, Ui};
use crate::runtime::{Error, Result, machine, stub_sources};

/// The folder that is looked into before anything is downloaded.
const SOURCES_VARIABLE: &str = "PYFREEZE_SOURCES";
/// The CPython tarball, under any name.
const CPYTHON_VARIABLE: &str = "PYFREEZE_CPYTHON_SOURCE";

/// All sources, present and verified.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) cpython: PathBuf,
    pub(super) ncurses: PathBuf,
    pub(super) libedit: PathBuf,
    pub(super) musl: PathBuf,
    crates: BTreeMap<String, Crate>,
}

/// A crate that carries a C library's source.
#[derive(Clone, Debug)]
pub(super) struct Crate {
    pub(super) version: String,
    pub(super) folder: PathBuf,
}

impl Sources {
    /// Downloads what isn't in the cache.
    pub(super) fn fetch(cache: &Cache, pins: &Pins, ui: &Ui) -> Result<Sources> {
        download_missing(cache, pins, ui)?;
        Ok(Sources {
            cpython: verified(cache, &pins.cpython)?,
            ncurses: verified(cache, &pins.ncurses)?,
            libedit: verified(cache, &pins.libedit)?,
            musl: verified(cache, &pins.musl)?,
            crates: ui.step("fetch crates", &cache.logs(), fetch_crates)?,
        })
    }

    /// The crate `name`; asking for one that `libraries/Cargo.toml` doesn't have is a mistake in the recipe.
    pub(super) fn carried_by(&self, name: &str) -> Result<&Crate> {
        let lock = stub_sources().join("cpython/libraries/Cargo.lock");
        self.crates.get(name).ok_or_else(|| Error::content(&lock, format!("the crate `{name}`")))
    }
}

/// Debian's patches that are applied, in the order of its series.
///
/// They are those of the first download: delete `downloads/<package>.debian.tar.xz` in the cache to get today's.
#[derive(Debug)]
pub(super) struct Patches {
    pub(super) cpython: Vec<Patch>,
    pub(super) musl: Vec<Patch>,
}

impl Patches {
    /// Downloads what isn't in the cache.
    pub(super) fn fetch(cache: &Cache, pins: &Pins, ui: &Ui) -> Result<Patches> {
        if patched(pins).into_iter().any(|tarball| !packaging(cache, tarball).exists()) {
            download_missing(cache, pins, ui)?;
        }
        Ok(Patches { cpython: patches(cache, &pins.cpython)?, musl: patches(cache, &pins.musl)? })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Patch> {
        self.cpython.iter().chain(&self.musl)
    }
}

fn patches(cache: &Cache, tarball: &Tarball) -> Result<Vec<Patch>> {
    let folder = cache.fresh_work(&format!("debian/{}", tarball.package))?;
    unpack_packaging(&packaging(cache, tarball), &folder)?;
    let patches = folder.join("debian/patches");
    let series = cache::read_text(&patches.join("series"))?;
    let names = series.lines().map(str::trim).filter(|name| tarball.patches.takes(name));
    Ok(names.map(|name| Patch { name: name.to_owned(), path: patches.join(name) }).collect())
}

/// The tarballs that Debian has patches for which are wanted.
fn patched(pins: &Pins) -> [&Tarball; 2] {
    [&pins.cpython, &pins.musl]
}

fn unpack_packaging(packaging: &Path, folder: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    let status = command.arg("-xf").arg(packaging).arg("-C").arg(folder).status();
    let status = status.map_err(|source| Error::Start { program: "tar".to_owned(), source })?;
    if status.success() { Ok(()) } else { Err(Error::content(packaging, "a tar archive")) }
}

/// Where Debian's part of a source package is kept. Its name has no version: the newest is wanted.
fn packaging(cache: &Cache, tarball: &Tarball) -> PathBuf {
    cache.downloads().join(format!("{}.debian.tar.xz", tarball.package))
}

fn download_missing(cache: &Cache, pins: &Pins, ui: &Ui) -> Result<()> {
    for tarball in patched(pins) {
        if let Some(given) = given_folder().and_then(|folder| find_packaging(&folder, &tarball.package)) {
            cache::publish_file(&given, &packaging(cache, tarball))?;
        }
    }
    let tarballs = [&pins.cpython, &pins.ncurses, &pins.libedit, &pins.musl];
    let missing: Vec<&Tarball> = tarballs.into_iter().filter(|tarball| !is_present(cache, tarball)).collect();
    let mut wanted: Vec<Wanted> =
        missing.iter().map(|tarball| Wanted { package: tarball.package.clone(), part: Part::Upstream }).collect();
    let unpatched: Vec<_> = patched(pins).into_iter().filter(|one| !packaging(cache, one).exists()).collect();
    wanted.extend(unpatched.iter().map(|one| Wanted { package: one.package.clone(), part: Part::Packaging }));
    if wanted.is_empty() {
        return Ok(());
    }
    let folder = debian::download(cache, &pins.debian_suites, &wanted, ui)?;
    for tarball in missing {
        keep(&folder.join(&tarball.file), &cache.downloads().join(&tarball.file), cache)?;
    }
    for tarball in unpatched {
        let nothing = || folder.join(format!("{}_*.debian.tar.xz", tarball.package));
        keep(&find_packaging(&folder, &tarball.package).unwrap_or_else(nothing), &packaging(cache, tarball), cache)?;
    }
    Ok(())
}

fn keep(downloaded: &Path, kept: &Path, cache: &Cache) -> Result<()> {
    if !downloaded.exists() {
        let file = downloaded.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Err(Error::Download { file, log: debian::log(cache) });
    }
    cache::publish_file(downloaded, kept)
}

fn is_present(cache: &Cache, tarball: &Tarball) -> bool {
    given_file(tarball).is_some() || cache.downloads().join(&tarball.file).exists()
}

fn verified(cache: &Cache, tarball: &Tarball) -> Result<PathBuf> {
    let path = given_file(tarball).unwrap_or_else(|| cache.downloads().join(&tarball.file));
    machine::check_sha256(&path, &tarball.sha256)?;
    Ok(path)
}

/// The file that the user gave in place of a download.
fn given_file(tarball: &Tarball) -> Option<PathBuf> {
    if tarball.package.starts_with("python")
        && let Some(file) = std::env::var_os(CPYTHON_VARIABLE)
    {
        return Some(PathBuf::from(file));
    }
    given_folder().map(|folder| folder.join(&tarball.file)).filter(|path| path.exists())
}

fn given_folder() -> Option<PathBuf> {
    std::env::var_os(SOURCES_VARIABLE).map(PathBuf::from)
}

fn find_packaging(folder: &Path, package: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    entries
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&format!("{package}_")) && name.ends_with(".debian.tar.xz")
        })
        .max()
}

/// Lets Cargo download and verify the crates of `libraries/`, and asks it where they are.
fn fetch_crates(log: &Log) -> Result<BTreeMap<String, Crate>> {
    let manifest = stub_sources().join("cpython/libraries/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cargo = |subcommand: &str| {
        let mut command = Command::new(&cargo);
        command.args([subcommand, "--locked", "--manifest-path"]).arg(&manifest);
        command
    };
    log.run(&mut cargo("fetch"))?;
    let output = cargo("metadata").args(["--format-version", "1", "--offline"]).output();
    let output = output.map_err(|source| Error::Start { program: "cargo".to_owned(), source })?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::content(&manifest, format!("`cargo metadata` can't be read: {error}")))?;
    let crates = metadata.packages.into_iter().map(|package| {
        let folder = package.manifest_path.parent().unwrap_or(Path::new("/")).to_path_buf();
        (package.name, Crate { version: package.version, folder })
    });
    Ok(crates.collect())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

/// Unpacks a tarball into `folder`, without the single folder that upstream tarballs wrap everything in.
/// Modification times are kept: autotools would otherwise want to run again.
pub(super) fn unpack(tarball: &Path, folder: &Path, log: &Log) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut command = Command::new("tar");
    command.args(["--strip-components=1", "--no-same-owner", "-xf"]).arg(tarball).arg("-C").arg(folder);
    log.run(&mut command)
}
