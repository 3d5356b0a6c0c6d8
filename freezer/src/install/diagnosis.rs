//! What an installer's output means, in one sentence.
//!
//! Comes in: everything that pip (or uv) said. Goes out: what failed, and what to do. It reads texts that are made for
//! people and change: what isn't recognised is shown as its last error line, and the log is always named.

use std::path::{Path, PathBuf};

use crate::project::{Requirement, normalize};

/// What an installer could not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Diagnosis {
    /// No answer from the network.
    #[error("Cannot reach the package index{}: `{requirement}` is needed", host_text(.host))]
    NoNetwork {
        /// What was asked for.
        requirement: String,
        /// The host that did not answer, if it was said.
        host: Option<String>,
    },
    /// There is no such package, or none of its files is for this Python and system.
    #[error("Found no distribution for CPython 3.13 on x86-64 Linux: `{requirement}`")]
    NotFound {
        /// What was asked for.
        requirement: String,
        /// The versions that there are, the newest last.
        versions: Vec<String>,
    },
    /// It has wheels, for others.
    #[error("Found no wheel for CPython 3.13 on x86-64 Linux: `{requirement}`")]
    NoWheel {
        /// What was asked for.
        requirement: String,
        /// What its wheels are for.
        tags: Vec<String>,
    },
    /// No set of versions fits.
    #[error("Requirements contradict each other: {requirements}")]
    Conflict {
        /// Those at the start of it.
        requirements: String,
        /// Who wants what.
        causes: Vec<String>,
    },
    /// A file has another digest.
    #[error("A downloaded file is not the one that was locked, its digest differs: `{requirement}`")]
    Digest {
        /// What it was downloaded for.
        requirement: String,
    },
    /// Some requirements have digests, and this one has none.
    #[error("A requirement has no digest, although others have: `{requirement}`")]
    NoDigest {
        /// The requirement.
        requirement: String,
    },
    /// A requirement can't be parsed.
    #[error("Cannot understand a requirement{}: `{requirement}`", place_text(.place))]
    Syntax {
        /// Its text.
        requirement: String,
        /// The file and line; none for what pyproject.toml says.
        place: Option<(PathBuf, String)>,
    },
    /// A source archive can't be built.
    #[error("Cannot build `{package}` from its source archive: {reason}")]
    Build {
        /// The package.
        package: String,
        /// The build's last word.
        reason: String,
        /// Whether it wanted to compile.
        needs_compiler: bool,
    },
    /// The disk is full.
    #[error("Cannot install dependencies: no space left")]
    NoSpace,
    /// Anything else.
    #[error("Cannot install dependencies: {0}")]
    Other(String),
    /// What uv says and explains.
    #[error("Cannot install dependencies: {message}")]
    Explained {
        /// The error.
        message: String,
        /// Its causes.
        causes: Vec<String>,
    },
}

