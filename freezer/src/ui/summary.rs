//! A build or an executable in words, never longer than a screen.

use super::libraries::{glibc_row, library_rows};
use super::snapshot::snapshot_rows;
use super::{Style, count_text, duration_text, size_text};
use crate::contents::{MissingImport, Owner};
use crate::freeze::Frozen;
use crate::inspect::{PackageSize, Report};
use crate::install::Installer;
use crate::payload::RuntimeFacts;

/// Lines for packages, and for missing imports, before "and … more".
const LIST_LIMIT: usize = 8;

/// What `pyfreeze build` says at the end.
#[must_use]
pub fn build_summary(frozen: &Frozen, style: Style) -> String {
    let Frozen { output, report, compiled, duration, .. } = frozen;
    let title = style.bold(&output.display().to_string());
    let mut text = format!("{title}  {} in {}\n", size_text(report.file_size), duration_text(*duration));
    text += &facts(report, style);
    text += &installed(frozen, style);
    text += &row(style, "compiled", &format!("{} now, {} from the cache", compiled.compiled, compiled.cached));
    text + &missing(&report.manifest.missing, style)
}

/// What `pyfreeze inspect` says.
#[must_use]
pub fn inspect_summary(path: &str, report: &Report, style: Style) -> String {
    let mut text = format!("{}  {}\n", style.bold(path), size_text(report.file_size));
    let settings = &report.manifest.settings;
    text += &facts(report, style);
    let optimization = ["", "-O", "-OO"].get(settings.optimization as usize).copied().unwrap_or("");
    let sources = if settings.has_sources { "" } else { "--source none" };
    let pruned = if settings.is_pruned { "--prune" } else { "" };
    let words = [optimization, sources, pruned].into_iter().chain(settings.python_options.iter().map(String::as_str));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if !words.is_empty() {
        text += &row(style, "settings", &words.join(" "));
    }
    text += &row(style, "made by", &format!("pyfreeze {}", report.manifest.pyfreeze_version));
    text += &row(style, "digest", &report.digest);
    text + &missing(&report.manifest.missing, style)
}

/// Where the packages came from, when no environment had them.
fn installed(frozen: &Frozen, style: Style) -> String {
    let Some(installed) = &frozen.installed else { return String::new() };
    let how = match installed.made_by {
        Some(Installer::Pip) => "now with pip",
        Some(Installer::Uv) => "now with uv",
        None => "before; `--upgrade` does it anew",
    };
    row(style, "installed", &format!("from {}, {how}", installed.origin))
}

fn facts(report: &Report, style: Style) -> String {
    let manifest = &report.manifest;
    let entry_point = &manifest.entry_point;
    let place = if entry_point.path.is_empty() { String::new() } else { format!(" {}", entry_point.path) };
    let modules = format!(
        "{} hot, {} cold; {} data files",
        count_text(report.hot_module_count),
        count_text(report.cold_module_count),
        count_text(manifest.files.len())
    );
    row(style, "runs", &format!("{}{place}", entry_point.description))
        + &row(style, "python", &python(report))
        + &glibc_row(report, style)
        + &row(style, "sizes", &sizes(report))
        + &row(style, "modules", &modules)
        + &library_rows(report, style)
        + &packages(report, style)
        + &snapshot_rows(report, style)
}

/// The runtime; with the glibc that it needs, unless a library needs a newer one and has a row for that.
fn python(report: &Report) -> String {
    let RuntimeFacts { python_version, target, glibc, .. } = &report.manifest.runtime;
    let is_newer = report.manifest.glibc.as_ref().is_some_and(|floor| floor.path.is_some());
    let glibc = match glibc.as_str() {
        "" => ", static".to_owned(),
        _ if is_newer => String::new(),
        glibc => format!(", glibc {glibc} or later"),
    };
    format!("{python_version}, {target}{glibc}")
}

fn sizes(report: &Report) -> String {
    let sizes = &report.sizes;
    let libraries = (!report.manifest.libraries.is_empty()).then_some(("libraries", sizes.libraries));
    let code = [
        ("runtime", sizes.stub),
        ("hot code", sizes.hot_code),
        ("cold code", sizes.cold_code),
        ("sources", sizes.sources),
    ];
    let snapshot = (sizes.snapshot > 0).then_some(("snapshot", sizes.snapshot));
    let others = [("data", sizes.data), ("index", sizes.index)];
    let parts = code.into_iter().chain(libraries).chain(others).chain(snapshot);
    parts.map(|(name, size)| format!("{name} {}", size_text(size))).collect::<Vec<_>>().join(", ")
}

