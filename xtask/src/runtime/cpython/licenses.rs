//! The licence texts of everything that is linked in, and a list of what that is.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::pins::Tarball;
use super::{Build, musl};
use crate::runtime::cache;
use crate::runtime::{CLibrary, Error, Result, patch, stub_sources};

/// A part of the runtime, as the licence report needs it.
struct Part {
    name: &'static str,
    /// An SPDX identifier.
    license: &'static str,
    origin: Origin,
    version: Version,
    text: Text,
}

/// Where the source came from.
enum Origin {
    Crate(&'static str),
    /// A folder of CPython's tree.
    Cpython,
    /// A pinned tarball, whose licence the libraries' build kept in this folder.
    Tarball(&'static str),
    /// Its tarball; its build keeps the licence.
    Musl,
    Zig,
}

enum Version {
    /// What follows the `+` of the crate's version, without a name before it.
    CrateBuild,
    /// A shell variable that configure sets.
    Configure(&'static str, &'static str),
    /// Macros in a header, joined by dots.
    Macros(&'static str, &'static [&'static str]),
    /// The version pinned for the tarball or zig.
    Pinned,
    /// CPython's: the part has no version of its own there.
    Cpython,
}

enum Text {
    File(&'static str),
    /// The comment that a source file begins with.
    FirstComment(&'static str),
    /// A text in `runtime-stub/cpython/licenses`, for a source without one.
    Own(&'static str),
}

const PARTS: &[Part] = &[
    Part {
        name: "cpython",
        license: "PSF-2.0",
        origin: Origin::Cpython,
        version: Version::Cpython,
        text: Text::File("LICENSE"),
    },
    // Notices of the smaller works inside CPython: mimalloc, dtoa, SipHash, …
    Part {
        name: "cpython-incorporated",
        license: "LicenseRef-various",
        origin: Origin::Cpython,
        version: Version::Cpython,
        text: Text::File("Doc/license.rst"),
    },
    Part {
        name: "expat",
        license: "MIT",
        origin: Origin::Cpython,
        version: Version::Macros(
            "Modules/expat/expat.h",
            &["XML_MAJOR_VERSION", "XML_MINOR_VERSION", "XML_MICRO_VERSION"],
        ),
        text: Text::File("Modules/expat/COPYING"),
    },
    Part {
        name: "hacl-star",
        license: "MIT",
        origin: Origin::Cpython,
        version: Version::Cpython,
        text: Text::FirstComment("Modules/_hacl/Hacl_Hash_SHA2.c"),
    },
    Part {
        name: "mpdecimal",
        license: "BSD-2-Clause",
        origin: Origin::Cpython,
        version: Version::Macros("Modules/_decimal/libmpdec/mpdecimal.h", &["MPD_VERSION"]),
        text: Text::FirstComment("Modules/_decimal/libmpdec/mpdecimal.h"),
    },
    Part {
        name: "openssl",
        license: "Apache-2.0",
        origin: Origin::Crate("openssl-src"),
        version: Version::CrateBuild,
        text: Text::File("openssl/LICENSE.txt"),
    },
    Part {
        name: "sqlite",
        license: "blessing",
        origin: Origin::Crate("libsqlite3-sys"),
        version: Version::Macros("sqlite3/sqlite3.h", &["SQLITE_VERSION"]),
        text: Text::Own("sqlite.txt"),
    },
    Part {
        name: "zlib",
        license: "Zlib",
        origin: Origin::Crate("libz-sys"),
        version: Version::Macros("src/zlib/zlib.h", &["ZLIB_VERSION"]),
        text: Text::File("src/zlib/LICENSE"),
    },
    Part {
        name: "bzip2",
        license: "bzip2-1.0.6",
        origin: Origin::Crate("bzip2-sys"),
        version: Version::CrateBuild,
        text: Text::File("bzip2-1.0.8/LICENSE"),
    },
    Part {
        name: "xz",
        license: "0BSD",
        origin: Origin::Crate("liblzma-sys"),
        version: Version::Macros(
            "xz/src/liblzma/api/lzma/version.h",
            &["LZMA_VERSION_MAJOR", "LZMA_VERSION_MINOR", "LZMA_VERSION_PATCH"],
        ),
        text: Text::File("xz/COPYING.0BSD"),
    },
    Part {
        name: "libffi",
        license: "MIT",
        origin: Origin::Crate("libffi-sys"),
        version: Version::Configure("libffi/configure.ac", "FFI_VERSION_STRING"),
        text: Text::File("libffi/LICENSE"),
    },
    Part {
        name: "zstd",
        license: "BSD-3-Clause",
        origin: Origin::Crate("zstd-sys"),
        version: Version::CrateBuild,
        text: Text::File("zstd/LICENSE"),
    },
    Part {
        name: "ncurses",
        license: "X11-distribute-modifications-variant",
        origin: Origin::Tarball("ncurses"),
        version: Version::Pinned,
        text: Text::File("COPYING"),
    },
    Part {
        name: "libedit",
        license: "BSD-3-Clause",
        origin: Origin::Tarball("libedit"),
        version: Version::Pinned,
        text: Text::File("COPYING"),
    },
    Part { name: "musl", license: "MIT", origin: Origin::Musl, version: Version::Pinned, text: Text::File("COPYING") },
    // crt1.o and libc_nonshared.a; the stub libraries of glibc are linked against, not in.
    Part { name: "zig", license: "MIT", origin: Origin::Zig, version: Version::Pinned, text: Text::File("LICENSE") },
];

/// One line of `versions.json`.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    version: String,
    license: &'static str,
    source: String,
    /// Patches on top of that version, those of this project last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    patches: Vec<String>,
}

/// Writes `<name>.txt` for every part, and `versions.json`.
pub(super) fn install(build: &Build<'_>, cpython: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut list = Vec::new();
    for part in PARTS.iter().filter(|part| part.is_in(build.c_library)) {
        let tree = part.tree(build, cpython)?;
        let text = part.text.read(&tree)?;
        cache::write(&folder.join(format!("{}.txt", part.name)), text)?;
        list.push(Listed {
            name: part.name,
            version: part.version(build, &tree)?,
            license: part.license,
            source: part.source(build)?,
            patches: part.patches(build)?,
        });
    }
    // OK because strings in a struct have no form that JSON lacks.
    let json = serde_json::to_string_pretty(&list).expect("a list of strings") + "\n";
    cache::write(&folder.join("versions.json"), json)
}

impl Part {
    /// musl is in the static runtime only.
    fn is_in(&self, c_library: CLibrary) -> bool {
        self.name != "musl" || c_library == CLibrary::Musl
    }

    fn patches(&self, build: &Build<'_>) -> Result<Vec<String>> {
        let own = |folder: &str| patch::in_folder(&stub_sources().join("cpython").join(folder));
        let patches = match self.name {
            "cpython" => build.patches.cpython.iter().cloned().chain(own("patches")?).collect(),
            "musl" => musl::patches(build)?,
            "libedit" => own("libedit-patches")?,
            _ => Vec::new(),
        };
        Ok(patches.into_iter().map(|patch| patch.name).collect())
    }

    fn tree(&self, build: &Build<'_>, cpython: &Path) -> Result<std::path::PathBuf> {
        Ok(match self.origin {
            Origin::Crate(name) => build.sources.carried_by(name)?.folder.clone(),
            Origin::Cpython => cpython.to_path_buf(),
            Origin::Tarball(folder) => build.cache.work().join("libraries/licenses").join(folder),
            Origin::Musl => musl::build(build)?,
            Origin::Zig => build.toolchain.zig_folder(),
        })
    }

    fn version(&self, build: &Build<'_>, tree: &Path) -> Result<String> {
        let pins = build.pins;
        Ok(match (&self.version, &self.origin) {
            (Version::Macros(header, names), _) => macros(&tree.join(header), names)?,
            (Version::CrateBuild, Origin::Crate(name)) => {
                let version = &build.sources.carried_by(name)?.version;
                let carried = version.split_once('+').map_or(version.as_str(), |(_, carried)| carried);
                carried.trim_start_matches(|one: char| !one.is_ascii_digit()).to_owned()
            }
            (Version::Configure(script, name), _) => {
                let script = tree.join(script);
                let text = cache::read_text(&script)?;
                let lacking = || Error::content(&script, format!("a value for {name}"));
                shell_value(&text, name).map(str::to_owned).ok_or_else(lacking)?
            }
            (_, Origin::Zig) => pins.zig.version.clone(),
            (_, Origin::Tarball("ncurses")) => pins.ncurses.version.clone(),
            (_, Origin::Tarball(_)) => pins.libedit.version.clone(),
            (_, Origin::Musl) => pins.musl.version.clone(),
            (_, Origin::Cpython | Origin::Crate(_)) => pins.cpython.version.clone(),
        })
    }

    fn source(&self, build: &Build<'_>) -> Result<String> {
        let pins = build.pins;
        Ok(match self.origin {
            Origin::Crate(name) => format!("crate {name} {}", build.sources.carried_by(name)?.version),
            Origin::Cpython => of_debian(&pins.cpython),
            Origin::Tarball("ncurses") => of_debian(&pins.ncurses),
            Origin::Tarball(_) => of_debian(&pins.libedit),
            Origin::Musl => of_debian(&pins.musl),
            Origin::Zig => format!("PyPI ziglang {}", pins.zig.version),
        })
    }
}

fn of_debian(tarball: &Tarball) -> String {
    format!("Debian source {}, sha256 {}", tarball.file, tarball.sha256)
}

impl Text {
    fn read(&self, tree: &Path) -> Result<String> {
        match self {
            Text::File(name) => cache::read_text(&tree.join(name)),
            Text::Own(name) => cache::read_text(&stub_sources().join("cpython/licenses").join(name)),
            Text::FirstComment(name) => {
                let path = tree.join(name);
                let text = cache::read_text(&path)?;
                first_comment(&text).ok_or_else(|| Error::content(&path, "a comment at its begin"))
            }
        }
    }
}

fn first_comment(source: &str) -> Option<String> {
    let (comment, _) = source.trim_start().strip_prefix("/*")?.split_once("*/")?;
    let lines = comment.lines().map(|line| line.trim().trim_start_matches('*').trim_start());
    Some(lines.collect::<Vec<_>>().join("\n").trim().to_owned() + "\n")
}

fn macros(header: &Path, names: &[&str]) -> Result<String> {
    let text = cache::read_text(header)?;
    let values = names
        .iter()
        .map(|name| macro_value(&text, name).ok_or_else(|| Error::content(header, format!("a value for {name}"))));
    Ok(values.collect::<Result<Vec<_>>>()?.join("."))
}

fn macro_value(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let defines = words.next() == Some("#define") && words.next() == Some(name);
        if defines { words.next().map(|value| value.trim_matches('"').to_owned()) } else { None }
    })
}

fn shell_value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_without_its_stars() {
        assert_eq!(first_comment("/* MIT License\n *\n * Text\n */\ncode").unwrap(), "MIT License\n\nText\n");
    }

    #[test]
    fn variables_of_configure() {
        let text = "AC_INIT(lib, 3)\nVERSION_OF=\"3.4\"\nVERSION=\"3.5\"\n";
        assert_eq!(shell_value(text, "VERSION").unwrap(), "3.5");
        assert_eq!(shell_value(text, "OTHER"), None);
    }

    #[test]
    fn macros_of_headers() {
        let text = "#define A_VERSION \"1.2\"\n#define B 3 /* x */\n";
        assert_eq!(macro_value(text, "A_VERSION").unwrap(), "1.2");
        assert_eq!(macro_value(text, "B").unwrap(), "3");
    }
}
