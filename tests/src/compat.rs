//! Packages from PyPI, frozen, against the same packages run from disk by the reference Python.
//!
//! Comes in: `tests/compat.toml`. Goes out: a test for each row, a table on standard output, and
//! `docs/compatibility.md` when all rows were asked for. Nothing is called working that was not run frozen.

pub mod rows;

pub mod programs;
pub mod tools;

pub mod hostile;
pub mod measure;
pub mod side;

pub mod page;

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::levels::Level;
use crate::runner::{Options, Test};
use rows::Rows;

/// Building and running a large package takes this long at most.
const TIME_LIMIT: Duration = Duration::from_secs(900);

/// A test for each row; the quick ones unless all are asked for.
#[must_use]
pub fn tests(options: &Options) -> Vec<Test> {
    let rows = match Rows::read() {
        Ok(rows) => rows,
        Err(error) => return vec![Test::new("compat/compat.toml", move |_| Err(error.clone().into()))],
    };
    let way = options.way();
    let mut tests = tools::tests(rows.tool, way);
    tests.extend(programs::tests(rows.program, programs::Kind::Program, way));
    tests.extend(programs::tests(rows.suite, programs::Kind::Suite, way));
    tests
}

/// How `tests/compat.toml` is run.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// How much of it.
    pub depth: Depth,
    /// The level of the snapshot; `pyfreeze`'s own choice without.
    pub level: Option<Level>,
}

/// How much of `tests/compat.toml` is run, and how closely it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Nothing.
    None,
    /// The rows marked `is_in_test`, compared.
    Test,
    /// All rows, compared and measured.
    Full,
}

impl Way {
    /// More options of `pyfreeze build`.
    fn options(self) -> Vec<String> {
        self.level.map(Level::options).unwrap_or_default()
    }
}

impl Depth {
    fn selects(self, is_in_test: bool) -> bool {
        self == Self::Full || (self == Self::Test && is_in_test)
    }
}

/// The table of what was compared; nothing if no row was.
#[must_use]
pub fn table() -> String {
    let text: String = page::kept_rows().iter().map(page::Row::terminal).collect();
    if text.is_empty() { text } else { format!("\npackages: size, time to build, start, result\n{text}") }
}

/// Writes what was run into the page of the checkout; what was not run stays as it is.
///
/// # Errors
/// When the page can't be read or written.
pub fn write_page(checkout: &Path) -> Result<(), String> {
    let path = checkout.join("docs/compatibility.md");
    let old = fs::read_to_string(&path).unwrap_or_default();
    let text = page::text(&Rows::read()?, &page::kept_rows(), &old);
    let cannot = |error: std::io::Error| format!("Cannot write `{}`: {error}", path.display());
    fs::create_dir_all(checkout.join("docs")).map_err(cannot)?;
    fs::write(&path, text).map_err(cannot)
}
