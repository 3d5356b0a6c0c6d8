//! `pyfreeze bench` as a user runs it: reports of small programs whose behaviour is known.
//!
//! No test here asserts a time: only what a report must say whatever the machine does.

use std::fs;

use serde_json::Value;

use crate::command::{Run, Status};
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Skip, Stop, Test, TestResult};

/// A test as a function.
type Body = fn(&Product) -> TestResult;

/// All tests of `bench`.
#[must_use]
pub fn tests() -> Vec<Test> {
    let tests: &[(&str, Body)] = &[
        ("report_says_everything", report_says_everything),
        ("figures_of_modules", figures_of_modules),
        ("program_that_fails", program_that_fails),
        ("program_that_never_ends", program_that_never_ends),
        ("program_that_reads", program_that_reads),
        ("different_output", different_output),
        ("ended_before_main", ended_before_main),
        ("ended_after_an_import", ended_after_an_import),
        ("by_another_python", by_another_python),
        ("without_compiler_and_strace", without_compiler_and_strace),
        ("slower_than_before", slower_than_before),
        ("not_a_report", not_a_report),
        ("kept_programs_run", kept_programs_run),
    ];
    tests.iter().map(|(name, body)| Test::new(format!("bench/{name}"), *body)).collect()
}

/// `bench` with few runs, at one level of snapshot, as JSON.
fn bench(product: &Product, workspace: &Workspace, words: &[&str]) -> Run {
    let common = ["bench", "app.py", "--runs", "6", "--warm-up", "0", "--snapshot", "off", "--json"];
    product.command(workspace.path()).args(common).args(words.iter().copied())
}

/// The same, without looking at modules.
fn quick(product: &Product, workspace: &Workspace, words: &[&str]) -> Run {
    let words: Vec<&str> = ["--no-modules"].into_iter().chain(words.iter().copied()).collect();
    bench(product, workspace, &words)
}

fn report(run: &Run) -> Result<Value, String> {
    let output = run.success()?;
    serde_json::from_str(&output.stdout).map_err(|error| format!("{error}\n{}", output.report()))
}

fn candidate<'a>(report: &'a Value, id: &str) -> Result<&'a Value, String> {
    let mut all = report["candidates"].as_array().into_iter().flatten();
    all.find(|candidate| candidate["id"] == id).ok_or_else(|| format!("no candidate `{id}` in {report:#}"))
}

fn expect(is_so: bool, what: &str, report: &Value) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("{what}:\n{report:#}")) }
}

