//! One compile server: a process of the runtime's own Python.
//!
//! Comes in: one request at a time. Goes out: the answer as the server's JSON and code bytes. A server that ends is
//! noticed as a cut-off answer; the caller starts another. `compile_server.py` describes the frames.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use pyfreeze_format::Cursor;

use super::Optimization;

/// What the server's Python executes.
pub(super) const SERVER_SOURCE: &str = include_str!("../../../runtime-stub/bootstrap/compile_server.py");

/// Why nothing can be compiled at all; what is wrong with one source is a `Diagnostic` instead.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// The runtime's Python can't be started.
    #[error("Cannot start the runtime's Python `{}`: {source}", .path.display())]
    Start {
        /// The interpreter.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The runtime's Python ends before it has answered anything.
    #[error("The runtime's Python ended without compiling anything: `{}`", .path.display())]
    Ended {
        /// The interpreter.
        path: PathBuf,
    },
    /// The runtime's Python wrote what no server writes.
    #[error("The runtime's Python gave a garbled answer: `{}`", .path.display())]
    Garbled {
        /// The interpreter.
        path: PathBuf,
    },
}

impl BytecodeError {
    /// What the user can do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Start { .. } => vec!["check that the file is there, executable and made for this machine".into()],
            Self::Ended { path } | Self::Garbled { path } => {
                vec![format!("see what `{} -I -c pass` says; the runtime pack may be damaged", path.display())]
            }
        }
    }
}

/// A running compile server. Dropping it ends it.
pub(super) struct Server {
    child: Child,
    // Taken when the server is dropped: the end of its input is what ends it.
    requests: Option<ChildStdin>,
    answers: ChildStdout,
    has_answered: bool,
}

/// The server's answer to one request.
pub(super) struct Answer {
    pub(super) facts: Vec<u8>,
    pub(super) code: Vec<u8>,
}

impl Server {
    pub(super) fn start(python: &Path) -> Result<Self, BytecodeError> {
        let error = |source| BytecodeError::Start { path: python.to_owned(), source };
        let mut child = Command::new(python)
            .args(["-I", "-S", "-c", SERVER_SOURCE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(error)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| error(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { child, requests: Some(requests), answers, has_answered: false })
    }

    /// True once the server has answered anything: if it ends after that, the fault is the request's.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Sends one request and waits for its answer.
    pub(super) fn ask(&mut self, name: &str, source: &[u8], optimization: Optimization) -> io::Result<Answer> {
        let frame = request(name, source, optimization)?;
        let requests = self.requests.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        requests.write_all(&frame)?;
        requests.flush()?;
        let mut size = [0; 4];
        self.answers.read_exact(&mut size)?;
        let mut frame = Vec::new();
        let size = u64::from(u32::from_le_bytes(size));
        if (&mut self.answers).take(size).read_to_end(&mut frame)? as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let answer = answer(&frame).ok_or(io::ErrorKind::InvalidData)?;
        self.has_answered = true;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.requests.take());
        // OK because a server that can't be waited for has ended.
        let _ = self.child.wait();
    }
}

fn request(name: &str, source: &[u8], optimization: Optimization) -> io::Result<Vec<u8>> {
    let too_large = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let name_size = u16::try_from(name.len()).map_err(too_large)?;
    let size = u32::try_from(7 + name.len() + source.len()).map_err(too_large)?;
    let mut frame = Vec::with_capacity(11 + name.len() + source.len());
    frame.extend(size.to_le_bytes());
    frame.extend(0_u32.to_le_bytes());
    frame.push(optimization.level());
    frame.extend(name_size.to_le_bytes());
    frame.extend(name.as_bytes());
    frame.extend(source);
    Ok(frame)
}

fn answer(frame: &[u8]) -> Option<Answer> {
    let mut cursor = Cursor::new(frame);
    let _number = cursor.u32().ok()?;
    let facts_size = usize::try_from(cursor.u32().ok()?).ok()?;
    let facts = cursor.bytes(facts_size).ok()?.to_vec();
    Some(Answer { facts, code: cursor.rest().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::{Optimization, Server};
    use crate::bytecode::compiler::tests::python;

    #[test]
    fn a_prefix_only_imports_and_defines() {
        let Some(python) = python() else { return };
        let mut server = Server::start(&python).unwrap();
        // With the last line of its prefix.
        let sources = [
            (3, "import a\nimport os\nX = a.b, 'c'\nos.environ['X'] = '1'\nimport d\n"),
            (1, "import sys\nsys.path.insert(0, 'x')\nimport a\n"),
            (
                8,
                "'doc'\nfrom __future__ import division\ntry:\n import a\nexcept ImportError:\n a = None\nelse:\n b = 1\nf()\n",
            ),
            (5, "if TYPE_CHECKING:\n f()\nelse:\n import a\nimport b\nif x:\n import c\n"),
            (
                6,
                "def f(a=1, *, b: int = A.b):\n g()\nclass C(B, metaclass=M):\n x: int = 1\n @property\n def y(s): g()\n",
            ),
            (2, "f = lambda: g()\n__all__ = ['a'] + b.__all__\n__all__.append('c')\n"),
            (0, "try:\n import a\nfinally:\n f()\n"),
            (0, "def f(a=g()): pass\n"),
            (0, "@g\ndef f(): pass\n"),
            (0, "class C(g()): pass\n"),
            (0, "class C:\n x = g()\n"),
            (0, ""),
        ];
        for (line, source) in sources {
            let answer = server.ask("app.py", source.as_bytes(), Optimization::None).unwrap();
            let facts: serde_json::Value = serde_json::from_slice(&answer.facts).unwrap();
            assert_eq!(facts["scan"]["s"].as_u64().unwrap_or(0), line, "{source}");
        }
    }
}
