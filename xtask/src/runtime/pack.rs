//! Stage 3: stub + standard library → runtime pack, the two files that pyfreeze embeds.
//!
//! Comes in: the linked stub, a plain python of the same build, its library, pip and the licences. Goes out: a folder
//! with `stub` and `library.payload`, found by the hash of all that goes into it. The library is a payload whose
//! entry point is "none", so that grafting it onto the stub gives an ordinary interpreter.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use pyfreeze::bytecode::{self, BytecodeError, Compiler, CompilerOptions, LibraryFile, Optimization, TreeSource};
use pyfreeze::payload::{compressed, encode_section, parallel_map};
use pyfreeze::runtime::{
    CARRIED_FOLDER, Descriptor, INSTALLER_PATH, LIBRARY_NAME, LICENSES_FOLDER, RuntimeLibrary, STUB_NAME,
};
use pyfreeze_format::{
    EntryPointKind, NewBlob, NewFile, NewSettings, PayloadWriter, Placement, SectionKind, WriteError, layout,
};
use serde::Deserialize;
use walkdir::WalkDir;

use super::Notice;

/// Compressed once, decompressed at every use: the highest ordinary level.
const LEVEL: i32 = 19;

/// What the interpreter itself knows best.
const QUESTIONS: &str = "
import _imp, importlib.util, json, platform, sys
print(json.dumps({
    'python_version': platform.python_version(),
    'pyc_magic': int.from_bytes(importlib.util.MAGIC_NUMBER, 'little'),
    'builtin_modules': sorted(sys.builtin_module_names),
    'extension_suffixes': _imp.extension_suffixes(),
    'frozen_modules': sorted(_imp._frozen_module_names()),
}))
";

/// The sources that decide what is in a pack: a change of them makes it anew.
const RECIPE: [&str; 5] = [
    include_str!("pack.rs"),
    include_str!("notices.rs"),
    include_str!("../../../freezer/src/bytecode/scan.rs"),
    include_str!("../../../runtime-stub/format/src/code.rs"),
    include_str!("../../../runtime-stub/bootstrap/compile_server.py"),
];

/// What a pack is made of.
#[derive(Debug)]
pub(crate) struct PackInputs<'a> {
    /// The linked stub.
    pub(crate) stub: PathBuf,
    /// A plain python of the same build, which compiles the library.
    pub(crate) python: PathBuf,
    /// The standard library's folder, `…/lib/python3.13`.
    pub(crate) library: PathBuf,
    /// The import bootstrap's folder: its modules join the library.
    pub(crate) bootstrap: PathBuf,
    /// The licence texts of CPython and its C libraries, with `versions.json`.
    pub(crate) licenses: PathBuf,
    /// What else is in the runtime.
    pub(crate) notices: &'a [Notice],
    /// The folder of the installer's packages.
    pub(crate) installer: PathBuf,
    /// Shared libraries that packages expect of the host, to be brought along.
    pub(crate) carried: Vec<PathBuf>,
    /// The Rust target triple.
    pub(crate) target: String,
    /// The oldest glibc that the stub runs on; empty if it needs none.
    pub(crate) glibc: String,
}

