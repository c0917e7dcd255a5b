//! What the worker read ahead of its turn: by the time it is taken up, the
//! row may ask for something else. No clock and no portal, so that nothing
//! here depends on who is quicker.

use std::time::Duration;

use dongbo::delivery::{self, Moment, Picture, Step, Terms};
use dongbo::store::{Begin, Selection, Task, What, wall};
use dongbo_sdk::KeySupport;

use crate::holds::{Ledger, item};

const TITLE: &str = "Tin số 2";
const TERMS: Terms =
    Terms { key: KeySupport::Enforced, absence_reads: 1, grace: Duration::from_secs(5), hidden_is_wanted: false };

/// A ledger with three articles for a portal that takes new ones without a look-up.
async fn ledger() -> Ledger {
    let ledger = Ledger::new(&[("tinh", "")], &["mot"]).await;
    ledger.reads("tinh", (1..=3).map(|number| item(number, &format!("Tin số {number}"), wall())).collect()).await;
    ledger
}

/// What is read ahead for the portal, in the order that was asked for.
fn read_ahead(ledger: &Ledger) -> Vec<Task> {
    let rows = ["Tin số 1", TITLE, "Tin số 3"].map(|title| ledger.delivery(title, "mot").unwrap());
    ledger.store.tasks(rows[0].portal, rows.iter().map(|row| row.article)).unwrap()
}

/// Whether the create that the task asks for begins.
async fn begins(ledger: &Ledger, task: &Task) -> bool {
    begins_within(ledger, task, 100).await
}

/// The same where so many creates an hour pass without a person's agreement.
pub(crate) async fn begins_within(ledger: &Ledger, task: &Task, create_burst: u32) -> bool {
    let now = ledger.store.clock().now();
    let step = delivery::step(&task.delivery, task.copy.as_ref(), Picture::Settled, &TERMS, now);
    assert!(matches!(step, Step::Create(_)), "{step:?}");
    let begin = Begin {
        article: task.delivery.article,
        portal: task.delivery.portal,
        step,
        picture: Picture::Settled,
        terms: TERMS,
        quiet_until: Moment(i64::MAX),
        media: None,
        create_burst,
    };
    ledger.store.step(None, Some(begin), Vec::new()).await.unwrap().begun.is_some()
}

#[tokio::test]
async fn several_are_read_at_once_and_what_is_not_known_is_left_out() {
    let ledger = ledger().await;
    let ahead = read_ahead(&ledger);
    let titles: Vec<&str> = ahead.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["Tin số 1", TITLE, "Tin số 3"]);
    let portal = ahead[0].delivery.portal;
    let unknown = delivery::ArticleId(i64::MAX);
    let found = ledger.store.tasks(portal, [unknown, ahead[2].delivery.article]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].delivery, ahead[2].delivery);
}

#[tokio::test]
async fn what_nothing_changed_begins_once() {
    let ledger = ledger().await;
    let ahead = read_ahead(&ledger);
    assert!(begins(&ledger, &ahead[1]).await);
    assert!(!begins(&ledger, &ahead[1]).await, "the row says by now that a create was sent");
}

#[tokio::test]
async fn a_withdrawal_in_between_is_not_overtaken() {
    let ledger = ledger().await;
    let ahead = read_ahead(&ledger);
    let article = Some(ahead[1].delivery.article.0);
    ledger.orders(What::Withdraw, Selection { article, ..Selection::default() }).await;
    assert!(!begins(&ledger, &ahead[1]).await);
    assert!(begins(&ledger, &ahead[2]).await, "the others go on");
}

#[tokio::test]
async fn a_correction_in_between_is_not_overtaken_by_the_older_text() {
    let ledger = ledger().await;
    let ahead = read_ahead(&ledger);
    assert_eq!(ledger.reads("tinh", vec![item(2, "Tin số 2, bản sửa", wall())]).await.corrected, 1);
    assert!(!begins(&ledger, &ahead[1]).await);
    let row = ahead[1].delivery;
    let anew = ledger.store.task(row.article, row.portal).unwrap().unwrap();
    assert!(begins(&ledger, &anew).await, "read anew it goes out");
}
