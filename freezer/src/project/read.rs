//! Reading a project of each kind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::distribution::read_text;
use super::frozen;
use super::metadata::{entry_point_module, parse_metadata};
use super::packages::Packages;
use super::pyproject::{Pyproject, script_text};
use super::{
    Environment, FoundFile, FoundLock, FoundTree, GeneratedFile, LOCK_NAME, LockError, MainModule, Place, Project,
    ProjectDistribution, ProjectError, ProjectRequest, RootSource, Scope, SearchRoot, Settings, SourceOwner, normalize,
    walk,
};
use crate::bytecode::{Library, SourceText};
use crate::contents::EntryPoint;
use crate::runtime::StubKind;

/// What is the same for projects of all kinds.
struct Common<'a> {
    library: &'a Library,
    /// The real path of the script or folder.
    path: PathBuf,
    settings: Settings,
    environment: Option<Environment>,
    lock: Option<FoundLock>,
}

pub(super) fn project(request: &ProjectRequest, library: &Library) -> Result<Project, ProjectError> {
    let path = real_path(request)?;
    let folder = folder_of(&path);
    if path.is_file() {
        check_is_script(&request.path, &path)?;
    }
    let pyproject = Pyproject::read(folder)?;
    let settings = pyproject.as_ref().map_or(Ok(Settings::default()), Pyproject::settings)?;
    let settings = settings.with(&request.overrides)?;
    let active = Environment::active();
    let environment = Environment::find(request.venv.as_deref(), active.as_deref(), folder, library)?;
    let folder = folder.to_owned();
    let lock = request.overrides.lock.read(&folder)?;
    if settings.locked && lock.is_none() {
        return Err(LockError::NotFound { path: folder.join(LOCK_NAME) }.into());
    }
    let common = Common { library, path, settings, environment, lock };
    if common.path.is_file() {
        return Ok(common.script(&folder));
    }
    // `python folder` runs its `__main__.py`; only a script asked for by name goes before.
    let main = folder.join("__main__.py");
    match pyproject {
        Some(pyproject) if common.settings.script.is_some() || !main.is_file() => common.installed(&folder, &pyproject),
        _ if main.is_file() => common.folder(&folder),
        _ => Err(no_entry_point(&folder, false)),
    }
}

/// The stub that the command line or the project's settings want: it decides which standard library the rest is read with.
pub(super) fn wanted_stub(request: &ProjectRequest) -> Result<StubKind, ProjectError> {
    if let Some(kind) = request.overrides.stub {
        return Ok(kind);
    }
    let path = real_path(request)?;
    let folder = folder_of(&path);
    let settings = Pyproject::read(folder)?.as_ref().map(Pyproject::settings).transpose()?;
    Ok(settings.unwrap_or_default().stub)
}

fn real_path(request: &ProjectRequest) -> Result<PathBuf, ProjectError> {
    request.path.canonicalize().map_err(|_| ProjectError::NotFound { path: request.path.clone() })
}

/// The folder of the project at a real path: the path itself, or where the script is.
pub(crate) fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

fn check_is_script(given: &Path, path: &Path) -> Result<(), ProjectError> {
    let error = |source| ProjectError::Read { path: given.to_owned(), source };
    let content = fs::read(path).map_err(error)?;
    let given = given.to_owned();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("py" | "pyw") => Ok(()),
        Some("whl") => Err(ProjectError::NotYet { path: given, kind: "wheel" }),
        // The end record of a zip file; before the zip there may be a `#!` line.
        _ if content.windows(4).any(|window| window == b"PK\x05\x06") => {
            Err(ProjectError::NotYet { path: given, kind: "zip application" })
        }
        _ if content.starts_with(b"#!")
            && content[..content.len().min(128)].windows(6).any(|word| word == b"python") =>
        {
            Ok(())
        }
        _ => Err(ProjectError::NotAProject { path: given }),
    }
}

fn no_entry_point(folder: &Path, has_pyproject: bool) -> ProjectError {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut scripts: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".py") && !name.starts_with('_'))
        .collect();
    scripts.sort();
    ProjectError::NoEntryPoint { path: folder.to_owned(), has_pyproject, scripts }
}

