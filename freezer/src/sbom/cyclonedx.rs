//! A bill as CycloneDX 1.6 (ECMA-424), in JSON.
//!
//! The optional time stamp is left out and the serial number is a digest of the rest, so that equal programs have equal
//! documents. Licences are written as expressions or as names, never as `id`: a list of identifiers is part of the
//! schema, and each tool brings a list of another age.

use serde_json::{Map, Value, json};

use super::identity::uuid_of;
use super::license::{Basis, License};
use super::{Bill, Component, ComponentKind};

/// The document, as text. `pyfreeze_version` says who wrote it.
#[must_use]
pub fn cyclonedx(bill: &Bill, pyfreeze_version: &str) -> String {
    let parts = bill.components.iter().filter(|component| component.part_of.is_none());
    let components: Vec<_> = parts.map(|part| component(part, bill)).collect();
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [{"type": "application", "name": "pyfreeze", "version": pyfreeze_version}]},
            "component": component(&bill.program, bill),
        },
        "components": components,
        "dependencies": dependencies(bill),
    });
    let serial = format!("urn:uuid:{}", uuid_of(document.to_string().as_bytes()));
    if let Value::Object(fields) = &mut document {
        fields.insert("serialNumber".to_owned(), serial.into());
    }
    // OK because a value of strings, numbers and lists has no form that JSON lacks.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn component(component: &Component, bill: &Bill) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("type", Some(kind(component.kind).into()));
    put("bom-ref", Some(component.reference.clone().into()));
    put("name", Some(component.name.clone().into()));
    put("version", component.version.clone().map(Value::from));
    put("purl", component.purl.clone().map(Value::from));
    put("cpe", component.cpe.clone().map(Value::from));
    put("hashes", component.sha256.as_ref().map(|digest| json!([{"alg": "SHA-256", "content": digest}])));
    put("licenses", licenses(&component.license));
    put("pedigree", (!component.patches.is_empty()).then(|| json!({"patches": patches(&component.patches)})));
    put("properties", properties(component));
    let parts: Vec<_> = bill.parts_of(&component.reference).map(|part| self::component(part, bill)).collect();
    put("components", (!parts.is_empty()).then(|| parts.into()));
    fields.into()
}

fn kind(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Program => "application",
        ComponentKind::Interpreter => "platform",
        ComponentKind::RuntimeLibrary | ComponentKind::Distribution | ComponentKind::Vendored => "library",
    }
}

fn licenses(license: &License) -> Option<Value> {
    let acknowledgement = match license.basis {
        Basis::Declared => "declared",
        Basis::Concluded => "concluded",
    };
    match license {
        License { expression: Some(expression), .. } => {
            Some(json!([{"expression": expression, "acknowledgement": acknowledgement}]))
        }
        License { text: Some(name), .. } => {
            Some(json!([{"license": {"name": name, "acknowledgement": acknowledgement}}]))
        }
        License { .. } => None,
    }
}

/// Patches that close a hole say which one: a scanner that only sees the version would report it.
fn patches(names: &[String]) -> Vec<Value> {
    let patch = |name: &String| match vulnerability(name) {
        Some(id) => json!({"type": "backport", "resolves": [{"type": "security", "id": id, "name": name}]}),
        None => json!({"type": "unofficial", "resolves": [{"type": "defect", "name": name}]}),
    };
    names.iter().map(patch).collect()
}

/// `CVE-2025-6069`, from `CVE-2025-6069.patch` or `CVE-2026-6019-2.patch`.
fn vulnerability(patch: &str) -> Option<String> {
    let mut words = patch.strip_prefix("CVE-")?.split(['-', '.']);
    let (year, number) = (words.next()?, words.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(year) && is_number(number)).then(|| format!("CVE-{year}-{number}"))
}

fn properties(component: &Component) -> Option<Value> {
    let path = component.path.iter().map(|path| ("pyfreeze:path", path));
    let origin = component.origin.iter().map(|origin| ("pyfreeze:origin", origin));
    let texts = component.license_files.iter().map(|path| ("pyfreeze:license-file", path));
    let all: Vec<_> =
        path.chain(origin).chain(texts).map(|(name, value)| json!({"name": name, "value": value})).collect();
    (!all.is_empty()).then(|| all.into())
}

fn dependencies(bill: &Bill) -> Vec<Value> {
    let all = [&bill.program].into_iter().chain(&bill.components);
    let row = |component: &Component| {
        let parts = bill.parts_of(&component.reference).map(|part| &part.reference);
        let mut needed: Vec<_> = component.depends_on.iter().chain(parts).collect();
        needed.sort();
        json!({"ref": component.reference, "dependsOn": needed})
    };
    all.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::vulnerability;

    #[test]
    fn patches_name_their_vulnerability() {
        assert_eq!(vulnerability("CVE-2026-6019-2.patch").as_deref(), Some("CVE-2026-6019"));
        assert_eq!(vulnerability("CVE-2025-6069.patch").as_deref(), Some("CVE-2025-6069"));
        assert_eq!(vulnerability("ssl-sni-crash.patch"), None);
        assert_eq!(vulnerability("CVE-x-1.patch"), None);
    }
}
