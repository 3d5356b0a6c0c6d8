//! Whether an interpreter uses a `.pyc` file, and why.
//!
//! Comes in: the facts about one file, and how the interpreter is run. Goes out: a [`Verdict`] as data; `ui` says it in words.
//!
//! The rules are those of `SourceLoader.get_code` and `SourcelessFileLoader.get_code` in `Lib/importlib/_bootstrap_external.py`,
//! and before 3.3 of `Python/import.c`; the tests ask real interpreters.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::SourceFile;
use super::header::{Check, Header, HeaderError};
use super::location::{Location, PYTEST, Placement, cache_of};
use super::magic::{Interpreter, Origin};
use super::marshal::MarshalError;

/// How the interpreter is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which; without, the one that the file's name or its magic number means.
    pub interpreter: Option<Interpreter>,
    /// How often with `-O`; without, as the file's name has it.
    pub optimization: Option<u8>,
    /// `--check-hash-based-pycs`.
    pub hash_checks: HashChecks,
    /// `PYTHONPYCACHEPREFIX`, absolute.
    pub prefix: Option<PathBuf>,
    /// Whether it writes caches.
    pub writing: Writing,
}

/// `--check-hash-based-pycs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashChecks {
    /// Those that ask for it are checked.
    #[default]
    Default,
    /// All are checked.
    Always,
    /// None is.
    Never,
}

/// Whether caches are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    /// As usual.
    #[default]
    On,
    /// `-B`, `PYTHONDONTWRITEBYTECODE`.
    Off,
}

/// What a file is to an interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The interpreter.
    pub interpreter: Option<Interpreter>,
    /// In one word.
    pub state: State,
    /// What the interpreter does when the module is imported.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// What a file is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is what the source says, as far as the interpreter checks.
    Fresh,
    /// The source has changed.
    Stale,
    /// Its source is gone, and where it lies nobody uses it without.
    Orphaned,
    /// Its code is for another version than its name.
    WrongVersion,
    /// It is cut off or garbled.
    Damaged,
    /// The interpreter looks elsewhere.
    Ignored,
}

/// What the interpreter does when the module is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// It runs the file's code.
    Used,
    /// It compiles the source and writes the file anew.
    Rewritten,
    /// It compiles the source, every time.
    Compiled,
    /// It never looks at the file.
    NotRead,
    /// The import fails.
    ImportFails {
        /// With this exception.
        error: &'static str,
    },
}

/// Why a file is used or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// Time and, where the file has it, size are the source's.
    TimeIsSame,
    /// The hash is the source's.
    HashIsSame,
    /// The hash is not compared.
    HashIsUnchecked {
        /// Whether it is the source's.
        is_same: bool,
    },
    /// There is no source to compare it with, and none is needed here.
    Sourceless,
    /// The source's time is another.
    TimeDiffers {
        /// In the file.
        recorded: u32,
        /// The source's.
        actual: i64,
    },
    /// The source's size is another, while the time is the same.
    SizeDiffers {
        /// In the file.
        recorded: u32,
        /// The source's.
        actual: u64,
    },
    /// The source's hash is another.
    HashDiffers,
    /// In `__pycache__`, without its source.
    SourceIsMissing,
    /// Beside its source, where no cache has been since PEP 3147.
    BesideSource {
        /// The file that is looked for instead.
        looked_for: PathBuf,
    },
    /// Another interpreter's.
    OtherTag {
        /// The file that is looked for instead.
        looked_for: PathBuf,
    },
    /// For another number of `-O`.
    OtherOptimization {
        /// The file that is looked for instead.
        looked_for: PathBuf,
    },
    /// Not where the prefix says.
    OtherFolder {
        /// The file that is looked for instead.
        looked_for: PathBuf,
    },
    /// In `__pycache__` under a name that nobody looks for.
    OddName,
    /// A `.pyo`, of which nothing was left after 3.4.
    OldSuffix,
    /// The magic number is not the interpreter's.
    OtherMagic {
        /// The number.
        magic: u16,
        /// What writes it.
        written_by: Option<Origin>,
    },
    /// The header can't be read.
    Header(HeaderError),
    /// The code can't be read.
    Code(MarshalError),
}

