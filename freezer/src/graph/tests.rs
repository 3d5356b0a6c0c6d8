//! Whole projects in temporary folders, up to their [`Contents`].

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{GraphError, contents};
use crate::bytecode::{Library, LibraryFile, LibraryModule, Optimization, Scan};
use crate::contents::{Contents, FileContent, ModuleCode, Owner, Temperature};
use crate::project::{Project, ProjectError, ProjectRequest, SettingsOverrides, SourcePolicy};

mod dynamic;
mod first_imports;
mod missing;

const SITE: &str = "lib/python3.13/site-packages";

/// A folder with a project `app` and an environment `venv`.
struct Fixture {
    folder: tempfile::TempDir,
    overrides: SettingsOverrides,
}

impl Fixture {
    /// Files of the project, by path below `app`.
    fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap(), overrides: SettingsOverrides::default() };
        for (path, text) in files {
            fixture.write(&format!("app/{path}"), text);
        }
        fixture
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Installs a distribution: `name-1`, its files, further lines of its METADATA, its entry points.
    fn install(self, name: &str, files: &[(&str, &str)], metadata: &str, entry_points: &str) -> Self {
        let site = format!("venv/{SITE}");
        let info = format!("{name}-1.dist-info");
        let mut record = format!("{info}/METADATA,,\n{info}/RECORD,,\n../../../bin/{name},,\n");
        for (path, text) in files {
            self.write(&format!("{site}/{path}"), text);
            record += &format!("{path},,\n");
        }
        self.write(&format!("{site}/{info}/METADATA"), &format!("Name: {name}\nVersion: 1\n{metadata}\n"));
        self.write(&format!("{site}/{info}/RECORD"), &record);
        if !entry_points.is_empty() {
            self.write(&format!("{site}/{info}/entry_points.txt"), entry_points);
        }
        self.write("venv/pyvenv.cfg", "");
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn project(&self, path: &str) -> Result<Project, ProjectError> {
        let venv = Some(self.path("venv")).filter(|path| path.is_dir());
        let request = ProjectRequest { path: self.path(path), venv, overrides: self.overrides.clone() };
        Project::read(&request, &library())
    }

    fn freeze(&self, path: &str) -> Result<Contents, GraphError> {
        self.freeze_with(path, &library())
    }

    fn freeze_with(&self, path: &str, library: &Library) -> Result<Contents, GraphError> {
        let mut compiler = crate::bytecode::tests::compiler(None).unwrap();
        contents(&self.project(path).unwrap(), library, &mut compiler, &|_| ())
    }
}

fn library_module(name: &str, path: &str) -> LibraryModule {
    LibraryModule {
        name: name.into(),
        path: format!("lib/python3.13/{path}"),
        is_package: path.ends_with("__init__.py"),
        scan: Scan::default(),
    }
}

fn library() -> Library {
    let data = LibraryFile { path: "lib/python3.13/json/data.txt".into(), is_executable: false };
    Library {
        modules: vec![
            library_module("codecs", "codecs.py"),
            library_module("json", "json/__init__.py"),
            library_module("json.tool", "json/tool.py"),
            library_module("queue", "queue.py"),
        ],
        files: vec![data],
        ..crate::project::tests::library()
    }
}

fn has_python() -> bool {
    crate::bytecode::tests::python().is_some()
}

/// The modules that are not the library's, as `path` or `path*` for cold ones.
fn modules(contents: &Contents) -> Vec<String> {
    let own = contents.modules.iter().filter(|module| module.owner != Owner::StandardLibrary);
    let mark = |temperature| if temperature == Temperature::Cold { "*" } else { "" };
    let path = |path: &str| path.strip_prefix(SITE).map_or(path.to_owned(), |path| format!("site{path}"));
    let mut paths: Vec<_> = own.map(|module| path(&module.path) + mark(module.temperature)).collect();
    paths.sort();
    paths
}

fn files(contents: &Contents) -> Vec<&str> {
    let own = contents.files.iter().filter(|file| file.owner != Owner::StandardLibrary);
    own.map(|file| file.path.strip_prefix("lib/python3.13/site-packages/").unwrap_or(&file.path)).collect()
}

fn missing(contents: &Contents) -> Vec<String> {
    let mark = |is_optional| if is_optional { "?" } else { "" };
    contents.missing.iter().map(|import| format!("{}{}", import.name, mark(import.is_optional))).collect()
}