impl Diagnosis {
    /// Reads an installer's output, and the details that pip writes to its log only; `own` is the requirements file that
    /// pyfreeze wrote, of these lines.
    pub(super) fn of(text: &str, details: &str, own: &Path, own_lines: &[String]) -> Self {
        let text = with_requirements(text, own, own_lines);
        let text = &Text { lines: text.lines().collect(), details: details.lines().collect() };
        let readers: [fn(&Text<'_>, &Path) -> Option<Self>; 7] =
            [syntax, digest, build, conflict, not_found, no_space, explained];
        readers.iter().find_map(|reader| reader(text, own)).unwrap_or_else(|| Self::Other(text.last_error()))
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoNetwork { .. } => vec![
                "is there a network? another index is named with `--index-url`, or in pip's own settings".into(),
                "`--no-index --find-links DIR` installs from a folder of wheels".into(),
            ],
            Self::NotFound { versions, .. } if versions.is_empty() => {
                vec![
                    "is the name right? if there are only files for other Pythons or systems, choose another version"
                        .into(),
                ]
            }
            Self::NotFound { versions, .. } => {
                let newest: Vec<_> = versions.iter().rev().take(5).map(|version| format!("`{version}`")).collect();
                vec![format!("there are other versions, the newest: {}", newest.join(", "))]
            }
            Self::NoWheel { tags, .. } => {
                let tags = tags
                    .iter()
                    .filter(|tag| tag.contains("linux"))
                    .chain(tags.iter().filter(|tag| !tag.contains("linux")));
                let tags: Vec<_> = tags.take(5).map(|tag| format!("`{tag}`")).collect();
                vec![format!("its wheels are for: {}", tags.join(", ")), "choose a version that has one".into()]
            }
            Self::Conflict { causes, .. } | Self::Explained { causes, .. } => causes.clone(),
            Self::Digest { .. } => {
                vec!["if the package was not changed on purpose, don't trust it; else write the lock anew".into()]
            }
            Self::NoDigest { .. } => vec!["give every requirement a `--hash`, or none".into()],
            Self::Build { needs_compiler: true, .. } => vec![
                "it has to be compiled, which pyfreeze can't do: choose a version that has a wheel".into(),
                "or build its wheel elsewhere (`pip wheel`) and name the wheel's folder with `--find-links`".into(),
                "or install it into a virtual environment and name that with `--venv`".into(),
            ],
            Self::Build { .. } => {
                vec!["choose a version that has a wheel, or install into a virtual environment and name that with `--venv`".into()]
            }
            Self::NoSpace => {
                vec!["free some space, or name a cache folder on another file system: PYFREEZE_CACHE".into()]
            }
            Self::Syntax { .. } | Self::Other(_) => Vec::new(),
        }
    }
}

/// The output with requirements where it names lines of a file that the user has never seen.
fn with_requirements(text: &str, own: &Path, own_lines: &[String]) -> String {
    let mut text = text.to_owned();
    // From the last one, so that `(line 1` doesn't stand for `(line 10`.
    for (index, line) in own_lines.iter().enumerate().rev() {
        text = text.replace(&format!("-r {} (line {})", own.display(), index + 1), line);
    }
    text
}

fn host_text(host: &Option<String>) -> String {
    host.as_ref().map_or_else(String::new, |host| format!(" at `{host}`"))
}

fn place_text(place: &Option<(PathBuf, String)>) -> String {
    place.as_ref().map_or_else(String::new, |(path, line)| format!(" at `{}:{line}`", path.display()))
}

struct Text<'a> {
    lines: Vec<&'a str>,
    details: Vec<&'a str>,
}

impl<'a> Text<'a> {
    /// The first line with `word`, and what follows it there.
    fn after(&self, word: &str) -> Option<&'a str> {
        self.lines.iter().find_map(|line| line.split_once(word).map(|(_, rest)| rest.trim()))
    }

    fn has(&self, word: &str) -> bool {
        self.lines.iter().any(|line| line.contains(word))
    }

    /// The last line that calls itself an error, without that word.
    fn last_error(&self) -> String {
        let mut lines = self.lines.iter().rev().map(|line| line.trim());
        let error = lines.clone().find_map(|line| {
            ["ERROR: ", "error: ", "Caused by: ", "× "].iter().find_map(|word| line.strip_prefix(word))
        });
        error.or_else(|| lines.find(|line| !line.is_empty())).unwrap_or("the installer said nothing").to_owned()
    }
}

fn no_space(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    text.has("No space left on device").then_some(Diagnosis::NoSpace)
}

/// `ERROR: Invalid requirement: 'foo==': Expected …`, and some lines later `(from line 2 of requirements.txt)`.
fn syntax(text: &Text<'_>, own: &Path) -> Option<Diagnosis> {
    let rest = text.after("ERROR: Invalid requirement: ")?;
    let quoted = rest.strip_prefix(['\'', '"']).and_then(|rest| rest.split(['\'', '"']).next());
    let requirement = quoted.unwrap_or(rest).to_owned();
    let place = text.after("(from line ").and_then(|rest| rest.strip_suffix(')')?.split_once(" of "));
    let place = place.map(|(line, path)| (PathBuf::from(path), line.to_owned())).filter(|(path, _)| path != own);
    Some(Diagnosis::Syntax { requirement, place })
}

fn digest(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    let following = |start: usize| {
        let line = text.lines.get(start + 1).map_or("", |line| line.trim());
        line.split(" from ").next().and_then(|line| line.split(" --hash").next()).unwrap_or(line).to_owned()
    };
    let position = |words: &str| text.lines.iter().position(|line| line.contains(words));
    if let Some(start) = position("DO NOT MATCH THE HASHES") {
        return Some(Diagnosis::Digest { requirement: following(start) });
    }
    position("Hashes are required in --require-hashes mode")
        .or_else(|| position("all requirements must have their versions pinned"))
        .map(|start| Diagnosis::NoDigest { requirement: following(start) })
}

/// What builds say that can't compile; the most telling first.
const COMPILER_ERRORS: [&str; 7] = [
    "fatal error:",
    "unable to execute",
    "No such file or directory: 'cc'",
    "No such file or directory: 'gcc'",
    "error: command ",
    "Unknown compiler",
    "can't find Rust",
];

