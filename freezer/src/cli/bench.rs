//! `pyfreeze bench`.

use super::arguments::BenchArguments;
use super::build::{freeze_with_bar, request, runtime};
use super::{Failure, put, put_json};
use crate::bench::{BenchError, BenchRequest, Workplace, bench, table};
use crate::project::SourcePolicy;

pub(super) fn run(arguments: BenchArguments) -> Result<(), Failure> {
    let runtime = runtime(arguments.project.runtime.as_deref())?;
    let workplace = Workplace::new().map_err(failure)?;
    let mut project = request(arguments.project)?;
    project.project.overrides.output = Some(workplace.frozen_path());
    // The program from disk is made of the sources.
    project.project.overrides.source = Some(SourcePolicy::Included);
    let frozen = freeze_with_bar(&project, &runtime, false)?;
    let request = BenchRequest { arguments: arguments.arguments, run_count: arguments.runs };
    let report = bench(&request, &frozen, &runtime, &workplace, &|_, _| ()).map_err(failure)?;
    if arguments.json {
        return put_json(&report);
    }
    put(&table(&report));
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failure(error: BenchError) -> Failure {
    Failure::new(&error, error.hints())
}
