//! Magic number → which Python wrote it, and what such Pythons do with `.pyc` files.
//!
//! Comes in: a number. Goes out: an [`Origin`]. `magic_numbers.txt` is the table; nothing else knows a number.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Serialize, Serializer};

/// The numbers and what wrote them.
const TABLE: &str = include_str!("magic_numbers.txt");

/// CPython's numbers from this one on come in blocks of [`BLOCK`] for each minor version.
const FIRST_BLOCK: u16 = 3450;
const FIRST_BLOCK_MINOR: u16 = 11;
const BLOCK: u16 = 50;

/// Whose virtual machine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Implementation {
    /// python.org's.
    CPython,
    /// pypy.org's.
    PyPy,
}

/// An implementation and its version, as far as caches are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interpreter {
    /// Whose.
    pub implementation: Implementation,
    /// 3 of 3.13.
    pub major: u8,
    /// 13 of 3.13.
    pub minor: u8,
}

/// What writes a magic number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The interpreter.
    pub interpreter: Interpreter,
    /// The pre-release that had it first, `a1`; none for a number that only its block gives away.
    pub stage: Option<String>,
    /// True if a release has it, too.
    pub is_released: bool,
}

struct Row {
    first: u16,
    last: u16,
    origin: Origin,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TABLE.lines().filter_map(row).collect());

fn row(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let numbers = words.next().filter(|word| !word.starts_with('#'))?;
    let implementation = match words.next()? {
        "PyPy" => Implementation::PyPy,
        _ => Implementation::CPython,
    };
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let (major, rest) = words.next()?.split_once('.')?;
    let (minor, stage) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len()));
    let interpreter = Interpreter { implementation, major: major.parse().ok()?, minor: minor.parse().ok()? };
    let stage = Some(stage.to_owned()).filter(|stage| !stage.is_empty());
    let is_released = words.next() == Some("released");
    Some(Row {
        first: first.parse().ok()?,
        last: last.parse().ok()?,
        origin: Origin { interpreter, stage, is_released },
    })
}

/// What writes this number, if it is known.
#[must_use]
pub fn origin(number: u16) -> Option<Origin> {
    let known = ROWS.iter().find(|row| (row.first..=row.last).contains(&number));
    known.map(|row| row.origin.clone()).or_else(|| by_block(number))
}

/// A number that is newer than the table, by the block that it is in: Python 3.n begins with 2900 + 50 n.
fn by_block(number: u16) -> Option<Origin> {
    let newest = ROWS.iter().filter(|row| row.origin.interpreter.implementation == Implementation::CPython);
    let newest =
        newest.filter(|row| row.origin.interpreter.major == 3 && row.first < 20_000).map(|row| row.last).max()?;
    let minor = number.checked_sub(FIRST_BLOCK)? / BLOCK + FIRST_BLOCK_MINOR;
    // Blocks of versions that are years away are no better than a guess.
    let is_near = number > newest && number < newest.saturating_add(2 * BLOCK);
    let interpreter = Interpreter::cpython(3, u8::try_from(minor).ok()?);
    is_near.then_some(Origin { interpreter, stage: None, is_released: false })
}

impl Interpreter {
    /// A CPython.
    #[must_use]
    pub const fn cpython(major: u8, minor: u8) -> Self {
        Self { implementation: Implementation::CPython, major, minor }
    }

    /// The interpreter that looks for this tag in `__pycache__`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let (implementation, digits) = match (tag.strip_prefix("cpython-"), tag.strip_prefix("pypy")) {
            (Some(digits), _) => (Implementation::CPython, digits),
            (None, Some(digits)) => (Implementation::PyPy, digits),
            (None, None) => return None,
        };
        let (major, minor) = digits.split_at_checked(1)?;
        Some(Self { implementation, major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// What it puts behind a module's name in `__pycache__`: `sys.implementation.cache_tag`.
    #[must_use]
    pub fn tag(self) -> String {
        match self.implementation {
            Implementation::CPython => format!("cpython-{}{}", self.major, self.minor),
            Implementation::PyPy => format!("pypy{}{}", self.major, self.minor),
        }
    }

    /// The command that starts it.
    #[must_use]
    pub fn program(self) -> String {
        match self.implementation {
            Implementation::CPython => format!("python{}.{}", self.major, self.minor),
            Implementation::PyPy => format!("pypy{}.{}", self.major, self.minor),
        }
    }

    const fn is_at_least(self, major: u8, minor: u8) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }

    /// Caches lie in `__pycache__` (PEP 3147), no longer beside their sources.
    #[must_use]
    pub const fn has_cache_folder(self) -> bool {
        self.is_at_least(3, 2)
    }

    /// The optimization stands in the name, `.opt-1` (PEP 488); before, optimized code had the suffix `.pyo`.
    #[must_use]
    pub const fn has_optimization_tag(self) -> bool {
        self.is_at_least(3, 5)
    }

    /// A cache may be checked by the hash of its source (PEP 552).
    #[must_use]
    pub const fn has_hashes(self) -> bool {
        self.is_at_least(3, 7)
    }

    /// Caches may lie below a folder of their own: `PYTHONPYCACHEPREFIX`.
    #[must_use]
    pub const fn has_prefix(self) -> bool {
        self.is_at_least(3, 8)
    }

    /// The importer is written in Python, which takes a time from a float; before, it was C with whole seconds.
    #[must_use]
    pub const fn has_importlib(self) -> bool {
        self.is_at_least(3, 3)
    }

    /// True if a release of it reads files with this number.
    #[must_use]
    pub fn accepts(self, number: u16) -> bool {
        let mut released =
            ROWS.iter().filter(|row| row.origin.interpreter == self && row.origin.is_released).peekable();
        if released.peek().is_none() {
            // Not released when the table was made.
            return origin(number).is_some_and(|origin| origin.interpreter == self);
        }
        released.any(|row| (row.first..=row.last).contains(&number))
    }
}

