//! More new articles in an hour than `create_burst`: the portal asks.

use dongbo::delivery::State;
use dongbo::store::{Selection, Task, What, wall};

use crate::ahead::begins_within;
use crate::holds::{Ledger, item};

const BURST: u32 = 2;

fn title(number: u32) -> String {
    format!("Tin số {number}")
}

fn task(ledger: &Ledger, number: u32) -> Task {
    let row = ledger.delivery(&title(number), "mot").unwrap();
    ledger.store.task(row.article, row.portal).unwrap().unwrap()
}

/// The numbers of those that begin.
async fn begin(ledger: &Ledger, numbers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut begun = Vec::new();
    for number in numbers {
        if begins_within(ledger, &task(ledger, number), BURST).await {
            begun.push(number);
        }
    }
    begun
}

#[tokio::test]
async fn agreeing_lets_everything_go_that_waits_and_nothing_else() {
    let ledger = Ledger::new(&[("tinh", "")], &["mot"]).await;
    ledger.reads("tinh", (1..=6).map(|number| item(number, &title(number), wall())).collect()).await;
    assert_eq!(begin(&ledger, 1..=6).await, [1, 2]);
    assert_eq!(ledger.delivery(&title(6), "mot").unwrap().state(), State::Waiting);
    let mot = Selection { portals: Some(["mot".into()].into()), ..Selection::default() };
    ledger.orders(What::Resume, mot).await;
    assert_eq!(begin(&ledger, 3..=6).await, [3, 4, 5, 6]);
    ledger.reads("tinh", vec![item(7, &title(7), wall())]).await;
    assert!(begin(&ledger, [7]).await.is_empty(), "nobody was asked about this one");
}
