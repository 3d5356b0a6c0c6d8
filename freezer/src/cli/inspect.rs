//! `pyfreeze inspect`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failure, put, put_json};
use crate::contents::Temperature;
use crate::inspect::{self, InspectError, Report, Side};
use crate::sbom;
use crate::ui::{
    Style, difference_text, inspect_summary, library_list, license_text, metadata_text, size_tree_text, snapshot_list,
};

#[derive(Debug, Args)]
#[command(after_help = "Without an option, a summary. Several options print one behind the other.")]
pub(super) struct InspectArguments {
    /// The executable
    executable: PathBuf,
    /// Print as JSON: everything, or what the option asks for
    #[arg(long, conflicts_with = "sbom")]
    json: bool,
    /// What takes how much room, package by package
    #[arg(long)]
    tree: bool,
    /// Levels of the tree [default: 2]
    #[arg(long, value_name = "LEVELS", requires = "tree")]
    depth: Option<usize>,
    /// List the modules
    #[arg(long)]
    modules: bool,
    /// List the data files
    #[arg(long)]
    files: bool,
    /// List the shared libraries: how each is brought to run, who imports it, what it needs
    #[arg(long)]
    libraries: bool,
    /// Distributions with their entry points and licences, the runtime, the build's settings
    #[arg(long)]
    metadata: bool,
    /// Say what is in the snapshot and what is not, and why
    #[arg(long)]
    snapshot: bool,
    /// Print all licence texts: the runtime's, of each distribution, of the project
    #[arg(long)]
    licenses: bool,
    /// Print the bill of materials
    #[arg(long, value_name = "FORM", conflicts_with_all = ["tree", "modules", "files", "libraries", "metadata", "snapshot", "licenses", "diff"])]
    sbom: Option<SbomArgument>,
    /// Say what differs in another executable: what it adds, lacks and changes
    #[arg(long, value_name = "OTHER")]
    diff: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SbomArgument {
    /// CycloneDX 1.6, as it is embedded in the executable
    Cyclonedx,
    /// SPDX 2.3
    Spdx,
}

pub(super) fn run(arguments: &InspectArguments) -> Result<(), Failure> {
    let path = &arguments.executable;
    let file = inspect::read(path).map_err(failure)?;
    let report = inspect::report(path, &file).map_err(failure)?;
    let payload = inspect::payload(path, &file).map_err(failure)?;
    if let Some(form) = arguments.sbom {
        put(&materials(form, &payload, &report, path)?);
        return Ok(());
    }
    let sections = sections(arguments);
    if sections.is_empty() {
        return match arguments.json {
            true => put_json(&report),
            false => {
                put(&inspect_summary(&path.display().to_string(), &report, Style::of_stdout()));
                Ok(())
            }
        };
    }
    let side = Side { file: &file, payload: &payload, report: &report };
    if arguments.json {
        return put_json(&json(&sections, arguments, side)?);
    }
    for section in sections {
        put(&text(section, arguments, side)?);
    }
    Ok(())
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Tree,
    Modules,
    Files,
    Libraries,
    Metadata,
    Snapshot,
    Licenses,
    Diff,
}

fn sections(arguments: &InspectArguments) -> Vec<Section> {
    let asked = [
        (arguments.tree, Section::Tree),
        (arguments.modules, Section::Modules),
        (arguments.files, Section::Files),
        (arguments.libraries, Section::Libraries),
        (arguments.metadata, Section::Metadata),
        (arguments.snapshot, Section::Snapshot),
        (arguments.licenses, Section::Licenses),
        (arguments.diff.is_some(), Section::Diff),
    ];
    asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, section)| section).collect()
}

/// Levels of the tree that are shown unless the user says.
const DEPTH: usize = 2;

