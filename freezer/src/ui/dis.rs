//! A disassembly in words: a tree of code objects, then each with its source lines and instructions.

use super::Style;
use super::text::{columns, size_text};
use crate::dis::{Disassembly, Instruction, Object};

/// Characters of a constant that are shown.
const SHOWN: usize = 60;

/// What of a disassembly is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct DisParts {
    /// Only the tree of code objects.
    pub is_tree_only: bool,
    /// Also inline cache entries.
    pub has_caches: bool,
}

/// What `pyfreeze dis` says.
#[must_use]
pub fn dis_text(disassembly: &Disassembly, parts: DisParts, style: Style) -> String {
    let Disassembly { module, path, python, .. } = disassembly;
    let mut text = format!("{}  {path}, CPython {python}\n", style.bold(module));
    if let Some(why) = &disassembly.without_source {
        text += &format!("without source lines: {why}\n");
    }
    text += &format!("\n{}", tree(disassembly, style));
    if !parts.is_tree_only {
        let bodies = disassembly.objects.iter().map(|object| body(object, &disassembly.lines, parts, style));
        text += &bodies.collect::<String>();
    }
    text
}

fn tree(disassembly: &Disassembly, style: Style) -> String {
    let head = ["code object", "line", "bytecode", "with all in it", "constants", "names"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(disassembly.objects.iter().map(|object| {
        vec![
            format!("{}{}", "  ".repeat(object.depth), object.name),
            object.first_line.to_string(),
            size_text(object.bytecode_size),
            size_text(object.size),
            object.constants.len().to_string(),
            object.names.len().to_string(),
        ]
    }));
    let text = columns(&rows);
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{}\n{rest}", style.dim(head))
}

fn body(object: &Object, lines: &[String], parts: DisParts, style: Style) -> String {
    let signature = match object.flags.iter().any(|flag| flag == "NEWLOCALS") && !object.name.starts_with('<') {
        true => format!("({})", object.parameters.join(", ")),
        false => String::new(),
    };
    let mut text = format!("\n{}\n", style.bold(&format!("{}{signature}", object.qualname)));
    for (label, values) in [
        ("constants", numbered(&object.constants)),
        ("names", numbered(&object.names)),
        ("locals", numbered(&object.locals)),
        ("cells", object.cells.join("  ")),
        ("free", object.free.join("  ")),
        // Without any, `dis` says `0x0`.
        ("flags", object.flags.iter().filter(|flag| *flag != "0x0").cloned().collect::<Vec<_>>().join("  ")),
        ("stack", object.stack_size.to_string()),
    ] {
        if !values.is_empty() {
            text += &format!("  {}  {values}\n", style.dim(&format!("{label:<9}")));
        }
    }
    text.push('\n');
    text += &instructions(object, lines, parts, style);
    if !object.exceptions.is_empty() {
        text += &format!("\n  {}\n", style.dim("exceptions"));
        for handler in &object.exceptions {
            let lasti = if handler.lasti { ", with the instruction that failed" } else { "" };
            let (start, end) = (handler.start, handler.end);
            let target = handler.target;
            text += &format!("  {start:>5} to {end:<5} → {target:<5} stack kept: {}{lasti}\n", handler.depth);
        }
    }
    text
}

/// The instructions, each source line above those that it became.
fn instructions(object: &Object, lines: &[String], parts: DisParts, style: Style) -> String {
    let mut text = String::new();
    let mut line = None;
    for instruction in &object.instructions {
        if instruction.line != line {
            line = instruction.line;
            text += &source_line(line, lines, style);
        }
        text += &one(instruction, style);
        if parts.has_caches {
            for cache in &instruction.caches {
                let entries = if cache.entries == 1 { "entry" } else { "entries" };
                let cache = format!("{:17}cache {}: {} {entries}", "", cache.name, cache.entries);
                text += &format!("{}\n", style.dim(&cache));
            }
        }
    }
    text
}

fn source_line(line: Option<u32>, lines: &[String], style: Style) -> String {
    // Line 0 is that of what the compiler adds.
    let Some(number) = line.filter(|line| *line > 0) else { return "    -\n".into() };
    let index = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let source = lines.get(index).map(|source| source.trim_end()).unwrap_or_default();
    format!("{:>5}  {}", number, style.bold(source)).trim_end().to_owned() + "\n"
}

fn one(instruction: &Instruction, style: Style) -> String {
    let Instruction { offset, name, label, meaning, .. } = instruction;
    let label = label.as_ref().map(|label| format!("{label}:")).unwrap_or_default();
    let place = style.dim(&format!("{label:>9} {offset:>5}"));
    let argument = instruction.argument.map(|argument| argument.to_string()).unwrap_or_default();
    let meaning = if meaning.is_empty() { String::new() } else { format!("  {}", shortened(meaning)) };
    format!("{place}  {name:<26}{argument:>5}{meaning}").trim_end().to_owned() + "\n"
}

fn numbered(values: &[String]) -> String {
    let numbered = values.iter().enumerate().map(|(index, value)| format!("{index} {}", shortened(value)));
    numbered.collect::<Vec<_>>().join("  ")
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
