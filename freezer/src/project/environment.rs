//! The virtual environment: where packages come from.
//!
//! Comes in: the folder given by `--venv`, or the places where one usually is. Goes out: its distributions and the
//! places where their modules lie. Nothing of it is executed, so it may have been made on another machine.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::distribution::read_text;
use super::packages::importable_name;
use super::path_files::PathFiles;
use super::roots::{Place, RootSource, SourceOwner};
use super::{InstalledDistribution, ProjectError, normalize};
use crate::bytecode::Library;
use crate::contents::Warning;

/// A virtual environment.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Its folder.
    pub path: PathBuf,
    /// Its distributions, sorted by normalized name; of several with one name only the first found.
    pub distributions: Vec<InstalledDistribution>,
    /// The places of its modules, in the order of `sys.path`.
    pub sources: Vec<RootSource>,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

impl Environment {
    /// Finds the environment for the project at `project`: `given`, else `active` ($VIRTUAL_ENV), else what
    /// [`Self::beside`] finds.
    ///
    /// # Errors
    /// [`ProjectError::NoEnvironment`] when `given` or `active` is none.
    pub fn find(
        given: Option<&Path>,
        active: Option<&Path>,
        project: &Path,
        library: &Library,
    ) -> Result<Option<Self>, ProjectError> {
        if let Some(path) = given.or(active) {
            let environment = Self::read(path, library)?;
            return environment.map(Some).ok_or_else(|| ProjectError::NoEnvironment { path: path.to_owned() });
        }
        Self::beside(project).map_or(Ok(None), |path| Self::read(&path, library))
    }

    /// The environment that is active in the shell ($VIRTUAL_ENV).
    #[must_use]
    pub fn active() -> Option<PathBuf> {
        env::var_os("VIRTUAL_ENV").map(PathBuf::from).filter(|path| !path.as_os_str().is_empty())
    }

    /// A `.venv` or `venv` in the project's folder or one above it.
    #[must_use]
    pub fn beside(project: &Path) -> Option<PathBuf> {
        let candidates = project.ancestors().flat_map(|folder| [".venv", "venv"].map(|name| folder.join(name)));
        candidates.into_iter().find(|path| path.join("pyvenv.cfg").is_file())
    }

    /// Reads the environment at `path`; `None` if it has no site-packages.
    ///
    /// # Errors
    /// [`ProjectError::Read`] when a folder can't be read.
    pub fn read(path: &Path, library: &Library) -> Result<Option<Self>, ProjectError> {
        let Some((minor_version, folders)) = site_packages(path, library.minor_version()) else { return Ok(None) };
        let mut environment = Self { path: path.to_owned(), ..Self::default() };
        if minor_version != library.minor_version() {
            environment.warn_of_version(minor_version, library.minor_version());
        }
        let settings = read_text(&path.join("pyvenv.cfg")).unwrap_or_default();
        if setting(&settings, "include-system-site-packages").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            environment.warnings.push(Warning {
                message: format!("The system's packages are not looked at: `{}`", path.display()),
                hints: vec!["install what the project needs into the virtual environment itself".into()],
            });
        }
        let mut found = BTreeMap::new();
        for folder in &folders {
            environment.folder(folder, &mut found)?;
        }
        environment.distributions = found.into_values().collect();
        Ok(Some(environment))
    }

    /// The index of the distribution of this normalized name.
    #[must_use]
    pub fn distribution(&self, key: &str) -> Option<usize> {
        self.distributions.binary_search_by(|distribution| distribution.key.as_str().cmp(key)).ok()
    }

    fn warn_of_version(&mut self, found: u32, wanted: u32) {
        let path = self.path.display();
        self.warnings.push(Warning {
            message: format!(
                "The virtual environment is for Python 3.{found}, the runtime is Python 3.{wanted}: `{path}`"
            ),
            hints: vec![format!(
                "its pure-Python packages are used; if one behaves differently, make the environment with Python 3.{wanted}"
            )],
        });
    }

    /// Adds what one folder of `sys.path` holds.
    fn folder(&mut self, folder: &Path, found: &mut Found) -> Result<(), ProjectError> {
        self.sources.push(RootSource { place: Place::Folder(folder.to_owned()), owner: SourceOwner::Environment });
        read_distributions(folder, found)?;
        let paths = PathFiles::read(folder);
        for name in paths.ignored {
            self.warnings.push(Warning {
                message: format!("Code in a .pth file is not run in the program: `{}`", folder.join(name).display()),
                hints: Vec::new(),
            });
        }
        for (name, packages) in paths.packages {
            let owner = owner_of(&name, found);
            if let Some(distribution) = owner.as_ref().and_then(|key| found.get_mut(key)) {
                distribution.editable.extend(packages.clone());
            }
            self.add(Place::Named(packages), owner);
        }
        for (name, path) in paths.folders {
            // Metadata beside the sources belongs to them, as with `setup.py develop`.
            let mut beside = Found::new();
            read_distributions(&path, &mut beside)?;
            let owner = owner_of(&name, found).or_else(|| beside.keys().next().cloned());
            for (key, distribution) in beside {
                found.entry(key).or_insert(distribution);
            }
            if let Some(distribution) = owner.as_ref().and_then(|key| found.get_mut(key)) {
                let packages = editable_packages(&path, distribution);
                distribution.editable.extend(packages);
            }
            self.add(Place::Folder(path), owner);
        }
        Ok(())
    }

    fn add(&mut self, place: Place, owner: Option<String>) {
        let owner = owner.map_or(SourceOwner::Environment, SourceOwner::Distribution);
        self.sources.push(RootSource { place, owner });
    }
}

