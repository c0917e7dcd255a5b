//! `dongbo backup FILE`.

use std::path::PathBuf;

use crate::cli::office::{Failure, Office, store_failure};
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to; a file that stands there is replaced at once or not at all.
    file: PathBuf,
}

pub(super) fn backup(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let bytes = ledger.desk.backup(&args.file).map_err(|error| store_failure(error, &args.file))?;
    office.talk(&office.say(
        format!("Đã sao lưu và kiểm tra: {} ({bytes} byte)", args.file.display()),
        format!("Copied and checked: {} ({bytes} bytes)", args.file.display()),
    ));
    Ok(Exit::Done)
}
