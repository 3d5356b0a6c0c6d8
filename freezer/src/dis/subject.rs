//! What is to be disassembled: a module's code bytes and its source, from wherever they are.

use std::path::Path;

use super::DisError;
use crate::bytecode::{CompileRequest, Compiler, CompilerOptions, Optimization, Outcome, SourceText};
use crate::inspect::{self, Answer};
use crate::payload::{Manifest, decompressed};
use crate::pyc::{FileReport, Reason, Settings, State, file_report};
use crate::runtime::{Interpreter, Runtime};

/// A module's code bytes and its source.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The module's name.
    pub module: String,
    /// Where it is from.
    pub path: String,
    /// Marshal data.
    pub code: Vec<u8>,
    /// Its source.
    pub source: Source,
}

/// A module's source, or why there is none.
#[derive(Clone, Debug)]
pub enum Source {
    /// Its bytes.
    Known(Vec<u8>),
    /// Why lines can't be shown.
    Unknown(String),
}

/// What is asked for: `MODULE[:QUALNAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The module.
    pub module: Option<String>,
    /// The function or class in it.
    pub qualname: Option<String>,
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        let (module, qualname) = text.split_once(':').unwrap_or((text, ""));
        let given = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
        Self { module: given(module), qualname: given(qualname) }
    }
}

/// A module of an executable; `__main__` unless the target names one.
///
/// # Errors
/// [`DisError`].
pub fn of_executable(path: &Path, target: &Target, runtime: &Runtime) -> Result<Subject, DisError> {
    let file = inspect::read(path)?;
    let report = inspect::report(path, &file)?;
    check_version(path, &report.manifest, runtime)?;
    let name = target.module.as_deref().unwrap_or("__main__");
    let (module, inside) = find(path, &report.manifest, name)?;
    let payload = inspect::payload(path, &file)?;
    let damaged = |reason: &str| DisError::Damaged { path: path.display().to_string(), reason: reason.into() };
    let entry =
        payload.walk(inside.as_bytes()).ok_or_else(|| damaged("its manifest names a module that is not there"))?;
    let bytes = |blob: Result<Option<_>, pyfreeze_format::FormatError>| blob.ok().flatten().and_then(decompressed);
    let code = bytes(payload.code(&entry)).ok_or_else(|| damaged("the module's code can't be read"))?;
    let source = match bytes(payload.content(&entry)) {
        Some(source) => Source::Known(source),
        None => Source::Unknown("the executable was built without sources".into()),
    };
    Ok(Subject { module, path: inside, code, source })
}

/// The module's name and its path below the virtual root.
fn find(path: &Path, manifest: &Manifest, name: &str) -> Result<(String, String), DisError> {
    let no_code = |reason: &str| DisError::NoCode { module: name.into(), reason: reason.into() };
    match inspect::why(manifest, name) {
        Answer::Module { name, path, .. } => Ok((name, path)),
        Answer::Library { .. } => Err(no_code("it is a shared library, which holds no bytecode")),
        Answer::Builtin { .. } => Err(no_code("it is written in C, in the interpreter itself")),
        Answer::File { .. } => Err(no_code("it is a file, not a module")),
        Answer::Absent { nearest, .. } => Err(DisError::NoModule {
            path: path.display().to_string(),
            module: name.into(),
            hints: module_hints(path, &nearest),
        }),
    }
}

fn module_hints(path: &Path, nearest: &[String]) -> Vec<String> {
    let list = format!("`pyfreeze inspect {} --modules` lists all", path.display());
    if nearest.is_empty() {
        return vec![list];
    }
    let names = nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    vec![format!("modules with a name like that: {names}"), list]
}

fn check_version(path: &Path, manifest: &Manifest, runtime: &Runtime) -> Result<(), DisError> {
    let (found, own) = (&manifest.runtime.python_version, &runtime.descriptor().python_version);
    let minor = |version: &str| version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    if minor(found) == minor(own) {
        return Ok(());
    }
    Err(DisError::OtherVersion {
        path: path.display().to_string(),
        found: format!("CPython {found}"),
        own: format!("CPython {own}"),
        hint: Some("use the pyfreeze that made it".into()),
        report: None,
    })
}

