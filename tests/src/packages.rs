//! Environments with packages from PyPI.
//!
//! Comes in: requirements. Goes out: a virtual environment of the reference Python that holds them, made once and
//! kept under a name that says what is in it: with shared libraries as the wheels deliver them, or without any.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use crate::command::Run;
use crate::product::Product;
use crate::project::copy_tree;
use crate::runner::{Skip, Stop};

/// The installer: a wheel that the reference Python runs as it is, since it has no pip of its own.
const PIP: &str = "pip==26.3";

/// Distributions whose wheels hold accelerators and which work without: they are built from source without a compiler.
const BUILT_FROM_SOURCE: &str = "charset-normalizer,markupsafe,pyyaml,msgpack,rapidfuzz";

/// One at a time: two tests may want the same environment.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Where the packages of an environment are.
#[must_use]
pub fn site_packages(venv: &Path) -> PathBuf {
    venv.join("lib/python3.13/site-packages")
}

/// The environment that holds `requirements` (lines of a requirements file), made if needed.
///
/// # Errors
/// A skip without network, a failure if pip fails otherwise.
pub fn environment(product: &Product, requirements: &str) -> Result<PathBuf, Stop> {
    make(product, requirements, Libraries::NotBuilt)
}

/// As [`environment`], with wheels as they are and nothing built from source.
///
/// # Errors
/// As [`environment`].
pub fn environment_with_libraries(product: &Product, requirements: &str) -> Result<PathBuf, Stop> {
    make(product, requirements, Libraries::Kept)
}

/// What becomes of shared libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Libraries {
    /// Packages that would have some are built from source, without a compiler.
    NotBuilt,
    /// They stay.
    Kept,
}

fn make(product: &Product, requirements: &str, libraries: Libraries) -> Result<PathBuf, Stop> {
    let _guard = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let key = blake3::hash(format!("4\n{libraries:?}\n{requirements}").as_bytes()).to_hex();
    let venv = product.cache.join("environments").join(&key[..16]);
    let mark = venv.join("complete");
    let python = product.python.display().to_string();
    match fs::read_to_string(&mark) {
        Ok(made_with) if made_with == python => return Ok(venv),
        // Each new runtime brings a Python of its own; gigabytes of packages need not come anew with it.
        Ok(_) => remove_python(&venv.join("bin"))?,
        Err(_) if venv.exists() => fs::remove_dir_all(&venv)?,
        Err(_) => {}
    }
    let is_installed = mark.exists();
    fs::create_dir_all(&venv)?;
    Run::new(&product.python, &venv).args(["-I", "-m", "venv", "--without-pip"]).arg(&venv).success()?;
    if !is_installed && !requirements.trim().is_empty() {
        install(product, &venv, requirements, libraries)?;
    }
    fs::write(mark, python)?;
    Ok(venv)
}

fn install(product: &Product, venv: &Path, requirements: &str, libraries: Libraries) -> Result<(), Stop> {
    let file = venv.join("requirements.txt");
    fs::write(&file, requirements)?;
    let mut run = Run::new(venv.join("bin/python"), venv)
        .arg("-I")
        .arg(pip(product)?.join("pip"))
        .args(["install", "--quiet", "--no-compile", "--root-user-action=ignore", "--disable-pip-version-check"])
        .arg("-r")
        .arg(&file)
        // A build without a compiler leaves the optional accelerators out.
        .env("CC", "/bin/false")
        .time_limit(Duration::from_secs(900));
    run = match libraries {
        Libraries::NotBuilt => run.args(["--no-binary", BUILT_FROM_SOURCE]),
        Libraries::Kept => run.args(["--only-binary", ":all:"]),
    };
    // How this machine reaches its package registry is its own business.
    for (name, value) in std::env::vars().filter(|(name, _)| name.starts_with("PIP_") || name.contains("_proxy")) {
        run = run.env(name, value);
    }
    run.success()?;
    Ok(())
}

/// `venv` leaves links that exist as they are.
fn remove_python(folder: &Path) -> Result<(), Stop> {
    let is_python = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("python");
    for entry in fs::read_dir(folder)?.flatten().filter(is_python) {
        fs::remove_file(entry.path())?;
    }
    Ok(())
}

/// A copy of a project under a name that follows from what is in it: pip builds inside the folder it is given.
///
/// # Errors
/// When it can't be read or written.
pub fn kept_copy(product: &Product, project: &Path) -> Result<PathBuf, Stop> {
    let _guard = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut hasher = blake3::Hasher::new();
    for entry in walkdir::WalkDir::new(project).sort_by_file_name().into_iter().flatten() {
        hasher.update(entry.path().display().to_string().as_bytes());
        if entry.file_type().is_file() {
            hasher.update(&fs::read(entry.path())?);
        }
    }
    let copy = product.cache.join("projects").join(&hasher.finalize().to_hex()[..16]);
    if !copy.exists() {
        copy_tree(project, &copy)?;
    }
    Ok(copy)
}

/// pip's wheel, fetched by the host's pip.
fn pip(product: &Product) -> Result<PathBuf, Stop> {
    let folder = product.cache.join("wheels");
    let find = || {
        let files = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        files.into_iter().find(|path| path.to_string_lossy().contains(&PIP.replace("==", "-")))
    };
    if let Some(wheel) = find() {
        return Ok(wheel);
    }
    let missing = |why: String| Stop::Skipped(Skip::Missing(format!("a host pip that can fetch `{PIP}`: {why}")));
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", PIP, "-d"]).arg(&folder);
    let output = command.output().map_err(|error| missing(error.to_string()))?;
    find().ok_or_else(|| missing(String::from_utf8_lossy(&output.stderr).into_owned()))
}
