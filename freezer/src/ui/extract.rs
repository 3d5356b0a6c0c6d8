//! What `pyfreeze extract` says.

use super::{count_text, size_text};
use crate::extract::Extracted;

/// What was written, and how to run it.
#[must_use]
pub fn extract_summary(folder: &str, extracted: &Extracted) -> String {
    let Extracted { source_count, compiled_count, library_count, file_count, size, python, .. } = extracted;
    let counts = [
        (*source_count, "modules"),
        (*compiled_count, "compiled modules without source"),
        (*library_count, "shared libraries"),
        (*file_count, "other files"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, what)| format!("{} {what}", count_text(*count))).collect();
    format!(
        "{folder}: {}, {}\nrun it with Python {python}: python{python} {folder}\n",
        counts.join(", "),
        size_text(*size)
    )
}

#[cfg(test)]
mod tests {
    use super::{Extracted, extract_summary};

    #[test]
    fn extraction_in_words() {
        let extracted = Extracted {
            python: "3.13".into(),
            source_count: 1204,
            file_count: 3,
            size: 5_100_000,
            ..Extracted::default()
        };
        assert_eq!(
            extract_summary("out", &extracted),
            "out: 1,204 modules, 3 other files, 5.1 MB\nrun it with Python 3.13: python3.13 out\n"
        );
    }
}
