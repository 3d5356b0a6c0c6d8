//! Bills of small programs, and the documents made of them.

use serde_json::Value;

use super::{Bill, ComponentKind, Ingredients, LibraryBytes, bill, cyclonedx, spdx};
use crate::contents::{Contents, DataFile, Distribution, EntryPoint, FileContent, Owner};
use crate::runtime::{RuntimeLibrary, sample};

const SITE: &str = "lib/python3.13/site-packages";

fn file(path: &str, owner: &Owner, text: &str) -> DataFile {
    let content = FileContent::Bytes(text.as_bytes().into());
    DataFile { path: format!("{SITE}/{path}"), owner: owner.clone(), content, is_executable: false }
}

fn distribution(name: &str, version: &str, reason: &str) -> Distribution {
    Distribution { name: name.into(), version: version.into(), reason: reason.into() }
}

fn contents() -> Contents {
    let fast = Owner::Distribution("fast-math".into());
    let old = Owner::Distribution("old".into());
    let entry_point = EntryPoint { description: "script".into(), path: "bin/tool".into(), is_folder: false };
    let wheel = r#"{"bomFormat": "CycloneDX", "components": [
        {"name": "libgomp", "version": "8.5.0-26", "purl": "pkg:rpm/almalinux/libgomp@8.5.0-26#abc"},
        {"name": "serde", "version": "1.0.2", "purl": "pkg:cargo/serde@1.0.2", "licenses": [{"expression": "MIT"}]}]}"#;
    Contents {
        entry_point: Some(entry_point),
        files: vec![
            file(
                "fast_math-2.1.dist-info/METADATA",
                &fast,
                "Name: Fast.Math\nVersion: 2.1\nLicense-Expression: MIT AND Zlib\nRequires-Dist: old>=1\nRequires-Dist: gone\n",
            ),
            file("fast_math-2.1.dist-info/licenses/LICENSE", &fast, "MIT"),
            file("fast_math-2.1.dist-info/sboms/auditwheel.cdx.json", &fast, wheel),
            file("old/COPYING", &old, "BSD"),
            file("old-1.dist-info/METADATA", &old, "Name: old\nVersion: 1\nLicense: BSD\n"),
            file(
                "tool-0.3.dist-info/METADATA",
                &Owner::Project,
                "Name: tool\nVersion: 0.3\nLicense-Expression: 0BSD\n",
            ),
        ],
        distributions: vec![
            distribution("Fast.Math", "2.1", "imported by tool"),
            distribution("old", "1", "required by Fast.Math"),
            distribution("tool", "0.3", "the project itself"),
        ],
        ..Contents::default()
    }
}

fn sample_bill() -> Bill {
    let part = |name: &str, license: &str, source: &str, soname: Option<&str>| RuntimeLibrary {
        name: name.into(),
        version: "1.2".into(),
        license: license.into(),
        source: source.into(),
        patches: if name == "cpython" { vec!["CVE-2025-1.patch".into(), "fix.patch".into()] } else { Vec::new() },
        soname: soname.map(str::to_owned),
    };
    let mut runtime = sample::descriptor();
    runtime.libraries = vec![
        part("cpython", "PSF-2.0", "Debian source x", None),
        part("cpython-incorporated", "LicenseRef-various", "", None),
        part("zlib", "Zlib", "crate libz-sys 1", None),
        part(
            "libgcc_s",
            "GPL-3.0-or-later WITH GCC-exception-3.1",
            "Debian package libgcc-s1 1.2",
            Some("libgcc_s.so.1"),
        ),
        part("libz", "Zlib", "Debian package zlib1g 1.2", Some("libz.so.1")),
    ];
    let fast = Owner::Distribution("fast-math".into());
    let library = |path, owner, is_carried| LibraryBytes { path, owner, bytes: b"elf", is_carried };
    let libraries = vec![
        library("lib/libgcc_s.so.1", &Owner::StandardLibrary, true),
        library("lib/python3.13/site-packages/fast/core.cpython-313-x86_64-linux-gnu.so", &fast, false),
        library("lib/python3.13/site-packages/fast.libs/libgomp-a34b3233.so.1.0.0", &fast, false),
        library("lib/python3.13/site-packages/fast.libs/libquadmath-12345678.so.0.0.0", &fast, false),
    ];
    bill(&Ingredients { contents: &contents(), runtime: &runtime, stub: b"stub", libraries })
}