/// Why a pack can't be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    /// A file can't be used.
    #[error("Cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The plain python does not answer.
    #[error("Cannot ask `{python}` about itself: {reason}")]
    Python {
        /// The interpreter.
        python: PathBuf,
        /// What happened.
        reason: String,
    },
    /// A list of library versions can't be read.
    #[error("Cannot read `{path}`: {source}")]
    Versions {
        /// The list.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The library can't be compiled.
    #[error(transparent)]
    Bytecode(#[from] BytecodeError),
    /// A module of the library is none.
    #[error("Cannot compile `{path}` of the standard library: {message}")]
    Module {
        /// Its path below the virtual root.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The version of a library can't be told.
    #[error(transparent)]
    Version(#[from] Box<super::Error>),
    /// The payload can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Makes the pack in `folder/pack-<hash>`, or finds it made. `progress` is told which step, how many of how many.
///
/// # Errors
/// [`PackError`].
pub(crate) fn pack(
    inputs: &PackInputs<'_>,
    folder: &Path,
    progress: &dyn Fn(&str, usize, usize),
) -> Result<PathBuf, PackError> {
    let files = library_files(inputs)?;
    let stub = read(&inputs.stub)?;
    let pack = folder.join(format!("pack-{}", key(inputs, &files, &stub)));
    if pack.is_dir() {
        return Ok(pack);
    }
    let answers = ask(&inputs.python)?;
    let (modules, others) = compile(files, inputs, &answers, progress)?;
    let stored = store(modules, others, progress)?;
    let mut descriptor = stored.describe(inputs, answers)?;
    let unnamed = stored.payload(&descriptor)?;
    descriptor.identity = blake3::Hasher::new().update(&stub).update(&unnamed).finalize().to_hex().to_string();
    let library = stored.payload(&descriptor)?;
    publish(&pack, folder, &stub, &library)?;
    Ok(pack)
}

/// A file of the library, of the installer, or a licence.
struct File {
    path: String,
    disk: PathBuf,
    content: Vec<u8>,
    is_executable: bool,
}

impl File {
    fn is_module(&self) -> bool {
        self.path.ends_with(".py") && self.is_of_library()
    }

    /// False for what does not go into every program: libraries for packages, and the installer.
    fn is_of_library(&self) -> bool {
        ![CARRIED_FOLDER, INSTALLER_PATH].iter().any(|folder| self.path.starts_with(&format!("{folder}/")))
    }
}

fn library_files(inputs: &PackInputs<'_>) -> Result<Vec<File>, PackError> {
    let library_path = library_path(&inputs.library);
    let mut files = folder_files(&inputs.library, &library_path)?;
    let is_module =
        |file: &File| file.disk.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"_pyfreeze"));
    files.extend(folder_files(&inputs.bootstrap, &library_path)?.into_iter().filter(is_module));
    for path in &inputs.carried {
        files.push(File {
            path: format!("{CARRIED_FOLDER}/{}", file_name(path)),
            disk: path.clone(),
            content: read(path)?,
            is_executable: false,
        });
    }
    let licenses = folder_files(&inputs.licenses, LICENSES_FOLDER)?.into_iter();
    files.extend(licenses.filter(|file| file.path.ends_with(".txt")));
    for notice in inputs.notices {
        let path = notice.library.license_path();
        let content = notice.text.clone().into_bytes();
        files.push(File { path, disk: PathBuf::new(), content, is_executable: false });
    }
    files.extend(folder_files(&inputs.installer, INSTALLER_PATH)?);
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `lib/python3.13`, from the library's folder on disk.
fn library_path(library: &Path) -> String {
    format!("lib/{}", library.file_name().unwrap_or_default().to_string_lossy())
}

fn folder_files(folder: &Path, virtual_path: &str) -> Result<Vec<File>, PackError> {
    use std::os::unix::fs::PermissionsExt as _;
    let is_wanted = |name: &str| !matches!(name, "__pycache__" | "site-packages" | "lib-dynload");
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    let walk = walk.filter_entry(|entry| entry.file_name().to_str().is_some_and(is_wanted));
    let mut files = Vec::new();
    for entry in walk {
        let failure = |source| PackError::Io { action: "read", path: folder.into(), source };
        let entry = entry.map_err(|error| failure(error.into()))?;
        if !entry.file_type().is_file() {
            continue;
        }
        // OK because every entry of a walk lies below its start, with a name that was found to be UTF-8.
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().into_owned();
        let mode = entry.metadata().map_err(|error| failure(error.into()))?.permissions().mode();
        files.push(File {
            path: format!("{virtual_path}/{below}"),
            disk: entry.path().to_path_buf(),
            content: read(entry.path())?,
            is_executable: mode & 0o100 != 0,
        });
    }
    Ok(files)
}

fn key(inputs: &PackInputs<'_>, files: &[File], stub: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |content: &[u8]| {
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(content);
    };
    add(&layout::VERSION.to_le_bytes());
    RECIPE.iter().for_each(|source| add(source.as_bytes()));
    // OK because strings in a struct have no form that JSON lacks.
    inputs.notices.iter().for_each(|notice| add(&serde_json::to_vec(&notice.library).unwrap_or_default()));
    add(inputs.target.as_bytes());
    add(inputs.glibc.as_bytes());
    add(stub);
    for file in files {
        add(file.path.as_bytes());
        add(&file.content);
    }
    hasher.finalize().to_hex().as_str().chars().take(32).collect()
}

#[derive(Deserialize)]
struct Answers {
    python_version: String,
    pyc_magic: u32,
    builtin_modules: Vec<String>,
    extension_suffixes: Vec<String>,
    frozen_modules: Vec<String>,
}

fn ask(python: &Path) -> Result<Answers, PackError> {
    let failure = |reason: String| PackError::Python { python: python.into(), reason };
    let output = Command::new(python).args(["-I", "-S", "-c", QUESTIONS]).output();
    let output = output.map_err(|error| failure(error.to_string()))?;
    if !output.status.success() {
        return Err(failure(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failure(error.to_string()))
}

/// A module of the library, compiled.
struct CompiledModule {
    file: File,
    module: bytecode::LibraryModule,
    code: std::sync::Arc<[u8]>,
}

fn compile(
    files: Vec<File>,
    inputs: &PackInputs<'_>,
    answers: &Answers,
    progress: &dyn Fn(&str, usize, usize),
) -> Result<(Vec<CompiledModule>, Vec<File>), PackError> {
    let (modules, others): (Vec<File>, Vec<File>) = files.into_iter().partition(File::is_module);
    let source = |file: &File| TreeSource { path: file.disk.clone(), virtual_path: file.path.clone() };
    let sources: Vec<TreeSource> = modules.iter().map(source).collect();
    let mut compiler = Compiler::new(CompilerOptions {
        python: inputs.python.clone(),
        worker_count: worker_count(),
        identity: answers.python_version.clone(),
        cache: None,
    });
    let total = sources.len();
    let show = |done| progress("compile", done, total);
    let library_path = library_path(&inputs.library);
    let tree = bytecode::compile_tree(&mut compiler, &library_path, &sources, Optimization::None, &show)?;
    if let Some((path, diagnostics)) = tree.rejected.into_iter().next() {
        let message = diagnostics.first().map_or_else(String::new, |diagnostic| diagnostic.message.clone());
        return Err(PackError::Module { path, message });
    }
    let compiled = modules.into_iter().zip(tree.modules);
    let compiled =
        compiled.map(|(file, compiled)| CompiledModule { file, module: compiled.module, code: compiled.code });
    Ok((compiled.collect(), others))
}

fn worker_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A file of the pack, compressed.
struct StoredFile {
    path: String,
    content: NewBlob<'static>,
    code: Option<NewBlob<'static>>,
    is_executable: bool,
}

/// Everything in the pack but its descriptor.
struct StoredLibrary {
    files: Vec<StoredFile>,
    scans: Vec<bytecode::LibraryModule>,
    others: Vec<LibraryFile>,
}

fn store(
    modules: Vec<CompiledModule>,
    others: Vec<File>,
    progress: &dyn Fn(&str, usize, usize),
) -> Result<StoredLibrary, PackError> {
    let jobs: Vec<(&File, Option<&[u8]>)> = modules
        .iter()
        .map(|module| (&module.file, Some(&*module.code)))
        .chain(others.iter().map(|file| (file, None)))
        .collect();
    let work = |(file, code): &(&File, Option<&[u8]>)| -> Result<StoredFile, PackError> {
        Ok(StoredFile {
            path: file.path.clone(),
            content: owned(compressed(&file.content, LEVEL)),
            code: code.map(|code| owned(compressed(code, LEVEL))),
            is_executable: file.is_executable,
        })
    };
    let files = parallel_map(&jobs, worker_count(), work, |done| progress("compress", done, jobs.len()))?;
    let other = |file: &File| LibraryFile { path: file.path.clone(), is_executable: file.is_executable };
    let others = others.iter().filter(|file| file.is_of_library()).map(other).collect();
    Ok(StoredLibrary { files, scans: modules.into_iter().map(|module| module.module).collect(), others })
}

fn owned(blob: NewBlob<'_>) -> NewBlob<'static> {
    NewBlob { stored: Cow::Owned(blob.stored.into_owned()), size: blob.size, placement: Placement::Cold }
}

impl StoredLibrary {
    fn describe(&self, inputs: &PackInputs<'_>, answers: Answers) -> Result<Descriptor, PackError> {
        Ok(Descriptor {
            python_version: answers.python_version,
            pyc_magic: answers.pyc_magic,
            target: inputs.target.clone(),
            glibc: inputs.glibc.clone(),
            library_path: library_path(&inputs.library),
            builtin_modules: answers.builtin_modules,
            extension_suffixes: answers.extension_suffixes,
            frozen_modules: answers.frozen_modules,
            identity: String::new(),
            scans: self.scans.clone(),
            files: self.others.clone(),
            carried_libraries: inputs.carried.iter().map(|path| file_name(path)).collect(),
            libraries: libraries(inputs)?,
        })
    }

    fn payload(&self, descriptor: &Descriptor) -> Result<Vec<u8>, PackError> {
        let mut writer = PayloadWriter::new();
        for file in &self.files {
            let new_file = NewFile {
                content: Some(file.content.clone()),
                code: file.code.clone(),
                is_executable: file.is_executable,
                library_size: None,
            };
            writer.add_file(&file.path, new_file)?;
        }
        let settings = NewSettings {
            entry_point_kind: EntryPointKind::Interpreter,
            entry_point_path: String::new(),
            optimization: 0,
            library_path: descriptor.library_path.clone(),
            search_path: vec![descriptor.library_path.clone()],
            python_options: Vec::new(),
            python_version: descriptor.python_version.clone(),
        };
        Ok(writer.finish(&settings, &[(SectionKind::Manifest, encode_section(descriptor))])?)
    }
}

fn libraries(inputs: &PackInputs<'_>) -> Result<Vec<RuntimeLibrary>, PackError> {
    let path = inputs.licenses.join("versions.json");
    let libraries: Vec<RuntimeLibrary> =
        serde_json::from_slice(&read(&path)?).map_err(|source| PackError::Versions { path, source })?;
    Ok(libraries.into_iter().chain(inputs.notices.iter().map(|notice| notice.library.clone())).collect())
}

/// Puts both files into a folder that takes its name when it is whole.
fn publish(pack: &Path, folder: &Path, stub: &[u8], library: &[u8]) -> Result<(), PackError> {
    let failure = |source| PackError::Io { action: "write", path: pack.into(), source };
    std::fs::create_dir_all(folder).map_err(failure)?;
    let partial = tempfile::Builder::new().prefix("pack-").tempdir_in(folder).map_err(failure)?;
    std::fs::write(partial.path().join(STUB_NAME), stub).map_err(failure)?;
    std::fs::write(partial.path().join(LIBRARY_NAME), library).map_err(failure)?;
    match std::fs::rename(partial.path(), pack) {
        // Another process was faster; its pack is the same.
        Err(_) if pack.is_dir() => Ok(()),
        outcome => outcome.map_err(failure),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PackError> {
    std::fs::read(path).map_err(|source| PackError::Io { action: "read", path: path.into(), source })
}
