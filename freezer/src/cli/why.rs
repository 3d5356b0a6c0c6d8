//! `pyfreeze why`.

use super::arguments::WhyArguments;
use super::{Failure, put, put_json};
use crate::inspect::{self, InspectError};
use crate::ui::answer;

pub(super) fn run(arguments: &WhyArguments) -> Result<(), Failure> {
    let path = &arguments.executable;
    let report = inspect::read(path).and_then(|file| inspect::report(path, &file));
    let report = report.map_err(|error: InspectError| Failure::new(&error, error.hints()))?;
    let found = inspect::why(&report.manifest, &arguments.name);
    if arguments.json {
        return put_json(&found);
    }
    put(&answer(&found));
    Ok(())
}
