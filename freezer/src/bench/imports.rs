//! Several recorded runs → where the time goes, module by module.
//!
//! Comes in: records of runs of one candidate. Goes out: a tree of imports whose figures are medians, and the whole process
//! in four parts: until the first statement, imports, the rest of the program, and its end.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Spread;
use super::import_time::{self, TimedImport};
use super::record::{Import, Record};

/// Where one candidate's time goes; medians of several runs, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportProfile {
    /// The candidate's id.
    pub candidate: String,
    /// Its name.
    pub name: String,
    /// How many runs were recorded.
    pub run_count: usize,
    /// From the start of the process to the program's first statement.
    pub start_seconds: f64,
    /// The imports after it.
    pub import_seconds: f64,
    /// What else the program does.
    pub program_seconds: f64,
    /// From its end to that of the process.
    pub exit_seconds: f64,
    /// The modules that were there before the first statement.
    pub present: Vec<String>,
    /// The imports after it, in order.
    pub imports: Vec<ImportNode>,
}

/// One import; times in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportNode {
    /// The module's dotted name.
    pub name: String,
    /// The class of its loader; empty for an import that failed.
    pub loader: String,
    /// Who brought it along: `project`, `library`, `interpreter`, or a distribution's name.
    #[serde(default)]
    pub owner: String,
    /// Finding it.
    pub find_seconds: f64,
    /// Reading and unmarshalling, or compiling; of a shared library linking it.
    pub load_seconds: f64,
    /// Running its body.
    pub execute_seconds: f64,
    /// Locks, the module object, and what else importlib does.
    pub other_seconds: f64,
    /// The four above.
    pub self_seconds: f64,
    /// With everything that it imports.
    pub cumulative_seconds: f64,
    /// What it imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<ImportNode>,
}

/// How far the recorder's figures are those of the interpreter itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Modules that both have.
    pub module_count: usize,
    /// Their times by the recorder, in seconds.
    pub recorded_seconds: f64,
    /// Their times by `-X importtime`, in seconds.
    pub import_time_seconds: f64,
    /// The first with the least of each module's runs in place of the median: what a busy machine adds is left out.
    pub recorded_least_seconds: f64,
    /// The second likewise.
    pub import_time_least_seconds: f64,
    /// `-X importtime` for each module of the program from disk.
    pub modules: Vec<TimedImport>,
    /// What the interpreter imports before the program's first statement.
    pub interpreter: Vec<TimedImport>,
}

/// A record with what is known of its process from outside.
#[derive(Clone, Debug)]
pub(super) struct RecordedRun {
    pub(super) record: Record,
    /// On the same clock as the record's times.
    pub(super) started: i64,
    pub(super) ended: i64,
}

impl ImportProfile {
    pub(super) fn new(candidate: &str, name: &str, runs: &[RecordedRun]) -> Option<Self> {
        let least = runs.iter().min_by_key(|run| imports_of(&run.record))?;
        let parts = parts_by_path(runs);
        let mut numbers = BTreeMap::new();
        let imports = nodes(&least.record.imports, "", &parts, &mut numbers);
        let median =
            |measure: fn(&RecordedRun) -> i64| Spread::of(runs.iter().map(|run| seconds(measure(run)).max(0.0))).median;
        Some(Self {
            candidate: candidate.to_owned(),
            name: name.to_owned(),
            run_count: runs.len(),
            start_seconds: median(|run| run.record.begin - run.started),
            import_seconds: imports.iter().map(|node| node.cumulative_seconds).sum(),
            program_seconds: median(|run| run.record.end - run.record.ready - imports_of(&run.record)),
            exit_seconds: median(|run| run.ended - run.record.written),
            present: least.record.present.clone(),
            imports,
        })
    }

    /// The whole process, but for what the recorder itself takes.
    #[must_use]
    pub fn total_seconds(&self) -> f64 {
        self.start_seconds + self.import_seconds + self.program_seconds + self.exit_seconds
    }