/// The same interpreter, run in another way.
#[derive(Clone, Debug, Serialize)]
pub struct Alternative {
    /// What is added to its command line or its environment.
    pub option: String,
    /// What it then makes of the file.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Other ways to run the interpreter that matter for a file with this verdict, each with the settings it amounts to.
#[must_use]
pub fn ways(verdict: &Verdict, header: Option<&Header>, settings: &Settings) -> Vec<(String, Settings)> {
    let Some(interpreter) = verdict.interpreter.filter(|_| verdict.outcome != Outcome::NotRead) else {
        return Vec::new();
    };
    let way = |option: &str, change: &dyn Fn(&mut Settings)| {
        let mut settings = settings.clone();
        change(&mut settings);
        (option.to_owned(), settings)
    };
    let mut ways = vec![way("-B", &|settings| settings.writing = Writing::Off)];
    let is_hashed = header.is_some_and(|header| matches!(header.check, Check::Hash { .. }));
    if is_hashed && interpreter.has_hashes() {
        let option = |mode| format!("--check-hash-based-pycs {mode}");
        ways.push(way(&option("always"), &|settings| settings.hash_checks = HashChecks::Always));
        ways.push(way(&option("never"), &|settings| settings.hash_checks = HashChecks::Never));
    }
    ways.push(way("-O", &|settings| settings.optimization = Some(1)));
    if settings.prefix.is_none() && interpreter.has_prefix() {
        ways.push(way("PYTHONPYCACHEPREFIX=/caches", &|settings| settings.prefix = Some("/caches".into())));
    }
    ways
}

/// What is known about a file.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What its path says.
    pub location: &'a Location,
    /// Its header.
    pub header: Result<&'a Header, HeaderError>,
    /// What is wrong with its code.
    pub code_error: Option<MarshalError>,
    /// Its source, if that is there.
    pub source: Option<&'a SourceFile>,
}

/// Says what a file is to an interpreter.
#[must_use]
pub fn judge(facts: &Facts<'_>, settings: &Settings) -> Verdict {
    let named = facts.location.tag.as_deref().and_then(of_tag);
    let writer = facts.header.ok().map(|header| header.origin.interpreter);
    let interpreter = settings.interpreter.or(named).or(writer);
    let (state, outcome, reason) = match interpreter {
        Some(interpreter) => Judge { facts, settings, interpreter }.place(),
        None => no_interpreter(facts),
    };
    Verdict { interpreter, state, outcome, reason }
}

type Judgement = (State, Outcome, Reason);

/// The interpreter that a tag begins with; `pytest` puts its own version behind it.
fn of_tag(tag: &str) -> Option<Interpreter> {
    Interpreter::of_tag(tag.split_once(PYTEST).map_or(tag, |(tag, _)| tag))
}

/// Neither the name nor the header says whose the file is.
fn no_interpreter(facts: &Facts<'_>) -> Judgement {
    let reason = match facts.header {
        Err(HeaderError::UnknownMagic { number }) => Reason::OtherMagic { magic: number, written_by: None },
        Err(error) => Reason::Header(error),
        Ok(_) => Reason::OddName,
    };
    let state = if matches!(reason, Reason::Header(_)) { State::Damaged } else { State::WrongVersion };
    (state, Outcome::NotRead, reason)
}

struct Judge<'a> {
    facts: &'a Facts<'a>,
    settings: &'a Settings,
    interpreter: Interpreter,
}

