//! The licence of a project that is frozen from its sources: what installing it would have written into its metadata.
//!
//! Comes in: pyproject.toml and the names of files beside it. Goes out: METADATA lines (PEP 639 and what was before
//! it), and the licence files.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::pyproject::Pyproject;

/// How names begin that build tools take for licence files unless the project says (PEP 639).
const STARTS: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS"];

/// Licence files by their path in the project, with their bytes, sorted.
pub(super) fn license_files(pyproject: &Pyproject) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = pyproject.path.parent() else { return Vec::new() };
    let project = project(pyproject);
    let listed = project.and_then(|project| project.get("license-files")).and_then(Value::as_array);
    let mut names: Vec<String> = match listed {
        Some(patterns) => {
            patterns.iter().filter_map(Value::as_str).flat_map(|pattern| matching(folder, pattern)).collect()
        }
        None => beside(folder, |name| STARTS.iter().any(|start| name.to_uppercase().starts_with(start))),
    };
    names.extend(named_file(project));
    names.sort();
    names.dedup();
    names.into_iter().filter_map(|name| Some((name.clone(), fs::read(folder.join(name)).ok()?))).collect()
}

/// The lines of METADATA that tell of the licence.
pub(super) fn license_lines(pyproject: &Pyproject, files: &[(String, Vec<u8>)]) -> String {
    let project = project(pyproject);
    let mut lines = match project.and_then(|project| project.get("license")) {
        Some(Value::String(expression)) => format!("License-Expression: {expression}\n"),
        Some(Value::Table(table)) => {
            let text = table.get("text").and_then(Value::as_str).and_then(|text| text.lines().next());
            text.map(|text| format!("License: {text}\n")).unwrap_or_default()
        }
        _ => String::new(),
    };
    let classifiers =
        project.and_then(|project| project.get("classifiers")).and_then(Value::as_array).into_iter().flatten();
    for classifier in classifiers.filter_map(Value::as_str).filter(|text| text.starts_with("License ::")) {
        lines += &format!("Classifier: {classifier}\n");
    }
    for (name, _) in files {
        lines += &format!("License-File: {name}\n");
    }
    lines
}

/// [project], or else Poetry's own table.
fn project(pyproject: &Pyproject) -> Option<&Table> {
    let poetry = || pyproject.table.get("tool")?.get("poetry");
    pyproject.table.get("project").or_else(poetry)?.as_table()
}

/// `license = {file = "…"}`, as before PEP 639.
fn named_file(project: Option<&Table>) -> Option<String> {
    let name = project?.get("license")?.as_table()?.get("file")?.as_str()?;
    is_inside(name).then(|| name.to_owned())
}

fn is_inside(name: &str) -> bool {
    !name.starts_with('/') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A path, or a pattern with `*` in its last part.
fn matching(folder: &Path, pattern: &str) -> Vec<String> {
    if !is_inside(pattern) {
        return Vec::new();
    }
    let Some((start, end)) = pattern.split_once('*') else { return vec![pattern.to_owned()] };
    let (parent, start) = start.rsplit_once('/').map_or(("", start), |(parent, start)| (parent, start));
    let end = end.trim_start_matches('*');
    let names = beside(&folder.join(parent), |name| name.starts_with(start) && name.ends_with(end));
    let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
    names.into_iter().map(|name| prefix.clone() + &name).collect()
}

/// The names of the files in a folder that are meant.
fn beside(folder: &Path, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_meant(name)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{license_files, license_lines};
    use crate::project::pyproject::Pyproject;

    fn read(text: &str) -> (Vec<String>, String) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("licenses")).unwrap();
        for name in ["LICENSE", "notice.txt", "README", "licenses/a.txt", "licenses/b.md", "pyproject.toml"] {
            fs::write(folder.path().join(name), if name == "pyproject.toml" { text } else { name }).unwrap();
        }
        let pyproject = Pyproject::read(folder.path()).unwrap().unwrap();
        let files = license_files(&pyproject);
        assert!(files.iter().all(|(name, content)| name.as_bytes() == content));
        (files.iter().map(|(name, _)| name.clone()).collect(), license_lines(&pyproject, &files))
    }

    #[test]
    fn licences_are_found_as_build_tools_do() {
        let (files, lines) = read("[project]\nlicense='MIT'\nclassifiers=['License :: x', 'Topic :: y']\n");
        assert_eq!(files, ["LICENSE", "notice.txt"]);
        assert_eq!(
            lines,
            "License-Expression: MIT\nClassifier: License :: x\nLicense-File: LICENSE\nLicense-File: notice.txt\n"
        );
        let (files, _) = read("[project]\nlicense-files=['licenses/*.txt', 'README', '../x', '/etc/passwd']\n");
        assert_eq!(files, ["README", "licenses/a.txt"]);
        let (files, lines) = read("[project]\nlicense={file='README'}\nlicense-files=[]\n");
        assert_eq!((files, lines.as_str()), (vec!["README".to_owned()], "License-File: README\n"));
        let (files, lines) = read("[tool.poetry]\nlicense='BSD-3-Clause'\n");
        assert_eq!((files.len(), lines.lines().next()), (2, Some("License-Expression: BSD-3-Clause")));
    }
}
