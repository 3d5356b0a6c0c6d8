//! What no import statement shows: texts, compiled modules, recipes, the lock; and what is left out.

use super::{Fixture, has_python};
use crate::contents::{Contents, LeftOutReason, Module, Reason, Temperature};
use crate::project::LockChoice;

fn module<'c>(contents: &'c Contents, name: &str) -> Option<&'c Module> {
    contents.modules.iter().find(|module| module.name == name)
}

fn reason(contents: &Contents, name: &str) -> Option<Reason> {
    module(contents, name).filter(|module| module.temperature == Temperature::Hot).and_then(|module| module.reason)
}

#[test]
fn every_recipe_is_followed() {
    if !has_python() {
        return;
    }
    for (distribution, when, modules) in crate::graph::recipes::tests::all() {
        if distribution == "python" {
            // The fixture's library has neither `socket` nor codecs; `cases/option_prune_computed` has both.
            continue;
        }
        let modules: Vec<_> = modules.iter().map(|module| module.replace('*', "Any")).collect();
        let file = |name: &str| format!("{}/__init__.py", name.replace('.', "/"));
        let mut files: Vec<_> = modules.iter().chain([&when]).map(|name| file(name)).collect();
        for name in modules.iter().chain([&when]) {
            files.extend(name.match_indices('.').map(|(end, _)| file(&name[..end])));
        }
        files.sort();
        files.dedup();
        let files: Vec<_> = files.iter().map(|file| (file.as_str(), "")).collect();
        let main = format!("import {when}");
        let mut fixture = Fixture::new(&[("main.py", &main)]).install(&distribution, &files, "", "");
        fixture.overrides.prune = Some(true);
        let contents = fixture.freeze("app/main.py").unwrap();
        for name in modules {
            assert_eq!(reason(&contents, &name), Some(Reason::Recipe), "{name}");
            assert_eq!(module(&contents, &name).unwrap().imported_by.as_deref(), Some(when.as_str()));
        }
    }
}

#[test]
fn texts_name_modules_of_the_same_package_and_the_project_s_any() {
    if !has_python() {
        return;
    }
    let main = "import dep\nSETTINGS = ['other.deep.Thing', 'data.csv', 'other', 'app-x.y', 'nowhere.sub']";
    let mut fixture = Fixture::new(&[("main.py", main), ("data/__init__.py", "")])
        .install(
            "dep",
            &[
                ("dep/__init__.py", "TABLE = {'x': 'dep.plugs.x:Plug', 'y': 'third.deep', 'z': 'dep.error'}"),
                ("dep/plugs/__init__.py", ""),
                ("dep/plugs/x.py", "import dep.helper"),
                ("dep/helper.py", ""),
                ("dep/unused.py", ""),
            ],
            "",
            "",
        )
        .install("other", &[("other/__init__.py", ""), ("other/deep.py", "")], "", "")
        .install("third", &[("third/__init__.py", ""), ("third/deep.py", "")], "", "");
    fixture.overrides.prune = Some(true);
    let contents = fixture.freeze("app/main.py").unwrap();
    assert_eq!(reason(&contents, "dep.plugs.x"), Some(Reason::Text));
    assert_eq!(reason(&contents, "dep.helper"), Some(Reason::Import));
    assert_eq!(reason(&contents, "other.deep"), Some(Reason::Text));
    assert!(module(&contents, "third").is_none() && module(&contents, "data").is_none());
    let left_out = |name: &str| contents.left_out.iter().find(|one| one.name == name).map(|one| one.why.clone());
    assert_eq!(left_out("dep.unused"), Some(LeftOutReason::Pruned));
    assert_eq!(left_out("third"), Some(LeftOutReason::Distribution("third".into())));
    assert_eq!(left_out("dep"), None);
}

#[test]
fn dunder_import_of_a_name_made_of_its_own_is_seen() {
    if !has_python() {
        return;
    }
    let main = "import dep\n__import__(f'{name}.x')";
    let package =
        "__import__(__package__ + '.one')\n__import__(__spec__.parent + '.two')\n__import__(f'{__name__}.three')";
    let files = [("dep/__init__.py", package), ("dep/one.py", ""), ("dep/two.py", ""), ("dep/three.py", "")];
    let contents = Fixture::new(&[("main.py", main)]).install("dep", &files, "", "").freeze("app/main.py").unwrap();
    for name in ["dep.one", "dep.two", "dep.three"] {
        assert_eq!(reason(&contents, name), Some(Reason::Import), "{name}");
    }
}

