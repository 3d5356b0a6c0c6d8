//! The snapshot of an executable in words: rows of the summary, and the whole list.

use super::libraries::some_of;
use super::summary::row;
use super::{Style, count_text, size_text};
use crate::inspect::Report;
use crate::snapshot::SnapshotReport;

/// Reasons for which modules are not in, before "and … more".
const REASON_LIMIT: usize = 6;

/// Names in one line, before "and … more".
const NAME_LIMIT: usize = 5;

/// Below the label of a row.
const INDENT: &str = "             ";

/// How much of the start is in the snapshot, what is not in it and why.
pub(super) fn snapshot_rows(report: &Report, style: Style) -> String {
    let Some(snapshot) = &report.snapshot else { return String::new() };
    let modules = match snapshot.modules.len() {
        1 => "1 module".to_owned(),
        count => format!("{} modules", count_text(count)),
    };
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
    if !snapshot.variables.is_empty() {
        let names: Vec<_> = snapshot.variables.iter().map(String::as_str).collect();
        text += &format!("{INDENT}not used where set: {}\n", some_of(&names, NAME_LIMIT));
    }
    text
}

/// Everything that is known of the snapshot.
#[must_use]
pub fn snapshot_list(report: &Report) -> String {
    let Some(snapshot) = &report.snapshot else { return "no snapshot\n".to_owned() };
    let SnapshotReport { level, modules, left_out, variables, regions, reseeded_count, path_text_count } = snapshot;
    let mut text = format!("level  {level}\n");
    for region in regions {
        let sizes = format!("{} in memory, {} stored", size_text(region.span), size_text(region.stored));
        text += &format!("memory  {:#x}  {sizes}  {}\n", region.address, region.kind);
    }
    text += &format!("random anew at start  {reseeded_count} generators and texts\n");
    text += &format!("given its paths at start  {path_text_count} texts\n");
    text.extend(variables.iter().map(|name| format!("not used where set  {name}\n")));
    text.extend(left_out.iter().map(|module| format!("at start  {}  {}\n", module.name, module.because.text())));
    text.extend(modules.iter().map(|name| format!("imported  {name}\n")));
    text
}

#[cfg(test)]
mod tests {
    use super::{snapshot_list, snapshot_rows};
    use crate::snapshot::{Because, LeftOutModule, RegionReport, SnapshotReport};
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
            variables: vec!["APP_MODE".into()],
            regions: vec![region("the stub's data", 0x50_0000, 4096), region("objects", 0x20_0000_0000, 9_000_000)],
            reseeded_count: 2,
            path_text_count: 3,
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
