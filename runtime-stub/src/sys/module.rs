//! The builtin module `_pyfreeze`: native lookup in the payload's tree, for the import bootstrap.
//!
//! `shim.c` holds the module's method table; the functions are here. Python calls them with the GIL held.

use core::ffi::{CStr, c_char};
use core::slice;

use pyfreeze_format::{Entry, EntryIndex, EntryKind, Payload, VIRTUAL_ROOT};

use crate::sys::loader::find;
use crate::sys::object::{Object, PyObject, Raised, Scratch, into_c, raise_import_error};
use crate::sys::{content, state, zstd};
use crate::virtual_path::Target;

/// [`VIRTUAL_ROOT`] as C text, for the module's constant.
// SAFETY: the name is ours alone.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "a C name")]
static pyfreeze_virtual_root: [c_char; VIRTUAL_ROOT.len() + 1] = {
    let mut text = [0; VIRTUAL_ROOT.len() + 1];
    let mut index = 0;
    while index < VIRTUAL_ROOT.len() {
        text[index] = VIRTUAL_ROOT.as_bytes()[index].cast_signed();
        index += 1;
    }
    text
};

/// Longest path that `find` composes; a longer one is left to `PathFinder`, which will not find it either.
const MAX_PATH_SIZE: usize = libc::PATH_MAX as usize;

/// A path composed on the stack.
struct Path {
    bytes: [u8; MAX_PATH_SIZE],
    size: usize,
}

impl Path {
    fn join(parts: &[&[u8]]) -> Option<Self> {
        let mut path = Self { bytes: [0; MAX_PATH_SIZE], size: 0 };
        for part in parts {
            let end = path.size.checked_add(part.len())?;
            path.bytes.get_mut(path.size..end)?.copy_from_slice(part);
            path.size = end;
        }
        Some(path)
    }

    fn text(&self) -> Result<Object, Raised> {
        Object::text(self.bytes.get(..self.size).unwrap_or_default())
    }
}

/// What a path string means; text with surrogates and other objects are not ours.
fn target(path: &Object) -> Target<'static> {
    path.utf8().map_or(Target::Outside, state::target)
}

