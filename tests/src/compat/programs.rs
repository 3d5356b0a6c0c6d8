//! Programs of ours that use packages as they are, shared libraries and all.
//!
//! Comes in: a row with a folder of `tests/compat`. Goes out: the folder frozen, run where nothing can be read or
//! written but the executable itself, and compared with the reference Python: stdout, stderr, exit status.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Output, Run, Status, indented};
use crate::compat::hostile::{self, Hostility};
use crate::compat::page::{self, Measured, Row};
use crate::compat::rows::{Need, Program};
use crate::compat::{Depth, TIME_LIMIT, Way, measure, side};
use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Skip, Stop, Test, TestResult};

/// Two kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A small program with exact output.
    Program,
    /// The tests of a package: how they end is compared, and nothing is timed.
    Suite,
}

/// A test for each row.
#[must_use]
pub fn tests(programs: Vec<Program>, kind: Kind, way: Way) -> Vec<Test> {
    let prefix = if kind == Kind::Suite { "compat/suite-" } else { "compat/" };
    let selected = programs.into_iter().filter(|program| way.depth.selects(program.is_in_test));
    let test = |program: Program| {
        let name = format!("{prefix}{}", program.name);
        Test::new(name, move |product| check(&program, kind, way, product))
    };
    selected.map(test).collect()
}

fn check(program: &Program, kind: Kind, way: Way, product: &Product) -> TestResult {
    let built = {
        let _busy = measure::busy();
        let venv = packages::environment_with_libraries(product, &program.requirements())?;
        let workspace = Workspace::new()?;
        Trial::new(program, way, product, workspace, venv)?
    };
    let outcome = compare(&built, kind);
    let result = match &outcome {
        Ok(compared) => compared.clone(),
        Err(failure) => failure.summary.clone(),
    };
    let measured = built.measured(kind, if outcome.is_ok() { way.depth } else { Depth::None });
    page::keep(Row::new(program, kind, result, measured));
    judge(program, outcome)
}

/// A known failure is skipped aloud; one that is none any more fails.
fn judge(program: &Program, outcome: Result<String, Failure>) -> TestResult {
    match (outcome, program.known_failure.as_str()) {
        (Ok(_), "") => Ok(()),
        (Ok(_), known) => Err(Stop::Failed(format!("it works, so `known_failure` must go: {known}"))),
        (Err(failure), "") => Err(Stop::Failed(failure.report)),
        (Err(failure), known) => Err(Stop::Skipped(Skip::Deferred(format!("{known} ({})", failure.summary)))),
    }
}

/// Why a row doesn't work: in a word for the page, in full for the reader of the test.
struct Failure {
    summary: String,
    report: String,
}

impl Failure {
    fn new(summary: impl Into<String>, report: String) -> Self {
        Self { summary: summary.into(), report }
    }
}

/// One program, ready to be built and run.
struct Trial<'a> {
    program: &'a Program,
    way: Way,
    product: &'a Product,
    workspace: Workspace,
    venv: PathBuf,
    hostility: Hostility,
    outputs: std::cell::OnceCell<[Output; 2]>,
    build_took: std::cell::OnceCell<Duration>,
}

impl<'a> Trial<'a> {
    fn new(
        program: &'a Program,
        way: Way,
        product: &'a Product,
        workspace: Workspace,
        venv: PathBuf,
    ) -> Result<Self, Stop> {
        let folder = product.tests().join("compat").join(program.folder());
        let trial = Self {
            program,
            way,
            product,
            workspace,
            venv,
            hostility: Hostility::find(),
            outputs: std::cell::OnceCell::new(),
            build_took: std::cell::OnceCell::new(),
        };
        copy_tree(&folder, &trial.source())?;
        for name in ["stage/empty", "python", "temp"] {
            fs::create_dir_all(trial.workspace.join(name))?;
        }
        Ok(trial)
    }

    fn source(&self) -> PathBuf {
        self.workspace.join("source").join(&self.program.name)
    }

    fn stage(&self) -> PathBuf {
        self.workspace.join("stage")
    }

    fn executable(&self) -> PathBuf {
        self.stage().join(&self.program.name)
    }

    /// What the program's environment is, with this temporary folder.
    fn variables(&self, temp: &Path) -> Vec<(String, String)> {
        let temp = temp.display().to_string();
        let given = self.program.environment.iter().map(|(name, value)| (name.clone(), value.replace("{temp}", &temp)));
        let own = self.program.needs(Need::Temp).then(|| ("TMPDIR".to_owned(), temp.clone()));
        given.chain(own).collect()
    }

    fn build(&self) -> Result<(), Failure> {
        let build = self.product.command(self.workspace.path()).arg("build").arg(self.source()).args(["-o"]);
        let build = build
            .arg(self.executable())
            .args(self.program.freeze.clone())
            .args(self.way.options())
            .args(["--venv"])
            .arg(&self.venv);
        let output = build.time_limit(TIME_LIMIT).output();
        let said = |output: &Output| output.stderr.lines().find(|line| line.contains("error")).map(str::to_owned);
        if output.status != Status::Exited(0) {
            let why = said(&output).unwrap_or_else(|| format!("{:?}", output.status));
            return Err(Failure::new(format!("not built: {}", page::short(&why)), output.report()));
        }
        // OK because a row is built once.
        let _ = self.build_took.set(output.took);
        Ok(())
    }

