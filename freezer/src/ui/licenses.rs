//! What `pyfreeze inspect --licenses` says: every text under the name of what it is for.

use crate::inspect::LicenseNotice;

const RULE: &str = "================================================================================";

/// All texts; then what has none.
#[must_use]
pub fn license_text(notices: &[LicenseNotice]) -> String {
    let mut text = String::new();
    for notice in notices.iter().filter(|notice| !notice.texts.is_empty()) {
        for file in &notice.texts {
            text += &format!("{RULE}\n{}\n{}\n{RULE}\n\n{}\n\n", title(notice), file.path, file.text.trim_end());
        }
    }
    let lacking = |notice: &&LicenseNotice| notice.texts.is_empty() && notice.part_of.is_none();
    text += &listed("Without a text of their own:", notices.iter().filter(lacking));
    let parts = |notice: &&LicenseNotice| notice.texts.is_empty() && notice.part_of.is_some();
    text + &listed("Brought by a distribution, whose texts above should speak of them:", notices.iter().filter(parts))
}

fn listed<'n>(head: &str, notices: impl Iterator<Item = &'n LicenseNotice>) -> String {
    let lines: String = notices.map(|notice| format!("  {}\n", title(notice))).collect();
    if lines.is_empty() { lines } else { format!("{head}\n{lines}") }
}

fn title(notice: &LicenseNotice) -> String {
    let version = notice.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let license = if notice.license.is_empty() { "licence not stated" } else { &notice.license };
    let part_of = notice.part_of.as_ref().map(|name| format!(" (in {name})")).unwrap_or_default();
    format!("{}{version}{part_of}: {license}", notice.name)
}

#[cfg(test)]
mod tests {
    use super::{LicenseNotice, RULE, license_text};
    use crate::inspect::LicenseText;
    use crate::sbom::ComponentKind;

    #[test]
    fn texts_then_what_has_none() {
        let notice = |name: &str, license: &str, part_of: Option<&str>, texts| LicenseNotice {
            kind: ComponentKind::Distribution,
            name: name.into(),
            version: Some("1".into()),
            license: license.into(),
            part_of: part_of.map(str::to_owned),
            texts,
        };
        let text = LicenseText { path: "a/LICENSE".into(), text: "Do as you like.\n\n".into() };
        let notices = [
            notice("a", "MIT", None, vec![text]),
            notice("b", "", None, Vec::new()),
            notice("libz", "Zlib", Some("a"), Vec::new()),
        ];
        let expected = format!(
            "{RULE}\na 1: MIT\na/LICENSE\n{RULE}\n\nDo as you like.\n\nWithout a text of their own:\n  b 1: licence not stated\n\
             Brought by a distribution, whose texts above should speak of them:\n  libz 1 (in a): Zlib\n"
        );
        assert_eq!(license_text(&notices), expected);
    }
}
