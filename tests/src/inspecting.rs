//! Looking inside executables: sizes, bills of materials, licences, differences, digests.
//!
//! Comes in: frozen programs. Goes out: that what `pyfreeze inspect` and `verify` say is so, by what others say of the same:
//! the published schemas, the wheels' own metadata, a byte that was changed.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Run, Status};
use crate::damage::find_payload;
use crate::executables::{sample, tool};
use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Options, Stop, Test, TestResult};

/// Bytes of an executable that are changed one by one, evenly over the whole file.
const POSITION_COUNT: u64 = 1000;

/// What reads bills of materials.
const VALIDATORS: &str = "cyclonedx-python-lib[json-validation]==11.12.0\nspdx-tools==0.8.5\n";

/// All tests.
#[must_use]
pub fn tests(options: &Options) -> Vec<Test> {
    let mut tests = vec![
        Test::new("inspect/tree_adds_up", tree_adds_up),
        Test::new("inspect/metadata", metadata),
        Test::new("inspect/differences", differences),
        Test::new("inspect/sections_as_json", sections_as_json),
        Test::new("inspect/files_of_others", files_of_others),
        Test::new("inspect/materials", materials),
        Test::new("inspect/licenses", licenses),
        Test::new("verify/stripped", stripped),
        Test::new("verify/damaged", damaged),
    ];
    if !options.is_quick {
        tests.push(Test::new("verify/every_changed_byte", every_changed_byte));
        tests.push(Test::new("inspect/materials_of_pandas", materials_of_pandas));
    }
    tests
}

/// A project with a licence, an entry point and two packages of its own making in an environment.
const PROJECT: &[(&str, &str)] = &[
    (
        "app/pyproject.toml",
        "[project]\nname = \"Demo.Tool\"\nversion = \"1.5\"\nlicense = \"MIT\"\n[project.scripts]\ndemo = \"demo:main\"\n",
    ),
    ("app/LICENSE", "Demo licence text\n"),
    ("app/demo/__init__.py", "import helper\n\ndef main():\n    print('demo', helper.VALUE)\n"),
    ("app/demo/data.txt", "data\n"),
    ("venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.13.5\n"),
    ("venv/lib/python3.13/site-packages/helper.py", "VALUE = 7\n"),
    (
        "venv/lib/python3.13/site-packages/helper-2.0.dist-info/RECORD",
        "helper.py,,\nhelper-2.0.dist-info/METADATA,,\nhelper-2.0.dist-info/LICENCE,,\n",
    ),
    (
        "venv/lib/python3.13/site-packages/helper-2.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: Helper\nVersion: 2.0\nSummary: Helps\nLicense: BSD\n",
    ),
    ("venv/lib/python3.13/site-packages/helper-2.0.dist-info/LICENCE", "Helper licence text\n"),
    ("venv/lib/python3.13/site-packages/helper-2.0.dist-info/entry_points.txt", "[some.group]\nplug = helper:VALUE\n"),
];

/// The project, frozen as `demo`.
fn project(product: &Product) -> Result<Workspace, Stop> {
    let workspace = Workspace::with_files(PROJECT)?;
    build(product, &workspace, "demo")?;
    let output = Run::new(workspace.join("demo"), workspace.path()).success()?;
    if output.stdout == "demo 7\n" { Ok(workspace) } else { Err(output.report().into()) }
}

fn build(product: &Product, workspace: &Workspace, name: &str) -> TestResult {
    let arguments = ["build", "app", "--venv", "venv", "-q", "-o", name];
    product.command(workspace.path()).args(arguments).success()?;
    Ok(())
}

/// What `pyfreeze` prints with these words, which must succeed.
fn said(product: &Product, workspace: &Workspace, arguments: &[&str]) -> Result<String, Stop> {
    Ok(product.command(workspace.path()).args(arguments.iter().copied()).success()?.stdout)
}

/// Status and words where it may fail.
fn answer(product: &Product, workspace: &Workspace, arguments: &[&str]) -> String {
    let output = product.command(workspace.path()).args(arguments.iter().copied()).output();
    let normalizer = Normalizer::default().path(workspace.path(), "<folder>");
    let status = match output.status {
        Status::Exited(code) => format!("status {code}"),
        other => format!("{other:?}"),
    };
    normalizer.apply(&format!("{status}\n{}{}", output.stderr, output.stdout)).trim_end().to_owned()
}

