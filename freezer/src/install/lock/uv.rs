//! `uv.lock`, version 1: a graph of packages whose edges carry markers.
//!
//! Comes in: the parsed file. Goes out: the packages that edges with true markers lead to from the project. The format
//! has no specification: what is read here is what uv 0.13 writes.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Choice, LockError, Locked, file_url, hashed_line, tables, text, texts};
use crate::project::normalize;

pub(super) fn read(table: &Table, choice: &Choice<'_>) -> Result<Locked, LockError> {
    match table.get("version") {
        Some(Value::Integer(1)) => {}
        Some(version) => return Err(LockError::Version(version.to_string())),
        None => return Err(LockError::Lacks("version")),
    }
    if table.get("conflicts").and_then(Value::as_array).is_some_and(|conflicts| !conflicts.is_empty()) {
        return Err(LockError::Conflicts);
    }
    let packages: Vec<&Table> = tables(table, "package").collect();
    let root =
        packages.iter().position(|package| is_root(package)).ok_or(LockError::Lacks("package of the project"))?;
    check_fits(packages[root], choice)?;
    let mut graph = Graph { packages: &packages, choice, reached: BTreeSet::new() };
    graph.follow_root(root)?;
    let reached: BTreeSet<usize> =
        graph.reached.iter().map(|(index, _)| *index).filter(|index| *index != root).collect();
    choice.check_names(reached.iter().chain([&root]).filter_map(|index| text(packages[*index], "name")))?;
    let mut locked = Locked::default();
    for index in reached {
        add(packages[index], choice, &mut locked)?;
    }
    Ok(locked)
}

/// The project whose folder the lock lies in.
fn is_root(package: &Table) -> bool {
    let source = package.get("source").and_then(Value::as_table);
    source.is_some_and(|source| ["editable", "virtual"].iter().any(|kind| text(source, kind) == Some(".")))
}

/// The lock repeats what the project required when it was written: the ranges must be the same.
fn check_fits(root: &Table, choice: &Choice<'_>) -> Result<(), LockError> {
    let metadata = root.get("metadata").and_then(Value::as_table);
    let groups = metadata.and_then(|metadata| metadata.get("requires-dev")?.as_table());
    let grouped = groups.into_iter().flat_map(|groups| groups.keys().flat_map(|group| tables(groups, group)));
    let known: Vec<&Table> =
        metadata.iter().flat_map(|metadata| tables(metadata, "requires-dist")).chain(grouped).collect();
    for (line, requirement) in choice.requirements() {
        let mut same_name =
            known.iter().filter(|known| text(known, "name").map(normalize) == Some(requirement.name.clone()));
        let wanted = specifiers(line);
        let is_known = |known: &&&Table| {
            // Where `[tool.uv.sources]` gives another source, the range is not repeated.
            let has_source = ["git", "url", "path", "directory", "editable", "virtual", "index"]
                .iter()
                .any(|key| known.contains_key(*key));
            has_source
                || specifiers(&format!("{}{}", requirement.name, text(known, "specifier").unwrap_or_default()))
                    == wanted
        };
        if !same_name.any(|known| is_known(&known)) {
            return Err(LockError::Stale(line.clone()));
        }
    }
    Ok(())
}

/// The version ranges of a requirement line, in no order.
fn specifiers(line: &str) -> BTreeSet<String> {
    let line = line.split(';').next().unwrap_or(line).split('@').next().unwrap_or(line);
    let start = line.find(['<', '>', '=', '!', '~']).unwrap_or(line.len());
    let ranges = line[start..].trim_end_matches([')', ' ']).split(',');
    ranges.map(|range| range.split_whitespace().collect::<String>()).filter(|range| !range.is_empty()).collect()
}

struct Graph<'a> {
    packages: &'a [&'a Table],
    choice: &'a Choice<'a>,
    /// Packages by index, with each of the extras asked of them; the empty one stands for none.
    reached: BTreeSet<(usize, String)>,
}

impl<'a> Graph<'a> {
    fn follow_root(&mut self, root: usize) -> Result<(), LockError> {
        let package = self.packages[root];
        self.reached.insert((root, String::new()));
        let mut edges: Vec<&Table> = tables(package, "dependencies").collect();
        for (key, names) in [("optional-dependencies", &self.choice.extras), ("dev-dependencies", &self.choice.groups)]
        {
            let lists = package.get(key).and_then(Value::as_table);
            for (name, _) in lists.into_iter().flatten().filter(|(name, _)| names.contains(&normalize(name))) {
                edges.extend(lists.into_iter().flat_map(|lists| tables(lists, name)));
            }
        }
        self.follow(edges, &self.choice.extras)
    }

