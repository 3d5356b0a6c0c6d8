//! The kinds of stubs that a program can be made of.

use std::fmt;

/// What a stub needs of the machine that runs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StubKind {
    /// The host's glibc; it loads the shared libraries of packages.
    #[default]
    Dynamic,
    /// Nothing but a kernel; it loads no shared libraries, and starts sooner.
    Static,
}

impl StubKind {
    /// The words for each, in words.
    pub const WORDS: &'static str = "`dynamic` or `static`";

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Dynamic, Self::Static].into_iter().find(|kind| kind.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::Static => "static",
        }
    }
}

impl fmt::Display for StubKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