#[test]
fn a_script_takes_only_what_it_reaches() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[
        ("main.py", "import helper, pkg.used, json\nfrom ns.part import x\nimport main"),
        ("helper.py", ""),
        ("private.py", "syntax error ("),
        ("diary.txt", ""),
        ("pkg/__init__.py", ""),
        ("pkg/used.py", ""),
        ("pkg/plugins/later.py", ""),
        ("pkg/data/a b.txt", ""),
        ("ns/part.py", ""),
        ("ns/other.py", ""),
    ]);
    let contents = fixture.freeze("app/main.py").unwrap();
    let expected = ["helper.py", "main.py", "ns/part.py", "pkg/__init__.py", "pkg/plugins/later.py*", "pkg/used.py"];
    assert_eq!(modules(&contents), expected);
    assert_eq!(files(&contents), ["pkg/data/a b.txt"]);
    assert_eq!(contents.search_path, ["", "lib/python3.13", SITE]);
    let main = contents.modules.iter().find(|module| module.path == "main.py").unwrap();
    assert_eq!((main.name.as_str(), &main.imported_by), ("__main__", &None));
    let used = contents.modules.iter().find(|module| module.name == "pkg.used").unwrap();
    assert_eq!(used.imported_by.as_deref(), Some("__main__"));
    let heat = |name: &str| contents.modules.iter().find(|module| module.name == name).unwrap().temperature;
    assert_eq!((heat("json"), heat("json.tool")), (Temperature::Hot, Temperature::Cold));
}

#[test]
fn a_folder_is_taken_whole() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[
        ("__main__.py", "import a\nfrom . import nothing"),
        ("a.py", "import b.c"),
        ("b/c.py", ""),
        ("cold/0001_first.py", ""),
        ("odd.name.py", ""),
        ("notes.txt", ""),
        (".git/HEAD", ""),
    ]);
    fs::create_dir_all(fixture.path("app/empty/inner")).unwrap();
    symlink(".", fixture.path("app/loop")).unwrap();
    let contents = fixture.freeze("app").unwrap();
    assert_eq!(modules(&contents), ["__main__.py", "a.py", "b/c.py", "cold/0001_first.py*"]);
    assert_eq!(files(&contents), ["notes.txt", "odd.name.py"]);
    assert_eq!(contents.directories, ["empty/inner"]);
    assert_eq!(missing(&contents), ["."]);
    let entry_point = contents.entry_point.unwrap();
    assert_eq!((entry_point.path.as_str(), entry_point.is_folder), ("", true));
}

#[test]
fn a_project_looks_installed() {
    if !has_python() {
        return;
    }
    let pyproject = "[project]\nname='my-app'\nversion='2'\ndependencies=['dep; python_version>\"3\"', 'absent']\n\
                     [project.scripts]\nmy-app='my_app.cli:main'\nother='my_app:x'\n\
                     [project.entry-points.'things']\nx='my_app.thing'\n[tool.pyfreeze]\nexclude=['my_app.tests']";
    let fixture = Fixture::new(&[
        ("pyproject.toml", pyproject),
        ("src/my_app/__init__.py", ""),
        ("src/my_app/cli.py", "from .sub import x"),
        ("src/my_app/sub.py", "from ... import beyond"),
        ("src/my_app/thing.py", ""),
        ("src/my_app/cold.py", ""),
        ("src/my_app/data.txt", ""),
        ("src/my_app/tests/test_x.py", ""),
        ("src/my_app/tests/data.txt", ""),
        ("tests/t.py", ""),
    ])
    .install("dep", &[("dep.py", "")], "", "");
    let contents = fixture.freeze("app").unwrap();
    let expected = [
        "bin/my-app",
        "site/dep.py*",
        "site/my_app/__init__.py",
        "site/my_app/cli.py",
        "site/my_app/cold.py*",
        "site/my_app/sub.py",
        "site/my_app/thing.py",
    ];
    assert_eq!(modules(&contents), expected);
    let expected = [
        "dep-1.dist-info/METADATA",
        "dep-1.dist-info/RECORD",
        "my_app-2.dist-info/METADATA",
        "my_app-2.dist-info/RECORD",
        "my_app-2.dist-info/entry_points.txt",
        "my_app/data.txt",
    ];
    assert_eq!(files(&contents), expected);
    assert_eq!(missing(&contents), ["..."]);
    assert_eq!(contents.search_path, ["bin", "lib/python3.13", SITE]);
    let reasons: Vec<_> = contents.distributions.iter().map(|one| format!("{}: {}", one.name, one.reason)).collect();
    assert_eq!(reasons, ["dep: required by my-app", "my-app: the project itself"]);
}

