//! The settings of a build: `[tool.pyfreeze]` of pyproject.toml, and the flags, which win.
//!
//! Comes in: a TOML table and what the command line gave. Goes out: one [`Settings`] with every path absolute.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{LockChoice, ProjectError, SnapshotChoice, SnapshotSettings};
use crate::bytecode::Optimization;
use crate::libraries::{GlibcVersion, Native};
use crate::runtime::StubKind;

/// Whether the program carries its sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourcePolicy {
    /// Sources ride along: tracebacks show lines, `inspect.getsource` works.
    #[default]
    Included,
    /// Sources are left out.
    None,
}

/// What the user decided about a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The script to freeze, when there are several.
    pub script: Option<String>,
    /// Patterns of modules that are included although no import leads to them.
    pub include: Vec<String>,
    /// Patterns of modules that are left out.
    pub exclude: Vec<String>,
    /// Distributions that are included although no import leads to them.
    pub include_distributions: Vec<String>,
    /// Files given by hand.
    pub data: Vec<DataSetting>,
    /// Requirements files to install from.
    pub requirements: Vec<PathBuf>,
    /// How far code is optimized.
    pub optimization: Optimization,
    /// Whether sources ride along.
    pub source: SourcePolicy,
    /// True to leave out modules that no import leads to.
    pub prune: bool,
    /// True to treat what is only doubtful as an error.
    pub strict: bool,
    /// Interpreter options such as `-Xdev` or `-u`.
    pub python_options: Vec<String>,
    /// What the program is made of, and so what it needs of its host.
    pub stub: StubKind,
    /// How shared libraries are brought to run.
    pub native: Native,
    /// Libraries that every machine has on which the program runs.
    pub host_libraries: Vec<String>,
    /// The oldest glibc on which the program must run.
    pub glibc: Option<GlibcVersion>,
    /// What the executable brings along as memory.
    pub snapshot: SnapshotSettings,
    /// The executable to write.
    pub output: Option<PathBuf>,
    /// True to fail when there is no lock, or it names what is gone; only the command line says so.
    pub locked: bool,
}

/// One `SRC:DEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSetting {
    /// A file, a folder, or a pattern with `*` and `?` in its last component.
    pub source: PathBuf,
    /// Where it goes below the virtual root. A folder's content goes into this directory, as does what a pattern
    /// finds; a file becomes this file, or goes into this directory if it ends with a slash.
    pub destination: String,
}

/// What the command line gave; it wins over [tool.pyfreeze], lists are added to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsOverrides {
    /// See [`Settings::script`].
    pub script: Option<String>,
    /// See [`Settings::include`].
    pub include: Vec<String>,
    /// See [`Settings::exclude`].
    pub exclude: Vec<String>,
    /// See [`Settings::include_distributions`].
    pub include_distributions: Vec<String>,
    /// `SRC:DEST`, relative to the current folder.
    pub data: Vec<String>,
    /// See [`Settings::optimization`].
    pub optimization: Option<Optimization>,
    /// See [`Settings::source`].
    pub source: Option<SourcePolicy>,
    /// See [`Settings::prune`].
    pub prune: Option<bool>,
    /// See [`Settings::strict`].
    pub strict: Option<bool>,
    /// See [`Settings::python_options`].
    pub python_options: Vec<String>,
    /// See [`Settings::stub`].
    pub stub: Option<StubKind>,
    /// See [`Settings::native`].
    pub native: Option<Native>,
    /// See [`Settings::host_libraries`].
    pub host_libraries: Vec<String>,
    /// See [`Settings::glibc`].
    pub glibc: Option<GlibcVersion>,
    /// See [`SnapshotSettings::level`].
    pub snapshot: Option<SnapshotChoice>,
    /// See [`SnapshotSettings::train`]; each a command line.
    pub snapshot_train: Vec<String>,
    /// See [`SnapshotSettings::timeout`].
    pub snapshot_timeout: Option<Duration>,
    /// True for another hash seed at every start, for which there is no snapshot.
    pub hash_randomization: bool,
    /// See [`Settings::output`].
    pub output: Option<PathBuf>,
    /// The lock to use; only the command line says so.
    pub lock: LockChoice,
    /// See [`Settings::locked`].
    pub locked: bool,
}

