//! What `pyfreeze verify` says.

use super::Style;
use super::summary::row;
use crate::inspect::Verification;

/// Damaged files that are named, before "and … more".
const FILE_LIMIT: usize = 3;

/// Nothing has changed, or nothing that was asked about.
#[must_use]
pub fn verified(path: &str, verification: &Verification, style: Style) -> String {
    let words = if verification.is_intact { "intact, every byte" } else { "payload intact; changed around it" };
    format!("{path}: {words}\n")
        + &row(style, "payload", &verification.digest)
        + &row(
            style,
            "file",
            if verification.is_intact { &verification.file_digest } else { "differs from its digest" },
        )
}

/// What has changed, and what the user could do.
#[must_use]
pub fn verify_problem(path: &str, verification: &Verification) -> (String, Vec<String>) {
    let copying = "the file may have been damaged while copying; fetch it again".to_owned();
    if verification.is_payload_intact {
        let message = format!("`{path}` was changed around its payload: the runtime's bytes differ from their digest");
        let accept =
            "`strip`, `objcopy` and signatures do that; `--payload-only` accepts it and checks the rest".to_owned();
        return (message, vec![accept, copying]);
    }
    let names: Vec<_> = verification.damaged_files.iter().take(FILE_LIMIT).map(|file| format!("`{file}`")).collect();
    let more = verification.damaged_files.len().saturating_sub(names.len());
    let names = names.join(", ");
    let what = match (verification.damaged_files.len(), more) {
        (0, _) => "its payload differs from its digest, outside of any file in it".to_owned(),
        (1, _) => format!("{names} differs from its digest"),
        (_, 0) => format!("{names} differ from their digests"),
        (_, more) => format!("{names} and {more} more files differ from their digests"),
    };
    (format!("`{path}` is damaged: {what}"), vec![copying])
}

#[cfg(test)]
mod tests {
    use super::{Style, Verification, verified, verify_problem};

    fn verification(is_payload_intact: bool, files: &[&str]) -> Verification {
        Verification {
            digest: "00ff".into(),
            file_digest: "11ee".into(),
            is_intact: false,
            is_payload_intact,
            damaged_files: files.iter().map(|file| (*file).to_owned()).collect(),
        }
    }

    #[test]
    fn verification_in_words() {
        let intact = Verification { is_intact: true, ..verification(true, &[]) };
        assert_eq!(
            verified("app", &intact, Style::Plain),
            "app: intact, every byte\n  payload    00ff\n  file       11ee\n"
        );
        let stripped = verification(true, &[]);
        assert_eq!(
            verified("app", &stripped, Style::Plain),
            "app: payload intact; changed around it\n  payload    00ff\n  file       differs from its digest\n"
        );
        let (message, hints) = verify_problem("app", &stripped);
        assert_eq!(message, "`app` was changed around its payload: the runtime's bytes differ from their digest");
        assert_eq!(hints.len(), 2);
    }

    #[test]
    fn damaged_files_are_named() {
        let message = |files: &[&str]| verify_problem("app", &verification(false, files)).0;
        assert_eq!(message(&[]), "`app` is damaged: its payload differs from its digest, outside of any file in it");
        assert_eq!(message(&["a.py"]), "`app` is damaged: `a.py` differs from its digest");
        assert_eq!(message(&["a", "b"]), "`app` is damaged: `a`, `b` differ from their digests");
        assert_eq!(
            message(&["a", "b", "c", "d"]),
            "`app` is damaged: `a`, `b`, `c` and 1 more files differ from their digests"
        );
    }
}
