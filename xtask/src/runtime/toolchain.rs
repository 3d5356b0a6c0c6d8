//! The C compiler and linker: zig from PyPI, behind wrappers that fix the target and the code model.
//!
//! zig brings clang, lld, and headers and stub libraries of every glibc, so the product runs with an old glibc
//! whatever the building machine has.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Cache, Key};
use super::cpython::pins::Pins;
use super::ui::Ui;
use super::{CLibrary, Error, Result, machine};

/// Code generation that every object of the runtime shares.
///
/// - The executable is not position-independent (the snapshot needs fixed addresses), and zig's driver refuses
///   `-fno-pic` for this target, so the compiler proper is told.
/// - `direct-access-external-data` off: libc's variables (`stdout`, `environ`) are reached through the global
///   offset table. Otherwise the linker would copy them into the executable's `.bss`, where a snapshot would
///   overwrite this process's pointers with those of the build. Where a variable turns out to be the
///   executable's own, lld rewrites the access to a direct one.
/// - zig turns on UBSan traps and makes `__DATE__` an error; dates come from SOURCE_DATE_EPOCH here.
/// - zig adds debug information, a fifth of the compile time, which the link throws away. A later `-g` brings it back.
const CODE_FLAGS: &[&str] = &[
    "-fno-pie",
    "-Xclang -mrelocation-model",
    "-Xclang static",
    "-Xclang -pic-level",
    "-Xclang 0",
    "-Xclang -fno-direct-access-external-data",
    "-fno-sanitize=undefined",
    "-g0",
    "-Wno-error=date-time",
];

/// What holds for musl and its headers don't say: its `wchar_t` is Unicode (libedit asks for that), and offsets have 64 bits
/// under every name.
const MUSL_FLAGS: &[&str] = &["-D__STDC_ISO_10646__=201505L", "-D_LARGEFILE64_SOURCE"];

fn code_flags(c_library: CLibrary) -> String {
    let more = if c_library == CLibrary::Musl { MUSL_FLAGS } else { &[] };
    [CODE_FLAGS, more].concat().join(" ")
}

/// Where sources seem to lie, in `__FILE__` and messages.
const NEUTRAL_SOURCE_FOLDER: &str = "/usr/src";

/// The installed compiler.
#[derive(Clone, Debug)]
pub(super) struct Toolchain {
    zig: PathBuf,
    wrappers: PathBuf,
    compiled: PathBuf,
    source_date_epoch: u64,
}

impl Toolchain {
    /// Installs zig into the cache if it isn't there, and writes the wrappers.
    pub(super) fn prepare(cache: &Cache, pins: &Pins, c_library: CLibrary, ui: &Ui) -> Result<Toolchain> {
        let folder = cache.tools().join(format!("zig-{}", pins.zig.version));
        if !folder.join("ziglang/zig").exists() {
            install(cache, pins, &folder, ui)?;
        }
        let mut toolchain = Toolchain {
            zig: folder.join("ziglang/zig"),
            wrappers: PathBuf::new(),
            compiled: cache.compiled(),
            source_date_epoch: pins.source_date_epoch,
        };
        let scripts = toolchain.scripts(cache, pins, c_library);
        toolchain.wrappers = write_scripts(&cache.tools(), &scripts)?;
        Ok(toolchain)
    }

    /// The wrapper `zig-cc`, by its absolute path.
    pub(super) fn compiler(&self) -> PathBuf {
        self.wrappers.join("zig-cc")
    }

    /// The wrapper `zig-ar`, by its absolute path.
    pub(super) fn archiver(&self) -> PathBuf {
        self.wrappers.join("zig-ar")
    }

    /// The folder of zig's installation.
    pub(super) fn zig_folder(&self) -> PathBuf {
        self.zig.parent().unwrap_or(&self.zig).to_path_buf()
    }

