//! What each candidate uses: time in the processor, page faults, memory, system calls.

use super::super::{BenchReport, CandidateReport, SystemCalls};
use super::bars::group_class;
use super::text::{escape, percent};
use crate::ui::{count_text, seconds_text, size_text};

/// System calls that are listed by name.
const CALL_LIMIT: usize = 14;

pub(super) fn costs(report: &BenchReport) -> String {
    let most = report.candidates.iter().map(CandidateReport::faults).fold(0.0, f64::max);
    let mut rows = String::new();
    for (index, candidate) in report.candidates.iter().enumerate() {
        let is_last = report.candidates.get(index + 1).is_some_and(|next| next.group != candidate.group);
        rows += &row(report, candidate, most, if is_last { " group-end" } else { "" });
    }
    format!(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\"></th><th scope=\"col\">user</th><th scope=\"col\">system</th>\
         <th scope=\"col\">page faults</th><th scope=\"col\">from disk</th><th scope=\"col\">peak memory</th>\
         <th scope=\"col\">system calls</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n{}",
        calls_by_name(report)
    )
}

fn row(report: &BenchReport, candidate: &CandidateReport, most: f64, class: &str) -> String {
    let bar = format!(
        "<svg class=\"cell-bar\" aria-hidden=\"true\"><rect class=\"bar\" width=\"{}\" height=\"9\"/></svg>",
        percent(candidate.faults(), most)
    );
    let calls = candidate.system_calls.as_ref().map_or("–".to_owned(), |calls| count(as_number(calls.total)));
    format!(
        "<tr class=\"{}{class}\"><td>{}</td><td>{}</td><td>{}</td><td>{}{bar}</td><td>{}</td><td>{}</td><td>{calls}</td></tr>\n",
        group_class(candidate.group),
        escape(&candidate.name),
        seconds_text(candidate.user_seconds.median),
        seconds_text(candidate.system_seconds.median),
        count(candidate.faults()),
        count(candidate.major_faults.median),
        memory(report, candidate),
    )
}

fn memory(report: &BenchReport, candidate: &CandidateReport) -> String {
    let peak = candidate.peak_memory.median;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size, which is not negative")]
    let size = size_text(peak.max(0.0) as u64);
    if peak <= as_number(report.memory_floor) { format!("&lt; {size}") } else { size }
}

/// The calls that make the difference: those of which any candidate makes the most.
fn calls_by_name(report: &BenchReport) -> String {
    let counted: Vec<(&CandidateReport, &SystemCalls)> = report
        .candidates
        .iter()
        .filter_map(|candidate| Some((candidate, candidate.system_calls.as_ref()?)))
        .filter(|(_, calls)| !calls.by_name.is_empty())
        .collect();
    if counted.is_empty() {
        return String::new();
    }
    let mut names: Vec<(&str, u64)> = Vec::new();
    for (name, count) in counted.iter().flat_map(|(_, calls)| &calls.by_name) {
        match names.iter_mut().find(|(other, _)| other == name) {
            Some((_, most)) => *most = (*most).max(*count),
            None => names.push((name, *count)),
        }
    }
    names.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    let heads: String =
        counted.iter().map(|(candidate, _)| format!("<th scope=\"col\">{}</th>", escape(&candidate.name))).collect();
    let line = |(name, _): &(&str, u64)| {
        let cell = |(_, calls): &(&CandidateReport, &SystemCalls)| {
            format!("<td>{}</td>", calls.by_name.get(*name).map_or("–".to_owned(), |number| count(as_number(*number))))
        };
        format!("<tr><td>{}</td>{}</tr>\n", escape(name), counted.iter().map(cell).collect::<String>())
    };
    let lines: String = names.iter().take(CALL_LIMIT).map(line).collect();
    format!(
        "<details><summary>System calls by name</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\"></th>{heads}</tr>\
         </thead><tbody>\n{lines}</tbody></table></div></details>\n"
    )
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts, which are not negative")]
fn count(number: f64) -> String {
    count_text(number.round().max(0.0) as usize)
}

#[expect(clippy::cast_precision_loss, reason = "counts and sizes below 2^52")]
fn as_number(number: u64) -> f64 {
    number as f64
}
