//! Which modules may be in a snapshot: all the rules, in this file.
//!
//! Comes in: what modules did while they were imported. Goes out: a [`Selection`]. What ties a module to the machine, the
//! moment or the process keeps it out, and with it every module that imports it. What the recorder knows to take
//! back (`REPAIRS` in `recorder_repairs.py`) it does not even report.
//!
//! | kind of event | what it is | verdict |
//! |---|---|---|
//! | `env` | a variable that nearly every process has was read | shown by the comparison; out if programs decide by it |
//! | `env` | any other variable was read | in; the start compares it, another value takes another way |
//! | `absent`, `below-file` | nothing was at a path | in a guarded snapshot, whose start compares it; else out |
//! | `no-terminal` | a standard stream was asked for, and is none | the same |
//! | `clock`, `entropy`, `pid`, `user`, `machine`, `certificates`, `processors` … | a fact was asked for in which the two recordings differ | shown by the comparison |
//! | `hash-seed` | randomness for a hash table, which needs no secret | in: all processes have the same |
//! | `atexit` | a function for the end of the process was registered | in: the list is part of the memory |
//! | all others | files, sockets, threads, signals, terminal, arguments, … | out |
//!
//! Where the two recordings differ, the comparison shows whether a module has kept anything of it; one that only looks (to
//! measure how long its import takes, say) may be in. Should the comparison fail without saying whose fault it is, those that
//! have loaded certificates are out at the next attempt ([`Caution::Wary`]), and all that is so shown at the last
//! ([`Caution::Strict`]). A library that was told how many processors there are may have moved what others have; such modules are
//! out as soon as something is found with modules that have asked for nothing.
//!
//! A *guarded* snapshot ([`Guarding::On`]) has modules in it that rest on what fewer processes find: no file of the user's at a path,
//! no terminal. It is one of two, and starts that it does not fit take the other.
//!
//! A kind that is not known here is one of the others. `memory` is none that the recorder reports: the checks have found
//! something of the recorded process in what belongs to the module.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::guards::Guarding;
use super::request::Facts;
use crate::graph::Pattern;
use crate::project::SnapshotSettings;

/// Why a module is not in the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Because {
    /// It did something that belongs to the start.
    Did {
        /// The kind of event, a word.
        what: String,
        /// The path, variable or the like; may be empty.
        detail: String,
    },
    /// It imports a module that is not in.
    Imports {
        /// That module.
        module: String,
    },
    /// It can't be imported while the program is recorded.
    Fails {
        /// Python's error.
        error: String,
    },
    /// The user has excluded it.
    Setting,
}

/// How far what two recordings show is relied upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Caution {
    /// What the comparison would find may be in.
    #[default]
    Trusting,
    /// Likewise, but for certificates: who keeps them keeps them in memory that leads the comparison to no module.
    Wary,
    /// It may not.
    Strict,
}

/// Its library keeps the C library's streams, the time of its start and files below HOME in variables of its own, which have
/// no Python object that would lead the checks to it.
const READLINE: &str = "readline";

/// What follows from one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    In,
    Compared,
    Guarded,
    Out,
}

/// Modules that are to be left out, each with a path.
pub(super) type Strays = Vec<(String, String)>;

/// The modules of a snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    /// Modules that stay out, and why.
    pub(super) left_out: BTreeMap<String, Because>,
    /// The environment variables that modules inside have read.
    pub(super) variables: BTreeSet<String>,
    /// What modules inside may ask, for every start asks it again: module, kind and detail.
    guarded: BTreeSet<(String, String, String)>,
    /// For what these ask, the user vouches.
    vouched: BTreeSet<String>,
    caution: Caution,
    guarding: Guarding,
}

