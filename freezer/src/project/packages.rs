//! Which packages and modules a pyproject.toml project consists of.
//!
//! Comes in: the project's folder and its pyproject.toml. Goes out: the files and folders that its build backend
//! would install, by their name in site-packages. Only what backends take from plain settings and layouts is known
//! here; whatever a build script decides is not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Folders and modules beside the packages of a flat layout that are not installed.
const NOT_INSTALLED: [&str; 20] = [
    "benchmark",
    "benchmarks",
    "build",
    "ci",
    "conftest",
    "dist",
    "doc",
    "docs",
    "example",
    "examples",
    "node_modules",
    "noxfile",
    "scripts",
    "setup",
    "tasks",
    "test",
    "tests",
    "tools",
    "toxfile",
    "venv",
];

/// The files and folders to install, and where they were looked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Packages {
    pub(super) named: BTreeMap<String, PathBuf>,
    pub(super) looked_in: Vec<PathBuf>,
}

impl Packages {
    /// Finds the packages of the project `name` in `folder`, among them the top-level module `needed`.
    pub(super) fn find(folder: &Path, pyproject: &Table, name: &str, needed: &str) -> Self {
        let mut packages = Self::default();
        packages.hinted(folder, pyproject);
        if packages.named.is_empty() && folder.join("src").is_dir() {
            packages.all_in(&folder.join("src"), |_| true);
        }
        if packages.named.is_empty() {
            packages.flat(folder, name);
        }
        for place in [folder.join("src"), folder.to_owned()] {
            if !needed.is_empty() && !packages.has(needed) {
                packages.add(&place, needed);
            }
        }
        packages
    }

    /// True if the top-level module `name` is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.named.contains_key(name) || self.named.contains_key(&format!("{name}.py"))
    }

    /// What the tables of the build backends name.
    fn hinted(&mut self, folder: &Path, pyproject: &Table) {
        let tool = |keys: &[&str]| lookup(pyproject, keys);
        if let Some(setuptools) = tool(&["tool", "setuptools"]).and_then(Value::as_table) {
            self.setuptools(folder, setuptools);
        }
        for path in texts(tool(&["tool", "hatch", "build", "targets", "wheel", "packages"])) {
            self.insert(&folder.join(path));
        }
        for package in tool(&["tool", "poetry", "packages"]).and_then(Value::as_array).into_iter().flatten() {
            let text = |key| package.get(key).and_then(Value::as_str);
            if let Some(include) = text("include") {
                let top = include.split('/').next().unwrap_or(include);
                self.add(&folder.join(text("from").unwrap_or("")), top);
            }
        }
        if let Some(module) = tool(&["tool", "flit", "module", "name"]).and_then(Value::as_str) {
            self.add_top(&[folder.join("src"), folder.to_owned()], module);
        }
        let uv = |key| tool(&["tool", "uv", "build-backend", key]).and_then(Value::as_str);
        if let Some(module) = uv("module-name") {
            self.add_top(&[folder.join(uv("module-root").unwrap_or("src"))], module);
        }
        for keys in [&["tool", "pdm", "build", "package-dir"][..], &["tool", "maturin", "python-source"]] {
            if let Some(place) = tool(keys).and_then(Value::as_str) {
                self.all_in(&folder.join(place), |_| true);
            }
        }
    }

    fn setuptools(&mut self, folder: &Path, setuptools: &Table) {
        let directories = setuptools.get("package-dir").and_then(Value::as_table);
        let directory = |package: &str| directories.and_then(|table| table.get(package)).and_then(Value::as_str);
        let base = folder.join(directory("").unwrap_or(""));
        for module in texts(setuptools.get("py-modules")) {
            self.add(&base, &module);
        }
        for (package, path) in directories.into_iter().flatten() {
            if let (false, false, Some(path)) = (package.is_empty(), package.contains('.'), path.as_str()) {
                self.named.insert(package.clone(), folder.join(path));
            }
        }
        for package in texts(setuptools.get("packages")) {
            let top = package.split('.').next().unwrap_or(&package);
            if !self.has(top) {
                self.add(&base, top);
            }
        }
        let find = lookup(setuptools, &["packages", "find"]).and_then(Value::as_table);
        if let Some(find) = find {
            let (include, exclude) = (texts(find.get("include")), texts(find.get("exclude")));
            let places = texts(find.get("where"));
            let places = if places.is_empty() { vec![String::from(directory("").unwrap_or(""))] } else { places };
            for place in places {
                self.all_in(&folder.join(place), |name| {
                    let is_included = include.is_empty() || include.iter().any(|pattern| fits(pattern, name));
                    is_included && !exclude.iter().any(|pattern| fits(pattern, name))
                });
            }
        } else if directory("").is_some() && self.named.is_empty() {
            self.all_in(&base, |_| true);
        }
    }

    /// The package named like the project, else all packages, else all modules.
    fn flat(&mut self, folder: &Path, name: &str) {
        self.add(folder, &name.replace(['-', '.'], "_"));
        if self.named.is_empty() {
            self.all_in(folder, |name| {
                !NOT_INSTALLED.contains(&name) && folder.join(name).join("__init__.py").is_file()
            });
        }
        if self.named.is_empty() {
            self.all_in(folder, |name| !NOT_INSTALLED.contains(&name) && folder.join(format!("{name}.py")).is_file());
        }
    }

    fn all_in(&mut self, place: &Path, is_wanted: impl Fn(&str) -> bool) {
        self.looked_in.push(place.to_owned());
        let entries = fs::read_dir(place).into_iter().flatten().filter_map(Result::ok);
        for path in entries.map(|entry| entry.path()) {
            if importable_name(&path).is_some_and(|name| is_wanted(&name)) {
                self.insert(&path);
            }
        }
    }

    fn add_top(&mut self, places: &[PathBuf], module: &str) {
        let top = module.split('.').next().unwrap_or(module);
        for place in places {
            if !self.has(top) {
                self.add(place, top);
            }
        }
    }

    /// Adds the package or module `name` of the folder `place`, if it is there.
    fn add(&mut self, place: &Path, name: &str) {
        if !self.looked_in.iter().any(|known| known == place) {
            self.looked_in.push(place.to_owned());
        }
        for path in [place.join(name), place.join(format!("{name}.py"))] {
            if importable_name(&path).is_some() && !self.has(name) {
                self.insert(&path);
            }
        }
    }

    fn insert(&mut self, path: &Path) {
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path.exists()) {
            self.named.insert(name.to_owned(), path.to_owned());
        }
    }
}

