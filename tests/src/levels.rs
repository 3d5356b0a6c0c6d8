//! The levels of the start-up snapshot at which every case is run, and the static stub, with the highest of them.
//!
//! Comes in: nothing. Goes out: the variants of a case, and how each is asked of `pyfreeze build`.

use crate::command::Output;

/// How much of a program's start is done when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// The interpreter and the standard library.
    Runtime,
    /// The program's own imports, too.
    App,
    /// The same in the static stub.
    Static,
}

/// What is tested: all.
pub const TESTED: &[Level] = &[Level::Off, Level::Runtime, Level::App, Level::Static];

impl Level {
    /// The level of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TESTED.iter().copied().find(|level| level.name() == name)
    }

    /// A word for it; for a level of the snapshot, what `--snapshot` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Runtime => "runtime",
            Self::App => "app",
            Self::Static => "static",
        }
    }

    /// The options of `pyfreeze build`.
    #[must_use]
    pub fn options(self) -> Vec<String> {
        let words = match self {
            Self::Static => ["--stub", "static", "--snapshot", Self::App.name()].to_vec(),
            level => ["--snapshot", level.name()].to_vec(),
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// A build that could not make its snapshot says so, and the program runs all the same: then nothing was tested.
    ///
    /// # Errors
    /// The build's whole report.
    pub fn expect_in(self, said: &Output) -> Result<(), String> {
        let is_missing = self != Self::Off && said.stderr.contains("Cannot make the snapshot");
        if is_missing { Err(format!("there is no snapshot\n{}", said.report())) } else { Ok(()) }
    }

    /// What is added to the name of a test: nothing for the ordinary start.
    #[must_use]
    pub fn suffix(self) -> String {
        if self == Self::Off { String::new() } else { format!("@{}", self.name()) }
    }
}