/// Variables that nearly every process has, with a value that is the user's own. Both recordings have them, with different
/// values.
pub(super) const ALWAYS_SET: &[&str] = &["HOME", "LOGNAME", "PATH", "PWD", "SHELL", "USER"];
const DECIDED_BY: &[&str] = &["LANG", "LANGUAGE", "SHLVL", "TERM", "TERM_PROGRAM", "_"];
/// Those of them that a process without a terminal often lacks.
const OF_TERMINALS: &[&str] = &["TERM", "TERM_PROGRAM"];

/// Variables that nearly every process has, and by which programs decide: neither are two values enough to show that, nor would a
/// program that compares them ever start from its snapshot.
fn is_decided_by(variable: &str) -> bool {
    if let Some(prefix) = variable.strip_suffix('*') {
        // All variables whose names begin so: none of them must be one that is always there.
        let is_covered = |name: &&str| name.starts_with(prefix);
        return [ALWAYS_SET, DECIDED_BY].concat().iter().any(is_covered) || "LC_".starts_with(prefix);
    }
    DECIDED_BY.contains(&variable) || variable.starts_with("LC_")
}

/// Whether the two recordings have different answers for this event.
fn is_shown(kind: &str, detail: &str) -> bool {
    match kind {
        "env" => ALWAYS_SET.contains(&detail),
        "machine" => !matches!(detail, "processors" | "memory"),
        _ => matches!(kind, "certificates" | "clock" | "entropy" | "pid" | "processors" | "user" | "working-folder"),
    }
}

/// Whether libraries have asked what their control group may take of the processors: the stub's `events`.
pub(super) fn is_quota_asked(events: &str) -> bool {
    events.lines().any(|line| line.starts_with("processors ") && line.ends_with(" quota"))
}

/// Whether a path without the recording's folders means something to every process; [`super::guards`] has the last word.
fn is_for_all(path: &str) -> bool {
    let is_of_recording = path.starts_with('…') && !path.starts_with("…/room/empty/");
    !is_of_recording && !path.split('/').any(|part| part == "..")
}

fn verdict(kind: &str, detail: &str, caution: Caution, guarding: Guarding) -> Verdict {
    match kind {
        "absent" | "below-file" if guarding == Guarding::On && is_for_all(detail) => Verdict::Guarded,
        "no-terminal" if guarding == Guarding::On => Verdict::Guarded,
        "env" if guarding == Guarding::On && OF_TERMINALS.contains(&detail) => Verdict::Compared,
        "env" if !ALWAYS_SET.contains(&detail) && !is_decided_by(detail) => Verdict::Compared,
        "atexit" | "hash-seed" => Verdict::In,
        "certificates" if caution != Caution::Trusting => Verdict::Out,
        _ if caution != Caution::Strict && is_shown(kind, detail) => Verdict::In,
        _ => Verdict::Out,
    }
}

impl Because {
    /// Of an event; without a detail that is another in every run, for builds must be alike.
    fn did(what: &str, detail: &str) -> Self {
        let what = match what {
            "absent" | "below-file" => "stat",
            "no-terminal" => "terminal",
            other => other,
        };
        let is_of_run = matches!(what, "fd" | "mapping" | "pid" | "print" | "socket" | "stdin" | "terminal" | "thread");
        let detail = if is_of_run { String::new() } else { detail.to_owned() };
        Self::Did { what: what.to_owned(), detail }
    }
}

impl Selection {
    /// Applies the rules to all modules that were seen.
    pub(super) fn new(facts: &Facts, settings: &SnapshotSettings, caution: Caution, guarding: Guarding) -> Self {
        let mut selection = Self { caution, guarding, ..Self::default() };
        let (vouched, excluded) = (Patterns::new(&settings.include), Patterns::new(&settings.exclude));
        for (name, module) in &facts.modules {
            if excluded.cover(name) {
                selection.left_out.insert(name.clone(), Because::Setting);
            } else if name == READLINE {
                selection.left_out.insert(name.clone(), Because::did("terminal", ""));
            } else {
                let events = module.events.iter().map(|(kind, detail)| (kind.as_str(), detail.as_str()));
                selection.judge(name, events, vouched.cover(name));
            }
        }
        for (name, error) in &facts.failed {
            selection.left_out.entry(name.clone()).or_insert_with(|| Because::Fails { error: error.clone() });
        }
        selection.close(facts);
        selection
    }

