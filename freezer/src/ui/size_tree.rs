//! What takes how much room, as a tree like `du`'s, with a column for each kind of content.

use super::{Style, size_text};
use crate::inspect::{Parts, SizeTree};

/// What takes less than this part of the whole is summed up in a line: the sums stay right, and a screen is enough.
const SMALLEST_PART: u64 = 200;

/// Characters of a column.
const WIDTH: usize = 9;

/// The tree down to `depth` levels below the executable.
#[must_use]
pub fn size_tree_text(name: &str, tree: &SizeTree, depth: usize, style: Style) -> String {
    let heads = ["total", "code", "sources", "data", "libraries"];
    let heads: String = heads.iter().map(|head| format!("{head:>WIDTH$}  ")).collect();
    let mut text = style.dim(heads.trim_end()) + "\n";
    text += &line(tree.size, &tree.parts, &style.bold(name));
    // Everybody has a line on the first level.
    put_children(tree, &Level { depth, smallest: 0, below: tree.size / SMALLEST_PART, indent: "", style }, &mut text);
    text + &format!("{} bytes in all\n", tree.size)
}

struct Level<'a> {
    depth: usize,
    /// What is smaller is summed up, here and below.
    smallest: u64,
    below: u64,
    indent: &'a str,
    style: Style,
}

fn put_children(tree: &SizeTree, level: &Level<'_>, text: &mut String) {
    if level.depth == 0 {
        return;
    }
    // Sorted by size: what is too small to show comes last.
    let shown = tree.children.iter().filter(|child| child.size >= level.smallest).count();
    // A line for a single one takes no more room than a line for "1 smaller".
    let shown = if shown + 1 == tree.children.len() { shown + 1 } else { shown };
    let (large, small) = tree.children.split_at(shown);
    for (index, child) in large.iter().enumerate() {
        let is_last = index + 1 == large.len() && small.is_empty();
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let name = format!("{}{branch}{}", level.indent, label(child, level.style));
        text.push_str(&line(child.size, &child.parts, &name));
        let indent = format!("{}{below}", level.indent);
        put_children(child, &Level { depth: level.depth - 1, smallest: level.below, indent: &indent, ..*level }, text);
    }
    if !small.is_empty() {
        let (mut size, mut parts) = (0, Parts::default());
        for child in small {
            size += child.size;
            parts += child.parts;
        }
        let name = level.style.dim(&format!("{} smaller", small.len()));
        text.push_str(&line(size, &parts, &format!("{}└─ {name}", level.indent)));
    }
}

fn label(tree: &SizeTree, style: Style) -> String {
    let about = match tree.name.as_str() {
        "stub" => "  the interpreter with its C libraries",
        "snapshot" => "  memory of the started program",
        "index" => "  names, digests, manifest, padding",
        _ => "",
    };
    tree.name.clone() + &style.dim(about)
}

fn line(size: u64, parts: &Parts, name: &str) -> String {
    let cell = |size: u64| if size == 0 { String::new() } else { size_text(size) };
    let cells = [size_text(size), cell(parts.code), cell(parts.sources), cell(parts.data), cell(parts.libraries)];
    let cells: String = cells.iter().map(|cell| format!("{cell:>WIDTH$}  ")).collect();
    format!("{cells}{name}\n")
}

#[cfg(test)]
mod tests {
    use super::{Parts, SizeTree, Style, size_tree_text};

    fn tree(name: &str, code: u64, children: Vec<SizeTree>) -> SizeTree {
        let parts = Parts { code, ..Parts::default() };
        SizeTree { name: name.into(), size: code, parts, children }
    }

    #[test]
    fn tree_with_columns() {
        let rich = tree(
            "rich 14.0",
            50_000,
            vec![
                tree("rich", 49_000, vec![tree("a.py", 49_000, vec![])]),
                tree("x", 600, vec![]),
                tree("y", 400, vec![]),
            ],
        );
        let stub = SizeTree { name: "stub".into(), size: 950_000, ..SizeTree::default() };
        let whole = SizeTree {
            size: 1_000_000,
            children: vec![stub, rich],
            parts: Parts { code: 50_000, ..Parts::default() },
            ..SizeTree::default()
        };
        let expected = "    total       code    sources       data  libraries
   1.0 MB    50.0 kB                                   app
 950.0 kB                                              ├─ stub  the interpreter with its C libraries
  50.0 kB    50.0 kB                                   └─ rich 14.0
  49.0 kB    49.0 kB                                      ├─ rich
   1.0 kB     1.0 kB                                      └─ 2 smaller
1000000 bytes in all
";
        assert_eq!(size_tree_text("app", &whole, 2, Style::Plain), expected);
        assert_eq!(size_tree_text("app", &whole, 1, Style::Plain).lines().count(), 5);
        assert!(size_tree_text("app", &whole, 9, Style::Plain).contains("a.py"));
    }
}
