//! Why the contents of a program can't be decided.

use std::io;
use std::path::PathBuf;

use crate::bytecode::{BytecodeError, Diagnostic};
use crate::contents::Warning;

/// What is wrong with the project's modules or with what a setting names.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// Sources of the project are wrong: all of them.
    #[error("{}", syntax_message(.sources))]
    Syntax {
        /// The sources, sorted by path.
        sources: Vec<WrongSource>,
    },
    /// A file can't be read.
    #[error("Cannot read: `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Under `strict`: imports lead nowhere.
    #[error("{}", missing_message(.imports))]
    Missing {
        /// The imports, sorted by name.
        imports: Vec<MissingChain>,
    },
    /// A distribution given by hand is not in the environment.
    #[error("The distribution is not in the environment: `{name}`")]
    UnknownDistribution {
        /// Its name.
        name: String,
        /// True when there is no environment at all.
        has_environment: bool,
    },
    /// Under `--locked`: the lock names what is gone.
    #[error("The lock `{}` names what is not there any more: {}", .path.display(), .names.join(", "))]
    Locked {
        /// The lock.
        path: PathBuf,
        /// `module `x``, `file `y``.
        names: Vec<String>,
    },
    /// The source of a data setting is not there.
    #[error("Found no data file: `{}`", .path.display())]
    NoData {
        /// The file, folder or pattern.
        path: PathBuf,
    },
    /// The compile servers don't work.
    #[error(transparent)]
    Bytecode(#[from] BytecodeError),
    /// A folder can't be walked.
    #[error(transparent)]
    Project(#[from] crate::project::ProjectError),
}

/// How what is missing comes in.
const INSTALL: &str = "install it in the environment given by `--venv`, have pyfreeze install it (`-r FILE`, or `--install` for what \
     the project requires)";

/// A source that the compiler refuses.
#[derive(Clone, Debug)]
pub struct WrongSource {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// An import that leads nowhere, and how the program comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingChain {
    /// The name that was not found.
    pub name: String,
    /// The first module that wants it.
    pub module: String,
    /// The line in that module.
    pub line: u32,
    /// The modules from the entry point to that one.
    pub chain: Vec<String>,
    /// What is installed of it, for another Python version.
    pub foreign: Option<ForeignModule>,
}

/// A module that is installed, but that this Python can't load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignModule {
    /// Its file, relative to the folder of installed packages.
    pub file: String,
    /// The distribution that it is of.
    pub distribution: String,
    /// The minor version of the Python that would have to load it here; none if that loads no shared libraries.
    pub minor_version: Option<u32>,
}

impl ForeignModule {
    fn hint(&self) -> String {
        let Self { file, distribution, minor_version } = self;
        match minor_version {
            Some(minor) => {
                format!("`{file}` is for another Python version: install `{distribution}` for Python 3.{minor}")
            }
            None => {
                format!("`{file}` is a shared library, and a static program loads none: build it with `--stub dynamic`")
            }
        }
    }
}

impl MissingChain {
    /// The way from the entry point, unless the entry point itself imports it.
    fn route(&self) -> Option<String> {
        (self.chain.len() > 1).then(|| self.chain.join(" → "))
    }

    /// What is said without `strict`.
    pub(super) fn warning(&self) -> Warning {
        let advice = match &self.foreign {
            Some(foreign) => foreign.hint(),
            None if self.name.starts_with('.') => "the dots lead out of its package".to_owned(),
            None => format!("{INSTALL}, or list it under `exclude` in [tool.pyfreeze]"),
        };
        let route = self.route().map_or(String::new(), |route| format!("imported through {route}; "));
        Warning {
            message: format!("Cannot find `{}`, imported by `{}` (line {})", self.name, self.module, self.line),
            hints: vec![route + &advice],
        }
    }
}

impl GraphError {
    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { imports } => {
                let absent = imports.iter().filter(|import| import.foreign.is_none());
                let names: Vec<_> = absent.map(|import| format!("`{}`", import.name)).collect();
                let mut hints = Vec::new();
                if !names.is_empty() {
                    let names = names.join(", ");
                    hints.push(format!("{INSTALL}, or list {names} under `exclude` in [tool.pyfreeze]"));
                }
                let route =
                    |import: &MissingChain| Some(format!("`{}` is imported by {}", import.name, import.route()?));
                hints.extend(imports.iter().filter_map(route));
                hints.extend(imports.iter().filter_map(|import| import.foreign.as_ref()).map(ForeignModule::hint));
                hints
            }
            Self::UnknownDistribution { has_environment: false, .. } => {
                vec!["there is no virtual environment; give one with `--venv DIR`".into()]
            }
            Self::UnknownDistribution { .. } => {
                vec!["install it, or correct its name under `include-distributions`".into()]
            }
            Self::Locked { .. } => {
                vec!["install what is missing, or delete the lock and trace again".into()]
            }
            Self::NoData { .. } => vec!["paths in pyproject.toml are relative to its folder".into()],
            Self::Bytecode(error) => error.hints(),
            Self::Project(error) => error.hints(),
            Self::Syntax { .. } | Self::Read { .. } => Vec::new(),
        }
    }
}

fn syntax_message(sources: &[WrongSource]) -> String {
    let mut message = match sources {
        [source] => format!("Cannot compile: `{}`", source.path.display()),
        sources => format!("Cannot compile {} files of the project", sources.len()),
    };
    for source in sources {
        for diagnostic in &source.diagnostics {
            message.push('\n');
            message.push_str(&diagnostic.render(&source.path.display().to_string()));
        }
    }
    message
}

fn missing_message(imports: &[MissingChain]) -> String {
    match imports {
        [import] => format!("Module `{}` imports `{}`, which was not found", import.module, import.name),
        imports => {
            let one = |import: &MissingChain| format!("`{}` (by `{}`)", import.name, import.module);
            let names: Vec<_> = imports.iter().map(one).collect();
            format!("{} imported modules were not found: {}", imports.len(), names.join(", "))
        }
    }
}