fn warnings(report: &Value) -> String {
    let all = report["warnings"].as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

fn script(text: &str) -> Result<Workspace, String> {
    Workspace::with_files(&[("app.py", text)])
}

fn report_says_everything(product: &Product) -> TestResult {
    let workspace = script("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")?;
    let words =
        ["bench", "app.py", "--runs", "6", "--json", "--no-modules", "--html", "page.html", "--", "one", "--two"];
    let report = report(&product.command(workspace.path()).args(words))?;
    expect(report["schema"] == 1, "schema", &report)?;
    expect(report["program"]["arguments"] == serde_json::json!(["one", "--two"]), "arguments", &report)?;
    for id in ["frozen-app", "frozen-runtime", "frozen-off", "disk", "disk-uncached", "pyz", "floor-python"] {
        let candidate = candidate(&report, id)?;
        let is_full = candidate["runs"].as_array().is_some_and(|runs| runs.len() == 6)
            && candidate["wall_seconds"]["median"].as_f64() > Some(0.0)
            && candidate["minor_faults"]["median"].as_f64() > Some(0.0)
            && candidate["peak_memory"]["median"].as_f64() > Some(0.0)
            && candidate["ending"] == serde_json::json!({"kind": "exited", "number": 0});
        expect(is_full, "numbers of a candidate", candidate)?;
    }
    expect(report["differences"] == serde_json::json!([]), "differences", &report)?;
    let page = fs::read_to_string(workspace.join("page.html"))?;
    let is_page = page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>");
    expect(is_page && page.contains("frozen, snapshot app"), "the page", &report)?;
    Ok(())
}

fn figures_of_modules(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        (
            "app.py",
            "\"\"\"Docstring.\"\"\"\nfrom __future__ import annotations\nimport outer\ntry:\n    import nothing_here\nexcept ImportError:\n    pass\n",
        ),
        ("outer.py", "import inner\nimport decimal\n"),
        ("inner.py", "import time\ntime.sleep(0.02)\n"),
    ])?;
    let report = report(&bench(product, &workspace, &[]))?;
    let profiles = report["imports"].as_array().cloned().unwrap_or_default();
    let named = |id: &str| profiles.iter().find(|profile| profile["candidate"] == id).cloned();
    for id in ["disk", "frozen-off"] {
        let profile = named(id).ok_or_else(|| format!("no profile `{id}`: {report:#}"))?;
        let outer = &profile["imports"][0];
        expect(outer["name"] == "outer" && outer["owner"] == "project", "the first import", &profile)?;
        let inner = &outer["inside"][0];
        // It sleeps for 20 ms while it is executed: no machine makes that less.
        let is_told = inner["name"] == "inner" && inner["execute_seconds"].as_f64() >= Some(0.02);
        expect(is_told, "the time of `inner`", &profile)?;
        let is_apart = outer["self_seconds"].as_f64() < outer["cumulative_seconds"].as_f64().map(|all| all - 0.02);
        expect(is_apart, "what `outer` takes itself", &profile)?;
        let failed = profile["imports"].as_array().into_iter().flatten().find(|node| node["name"] == "nothing_here");
        expect(failed.is_some_and(|node| node["loader"] == ""), "the import that fails", &profile)?;
    }
    let agreement = &report["agreement"];
    let is_same = agreement["module_count"].as_u64() >= Some(3)
        && agreement["recorded_least_seconds"].as_f64() >= Some(0.02)
        && agreement["import_time_least_seconds"].as_f64() >= Some(0.02);
    expect(is_same, "agreement with -X importtime", agreement)?;
    Ok(())
}

fn program_that_fails(product: &Product) -> TestResult {
    let workspace = script("import sys\nprint('so far')\nsys.exit('no such thing')\n")?;
    let report = report(&quick(product, &workspace, &[]))?;
    let disk = candidate(&report, "disk")?;
    expect(disk["ending"] == serde_json::json!({"kind": "exited", "number": 1}), "how it ended", disk)?;
    expect(disk["errors"] == "no such thing", "what it said", disk)?;
    let is_said = warnings(&report).contains("`from disk`: the program ended with exit status 1\n  no such thing");
    expect(is_said, "the warning", &report)?;
    Ok(())
}

