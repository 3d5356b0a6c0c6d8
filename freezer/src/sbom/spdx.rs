//! A bill as SPDX 2.3 (ISO/IEC 5962), in JSON.
//!
//! SPDX wants the time of creation. No clock is read: it is the beginning of time, which no reader takes for a date, so
//! that equal programs have equal documents.

use serde_json::{Map, Value, json};

use super::identity::uuid_of;
use super::license::{Basis, License};
use super::{Bill, Component, ComponentKind};

const CREATED: &str = "1970-01-01T00:00:00Z";
const UNKNOWN: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const OWN_LICENSE: &str = "LicenseRef-";

/// The document, as text. `pyfreeze_version` says who wrote it.
#[must_use]
pub fn spdx(bill: &Bill, pyfreeze_version: &str) -> String {
    let all: Vec<_> = [&bill.program].into_iter().chain(&bill.components).collect();
    let mut texts = Texts::default();
    let packages: Vec<_> = all.iter().map(|component| package(component, bill, &mut texts)).collect();
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": bill.program.name,
        "creationInfo": {
            "created": CREATED,
            "creators": [format!("Tool: pyfreeze-{pyfreeze_version}")],
            "comment": "No clock was read: equal programs have equal documents.",
        },
        "packages": packages,
        "relationships": relationships(bill),
    });
    if let Value::Object(fields) = &mut document {
        if !texts.0.is_empty() {
            fields.insert("hasExtractedLicensingInfos".to_owned(), texts.listed());
        }
        let uuid = uuid_of(Value::Object(fields.clone()).to_string().as_bytes());
        let namespace = format!("https://spdx.org/spdxdocs/{}-{uuid}", word(&bill.program.name));
        fields.insert("documentNamespace".to_owned(), namespace.into());
    }
    // OK because a value of strings, numbers and lists has no form that JSON lacks.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// Licences that are no SPDX expressions: SPDX wants each defined in the document.
#[derive(Default)]
struct Texts(Vec<(String, String)>);

impl Texts {
    /// The expression for a licence in words.
    fn expression(&mut self, name: &str) -> String {
        if let Some((id, _)) = self.0.iter().find(|(_, known)| known == name) {
            return id.clone();
        }
        let id = format!("{OWN_LICENSE}{}-{}", self.0.len() + 1, word(name));
        self.0.push((id.clone(), name.to_owned()));
        id
    }

    /// Defines what an expression names beside SPDX's own licences.
    fn define(&mut self, expression: &str) {
        let words = expression.split([' ', '(', ')']).filter(|word| word.starts_with(OWN_LICENSE));
        for id in words {
            if !self.0.iter().any(|(known, _)| known == id) {
                self.0.push((id.to_owned(), id.trim_start_matches(OWN_LICENSE).to_owned()));
            }
        }
    }

    fn listed(&self) -> Value {
        let text =
            |name: &str| format!("{name}: `pyfreeze inspect --licenses` prints the texts that come with the program");
        let listed =
            self.0.iter().map(|(id, name)| json!({"licenseId": id, "name": name, "extractedText": text(name)}));
        listed.collect()
    }
}

fn package(component: &Component, bill: &Bill, texts: &mut Texts) -> Value {
    let (declared, concluded) = licenses(&component.license, texts);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("SPDXID", id(component, bill).into());
    put("name", component.name.clone().into());
    if let Some(version) = &component.version {
        put("versionInfo", version.clone().into());
    }
    put("primaryPackagePurpose", purpose(component.kind).into());
    put("downloadLocation", UNKNOWN.into());
    put("filesAnalyzed", false.into());
    put("licenseDeclared", declared.into());
    put("licenseConcluded", concluded.into());
    put("copyrightText", UNKNOWN.into());
    if let Some(digest) = &component.sha256 {
        put("checksums", json!([{"algorithm": "SHA256", "checksumValue": digest}]));
    }
    if let Some(origin) = &component.origin {
        put("sourceInfo", origin.clone().into());
    }
    if let Some(path) = &component.path {
        put("packageFileName", path.clone().into());
    }
    if !component.patches.is_empty() {
        put("comment", format!("Patches: {}", component.patches.join(", ")).into());
    }
    let references = references(component);
    if !references.is_empty() {
        put("externalRefs", references.into());
    }
    fields.into()
}

/// What is declared, and what is concluded.
fn licenses(license: &License, texts: &mut Texts) -> (String, String) {
    let expression = match license {
        License { expression: Some(expression), .. } => {
            texts.define(expression);
            expression.clone()
        }
        License { text: Some(name), .. } => texts.expression(name),
        License { .. } => UNKNOWN.to_owned(),
    };
    match license.basis {
        Basis::Declared => (expression, UNKNOWN.to_owned()),
        Basis::Concluded => (UNKNOWN.to_owned(), expression),
    }
}

fn references(component: &Component) -> Vec<Value> {
    let reference = |category: &str, kind: &str, locator: &str| json!({"referenceCategory": category, "referenceType": kind, "referenceLocator": locator});
    let purl = component.purl.iter().map(|purl| reference("PACKAGE-MANAGER", "purl", purl));
    purl.chain(component.cpe.iter().map(|cpe| reference("SECURITY", "cpe23Type", cpe))).collect()
}

fn purpose(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Program => "APPLICATION",
        ComponentKind::Interpreter => "FRAMEWORK",
        ComponentKind::RuntimeLibrary | ComponentKind::Distribution | ComponentKind::Vendored => "LIBRARY",
    }
}

fn relationships(bill: &Bill) -> Vec<Value> {
    let relation = |from: &str, kind: &str, to: &str| json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to});
    let mut relations = vec![relation(DOCUMENT, "DESCRIBES", &id(&bill.program, bill))];
    let find = |reference: &String| bill.components.iter().find(|component| component.reference == *reference);
    for component in [&bill.program].into_iter().chain(&bill.components) {
        let own = id(component, bill);
        let needed = component.depends_on.iter().filter_map(find);
        relations.extend(needed.map(|needed| relation(&own, "DEPENDS_ON", &id(needed, bill))));
        let parts = bill.parts_of(&component.reference);
        relations.extend(parts.map(|part| relation(&own, "CONTAINS", &id(part, bill))));
    }
    relations
}

/// An identifier of letters, digits, dots and hyphens; the position keeps those apart that then look alike.
fn id(component: &Component, bill: &Bill) -> String {
    let position = bill.components.iter().position(|one| std::ptr::eq(one, component)).map_or(0, |index| index + 1);
    format!("SPDXRef-{position}-{}", word(&component.name))
}

fn word(text: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() || ".-".contains(letter) { letter } else { '-' };
    text.chars().map(letter).take(60).collect()
}
