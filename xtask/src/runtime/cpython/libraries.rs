//! The C libraries, compiled with the runtime's compiler into one folder with `include/` and `lib/`.
//!
//! Most are a list of C files and a few macros; those with a configure script of their own are in [`autoconf`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Build, autoconf};
use crate::runtime::cache::{self, Key};
use crate::runtime::ui::Log;
use crate::runtime::{Error, Result, machine, stub_sources, toolchain};

/// The finished libraries.
#[derive(Debug)]
pub(super) struct Libraries {
    folder: PathBuf,
}

impl Libraries {
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn include(&self) -> PathBuf {
        self.folder.join("include")
    }

    pub(super) fn lib(&self) -> PathBuf {
        self.folder.join("lib")
    }

    /// The archive `lib<name>.a`.
    pub(super) fn archive(&self, name: &str) -> PathBuf {
        self.lib().join(format!("lib{name}.a"))
    }
}

/// A library that is a list of C files.
struct Plain {
    /// The `z` of `libz.a`.
    name: &'static str,
    source: Source,
    /// Files, or folders whose `.c` and `.S` files are all taken.
    files: &'static [&'static str],
    /// Files to leave out of the folders among `files`, by how their names end.
    without: &'static [&'static str],
    flags: &'static [&'static str],
    /// Folders for `-I`.
    include: &'static [&'static str],
    /// Headers or folders of headers to install, and the folder they go to below `include/`.
    headers: &'static [(&'static str, &'static str)],
}

