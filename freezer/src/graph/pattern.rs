//! Patterns of module names, as `--include` and `--exclude` take them.

/// A module name in which `*` stands for any characters, dots among them.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.trim().to_owned() }
    }

    /// The part before the first component with a `*`: the whole if there is none.
    pub(super) fn base(&self) -> &str {
        let Some(star) = self.text.find('*') else { return &self.text };
        self.text[..star].rsplit_once('.').map_or("", |(base, _)| base)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn has_star(&self) -> bool {
        self.text.contains('*')
    }

    /// True if `name` fits.
    pub(super) fn fits(&self, name: &str) -> bool {
        fits(self.text.as_bytes(), name.as_bytes())
    }

    /// True if `name` or a package that it is in fits.
    pub(crate) fn covers(&self, name: &str) -> bool {
        let ends = name.match_indices('.').map(|(end, _)| end).chain([name.len()]);
        ends.into_iter().any(|end| self.fits(&name[..end]))
    }
}

/// Greedy matching that returns to the last `*`, so that no pattern takes exponential time.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while position < name.len() {
        if pattern.get(at) == Some(&b'*') {
            retry = Some((at, position));
            at += 1;
        } else if pattern.get(at) == Some(&name[position]) {
            at += 1;
            position += 1;
        } else if let Some((star, start)) = retry {
            retry = Some((star, start + 1));
            (at, position) = (star + 1, start + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn names_fit_and_are_covered() {
        let covers = |pattern: &str, name: &str| Pattern::new(pattern).covers(name);
        assert!(covers("a", "a") && covers("a", "a.b.c") && !covers("a", "ab") && !covers("a.b", "a"));
        assert!(covers("a.*", "a.b") && covers("a.*", "a.b.c") && !covers("a.*", "a"));
        assert!(covers("a.*.tests", "a.b.tests.x") && !covers("a.*.tests", "a.b.test"));
        assert!(covers("*_test", "x.y_test"));
    }

    #[test]
    fn base_of_a_pattern() {
        assert_eq!(Pattern::new("a.b.*").base(), "a.b");
        assert_eq!(Pattern::new("a.b*").base(), "a");
        assert_eq!(Pattern::new("a.b").base(), "a.b");
        assert_eq!(Pattern::new("*").base(), "");
    }
}
