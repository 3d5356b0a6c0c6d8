//! What is printed: a line for each module, what differs below it, and the sums.

use std::io::Write as _;

use super::comparison::{Comparison, Finding, Verdict};
use super::outcomes::Counts;

/// All modules so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    modules: usize,
    totals: [Counts; 2],
    differ: usize,
    expected: usize,
    unsteady: usize,
}

impl Report {
    /// Prints one module's line, and counts it.
    pub(super) fn add(&mut self, comparison: &Comparison) {
        let Comparison { module, counts, findings } = comparison;
        let [restored, ordinary] = counts.map(shown);
        println!("{module:<60} restored {restored}   ordinary {ordinary}");
        for finding in findings {
            println!("  {}", described(finding));
            *match finding.verdict() {
                Verdict::Differs => &mut self.differ,
                Verdict::Expected(_) => &mut self.expected,
                Verdict::Unsteady => &mut self.unsteady,
            } += 1;
        }
        // Whoever waits for hours wants to see it in a file, too.
        let _ = std::io::stdout().flush();
        self.modules += 1;
        for (total, counts) in self.totals.iter_mut().zip(counts) {
            total.add(*counts);
        }
    }

    /// Prints the sums.
    pub(super) fn close(&self) {
        let [restored, ordinary] = self.totals.map(shown);
        println!("\n{} modules   restored {restored}   ordinary {ordinary}", self.modules);
        println!("{} tests differ, {} more as expected, {} are unsteady", self.differ, self.expected, self.unsteady);
    }

    /// Whether nothing differs.
    pub(super) fn is_good(&self) -> bool {
        self.differ == 0
    }
}

fn shown(counts: Counts) -> String {
    let Counts { executed, failed, skipped } = counts;
    format!("{executed:>5} executed, {failed:>3} failed, {skipped:>4} skipped")
}

fn described(finding: &Finding) -> String {
    let verdict = match finding.verdict() {
        Verdict::Differs => "differs".to_owned(),
        Verdict::Expected(reason) => format!("differs as expected ({reason})"),
        Verdict::Unsteady => "unsteady".to_owned(),
    };
    let [restored, ordinary] = finding.outcomes.each_ref().map(|outcomes| outcomes.join(" / "));
    format!("{verdict}: {}: restored {restored}; ordinary {ordinary}", finding.test)
}
