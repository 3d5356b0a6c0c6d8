//! What there is to say of a snapshot: kept in its section, for `inspect`.
//!
//! No clock, no path of the build's machine, no number of a process: the same input gives the same bytes.

use std::collections::BTreeMap;

use pyfreeze_format::snapshot::NewGuard;
use pyfreeze_format::{PathStart, RegionKind, Snapshot};
use serde::{Deserialize, Serialize};

use super::rules::Because;
use crate::payload::decode_section;

/// The facts about a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReport {
    /// `runtime` or `app`.
    pub level: String,
    /// The modules that have been imported, sorted; those with which every interpreter starts are not among them.
    pub modules: Vec<String>,
    /// The modules that are imported at every start although they were looked at, sorted.
    pub left_out: Vec<LeftOutModule>,
    /// The line of the entry point from which on its imports are made at every start.
    pub next_line: Option<u32>,
    /// Whether the program was run to see what it imports late.
    pub is_trained: bool,
    /// The environment variables that modules have read: where one is set, the start is the ordinary one.
    pub variables: Vec<String>,
    /// Its memory.
    pub regions: Vec<RegionReport>,
    /// Random generators that are seeded at every start.
    pub reseeded_count: usize,
    /// Texts with the value of `HOME` or the executable's path, which every start puts there.
    pub path_text_count: usize,
    /// Numbers of processors and of the process that libraries keep, which every start finds anew.
    pub counted_count: usize,
    /// What else must be as it was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardReport>,
    /// The snapshot for starts that this one does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Box<Self>>,
}

/// What every start compares besides variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum GuardReport {
    /// A path at which nothing may be: relative to the working folder, or absolute, with `~` for the value of `HOME`.
    Absent {
        /// The path.
        path: String,
    },
    /// A standard stream that may be no terminal.
    NoTerminal {
        /// Its descriptor.
        descriptor: u16,
    },
}

impl GuardReport {
    /// Of a guard.
    #[must_use]
    pub(super) fn new(guard: &NewGuard) -> Self {
        match guard {
            NewGuard::Absent { start, path, .. } => {
                let home = if *start == PathStart::Home { "~" } else { "" };
                Self::Absent { path: format!("{home}{}", String::from_utf8_lossy(path)) }
            }
            NewGuard::NoTerminal { descriptor } => Self::NoTerminal { descriptor: *descriptor },
        }
    }

    /// Where the snapshot is not used, in words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Absent { path } => format!("{path} exists"),
            Self::NoTerminal { descriptor } => {
                let stream = ["input", "output", "error"].get(usize::from(*descriptor)).unwrap_or(&"stream");
                format!("standard {stream} is a terminal")
            }
        }
    }
}

/// A module that is not in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutModule {
    /// Its dotted name.
    pub name: String,
    /// Why.
    pub because: Because,
}

/// A region of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionReport {
    /// What it is, in a word or two.
    pub kind: String,
    /// Where.
    pub address: u64,
    /// Bytes in memory.
    pub span: u64,
    /// Bytes in the file: pages that are all zeros are left out.
    pub stored: u64,
}

impl SnapshotReport {
    /// Reads the report of a snapshot section; `None` if there is none that can be read.
    #[must_use]
    pub fn read(section: &[u8]) -> Option<Self> {
        let snapshot = Snapshot::parse(section).ok()?;
        let mut report: Self = decode_section(snapshot.report()).ok()?;
        report.regions = regions(&snapshot);
        report.fallback = snapshot.next().and_then(Self::read).map(Box::new);
        Some(report)
    }

    /// Bytes of memory in the file.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        let fallback = self.fallback.as_ref().map_or(0, |fallback| fallback.stored_size());
        self.regions.iter().map(|region| region.stored).sum::<u64>() + fallback
    }

    /// Why modules are not in, the most frequent reason first, each with the modules.
    #[must_use]
    pub fn reasons(&self) -> Vec<(String, Vec<&str>)> {
        let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for module in &self.left_out {
            reasons.entry(module.because.group()).or_default().push(&module.name);
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, modules)| std::cmp::Reverse(modules.len()));
        reasons
    }
}

impl Because {
    /// In words, behind the module's name.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Did { detail, .. } if detail.is_empty() => self.group(),
            Self::Did { what, detail } if what == "env" => format!("reads the variable {detail}"),
            Self::Did { detail, .. } => format!("{}: {detail}", self.group()),
            Self::Imports { module } => format!("imports {module}"),
            Self::Fails { error } => format!("can't be imported while building: {error}"),
            Self::Setting => "excluded by a setting".to_owned(),
        }
    }

    /// In words, without what is of one module only.
    fn group(&self) -> String {
        let Self::Did { what, .. } = self else {
            return match self {
                Self::Imports { .. } => "imports one of them",
                Self::Fails { .. } => "can't be imported while building",
                _ => "excluded by a setting",
            }
            .to_owned();
        };
        match what.as_str() {
            "argv" => "reads the command line".to_owned(),
            "certificates" => "keeps the host's certificates".to_owned(),
            "clock" => "asks for the time".to_owned(),
            "entropy" => "asks for randomness".to_owned(),
            "env" => "reads variables that every user sets".to_owned(),
            "env-set" => "changes the environment".to_owned(),
            "environ" => "reads the whole environment".to_owned(),
            "fd" => "keeps a descriptor open".to_owned(),
            "file" => "opens files".to_owned(),
            "folder" => "lists folders".to_owned(),
            "library" => "loads libraries of the host".to_owned(),
            "locale" => "asks for the locale".to_owned(),
            "machine" => "asks for facts of the machine".to_owned(),
            "mapping" => "maps memory".to_owned(),
            "memory" => "keeps something of its process".to_owned(),
            "pid" => "asks for the process's number".to_owned(),
            "print" => "prints".to_owned(),
            "processors" => "asks for the number of processors".to_owned(),
            "process" => "starts processes".to_owned(),
            "process-state" => "changes the process".to_owned(),
            "seed" => "seeds a random generator".to_owned(),
            "signal" => "handles signals".to_owned(),
            "socket" => "uses sockets".to_owned(),
            "stat" => "looks at files".to_owned(),
            "stdin" => "reads the standard input".to_owned(),
            "terminal" => "asks for the terminal".to_owned(),
            "thread" => "starts threads".to_owned(),
            "working-folder" => "asks for the current folder".to_owned(),
            "write" => "writes files".to_owned(),
            other => format!("does what belongs to the start ({other})"),
        }
    }
}

/// What the section's header says of the memory.
fn regions(snapshot: &Snapshot<'_>) -> Vec<RegionReport> {
    let region = |region: pyfreeze_format::Region| {
        let end = region.address.saturating_add(region.span);
        let pieces = snapshot.pieces().filter(|piece| (region.address..end).contains(&piece.address));
        RegionReport {
            kind: match region.kind {
                RegionKind::Data => "the stub's data",
                RegionKind::Objects => "objects",
                RegionKind::Raw => "other memory",
                RegionKind::Library => "a library's data",
            }
            .to_owned(),
            address: region.address,
            span: region.span,
            stored: pieces.map(|piece| piece.size).sum(),
        }
    };
    snapshot.regions().map(region).collect()
}
