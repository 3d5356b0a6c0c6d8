//! One progress bar for a whole build, on stderr, and nothing at all where stderr is no terminal.

use std::io::{IsTerminal as _, stderr};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::size_text;
use crate::freeze::Progress;
use crate::graph;
use crate::snapshot::Step;

/// A bar that follows a build from stage to stage.
pub struct Bar {
    bar: ProgressBar,
    stage: Mutex<&'static str>,
}

impl Bar {
    /// A bar that shows nothing yet; it stays silent if `is_quiet` or where stderr is no terminal.
    #[must_use]
    pub fn new(is_quiet: bool) -> Self {
        let is_shown = !is_quiet && stderr().is_terminal();
        Self::drawn_on(if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() })
    }

    fn drawn_on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1), target);
        // OK because the template is a constant that a test draws.
        let style = ProgressStyle::with_template("{prefix:>9} [{bar:32}] {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        Self { bar, stage: Mutex::new("") }
    }

    /// Shows how far the build is.
    pub fn show(&self, progress: Progress) {
        let (stage, done, total, text) = match progress {
            Progress::Install(package) => ("install", 0, 1, package),
            Progress::Graph(graph::Progress::Found { module_count }) => {
                ("imports", 0, 1, format!("{module_count} modules found"))
            }
            Progress::Graph(graph::Progress::Compiled { done, total }) => {
                ("compile", done as u64, total as u64, format!("{done} of {total} modules"))
            }
            Progress::Stored { done, total } => {
                ("store", done as u64, total as u64, format!("{done} of {total} files"))
            }
            Progress::Snapshot(step) => {
                let (done, text) = match step {
                    Step::Looking => (0, "looking at what imports do"),
                    Step::Recording => (1, "recording"),
                    Step::Checking => (2, "comparing two recordings"),
                };
                ("snapshot", done, 3, text.to_owned())
            }
            Progress::Written { done, total } => ("write", done, total, size_text(total)),
        };
        self.show_stage(stage, done, total, text);
    }

    /// Shows how far something is.
    pub(super) fn show_stage(&self, stage: &'static str, done: u64, total: u64, text: String) {
        if let Ok(mut shown) = self.stage.lock()
            && *shown != stage
        {
            *shown = stage;
            self.bar.set_prefix(stage);
        }
        self.bar.set_length(total);
        self.bar.set_message(text);
        self.bar.set_position(done);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::Bar;
    use crate::freeze::Progress;
    use crate::graph;

    #[test]
    fn bar_follows_the_stages_and_goes_away() {
        let terminal = InMemoryTerm::new(4, 80);
        let bar = Bar::drawn_on(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        bar.show(Progress::Graph(graph::Progress::Found { module_count: 12 }));
        assert_eq!(terminal.contents(), format!("  imports [{}] 12 modules found", " ".repeat(32)));
        bar.show(Progress::Stored { done: 5, total: 10 });
        assert!(terminal.contents().starts_with("    store [================>"), "{}", terminal.contents());
        assert!(terminal.contents().ends_with("] 5 of 10 files"), "{}", terminal.contents());
        bar.finish();
        assert_eq!(terminal.contents(), "");
    }
}
