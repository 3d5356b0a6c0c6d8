//! `pyfreeze trace`.

use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};

use super::Failure;
use super::arguments::TraceArguments;
use super::build::runtime;
use crate::project::{Lock, LockChoice, ProjectRequest, SettingsOverrides};
use crate::runtime::StubKind;
use crate::trace::{TraceError, TraceRequest, Traced, trace};
use crate::ui::count_text;

/// What a shell adds to a signal's number.
const SIGNAL_STATUS: i32 = 128;

pub(super) fn run(arguments: TraceArguments) -> Result<ExitCode, Failure> {
    let runtime = runtime(arguments.runtime.as_deref(), StubKind::Dynamic)?;
    let overrides =
        SettingsOverrides { script: arguments.script, lock: LockChoice::Unused, ..SettingsOverrides::default() };
    let available = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let request = TraceRequest {
        project: ProjectRequest { path: arguments.path, venv: arguments.venv, overrides },
        python: arguments.python,
        output: arguments.output,
        command: arguments.command,
        worker_count: available.get(),
    };
    let traced = trace(&request, &runtime).map_err(failure)?;
    if !arguments.quiet {
        eprintln!("{}", summary(&traced));
    }
    // OK because both are below 256.
    Ok(ExitCode::from(u8::try_from(status_number(traced.status)).unwrap_or(u8::MAX)))
}

/// The status that a shell would show.
fn status_number(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| SIGNAL_STATUS + signal)).unwrap_or(1)
}

fn summary(traced: &Traced) -> String {
    let Lock { modules, distributions, files, libraries, host_libraries, outside, .. } = &traced.seen;
    let counts = [
        ("module", "modules", modules.len()),
        ("file", "files", files.len()),
        ("library", "libraries", libraries.len()),
        ("distribution", "distributions", distributions.len()),
        ("thing that stays outside", "things that stay outside", host_libraries.len() + outside.len()),
    ];
    let counts = counts.iter().filter(|(.., count)| *count > 0);
    let words = |(one, many, count): &(&str, &str, usize)| {
        format!("{} {}", count_text(*count), if *count == 1 { one } else { many })
    };
    let seen: Vec<_> = counts.map(words).collect();
    let seen = if seen.is_empty() { "nothing that no import shows".to_owned() } else { seen.join(", ") };
    let end = match (traced.status.code(), traced.status.signal()) {
        (_, Some(signal)) => format!(" until signal {signal} ended the program"),
        (Some(code @ 1..), _) => format!("; the program ended with status {code}"),
        _ => String::new(),
    };
    format!("pyfreeze: traced {seen}{end}: `{}`", traced.path.display())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failure(error: TraceError) -> Failure {
    Failure::new(&error, error.hints())
}