    fn python(&self) -> Run {
        let run = Run::new(self.venv.join("bin/python"), self.workspace.join("python")).no_env();
        let run = run.arg(self.source()).args(self.program.arguments.iter().cloned()).time_limit(TIME_LIMIT);
        self.variables(&self.workspace.join("temp")).into_iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    fn frozen(&self) -> Run {
        let variables = self.variables(Path::new(hostile::TEMP));
        self.hostility.run(&self.stage(), &self.hidden(), self.program, &variables).time_limit(TIME_LIMIT)
    }

    /// The frozen program where it was built, as the reference is run: for measuring.
    fn frozen_here(&self) -> Run {
        let run = Run::new(self.executable(), self.workspace.join("stage/empty")).no_env();
        let run = run.args(self.program.arguments.iter().cloned());
        self.variables(&self.workspace.join("temp")).into_iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    /// The environment, the checkout and the reference Python: whatever a build could leave a path to.
    fn hidden(&self) -> Vec<PathBuf> {
        let python = self.product.library.ancestors().nth(2).map(Path::to_path_buf);
        [Some(self.product.cache.clone()), Some(self.product.checkout.clone()), python].into_iter().flatten().collect()
    }

    fn normalizers(&self) -> [Normalizer; 2] {
        let executable = self.hostility.executable(&self.stage(), &self.program.name);
        let temp = self.workspace.join("temp");
        let (frozen_folder, frozen_temp) = match self.hostility {
            Hostility::Folder => (self.workspace.join("stage/empty"), temp.clone()),
            _ => (Path::new(hostile::STAGE).join("empty"), PathBuf::from(hostile::TEMP)),
        };
        let source = self.source();
        let python = side::python(self.product, &self.venv, &source, &source, &self.workspace.join("python"));
        let frozen = side::frozen(&executable, &frozen_folder);
        match self.program.needs(Need::Temp) {
            true => [frozen.path(&frozen_temp, "<temp>"), python.path(&temp, "<temp>")],
            false => [frozen, python],
        }
    }

    fn measured(&self, kind: Kind, depth: Depth) -> Measured {
        let size = fs::metadata(self.executable()).ok().map(|data| data.len());
        let starts = if kind == Kind::Program && depth == Depth::Full {
            measure::starts([&self.frozen_here(), &self.python()]).ok()
        } else {
            None
        };
        let memory = self.outputs.get().map(|outputs| outputs.each_ref().map(|output| output.peak_memory));
        let runs = self.outputs.get().map(|outputs| outputs.each_ref().map(|output| output.took));
        Measured { size, build: self.build_took.get().copied(), starts, memory, runs }
    }
}

/// Runs both; gives what the page says of it.
fn compare(trial: &Trial<'_>, kind: Kind) -> Result<String, Failure> {
    let outputs = {
        let _busy = measure::busy();
        let python = trial.python().output();
        if python.status != Status::Exited(0) {
            return Err(Failure::new("not run: fails under python", python.report()));
        }
        trial.build()?;
        [trial.frozen().output(), python]
    };
    let normalizers = trial.normalizers();
    let said = |index: usize| {
        let Output { status, stdout, stderr, .. } = &outputs[index];
        let stderr = if kind == Kind::Suite { "" } else { stderr };
        normalizers[index].apply(&format!("{status:?}\n{stdout}\n--- stderr\n{stderr}"))
    };
    let (frozen, python) = (said(0), said(1));
    let summary = if kind == Kind::Suite {
        outputs[1].stdout.lines().next().unwrap_or_default().to_owned()
    } else {
        String::new()
    };
    let last = frozen.trim_end().lines().last().unwrap_or_default().to_owned();
    let is_good = outputs[0].status == Status::Exited(0);
    let failure = failure_text(&frozen, &python, &outputs);
    // OK because a row is compared once.
    let _ = trial.outputs.set(outputs);
    if frozen == python {
        let note = trial.hostility.note();
        return Ok(if summary.is_empty() { format!("works{note}") } else { format!("works{note}: {summary}") });
    }
    let word = if is_good {
        format!("differs: {}", page::short(&failure.0))
    } else {
        format!("fails: {}", page::short(&last))
    };
    Err(Failure { summary: word, report: failure.1 })
}

/// The first line that differs, and the whole story.
fn failure_text(frozen: &str, python: &str, outputs: &[Output; 2]) -> (String, String) {
    let missing = ("(end)", "(end)");
    let pairs = frozen.lines().map(Some).chain(std::iter::repeat(None)).zip(python.lines().map(Some).chain([None]));
    let first = pairs.map(|(frozen, python)| (frozen.unwrap_or("(end)"), python.unwrap_or("(end)")));
    let (ours, theirs) = first.into_iter().find(|(frozen, python)| frozen != python).unwrap_or(missing);
    let reports = outputs.each_ref().map(Output::report);
    let report = format!(
        "differs, first at:\n  frozen: {ours}\n  python: {theirs}\n{}{}",
        indented(&reports[0]),
        indented(&reports[1])
    );
    (format!("{ours} instead of {theirs}"), report)
}