#[test]
fn an_editable_installation_is_resolved() {
    if !has_python() {
        return;
    }
    let mut fixture = Fixture::new(&[("main.py", "import lib.a")]);
    fixture.write("work/src/lib/__init__.py", "");
    fixture.write("work/src/lib/a.py", "");
    fixture.write("work/src/lib/cold.py", "");
    fixture.write("work/src/lib/data.txt", "");
    fixture = fixture.install("lib", &[], "", "");
    let source = fixture.path("work/src");
    fixture.write(&format!("venv/{SITE}/lib.pth"), source.to_str().unwrap());
    fixture.write(&format!("venv/{SITE}/lib-1.dist-info/RECORD"), "lib.pth,,\n");
    fixture.write(&format!("venv/{SITE}/lib-1.dist-info/direct_url.json"), "{\"url\": \"file:///somewhere/else\"}");
    let contents = fixture.freeze("app/main.py").unwrap();
    assert_eq!(modules(&contents), ["main.py", "site/lib/__init__.py", "site/lib/a.py", "site/lib/cold.py*"]);
    assert_eq!(files(&contents), ["lib-1.dist-info/METADATA", "lib-1.dist-info/RECORD", "lib/data.txt"]);
}

#[test]
fn plugins_come_along() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("main.py", "import host")])
        .install("host", &[("host.py", "from importlib.metadata import *\nentry_points(group='host.x')\n")], "", "")
        .install(
            "plug",
            &[("plug/__init__.py", ""), ("plug/tool.py", "")],
            "",
            "[host.x]\na = plug:f\n[tools]\nb = plug.tool\n",
        )
        .install("unused", &[("unused.py", "")], "", "[other]\na = unused");
    let contents = fixture.freeze("app/main.py").unwrap();
    assert_eq!(modules(&contents), ["main.py", "site/host.py", "site/plug/__init__.py", "site/plug/tool.py*"]);
    let plug = contents.distributions.iter().find(|one| one.name == "plug").unwrap();
    assert_eq!(plug.reason, "has a plugin for host.x, which host asks for");
}

#[test]
fn all_syntax_errors_at_once() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("__main__.py", "import b, dep"), ("b.py", "x = ("), ("cold.py", "\n  y")]).install(
        "dep",
        &[("dep/__init__.py", ""), ("dep/old.py", "print 'x'")],
        "",
        "",
    );
    let error = fixture.freeze("app").unwrap_err().to_string();
    assert!(error.starts_with("Cannot compile 2 files of the project\n  File \""), "{error}");
    assert!(error.contains("b.py\", line 1\n    x = (\n        ^\nSyntaxError: '(' was never closed"), "{error}");
    assert!(error.contains("cold.py\", line 2\n") && error.contains("IndentationError: unexpected indent"), "{error}");
    fixture.write("app/b.py", "");
    fixture.write("app/cold.py", "");
    let contents = fixture.freeze("app").unwrap();
    assert!(files(&contents).contains(&"dep/old.py"));
    assert!(contents.warnings[0].message.starts_with("Not valid Python, included as data, in `dep`: `"));
}

