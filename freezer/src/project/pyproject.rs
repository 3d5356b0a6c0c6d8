//! pyproject.toml: the project's name, scripts, requirements and settings.
//!
//! Comes in: the file. Goes out: what [project] (or [tool.poetry]) says, and the text of the metadata files that
//! installing the project would have written.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::license_files::{license_files, license_lines};
use super::metadata::EntryPoints;
use super::{ProjectError, Requirement, Settings, normalize};

/// A read pyproject.toml.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pyproject {
    pub(crate) path: PathBuf,
    pub(crate) table: Table,
    /// The project's name, if it says so.
    pub(crate) name: Option<String>,
    /// Its version, if it is written there.
    pub(super) version: Option<String>,
    /// Console and window scripts: name and `module:function`.
    pub(super) scripts: BTreeMap<String, String>,
    /// All its entry points.
    pub(super) entry_points: EntryPoints,
    /// Its requirements, as written.
    pub(super) requirements: Vec<String>,
}

impl Pyproject {
    /// Reads the pyproject.toml of `folder`; `None` if there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, ProjectError> {
        let path = folder.join("pyproject.toml");
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
        let table: Table = toml::from_str(&text)
            .map_err(|source| ProjectError::Toml { path: path.clone(), source: Box::new(source) })?;
        let mut pyproject = Self { path, ..Self::default() };
        if let Some(project) = table.get("project").and_then(Value::as_table) {
            pyproject.project(project)?;
        }
        if let Some(poetry) = tool(&table, "poetry") {
            pyproject.poetry(poetry)?;
        }
        pyproject.table = table;
        Ok(Some(pyproject))
    }

    /// What `[tool.pyfreeze]` says.
    pub(crate) fn settings(&self) -> Result<Settings, ProjectError> {
        tool(&self.table, "pyfreeze").map_or(Ok(Settings::default()), |table| Settings::parse(table, &self.path))
    }

    fn project(&mut self, project: &Table) -> Result<(), ProjectError> {
        self.name = text(project, "name");
        self.version = text(project, "version");
        let dependencies = project.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        self.requirements.extend(dependencies.filter_map(Value::as_str).map(str::to_owned));
        for (key, group) in [("scripts", "console_scripts"), ("gui-scripts", "gui_scripts")] {
            self.group(group, project.get(key))?;
        }
        for (group, entries) in project.get("entry-points").and_then(Value::as_table).into_iter().flatten() {
            self.group(group, Some(entries))?;
        }
        Ok(())
    }

    fn poetry(&mut self, poetry: &Table) -> Result<(), ProjectError> {
        self.name = self.name.take().or_else(|| text(poetry, "name"));
        self.version = self.version.take().or_else(|| text(poetry, "version"));
        self.group("console_scripts", poetry.get("scripts"))?;
        for (group, entries) in poetry.get("plugins").and_then(Value::as_table).into_iter().flatten() {
            self.group(group, Some(entries))?;
        }
        for (name, constraint) in poetry.get("dependencies").and_then(Value::as_table).into_iter().flatten() {
            let is_optional = constraint.get("optional").and_then(Value::as_bool).unwrap_or(false);
            if name != "python" && !is_optional {
                self.requirements.push(name.clone());
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &str, entries: Option<&Value>) -> Result<(), ProjectError> {
        let is_script = matches!(group, "console_scripts" | "gui_scripts");
        for (name, value) in entries.and_then(Value::as_table).into_iter().flatten() {
            // Poetry also writes a table with the key `reference` (or, before, `callable`).
            let reference =
                value.as_str().or_else(|| ["reference", "callable"].iter().find_map(|key| value.get(key)?.as_str()));
            let Some(reference) = reference else { continue };
            if is_script {
                if !reference.contains(':') {
                    let (name, value) = (name.clone(), reference.to_owned());
                    return Err(ProjectError::ScriptForm { path: self.path.clone(), name, value });
                }
                self.scripts.insert(name.clone(), reference.to_owned());
            }
            self.entry_points.entry(group.to_owned()).or_default().push((name.clone(), reference.to_owned()));
        }
        Ok(())
    }

    /// The requirements that can be understood.
    pub(super) fn parsed_requirements(&self) -> Vec<Requirement> {
        self.requirements.iter().filter_map(|text| Requirement::parse(text)).collect()
    }

    /// The name of the metadata folder, and its files by name, as installing `files` would write them.
    pub(super) fn metadata_files(&self, name: &str, files: &[String]) -> (String, Vec<(String, Vec<u8>)>) {
        let version = self.version.as_deref().unwrap_or("0");
        let folder = format!("{}-{version}.dist-info", normalize(name).replace('-', "_"));
        let mut metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        for requirement in &self.requirements {
            // OK because writing to a String can't fail.
            let _ = writeln!(metadata, "Requires-Dist: {requirement}");
        }
        let licenses = license_files(self);
        metadata += &license_lines(self, &licenses);
        let mut entry_points = String::new();
        for (group, entries) in &self.entry_points {
            let _ = writeln!(entry_points, "[{group}]");
            for (name, value) in entries {
                let _ = writeln!(entry_points, "{name} = {value}");
            }
            entry_points.push('\n');
        }
        let mut written = vec![("METADATA".to_owned(), metadata.into_bytes())];
        if !entry_points.is_empty() {
            written.push(("entry_points.txt".to_owned(), entry_points.into_bytes()));
        }
        written.extend(licenses.into_iter().map(|(file, content)| (format!("licenses/{file}"), content)));
        let own =
            written.iter().map(|(file, _)| file.as_str()).chain(["RECORD"]).map(|file| format!("{folder}/{file}"));
        let mut record = String::new();
        for file in files.iter().cloned().chain(own) {
            let quoted = if file.contains([',', '"']) { format!("\"{}\"", file.replace('"', "\"\"")) } else { file };
            let _ = writeln!(record, "{quoted},,");
        }
        written.push(("RECORD".to_owned(), record.into_bytes()));
        (folder, written)
    }
}

/// The text of the script that runs `reference`, line by line what pip 26 writes (`PipScriptMaker.script_template`),
/// so that tracebacks agree; a comment stands for the `#!` line.
pub(crate) fn script_text(reference: &str) -> String {
    let reference = reference.split('[').next().unwrap_or(reference);
    let (module, attribute) = reference.split_once(':').unwrap_or((reference, "main"));
    let (module, attribute) = (module.trim(), attribute.trim());
    let imported = attribute.split('.').next().unwrap_or(attribute);
    format!(
        "# Console script\nimport sys\nfrom {module} import {imported}\nif __name__ == '__main__':\n    \
         sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit({attribute}())\n"
    )
}

fn tool<'a>(table: &'a Table, name: &str) -> Option<&'a Table> {
    table.get("tool")?.get(name)?.as_table()
}

