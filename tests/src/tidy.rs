//! Architecture rules: each says where the code belongs instead.
//!
//! Comes in: the source files of the checkout. Goes out: one test for each rule, with the lines that break it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::product::Product;
use crate::runner::{Stop, Test, TestResult};
use crate::tidy_unsafe;

/// Files longer than this are split by noun.
const MAX_LINES: usize = 800;

/// The freezer's stages in the order in which data flows: a stage may use itself and what stands before it. `runtime`
/// is none of them: its library is an input of the first stages, its interpreter a product of the last.
const STAGES: &[&str] = &[
    "contents",
    "bytecode",
    "project",
    "install",
    "graph",
    "sbom",
    "payload",
    "image",
    "executable",
    "snapshot",
    "inspect",
    "pyc",
    "dis",
    "extract",
    "bench",
    "trace",
];

/// The only modules that may talk to people.
const FRONT_ENDS: &[&str] = &["cli", "ui"];

/// A rule: gives the lines that break it.
type Rule = fn(&Tree) -> Vec<String>;

/// All rules.
#[must_use]
pub fn tests() -> Vec<Test> {
    let rules: &[(&str, Rule)] = &[
        ("every_file_opens_with_a_header", headers),
        ("files_are_short", lengths),
        ("stages_do_not_look_ahead", layering),
        ("only_the_front_end_talks", front_end),
        ("format_constants_stand_in_one_place", format_constants),
        ("no_paths_of_a_build_machine", build_paths),
        ("no_registry_hosts", registry_hosts),
        ("no_archives_and_no_machine_code", archives),
        ("unsafe_stands_in_sys_only", tidy_unsafe::outside_sys),
        ("every_unsafe_block_says_why", tidy_unsafe::without_reason),
        ("unsafe_inventory_is_the_code", tidy_unsafe::inventory),
        ("documents_name_files_that_exist", documents),
        ("hooks_are_those_of_the_package", hooks),
    ];
    let test = |(name, rule): &(&str, Rule)| {
        let rule = *rule;
        Test::new(format!("tidy/{name}"), move |product| run(rule, product))
    };
    rules.iter().map(test).collect()
}

fn run(rule: Rule, product: &Product) -> TestResult {
    let problems = rule(&Tree::read(&product.checkout)?);
    if problems.is_empty() { Ok(()) } else { Err(Stop::Failed(problems.join("\n"))) }
}

/// The files of the checkout.
#[derive(Debug)]
pub struct Tree {
    /// The checkout.
    pub root: PathBuf,
    /// Path relative to the checkout, and text, sorted by path.
    pub files: Vec<(String, String)>,
    /// Those that are not text, alike.
    pub binaries: Vec<(String, Vec<u8>)>,
}

impl Tree {
    fn read(root: &Path) -> Result<Self, Stop> {
        let skipped = ["target", ".git", "__pycache__", "node_modules"];
        let is_kept = |entry: &walkdir::DirEntry| !skipped.iter().any(|name| entry.file_name() == *name);
        let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_kept).flatten();
        let (mut files, mut binaries) = (Vec::new(), Vec::new());
        for entry in entries.filter(|entry| entry.file_type().is_file()) {
            let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).display().to_string();
            match String::from_utf8(fs::read(entry.path())?) {
                Ok(text) => files.push((path, text)),
                Err(other) => binaries.push((path, other.into_bytes())),
            }
        }
        Ok(Self { root: root.to_path_buf(), files, binaries })
    }

    /// The Rust files below a folder.
    pub fn rust<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let is_rust = move |path: &str| path.starts_with(folder) && path.ends_with(".rs");
        self.files.iter().filter(move |(path, _)| is_rust(path)).map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

fn headers(tree: &Tree) -> Vec<String> {
    let lacking = tree.rust("").filter(|(_, text)| !text.starts_with("//! "));
    lacking
        .map(|(path, _)| format!("{path}: begin with `//!`: what comes in, what goes out, what it must never do"))
        .collect()
}

fn lengths(tree: &Tree) -> Vec<String> {
    let long = tree.files.iter().filter(|(path, _)| [".rs", ".py", ".c", ".h"].iter().any(|end| path.ends_with(end)));
    let count = |text: &str| text.lines().count();
    long.filter(|(_, text)| count(text) > MAX_LINES)
        .map(|(path, text)| format!("{path}: {} lines; past {MAX_LINES}, split it by noun", count(text)))
        .collect()
}

fn layering(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (position, stage) in STAGES.iter().enumerate() {
        let later = &STAGES[position + 1..];
        for (path, text) in stage_files(tree, stage) {
            for (number, line) in code_lines(text) {
                let seen = later.iter().find(|later| line.contains(&format!("crate::{later}")));
                problems.extend(seen.map(|later| {
                    format!(
                        "{path}:{number}: `{stage}` comes before `{later}`; hand the value over in freeze.rs instead"
                    )
                }));
            }
        }
    }
    problems
}

fn stage_files<'a>(tree: &'a Tree, stage: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let folder = format!("freezer/src/{stage}/");
    let file = format!("freezer/src/{stage}.rs");
    tree.rust("freezer/src/").filter(move |(path, _)| (path.starts_with(&folder) || *path == file) && !is_test(path))
}

