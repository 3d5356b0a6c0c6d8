//! Real tools from PyPI, frozen as they are, against the same tools run from disk.
//!
//! Comes in: rows of `tests/compat.toml`. Goes out: a test for each tool.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::command::{Output, Run, indented};
use crate::compat::page::{self, Measured, Row};
use crate::compat::rows::Tool;
use crate::compat::{Depth, TIME_LIMIT, Way, measure, side};
use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Stop, Test, TestResult};

/// A test for each tool.
#[must_use]
pub fn tests(tools: Vec<Tool>, way: Way) -> Vec<Test> {
    let selected = tools.into_iter().filter(|tool| way.depth.selects(tool.is_in_test));
    selected.map(|tool| Test::new(format!("compat/{}", tool.name), move |product| check(&tool, way, product))).collect()
}

fn check(tool: &Tool, way: Way, product: &Product) -> TestResult {
    let mut measured = Measured::default();
    let outcome = run(tool, way, product, &mut measured);
    let result = match &outcome {
        Ok(()) => "works".to_owned(),
        Err(stop) => page::short(&format!("fails: {stop}")),
    };
    page::keep(Row::of_tool(tool, result, measured));
    outcome
}

fn run(tool: &Tool, way: Way, product: &Product, measured: &mut Measured) -> TestResult {
    let busy = measure::busy();
    let workspace = Workspace::new()?;
    let venv = packages::environment_with_libraries(product, &tool.packages.join("\n"))?;
    let script = prepare(tool, product, &workspace)?;
    let executable = workspace.join(&tool.name);
    let mut options = [tool.freeze.clone(), way.options()].concat();
    options.extend(["--venv".to_owned(), venv.display().to_string()]);
    let build = product.command(workspace.path()).arg("build").arg(&script).arg("-o").arg(&executable);
    let build = build.args(options).time_limit(TIME_LIMIT).success()?;
    let server = if tool.runs.iter().flatten().any(|word| word.contains("{url}")) {
        Some(Server::start(product)?)
    } else {
        None
    };
    let url = server.as_ref().map_or("", |server| server.url.as_str());
    let sides = [Side::frozen(&workspace, &executable), Side::python(product, &workspace, &venv, &script)];
    measured.size = fs::metadata(&executable).ok().map(|data| data.len());
    measured.build = Some(build.took);
    for arguments in &tool.runs {
        let memory = compare(tool, &sides, arguments, url)?;
        let largest = measured.memory.unwrap_or_default();
        measured.memory = Some([0, 1].map(|index| memory[index].max(largest[index])));
    }
    tool.outputs.iter().try_for_each(|path| same_files(&sides, path))?;
    drop(busy);
    if let (Depth::Full, Some(arguments)) = (way.depth, tool.runs.first()) {
        let [frozen, python] = sides.each_ref().map(|side| side.command(arguments, url));
        measured.starts = measure::starts([&frozen, &python]).ok();
    }
    Ok(())
}

fn prepare(tool: &Tool, product: &Product, workspace: &Workspace) -> Result<PathBuf, Stop> {
    let folder = product.tests().join("compat").join(&tool.folder);
    for side in ["frozen", "python"] {
        fs::create_dir_all(workspace.join(side))?;
        if !tool.folder.is_empty() {
            copy_tree(&folder, &workspace.join(side))?;
        }
    }
    if tool.is_folder_frozen {
        copy_tree(&folder, &workspace.join("source"))?;
    }
    if tool.is_folder_frozen {
        workspace.write("source/__main__.py", &tool.script)?;
        return Ok(workspace.join("source"));
    }
    Ok(workspace.write(&format!("source/run_{}.py", tool.name.replace('-', "_")), &tool.script)?)
}

/// One of the two programs: how it is called, where it works, what its paths mean.
struct Side {
    program: Vec<PathBuf>,
    folder: PathBuf,
    normalizer: Normalizer,
}

impl Side {
    fn frozen(workspace: &Workspace, executable: &Path) -> Self {
        let folder = workspace.join("frozen");
        let normalizer = side::frozen(executable, &folder);
        Self { program: vec![executable.to_path_buf()], folder, normalizer }
    }

    fn python(product: &Product, workspace: &Workspace, venv: &Path, script: &Path) -> Self {
        let python = venv.join("bin/python");
        let folder = workspace.join("python");
        let normalizer = side::python(product, venv, &workspace.join("source"), script, &folder);
        Self { program: vec![python, script.to_path_buf()], folder, normalizer }
    }

    fn command(&self, arguments: &[String], url: &str) -> Run {
        let arguments = arguments.iter().map(|argument| argument.replace("{url}", url));
        let mut run = Run::new(&self.program[0], &self.folder).time_limit(TIME_LIMIT).env("COLUMNS", "100");
        for argument in &self.program[1..] {
            run = run.arg(argument);
        }
        run.args(arguments)
    }
}

/// Gives the peak memory of both sides.
fn compare(tool: &Tool, sides: &[Side; 2], arguments: &[String], url: &str) -> Result<[u64; 2], Stop> {
    let outputs = sides.each_ref().map(|side| side.command(arguments, url).output());
    // A tool calls itself by the name of its file.
    let script = format!("run_{}.py", tool.name.replace('-', "_"));
    let said = |index: usize| {
        let Output { status, stdout, stderr, .. } = &outputs[index];
        let text = sides[index].normalizer.apply(&format!("{status:?}\n{stdout}\n--- stderr\n{stderr}"));
        text.replace(&script, &tool.name)
    };
    if said(0) == said(1) {
        return Ok(outputs.each_ref().map(|output| output.peak_memory));
    }
    let reports = outputs.each_ref().map(Output::report);
    let (frozen, python) = (said(0), said(1));
    let differing = frozen.lines().zip(python.lines()).find(|(frozen, python)| frozen != python);
    Err(format!(
        "`{}` differs, first at: {differing:?}\n{}{}",
        arguments.join(" "),
        indented(&reports[0]),
        indented(&reports[1])
    )
    .into())
}

fn same_files(sides: &[Side; 2], path: &str) -> TestResult {
    let list = |side: &Side| {
        let entries = walkdir::WalkDir::new(side.folder.join(path)).sort_by_file_name().into_iter().flatten();
        let files = entries.filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| entry.path().strip_prefix(&side.folder).unwrap_or(entry.path()).to_path_buf())
            .collect::<Vec<_>>()
    };
    let (frozen, python) = (list(&sides[0]), list(&sides[1]));
    if frozen != python || frozen.is_empty() {
        return Err(format!("`{path}` holds {frozen:?}, python wrote {python:?}").into());
    }
    for name in frozen {
        if fs::read(sides[0].folder.join(&name))? != fs::read(sides[1].folder.join(&name))? {
            return Err(format!("`{}` differs", name.display()).into());
        }
    }
    Ok(())
}

/// A web server on the loopback interface that always says the same.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(product: &Product) -> Result<Self, Stop> {
        let script = product.tests().join("compat/server.py");
        let mut child = Command::new(&product.python).arg("-I").arg(script).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        let stdout = child.stdout.take().ok_or_else(|| "the server has no stdout".to_owned())?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self { child, url: url.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
