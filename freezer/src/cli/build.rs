//! `pyfreeze build`.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::arguments::{
    BuildArguments, InstallArguments, InstallerArgument, NativeArgument, ProjectArguments, SnapshotArgument,
    SourceArgument, StubArgument,
};
use super::{Failure, put, put_json};
use crate::bytecode::Optimization;
use crate::contents::Warning;
use crate::freeze::{FreezeRequest, Frozen, freeze};
use crate::inspect::Report;
use crate::install::{Freshness, IndexOptions, InstallRequest, Installer, Policy};
use crate::libraries::{GlibcVersion, Native};
use crate::project::{LockChoice, ProjectRequest, SettingsOverrides, SnapshotChoice, SourcePolicy, wanted_stub};
use crate::runtime::{Runtime, StubKind};
use crate::ui::{Bar, Messages, Style, build_summary};

pub(super) fn run(arguments: BuildArguments) -> Result<(), Failure> {
    let folder = arguments.project.runtime.clone();
    let mut request = request(arguments.project)?;
    let runtime = runtime_for(&request, folder.as_deref())?;
    request.project.overrides.output = arguments.output;
    let frozen = freeze_with_bar(&request, &runtime, arguments.quiet)?;
    warn(&frozen.contents.warnings);
    if arguments.json {
        put_json(&BuildReport::new(&frozen))?;
    } else if !arguments.quiet {
        put(&build_summary(&frozen, Style::of_stdout()));
    }
    Ok(())
}

/// The report of a build: what `inspect --json` says, and what only the build knows.
#[derive(Serialize)]
struct BuildReport<'a> {
    output: &'a Path,
    seconds: f64,
    compiled_count: usize,
    cached_count: usize,
    warnings: Vec<&'a str>,
    #[serde(flatten)]
    report: &'a Report,
}

impl<'a> BuildReport<'a> {
    fn new(frozen: &'a Frozen) -> Self {
        Self {
            output: &frozen.output,
            seconds: frozen.duration.as_secs_f64(),
            compiled_count: frozen.compiled.compiled,
            cached_count: frozen.compiled.cached,
            warnings: frozen.contents.warnings.iter().map(|warning| warning.message.as_str()).collect(),
            report: &frozen.report,
        }
    }
}

/// The runtime pack that the arguments name.
pub(super) fn runtime(folder: Option<&Path>, kind: StubKind) -> Result<Runtime, Failure> {
    Runtime::find(folder, kind).map_err(|error| Failure::new(&error, error.hints()))
}

/// The runtime pack in that folder, or else the embedded one that the project's settings want.
pub(super) fn runtime_for(request: &FreezeRequest, folder: Option<&Path>) -> Result<Runtime, Failure> {
    let kind = wanted_stub(&request.project).map_err(|error| Failure::new(&error, error.hints()))?;
    runtime(folder, kind)
}

/// Freezes with a progress bar.
pub(super) fn freeze_with_bar(request: &FreezeRequest, runtime: &Runtime, is_quiet: bool) -> Result<Frozen, Failure> {
    let bar = Bar::new(is_quiet);
    let outcome = freeze(request, runtime, &|progress| bar.show(progress));
    bar.finish();
    outcome.map_err(|error| Failure::new(&error, error.hints()))
}

pub(super) fn warn(warnings: &[Warning]) {
    let messages = Messages::on_stderr();
    warnings.iter().for_each(|warning| messages.warning(&warning.message, &warning.hints));
}

