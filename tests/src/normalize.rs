//! Makes two runs comparable: what names a place on this machine becomes a word.
//!
//! Comes in: text a program printed, and which paths mean what. Goes out: the same text with `<root>`, `<executable>`,
//! `<folder>` and without memory addresses. Nothing else may be touched: a difference in words is a difference.

use std::path::Path;

/// Replacements, applied in order of their length, longest first.
#[derive(Clone, Debug, Default)]
pub struct Normalizer {
    replacements: Vec<(String, String)>,
}

impl Normalizer {
    /// Replaces a path by a word.
    #[must_use]
    pub fn path(self, path: &Path, word: &str) -> Self {
        self.text(&path.display().to_string(), word)
    }

    /// Replaces a text by a word.
    #[must_use]
    pub fn text(mut self, text: &str, word: &str) -> Self {
        self.replacements.push((text.to_owned(), word.to_owned()));
        self.replacements.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        self
    }

    /// The text with all replacements made.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.replace("\r\n", "\n");
        for (from, to) in &self.replacements {
            text = text.replace(from, to);
        }
        without_addresses(&text)
    }
}

/// `0x7f3c…` becomes `0x…`.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut result = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        // Short ones are numbers that a program chose to print in hex.
        let is_address = part.len() - rest.len() >= 6;
        result.push_str(if is_address { "0x…" } else { "0x" });
        result.push_str(if is_address { rest } else { part });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_wins() {
        let normalizer = Normalizer::default().path(Path::new("/a"), "<a>").path(Path::new("/a/b"), "<b>");
        assert_eq!(normalizer.apply("/a/b/c /a/c"), "<b>/c <a>/c");
    }

    #[test]
    fn addresses_go_and_small_numbers_stay() {
        assert_eq!(Normalizer::default().apply("at 0x7f00deadbeef> 0x1f"), "at 0x…> 0x1f");
    }
}
