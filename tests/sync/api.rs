//! Sources that are asked for what was touched since a moment: nothing is
//! missed and nothing is known twice, whatever happens between two answers.

use crate::paged::Reader;
use crate::world::api::{Api, Kind, Meanwhile};

const KINDS: [Kind; 3] = [Kind::WordPress, Kind::Drupal, Kind::Liferay];

async fn reader(api: &Api) -> Reader {
    Reader::of(&api.source()).await
}

#[tokio::test]
async fn everything_comes_once_and_then_only_what_is_new() {
    for kind in KINDS {
        let api = Api::start(kind);
        (0..30).for_each(|n| api.add(2, 100_000 - n * 3_000));
        let mut reader = reader(&api).await;
        assert_eq!(reader.poll().await.new, 60, "{kind:?}");
        assert!(reader.store.source("cong-tinh").unwrap().unwrap().read_at.is_some(), "{kind:?}: people see when");
        reader.knows_all(&api.titles());
        reader.poll().await;
        let before = api.requests();
        let nothing = reader.poll().await;
        // Ties come in another order each time, so the answer may differ in that.
        assert_eq!((nothing.new, nothing.corrected, nothing.deliveries), (0, 0, 0), "{kind:?}");
        let orders = if kind == Kind::Drupal { 1 } else { 2 };
        assert_eq!(api.requests() - before, orders, "{kind:?}: one question for each order");
        api.add(1, 0);
        api.correct(7);
        let brought = reader.poll().await;
        assert_eq!((brought.new, brought.corrected), (1, 1), "{kind:?}");
        reader.restart();
        assert_eq!(reader.poll().await.new, 0, "{kind:?}: the ledger remembers");
    }
}

#[tokio::test]
async fn articles_of_one_second_are_told_apart() {
    for kind in KINDS {
        let api = Api::start(kind);
        api.add(5, 9_000);
        api.add(73, 8_000);
        api.add(30, 7_000);
        let mut reader = reader(&api).await;
        assert_eq!(reader.poll().await.new, 108, "{kind:?}");
        reader.knows_all(&api.titles());
    }
}

#[tokio::test]
async fn what_is_deleted_or_touched_meanwhile_hides_nothing() {
    for kind in KINDS {
        let api = Api::start(kind);
        (0..80).for_each(|n| api.add(1, 90_000 - n * 1_000));
        api.after(1, Meanwhile::Deleted(3));
        api.after(2, Meanwhile::Touched(21));
        api.after(3, Meanwhile::Deleted(30));
        let mut reader = reader(&api).await;
        reader.poll().await;
        reader.knows_all(&api.titles());
        reader.poll().await;
        reader.knows_all(&api.titles());
    }
}

#[tokio::test]
async fn a_scheduled_article_comes_although_it_was_touched_long_before() {
    for kind in [Kind::WordPress, Kind::Liferay] {
        let api = Api::start(kind);
        api.add(10, 3_600);
        let mut reader = reader(&api).await;
        reader.poll().await;
        api.publish_scheduled(1);
        assert_eq!(reader.poll().await.new, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_version_that_ignores_the_question_is_an_alarm() {
    let api = Api::start(Kind::WordPress);
    api.add(10, 60 * 86_400);
    api.is_old();
    let error = reader(&api).await.fails().await;
    assert!(error.to_string().contains("modified_after (WordPress 5.7)"), "{error}");
}

#[tokio::test]
async fn what_comes_behind_a_full_first_answer_is_found() {
    for kind in KINDS {
        let api = Api::start(kind);
        // All within the overlap: the first answer of each rise stays the same for ever.
        (0..25).for_each(|n| api.add(1, 300 - n * 5));
        let mut reader = reader(&api).await;
        assert_eq!(reader.poll().await.new, 25, "{kind:?}");
        reader.poll().await;
        api.add(1, 0);
        api.correct(24);
        let brought = reader.poll().await;
        assert_eq!((brought.new, brought.corrected), (1, 1), "{kind:?}");
    }
}

#[tokio::test]
async fn posts_behind_a_password_and_odd_ones_hide_nothing_that_comes_after_them() {
    type Add = fn(&Api, u32, i64);
    for add in [Api::add_protected as Add, Api::add_odd] {
        let api = Api::start(Kind::WordPress);
        api.add(3, 9_000);
        add(&api, 45, 8_000);
        api.add(3, 5_000);
        let mut reader = reader(&api).await;
        reader.poll().await;
        reader.knows_all(&api.titles());
    }
}

#[tokio::test]
async fn where_one_order_is_not_answered_the_other_brings_what_is_new() {
    let api = Api::start(Kind::WordPress);
    api.add(10, 60 * 86_400);
    api.add(3, 3_600);
    api.ignores_touches();
    let mut reader = reader(&api).await;
    let error = reader.fails().await;
    assert!(error.to_string().contains("modified_after (WordPress 5.7)"), "{error}");
    assert_eq!(reader.known().len(), 3, "the alarm stays, and the articles come");
}

#[tokio::test]
async fn an_article_that_is_dated_ahead_hides_nothing_that_came_while_nobody_read() {
    for kind in KINDS {
        let api = Api::start(kind);
        api.add(3, 9_000);
        api.add(1, -3_600);
        let mut reader = reader(&api).await;
        assert_eq!(reader.poll().await.new, 4, "{kind:?}");
        for restarted in [false, true] {
            // As if it had come half an hour ago and nobody had read since.
            api.add(1, 1_800);
            if restarted {
                reader.restart();
            }
            assert_eq!(reader.poll().await.new, 1, "{kind:?}, restarted: {restarted}");
        }
    }
}
