//! `dongbo why KEY PORTAL`: one sentence.

use serde::Serialize;

use super::office::{Failure, Ledger, Office};
use super::order;
use crate::config;
use crate::delivery::{Delivery, Hold, Moment, Stands, State, Waiting, Wanted};
use crate::exit::Exit;
use crate::message::{Problem, of};
use crate::plan::{self, Occasion, Refusal};
use crate::report::{to_wall, when, withdrawn_by};
use crate::store::{ArticleRow, DeliveryRow, PortalRow, wall};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The original's address, a copy's address, a key, or words of the title.
    key: String,
    /// The portal's id.
    portal: String,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Why {
    /// A stable word: `stands`, `withdrawn`, `waits`, `due`, `refused`,
    /// `parked`, `removed`, `approval`, `detached`, `paused`, `held`, `down`, `planned`, `unseen`.
    because: &'static str,
    sentence: String,
    /// Where the copy stands.
    url: Option<String>,
    /// Wall clock, ms: not before.
    until: Option<i64>,
}

impl Why {
    fn new(because: &'static str, sentence: String) -> Self {
        Self { because, sentence, url: None, until: None }
    }
}

pub(super) fn why(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let Some(portal) = ledger.config.portal(&args.portal) else {
        let known: Vec<String> = ledger.config.portals.iter().map(|portal| portal.id.clone()).collect();
        return Err(order::unknown(office, &args.portal, &known));
    };
    let article = match office.article(&ledger, &args.key) {
        Ok(article) => article,
        Err(Failure::Problem(_, Exit::Nothing)) => return unseen(office, &args.key),
        Err(other) => return Err(other),
    };
    let why = reason(office, &ledger, portal, &article)?;
    office.show(&why, || why.sentence.clone())?;
    Ok(Exit::Done)
}

fn unseen(office: &Office, key: &str) -> Result<Exit, Failure> {
    let why = Why::new(
        "unseen",
        office
            .say(format!("Chưa từng thấy “{key}” trong nguồn nào."), format!("“{key}” was never seen in any source.")),
    );
    office.show(&why, || why.sentence.clone())?;
    Ok(Exit::Nothing)
}

fn reason(office: &Office, ledger: &Ledger<'_>, portal: &config::Portal, article: &ArticleRow) -> Result<Why, Failure> {
    let rows = ledger.read(|desk| desk.portals())?;
    let row = rows.iter().find(|row| row.name == portal.id);
    let Some(row) = row else {
        return Ok(Why::new(
            "planned",
            office
                .say(
                    "Cổng này mới được khai báo; dongbo chưa chạy với nó.",
                    "The portal is new; dongbo has not run with it yet.",
                )
                .into(),
        ));
    };
    let deliveries = ledger.read(|desk| desk.deliveries(article.id))?;
    match deliveries.into_iter().find(|delivery| delivery.portal == row.id) {
        Some(delivery) => of_delivery(office, ledger, (row, article), &delivery),
        None => of_rules(office, ledger, row, article),
    }
}

fn of_delivery(
    office: &Office,
    ledger: &Ledger<'_>,
    (row, article): (&PortalRow, &ArticleRow),
    found: &DeliveryRow,
) -> Result<Why, Failure> {
    let now = ledger.read(|desk| desk.now())?;
    let paused = ledger.read(|desk| desk.paused())?;
    let delivery = &found.delivery;
    if delivery.state() == State::Standing {
        return Ok(standing(office, article, found, now));
    }
    Ok(match delivery.hold {
        Hold::Parked(_) | Hold::Removed | Hold::Detached | Hold::Waiting(_) if delivery.wanted != Wanted::Nothing => {
            held_back(office, (row, article), delivery)
        }
        Hold::Parked(_) | Hold::Removed | Hold::Detached | Hold::Waiting(_) | Hold::None => {
            stopped(office, row, paused, now).unwrap_or_else(|| on_its_way(office, delivery, now))
        }
    })
}

