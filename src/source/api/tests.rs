use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn url() -> Url {
    Url::parse("https://portal.example.vn/wp-json/wp/v2/posts?categories=7").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + second).unwrap()
}

fn question(by: By, known: &[&str]) -> Question {
    Question { by, from: "2026-11-24T01:00:00Z".parse().unwrap(), known: known.iter().map(|&id| id.into()).collect() }
}

fn asked(api: &Api, question: &Question) -> Vec<(String, String)> {
    api.address(&url(), question).query_pairs().into_owned().collect()
}

fn has(query: &[(String, String)], name: &str, value: &str) -> bool {
    query.iter().any(|(key, found)| key == name && found == value)
}

#[test]
fn wordpress_is_asked_from_a_second_before_and_without_what_is_known() {
    let api = Api::WordPress(wordpress::Config::default());
    let query = asked(&api, &question(By::Touch, &["5", "9"]));
    assert!(has(&query, "categories", "7"), "{query:?}");
    assert!(has(&query, "modified_after", "2026-11-24T00:59:59Z"), "{query:?}");
    assert!(has(&query, "orderby", "modified") && has(&query, "order", "asc") && has(&query, "exclude", "5,9"));
    let query = asked(&api, &question(By::Publication, &[]));
    assert!(has(&query, "after", "2026-11-24T00:59:59Z") && has(&query, "orderby", "date"), "{query:?}");
    assert!(query.iter().all(|(name, _)| name != "exclude" && name != "page"), "{query:?}");
}

#[test]
fn drupal_is_asked_behind_the_last_node_of_a_second() {
    let api = Api::Drupal(drupal::Config { image: Some("field_image".into()), ..drupal::Config::default() });
    let query = asked(&api, &question(By::Touch, &[]));
    assert!(has(&query, "filter[since][condition][value]", "1795482000") && has(&query, "include", "field_image"));
    let query = asked(&api, &question(By::Touch, &["9", "12"]));
    assert!(has(&query, "filter[next][condition][value]", "12"), "{query:?}");
    assert!(has(&query, "filter[tie][group][memberOf]", "any") && has(&query, "sort", "changed,drupal_internal__nid"));
}

/// A source with state, as the platforms answer: ties in any order.
struct Model {
    articles: Vec<(u64, i64)>,
}

impl Model {
    fn answer(&self, question: &Question, shuffle: u64) -> Answer {
        let mut found: Vec<&(u64, i64)> = self
            .articles
            .iter()
            .filter(|(id, second)| at(*second) >= question.from && !question.known.contains(&id.to_string()))
            .collect();
        found.sort_by_key(|(id, second)| (*second, id.wrapping_mul(shuffle | 1) % 97));
        let more = found.len() >= ITEMS;
        let moments = found.iter().take(ITEMS).map(|(id, second)| (at(*second), id.to_string())).collect();
        Answer { items: Vec::new(), warnings: Vec::new(), moments, more }
    }
}

/// Ids that a rise brings, and how it ended; `meanwhile` happens between its answers.
fn rise(model: &mut Model, from: i64, meanwhile: impl FnMut(&mut Model, u32)) -> (BTreeSet<u64>, Next) {
    let (seen, gaps, end) = whole(model, from, meanwhile);
    assert_eq!(gaps, 0);
    (seen, end)
}

fn whole(model: &mut Model, from: i64, mut meanwhile: impl FnMut(&mut Model, u32)) -> (BTreeSet<u64>, usize, Next) {
    let mut gaps = 0;
    let mut rise = Rise::new(By::Touch, at(from).saturating_add(OVERLAP).unwrap());
    let mut seen = BTreeSet::new();
    for number in 0.. {
        let answer = model.answer(rise.question(), u64::from(number) * 7 + 3);
        seen.extend(answer.moments.iter().map(|(_, id)| id.parse::<u64>().unwrap()));
        match rise.next(&answer) {
            Next::Ask | Next::Pause => meanwhile(model, number),
            Next::Gap => gaps += 1,
            Next::Done => return (seen, gaps, Next::Done),
        }
    }
    unreachable!("a rise ends")
}