    /// Follows the edges whose markers hold, given the extras of the package they start from.
    fn follow(&mut self, edges: Vec<&'a Table>, extras: &[String]) -> Result<(), LockError> {
        let mut open: Vec<(&Table, Vec<String>)> = edges.into_iter().map(|edge| (edge, extras.to_vec())).collect();
        while let Some((edge, extras)) = open.pop() {
            if !self.choice.holds(edge, &extras) {
                continue;
            }
            let index = self.target(edge)?;
            let wanted: Vec<String> = texts(edge, "extra").chain(texts(edge, "extras")).map(normalize).collect();
            for extra in [String::new()].iter().chain(&wanted) {
                if self.reached.insert((index, extra.clone())) {
                    let next = self.edges(index, extra);
                    open.extend(next.into_iter().map(|edge| (edge, vec![extra.clone()])));
                }
            }
        }
        Ok(())
    }

    /// The edges of a package, or those that one of its extras adds.
    fn edges(&self, index: usize, extra: &str) -> Vec<&'a Table> {
        let package = self.packages[index];
        if extra.is_empty() {
            return tables(package, "dependencies").collect();
        }
        let lists = package.get("optional-dependencies").and_then(Value::as_table);
        let names = lists.into_iter().flat_map(Table::keys).filter(|name| normalize(name) == extra);
        names.flat_map(|name| lists.into_iter().flat_map(move |lists| tables(lists, name))).collect()
    }

    /// The package that an edge names; version and source stand there only where the name is not enough.
    fn target(&self, edge: &Table) -> Result<usize, LockError> {
        let name = text(edge, "name").ok_or(LockError::Lacks("name"))?;
        let fits = |package: &&&Table| {
            let same = |key: &str| edge.get(key).is_none_or(|value| package.get(key) == Some(value));
            text(package, "name") == Some(name) && same("version") && same("source")
        };
        let mut found = self.packages.iter().enumerate().filter(|(_, package)| fits(package)).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (None, _) => Err(LockError::Missing(name.to_owned())),
            (Some(_), Some(_)) => Err(LockError::Ambiguous(name.to_owned())),
        }
    }
}

fn add(package: &Table, choice: &Choice<'_>, locked: &mut Locked) -> Result<(), LockError> {
    let name = text(package, "name").ok_or(LockError::Lacks("name"))?;
    let source = package.get("source").and_then(Value::as_table).ok_or(LockError::Lacks("source"))?;
    let sdist = package.get("sdist").and_then(Value::as_table);
    let hashes =
        || tables(package, "wheels").chain(sdist).filter_map(|file| text(file, "hash")).map(str::to_owned).collect();
    let place = |key: &str| text(source, key);
    if place("registry").is_some() {
        let version = text(package, "version").ok_or(LockError::Lacks("version of a package"))?;
        locked.hashed.push(hashed_line(&format!("{name}=={version}"), name, hashes())?);
    } else if let Some(url) = place("url") {
        locked.hashed.push(hashed_line(&format!("{name} @ {url}"), name, hashes())?);
    } else if let Some(path) = place("path") {
        locked.hashed.push(hashed_line(&format!("{name} @ {}", file_url(choice.folder, path)), name, hashes())?);
    } else if let Some(url) = place("git") {
        locked.local.push(format!("{name} @ {}", git(url)));
    } else if let Some(path) = place("directory").or(place("editable")) {
        locked.local.push(format!("{name} @ {}", file_url(choice.folder, path)));
    }
    // What is left is `virtual`: a folder that is no package.
    Ok(())
}

