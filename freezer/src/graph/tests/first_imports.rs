//! What a program imports before it does anything else.

use std::sync::Arc;

use super::{Fixture, has_python, library};
use crate::contents::FirstImports;
use crate::graph::first_imports::first_imports;
use crate::graph::module_graph::ModuleGraph;

fn first(fixture: &Fixture, prefix_end: u32) -> FirstImports {
    let (project, library) = (fixture.project("app/main.py").unwrap(), library());
    let mut compiler = crate::bytecode::tests::compiler(None).unwrap();
    let mut graph = ModuleGraph::new(&project, &library).unwrap();
    graph.follow(&mut compiler, &|_| ()).unwrap();
    let main = graph.node_index("__main__").unwrap();
    Arc::make_mut(graph.nodes[main].scan.as_mut().unwrap()).prefix_end = prefix_end;
    first_imports(&graph)
}

#[test]
fn first_imports_keep_their_order() {
    if !has_python() {
        return;
    }
    let fixture = Fixture::new(&[
        (
            "main.py",
            "import pkg.deep.one\nimport json\nfrom pkg import other, value, gone\ntry:\n    import absent, helper\n\
             except ImportError: pass\nfrom stars import *\nfrom ns import part\nprint()\nimport late",
        ),
        ("pkg/__init__.py", "import queue"),
        ("pkg/deep/__init__.py", ""),
        ("pkg/deep/one.py", "import codecs, queue"),
        ("pkg/other.py", "def later(): import json.tool"),
        ("helper.py", ""),
        ("stars/__init__.py", "__all__ = ['below', 'value']\nvalue = 1"),
        ("stars/below.py", "import json.tool"),
        ("ns/part.py", ""),
        ("late.py", ""),
    ]);
    let imports = first(&fixture, 8);
    let expected = [
        "pkg.deep.one",
        "json",
        "pkg",
        "pkg.other",
        "pkg:value",
        "pkg:gone",
        "helper",
        "stars",
        "stars.below",
        "stars:value",
        "ns.part",
    ];
    assert_eq!(imports.program, expected);
    assert_eq!(imports.standard, ["queue", "codecs", "json", "json.tool"]);
    assert_eq!(imports.next_line, Some(10));
    assert_eq!(first(&fixture, 10).next_line, None);
    assert_eq!(first(&fixture, 2).program, ["pkg.deep.one", "json"]);
    let none = first(&fixture, 0);
    assert!(none.program.is_empty() && none.standard.is_empty() && none.certain.is_empty());
    let certain: Vec<_> = imports.certain.iter().map(String::as_str).collect();
    let expected =
        "codecs helper json json.tool ns ns.part pkg pkg.deep pkg.deep.one pkg.other queue stars stars.below";
    assert_eq!(certain.join(" "), expected);
}
