//! Imports that lead nowhere: which are told, and how.

use super::{Fixture, has_python, library, library_module, missing};
use crate::bytecode::Library;
use crate::contents::Temperature;
use crate::graph::contents;

#[test]
fn what_is_missing_is_told() {
    if !has_python() {
        return;
    }
    let mut fixture = Fixture::new(&[
        (
            "main.py",
            "import a\nimport lost.sub\ntry:\n import maybe\nexcept ImportError:\n import fallback\nimport gone\n\
                     def f():\n import late\nif sys.platform == 'win32':\n import winreg\nimport os.path",
        ),
        ("a.py", "import lost\nimport dep"),
    ])
    .install(
        "dep",
        &[
            ("dep/__init__.py", "try:\n import dep.opt\nexcept ImportError: pass\nimport dep.made, dep.no"),
            ("dep/opt.py", "import rare"),
        ],
        "",
        "",
    );
    fixture.overrides.exclude = vec!["gone".into()];
    let contents = fixture.freeze("app/main.py").unwrap();
    let expected = ["dep.made", "dep.no", "fallback?", "late?", "lost", "maybe?", "os", "rare?"];
    assert_eq!(missing(&contents), expected);
    let lost = contents.missing.iter().find(|import| import.name == "lost").unwrap();
    assert_eq!(lost.wanted_by, ["__main__:2", "a:1"]);
    let warnings: Vec<_> = contents.warnings.iter().map(|warning| warning.message.as_str()).collect();
    let expected = [
        "Cannot find `dep.made`, imported by `dep` (line 4)",
        "Cannot find `dep.no`, imported by `dep` (line 4)",
        "Cannot find `lost`, imported by `__main__` (line 2)",
        "Cannot find `os`, imported by `__main__` (line 12)",
    ];
    assert_eq!(warnings, expected);
    assert!(contents.warnings[0].hints[0].starts_with("imported through __main__ → a → dep; install it"));
    assert!(contents.warnings[2].hints[0].starts_with("install it"));
    fixture.overrides.strict = Some(true);
    fixture.overrides.exclude.extend(["dep.*".into(), "os".into()]);
    let error = fixture.freeze("app/main.py").unwrap_err();
    assert_eq!(error.to_string(), "Module `__main__` imports `lost`, which was not found");
    assert!(error.hints()[0].contains("list `lost` under `exclude`"));
}

#[test]
fn the_warnings_of_missing_modules_end() {
    if !has_python() {
        return;
    }
    let contents = Fixture::new(&[("main.py", "import a, b, c, d, e, f, g")]).freeze("app/main.py").unwrap();
    let last = &contents.warnings[5];
    assert_eq!((contents.warnings.len(), last.message.as_str()), (6, "Cannot find these and 2 more imported modules"));
}

#[test]
fn modules_that_only_run_time_makes_are_not_missed() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("main.py", "import collections.abc, os.path\nfrom collections.abc import Sized")]);
    let modules = vec![library_module("collections", "collections/__init__.py"), library_module("os", "os.py")];
    let library = Library { modules, ..library() };
    let project = fixture.project("app/main.py").unwrap();
    let mut compiler = crate::bytecode::tests::compiler(None).unwrap();
    let contents = contents(&project, &library, &mut compiler, &|_| ()).unwrap();
    assert_eq!(missing(&contents), [""; 0]);
    let collections = contents.modules.iter().find(|module| module.name == "collections").unwrap();
    assert_eq!(collections.temperature, Temperature::Hot);
}
