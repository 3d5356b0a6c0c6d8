//! What is printed: a line for each module, what differs below it, and the sums.

use std::io::Write as _;

use super::comparison::{Comparison, Finding};
use super::outcomes::Counts;

/// All modules so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    modules: usize,
    totals: [Counts; 2],
    real: usize,
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
            *(if finding.is_real() { &mut self.real } else { &mut self.unsteady }) += 1;
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
        println!("{} tests differ, {} are unsteady", self.real, self.unsteady);
    }

    /// Whether nothing differs.
    pub(super) fn is_good(&self) -> bool {
        self.real == 0
    }
}

fn shown(counts: Counts) -> String {
    let Counts { executed, failed, skipped } = counts;
    format!("{executed:>5} executed, {failed:>3} failed, {skipped:>4} skipped")
}

fn described(finding: &Finding) -> String {
    let verdict = if finding.is_real() { "differs" } else { "unsteady" };
    let [restored, ordinary] = finding.outcomes.each_ref().map(|outcomes| outcomes.join(" / "));
    format!("{verdict}: {}: restored {restored}; ordinary {ordinary}", finding.test)
}
