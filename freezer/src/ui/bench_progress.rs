//! The progress of a measurement on stderr: the bar of each build, then one for the runs.

use super::Bar;
use crate::bench::Step;
use crate::freeze::Progress;

/// Bars, one after the other.
pub struct BenchBar {
    bar: Bar,
}

impl Default for BenchBar {
    fn default() -> Self {
        Self::new()
    }
}

impl BenchBar {
    /// A bar that shows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { bar: Bar::new(false) }
    }

    /// Shows how far a build is.
    pub fn show_build(&self, progress: Progress) {
        self.bar.show(progress);
    }

    /// Shows how far the measurement is.
    pub fn show(&self, step: Step) {
        let (stage, done, total, text) = match step {
            Step::LayingOut => ("bench", 0, 1, "writing the program to disk".to_owned()),
            Step::Trying => ("bench", 0, 1, "running each candidate once".to_owned()),
            Step::Measuring(done, total) => ("measure", done, total, format!("round {done} of {total}")),
            Step::Counting => ("bench", 0, 1, "counting system calls".to_owned()),
            Step::Recording(done, total) => ("imports", done, total, format!("round {done} of {total}")),
        };
        self.bar.show_stage(stage, done as u64, total as u64, text);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish();
    }
}