proptest! {
    #[test]
    fn nothing_is_missed_under_ties_deletions_and_touches(
        seconds in proptest::collection::vec(0_i64..12, 1..150),
        deeds in proptest::collection::vec((0_u64..150, any::<bool>()), 0..20),
    ) {
        let articles: Vec<_> = (0..).zip(seconds).collect();
        let all: BTreeSet<u64> = articles.iter().map(|(id, _)| *id).collect();
        let mut model = Model { articles };
        let mut touched = BTreeSet::new();
        let (seen, end) = rise(&mut model, 0, |model, number| {
            if let Some(&(id, deleted)) = deeds.get(number as usize) {
                touched.insert(id);
                if deleted {
                    model.articles.retain(|(other, _)| *other != id);
                } else {
                    let later = 100 + i64::from(number);
                    model.articles.iter_mut().filter(|(other, _)| *other == id).for_each(|one| one.1 = later);
                }
            }
        });
        prop_assert_eq!(end, Next::Done);
        let untouched: BTreeSet<u64> = all.difference(&touched).copied().collect();
        prop_assert!(untouched.is_subset(&seen), "missed {:?}", untouched.difference(&seen));
        // What was touched meanwhile comes with the next rise at the latest.
        let (next, _) = rise(&mut model, 50, |_, _| {});
        let there: BTreeSet<u64> = model.articles.iter().map(|(id, _)| *id).collect();
        let both: BTreeSet<u64> = seen.union(&next).copied().collect();
        prop_assert!(there.is_subset(&both), "missed {:?}", there.difference(&both));
        for (id, second) in &model.articles {
            prop_assert!(*second < 100 || next.contains(id), "the touch of {id} was missed");
        }
    }
}

#[test]
fn more_ties_than_a_question_can_name_are_a_gap() {
    let mut articles: Vec<_> = (0..TIES_MAX as u64 + 50).map(|id| (id, 5)).collect();
    articles.push((9_999, 6));
    let (seen, gaps, end) = whole(&mut Model { articles }, 0, |_, _| {});
    assert_eq!((gaps, end), (1, Next::Done));
    assert!(seen.contains(&9_999), "the rise goes on behind them");
    let mut model = Model { articles: (0..TIES_MAX as u64 - 50).map(|id| (id, 5)).collect() };
    let (seen, end) = rise(&mut model, 0, |_, _| {});
    assert_eq!((seen.len(), end), (TIES_MAX - 50, Next::Done));
}

#[test]
fn a_server_that_repeats_itself_is_not_asked_for_ever() {
    let model = Model { articles: (0..60).map(|id| (id, 5)).collect() };
    let mut rise = Rise::new(By::Touch, at(0));
    let blind = Question { known: Vec::new(), ..rise.question().clone() };
    let answers = (0..20).map(|_| rise.next(&model.answer(&blind, 3))).collect::<Vec<_>>();
    assert!(answers.contains(&Next::Gap), "{answers:?}");
    assert!(rise.question().from > at(5), "and moves on: an answer from before its time is an error");
}

#[test]
fn a_server_that_answers_with_the_moment_that_is_asked_for_does_not_keep_a_reading() {
    let mut rise = Rise::new(By::Touch, at(0));
    let mut echo = || {
        let moments = vec![(rise.question().from, "1".to_owned())];
        rise.next(&Answer { items: Vec::new(), warnings: Vec::new(), moments, more: true })
    };
    let pauses = (0..ANSWERS_MAX * 4).filter(|_| echo() == Next::Pause).count();
    assert!(pauses >= 3, "{pauses}");
}

#[test]
fn a_long_rise_pauses_and_goes_on() {
    let model = Model { articles: (0..ITEMS as u64 * 120).map(|id| (id, id as i64)).collect() };
    let mut rise = Rise::new(By::Touch, at(0).saturating_add(OVERLAP).unwrap());
    let (mut seen, mut pauses) = (BTreeSet::new(), 0);
    loop {
        let answer = model.answer(rise.question(), 3);
        seen.extend(answer.moments.iter().map(|(_, id)| id.clone()));
        match rise.next(&answer) {
            Next::Ask => {}
            Next::Pause => pauses += 1,
            Next::Done => break,
            Next::Gap => panic!("a gap"),
        }
    }
    assert_eq!((seen.len(), pauses), (ITEMS * 120, 2));
}

fn read(api: &Api, by: By, body: &str) -> Result<Answer, ReadError> {
    let (url, now) = (url(), "2026-11-25T00:00:00Z".parse().unwrap());
    api.read(by, &url, &Document { body: body.as_bytes(), content_type: None, url: &url, now })
}