fn text(table: &Table, key: &str) -> Option<String> {
    table.get(key).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Pyproject, script_text};

    fn read(text: &str) -> Result<Pyproject, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pyproject.toml"), text).unwrap();
        Pyproject::read(folder.path()).map(Option::unwrap).map_err(|error| error.to_string())
    }

    #[test]
    fn metadata_as_installed() {
        let pyproject = read(
            "[project]\nname='My.App'\nversion='1.2'\ndependencies=['rich>=1']\n[project.scripts]\napp='my_app:main'\n\
             [project.entry-points.'my.plugins']\nx='my_app.x'",
        )
        .unwrap();
        let (folder, files) = pyproject.metadata_files("My.App", &["my_app/a,b.py".into()]);
        assert_eq!(folder, "my_app-1.2.dist-info");
        let texts: Vec<_> = files.iter().map(|(_, content)| String::from_utf8(content.clone()).unwrap()).collect();
        let [metadata, entry_points, record] = &texts[..] else { panic!("{files:?}") };
        assert_eq!(metadata, "Metadata-Version: 2.1\nName: My.App\nVersion: 1.2\nRequires-Dist: rich>=1\n");
        assert_eq!(entry_points, "[console_scripts]\napp = my_app:main\n\n[my.plugins]\nx = my_app.x\n\n");
        assert!(record.starts_with("\"my_app/a,b.py\",,\nmy_app-1.2.dist-info/METADATA,,\n"), "{record}");
    }

    #[test]
    fn poetry() {
        let pyproject = read(
            "[tool.poetry]\nname='p'\nversion='3'\nscripts={a='p.a:b', c={reference='p:d', type='console'}}\n\
             dependencies={python='^3', rich='*', extra={version='1', optional=true}}",
        )
        .unwrap();
        assert_eq!(pyproject.scripts["a"], "p.a:b");
        assert_eq!(pyproject.scripts["c"], "p:d");
        assert_eq!(pyproject.requirements, ["rich"]);
    }

    #[test]
    fn scripts() {
        let expected = "# Console script\nimport sys\nfrom a.b import C\nif __name__ == '__main__':\n    \
                        sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(C.run())\n";
        assert_eq!(script_text("a.b:C.run [x]"), expected);
        let error = read("[project]\nscripts={x='a.b'}").unwrap_err();
        assert!(error.starts_with("Script `x` in `") && error.ends_with("`module:function`: `a.b`"), "{error}");
        assert!(read("[project").unwrap_err().starts_with("Cannot parse: `"));
    }
}