impl Judge<'_> {
    /// Whether the interpreter looks at the file at all, and if so, what it finds.
    fn place(&self) -> Judgement {
        let ignored = |reason| (State::Ignored, Outcome::NotRead, reason);
        let is_tagged = matches!(self.facts.location.placement, Placement::Cache | Placement::Prefix);
        if is_tagged && self.is_of_other_interpreter() {
            return ignored(Reason::OtherTag { looked_for: self.looked_for() });
        }
        if let Some(reason) = self.other_optimization() {
            return ignored(reason);
        }
        match self.facts.location.placement {
            Placement::Odd => ignored(Reason::OddName),
            Placement::Legacy if self.interpreter.has_cache_folder() => self.legacy(),
            Placement::Legacy => self.content(),
            Placement::Cache if self.settings.prefix.is_some() && self.interpreter.has_prefix() => {
                ignored(Reason::OtherFolder { looked_for: self.looked_for() })
            }
            Placement::Cache | Placement::Prefix if self.facts.source.is_none() => {
                (State::Orphaned, Outcome::NotRead, Reason::SourceIsMissing)
            }
            Placement::Cache | Placement::Prefix => self.content(),
        }
    }

    fn is_of_other_interpreter(&self) -> bool {
        let named = self.facts.location.tag.as_deref().and_then(of_tag);
        // A tag of a build of one's own is taken for that of the interpreter whose number is in the file.
        !self.interpreter.has_cache_folder() || named.is_some_and(|named| named != self.interpreter)
    }

    fn other_optimization(&self) -> Option<Reason> {
        let wanted = self.settings.optimization?;
        let wanted = match wanted {
            0 => None,
            _ if !self.interpreter.has_optimization_tag() => Some("O".to_owned()),
            level => Some(level.to_string()),
        };
        // A module without source has no optimization in its name, from 3.5 on.
        let is_legacy = self.facts.location.placement == Placement::Legacy;
        let is_free = is_legacy && self.interpreter.has_optimization_tag();
        let is_other = !is_free && wanted != self.facts.location.optimization;
        is_other.then(|| Reason::OtherOptimization { looked_for: self.looked_for() })
    }

    /// The cache that the interpreter looks for instead.
    fn looked_for(&self) -> PathBuf {
        let named = match self.facts.location.optimization.as_deref() {
            None => 0,
            // `.pyo` is the first level.
            Some(level) => level.parse().unwrap_or(1),
        };
        let optimization = self.settings.optimization.unwrap_or(named);
        let source: &Path = &self.facts.location.source;
        let absolute = std::path::absolute(source).unwrap_or_else(|_| source.to_path_buf());
        let prefix = self.settings.prefix.as_deref().filter(|_| self.interpreter.has_prefix());
        let source = if prefix.is_some() { &absolute } else { source };
        cache_of(source, self.interpreter, optimization, prefix)
    }

    fn legacy(&self) -> Judgement {
        let is_old_suffix = self.facts.location.optimization.is_some();
        if is_old_suffix && self.interpreter.has_optimization_tag() {
            return (State::Ignored, Outcome::NotRead, Reason::OldSuffix);
        }
        if self.facts.source.is_some() {
            let looked_for = self.looked_for();
            return (State::Ignored, Outcome::NotRead, Reason::BesideSource { looked_for });
        }
        self.content()
    }

    /// What the interpreter finds when it opens the file.
    fn content(&self) -> Judgement {
        let header = match self.facts.header {
            Ok(header) => header,
            Err(HeaderError::UnknownMagic { number }) => return self.other_magic(number, None),
            Err(error) => {
                let exception =
                    if matches!(error, HeaderError::CutOff { size: 4.. }) { "EOFError" } else { "ImportError" };
                return (State::Damaged, self.refused(exception), Reason::Header(error));
            }
        };
        if !self.interpreter.accepts(header.magic) {
            return self.other_magic(header.magic, Some(header.origin.clone()));
        }
        let (state, reason) = match self.facts.source {
            Some(source) => self.compared(header, source),
            None => (State::Fresh, Reason::Sourceless),
        };
        let is_unchecked = matches!(reason, Reason::HashIsUnchecked { .. });
        if state == State::Stale && !is_unchecked {
            return (state, self.refused("ImportError"), reason);
        }
        match self.facts.code_error {
            // What is refused up to here is compiled again; from here on, nobody catches the exception.
            Some(error) => (
                State::Damaged,
                Outcome::ImportFails { error: exception_of(error, self.interpreter) },
                Reason::Code(error),
            ),
            None => (state, Outcome::Used, reason),
        }
    }

    fn other_magic(&self, magic: u16, written_by: Option<Origin>) -> Judgement {
        (State::WrongVersion, self.refused("ImportError"), Reason::OtherMagic { magic, written_by })
    }

    /// What becomes of a file that the interpreter doesn't take: with a source, that is compiled.
    fn refused(&self, error: &'static str) -> Outcome {
        match (self.facts.source, self.settings.writing) {
            // The importer in C writes no time that doesn't fit.
            (Some(source), _) if !self.interpreter.has_importlib() && u32::try_from(source.seconds).is_err() => {
                Outcome::Compiled
            }
            (Some(_), Writing::On) => Outcome::Rewritten,
            (Some(_), Writing::Off) => Outcome::Compiled,
            (None, _) => Outcome::ImportFails { error },
        }
    }

    fn compared(&self, header: &Header, source: &SourceFile) -> (State, Reason) {
        match header.check {
            Check::Time { time, size } => by_time(time, size, source, self.interpreter),
            Check::Hash { is_checked, .. } => {
                let is_same = source.has_recorded_hash == Some(true);
                let is_compared = match self.settings.hash_checks {
                    HashChecks::Default => is_checked,
                    HashChecks::Always => true,
                    HashChecks::Never => false,
                };
                let state = if is_same { State::Fresh } else { State::Stale };
                match (is_compared, is_same) {
                    (false, _) => (state, Reason::HashIsUnchecked { is_same }),
                    (true, true) => (state, Reason::HashIsSame),
                    (true, false) => (state, Reason::HashDiffers),
                }
            }
        }
    }
}

/// Sizes are compared modulo 2^32; so are times by 2.7 and from 3.7 on. In between, a time that doesn't fit is never found again.
fn by_time(time: u32, size: Option<u32>, source: &SourceFile, interpreter: Interpreter) -> (State, Reason) {
    const LOW: i128 = 0xffff_ffff;
    let actual = source.time(interpreter);
    let comparable =
        if interpreter.has_hashes() || interpreter.major == 2 { i128::from(actual) & LOW } else { i128::from(actual) };
    if i128::from(time) != comparable {
        return (State::Stale, Reason::TimeDiffers { recorded: time, actual });
    }
    match size {
        Some(recorded) if i128::from(recorded) != i128::from(source.size) & LOW => {
            (State::Stale, Reason::SizeDiffers { recorded, actual: source.size })
        }
        _ => (State::Fresh, Reason::TimeIsSame),
    }
}

fn exception_of(error: MarshalError, interpreter: Interpreter) -> &'static str {
    match error {
        // Whether a number or a text is cut off makes a difference.
        MarshalError::CutOff if interpreter.major == 2 => "EOFError or ValueError",
        MarshalError::CutOff => "EOFError",
        MarshalError::NoCode => "ImportError",
        MarshalError::UnknownType { .. } | MarshalError::UnknownReference | MarshalError::Length => "ValueError",
    }
}
