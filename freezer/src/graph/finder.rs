//! Finding modules as importlib's path finder would.
//!
//! Comes in: the portions of a package (or of `sys.path`) and a name. Goes out: the file or folder that Python would
//! take: in each portion a regular package before a module, and a shared library before a source; a folder without
//! `__init__` counts only if no portion has anything better (PEP 420).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::bytecode::Library;
use crate::project::{Place, SearchRoot, SourceOwner};

/// A directory in which modules are looked for.
#[derive(Clone, Debug)]
pub(super) struct Portion {
    /// Its path below the virtual root.
    pub(super) virtual_path: String,
    pub(super) owner: SourceOwner,
    place: PortionPlace,
}

#[derive(Clone, Debug)]
enum PortionPlace {
    Disk(PathBuf),
    /// Those of the named files and folders whose name begins with the prefix.
    Named(Rc<BTreeMap<String, PathBuf>>, String),
    Library,
}

/// What was found under a name.
#[derive(Clone, Debug)]
pub(super) enum Located {
    /// A source, which for a package is its `__init__.py`; then submodules are looked for in the portion.
    Source { file: SourceFile, package: Option<Portion> },
    /// A shared library on disk, which for a package is its `__init__`.
    Extension { virtual_path: String, owner: SourceOwner, path: PathBuf, package: Option<Portion> },
    /// A package without a file.
    Namespace(Vec<Portion>),
}

/// A source file.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) virtual_path: String,
    pub(super) owner: SourceOwner,
    pub(super) place: SourcePlace,
}

#[derive(Clone, Debug)]
pub(super) enum SourcePlace {
    Disk(PathBuf),
    /// The module of this index in the library.
    Library(usize),
}

/// Looks into folders, each at most once.
pub(super) struct Finder<'a> {
    library_files: HashMap<&'a str, usize>,
    library_folders: BTreeSet<&'a str>,
    extension_suffixes: &'a [String],
    listings: HashMap<PathBuf, Rc<Listing>>,
}

/// The names in a folder.
#[derive(Default)]
struct Listing {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

/// The portions of `sys.path`.
pub(super) fn portions(roots: &[SearchRoot]) -> Vec<Portion> {
    let mut portions = Vec::new();
    for root in roots {
        for source in &root.sources {
            let place = match &source.place {
                Place::Folder(path) => PortionPlace::Disk(path.clone()),
                Place::Named(named) => PortionPlace::Named(Rc::new(named.clone()), String::new()),
                Place::Library => PortionPlace::Library,
            };
            portions.push(Portion { virtual_path: root.virtual_path.clone(), owner: source.owner.clone(), place });
        }
    }
    portions
}

impl<'a> Finder<'a> {
    pub(super) fn new(library: &'a Library) -> Self {
        let paths = library.modules.iter().enumerate().map(|(index, module)| (module.path.as_str(), index));
        let library_files: HashMap<_, _> = paths.collect();
        let folders = library_files.keys().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
        Self {
            library_folders: folders.collect(),
            library_files,
            extension_suffixes: &library.extension_suffixes,
            listings: HashMap::new(),
        }
    }

    /// What `import` would take for `name` in `portions`.
    pub(super) fn locate(&mut self, portions: &[Portion], name: &str) -> Option<Located> {
        let mut namespace = Vec::new();
        for portion in portions {
            match self.locate_in(portion, name) {
                Some(Located::Namespace(found)) => namespace.extend(found),
                Some(found) => return Some(found),
                None => {}
            }
        }
        (!namespace.is_empty()).then_some(Located::Namespace(namespace))
    }

    /// The names that can be imported from `portions`, sorted.
    pub(super) fn names(&mut self, portions: &[Portion]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for portion in portions {
            match &portion.place {
                PortionPlace::Disk(path) => {
                    let listing = self.listing(path);
                    let modules = listing.files.iter().filter_map(|file| self.module_stem(file));
                    names.extend(modules.filter(|name| *name != "__init__").map(str::to_owned));
                    names.extend(listing.folders.iter().filter(|name| *name != "__pycache__").cloned());
                }
                PortionPlace::Named(named, prefix) => {
                    let inside = named.keys().filter_map(|name| name.strip_prefix(prefix.as_str()));
                    let first = inside.filter_map(|name| name.split('/').next());
                    names.extend(first.map(|name| name.trim_end_matches(".py").to_owned()));
                }
                PortionPlace::Library => {
                    let inside = self.library_files.keys().filter_map(|path| child(path, &portion.virtual_path));
                    let modules = inside.map(|path| path.split('/').next().unwrap_or(path).trim_end_matches(".py"));
                    names.extend(modules.filter(|name| *name != "__init__").map(str::to_owned));
                }
            }
        }
        names.retain(|name| !name.contains('.'));
        names
    }

