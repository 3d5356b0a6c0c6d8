//! Which library of the payload is meant by a path or a name.

use core::ffi::CStr;

use pyfreeze_format::{EntryIndex, Libraries, LibraryIndex};

use super::load;
use super::table::{self, Loaded, Status};
use crate::sys::{snapshot, state};
use crate::virtual_path::Target;

/// What the argument of `dlopen` means.
pub(super) enum Meant {
    /// A library of the payload.
    Library(LibraryIndex),
    /// A path in the payload at which there is no library.
    Nothing,
    /// Not ours, or only if the dynamic loader doesn't know it.
    Outside,
}

fn libraries() -> Option<Libraries<'static>> {
    state::payload()?.libraries().ok()
}

/// By path, in either spelling of the virtual root.
pub(super) fn by_path(path: &[u8]) -> Meant {
    match state::target(path) {
        Target::Inside(entry) => match libraries().and_then(|libraries| libraries.find(entry.index)) {
            Some(index) => Meant::Library(index),
            None => Meant::Nothing,
        },
        Target::Nowhere(_) => Meant::Nothing,
        Target::Root(_) | Target::Executable(_) => Meant::Outside,
        Target::Outside => {
            snapshot::note_file(path);
            Meant::Outside
        }
    }
}

/// By the bare name of a library that is loaded already, or that the runtime has brought along.
pub(super) fn loaded(name: &[u8]) -> Option<LibraryIndex> {
    let is_meant = |loaded: &&Loaded| loaded.status() == Status::Ready && has_name(loaded.index(), name);
    let found = table::known().iter().find(is_meant).map(Loaded::index);
    found.or_else(|| beside_python(name))
}

/// By the bare name of any library.
pub(super) fn any(name: &[u8]) -> Option<LibraryIndex> {
    let libraries = libraries()?;
    libraries.rows().map(|(index, _)| index).find(|index| has_name(*index, name))
}

/// The paths of the libraries that have been loaded.
pub(crate) fn loaded_paths() -> impl Iterator<Item = &'static CStr> {
    table::known().iter().filter(|loaded| loaded.status() == Status::Ready).map(Loaded::path)
}

/// By what stands between `lib` and `.so`, as `ld -l` has it; wheels put a digest behind that.
pub(crate) fn by_stem(stem: &[u8]) -> Option<&'static CStr> {
    let is_meant = |path: &&CStr| {
        let name = path.to_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let rest = name.strip_prefix(b"lib").and_then(|rest| rest.strip_prefix(stem));
        rest.is_some_and(|rest| rest.starts_with(b".so") || rest.starts_with(b"-"))
    };
    load::all().iter().map(Loaded::path).find(is_meant)
}

/// In the folder of the library from which the call comes.
pub(super) fn beside(caller: &Loaded, name: &[u8]) -> Option<LibraryIndex> {
    let payload = state::payload()?;
    let libraries = libraries()?;
    let folder = payload.entry(libraries.row(caller.index())?.entry).ok()?.parent;
    libraries.find(payload.child(folder, name, b"")?.index)
}

fn beside_python(name: &[u8]) -> Option<LibraryIndex> {
    let payload = state::payload()?;
    let folder = payload.child(EntryIndex::ROOT, b"lib", b"")?;
    libraries()?.find(payload.child(folder.index, name, b"")?.index)
}

fn has_name(index: LibraryIndex, name: &[u8]) -> bool {
    let (Some(payload), Some(libraries)) = (state::payload(), libraries()) else { return false };
    let entry = libraries.row(index).and_then(|row| payload.entry(row.entry).ok());
    if entry.is_some_and(|entry| entry.name == name) {
        return true;
    }
    let library = libraries.get(index).ok();
    let soname = library.as_ref().and_then(|library| library.soname());
    soname.and_then(|soname| soname.strip_suffix(b"\0")) == Some(name)
}