#[test]
fn a_post_of_wordpress_is_an_article() {
    let body = r#"[{"id":12,"guid":{"rendered":"https://portal.example.vn/?p=12"},"link":"https://portal.example.vn/tin/12/",
        "title":{"rendered":"H\u1ecdp &#8211; b\u00e0n"},"content":{"rendered":"<p>N\u1ed9i dung</p>","protected":false},
        "excerpt":{"rendered":"<p>T\u00f3m t\u1eaft</p>"},"date_gmt":"2026-11-24T01:00:00","modified_gmt":"2026-11-24T02:00:00",
        "_embedded":{"author":[{"code":"rest_user_invalid_id"}],"wp:term":[[{"taxonomy":"category","name":"Tin t\u1ee9c"}],
        [{"taxonomy":"post_tag","name":"th\u1ebb"}]],"wp:featuredmedia":[{"source_url":"https://portal.example.vn/a.png"}]}},
        {"id":13,"content":{"rendered":"","protected":true}},
        {"id":14,"content":{"rendered":""}}]"#;
    let answer = read(&Api::WordPress(wordpress::Config::default()), By::Touch, body).unwrap();
    let [Ok(item), Err(bad)] = answer.items.as_slice() else { panic!("{:?}", answer.items) };
    assert_eq!(item.content.title, "Họp – bàn");
    assert_eq!(item.content.published.to_string(), "2026-11-24T01:00:00Z");
    assert_eq!(item.categories, ["Tin tức"]);
    assert_eq!(item.content.image.as_deref(), Some("https://portal.example.vn/a.png"));
    assert_eq!(item.names[0].value, "https://portal.example.vn/?p=12", "the same name as in the feed");
    assert!(bad.reason.contains("article 14"), "{bad:?}");
    assert_eq!(answer.moments, [("2026-11-24T02:00:00Z".parse().unwrap(), "12".to_owned())]);
}

#[test]
fn a_node_of_drupal_brings_what_it_relates_to() {
    let body = r#"{"data":[{"type":"node--article","id":"u-1","attributes":{"drupal_internal__nid":7,"title":"A < B",
        "created":"2026-11-24T08:00:00+07:00","changed":"2026-11-24T09:00:00+07:00","path":{"alias":"/tin/a"},
        "body":{"processed":"<p>N\u1ed9i dung</p>","summary":"T\u00f3m"}},"relationships":{
        "field_media":{"data":{"type":"media--image","id":"m-1"}},"field_tags":{"data":[{"type":"t","id":"t-1"},{"type":"t","id":"gone"}]}}},
        {"type":"node--article","id":"u-2","attributes":{}}],
        "included":[{"type":"media--image","id":"m-1","relationships":{"file":{"data":{"type":"file--file","id":"f-1"}}}},
        {"type":"file--file","id":"f-1","attributes":{"uri":{"url":"/sites/a.png"}}},{"type":"t","id":"t-1","attributes":{"name":"Tin"}}],
        "links":{"next":{"href":"x"}}}"#;
    let config = drupal::Config {
        image: Some("field_media.file".into()),
        categories: Some("field_tags".into()),
        ..drupal::Config::default()
    };
    let answer = read(&Api::Drupal(config), By::Touch, body).unwrap();
    let [Ok(item), Err(_)] = answer.items.as_slice() else { panic!("{:?}", answer.items) };
    assert_eq!((item.content.title.as_str(), item.content.url.as_str()), ("A < B", "https://portal.example.vn/tin/a"));
    assert_eq!(item.content.image.as_deref(), Some("https://portal.example.vn/sites/a.png"));
    assert_eq!(item.categories, ["Tin"]);
    assert!(answer.more);
}

