//! The `__main__.py` with which Python runs what was extracted.
//!
//! Comes in: the start settings of a payload. Goes out: a Python source. What comes from a payload stands in it as JSON
//! texts and numbers, which are Python's too, and so can't end a literal early.

use pyfreeze_format::{EntryPointKind, SettingKey, Settings};

use super::ROOT_NAME;

const TEMPLATE: &str = include_str!("../../../templates/extract/__main__.py");
const PLACE: &str = "# <settings>";

/// The source; `kind` says how the program is run.
pub(super) fn launcher(settings: &Settings<'_>, kind: EntryPointKind) -> String {
    debug_assert!(TEMPLATE.contains(&format!("\"{ROOT_NAME}\"")), "the template names the same folder");
    let version = settings.text(SettingKey::PythonVersion);
    let version: Vec<u32> = version.split('.').take(2).filter_map(|number| number.parse().ok()).collect();
    let mut options: Vec<String> = settings.texts(SettingKey::PythonOption).map(str::to_owned).collect();
    match settings.number(SettingKey::Optimization) {
        0 => {}
        1 => options.push("-O".to_owned()),
        _ => options.push("-OO".to_owned()),
    }
    let path: Vec<_> = settings.texts(SettingKey::SearchPath).collect();
    let lines = [
        ("ENTRY_POINT", literal(&settings.text(SettingKey::EntryPointPath))),
        ("IS_FOLDER", literal(&u8::from(kind == EntryPointKind::Folder))),
        ("SEARCH_PATH", literal(&path)),
        ("LIBRARY", literal(&settings.text(SettingKey::LibraryPath))),
        ("PYTHON", literal(&version)),
        ("OPTIONS", literal(&options)),
    ];
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    TEMPLATE.replacen(PLACE, &lines.join("\n"), 1)
}

/// OK because texts, numbers and lists of them have no form that JSON lacks.
fn literal<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