    /// Says who brought each module along; what nobody did is in the interpreter itself.
    pub(super) fn set_owners(&mut self, owners: &BTreeMap<&str, &str>) {
        fn set(nodes: &mut [ImportNode], owners: &BTreeMap<&str, &str>) {
            for node in nodes {
                let owner = if node.loader.is_empty() { "" } else { "interpreter" };
                node.owner = (*owners.get(node.name.as_str()).unwrap_or(&owner)).to_owned();
                set(&mut node.inside, owners);
            }
        }
        set(&mut self.imports, owners);
    }

    /// Every import, the outer before those inside.
    #[must_use]
    pub fn all(&self) -> Vec<&ImportNode> {
        let mut all = Vec::new();
        let mut pending: Vec<&ImportNode> = self.imports.iter().rev().collect();
        while let Some(node) = pending.pop() {
            all.push(node);
            pending.extend(node.inside.iter().rev());
        }
        all
    }
}

impl Agreement {
    /// Compares what was recorded of the program from disk with what `-X importtime` says of the same program.
    pub(super) fn new(profile: &ImportProfile, runs: &[RecordedRun], timed: &[Vec<TimedImport>]) -> Option<Self> {
        let present: BTreeSet<&str> = profile.present.iter().map(String::as_str).collect();
        let (interpreter, modules): (Vec<_>, Vec<_>) =
            import_time::medians(timed).into_iter().partition(|import| present.contains(import.name.as_str()));
        let own: BTreeMap<&str, f64> =
            profile.all().into_iter().map(|node| (node.name.as_str(), node.self_seconds)).collect();
        let (own_least, timed_least) = (least_recorded(runs), least_timed(timed));
        let both: Vec<&TimedImport> = modules.iter().filter(|import| own.contains_key(import.name.as_str())).collect();
        let sum = |least: &BTreeMap<&str, f64>| -> f64 {
            both.iter().filter_map(|import| least.get(import.name.as_str())).sum()
        };
        let agreement = Self {
            module_count: both.len(),
            recorded_seconds: sum(&own),
            import_time_seconds: both.iter().map(|import| import.self_seconds).sum(),
            recorded_least_seconds: sum(&own_least),
            import_time_least_seconds: sum(&timed_least),
            interpreter,
            modules: Vec::new(),
        };
        (agreement.module_count > 0).then_some(Self { modules, ..agreement })
    }
}

/// The least that each module has taken itself.
fn least_recorded(runs: &[RecordedRun]) -> BTreeMap<&str, f64> {
    let mut least = BTreeMap::new();
    let mut pending: Vec<&Import> = runs.iter().flat_map(|run| &run.record.imports).collect();
    while let Some(import) = pending.pop() {
        keep_least(&mut least, &import.name, seconds(import.parts.iter().sum()));
        pending.extend(&import.inside);
    }
    least
}

fn least_timed(runs: &[Vec<TimedImport>]) -> BTreeMap<&str, f64> {
    let mut least = BTreeMap::new();
    runs.iter().flatten().for_each(|import| keep_least(&mut least, &import.name, import.self_seconds));
    least
}

fn keep_least<'a>(least: &mut BTreeMap<&'a str, f64>, name: &'a str, seconds: f64) {
    least.entry(name).and_modify(|known| *known = known.min(seconds)).or_insert(seconds);
}