fn packages(report: &Report, style: Style) -> String {
    let of_distribution = |package: &&PackageSize| matches!(package.owner, Owner::Distribution(_));
    let count = report.manifest.distributions.len();
    if count == 0 {
        return String::new();
    }
    // A distribution of nothing but metadata has no size to speak of.
    let packages = report.packages.iter().filter(of_distribution).filter(|package| package.size > 0);
    let largest =
        packages.take(LIST_LIMIT).map(|package| format!("{} {}", owner_text(package), size_text(package.size)));
    let largest: Vec<String> = largest.collect();
    let largest = if largest.is_empty() { String::new() } else { format!(", the largest: {}", largest.join(", ")) };
    row(style, "packages", &(count_text(count) + &largest))
}

fn owner_text(package: &PackageSize) -> &str {
    match &package.owner {
        Owner::Distribution(name) => name,
        Owner::Project => "project",
        Owner::StandardLibrary => "standard library",
        Owner::Settings => "settings",
    }
}

/// Required ones first: they are what may break the program.
fn missing(missing: &[MissingImport], style: Style) -> String {
    if missing.is_empty() {
        return String::new();
    }
    let required = missing.iter().filter(|import| !import.is_optional);
    let optional = missing.iter().filter(|import| import.is_optional);
    let mut text = row(
        style,
        "missing",
        &format!("{} required, {} optional imports lead nowhere", required.clone().count(), optional.clone().count()),
    );
    for import in required.chain(optional).take(LIST_LIMIT) {
        let kind = if import.is_optional { "optional" } else { "required" };
        text += &format!("             {kind} {}, wanted by {}\n", import.name, wanted_by(import));
    }
    if missing.len() > LIST_LIMIT {
        text += &format!("             and {} more: `--json` lists them\n", missing.len() - LIST_LIMIT);
    }
    text
}