enum Source {
    /// A folder of a crate.
    Crate(&'static str, &'static str),
    /// A folder of `runtime-stub/cpython`.
    Own(&'static str),
}

const PLAIN: &[Plain] = &[
    Plain {
        name: "z",
        source: Source::Crate("libz-sys", "src/zlib"),
        files: &[
            "adler32.c",
            "compress.c",
            "crc32.c",
            "deflate.c",
            "gzclose.c",
            "gzlib.c",
            "gzread.c",
            "gzwrite.c",
            "infback.c",
            "inffast.c",
            "inflate.c",
            "inftrees.c",
            "trees.c",
            "uncompr.c",
            "zutil.c",
        ],
        without: &[],
        flags: &["-DSTDC", "-D_LARGEFILE64_SOURCE", "-DHAVE_UNISTD_H", "-DHAVE_STDARG_H"],
        include: &[],
        headers: &[("zlib.h", ""), ("zconf.h", "")],
    },
    Plain {
        name: "bz2",
        source: Source::Crate("bzip2-sys", "bzip2-1.0.8"),
        files: &["blocksort.c", "bzlib.c", "compress.c", "crctable.c", "decompress.c", "huffman.c", "randtable.c"],
        without: &[],
        flags: &["-D_FILE_OFFSET_BITS=64"],
        include: &[],
        headers: &[("bzlib.h", "")],
    },
    Plain {
        name: "lzma",
        source: Source::Crate("liblzma-sys", ""),
        files: &[
            "xz/src/liblzma/check",
            "xz/src/liblzma/common",
            "xz/src/liblzma/delta",
            "xz/src/liblzma/lz",
            "xz/src/liblzma/lzma",
            "xz/src/liblzma/rangecoder",
            "xz/src/liblzma/simple",
            "xz/src/common/tuklib_cpucores.c",
            "xz/src/common/tuklib_physmem.c",
        ],
        // Generators of tables, the slow small variants of what is there as well, and 32-bit code.
        without: &["_tablegen.c", "crc32_small.c", "crc64_small.c", "crc_clmul_consts_gen.c", "_x86.S"],
        flags: &["-DHAVE_CONFIG_H", "-DNDEBUG", "-D_GNU_SOURCE", "-DLZMA_SYS_ENABLE_THREADS=1", "-std=c99", "-pthread"],
        include: &[
            "",
            "xz/src/liblzma/api",
            "xz/src/liblzma/check",
            "xz/src/liblzma/common",
            "xz/src/liblzma/delta",
            "xz/src/liblzma/lz",
            "xz/src/liblzma/lzma",
            "xz/src/liblzma/rangecoder",
            "xz/src/liblzma/simple",
            "xz/src/common",
        ],
        headers: &[("xz/src/liblzma/api/lzma.h", ""), ("xz/src/liblzma/api/lzma", "lzma")],
    },
    // The options of Debian's libsqlite3 that change no default: foreign keys stay off, as every Python has
    // them, and SECURE_DELETE, LIKE_DOESNT_MATCH_BLOBS and OMIT_LOOKASIDE are Debian's taste.
    Plain {
        name: "sqlite3",
        source: Source::Crate("libsqlite3-sys", "sqlite3"),
        files: &["sqlite3.c"],
        without: &[],
        flags: &[
            // As distributions compile it; -O3 takes much longer on this one big file.
            "-O2",
            "-DSQLITE_ENABLE_COLUMN_METADATA",
            "-DSQLITE_ENABLE_DBSTAT_VTAB",
            "-DSQLITE_ENABLE_FTS3",
            "-DSQLITE_ENABLE_FTS3_PARENTHESIS",
            "-DSQLITE_ENABLE_FTS3_TOKENIZER",
            "-DSQLITE_ENABLE_FTS4",
            "-DSQLITE_ENABLE_FTS5",
            "-DSQLITE_ENABLE_GEOPOLY",
            "-DSQLITE_ENABLE_LOAD_EXTENSION",
            "-DSQLITE_ENABLE_MATH_FUNCTIONS",
            "-DSQLITE_ENABLE_PREUPDATE_HOOK",
            "-DSQLITE_ENABLE_RTREE",
            "-DSQLITE_ENABLE_SESSION",
            "-DSQLITE_ENABLE_STMTVTAB",
            "-DSQLITE_ENABLE_UNLOCK_NOTIFY",
            "-DSQLITE_MAX_VARIABLE_NUMBER=250000",
            "-DSQLITE_SOUNDEX",
            "-DSQLITE_THREADSAFE=1",
            "-DSQLITE_USE_URI",
            "-DHAVE_FDATASYNC=1",
            "-DHAVE_GMTIME_R=1",
            "-DHAVE_ISNAN",
            "-DHAVE_LOCALTIME_R=1",
            "-DHAVE_PREAD64=1",
            "-DHAVE_PWRITE64=1",
            "-DHAVE_USLEEP=1",
        ],
        include: &[],
        headers: &[("sqlite3.h", ""), ("sqlite3ext.h", "")],
    },
    // Only for the stub, and only to decompress; CPython 3.13 has no zstd module.
    Plain {
        name: "zstd",
        source: Source::Crate("zstd-sys", "zstd/lib"),
        files: &["common", "decompress"],
        without: &[],
        flags: &["-DXXH_NAMESPACE=ZSTD_"],
        include: &[],
        headers: &[("zstd.h", ""), ("zstd_errors.h", "")],
    },
    Plain {
        name: "uuid",
        source: Source::Own("uuid"),
        files: &["uuid.c"],
        without: &[],
        flags: &["-D_GNU_SOURCE", "-Wall", "-Wextra"],
        include: &[],
        headers: &[("uuid.h", "")],
    },
];

/// Builds all libraries, or finds them: they are kept apart from CPython because its patches change more often.
pub(super) fn build(build: &Build<'_>) -> Result<Libraries> {
    let product = build.cache.product("libraries", &key(build)?);
    if !product.exists() {
        let folder = build_all(build)?;
        cache::publish(&folder, &product)?;
    }
    // CPython's configure sees them under a name that doesn't depend on the hash.
    let folder = build.cache.work().join("libraries");
    cache::replace_with_link(&folder, &product)?;
    Ok(Libraries { folder })
}

/// The hash of every input of this module's work.
fn key(build: &Build<'_>) -> Result<String> {
    let mut key = Key::default();
    for source in [include_str!("autoconf.rs"), include_str!("libraries.rs")] {
        key.add("recipe", source.as_bytes());
    }
    let own = stub_sources().join("cpython");
    key.add_folder(&own.join("libraries"), &["target"])?;
    key.add_folder(&own.join("uuid"), &[])?;
    key.add_folder(&own.join("libedit-patches"), &[])?;
    key.add_file(&own.join("terminals.txt"))?;
    toolchain::add_to_key(&mut key, build.pins, build.c_library);
    for tarball in [&build.pins.ncurses, &build.pins.libedit] {
        key.add(&tarball.file, tarball.sha256.as_bytes());
    }
    Ok(key.finish())
}

/// OpenSSL takes as long as the others together, and configure scripts leave a processor idle, so the two
/// halves run side by side.
fn build_all(build: &Build<'_>) -> Result<PathBuf> {
    let folder = build.cache.fresh_work("new-libraries")?;
    for name in ["include", "lib"] {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
    }
    let libraries = Libraries { folder };
    std::thread::scope(|scope| {
        let openssl = scope.spawn(|| autoconf::openssl(build, &libraries));
        let others = build_others(build, &libraries);
        let openssl = openssl.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        others.and(openssl)
    })?;
    Ok(libraries.folder)
}

fn build_others(build: &Build<'_>, libraries: &Libraries) -> Result<()> {
    for library in PLAIN {
        build.step(&format!("build lib{}", library.name), |log| library.build(build, libraries, log))?;
    }
    autoconf::libffi(build, libraries)?;
    autoconf::ncurses(build, libraries)?;
    autoconf::libedit(build, libraries)
}

impl Plain {
    fn build(&self, build: &Build<'_>, libraries: &Libraries, log: &Log) -> Result<()> {
        let tree = self.copy_source(build)?;
        let files = self.source_files(&tree)?;
        let objects = build.cache.fresh_work(&format!("objects/{}", self.name))?;
        let objects: Vec<PathBuf> = (0..files.len()).map(|index| objects.join(format!("{index:03}.o"))).collect();
        let jobs: Vec<_> = files.iter().zip(&objects).collect();
        for_each_in_parallel(&jobs, |(file, object)| self.compile(build, log, &tree, file, object))?;
        archive(build, log, &libraries.archive(self.name), &objects)?;
        self.install_headers(&tree, &libraries.include())
    }