/// The keys of `[tool.pyfreeze]`.
const KEYS: [&str; 17] = [
    "script",
    "include",
    "exclude",
    "include-distributions",
    "data",
    "requirements",
    "optimization",
    "source",
    "prune",
    "strict",
    "python-options",
    "stub",
    "native",
    "host-libraries",
    "glibc",
    "snapshot",
    "output",
];

impl Settings {
    /// Reads `[tool.pyfreeze]` of the pyproject.toml at `file`; relative paths are relative to its folder.
    ///
    /// # Errors
    /// [`ProjectError::Setting`] for an unknown key, or a value of the wrong type.
    pub fn parse(table: &Table, file: &Path) -> Result<Self, ProjectError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let reader = Reader::new(table, file, "tool.pyfreeze", &KEYS)?;
        let optimization = match reader.value("optimization") {
            None => Optimization::None,
            Some(value) => u8::try_from(value.as_integer().unwrap_or(-1))
                .ok()
                .and_then(|level| Optimization::try_from(level).ok())
                .ok_or_else(|| reader.error("optimization", "0, 1 or 2"))?,
        };
        let source = match reader.text("source")? {
            None => SourcePolicy::Included,
            Some("included") => SourcePolicy::Included,
            Some("none") => SourcePolicy::None,
            Some(_) => return Err(reader.error("source", "`included` or `none`")),
        };
        let stub = match reader.text("stub")? {
            None => StubKind::default(),
            Some(word) => StubKind::from_word(word).ok_or_else(|| reader.error("stub", StubKind::WORDS))?,
        };
        let native = match reader.text("native")? {
            None => Native::default(),
            Some(word) => Native::from_word(word).ok_or_else(|| reader.error("native", Native::WORDS))?,
        };
        let glibc = reader
            .text("glibc")?
            .map(|text| GlibcVersion::parse(text).ok_or_else(|| reader.error("glibc", "a version such as `2.28`")));
        let data = reader.texts("data")?;
        let snapshot = reader.table("snapshot")?.map(|table| SnapshotSettings::parse(table, file));
        Ok(Self {
            script: reader.text("script")?.map(str::to_owned),
            include: reader.texts("include")?,
            exclude: reader.texts("exclude")?,
            include_distributions: reader.texts("include-distributions")?,
            data: data.iter().map(|text| DataSetting::parse(text, folder)).collect::<Result<_, _>>()?,
            requirements: reader.texts("requirements")?.iter().map(|path| folder.join(path)).collect(),
            optimization,
            source,
            prune: reader.switch("prune")?,
            strict: reader.switch("strict")?,
            python_options: reader.texts("python-options")?,
            stub,
            native,
            host_libraries: reader.texts("host-libraries")?,
            glibc: glibc.transpose()?,
            snapshot: snapshot.transpose()?.unwrap_or_default(),
            output: reader.text("output")?.map(|path| folder.join(path)),
            locked: false,
        })
    }

    /// These settings with the command line's put over them.
    ///
    /// # Errors
    /// [`ProjectError::Data`] for a `SRC:DEST` that is none, [`ProjectError::Words`] for a command line.
    pub fn with(mut self, overrides: &SettingsOverrides) -> Result<Self, ProjectError> {
        self.script = overrides.script.clone().or(self.script);
        self.include.extend(overrides.include.iter().cloned());
        self.exclude.extend(overrides.exclude.iter().cloned());
        self.include_distributions.extend(overrides.include_distributions.iter().cloned());
        for text in &overrides.data {
            self.data.push(DataSetting::parse(text, Path::new(""))?);
        }
        self.optimization = overrides.optimization.unwrap_or(self.optimization);
        self.source = overrides.source.unwrap_or(self.source);
        self.prune = overrides.prune.unwrap_or(self.prune);
        self.strict = overrides.strict.unwrap_or(self.strict);
        if !overrides.python_options.is_empty() {
            self.python_options.clone_from(&overrides.python_options);
        }
        self.stub = overrides.stub.unwrap_or(self.stub);
        self.native = overrides.native.unwrap_or(self.native);
        self.host_libraries.extend(overrides.host_libraries.iter().cloned());
        self.glibc = overrides.glibc.clone().or(self.glibc);
        self.snapshot.apply(overrides)?;
        self.output = overrides.output.clone().or(self.output);
        self.locked = overrides.locked;
        Ok(self)
    }
}