/// What the project arguments ask for; where the executable goes is the caller's part.
pub(super) fn request(arguments: ProjectArguments) -> Result<FreezeRequest, Failure> {
    let optimization = match arguments.optimization {
        0 => None,
        1 => Some(Optimization::Asserts),
        2 => Some(Optimization::Docstrings),
        _ => return Err(Failure::usage(&"Cannot optimize more than `-OO`")),
    };
    let source = arguments.source.map(|source| match source {
        SourceArgument::Included => SourcePolicy::Included,
        SourceArgument::None => SourcePolicy::None,
    });
    let overrides = SettingsOverrides {
        script: arguments.script,
        include: arguments.include,
        exclude: arguments.exclude,
        include_distributions: arguments.include_distribution,
        data: arguments.data,
        optimization,
        source,
        prune: arguments.prune.then_some(true),
        strict: arguments.strict.then_some(true),
        python_options: arguments.python_option,
        stub: arguments.stub.map(|stub| match stub {
            StubArgument::Dynamic => StubKind::Dynamic,
            StubArgument::Static => StubKind::Static,
        }),
        native: arguments.native.map(|native| match native {
            NativeArgument::Auto => Native::Auto,
            NativeArgument::Memfd => Native::Memfd,
            NativeArgument::Cache => Native::Cache,
            NativeArgument::Beside => Native::Beside,
        }),
        host_libraries: arguments.allow_host_library,
        glibc: arguments.glibc.as_deref().map(glibc).transpose()?,
        snapshot: arguments.snapshot.snapshot.map(|level| match level {
            SnapshotArgument::Off => SnapshotChoice::Off,
            SnapshotArgument::Runtime => SnapshotChoice::Runtime,
            SnapshotArgument::App => SnapshotChoice::App,
        }),
        snapshot_train: arguments.snapshot.snapshot_train,
        snapshot_timeout: arguments.snapshot.snapshot_timeout.map(|seconds| Duration::from_secs(seconds.get())),
        hash_randomization: arguments.snapshot.hash_randomization,
        output: None,
        lock: match arguments.lock {
            Some(file) => LockChoice::File(file),
            None if arguments.no_lock => LockChoice::Unused,
            None => LockChoice::Own,
        },
        locked: arguments.locked,
    };
    let project = ProjectRequest { path: arguments.path, venv: arguments.venv, overrides };
    Ok(FreezeRequest { project, install: install_request(arguments.install), worker_count: arguments.jobs })
}

fn install_request(arguments: InstallArguments) -> InstallRequest {
    InstallRequest {
        policy: match (arguments.install, arguments.no_install) {
            (_, true) => Policy::Never,
            (true, false) => Policy::Always,
            (false, false) => Policy::WhenNeeded,
        },
        requirements: arguments.requirements,
        extras: arguments.extra,
        groups: arguments.group,
        freshness: if arguments.upgrade { Freshness::Upgraded } else { Freshness::Kept },
        installer: match arguments.installer {
            InstallerArgument::Pip => Installer::Pip,
            InstallerArgument::Uv => Installer::Uv,
        },
        index: IndexOptions {
            is_offline: arguments.no_index,
            find_links: arguments.find_links,
            index_url: arguments.index_url,
            extra_index_urls: arguments.extra_index_url,
        },
    }
}

fn glibc(text: &str) -> Result<GlibcVersion, Failure> {
    GlibcVersion::parse(text).ok_or_else(|| Failure::usage(&format!("Not a version of glibc, such as 2.28: `{text}`")))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Duration, Optimization, SnapshotChoice, SourcePolicy, request};
    use crate::cli::arguments::{Arguments, Command};
    use crate::freeze::FreezeRequest;

    fn parsed(words: &[&str]) -> Result<FreezeRequest, super::Failure> {
        let words = ["pyfreeze", "build"].iter().chain(words);
        let Command::Build(arguments) = Arguments::try_parse_from(words).unwrap().command else {
            panic!("not the build command")
        };
        request(arguments.project)
    }

    #[test]
    fn flags_override_the_project_s_settings() {
        let words = "app -OO --source none --prune --data a:b --data c:d --python-option -Xdev --jobs 3";
        let request = parsed(&words.split(' ').collect::<Vec<_>>()).unwrap();
        let overrides = request.project.overrides;
        assert_eq!(overrides.optimization, Some(Optimization::Docstrings));
        assert_eq!(overrides.source, Some(SourcePolicy::None));
        assert_eq!((overrides.prune, overrides.strict), (Some(true), None));
        assert_eq!(overrides.data, ["a:b", "c:d"]);
        assert_eq!(overrides.python_options, ["-Xdev"]);
        assert_eq!(request.worker_count.map(usize::from), Some(3));
    }

    #[test]
    fn flags_of_the_snapshot() {
        let words = ["app", "--snapshot", "app", "--snapshot-train", "--help", "--snapshot-timeout", "7"];
        let overrides = parsed(&words).unwrap().project.overrides;
        assert_eq!(overrides.snapshot, Some(SnapshotChoice::App));
        assert_eq!(overrides.snapshot_train, ["--help"]);
        assert_eq!(overrides.snapshot_timeout, Some(Duration::from_secs(7)));
        assert!(parsed(&["app", "--hash-randomization"]).unwrap().project.overrides.hash_randomization);
    }

    #[test]
    fn flags_that_are_not_given_override_nothing() {
        let overrides = parsed(&["app"]).unwrap().project.overrides;
        assert_eq!(overrides, crate::project::SettingsOverrides::default());
    }

    #[test]
    fn too_much_optimization_is_wrong_usage() {
        assert_eq!(parsed(&["app", "-OOO"]).unwrap_err().status, 2);
    }
}
