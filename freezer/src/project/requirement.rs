//! Requirements of distributions: `name[extra] >=1; marker` (PEP 508).
//!
//! Comes in: a line of metadata. Goes out: the name, its extras, and whether the marker holds for this runtime. The
//! version is not looked at: what is installed is what runs.

use super::marker::{self, MarkerEnvironment};

/// What a distribution requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The normalized name (PEP 503).
    pub name: String,
    /// The normalized extras asked for.
    pub extras: Vec<String>,
    /// The condition, as written.
    marker: Option<String>,
}

impl Requirement {
    /// Reads a requirement; `None` if it has no name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // A URL requirement (`name @ url ; marker`) may contain anything but ` ;`.
        let separator = if text.contains('@') { " ;" } else { ";" };
        let (requirement, marker) = match text.split_once(separator) {
            Some((requirement, marker)) => (requirement, Some(marker.trim().to_owned())),
            None => (text, None),
        };
        let is_name = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        let requirement = requirement.trim();
        let name_size = requirement.find(|character| !is_name(character)).unwrap_or(requirement.len());
        let (name, rest) = requirement.split_at(name_size);
        if name.is_empty() {
            return None;
        }
        let extras =
            rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("", |(extras, _)| extras);
        let extras = extras.split(',').map(normalize).filter(|extra| !extra.is_empty()).collect();
        Some(Self { name: normalize(name), extras, marker })
    }

    /// True when only an extra of its distribution asks for it.
    #[must_use]
    pub fn is_of_extra(&self, minor_version: u32) -> bool {
        let is_named = self.marker.as_ref().is_some_and(|marker| marker.contains("extra"));
        is_named && !self.counts(minor_version, &[])
    }

    /// True when it counts for Linux and Python 3.`minor_version`, given the extras asked of its distribution. A
    /// marker that can't be understood counts: an unused distribution is better than a missing one.
    #[must_use]
    pub fn counts(&self, minor_version: u32, extras: &[String]) -> bool {
        let Some(marker) = &self.marker else { return true };
        let python_version = format!("3.{minor_version}.0");
        let holds = |extra: &str| {
            let environment =
                MarkerEnvironment { python_version: &python_version, extra, ..MarkerEnvironment::default() };
            marker::evaluate(marker, &environment).unwrap_or(true)
        };
        holds("") || extras.iter().any(|extra| holds(extra))
    }
}

/// A distribution's name as it is compared (PEP 503).
#[must_use]
pub fn normalize(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    let parts: Vec<_> = lower.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::Requirement;

    #[test]
    fn names_and_extras() {
        let parse = |text| Requirement::parse(text).map(|requirement| (requirement.name, requirement.extras));
        assert_eq!(parse("Foo.Bar_baz (>=1.0)"), Some(("foo-bar-baz".into(), vec![])));
        assert_eq!(parse("x[Socks,a_b]>=1,<2"), Some(("x".into(), vec!["socks".into(), "a-b".into()])));
        assert_eq!(parse("x @ https://e.org/x;y.whl ; extra == 'a'"), Some(("x".into(), vec![])));
        assert_eq!(parse(">=1"), None);
    }

    #[test]
    fn markers_decide() {
        let counts = |text: &str, extras: &[&str]| {
            let extras: Vec<_> = extras.iter().map(|extra| (*extra).to_owned()).collect();
            Requirement::parse(text).unwrap().counts(13, &extras)
        };
        assert!(counts("x", &[]));
        assert!(!counts("x; python_version < '3.11'", &[]));
        assert!(counts("x; python_version >= '3.9'", &[]));
        assert!(!counts("x; sys_platform == 'win32' or platform_system == \"Windows\"", &[]));
        assert!(counts("x; (sys_platform != 'win32') and python_version ~= '3.8'", &[]));
        assert!(!counts("x; extra == 'socks'", &[]));
        assert!(counts("x; extra == 'socks'", &["socks"]));
        assert!(!counts("x; extra == 'socks' and python_version < '3'", &["socks"]));
        assert!(counts("x; 'linux' in sys_platform", &[]));
        assert!(counts("x; something odd", &[]));
        let is_of_extra = |text: &str| Requirement::parse(text).unwrap().is_of_extra(13);
        assert!(is_of_extra("x; extra == 'socks'") && !is_of_extra("x") && !is_of_extra("x; python_version < '3'"));
    }
}
