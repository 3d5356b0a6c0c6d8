//! Imports as icicles, one below the other, to one scale: an import stands above those that it causes.
//!
//! Each node is an `<svg>` inside the panel's, so that it cuts off its own words and the script moves it by two numbers.

use super::super::{BenchReport, ImportNode, ImportProfile};
use super::text::{escape, percent, tick_text, ticks};
use crate::ui::seconds_text;

/// Height of a row, and of the axis above.
const ROW: usize = 21;
const AXIS: usize = 20;

/// Below this part of the whole a node has no words until somebody looks closer.
const NARROW: f64 = 0.03;

/// The time that all panels are as wide as, in seconds.
pub(super) fn span(report: &BenchReport) -> f64 {
    report.imports.iter().map(|profile| profile.start_seconds + profile.import_seconds).fold(0.0, f64::max)
}

pub(super) fn panels(report: &BenchReport) -> String {
    let span = span(report);
    report.imports.iter().map(|profile| panel(profile, span)).collect()
}

fn panel(profile: &ImportProfile, span: f64) -> String {
    let mut nodes = start_node(profile, span);
    let mut deepest = 0;
    let mut start = profile.start_seconds;
    for import in &profile.imports {
        deepest = deepest.max(node(import, start, 0, span, &mut nodes));
        start += import.cumulative_seconds;
    }
    let height = AXIS + ROW * (deepest + 1);
    let count = profile.all().len();
    let facts = match count {
        0 => format!("nothing left to import; {} modules are there already", profile.present.len()),
        _ => format!(
            "{} modules imported in {}; {} are there already",
            count,
            seconds_text(profile.import_seconds),
            profile.present.len()
        ),
    };
    format!(
        "<div class=\"panel\" data-present=\"{present}\"><h3>{name}<span>{facts}</span></h3>\
         <svg class=\"icicle\" data-span=\"{span_ms}\" height=\"{height}\" role=\"group\" aria-label=\"Imports, {name}\">{axis}\n{nodes}</svg>\
         <p class=\"nowhere\" hidden></p></div>\n",
        present = escape(&profile.present.join(" ")),
        name = escape(&profile.name),
        span_ms = number(span),
        axis = axis(span),
    )
}

fn axis(span: f64) -> String {
    let tick = |tick: &f64| {
        let place = percent(*tick, span);
        let words = if *tick > span * 0.95 { String::new() } else { tick_text(*tick, span) };
        format!(
            "<line x1=\"{place}\" x2=\"{place}\" y1=\"0\" y2=\"100%\"/><text x=\"{place}\" dx=\"4\" y=\"13\">{words}</text>"
        )
    };
    format!("<g class=\"axis\" aria-hidden=\"true\">{}</g>", ticks(span).iter().map(tick).collect::<String>())
}

fn start_node(profile: &ImportProfile, span: f64) -> String {
    let seconds = profile.start_seconds;
    let words = format!("until the program’s first statement: {}", seconds_text(seconds));
    element("start", "interpreter", "interpreter", &words, [0.0, seconds, span], 0)
}

/// Adds a node and those inside; gives the depth of the deepest.
fn node(import: &ImportNode, start: f64, depth: usize, span: f64, nodes: &mut String) -> usize {
    let class = if matches!(import.owner.as_str(), "library" | "interpreter" | "") { "standard" } else { "own" };
    let words = format!(
        "{}: {} with what it imports, {} itself (find {}, load {}, execute {}, other {})",
        import.name,
        seconds_text(import.cumulative_seconds),
        seconds_text(import.self_seconds),
        seconds_text(import.find_seconds),
        seconds_text(import.load_seconds),
        seconds_text(import.execute_seconds),
        seconds_text(import.other_seconds),
    );
    let label = import.name.rsplit('.').next().unwrap_or(&import.name);
    let label = if depth == 0 { import.name.as_str() } else { label };
    *nodes += &element(class, &import.name, label, &words, [start, import.cumulative_seconds, span], depth);
    // What a module does itself is drawn behind what it imports: the order within is not recorded.
    let mut inside = start;
    let mut deepest = depth;
    for child in &import.inside {
        deepest = deepest.max(node(child, inside, depth + 1, span, nodes));
        inside += child.cumulative_seconds;
    }
    deepest
}

fn element(class: &str, name: &str, label: &str, words: &str, [start, length, span]: [f64; 3], depth: usize) -> String {
    let narrow = if length / span.max(1e-9) < NARROW { " narrow" } else { "" };
    format!(
        "<svg class=\"node {class}{narrow}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" tabindex=\"-1\" role=\"img\" \
         aria-label=\"{words}\" data-name=\"{name}\" data-start=\"{from}\" data-length=\"{long}\" data-depth=\"{depth}\">\
         <title>{words}</title><rect width=\"100%\" height=\"{ROW}\"/><text x=\"5\" y=\"15\">{label}</text></svg>\n",
        x = percent(start, span),
        y = AXIS + depth * ROW,
        width = percent(length, span),
        words = escape(words),
        name = escape(name),
        label = escape(label),
        from = number(start),
        long = number(length),
    )
}

/// Milliseconds for the script.
fn number(seconds: f64) -> String {
    format!("{:.4}", seconds * 1e3)
}
