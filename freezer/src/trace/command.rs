//! What is run: the project's own program, a module, or a script of an installed package.

use std::ffi::OsString;

use super::TraceError;
use crate::project::{Project, console_script};

/// A command line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) program: Program,
    pub(super) arguments: Vec<OsString>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The project's.
    Own,
    /// `python -m MODULE`.
    Module(String),
    /// A console script: its name and text.
    Script { name: String, text: String },
}

impl Command {
    /// `app` is the project's program, and so is its name; no words at all are the program without arguments.
    pub(super) fn choose(words: &[OsString], project: &Project) -> Result<Self, TraceError> {
        let Some((first, rest)) = words.split_first() else {
            return Ok(Self { program: Program::Own, arguments: Vec::new() });
        };
        let name = first.to_string_lossy().into_owned();
        if name == "-m" {
            let (module, rest) = rest.split_first().ok_or(TraceError::NoModule)?;
            let program = Program::Module(module.to_string_lossy().into_owned());
            return Ok(Self { program, arguments: rest.to_vec() });
        }
        let arguments = rest.to_vec();
        let scripts = scripts(project);
        let installed = scripts.iter().find(|(script, _)| *script == name);
        if let Some((_, reference)) = installed.filter(|_| name != project.name) {
            return Ok(Self { program: Program::Script { name, text: console_script(reference) }, arguments });
        }
        if name == "app" || name == project.name {
            return Ok(Self { program: Program::Own, arguments });
        }
        let mut scripts: Vec<_> = scripts.into_iter().map(|(script, _)| script).take(12).collect();
        scripts.sort();
        Err(TraceError::UnknownCommand { name, scripts })
    }
}

/// The console scripts of the project and its environment.
fn scripts(project: &Project) -> Vec<(String, String)> {
    let own = project.distribution.iter().map(|own| &own.entry_points);
    let installed = project.environment.iter().flat_map(|environment| &environment.distributions);
    let groups = own.chain(installed.map(|distribution| &distribution.entry_points));
    groups.filter_map(|groups| groups.get("console_scripts")).flatten().cloned().collect()
}