/// The name under which the file or folder could be imported, if it could.
pub(super) fn importable_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = if path.is_dir() { name } else { name.strip_suffix(".py")? };
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let is_good = name.chars().all(is_name) && !name.starts_with(|first: char| first.is_ascii_digit());
    (is_good && !name.is_empty() && name != "__pycache__" && path.exists()).then(|| name.to_owned())
}

fn lookup<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let texts = value.and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether setuptools' pattern for packages fits a top-level name.
fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Packages;

    fn find(files: &[&str], pyproject: &str, name: &str, needed: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let packages = Packages::find(folder.path(), &pyproject.parse().unwrap(), name, needed);
        let relative = |path: &std::path::Path| path.strip_prefix(folder.path()).unwrap().display().to_string();
        packages.named.iter().map(|(name, path)| format!("{name}={}", relative(path))).collect()
    }

    #[test]
    fn layouts() {
        let source = ["src/a/__init__.py", "src/b.py", "src/ns/x/__init__.py", "tests/t.py", "src/a.egg-info/PKG-INFO"];
        assert_eq!(find(&source, "", "a", "a"), ["a=src/a", "b.py=src/b.py", "ns=src/ns"]);
        let flat = ["my_app/__init__.py", "tests/__init__.py", "other/__init__.py", "setup.py"];
        assert_eq!(find(&flat, "", "my-app", "my_app"), ["my_app=my_app"]);
        assert_eq!(find(&flat, "", "else", ""), ["my_app=my_app", "other=other"]);
        assert_eq!(find(&flat, "", "my-app", "other"), ["my_app=my_app", "other=other"]);
        assert_eq!(find(&["one.py", "two.py", "setup.py"], "", "x", "one"), ["one.py=one.py", "two.py=two.py"]);
    }

    #[test]
    fn hints() {
        let files = ["lib/p/__init__.py", "lib/q/__init__.py", "m.py", "z/__init__.py"];
        let find = |pyproject| find(&files, pyproject, "z", "");
        assert_eq!(find("[tool.setuptools]\npackage-dir={''='lib'}\npackages=['p','p.x']"), ["p=lib/p"]);
        assert_eq!(find("[tool.setuptools]\npy-modules=['m']"), ["m.py=m.py"]);
        assert_eq!(find("[tool.setuptools.packages.find]\nwhere=['lib']\nexclude=['q*']"), ["p=lib/p"]);
        assert_eq!(find("[tool.setuptools]\npackage-dir={k='lib/q'}"), ["k=lib/q"]);
        assert_eq!(find("[tool.hatch.build.targets.wheel]\npackages=['lib/q']"), ["q=lib/q"]);
        assert_eq!(find("[tool.poetry]\npackages=[{include='p',from='lib'}]"), ["p=lib/p"]);
        assert_eq!(find("[tool.uv.build-backend]\nmodule-name='p'\nmodule-root='lib'"), ["p=lib/p"]);
        assert_eq!(find("[tool.pdm.build]\npackage-dir='lib'"), ["p=lib/p", "q=lib/q"]);
    }
}
