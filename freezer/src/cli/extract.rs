//! `pyfreeze extract`.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, put, put_json};
use crate::extract;
use crate::inspect;
use crate::ui::extract_summary;

#[derive(Debug, Args)]
pub(super) struct ExtractArguments {
    /// The executable
    executable: PathBuf,
    /// Where its files go: a folder that does not exist yet, or an empty one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ExtractArguments) -> Result<(), Failure> {
    let path = &arguments.executable;
    let file = inspect::read(path).map_err(super::inspect::failure)?;
    let extracted = extract::extract(path, &file, &arguments.folder);
    let extracted = extracted.map_err(|error| Failure::new(&error, error.hints()))?;
    if arguments.json {
        return put_json(&extracted);
    }
    put(&extract_summary(&arguments.folder.display().to_string(), &extracted));
    Ok(())
}
