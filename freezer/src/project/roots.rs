//! Where modules are looked for: the roots on the program's `sys.path`, and the places on disk behind each.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// One entry of the program's `sys.path`.
#[derive(Clone, Debug)]
pub struct SearchRoot {
    /// Its directory below the virtual root.
    pub virtual_path: String,
    /// The places that are laid over each other in this directory; an earlier one wins.
    pub sources: Vec<RootSource>,
}

/// One place of a root.
#[derive(Clone, Debug)]
pub struct RootSource {
    /// Where it is.
    pub place: Place,
    /// Whose its modules are.
    pub owner: SourceOwner,
}

/// Where modules lie.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder with all that is in it.
    Folder(PathBuf),
    /// Single files and folders, by the name that they have in the root.
    Named(BTreeMap<String, PathBuf>),
    /// The runtime pack's standard library.
    Library,
}

/// Whose modules a place holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceOwner {
    /// The project's.
    Project,
    /// The standard library's.
    Library,
    /// Those of the distributions whose RECORD lists them.
    Environment,
    /// Those of one (editable) distribution, by its normalized name.
    Distribution(String),
}
