//! Real tools from PyPI, frozen as they are, against the same tools run from disk.
//!
//! Comes in: `tests/compat.toml`. Goes out: a test for each tool and, at the end, a table of what was compared.
//! Shared libraries are removed from the environments of both sides: they come with a later runtime.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde::Deserialize;

use crate::command::{Output, Run, indented};
use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Options, Stop, Test, TestResult};

/// Building and running a large tool takes this long at most.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// What has been compared, for the table.
static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

struct Row {
    tool: String,
    megabytes: u64,
    build_seconds: f64,
    compared: String,
}

/// `tests/compat.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tools {
    tool: Vec<Tool>,
}

/// A tool and what is done with it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    name: String,
    /// Pinned requirements.
    packages: Vec<String>,
    /// The text of its console script.
    script: String,
    /// Part of `cargo xtask test`.
    #[serde(default)]
    is_in_test: bool,
    /// A folder of `tests/compat` that is copied into the working folder.
    #[serde(default)]
    folder: String,
    /// That folder is the program, with the console script as its `__main__`.
    #[serde(default)]
    is_folder_frozen: bool,
    /// Command lines, run one after the other; `{url}` is a server on the loopback interface.
    runs: Vec<Vec<String>>,
    /// Files and folders whose bytes must be equal afterwards.
    #[serde(default)]
    outputs: Vec<String>,
    /// More options of `pyfreeze build`.
    #[serde(default)]
    freeze: Vec<String>,
}

/// A test for each tool; the smaller half unless all are asked for.
#[must_use]
pub fn tests(options: &Options) -> Vec<Test> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("compat.toml")).unwrap_or_default();
    let tools: Tools = match toml::from_str(&text) {
        Ok(tools) => tools,
        Err(error) => return vec![Test::new("compat/compat.toml", move |_| Err(error.to_string().into()))],
    };
    let is_selected = |tool: &Tool| options.is_full_compat || (tool.is_in_test && !options.is_quick);
    let selected = tools.tool.into_iter().filter(is_selected);
    selected.map(|tool| Test::new(format!("compat/{}", tool.name), move |product| check(&tool, product))).collect()
}

/// The table of what was compared; nothing if no tool was.
#[must_use]
pub fn table() -> String {
    let mut rows = ROWS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_by(|left, right| left.tool.cmp(&right.tool));
    let mut text = String::new();
    for Row { tool, megabytes, build_seconds, compared } in rows.iter() {
        writeln!(text, "{tool:<28}{megabytes:>5} MB {build_seconds:>6.1} s  {compared}").unwrap_or_default();
    }
    if text.is_empty() { text } else { format!("\nreal tools: size, time to build, what was compared\n{text}") }
}

fn check(tool: &Tool, product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    let venv = packages::environment_without_libraries(product, &tool.packages.join("\n"))?;
    let script = prepare(tool, product, &workspace)?;
    let executable = workspace.join(&tool.name);
    let mut options = tool.freeze.clone();
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
    for arguments in &tool.runs {
        compare(tool, &sides, arguments, url)?;
    }
    tool.outputs.iter().try_for_each(|path| same_files(&sides, path))?;
    remember(tool, &executable, build.took)
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
        let name = executable.display().to_string();
        let folder = workspace.join("frozen");
        let normalizer = Normalizer::default()
            .text(pyfreeze_format::VIRTUAL_ROOT, "<root>")
            .text(&format!("{name}/"), "<root>/")
            .text(&name, "<executable>")
            .path(&folder, "<folder>");
        Self { program: vec![executable.to_path_buf()], folder, normalizer }
    }

    fn python(product: &Product, workspace: &Workspace, venv: &Path, script: &Path) -> Self {
        let python = venv.join("bin/python");
        let folder = workspace.join("python");
        let normalizer = Normalizer::default()
            // Where a tool tells its own name, it is the executable that the user started.
            .path(script, "<executable>")
            .path(&workspace.join("source"), "<root>")
            .path(&product.library, "<root>/lib/python3.13")
            .path(&packages::site_packages(venv), "<root>/lib/python3.13/site-packages")
            .path(&python, "<executable>")
            .path(&folder, "<folder>");
        Self { program: vec![python, script.to_path_buf()], folder, normalizer }
    }

    fn run(&self, arguments: &[String], url: &str) -> Output {
        let arguments = arguments.iter().map(|argument| argument.replace("{url}", url));
        let mut run = Run::new(&self.program[0], &self.folder).time_limit(TIME_LIMIT).env("COLUMNS", "100");
        for argument in &self.program[1..] {
            run = run.arg(argument);
        }
        run.args(arguments).output()
    }
}

fn compare(tool: &Tool, sides: &[Side; 2], arguments: &[String], url: &str) -> TestResult {
    let outputs = sides.each_ref().map(|side| side.run(arguments, url));
    // A tool calls itself by the name of its file.
    let script = format!("run_{}.py", tool.name.replace('-', "_"));
    let said = |index: usize| {
        let Output { status, stdout, stderr, .. } = &outputs[index];
        let text = sides[index].normalizer.apply(&format!("{status:?}\n{stdout}\n--- stderr\n{stderr}"));
        text.replace(&script, &tool.name)
    };
    if said(0) == said(1) {
        return Ok(());
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

fn remember(tool: &Tool, executable: &Path, took: Duration) -> TestResult {
    let commands: Vec<String> = tool.runs.iter().map(|arguments| arguments.join(" ")).collect();
    let mut compared = commands.join("; ");
    if !tool.outputs.is_empty() {
        write!(compared, "; bytes of {}", tool.outputs.join(", ")).unwrap_or_default();
    }
    let megabytes = fs::metadata(executable)?.len() / 1_000_000;
    let row = Row { tool: tool.packages[0].clone(), megabytes, build_seconds: took.as_secs_f64(), compared };
    ROWS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(row);
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