/// What builds say that were about to compile.
const COMPILER_SIGNS: [&str; 2] = ["Python.h", "C compiler for the host machine"];

/// What anything says that fails.
const ERRORS: [&str; 3] = ["ERROR:", "error:", "Error:"];

/// In the details: `Running command Building wheel for x`, what that command says, `ERROR: … exited with 1`, and then
/// which package it was for. Of builds within builds, the innermost fails first.
fn build(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    let lines: Vec<&str> = text.details.iter().map(|line| without_time(line).trim()).collect();
    let is_end = |line: &&str| {
        *line == "error: subprocess-exited-with-error"
            || (line.starts_with("ERROR: ") && line.contains(" exited with "))
    };
    let end = lines.iter().position(is_end)?;
    let start = lines[..end].iter().rposition(|line| line.starts_with("Running command ")).map_or(0, |start| start + 1);
    let said: Vec<&str> = lines[start..end].iter().copied().filter(|line| !line.is_empty()).collect();
    Some(failed_build(built_package(&lines, end), &said))
}

/// A build that failed after it had said this.
fn failed_build(package: String, said: &[&str]) -> Diagnosis {
    let with = |word: &&str| said.iter().find(|line| line.contains(*word));
    let needs_compiler = COMPILER_ERRORS.iter().chain(&COMPILER_SIGNS).find_map(with).is_some();
    let error = COMPILER_ERRORS.iter().chain(&ERRORS).find_map(with).or(said.last());
    let reason = error.map_or("its build says nothing", |line| line.trim()).to_owned();
    Diagnosis::Build { package, reason, needs_compiler }
}

/// uv's errors: `error: …`, lines that begin with `  cause: ` and go on below, `hint: …`.
fn explained(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    let is_error = |pair: &[&str]| pair[0].starts_with("error: ") && pair[1].starts_with("  cause: ");
    let start = text.lines.windows(2).position(is_error)?;
    let message = text.lines[start].trim_start_matches("error: ").to_owned();
    let below = &text.lines[start + 1..];
    if let Some(package) = message.strip_prefix("Failed to build `") {
        let package = package.split('`').next().unwrap_or(package).to_owned();
        let said: Vec<&str> = below.iter().copied().filter(|line| !line.trim_start().starts_with("cause: ")).collect();
        return Some(failed_build(package, &said));
    }
    let mut causes: Vec<String> = Vec::new();
    for line in below.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        let begins = ["cause: ", "hint: "].iter().find_map(|word| line.strip_prefix(word));
        match (begins, causes.last_mut()) {
            (None, Some(cause)) => *cause += &format!(" {line}"),
            (begins, _) => causes.push(begins.unwrap_or(line).to_owned()),
        }
    }
    Some(Diagnosis::Explained { message, causes })
}

/// What was being built when the line at `end` was written.
fn built_package(lines: &[&str], end: usize) -> String {
    let (before, after) = lines.split_at(end);
    let named = ["ERROR: Failed building wheel for ", "ERROR: Failed to build '", "╰─> "];
    let name = |line: &&str| named.iter().find_map(|words| line.strip_prefix(words)).map(str::to_owned);
    let is_box = |line: &str| line.contains("lines of output]") || line.contains("No available output");
    let after = after.iter().filter(|line| !is_box(line)).find_map(name);
    let fetched =
        |line: &&str| line.strip_prefix("Collecting ").or(line.strip_prefix("Processing ")).map(str::to_owned);
    let package = after.or_else(|| before.iter().rev().find_map(fetched)).unwrap_or_else(|| "?".into());
    let package = package.split(['\'', ' ']).next().unwrap_or_default();
    // A file of a folder is named by its path.
    package.rsplit('/').next().unwrap_or(package).to_owned()
}

/// A line of pip's log without `2026-01-31T12:00:00,123 `.
fn without_time(line: &str) -> &str {
    let is_time = |time: &str| time.len() == 23 && time.contains('T') && time.contains(',');
    line.split_once(' ').filter(|(time, _)| is_time(time)).map_or(line, |(_, rest)| rest)
}

fn conflict(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    let start = text.lines.iter().position(|line| line.starts_with("ERROR: Cannot install "))?;
    let line = text.lines[start].trim_start_matches("ERROR: Cannot install ");
    let requirements = line.split(" because ").next().unwrap_or(line);
    let causes = text.lines[start..].iter().skip_while(|line| !line.starts_with("The conflict is caused by")).skip(1);
    let causes = causes
        .take_while(|line| line.starts_with("    "))
        .map(|line| line.trim().replace("The user requested", "the project requires"))
        .collect();
    Some(Diagnosis::Conflict { requirements: requirements.to_owned(), causes })
}

