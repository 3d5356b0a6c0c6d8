//! What `pyfreeze inspect --diff` says.

use super::summary::row;
use super::{Style, size_text};
use crate::inspect::{Changes, ComponentChange, Difference, Pair, Sizes};

/// What the second executable adds, lacks and changes.
#[must_use]
pub fn difference_text(old: &str, new: &str, difference: &Difference, style: Style) -> String {
    let title = style.bold(&format!("{old} → {new}"));
    if difference.is_identical {
        return format!("{title}\n  identical, every byte\n");
    }
    let mut text = format!("{title}\n");
    text += &row(style, "size", &change(&difference.file_sizes));
    text += &sizes(&difference.sizes, style);
    for (name, Pair { old, new }) in &difference.facts {
        text += &row(style, name, &format!("{} → {}", shown(old), shown(new)));
    }
    for component in &difference.components {
        text += &component_line(component);
    }
    let lists = [("module", &difference.modules), ("file", &difference.files), ("library", &difference.libraries)];
    for (what, changes) in lists {
        text += &lines(what, changes);
    }
    let is_same_content = difference.facts.is_empty() && difference.components.is_empty();
    if is_same_content && lists.iter().all(|(_, changes)| changes.is_empty()) {
        text += "  the same contents; what differs is the snapshot, or how they are stored\n";
    }
    text
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn change(pair: &Pair<u64>) -> String {
    let Pair { old, new } = *pair;
    let (sign, by) = if new >= old { ("+", new - old) } else { ("−", old - new) };
    format!("{} → {} ({sign}{})", size_text(old), size_text(new), size_text(by))
}

fn sizes(pair: &Pair<Sizes>, style: Style) -> String {
    let parts = |sizes: &Sizes| {
        [
            ("stub", sizes.stub),
            ("hot code", sizes.hot_code),
            ("cold code", sizes.cold_code),
            ("sources", sizes.sources),
            ("libraries", sizes.libraries),
            ("data", sizes.data),
            ("snapshot", sizes.snapshot),
            ("index", sizes.index),
        ]
    };
    let pairs = parts(&pair.old).into_iter().zip(parts(&pair.new)).filter(|((_, old), (_, new))| old != new);
    pairs.map(|((name, old), (_, new))| row(style, name, &change(&Pair { old, new }))).collect()
}

fn component_line(component: &ComponentChange) -> String {
    let ComponentChange { kind, name, old, new } = component;
    let kind = match kind {
        crate::sbom::ComponentKind::Distribution => "distribution",
        _ => "runtime",
    };
    match (old, new) {
        (Some(old), Some(new)) => format!("~ {kind}  {name} {old} → {new}\n"),
        (None, Some(new)) => format!("+ {kind}  {name} {new}\n"),
        (Some(old), None) => format!("- {kind}  {name} {old}\n"),
        (None, None) => String::new(),
    }
}

fn lines(what: &str, changes: &Changes) -> String {
    let Changes { added, removed, changed } = changes;
    let marked = [("+", added), ("-", removed), ("~", changed)];
    marked.iter().flat_map(|(mark, paths)| paths.iter().map(move |path| format!("{mark} {what}  {path}\n"))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Changes, ComponentChange, Difference, Pair, Sizes, Style, difference_text};
    use crate::sbom::ComponentKind;

    #[test]
    fn differences_in_words() {
        let component = |name: &str, old: Option<&str>, new: Option<&str>| ComponentChange {
            kind: ComponentKind::Distribution,
            name: name.into(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        };
        let paths = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let sizes = |data| Sizes { stub: 9, data, ..Sizes::default() };
        let difference = Difference {
            is_identical: false,
            file_sizes: Pair { old: 2_000_000, new: 1_500_000 },
            sizes: Pair { old: sizes(700_000), new: sizes(200_000) },
            facts: [("options".to_owned(), Pair { old: String::new(), new: "-Xdev".to_owned() })].into(),
            components: vec![component("rich", Some("13"), Some("14")), component("click", None, Some("8"))],
            modules: Changes { added: paths(&["b.py"]), removed: paths(&["a.py"]), changed: paths(&["m.py"]) },
            ..Difference::default()
        };
        let expected = "\
one → two
  size       2.0 MB → 1.5 MB (−500.0 kB)
  data       700.0 kB → 200.0 kB (−500.0 kB)
  options    none → -Xdev
~ distribution  rich 13 → 14
+ distribution  click 8
+ module  b.py
- module  a.py
~ module  m.py
";
        assert_eq!(difference_text("one", "two", &difference, Style::Plain), expected);
        let identical = Difference { is_identical: true, ..Difference::default() };
        assert_eq!(difference_text("one", "two", &identical, Style::Plain), "one → two\n  identical, every byte\n");
    }
}