impl DataSetting {
    /// Reads `SRC:DEST`, or `SRC` alone, which keeps its path.
    fn parse(text: &str, folder: &Path) -> Result<Self, ProjectError> {
        let error = |reason| ProjectError::Data { text: text.to_owned(), reason };
        let (source, destination) = text.rsplit_once(':').unwrap_or((text, text));
        if source.is_empty() {
            return Err(error("it names no file"));
        }
        let is_folder = destination.is_empty() || destination.ends_with('/') || destination.ends_with("/.");
        let mut parts = Vec::new();
        for part in destination.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(error("its destination leaves the virtual root")),
                part => parts.push(part),
            }
        }
        if destination.starts_with('/') {
            return Err(error("its destination is not relative to the virtual root"));
        }
        let slash = if is_folder && !parts.is_empty() { "/" } else { "" };
        Ok(Self { source: folder.join(source), destination: parts.join("/") + slash })
    }
}

impl fmt::Display for SourcePolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Included => "included",
            Self::None => "none",
        })
    }
}

/// Typed access to a table, with errors that name table, key and file.
pub(super) struct Reader<'a> {
    table: &'a Table,
    file: &'a Path,
    name: &'static str,
    keys: &'static [&'static str],
}

impl<'a> Reader<'a> {
    /// A reader of the table called `name`, which may have no other keys than these.
    pub(super) fn new(
        table: &'a Table,
        file: &'a Path,
        name: &'static str,
        keys: &'static [&'static str],
    ) -> Result<Self, ProjectError> {
        match table.keys().find(|key| !keys.contains(&key.as_str())) {
            None => Ok(Self { table, file, name, keys }),
            Some(key) => Err(ProjectError::UnknownSetting {
                path: file.to_owned(),
                table: name,
                key: key.clone(),
                nearest: nearest(key, keys).map(str::to_owned),
            }),
        }
    }

    pub(super) fn value(&self, key: &'static str) -> Option<&'a Value> {
        debug_assert!(self.keys.contains(&key));
        self.table.get(key)
    }

    pub(super) fn error(&self, key: &'static str, expected: &'static str) -> ProjectError {
        ProjectError::Setting { path: self.file.to_owned(), table: self.name, key, expected }
    }

    fn table(&self, key: &'static str) -> Result<Option<&'a Table>, ProjectError> {
        let table = |value: &'a Value| value.as_table().ok_or_else(|| self.error(key, "a table"));
        self.value(key).map(table).transpose()
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<&'a str>, ProjectError> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.error(key, "a string"));
        self.value(key).map(text).transpose()
    }

    pub(super) fn texts(&self, key: &'static str) -> Result<Vec<String>, ProjectError> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let error = || self.error(key, "a list of strings");
        let texts = value.as_array().ok_or_else(error)?;
        texts.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(error)).collect()
    }

    fn switch(&self, key: &'static str) -> Result<bool, ProjectError> {
        let switch = |value: &Value| value.as_bool().ok_or_else(|| self.error(key, "true or false"));
        self.value(key).map_or(Ok(false), switch)
    }
}

