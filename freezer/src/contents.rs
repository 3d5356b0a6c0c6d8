//! What goes into an executable, decided: the hand-over from the stages that understand Python projects
//! (`project`, `graph`, `bytecode`) to those that understand bytes (`payload`, `image`, `executable`).
//!
//! Comes in: nothing of the file system but paths of data files. Goes out: plain facts, every path relative to
//! the virtual root and `/`-separated, every list sorted, so that equal input gives equal bytes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use pyfreeze_format::EntryPointKind;
use serde::{Deserialize, Serialize};

/// Everything that goes into the payload.
#[derive(Debug, Default)]
pub struct Contents {
    /// How the program is run; `None` only before it is known.
    pub entry_point: Option<EntryPoint>,
    /// `sys.path` in order, relative to the virtual root; the empty path is the root itself.
    pub search_path: Vec<String>,
    /// What the program imports before it does anything else.
    pub first_imports: FirstImports,
    /// Every module with Python code, sorted by path.
    pub modules: Vec<Module>,
    /// Every other file, sorted by path: package data, distribution metadata, `--data`.
    pub files: Vec<DataFile>,
    /// Every shared library, sorted by path: extension modules and what they need.
    pub libraries: Vec<SharedLibrary>,
    /// Directories that exist without any file in them.
    pub directories: Vec<String>,
    /// The distributions that were included, sorted by name.
    pub distributions: Vec<Distribution>,
    /// Imports that lead nowhere, sorted by name.
    pub missing: Vec<MissingImport>,
    /// Modules that the build knew and left out, sorted by name.
    pub left_out: Vec<LeftOut>,
    /// What the user should know, in the order in which it was noticed.
    pub warnings: Vec<Warning>,
}

/// Something that the user should know although the build goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A sentence, the thing after a colon.
    pub message: String,
    /// What can be done about it.
    pub hints: Vec<String>,
}

/// How the program is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoint {
    /// A word for people: `script`, `folder` or `console script`.
    pub description: String,
    /// The path of the script (a module of [`Contents::modules`]) or of the folder, below the virtual root.
    pub path: String,
    /// True when `path` is a folder whose `__main__` is run.
    pub is_folder: bool,
}

impl EntryPoint {
    /// The number that the stub reads.
    #[must_use]
    pub fn kind(&self) -> EntryPointKind {
        if self.is_folder { EntryPointKind::Folder } else { EntryPointKind::Script }
    }
}

/// What the program imports before it does anything else, by dotted names, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstImports {
    /// The imports with which the entry point begins, submodules and attributes (`module:attribute`) behind their packages.
    pub program: Vec<String>,
    /// The modules of the standard library to which these lead, whoever of the others imports them.
    pub standard: Vec<String>,
    /// All modules to which they lead whatever happens.
    pub certain: BTreeSet<String>,
    /// The line, from 1, of the entry point's next import: what stands before it may have a say in what it does.
    pub next_line: Option<u32>,
}

/// One module with Python code.
#[derive(Clone, Debug)]
pub struct Module {
    /// The dotted name under which it is imported; the entry point is `__main__`.
    pub name: String,
    /// Its source file's path below the virtual root, such as `lib/python3.13/json/__init__.py`.
    pub path: String,
    /// Who brought it along.
    pub owner: Owner,
    /// Whether it is reached by imports that are seen at build time.
    pub temperature: Temperature,
    /// Canonical code bytes: marshal data without a pyc header.
    pub code: ModuleCode,
    /// The source text as it stands on disk, unless sources are left out or there is none.
    pub source: Option<ModuleSource>,
    /// The dotted name of the first module found that imports it; `None` for the entry point and for cold modules.
    pub imported_by: Option<String>,
    /// Why it is in; `None` for cold modules, which come along with their owner.
    pub reason: Option<Reason>,
}

