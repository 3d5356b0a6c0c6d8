//! The licence texts of everything in an executable: the runtime's, each distribution's, the project's.
//!
//! Comes in: a payload with its manifest. Goes out: for each component its licence and the texts that ride along; and
//! which components bring none, for somebody has to look those up.

use pyfreeze_format::Payload;
use serde::Serialize;

use super::content::content_at;
use crate::payload::Manifest;
use crate::sbom::ComponentKind;

/// A component and the texts of its licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LicenseNotice {
    /// What it is.
    pub kind: ComponentKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its licence: an SPDX expression, or what it says instead; empty if nothing is known.
    pub license: String,
    /// What brought it, if that is another component, whose texts are for it as well.
    pub part_of: Option<String>,
    /// The texts.
    pub texts: Vec<LicenseText>,
}

/// A file with a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LicenseText {
    /// Its path below the virtual root.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// The licences of everything inside: the program's first.
#[must_use]
pub fn licenses(payload: &Payload<'_>, manifest: &Manifest) -> Vec<LicenseNotice> {
    let bill = &manifest.materials;
    let text = |path: &String| {
        let text = String::from_utf8_lossy(&content_at(payload, path)?).into_owned();
        Some(LicenseText { path: path.clone(), text })
    };
    let name =
        |reference: &String| bill.components.iter().find(|one| one.reference == *reference).map(|one| one.name.clone());
    let notice = |component: &crate::sbom::Component| LicenseNotice {
        kind: component.kind,
        name: component.name.clone(),
        version: component.version.clone(),
        license: component.license.words().to_owned(),
        part_of: component.part_of.as_ref().and_then(name),
        texts: component.license_files.iter().filter_map(text).collect(),
    };
    [&bill.program].into_iter().chain(&bill.components).map(notice).collect()
}