/// `ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1, 2)`; the same without
/// versions is said when there is no network.
fn not_found(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    let rest = text.after("ERROR: Could not find a version that satisfies the requirement ")?;
    let (requirement, versions) = rest.split_once(" (from versions: ").unwrap_or((rest, "none)"));
    let requirement = requirement.split(" (from ").next().unwrap_or(requirement).to_owned();
    let versions: Vec<_> = versions.trim_end_matches(')').split(", ").filter(|version| *version != "none").collect();
    let is_broken =
        text.has("WARNING: Retrying (") || text.details.iter().any(|line| line.contains("connection error"));
    if versions.is_empty() && is_broken {
        let host = text.after("(host='").and_then(|rest| rest.split('\'').next());
        return Some(Diagnosis::NoNetwork { requirement, host: host.map(str::to_owned) });
    }
    let tags = other_wheels(text, &requirement);
    if !tags.is_empty() {
        return Some(Diagnosis::NoWheel { requirement, tags });
    }
    Some(Diagnosis::NotFound { requirement, versions: versions.into_iter().map(str::to_owned).collect() })
}

/// What the wheels of a requirement are for that were passed over: `… none of the wheel's tags (cp27-cp27m-win32) are
/// compatible (…): https://…/name-1.0-cp27-cp27m-win32.whl#…`.
fn other_wheels(text: &Text<'_>, requirement: &str) -> Vec<String> {
    let Some(wanted) = Requirement::parse(requirement) else { return Vec::new() };
    let version =
        requirement.split_once("==").map_or("", |(_, version)| version.split([',', ' ']).next().unwrap_or(""));
    let mut tags = Vec::new();
    for line in &text.details {
        let Some((_, rest)) = line.split_once("none of the wheel's tags (") else { continue };
        let Some((found, rest)) = rest.split_once(')') else { continue };
        let url = rest.split_once("): ").map_or(rest, |(_, url)| url);
        let file = url.split('#').next().unwrap_or(url).rsplit('/').next().unwrap_or(url);
        let mut parts = file.split('-');
        let is_wanted = parts.next().map(normalize) == Some(wanted.name.clone())
            && parts.next().is_some_and(|found| found.starts_with(version));
        let found = found.split(',').next().unwrap_or(found).to_owned();
        if is_wanted && !tags.contains(&found) {
            tags.push(found);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Diagnosis;

    fn said(text: &str) -> (String, Vec<String>) {
        let diagnosis = Diagnosis::of(text, text, Path::new("/own.txt"), &["rich==13".to_owned()]);
        (diagnosis.to_string(), diagnosis.hints())
    }

    #[test]
    fn no_network_is_not_an_unknown_package() {
        let missing = "ERROR: Could not find a version that satisfies the requirement rich<9 (from versions: none)\n\
                       ERROR: No matching distribution found for rich<9\n";
        let broken = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(\
                      \"HTTPSConnection(host='index.example', port=443): x\")': /simple/rich/\n";
        assert_eq!(said(missing).0, "Found no distribution for CPython 3.13 on x86-64 Linux: `rich<9`");
        assert_eq!(
            said(&(broken.to_owned() + missing)).0,
            "Cannot reach the package index at `index.example`: `rich<9` is needed"
        );
    }

    #[test]
    fn other_versions_are_told() {
        let text = "ERROR: Could not find a version that satisfies the requirement a==9 (from app) (from versions: 1.0, 2.0)\n";
        let (error, hints) = said(text);
        assert_eq!(error, "Found no distribution for CPython 3.13 on x86-64 Linux: `a==9`");
        assert_eq!(hints, ["there are other versions, the newest: `2.0`, `1.0`"]);
    }

    #[test]
    fn requirements_that_are_none() {
        let text =
            "ERROR: Invalid requirement: 'foo==': Expected semicolon\n    foo==\n       ^ (from line 2 of r.txt)\n";
        assert_eq!(said(text).0, "Cannot understand a requirement at `r.txt:2`: `foo==`");
        assert_eq!(said(&text.replace("r.txt", "/own.txt")).0, "Cannot understand a requirement: `foo==`");
    }

    #[test]
    fn digests() {
        let text = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If\n    rich==15.0.0 from https://x (from -r h.txt (line 1)):\n";
        assert!(said(text).0.ends_with("its digest differs: `rich==15.0.0`"), "{}", said(text).0);
        let text = "ERROR: Hashes are required in --require-hashes mode, but\n    rich==15.0.0 --hash=sha256:1\n";
        assert!(said(text).0.ends_with(": `rich==15.0.0`"));
    }

    #[test]
    fn conflicts_name_who_wants_what() {
        let text = "ERROR: Cannot install pygments<2 and -r /own.txt (line 1) because these package versions have conflicting dependencies.\n\n\
                    The conflict is caused by:\n    The user requested pygments<2\n    rich 13 depends on pygments>=2\n\nTo fix\n";
        let (error, hints) = said(text);
        assert_eq!(error, "Requirements contradict each other: pygments<2 and rich==13");
        assert_eq!(hints, ["the project requires pygments<2", "rich 13 depends on pygments>=2"]);
    }

    #[test]
    fn builds_that_need_a_compiler() {
        let text = "2026-11-21T09:36:38,929   Running command Building wheel for cffi (pyproject.toml)\n\
                    2026-11-21T09:36:39,584   x.c:2:10: fatal error: Python.h: No such file or directory\n\
                    2026-11-21T09:36:39,585   error: command 'cc' failed\n\
                    2026-11-21T09:36:39,649   ERROR: Building wheel for cffi (pyproject.toml) exited with 1\n\
                    2026-11-21T09:36:39,652   ERROR: Failed building wheel for cffi\n";
        let (error, hints) = said(text);
        let expected =
            "Cannot build `cffi` from its source archive: x.c:2:10: fatal error: Python.h: No such file or directory";
        assert_eq!(error, expected);
        assert!(hints[0].starts_with("it has to be compiled"), "{hints:?}");
    }

    #[test]
    fn of_builds_within_builds_the_innermost_failed() {
        let text = "Collecting outer\n  Running command installing build dependencies for outer\n    Running command Preparing metadata\n\
                    \x20   C compiler for the host machine: cc\n    m.build: ERROR: Dependency \"cairo\" not found\n    A log is there\n\
                    \x20   error: subprocess-exited-with-error\n    ╰─> No available output.\n    ╰─> inner\n\
                    ERROR: Failed to build 'outer' when installing build dependencies for outer\n";
        let expected = "Cannot build `inner` from its source archive: m.build: ERROR: Dependency \"cairo\" not found";
        assert_eq!(said(text).0, expected);
    }

    #[test]
    fn builds_that_fail_otherwise() {
        let text = "Collecting odd==1 (from x)\n  Running command Getting requirements\n  ValueError: no\n\
                    \x20 error: subprocess-exited-with-error\n";
        let (error, hints) = said(text);
        assert_eq!(error, "Cannot build `odd==1` from its source archive: ValueError: no");
        assert!(hints[0].starts_with("choose a version that has a wheel"));
    }

    #[test]
    fn wheels_for_others_are_told() {
        let skipped = |tag: &str, file: &str| {
            format!(
                "2026 Skipping link: none of the wheel's tags ({tag}) are compatible (run x): https://i.example/{file}#sha256=1\n"
            )
        };
        let text = skipped("cp39-cp39-win32", "My_App-2.1.0-cp39-cp39-win32.whl")
            + &skipped("cp38-cp38-win32", "my_app-1.0-cp38-cp38-win32.whl")
            + "ERROR: Could not find a version that satisfies the requirement my-app==2.1 (from versions: 3)\n";
        let (error, hints) = said(&text);
        assert_eq!(error, "Found no wheel for CPython 3.13 on x86-64 Linux: `my-app==2.1`");
        assert_eq!(hints[0], "its wheels are for: `cp39-cp39-win32`");
    }

    #[test]
    fn uv_explains_itself() {
        let text = "Resolved 1 package\nerror: Failed to download `rich==15.0.0`\n  cause: Hash mismatch for `rich==15.0.0`\n\n\
                    \x20        Expected:\n           sha256:00\nhint: try again\n";
        let (error, hints) = said(text);
        assert_eq!(error, "Cannot install dependencies: Failed to download `rich==15.0.0`");
        assert_eq!(hints, ["Hash mismatch for `rich==15.0.0` Expected: sha256:00", "try again"]);
        let text = "error: Failed to build `cffi==2.1.1`\n  cause: The build backend returned an error\n\
                    \x20        x.c:1: fatal error: Python.h: No such file\n";
        let expected = "Cannot build `cffi==2.1.1` from its source archive: x.c:1: fatal error: Python.h: No such file";
        assert_eq!(said(text).0, expected);
    }

    #[test]
    fn anything_else_is_its_last_error() {
        assert_eq!(said("ERROR: one\nERROR: two\n\n").0, "Cannot install dependencies: two");
        assert_eq!(said("").0, "Cannot install dependencies: the installer said nothing");
    }
}