fn directory(target: Target<'static>) -> Option<Entry<'static>> {
    match target {
        Target::Root(entry) | Target::Executable(entry) => Some(entry),
        Target::Inside(entry) if entry.is_directory() => Some(entry),
        Target::Inside(_) | Target::Nowhere(_) | Target::Outside => None,
    }
}

/// Where one directory of a search path has the module.
enum Found {
    Nothing,
    Module {
        entry: Entry<'static>,
        package: bool,
    },
    /// A shared library: the suffix of its file, and whether it is a package's `__init__`.
    Extension {
        suffix: &'static [u8],
        package: bool,
    },
    /// A directory without `__init__.py`: perhaps a namespace portion.
    Portion,
}

fn look_in(directory: &Entry<'static>, tail: &[u8]) -> Found {
    let Some(payload) = state::payload() else { return Found::Nothing };
    let folder = payload.child(directory.index, tail, b"").filter(Entry::is_directory);
    if let Some(folder) = &folder
        && let Some(suffix) = extension(payload, folder.index, b"__init__")
    {
        return Found::Extension { suffix, package: true };
    }
    if let Some(folder) = &folder
        && let Some(entry) = payload.child(folder.index, b"__init__", b".py").filter(Entry::has_code)
    {
        return Found::Module { entry, package: true };
    }
    if let Some(suffix) = extension(payload, directory.index, tail) {
        return Found::Extension { suffix, package: false };
    }
    match payload.child(directory.index, tail, b".py").filter(Entry::has_code) {
        Some(entry) => Found::Module { entry, package: false },
        None if folder.is_some() => Found::Portion,
        None => Found::Nothing,
    }
}

unsafe extern "C" {
    /// The suffixes of extension modules in the order in which they are tried, then null (Python/dynload_shlib.c).
    static _PyImport_DynLoadFiletab: [*const c_char; MAX_SUFFIX_COUNT];
}

/// No CPython has more.
const MAX_SUFFIX_COUNT: usize = 4;

/// The suffix with which a directory has the shared library of a module.
fn extension(payload: &Payload<'static>, directory: EntryIndex, name: &[u8]) -> Option<&'static [u8]> {
    suffixes().find(|suffix| payload.child(directory, name, suffix).is_some_and(|entry| entry.is_library))
}

fn suffixes() -> impl Iterator<Item = &'static [u8]> {
    let table = (&raw const _PyImport_DynLoadFiletab).cast::<*const c_char>();
    (0..MAX_SUFFIX_COUNT).map_while(move |position| {
        // SAFETY: a constant array of CPython's that ends with null, where `map_while` stops.
        let suffix = unsafe { *table.add(position) };
        // SAFETY: the suffixes are string literals.
        (!suffix.is_null()).then(|| unsafe { CStr::from_ptr(suffix) }.to_bytes())
    })
}

/// `find(fullname, path)`: the module's entry (None for a shared library), origin, cached path and, for a package,
/// directory; None where `PathFinder` has to decide (see `PayloadFinder`).
fn find(fullname: &Object, path: &Object) -> Result<Object, Raised> {
    let Some(fullname) = fullname.utf8() else { return Ok(Object::none()) };
    let tail = fullname.rsplit(|byte| *byte == b'.').next().unwrap_or(fullname);
    for item in path.iterate()? {
        let target = target(&item);
        let found = match directory(target) {
            Some(directory) => look_in(&directory, tail),
            // A missing directory of the payload holds nothing; anything else may be on disk.
            None if matches!(target, Target::Nowhere(_)) => Found::Nothing,
            None => Found::Portion,
        };
        match found {
            Found::Nothing => {}
            Found::Portion => return Ok(Object::none()),
            Found::Module { entry, package } => return describe(&item, tail, &entry, package),
            Found::Extension { suffix, package } => return describe_extension(&item, tail, suffix, package),
        }
    }
    Ok(Object::none())
}

fn describe(item: &Object, tail: &[u8], entry: &Entry<'static>, package: bool) -> Result<Object, Raised> {
    let directory = item.utf8().unwrap_or_default();
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    let suffix = cached_suffix();
    let parts: [&[&[u8]]; 3] = if package {
        [
            &[directory, b"/", tail, b"/__init__.py"],
            &[directory, b"/", tail, b"/__pycache__/__init__", suffix],
            &[directory, b"/", tail],
        ]
    } else {
        [&[directory, b"/", tail, b".py"], &[directory, b"/__pycache__/", tail, suffix], &[]]
    };
    let [Some(origin), Some(cached), Some(folder)] = parts.map(Path::join) else { return Ok(Object::none()) };
    let folder = if package { folder.text()? } else { Object::none() };
    Object::tuple([Object::number(entry.index.0)?, origin.text()?, cached.text()?, folder])
}

fn describe_extension(item: &Object, tail: &[u8], suffix: &[u8], package: bool) -> Result<Object, Raised> {
    let directory = item.utf8().unwrap_or_default();
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    let init: &[u8] = if package { b"/__init__" } else { b"" };
    let origin = Path::join(&[directory, b"/", tail, init, suffix]);
    let folder = Path::join(&[directory, b"/", tail]).filter(|_| package);
    let Some(origin) = origin else { return Ok(Object::none()) };
    let folder = folder.map_or_else(|| Ok(Object::none()), |folder| folder.text())?;
    Object::tuple([Object::none(), origin.text()?, Object::none(), folder])
}

/// How the names of bytecode files end (PEP 3147, PEP 488); the version is that of the runtime's headers.
fn cached_suffix() -> &'static [u8] {
    let optimization =
        state::payload().map(|payload| payload.settings().number(pyfreeze_format::SettingKey::Optimization));
    match optimization {
        Some(1) => b".cpython-313.opt-1.pyc",
        Some(2) => b".cpython-313.opt-2.pyc",
        _ => b".cpython-313.pyc",
    }
}

fn entry_of(number: &Object) -> Result<Entry<'static>, Raised> {
    let index = EntryIndex(number.as_number()?);
    let entry = state::payload().and_then(|payload| payload.entry(index).ok());
    entry.map_or_else(|| raise_import_error(c"no such entry in the embedded payload"), Ok)
}

/// A module's code object.
pub(crate) fn code(entry: &Entry<'static>) -> Result<Object, Raised> {
    let blob = state::payload().and_then(|payload| payload.code(entry).ok().flatten());
    let Some(blob) = blob else { return raise_import_error(c"the embedded payload has no code for this module") };
    if !blob.is_compressed() {
        return Object::unmarshal(blob.stored);
    }
    let size = blob.size as usize;
    let Some(scratch) = Scratch::new(size) else { return raise_import_error(c"out of memory") };
    // SAFETY: the scratch memory has `size` bytes and is ours.
    if !unsafe { zstd::decode(&blob, scratch.pointer()) } {
        return raise_import_error(c"the code of this module in the embedded payload is damaged");
    }
    // SAFETY: `decode` has written all `size` bytes, and the scratch memory outlives the slice.
    Object::unmarshal(unsafe { slice::from_raw_parts(scratch.pointer(), size) })
}

fn data(entry: &Entry<'static>) -> Result<Object, Raised> {
    let Some(content) = content::of(entry) else { return Ok(Object::none()) };
    // SAFETY: `bytes` passes memory of just this size.
    Object::bytes(usize::try_from(content.size()).unwrap_or(usize::MAX), |memory| unsafe { content.write(memory) })
}

