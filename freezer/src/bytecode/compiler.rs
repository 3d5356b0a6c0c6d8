//! Many sources at once, through the cache and as many compile servers as there are workers.
//!
//! Comes in: requests. Goes out: one outcome for each, in the order of the requests, whichever worker did it. Each
//! worker is a thread that reads the source, asks the cache and, only if that has no answer, its server.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::{fs, thread};

use serde::Deserialize;

use super::cache::Key;
use super::server::{Answer, SERVER_SOURCE, Server};
use super::{BytecodeError, Cache, Diagnostic, Optimization, Scan};

/// How a [`Compiler`] works.
#[derive(Clone, Debug)]
pub struct CompilerOptions {
    /// The runtime's interpreter.
    pub python: PathBuf,
    /// The number of compile servers; 0 counts as 1.
    pub worker_count: usize,
    /// The digest of the runtime: part of every cache key.
    pub identity: String,
    /// The cache folder, or none to compile everything.
    pub cache: Option<PathBuf>,
}

/// Compiles sources; keeps its servers between calls.
pub struct Compiler {
    options: CompilerOptions,
    cache: Option<Cache>,
    workers: Vec<Worker>,
}

/// A source to compile.
#[derive(Clone, Debug)]
pub struct CompileRequest {
    /// Its path below the virtual root, which is what tracebacks show.
    pub virtual_path: String,
    /// Its text.
    pub source: SourceText,
}

/// Where a source's bytes are.
#[derive(Clone, Debug)]
pub enum SourceText {
    /// In a file.
    Disk(PathBuf),
    /// In memory.
    Bytes(Arc<[u8]>),
}

/// What became of a source.
#[derive(Debug)]
pub enum Outcome {
    /// It was compiled, now or for an earlier build.
    Compiled(Compiled),
    /// The compiler refuses it.
    Rejected(Vec<Diagnostic>),
    /// It can't be read.
    Unreadable(io::Error),
}

/// A compiled source.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Canonical code bytes.
    pub code: Arc<[u8]>,
    /// Its import facts.
    pub scan: Scan,
    /// What the compiler warns of.
    pub warnings: Vec<Diagnostic>,
    /// The source's bytes.
    pub source: Arc<[u8]>,
}

/// Where the compiled sources came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Compiled by a server.
    pub compiled: usize,
    /// Found in the cache.
    pub cached: usize,
}

#[derive(Default)]
struct Worker {
    server: Option<Server>,
    statistics: Statistics,
}

/// The server's JSON.
#[derive(Deserialize)]
struct Facts {
    #[serde(default)]
    scan: Scan,
    #[serde(default)]
    warnings: Vec<Diagnostic>,
    #[serde(default)]
    errors: Vec<Diagnostic>,
}

impl Compiler {
    /// A compiler that has started nothing yet.
    #[must_use]
    pub fn new(options: CompilerOptions) -> Self {
        let cache = options.cache.as_deref().map(Cache::new);
        let workers = (0..options.worker_count.max(1)).map(|_| Worker::default()).collect();
        Self { options, cache, workers }
    }

    /// What has been compiled so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let add = |sum: Statistics, worker: &Worker| Statistics {
            compiled: sum.compiled + worker.statistics.compiled,
            cached: sum.cached + worker.statistics.cached,
        };
        self.workers.iter().fold(Statistics::default(), add)
    }

    /// Compiles all of `requests`. `progress` is told how many are done.
    ///
    /// # Errors
    /// [`BytecodeError`] when the servers don't work; what is wrong with a source is its [`Outcome`].
    pub fn compile(
        &mut self,
        requests: &[CompileRequest],
        optimization: Optimization,
        progress: &dyn Fn(usize),
    ) -> Result<Vec<Outcome>, BytecodeError> {
        let next = AtomicUsize::new(0);
        let is_failed = AtomicBool::new(false);
        let batch = Batch { options: &self.options, cache: self.cache.as_ref(), optimization, requests };
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(requests.len(), || None);
        // A handful of requests is not worth a thread each.
        let thread_count = requests.len().div_ceil(4).min(self.workers.len());
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for worker in self.workers.iter_mut().take(thread_count) {
                let (batch, next, is_failed, sender) = (&batch, &next, &is_failed, sender.clone());
                scope.spawn(move || {
                    while !is_failed.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(request) = batch.requests.get(index) else { break };
                        let outcome = batch.outcome(request, worker);
                        is_failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                        // OK because the receiver lives until all senders are gone or one has failed.
                        let _ = sender.send((index, outcome));
                    }
                });
            }
            drop(sender);
            for (done, (index, outcome)) in receiver.into_iter().enumerate() {
                outcomes[index] = Some(outcome?);
                progress(done + 1);
            }
            Ok(())
        })?;
        // OK because every index was sent, or the scope has failed.
        Ok(outcomes.into_iter().flatten().collect())
    }
}