fn imports_of(record: &Record) -> i64 {
    record.imports.iter().map(Import::total).sum()
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of less than 100 days")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

/// The parts of each import in all runs, by the names that lead to it and a number for those that repeat.
type PartsByPath = BTreeMap<String, Vec<[i64; 4]>>;

fn parts_by_path(runs: &[RecordedRun]) -> PartsByPath {
    let mut parts = PartsByPath::new();
    for run in runs {
        gather(&run.record.imports, "", &mut BTreeMap::new(), &mut parts);
    }
    parts
}

fn gather(imports: &[Import], path: &str, numbers: &mut BTreeMap<String, usize>, parts: &mut PartsByPath) {
    for import in imports {
        let path = numbered(path, &import.name, numbers);
        parts.entry(path.clone()).or_default().push(import.parts);
        gather(&import.inside, &path, numbers, parts);
    }
}

fn numbered(path: &str, name: &str, numbers: &mut BTreeMap<String, usize>) -> String {
    let path = format!("{path}/{name}");
    let number = numbers.entry(path.clone()).or_default();
    *number += 1;
    format!("{path}#{number}")
}

fn nodes(
    imports: &[Import],
    path: &str,
    parts: &PartsByPath,
    numbers: &mut BTreeMap<String, usize>,
) -> Vec<ImportNode> {
    let mut nodes_of = |import: &Import| {
        let path = numbered(path, &import.name, numbers);
        let runs = parts.get(&path).map_or(&[][..], Vec::as_slice);
        let median = |index: usize| Spread::of(runs.iter().map(|parts| seconds(parts[index]))).median;
        let [find, load, execute, other] = [0, 1, 2, 3].map(median);
        let inside = nodes(&import.inside, &path, parts, numbers);
        let own = find + load + execute + other;
        ImportNode {
            name: import.name.clone(),
            loader: import.loader.clone(),
            owner: String::new(),
            find_seconds: find,
            load_seconds: load,
            execute_seconds: execute,
            other_seconds: other,
            self_seconds: own,
            cumulative_seconds: own + inside.iter().map(|node| node.cumulative_seconds).sum::<f64>(),
            inside,
        }
    };
    imports.iter().map(&mut nodes_of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Agreement, Import, ImportProfile, Record, RecordedRun, TimedImport};

    fn import(name: &str, parts: [i64; 4], inside: Vec<Import>) -> Import {
        Import { name: name.into(), loader: "L".into(), parts, inside }
    }

    fn run(scale: i64) -> RecordedRun {
        let inner = import("a.b", [scale, 0, 0, 0], Vec::new());
        let imports = vec![import("a", [scale, 2 * scale, 3 * scale, 0], vec![inner])];
        let present = vec!["sys".to_owned()];
        let record = Record { begin: 1_000, ready: 1_500, end: 11_500, written: 12_000, present, imports };
        RecordedRun { record, started: 0, ended: 12_700 }
    }

    #[test]
    fn figures_are_medians_and_sums_of_medians() {
        let profile = ImportProfile::new("disk", "from disk", &[run(900), run(100), run(200)]).unwrap();
        let [a] = profile.imports.as_slice() else { panic!("one import") };
        let nanos = |seconds: f64| (seconds * 1e9).round();
        assert_eq!((nanos(a.find_seconds), nanos(a.load_seconds), nanos(a.self_seconds)), (200.0, 400.0, 1200.0));
        assert_eq!(nanos(a.cumulative_seconds), 1400.0);
        assert_eq!(nanos(profile.start_seconds), 1000.0);
        assert_eq!(nanos(profile.program_seconds), 8600.0);
        assert_eq!(nanos(profile.exit_seconds), 700.0);
        assert_eq!(nanos(profile.total_seconds()), 11_700.0);
        assert_eq!(profile.all().iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["a", "a.b"]);
    }

    #[test]
    fn no_runs_have_no_profile() {
        assert_eq!(ImportProfile::new("disk", "from disk", &[]), None);
    }

    #[test]
    fn only_modules_that_both_have_are_compared() {
        let runs = [run(100), run(300)];
        let profile = ImportProfile::new("disk", "from disk", &runs).unwrap();
        let timed = |name: &str, nanos: f64| TimedImport {
            name: name.into(),
            self_seconds: nanos / 1e9,
            cumulative_seconds: 0.0,
        };
        let of_run = |nanos: f64| vec![timed("sys", 9.0), timed("a", nanos), timed("c", 7.0)];
        let agreement = Agreement::new(&profile, &runs, &[of_run(500.0), of_run(700.0)]).unwrap();
        assert_eq!(agreement.module_count, 1);
        let nanos = |seconds: f64| (seconds * 1e9).round();
        assert_eq!(nanos(agreement.recorded_seconds), 1200.0);
        assert_eq!(nanos(agreement.import_time_seconds), 600.0);
        assert_eq!(nanos(agreement.recorded_least_seconds), 600.0);
        assert_eq!(nanos(agreement.import_time_least_seconds), 500.0);
        assert_eq!(agreement.interpreter.len(), 1);
    }
}