/// A `.pyc` file of the runtime's version.
///
/// # Errors
/// [`DisError`].
pub fn of_pyc(path: &Path, target: &Target, runtime: &Runtime) -> Result<Subject, DisError> {
    let report = file_report(path, &Settings::default())?;
    check_module(path, &report.location.module, target)?;
    let damaged = |reason: String| DisError::Damaged { path: path.display().to_string(), reason };
    let Some(header) = report.header.clone() else {
        return Err(damaged(match report.verdict.reason {
            Reason::OtherMagic { magic, .. } => format!("its magic number {magic} is no known version's"),
            _ => "its header is damaged; `pyfreeze pyc` says more".into(),
        }));
    };
    if u32::from(header.magic) != runtime.descriptor().pyc_magic & 0xffff {
        return Err(other_version(path, report, runtime));
    }
    if let Some(error) = report.code.as_ref().and_then(|code| code.error) {
        return Err(damaged(error.to_string()));
    }
    let source = pyc_source(&report);
    let file = inspect::read(path)?;
    let code = file.get(header.size..).unwrap_or(&[]).to_vec();
    Ok(Subject { module: report.location.module, path: path.display().to_string(), code, source })
}

/// The lines of another text than the one that was compiled would lie.
fn pyc_source(report: &FileReport) -> Source {
    let Some(source) = &report.source else {
        return Source::Unknown(format!("the source is not there: {}", report.location.source.display()));
    };
    let is_same = match (&report.verdict.reason, report.verdict.state) {
        (Reason::HashIsUnchecked { is_same }, _) => *is_same,
        (_, State::Stale) => false,
        _ => true,
    };
    if !is_same {
        return Source::Unknown(format!("the source has changed since: {}", source.path.display()));
    }
    let unreadable = |_| Source::Unknown(format!("the source can't be read: {}", source.path.display()));
    std::fs::read(&source.path).map_or_else(unreadable, Source::Known)
}

fn other_version(path: &Path, report: FileReport, runtime: &Runtime) -> DisError {
    let interpreter = report.header.as_ref().map(|header| (header.origin.interpreter, header.size));
    let found = interpreter.map_or_else(|| "an unknown version".into(), |(interpreter, _)| interpreter.to_string());
    let hint = interpreter.map(|(interpreter, size)| {
        let command = "import dis, marshal, sys; dis.dis(marshal.loads(open(sys.argv[1], 'rb').read()";
        format!("that version's own: `{} -c \"{command}[{size}:]))\" {}`", interpreter.program(), path.display())
    });
    DisError::OtherVersion {
        path: path.display().to_string(),
        found,
        own: format!("CPython {}", runtime.descriptor().python_version),
        hint,
        report: Some(Box::new(report)),
    }
}

/// A source, compiled as python would.
///
/// # Errors
/// [`DisError`].
pub fn of_source(
    path: &Path,
    target: &Target,
    optimization: Optimization,
    runtime: &Runtime,
    interpreter: &Interpreter,
) -> Result<Subject, DisError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    check_module(path, &module, target)?;
    let options = CompilerOptions {
        python: interpreter.path().into(),
        worker_count: 1,
        identity: runtime.descriptor().identity.clone(),
        cache: None,
    };
    let request = CompileRequest { virtual_path: name, source: SourceText::Disk(path.into()) };
    let outcomes = Compiler::new(options).compile(&[request], optimization, &|_| ())?;
    let path_text = path.display().to_string();
    match outcomes.into_iter().next() {
        Some(Outcome::Compiled(compiled)) => {
            let source = Source::Known(compiled.source.to_vec());
            Ok(Subject { module, path: path_text, code: compiled.code.to_vec(), source })
        }
        Some(Outcome::Rejected(diagnostics)) => Err(DisError::Rejected { path: path.into(), diagnostics }),
        Some(Outcome::Unreadable(source)) => Err(DisError::Read { path: path.into(), source }),
        None => Err(DisError::Damaged { path: path_text, reason: "the compiler gave no answer".into() }),
    }
}

/// A file has one module, whose name may be said.
fn check_module(path: &Path, module: &str, target: &Target) -> Result<(), DisError> {
    match &target.module {
        Some(wanted) if wanted != module => Err(DisError::NoModule {
            path: path.display().to_string(),
            module: wanted.clone(),
            hints: vec![
                format!("the file is the module `{module}`"),
                format!("write `:{wanted}` for the function or class of that name"),
            ],
        }),
        _ => Ok(()),
    }
}
