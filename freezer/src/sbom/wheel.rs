//! What a wheel itself says it has inside: the bills of materials in its metadata (PEP 770).
//!
//! Comes in: the text of a file below `.dist-info/sboms`. Goes out: the parts that it lists. A file of another form, or
//! a damaged one, lists nothing: it is somebody else's, and rides along as it is.

use serde::Deserialize;

use super::license::License;

/// A part of a wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) license: License,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "bomFormat")]
    format: String,
    #[serde(default)]
    components: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    licenses: Vec<Choice>,
    #[serde(default)]
    components: Vec<Listed>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    expression: Option<String>,
    #[serde(default)]
    license: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// The parts that a CycloneDX document lists, but for the distribution of this normalized name.
pub(super) fn parts(document: &[u8], own: &str) -> Vec<Part> {
    let Ok(document) = serde_json::from_slice::<Document>(document) else { return Vec::new() };
    if document.format != "CycloneDX" {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut waiting = document.components;
    while let Some(listed) = waiting.pop() {
        let purl = listed.purl.as_deref().map(portable);
        let is_own =
            crate::project::normalize(&listed.name) == own && purl.as_deref().is_none_or(|purl| purl.contains("pypi/"));
        if !listed.name.is_empty() && !is_own {
            let license = license(&listed.licenses);
            found.push(Part {
                name: listed.name,
                version: listed.version.filter(|text| !text.is_empty()),
                purl,
                license,
            });
        }
        waiting.extend(listed.components);
    }
    found.sort_by(|one, other| (&one.name, &one.version, &one.purl).cmp(&(&other.name, &other.version, &other.purl)));
    found.dedup();
    found
}

/// A package URL without what tells where it lay when the wheel was built.
fn portable(purl: &str) -> String {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    purl[..end].to_owned()
}

fn license(choices: &[Choice]) -> License {
    let texts = choices.iter().filter_map(|choice| {
        let named = choice.license.as_ref();
        let name = named.and_then(|named| named.id.as_deref().or(named.name.as_deref()));
        choice.expression.as_deref().or(name)
    });
    match texts.collect::<Vec<_>>().as_slice() {
        [] => License::default(),
        [one] => License::of_text(one),
        several => License { text: Some(several.join(", ")), ..License::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_are_listed_once_and_without_places() {
        let text = br#"{"bomFormat": "CycloneDX", "components": [
            {"name": "my_wheel", "version": "1", "purl": "pkg:pypi/my_wheel@1?file_name=x.whl"},
            {"name": "libz", "version": "1.3", "purl": "pkg:rpm/almalinux/libz@1.3#abc"},
            {"name": "libz", "version": "1.3", "purl": "pkg:rpm/almalinux/libz@1.3#def"},
            {"name": "serde", "version": "1.0", "licenses": [{"expression": "MIT OR Apache-2.0"}],
             "components": [{"name": "inner", "licenses": [{"license": {"name": "odd"}}]}]}]}"#;
        let found = parts(text, "my-wheel");
        let names: Vec<_> = found.iter().map(|part| (part.name.as_str(), part.license.words())).collect();
        assert_eq!(names, [("inner", "odd"), ("libz", ""), ("serde", "MIT OR Apache-2.0")]);
        assert_eq!(found[1].purl.as_deref(), Some("pkg:rpm/almalinux/libz@1.3"));
        assert!(parts(b"{}", "x").is_empty() && parts(b"\xff", "x").is_empty());
    }
}
