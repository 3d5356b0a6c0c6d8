//! A measurement as a table on a terminal.
//!
//! Comes in: a report. Goes out: text: the candidates, what could not be measured, where the time goes, what a reader should
//! know.

use super::{Style, count_text, seconds_text, size_text};
use crate::bench::{Agreement, BenchReport, CandidateReport, ImportProfile, REFERENCE, Verdict};

/// Modules that are listed.
const MODULE_LIMIT: usize = 12;

/// The widest name of a candidate that is not cut.
const NAME_WIDTH: usize = 25;

/// What `pyfreeze bench` says.
#[must_use]
pub fn bench_table(report: &BenchReport, style: Style) -> String {
    let mut text = heading(report, style);
    text += &candidates(report, style);
    text += &absent(report, style);
    text += &phases(report, style);
    text += &modules(report, style);
    text += &notes(report, style);
    text
}

fn heading(report: &BenchReport, style: Style) -> String {
    let program = &report.program;
    let arguments: String = program.arguments.iter().map(|word| format!(" {word}")).collect();
    let until = program.until.as_ref().map(|until| format!(", {until}")).unwrap_or_default();
    let what = style.bold(&format!("{}{arguments}", program.path));
    format!("{what}\nwhole processes, {} runs of each in turn{until}\n\n", program.run_count)
}

fn candidates(report: &BenchReport, style: Style) -> String {
    let head = format!(
        "{:<NAME_WIDTH$} {:>8} {:>8} {:>16} {:>14} {:>8} {:>7} {:>9} {:>6}",
        "", "least", "median", "middle half", "from disk", "cpu", "faults", "memory", "calls"
    );
    let mut text = style.dim(&head) + "\n";
    let mut group = None;
    for candidate in &report.candidates {
        if group.is_some_and(|group| group != candidate.group) {
            text.push('\n');
        }
        group = Some(candidate.group);
        text += &candidate_line(report, candidate);
        text.push('\n');
    }
    text
}

fn candidate_line(report: &BenchReport, candidate: &CandidateReport) -> String {
    let wall = candidate.wall_seconds;
    let calls = candidate.system_calls.as_ref().map(|calls| usize::try_from(calls.total).unwrap_or(usize::MAX));
    let line = format!(
        "{:<NAME_WIDTH$} {:>8} {:>8} {:>16} {:>14} {:>8} {:>7} {:>9} {:>6}",
        candidate.name,
        seconds_text(wall.minimum),
        seconds_text(wall.median),
        range(wall.lower_quartile, wall.upper_quartile),
        against_disk(report, candidate),
        seconds_text(candidate.user_seconds.median + candidate.system_seconds.median),
        count_text(whole(candidate.faults())),
        memory(report, candidate),
        calls.map(count_text).unwrap_or_default(),
    );
    line.trim_end().to_owned()
}

/// How many times as fast as from disk, if the runs can tell.
fn against_disk(report: &BenchReport, candidate: &CandidateReport) -> String {
    if candidate.id == REFERENCE {
        return "1".to_owned();
    }
    let Some(pair) = report.comparison(&candidate.id, REFERENCE) else { return String::new() };
    match (pair.verdict, pair.ratio) {
        (Verdict::Faster, Some(ratio)) => format!("{} × faster", factor(1.0 / ratio.value)),
        (Verdict::Slower, Some(ratio)) => format!("{} × slower", factor(ratio.value)),
        _ => "can't tell".to_owned(),
    }
}

/// Three digits.
fn factor(number: f64) -> String {
    let decimals = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.decimals$}")
}

/// Peak memory, or that it is below what can be told.
fn memory(report: &BenchReport, candidate: &CandidateReport) -> String {
    let size = size_text(u64::try_from(whole(candidate.peak_memory.median)).unwrap_or(0));
    if candidate.peak_memory.median <= as_number(report.memory_floor) { format!("< {size}") } else { size }
}