    /// Applies the rules to what modules inside have read of the environment, or asked of the standard streams, while the program
    /// was recorded: the lines `env MODULE NAME` and `no-terminal MODULE DESCRIPTOR` of the stub's `events`, of which the
    /// recorder had not seen all. True if a module is out now.
    pub(super) fn learn(&mut self, events: &str, facts: &Facts, settings: &SnapshotSettings) -> bool {
        let vouched = Patterns::new(&settings.include);
        let count = self.left_out.len();
        for line in events.lines() {
            let mut words = line.splitn(3, ' ');
            let (kind, module, detail) = (words.next(), words.next(), words.next());
            if let (Some(kind @ ("env" | "no-terminal")), Some(module), Some(detail)) = (kind, module, detail)
                && facts.modules.contains_key(module)
                && !self.left_out.contains_key(module)
                && !facts.knows(module, kind)
            {
                self.judge(module, [(kind, detail)].into_iter(), vouched.cover(module));
            }
        }
        self.close(facts);
        self.left_out.len() > count
    }

    /// Leaves out what could not be imported without what is left out already, each with Python's error. True if there is any.
    pub(super) fn leave_out_failed(&mut self, failed: impl Iterator<Item = (String, String)>, facts: &Facts) -> bool {
        self.leave_out(failed.map(|(name, error)| (module_of(&name).to_owned(), Because::Fails { error })), facts)
    }

    /// Leaves out modules in whose memory something of the recorded process was found, each with what it was. True if
    /// that is another selection than before.
    pub(super) fn refuse(&mut self, modules: &[(String, String)], facts: &Facts) -> bool {
        let known = modules.iter().filter(|(name, _)| facts.modules.contains_key(name));
        self.leave_out(known.map(|(name, finding)| (name.clone(), Because::did("memory", finding))), facts)
    }

    /// Leaves out modules that have asked what no start can ask again, each with the path. True if there is any.
    pub(super) fn leave_out_strays(&mut self, strays: &Strays, facts: &Facts) -> bool {
        let known = strays.iter().filter(|(name, _)| facts.modules.contains_key(name));
        self.leave_out(known.map(|(name, path)| (name.clone(), Because::did("stat", path))), facts)
    }

    /// Whether its starts can ask again what nothing else has shown of a module.
    pub(super) fn is_guarded(&self) -> bool {
        self.guarding == Guarding::On
    }

    /// Whether a module may ask this, and every start asks it again.
    pub(super) fn may_ask(&self, module: &str, kind: &str, detail: &str) -> bool {
        self.guarded.contains(&(module.to_owned(), kind.to_owned(), detail.to_owned()))
    }

    /// Leaves out modules whose libraries have asked how many processors there are, if something was found in a module that has
    /// asked for nothing, or in none: who makes room for each processor moves what others have. True if there are any.
    pub(super) fn leave_out_counting(&mut self, suspects: &[(String, String)], facts: &Facts) -> bool {
        let events = |name: &str| facts.modules.get(name).map_or(&[][..], |module| &module.events);
        let has_asked = |(name, _): &(String, String)| events(name).iter().any(|(kind, detail)| is_shown(kind, detail));
        if !suspects.is_empty() && suspects.iter().all(has_asked) {
            return false;
        }
        let counts = |name: &&String| events(name).iter().any(|(kind, _)| kind == "processors");
        let counting = facts.modules.keys().filter(counts);
        self.leave_out(counting.map(|name| (name.clone(), Because::did("processors", ""))), facts)
    }

