//! `dongbo article KEY`.

use crate::cli::office::{Failure, Office};
use crate::exit::Exit;
use crate::report::Article;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The original's address, a copy's address, a key, or words of the title.
    #[arg(required = true)]
    key: Vec<String>,
}

pub(super) fn article(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let row = office.article(&ledger, &args.key.join(" "))?;
    let article = ledger.read(|desk| Article::read(desk, &row))?;
    office.show(&article, || article.text(office.lang))?;
    Ok(Exit::Done)
}
