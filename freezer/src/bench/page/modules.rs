//! Every module in a table that can be sorted and filtered.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{BenchReport, ImportNode, ImportProfile, REFERENCE, TimedImport};
use super::text::escape;
use crate::ui::seconds_text;

pub(super) fn table(report: &BenchReport) -> String {
    let disk = report.imports.iter().find(|profile| profile.candidate == REFERENCE);
    let others: Vec<Column<'_>> =
        report.imports.iter().filter(|profile| profile.candidate != REFERENCE).map(Column::new).collect();
    let mut rows: Vec<(f64, String)> = Vec::new();
    let mut seen = BTreeSet::new();
    for node in disk.iter().flat_map(|profile| profile.all()).filter(|node| seen.insert(node.name.clone())) {
        rows.push((node.cumulative_seconds, row(node, &others)));
    }
    let interpreter = report.agreement.iter().flat_map(|agreement| &agreement.interpreter);
    for import in interpreter.filter(|import| seen.insert(import.name.clone())) {
        rows.push((import.cumulative_seconds, early_row(import, &others)));
    }
    rows.sort_by(|one, other| other.0.total_cmp(&one.0));
    let body: String = rows.into_iter().map(|(_, row)| row).collect();
    format!(
        "<div class=\"scroll modules\" tabindex=\"0\" role=\"region\" aria-label=\"Modules\"><table id=\"module-table\">\
         <thead><tr>{}</tr></thead><tbody>\n{body}</tbody></table></div>\n",
        head(&others)
    )
}

/// The figures of another profile, by module.
struct Column<'a> {
    name: String,
    nodes: BTreeMap<&'a str, &'a ImportNode>,
    present: BTreeSet<&'a str>,
}

impl<'a> Column<'a> {
    fn new(profile: &'a ImportProfile) -> Self {
        Self {
            name: profile.name.clone(),
            nodes: profile.all().into_iter().map(|node| (node.name.as_str(), node)).collect(),
            present: profile.present.iter().map(String::as_str).collect(),
        }
    }

    fn cell(&self, name: &str) -> String {
        match self.nodes.get(name) {
            Some(node) => number(node.self_seconds, ""),
            None if self.present.contains(name) => "<td class=\"none\" data-value=\"0\">there already</td>".to_owned(),
            None => "<td class=\"none\" data-value=\"-1\">–</td>".to_owned(),
        }
    }
}

fn head(others: &[Column<'_>]) -> String {
    let column = |class: &str, sort: &str, words: &str| {
        format!("<th scope=\"col\" class=\"{class}\"{sort}><button type=\"button\">{words}</button></th>")
    };
    let mut text = column("", "", "module") + &column("text wide", "", "of");
    for words in ["find", "load", "execute"] {
        text += &column("wide", "", words);
    }
    text += &column("", "", "itself");
    text += &column("", " aria-sort=\"descending\"", "cumulative");
    for other in others {
        text += &column("", "", &escape(&other.name));
    }
    text
}

fn number(seconds: f64, class: &str) -> String {
    format!("<td class=\"{class}\" data-value=\"{:.1}\">{}</td>", seconds * 1e6, seconds_text(seconds))
}

fn row(node: &ImportNode, others: &[Column<'_>]) -> String {
    let parts = [node.find_seconds, node.load_seconds, node.execute_seconds];
    let parts: String = parts.iter().map(|seconds| number(*seconds, "wide")).collect();
    let cells: String = others.iter().map(|other| other.cell(&node.name)).collect();
    let owner = match node.owner.as_str() {
        "" => "not found",
        "library" => "standard library",
        owner => owner,
    };
    format!(
        "<tr><td>{}</td><td class=\"text wide\">{}</td>{parts}{}{}{cells}</tr>\n",
        escape(&node.name),
        escape(owner),
        number(node.self_seconds, ""),
        number(node.cumulative_seconds, ""),
    )
}

/// What the interpreter imports before the program begins: its parts are not told apart there.
fn early_row(import: &TimedImport, others: &[Column<'_>]) -> String {
    let none = "<td class=\"none wide\" data-value=\"-1\">–</td>".repeat(3);
    let cells: String = others.iter().map(|other| other.cell(&import.name)).collect();
    format!(
        "<tr><td>{}</td><td class=\"text wide\">before main</td>{none}{}{}{cells}</tr>\n",
        escape(&import.name),
        number(import.self_seconds, ""),
        number(import.cumulative_seconds, ""),
    )
}