impl Common<'_> {
    /// `python script.py`: its folder is the virtual root.
    fn script(self, folder: &Path) -> Project {
        let file = self.path.file_name().and_then(|name| name.to_str()).unwrap_or("main.py").to_owned();
        let name = file.strip_suffix(".py").or(file.strip_suffix(".pyw")).unwrap_or(&file).to_owned();
        let own = RootSource { place: Place::Folder(folder.to_owned()), owner: SourceOwner::Project };
        let main = MainModule { virtual_path: file.clone(), source: SourceText::Disk(self.path.clone()) };
        let entry_point = EntryPoint { description: "script".into(), path: file, is_folder: false };
        self.project(name, entry_point, main, Scope::Reachable, Some(own))
    }

    /// `python folder`: the folder is the virtual root.
    fn folder(self, folder: &Path) -> Result<Project, ProjectError> {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("app").to_owned();
        let lock = folder.join(LOCK_NAME);
        let skipped: Vec<_> = self.settings.output.iter().cloned().chain([lock]).collect();
        let found = walk(folder, &skipped)?;
        let own = RootSource { place: Place::Folder(folder.to_owned()), owner: SourceOwner::Project };
        let main =
            MainModule { virtual_path: "__main__.py".into(), source: SourceText::Disk(folder.join("__main__.py")) };
        let entry_point = EntryPoint { description: "folder".into(), path: String::new(), is_folder: true };
        Ok(self.project(name, entry_point, main, Scope::Everything(found), Some(own)))
    }

    /// A project with scripts, as if it were installed and its script run.
    fn installed(mut self, folder: &Path, pyproject: &Pyproject) -> Result<Project, ProjectError> {
        let folder_name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("app");
        let name = pyproject.name.as_deref().unwrap_or(folder_name);
        let script = choose_script(self.settings.script.as_deref(), name, folder, pyproject)?;
        let (script, reference) = (script.0.clone(), script.1.clone());
        let module = entry_point_module(&reference);
        let needed = module.split('.').next().unwrap_or(module);
        let packages = Packages::find(folder, &pyproject.table, name, needed);
        if packages.named.is_empty() {
            return Err(ProjectError::NoModules { path: folder.to_owned(), looked_in: packages.looked_in });
        }
        let site = self.library.site_packages();
        let found = installed_files(&packages.named, &site, self.settings.output.as_deref())?;
        let (distribution, metadata) = self.distribution(name, pyproject, &found, &site);
        let own = RootSource { place: Place::Named(packages.named), owner: SourceOwner::Project };
        if !own.place.has(module) && !self.is_installed(module) {
            let (path, module, nearby) = (pyproject.path.clone(), module.to_owned(), own.place.nearby(module));
            return Err(ProjectError::NoSuchModule { path, script, module, nearby });
        }
        let virtual_path = format!("bin/{script}");
        let main = MainModule {
            virtual_path: virtual_path.clone(),
            source: SourceText::Bytes(script_text(&reference).into_bytes().into()),
        };
        let entry_point = EntryPoint { description: "console script".into(), path: virtual_path, is_folder: false };
        let mut project = self.project(script, entry_point, main, Scope::Everything(found), None);
        project.distribution = Some(distribution);
        project.metadata = metadata;
        if let Some(root) = project.roots.last_mut() {
            root.sources.insert(0, own);
        }
        Ok(project)
    }

    fn is_installed(&self, module: &str) -> bool {
        let mut sources = self.environment.iter().flat_map(|environment| &environment.sources);
        let mut library = self.library.modules.iter().map(|known| &known.name).chain(&self.library.builtin_modules);
        library.any(|known| known == module) || sources.any(|source| source.place.has(module))
    }

    /// The project as a distribution, and its metadata files: those of its editable installation, else generated.
    fn distribution(
        &mut self,
        name: &str,
        pyproject: &Pyproject,
        found: &FoundTree,
        site: &str,
    ) -> (ProjectDistribution, Vec<GeneratedFile>) {
        let key = normalize(name);
        let environment = self.environment.as_ref();
        let installed =
            environment.and_then(|environment| Some(&environment.distributions[environment.distribution(&key)?]));
        let mut distribution = ProjectDistribution {
            name: name.to_owned(),
            version: pyproject.version.clone().unwrap_or_else(|| "0".into()),
            requirements: pyproject.parsed_requirements(),
            entry_points: pyproject.entry_points.clone(),
            key,
        };
        let is_static = pyproject.version.is_some();
        if let Some(installed) = installed.filter(|installed| !installed.editable.is_empty() || !is_static)
            && installed.metadata_path.is_dir()
        {
            let metadata = parse_metadata(&read_text(&installed.metadata_path.join("METADATA")).unwrap_or_default());
            distribution.version.clone_from(&installed.version);
            distribution.requirements.extend(metadata.requirements);
            distribution.entry_points.extend(installed.entry_points.clone());
            let files = metadata_files(&installed.metadata_path, &format!("{site}/{}", installed.metadata_name()));
            return (distribution, files);
        }
        let relative = |file: &FoundFile| file.relative.strip_prefix(&format!("{site}/")).map(str::to_owned);
        let files: Vec<_> = found.files.iter().filter_map(relative).collect();
        let (folder, written) = pyproject.metadata_files(name, &files);
        let generated = written.into_iter().map(|(file, content)| GeneratedFile {
            virtual_path: format!("{site}/{folder}/{file}"),
            content: content.into(),
        });
        (distribution, generated.collect())
    }

    fn project(
        self,
        name: String,
        entry_point: EntryPoint,
        main: MainModule,
        mut scope: Scope,
        own: Option<RootSource>,
    ) -> Project {
        let first = if own.is_some() { "" } else { "bin" };
        let mut warnings = Vec::new();
        let mut installed = Vec::new();
        if let Some(environment) = &self.environment {
            installed.clone_from(&environment.sources);
            warnings.clone_from(&environment.warnings);
        }
        if let Scope::Everything(found) = &mut scope {
            warnings.extend(frozen::leave_out(found));
        }
        let library = RootSource { place: Place::Library, owner: SourceOwner::Library };
        let roots = vec![
            SearchRoot { virtual_path: first.to_owned(), sources: own.into_iter().collect() },
            SearchRoot { virtual_path: self.library.path.clone(), sources: vec![library] },
            SearchRoot { virtual_path: self.library.site_packages(), sources: installed },
        ];
        let folder = if self.path.is_dir() { Some(self.path.as_path()) } else { self.path.parent() };
        Project {
            name,
            folder: folder.unwrap_or(&self.path).to_owned(),
            settings: self.settings,
            entry_point,
            main,
            search_path: roots.iter().map(|root| root.virtual_path.clone()).collect(),
            roots,
            scope,
            metadata: Vec::new(),
            distribution: None,
            environment: self.environment,
            lock: self.lock,
            warnings,
        }
    }
}