#[test]
fn contents_and_blogs_of_liferay_are_articles() {
    let body = r#"{"page":1,"lastPage":3,"items":[
        {"id":41,"uuid":"u","title":"H\u1ecdp","friendlyUrlPath":"hop-1","datePublished":"2026-11-24T01:00:00Z",
         "dateModified":"2026-11-24T02:00:00Z","contentFields":[{"name":"content","contentFieldValue":{"data":"<p>N\u1ed9i dung</p>"}},
         {"name":"anh","contentFieldValue":{"image":{"contentUrl":"/documents/1.png"}}}],
         "taxonomyCategoryBriefs":[{"taxonomyCategoryName":"Tin"}]},
        {"id":42,"headline":"Blog","articleBody":"<p>B</p>","friendlyUrlPath":"b","datePublished":"2026-11-24T01:00:00Z","dateModified":"2026-11-24T03:00:00Z"}]}"#;
    let config = liferay::Config {
        page: Some("/web/guest/w/{slug}".into()),
        image: Some("anh".into()),
        ..liferay::Config::default()
    };
    let answer = read(&Api::Liferay(config), By::Touch, body).unwrap();
    let titles: Vec<&str> = answer.items.iter().flatten().map(|item| item.content.title.as_str()).collect();
    assert_eq!(titles, ["Họp", "Blog"]);
    let first = answer.items[0].as_ref().unwrap();
    assert_eq!(first.content.url, "https://portal.example.vn/web/guest/w/hop-1");
    assert_eq!(first.content.image.as_deref(), Some("https://portal.example.vn/documents/1.png"));
    assert!(answer.more);
}

#[test]
fn a_server_that_ignores_the_question_is_an_error() {
    let body = r#"[{"id":1,"guid":{"rendered":"g"},"link":"https://portal.example.vn/1","title":{"rendered":"Tin"},
        "content":{"rendered":"<p>a</p>"},"date_gmt":"2019-01-01T00:00:00","modified_gmt":"2019-01-01T00:00:00"}]"#;
    let (url, now) = (url(), "2026-11-25T00:00:00Z".parse().unwrap());
    let document = Document { body: body.as_bytes(), content_type: None, url: &url, now };
    let api = Api::WordPress(wordpress::Config::default());
    let error = api.answer(&question(By::Touch, &[]), &url, &document).unwrap_err();
    assert!(matches!(error, ReadError::NothingMatched { field: "since", .. }), "{error}");
}

#[test]
fn an_answer_behind_which_nothing_can_be_asked_for_is_an_error() {
    let post = r#"{"id":1,"modified_gmt":"soon"}"#;
    let answer = |count| {
        let (url, now) = (url(), "2026-11-25T00:00:00Z".parse().unwrap());
        let body = format!("[{}]", vec![post; count].join(","));
        let document = Document { body: body.as_bytes(), content_type: None, url: &url, now };
        Api::WordPress(wordpress::Config::default()).answer(&question(By::Touch, &[]), &url, &document)
    };
    assert_eq!(answer(ITEMS - 1).unwrap().items.len(), ITEMS - 1, "the last ones are put aside, and that is all");
    assert!(matches!(answer(ITEMS), Err(ReadError::NothingMatched { field: "moment", .. })));
}

#[test]
fn a_wordpress_without_permalinks_keeps_its_route() {
    let url = Url::parse("https://portal.example.vn/?rest_route=/wp/v2/posts").unwrap();
    let asked = wordpress::address(&url, &question(By::Touch, &["5"]));
    let query: Vec<_> = asked.query_pairs().into_owned().collect();
    assert!(has(&query, "rest_route", "/wp/v2/posts") && has(&query, "exclude", "5"), "{asked}");
    let ids: Vec<String> = (0..TIES_MAX).map(|n| (1_000_000 + n).to_string()).collect();
    let longest = wordpress::address(&url, &Question { known: ids, ..question(By::Touch, &[]) });
    assert!(longest.as_str().len() < 8_000, "servers take addresses of 8 KiB: {}", longest.as_str().len());
}

#[test]
fn what_is_no_answer_of_the_platform_is_an_error_and_no_empty_source() {
    let apis = [
        Api::WordPress(wordpress::Config::default()),
        Api::Drupal(drupal::Config::default()),
        Api::Liferay(liferay::Config::default()),
    ];
    for api in &apis {
        assert!(matches!(read(api, By::Touch, ""), Err(ReadError::Empty)));
        assert!(matches!(read(api, By::Touch, "<html>"), Err(ReadError::HtmlInstead { .. })));
        assert!(matches!(read(api, By::Touch, r#"{"code":"rest_no_route"}"#), Err(ReadError::JsonInstead { .. })));
        assert!(matches!(read(api, By::Touch, "{"), Err(ReadError::Malformed { .. })));
    }
    assert!(read(&apis[0], By::Touch, "[]").unwrap().items.is_empty());
}