fn text(section: Section, arguments: &InspectArguments, side: Side<'_>) -> Result<String, Failure> {
    let Side { payload, report, .. } = side;
    let name = arguments.executable.display().to_string();
    Ok(match section {
        Section::Tree => {
            let tree = inspect::size_tree(payload, report);
            size_tree_text(&name, &tree, arguments.depth.unwrap_or(DEPTH), Style::of_stdout())
        }
        Section::Modules => modules(report),
        Section::Files => report.manifest.files.iter().map(|file| format!("{}\n", file.path)).collect(),
        Section::Libraries => library_list(report),
        Section::Metadata => metadata_text(&inspect::metadata(payload, &report.manifest), Style::of_stdout()),
        Section::Snapshot => snapshot_list(report),
        Section::Licenses => license_text(&inspect::licenses(payload, &report.manifest)),
        Section::Diff => with_other(arguments, side, &|difference, other| {
            Ok(difference_text(&name, other, difference, Style::of_stdout()))
        })?,
    })
}

/// One section is its value; several are an object with their names.
fn json(sections: &[Section], arguments: &InspectArguments, side: Side<'_>) -> Result<serde_json::Value, Failure> {
    let Side { payload, report, .. } = side;
    let value = |section: &Section| -> Result<(String, serde_json::Value), Failure> {
        let (name, value) = match section {
            Section::Tree => ("tree", to_json(&inspect::size_tree(payload, report))?),
            Section::Modules => ("modules", to_json(&report.manifest.modules)?),
            Section::Files => ("files", to_json(&report.manifest.files)?),
            Section::Libraries => ("libraries", to_json(&report.manifest.libraries)?),
            Section::Metadata => ("metadata", to_json(&inspect::metadata(payload, &report.manifest))?),
            Section::Snapshot => ("snapshot", to_json(&report.snapshot)?),
            Section::Licenses => ("licenses", to_json(&inspect::licenses(payload, &report.manifest))?),
            Section::Diff => ("diff", with_other(arguments, side, &|difference, _| to_json(difference))?),
        };
        Ok((name.to_owned(), value))
    };
    let mut values = sections.iter().map(value).collect::<Result<Vec<_>, _>>()?;
    match values.as_mut_slice() {
        [(_, value)] => Ok(value.take()),
        _ => Ok(values.into_iter().collect::<serde_json::Map<_, _>>().into()),
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::new(&error, Vec::new()))
}

/// Compares with the other executable, which is read for that.
fn with_other<T>(
    arguments: &InspectArguments,
    side: Side<'_>,
    use_it: &dyn Fn(&inspect::Difference, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let other = arguments.diff.as_deref().unwrap_or(Path::new(""));
    let file = inspect::read(other).map_err(failure)?;
    let report = inspect::report(other, &file).map_err(failure)?;
    let payload = inspect::payload(other, &file).map_err(failure)?;
    let difference = inspect::difference(side, Side { file: &file, payload: &payload, report: &report });
    use_it(&difference, &other.display().to_string())
}

/// The embedded document as it is, or the other form of the same bill.
fn materials(
    form: SbomArgument,
    payload: &pyfreeze_format::Payload<'_>,
    report: &Report,
    path: &Path,
) -> Result<String, Failure> {
    let manifest = &report.manifest;
    let none = || Failure::new(&format!("`{}` has no bill of materials in it", path.display()), Vec::new());
    match form {
        SbomArgument::Cyclonedx => inspect::embedded_materials(payload).ok_or_else(none),
        SbomArgument::Spdx => Ok(sbom::spdx(&manifest.materials, &manifest.pyfreeze_version)),
    }
}

/// One line for each module, for people and for `grep`.
fn modules(report: &Report) -> String {
    let lines = report.manifest.modules.iter().map(|module| {
        let temperature = match module.temperature {
            Temperature::Hot => "hot ",
            Temperature::Cold => "cold",
        };
        let imported_by = module.imported_by.as_ref().map(|name| format!("  imported by {name}")).unwrap_or_default();
        format!("{temperature}  {}  {}{imported_by}\n", module.name, module.path)
    });
    lines.collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn failure(error: InspectError) -> Failure {
    Failure::new(&error, error.hints())
}
