//! What one module imports and offers, as the compile server found it in the syntax tree.
//!
//! Comes in: the server's JSON. Goes out: plain facts, not yet resolved against anything. The short keys keep the
//! runtime pack's manifest, which holds the scans of the whole standard library, small.

use serde::{Deserialize, Serialize};

/// The import facts of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Its imports, by line.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Import>,
    /// The literal part of `__all__`.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub all_names: Vec<String>,
    /// The entry-point groups it asks for by a literal name.
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    pub entry_point_groups: Vec<String>,
    /// The texts in it that may name an entry-point group.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The last line of the imports with which it begins: before it, it does nothing else; 0 if it begins with none.
    #[serde(rename = "s", default, skip_serializing_if = "is_no_line")]
    pub prefix_end: u32,
}

/// One import: a statement, or a call with a literal name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The module as written, without leading dots.
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The number of leading dots.
    #[serde(rename = "l", default, skip_serializing_if = "is_zero")]
    pub level: usize,
    /// The names of `from … import …`, `*` among them.
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The line, from 1.
    #[serde(rename = "r", default)]
    pub line: u32,
    /// When it is executed.
    #[serde(rename = "c", default, skip_serializing_if = "Context::is_always")]
    pub context: Context,
}

/// When an import is executed. `compile_server.py` writes the same letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Context {
    /// Whenever its module is.
    #[default]
    #[serde(rename = "")]
    Always,
    /// In an `if`, a loop or a `match`.
    #[serde(rename = "c")]
    Condition,
    /// In a function.
    #[serde(rename = "f")]
    Function,
    /// Where an `ImportError` is caught.
    #[serde(rename = "t")]
    Try,
    /// Under `__name__ == "__main__"`.
    #[serde(rename = "m")]
    Main,
    /// Under `TYPE_CHECKING`, or a condition that is false with this runtime, such as another platform.
    #[serde(rename = "n")]
    Never,
}

impl Context {
    /// True at the top level of the module or of a class in it.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::Always
    }
}

// serde hands over references.
fn is_no_line(line: &u32) -> bool {
    *line == 0
}

fn is_zero(level: &usize) -> bool {
    *level == 0
}

#[cfg(test)]
mod tests {
    use super::{Context, Import, Scan};

    #[test]
    fn json_of_the_server_is_read() {
        let json = r#"{"a":["x"],"g":["app.plugins"],"i":[{"m":"os","r":1},{"l":2,"n":["c"],"c":"t","r":3}],"s":3}"#;
        let scan: Scan = serde_json::from_str(json).unwrap();
        let relative =
            Import { level: 2, names: vec!["c".into()], context: Context::Try, line: 3, ..Import::default() };
        assert_eq!(scan.imports, [Import { module: "os".into(), line: 1, ..Import::default() }, relative]);
        assert_eq!(scan.all_names, ["x"]);
        assert_eq!(scan.prefix_end, 3);
        assert_eq!(scan.entry_point_groups, ["app.plugins"]);
        let again: Scan = serde_json::from_str(&serde_json::to_string(&scan).unwrap()).unwrap();
        assert_eq!(again, scan);
    }
}
