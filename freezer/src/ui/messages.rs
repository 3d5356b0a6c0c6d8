//! Errors, hints and warnings on stderr.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// With terminal colours.
    Coloured,
}

impl Style {
    /// For what is written to stderr.
    #[must_use]
    pub fn of_stderr() -> Self {
        Self::choose(stderr().is_terminal())
    }

    /// For what is written to stdout.
    #[must_use]
    pub fn of_stdout() -> Self {
        Self::choose(stdout().is_terminal())
    }

    /// <https://no-color.org>: any value that is not empty says no.
    fn choose(is_terminal: bool) -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if is_terminal && !is_refused { Self::Coloured } else { Self::Plain }
    }

    /// The text in bold.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// The text in a weak colour.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_string(),
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// Where messages go.
#[derive(Clone, Copy, Debug)]
pub struct Messages {
    style: Style,
}

impl Messages {
    /// Messages on stderr.
    #[must_use]
    pub fn on_stderr() -> Self {
        Self { style: Style::of_stderr() }
    }

    /// Why nothing was done, and what the user could do.
    pub fn error(self, message: &str, hints: &[String]) {
        self.put("1;31", "error", message);
        self.hints(hints);
    }

    /// What may not be as the user expects.
    pub fn warning(self, message: &str, hints: &[String]) {
        self.put("1;33", "warning", message);
        self.hints(hints);
    }

    /// What was done.
    pub fn note(self, message: &str) {
        // OK because there is nowhere left to say that stderr is closed.
        let _ = writeln!(stderr(), "pyfreeze: {message}");
    }

    fn hints(self, hints: &[String]) {
        hints.iter().for_each(|hint| self.put("1;36", "hint", hint));
    }

    fn put(self, code: &str, label: &str, message: &str) {
        let label = self.style.paint(code, &format!("{label}:"));
        // OK because there is nowhere left to say that stderr is closed.
        let _ = writeln!(stderr(), "{label} {message}");
    }
}
