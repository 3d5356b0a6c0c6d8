//! Where and how something was measured, what to know of it, and how to repeat it.

use super::super::{BenchReport, CommandLine};
use super::text::escape;
use crate::ui::size_text;

/// What a reader of the numbers should know; nothing where there is nothing.
pub(super) fn notes(report: &BenchReport) -> String {
    let name = |id: &str| report.candidate(id).map_or(id.to_owned(), |candidate| candidate.name.clone());
    let differences = report.differences.iter().map(|one| format!("{}: {}", name(&one.candidate), one.what));
    let all = differences.chain(report.warnings.iter().map(|warning| warning.replace('`', "")));
    let item = |note: String| {
        let (first, rest) = note.split_once('\n').unwrap_or((&note, ""));
        let rest = if rest.is_empty() { String::new() } else { format!("<pre>{}</pre>", escape(rest)) };
        format!("<li>{}{rest}</li>\n", escape(first))
    };
    let items: String = all.map(item).collect();
    if items.is_empty() {
        return items;
    }
    format!("<aside class=\"notes\" aria-label=\"What to know of these numbers\"><ul>\n{items}</ul></aside>\n")
}

pub(super) fn facts(report: &BenchReport) -> String {
    let machine = &report.machine;
    let mut rows = vec![
        ("project", report.program.path.clone()),
        ("processor", format!("{} × {}", machine.processor_count, machine.processor)),
        ("memory", size_text(machine.memory)),
        ("kernel", machine.kernel.clone()),
    ];
    rows.extend(machine.system.clone().map(|system| ("system", system)));
    rows.extend(machine.governor.clone().map(|governor| ("clock", governor)));
    rows.push(("load before", format!("{:.2}", machine.load)));
    rows.push(("pyfreeze", report.pyfreeze_version.clone()));
    rows.push(("runtime", format!("Python {}", report.python_version)));
    rows.push((
        "runs",
        format!(
            "{} measured and {} before that, of each candidate in turn, each round beginning with another",
            report.program.run_count, report.program.warm_up_count
        ),
    ));
    rows.extend(report.system_call_counter.clone().map(|counter| ("system calls", format!("counted by {counter}"))));
    let row = |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value));
    format!("<dl>\n{}</dl>\n", rows.iter().map(row).collect::<String>())
}

pub(super) fn commands(report: &BenchReport) -> String {
    let command = |command: &CommandLine| {
        format!(
            "<div class=\"command\"><span>{}</span><pre>{}</pre><button type=\"button\">Copy</button></div>\n",
            escape(&command.what),
            escape(&command.line)
        )
    };
    report.commands.iter().map(command).collect()
}