fn absent(report: &BenchReport, style: Style) -> String {
    let mut text = String::new();
    for absent in &report.absent {
        text += &format!("{:<NAME_WIDTH$} {}\n", absent.name, style.dim(&format!("left out: {}", absent.why)));
        text += &absent.errors.lines().map(|line| format!("    {line}\n")).collect::<String>();
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn phases(report: &BenchReport, style: Style) -> String {
    if report.imports.is_empty() {
        return String::new();
    }
    let head = format!(
        "{:<NAME_WIDTH$} {:>12} {:>12} {:>12} {:>12} {:>9} {:>9}",
        "where the time goes", "until main", "imports", "program", "end", "imported", "present"
    );
    let mut text = format!("\n{}\n", style.dim(&head));
    for profile in &report.imports {
        text += &format!(
            "{:<NAME_WIDTH$} {:>12} {:>12} {:>12} {:>12} {:>9} {:>9}\n",
            profile.name,
            seconds_text(profile.start_seconds),
            seconds_text(profile.import_seconds),
            seconds_text(profile.program_seconds),
            seconds_text(profile.exit_seconds),
            count_text(profile.all().len()),
            count_text(profile.present.len()),
        );
    }
    text
}

fn modules(report: &BenchReport, style: Style) -> String {
    let Some(disk) = report.imports.iter().find(|profile| profile.candidate == REFERENCE) else { return String::new() };
    let others: Vec<&ImportProfile> = report.imports.iter().filter(|other| other.candidate != REFERENCE).collect();
    let mut all = disk.all();
    all.sort_by(|one, other| other.self_seconds.total_cmp(&one.self_seconds));
    if all.is_empty() {
        return String::new();
    }
    let mut head = format!(
        "{:<34} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "the slowest modules, from disk", "find", "load", "execute", "self", "cumulative"
    );
    others.iter().for_each(|other| head += &format!(" {:>20}", short_name(&other.name)));
    let mut text = format!("\n{}\n", style.dim(&head));
    for node in all.iter().take(MODULE_LIMIT) {
        text += &format!(
            "{:<34} {:>9} {:>9} {:>9} {:>9} {:>10}",
            node.name,
            seconds_text(node.find_seconds),
            seconds_text(node.load_seconds),
            seconds_text(node.execute_seconds),
            seconds_text(node.self_seconds),
            seconds_text(node.cumulative_seconds),
        );
        others.iter().for_each(|other| text += &format!(" {:>20}", state(other, &node.name)));
        text.push('\n');
    }
    if all.len() > MODULE_LIMIT {
        text += &format!("and {} more\n", count_text(all.len() - MODULE_LIMIT));
    }
    text + &report.agreement.as_ref().map(agreement).unwrap_or_default()
}

/// What a module takes in another candidate.
fn state(profile: &ImportProfile, name: &str) -> String {
    match profile.all().into_iter().find(|node| node.name == name) {
        Some(node) => seconds_text(node.self_seconds),
        None if profile.present.iter().any(|present| present == name) => "there already".to_owned(),
        None => "not imported".to_owned(),
    }
}

fn short_name(name: &str) -> String {
    name.replace("frozen, ", "")
}

fn agreement(agreement: &Agreement) -> String {
    let off = |own: f64, other: f64| format!("{:+.0} %", (own / other.max(1e-9) - 1.0) * 100.0);
    let Agreement { recorded_seconds, import_time_seconds, .. } = agreement;
    let Agreement { recorded_least_seconds, import_time_least_seconds, .. } = agreement;
    format!(
        "{} modules: {} recorded, {} by `-X importtime` ({}); the least of each: {} and {} ({})\n",
        count_text(agreement.module_count),
        seconds_text(*recorded_seconds),
        seconds_text(*import_time_seconds),
        off(*recorded_seconds, *import_time_seconds),
        seconds_text(*recorded_least_seconds),
        seconds_text(*import_time_least_seconds),
        off(*recorded_least_seconds, *import_time_least_seconds),
    )
}

fn notes(report: &BenchReport, style: Style) -> String {
    let mut notes: Vec<String> = Vec::new();
    let name = |id: &str| report.candidate(id).map_or(id.to_owned(), |candidate| candidate.name.clone());
    notes.extend(report.differences.iter().map(|one| format!("`{}`: {}", name(&one.candidate), one.what)));
    notes.extend(report.warnings.iter().cloned());
    if notes.is_empty() {
        return String::new();
    }
    let lines: String = notes.iter().map(|note| format!("{} {note}\n", style.bold("note:"))).collect();
    format!("\n{lines}")
}

/// `7.78–27.0 ms`: the unit once, if it is the same.
fn range(from: f64, to: f64) -> String {
    let (from, to) = (seconds_text(from), seconds_text(to));
    match (from.rsplit_once(' '), to.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number}–{to}"),
        _ => format!("{from}–{to}"),
    }
}

/// Seconds in words.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts, which are not negative")]
fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}

#[expect(clippy::cast_precision_loss, reason = "a size below 2^52")]
fn as_number(size: u64) -> f64 {
    size as f64
}
