//! Pages of reports that are known.

use super::{TEMPLATES, render};
use crate::bench::tests::report;
use crate::bench::{ImportNode, ImportProfile, SizePart};

fn profile(candidate: &str, names: &[&str]) -> ImportProfile {
    let node = |name: &&str| ImportNode {
        name: (*name).to_owned(),
        loader: "L".to_owned(),
        self_seconds: 0.002,
        cumulative_seconds: 0.003,
        inside: vec![ImportNode {
            name: format!("{name}.inside"),
            loader: "L".to_owned(),
            self_seconds: 0.001,
            cumulative_seconds: 0.001,
            ..ImportNode::default()
        }],
        ..ImportNode::default()
    };
    ImportProfile {
        candidate: candidate.to_owned(),
        name: candidate.to_owned(),
        run_count: 3,
        start_seconds: 0.004,
        import_seconds: 0.003,
        program_seconds: 0.001,
        exit_seconds: 0.002,
        present: vec!["sys".to_owned()],
        imports: names.iter().map(node).collect(),
    }
}

fn page() -> String {
    let mut report = report(&[5.0; 8], &[20.0; 8], &[1.0; 8]);
    report.program.arguments = vec!["<script>alert(1)</script>".to_owned()];
    report.imports = vec![profile("disk", &["json", "a&b"]), profile("frozen-app", &[])];
    report.warnings = vec!["`x` is <odd>\n  more".to_owned()];
    report.sizes =
        vec![SizePart { name: "the runtime".into(), kind: "runtime".into(), size: 16_000_000, module_count: 0 }];
    render(&report)
}

#[test]
fn page_needs_nothing_else() {
    let page = page();
    for word in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(word), "the page has `{word}`");
    }
    assert!(!page.contains("{{"), "a name of the template was not filled in");
}

#[test]
fn report_s_words_are_no_markup() {
    let page = page();
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("a&amp;b") && page.contains("x is &lt;odd&gt;"));
}

#[test]
fn headline_says_how_frozen_compares() {
    assert!(page().contains("Frozen without a snapshot it takes 5.00 ms: 4.00 times as fast as from disk."));
}

#[test]
fn icicles_have_one_scale() {
    let page = page();
    // Both panels: 4 ms of start and 3 ms of imports, though the second has none.
    assert_eq!(page.matches("data-span=\"7.0000\"").count(), 2);
    assert!(page.contains("data-name=\"json.inside\" data-start=\"4.0000\" data-length=\"1.0000\" data-depth=\"1\""));
    assert!(page.contains("nothing left to import; 1 modules are there already"));
}

#[test]
fn page_without_recorded_imports_has_no_such_part() {
    let page = render(&report(&[5.0; 8], &[20.0; 8], &[1.0; 8]));
    assert!(!page.contains("id=\"flame\"") && page.contains("From start to exit"));
}

#[test]
fn every_template_is_used() {
    let names: Vec<_> = TEMPLATES.files().map(|file| file.path().display().to_string()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| !super::template(name).is_empty()));
}
