//! Where a `.pyc` file is, and what that says: `importlib.util.source_from_cache` and `cache_from_source`.
//!
//! Comes in: paths. Goes out: paths. Nothing is looked up on disk.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::magic::Interpreter;

/// The folder of PEP 3147.
pub const CACHE_FOLDER: &str = "__pycache__";
const OPTIMIZATION: &str = "opt-";
/// Behind the tag in the caches that pytest keeps of modules whose assertions it has rewritten.
pub(super) const PYTEST: &str = "-pytest-";

/// What a path says about a `.pyc` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The module's own name, without its package.
    pub module: String,
    /// How it lies to its source.
    pub placement: Placement,
    /// The tag of the interpreter that looks for it; none in a legacy place.
    pub tag: Option<String>,
    /// The optimization in its name: `1` of `.opt-1`; of `.pyo`, which optimized code had up to 3.4, `O`.
    pub optimization: Option<String>,
    /// Where its source is.
    pub source: PathBuf,
}

/// How a `.pyc` file lies to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// In `__pycache__`, as PEP 3147 has it.
    Cache,
    /// Below the folder that `PYTHONPYCACHEPREFIX` names.
    Prefix,
    /// Where its source would be: a cache up to 3.1, a module without source from then on.
    Legacy,
    /// In `__pycache__` under a name that no interpreter looks for.
    Odd,
}

/// What a file's path says, `prefix` being `PYTHONPYCACHEPREFIX`.
#[must_use]
pub fn location(path: &Path, prefix: Option<&Path>) -> Location {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_optimized = name.ends_with(".pyo");
    let stem = name.strip_suffix(".pyc").or_else(|| name.strip_suffix(".pyo")).unwrap_or(&name).to_owned();
    let folder = path.parent().unwrap_or(Path::new(""));
    let below_prefix = prefix.and_then(|prefix| folder.strip_prefix(prefix).ok());
    let is_cache = folder.file_name().is_some_and(|name| name == CACHE_FOLDER);
    let legacy = |placement| Location {
        source: folder.join(format!("{stem}.py")),
        module: stem.clone(),
        placement,
        tag: None,
        optimization: is_optimized.then(|| "O".to_owned()),
    };
    let (placement, source_folder) = match below_prefix {
        Some(below) => (Placement::Prefix, Path::new("/").join(below)),
        None if is_cache => (Placement::Cache, folder.parent().unwrap_or(Path::new("")).to_path_buf()),
        None => return legacy(Placement::Legacy),
    };
    let Some((module, tag, optimization)) = parts(&stem) else { return legacy(Placement::Odd) };
    Location {
        source: source_folder.join(format!("{module}.py")),
        module: module.to_owned(),
        placement,
        tag: Some(tag.to_owned()),
        optimization: optimization.map(str::to_owned).or_else(|| is_optimized.then(|| "O".to_owned())),
    }
}

/// `module.tag` and `module.tag.opt-1`, taken apart. The module's name may have dots.
fn parts(stem: &str) -> Option<(&str, &str, Option<&str>)> {
    if let Some(tag_end) = stem.find(PYTEST) {
        // With its version, which has dots of its own.
        let (module, tag) = stem.split_at_checked(stem.get(..tag_end)?.rfind('.')?)?;
        return Some((module, tag.strip_prefix('.')?, None));
    }
    let (before, last) = stem.rsplit_once('.')?;
    let level = last.strip_prefix(OPTIMIZATION);
    let is_level = |level: &str| !level.is_empty() && level.chars().all(char::is_alphanumeric);
    let (module, tag) = match level {
        Some(level) if is_level(level) => before.rsplit_once('.')?,
        Some(_) => return None,
        None => (before, last),
    };
    (!module.is_empty() && !tag.is_empty()).then_some((module, tag, level))
}

