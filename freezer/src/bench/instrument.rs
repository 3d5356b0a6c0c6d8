//! A program with a module in front: one that ends it early, or one that writes down what its imports take.
//!
//! Comes in: a project that has just been read. Goes out: the same with one import more before its first statement, and the
//! module that this import finds. An import, because the imports with which a program begins decide what is in its
//! snapshot, and a statement of any other kind would end them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bytecode::SourceText;
use crate::project::{Place, Project, RootSource, SourceOwner};

const BEGIN_WITH: &str = include_str!("begin_with.py");
const RECORDER: &str = include_str!("import_recorder.py");
const STOP: &str = include_str!("stop.py");

/// The exit status of a program that was ended early: none that programs use.
pub(super) const STOPPED_STATUS: i32 = 117;

/// The names of the modules in front; stop.py knows the first.
const RECORDER_NAME: &str = "_pyfreeze_bench_recorder";
const STOP_NAME: &str = "_pyfreeze_bench_stop";

/// How far a program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// To its own end.
    #[default]
    End,
    /// Right before its first statement.
    Main,
    /// Until this module has been imported.
    Import(String),
}

impl Until {
    /// Reads `import X`, or just `X`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        if words.first() == Some(&"import") {
            words.remove(0);
        }
        let [name] = words.as_slice() else { return None };
        let is_word = |word: &str| {
            let has_start = word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
            has_start && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        };
        name.split('.').all(is_word).then(|| Self::Import((*name).to_owned()))
    }

    /// As it would be written on the command line; nothing for the whole run.
    #[must_use]
    pub fn option(&self) -> Option<String> {
        match self {
            Self::End => None,
            Self::Main => Some("--until-main".to_owned()),
            Self::Import(name) => Some(format!("--until \"import {name}\"")),
        }
    }
}

/// What is put in front of a program.
#[derive(Clone, Debug, Default)]
pub struct Instrument {
    /// How far it runs.
    pub until: Until,
    /// The file for what its imports take, if that is wanted.
    pub record: Option<PathBuf>,
}

impl Instrument {
    /// Changes the project; its modules in front lie in `folder`.
    ///
    /// # Errors
    /// When a file can't be read or written, or the interpreter not run.
    pub fn prepare(&self, project: &mut Project, interpreter: &Path, folder: &Path) -> io::Result<()> {
        // The last to be put in front is the first to run.
        if let Some(text) = self.stop_text() {
            put_in_front(project, interpreter, folder, STOP_NAME, &text)?;
        }
        if let Some(record) = &self.record {
            let text = format!("RECORD = {}\n{RECORDER}", python_text(&record.display().to_string()));
            put_in_front(project, interpreter, folder, RECORDER_NAME, &text)?;
        }
        Ok(())
    }

    fn stop_text(&self) -> Option<String> {
        let until = match &self.until {
            Until::End => return None,
            Until::Main => "None".to_owned(),
            Until::Import(name) => python_text(name),
        };
        Some(format!("STATUS = {STOPPED_STATUS}\nUNTIL = {until}\n{STOP}"))
    }
}

/// JSON's texts are also Python's.
fn python_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn put_in_front(project: &mut Project, interpreter: &Path, folder: &Path, name: &str, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (file, path) = (format!("{name}.py"), folder.join(format!("{name}.py")));
    fs::write(&path, text)?;
    let source = match &project.main.source {
        SourceText::Bytes(bytes) => bytes.to_vec(),
        SourceText::Disk(path) => fs::read(path)?,
    };
    project.main.source = SourceText::Bytes(with_import(&source, interpreter, name)?.into());
    let place = Place::Named(BTreeMap::from([(file, path)]));
    if let Some(root) = project.roots.first_mut() {
        root.sources.push(RootSource { place, owner: SourceOwner::Project });
    }
    // It acts at every start, so no snapshot may have it.
    project.settings.snapshot.exclude.push(name.to_owned());
    Ok(())
}

fn with_import(source: &[u8], interpreter: &Path, name: &str) -> io::Result<Vec<u8>> {
    let mut command = Command::new(interpreter);
    command.args(["-I", "-S", "-c", BEGIN_WITH, name]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(source)?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("the runtime's interpreter ended with {}", output.status)));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::Until;

    #[test]
    fn only_names_of_modules_can_be_waited_for() {
        assert_eq!(Until::parse("import numpy.linalg"), Some(Until::Import("numpy.linalg".into())));
        assert_eq!(Until::parse(" json "), Some(Until::Import("json".into())));
        assert_eq!(Until::parse("json").and_then(|until| until.option()), Some("--until \"import json\"".into()));
        for wrong in ["", "import", "from a import b", "import 1a", "a..b", "import a, b"] {
            assert_eq!(Until::parse(wrong), None, "{wrong}");
        }
    }
}
