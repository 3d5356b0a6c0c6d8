//! What is to be installed, and whether anything is.
//!
//! Comes in: the request and the project's files. Goes out: steps for the installer. Which source of requirements
//! counts: files given by name, else a lock beside the project, else what pyproject.toml declares.

use std::path::{Path, PathBuf};

use super::lock::{self, Choice};
use super::{InstallError, InstallRequest, Policy, declared};
use crate::project::pyproject::Pyproject;
use crate::project::{Environment, ProjectRequest, folder_of, normalize};

/// What is to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Where the requirements come from, in words.
    pub(super) origin: String,
    /// Distributions that were chosen by name (extras, groups): they are wanted in the program, imported or not.
    pub(super) chosen: Vec<String>,
    /// Calls of the installer, in order.
    pub(super) steps: Vec<Step>,
}

/// One call of the installer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Requirements files of the user's.
    pub(super) files: Vec<PathBuf>,
    /// Lines of one more, which pyfreeze writes.
    pub(super) lines: Vec<String>,
    /// What the installer may add.
    pub(super) pinning: Pinning,
}

/// How much of the set of packages is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pinning {
    /// Nothing: the installer looks for versions that go together.
    Resolved,
    /// Everything: nothing is added.
    Exact,
    /// Everything, by digest.
    Hashed,
}

/// What is to be installed for `project`, if anything is.
pub(super) fn wanted(
    request: &InstallRequest,
    project: &ProjectRequest,
    python_version: &str,
) -> Result<Option<Wanted>, InstallError> {
    // What is wrong with a path that leads nowhere, the project's reader says.
    let Ok(path) = project.path.canonicalize() else { return Ok(None) };
    if request.policy == Policy::Never || project.venv.is_some() {
        return Ok(None);
    }
    let folder = folder_of(&path);
    let pyproject = Pyproject::read(folder)?;
    let settings = pyproject.as_ref().map(Pyproject::settings).transpose()?.unwrap_or_default();
    let is_asked = request.is_asked() || !settings.requirements.is_empty();
    if !is_asked && (Environment::active().is_some() || Environment::beside(folder).is_some()) {
        return Ok(None);
    }
    let files = if request.requirements.is_empty() { settings.requirements } else { request.requirements.clone() };
    let search = Search { request, folder, pyproject: pyproject.as_ref(), python_version };
    match search.find(files, is_asked)? {
        Some(wanted) => Ok(Some(Wanted { chosen: search.chosen_names()?, ..wanted })),
        None if is_asked => Err(InstallError::NothingDeclared { path: folder.to_owned() }),
        None => Ok(None),
    }
}

impl Wanted {
    fn new(origin: String, steps: Vec<Step>) -> Self {
        Self { origin, chosen: Vec::new(), steps }
    }
}

struct Search<'a> {
    request: &'a InstallRequest,
    folder: &'a Path,
    pyproject: Option<&'a Pyproject>,
    python_version: &'a str,
}

impl Search<'_> {
    fn find(&self, files: Vec<PathBuf>, is_asked: bool) -> Result<Option<Wanted>, InstallError> {
        if !files.is_empty() {
            return self.files(files).map(Some);
        }
        match lock::beside(self.folder) {
            Some(path) => self.lock(&path),
            None => self.declared(is_asked),
        }
    }

    /// The files, and what extras and groups add.
    fn files(&self, files: Vec<PathBuf>) -> Result<Wanted, InstallError> {
        let names: Vec<_> = files.iter().map(|path| format!("`{}`", path.display())).collect();
        let lines = self.chosen()?;
        let step = Step { files, lines, pinning: Pinning::Resolved };
        Ok(Wanted::new(names.join(", "), vec![step]))
    }

    fn lock(&self, path: &Path) -> Result<Option<Wanted>, InstallError> {
        // Unknown names are said here, in the words of the project rather than of its lock.
        let chosen = self.chosen()?;
        let declared = self.pyproject.and_then(declared::dependencies).unwrap_or_default();
        let all_normalized = |names: &[String]| names.iter().map(|name| normalize(name)).collect::<Vec<_>>();
        let choice = Choice {
            folder: self.folder,
            python_version: self.python_version,
            extras: all_normalized(&self.request.extras),
            groups: all_normalized(&self.request.groups),
            required: [declared, chosen].concat(),
        };
        let locked =
            lock::read(path, &choice).map_err(|problem| InstallError::Lock { path: path.to_owned(), problem })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let steps = [(locked.hashed, Pinning::Hashed), (locked.local, Pinning::Exact)];
        let steps = steps.into_iter().filter(|(lines, _)| !lines.is_empty());
        let steps: Vec<_> = steps.map(|(lines, pinning)| Step { files: Vec::new(), lines, pinning }).collect();
        Ok((!steps.is_empty()).then(|| Wanted::new(format!("`{name}`"), steps)))
    }

    fn declared(&self, is_asked: bool) -> Result<Option<Wanted>, InstallError> {
        let Some(pyproject) = self.pyproject else {
            self.chosen()?;
            return Ok(None);
        };
        let Some(mut lines) = declared::dependencies(pyproject) else {
            // Not asked for: the project is frozen as it is, and what its imports miss is said as always.
            let error = InstallError::NotStatic { path: pyproject.path.clone() };
            return if is_asked { Err(error) } else { Ok(None) };
        };
        lines.extend(self.chosen()?);
        let step = Step { files: Vec::new(), lines, pinning: Pinning::Resolved };
        Ok((!step.lines.is_empty()).then(|| Wanted::new("`pyproject.toml`".into(), vec![step])))
    }

    /// The distributions that [`Self::chosen`] names, as far as they count here.
    fn chosen_names(&self) -> Result<Vec<String>, InstallError> {
        let chosen = self.chosen()?;
        let requirements = lock::counting(&chosen, self.python_version, &self.request.extras);
        Ok(requirements.map(|(_, requirement)| requirement.name).collect())
    }

    /// The requirements of the extras and groups that were asked for.
    fn chosen(&self) -> Result<Vec<String>, InstallError> {
        let mut lines = Vec::new();
        for name in &self.request.extras {
            lines.extend(declared::extra(self.pyproject, name)?);
        }
        for name in &self.request.groups {
            lines.extend(declared::group(self.pyproject, name)?);
        }
        Ok(lines)
    }
}