/// What the workers of one call share.
struct Batch<'a> {
    options: &'a CompilerOptions,
    cache: Option<&'a Cache>,
    optimization: Optimization,
    requests: &'a [CompileRequest],
}

impl Batch<'_> {
    fn outcome(&self, request: &CompileRequest, worker: &mut Worker) -> Result<Outcome, BytecodeError> {
        let source = match &request.source {
            SourceText::Bytes(bytes) => Arc::clone(bytes),
            SourceText::Disk(path) => match fs::read(path) {
                Ok(bytes) => bytes.into(),
                Err(error) => return Ok(Outcome::Unreadable(error)),
            },
        };
        let name = format!("{}/{}", pyfreeze_format::VIRTUAL_ROOT, request.virtual_path);
        let key = self.key(&name, &source);
        if let Some((facts, code)) = self.cache.and_then(|cache| cache.get(&key))
            && let Ok(facts) = serde_json::from_slice(&facts)
        {
            worker.statistics.cached += 1;
            return Ok(outcome(facts, code, source));
        }
        worker.statistics.compiled += 1;
        let Some(Answer { facts: bytes, code }) = self.compile(&name, &source, worker)? else {
            return Ok(Outcome::Rejected(vec![ended()]));
        };
        let garbled = || BytecodeError::Garbled { path: self.options.python.clone() };
        let facts: Facts = serde_json::from_slice(&bytes).map_err(|_| garbled())?;
        let code = if facts.errors.is_empty() {
            pyfreeze_format::canonical_code(&code).map_err(|_| garbled())?
        } else {
            Vec::new()
        };
        if let Some(cache) = self.cache {
            cache.put(&key, &bytes, &code);
        }
        Ok(outcome(facts, code, source))
    }

    /// The server's JSON and code bytes; `None` when the source ended the server.
    fn compile(&self, name: &str, source: &[u8], worker: &mut Worker) -> Result<Option<Answer>, BytecodeError> {
        // A server may have been ended by the source before, and the first of all by its own fault.
        for _ in 0..2 {
            let server = match &mut worker.server {
                Some(server) => server,
                none => none.insert(Server::start(&self.options.python)?),
            };
            let was_proven = server.has_answered();
            match server.ask(name, source, self.optimization) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(BytecodeError::Garbled { path: self.options.python.clone() });
                }
                Err(_) => worker.server = None,
            }
            if was_proven {
                return Ok(None);
            }
            self.prove(worker)?;
        }
        Ok(None)
    }

    /// Shows that a fresh server can compile at all, so that what ended the last one was its source.
    fn prove(&self, worker: &mut Worker) -> Result<(), BytecodeError> {
        let mut server = Server::start(&self.options.python)?;
        let ended = |_| BytecodeError::Ended { path: self.options.python.clone() };
        server.ask("proof", b"", Optimization::None).map_err(ended)?;
        worker.server = Some(server);
        Ok(())
    }

    fn key(&self, name: &str, source: &[u8]) -> Key {
        let mut hasher = blake3::Hasher::new();
        for part in [self.options.identity.as_bytes(), SERVER_SOURCE.as_bytes(), name.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.update(&[self.optimization.level()]);
        hasher.update(source);
        hasher.finalize()
    }
}

fn outcome(facts: Facts, code: Vec<u8>, source: Arc<[u8]>) -> Outcome {
    if facts.errors.is_empty() {
        Outcome::Compiled(Compiled { code: code.into(), scan: facts.scan, warnings: facts.warnings, source })
    } else {
        Outcome::Rejected(facts.errors)
    }
}

