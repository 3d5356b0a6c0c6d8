//! Which paths lie in the payload.
//!
//! Comes in: a path as the program gave it. Goes out: the entry it means, or that it means nothing of ours. Both
//! spellings of the virtual root count: `/proc/self/exe/…`, and `<real path of the executable>/…`, which is what
//! `os.path.realpath` makes of the first.

use pyfreeze_format::{Entry, Nowhere, Payload, VIRTUAL_ROOT};

/// What a path means.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Not ours: the kernel's business.
    Outside,
    /// The virtual root itself, written as `/proc/self/exe`: a directory, and to the kernel a symbolic link.
    Root(Entry<'a>),
    /// The executable by its real path: a file, and the virtual root only where nothing else makes sense.
    Executable(Entry<'a>),
    /// A file or directory below the virtual root.
    Inside(Entry<'a>),
    /// Below the virtual root, but there is nothing.
    Nowhere(Nowhere),
}

/// Finds what `path` means to a process whose executable's real path is `executable`.
#[must_use]
pub fn target<'a>(payload: &Payload<'a>, executable: &[u8], path: &[u8]) -> Target<'a> {
    let Some((rest, is_real_path)) = below(path, VIRTUAL_ROOT.as_bytes())
        .map(|rest| (rest, false))
        .or_else(|| below(path, executable).map(|rest| (rest, true)))
    else {
        return Target::Outside;
    };
    let is_root_itself = rest.iter().all(|byte| *byte == b'/');
    match payload.locate(rest) {
        Ok(entry) if is_root_itself && is_real_path => Target::Executable(entry),
        Ok(entry) if is_root_itself => Target::Root(entry),
        Ok(entry) if entry.is_directory() || entry.has_content() => Target::Inside(entry),
        Ok(_) => Target::Nowhere(Nowhere::Missing),
        Err(reason) => Target::Nowhere(reason),
    }
}

/// What follows `root` in `path`, if `path` is `root` or lies below it.
#[must_use]
pub fn below<'p>(path: &'p [u8], root: &[u8]) -> Option<&'p [u8]> {
    let rest = path.strip_prefix(root)?;
    let is_below = !root.is_empty() && rest.first().is_none_or(|byte| *byte == b'/');
    is_below.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn only_whole_components_count() {
        assert_eq!(below(b"/proc/self/exe/a", b"/proc/self/exe"), Some(&b"/a"[..]));
        assert_eq!(below(b"/proc/self/exe", b"/proc/self/exe"), Some(&b""[..]));
        assert_eq!(below(b"/proc/self/execve", b"/proc/self/exe"), None);
        assert_eq!(below(b"/anything", b""), None);
    }
}
