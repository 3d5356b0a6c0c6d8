//! A whole source tree at once: how the runtime pack's standard library is compiled.

use std::path::PathBuf;
use std::sync::Arc;

use super::{
    BytecodeError, CompileRequest, Compiler, Diagnostic, LibraryModule, Optimization, Outcome, Scan, SourceText,
};

/// A source of the tree.
#[derive(Clone, Debug)]
pub struct TreeSource {
    /// The file.
    pub path: PathBuf,
    /// Its path below the virtual root, such as `lib/python3.13/json/__init__.py`.
    pub virtual_path: String,
}

/// A compiled module of the tree.
#[derive(Clone, Debug)]
pub struct TreeModule {
    /// What the pack's manifest says of it.
    pub module: LibraryModule,
    /// Canonical code bytes.
    pub code: Arc<[u8]>,
}

/// A compiled tree.
#[derive(Clone, Debug, Default)]
pub struct CompiledTree {
    /// Its modules, in the order of the sources.
    pub modules: Vec<TreeModule>,
    /// The virtual paths of the sources that are no modules, with the reason.
    pub rejected: Vec<(String, Vec<Diagnostic>)>,
}

/// Compiles all of `sources`, which lie below `library_path` (`lib/python3.13`).
///
/// # Errors
/// [`BytecodeError`] when the compile servers don't work.
pub fn compile_tree(
    compiler: &mut Compiler,
    library_path: &str,
    sources: &[TreeSource],
    optimization: Optimization,
    progress: &dyn Fn(usize),
) -> Result<CompiledTree, BytecodeError> {
    let request = |source: &TreeSource| CompileRequest {
        virtual_path: source.virtual_path.clone(),
        source: SourceText::Disk(source.path.clone()),
    };
    let requests: Vec<_> = sources.iter().map(request).collect();
    let outcomes = compiler.compile(&requests, optimization, progress)?;
    let mut tree = CompiledTree::default();
    for (source, outcome) in sources.iter().zip(outcomes) {
        let path = source.virtual_path.clone();
        match (outcome, module_name(&path, library_path)) {
            (Outcome::Compiled(compiled), Some((name, is_package))) => {
                // The standard library asks for no plugins.
                let scan = Scan { words: Vec::new(), ..compiled.scan };
                let module = LibraryModule { name, path, is_package, scan };
                tree.modules.push(TreeModule { module, code: compiled.code });
            }
            (Outcome::Compiled(_), None) => tree.rejected.push((path, Vec::new())),
            (Outcome::Rejected(diagnostics), _) => tree.rejected.push((path, diagnostics)),
            (Outcome::Unreadable(error), _) => {
                let diagnostic =
                    Diagnostic { kind: "OSError".into(), message: error.to_string(), ..Diagnostic::default() };
                tree.rejected.push((path, vec![diagnostic]));
            }
        }
    }
    Ok(tree)
}

/// The dotted name of the module at `path` below the directory `root`, and whether it is a package. `None` when no
/// import can reach it: a dot in a directory's or the file's name ends a module name.
#[must_use]
pub fn module_name(path: &str, root: &str) -> Option<(String, bool)> {
    let relative = if root.is_empty() { path } else { path.strip_prefix(root)?.strip_prefix('/')? };
    let stem = relative.strip_suffix(".py")?;
    if stem.contains('.') {
        return None;
    }
    match stem.strip_suffix("/__init__") {
        Some(package) => Some((package.replace('/', "."), true)),
        None => Some((stem.replace('/', "."), false)),
    }
}

#[cfg(test)]
mod tests {
    use super::module_name;

    #[test]
    fn names_of_modules() {
        let name = |path, root| module_name(path, root).map(|(name, is_package)| format!("{name} {is_package}"));
        assert_eq!(name("lib/python3.13/json/__init__.py", "lib/python3.13").as_deref(), Some("json true"));
        assert_eq!(name("app/main.py", "").as_deref(), Some("app.main false"));
        assert_eq!(name("app/0001_initial.py", "").as_deref(), Some("app.0001_initial false"));
        assert_eq!(name("app/a.b.py", ""), None);
        assert_eq!(name("lib/python3.130/x.py", "lib/python3.13"), None);
        assert_eq!(name("app/notes.txt", ""), None);
    }
}