#[test]
fn settings_decide() {
    if !has_python() {
        return;
    }
    let mut fixture =
        Fixture::new(&[("main.py", "import json, dep"), ("x/a.txt", ""), ("x/b/c.txt", ""), ("extra.py", "")])
            .install(
                "dep",
                &[("dep/__init__.py", ""), ("dep/a.py", ""), ("dep/b/c.py", ""), ("dep/b/d.txt", "")],
                "",
                "",
            )
            .install("more", &[("more.py", "")], "", "");
    let source = |path: &str| fixture.path(path).display().to_string();
    let (folder, file, pattern) = (source("app/x"), source("app/x/a.txt"), source("app/x/*.txt"));
    fixture.overrides = SettingsOverrides {
        include: vec!["dep.*".into(), "extra".into(), "nowhere".into()],
        exclude: vec!["dep.b".into()],
        include_distributions: vec!["More".into()],
        data: vec![
            format!("{folder}:share"),
            format!("{file}:one.txt"),
            format!("{file}:dir/"),
            format!("{pattern}:all"),
        ],
        source: Some(SourcePolicy::None),
        prune: Some(true),
        ..SettingsOverrides::default()
    };
    let contents = fixture.freeze("app/main.py").unwrap();
    assert_eq!(modules(&contents), ["extra.py", "main.py", "site/dep/__init__.py", "site/dep/a.py"]);
    let data: Vec<_> = files(&contents).into_iter().filter(|path| !path.contains("dist-info")).collect();
    assert_eq!(data, ["all/a.txt", "dir/a.txt", "one.txt", "share/a.txt", "share/b/c.txt"]);
    assert!(contents.modules.iter().all(|module| module.source.is_none() && module.temperature == Temperature::Hot));
    assert_eq!(contents.warnings[0].message, "Nothing fits the pattern given as `include`: `nowhere`");
    fixture.overrides.include_distributions = vec!["nothing".into()];
    assert!(matches!(fixture.freeze("app/main.py"), Err(GraphError::UnknownDistribution { .. })));
    fixture.overrides.include_distributions.clear();
    fixture.overrides.data = vec!["/nowhere:x".into()];
    assert!(matches!(fixture.freeze("app/main.py"), Err(GraphError::NoData { .. })));
}

#[test]
fn optimized_code_replaces_the_packs() {
    if !has_python() {
        return;
    }
    let mut fixture = Fixture::new(&[("main.py", "import json")]);
    fixture.overrides.optimization = Some(Optimization::Asserts);
    let project = fixture.project("app/main.py").unwrap();
    let library = Library { source: Box::new(|_| Some(b"assert x"[..].into())), ..library() };
    let mut compiler = crate::bytecode::tests::compiler(None).unwrap();
    let contents = contents(&project, &library, &mut compiler, &|_| ()).unwrap();
    let is_own = |module: &crate::contents::Module| matches!(module.code, ModuleCode::Bytes(_));
    assert!(contents.modules.iter().all(is_own));
}

#[test]
fn doubtful_packages_are_warned_of() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("main.py", "import one, fast, codecs"), ("codecs.py", ""), ("queue.py", "")])
        .install("one", &[("same/__init__.py", ""), ("same/two.py", ""), ("one.py", "import same.two")], "", "")
        .install("two", &[("same/__init__.py", ""), ("same/two.py", ""), ("bystander.py", "")], "", "")
        .install("three", &[("bystander.py", "")], "", "")
        .install(
            "fast",
            &[
                ("fast/__init__.py", "from . import core"),
                ("fast/core.cpython-311-x86_64-linux-gnu.so", ""),
                ("fast/own.abi3.so", ""),
                ("fast/libx.so.1", ""),
            ],
            "",
            "",
        );
    let contents = fixture.freeze("app/main.py").unwrap();
    let messages: Vec<_> = contents.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(messages[0].starts_with("The interpreter has imported its own module `codecs`"), "{messages:?}");
    assert!(messages[1].starts_with("Made for another Python version, in `fast`: `"), "{messages:?}");
    assert_eq!(contents.warnings[1].hints, ["install the package for Python 3.13"]);
    assert_eq!(messages[2], "Both `one` and `two` have installed the same file: `same/__init__.py` and 1 more");
    assert_eq!(messages.len(), 3);
    assert!(!files(&contents).iter().any(|file| file.contains(".so")));
    let libraries: Vec<_> =
        contents.libraries.iter().map(|library| library.file.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(libraries, ["core.cpython-311-x86_64-linux-gnu.so", "libx.so.1", "own.abi3.so"]);
}

#[test]
fn a_static_program_goes_without_shared_libraries() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("main.py", "import fast\nimport fast.needed")]).install(
        "fast",
        &[
            ("fast/__init__.py", "from . import core"),
            ("fast/core.cpython-313-x86_64-linux-gnu.so", ""),
            ("fast/core.py", ""),
            ("fast/needed.abi3.so", ""),
        ],
        "",
        "",
    );
    let library = Library { extension_suffixes: Vec::new(), ..library() };
    let contents = fixture.freeze_with("app/main.py", &library).unwrap();
    assert!(contents.libraries.is_empty());
    assert!(contents.modules.iter().any(|module| module.path.ends_with("fast/core.py")));
    let messages: Vec<_> = contents.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(messages[1].starts_with("Cannot find `fast.needed`, imported by `__main__`"), "{messages:?}");
    assert!(contents.warnings[1].hints[0].contains("--stub dynamic"), "{:?}", contents.warnings[1].hints);
    assert!(messages[0].starts_with("Left out, since a static program loads no shared libraries: `"), "{messages:?}");
    assert!(messages[0].contains("fast/core.cpython-313-x86_64-linux-gnu.so"), "{messages:?}");
    assert_eq!(messages.len(), 2);
}