    fn locate_in(&mut self, portion: &Portion, name: &str) -> Option<Located> {
        let virtual_path = join(&portion.virtual_path, name);
        let found = |virtual_path: &str, place| SourceFile {
            virtual_path: virtual_path.to_owned(),
            owner: portion.owner.clone(),
            place,
        };
        let inner = |place| Portion { virtual_path: virtual_path.clone(), owner: portion.owner.clone(), place };
        match &portion.place {
            PortionPlace::Disk(folder) => {
                let listing = self.listing(folder);
                if listing.folders.contains(name) {
                    let package = self.package(folder.join(name), &inner);
                    if !matches!(package, Located::Namespace(_)) {
                        return Some(package);
                    }
                }
                if let Some(file) = self.extension(name, |file| listing.files.contains(file)) {
                    return Some(Located::Extension {
                        virtual_path: join(&portion.virtual_path, &file),
                        owner: portion.owner.clone(),
                        path: folder.join(file),
                        package: None,
                    });
                }
                let file = format!("{name}.py");
                if listing.files.contains(&file) {
                    let source = found(&format!("{virtual_path}.py"), SourcePlace::Disk(folder.join(file)));
                    return Some(Located::Source { file: source, package: None });
                }
                let is_folder = listing.folders.contains(name);
                is_folder.then(|| Located::Namespace(vec![inner(PortionPlace::Disk(folder.join(name)))]))
            }
            PortionPlace::Named(named, prefix) => {
                let key = format!("{prefix}{name}");
                if let Some(path) = named.get(&key) {
                    return Some(self.package(path.clone(), &inner));
                }
                if let Some(file) = self.extension(&key, |file| named.contains_key(file)) {
                    return Some(Located::Extension {
                        virtual_path: join(&portion.virtual_path, file.rsplit('/').next().unwrap_or(&file)),
                        owner: portion.owner.clone(),
                        path: named.get(&file)?.clone(),
                        package: None,
                    });
                }
                if let Some(path) = named.get(&format!("{key}.py")) {
                    let source = found(&format!("{virtual_path}.py"), SourcePlace::Disk(path.clone()));
                    return Some(Located::Source { file: source, package: None });
                }
                let prefix = format!("{key}/");
                let is_folder = named.keys().any(|name| name.starts_with(&prefix));
                is_folder.then(|| Located::Namespace(vec![inner(PortionPlace::Named(Rc::clone(named), prefix))]))
            }
            PortionPlace::Library => {
                let package_path = format!("{virtual_path}/__init__.py");
                let source = |path: &str| Some(found(path, SourcePlace::Library(*self.library_files.get(path)?)));
                if let Some(file) = source(&package_path) {
                    return Some(Located::Source { file, package: Some(inner(PortionPlace::Library)) });
                }
                if let Some(file) = source(&format!("{virtual_path}.py")) {
                    return Some(Located::Source { file, package: None });
                }
                let is_folder = self.library_folders.contains(virtual_path.as_str());
                is_folder.then(|| Located::Namespace(vec![inner(PortionPlace::Library)]))
            }
        }
    }

    /// What the folder of a package holds as its `__init__`.
    fn package(&mut self, folder: PathBuf, inner: &dyn Fn(PortionPlace) -> Portion) -> Located {
        let listing = self.listing(&folder);
        let portion = inner(PortionPlace::Disk(folder.clone()));
        if let Some(file) = self.extension("__init__", |file| listing.files.contains(file)) {
            return Located::Extension {
                virtual_path: join(&portion.virtual_path, &file),
                owner: portion.owner.clone(),
                path: folder.join(file),
                package: Some(portion),
            };
        }
        if listing.files.contains("__init__.py") {
            let file = SourceFile {
                virtual_path: join(&portion.virtual_path, "__init__.py"),
                owner: portion.owner.clone(),
                place: SourcePlace::Disk(folder.join("__init__.py")),
            };
            return Located::Source { file, package: Some(portion) };
        }
        Located::Namespace(vec![portion])
    }

    /// The shared library that the runtime would load for `name`, of those that are there.
    fn extension(&self, name: &str, is_there: impl Fn(&str) -> bool) -> Option<String> {
        let files = self.extension_suffixes.iter().map(|suffix| format!("{name}{suffix}"));
        files.into_iter().find(|file| is_there(file))
    }

    /// The name under which a file is imported, if it can be.
    fn module_stem<'f>(&self, file: &'f str) -> Option<&'f str> {
        let suffixes = self.extension_suffixes.iter().map(String::as_str).chain([".py"]);
        suffixes.into_iter().find_map(|suffix| file.strip_suffix(suffix)).filter(|stem| !stem.contains('.'))
    }

    fn listing(&mut self, folder: &Path) -> Rc<Listing> {
        if let Some(listing) = self.listings.get(folder) {
            return Rc::clone(listing);
        }
        let mut listing = Listing::default();
        // A folder that can't be read has nothing to import, as for Python.
        for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type();
            let is_link = kind.as_ref().is_ok_and(|kind| kind.is_symlink());
            let is_folder = if is_link { entry.path().is_dir() } else { kind.is_ok_and(|kind| kind.is_dir()) };
            if is_folder {
                listing.folders.insert(name);
            } else {
                listing.files.insert(name);
            }
        }
        let listing = Rc::new(listing);
        self.listings.insert(folder.to_owned(), Rc::clone(&listing));
        listing
    }
}

/// `name` below the directory `folder`, where the empty directory is the virtual root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// `path` relative to the directory `folder`, if it lies below.
pub(super) fn child<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}
