//! The examples are tests: frozen, they print what they print under python.
//!
//! Comes in: the folders in `examples`. Goes out: a test for each, and one that no folder is forgotten.

use std::fs;
use std::time::Duration;

use crate::cases::Case;
use crate::command::Run;
use crate::directive::Directives;
use crate::levels::Level;
use crate::packages;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Test, TestResult};

/// An example: its folder, the script in it that is frozen (empty: the folder), the command lines that are tried.
struct Example {
    name: &'static str,
    script: &'static str,
    argument_lists: &'static [&'static [&'static str]],
}

const EXAMPLES: &[Example] = &[
    Example { name: "hello", script: "hello.py", argument_lists: &[&[]] },
    Example { name: "import_cache", script: "", argument_lists: &[&[]] },
    Example { name: "package", script: "", argument_lists: &[&[], &["Ada", "Grace"], &["--version"], &["--wrong"]] },
    Example { name: "stdlib_tour", script: "", argument_lists: &[&[]] },
    Example { name: "webget", script: "", argument_lists: &[&[], &["--width", "100"], &["--version"], &["--help"]] },
    Example { name: "workers", script: "main.py", argument_lists: &[&[]] },
];

/// A test for each example.
#[must_use]
pub fn tests() -> Vec<Test> {
    let with_tests = EXAMPLES.iter().filter(|example| example.name != "import_cache");
    let mut tests: Vec<Test> = with_tests
        .map(|example| Test::new(format!("examples/{}", example.name), |product| check(example, product)))
        .collect();
    tests.push(Test::new("examples/import_cache", import_cache));
    tests.push(Test::new("examples/none_is_forgotten", none_is_forgotten));
    tests
}

fn check(example: &Example, product: &Product) -> TestResult {
    let folder = product.checkout.join("examples").join(example.name);
    let path = if example.script.is_empty() { folder } else { folder.join(example.script) };
    let owned = |arguments: &&[&str]| arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let directives = Directives {
        purpose: format!("the example `{}` prints the same frozen", example.name),
        argument_lists: example.argument_lists.iter().map(owned).collect(),
        is_same_as_python: true,
        time_limit: Some(Duration::from_secs(300)),
        ..Directives::default()
    };
    Case::example(path, !example.script.is_empty(), directives).check(product, Level::Off)
}

/// The point of this example is what it leaves on disk, so the script is run where that can be seen.
fn import_cache(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    copy_tree(&product.checkout.join("examples/import_cache"), &workspace.join("project"))?;
    let script = workspace.join("project/main.py");
    let venv = packages::environment(product, "")?;
    fs::create_dir_all(workspace.join("app"))?;
    product.build(&script, &workspace.join("app/cache"), &[], workspace.path())?;
    let sources = workspace.list("project");
    if sources != ["greetings/", "greetings/__init__.py", "greetings/words.py", "main.py"] {
        return Err(format!("the build left something in the project: {:?}", workspace.list("project")).into());
    }
    let frozen = Run::new(workspace.join("app/cache"), workspace.join("app")).success()?;
    if workspace.list("app") != ["cache"] || workspace.list("project") != sources {
        return Err(format!("the frozen program left something behind: {:?}", workspace.list("app")).into());
    }
    let python = Run::new(venv.join("bin/python"), workspace.path()).arg(&script).success()?;
    if !workspace.list("project").contains(&"greetings/__pycache__/words.cpython-313.pyc".to_owned()) {
        return Err(format!("python left no cache: {:?}", workspace.list("project")).into());
    }
    if frozen.stdout == python.stdout { Ok(()) } else { Err(frozen.report().into()) }
}

fn none_is_forgotten(product: &Product) -> TestResult {
    for entry in fs::read_dir(product.checkout.join("examples"))?.flatten().filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !EXAMPLES.iter().any(|example| example.name == name) {
            return Err(format!("`examples/{name}` has no test: add it to EXAMPLES in tests/src/examples.rs").into());
        }
    }
    Ok(())
}
