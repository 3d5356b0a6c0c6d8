//! Why a project can't be frozen, found before anything is compiled.

use std::io;
use std::path::PathBuf;

/// What is wrong with a project, its settings or its environment.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is nothing at the given path.
    #[error("Cannot find the project: `{}`", .path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The path is neither a script nor a folder.
    #[error("Cannot freeze what is neither a Python script nor a folder: `{}`", .path.display())]
    NotAProject {
        /// The path.
        path: PathBuf,
    },
    /// The path is of a kind that a later version reads.
    #[error("Freezing a {kind} is not supported yet: `{}`", .path.display())]
    NotYet {
        /// The path.
        path: PathBuf,
        /// `wheel` or `zip application`.
        kind: &'static str,
    },
    /// A folder with nothing to run.
    #[error("Nothing to run in the folder: `{}`", .path.display())]
    NoEntryPoint {
        /// The folder.
        path: PathBuf,
        /// Whether it has a pyproject.toml, which then names no script.
        has_pyproject: bool,
        /// Scripts in the folder.
        scripts: Vec<String>,
    },
    /// `--script` names no entry point.
    #[error("The project has no script of that name: `{name}`")]
    UnknownScript {
        /// The name.
        name: String,
        /// The names that there are.
        scripts: Vec<String>,
    },
    /// The project has several scripts, and none was chosen.
    #[error("The project has several scripts: {}", list(.scripts))]
    SeveralScripts {
        /// Their names.
        scripts: Vec<String>,
    },
    /// A script is not of the form `module:function`.
    #[error("Script `{name}` in `{}` is not of the form `module:function`: `{value}`", .path.display())]
    ScriptForm {
        /// The pyproject.toml.
        path: PathBuf,
        /// The script's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The entry point doesn't exist: its module is neither in the project nor in the environment or the library.
    #[error("Script `{script}` in `{}` names a module that does not exist: `{module}`", .path.display())]
    NoSuchModule {
        /// The pyproject.toml.
        path: PathBuf,
        /// The script's name.
        script: String,
        /// The module.
        module: String,
        /// The project's modules that are next to where it should be.
        nearby: Vec<String>,
    },
    /// The project has no module at all.
    #[error("Found no Python module in the project: `{}`", .path.display())]
    NoModules {
        /// The project's folder.
        path: PathBuf,
        /// Where modules were looked for.
        looked_in: Vec<PathBuf>,
    },
    /// A file or folder can't be read.
    #[error("Cannot read: `{}`", .path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A pyproject.toml is not TOML.
    #[error("Cannot parse: `{}`", .path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Why; it shows the line.
        source: Box<toml::de::Error>,
    },
    /// A key of `[tool.pyfreeze]` is unknown.
    #[error("Unknown key in [{table}] of `{}`: `{key}`", .path.display())]
    UnknownSetting {
        /// The pyproject.toml.
        path: PathBuf,
        /// The table in it.
        table: &'static str,
        /// The key.
        key: String,
        /// The key that was perhaps meant.
        nearest: Option<String>,
    },
    /// A value of `[tool.pyfreeze]` has the wrong type.
    #[error("In [{table}] of `{}`, this must be {expected}: `{key}`", .path.display())]
    Setting {
        /// The pyproject.toml.
        path: PathBuf,
        /// The table in it.
        table: &'static str,
        /// The key.
        key: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A `SRC:DEST` is none.
    #[error("Cannot use the data setting, {reason}: `{text}`")]
    Data {
        /// The setting.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A command line to train with can't be told apart into words.
    #[error("Cannot read the training command line, it ends within a quote: `{text}`")]
    Words {
        /// The command line.
        text: String,
    },
    /// `--venv` names no virtual environment.
    #[error("Found no virtual environment: `{}`", .path.display())]
    NoEnvironment {
        /// The folder.
        path: PathBuf,
    },
    /// The lock can't be used.
    #[error(transparent)]
    Lock(#[from] super::LockError),
    /// A file name is not UTF-8.
    #[error("A file name is not UTF-8: `{}`", .path.display())]
    FileName {
        /// The file.
        path: PathBuf,
    },
}

impl ProjectError {
    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound { .. } | Self::NotAProject { .. } => {
                vec!["give a script, a folder with a `__main__.py`, or a project with a `pyproject.toml`".into()]
            }
            Self::NotYet { .. } => {
                vec!["install it into a virtual environment and freeze a script that uses it".into()]
            }
            Self::NoEntryPoint { has_pyproject, scripts, .. } => {
                let wanted = if *has_pyproject {
                    "add a `__main__.py`, or name a script under [project.scripts] in pyproject.toml"
                } else {
                    "add a `__main__.py`, or a pyproject.toml with [project.scripts]"
                };
                let mut hints = vec![wanted.to_owned()];
                if !scripts.is_empty() {
                    hints.push(format!("or freeze one of its scripts: {}", list(scripts)));
                }
                hints
            }
            Self::UnknownScript { scripts, .. } if scripts.is_empty() => {
                vec!["name it under [project.scripts] in pyproject.toml".into()]
            }
            Self::UnknownScript { scripts, .. } => vec![format!("the scripts are: {}", list(scripts))],
            Self::SeveralScripts { .. } => vec!["choose one with `--script NAME`".into()],
            Self::ScriptForm { .. } => vec!["write for example `app = \"app.cli:main\"`".into()],
            Self::NoSuchModule { nearby, .. } => vec![format!("the project has: {}", list(nearby))],
            Self::NoModules { looked_in, .. } => {
                let folders: Vec<_> = looked_in.iter().map(|path| path.display().to_string()).collect();
                vec![format!("modules were looked for in: {}", list(&folders))]
            }
            Self::UnknownSetting { nearest: Some(nearest), .. } => vec![format!("did you mean `{nearest}`?")],
            Self::Words { .. } => {
                vec!["quote it as for a shell, such as `--snapshot-train \"greet 'Jane Doe'\"`".into()]
            }
            Self::Data { .. } => vec!["write it as `SRC:DEST`, DEST being relative to the virtual root".into()],
            Self::NoEnvironment { .. } => {
                vec!["give the folder that holds `pyvenv.cfg` and `lib/python3.X/site-packages`".into()]
            }
            Self::Lock(error) => error.hints(),
            Self::FileName { .. } => vec!["rename the file, or move it out of the project".into()],
            Self::Read { .. } | Self::Toml { .. } | Self::UnknownSetting { .. } | Self::Setting { .. } => Vec::new(),
        }
    }
}

/// At most twelve names, each in backquotes.
fn list(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 12 { format!(" and {} more", names.len() - 12) } else { String::new() };
    shown.join(", ") + &more
}
