//! The directives of a case: lines that begin with `#|`.
//!
//! Comes in: the text of a case's main file. Goes out: what to build, how to run it, what to expect. An unknown
//! directive is an error, so that a misspelt expectation can't pass.

use std::time::Duration;

use crate::command::{Status, Streams};
use crate::levels::Level;

/// Everything a case asks for.
#[derive(Clone, Debug, Default)]
pub struct Directives {
    /// The comment above the directives: what is proved.
    pub purpose: String,
    /// Options of `pyfreeze build`.
    pub freeze: Vec<String>,
    /// Options of the reference python that mean the same.
    pub python: Vec<String>,
    /// One run for each of these command lines; a single one without arguments if there are none.
    pub argument_lists: Vec<Vec<String>>,
    /// Standard input.
    pub input: String,
    /// Extra variables.
    pub environment: Vec<(String, String)>,
    /// Files in the working folder: name and text.
    pub files: Vec<(String, String)>,
    /// How the standard streams are set up.
    pub streams: Streams,
    /// Whether the reference is the judge.
    pub is_same_as_python: bool,
    /// The whole of stdout, if given.
    pub stdout: Option<String>,
    /// How the program must end, if given.
    pub status: Option<Status>,
    /// Texts that stderr must contain.
    pub errors: Vec<String>,
    /// Packages from PyPI.
    pub packages: Vec<String>,
    /// Programs of the host.
    pub tools: Vec<String>,
    /// How long a run may take.
    pub time_limit: Option<Duration>,
    /// The levels of the snapshot at which it holds; all if there are none.
    pub levels: Vec<Level>,
    /// Why the case waits, if it does.
    pub deferred: Option<String>,
}

impl Directives {
    /// Reads the directives of a text.
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut directives = Self::default();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("#|") else {
                if let (Some(comment), true) = (line.strip_prefix("# "), directives.purpose.is_empty()) {
                    directives.purpose = comment.to_owned();
                }
                continue;
            };
            let (name, value) = rest.split_once(':').unwrap_or((rest, ""));
            directives
                .add(name.trim(), value.strip_prefix(' ').unwrap_or(value))
                .map_err(|why| format!("`{line}`: {why}"))?;
        }
        directives.check()
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "Freeze" => self.freeze.extend(words(value)),
            "Python" => self.python.extend(words(value)),
            "Args" => self.argument_lists.push(words(value)),
            "Stdin" => self.input.push_str(&unescaped(value)),
            "Env" => self.environment.push(pair(value)?),
            "File" => self.files.push(pair(value)?),
            "Run" => self.streams = streams(value)?,
            "SameAsPython" => self.is_same_as_python = true,
            "ExpectStdout" => {
                let stdout = self.stdout.get_or_insert_default();
                stdout.push_str(&unescaped(value));
                stdout.push('\n');
            }
            "ExpectStatus" => self.status = Some(status(value)?),
            "ExpectError" => self.errors.push(value.to_owned()),
            "Requires" => match value.split_once(' ') {
                Some(("pypi", packages)) => self.packages.extend(words(packages)),
                Some(("tool", tools)) => self.tools.extend(words(tools)),
                _ => return Err("Requires is followed by `pypi` or `tool`".to_owned()),
            },
            "Seconds" => self.time_limit = Some(Duration::from_secs(value.parse().map_err(|_| "not a number")?)),
            "Levels" => {
                let level = |name: &str| Level::named(name).ok_or("no such level");
                self.levels = value.split_whitespace().map(level).collect::<Result<_, _>>()?;
            }
            "Deferred" => self.deferred = Some(value.to_owned()),
            _ => return Err("no such directive".to_owned()),
        }
        Ok(())
    }

    fn check(mut self) -> Result<Self, String> {
        let expects =
            self.is_same_as_python || self.stdout.is_some() || self.status.is_some() || !self.errors.is_empty();
        if self.purpose.is_empty() {
            return Err("the first comment must say what is proved".to_owned());
        }
        if !expects {
            return Err("nothing is expected: add `#| SameAsPython` or an `#| Expect…`".to_owned());
        }
        if self.argument_lists.is_empty() {
            self.argument_lists.push(Vec::new());
        }
        Ok(self)
    }
}

fn words(value: &str) -> Vec<String> {
    value.split_whitespace().map(str::to_owned).collect()
}

fn pair(value: &str) -> Result<(String, String), String> {
    let (name, text) = value.split_once('=').ok_or("expected `name=value`")?;
    Ok((name.to_owned(), unescaped(text)))
}

fn unescaped(value: &str) -> String {
    value.replace("\\n", "\n")
}

fn status(value: &str) -> Result<Status, String> {
    match value {
        "SIGINT" => Ok(Status::Signal(2)),
        "SIGABRT" => Ok(Status::Signal(6)),
        "SIGSEGV" => Ok(Status::Signal(11)),
        "SIGPIPE" => Ok(Status::Signal(13)),
        "SIGTERM" => Ok(Status::Signal(15)),
        number => number.parse().map(Status::Exited).map_err(|_| "not an exit status".to_owned()),
    }
}

fn streams(value: &str) -> Result<Streams, String> {
    Ok(match value {
        "closed-stdin" => Streams::ClosedInput,
        "closed-stdout" => Streams::ClosedOutput,
        "closed-stderr" => Streams::ClosedError,
        "all-closed" => Streams::AllClosed,
        "full" => Streams::Full,
        "pipe" => Streams::EarlyReader,
        "tty" => Streams::Terminal,
        "shell" => Streams::Shell,
        _ => return Err("no such set-up of streams".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_line_is_a_run() {
        let found = Directives::parse("# Why.\n#| SameAsPython\n#| Args: a b\n#| Args:\n").unwrap();
        assert_eq!(found.argument_lists, [vec!["a".to_owned(), "b".to_owned()], vec![]]);
    }

    #[test]
    fn an_unknown_directive_is_refused() {
        assert!(Directives::parse("# Why.\n#| SameAsPython\n#| Expct: 1\n").unwrap_err().contains("no such directive"));
    }

    #[test]
    fn a_case_without_expectation_is_refused() {
        assert!(Directives::parse("# Why.\nprint(1)\n").unwrap_err().contains("nothing is expected"));
    }
}
