//! The directive-driven cases in `tests/cases`.
//!
//! Comes in: `name.py` (a script), `name/` with a `__main__.py` (a folder) or with a `pyproject.toml` (a project).
//! Goes out: one test for each, at each tested level of the snapshot. A case is frozen once and run as often as it has `#| Args:` lines, each time in a
//! fresh folder, frozen and, with `#| SameAsPython`, by the reference Python from disk.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Output, Run, indented};
use crate::directive::Directives;
use crate::levels::{self, Level};
use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Skip, Stop, Test, TestResult};

/// All cases, sorted by name.
#[must_use]
pub fn tests() -> Vec<Test> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| !path.ends_with("README.md") && !path.ends_with("__pycache__"));
    paths.sort();
    paths.iter().flat_map(|path| levels_of(path).into_iter().map(|level| test(path, level))).collect()
}

/// Those that a case names; all for one that names none, or that can't be read: its tests will say why.
fn levels_of(path: &Path) -> Vec<Level> {
    let named = Case::read(path).map_or_else(|_| Vec::new(), |case| case.directives.levels);
    if named.is_empty() { levels::TESTED.to_vec() } else { named }
}

fn test(path: &Path, level: Level) -> Test {
    let name = format!("cases/{}{}", path.file_stem().unwrap_or_default().to_string_lossy(), level.suffix());
    let path = path.to_path_buf();
    Test::new(name, move |product| Case::read(&path)?.check(product, level))
}

/// A program with its directives.
#[derive(Clone, Debug)]
pub struct Case {
    path: PathBuf,
    kind: Kind,
    /// Whether a script imports files that stand beside it.
    has_neighbours: bool,
    directives: Directives,
}

/// What `pyfreeze build` is given, and how python runs the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Script,
    Folder,
    Project,
}

impl Case {
    fn read(path: &Path) -> Result<Self, Stop> {
        let candidates = [
            (Kind::Project, path.join("pyproject.toml")),
            (Kind::Folder, path.join("__main__.py")),
            (Kind::Script, path.to_path_buf()),
        ];
        let Some((kind, main)) = candidates.into_iter().find(|(_, main)| main.is_file()) else {
            return Err(
                format!("`{}` is no case: it has no `__main__.py` and no `pyproject.toml`", path.display()).into()
            );
        };
        // Lossy, because a case may be about a source file that is not UTF-8.
        let text = String::from_utf8_lossy(&fs::read(&main)?).into_owned();
        let directives = Directives::parse(&text).map_err(|why| format!("{}: {why}", main.display()))?;
        Ok(Self { path: path.to_path_buf(), kind, has_neighbours: false, directives })
    }

    /// A program without directives in its text; a script may import files that stand beside it.
    #[must_use]
    pub fn example(path: PathBuf, is_script: bool, directives: Directives) -> Self {
        let kind = match (is_script, path.join("pyproject.toml").is_file()) {
            (true, _) => Kind::Script,
            (false, true) => Kind::Project,
            (false, false) => Kind::Folder,
        };
        Self { path, kind, has_neighbours: is_script, directives }
    }

    /// Freezes and runs.
    ///
    /// # Errors
    /// [`Stop`] with everything that is needed to understand it.
    pub fn check(&self, product: &Product, level: Level) -> TestResult {
        if let Some(reason) = &self.directives.deferred {
            return Err(Stop::Skipped(Skip::Deferred(reason.clone())));
        }
        for tool in &self.directives.tools {
            crate::executables::tool(tool)?;
        }
        if self.starts_children()? {
            product.expect_python_for_children()?;
        }
        let workspace = Workspace::new()?;
        let prepared = self.prepare(product, &workspace, level)?;
        for arguments in &self.directives.argument_lists {
            prepared.check_run(arguments)?;
        }
        Ok(())
    }

