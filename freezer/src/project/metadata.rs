//! The files of a `.dist-info` or `.egg-info` folder.
//!
//! Comes in: their text. Goes out: name, version, requirements, entry points and the list of installed files. A
//! damaged file gives what could be read of it: the interpreter would use it as it is, too.

use std::collections::BTreeMap;

use super::{Requirement, normalize};

/// What a METADATA or PKG-INFO file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// The name as written.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// One line about it.
    pub(crate) summary: Option<String>,
    /// The requirements, those of extras among them.
    pub(crate) requirements: Vec<Requirement>,
    /// The licence as an SPDX expression (PEP 639).
    pub(crate) license_expression: Option<String>,
    /// The licence in words, or the first line of its text.
    pub(crate) license: Option<String>,
    /// Classifiers of licences.
    pub(crate) license_classifiers: Vec<String>,
}

/// Entry points by group: in each, name and `module:attribute`.
pub type EntryPoints = BTreeMap<String, Vec<(String, String)>>;

/// Reads a METADATA or PKG-INFO file.
pub(crate) fn parse_metadata(text: &str) -> Metadata {
    let mut metadata = Metadata::default();
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.to_ascii_lowercase().as_str() {
            "name" if metadata.name.is_empty() => value.clone_into(&mut metadata.name),
            "version" if metadata.version.is_empty() => value.clone_into(&mut metadata.version),
            "summary" => metadata.summary = Some(value.to_owned()).filter(|text| !text.is_empty()),
            "license-expression" => metadata.license_expression = Some(value.to_owned()),
            "license" => metadata.license = Some(value.to_owned()),
            "classifier" if value.starts_with("License ::") => metadata.license_classifiers.push(value.to_owned()),
            "requires-dist" => metadata.requirements.extend(Requirement::parse(value)),
            _ => {}
        }
    }
    metadata
}

/// Reads the `requires.txt` of an egg-info folder; sections are `[extra]`, `[:marker]` or `[extra:marker]`.
pub(super) fn parse_requires_text(text: &str) -> Vec<Requirement> {
    let mut condition = String::new();
    let mut requirements = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (extra, marker) = section.split_once(':').unwrap_or((section, ""));
            let extra = if extra.is_empty() { String::new() } else { format!("extra == '{}'", normalize(extra)) };
            let and = if extra.is_empty() || marker.is_empty() { "" } else { " and " };
            condition = format!("{extra}{and}{marker}");
        } else if condition.is_empty() {
            requirements.extend(Requirement::parse(line));
        } else {
            requirements.extend(Requirement::parse(&format!("{line} ; {condition}")));
        }
    }
    requirements
}

/// Reads an entry_points.txt file.
pub(crate) fn parse_entry_points(text: &str) -> EntryPoints {
    let mut groups = EntryPoints::new();
    let mut group = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            group = Some(groups.entry(name.trim().to_owned()).or_default());
        } else if let (Some(group), Some((name, value))) = (&mut group, line.split_once('=')) {
            group.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    groups
}

/// The paths in a RECORD file: the first column of its comma-separated values.
pub(super) fn parse_record(text: &str) -> Vec<String> {
    text.lines().filter_map(record_path).filter(|path| !path.is_empty()).collect()
}

fn record_path(line: &str) -> Option<String> {
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split(',').next().map(str::to_owned);
    };
    // A doubled quote stands for one.
    let mut path = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' if characters.as_str().starts_with('"') => path.extend(characters.next()),
            '"' => return Some(path),
            character => path.push(character),
        }
    }
}

/// The module of an entry point's value, `module:attribute [extra]`.
#[must_use]
pub fn entry_point_module(value: &str) -> &str {
    let value = value.split('[').next().unwrap_or(value);
    value.split(':').next().unwrap_or(value).trim()
}

#[cfg(test)]
mod tests {
    use super::{entry_point_module, parse_entry_points, parse_metadata, parse_record, parse_requires_text};

    #[test]
    fn metadata() {
        let text = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.2\nRequires-Dist: a>=1\n\
                    Requires-Dist: b; extra == 'x'\n\nName: body\nRequires-Dist: c\n";
        let metadata = parse_metadata(text);
        assert_eq!((metadata.name.as_str(), metadata.version.as_str()), ("Foo.Bar", "1.2"));
        let names: Vec<_> = metadata.requirements.iter().map(|requirement| requirement.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn entry_points() {
        let groups = parse_entry_points("[console_scripts]\nfoo = m:f\n\n# no\n[a.b]\nx=y.z:C [extra]\n");
        assert_eq!(groups["console_scripts"], [("foo".to_owned(), "m:f".to_owned())]);
        assert_eq!(entry_point_module(&groups["a.b"][0].1), "y.z");
    }

    #[test]
    fn record() {
        let text = "a/b.py,sha256=x,1\r\n\"a/c,\"\"d\"\".txt\",,\na.dist-info/RECORD,,\n";
        assert_eq!(parse_record(text), ["a/b.py", "a/c,\"d\".txt", "a.dist-info/RECORD"]);
    }

    #[test]
    fn requires_text() {
        let requirements = parse_requires_text("a\n\n[x]\nb\n\n[:python_version < '3']\nc\n");
        let counted: Vec<_> = requirements
            .iter()
            .filter(|requirement| requirement.counts(13, &["x".into()]))
            .map(|requirement| requirement.name.as_str())
            .collect();
        assert_eq!(counted, ["a", "b"]);
    }
}