#[test]
fn a_module_of_the_project_goes_before_the_librarys() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("main.py", "import queue"), ("queue.py", "import json")]);
    let contents = fixture.freeze("app/main.py").unwrap();
    assert_eq!(modules(&contents), ["main.py", "queue.py"]);
    let library = contents.modules.iter().find(|module| module.path == "lib/python3.13/queue.py").unwrap();
    assert_eq!(library.temperature, Temperature::Cold);
}

#[test]
fn two_builds_are_equal() {
    if !has_python() {
        return;
    }
    let names: Vec<_> = (0..40)
        .map(|index| (format!("m{index}.py"), format!("import m{}, m{}", index * 7 % 40, index * 3 % 40)))
        .collect();
    let mut files: Vec<_> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("__main__.py", "import m1"));
    let text = |contents: &Contents| {
        let module = |module: &crate::contents::Module| {
            let ModuleCode::Bytes(code) = &module.code else { return String::new() };
            format!("{} {:?} {:?} {code:?}", module.path, module.temperature, module.imported_by)
        };
        contents.modules.iter().map(module).collect::<Vec<_>>()
    };
    let first = Fixture::new(&files);
    files.reverse();
    let second = Fixture::new(&files);
    assert_eq!(text(&first.freeze("app").unwrap()), text(&second.freeze("app").unwrap()));
}

#[test]
fn projects_that_are_none() {
    let fixture = Fixture::new(&[("tool.py", ""), ("notes.txt", "")]);
    let error = |path: &str| {
        let error = fixture.project(path).unwrap_err();
        (error.to_string().split(':').next().unwrap().to_owned(), error.hints())
    };
    assert_eq!(error("nothing").0, "Cannot find the project");
    assert_eq!(error("app/notes.txt").0, "Cannot freeze what is neither a Python script nor a folder");
    let (message, hints) = error("app");
    assert_eq!(
        (message.as_str(), hints[1].as_str()),
        ("Nothing to run in the folder", "or freeze one of its scripts: `tool.py`")
    );
    fixture.write("app/pyproject.toml", "[project]\nname='x'\nscripts={a='x:f', b='x:g'}\n");
    assert_eq!(error("app").0, "The project has several scripts");
    fixture.write("app/pyproject.toml", "[project]\nname='x'\nscripts={a='x:f'}\n");
    let (message, hints) = error("app");
    assert!(message.starts_with("Script `a` in `") && message.ends_with("names a module that does not exist"));
    assert_eq!(hints, ["the project has: `tool`"]);
    fixture.write("app/pyproject.toml", "[project]\nname='x'\nscripts={a='pkg.nowhere:f'}\n");
    fixture.write("app/pkg/__init__.py", "");
    fixture.write("app/pkg/cli.py", "");
    let (message, hints) = error("app");
    assert!(message.ends_with("names a module that does not exist"), "{message}");
    assert_eq!(hints, ["the project has: `pkg.cli`"]);
    fixture.write("app/pyproject.toml", "[project]\nname='x'\nscripts={a='json.tool:f'}\n");
    assert!(fixture.project("app").is_ok());
    fs::remove_dir_all(fixture.path("app/pkg")).unwrap();
    fs::remove_file(fixture.path("app/tool.py")).unwrap();
    assert_eq!(error("app").0, "Found no Python module in the project");
    fixture.write("app/pyproject.toml", "[tool.pyfreeze]\nprun=true");
    assert_eq!(error("app").1, ["did you mean `prune`?"]);
}

#[test]
fn file_contents_are_left_on_disk() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[("__main__.py", ""), ("data.bin", "x")]);
    let contents = fixture.freeze("app").unwrap();
    let is_own = |path: &PathBuf| path.parent().is_some_and(|folder| folder.ends_with(Path::new("app")));
    assert!(matches!(&contents.files[0].content, FileContent::Disk(path) if is_own(path)));
}
