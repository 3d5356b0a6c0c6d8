//! What the host provides: glibc's own libraries, and how old a glibc may be.
//!
//! Comes in: names of libraries, symbols and versions. Goes out: whether every host has them, and the oldest glibc
//! that does. Nothing of the build machine is looked at: the build must not depend on it.

/// glibc's own: there wherever the stub runs. The stub itself is linked with the first four.
const GLIBC: [&str; 12] = [
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libutil.so.1",
    "ld-linux-x86-64.so.2",
    "libresolv.so.2",
    "libmvec.so.1",
    "libanl.so.1",
    "libnsl.so.1",
    "libBrokenLocale.so.1",
];

/// What a manylinux wheel may expect of any desktop or server (PEP 600 and auditwheel's policies), what Qt's wheels are
/// linked with beyond that, and what only the driver of a device can provide.
const EXPECTED: [&str; 32] = [
    "libX11.so.6",
    "libXext.so.6",
    "libXrender.so.1",
    "libICE.so.6",
    "libSM.so.6",
    "libGL.so.1",
    "libEGL.so.1",
    "libGLX.so.0",
    "libOpenGL.so.0",
    "libgobject-2.0.so.0",
    "libgthread-2.0.so.0",
    "libglib-2.0.so.0",
    "libexpat.so.1",
    "libxcb.so.1",
    "libX11-xcb.so.1",
    "libfontconfig.so.1",
    "libdbus-1.so.3",
    "libxkbcommon.so.0",
    "libxkbcommon-x11.so.0",
    "libcuda.so.1",
    "libnvidia-ml.so.1",
    "libOpenCL.so.1",
    "libvulkan.so.1",
    "libdrm.so.2",
    "libgbm.so.1",
    "libwayland-client.so.0",
    "libcrypt.so.1",
    "libfreetype.so.6",
    "libgssapi_krb5.so.2",
    "libzstd.so.1",
    "libbrotlidec.so.1",
    "libbrotlicommon.so.1",
];

/// True for a part of glibc.
pub(super) fn is_glibc(name: &str) -> bool {
    GLIBC.contains(&name)
}

/// True for a library that wheels may expect on the host although it is no part of glibc.
pub(super) fn is_expected(name: &str) -> bool {
    EXPECTED.contains(&name)
}

/// True for the C library of another kind of Linux.
pub(super) fn is_other_libc(name: &str) -> bool {
    name.starts_with("libc.musl-") || name.starts_with("ld-musl-") || name == "libc.so"
}

/// Symbols for which the stub has a definition of its own should the host's glibc be too old.
pub(super) const PROVIDED: [&str; 5] = ["arc4random", "fstat", "fstat64", "getentropy", "__libc_single_threaded"];

/// A version of glibc, ordered as numbers are: 2.4 before 2.17.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(Vec<u32>);

impl GlibcVersion {
    /// From `2.17`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        parts.filter(|parts| parts.len() >= 2).map(Self)
    }

    /// From the version of a symbol, `GLIBC_2.17`.
    pub(super) fn of_symbol(version: &str) -> Option<Self> {
        Self::parse(version.strip_prefix("GLIBC_")?)
    }
}

impl std::fmt::Display for GlibcVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<_> = self.0.iter().map(u32::to_string).collect();
        formatter.write_str(&parts.join("."))
    }
}

/// The first glibc that has a symbol which wants `version`.
///
/// glibc 2.34 moved libpthread, libdl, librt and libutil into libc and gave their functions new versions: older ones
/// have the same functions, and the loader takes a symbol of another version where the wanted one is missing.
pub(super) fn since(symbol: &str, version: &str) -> Option<GlibcVersion> {
    const MOVED: [&str; 11] =
        ["pthread_", "__pthread_", "sem_", "dl", "timer_", "aio_", "mq_", "shm_", "lio_", "forkpty", "openpty"];
    let found = GlibcVersion::of_symbol(version)?;
    let is_moved = version == "GLIBC_2.34" && MOVED.iter().any(|prefix| symbol.starts_with(prefix));
    let is_own = PROVIDED.contains(&symbol);
    if is_moved || is_own { GlibcVersion::parse("2.17") } else { Some(found) }
}

#[cfg(test)]
mod tests {
    use super::{GlibcVersion, since};

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |text| GlibcVersion::parse(text).unwrap();
        assert!(version("2.4") < version("2.17"));
        assert!(version("2.2.5") < version("2.4"));
        assert_eq!(version("2.28").to_string(), "2.28");
        assert!(GlibcVersion::parse("x").is_none() && GlibcVersion::parse("2").is_none());
    }

    #[test]
    fn what_moved_is_as_old_as_before() {
        let since = |symbol, version| since(symbol, version).unwrap().to_string();
        assert_eq!(since("pthread_once", "GLIBC_2.34"), "2.17");
        assert_eq!(since("__isoc23_strtol", "GLIBC_2.38"), "2.38");
        assert_eq!(since("arc4random", "GLIBC_2.36"), "2.17");
        assert!(super::since("deflate", "ZLIB_1.2").is_none());
    }
}
