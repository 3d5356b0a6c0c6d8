//! A report → one page that shows it: no network, no other file.
//!
//! Comes in: a report. Goes out: HTML with the templates of `templates/report`. Charts are SVG whose places are percentages,
//! so that they fit a phone without their words becoming small. Everything from the report is text and is escaped; the page
//! is complete without its script, which only searches, sorts and looks closer.

mod text;

mod bars;
mod costs;
mod facts;
mod icicle;
mod modules;
mod phases;
mod treemap;

use include_dir::{Dir, include_dir};

use super::{BenchReport, Group, REFERENCE, Verdict};
use crate::ui::seconds_text;
use text::{escape, factor, fill};

/// The page's templates.
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../templates/report");

/// The page.
#[must_use]
pub fn render(report: &BenchReport) -> String {
    let program = &report.program;
    let arguments: String = program.arguments.iter().map(|word| format!(" {word}")).collect();
    let name = format!("{}{arguments}", program.name);
    fill(
        template("page.html"),
        &[
            ("title", escape(&format!("{name}: pyfreeze bench"))),
            ("style", template("style.css").to_owned()),
            ("name", escape(&name)),
            ("headline", escape(&headline(report))),
            ("subtitle", escape(&subtitle(report))),
            ("notes", facts::notes(report)),
            ("bars", bars::bars(report)),
            ("imports", imports(report)),
            ("costs", costs::costs(report)),
            ("treemap", treemap::treemap(report)),
            ("facts", facts::facts(report)),
            ("commands", facts::commands(report)),
            ("script", template("script.js").to_owned()),
        ],
    )
}

fn template(name: &str) -> &'static str {
    // OK because the templates are part of this program, and a test renders each.
    TEMPLATES.get_file(name).and_then(include_dir::File::contents_utf8).unwrap_or_default()
}

/// The one thing to know: the fastest frozen form, and how it compares.
fn headline(report: &BenchReport) -> String {
    let frozen = report.candidates.iter().filter(|candidate| candidate.group == Group::Frozen);
    let Some(best) = frozen.min_by(|one, other| one.wall_seconds.median.total_cmp(&other.wall_seconds.median)) else {
        return "It could not be frozen.".to_owned();
    };
    let took = seconds_text(best.wall_seconds.median);
    let how = match best.id.as_str() {
        "frozen-app" => "with the program’s snapshot",
        "frozen-runtime" => "with the interpreter’s snapshot",
        _ => "without a snapshot",
    };
    let compared = report.comparison(&best.id, REFERENCE).map(|pair| (pair.verdict, pair.ratio));
    match compared {
        Some((Verdict::Faster, Some(ratio))) => {
            format!("Frozen {how} it takes {took}: {} times as fast as from disk.", factor(1.0 / ratio.value))
        }
        Some((Verdict::Slower, Some(ratio))) => {
            format!("Frozen {how} it takes {took}: {} times as long as from disk.", factor(ratio.value))
        }
        _ => format!("Frozen {how} it takes {took}; these runs can’t tell it apart from disk."),
    }
}

fn subtitle(report: &BenchReport) -> String {
    let program = &report.program;
    let until = match program.until.as_deref() {
        None => "the whole run".to_owned(),
        Some("--until-main") => "until its first statement".to_owned(),
        Some(until) => until.trim_start_matches("--").replace('"', ""),
    };
    format!(
        "{until} · {} runs of each in turn · Python {} · {}",
        program.run_count,
        report.python_version,
        report.measured_at.replace('T', " ").replace('Z', " UTC"),
    )
}

fn imports(report: &BenchReport) -> String {
    let Some(first) = report.imports.first() else { return String::new() };
    let agreement = report.agreement.as_ref().map(|agreement| {
        format!(
            "For the {} modules that both have, python -X importtime says {}, this recording {}; the least of each module’s \
             runs: {} and {}.",
            agreement.module_count,
            seconds_text(agreement.import_time_seconds),
            seconds_text(agreement.recorded_seconds),
            seconds_text(agreement.import_time_least_seconds),
            seconds_text(agreement.recorded_least_seconds),
        )
    });
    fill(
        template("imports.html"),
        &[
            ("run_count", first.run_count.to_string()),
            ("phases", phases::phases(report)),
            ("scale", seconds_text(icicle::span(report))),
            ("panels", icicle::panels(report)),
            ("agreement", escape(&agreement.unwrap_or_default())),
            ("modules", modules::table(report)),
        ],
    )
}

#[cfg(test)]
mod tests;