    /// The sources are compiled in the work folder, whose name the compiler keeps out of the objects.
    fn copy_source(&self, build: &Build<'_>) -> Result<PathBuf> {
        let tree = build.cache.fresh_work(&format!("source/{}", self.name))?;
        let from = match self.source {
            Source::Crate(name, folder) => build.sources.carried_by(name)?.folder.join(folder),
            Source::Own(folder) => stub_sources().join("cpython").join(folder),
        };
        cache::copy_folder(&from, &tree, |_| true)?;
        Ok(tree)
    }

    fn source_files(&self, tree: &Path) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for name in self.files {
            let path = tree.join(name);
            if path.is_dir() { files.extend(self.folder_files(&path)?) } else { files.push(path) }
        }
        Ok(files)
    }

    fn folder_files(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder).map_err(Error::io("read", folder))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(Error::io("read", folder)));
        let mut paths = paths.collect::<Result<Vec<_>>>()?;
        paths.retain(|path| {
            let name = path.to_string_lossy();
            let is_source = name.ends_with(".c") || name.ends_with(".S");
            is_source && !self.without.iter().any(|ending| name.ends_with(ending))
        });
        paths.sort();
        Ok(paths)
    }

    fn compile(&self, build: &Build<'_>, log: &Log, tree: &Path, file: &Path, object: &Path) -> Result<()> {
        let mut command = build.toolchain.command(build.toolchain.compiler());
        command.arg("-O3").args(self.flags);
        for folder in self.include {
            command.arg("-I").arg(tree.join(folder));
        }
        log.run(command.arg("-c").arg(file).arg("-o").arg(object))
    }

    fn install_headers(&self, tree: &Path, include: &Path) -> Result<()> {
        for (header, folder) in self.headers {
            let from = tree.join(header);
            if from.is_dir() {
                cache::copy_folder(&from, &include.join(folder), |_| true)?;
            } else {
                // OK because the table names files.
                cache::copy_file(&from, &include.join(folder).join(from.file_name().expect("a file's name")))?;
            }
        }
        Ok(())
    }
}

fn archive(build: &Build<'_>, log: &Log, archive: &Path, objects: &[PathBuf]) -> Result<()> {
    // D: no times and owners in the archive.
    log.run(build.toolchain.command(build.toolchain.archiver()).arg("rcsD").arg(archive).args(objects))
}

/// Runs `work` on all items with as many threads as there are processors; the first error wins.
fn for_each_in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..machine::jobs()).map(|_| scope.spawn(run)).collect();
        let results =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        results.fold(Ok(()), Result::and)
    })
}
