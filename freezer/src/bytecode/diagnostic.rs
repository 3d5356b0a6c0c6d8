//! What the compiler says about a source.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// An error or a warning of the compiler about one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The exception's name, such as `IndentationError`.
    pub kind: String,
    /// Its text.
    pub message: String,
    /// The line, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The first character, from 1.
    #[serde(default)]
    pub column: Option<usize>,
    /// The last line, from 1.
    #[serde(default)]
    pub end_line: Option<u32>,
    /// The character behind the last one, from 1.
    #[serde(default)]
    pub end_column: Option<usize>,
    /// The source line.
    #[serde(default)]
    pub text: Option<String>,
}

impl Diagnostic {
    /// The diagnostic as python prints an uncaught `SyntaxError`: file and line, source line, carets, message.
    #[must_use]
    pub fn render(&self, path: &str) -> String {
        let mut rendered = format!("  File \"{path}\"");
        if let Some(line) = self.line {
            // OK because writing to a String can't fail.
            let _ = write!(rendered, ", line {line}");
        }
        rendered.push('\n');
        if let Some(text) = &self.text {
            self.render_text(text, &mut rendered);
        }
        let _ = write!(rendered, "{}: {}", self.kind, self.message);
        rendered
    }

    /// The stripped source line and the carets below it, as `traceback` does it.
    fn render_text(&self, text: &str, rendered: &mut String) {
        let stripped = text.trim_start_matches([' ', '\n', '\x0c', '\t']);
        let indent = text.chars().count() - stripped.chars().count();
        let shown = stripped.trim_end();
        let _ = writeln!(rendered, "    {shown}");
        let Some(column) = self.column else { return };
        let line_end = stripped.chars().count() + 1 + indent;
        let end = match (self.end_line == self.line, self.end_column) {
            (true, Some(end)) if end > column => end.min(line_end.max(column + 1)),
            (false, Some(_)) => line_end.max(column + 1),
            _ => column + 1,
        };
        let Some(first) = column.checked_sub(indent + 1) else { return };
        // Tabs stay tabs, so that the carets stand below what they mean.
        let blank = |character: char| if character.is_whitespace() { character } else { ' ' };
        let blanks: String = stripped.chars().map(blank).chain(std::iter::repeat(' ')).take(first).collect();
        let _ = writeln!(rendered, "    {blanks}{}", "^".repeat(end - column));
    }
}

#[cfg(test)]
mod tests {
    use super::Diagnostic;

    #[test]
    fn rendered_as_python_does() {
        let diagnostic = Diagnostic {
            kind: "SyntaxError".into(),
            message: "'(' was never closed".into(),
            line: Some(3),
            column: Some(10),
            end_line: Some(3),
            end_column: None,
            text: Some("    print(".into()),
        };
        let expected = "  File \"app.py\", line 3\n    print(\n         ^\nSyntaxError: '(' was never closed";
        assert_eq!(diagnostic.render("app.py"), expected);
    }

    #[test]
    fn a_range_has_a_caret_for_each_character() {
        let diagnostic = Diagnostic {
            kind: "SyntaxError".into(),
            message: "Missing parentheses in call to 'print'. Did you mean print(...)?".into(),
            line: Some(1),
            column: Some(1),
            end_line: Some(1),
            end_column: Some(10),
            text: Some("print \"a\"".into()),
        };
        assert!(diagnostic.render("a.py").contains("\n    ^^^^^^^^^\n"), "{}", diagnostic.render("a.py"));
    }

    #[test]
    fn nothing_but_a_message_is_enough() {
        let diagnostic = Diagnostic { kind: "MemoryError".into(), message: "too deep".into(), ..Diagnostic::default() };
        assert_eq!(diagnostic.render("a.py"), "  File \"a.py\"\nMemoryError: too deep");
    }
}
