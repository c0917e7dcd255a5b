//! `dongbo status`.

use crate::cli::office::{Failure, Office};
use crate::exit::Exit;
use crate::report::Status;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// End with 4 when something needs a person: for monitoring.
    #[arg(long)]
    check: bool,
}

pub(super) fn status(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let status = ledger.read(|desk| Status::read(desk, ledger.config, office.lang))?;
    office.show(&status, || status.text(office.lang))?;
    Ok(if args.check && status.needs_a_person() { Exit::Left } else { Exit::Done })
}
