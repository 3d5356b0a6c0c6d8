//! What the name of a library tells: its licence, and how databases of vulnerabilities call it.
//!
//! Wheels bring libraries that nothing describes but their file's name. A licence that comes from here is marked as
//! concluded, so that a reader can tell it from what somebody declared.

/// Licences by a library's name without `lib`, of the versions that wheels bring today.
const LICENSES: &[(&str, &str)] = &[
    ("SvtAv1Enc", "BSD-3-Clause-Clear"),
    ("X11", "MIT"),
    ("Xau", "MIT"),
    ("Xdmcp", "MIT"),
    ("aec", "BSD-2-Clause"),
    ("aom", "BSD-2-Clause"),
    ("asound", "LGPL-2.1-or-later"),
    ("avif", "BSD-2-Clause"),
    ("blosc2", "BSD-3-Clause"),
    ("brotlicommon", "MIT"),
    ("brotlidec", "MIT"),
    ("brotlienc", "MIT"),
    ("bz2", "bzip2-1.0.6"),
    ("crc32c", "BSD-3-Clause"),
    ("dav1d", "BSD-2-Clause"),
    ("drm", "MIT"),
    ("expat", "MIT"),
    ("ffi", "MIT"),
    ("freetype", "FTL OR GPL-2.0-or-later"),
    ("fribidi", "LGPL-2.1-or-later"),
    ("gcc_s", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("gfortran", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("gomp", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("harfbuzz", "MIT-Modern-Variant"),
    ("jpeg", "IJG AND BSD-3-Clause AND Zlib"),
    ("lcms2", "MIT"),
    ("lz4", "BSD-2-Clause"),
    ("lzma", "0BSD"),
    ("nghttp2", "MIT"),
    ("openblas", "BSD-3-Clause"),
    ("openblasp", "BSD-3-Clause"),
    ("openjp2", "BSD-2-Clause"),
    ("opus", "BSD-3-Clause"),
    ("png16", "libpng-2.0"),
    ("pq", "PostgreSQL"),
    ("quadmath", "LGPL-2.1-or-later"),
    ("raqm", "MIT"),
    ("scipy_openblas", "BSD-3-Clause"),
    ("scipy_openblas64_", "BSD-3-Clause"),
    ("sharpyuv", "BSD-3-Clause"),
    ("snappy", "BSD-3-Clause"),
    ("sodium", "ISC"),
    ("sqlite3", "blessing"),
    ("stdc++", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("sz", "BSD-2-Clause"),
    ("tiff", "libtiff"),
    ("turbojpeg", "IJG AND BSD-3-Clause AND Zlib"),
    ("unistring", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    ("uv", "MIT"),
    ("vmaf", "BSD-2-Clause-Patent"),
    ("vpx", "BSD-3-Clause"),
    ("webp", "BSD-3-Clause"),
    ("webpdemux", "BSD-3-Clause"),
    ("webpmux", "BSD-3-Clause"),
    ("xcb", "MIT"),
    ("xml2", "MIT"),
    ("xslt", "MIT"),
    ("yaml", "MIT"),
    ("z", "Zlib"),
    ("zmq", "MPL-2.0"),
    ("zstd", "BSD-3-Clause"),
];

/// Texts in a library's file that stand right before its version.
const BANNERS: &[(&str, &str)] = &[
    ("openblas", "OpenBLAS "),
    ("openblasp", "OpenBLAS "),
    ("scipy_openblas", "OpenBLAS "),
    ("scipy_openblas64_", "OpenBLAS "),
];

/// Vendor and product of the runtime's parts in the CPE dictionary.
const PRODUCTS: &[(&str, &str)] = &[
    ("bzip2", "bzip:bzip2"),
    ("cpython", "python:python"),
    ("expat", "libexpat_project:libexpat"),
    ("libffi", "libffi_project:libffi"),
    ("ncurses", "gnu:ncurses"),
    ("openssl", "openssl:openssl"),
    ("sqlite", "sqlite:sqlite"),
    ("xz", "tukaani:xz"),
    ("zlib", "zlib:zlib"),
    ("zstd", "facebook:zstandard"),
];

/// What the name of a library's file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileName<'n> {
    /// The library's name, such as `libz`.
    pub(super) name: &'n str,
    /// The numbers behind `.so`, if they are more than that of the interface.
    pub(super) version: Option<&'n str>,
}

/// Reads a file name; the digests that auditwheel puts into them are dropped: `libgfortran-040039e1.so.5.0.0`.
pub(super) fn file_name(file: &str) -> FileName<'_> {
    let (mut name, rest) = file.split_once(".so").unwrap_or((file, ""));
    let is_digest = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    while let Some((before, _)) = name.rsplit_once('-').filter(|(_, last)| is_digest(last)) {
        name = before;
    }
    let mut version = rest.strip_prefix('.').filter(|version| version.contains('.'));
    // `libopenblasp-r0.3.15.so`
    if let Some((before, release)) =
        name.split_once("-r").filter(|(_, release)| release.starts_with(|one: char| one.is_ascii_digit()))
    {
        (name, version) = (before, Some(release));
    }
    FileName { name, version }
}

/// The licence of a library of this name.
pub(super) fn license(name: &str) -> Option<&'static str> {
    let plain = plain(name);
    let found = LICENSES.iter().find(|(known, _)| *known == plain);
    // `libxcb-shm` is of the same project, under the same licence, as `libxcb`.
    let found = found
        .or_else(|| LICENSES.iter().find(|(known, _)| plain.split_once('-').is_some_and(|(first, _)| first == *known)));
    found.map(|(_, license)| *license)
}

/// The version that a library's own bytes tell.
pub(super) fn banner_version(name: &str, bytes: &[u8]) -> Option<String> {
    let (_, banner) = BANNERS.iter().find(|(known, _)| *known == plain(name))?;
    let is_version = |rest: &[u8]| rest.first().is_some_and(u8::is_ascii_digit);
    let places = bytes.windows(banner.len()).enumerate().filter(|(_, window)| *window == banner.as_bytes());
    let mut rests = places.filter_map(|(start, _)| bytes.get(start + banner.len()..)).filter(|rest| is_version(rest));
    let version: String = rests
        .next()?
        .iter()
        .map(|byte| char::from(*byte))
        .take_while(|one| one.is_ascii_digit() || *one == '.')
        .collect();
    Some(version.trim_end_matches('.').to_owned())
}

/// The CPE of a part of the runtime.
pub(super) fn cpe(name: &str, version: &str) -> Option<String> {
    let (_, product) = PRODUCTS.iter().find(|(known, _)| *known == name)?;
    Some(format!("cpe:2.3:a:{product}:{version}:*:*:*:*:*:*:*"))
}

fn plain(name: &str) -> &str {
    name.strip_prefix("lib").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{BANNERS, FileName, LICENSES, PRODUCTS, banner_version, file_name, license};

    #[test]
    fn tables_are_sorted_and_say_licences() {
        assert!(LICENSES.is_sorted() && PRODUCTS.is_sorted() && BANNERS.is_sorted());
        for (name, expression) in LICENSES {
            assert!(spdx::Expression::parse(expression).is_ok(), "{name}: {expression}");
        }
    }

    #[test]
    fn file_names_lose_their_digests() {
        let read = |file| {
            let FileName { name, version } = file_name(file);
            (name, version)
        };
        assert_eq!(read("libgfortran-040039e1-0352e75f.so.5.0.0"), ("libgfortran", Some("5.0.0")));
        assert_eq!(read("libscipy_openblas64_-8fb3d286.so"), ("libscipy_openblas64_", None));
        assert_eq!(read("libstdc++.so.6"), ("libstdc++", None));
        assert_eq!(read("libopenblasp-r0.3.15.so"), ("libopenblasp", Some("0.3.15")));
        assert_eq!(read("libssl-3c2c2f3d.so.1.1.1k"), ("libssl", Some("1.1.1k")));
        assert_eq!((license("libxcb-shm"), license("libwhatever")), (Some("MIT"), None));
    }

    #[test]
    fn versions_stand_in_the_bytes() {
        let bytes = b"\0OpenBLAS \0xOpenBLAS 0.3.30  USE64BITINT\0";
        assert_eq!(banner_version("libscipy_openblas64_", bytes).as_deref(), Some("0.3.30"));
        assert_eq!(banner_version("libz", bytes), None);
        assert_eq!(banner_version("libopenblas", b"OpenBLAS"), None);
    }
}