/// One line for each component.
fn lines(bill: &Bill) -> Vec<String> {
    let line = |component: &super::Component| {
        let version = component.version.as_deref().unwrap_or("?");
        format!("{:?} {} {version} {}", component.kind, component.name, component.license.words()).trim_end().to_owned()
    };
    [&bill.program].into_iter().chain(&bill.components).map(line).collect()
}

#[test]
fn everything_is_listed_once() {
    let bill = sample_bill();
    let expected = [
        "Program tool 0.3 0BSD",
        "Interpreter cpython 1.2 PSF-2.0",
        "RuntimeLibrary cpython-incorporated 1.2 LicenseRef-various",
        "RuntimeLibrary libgcc_s 1.2 GPL-3.0-or-later WITH GCC-exception-3.1",
        "RuntimeLibrary zlib 1.2 Zlib",
        "Distribution Fast.Math 2.1 MIT AND Zlib",
        "Distribution old 1 BSD",
        // What the wheel says of it wins over the name of its file.
        "Vendored libgomp 8.5.0-26 GPL-3.0-or-later WITH GCC-exception-3.1",
        "Vendored libquadmath 0.0.0 LGPL-2.1-or-later",
        "Vendored serde 1.0.2 MIT",
    ];
    assert_eq!(lines(&bill), expected);
    let [fast, old] = &bill.of_kind(ComponentKind::Distribution).collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(fast.license_files, [format!("{SITE}/fast_math-2.1.dist-info/licenses/LICENSE")]);
    assert_eq!(old.license_files, [format!("{SITE}/old/COPYING")]);
    assert_eq!(fast.depends_on, ["pkg:pypi/old@1"]);
    let expected = ["runtime/cpython", "runtime/libgcc_s", "pkg:pypi/fast-math@2.1"];
    assert_eq!(bill.program.depends_on, expected);
}

#[test]
fn cyclonedx_says_it_all() {
    let bill = sample_bill();
    let text = cyclonedx(&bill, "0.1.0");
    assert_eq!(text, cyclonedx(&sample_bill(), "0.1.0"));
    let document: Value = serde_json::from_str(&text).unwrap();
    let components = document["components"].as_array().unwrap();
    let names: Vec<_> = components.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cpython", "cpython-incorporated", "libgcc_s", "zlib", "Fast.Math", "old"]);
    let fast = &components[4];
    assert_eq!(fast["components"][0]["purl"], "pkg:rpm/almalinux/libgomp@8.5.0-26");
    assert_eq!(fast["licenses"][0]["expression"], "MIT AND Zlib");
    assert_eq!(components[5]["licenses"][0]["license"]["name"], "BSD");
    assert_eq!(components[0]["pedigree"]["patches"][0]["resolves"][0]["id"], "CVE-2025-1");
    assert_eq!(fast["components"][1]["licenses"][0]["acknowledgement"], "concluded");
    let references: std::collections::BTreeSet<_> =
        document["dependencies"].as_array().unwrap().iter().map(|row| row["ref"].as_str().unwrap()).collect();
    assert_eq!(references.len(), 10);
    let other = cyclonedx(&Bill { components: Vec::new(), ..bill }, "0.1.0");
    assert_ne!(serde_json::from_str::<Value>(&other).unwrap()["serialNumber"], document["serialNumber"]);
}

#[test]
fn spdx_defines_what_it_names() {
    let text = spdx(&sample_bill(), "0.1.0");
    let document: Value = serde_json::from_str(&text).unwrap();
    let packages = document["packages"].as_array().unwrap();
    let ids: std::collections::BTreeSet<_> = packages.iter().map(|one| one["SPDXID"].as_str().unwrap()).collect();
    assert_eq!((packages.len(), ids.len()), (10, 10));
    for relation in document["relationships"].as_array().unwrap() {
        assert!(ids.contains(relation["relatedSpdxElement"].as_str().unwrap()), "{relation}");
    }
    let defined: Vec<_> = document["hasExtractedLicensingInfos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["licenseId"].as_str().unwrap())
        .collect();
    assert_eq!(defined, ["LicenseRef-various", "LicenseRef-2-BSD"]);
    assert_eq!(document["creationInfo"]["created"], "1970-01-01T00:00:00Z");
}
