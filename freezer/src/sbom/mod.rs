//! What a program is made of: distributions, the runtime and its libraries, shared libraries that wheels bring.
//!
//! Comes in: the contents, the runtime's parts, the bytes of shared libraries. Goes out: a [`Bill`], and that in the
//! two forms which other tools read, CycloneDX 1.6 and SPDX 2.3. No clock, no path and no name of the building machine
//! reaches it; where nothing is known of a version or a licence, nothing is said.

mod cyclonedx;
mod gather;
mod identity;
mod known;
mod license;
mod spdx;
mod wheel;

use serde::{Deserialize, Serialize};

pub use cyclonedx::cyclonedx;
pub use gather::{Ingredients, LibraryBytes, bill};
pub use identity::sha256;
pub use license::{Basis, License};
pub use spdx::spdx;

/// What a program is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The program itself.
    pub program: Component,
    /// Everything else, sorted by reference within each kind.
    pub components: Vec<Component>,
}

/// A part of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// A text that no other component of the bill has.
    pub reference: String,
    /// What it is.
    pub kind: ComponentKind,
    /// Its name.
    pub name: String,
    /// Its version, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its licence.
    #[serde(default)]
    pub license: License,
    /// Its package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Its name in the database of vulnerabilities (CPE 2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// The SHA-256 of the file that it is, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The path below the virtual root of the file that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it came from, or how it is known, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Patches on top of its version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<String>,
    /// Files below the virtual root with the text of its licence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub license_files: Vec<String>,
    /// The references of what it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The reference of the component that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
}

/// What a component is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// What was frozen.
    #[default]
    Program,
    /// The interpreter.
    Interpreter,
    /// A part of the runtime: linked into the interpreter, or carried along.
    RuntimeLibrary,
    /// An installed distribution.
    Distribution,
    /// A shared library, or what else a wheel says it has inside.
    Vendored,
}

impl Bill {
    /// The components of one kind.
    pub fn of_kind(&self, kind: ComponentKind) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(move |component| component.kind == kind)
    }

    /// What a component brought along.
    pub fn parts_of<'b>(&'b self, reference: &'b str) -> impl Iterator<Item = &'b Component> {
        self.components.iter().filter(move |component| component.part_of.as_deref() == Some(reference))
    }
}

#[cfg(test)]
mod tests;