/// The script asked for; else the only one, or the one named like the project.
fn choose_script<'a>(
    wanted: Option<&str>,
    name: &str,
    folder: &Path,
    pyproject: &'a Pyproject,
) -> Result<(&'a String, &'a String), ProjectError> {
    let scripts = || pyproject.scripts.keys().cloned().collect();
    match wanted {
        Some(wanted) => pyproject
            .scripts
            .get_key_value(wanted)
            .ok_or_else(|| ProjectError::UnknownScript { name: wanted.to_owned(), scripts: scripts() }),
        None if pyproject.scripts.is_empty() => Err(no_entry_point(folder, true)),
        None => {
            let is_main =
                |(script, _): &(&String, &String)| pyproject.scripts.len() == 1 || normalize(script) == normalize(name);
            let chosen = pyproject.scripts.iter().find(is_main);
            chosen.ok_or_else(|| ProjectError::SeveralScripts { scripts: scripts() })
        }
    }
}

/// All files of the packages, by their path below the virtual root.
fn installed_files(
    named: &BTreeMap<String, PathBuf>,
    site: &str,
    output: Option<&Path>,
) -> Result<FoundTree, ProjectError> {
    let skipped: Vec<_> = output.iter().map(|path| (*path).to_owned()).collect();
    let mut all = FoundTree::default();
    for (name, path) in named {
        let virtual_path = format!("{site}/{name}");
        if path.is_dir() {
            let found = walk(path, &skipped)?;
            let place = |relative: &str| format!("{virtual_path}/{relative}");
            all.files.extend(found.files.into_iter().map(|file| FoundFile { relative: place(&file.relative), ..file }));
            all.empty_directories.extend(found.empty_directories.iter().map(|directory| place(directory)));
        } else {
            all.files.push(FoundFile { relative: virtual_path, path: path.clone(), is_executable: false });
        }
    }
    all.files.sort();
    all.empty_directories.sort();
    Ok(all)
}

/// The metadata of an editable installation but for the files that only say how it was installed, and where.
fn metadata_files(folder: &Path, virtual_folder: &str) -> Vec<GeneratedFile> {
    let found = walk(folder, &[]).unwrap_or_default();
    let is_wanted =
        |file: &&FoundFile| !matches!(file.relative.as_str(), "INSTALLER" | "direct_url.json" | "REQUESTED");
    let read = |file: &FoundFile| {
        let content = fs::read(&file.path).ok()?.into();
        Some(GeneratedFile { virtual_path: format!("{virtual_folder}/{}", file.relative), content })
    };
    found.files.iter().filter(is_wanted).filter_map(read).collect()
}