fn standing(office: &Office, article: &ArticleRow, found: &DeliveryRow, now: Moment) -> Why {
    let url = found.copy.as_ref().and_then(|copy| copy.url.clone());
    if found.delivery.wanted == Wanted::Nothing {
        let why = withdrawn_by(article.withdrawn_by.as_deref(), office.lang);
        let text = office.say(
            format!("Bài đã được thu hồi ({why}); cổng không còn hiển thị."),
            format!("It was withdrawn ({why}); the portal does not show it."),
        );
        return Why::new("withdrawn", text);
    }
    let written = found.copy.as_ref().map(|copy| copy.written_at).filter(|&at| at != Moment::NEVER);
    let since = written.map_or_else(|| "—".into(), |at| when(to_wall(at, now), office.lang));
    let at = url.clone().unwrap_or_else(|| "—".into());
    let text = office.say(
        format!("Bản sao đúng như bài gốc từ {since} tại {at}."),
        format!("It stands as wanted since {since} at {at}."),
    );
    Why { url, ..Why::new("stands", text) }
}

fn held_back(office: &Office, (row, article): (&PortalRow, &ArticleRow), delivery: &Delivery) -> Why {
    let todo = |because: &'static str, problem: Problem| {
        let message = problem.message(office.lang);
        Why::new(because, format!("{} {}", message.what, message.todo))
    };
    match delivery.hold {
        Hold::Parked(kind) => todo("parked", of::kind(kind, &row.name, &row.address)),
        Hold::Removed => {
            let text = office.say(
                format!(
                    "Biên tập viên của cổng đã gỡ bản sao; để đăng lại: dongbo retry --portal {} --article …",
                    row.name
                ),
                format!(
                    "The portal's editors took the copy down; to show it again: dongbo retry --portal {} --article …",
                    row.name
                ),
            );
            Why::new("removed", text)
        }
        Hold::Waiting(Waiting::Approval) => {
            let text = office.say(
                format!("Chờ đồng ý vì có quá nhiều bài mới trong một giờ: dongbo resume --portal {}", row.name),
                format!(
                    "It waits for approval, too many new articles within an hour: dongbo resume --portal {}",
                    row.name
                ),
            );
            Why::new("approval", text)
        }
        Hold::Waiting(Waiting::Firewall) => {
            let key = &article.key;
            let text = office.say(
                format!("Tường lửa nội dung giữ bài lại; xem: dongbo hold show {key}"),
                format!("The content firewall holds it; look: dongbo hold show {key}"),
            );
            Why::new("firewall", text)
        }
        Hold::Waiting(Waiting::Rejected) => {
            let key = &article.key;
            let text = office.say(
                format!("Nội dung này đã bị từ chối và không được gửi; xem: dongbo hold show {key}"),
                format!("This text was rejected and does not go out; look: dongbo hold show {key}"),
            );
            Why::new("rejected", text)
        }
        Hold::Waiting(Waiting::Embargo) | Hold::None => Why::new("waits", office.say("Đang chờ.", "It waits.").into()),
        Hold::Detached => Why::new(
            "detached",
            office.say("Đơn vị đã giữ bản sao làm bài riêng.", "The unit keeps the copy as its own.").into(),
        ),
    }
}

/// The portal as a whole stops it.
fn stopped(office: &Office, row: &PortalRow, all_paused: bool, now: Moment) -> Option<Why> {
    let name = &row.name;
    if all_paused {
        let text = office.say(
            "Tất cả đang tạm dừng; tiếp tục: dongbo resume --all",
            "Everything is paused; go on: dongbo resume --all",
        );
        return Some(Why::new("paused", text.into()));
    }
    if row.paused {
        let text = office.say(
            format!("Cổng đang tạm dừng; tiếp tục: dongbo resume --portal {name}"),
            format!("The portal is paused; go on: dongbo resume --portal {name}"),
        );
        return Some(Why::new("paused", text));
    }
    let healths = [&row.health, &row.installation_health];
    if let Some(health) = healths.iter().find(|health| health.held.is_some()) {
        let reason = health.reason.as_deref().unwrap_or("—");
        let text = office.say(
            format!("Cổng đang bị giữ: {reason}; xem: dongbo check {name}"),
            format!("The portal is held: {reason}; look: dongbo check {name}"),
        );
        return Some(Why::new("held", text));
    }
    let until = healths.iter().filter_map(|health| health.open_until).max()?;
    let until = to_wall(until, now);
    let reason = healths.iter().find_map(|health| health.reason.as_deref()).unwrap_or("—");
    let at = when(until, office.lang);
    let text = office.say(
        format!("Cổng không trả lời ({reason}); hỏi lại lúc {at}."),
        format!("The portal does not answer ({reason}); it is asked again at {at}."),
    );
    Some(Why { until: Some(until), ..Why::new("down", text) })
}

