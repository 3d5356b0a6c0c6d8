//! `pyfreeze inspect` and `pyfreeze verify`.

use super::arguments::{InspectArguments, VerifyArguments};
use super::{Failure, put, put_json};
use crate::contents::Temperature;
use crate::inspect::{self, InspectError, Report};
use crate::ui::{Style, inspect_summary, library_list, snapshot_list};

pub(super) fn run(arguments: &InspectArguments) -> Result<(), Failure> {
    let path = &arguments.executable;
    let report = inspect::read(path).and_then(|file| inspect::report(path, &file)).map_err(failure)?;
    if arguments.json {
        return put_json(&report);
    }
    if !arguments.modules && !arguments.files && !arguments.libraries && !arguments.snapshot {
        put(&inspect_summary(&path.display().to_string(), &report, Style::of_stdout()));
    }
    if arguments.modules {
        put(&modules(&report));
    }
    if arguments.files {
        put(&report.manifest.files.iter().map(|file| format!("{}\n", file.path)).collect::<String>());
    }
    if arguments.libraries {
        put(&library_list(&report));
    }
    if arguments.snapshot {
        put(&snapshot_list(&report));
    }
    Ok(())
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

pub(super) fn verify(arguments: &VerifyArguments) -> Result<(), Failure> {
    let path = &arguments.executable;
    let file = inspect::read(path).map_err(failure)?;
    let verification = inspect::verify(&inspect::payload(path, &file).map_err(failure)?);
    if arguments.json {
        put_json(&verification)?;
    } else if verification.is_intact {
        put(&format!("{}: intact, {}\n", path.display(), verification.digest));
    }
    if verification.is_intact {
        return Ok(());
    }
    let files = match verification.damaged_files.as_slice() {
        [] => "its data differs from its digest outside of any file".to_string(),
        [file] => format!("`{file}` differs from its digest"),
        [first, rest @ ..] => format!("`{first}` and {} more files differ from their digests", rest.len()),
    };
    let hint = "the file may have been damaged while copying; fetch it again".to_string();
    Err(Failure::new(&format!("`{}` is damaged: {files}", path.display()), vec![hint]))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failure(error: InspectError) -> Failure {
    Failure::new(&error, error.hints())
}
