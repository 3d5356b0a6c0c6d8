//! The snapshot of an executable in words: rows of the summary, and the whole list.

use pyfreeze_format::SnapshotLevel;

use super::libraries::some_of;
use super::summary::row;
use super::{Style, count_text, size_text};
use crate::inspect::Report;
use crate::snapshot::{GuardReport, SnapshotReport, level_name};

/// Reasons for which modules are not in, before "and … more".
const REASON_LIMIT: usize = 6;

/// Names in one line, before "and … more".
const NAME_LIMIT: usize = 5;

/// So many modules that the program reaches that it is worth a word if most are not in.
const MANY: usize = 200;

/// Below the label of a row.
const INDENT: &str = "             ";

/// How much of the start is in the snapshot, what is not in it and why.
pub(super) fn snapshot_rows(report: &Report, style: Style) -> String {
    let Some(snapshot) = &report.snapshot else { return String::new() };
    let modules = module_count(snapshot);
    let level = &snapshot.level;
    let mut text =
        row(style, "snapshot", &format!("{level}, {modules} imported, {}", size_text(snapshot.stored_size())));
    let reasons = snapshot.reasons();
    for (reason, names) in reasons.iter().take(REASON_LIMIT) {
        text += &format!("{INDENT}at start, {reason}: {}\n", some_of(names, NAME_LIMIT));
    }
    if reasons.len() > REASON_LIMIT {
        let more = reasons.len() - REASON_LIMIT;
        text += &format!("{INDENT}and {more} more reasons: `inspect --snapshot` lists them\n");
    }
    text += &late_imports(snapshot, report.hot_module_count);
    if !snapshot.variables.is_empty() {
        let names: Vec<_> = snapshot.variables.iter().map(String::as_str).collect();
        text += &format!("{INDENT}not used where set: {}\n", some_of(&names, NAME_LIMIT));
    }
    if !snapshot.guards.is_empty() {
        let facts: Vec<_> = snapshot.guards.iter().map(GuardReport::text).collect();
        let facts: Vec<_> = facts.iter().map(String::as_str).collect();
        text += &format!("{INDENT}not used where {}\n", some_of(&facts, NAME_LIMIT));
    }
    if let Some(fallback) = &snapshot.fallback {
        text += &format!("{INDENT}used instead: another, with {} imported\n", module_count(fallback));
    }
    text
}

fn module_count(snapshot: &SnapshotReport) -> String {
    match snapshot.modules.len() {
        1 => "1 module".to_owned(),
        count => format!("{} modules", count_text(count)),
    }
}

/// What of the program only training would bring in.
fn late_imports(snapshot: &SnapshotReport, hot_module_count: usize) -> String {
    let known = snapshot.modules.len() + snapshot.left_out.len();
    let what = match snapshot.next_line {
        _ if snapshot.level != level_name(SnapshotLevel::App) || snapshot.is_trained => return String::new(),
        Some(line) => {
            format!("what the entry point imports from line {line} on, for what stands before may matter to it")
        }
        None if hot_module_count >= MANY && known < hot_module_count / 3 => "what functions import".to_owned(),
        None => return String::new(),
    };
    format!("{INDENT}at start, {what}: `--snapshot-train \"ARGS\"` brings it in\n")
}

/// Everything that is known of the snapshot, and of the one for starts that it does not fit.
#[must_use]
pub fn snapshot_list(report: &Report) -> String {
    let Some(snapshot) = &report.snapshot else { return "no snapshot\n".to_owned() };
    let mut text = list_of(snapshot, report);
    if let Some(fallback) = &snapshot.fallback {
        text += "\nused where that one is not:\n";
        text += &list_of(fallback, report);
    }
    text
}

fn list_of(snapshot: &SnapshotReport, report: &Report) -> String {
    let SnapshotReport { level, modules, left_out, variables, regions, guards, .. } = snapshot;
    let mut text = format!("level  {level}\n");
    for region in regions {
        let sizes = format!("{} in memory, {} stored", size_text(region.span), size_text(region.stored));
        text += &format!("memory  {:#x}  {sizes}  {}\n", region.address, region.kind);
    }
    text += &format!("random anew at start  {} generators and texts\n", snapshot.reseeded_count);
    text += &format!("given its paths at start  {} texts\n", snapshot.path_text_count);
    text += &format!("found anew at start  {} numbers of processors or the process\n", snapshot.counted_count);
    text += late_imports(snapshot, report.hot_module_count).trim_start();
    text.extend(variables.iter().map(|name| format!("not used where set  {name}\n")));
    text.extend(guards.iter().map(|guard| format!("not used where  {}\n", guard.text())));
    text.extend(left_out.iter().map(|module| format!("at start  {}  {}\n", module.name, module.because.text())));
    text.extend(modules.iter().map(|name| format!("imported  {name}\n")));
    text
}

#[cfg(test)]
mod tests {
    use super::{snapshot_list, snapshot_rows};
    use crate::snapshot::{Because, GuardReport, LeftOutModule, RegionReport, SnapshotReport};
    use crate::ui::Style;
    use crate::ui::summary::tests::report;

    fn did(what: &str, detail: &str) -> Because {
        Because::Did { what: what.into(), detail: detail.into() }
    }