/// Why a module is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is what is run.
    Program,
    /// The interpreter itself imports it.
    Interpreter,
    /// Imported whenever its importer is.
    Import,
    /// Imported in an `if`, a loop or a `match`.
    Condition,
    /// Imported in a function.
    Function,
    /// Imported where an `ImportError` is caught.
    Try,
    /// Imported under `__name__ == "__main__"`.
    Main,
    /// Its name stands in the importer's shared library.
    Compiled,
    /// Its name stands in a text of the importer.
    Text,
    /// A recipe says that the importer needs it.
    Recipe,
    /// An `include` setting names it.
    Include,
    /// An entry point of an included distribution names it.
    EntryPoint,
    /// A trace has seen it imported.
    Lock,
}

/// A module that the build knew and left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// The dotted name.
    pub name: String,
    /// Why.
    pub why: LeftOutReason,
}

/// Why a module was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum LeftOutReason {
    /// An `exclude` setting names it.
    Excluded,
    /// Under `prune`: no import leads to it.
    Pruned,
    /// No import leads to the distribution of this name.
    Distribution(String),
    /// Something imports it, and it was not there.
    Missing,
}

/// Where a module's code bytes are.
#[derive(Clone, Debug)]
pub enum ModuleCode {
    /// Compiled for this build.
    Bytes(Arc<[u8]>),
    /// The runtime pack's own, under the same path in the pack's library.
    Pack,
}

/// Where a module's source text is.
#[derive(Clone, Debug)]
pub enum ModuleSource {
    /// Read from the project or an environment.
    Bytes(Arc<[u8]>),
    /// The runtime pack's own, under the same path in the pack's library.
    Pack,
}

/// Whether a module is stored as it is used, or compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Temperature {
    /// In the module graph: stored as it is used.
    Hot,
    /// Only there in case something imports it dynamically: compressed.
    Cold,
}

/// Who brought a file along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Owner {
    /// The project itself.
    Project,
    /// The runtime's standard library.
    StandardLibrary,
    /// A distribution, by its normalized name (PEP 503).
    Distribution(String),
    /// Given by `--data` or `include` settings.
    Settings,
}

/// One file that is not a module.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// Its path below the virtual root.
    pub path: String,
    /// Who brought it along.
    pub owner: Owner,
    /// Where its bytes are.
    pub content: FileContent,
    /// True when its owner may execute it on disk.
    pub is_executable: bool,
}

/// One shared library, or a file that is named like one.
#[derive(Clone, Debug)]
pub struct SharedLibrary {
    /// The file.
    pub file: DataFile,
    /// The module that imports reach by it; `None` if no import seen at build time leads there.
    pub module: Option<String>,
    /// The first module found that imports it.
    pub imported_by: Option<String>,
    /// Why it is in; `None` for what comes along with its owner.
    pub reason: Option<Reason>,
    /// True if the program can't start without that module.
    pub is_required: bool,
}

/// Where a data file's bytes are.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// On disk, read when the payload is written.
    Disk(PathBuf),
    /// Made by the build, such as the metadata of an editable project.
    Bytes(Arc<[u8]>),
    /// In the runtime pack's library, under the same path.
    Pack,
}

/// An included distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// Its name as its metadata writes it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Why it is included, for people: `imported by app.main`, `required by flask`, …
    pub reason: String,
}

/// An import that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingImport {
    /// The dotted name that was not found.
    pub name: String,
    /// The modules that want it, as `module:line`, sorted; the chain to the entry point follows `imported_by`.
    pub wanted_by: Vec<String>,
    /// True when every import of it is in a `try`, a function or a condition, so that doing without is foreseen.
    pub is_optional: bool,
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn owners_in_json_are_words_apart() {
        let text = |owner| serde_json::to_string(&owner).unwrap();
        assert_eq!(text(Owner::StandardLibrary), r#"{"kind":"standard-library"}"#);
        assert_eq!(text(Owner::Distribution("a-b".into())), r#"{"kind":"distribution","name":"a-b"}"#);
    }
}
