//! Where each library finds those that it needs.
//!
//! Comes in: the libraries of the payload by path, and what is carried along or expected of the host. Goes out: for
//! each `DT_NEEDED` the library that is meant. The order is the dynamic loader's (ld.so(8)): the folders of RUNPATH
//! or RPATH, then what has the same SONAME, then the host.

use std::collections::HashMap;

use super::elf::Elf;
use super::host;

/// What a `DT_NEEDED` comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The library of this index in the payload.
    Library(usize),
    /// A library of the host.
    Host(String),
    /// Nowhere.
    Missing(String),
}

/// The libraries by which others may call them.
pub(super) struct Names<'a> {
    by_path: HashMap<&'a str, usize>,
    /// By SONAME and by file name.
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(libraries: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let (mut by_path, mut by_name) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        for (index, (path, soname)) in libraries.enumerate() {
            by_path.insert(path, index);
            let file_name = path.rsplit('/').next().unwrap_or(path);
            by_name.entry(file_name).or_default().push(index);
            if let Some(soname) = soname.filter(|soname| *soname != file_name) {
                by_name.entry(soname).or_default().push(index);
            }
        }
        Self { by_path, by_name }
    }

    /// The libraries of this SONAME or file name.
    pub(super) fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// What `elf` at `path` means by `name`.
    pub(super) fn find(&self, path: &str, elf: &Elf<'_>, name: &str, is_near: impl Fn(usize) -> bool) -> Found {
        if host::is_glibc(name) {
            return Found::Host(name.to_owned());
        }
        for folder in elf.search.iter().filter_map(|folder| in_payload(path, folder)) {
            if let Some(index) = self.by_path.get(join(&folder, name).as_str()) {
                return Found::Library(*index);
            }
        }
        let named = self.named(name);
        match named.iter().find(|index| is_near(**index)).or(named.first()) {
            Some(index) => Found::Library(*index),
            None => Found::Missing(name.to_owned()),
        }
    }
}

/// The folder of the payload that an entry of RUNPATH means to the library at `path`.
fn in_payload(path: &str, folder: &str) -> Option<String> {
    let rest = folder.strip_prefix("$ORIGIN").or_else(|| folder.strip_prefix("${ORIGIN}"))?;
    let origin = path.rsplit_once('/').map_or("", |(origin, _)| origin);
    let mut parts = Vec::new();
    for part in origin.split('/').chain(rest.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::in_payload;

    #[test]
    fn folders_relative_to_the_library() {
        let folder = |folder| in_payload("lib/site-packages/numpy/core/x.so", folder);
        assert_eq!(folder("$ORIGIN").as_deref(), Some("lib/site-packages/numpy/core"));
        assert_eq!(folder("$ORIGIN/../../numpy.libs/").as_deref(), Some("lib/site-packages/numpy.libs"));
        assert_eq!(folder("${ORIGIN}/./.").as_deref(), Some("lib/site-packages/numpy/core"));
        assert_eq!(folder("$ORIGIN/../../../../.."), None);
        assert_eq!(folder("/usr/lib"), None);
    }
}
