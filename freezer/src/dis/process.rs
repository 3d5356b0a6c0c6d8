//! The runtime's Python as a disassembler: one process for one module.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{DisError, Disassembly, Object, Source, Subject};
use crate::bytecode::BytecodeError;
use crate::runtime::Interpreter;

/// What the runtime's Python executes.
const SOURCE: &str = include_str!("disassembler.py");

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    objects: Vec<Object>,
    #[serde(default)]
    lines: Vec<String>,
    error: Option<String>,
}

/// Disassembles all of a module.
///
/// # Errors
/// [`DisError::Damaged`] when its code can't be loaded, [`DisError::Python`] when the runtime's Python doesn't work.
pub fn disassemble(subject: &Subject, interpreter: &Interpreter, python: &str) -> Result<Disassembly, DisError> {
    let source: &[u8] = match &subject.source {
        Source::Known(source) => source,
        Source::Unknown(_) => &[],
    };
    let mut request = format!("{{\"code_size\":{}}}\n", subject.code.len()).into_bytes();
    request.extend_from_slice(&subject.code);
    request.extend_from_slice(source);
    let path = interpreter.path();
    let output = run(path, &request).map_err(|source| BytecodeError::Start { path: path.into(), source })?;
    // What damaged code bytes do to `marshal` ends no other process.
    let answer: Answer = serde_json::from_slice(&output).map_err(|_| BytecodeError::Ended { path: path.into() })?;
    if let Some(reason) = answer.error {
        return Err(DisError::Damaged { path: subject.path.clone(), reason });
    }
    let without_source = match &subject.source {
        Source::Known(_) => None,
        Source::Unknown(why) => Some(why.clone()),
    };
    Ok(Disassembly {
        module: subject.module.clone(),
        path: subject.path.clone(),
        python: python.into(),
        without_source,
        objects: answer.objects,
        lines: answer.lines,
    })
}

fn run(python: &std::path::Path, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut child = Command::new(python)
        .args(["-I", "-S", "-c", SOURCE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // It reads everything before it writes anything.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(request);
    }
    Ok(child.wait_with_output()?.stdout)
}