/// Unit tests in a file of their own may look everywhere.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn front_end(tree: &Tree) -> Vec<String> {
    let is_front = |path: &str| {
        let inside = FRONT_ENDS.iter().any(|name| path.starts_with(&format!("freezer/src/{name}")));
        inside || path == "freezer/src/main.rs" || is_test(path)
    };
    let words = ["clap::", "indicatif::", "println!", "eprintln!", "process::exit"];
    let mut problems = Vec::new();
    for (path, text) in tree.rust("freezer/src/").filter(|(path, _)| !is_front(path)) {
        for (number, line) in code_lines(text).filter(|(_, line)| words.iter().any(|word| line.contains(word))) {
            problems.push(format!("{path}:{number}: only cli and ui talk; return a value instead: {}", line.trim()));
        }
    }
    problems
}

fn format_constants(tree: &Tree) -> Vec<String> {
    let words = ["PYFRZ", "PYFREND", "0x10_0000_0000", "0x1000000000", "\"/proc/self/exe\""];
    let is_home = |path: &str| path.starts_with("runtime-stub/format/") || path == "tests/src/tidy.rs";
    let mut problems = Vec::new();
    for (path, text) in tree.rust("").filter(|(path, _)| !is_home(path)) {
        // `c"/proc/self/exe"` is the kernel's link, not our root.
        let is_copy =
            |line: &str| words.iter().any(|word| line.contains(word)) && !line.contains("c\"/proc/self/exe\"");
        for (number, line) in code_lines(text).filter(|(_, line)| is_copy(line)) {
            problems.push(format!("{path}:{number}: take it from `pyfreeze_format`: {}", line.trim()));
        }
    }
    problems
}

fn build_paths(tree: &Tree) -> Vec<String> {
    let prefixes = [concat!("/wo", "rk/"), concat!("/home", "/"), concat!("/root", "/")];
    find_words(tree, &prefixes, "a path of somebody's machine; take it from the environment or make it relative")
}

fn registry_hosts(tree: &Tree) -> Vec<String> {
    let hosts = [
        concat!("pypi", ".org/simple"),
        concat!("files.python", "hosted"),
        concat!("deb.deb", "ian.org"),
        concat!("static.cra", "tes.io"),
    ];
    find_words(tree, &hosts, "name packages, not hosts: which mirror is used is the machine's business")
}

/// What others have made is pinned by version and digest, and fetched.
fn archives(tree: &Tree) -> Vec<String> {
    let begins: [&[u8]; 6] = [b"PK\x03\x04", b"\x7fELF", b"!<arch>\n", b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];
    let is_archive = |bytes: &[u8]| begins.iter().any(|begin| bytes.starts_with(begin));
    let found = tree.binaries.iter().filter(|(_, bytes)| is_archive(bytes));
    found.map(|(path, _)| format!("{path}: fetch it by version and digest, or make it when it is needed")).collect()
}

fn find_words(tree: &Tree, words: &[&str], advice: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        let has = |line: &str| words.iter().any(|word| begins_a_word(line, word));
        for (number, line) in text.lines().enumerate().filter(|(_, line)| has(line)) {
            problems.push(format!("{path}:{}: {advice}: {}", number + 1, line.trim()));
        }
    }
    problems
}

/// True when the text holds `word` and not as the end of a longer path.
fn begins_a_word(text: &str, word: &str) -> bool {
    let is_inside =
        |before: &str| before.ends_with(|letter: char| letter.is_alphanumeric() || "._-}>".contains(letter));
    text.match_indices(word).any(|(position, _)| !is_inside(&text[..position]))
}

/// The module `pyfreeze` is in every executable's library, and a package for plain python: one text.
fn hooks(tree: &Tree) -> Vec<String> {
    let paths = ["runtime-stub/bootstrap/_pyfreeze_hooks.py", "templates/pyfreeze-hooks/src/pyfreeze/__init__.py"];
    let text = |wanted: &str| tree.files.iter().find(|(path, _)| path == wanted).map(|(_, text)| text);
    if text(paths[0]).is_some() && text(paths[0]) == text(paths[1]) {
        return Vec::new();
    }
    vec![format!("{}: copy {} over it", paths[0], paths[1])]
}

/// A path in backticks that looks like one of ours must exist.
fn documents(tree: &Tree) -> Vec<String> {
    let folders = ["freezer/", "runtime-stub/", "tests/", "examples/", "xtask/", "templates/"];
    let mut problems = Vec::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| path.ends_with(".md") && !path.contains("CHANGELOG")) {
        let quoted =
            text.split('`').skip(1).step_by(2).filter(|word| folders.iter().any(|folder| word.starts_with(folder)));
        let is_plain = |word: &&str| !word.contains(['*', '<', '{', ' ', '\n']);
        // From the checkout, or from the document's own folder.
        let beside = tree.root.join(path).parent().unwrap_or(&tree.root).to_path_buf();
        let exists =
            |word: &&str| [&tree.root, &beside].iter().any(|base| base.join(word.trim_end_matches('/')).exists());
        for word in quoted.filter(is_plain).filter(|word| !exists(word)) {
            problems.push(format!("{path}: `{word}` does not exist"));
        }
    }
    problems
}

/// The lines of a file that are code, numbered from 1: no comments, no unit tests at its end.
pub fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_test = |line: &&str| !line.starts_with("#[cfg(test)]");
    let lines = text.lines().take_while(is_test).enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}
