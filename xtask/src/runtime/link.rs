//! The final link: some objects, whole libpython, and what it needs, with lld called directly.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cache;
use super::toolchain::Toolchain;
use super::ui::Log;
use super::{CLibrary, Error, Result};

/// What every program with CPython inside is linked from: `link.json`. Paths are relative to the prefix.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct LinkInputs {
    /// Objects that come first.
    pub(super) start: Vec<String>,
    /// Archives of which every member is wanted.
    pub(super) whole: Vec<String>,
    /// Archives of which members are taken as needed. Their symbols stay inside the program.
    pub(super) archives: Vec<String>,
    /// The stub libraries of glibc.
    pub(super) system: Vec<String>,
}

impl LinkInputs {
    pub(super) fn read(prefix: &Path) -> Result<LinkInputs> {
        let path = prefix.join("link.json");
        serde_json::from_str(&cache::read_text(&path)?).map_err(|error| Error::content(&path, error.to_string()))
    }

    pub(super) fn write(&self, prefix: &Path) -> Result<()> {
        // OK because lists of strings have no form that JSON lacks.
        let json = serde_json::to_string_pretty(self).expect("lists of strings") + "\n";
        cache::write(&prefix.join("link.json"), json)
    }

    /// Archives whose symbols other libraries must not see: a wheel's own OpenSSL or SQLite must neither be
    /// replaced by ours nor replace it. A static program's C library is what `dlsym` finds in it.
    fn hidden(&self, c_library: CLibrary) -> String {
        let of_libc = self.system.iter().filter(|name| c_library == CLibrary::Glibc && name.ends_with(".a"));
        let archives = self.archives.iter().chain(of_libc);
        let names: Vec<&str> = archives.map(|path| path.rsplit('/').next().unwrap_or(path)).collect();
        names.join(":")
    }
}

/// Links `objects` (archives among them are taken whole) with CPython into `program`.
pub(super) fn program(
    toolchain: &Toolchain,
    (c_library, prefix): (CLibrary, &Path),
    inputs: &LinkInputs,
    objects: &[&Path],
    program: &Path,
    log: &Log,
) -> Result<()> {
    if let Some(folder) = program.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let in_prefix = |paths: &[String]| paths.iter().map(|path| prefix.join(path)).collect::<Vec<PathBuf>>();
    let mut command = toolchain.linker();
    command.args(options(inputs, c_library)).arg("-o").arg(program);
    command.args(in_prefix(&inputs.start));
    command.arg("--whole-archive").args(objects).args(in_prefix(&inputs.whole)).arg("--no-whole-archive");
    command.arg("--start-group").args(in_prefix(&inputs.archives)).arg("--end-group");
    command.arg("--as-needed").args(in_prefix(&inputs.system));
    log.run(&mut command)
}

fn options(inputs: &LinkInputs, c_library: CLibrary) -> Vec<OsString> {
    let mut options: Vec<OsString> = Vec::new();
    options.extend(["-m", "elf_x86_64", "--entry=_start"].map(Into::into));
    options.push(match c_library {
        CLibrary::Glibc => "--dynamic-linker=/lib64/ld-linux-x86-64.so.2".into(),
        CLibrary::Musl => "-static".into(),
    });
    // Fixed addresses, everything bound at start; the traditional place for a program.
    options
        .extend(["-no-pie", "--image-base=0x400000", "-z", "now", "-z", "relro", "-z", "noexecstack"].map(Into::into));
    // Wheels resolve Python's C API, and every library libc's functions that the stub defines, from the program.
    options.extend(["--export-dynamic", "--hash-style=gnu", "--eh-frame-hdr"].map(Into::into));
    options.push(format!("--exclude-libs={}", inputs.hidden(c_library)).into());
    // The symbol table beyond the exported symbols would add 2 MB to every frozen program.
    options.extend(["--gc-sections", "-O2", "--build-id=sha1", "--strip-all"].map(Into::into));
    options
}