#[test]
fn compiled_modules_import_what_their_texts_name() {
    if !has_python() {
        return;
    }
    let library = "\u{1}\0helper\0dep.inner.deep\0other.deep\0wanted\0\u{1}";
    let mut fixture = Fixture::new(&[("main.py", "import dep._speed")])
        .install(
            "dep",
            &[
                ("dep/__init__.py", ""),
                ("dep/_speed.abi3.so", library),
                ("dep/helper.py", ""),
                ("dep/inner/__init__.py", ""),
                ("dep/inner/deep.py", ""),
            ],
            "Requires-Dist: wanted",
            "",
        )
        .install("wanted", &[("wanted.py", "")], "", "")
        .install("other", &[("other/__init__.py", ""), ("other/deep.py", "")], "", "");
    fixture.overrides.prune = Some(true);
    let contents = fixture.freeze("app/main.py").unwrap();
    for name in ["dep.helper", "dep.inner.deep", "wanted"] {
        assert_eq!(reason(&contents, name), Some(Reason::Compiled), "{name}");
    }
    assert!(module(&contents, "other").is_none());
}

#[test]
fn compiled_modules_import_what_an_extra_names_if_it_is_installed() {
    if !has_python() {
        return;
    }
    let library = "\u{1}\0numbers9\0tables.frame\0black\0no_frames here\0gone\0\u{1}";
    let metadata =
        ["numbers9", "tables", "frames", "gone"].map(|name| format!("Requires-Dist: {name}; extra == 'all'"));
    let contents = Fixture::new(&[("main.py", "import dep._speed")])
        .install("dep", &[("dep/__init__.py", ""), ("dep/_speed.abi3.so", library)], &metadata.join("\n"), "")
        .install("numbers9", &[("numbers9.py", "")], "", "")
        .install("tables", &[("tables/__init__.py", ""), ("tables/frame.py", "")], "", "")
        .install("frames", &[("frames.py", "")], "", "")
        .install("black", &[("black.py", "")], "", "")
        .freeze("app/main.py")
        .unwrap();
    for name in ["numbers9", "tables", "tables.frame"] {
        assert_eq!(reason(&contents, name), Some(Reason::Compiled), "{name}");
    }
    assert!(module(&contents, "frames").is_none() && module(&contents, "black").is_none());
    assert!(contents.missing.is_empty() && contents.warnings.is_empty(), "{:?}", contents.warnings);
}

#[test]
fn the_lock_gives_roots_files_and_distributions() {
    if !has_python() {
        return;
    }
    let lock = "version = 1\nmodules = ['plug.deep']\ndistributions = ['noted']\nfiles = ['words/a.txt', 'package:dep/x.txt']\n";
    let mut fixture =
        Fixture::new(&[("main.py", ""), ("plug/__init__.py", ""), ("plug/deep.py", ""), ("words/a.txt", "")])
            .install("dep", &[("dep/__init__.py", ""), ("dep/x.txt", "")], "", "")
            .install("noted", &[("noted.py", "")], "", "");
    fixture.write("app/pyfreeze.lock", lock);
    let contents = fixture.freeze("app/main.py").unwrap();
    assert_eq!(reason(&contents, "plug.deep"), Some(Reason::Lock));
    let files: Vec<_> = contents.files.iter().map(|file| file.path.as_str()).collect();
    assert!(files.contains(&"words/a.txt") && files.contains(&"lib/python3.13/site-packages/dep/x.txt"), "{files:?}");
    let names: Vec<_> = contents.distributions.iter().map(|one| (one.name.as_str(), one.reason.as_str())).collect();
    assert_eq!(names, [("dep", "used by a traced run"), ("noted", "used by a traced run")]);
    assert!(contents.warnings.is_empty(), "{:?}", contents.warnings);
    fixture.overrides.lock = LockChoice::Unused;
    let contents = fixture.freeze("app/main.py").unwrap();
    assert!(module(&contents, "plug.deep").is_none() && contents.distributions.is_empty());
}