fn program_that_never_ends(product: &Product) -> TestResult {
    let workspace = script("import sys, time\nprint('waiting', file=sys.stderr, flush=True)\ntime.sleep(600)\n")?;
    let output = quick(product, &workspace, &["--timeout", "0.5"]).output();
    if output.status != Status::Exited(1) {
        return Err(Stop::Failed(output.report()));
    }
    insta::assert_snapshot!(output.stderr.trim_end(), @r#"
    error: Cannot measure `app`: it did not end within 0.5 s
      waiting
    hint: a program that waits for input gets what `--stdin FILE` says, otherwise nothing
    hint: arguments after `--` are the program's; `--until-main` or `--until "import X"` ends a server early
    hint: `--timeout SECONDS` gives it more time
    "#);
    Ok(())
}

fn program_that_reads(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app.py", "print(input().upper())\n"), ("words.txt", "some words\n")])?;
    let without = report(&quick(product, &workspace, &[]))?;
    let disk = candidate(&without, "disk")?;
    let is_told = disk["errors"].as_str().is_some_and(|text| text.ends_with("EOFError: EOF when reading a line"));
    expect(is_told, "what it said without input", disk)?;
    let with = report(&quick(product, &workspace, &["--stdin", "words.txt"]))?;
    let disk = candidate(&with, "disk")?;
    expect(disk["ending"]["number"] == 0, "how it ended with input", disk)?;
    Ok(())
}

fn different_output(product: &Product) -> TestResult {
    let workspace = script("import sys\nprint('begin')\nprint(getattr(sys, 'frozen', False))\n")?;
    let report = report(&quick(product, &workspace, &[]))?;
    let difference = &report["differences"][0];
    expect(difference["candidate"] == "frozen-off", "the difference", &report)?;
    let words = "it prints `True` in line 2, where from disk it prints `False`";
    expect(difference["what"] == words, "its words", &report)?;
    Ok(())
}

fn ended_before_main(product: &Product) -> TestResult {
    let workspace = script("\"\"\"Doc.\"\"\"\nimport sys\nopen('ran', 'a').close()\nsys.exit(5)\n")?;
    let report = report(&bench(product, &workspace, &["--until-main"]))?;
    expect(report["program"]["until"] == "--until-main", "the option", &report)?;
    for id in ["frozen-off", "disk", "disk-uncached", "pyz"] {
        let candidate = candidate(&report, id)?;
        expect(
            candidate["ending"]["number"] == 117 && candidate["odd_run_count"] == 0,
            "where it was stopped",
            candidate,
        )?;
    }
    if workspace.join("ran").exists() {
        return Err(Stop::Failed("the program's first statement ran".to_owned()));
    }
    Ok(())
}

fn ended_after_an_import(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[
        ("app.py", "import sys\nimport one\nimport two\n"),
        ("one.py", "open('one-ran', 'a').close()\n"),
        ("two.py", "open('two-ran', 'a').close()\n"),
    ])?;
    let stopped = report(&quick(product, &workspace, &["--until", "import one"]))?;
    for id in ["frozen-off", "disk", "pyz"] {
        expect(candidate(&stopped, id)?["ending"]["number"] == 117, "where it was stopped", &stopped)?;
    }
    expect(workspace.join("one-ran").exists() && !workspace.join("two-ran").exists(), "what ran", &stopped)?;
    let whole = report(&quick(product, &workspace, &["--until", "decimal"]))?;
    let words = "the program ended before `--until \"import decimal\"`: the whole run was measured";
    expect(warnings(&whole).contains(words), "an import that never comes", &whole)?;
    Ok(())
}

fn by_another_python(product: &Product) -> TestResult {
    let workspace =
        Workspace::with_files(&[("app.py", "import beside\nprint(beside.VALUE)\n"), ("beside.py", "VALUE = 6\n")])?;
    let python = product.python.display().to_string();
    let report = report(&quick(product, &workspace, &["--python", &python]))?;
    let host = candidate(&report, "host")?;
    expect(host["ending"]["number"] == 0, "how it ended", host)?;
    expect(report["differences"] == serde_json::json!([]), "what it printed", &report)?;
    let output = quick(product, &workspace, &["--python", "/none/python"]).output();
    let words =
        "error: Cannot use the Python given by `--python`: `/none/python`: No such file or directory (os error 2)";
    if output.stderr.starts_with(words) { Ok(()) } else { Err(Stop::Failed(output.report())) }
}

fn without_compiler_and_strace(product: &Product) -> TestResult {
    let workspace = script("print('hello')\n")?;
    let report = report(&quick(product, &workspace, &[]).env("PATH", workspace.join("empty").display().to_string()))?;
    let floor = candidate(&report, "floor-true")?;
    let words = "the system's program that does nothing, because there is no C compiler (cc, gcc or clang)";
    expect(floor["description"] == words, "the floor line", floor)?;
    let words = "System calls were not counted: strace: it is not installed; perf: it is not installed";
    expect(warnings(&report).contains(words), "the warning", &report)?;
    expect(report.get("system_call_counter").is_none(), "the counter", &report)?;
    Ok(())
}

