//! The recorded runs in four parts, one bar each, to one scale.

use super::super::{BenchReport, ImportProfile};
use super::text::{escape, percent};
use crate::ui::seconds_text;

/// Parts with their classes and words.
const PARTS: [(&str, &str); 4] = [
    ("start", "until the first statement"),
    ("imports", "imports"),
    ("program", "the rest of the program"),
    ("end", "from its end to that of the process"),
];

pub(super) fn phases(report: &BenchReport) -> String {
    let most = report.imports.iter().map(ImportProfile::total_seconds).fold(0.0, f64::max);
    let key = |(class, words): &(&str, &str)| {
        format!(
            "<li><svg aria-hidden=\"true\"><rect class=\"phase-{class}\" width=\"11\" height=\"11\"/></svg>{words}</li>"
        )
    };
    let keys: String = PARTS.iter().map(key).collect();
    let rows: String = report.imports.iter().map(|profile| row(profile, most)).collect();
    format!("<ul class=\"key\">{keys}</ul>\n<div class=\"bars phases\">\n{rows}</div>\n{}", table(report))
}

fn parts(profile: &ImportProfile) -> [f64; 4] {
    [profile.start_seconds, profile.import_seconds, profile.program_seconds, profile.exit_seconds]
}

fn row(profile: &ImportProfile, most: f64) -> String {
    let mut start = 0.0;
    let mut rects = String::new();
    for ((class, words), seconds) in PARTS.iter().zip(parts(profile)) {
        rects += &format!(
            "<rect class=\"phase-{class}\" x=\"{}\" y=\"4\" width=\"{}\" height=\"18\"><title>{words}: {}</title></rect>",
            percent(start, most),
            percent(seconds, most),
            seconds_text(seconds)
        );
        start += seconds;
    }
    format!(
        "<span class=\"name\">{name}</span><span class=\"value\"><b>{total}</b></span>\
         <span class=\"chart\"><svg role=\"img\" aria-label=\"{name} in four parts, see the table\">{rects}</svg></span>\n",
        name = escape(&profile.name),
        total = seconds_text(profile.total_seconds())
    )
}

fn table(report: &BenchReport) -> String {
    let row = |profile: &ImportProfile| {
        let cells: String =
            parts(profile).iter().map(|seconds| format!("<td>{}</td>", seconds_text(*seconds))).collect();
        format!(
            "<tr><td>{}</td>{cells}<td>{}</td><td>{}</td></tr>\n",
            escape(&profile.name),
            profile.all().len(),
            profile.present.len()
        )
    };
    let rows: String = report.imports.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\"></th><th scope=\"col\">until main</th>\
         <th scope=\"col\">imports</th><th scope=\"col\">program</th><th scope=\"col\">end</th>\
         <th scope=\"col\">imported</th><th scope=\"col\">there already</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}