    fn leave_out(&mut self, modules: impl Iterator<Item = (String, Because)>, facts: &Facts) -> bool {
        let count = self.left_out.len();
        for (name, because) in modules {
            self.left_out.entry(name).or_insert(because);
        }
        self.close(facts);
        self.left_out.len() > count
    }

    /// Whether the user vouches for a module.
    pub(super) fn is_vouched(&self, module: &str) -> bool {
        self.vouched.contains(module)
    }

    fn judge<'e>(&mut self, name: &str, events: impl Iterator<Item = (&'e str, &'e str)>, is_vouched: bool) {
        if is_vouched {
            self.vouched.insert(name.to_owned());
        }
        let (mut variables, mut guarded) = (Vec::new(), Vec::new());
        for (kind, detail) in events {
            match verdict(kind, detail, self.caution, self.guarding) {
                Verdict::Out if !is_vouched => {
                    self.left_out.insert(name.to_owned(), Because::did(kind, detail));
                    return;
                }
                Verdict::Compared => variables.push(detail.to_owned()),
                Verdict::Guarded if !is_vouched => guarded.push((name.to_owned(), kind.to_owned(), detail.to_owned())),
                Verdict::In | Verdict::Guarded | Verdict::Out => {}
            }
        }
        self.variables.extend(variables);
        self.guarded.extend(guarded);
    }

    /// Leaves out what imports what is left out.
    fn close(&mut self, facts: &Facts) {
        loop {
            let imports_one = |(name, module): (&String, &super::request::ModuleFacts)| {
                let first = module.imports.iter().find(|imported| self.left_out.contains_key(*imported))?;
                (!self.left_out.contains_key(name)).then(|| (name.clone(), Because::Imports { module: first.clone() }))
            };
            let more: Vec<_> = facts.modules.iter().filter_map(imports_one).collect();
            if more.is_empty() {
                return;
            }
            self.left_out.extend(more);
        }
    }

    /// What is to be imported of these, in their order: in place of a module that is left out what it imports, as far as that
    /// may be in.
    pub(super) fn imports<'n>(&self, names: impl Iterator<Item = &'n str>, facts: &'n Facts) -> Vec<&'n str> {
        let mut imports = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            // Those that are still to be looked at, the next one last.
            let mut waiting = vec![name];
            while let Some(name) = waiting.pop() {
                if !seen.insert(name) {
                    continue;
                }
                if self.has(name) {
                    imports.push(name);
                } else if let Some(module) = facts.modules.get(name) {
                    // All others are there before any module is imported.
                    let imported = module.imports.iter().rev().filter(|name| facts.modules.contains_key(*name));
                    waiting.extend(imported.map(String::as_str));
                }
            }
        }
        imports
    }

    /// True for a module that may be imported.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.left_out.contains_key(module_of(name))
    }
}

/// The module of which an attribute is asked for.
pub(super) fn module_of(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

/// Patterns of a setting.
pub(super) struct Patterns(Vec<Pattern>);

impl Patterns {
    pub(super) fn new(texts: &[String]) -> Self {
        Self(texts.iter().map(|text| Pattern::new(text)).collect())
    }

    pub(super) fn cover(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.covers(name))
    }
}

#[cfg(test)]
mod tests {
    use super::{Because, Caution, Facts, Guarding, Selection, SnapshotSettings};

