//! Where modules are looked for: the roots on the program's `sys.path`, and the places on disk behind each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::packages::importable_name;

/// One entry of the program's `sys.path`.
#[derive(Clone, Debug)]
pub struct SearchRoot {
    /// Its directory below the virtual root.
    pub virtual_path: String,
    /// The places that are laid over each other in this directory; an earlier one wins.
    pub sources: Vec<RootSource>,
}

/// One place of a root.
#[derive(Clone, Debug)]
pub struct RootSource {
    /// Where it is.
    pub place: Place,
    /// Whose its modules are.
    pub owner: SourceOwner,
}

/// Where modules lie.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder with all that is in it.
    Folder(PathBuf),
    /// Single files and folders, by the name that they have in the root.
    Named(BTreeMap<String, PathBuf>),
    /// The runtime pack's standard library.
    Library,
}

/// Whose modules a place holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceOwner {
    /// The project's.
    Project,
    /// The standard library's.
    Library,
    /// Those of the distributions whose RECORD lists them.
    Environment,
    /// Those of one (editable) distribution, by its normalized name.
    Distribution(String),
}

impl Place {
    /// True if the module of this dotted name lies here, in a source, a shared library or a folder.
    pub(super) fn has(&self, module: &str) -> bool {
        match self {
            Self::Folder(folder) => is_module(&folder.join(module.replace('.', "/"))),
            Self::Named(named) => {
                let relative = module.replace('.', "/");
                named.iter().any(|(name, path)| {
                    let inside = relative.strip_prefix(name).and_then(|rest| rest.strip_prefix('/'));
                    name.trim_end_matches(".py") == relative
                        || name.starts_with(&format!("{relative}/"))
                        || inside.is_some_and(|inside| is_module(&path.join(inside)))
                })
            }
            Self::Library => false,
        }
    }

    /// The modules in the package that should have `module`; if it has none, those at the top.
    pub(super) fn nearby(&self, module: &str) -> Vec<String> {
        let Self::Named(named) = self else { return Vec::new() };
        let top = module.split('.').next().and_then(|top| named.get(top));
        if let (Some(top), Some((parent, _))) = (top, module.rsplit_once('.')) {
            let folder = parent.split('.').skip(1).fold(top.clone(), |folder, part| folder.join(part));
            let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            let names: BTreeSet<_> = entries.filter_map(|entry| importable_name(&entry.path())).collect();
            let modules = names.into_iter().filter(|name| !name.starts_with("__"));
            let modules: Vec<_> = modules.map(|name| format!("{parent}.{name}")).collect();
            if !modules.is_empty() {
                return modules;
            }
        }
        named.keys().map(|name| name.trim_end_matches(".py").to_owned()).collect()
    }
}

/// True if there is a folder or a file that can be imported, the path being without suffix.
fn is_module(path: &Path) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return false;
    };
    let is_file = |file: &str| file.strip_prefix(name).is_some_and(|rest| rest == ".py" || is_library_suffix(rest));
    let mut entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    path.is_dir() || entries.any(|entry| entry.file_name().to_str().is_some_and(is_file))
}

/// True for `.so` and `.cpython-313-x86_64-linux-gnu.so`.
fn is_library_suffix(suffix: &str) -> bool {
    suffix.starts_with('.') && suffix.ends_with(".so")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::Place;

    #[test]
    fn modules_of_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/sub")).unwrap();
        for file in ["a/__init__.py", "a/b.py", "a/fast.cpython-313-x86_64-linux-gnu.so", "a/sub/c.py", "one.py"] {
            fs::write(path(file), "").unwrap();
        }
        let found = |place: &Place| {
            let names = ["a", "a.b", "a.fast", "a.sub.c", "one", "a.f", "a.b.c", "one.x", "on", "a.sub.d"];
            names.into_iter().filter(|name| place.has(name)).collect::<Vec<_>>()
        };
        let expected = ["a", "a.b", "a.fast", "a.sub.c", "one"];
        assert_eq!(found(&Place::Folder(path(""))), expected);
        let named = Place::Named(BTreeMap::from([("a".into(), path("a")), ("one.py".into(), path("one.py"))]));
        assert_eq!(found(&named), expected);
        assert_eq!(named.nearby("a.x"), ["a.b", "a.sub"]);
        assert_eq!(named.nearby("a.sub.x"), ["a.sub.c"]);
        assert_eq!(named.nearby("x.y"), ["a", "one"]);
        assert_eq!(named.nearby("a.x.y"), ["a", "one"]);
        let deep = Place::Named(BTreeMap::from([("ns/a".into(), path("a"))]));
        assert!(deep.has("ns") && deep.has("ns.a.b") && !deep.has("a"));
    }
}
