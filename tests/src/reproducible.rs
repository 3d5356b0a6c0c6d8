//! Identical input gives identical bytes, wherever, whenever and by whomever it is built.
//!
//! Comes in: one project, built twice. Goes out: the first byte that differs, if any.

use std::fs;
use std::path::Path;

use crate::command::Run;
use crate::levels::{self, Level};
use crate::packages;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Test, TestResult};

/// The surroundings at each tested level of the snapshot, and the cache.
#[must_use]
pub fn tests() -> Vec<Test> {
    let in_both = |level: &Level| {
        let level = *level;
        Test::new(format!("reproducible/two_surroundings{}", level.suffix()), move |product| {
            two_surroundings(product, level)
        })
    };
    let mut tests: Vec<Test> = levels::TESTED.iter().map(in_both).collect();
    tests.push(Test::new("reproducible/with_and_without_cache", with_and_without_cache));
    tests
}

/// What differs from build to build: folder, order in which files were written, umask, clock's zone, language, home.
struct Surroundings {
    folder: &'static str,
    is_reversed: bool,
    umask: &'static str,
    variables: [(&'static str, &'static str); 4],
}

const SURROUNDINGS: [Surroundings; 2] = [
    Surroundings {
        folder: "one",
        is_reversed: false,
        umask: "022",
        variables: [("TZ", "UTC"), ("LANG", "C"), ("HOME", "/nonexistent"), ("PYTHONHASHSEED", "1")],
    },
    Surroundings {
        folder: "a longer folder/ünïcode",
        is_reversed: true,
        umask: "077",
        variables: [("TZ", "Pacific/Auckland"), ("LANG", "tr_TR.UTF-8"), ("HOME", "/tmp"), ("PYTHONHASHSEED", "2")],
    },
];

fn files() -> Vec<(String, String)> {
    let mut files = vec![
        ("__main__.py".to_owned(), "import pkg.m3, json\nprint({'a', 'b', 'c'} == set('abc'), pkg.m3.x)\n".to_owned()),
        ("pkg/__init__.py".to_owned(), String::new()),
        ("pkg/data/b.txt".to_owned(), "b".to_owned()),
        ("pkg/data/A.txt".to_owned(), "A".to_owned()),
    ];
    // Frozen sets, strings and names that one might intern: what marshal writes must not depend on who refers to it.
    let module = |number: usize| {
        format!("x = 'value' in {{'value', 'other', {number}}}\n\ndef f(a, *b, c=1):\n    return __debug__\n")
    };
    files.extend((0..40).map(|number| (format!("pkg/m{number}.py"), module(number))));
    files
}

fn two_surroundings(product: &Product, level: Level) -> TestResult {
    let workspace = Workspace::new()?;
    let venv = packages::environment(product, "tomli==2.3.0\n")?;
    let mut results = Vec::new();
    for surroundings in &SURROUNDINGS {
        let mut files = files();
        if surroundings.is_reversed {
            files.reverse();
        }
        for (name, text) in files {
            workspace.write(&format!("{}/project/{name}", surroundings.folder), text)?;
        }
        let folder = workspace.join(surroundings.folder);
        let script = format!("umask {} && exec \"$@\"", surroundings.umask);
        let mut run = Run::new("/bin/sh", &folder).args(["-c", &script, "sh"]).arg(&product.pyfreeze);
        run = product.equip(run.args(["build", "project", "-o", "app", "--venv"]).arg(&venv).args(level.options()));
        for (name, value) in surroundings.variables {
            run = run.env(name, value);
        }
        run.env("PYFREEZE_CACHE", folder.join("cache").display().to_string()).success()?;
        Run::new(folder.join("app"), &folder).success()?;
        results.push(folder.join("app"));
        // A clock that stands still within a second would hide a timestamp.
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    same_bytes(&results[0], &results[1])
}

fn with_and_without_cache(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    for (name, text) in files() {
        workspace.write(&format!("project/{name}"), text)?;
    }
    for name in ["cold", "warm"] {
        let run = product.command(workspace.path()).args(["build", "project", "-o", name]);
        run.env("PYFREEZE_CACHE", workspace.join("cache").display().to_string()).success()?;
    }
    same_bytes(&workspace.join("cold"), &workspace.join("warm"))
}

fn same_bytes(one: &Path, other: &Path) -> TestResult {
    let (left, right) = (fs::read(one)?, fs::read(other)?);
    if left == right {
        return Ok(());
    }
    let first = left.iter().zip(&right).position(|(left, right)| left != right);
    let count = left.iter().zip(&right).filter(|(left, right)| left != right).count();
    Err(format!("sizes {} and {}, first difference at {first:?}, {count} bytes differ", left.len(), right.len()).into())
}