    /// True for programs that start Pythons, knowingly or through the standard library.
    fn starts_children(&self) -> Result<bool, Stop> {
        let words = ["subprocess", "multiprocessing", "ProcessPoolExecutor", "shared_memory"];
        let folder = if self.has_neighbours { self.path.parent().unwrap_or(&self.path) } else { &self.path };
        for entry in walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            if words.iter().any(|word| text.contains(word)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn prepare<'a>(
        &'a self,
        product: &'a Product,
        workspace: &'a Workspace,
        level: Level,
    ) -> Result<Prepared<'a>, Stop> {
        let source = workspace.join("source");
        // A copy, because python leaves `__pycache__` behind, and because no path of the checkout may matter.
        let name = self.path.file_name().unwrap_or_default();
        let source = match (self.kind, self.path.parent()) {
            (Kind::Script, Some(folder)) if self.has_neighbours => {
                copy_tree(folder, &source)?;
                source.join(name)
            }
            (Kind::Script, _) => {
                workspace.write(&format!("source/{}", name.to_string_lossy()), fs::read(&self.path)?)?
            }
            (Kind::Folder | Kind::Project, _) => {
                copy_tree(&self.path, &source)?;
                source
            }
        };
        let requirements = self.requirements()?;
        let venv = packages::environment(product, &requirements)?;
        // Python needs the project installed to know its metadata and its scripts; pyfreeze must not.
        let reference = if self.kind == Kind::Project {
            let copy = packages::kept_copy(product, &self.path)?;
            packages::environment(product, &format!("{requirements}\n{}\n", copy.display()))?
        } else {
            venv.clone()
        };
        let executable = workspace.join("app");
        let mut options = self.directives.freeze.clone();
        options.extend(level.options());
        options.extend(["--venv".to_owned(), venv.display().to_string()]);
        level.expect_in(&product.build(&source, &executable, &options, workspace.path())?)?;
        Ok(Prepared { case: self, product, workspace, source, reference, executable })
    }

    fn requirements(&self) -> Result<String, Stop> {
        let mut requirements = self.directives.packages.join("\n");
        let file = self.path.join("requirements.txt");
        if file.is_file() {
            requirements.push_str(&fs::read_to_string(file)?);
        }
        Ok(requirements)
    }
}

/// A case that has been frozen.
struct Prepared<'a> {
    case: &'a Case,
    product: &'a Product,
    workspace: &'a Workspace,
    source: PathBuf,
    reference: PathBuf,
    executable: PathBuf,
}