fn wanted_by(import: &MissingImport) -> String {
    let first: Vec<&str> = import.wanted_by.iter().take(2).map(String::as_str).collect();
    let more = import.wanted_by.len().saturating_sub(first.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", first.join(", "))
}

/// A line of the summary.
pub(super) fn row(style: Style, label: &str, text: &str) -> String {
    format!("  {} {text}\n", style.dim(&format!("{label:<10}")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::{inspect_summary, missing, packages};
    use crate::contents::{Distribution, EntryPoint, MissingImport, Owner};
    use crate::inspect::{PackageSize, Report, Sizes};
    use crate::libraries::{GlibcFloor, Native};
    use crate::payload::{Manifest, ManifestLibrary, RuntimeFacts, SettingsFacts};
    use crate::sbom::Bill;
    use crate::ui::{Style, library_list};

    fn import(name: &str, is_optional: bool) -> MissingImport {
        let wanted_by = ["app:1", "app:2", "app:3"].map(String::from).to_vec();
        MissingImport { name: name.to_string(), wanted_by, is_optional }
    }

    pub(in crate::ui) fn report() -> Report {
        let package = |owner, size| PackageSize { owner, size, module_count: 1 };
        let distribution =
            Distribution { name: "Rich".into(), version: "14.0".into(), reason: "imported by app".into() };
        Report {
            file_size: 29_200_000,
            digest: "00ff".into(),
            sizes: Sizes {
                stub: 18_300_000,
                hot_code: 7_000_000,
                cold_code: 1,
                sources: 0,
                libraries: 0,
                data: 10_600,
                snapshot: 0,
                index: 95_500,
            },
            hot_module_count: 1260,
            cold_module_count: 2,
            packages: vec![package(Owner::StandardLibrary, 9), package(Owner::Distribution("rich".into()), 5_000)],
            snapshot: None,
            manifest: Manifest {
                pyfreeze_version: "0.1.0".into(),
                runtime: RuntimeFacts {
                    python_version: "3.13.5".into(),
                    target: "x86_64-unknown-linux-gnu".into(),
                    glibc: "2.17".into(),
                    identity: "12".into(),
                    builtin_modules: Vec::new(),
                    pyc_magic: 0,
                },
                entry_point: EntryPoint { description: "script".into(), path: "app.py".into(), is_folder: false },
                settings: SettingsFacts {
                    optimization: 1,
                    has_sources: false,
                    is_pruned: true,
                    native: Native::Auto,
                    python_options: vec!["-Xdev".into()],
                    search_path: Vec::new(),
                },
                modules: Vec::new(),
                files: Vec::new(),
                libraries: Vec::new(),
                glibc: None,
                distributions: vec![distribution],
                missing: vec![import("yaml", true)],
                left_out: Vec::new(),
                materials: Bill::default(),
            },
        }
    }

    #[test]
    fn inspection_in_words() {
        let expected = "\
app  29.2 MB
  runs       script app.py
  python     3.13.5, x86_64-unknown-linux-gnu, glibc 2.17 or later
  sizes      runtime 18.3 MB, hot code 7.0 MB, cold code 1 B, sources 0 B, data 10.6 kB, index 95.5 kB
  modules    1,260 hot, 2 cold; 0 data files
  packages   1, the largest: rich 5.0 kB
  settings   -O --source none --prune -Xdev
  made by    pyfreeze 0.1.0
  digest     00ff
  missing    0 required, 1 optional imports lead nowhere
             optional yaml, wanted by app:1, app:2 and 1 more
";
        assert_eq!(inspect_summary("app", &report(), Style::Plain), expected);
    }

    fn library(path: &str, copied_because: Option<&str>) -> ManifestLibrary {
        ManifestLibrary {
            path: path.into(),
            owner: Owner::Distribution("rich".into()),
            module: None,
            imported_by: None,
            reason: None,
            file_size: 1_200_000,
            sha256: String::new(),
            image_size: 0,
            needed: Vec::new(),
            needed_of_host: Vec::new(),
            missing: Vec::new(),
            glibc: None,
            is_carried: false,
            copied_because: copied_because.map(str::to_owned),
        }
    }

    fn with_libraries() -> Report {
        let mut report = report();
        report.sizes.libraries = 3_000_000;
        let floor =
            |path: &str| GlibcFloor { version: "2.28".into(), path: Some(path.into()), symbol: Some("fcntl64".into()) };
        report.manifest.glibc = Some(floor("a/fast.so"));
        report.manifest.libraries = vec![
            ManifestLibrary {
                module: Some("a.fast".into()),
                imported_by: Some("a".into()),
                needed: vec!["a.libs/libgomp.so.1".into(), "lib/libstdc++.so.6".into()],
                glibc: Some(floor("a/fast.so")),
                ..library("a/fast.so", None)
            },
            ManifestLibrary { needed_of_host: vec!["libGL.so.1".into()], ..library("a/view.so", None) },
            library("a.libs/libgomp.so.1", Some("it has relocations of kind R_X86_64_TPOFF64")),
            ManifestLibrary { is_carried: true, ..library("lib/libstdc++.so.6", None) },
        ];
        report
    }

    #[test]
    fn libraries_in_words() {
        let expected = "\
app  29.2 MB
  runs       script app.py
  python     3.13.5, x86_64-unknown-linux-gnu
  glibc      2.28 or later, for `fcntl64` of `a/fast.so`
  sizes      runtime 18.3 MB, hot code 7.0 MB, cold code 1 B, sources 0 B, libraries 3.0 MB, data 10.6 kB, index 95.5 kB
  modules    1,260 hot, 2 cold; 0 data files
  libraries  3 mapped, 1 copied to memory
             copied a.libs/libgomp.so.1: it has relocations of kind R_X86_64_TPOFF64
             the runtime's own: libstdc++.so.6
             expected of the host: libGL.so.1
  packages   1, the largest: rich 5.0 kB
";
        let text = inspect_summary("app", &with_libraries(), Style::Plain);
        assert_eq!(text.split_inclusive("  settings").next(), Some(&*format!("{expected}  settings")));
        let expected = "\
mapped  1.2 MB  a/fast.so
  module a.fast, imported by a
  needs libgomp.so.1, libstdc++.so.6
  needs glibc 2.28 or later, for `fcntl64`
mapped  1.2 MB  a/view.so
  needs of the host libGL.so.1
copied  1.2 MB  a.libs/libgomp.so.1
  copied: it has relocations of kind R_X86_64_TPOFF64
mapped  1.2 MB  lib/libstdc++.so.6
  the runtime's own, for libraries that expect it of the host
";
        assert_eq!(library_list(&with_libraries()), expected);
    }

    #[test]
    fn the_list_of_copied_libraries_ends() {
        let mut report = report();
        let paths = (0..7).map(|number| library(&format!("{number}.so"), Some("as `--native memfd` says")));
        report.manifest.libraries = paths.collect();
        let text = inspect_summary("app", &report, Style::Plain);
        assert!(text.contains("  libraries  0 mapped, 7 copied to memory\n             copied 0.so: as `--native"));
        assert!(text.contains("copied 3.so") && !text.contains("copied 4.so"), "{text}");
        assert!(text.contains("             and 3 more: `inspect --libraries` lists them\n"), "{text}");
        report.manifest.settings.native = Native::Cache;
        let text = inspect_summary("app", &report, Style::Plain);
        assert!(text.contains("0 mapped, 7 copied to the cache folder\n  packages"), "{text}");
    }

    #[test]
    fn packages_without_a_size_are_only_counted() {
        let mut report = report();
        report.packages = vec![PackageSize { owner: Owner::Distribution("rich".into()), size: 0, module_count: 0 }];
        assert_eq!(packages(&report, Style::Plain), "  packages   1\n");
    }

    #[test]
    fn required_imports_come_first_and_the_list_ends() {
        let mut imports: Vec<_> = (0..20).map(|number| import(&format!("optional{number}"), true)).collect();
        imports.push(import("needed", false));
        let text = missing(&imports, Style::Plain);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[1], "             required needed, wanted by app:1, app:2 and 1 more");
        assert_eq!(lines[9], "             and 13 more: `--json` lists them");
        assert_eq!(missing(&[], Style::Plain), "");
    }
}
