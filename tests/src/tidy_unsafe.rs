//! The rules about `unsafe`: where it may stand, that each block says why, that the inventory is true.
//!
//! Comes in: the source files. Goes out: what breaks a rule. `runtime-stub/src/sys/SAFETY.md` has a table whose rows
//! begin with a file's name in backticks and the number of its lines with an `unsafe` block or implementation.

use std::collections::BTreeMap;

use crate::tidy::{Tree, code_lines};

const HOME: &str = "runtime-stub/src/sys/";

/// `unsafe` outside its home.
pub fn outside_sys(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.rust("").filter(|(path, _)| !path.starts_with(HOME)) {
        let lines = code_lines(text).filter(|(_, line)| has_unsafe(line));
        problems.extend(lines.map(|(number, line)| format!("{path}:{number}: belongs in {HOME}: {}", line.trim())));
    }
    problems
}

/// Blocks, functions and implementations without a reason above them.
pub fn without_reason(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in tree.rust(HOME) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in code_lines(text).filter(|(_, line)| has_unsafe(line)) {
            if !is_explained(&lines, number - 1) {
                problems.push(format!(
                    "{path}:{number}: say above it who keeps which invariant (`// SAFETY:` or `# Safety`): {}",
                    line.trim()
                ));
            }
        }
    }
    problems
}

/// A comment, in the same statement's lines above or at its end, that names the invariant.
fn is_explained(lines: &[&str], index: usize) -> bool {
    let is_reason = |line: &str| line.contains("SAFETY:") || line.contains("# Safety");
    // An `unsafe` in the middle of a statement has its reason above the statement: look back to the one before.
    let above = lines[..index]
        .iter()
        .rev()
        .take(12)
        .take_while(|line| !line.trim_end().ends_with(['}', ';']) || is_reason(line));
    is_reason(lines[index]) || above.into_iter().any(|line| is_reason(line))
}

/// The table of SAFETY.md against the code.
pub fn inventory(tree: &Tree) -> Vec<String> {
    let path = format!("{HOME}SAFETY.md");
    let Some((_, table)) = tree.files.iter().find(|(file, _)| *file == path) else {
        return vec![format!("{path} is missing")];
    };
    let told = table_rows(table);
    let counted: BTreeMap<String, usize> =
        tree.rust(HOME).map(|(file, text)| (file.replace(HOME, ""), count(text))).collect();
    let mut problems = Vec::new();
    for (file, number) in counted.iter().filter(|(file, number)| **number > 0 || told.contains_key(*file)) {
        if told.get(file) != Some(number) {
            problems.push(format!(
                "{path}: `{file}` has {number} lines with `unsafe`, the inventory says {:?}",
                told.get(file)
            ));
        }
    }
    problems.extend(
        told.keys().filter(|file| !counted.contains_key(*file)).map(|file| format!("{path}: `{file}` is gone")),
    );
    problems
}

fn table_rows(text: &str) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (name, number) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
        if let (Some(name), Ok(number)) = (name.split('`').nth(1), number.parse()) {
            rows.insert(name.to_owned(), number);
        }
    }
    rows
}

fn count(text: &str) -> usize {
    code_lines(text).filter(|(_, line)| has_unsafe(line)).count()
}

/// A place where somebody vouches for something: a block or an implementation. Not a lint's name, not a text, and not
/// what only asks others to vouch: declarations of foreign functions and `unsafe fn`, whose bodies need blocks anyway.
fn has_unsafe(line: &str) -> bool {
    let starts = ["unsafe {", "unsafe impl ", "unsafe trait "];
    let code = line.split("//").next().unwrap_or(line);
    let is_quoted = |position: usize| code[..position].matches('"').count() % 2 == 1;
    starts.iter().any(|start| code.find(start).is_some_and(|position| !is_quoted(position)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_above_the_statement_counts() {
        let lines = ["fn f() {", "    // SAFETY: it is.", "    let x =", "        unsafe { g() };"];
        assert!(is_explained(&lines, 3));
        assert!(!is_explained(&["    h();", "    unsafe { g() };"], 1));
    }

    #[test]
    fn a_lint_name_is_no_unsafe() {
        assert!(!has_unsafe("#![forbid(unsafe_code)]"));
        assert!(!has_unsafe("let text = \"unsafe { }\";"));
        assert!(has_unsafe("    unsafe { read(pointer) }"));
    }
}
