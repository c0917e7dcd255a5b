//! Orders, piece by piece, on the ledger alone.

use dongbo::delivery::Wanted;
use dongbo::store::{Piece, Selection, What, wall};

use crate::holds::{Ledger, item};

#[tokio::test]
async fn a_withdrawal_does_not_wait_for_a_resync_that_was_asked_for_before() {
    let ledger = Ledger::new(&[("tinh", "")], &["mot"]).await;
    ledger.reads("tinh", (1..=3).map(|number| item(number, &format!("Tin số {number}"), wall())).collect()).await;
    let withdrawn = ledger.delivery("Tin số 2", "mot").unwrap().article;
    ledger.files(What::Resync, Selection::default());
    ledger.files(What::Withdraw, Selection { article: Some(withdrawn.0), ..Selection::default() });
    assert_eq!(ledger.obeys().await, Piece::Done);
    assert_eq!(ledger.delivery("Tin số 2", "mot").unwrap().wanted, Wanted::Nothing);
    assert!(!ledger.delivery("Tin số 1", "mot").unwrap().sent, "the resync comes after it");
    while ledger.obeys().await != Piece::Idle {}
    assert!(ledger.delivery("Tin số 1", "mot").unwrap().sent, "in doubt, as a resync leaves it");
    assert_eq!(ledger.delivery("Tin số 2", "mot").unwrap().wanted, Wanted::Nothing);
}