/// Where `interpreter` looks for the cache of a source, run with so many `-O`. With a prefix, `source` must be absolute.
#[must_use]
pub fn cache_of(source: &Path, interpreter: Interpreter, optimization: u8, prefix: Option<&Path>) -> PathBuf {
    let suffix = match optimization {
        1.. if !interpreter.has_optimization_tag() => "pyo",
        _ => "pyc",
    };
    if !interpreter.has_cache_folder() {
        return source.with_extension(suffix);
    }
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let level = match optimization {
        level @ 1.. if interpreter.has_optimization_tag() => format!(".{OPTIMIZATION}{level}"),
        _ => String::new(),
    };
    let name = format!("{stem}.{}{level}.{suffix}", interpreter.tag());
    let folder = source.parent().unwrap_or(Path::new(""));
    match prefix.filter(|_| interpreter.has_prefix()) {
        Some(prefix) => prefix.join(folder.strip_prefix("/").unwrap_or(folder)).join(name),
        None => folder.join(CACHE_FOLDER).join(name),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Placement, cache_of, location};

    #[test]
    fn names_taken_apart() {
        let cases = [
            ("a/__pycache__/b.cpython-313.pyc", Placement::Cache, "a/b.py", Some("cpython-313"), None),
            ("a/__pycache__/b.cpython-313.opt-2.pyc", Placement::Cache, "a/b.py", Some("cpython-313"), Some("2")),
            ("__pycache__/b.pypy39.pyc", Placement::Cache, "b.py", Some("pypy39"), None),
            ("__pycache__/b.cpython-34.pyo", Placement::Cache, "b.py", Some("cpython-34"), Some("O")),
            ("__pycache__/b.c.cpython-313.pyc", Placement::Cache, "b.c.py", Some("cpython-313"), None),
            (
                "__pycache__/b.cpython-313-pytest-8.3.4.pyc",
                Placement::Cache,
                "b.py",
                Some("cpython-313-pytest-8.3.4"),
                None,
            ),
            ("a/b.pyc", Placement::Legacy, "a/b.py", None, None),
            ("a/b.pyo", Placement::Legacy, "a/b.py", None, Some("O")),
            ("a/__pycache__/b.pyc", Placement::Odd, "a/__pycache__/b.py", None, None),
            ("a/__pycache__/b.cpython-313.opt-.pyc", Placement::Odd, "a/__pycache__/b.cpython-313.opt-.py", None, None),
            ("/x/src/b.cpython-313.pyc", Placement::Prefix, "/src/b.py", Some("cpython-313"), None),
        ];
        for (path, placement, source, tag, optimization) in cases {
            let found = location(Path::new(path), Some(Path::new("/x")));
            assert_eq!(
                (found.placement, found.source.as_path(), found.tag.as_deref(), found.optimization.as_deref()),
                (placement, Path::new(source), tag, optimization),
                "{path}"
            );
        }
    }

    #[test]
    fn caches_of_sources() {
        let cases = [
            ("a/b.py", "3.13", 0, None, "a/__pycache__/b.cpython-313.pyc"),
            ("a/b.py", "3.13", 2, None, "a/__pycache__/b.cpython-313.opt-2.pyc"),
            ("b.c.py", "3.5", 1, None, "__pycache__/b.c.cpython-35.opt-1.pyc"),
            ("b.py", "3.4", 1, None, "__pycache__/b.cpython-34.pyo"),
            ("a/b.py", "2.7", 0, None, "a/b.pyc"),
            ("a/b.py", "2.7", 1, None, "a/b.pyo"),
            ("/s/b.py", "3.8", 0, Some("/x"), "/x/s/b.cpython-38.pyc"),
            ("/s/b.py", "3.7", 0, Some("/x"), "/s/__pycache__/b.cpython-37.pyc"),
            ("b.py", "pypy3.10", 0, None, "__pycache__/b.pypy310.pyc"),
        ];
        for (source, interpreter, optimization, prefix, cache) in cases {
            let found = cache_of(Path::new(source), interpreter.parse().unwrap(), optimization, prefix.map(Path::new));
            assert_eq!(found, Path::new(cache));
            let back = location(&found, prefix.filter(|_| cache.starts_with("/x")).map(Path::new));
            assert_eq!(back.source, Path::new(source));
        }
    }
}