    fn snapshot() -> SnapshotReport {
        let module = |name: &str, because| LeftOutModule { name: name.into(), because };
        let region = |kind: &str, address, stored| RegionReport { kind: kind.into(), address, span: 1 << 20, stored };
        let imports = |module: &str| Because::Imports { module: module.into() };
        SnapshotReport {
            level: "app".into(),
            modules: ["app", "json"].map(str::to_owned).to_vec(),
            left_out: vec![
                module("app.config", did("file", "/etc/app.conf")),
                module("app.user", did("env", "HOME")),
                module("app.web", imports("app.user")),
                module("app.worker", imports("app.config")),
            ],
            next_line: None,
            is_trained: true,
            variables: vec!["APP_MODE".into()],
            regions: vec![region("the stub's data", 0x50_0000, 4096), region("objects", 0x20_0000_0000, 9_000_000)],
            reseeded_count: 2,
            path_text_count: 3,
            guards: Vec::new(),
            fallback: None,
            counted_count: 1,
        }
    }

    #[test]
    fn snapshot_in_words() {
        let mut report = report();
        assert_eq!(snapshot_rows(&report, Style::Plain), "");
        assert_eq!(snapshot_list(&report), "no snapshot\n");
        report.snapshot = Some(snapshot());
        let expected = "  \
  snapshot   app, 2 modules imported, 9.0 MB
             at start, imports one of them: app.web, app.worker
             at start, opens files: app.config
             at start, reads variables that every user sets: app.user
             not used where set: APP_MODE
";
        assert_eq!(snapshot_rows(&report, Style::Plain), expected);
        let expected = "\
level  app
memory  0x500000  1.0 MB in memory, 4.0 kB stored  the stub's data
memory  0x2000000000  1.0 MB in memory, 9.0 MB stored  objects
random anew at start  2 generators and texts
given its paths at start  3 texts
found anew at start  1 numbers of processors or the process
not used where set  APP_MODE
at start  app.config  opens files: /etc/app.conf
at start  app.user  reads the variable HOME
at start  app.web  imports app.user
at start  app.worker  imports app.config
imported  app
imported  json
";
        assert_eq!(snapshot_list(&report), expected);
    }

    #[test]
    fn guards_and_the_other_snapshot_are_told() {
        let mut report = report();
        let absent = |path: &str| GuardReport::Absent { path: path.into() };
        let guards = vec![absent("/etc/app.conf"), absent("~/.app"), GuardReport::NoTerminal { descriptor: 1 }];
        let left_out = vec![LeftOutModule { name: "app.config".into(), because: did("stat", "~/.app") }];
        let fallback = SnapshotReport { modules: vec!["json".into()], left_out, ..snapshot() };
        let first = SnapshotReport { left_out: Vec::new(), guards, ..snapshot() };
        report.snapshot = Some(SnapshotReport { fallback: Some(Box::new(fallback)), ..first });
        let expected = "  \
  snapshot   app, 2 modules imported, 18.0 MB
             not used where set: APP_MODE
             not used where /etc/app.conf exists, ~/.app exists, standard output is a terminal
             used instead: another, with 1 module imported
";
        assert_eq!(snapshot_rows(&report, Style::Plain), expected);
        let list = snapshot_list(&report);
        let (first, second) = list.split_once("\nused where that one is not:\n").unwrap();
        assert!(first.contains("not used where  /etc/app.conf exists\nnot used where  ~/.app exists\n"), "{first}");
        assert!(first.contains("not used where  standard output is a terminal\nimported  app\n"), "{first}");
        assert!(
            second.starts_with("level  app\n") && second.contains("at start  app.config  looks at files: ~/.app\n")
        );
    }

    #[test]
    fn late_imports_are_told() {
        let mut report = report();
        let untrained = || SnapshotReport { is_trained: false, ..snapshot() };
        let told = |snapshot, count| super::late_imports(&snapshot, count);
        let row = "             at start, what functions import: `--snapshot-train \"ARGS\"` brings it in\n";
        assert_eq!(told(untrained(), 1000), row);
        assert_eq!(told(untrained(), 18), "");
        assert_eq!(told(SnapshotReport { next_line: Some(4), ..snapshot() }, 1000), "");
        assert_eq!(told(SnapshotReport { level: "runtime".into(), ..untrained() }, 1000), "");
        report.snapshot = Some(SnapshotReport { next_line: Some(4), ..untrained() });
        report.hot_module_count = 18;
        let row = "at start, what the entry point imports from line 4 on, for what stands before may matter to it: \
                   `--snapshot-train \"ARGS\"` brings it in\n";
        assert!(snapshot_rows(&report, Style::Plain).contains(row));
        assert!(snapshot_list(&report).contains(row));
    }

    #[test]
    fn lists_end() {
        let mut report = report();
        let kinds = ["argv", "clock", "entropy", "fd", "file", "folder", "library", "locale"];
        let mut left_out: Vec<_> =
            kinds.map(|kind| LeftOutModule { name: format!("by_{kind}"), because: did(kind, "") }).to_vec();
        left_out.extend((0..9).map(|number| LeftOutModule { name: format!("m{number}"), because: Because::Setting }));
        report.snapshot = Some(SnapshotReport { left_out, ..snapshot() });
        let text = snapshot_rows(&report, Style::Plain);
        assert!(text.contains("at start, excluded by a setting: m0, m1, m2, m3, m4 and 4 more\n"), "{text}");
        assert!(text.contains("and 3 more reasons: `inspect --snapshot` lists them\n"), "{text}");
        assert_eq!(text.lines().count(), 9);
    }
}