fn slower_than_before(product: &Product) -> TestResult {
    let workspace = script("print('hello')\n")?;
    let mut old = report(&quick(product, &workspace, &[]))?;
    // As if everything but the machine had been a hundred times as fast.
    for candidate in old["candidates"].as_array_mut().into_iter().flatten() {
        if candidate["group"] != "floor" {
            for name in ["value", "low", "high"] {
                let seconds = candidate["wall_estimate"][name].as_f64().unwrap_or_default();
                candidate["wall_estimate"][name] = (seconds / 100.0).into();
            }
        }
    }
    workspace.write("fast.json", old.to_string())?;
    let words = ["bench", "app.py", "--runs", "6", "--warm-up", "0", "--snapshot", "off", "--no-modules"];
    let words = words.into_iter().chain(["--compare", "fast.json", "--fail-if-slower", "10%"]);
    let output = product.command(workspace.path()).args(words).output();
    let is_named = output.stderr.contains("error: `frozen, no snapshot` has become slower by at least ")
        && output.stderr.contains(" %, and 10 % are allowed")
        && !output.stderr.contains("C hello")
        && output.stdout.contains("slower: ");
    if output.status != Status::Exited(1) || !is_named {
        return Err(Stop::Failed(output.report()));
    }
    // A report compared with itself: nothing is measured, and nothing has changed.
    let words = ["bench", "fast.json", "--compare", "fast.json", "--fail-if-slower", "0"];
    product.command(workspace.path()).args(words).success()?;
    Ok(())
}

fn not_a_report(product: &Product) -> TestResult {
    let workspace = Workspace::with_files(&[("app.py", ""), ("other.json", "{\"schema\": 99}"), ("list.json", "[]")])?;
    let compared = |file: &str| quick(product, &workspace, &["--compare", file]).output().stderr;
    insta::assert_snapshot!(compared("other.json").trim_end(), @r"
    error: Cannot compare with `other.json`: its form has version 99, and this pyfreeze reads 1
    hint: `pyfreeze bench PATH --json > FILE` writes such a report
    ");
    insta::assert_snapshot!(compared("list.json").trim_end(), @r"
    error: Cannot compare with `list.json`: it is no report of `pyfreeze bench`
    hint: `pyfreeze bench PATH --json > FILE` writes such a report
    ");
    insta::assert_snapshot!(compared("none.json").trim_end(), @r"
    error: Cannot read the report to compare with: `none.json`: No such file or directory (os error 2)
    hint: `pyfreeze bench PATH --json > FILE` writes such a report
    ");
    Ok(())
}

fn kept_programs_run(product: &Product) -> TestResult {
    let workspace = script("print('hello')\n")?;
    let report = report(&quick(product, &workspace, &["--keep", "kept"]))?;
    let commands = report["commands"].as_array().cloned().unwrap_or_default();
    let mut ran = 0;
    for name in ["frozen, no snapshot", "from disk", "from a .pyz"] {
        let Some(line) = commands.iter().find(|command| command["what"] == name).and_then(|one| one["line"].as_str())
        else {
            return Err(Stop::Failed(format!("no command `{name}` in {report:#}")));
        };
        let output = Run::new("/bin/sh", workspace.path()).arg("-c").args([line]).success()?;
        ran += usize::from(output.stdout == "hello\n");
    }
    expect(ran == 3, "the kept programs", &report)?;
    let again = quick(product, &workspace, &["--keep", "kept"]).output();
    if again.stderr.starts_with("error: Cannot keep the measured programs in a folder that is not empty: `kept`") {
        Ok(())
    } else {
        Err(Stop::Failed(again.report()))
    }
}

/// What a test that needs a program says where it is missing.
pub(crate) fn missing(program: &str) -> Stop {
    Stop::Skipped(Skip::Missing(program.to_owned()))
}
