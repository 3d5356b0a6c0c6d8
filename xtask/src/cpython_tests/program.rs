//! The executable that runs the tests: its snapshot has a large part of the standard library.
//!
//! Comes in: `pyfreeze` and CPython's tests. Goes out: a frozen program. The tests themselves stay on disk, where they want to
//! be (they read files beside them, run them, and compare paths): the program's package `test` only says where. Their extension
//! modules are frozen with it, and so loaded as those of wheels are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::side::Side;
use crate::process::{Failure, output, run};
use crate::runtime::TestSuite;

/// The program's modules, by their file names.
const SOURCES: [(&str, &str); 3] = [
    ("__main__.py", include_str!("program/__main__.py")),
    ("as_python.py", include_str!("program/as_python.py")),
    ("run_tests.py", include_str!("program/run_tests.py")),
];

/// Options for the two stubs.
const DYNAMIC: &[&str] = &["--include", "_test*", "--include", "_ctypes_test"];
const STATIC: &[&str] = &["--stub", "static"];

/// A frozen program with CPython's tests beside it.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
}

impl Program {
    /// Freezes the program in `folder`.
    pub(super) fn freeze(pyfreeze: &Path, suite: &TestSuite, is_static: bool, folder: &Path) -> Result<Self, Failure> {
        let project = folder.join("project");
        if project.exists() {
            fs::remove_dir_all(&project).map_err(Failure::io("remove", &project))?;
        }
        for (name, text) in SOURCES {
            write(&project.join(name), text)?;
        }
        let place = suite.package().display().to_string();
        let package = format!("\"\"\"CPython's package of this name.\"\"\"\n\n__path__ = [{place:?}]\n");
        write(&project.join("test/__init__.py"), &package)?;
        for entry in fs::read_dir(suite.modules()).map_err(Failure::io("read", &suite.modules()))?.flatten() {
            let copy = project.join(entry.file_name());
            fs::copy(entry.path(), &copy).map_err(Failure::io("write", &copy))?;
        }
        let path = folder.join("program");
        let mut build = Command::new(pyfreeze);
        build.args(["build", "--strict", "--snapshot", "app"]);
        build.args(if is_static { STATIC } else { DYNAMIC });
        run(build.arg(&project).arg("-o").arg(&path))?;
        for side in Side::BOTH {
            write_script(&folder.join(side.python()), &side.script(&path))?;
        }
        Ok(Self { path })
    }

    /// The executable.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The test modules with these names, or below packages with these names; all without names.
    pub(super) fn modules(&self, names: &[String]) -> Result<Vec<String>, Failure> {
        let all = output(Command::new(&self.path).arg("--list"))?;
        let all: Vec<String> = all.lines().map(str::to_owned).collect();
        if names.is_empty() {
            return Ok(all);
        }
        let mut chosen = Vec::new();
        for name in names {
            let found: Vec<&String> = all.iter().filter(|module| is_meant(name, module)).collect();
            if found.is_empty() {
                return Err(Failure::new(format!("CPython has no such test module: {name}")));
            }
            chosen.extend(found.into_iter().cloned());
        }
        Ok(chosen)
    }
}

fn is_meant(name: &str, module: &str) -> bool {
    let below = |module: &str| module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    below(module) || module.strip_prefix("test.").is_some_and(below)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Failure::io("create", folder))?;
    }
    fs::write(path, text).map_err(Failure::io("write", path))
}

fn write_script(path: &Path, text: &str) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Failure::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn packages_mean_all_that_is_in_them() {
        assert!(is_meant("test_io", "test_io"));
        assert!(is_meant("test_asyncio", "test.test_asyncio.test_locks"));
        assert!(is_meant("test.test_asyncio.test_locks", "test.test_asyncio.test_locks"));
        assert!(!is_meant("test_io", "test_ioctl"));
    }
}
