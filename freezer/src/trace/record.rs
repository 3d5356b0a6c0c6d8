//! What the tracer has written down.
//!
//! Comes in: the lines of `trace_hook.py`, of several processes, the last of them perhaps cut off. Goes out: facts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use super::{TraceError, prepare_error};

/// The tracer.
pub(super) const HOOK_SOURCE: &str = include_str!("../../../runtime-stub/bootstrap/trace_hook.py");

/// One fact. Whoever did it is a module's name, empty where no module of the program was on the stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Record {
    Module {
        name: String,
        importer: String,
        file: PathBuf,
    },
    File {
        path: PathBuf,
        by: String,
    },
    Wrote(PathBuf),
    Folder {
        path: PathBuf,
        by: String,
    },
    /// As it was asked for: a path, or a name that the dynamic linker looks for.
    Library {
        name: String,
        by: String,
    },
    Mapped(PathBuf),
    Distribution {
        name: String,
        by: String,
    },
    Group {
        name: String,
        by: String,
    },
}

impl Record {
    /// All facts of a traced run, each once; none if it had no time to write any.
    pub(super) fn read_all(log: &Path) -> Result<BTreeSet<Self>, TraceError> {
        let bytes = fs::read(log).map_err(prepare_error(log))?;
        Ok(bytes.split(|byte| *byte == b'\n').filter_map(Self::parse).collect())
    }

    /// Reads one line; `None` if it is cut off.
    fn parse(line: &[u8]) -> Option<Self> {
        let fields: Vec<_> = line.split(|byte| *byte == b'\t').map(unescaped).collect();
        let text = |index: usize| Some(String::from_utf8_lossy(fields.get(index)?).into_owned());
        let path = |index: usize| Some(PathBuf::from(OsString::from_vec(fields.get(index)?.clone())));
        Some(match (text(0)?.as_str(), fields.len()) {
            ("module", 4) => Self::Module { name: text(1)?, importer: text(2)?, file: path(3)? },
            ("file", 3) => Self::File { path: path(1)?, by: text(2)? },
            ("wrote", 2) => Self::Wrote(path(1)?),
            ("folder", 3) => Self::Folder { path: path(1)?, by: text(2)? },
            ("library", 3) => Self::Library { name: text(1)?, by: text(2)? },
            ("mapped", 2) => Self::Mapped(path(1)?),
            ("distribution", 3) => Self::Distribution { name: text(1)?, by: text(2)? },
            ("group", 3) => Self::Group { name: text(1)?, by: text(2)? },
            _ => return None,
        })
    }
}

/// Undoes what `put` in the tracer does to a field.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = field.iter();
    let mut text = Vec::with_capacity(field.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.extend(bytes.next().map(|letter| match letter {
                b't' => b'\t',
                b'n' => b'\n',
                other => *other,
            })),
            other => text.push(*other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn lines_are_read_and_cut_off_ones_are_not() {
        let record = Record::File { path: "/a\tb\nc\\d".into(), by: "app".into() };
        assert_eq!(Record::parse(b"file\t/a\\tb\\nc\\\\d\tapp"), Some(record));
        for line in ["", "file", "file\t/a", "module\ta\tb", "other\ta\tb", "wrote\ta\tb"] {
            assert_eq!(Record::parse(line.as_bytes()), None, "{line}");
        }
    }
}