impl Prepared<'_> {
    fn check_run(&self, arguments: &[String]) -> TestResult {
        let directives = &self.case.directives;
        let frozen = self.run(Run::new(&self.executable, self.folder("frozen")?), arguments);
        let frozen_normalizer = self.frozen_normalizer();
        let mut problems = self.unmet_expectations(&frozen, &frozen_normalizer);
        let mut reports = frozen.report();
        if directives.is_same_as_python {
            let python = self.run(self.python()?, arguments);
            problems.extend(differences(&frozen, &frozen_normalizer, &python, &self.python_normalizer()));
            reports.push_str(&format!("the reference:\n{}", python.report()));
        }
        if problems.is_empty() {
            return Ok(());
        }
        let Directives { purpose, .. } = directives;
        Err(format!("  {purpose}\n{}{}", indented(&problems.join("\n")), indented(&reports)).into())
    }

    fn run(&self, run: Run, arguments: &[String]) -> Output {
        let directives = &self.case.directives;
        let mut run = run.args(arguments.to_vec()).input(directives.input.clone()).streams(directives.streams);
        for (name, value) in &directives.environment {
            run = run.env(name, value);
        }
        if let Some(limit) = directives.time_limit {
            run = run.time_limit(limit);
        }
        run.output()
    }

    /// A fresh working folder with the case's files.
    fn folder(&self, name: &str) -> Result<PathBuf, Stop> {
        let folder = self.workspace.join(&format!("{name}/folder"));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        for (file, text) in &self.case.directives.files {
            self.workspace.write(&format!("{name}/folder/{file}"), text)?;
        }
        Ok(folder)
    }

    fn python(&self) -> Result<Run, Stop> {
        let run = Run::new(self.reference.join("bin/python"), self.folder("python")?);
        let run = run.args(self.case.directives.python.clone());
        Ok(match self.case.kind {
            Kind::Script | Kind::Folder => run.arg(&self.source),
            Kind::Project => run.arg(self.reference.join("bin").join(self.script_name()?)),
        })
    }

    /// The project's only console script, or the one chosen by `--script`.
    fn script_name(&self) -> Result<String, Stop> {
        let chosen = self.case.directives.freeze.iter().skip_while(|option| *option != "--script").nth(1);
        let text = fs::read_to_string(self.source.join("pyproject.toml"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("pyproject.toml: {error}"))?;
        let scripts = table.get("project").and_then(|project| project.get("scripts")).and_then(toml::Value::as_table);
        let first = || scripts.and_then(|scripts| scripts.keys().next());
        chosen.or_else(first).cloned().ok_or_else(|| "the project has no script".to_owned().into())
    }

    fn frozen_normalizer(&self) -> Normalizer {
        let executable = self.executable.display().to_string();
        Normalizer::default()
            .text(pyfreeze_format::VIRTUAL_ROOT, "<root>")
            .text(&format!("{executable}/"), "<root>/")
            .text(&executable, "<executable>")
            .path(&self.workspace.join("frozen/folder"), "<folder>")
    }

    fn python_normalizer(&self) -> Normalizer {
        let root = if self.source.is_dir() { &self.source } else { self.source.parent().unwrap_or(&self.source) };
        Normalizer::default()
            .path(root, "<root>")
            .path(&self.product.library, "<root>/lib/python3.13")
            .path(&packages::site_packages(&self.reference), "<root>/lib/python3.13/site-packages")
            .path(&self.reference.join("bin/python"), "<executable>")
            .path(&self.reference.join("bin"), "<root>/bin")
            .path(&self.workspace.join("python/folder"), "<folder>")
    }

    fn unmet_expectations(&self, output: &Output, normalizer: &Normalizer) -> Vec<String> {
        let Directives { stdout, status, errors, .. } = &self.case.directives;
        let mut problems = Vec::new();
        if let Some(expected) = stdout
            && normalizer.apply(&output.stdout) != *expected
        {
            problems.push(format!("stdout is not what `ExpectStdout` says:\n{}", indented(expected)));
        }
        if let Some(expected) = status
            && output.status != *expected
        {
            problems.push(format!("status is {:?}, `ExpectStatus` says {expected:?}", output.status));
        }
        let said = normalizer.apply(&output.stderr);
        let missing = errors.iter().filter(|error| !said.contains(error.as_str()));
        problems.extend(missing.map(|error| format!("stderr does not contain: {error}")));
        problems
    }
}

/// What a frozen run and a reference run disagree about.
fn differences(frozen: &Output, frozen_words: &Normalizer, python: &Output, python_words: &Normalizer) -> Vec<String> {
    let mut problems = Vec::new();
    if frozen.status != python.status {
        problems.push(format!("status differs: frozen {:?}, python {:?}", frozen.status, python.status));
    }
    for (stream, frozen, python) in
        [("stdout", &frozen.stdout, &python.stdout), ("stderr", &frozen.stderr, &python.stderr)]
    {
        let (frozen, python) = (frozen_words.apply(frozen), python_words.apply(python));
        if frozen != python {
            problems.push(format!(
                "{stream} differs (- python, + frozen):\n{}",
                indented(&line_difference(&python, &frozen))
            ));
        }
    }
    problems
}

/// The lines that differ, without an alignment: enough to see what is meant.
fn line_difference(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let same_start = expected.iter().zip(&found).take_while(|(left, right)| left == right).count();
    let (expected, found) = (&expected[same_start..], &found[same_start..]);
    let same_end = expected.iter().rev().zip(found.iter().rev()).take_while(|(left, right)| left == right).count();
    let removed = expected[..expected.len() - same_end].iter().map(|line| format!("- {line}\n"));
    let added = found[..found.len() - same_end].iter().map(|line| format!("+ {line}\n"));
    format!("from line {}:\n{}", same_start + 1, removed.chain(added).collect::<String>())
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn only_lines_that_differ_are_shown() {
        assert_eq!(line_difference("a\nb\nc\n", "a\nx\nc\n"), "from line 2:\n- b\n+ x\n");
    }
}
