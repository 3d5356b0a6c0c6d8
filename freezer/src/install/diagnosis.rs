//! What an installer's output means, in one sentence.
//!
//! Comes in: everything that pip (or uv) said. Goes out: what failed, and what to do. It reads texts that are made for
//! people and change: what isn't recognised is shown as its last error line, and the log is always named.

use std::path::{Path, PathBuf};

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
}

impl Diagnosis {
    /// Reads an installer's output; `own` is the requirements file that pyfreeze wrote, of these lines.
    pub(super) fn of(text: &str, own: &Path, own_lines: &[String]) -> Self {
        let text = with_requirements(text, own, own_lines);
        let text = &Text { lines: text.lines().collect() };
        let readers: [fn(&Text<'_>, &Path) -> Option<Self>; 6] = [syntax, digest, build, conflict, not_found, no_space];
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
            Self::Conflict { causes, .. } => causes.clone(),
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

/// `× Building wheel for x (pyproject.toml) did not run successfully.`, the build's own output, `ERROR: Failed …`.
fn build(text: &Text<'_>, _: &Path) -> Option<Diagnosis> {
    let failed = ["ERROR: Failed building wheel for ", "ERROR: Failed to build '"];
    let package = failed.iter().find_map(|words| text.after(words));
    if package.is_none() && !text.has("subprocess-exited-with-error") {
        return None;
    }
    // While metadata are asked for, only the line before says for what.
    let start = text.lines.iter().position(|line| line.contains("subprocess-exited-with-error"));
    let mut before = text.lines[..start.unwrap_or(text.lines.len())].iter().rev();
    let collecting = || before.find_map(|line| line.strip_prefix("Collecting ").or(line.strip_prefix("Processing ")));
    let package = package.or_else(collecting).unwrap_or("?");
    let package = package.split(['\'', ' ']).next().unwrap_or(package);
    // A file of a folder is named by its path.
    let package = package.rsplit('/').next().unwrap_or(package).to_owned();
    let end = text.lines.iter().position(|line| line.contains("[end of output]")).unwrap_or(text.lines.len());
    let said = text.lines[..end].iter().rev().map(|line| line.trim()).filter(|line| !line.is_empty());
    let words = [
        "fatal error:",
        "Python.h",
        "command 'gcc'",
        "command 'cc'",
        "unable to execute",
        "Unknown compiler",
        "can't find Rust",
    ];
    let complaint = said.clone().find(|line| words.iter().any(|word| line.contains(word)));
    let reason = complaint.or_else(|| said.clone().next()).unwrap_or("its build says nothing").to_owned();
    Some(Diagnosis::Build { package, reason, needs_compiler: complaint.is_some() })
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
    if versions.is_empty() && text.has("WARNING: Retrying (") {
        let host = text.after("(host='").and_then(|rest| rest.split('\'').next());
        return Some(Diagnosis::NoNetwork { requirement, host: host.map(str::to_owned) });
    }
    Some(Diagnosis::NotFound { requirement, versions: versions.into_iter().map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Diagnosis;

    fn said(text: &str) -> (String, Vec<String>) {
        let diagnosis = Diagnosis::of(text, Path::new("/own.txt"), &["rich==13".to_owned()]);
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
        let text = "Collecting cffi\n  error: subprocess-exited-with-error\n  × Building wheel for cffi did not run\n  ╰─> [3 lines of output]\n\
                    \x20     x.c:2:10: fatal error: Python.h: No such file or directory\n      error: command 'cc' failed\n      [end of output]\n\
                    \x20 ERROR: Failed building wheel for cffi\n";
        let diagnosis = Diagnosis::of(text, Path::new(""), &[]);
        let Diagnosis::Build { package, needs_compiler: true, .. } = &diagnosis else { panic!("{diagnosis:?}") };
        assert_eq!(package, "cffi");
        let text = "Collecting odd==1 (from x)\n  error: subprocess-exited-with-error\n      ValueError: no\n      [end of output]\n";
        assert_eq!(said(text).0, "Cannot build `odd==1` from its source archive: ValueError: no");
    }

    #[test]
    fn anything_else_is_its_last_error() {
        assert_eq!(said("ERROR: one\nERROR: two\n\n").0, "Cannot install dependencies: two");
        assert_eq!(said("").0, "Cannot install dependencies: the installer said nothing");
    }
}