fn json(text: &str) -> Result<Value, Stop> {
    serde_json::from_str(text).map_err(|error| Stop::Failed(format!("not JSON: {error}\n{text}")))
}

fn expect(text: &str, parts: &[&str]) -> TestResult {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(part) => Err(format!("`{part}` is missing in:\n{text}").into()),
        None => Ok(()),
    }
}

fn tree_adds_up(product: &Product) -> TestResult {
    let workspace = project(product)?;
    let tree = json(&said(product, &workspace, &["inspect", "demo", "--tree", "--json"])?)?;
    let size = fs::metadata(workspace.join("demo"))?.len();
    if tree["size"].as_u64() != Some(size) {
        return Err(format!("the tree has {}, the file {size}", tree["size"]).into());
    }
    check_sums(&tree)?;
    let names: Vec<_> =
        tree["children"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
    for name in ["stub", "index", "the project", "the standard library", "Helper 2.0"] {
        if !names.contains(&name) {
            return Err(format!("`{name}` is not in the tree: {names:?}").into());
        }
    }
    let text = said(product, &workspace, &["inspect", "demo", "--tree", "--depth", "3"])?;
    expect(&text, &["Helper 2.0", "├─ stub", &format!("{size} bytes in all\n")])
}

/// What stands under something is all of it.
fn check_sums(tree: &Value) -> TestResult {
    let Some(children) = tree["children"].as_array() else { return Ok(()) };
    for what in ["size", "code", "sources", "data", "libraries"] {
        let sum: u64 = children.iter().filter_map(|child| child[what].as_u64()).sum();
        if tree[what].as_u64() != Some(sum) {
            return Err(format!("{what} of `{}` is {}, of what is in it {sum}", tree["name"], tree[what]).into());
        }
    }
    children.iter().try_for_each(check_sums)
}

fn metadata(product: &Product) -> TestResult {
    let workspace = project(product)?;
    let text = said(product, &workspace, &["inspect", "demo", "--metadata"])?;
    let (_, distributions) = text.split_once("Demo.Tool").ok_or_else(|| text.clone())?;
    insta::assert_snapshot!(format!("Demo.Tool{distributions}"), @r"
    Demo.Tool 1.5
      why        the project itself
      licence    MIT
      offers     demo = demo:main  [console_scripts]
    Helper 2.0
      summary    Helps
      why        imported by demo
      licence    BSD
      offers     plug = helper:VALUE  [some.group]
    ");
    let value = json(&said(product, &workspace, &["inspect", "demo", "--metadata", "--json"])?)?;
    let entry_points = &value["distributions"][1]["entry_points"];
    if entry_points["some.group"]["plug"] == "helper:VALUE" { Ok(()) } else { Err(value.to_string().into()) }
}

fn differences(product: &Product) -> TestResult {
    let workspace = project(product)?;
    insta::assert_snapshot!(said(product, &workspace, &["inspect", "demo", "--diff", "demo"])?, @r"
    demo → demo
      identical, every byte
    ");
    workspace.write("app/demo/data.txt", "other\n")?;
    workspace.write("app/demo/new.py", "NEW = 1\n")?;
    let site = "venv/lib/python3.13/site-packages";
    fs::rename(
        workspace.join(&format!("{site}/helper-2.0.dist-info")),
        workspace.join(&format!("{site}/helper-2.1.dist-info")),
    )?;
    workspace.write(&format!("{site}/helper-2.1.dist-info/METADATA"), "Name: Helper\nVersion: 2.1\n")?;
    workspace.write(&format!("{site}/helper-2.1.dist-info/RECORD"), "helper.py,,\n")?;
    build(product, &workspace, "later")?;
    let text = said(product, &workspace, &["inspect", "demo", "--diff", "later"])?;
    let changes: Vec<_> = text.lines().filter(|line| line.starts_with(['+', '-', '~'])).collect();
    insta::assert_snapshot!(changes.join("\n"), @r"
    ~ distribution  Helper 2.0 → 2.1
    + module  lib/python3.13/site-packages/demo/new.py
    + file  lib/python3.13/site-packages/helper-2.1.dist-info/LICENCE
    + file  lib/python3.13/site-packages/helper-2.1.dist-info/METADATA
    + file  lib/python3.13/site-packages/helper-2.1.dist-info/RECORD
    + file  lib/python3.13/site-packages/helper-2.1.dist-info/entry_points.txt
    - file  lib/python3.13/site-packages/helper-2.0.dist-info/LICENCE
    - file  lib/python3.13/site-packages/helper-2.0.dist-info/METADATA
    - file  lib/python3.13/site-packages/helper-2.0.dist-info/RECORD
    - file  lib/python3.13/site-packages/helper-2.0.dist-info/entry_points.txt
    ~ file  lib/python3.13/site-packages/demo/data.txt
    ~ file  lib/python3.13/site-packages/demo_tool-1.5.dist-info/RECORD
    ");
    let value = json(&said(product, &workspace, &["inspect", "demo", "--diff", "later", "--json"])?)?;
    let is_told = value["components"][0]["new"] == "2.1" && value["is_identical"] == false;
    if is_told { Ok(()) } else { Err(value.to_string().into()) }
}

fn sections_as_json(product: &Product) -> TestResult {
    let workspace = project(product)?;
    let all = ["--tree", "--modules", "--files", "--libraries", "--metadata", "--snapshot", "--licenses", "--json"];
    let arguments = [&["inspect", "demo"], all.as_slice()].concat();
    let value = json(&said(product, &workspace, &arguments)?)?;
    let names: Vec<_> = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    insta::assert_snapshot!(names.join(" "), @"files libraries licenses metadata modules snapshot tree");
    let modules = json(&said(product, &workspace, &["inspect", "demo", "--modules", "--json"])?)?;
    let is_list = modules.as_array().is_some_and(|modules| modules.iter().any(|one| one["name"] == "helper"));
    if is_list { Ok(()) } else { Err("`--modules --json` lists no module `helper`".to_owned().into()) }
}

fn files_of_others(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        ("zipped/__main__.py", "print(1)\n"),
        ("script", "#!/bin/sh\n"),
        ("empty", ""),
        ("text", "no program\n"),
    ])?;
    let zipapp = ["-I", "-m", "zipapp", "zipped", "-p", "/usr/bin/env python3"];
    Run::new(&product.python, workspace.path()).args(zipapp).success()?;
    let module = "import py_compile\npy_compile.compile('zipped/__main__.py', 'compiled.pyc')\n";
    Run::new(&product.python, workspace.path()).args(["-I", "-c", module]).success()?;
    let names = ["zipped.pyz", "compiled.pyc", "script", "empty", "text", "zipped", "nowhere", "/bin/true"];
    let answers = names.map(|name| answer(product, &workspace, &["verify", name]));
    insta::assert_snapshot!(answers.join("\n"), @r"
    status 1
    error: `zipped.pyz` was not made by pyfreeze: it is a zipapp (a zip archive with a `__main__.py`)
    hint: only executables made by `pyfreeze build` can be inspected
    status 1
    error: `compiled.pyc` was not made by pyfreeze: it is a compiled Python module
    hint: `pyfreeze pyc compiled.pyc` says what is in it
    status 1
    error: `script` was not made by pyfreeze: it is a script
    hint: only executables made by `pyfreeze build` can be inspected
    status 1
    error: `empty` was not made by pyfreeze: it is an empty file
    hint: only executables made by `pyfreeze build` can be inspected
    status 1
    error: `text` was not made by pyfreeze: it is not an executable
    hint: only executables made by `pyfreeze build` can be inspected
    status 1
    error: Cannot inspect `zipped`: it is a folder
    hint: `pyfreeze build zipped` makes an executable of a project
    status 1
    error: Cannot read `nowhere`: No such file or directory (os error 2)
    status 1
    error: `/bin/true` was not made by pyfreeze: it is an ELF file without a payload
    hint: only executables made by `pyfreeze build` can be inspected
    ");
    Ok(())
}

/// Both forms are valid, and what is embedded is what is printed; a second build has the same.
fn materials(product: &Product) -> TestResult {
    let workspace = project(product)?;
    build(product, &workspace, "again")?;
    for form in ["cyclonedx", "spdx"] {
        let text = |name: &str| said(product, &workspace, &["inspect", name, "--sbom", form]);
        if text("demo")? != text("again")? {
            return Err(format!("two builds have different bills ({form})").into());
        }
    }
    let listed = validated(product, &workspace, "demo")?;
    expect(&listed, &["Demo.Tool 1.5\n", "Helper 2.0\n", "cpython 3.13", "openssl 3", "sqlite 3", "zlib 1"])
}

/// Writes both bills of an executable, has them validated, and gives the components that a reader sees.
fn validated(product: &Product, workspace: &Workspace, name: &str) -> Result<String, Stop> {
    let venv = packages::environment_with_libraries(product, VALIDATORS)?;
    for form in ["cyclonedx", "spdx"] {
        let text = said(product, workspace, &["inspect", name, "--sbom", form])?;
        workspace.write(&format!("{form}.{}", if form == "spdx" { "spdx.json" } else { "json" }), text)?;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sbom/validate.py");
    let run = Run::new(venv.join("bin/python"), workspace.path()).arg("-I").arg(script);
    Ok(run.args(["cyclonedx.json", "spdx.spdx.json"]).success()?.stdout)
}

fn licenses(product: &Product) -> TestResult {
    let workspace = project(product)?;
    let text = said(product, &workspace, &["inspect", "demo", "--licenses"])?;
    let texts = ["Demo licence text", "Helper licence text", "PYTHON SOFTWARE FOUNDATION LICENSE", "Apache License"];
    expect(&text, &texts)?;
    let notices = json(&said(product, &workspace, &["inspect", "demo", "--licenses", "--json"])?)?;
    for notice in notices.as_array().into_iter().flatten() {
        let is_there = notice["texts"].as_array().is_some_and(|texts| !texts.is_empty());
        if !is_there || notice["license"] == "" {
            return Err(format!("a part without a licence, or without its text: {notice}").into());
        }
    }
    // Libraries that only programs with extension modules get have no licence in this one.
    if text.contains("libstdc++") {
        Err("the licence of a library that is not inside".to_owned().into())
    } else {
        Ok(())
    }
}

/// A program with large wheels: every licence file that the wheels have is printed, word for word.
fn materials_of_pandas(product: &Product) -> TestResult {
    let venv = packages::environment_with_libraries(product, "pandas==3.0.1\n")?;
    let workspace =
        Workspace::with_files(&[("table.py", "import pandas\nprint(pandas.DataFrame({'a': [1, 2]}).sum()['a'])\n")])?;
    let venv_text = venv.display().to_string();
    said(product, &workspace, &["build", "table.py", "--venv", &venv_text, "-q", "-o", "table"])?;
    let listed = validated(product, &workspace, "table")?;
    expect(&listed, &["pandas 3.0.1\n", "numpy ", "libscipy_openblas64_ 0.3.", "libgcc_s "])?;
    let text = said(product, &workspace, &["inspect", "table", "--licenses"])?;
    let site = packages::site_packages(&venv);
    let mut count = 0;
    for name in ["pandas", "numpy", "six", "python_dateutil", "tzdata", "pytz"] {
        for file in license_files(&site, name) {
            let expected = String::from_utf8_lossy(&fs::read(&file)?).trim_end().to_owned();
            if !text.contains(&expected) {
                return Err(format!("the text of `{}` is missing", file.display()).into());
            }
            count += 1;
        }
    }
    if count > 10 { Ok(()) } else { Err(format!("only {count} licence files were found to compare").into()) }
}

/// The licence files in a distribution's metadata.
fn license_files(site: &Path, name: &str) -> Vec<PathBuf> {
    let is_license = |path: &Path| {
        let text = path.to_string_lossy().into_owned();
        let is_of = text.contains(&format!("/{name}-")) && text.contains(".dist-info/");
        is_of && (text.contains("/licenses/") || text.contains(".dist-info/LICENSE"))
    };
    let files = walkdir::WalkDir::new(site).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).filter(|path| is_license(path)).collect()
}

fn stripped(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    let verify = |options: &[&str]| answer(product, &workspace, &[&["verify", "sample"], options].concat());
    let intact = verify(&[]);
    expect(&intact, &["status 0\nsample: intact, every byte\n  payload    ", "\n  file       "])?;
    Run::new(tool("strip")?, workspace.path()).arg(&executable).success()?;
    insta::assert_snapshot!(verify(&[]), @r"
    status 1
    error: `sample` was changed around its payload: the runtime's bytes differ from their digest
    hint: `strip`, `objcopy` and signatures do that; `--payload-only` accepts it and checks the rest
    hint: the file may have been damaged while copying; fetch it again
    ");
    let accepted = verify(&["--payload-only"]);
    expect(&accepted, &["status 0\nsample: payload intact; changed around it\n", "differs from its digest"])?;
    let value =
        json(&answer(product, &workspace, &["verify", "sample", "--payload-only", "--json"])["status 0\n".len()..])?;
    let is_told = value["is_intact"] == false && value["is_payload_intact"] == true;
    if is_told { Ok(()) } else { Err(value.to_string().into()) }
}

fn damaged(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    let bytes = fs::read(&executable)?;
    let (offset, size) = find_payload(&bytes)?;
    let with = |name: &str, position: u64, new: &[u8]| -> Result<String, Stop> {
        let copy = workspace.join(name);
        fs::copy(&executable, &copy)?;
        OpenOptions::new().write(true).open(&copy)?.write_all_at(new, position)?;
        let answers = ["verify", "inspect"].map(|command| answer(product, &workspace, &[command, name]));
        let version = format!("this one reads {}", pyfreeze_format::layout::VERSION);
        Ok(answers.join("\n").replace(&version, "this one reads #"))
    };
    let newer = with("newer", offset + 8, &99_u32.to_le_bytes())?;
    let older = with("older", offset + 8, &1_u32.to_le_bytes())?;
    let head = with("head", offset + 100, b"?")?;
    fs::write(workspace.join("short"), &bytes[..usize::try_from(offset + size / 2).unwrap_or(0)])?;
    let short = answer(product, &workspace, &["verify", "short"]);
    insta::assert_snapshot!([newer, older, head, short].join("\n"), @r"
    status 1
    error: `newer` was made by a newer pyfreeze: its format version is 99, this one reads #
    hint: use the pyfreeze that made it, or one that is newer still
    status 1
    error: `newer` was made by a newer pyfreeze: its format version is 99, this one reads #
    hint: use the pyfreeze that made it, or one that is newer still
    status 1
    error: `older` was made by an older pyfreeze: its format version is 1, this one reads #
    hint: use the pyfreeze that made it, or build it anew
    status 1
    error: `older` was made by an older pyfreeze: its format version is 1, this one reads #
    hint: use the pyfreeze that made it, or build it anew
    status 1
    error: `head` is damaged: the checksum of its index differs
    hint: the file may have been truncated while copying; fetch it again
    status 1
    error: `head` is damaged: the checksum of its index differs
    hint: the file may have been truncated while copying; fetch it again
    status 1
    error: `short` is damaged: it is cut off
    hint: the file may have been truncated while copying; fetch it again
    ");
    Ok(())
}

/// The stub, its headers, the payload's index, data, digests and trailer, padding, and the section headers at the end.
fn every_changed_byte(product: &Product) -> TestResult {
    let (workspace, executable) = sample(product)?;
    let bytes = fs::read(&executable)?;
    let size = bytes.len() as u64;
    let even = (0..POSITION_COUNT).map(|number| number * size / POSITION_COUNT);
    let ends = (0..64).chain(size - 64..size);
    for position in even.chain(ends) {
        let old = bytes[usize::try_from(position).unwrap_or(0)];
        let write = |byte: u8| -> std::io::Result<()> {
            OpenOptions::new().write(true).open(&executable)?.write_all_at(&[byte], position)
        };
        write(old ^ 1)?;
        let output = product.command(workspace.path()).args(["verify", "sample"]).output();
        write(old)?;
        if output.status != Status::Exited(1) || !output.stderr.starts_with("error: `sample` ") {
            return Err(format!("byte {position} of {size} was changed\n{}", output.report()).into());
        }
    }
    said(product, &workspace, &["verify", "sample"]).map(|_| ())
}
