//! Requirements as pyproject.toml declares them: dependencies, extras, dependency groups (PEP 735).
//!
//! Comes in: the parsed file and a name. Goes out: requirement lines as written; whether they are valid is the
//! installer's to say.

use toml::{Table, Value};

use super::InstallError;
use crate::project::pyproject::Pyproject;
use crate::project::{Requirement, normalize};

/// `dependencies` of `[project]`; `None` if they are made up by a build backend, or are Poetry's, whose version ranges
/// no other installer reads.
pub(super) fn dependencies(pyproject: &Pyproject) -> Option<Vec<String>> {
    let project = pyproject.table.get("project").and_then(Value::as_table);
    if let Some(dependencies) = project.and_then(|project| project.get("dependencies")) {
        return Some(texts(dependencies));
    }
    let dynamic = project.and_then(|project| project.get("dynamic")).map(texts).unwrap_or_default();
    let poetry = pyproject.table.get("tool").and_then(|tool| tool.get("poetry")?.get("dependencies")?.as_table());
    let has_poetry = poetry.is_some_and(|poetry| poetry.keys().any(|name| name != "python"));
    let is_static = !has_poetry && !dynamic.iter().any(|name| name == "dependencies");
    is_static.then(Vec::new)
}

/// What the extra `name` adds. An extra may name others of the same project: `all = ["app[one,two]"]`.
pub(super) fn extra(pyproject: Option<&Pyproject>, name: &str) -> Result<Vec<String>, InstallError> {
    let table = pyproject.and_then(|pyproject| {
        pyproject.table.get("project").and_then(|project| project.get("optional-dependencies")?.as_table())
    });
    let own = pyproject.and_then(|pyproject| pyproject.name.as_deref()).map(normalize);
    let (mut lines, mut seen, mut open) = (Vec::new(), Vec::new(), vec![normalize(name)]);
    while let Some(next) = open.pop() {
        if seen.contains(&next) {
            continue;
        }
        let Some((_, value)) = find(table, &next) else {
            return Err(InstallError::UnknownExtra { name: next_name(name, next), known: names(table) });
        };
        seen.push(next);
        for line in texts(value) {
            match Requirement::parse(&line) {
                Some(requirement) if Some(&requirement.name) == own.as_ref() => open.extend(requirement.extras),
                _ => lines.push(line),
            }
        }
    }
    Ok(lines)
}

/// The name as the user wrote it, if it is that one.
fn next_name(given: &str, next: String) -> String {
    if normalize(given) == next { given.to_owned() } else { next }
}

/// What the dependency group `name` holds, with the groups that it includes.
pub(super) fn group(pyproject: Option<&Pyproject>, name: &str) -> Result<Vec<String>, InstallError> {
    let table = pyproject.and_then(|pyproject| pyproject.table.get("dependency-groups")?.as_table());
    let unknown = || InstallError::UnknownGroup { name: name.to_owned(), known: names(table) };
    let (Some(pyproject), Some(table)) = (pyproject, table) else { return Err(unknown()) };
    let (found, _) = find(Some(table), &normalize(name)).ok_or_else(unknown)?;
    let mut lines = Vec::new();
    Groups { pyproject, table }.collect(found, &mut Vec::new(), &mut lines)?;
    Ok(lines)
}

struct Groups<'a> {
    pyproject: &'a Pyproject,
    table: &'a Table,
}

impl Groups<'_> {
    fn error(&self, name: &str, reason: &'static str) -> InstallError {
        InstallError::Group { path: self.pyproject.path.clone(), name: name.to_owned(), reason }
    }

    fn collect(&self, name: &str, above: &mut Vec<String>, lines: &mut Vec<String>) -> Result<(), InstallError> {
        let key = normalize(name);
        if above.contains(&key) {
            return Err(self.error(name, "a group includes itself"));
        }
        let (_, value) = find(Some(self.table), &key).ok_or_else(|| self.error(name, "there is no such group"))?;
        above.push(key);
        for entry in value.as_array().ok_or_else(|| self.error(name, "it is not a list"))? {
            match (entry.as_str(), entry.get("include-group").and_then(Value::as_str)) {
                (Some(line), _) => lines.push(line.to_owned()),
                (None, Some(included)) => self.collect(included, above, lines)?,
                (None, None) => return Err(self.error(name, "an entry is neither a requirement nor an include")),
            }
        }
        above.pop();
        Ok(())
    }
}

/// The entry whose normalized name is `name`.
fn find<'a>(table: Option<&'a Table>, name: &str) -> Option<(&'a String, &'a Value)> {
    table?.iter().find(|(key, _)| normalize(key) == name)
}

fn names(table: Option<&Table>) -> Vec<String> {
    table.into_iter().flat_map(Table::keys).cloned().collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{dependencies, extra, group};
    use crate::project::pyproject::Pyproject;

    fn pyproject(text: &str) -> Pyproject {
        let mut pyproject = Pyproject::default();
        pyproject.table = text.parse().unwrap();
        pyproject.name = Some("My.App".into());
        pyproject
    }

    #[test]
    fn extras_name_each_other() {
        let project = pyproject(
            "[project.optional-dependencies]\nall = ['my-app[one,Two_x]', 'c']\none = ['a']\ntwo-x = ['b>=1', 'my_app[all]']",
        );
        assert_eq!(extra(Some(&project), "All").unwrap(), ["c", "b>=1", "a"]);
        let error = extra(Some(&project), "three").unwrap_err();
        assert_eq!(error.to_string(), "The project has no extra of that name: `three`");
        assert_eq!(error.hints(), ["the extras are: `all`, `one`, `two-x`"]);
        assert_eq!(extra(None, "x").unwrap_err().hints(), ["the project has no extras"]);
    }

    #[test]
    fn groups_include_groups() {
        let project = pyproject(
            "[dependency-groups]\ndev = ['a', {include-group = 'Test'}]\ntest = ['b']\nloop = [{include-group = 'loop'}]\n\
             odd = [1]",
        );
        assert_eq!(group(Some(&project), "Dev").unwrap(), ["a", "b"]);
        let said = |name| group(Some(&project), name).unwrap_err().to_string();
        assert!(said("loop").contains("a group includes itself: `loop`"), "{}", said("loop"));
        assert!(said("odd").contains("neither a requirement nor an include: `odd`"));
        assert_eq!(said("x"), "The project has no dependency group of that name: `x`");
    }

    #[test]
    fn dependencies_that_are_written() {
        assert_eq!(dependencies(&pyproject("[project]\ndependencies = ['a', 'b<2']")).unwrap(), ["a", "b<2"]);
        assert_eq!(dependencies(&pyproject("")).unwrap(), [""; 0]);
        assert_eq!(dependencies(&pyproject("[project]\ndynamic = ['dependencies']")), None);
        assert_eq!(dependencies(&pyproject("[tool.poetry.dependencies]\npython = '^3'\nx = '^1'")), None);
    }
}
