//! `.pth` files and editable installations (PEP 660), resolved at build time.
//!
//! Comes in: a site-packages folder. Goes out: the folders, and the single packages elsewhere, that `site` would
//! have made importable; and the lines of code in `.pth` files, which are never run here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::distribution::read_text;

/// Lines that only prepare the environment itself for installing, in nearly every environment.
const HARMLESS: [&str; 4] = ["distutils-precedence.pth", "_virtualenv.pth", "a1_coverage.pth", "zope-nspkg.pth"];

/// What the `.pth` files of one folder say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PathFiles {
    /// Folders, each with the name of the file that names it.
    pub(super) folders: Vec<(String, PathBuf)>,
    /// Packages and modules elsewhere, by name in site-packages, with the name of the file that names them.
    pub(super) packages: Vec<(String, BTreeMap<String, PathBuf>)>,
    /// Files with lines of code.
    pub(super) ignored: Vec<String>,
}

impl PathFiles {
    /// Reads the `.pth` and `.egg-link` files of `folder`, in the order of their names, as `site` does.
    pub(super) fn read(folder: &Path) -> Self {
        let mut found = Self::default();
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        for name in names.iter().filter(|name| name.ends_with(".pth") && !name.starts_with('.')) {
            let text = read_text(&folder.join(name)).unwrap_or_default();
            for line in text.trim_start_matches('\u{feff}').lines().map(str::trim_end) {
                found.line(folder, name, line);
            }
        }
        for name in names.iter().filter(|name| name.ends_with(".egg-link")) {
            let text = read_text(&folder.join(name)).unwrap_or_default();
            if let Some(line) = text.lines().next() {
                found.folder(folder, name, line.trim());
            }
        }
        found
    }

    fn line(&mut self, folder: &Path, name: &str, line: &str) {
        if line.trim().is_empty() || line.starts_with('#') {
            return;
        }
        if !line.starts_with("import ") && !line.starts_with("import\t") {
            self.folder(folder, name, line);
        } else if let Some(packages) = editable_mapping(folder, line) {
            self.packages.push((name.to_owned(), packages));
        } else if !HARMLESS.contains(&name) && !self.ignored.iter().any(|ignored| ignored == name) {
            self.ignored.push(name.to_owned());
        }
    }

    fn folder(&mut self, folder: &Path, name: &str, line: &str) {
        let path = folder.join(line);
        if path.is_dir() && !self.folders.iter().any(|(_, known)| *known == path) {
            self.folders.push((name.to_owned(), path));
        }
    }
}

/// The packages of a setuptools finder: `import __editable___x_1_0_finder; …install()`.
fn editable_mapping(folder: &Path, line: &str) -> Option<BTreeMap<String, PathBuf>> {
    let module = line.strip_prefix("import")?.trim_start();
    let module = &module[..module.find([';', ' ']).unwrap_or(module.len())];
    if !module.starts_with("__editable__") {
        return None;
    }
    let text = read_text(&folder.join(format!("{module}.py")))?;
    let (_, mapping) = text.split_once("\nMAPPING")?;
    let (_, mapping) = mapping.split_once('{')?;
    let mut texts = literal_texts(mapping).into_iter();
    let mut packages = BTreeMap::new();
    while let (Some(name), Some(path)) = (texts.next(), texts.next()) {
        // A dotted name is a part of a namespace package.
        let (path, name) = (PathBuf::from(path), name.replace('.', "/"));
        if path.is_dir() {
            packages.insert(name, path);
        } else if path.with_extension("py").is_file() {
            packages.insert(format!("{name}.py"), path.with_extension("py"));
        }
    }
    Some(packages)
}

/// The string literals of a dict up to its closing brace, as `repr` writes them.
fn literal_texts(mapping: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut characters = mapping.chars();
    while let Some(quote) = characters.next() {
        match quote {
            '}' => break,
            '\'' | '"' => {
                let mut text = String::new();
                while let Some(character) = characters.next() {
                    match character {
                        '\\' => text.extend(characters.next()),
                        character if character == quote => break,
                        character => text.push(character),
                    }
                }
                texts.push(text);
            }
            _ => {}
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::PathFiles;

    #[test]
    fn lines_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        for name in ["one", "two", "pkg", "three"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        write("mod.py", "");
        write("b.pth", "# comment\none\nmissing\n\nimport sys; sys.x = 1\n");
        write("a.pth", "two\n");
        write("distutils-precedence.pth", "import os; x");
        write("c.egg-link", "three\n.");
        write("__editable__.x-1.pth", "import __editable___x_1_finder; __editable___x_1_finder.install()");
        let (pkg, module) = (folder.path().join("pkg"), folder.path().join("mod"));
        write(
            "__editable___x_1_finder.py",
            &format!("import y\nMAPPING: dict[str, str] = {{'pkg': '{}', 'mod': {module:?}}}\n", pkg.display()),
        );
        let found = PathFiles::read(folder.path());
        let folders: Vec<_> = found.folders.iter().map(|(name, path)| (name.as_str(), path.clone())).collect();
        let path = |name| folder.path().join(name);
        assert_eq!(folders, [("a.pth", path("two")), ("b.pth", path("one")), ("c.egg-link", path("three"))]);
        assert_eq!(found.ignored, ["b.pth"]);
        let (name, packages) = &found.packages[0];
        assert_eq!(name, "__editable__.x-1.pth");
        assert_eq!(packages["pkg"], pkg);
        assert_eq!(packages["mod.py"], path("mod.py"));
    }
}
