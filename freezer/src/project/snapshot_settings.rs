//! The settings of the start-up snapshot: `[tool.pyfreeze.snapshot]`, and the flags, which win.
//!
//! Comes in: a TOML table and what the command line gave. Goes out: [`SnapshotSettings`].

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::ProjectError;
use super::settings::{Reader, SettingsOverrides};

/// How much the executable brings along as memory instead of doing it at every start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotChoice {
    /// Nothing: the ordinary start.
    Off,
    /// The interpreter, ready, with modules of the standard library imported and the program's code unmarshalled.
    Runtime,
    /// Also the program's own imports, as far as they can be.
    #[default]
    App,
}

impl SnapshotChoice {
    const WORDS: &str = "`off`, `runtime` or `app`";

    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "off" => Self::Off,
            "runtime" => Self::Runtime,
            "app" => Self::App,
            _ => return None,
        })
    }
}

/// What the user decided about the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// How much.
    pub level: SnapshotChoice,
    /// Command lines of the program, each run once to learn what it imports late.
    pub train: Vec<Vec<String>>,
    /// How long each run of the program may take while it is recorded.
    pub timeout: Duration,
    /// Patterns of modules for which the user vouches, whatever they do when imported.
    pub include: Vec<String>,
    /// Patterns of modules that are imported at every start.
    pub exclude: Vec<String>,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self {
            level: SnapshotChoice::default(),
            train: Vec::new(),
            timeout: Duration::from_secs(60),
            include: Vec::new(),
            exclude: Vec::new(),
        }
    }
}

/// The keys of `[tool.pyfreeze.snapshot]`.
const KEYS: [&str; 5] = ["level", "train", "timeout", "include", "exclude"];

impl SnapshotSettings {
    /// Reads the table of the pyproject.toml at `file`.
    ///
    /// # Errors
    /// [`ProjectError`] for an unknown key, a value of the wrong type, or a command line with an open quote.
    pub(super) fn parse(table: &Table, file: &Path) -> Result<Self, ProjectError> {
        let reader = Reader::new(table, file, "tool.pyfreeze.snapshot", &KEYS)?;
        let defaults = Self::default();
        let level = match reader.text("level")? {
            None => defaults.level,
            Some(word) => {
                SnapshotChoice::from_word(word).ok_or_else(|| reader.error("level", SnapshotChoice::WORDS))?
            }
        };
        let timeout = match reader.value("timeout") {
            None => defaults.timeout,
            Some(value) => {
                let seconds = value.as_integer().and_then(|seconds| u64::try_from(seconds).ok());
                let seconds = seconds.filter(|seconds| *seconds > 0);
                Duration::from_secs(seconds.ok_or_else(|| reader.error("timeout", "a number of seconds, at least 1"))?)
            }
        };
        Ok(Self {
            level,
            train: reader.texts("train")?.iter().map(|text| words(text)).collect::<Result<_, _>>()?,
            timeout,
            include: reader.texts("include")?,
            exclude: reader.texts("exclude")?,
        })
    }

    /// Puts the command line's over these.
    pub(super) fn apply(&mut self, overrides: &SettingsOverrides) -> Result<(), ProjectError> {
        self.level = overrides.snapshot.unwrap_or(self.level);
        if overrides.hash_randomization {
            // Every start from a snapshot has the hash seed that was drawn when it was made.
            self.level = SnapshotChoice::Off;
        }
        for text in &overrides.snapshot_train {
            self.train.push(words(text)?);
        }
        self.timeout = overrides.snapshot_timeout.unwrap_or(self.timeout);
        Ok(())
    }
}

/// The words of a command line, quoted as for a shell: `'…'`, `"…"` and `\` keep blanks, nothing else is special.
fn words(text: &str) -> Result<Vec<String>, ProjectError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => {
                let Some(next) = letters.next() else { return Err(ProjectError::Words { text: text.to_owned() }) };
                if quote.is_some() && !matches!(next, '"' | '\\') {
                    word.get_or_insert_default().push('\\');
                }
                word.get_or_insert_default().push(next);
            }
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (letter, None) if letter.is_whitespace() => words.extend(word.take()),
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(ProjectError::Words { text: text.to_owned() }) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{SnapshotChoice, SnapshotSettings, words};
    use crate::project::{ProjectError, Settings, SettingsOverrides};

    fn parse(text: &str) -> Result<Settings, ProjectError> {
        Settings::parse(&text.parse().unwrap(), Path::new("p.toml"))
    }

    #[test]
    fn all_keys() {
        let text =
            "[snapshot]\nlevel='app'\ntrain=['--help', 'run \"a b\"']\ntimeout=5\ninclude=['a.*']\nexclude=['b']";
        let expected = SnapshotSettings {
            level: SnapshotChoice::App,
            train: vec![vec!["--help".into()], vec!["run".into(), "a b".into()]],
            timeout: Duration::from_secs(5),
            include: vec!["a.*".into()],
            exclude: vec!["b".into()],
        };
        assert_eq!(parse(text).unwrap().snapshot, expected);
        assert_eq!(parse("").unwrap().snapshot, SnapshotSettings::default());
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        let error = parse("snapshot.tran = []").unwrap_err();
        assert_eq!(error.to_string(), "Unknown key in [tool.pyfreeze.snapshot] of `p.toml`: `tran`");
        assert_eq!(error.hints(), ["did you mean `train`?"]);
        let error = parse("snapshot.level = 'all'").unwrap_err();
        assert_eq!(
            error.to_string(),
            "In [tool.pyfreeze.snapshot] of `p.toml`, this must be `off`, `runtime` or `app`: `level`"
        );
        for text in ["snapshot.timeout = 0", "snapshot.timeout = 'x'", "snapshot = 'app'", "snapshot.train = ['\"']"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(
            parse("snapshot = 1").unwrap_err().to_string(),
            "In [tool.pyfreeze] of `p.toml`, this must be a table: `snapshot`"
        );
    }

    #[test]
    fn flags_win() {
        let settings = parse("snapshot.level='app'\nsnapshot.train=['a']").unwrap();
        let overrides = SettingsOverrides {
            snapshot: Some(SnapshotChoice::Runtime),
            snapshot_train: vec!["b c".into()],
            snapshot_timeout: Some(Duration::from_secs(1)),
            ..SettingsOverrides::default()
        };
        let snapshot = settings.clone().with(&overrides).unwrap().snapshot;
        assert_eq!((snapshot.level, snapshot.timeout), (SnapshotChoice::Runtime, Duration::from_secs(1)));
        assert_eq!(snapshot.train, [vec!["a"], vec!["b", "c"]]);
        let overrides = SettingsOverrides { hash_randomization: true, ..SettingsOverrides::default() };
        assert_eq!(settings.with(&overrides).unwrap().snapshot.level, SnapshotChoice::Off);
    }

    #[test]
    fn words_are_quoted_as_for_a_shell() {
        let words = |text: &str| words(text).map_err(|error| error.to_string());
        assert_eq!(words("").unwrap(), [""; 0]);
        assert_eq!(words(r#" a  'b "c' "d \" e\n" f\ g '' "#).unwrap(), ["a", "b \"c", "d \" e\\n", "f g", ""]);
        assert_eq!(words("a'b'\"c\"").unwrap(), ["abc"]);
        assert_eq!(words("a 'b").unwrap_err(), "Cannot read the training command line, it ends within a quote: `a 'b`");
        assert!(words("a\\").is_err());
    }
}
