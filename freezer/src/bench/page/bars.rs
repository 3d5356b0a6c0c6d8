//! Wall times as bars from zero, with the middle half of the runs and each single run.

use super::super::{BenchReport, CandidateReport, Group, REFERENCE, Verdict};
use super::text::{escape, factor, percent, tick_text, ticks};
use crate::ui::seconds_text;

/// Places in the bar's height for the dots of runs that lie close together.
const LANES: usize = 5;

pub(super) fn bars(report: &BenchReport) -> String {
    let most = scale(report);
    let mut text = String::from("<div class=\"bars\">\n");
    let mut group = None;
    for candidate in &report.candidates {
        if group.is_some_and(|group| group != candidate.group) {
            text += "<span class=\"gap\"></span>\n";
        }
        group = Some(candidate.group);
        text += &row(report, candidate, most);
    }
    text += &axis(most);
    text += "</div>\n";
    text + &absent(report)
}

/// To the end of the longest bar's spread: a single run that took much longer may lie outside, and is marked there.
fn scale(report: &BenchReport) -> f64 {
    let ends = report.candidates.iter().map(|candidate| {
        let wall = candidate.wall_seconds;
        wall.maximum.min(wall.upper_quartile + 2.0 * (wall.upper_quartile - wall.lower_quartile))
    });
    ends.fold(0.0, f64::max) * 1.02
}

fn row(report: &BenchReport, candidate: &CandidateReport, most: f64) -> String {
    let wall = candidate.wall_seconds;
    let (name, description) = (escape(&candidate.name), escape(&candidate.description));
    let label = format!(
        "{}: median {}, middle half {} to {}",
        candidate.name,
        seconds_text(wall.median),
        seconds_text(wall.lower_quartile),
        seconds_text(wall.upper_quartile)
    );
    format!(
        "<span class=\"name\" title=\"{description}\">{name}</span>\
         <span class=\"value\"><b>{median}</b><small>{compared}</small></span>\
         <span class=\"chart {group}\"><svg role=\"img\" aria-label=\"{label}\">\
         <rect class=\"bar\" x=\"0\" y=\"4\" width=\"{width}\" height=\"16\"/>{dots}\
         <line class=\"spread\" x1=\"{from}\" x2=\"{to}\" y1=\"12\" y2=\"12\"/></svg></span>\n",
        group = group_class(candidate.group),
        label = escape(&label),
        width = percent(wall.median, most),
        dots = dots(candidate, most),
        from = percent(wall.lower_quartile, most),
        to = percent(wall.upper_quartile, most),
        median = seconds_text(wall.median),
        compared = escape(&compared(report, candidate)),
    )
}

fn dots(candidate: &CandidateReport, most: f64) -> String {
    let dot = |(index, run): (usize, &super::super::Run)| {
        let lane = index % LANES;
        let (place, height) = (percent(run.wall_seconds, most), 6 + 3 * lane);
        if run.wall_seconds > most {
            let told = seconds_text(run.wall_seconds);
            return format!("<text x=\"100%\" y=\"16\" text-anchor=\"end\"><title>{told}</title>›</text>");
        }
        format!("<circle class=\"run\" cx=\"{place}\" cy=\"{height}\" r=\"1.8\"/>")
    };
    candidate.runs.iter().enumerate().map(dot).collect()
}

fn compared(report: &BenchReport, candidate: &CandidateReport) -> String {
    if candidate.id == REFERENCE || candidate.group == Group::Floor {
        return String::new();
    }
    match report.comparison(&candidate.id, REFERENCE).map(|pair| (pair.verdict, pair.ratio)) {
        Some((Verdict::Faster, Some(ratio))) => format!("{} × faster", factor(1.0 / ratio.value)),
        Some((Verdict::Slower, Some(ratio))) => format!("{} × slower", factor(ratio.value)),
        Some(_) => "can’t tell".to_owned(),
        None => String::new(),
    }
}

fn axis(most: f64) -> String {
    let tick = |tick: &f64| {
        let place = percent(*tick, most);
        let anchor = if *tick == 0.0 {
            "start"
        } else if *tick > most * 0.96 {
            "end"
        } else {
            "middle"
        };
        format!(
            "<line x1=\"{place}\" x2=\"{place}\" y1=\"0\" y2=\"5\"/><text x=\"{place}\" y=\"18\" text-anchor=\"{anchor}\">{}</text>",
            tick_text(*tick, most)
        )
    };
    let marks: String = ticks(most).iter().map(tick).collect();
    format!(
        "<span class=\"axis\"><svg aria-hidden=\"true\"><line x1=\"0\" x2=\"100%\" y1=\"0.5\" y2=\"0.5\"/>{marks}</svg></span>\n"
    )
}

fn absent(report: &BenchReport) -> String {
    if report.absent.is_empty() {
        return String::new();
    }
    let line = |absent: &super::super::Absent| {
        let errors = if absent.errors.is_empty() {
            String::new()
        } else {
            format!("<details><summary>what it said</summary><pre>{}</pre></details>", escape(&absent.errors))
        };
        format!("<dt>{}</dt><dd>left out: {}{errors}</dd>", escape(&absent.name), escape(&absent.why))
    };
    format!("<dl class=\"absent\">{}</dl>\n", report.absent.iter().map(line).collect::<String>())
}

pub(super) fn group_class(group: Group) -> &'static str {
    match group {
        Group::Frozen => "frozen",
        Group::Disk => "disk",
        Group::Floor => "floor",
    }
}
