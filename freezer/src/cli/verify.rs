//! `pyfreeze verify`.

use std::path::PathBuf;

use clap::Args;

use super::inspect::failure;
use super::{Failure, put, put_json};
use crate::inspect;
use crate::ui::{Style, verified, verify_problem};

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// The executable
    executable: PathBuf,
    /// Accept changes around the payload, as `strip`, `objcopy` and signatures make them
    #[arg(long)]
    payload_only: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let path = &arguments.executable;
    let file = inspect::read(path).map_err(failure)?;
    let verification = inspect::verification(path, &file).map_err(failure)?;
    let name = path.display().to_string();
    let is_good = verification.is_intact || (arguments.payload_only && verification.is_payload_intact);
    if arguments.json {
        put_json(&verification)?;
    } else if is_good {
        put(&verified(&name, &verification, Style::of_stdout()));
    }
    if is_good {
        return Ok(());
    }
    let (message, hints) = verify_problem(&name, &verification);
    Err(Failure::new(&message, hints))
}