    fn facts() -> Facts {
        let json = r#"{"modules": {
            "app": {"events": [], "imports": ["app.paths", "app.pure", "logging"]},
            "app.paths": {"events": [["env", "APP_MODE"], ["file", "/etc/app.conf"]], "imports": ["app"]},
            "app.pure": {"events": [["env", "APP_COLOR"], ["atexit", ""]], "imports": []},
            "app.home": {"events": [["env", "HOME"]], "imports": []},
            "plugin": {"events": [], "imports": ["app.pure"]},
            "plugin.odd": {"events": [["new-kind", ""]], "imports": ["plugin"]},
            "plugin.thread": {"events": [["thread", "4711"]], "imports": []},
            "logging": {"events": [], "imports": []},
            "user": {"events": [], "imports": ["app"]}},
            "failed": {"broken": "ImportError: no"}, "printed": [], "late": ["plugin"]}"#;
        serde_json::from_str(json).unwrap()
    }

    fn did(what: &str, detail: &str) -> Because {
        Because::Did { what: what.into(), detail: detail.into() }
    }

    fn imports(module: &str) -> Because {
        Because::Imports { module: module.into() }
    }

    #[test]
    fn what_touches_the_world_stays_out_with_its_importers() {
        let selection = Selection::new(&facts(), &SnapshotSettings::default(), Caution::Strict, Guarding::Off);
        let left_out: Vec<_> =
            selection.left_out.iter().map(|(name, because)| (name.as_str(), because.clone())).collect();
        let expected = [
            ("app", imports("app.paths")),
            ("app.home", did("env", "HOME")),
            ("app.paths", did("file", "/etc/app.conf")),
            ("broken", Because::Fails { error: "ImportError: no".into() }),
            ("plugin.odd", did("new-kind", "")),
            ("plugin.thread", did("thread", "")),
            ("user", imports("app")),
        ];
        assert_eq!(left_out, expected);
        // What the modules that stay out have read doesn't matter.
        assert_eq!(selection.variables.into_iter().collect::<Vec<_>>(), ["APP_COLOR"]);
    }

    #[test]
    fn settings_win() {
        let settings = SnapshotSettings {
            include: vec!["app.*".into()],
            exclude: vec!["logging".into()],
            ..SnapshotSettings::default()
        };
        let selection = Selection::new(&facts(), &settings, Caution::Strict, Guarding::Off);
        assert_eq!(selection.left_out.get("app"), Some(&imports("logging")));
        assert_eq!(selection.left_out.get("logging"), Some(&Because::Setting));
        // Vouched for, but the import is still one of a module that is out.
        assert_eq!(selection.left_out.get("app.paths"), Some(&imports("app")));
        assert!(selection.has("app.home") && selection.has("app.pure"));
    }

    #[test]
    fn guards_bring_in_what_starts_can_ask_again() {
        let json = r#"{"modules": {
            "config": {"events": [["absent", "~/.app"], ["below-file", "…/room/empty/app.cfg"]], "imports": []},
            "terminal": {"events": [["no-terminal", "1"], ["env", "TERM"]], "imports": []},
            "beside": {"events": [["absent", "…/room/app.cfg"]], "imports": []},
            "above": {"events": [["absent", "../app.cfg"]], "imports": []},
            "locale": {"events": [["env", "LANG"]], "imports": []},
            "reads": {"events": [["absent", "/x"], ["file", "/y"]], "imports": []}}}"#;
        let facts: Facts = serde_json::from_str(json).unwrap();
        let select =
            |settings: &SnapshotSettings, guarding| Selection::new(&facts, settings, Caution::Trusting, guarding);
        let settings = SnapshotSettings::default();
        let left_out = |selection: &Selection| selection.left_out.keys().cloned().collect::<Vec<_>>();
        let guarded = select(&settings, Guarding::On);
        assert_eq!(left_out(&guarded), ["above", "beside", "locale", "reads"]);
        assert!(guarded.may_ask("config", "absent", "~/.app") && !guarded.may_ask("config", "absent", "~/.other"));
        assert!(!guarded.may_ask("reads", "absent", "/x"));
        assert!(guarded.variables.contains("TERM"));
        let plain = select(&settings, Guarding::Off);
        assert_eq!(left_out(&plain), ["above", "beside", "config", "locale", "reads", "terminal"]);
        assert_eq!(plain.left_out.get("config"), Some(&did("stat", "~/.app")));
        assert_eq!(plain.left_out.get("terminal"), Some(&did("terminal", "")));
        let vouched = SnapshotSettings { include: vec!["config".into()], ..settings };
        let vouched = select(&vouched, Guarding::On);
        assert!(
            vouched.has("config") && vouched.is_vouched("config") && !vouched.may_ask("config", "absent", "~/.app")
        );
    }

    #[test]
    fn certificates_are_shown_until_the_comparison_fails() {
        let json = r#"{"modules": {"tls": {"events": [["certificates", ""]], "imports": []},
            "timer": {"events": [["clock", ""]], "imports": []}}}"#;
        let facts: Facts = serde_json::from_str(json).unwrap();
        let left_out = |caution| {
            let selection = Selection::new(&facts, &SnapshotSettings::default(), caution, Guarding::Off);
            selection.left_out.into_keys().collect::<Vec<_>>()
        };
        assert!(left_out(Caution::Trusting).is_empty());
        assert_eq!(left_out(Caution::Wary), ["tls"]);
        assert_eq!(left_out(Caution::Strict), ["timer", "tls"]);
    }

    #[test]
    fn recordings_teach_more() {
        let settings = SnapshotSettings::default();
        let mut selection = Selection::new(&facts(), &settings, Caution::Strict, Guarding::Off);
        let events = "env - LANG\nclock logging\nenv logging APP_LOG\nenv app HOME\nvariable\nodd line here\n";
        assert!(!selection.learn(events, &facts(), &settings));
        assert!(selection.variables.contains("APP_LOG"));
        assert!(selection.learn("env app.pure TERM\n", &facts(), &settings));
        assert_eq!(selection.left_out.get("app.pure"), Some(&did("env", "TERM")));
        assert_eq!(selection.left_out.get("plugin"), Some(&imports("app.pure")));
    }

    #[test]
    fn what_fails_without_others_stays_out() {
        let mut selection = Selection::new(&facts(), &SnapshotSettings::default(), Caution::Strict, Guarding::Off);
        let failed = |name: &str| [(name.to_owned(), "ImportError: no".to_owned())].into_iter();
        assert!(selection.leave_out_failed(failed("app.pure:name"), &facts()));
        assert_eq!(selection.left_out.get("app.pure"), Some(&Because::Fails { error: "ImportError: no".into() }));
        assert_eq!(selection.left_out.get("plugin"), Some(&imports("app.pure")));
        assert!(!selection.leave_out_failed(failed("app.pure"), &facts()));
    }

    #[test]
    fn who_counts_processors_goes_before_who_has_asked_for_nothing() {
        let mut facts = facts();
        let events = |kind: &str| vec![(kind.to_owned(), String::new())];
        facts.modules.get_mut("app.pure").unwrap().events = events("processors");
        facts.modules.get_mut("plugin.odd").unwrap().events = events("pid");
        let selection = || Selection::new(&facts, &SnapshotSettings::default(), Caution::Trusting, Guarding::Off);
        let found = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect::<Vec<_>>();
        assert!(!selection().leave_out_counting(&found(&["plugin.odd"]), &facts));
        for names in [&["plugin.odd", "logging"][..], &[]] {
            let mut selection = selection();
            assert!(selection.leave_out_counting(&found(names), &facts));
            assert_eq!(selection.left_out.get("app.pure"), Some(&did("processors", "")));
            assert!(selection.has("logging") && !selection.leave_out_counting(&found(names), &facts));
        }
    }

    #[test]
    fn what_the_checks_find_keeps_modules_out() {
        let mut selection = Selection::new(&facts(), &SnapshotSettings::default(), Caution::Strict, Guarding::Off);
        let found = |name: &str| (name.to_owned(), "a pointer".to_owned());
        assert!(!selection.refuse(&[found("app"), found("nowhere")], &facts()));
        assert!(selection.refuse(&[found("app.pure")], &facts()));
        assert_eq!(selection.left_out.get("app.pure"), Some(&did("memory", "a pointer")));
        assert_eq!(selection.left_out.get("plugin"), Some(&imports("app.pure")));
    }
}