/// Distributions by normalized name.
type Found = BTreeMap<String, InstalledDistribution>;

/// The minor version and the site-packages folders of the environment at `path`: those of the wanted version if
/// there are any, else of the newest.
fn site_packages(path: &Path, wanted: u32) -> Option<(u32, Vec<PathBuf>)> {
    let mut folders: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for library in ["lib", "lib64"] {
        let entries = fs::read_dir(path.join(library)).into_iter().flatten().filter_map(Result::ok);
        for entry in entries {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix("python3."));
            let Some(version) = version.and_then(|version| version.parse().ok()) else { continue };
            let folder = entry.path().join("site-packages");
            // lib64 is often a link to lib.
            if folder.canonicalize().is_ok_and(|real| seen.insert(real)) {
                folders.entry(version).or_default().push(folder);
            }
        }
    }
    folders.remove_entry(&wanted).or_else(|| folders.pop_last())
}

fn setting<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(found, value)| (found.trim(), value.trim())).find(|(found, _)| *found == key).map(|(_, value)| value)
}

/// Adds the distributions whose metadata lies in `folder`, unless one of the name is there already.
fn read_distributions(folder: &Path, found: &mut Found) -> Result<(), ProjectError> {
    let error = |source| ProjectError::Read { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(error)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if (name.ends_with(".dist-info") || name.ends_with(".egg-info"))
            && let Some(distribution) = InstalledDistribution::read(&path)
        {
            found.entry(distribution.key.clone()).or_insert(distribution);
        }
    }
    Ok(())
}

/// The distribution that installed the `.pth` or `.egg-link` file of this name.
fn owner_of(name: &str, found: &Found) -> Option<String> {
    if let Some(stem) = name.strip_suffix(".egg-link") {
        return Some(normalize(stem));
    }
    let owns = |distribution: &&InstalledDistribution| distribution.files.iter().flatten().any(|file| file == name);
    found.values().find(owns).map(|distribution| distribution.key.clone())
}

/// The packages of an editable distribution among all that lies in the folder of its sources.
fn editable_packages(folder: &Path, distribution: &InstalledDistribution) -> BTreeMap<String, PathBuf> {
    let mut names = distribution.top_level.clone();
    if names.is_empty() && folder.file_name().is_some_and(|name| name == "src") {
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        names.extend(entries.filter_map(|entry| importable_name(&entry.path())));
    }
    if names.is_empty() {
        names.push(distribution.key.replace('-', "_"));
    }
    let mut packages = BTreeMap::new();
    for name in names {
        let (package, module) = (folder.join(&name), format!("{name}.py"));
        if package.is_dir() {
            packages.insert(name, package);
        } else if folder.join(&module).is_file() {
            packages.insert(module.clone(), folder.join(module));
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Environment;
    use crate::project::ProjectError;
    use crate::project::tests::library;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    const SITE: &str = "lib/python3.13/site-packages";

    #[test]
    fn distributions_and_places() {
        let folder = tempfile::tempdir().unwrap();
        let (root, sources) = (folder.path().join("venv"), folder.path().join("work/src"));
        write(&root, "pyvenv.cfg", "home = /x\nversion = 3.13.1\n");
        write(&root, &format!("{SITE}/B_b-1.dist-info/METADATA"), "Name: B.b\nVersion: 1\nRequires-Dist: a\n\n");
        write(&root, &format!("{SITE}/B_b-1.dist-info/RECORD"), "b.py,,\n../../../bin/b,,\n__pycache__/b.pyc,,\n");
        write(&root, &format!("{SITE}/a-2.dist-info/METADATA"), "Name: a\nVersion: 2\n\n");
        write(&root, &format!("{SITE}/a-2.dist-info/RECORD"), "__editable__.a-2.pth,,\n");
        write(&root, &format!("{SITE}/__editable__.a-2.pth"), &format!("{}\n", sources.display()));
        write(&sources, "a/__init__.py", "");
        write(&sources, "a.egg-info/PKG-INFO", "Name: a\nVersion: 1\n");
        std::os::unix::fs::symlink("lib", root.join("lib64")).unwrap();
        let environment = Environment::read(&root, &library()).unwrap().unwrap();
        let names: Vec<_> =
            environment.distributions.iter().map(|one| (one.key.as_str(), one.version.as_str())).collect();
        assert_eq!(names, [("a", "2"), ("b-b", "1")]);
        assert_eq!(environment.distributions[1].site_files().collect::<Vec<_>>(), ["b.py"]);
        assert_eq!(environment.distributions[0].editable["a"], sources.join("a"));
        assert_eq!(environment.sources.len(), 2);
        assert_eq!(environment.warnings, []);
        assert_eq!(environment.distribution("b-b"), Some(1));
    }

    #[test]
    fn another_version_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "lib/python3.11/site-packages/x.py", "");
        let environment = Environment::read(folder.path(), &library()).unwrap().unwrap();
        assert!(
            environment.warnings[0]
                .message
                .starts_with("The virtual environment is for Python 3.11, the runtime is Python 3.13: `")
        );
    }

    #[test]
    fn found_where_it_usually_is() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("work/app");
        fs::create_dir_all(&project).unwrap();
        let find = |given: Option<&Path>| Environment::find(given, None, &project, &library());
        assert!(find(None).unwrap().is_none());
        write(folder.path(), ".venv/pyvenv.cfg", "");
        write(folder.path(), &format!(".venv/{SITE}/x.py"), "");
        assert_eq!(find(None).unwrap().unwrap().path, folder.path().join(".venv"));
        assert!(matches!(find(Some(&project)), Err(ProjectError::NoEnvironment { .. })));
    }
}
