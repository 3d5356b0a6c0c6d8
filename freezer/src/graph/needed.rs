//! The modules that the interpreter itself imports.

/// Imported at every start, before the program's `sys.path` counts: a module of the project can't take their place.
pub(super) const AT_START: [&str; 7] =
    ["abc", "codecs", "encodings", "encodings.aliases", "encodings.utf_8", "io", "zipimport"];

/// Imported by the interpreter's own machinery when something asks for it: to print a traceback, to run a module, to
/// decode what every process may meet. No import statement of the program leads to them.
pub(super) const LATER: [&str; 18] = [
    "_pyfreeze_adapters",
    "_pyfreeze_bootstrap",
    "_pyfreeze_hooks",
    "encodings.ascii",
    "encodings.latin_1",
    "importlib",
    "importlib._abc",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "importlib.machinery",
    "importlib.util",
    "linecache",
    "os",
    "runpy",
    "tokenize",
    "traceback",
    "types",
    "warnings",
];

/// Modules that exist in every interpreter without being listed as builtin.
pub(super) const ALWAYS_THERE: [&str; 2] = ["_frozen_importlib", "_frozen_importlib_external"];

/// Modules without a file that their package puts into `sys.modules` (since 3.13, in `collections/__init__.py`). What
/// is below a module that is no package, such as `os.path`, needs no mention.
pub(super) const MADE_BY_PACKAGE: [&str; 1] = ["collections.abc"];

/// What the bootstrap answers with `_pyfreeze_hooks` where the program has no module of this name.
pub(super) const HOOKS: &str = "pyfreeze";