/// The modules in a directory as (name, is_package), sorted as the entries are; a package needs an `__init__.py`.
fn modules(path: &Object) -> Result<Object, Raised> {
    let list = Object::list()?;
    let (Some(payload), Some(directory)) = (state::payload(), directory(target(path))) else { return Ok(list) };
    for child in payload.children(&directory) {
        let (name, package) = match child.kind {
            EntryKind::Directory => {
                let source = payload.child(child.index, b"__init__", b".py").filter(Entry::has_code);
                if source.is_none() && extension(payload, child.index, b"__init__").is_none() {
                    continue;
                }
                (child.name, true)
            }
            EntryKind::File if child.is_library => {
                match suffixes().find_map(|suffix| child.name.strip_suffix(suffix)) {
                    Some(name) if name != b"__init__" => (name, false),
                    _ => continue,
                }
            }
            EntryKind::File => match child.name.strip_suffix(b".py") {
                Some(name) if child.has_code() && name != b"__init__" => (name, false),
                _ => continue,
            },
        };
        if !name.contains(&b'.') {
            list.append(&Object::tuple([Object::text(name)?, Object::boolean(package)?])?)?;
        }
    }
    Ok(list)
}

// SAFETY (all exported functions of this file): named only by the method table in shim.c, with the signatures of
// METH_O and METH_FASTCALL; Python passes live objects and holds the GIL.

/// `_pyfreeze.find(fullname, path)`.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_find(_module: *mut PyObject, arguments: *const *mut PyObject, count: isize) -> *mut PyObject {
    if count != 2 {
        return into_c(raise_import_error(c"find() takes two arguments"));
    }
    // SAFETY: METH_FASTCALL passes an array of `count` arguments.
    let (fullname, path) = unsafe { (*arguments, *arguments.add(1)) };
    // SAFETY: arguments are live objects.
    let (fullname, path) = unsafe { (Object::borrowed(fullname), Object::borrowed(path)) };
    into_c(find(&fullname, &path))
}

/// The virtual path of the shared library `lib<stem>.so…`, or None.
fn library(stem: &Object) -> Result<Object, Raised> {
    let path = stem.utf8().and_then(find::by_stem);
    path.map_or_else(|| Ok(Object::none()), |path| Object::text(path.to_bytes()))
}

/// `_pyfreeze.loaded_libraries()`.
#[unsafe(no_mangle)]
extern "C" fn pyfreeze_loaded_libraries(
    _module: *mut PyObject,
    _arguments: *const *mut PyObject,
    _count: isize,
) -> *mut PyObject {
    let paths = || {
        let list = Object::list()?;
        find::loaded_paths().try_for_each(|path| list.append(&Object::text(path.to_bytes())?))?;
        Ok(list)
    };
    into_c(paths())
}

macro_rules! functions_of_one_argument {
    ($($(#[$doc:meta])* $name:ident($argument:ident) $body:expr;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $name(_module: *mut PyObject, argument: *mut PyObject) -> *mut PyObject {
            // SAFETY: METH_O passes a live object.
            let $argument = unsafe { Object::borrowed(argument) };
            into_c($body)
        }
    )*};
}

functions_of_one_argument! {
    /// `_pyfreeze.entry(path)`.
    pyfreeze_entry(path) match path.utf8().and_then(file_at) {
        Some(entry) => Object::number(entry.index.0),
        None => Ok(Object::none()),
    };
    /// `_pyfreeze.code(entry)`.
    pyfreeze_code(number) entry_of(&number).and_then(|entry| code(&entry));
    /// `_pyfreeze.data(entry)`.
    pyfreeze_data(number) entry_of(&number).and_then(|entry| data(&entry));
    /// `_pyfreeze.has_code(entry)`.
    pyfreeze_has_code(number) entry_of(&number).and_then(|entry| Object::boolean(entry.has_code()));
    /// `_pyfreeze.is_directory(path)`.
    pyfreeze_is_directory(path) Object::boolean(directory(target(&path)).is_some());
    /// `_pyfreeze.is_virtual(path)`.
    pyfreeze_is_virtual(path) Object::boolean(!matches!(target(&path), Target::Outside | Target::Executable(_)));
    /// `_pyfreeze.is_library(path)`.
    pyfreeze_is_library(path) Object::boolean(matches!(target(&path), Target::Inside(entry) if entry.is_library));
    /// `_pyfreeze.library(stem)`.
    pyfreeze_library(stem) library(&stem);
    /// `_pyfreeze.modules(path)`.
    pyfreeze_modules(path) modules(&path);
}

/// The file at a virtual path, hidden ones (modules without source) included.
fn file_at(path: &[u8]) -> Option<Entry<'static>> {
    let payload = state::payload()?;
    let roots = [VIRTUAL_ROOT.as_bytes(), state::executable()];
    let rest = roots.into_iter().find_map(|root| crate::virtual_path::below(path, root))?;
    payload.walk(rest).filter(|entry| !entry.is_directory())
}
