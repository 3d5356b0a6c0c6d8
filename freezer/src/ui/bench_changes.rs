//! What has changed between two measurements, as a table.

use super::seconds_text;
use crate::bench::{Change, Changes, Verdict};

/// What `pyfreeze bench --compare` says.
#[must_use]
pub fn changes_table(changes: &Changes) -> String {
    let mut text = format!("\nsince {}\n{:<26} {:>9} {:>9} {:>9}\n", changes.since, "", "then", "now", "change");
    for change in &changes.changes {
        text += &format!(
            "{:<26} {:>9} {:>9} {:>9}  {}\n",
            change.name,
            seconds_text(change.old_seconds),
            seconds_text(change.new_seconds),
            format!("{:+.0} %", (change.new_seconds / change.old_seconds.max(1e-9) - 1.0) * 100.0),
            words(change),
        );
    }
    if let Some(machine) = changes.machine.filter(|machine| machine.low > 1.0 || machine.high < 1.0) {
        let word = if machine.value > 1.0 { "slower" } else { "faster" };
        text += &format!(
            "note: the machine itself is {word} than then: its floor line takes {:.2} times as long\n",
            machine.value
        );
    }
    text + &changes.notes.iter().map(|note| format!("note: {note}\n")).collect::<String>()
}

fn words(change: &Change) -> String {
    let Some(ratio) = change.ratio else { return "too few runs to tell".to_owned() };
    let range = format!("{:.2} to {:.2} times as long", ratio.low, ratio.high);
    match change.verdict {
        Verdict::Faster => format!("faster: {range}"),
        Verdict::Slower => format!("slower: {range}"),
        Verdict::Undecided => format!("can't tell: {range}"),
    }
}
