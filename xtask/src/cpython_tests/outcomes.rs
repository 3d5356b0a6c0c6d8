//! What came of the tests of one module in one process.
//!
//! Comes in: the lines that `program/run_tests.py` wrote, and how the process ended. Goes out: outcomes by the tests' names.

use std::collections::{BTreeMap, BTreeSet};

use pyfreeze_tests::command::Status;

/// What stands for the module as a whole among its tests.
pub(super) const WHOLE: &str = "(the process)";

/// The outcomes of one module.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    kind: Option<String>,
    by_test: BTreeMap<String, String>,
    started: BTreeSet<String>,
}

impl Outcomes {
    /// Reads the runner's lines. The process itself counts as one more test, whose outcome is how it ended.
    pub(super) fn read(text: &str, status: Status) -> Self {
        let mut outcomes = Self::default();
        // The last line may be cut off, if the process was.
        let lines = text.lines().filter_map(|line| serde_json::from_str::<(String, String, String)>(line).ok());
        for (position, (outcome, test, _)) in lines.enumerate() {
            if position == 0 {
                outcomes.kind = Some(outcome);
            } else {
                outcomes.add(&steady(&test), outcome);
            }
        }
        outcomes.by_test.insert(WHOLE.to_owned(), format!("{status:?}"));
        outcomes
    }

    /// A test that has only the outcome `start` did not end. Where several things have the same name, all their outcomes are
    /// kept.
    fn add(&mut self, test: &str, outcome: String) {
        if outcome == "start" {
            self.started.insert(test.to_owned());
        }
        let known = self.by_test.entry(test.to_owned()).or_default();
        if known == "start" || known.is_empty() {
            *known = outcome;
        } else if outcome != "start" {
            *known = format!("{known}, {outcome}");
        }
    }

    /// How the process said that it had started.
    pub(super) fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Every test's outcome.
    pub(super) fn of(&self, test: &str) -> &str {
        self.by_test.get(test).map_or("not there", String::as_str)
    }

    pub(super) fn has(&self, test: &str) -> bool {
        self.by_test.contains_key(test)
    }

    pub(super) fn tests(&self) -> impl Iterator<Item = &str> {
        self.by_test.keys().map(String::as_str)
    }

    /// How many tests were executed, how many of these did not succeed, and how many were skipped.
    pub(super) fn counts(&self) -> Counts {
        self.started.iter().map(|test| self.of(test)).fold(Counts::default(), |mut counts, outcome| {
            let mut each = outcome.split(", ");
            let is_skipped = each.clone().all(|outcome| outcome == "skip");
            counts.skipped += usize::from(is_skipped);
            counts.executed += usize::from(!is_skipped);
            counts.failed += usize::from(!each.all(|outcome| matches!(outcome, "skip" | "ok" | "expected failure")));
            counts
        })
    }
}

/// How many tests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) executed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.executed += other.executed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// A test's name without what is another in every run: addresses of objects (`0x7f…`) and numbers of processes, which stand
/// in names of temporary files.
fn steady(test: &str) -> String {
    let mut name = String::with_capacity(test.len());
    let mut digits = String::new();
    for character in test.chars().chain(['\0']) {
        let is_address = digits.starts_with("0x") && character.is_ascii_hexdigit();
        if character.is_ascii_digit() || is_address || (digits == "0" && character == 'x') {
            digits.push(character);
            continue;
        }
        let is_of_run = digits.len() > LONGEST_NUMBER && digits.starts_with("0x");
        name.push_str(if is_of_run { "0x…" } else { &digits });
        digits.clear();
        name.push(character);
    }
    name.pop();
    name
}

/// Constants that tests have in their names are shorter than addresses.
const LONGEST_NUMBER: usize = 10;

#[cfg(test)]
mod tests {
    use pyfreeze_tests::command::Status;

    use super::{Counts, Outcomes, steady};

    #[test]
    fn outcomes_are_read() {
        let text = r#"["restored", "", ""]
["start", "t.one", ""]
["ok", "t.one", ""]
["start", "t.two", ""]
["fail", "t.two (i=1)", "Traceback"]
["fail", "t.two", ""]
["start", "t.three", ""]
["skip", "t.three", "no network"]
["start", "t.five", ""]
["ok", "t.five", ""]
["start", "t.five", ""]
["ok", "t.five", ""]
["start", "t.fo"#;
        let outcomes = Outcomes::read(text, Status::Signal(11));
        assert_eq!(outcomes.kind(), Some("restored"));
        assert_eq!(outcomes.of("t.two"), "fail");
        assert_eq!(outcomes.of("t.five"), "ok, ok");
        assert_eq!(outcomes.of("t.four"), "not there");
        assert_eq!(outcomes.of("(the process)"), "Signal(11)");
        assert_eq!(outcomes.counts(), Counts { executed: 3, failed: 1, skipped: 1 });
    }

    #[test]
    fn addresses_are_left_out_of_names() {
        assert_eq!(steady("t (x=<f at 0x7f12345678ab>) 0x10"), "t (x=<f at 0x…>) 0x10");
        assert_eq!(steady("test_2038 (1000000000000)"), "test_2038 (1000000000000)");
    }
}