fn on_its_way(office: &Office, delivery: &Delivery, now: Moment) -> Why {
    let at = delivery.not_before.max(delivery.quiet_until);
    if at <= now {
        let text = office.say("Đang đến lượt gửi.", "It is due and will be worked on next.");
        return Why::new("due", text.into());
    }
    let until = to_wall(at, now);
    let time = when(until, office.lang);
    let (vi, en) = if delivery.quiet_until > delivery.not_before {
        ("chưa rõ lần gửi trước có đến nơi không", "it is not known whether the last write arrived")
    } else if delivery.tries > 0 {
        ("lần gửi trước không thành công", "the last try failed")
    } else if delivery.stands == Stands::Absent || !delivery.sent {
        ("bài mới còn có thể được sửa ngay sau khi đăng", "a new article may still be corrected at once")
    } else {
        ("các lần sửa một bài cách nhau tối thiểu một khoảng", "corrections of one copy keep their distance")
    };
    let text = office.say(format!("Chờ đến {time} vì {vi}."), format!("It waits until {time} because {en}."));
    Why { until: Some(until), ..Why::new("waits", text) }
}

fn of_rules(office: &Office, ledger: &Ledger<'_>, row: &PortalRow, article: &ArticleRow) -> Result<Why, Failure> {
    let facts = ledger.read(|desk| desk.facts(article.id, &ledger.planned))?;
    let planned = ledger.planned.portals.iter().find(|portal| portal.name == row.name);
    let (Some(facts), Some(planned)) = (facts, planned) else {
        return unseen_article(office, article);
    };
    let name = &row.name;
    let Err(refusal) = plan::comes(&planned.rules, &facts, planned.since, Occasion::Reading) else {
        let text = office.say(
            format!("Quy tắc nay cho phép nhưng bài có trước đó; đưa sang: dongbo resync --portal {name} --article {}", article.key),
            format!("Today's rules let it come, but it is older than they are; bring it: dongbo resync --portal {name} --article {}", article.key),
        );
        return Ok(Why::new("planned", text));
    };
    let categories = article.categories.join(", ");
    let text = match refusal {
        Refusal::Source => office.say(
            format!("Cổng {name} không lấy tin từ nguồn {}.", article.sources.join(", ")),
            format!("The portal {name} does not read {}.", article.sources.join(", ")),
        ),
        Refusal::NotAccepted => office.say(
            format!("Không chuyên mục nào của bài ({categories}) nằm trong accept của cổng {name}."),
            format!("None of its categories ({categories}) is in the portal {name}'s accept."),
        ),
        Refusal::Rejected => office.say(
            format!("Một chuyên mục của bài ({categories}) nằm trong reject của cổng {name}."),
            format!("One of its categories ({categories}) is in the portal {name}'s reject."),
        ),
        Refusal::TooOld => {
            let published = when(article.published.min(wall()), office.lang);
            office.say(
                format!("Bài đăng {published}, cũ hơn backfill của cổng; đưa sang: dongbo resync --portal {name} --article {}", article.key),
                format!("Published {published}, older than the portal's backfill; bring it: dongbo resync --portal {name} --article {}", article.key),
            )
        }
        Refusal::Withdrawn => office.say(
            "Bài đã bị thu hồi trước khi đến cổng này.".into(),
            "It was withdrawn before it came to this portal.".into(),
        ),
    };
    Ok(Why::new("refused", text))
}

fn unseen_article(office: &Office, article: &ArticleRow) -> Result<Why, Failure> {
    Ok(Why::new(
        "unseen",
        office.say(format!("{}: không còn dữ liệu.", article.key), format!("{}: nothing is known.", article.key)),
    ))
}
