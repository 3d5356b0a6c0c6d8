//! What the recorder is asked for, and what it answers: the two JSON files in a recording's folder.
//!
//! `runtime-stub/bootstrap/recorder.py` is the other side.

use std::collections::BTreeMap;

use pyfreeze_format::SnapshotLevel;
use serde::{Deserialize, Serialize};

/// The recorder, which the executable runs when it is recorded.
pub(super) const RECORDER_SOURCE: &str = concat!(
    include_str!("../../../runtime-stub/bootstrap/recorder_repairs.py"),
    include_str!("../../../runtime-stub/bootstrap/recorder_watch.py"),
    include_str!("../../../runtime-stub/bootstrap/recorder_training.py"),
    include_str!("../../../runtime-stub/bootstrap/recorder.py"),
);

/// `request.json`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Request<'a> {
    pub(super) mode: Mode,
    pub(super) level: &'static str,
    /// Modules to import, in order.
    pub(super) imports: Vec<&'a str>,
    /// Modules that must not come to be imported.
    pub(super) excluded: Vec<&'a str>,
    /// The top-level names of the standard library.
    pub(super) standard: &'a [String],
    /// Command lines that main is run with, each in a process of its own, to learn what it imports.
    pub(super) train: &'a [Vec<String>],
    /// How long each of them may run before it is asked to end; twice that until it is killed.
    pub(super) training_seconds: u64,
    /// Paths of modules whose code objects are to be ready.
    pub(super) codes: Vec<&'a str>,
}

/// What the recorder does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// Looks at what modules do when they are imported.
    Classify,
    /// Makes the process that becomes the snapshot.
    Record,
}

/// `facts.json`, what [`Mode::Classify`] has seen.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Facts {
    /// The modules that were imported, by name.
    pub(super) modules: BTreeMap<String, ModuleFacts>,
    /// Modules that can't be imported, and why not.
    #[serde(default)]
    pub(super) failed: BTreeMap<String, String>,
    /// Modules that main imported when it was run, in order.
    #[serde(default)]
    pub(super) late: Vec<String>,
}

impl Facts {
    /// Whether events of this kind need no attention if they are a module's.
    pub(super) fn knows(&self, module: &str, kind: &str) -> bool {
        self.modules.get(module).is_some_and(|module| module.known.iter().any(|known| known == kind))
    }
}

/// What one module did while it was imported.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ModuleFacts {
    /// Kind and detail of each event.
    #[serde(default)]
    pub(super) events: Vec<(String, String)>,
    /// The modules that it imported.
    #[serde(default)]
    pub(super) imports: Vec<String>,
    /// Kinds of events that need no attention in whatever it does.
    #[serde(default)]
    pub(super) known: Vec<String>,
}

/// The level's name for the recorder and for people.
#[must_use]
pub const fn level_name(level: SnapshotLevel) -> &'static str {
    match level {
        SnapshotLevel::Runtime => "runtime",
        SnapshotLevel::App => "app",
    }
}