    /// A command in whose environment the wrappers are the C tools, by bare names: what a configure script
    /// records must not depend on where the cache lies.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.wrappers.clone()).chain(std::env::split_paths(&path));
        // OK because a folder that came out of PATH, or lies in the cache, has no colon in its name.
        command.env("PATH", std::env::join_paths(folders).expect("folders without colons"));
        for (name, value) in [("CC", "zig-cc"), ("CXX", "zig-c++"), ("AR", "zig-ar"), ("RANLIB", "zig-ranlib")] {
            command.env(name, value);
        }
        for name in ["CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LIBS", "CPATH", "LIBRARY_PATH", "MAKEFLAGS"] {
            command.env_remove(name);
        }
        command.env("SOURCE_DATE_EPOCH", self.source_date_epoch.to_string()).env("LC_ALL", "C").env("TZ", "UTC");
        command
    }

    /// lld. It is called directly because `zig cc` refuses `--exclude-libs`.
    pub(super) fn linker(&self) -> Command {
        let mut command = Command::new(&self.zig);
        command.arg("ld.lld");
        command
    }

    /// Copies what every link needs and zig makes on demand (crt1.o and the old glibc's stub
    /// libraries) into `system`, and returns the names in link order.
    pub(super) fn collect_system_files(&self, scratch: &Path, system: &Path) -> Result<Vec<String>> {
        let source = scratch.join("nothing.c");
        cache::write(&source, "int main(void) { return 0; }\n")?;
        // Through the wrapper and optimised, as all links of configure are: zig has made these files already.
        let mut command = self.command(self.compiler());
        command.args(["-O3", "-no-pie", "-v", "-o"]);
        let output = command.arg(scratch.join("nothing")).arg(&source).output();
        let output = output.map_err(|source| Error::Start { program: "zig".to_owned(), source })?;
        let text = String::from_utf8_lossy(&output.stderr);
        let files = link_inputs(&text, &self.compiled);
        let mut names = Vec::new();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            cache::copy_file(&file, &system.join(&name))?;
            names.push(name);
        }
        if names.iter().any(|name| name == "crt1.o") && names.iter().any(|name| name == "libc.so.6") {
            return Ok(names);
        }
        Err(Error::content(&self.zig, "`zig cc -v` shows no link line with crt1.o and libc.so.6"))
    }

    fn scripts(&self, cache: &Cache, pins: &Pins, c_library: CLibrary) -> Vec<(&'static str, String)> {
        let environment = format!(
            "ZIG_GLOBAL_CACHE_DIR='{0}' ZIG_LOCAL_CACHE_DIR='{0}'\nexport ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR",
            self.compiled.display()
        );
        let zig = self.zig.display();
        let compile = |mode: &str| {
            format!(
                "#!/bin/sh\n{DROP_ARGUMENTS}{environment}\nexec '{zig}' {mode} -target {} {} \\\n  \
                 \"-ffile-prefix-map={}={NEUTRAL_SOURCE_FOLDER}\" \
                 \"-ffile-prefix-map=${{PYFREEZE_CHECKOUT:-/nowhere}}={NEUTRAL_SOURCE_FOLDER}/pyfreeze\" \"$@\"\n",
                pins.zig_target(c_library),
                code_flags(c_library),
                cache.work().display(),
            )
        };
        // Some makefiles ask for real times and owners in archives (`ar -curvU`); D is the opposite.
        let archive = "operation=$(printf %s \"$1\" | tr U D)\nshift";
        vec![
            ("zig-cc", compile("cc")),
            ("zig-c++", compile("c++")),
            ("zig-ar", format!("#!/bin/sh\n{archive}\n{environment}\nexec '{zig}' ar \"$operation\" \"$@\"\n")),
            ("zig-ranlib", format!("#!/bin/sh\n{environment}\nexec '{zig}' ranlib \"$@\"\n")),
        ]
    }
}

/// Target triples that zig does not parse, and code models other than ours, which configure scripts and
/// Cargo's build scripts like to add.
const DROP_ARGUMENTS: &str = r#"for argument do
  shift
  case $argument in
    --target=*|-m64|-fPIC|-fpic|-fPIE|-fpie) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
"#;

/// What the compiler's output depends on.
pub(super) fn add_to_key(key: &mut Key, pins: &Pins, c_library: CLibrary) {
    key.add("zig", pins.zig.wheel_sha256.as_bytes());
    key.add("target", pins.zig_target(c_library).as_bytes());
    key.add("date", &pins.source_date_epoch.to_le_bytes());
    key.add("code flags", code_flags(c_library).as_bytes());
    key.add("dropped arguments", DROP_ARGUMENTS.as_bytes());
}

fn install(cache: &Cache, pins: &Pins, folder: &Path, ui: &Ui) -> Result<()> {
    machine::prepare(cache, ui)?;
    ui.step("install zig", &cache.logs(), |log| {
        let fresh = cache.fresh_work("zig")?;
        let requirements = fresh.join("requirements.txt");
        let line = format!("ziglang=={} --hash=sha256:{}\n", pins.zig.version, pins.zig.wheel_sha256);
        cache::write(&requirements, line)?;
        let target = fresh.join("target");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--no-compile"]);
        log.run(pip.arg("--target").arg(&target).arg("-r").arg(&requirements))?;
        cache::publish(&target, folder)
    })
}

/// Wrappers lie under the hash of their text, so that two checkouts with different flags don't swap them
/// under each other's running builds.
fn write_scripts(tools: &Path, scripts: &[(&'static str, String)]) -> Result<PathBuf> {
    let mut key = Key::default();
    scripts.iter().for_each(|(name, text)| key.add(name, text.as_bytes()));
    let folder = tools.join(format!("wrappers-{}", key.finish()));
    if folder.exists() {
        return Ok(folder);
    }
    let fresh = tempfile::Builder::new().prefix("wrappers-").tempdir_in(tools).map_err(Error::io("create", tools))?;
    for (name, text) in scripts {
        let path = fresh.path().join(name);
        cache::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(Error::io("write", &path))?;
    }
    let fresh = fresh.keep();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).map_err(Error::io("write", &fresh))?;
    match fs::rename(&fresh, &folder) {
        // Another process was faster with the same text.
        Err(_) if folder.exists() => cache::remove_folder(&fresh).map(|()| folder),
        Err(error) => Err(Error::io("rename", &fresh)(error)),
        Ok(()) => Ok(folder),
    }
}

/// The files of zig's cache in the link line that `zig cc -v` prints, without the compiled source.
fn link_inputs(output: &str, compiled: &Path) -> Vec<PathBuf> {
    let line = output.lines().rev().find(|line| line.starts_with("ld.lld ")).unwrap_or_default();
    let words = line.split_whitespace().map(PathBuf::from).filter(|path| path.starts_with(compiled));
    // The UBSan run-time library is only for the sanitizer, which is off. Of compiler-rt, see int128.c.
    let unwanted =
        |path: &Path| ["nothing.o", "libubsan_rt.a", "libcompiler_rt.a"].iter().any(|name| path.ends_with(name));
    words.filter(|path| !unwanted(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_inputs_are_the_cached_files() {
        let output = "clang -cc1 x\nld.lld --entry _start -o a /c/o/1/crt1.o /c/o/2/nothing.o -L/ /c/o/3/libc.so.6 /c/o/4/libcompiler_rt.a\n";
        let files = link_inputs(output, Path::new("/c"));
        assert_eq!(files, [Path::new("/c/o/1/crt1.o"), Path::new("/c/o/3/libc.so.6")]);
    }
}
