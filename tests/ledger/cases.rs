//! Sequences that once left a copy public, doubled it, or never ended.

use std::time::Duration;

use dongbo::delivery::{
    self, ArticleId, Copy, Delivery, Failure, Form, Hold, Moment, Outcome, Picture, PortalId, RevisionId, Settlement,
    ShapeId, Stands, State, Step, Terms, Verdict, Wanted,
};
use dongbo_sdk::{ErrorKind, KeySupport, RemoteStatus, Retry, Scope};

use crate::portal::{Object, found};

const FORM: Form = Form { revision: RevisionId(1), shape: ShapeId(1) };
const NOW: Moment = Moment(10_000_000);

struct Row {
    delivery: Delivery,
    copy: Option<Copy>,
    terms: Terms,
}

impl Row {
    fn new(key: KeySupport) -> Self {
        let terms = Terms { key, absence_reads: 1, grace: Duration::from_secs(100), hidden_is_wanted: false };
        let delivery = Delivery::new(ArticleId(1), PortalId(1), Wanted::Post(FORM));
        Self { delivery, copy: None, terms }
    }

    fn standing(key: KeySupport) -> Self {
        let mut row = Self::new(key);
        row.settle(Outcome::Written(FORM, found(&object(RemoteStatus::Public))), (NOW, NOW));
        row
    }

    fn settle(&mut self, outcome: Outcome, (began, now): (Moment, Moment)) {
        let done = Settlement { outcome, began, draw: 0.5 };
        delivery::settle(&mut self.delivery, &mut self.copy, &done, &self.terms, now);
    }

    fn step(&self, now: Moment) -> Step {
        delivery::step(&self.delivery, self.copy.as_ref(), Picture::Settled, &self.terms, now)
    }

    fn withdraw(&mut self) {
        self.delivery.want(Wanted::Nothing);
        self.delivery.not_before = Moment::NEVER;
    }
}

fn object(status: RemoteStatus) -> Object {
    Object { id: 1, status, form: FORM, foreign: false }
}

fn lost(scope: Scope) -> Outcome {
    Outcome::Failed(Failure { kind: ErrorKind::Timeout, retry: Retry::FindFirst, scope })
}

fn later(seconds: u64) -> Moment {
    NOW.after(Duration::from_secs(seconds))
}

#[test]
fn a_hidden_copy_within_the_grace_is_looked_at_again_after_a_withdrawal() {
    let mut row = Row::standing(KeySupport::Searchable);
    row.settle(lost(Scope::Installation), (NOW, NOW));
    row.settle(Outcome::Found(vec![found(&object(RemoteStatus::Hidden))]), (later(1), later(1)));
    row.withdraw();
    assert_eq!(row.step(later(2)), Step::Find, "a lost update may still show it");
}

#[test]
fn a_withdrawal_that_began_within_the_grace_and_ended_after_it_is_looked_at_again() {
    let mut row = Row::standing(KeySupport::Searchable);
    row.settle(lost(Scope::Installation), (NOW, NOW));
    row.settle(Outcome::Found(vec![found(&object(RemoteStatus::Public))]), (later(1), later(1)));
    row.withdraw();
    row.settle(Outcome::Withdrawn(Some(found(&object(RemoteStatus::Hidden)))), (later(99), later(101)));
    assert_eq!(row.step(later(101)), Step::Find);
}

#[test]
fn a_search_that_lags_behind_our_write_blames_no_editor() {
    let mut row = Row::standing(KeySupport::Searchable);
    row.delivery.doubt(Moment::NEVER);
    row.settle(Outcome::Found(Vec::new()), (later(1), later(1)));
    assert_eq!((row.delivery.hold, row.delivery.stands), (Hold::None, Stands::Unknown));
    row.settle(Outcome::Found(Vec::new()), (later(100), later(100)));
    assert_eq!(row.delivery.hold, Hold::Removed);
}

#[test]
fn a_lost_create_is_not_sent_again_where_nothing_can_be_recognised() {
    for scope in [Scope::Post, Scope::Portal, Scope::Installation] {
        let mut row = Row::new(KeySupport::None);
        row.delivery.sent = true;
        row.settle(lost(scope), (NOW, NOW));
        let newer = Form { revision: RevisionId(2), ..FORM };
        row.delivery.want(Wanted::Post(newer));
        row.settle(Outcome::Found(Vec::new()), (later(1000), later(1000)));
        assert_eq!(row.step(later(1000)), Step::Held, "{scope:?}");
        row.delivery.retry();
        row.settle(Outcome::Found(Vec::new()), (later(1000), later(1000)));
        assert_eq!(row.step(later(1000)), Step::Create(newer), "a person asked for it");
    }
}

#[test]
fn a_search_that_shows_what_is_gone_is_asked_ever_more_rarely() {
    let mut row = Row::standing(KeySupport::Searchable);
    let newer = Form { revision: RevisionId(2), ..FORM };
    row.delivery.want(Wanted::Post(newer));
    row.settle(Outcome::NotOurs, (NOW, NOW));
    assert_eq!(row.step(NOW), Step::Find);
    row.settle(Outcome::Found(vec![found(&object(RemoteStatus::Public))]), (NOW, NOW));
    row.settle(Outcome::NotOurs, (NOW, NOW));
    assert!(matches!(row.step(NOW), Step::Wait(at) if at > NOW));
}

#[test]
fn a_copy_that_the_editors_put_back_is_followed_again() {
    let mut row = Row::standing(KeySupport::Searchable);
    row.delivery.hold = Hold::Removed;
    row.settle(Outcome::Found(vec![found(&object(RemoteStatus::Public))]), (later(200), later(200)));
    assert_eq!(row.delivery.hold, Hold::None);
}

#[test]
fn releasing_a_held_correction_is_no_word_on_copies_that_stand_twice() {
    let mut row = Row::standing(KeySupport::Searchable);
    let two = [object(RemoteStatus::Public), Object { id: 2, ..object(RemoteStatus::Public) }];
    row.settle(Outcome::Found(two.iter().map(found).collect()), (later(200), later(200)));
    row.delivery.want(Wanted::Post(Form { revision: RevisionId(2), ..FORM }));
    row.delivery.screen(Verdict::Held);
    row.delivery.screen(Verdict::Free);
    assert_eq!(row.delivery.hold, Hold::Parked(ErrorKind::Conflict));
    assert_eq!(row.step(later(300)), Step::Held);
    row.delivery.screen(Verdict::Held);
    row.delivery.retry();
    row.delivery.screen(Verdict::Held);
    assert_eq!(row.step(later(300)), Step::Held, "and a word on the copies is none on the text");
}

/// It may stand all the same, after a backup was put back.
#[test]
fn what_is_withdrawn_before_it_was_sent_is_looked_for_once_and_settled() {
    for key in [KeySupport::Searchable, KeySupport::Enforced, KeySupport::None] {
        let mut row = Row::new(key);
        row.withdraw();
        assert_eq!(row.step(NOW), Step::Find, "{key:?}");
        row.settle(Outcome::Found(Vec::new()), (NOW, NOW));
        assert_eq!((row.step(NOW), row.delivery.state()), (Step::Rest, State::Standing), "{key:?}");
    }
}