impl fmt::Display for Interpreter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { implementation, major, minor } = self;
        write!(formatter, "{implementation:?} {major}.{minor}")
    }
}

impl Serialize for Interpreter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Interpreter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is no Python version such as `3.13` or `pypy3.10`");
        let (implementation, version) = match text.strip_prefix("pypy") {
            Some(version) => (Implementation::PyPy, version),
            None => (Implementation::CPython, text.strip_prefix("python").unwrap_or(text)),
        };
        let (major, minor) = version.split_once('.').ok_or_else(refuse)?;
        // The patch version doesn't matter.
        let minor = minor.split('.').next().unwrap_or(minor);
        let number = |text: &str| text.parse::<u8>().map_err(|_| refuse());
        Ok(Self { implementation, major: number(major)?, minor: number(minor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Implementation, Interpreter, ROWS, TABLE, origin};

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(ROWS.len(), lines);
        for (index, row) in ROWS.iter().enumerate() {
            assert!(row.first <= row.last);
            let overlaps = |other: &super::Row| row.first <= other.last && other.first <= row.last;
            assert_eq!(ROWS.iter().position(overlaps), Some(index), "{} stands twice", row.first);
        }
    }

    #[test]
    fn numbers_of_releases() {
        let numbers = [62211, 3131, 3379, 3394, 3413, 3425, 3439, 3495, 3531, 3571, 3627, 3666, 336, 62218];
        let texts = numbers.map(|number| origin(number).unwrap().interpreter.to_string());
        let expected = [
            "CPython 2.7",
            "CPython 3.0",
            "CPython 3.6",
            "CPython 3.7",
            "CPython 3.8",
            "CPython 3.9",
            "CPython 3.10",
            "CPython 3.11",
            "CPython 3.12",
            "CPython 3.13",
            "CPython 3.14",
            "CPython 3.15",
            "PyPy 3.9",
            "PyPy 2.7",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn every_block_begins_where_the_rule_says() {
        for row in ROWS.iter().filter(|row| (3450..20_000).contains(&row.first)) {
            let Interpreter { implementation, minor, .. } = row.origin.interpreter;
            assert_eq!(implementation, Implementation::CPython);
            assert_eq!(u16::from(minor), (row.first - 3450) / 50 + 11, "{}", row.first);
        }
    }

    #[test]
    fn numbers_newer_than_the_table() {
        let newer = origin(3671).unwrap();
        assert_eq!((newer.interpreter, newer.stage), (Interpreter::cpython(3, 15), None));
        assert_eq!(origin(3700).unwrap().interpreter, Interpreter::cpython(3, 16));
        assert_eq!((origin(3999), origin(0), origin(3105)), (None, None, None));
    }

    #[test]
    fn only_the_numbers_of_releases_are_accepted() {
        let python = Interpreter::cpython(3, 13);
        assert_eq!([3571, 3570, 3531].map(|number| python.accepts(number)), [true, false, false]);
        assert!([3350, 3351].iter().all(|number| Interpreter::cpython(3, 5).accepts(*number)));
        assert!(Interpreter::cpython(3, 15).accepts(3666));
    }

    #[test]
    fn tags_and_names() {
        for (tag, text) in [("cpython-313", "3.13"), ("pypy310", "pypy3.10"), ("cpython-39", "python3.9.2")] {
            let interpreter = Interpreter::of_tag(tag).unwrap();
            assert_eq!(interpreter.tag(), tag);
            assert_eq!(text.parse(), Ok(interpreter));
        }
        for odd in ["cpython-", "cpython", "pypy", "jython-27", "cpython-3x", ""] {
            assert_eq!(Interpreter::of_tag(odd), None, "{odd}");
        }
        assert!("3".parse::<Interpreter>().is_err());
    }
}
