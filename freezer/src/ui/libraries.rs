//! The shared libraries of an executable in words: rows of the summary, and the whole list.

use std::collections::BTreeMap;

use super::summary::row;
use super::{Style, count_text, size_text};
use crate::inspect::Report;
use crate::libraries::Native;
use crate::payload::ManifestLibrary;

/// Copied libraries that are told one by one, before "and … more".
const COPIED_LIMIT: usize = 4;

/// Names in one line, before "and … more".
const NAME_LIMIT: usize = 6;

/// Below the label of a row.
const INDENT: &str = "             ";

/// Which glibc the program needs, if a library needs a newer one than the runtime.
pub(super) fn glibc_row(report: &Report, style: Style) -> String {
    let Some(floor) = &report.manifest.glibc else { return String::new() };
    let (Some(path), Some(symbol)) = (&floor.path, &floor.symbol) else { return String::new() };
    row(style, "glibc", &format!("{} or later, for `{symbol}` of `{path}`", floor.version))
}

/// How many libraries are mapped and copied, which ones and why, and what comes from elsewhere.
pub(super) fn library_rows(report: &Report, style: Style) -> String {
    let libraries = &report.manifest.libraries;
    if libraries.is_empty() {
        return String::new();
    }
    let mut copied: Vec<_> = libraries.iter().filter_map(|one| Some((one, one.copied_because.as_ref()?))).collect();
    let place = match report.manifest.settings.native {
        Native::Auto | Native::Memfd => "memory",
        Native::Cache => "the cache folder",
        Native::Beside => "a folder beside the executable",
    };
    let mapped_count = count_text(libraries.len() - copied.len());
    let mut text = match copied.len() {
        0 => row(style, "libraries", &format!("{mapped_count} mapped")),
        count => row(style, "libraries", &format!("{mapped_count} mapped, {} copied to {place}", count_text(count))),
    };
    if report.manifest.settings.native != Native::Auto {
        // All of them are, and for the one reason that the user has given.
        copied.clear();
    }
    for (library, reason) in copied.iter().take(COPIED_LIMIT) {
        text += &format!("{INDENT}copied {}: {reason}\n", library.path);
    }
    if copied.len() > COPIED_LIMIT {
        text += &format!("{INDENT}and {} more: `inspect --libraries` lists them\n", copied.len() - COPIED_LIMIT);
    }
    let carried = libraries.iter().filter(|library| library.is_carried).map(|library| file_name(&library.path));
    text += &names_line("the runtime's own", &carried.collect::<Vec<_>>());
    text + &names_line("expected of the host", &hosts(libraries).into_keys().collect::<Vec<_>>())
}

fn names_line(label: &str, names: &[&str]) -> String {
    if names.is_empty() { String::new() } else { format!("{INDENT}{label}: {}\n", some_of(names, NAME_LIMIT)) }
}

/// The libraries of the host that are needed, each with the number of those that need it.
fn hosts(libraries: &[ManifestLibrary]) -> BTreeMap<&str, usize> {
    let mut hosts = BTreeMap::new();
    for name in libraries.iter().flat_map(|library| &library.needed_of_host) {
        *hosts.entry(name.as_str()).or_default() += 1;
    }
    hosts
}

/// Every library with what is known of it.
#[must_use]
pub fn library_list(report: &Report) -> String {
    report.manifest.libraries.iter().map(entry).collect()
}

fn entry(library: &ManifestLibrary) -> String {
    let way = if library.copied_because.is_some() { "copied" } else { "mapped" };
    let mut text = format!("{way}  {}  {}\n", size_text(library.file_size), library.path);
    for line in details(library) {
        text += &format!("  {line}\n");
    }
    text
}

/// What is known of a library, a line each.
pub(super) fn details(library: &ManifestLibrary) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(module) = &library.module {
        let importer = library.imported_by.as_ref().map(|name| format!(", imported by {name}")).unwrap_or_default();
        lines.push(format!("module {module}{importer}"));
    }
    if library.is_carried {
        lines.push("the runtime's own, for libraries that expect it of the host".to_owned());
    }
    lines.extend(needs(library));
    if let Some(reason) = &library.copied_because {
        lines.push(format!("copied: {reason}"));
    }
    lines
}

/// What a library needs, a line for each place that it comes from.
pub(super) fn needs(library: &ManifestLibrary) -> Vec<String> {
    let inside: Vec<_> = library.needed.iter().map(|path| file_name(path)).collect();
    let host: Vec<_> = library.needed_of_host.iter().map(String::as_str).collect();
    let missing: Vec<_> = library.missing.iter().map(String::as_str).collect();
    let lists = [("needs", inside), ("needs of the host", host), ("needs, and it is nowhere:", missing)];
    let filled = lists.iter().filter(|(_, names)| !names.is_empty());
    let mut lines: Vec<_> = filled.map(|(words, names)| format!("{words} {}", names.join(", "))).collect();
    if let Some(floor) = &library.glibc {
        let symbol = floor.symbol.as_deref().unwrap_or_default();
        lines.push(format!("needs glibc {} or later, for `{symbol}`", floor.version));
    }
    lines
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The first of the names, and how many there are more.
pub(super) fn some_of(names: &[&str], limit: usize) -> String {
    let first = names.iter().take(limit).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(limit);
    if more == 0 { first } else { format!("{first} and {more} more") }
}
