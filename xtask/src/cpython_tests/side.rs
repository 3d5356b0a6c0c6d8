//! One of the two processes that are compared: how it is started, and what came of a test module in it.

use std::fs;
use std::path::Path;

use pyfreeze_tests::command::{Run, Status};

use super::outcomes::Outcomes;
use super::program::Program;
use super::{Children, Conditions};
use crate::process::Failure;

/// How a process starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// From the snapshot.
    Restored,
    /// As if there were none.
    Ordinary,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Restored, Self::Ordinary];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Ordinary => "ordinary",
        }
    }

    /// The value of PYFREEZE_SNAPSHOT.
    fn switch(self) -> &'static str {
        match self {
            Self::Restored => "",
            Self::Ordinary => "off",
        }
    }

    /// The name of the script that is a python to the tests' children.
    pub(super) fn python(self) -> String {
        format!("python-{}", self.name())
    }

    /// That script. The variable is set there since some tests give their children an environment of their own.
    pub(super) fn script(self, program: &Path) -> String {
        let switch = self.switch();
        format!("#!/bin/sh\nPYFREEZE_SNAPSHOT={switch} exec '{}' --as-python \"$@\"\n", program.display())
    }

    /// Runs one test module in an empty folder of its own.
    pub(super) fn run(self, program: &Program, module: &str, conditions: &Conditions) -> Result<Outcomes, Failure> {
        let folder = tempfile::tempdir().map_err(|error| Failure::new(format!("Cannot create a folder: {error}")))?;
        let kept = conditions.folder.join("results").join(self.name());
        fs::create_dir_all(&kept).map_err(Failure::io("create", &kept))?;
        let results = kept.join(format!("{module}.jsonl"));
        if results.exists() {
            fs::remove_file(&results).map_err(Failure::io("remove", &results))?;
        }
        let executable = match conditions.children {
            Children::Python => String::new(),
            Children::Program => conditions.folder.join(self.python()).display().to_string(),
        };
        let log = kept.join(format!("{module}.log")).display().to_string();
        // The program's output goes into a file, and not into a pipe that a child left behind would keep open. Such
        // children are ended.
        let script =
            "trap : TERM; log=$1; shift; \"$@\" >\"$log\" 2>&1 </dev/null; status=$?; kill -TERM 0; exit $status";
        let run = Run::new(program.path(), folder.path())
            .arg(&results)
            .args([executable, module.to_owned(), conditions.time_limit.as_secs().to_string()])
            .env("TMPDIR", folder.path().display().to_string())
            .env("HOME", folder.path().display().to_string())
            .env("PYFREEZE_SNAPSHOT", self.switch())
            .time_limit(conditions.time_limit)
            .under("bash", &["-c", script, "bash", &log]);
        let status = match run.output().status {
            // As the shell tells it.
            Status::Exited(code) if code > 128 => Status::Signal(code - 128),
            status => status,
        };
        let text = fs::read_to_string(&results).unwrap_or_default();
        let outcomes = Outcomes::read(&text, status);
        if status != Status::TimedOut && outcomes.kind() != Some(self.name()) {
            let message = format!("`{module}` was not run by a process that is {}; see {log}", self.name());
            return Err(Failure::new(message));
        }
        Ok(outcomes)
    }
}