/// `https://host/x?subdirectory=y&rev=main#commit`, as uv writes it, in the form of PEP 508.
fn git(url: &str) -> String {
    let (url, commit) = url.split_once('#').unwrap_or((url, "HEAD"));
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let folder = query.split('&').find_map(|pair| pair.strip_prefix("subdirectory="));
    let fragment = folder.map_or_else(String::new, |folder| format!("#subdirectory={folder}"));
    format!("git+{url}@{commit}{fragment}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Choice, LockError, Locked, git, read};

    const LOCK: &str = r#"
version = 1
revision = 3
[[package]]
name = "app"
source = { virtual = "." }
dependencies = [
    { name = "rich", extra = ["jupyter"] },
    { name = "old", marker = "python_full_version < '3.13'" },
    { name = "fork", version = "2", marker = "python_full_version >= '3.13'" },
    { name = "fork", version = "1", marker = "python_full_version < '3.13'" },
]
[package.optional-dependencies]
web = [{ name = "web" }]
[package.dev-dependencies]
dev = [{ name = "lint" }]
[package.metadata]
requires-dist = [
    { name = "fork" },
    { name = "rich", extras = ["jupyter"], specifier = ">=13,<14" },
    { name = "web", marker = "extra == 'web'" },
]
[package.metadata.requires-dev]
dev = [{ name = "lint", specifier = ">=1" }]
[[package]]
name = "rich"
version = "13.1"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "windows-only", marker = "sys_platform == 'win32'" }]
sdist = { url = "https://index.example/r.tar.gz", hash = "sha256:bb" }
wheels = [{ url = "https://index.example/r.whl", hash = "sha256:aa" }]
[package.optional-dependencies]
jupyter = [{ name = "widgets" }]
[[package]]
name = "widgets"
version = "1"
source = { url = "https://index.example/w.whl" }
wheels = [{ url = "https://index.example/w.whl", hash = "sha256:cc" }]
[[package]]
name = "old"
version = "1"
source = { registry = "r" }
[[package]]
name = "fork"
version = "1"
source = { registry = "r" }
[[package]]
name = "fork"
version = "2"
source = { registry = "r" }
wheels = [{ hash = "sha256:dd" }]
[[package]]
name = "web"
version = "1"
source = { git = "https://host.example/web?rev=main#0123" }
[[package]]
name = "lint"
version = "1"
source = { editable = "tools/lint" }
"#;

    fn choice<'a>(extras: &[&str], groups: &[&str], required: &[&str]) -> Choice<'a> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Choice {
            folder: Path::new("/p"),
            python_version: "3.13.5",
            extras: owned(extras),
            groups: owned(groups),
            required: owned(required),
        }
    }

    fn locked(text: &str, choice: &Choice<'_>) -> Result<Locked, LockError> {
        read(&text.parse().unwrap(), choice)
    }

    #[test]
    fn edges_with_true_markers() {
        let found = locked(LOCK, &choice(&[], &[], &["Rich [jupyter] < 14, >=13", "fork"])).unwrap();
        let expected = [
            "fork==2 --hash=sha256:dd",
            "rich==13.1 --hash=sha256:aa --hash=sha256:bb",
            "widgets @ https://index.example/w.whl --hash=sha256:cc",
        ];
        let mut lines = found.hashed;
        lines.sort();
        assert_eq!(lines, expected);
        assert_eq!(found.local, [""; 0]);
    }

    #[test]
    fn extras_and_groups_are_chosen() {
        let found = locked(LOCK, &choice(&["web"], &["dev"], &["web", "lint>=1"])).unwrap();
        assert_eq!(found.local, ["web @ git+https://host.example/web@0123", "lint @ file:///p/tools/lint"]);
        assert_eq!(git("ssh://h/x?subdirectory=y#1"), "git+ssh://h/x@1#subdirectory=y");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let said = |text: &str, required: &[&str]| locked(text, &choice(&[], &[], required)).unwrap_err().to_string();
        assert_eq!(said(LOCK, &["new>=1"]), "it does not fit the project any more, which requires: `new>=1`");
        assert_eq!(said(LOCK, &["rich>=14"]), "it does not fit the project any more, which requires: `rich>=14`");
        assert_eq!(said(&LOCK.replace("version = 1\nrev", "version = 2\nrev"), &[]), "its version is unknown: `2`");
        assert_eq!(
            said(&LOCK.replace("name = \"widgets\"\nv", "name = \"wodgets\"\nv"), &[]),
            "it names a package that it does not have: `widgets`"
        );
        assert_eq!(said(&LOCK.replace("sha256:dd", "md5:dd"), &[]), "it has no digest for a package: `fork`");
    }

    #[test]
    fn requirements_for_other_systems_may_be_missing() {
        assert!(locked(LOCK, &choice(&[], &[], &["new; sys_platform == 'win32'"])).is_ok());
    }
}