fn ended() -> Diagnostic {
    let message = "this source ended the compiler".to_owned();
    Diagnostic { kind: "SystemError".to_owned(), message, ..Diagnostic::default() }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;
    use std::process::Command;
    use std::{env, fs};

    use super::{CompileRequest, Compiled, Compiler, CompilerOptions, Outcome, SourceText};
    use crate::bytecode::{BytecodeError, Context, Optimization};

    /// A Python to compile with; `None`, said on stderr, when this machine has none that is new enough.
    pub(crate) fn python() -> Option<PathBuf> {
        let given = env::var_os("PYFREEZE_TEST_PYTHON").map(PathBuf::from);
        let names = ["python3.13", "python3", "python3.12", "python3.11"].map(PathBuf::from);
        let is_new = |python: &PathBuf| {
            let check = "import sys; sys.exit(sys.version_info < (3, 11))";
            Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success())
        };
        let found = given.into_iter().chain(names).find(is_new);
        if found.is_none() {
            eprintln!("skipped: needs a Python 3.11 or later, in PATH or PYFREEZE_TEST_PYTHON");
        }
        found
    }

    pub(crate) fn compiler(cache: Option<PathBuf>) -> Option<Compiler> {
        Some(Compiler::new(CompilerOptions { python: python()?, worker_count: 2, identity: "test".into(), cache }))
    }

    fn request(source: &[u8]) -> CompileRequest {
        CompileRequest { virtual_path: "app.py".into(), source: SourceText::Bytes(source.into()) }
    }

    fn compile(compiler: &mut Compiler, source: &[u8]) -> Outcome {
        compiler.compile(&[request(source)], Optimization::None, &|_| ()).unwrap().pop().unwrap()
    }

    fn compiled(compiler: &mut Compiler, source: &[u8]) -> Compiled {
        match compile(compiler, source) {
            Outcome::Compiled(compiled) => compiled,
            other => panic!("{other:?}"),
        }
    }

    fn imports(source: &str) -> Vec<String> {
        let Some(mut compiler) = compiler(None) else { return Vec::new() };
        let scan = compiled(&mut compiler, source.as_bytes()).scan;
        let text = |import: &crate::bytecode::Import| {
            let context = match import.context {
                Context::Always => "",
                Context::Condition => " if",
                Context::Function => " def",
                Context::Try => " try",
                Context::Main => " main",
                Context::Never => " never",
            };
            let names = if import.names.is_empty() { String::new() } else { format!(":{}", import.names.join(",")) };
            format!("{}{}{names}{context}", ".".repeat(import.level), import.module)
        };
        scan.imports.iter().map(text).collect()
    }

    #[test]
    fn contexts_of_imports() {
        if python().is_none() {
            return;
        }
        let source = "import a.b, c\nfrom ..d import e, f as g\nfrom . import *\nclass C:\n import h\n\
                      def f():\n  if x:\n    import i\nif x:\n import j\nelif y:\n import k\n\
                      try:\n import l\nexcept (ImportError, OSError):\n import m\n\
                      try:\n import n\nexcept KeyError:\n pass\n\
                      with suppress(ImportError):\n import o\n\
                      if __name__ == '__main__':\n import p\n";
        let expected =
            ["a.b", "c", "..d:e,f", ".:*", "h", "i def", "j if", "k if", "l try", "m try", "n", "o try", "p main"];
        assert_eq!(imports(source), expected);
    }

    #[test]
    fn conditions_with_one_answer() {
        if python().is_none() {
            return;
        }
        let source = "if TYPE_CHECKING:\n import a\nelse:\n import b\nif typing.TYPE_CHECKING and x:\n import c\n\
                      if sys.platform == 'win32':\n import d\nelif os.name != 'nt':\n import e\nelse:\n import f\n\
                      if sys.version_info >= (3, 8):\n import g\nelse:\n import h\n\
                      if sys.version_info[0] == 2:\n import i\nif not sys.platform.startswith(('win', 'cyg')):\n import j\n\
                      if sys.platform == x:\n import k\n";
        let expected = ["a never", "b", "c never", "d never", "e", "f never", "g", "h never", "i never", "j", "k if"];
        assert_eq!(imports(source), expected);
    }

    #[test]
    fn calls_with_literal_names() {
        if python().is_none() {
            return;
        }
        let source = "from importlib import import_module as im\nimport importlib as il\nP = 'p.q'\n\
                      im('a.b')\nil.import_module('.c', __package__)\nim('.d', 'e.f')\nim('..g', package='h.i')\n\
                      def f():\n  return [__import__('j', fromlist=['k'])]\nim(P)\nim(f'{__name__}.l')\nim(__package__ + '.m')\n\
                      pkgutil.resolve_name('n.o:p')\nim(x)\nim('.y', x)\n";
        let expected =
            ["importlib:import_module", "importlib", "a.b", ".c", "e.f.d", "h.g", "j:k def", "p.q", ".l", ".m", "n.o"];
        assert_eq!(imports(source), expected);
    }

    #[test]
    fn names_and_groups() {
        let Some(mut compiler) = compiler(None) else { return };
        let source = b"__all__ = ['a']\n__all__ += ['b'] + x.__all__\nG = 'my.plugins'\nentry_points(group=G)\n\
                       entry_points().select(group='other')\nf('app.things', 'word', 'pytest11')\n";
        let scan = compiled(&mut compiler, source).scan;
        assert_eq!(scan.all_names, ["a", "b"]);
        assert_eq!(scan.entry_point_groups, ["my.plugins", "other"]);
        assert_eq!(scan.words, ["app.things", "my.plugins", "pytest11"]);
    }

    #[test]
    fn no_source_ends_the_server() {
        let Some(mut compiler) = compiler(None) else { return };
        let deep = [b"x = ".to_vec(), b"-".repeat(100_000), b"1".to_vec()].concat();
        let nested = b"(".repeat(10_000);
        let sums = format!("x = {}1", "1 + ".repeat(100_000));
        let sources: [&[u8]; 8] =
            [b"x = (\n", b"\0", b"\xff", b"# coding: nonsense\n", &deep, &nested, sums.as_bytes(), b"print 'a'"];
        for source in sources {
            let outcome = compile(&mut compiler, source);
            let Outcome::Rejected(diagnostics) = outcome else { continue };
            assert!(!diagnostics[0].message.is_empty());
            assert_ne!(diagnostics[0].message, super::ended().message);
        }
        assert!(matches!(compile(&mut compiler, b"# coding: latin-1\nx = '\xe9'"), Outcome::Compiled(_)));
        assert!(matches!(compile(&mut compiler, b"\xef\xbb\xbfx = '\\ud800'"), Outcome::Compiled(_)));
        let warnings = compiled(&mut compiler, b"\nx = '\\d'").warnings;
        assert_eq!((warnings[0].line, warnings[0].message.contains("invalid escape")), (Some(2), true));
    }

    #[test]
    fn the_cache_answers_and_heals() {
        let folder = tempfile::tempdir().unwrap();
        let cache = || Some(folder.path().to_owned());
        let Some(mut first) = compiler(cache()) else { return };
        let code = compiled(&mut first, b"import a").code;
        assert!(matches!(compile(&mut first, b"x = ("), Outcome::Rejected(_)));
        let missing =
            CompilerOptions { python: "/nowhere".into(), worker_count: 1, identity: "test".into(), cache: cache() };
        let mut second = Compiler::new(missing);
        assert_eq!(compiled(&mut second, b"import a").code, code);
        assert!(matches!(compile(&mut second, b"x = ("), Outcome::Rejected(_)));
        assert_eq!((second.statistics().compiled, second.statistics().cached), (0, 2));
        let error = second.compile(&[request(b"import b")], Optimization::None, &|_| ()).unwrap_err();
        assert!(matches!(error, BytecodeError::Start { .. }));
        for entry in walkdir::WalkDir::new(folder.path()).into_iter().filter_map(Result::ok) {
            if entry.file_type().is_file() {
                fs::write(entry.path(), "damaged").unwrap();
            }
        }
        let mut third = compiler(cache()).unwrap();
        assert_eq!(compiled(&mut third, b"import a").code, code);
        assert_eq!(third.statistics().compiled, 1);
        let mut fourth = compiler(cache()).unwrap();
        assert_eq!(compiled(&mut fourth, b"import a").code, code);
        assert_eq!(fourth.statistics().cached, 1);
    }

    #[test]
    fn another_process_gives_the_same_bytes() {
        let Some(mut warm) = compiler(None) else { return };
        // Interned and cached objects of other sources change the reference counts that marshal looks at.
        let source = "def f(alpha, beta):\n return {'alpha': 1000, 'x y': (1, 2)}, alpha in {'p', 'q', ('r', 's')}\n";
        for index in 0..20 {
            compile(&mut warm, format!("{source}{source}y{index} = 'alpha', 1000, (1, 2)").as_bytes());
        }
        let expected = compiled(&mut warm, source.as_bytes()).code;
        for _ in 0..3 {
            let mut cold = compiler(None).unwrap();
            assert_eq!(compiled(&mut cold, source.as_bytes()).code, expected);
        }
    }

    #[test]
    fn canonical_code_is_the_same_code() {
        let Some(mut compiler) = compiler(None) else { return };
        let source = "class A:\n 'doc'\n def f(self, *a, k=(1, 2.5, 3j, b'x', ..., 10**40), **b):\n  return lambda: {k, 'é', '\u{4e2d}'}\n";
        let code = compiled(&mut compiler, source.as_bytes()).code;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("code"), &code[..]).unwrap();
        fs::write(folder.path().join("source"), source).unwrap();
        let check = "import marshal, sys; f = sys.argv[1]\n\
                     code = marshal.loads(open(f + '/code', 'rb').read())\n\
                     other = compile(open(f + '/source', 'rb').read(), code.co_filename, 'exec')\n\
                     assert code == other and code.co_filename == '/proc/self/exe/app.py'\n";
        let python = python().unwrap();
        let output = Command::new(python).args(["-c", check]).arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