/// The candidate that is most like `word`, if one is at all.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.replace('_', "-").to_lowercase();
    let distances = candidates.iter().map(|candidate| (distance(&word, candidate), *candidate));
    distances.min().filter(|(distance, _)| *distance <= word.chars().count().max(3) / 2).map(|(_, candidate)| candidate)
}

/// The number of characters to insert, delete or replace (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, from_character) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to_character) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from_character != *to_character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DataSetting, Settings, SettingsOverrides, SourcePolicy};
    use crate::bytecode::Optimization;
    use crate::libraries::{GlibcVersion, Native};
    use crate::project::{SnapshotChoice, SnapshotSettings};
    use crate::runtime::StubKind;

    fn parse(text: &str) -> Result<Settings, String> {
        let table = text.parse().unwrap();
        Settings::parse(&table, Path::new("/p/pyproject.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn all_keys() {
        let settings = parse(
            "script='s'\ninclude=['a.*']\nexclude=['b']\ninclude-distributions=['c']\ndata=['d:e']\nrequirements=['r.txt']\noptimization=2\n\
             source='none'\nprune=true\nstrict=true\npython-options=['-u']\nstub='static'\nnative='memfd'\nhost-libraries=['libx.so.1']\n\
             glibc='2.28'\noutput='o'\nsnapshot={level='runtime'}",
        );
        let expected = Settings {
            script: Some("s".into()),
            include: vec!["a.*".into()],
            exclude: vec!["b".into()],
            include_distributions: vec!["c".into()],
            data: vec![DataSetting { source: "/p/d".into(), destination: "e".into() }],
            requirements: vec!["/p/r.txt".into()],
            optimization: Optimization::Docstrings,
            source: SourcePolicy::None,
            prune: true,
            strict: true,
            python_options: vec!["-u".into()],
            stub: StubKind::Static,
            native: Native::Memfd,
            host_libraries: vec!["libx.so.1".into()],
            glibc: GlibcVersion::parse("2.28"),
            snapshot: SnapshotSettings { level: SnapshotChoice::Runtime, ..SnapshotSettings::default() },
            output: Some("/p/o".into()),
            locked: false,
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn flags_win() {
        let overrides = SettingsOverrides {
            include: vec!["x".into()],
            optimization: Some(Optimization::None),
            prune: Some(false),
            ..SettingsOverrides::default()
        };
        let settings = parse("include=['a']\noptimization=1\nprune=true\nstrict=true").unwrap();
        let settings = settings.with(&overrides).unwrap();
        assert_eq!(settings.include, ["a", "x"]);
        assert_eq!((settings.optimization, settings.prune, settings.strict), (Optimization::None, false, true));
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        let error = Settings::parse(&"inclde = []".parse().unwrap(), Path::new("p.toml")).unwrap_err();
        assert_eq!(error.to_string(), "Unknown key in [tool.pyfreeze] of `p.toml`: `inclde`");
        assert_eq!(error.hints(), ["did you mean `include`?"]);
        let error = parse("python_options = ['-u']").unwrap_err();
        assert_eq!(error, "Unknown key in [tool.pyfreeze] of `/p/pyproject.toml`: `python_options`");
        assert!(parse("prune = 1").unwrap_err().contains("`prune`"));
        assert!(parse("optimization = 3").unwrap_err().contains("0, 1 or 2"));
    }

    #[test]
    fn destinations_stay_below_the_root() {
        let parse = |text: &str| DataSetting::parse(text, Path::new("f")).map(|data| data.destination);
        assert_eq!(parse("a:b/./c").unwrap(), "b/c");
        assert_eq!(parse("a:b/").unwrap(), "b/");
        assert_eq!(parse("a:.").unwrap(), "");
        assert_eq!(parse("x/a").unwrap(), "x/a");
        assert!(parse("a:../b").is_err());
        assert!(parse("a:/b").is_err());
        assert!(parse(":b").is_err());
    }
}
