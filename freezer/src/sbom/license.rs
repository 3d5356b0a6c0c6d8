//! Which licence a distribution has, by what its metadata says.
//!
//! Comes in: the licence fields of METADATA. Goes out: an SPDX expression where the text says one beyond doubt, else
//! the text as it stands: a bill that guesses is worse than one that says it doesn't know.

use serde::{Deserialize, Serialize};

use crate::project::Metadata;

/// A licence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// What is said where it is no expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who says so.
    #[serde(default)]
    pub basis: Basis,
}

/// Who says which licence something has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// It says so itself.
    #[default]
    Declared,
    /// It is known of the library of that name.
    Concluded,
}

/// Longest text that is a licence's name and not the licence.
const MAX_NAME_SIZE: usize = 80;

/// Words for a licence that leave no doubt, in lower case: texts of the field `License`, and what stands at the end of
/// classifiers. `BSD` and `BSD License` are not among them: two licences are called so.
const NAMES: &[(&str, &str)] = &[
    ("3-clause bsd license", "BSD-3-Clause"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("boost software license 1.0 (bsl-1.0)", "BSL-1.0"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-3-clause license", "BSD-3-Clause"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("gnu lesser general public license v2 (lgplv2)", "LGPL-2.0-only"),
    ("gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"),
    ("gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"),
    ("historical permission notice and disclaimer (hpnd)", "HPND"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("mit license", "MIT"),
    ("mit no attribution license (mit-0)", "MIT-0"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("new bsd license", "BSD-3-Clause"),
    ("python software foundation license", "PSF-2.0"),
    ("the mit license", "MIT"),
    ("the unlicense (unlicense)", "Unlicense"),
    ("universal permissive license (upl)", "UPL-1.0"),
    ("zlib/libpng license", "Zlib"),
    ("zope public license", "ZPL-2.1"),
];

impl License {
    /// An expression that is known to be one.
    pub(super) fn known(expression: &str, basis: Basis) -> Self {
        Self { expression: Some(expression.to_owned()), text: None, basis }
    }

    /// A text that may be an expression.
    pub(super) fn of_text(text: &str) -> Self {
        match expression(text) {
            Some(expression) => Self::known(&expression, Basis::Declared),
            None => Self { expression: None, text: Some(text.trim().to_owned()), basis: Basis::Declared },
        }
    }

    /// What a distribution's metadata says: `License-Expression` (PEP 639), else `License`, else the classifiers.
    pub(super) fn of_metadata(metadata: &Metadata) -> Self {
        if let Some(text) = &metadata.license_expression {
            return Self::of_text(text);
        }
        let named = metadata.license.as_deref().filter(|text| is_name(text)).map(Self::of_text);
        if let Some(license) = named.clone().filter(|license| license.expression.is_some()) {
            return license;
        }
        let classified: Vec<_> =
            metadata.license_classifiers.iter().map(|text| Self::of_text(last_part(text))).collect();
        let expressions: Vec<_> = classified.iter().filter_map(|license| license.expression.as_deref()).collect();
        match (expressions.as_slice(), classified.as_slice()) {
            // Several classifiers may mean a choice or all of them.
            ([expression], [_]) => Self::known(expression, Basis::Declared),
            (_, []) => named.unwrap_or_default(),
            (_, several) => named.unwrap_or_else(|| {
                let names = several.iter().filter_map(|one| one.text.as_deref().or(one.expression.as_deref()));
                Self { text: Some(names.collect::<Vec<_>>().join(", ")), ..Self::default() }
            }),
        }
    }

    /// In words; empty where nothing is known.
    #[must_use]
    pub fn words(&self) -> &str {
        self.expression.as_deref().or(self.text.as_deref()).unwrap_or_default()
    }
}

/// `License` has often held the whole text, or that nobody knows.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME_SIZE && !text.eq_ignore_ascii_case("unknown")
}

fn last_part(classifier: &str) -> &str {
    classifier.rsplit("::").next().unwrap_or(classifier).trim()
}

/// The SPDX expression that a text is, or means beyond doubt.
fn expression(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if let Some((_, expression)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Some((*expression).to_owned());
    }
    let parsed = spdx::Expression::parse(text).ok();
    parsed.map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{License, NAMES, expression};
    use crate::project::Metadata;

    #[test]
    fn expressions_are_those_of_spdx() {
        for text in ["MIT", "Apache-2.0 OR BSD-3-Clause", "GPL-3.0-or-later WITH GCC-exception-3.1", "LicenseRef-x"] {
            assert_eq!(expression(text).as_deref(), Some(text));
        }
        for text in ["BSD", "Dual License", "MIT/Apache-2.0", "see LICENSE", ""] {
            assert_eq!(expression(text), None, "{text}");
        }
        for (name, meant) in NAMES {
            assert!(spdx::Expression::parse(meant).is_ok(), "{name}");
        }
        assert!(NAMES.is_sorted());
    }

    fn license(expression: Option<&str>, license: Option<&str>, classifiers: &[&str]) -> String {
        let metadata = Metadata {
            license_expression: expression.map(str::to_owned),
            license: license.map(str::to_owned),
            license_classifiers: classifiers.iter().map(|text| (*text).to_owned()).collect(),
            ..Metadata::default()
        };
        let License { expression, text, .. } = License::of_metadata(&metadata);
        format!("{}|{}", expression.unwrap_or_default(), text.unwrap_or_default())
    }

    #[test]
    fn metadata_is_taken_at_its_word() {
        const BSD: &str = "License :: OSI Approved :: BSD License";
        const MIT: &str = "License :: OSI Approved :: MIT License";
        assert_eq!(license(Some("MIT AND Zlib"), Some("BSD"), &[BSD]), "MIT AND Zlib|");
        assert_eq!(license(None, Some("Apache License 2.0"), &[BSD]), "Apache-2.0|");
        assert_eq!(license(None, Some("BSD"), &[MIT]), "MIT|");
        assert_eq!(license(None, Some("BSD"), &[BSD]), "|BSD");
        assert_eq!(license(None, None, &[BSD]), "|BSD License");
        assert_eq!(license(None, None, &[BSD, MIT]), "|BSD License, MIT");
        assert_eq!(license(None, Some("UNKNOWN"), &[]), "|");
        assert_eq!(license(None, Some(&"Permission is hereby granted ".repeat(9)), &[MIT]), "MIT|");
    }
}
