//! `dongbo plan`: what would be done, from the ledger alone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::office::{Failure, Ledger, Office};
use super::order;
use crate::exit::Exit;
use crate::report::losses;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these portals: ids or group:NAME.
    #[arg(long, value_name = "ID|group:NAME")]
    portal: Vec<String>,
    /// One article: the original's address, a copy's address, a key, or words of the title.
    key: Vec<String>,
}

/// What `--json` prints, per portal.
#[derive(Debug, Serialize)]
struct PortalPlan {
    portal: String,
    /// Deliveries by what comes next: `create`, `update`, `withdraw`,
    /// `look-up`, `wait`, `held`, `standing`; with a KEY it is one.
    next: BTreeMap<&'static str, usize>,
    /// What copies there lack; `null`: the portal was not asked yet.
    losses: Option<Vec<&'static str>>,
}

pub(super) fn plan(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let chosen = order::portals(office, ledger.config, &args.portal)?;
    let article = match args.key.as_slice() {
        [] => None,
        words => Some(office.article(&ledger, &words.join(" "))?.id),
    };
    let (rows, now) = (ledger.read(|desk| desk.portals())?, ledger.read(|desk| desk.now())?);
    let mut plans = Vec::new();
    for row in rows.iter().filter(|row| !row.retired) {
        if chosen.as_ref().is_some_and(|ids| !ids.contains(&row.name)) {
            continue;
        }
        plans.push(PortalPlan {
            portal: row.name.clone(),
            next: ledger.read(|desk| desk.next(row.id, article, now))?,
            losses: row.capabilities.as_ref().map(|can| losses(can, office.lang)),
        });
    }
    office.show(&plans, || text(office, &ledger, &plans))?;
    Ok(Exit::Done)
}

fn text(office: &Office, ledger: &Ledger<'_>, plans: &[PortalPlan]) -> String {
    let mut lines = Vec::new();
    for plan in plans {
        let next: Vec<String> =
            plan.next.iter().map(|(next, count)| format!("{} {count}", word(office, next))).collect();
        let name = ledger.config.portal(&plan.portal).map_or("", |portal| portal.name.as_str());
        let nothing = office.say("không có gì", "nothing");
        let next = if next.is_empty() { nothing.to_owned() } else { next.join(", ") };
        lines.push(format!("{} ({name}): {next}", plan.portal));
        let lack = office.say("bản sao ở đây sẽ thiếu", "copies here lack");
        let losses = plan.losses.iter().filter(|losses| !losses.is_empty());
        lines.extend(losses.map(|losses| format!("  {lack}: {}", losses.join(", "))));
    }
    lines.join("\n")
}

fn word(office: &Office, next: &'static str) -> &'static str {
    let vi = match next {
        "create" => "tạo",
        "update" => "sửa",
        "withdraw" => "gỡ",
        "look-up" => "đối chiếu",
        "wait" => "chờ",
        "held" => "cần người xem",
        "rejected" => "không duyệt",
        "standing" => "đã đúng",
        other => other,
    };
    office.say(vi, next)
}
