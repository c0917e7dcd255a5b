//! The fake holds to what a running WordPress was seen to do, and the adapter
//! lives with it.

use std::time::{Duration, Instant};

use dongbo_sdk::fault::{Fault, Faults};
use dongbo_sdk::http::Limits;
use dongbo_sdk::{
    Adapter, At, Call, CategorySupport, ErrorKind, Key, Listing, Media, MediaKey, MissingCategory, Post, RemoteCopy,
    RemoteId, RemoteStatus, Removal, Retry, Scope, SecretRef, Trace, Visibility, Written,
};
use dongbo_wordpress::fake::{FakeWordPress, Role};
use dongbo_wordpress::{Config, WordPress};

fn adapter(fake: &FakeWordPress) -> WordPress {
    connect(fake, fake.password())
}

fn connect(fake: &FakeWordPress, password: &str) -> WordPress {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, password).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = Config { url: fake.url(), user: fake.user().into(), password: SecretRef::File(file), rest: None };
    config.build(Limits::default()).unwrap()
}

fn call() -> Call {
    Call { request: "test".into(), deadline: Instant::now() + Duration::from_secs(20), attempt: 1 }
}

fn post(identity: &str) -> Post {
    Post {
        key: Key::derive("https://nguon.example.vn", identity),
        title: "Đường sắt Bắc – Nam: \"A\" & B < C 😀".into(),
        summary: "Tóm tắt & hơn thế".into(),
        body: "<p>Nội dung [gallery] tiếng Việt</p>".into(),
        attribution: "<p>Nguồn: <a href=\"https://nguon.example.vn/1\">Cổng tỉnh</a></p>".into(),
        categories: vec!["Chỉ đạo & điều hành".into()],
        missing_category: MissingCategory::Create,
        tags: vec!["Đường sắt".into()],
        published: "2025-03-04T05:06:07Z".parse().unwrap(),
        byline: None,
        canonical: "https://nguon.example.vn/1".into(),
        featured: None,
        visibility: Visibility::Public,
    }
}

fn trace(post: &Post) -> Trace {
    Trace { key: post.key.clone(), origin: post.canonical.clone(), title: post.title.clone(), since: None }
}

fn stands(written: Written) -> RemoteCopy {
    match written {
        Written::Stands(copy) => copy,
        Written::Pending { .. } => panic!("WordPress answers at once"),
    }
}

fn at(copy: &RemoteCopy) -> At {
    At { id: copy.id.clone(), key: copy.key.clone().unwrap(), version: copy.version.clone() }
}

fn png(identity: u8) -> Media {
    let bytes = [b"\x89PNG\r\n\x1a\n".as_slice(), &[identity; 32]].concat();
    let sha256 = [identity; 32];
    let key = MediaKey::of_sha256(&sha256);
    let file_name = format!("{key}.png");
    Media { key, sha256, mime: "image/png".into(), file_name, alt: "Ảnh & chú thích".into(), bytes: bytes.into() }
}

#[tokio::test]
async fn what_was_written_is_what_is_read_back() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let mut post = post("1");
    post.featured = Some(portal.upload(&call(), &png(1)).await.unwrap());
    let copy = stands(portal.create(&call(), &post).await.unwrap());
    assert_eq!((&copy.key, copy.status), (&Some(post.key.clone()), RemoteStatus::Public));
    assert_eq!((copy.title.as_str(), copy.summary.as_str()), (post.title.as_str(), post.summary.as_str()));
    assert_eq!((copy.body, copy.categories), (post.html(), post.categories.clone()));
    assert_eq!((copy.published, &copy.featured), (Some(post.published), &post.featured.map(|media| media.id)));
    let stored = &fake.posts()[0];
    assert_eq!((stored.key.as_ref(), stored.slug.as_str()), (Some(&post.key), post.key.as_str()));
    assert_eq!((stored.tags[0].as_str(), stored.comment_status.as_str()), ("Đường sắt", "closed"));
    assert_eq!(portal.read(&call(), &copy.id).await.unwrap().unwrap().title, post.title);
}

#[tokio::test]
async fn a_create_needs_two_requests_with_new_categories_known_and_one_after() {
    let fake = FakeWordPress::start();
    fake.add_category("Chỉ đạo & điều hành");
    let portal = adapter(&fake);
    let plain = |identity| Post { tags: Vec::new(), ..post(identity) };
    portal.read(&call(), &RemoteId("1".into())).await.unwrap();
    fake.journal().forget();
    portal.create(&call(), &plain("1")).await.unwrap();
    assert_eq!(fake.journal().entries().len(), 2, "{:?}", fake.journal().entries());
    portal.create(&call(), &plain("2")).await.unwrap();
    assert_eq!(fake.journal().entries().len(), 3, "{:?}", fake.journal().entries());
}

#[tokio::test]
async fn a_copy_is_found_in_every_state_and_under_another_slug() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let post = post("1");
    assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap(), []);
    let copy = stands(portal.create(&call(), &post).await.unwrap());
    for how in [Removal::Hide, Removal::Trash] {
        let left = portal.withdraw(&call(), &at(&copy), how).await.unwrap().unwrap();
        assert!(!left.status.reaches_citizens());
        assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap(), [left]);
    }
    assert!(fake.posts()[0].slug.ends_with("__trashed"));
    assert_eq!(portal.find(&call(), &trace(&self::post("2"))).await.unwrap(), [], "a stranger is not adopted");
    let back = stands(portal.update(&call(), &at(&copy), &post).await.unwrap());
    assert_eq!((back.status, fake.posts()[0].slug.as_str()), (RemoteStatus::Public, post.key.as_str()));
    fake.rename(back.id.0.parse().unwrap(), "tin-moi-cua-bien-tap-vien");
    let found = portal.find(&call(), &trace(&post)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, &found[0].key), (&copy.id, &Some(post.key)));
}

#[tokio::test]
async fn a_copy_that_was_given_to_another_author_is_not_taken_for_absent() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let post = post("1");
    let copy = stands(portal.create(&call(), &post).await.unwrap());
    fake.give_away(copy.id.0.parse().unwrap());
    assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap().len(), 1, "an editor may edit it");
    fake.set_role(Role::Author);
    let error = portal.find(&call(), &trace(&post)).await.unwrap_err();
    assert_eq!((error.kind, error.retry, error.scope), (ErrorKind::Forbidden, Retry::Never, Scope::Post));
}

#[tokio::test]
async fn a_mention_of_the_key_is_no_copy() {
    let fake = FakeWordPress::start();
    let post = post("1");
    fake.add_post("Bài khác", &format!("<p>xem <a href=\"/2025/03/04/{}/\">ở đây</a></p>", post.key));
    assert_eq!(adapter(&fake).find(&call(), &trace(&post)).await.unwrap(), []);
}

#[tokio::test]
async fn a_withdrawal_refuses_a_foreign_post_and_accepts_a_vanished_one() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let copy = stands(portal.create(&call(), &post("1")).await.unwrap());
    fake.replace_site();
    let before = fake.posts();
    for error in [
        portal.withdraw(&call(), &at(&copy), Removal::Hide).await.unwrap_err(),
        portal.update(&call(), &at(&copy), &post("1")).await.unwrap_err(),
    ] {
        assert_eq!((error.kind, error.retry), (ErrorKind::Conflict, Retry::FindFirst));
    }
    assert_eq!(fake.posts(), before);
    let gone = At { id: RemoteId("999".into()), ..at(&copy) };
    for how in [Removal::Hide, Removal::Trash, Removal::Delete] {
        assert_eq!(portal.withdraw(&call(), &gone, how).await.unwrap(), None);
    }
    assert_eq!(portal.read(&call(), &gone.id).await.unwrap(), None);
    let error = portal.update(&call(), &gone, &post("1")).await.unwrap_err();
    assert_eq!((error.kind, error.retry, error.scope), (ErrorKind::NotFound, Retry::FindFirst, Scope::Post));
}

#[tokio::test]
async fn another_site_behind_the_address_has_another_identity() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let first = portal.check(&call()).await.unwrap();
    assert!(first.categories.is_empty(), "no category is not a category: {:?}", first.categories);
    assert_eq!(first.site, portal.check(&call()).await.unwrap().site);
    fake.replace_site();
    assert_ne!(first.site, portal.check(&call()).await.unwrap().site);
}

#[tokio::test]
async fn the_role_decides_what_the_portal_can_do() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    assert_eq!(portal.check(&call()).await.unwrap().capabilities.categories, CategorySupport::Create);
    fake.set_role(Role::Author);
    let report = portal.check(&call()).await.unwrap();
    assert_eq!(report.capabilities.categories, CategorySupport::Match);
    assert!(report.notes.iter().any(|note| note.contains("unfiltered_html")), "{:?}", report.notes);
    let copy = stands(portal.create(&call(), &post("1")).await.unwrap());
    assert!(copy.categories.is_empty(), "a category that may not be created is left out");
    fake.set_role(Role::Contributor);
    assert!(!portal.check(&call()).await.unwrap().capabilities.media);
    let error = portal.create(&call(), &post("2")).await.unwrap_err();
    assert_eq!((error.kind, error.scope), (ErrorKind::Forbidden, Scope::Portal));
    let error = portal.upload(&call(), &png(1)).await.unwrap_err();
    assert_eq!((error.kind, error.scope), (ErrorKind::Forbidden, Scope::Portal));
}

#[tokio::test]
async fn the_marker_survives_the_sanitiser_and_what_it_took_out_shows() {
    let fake = FakeWordPress::start();
    fake.set_role(Role::Author);
    let mut post = post("1");
    post.body = "<p>a</p><iframe src=\"https://x.example\"></iframe>".into();
    let copy = stands(adapter(&fake).create(&call(), &post).await.unwrap());
    assert!(!copy.body.contains("iframe"), "{}", copy.body);
    fake.rename(copy.id.0.parse().unwrap(), "doi-ten");
    assert_eq!(adapter(&fake).read(&call(), &copy.id).await.unwrap().unwrap().key, Some(post.key));
}

#[tokio::test]
async fn a_deleted_category_is_noticed_and_made_again() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    portal.create(&call(), &post("1")).await.unwrap();
    fake.journal().forget();
    portal.create(&call(), &post("2")).await.unwrap();
    fake.remove_category("Chỉ đạo & điều hành");
    let copy = stands(portal.create(&call(), &post("3")).await.unwrap());
    assert_eq!(copy.categories, ["Chỉ đạo & điều hành"]);
    assert_eq!(fake.posts().len(), 3);
}

#[tokio::test]
async fn a_category_matches_in_any_case_and_form_and_is_not_doubled() {
    let fake = FakeWordPress::start();
    fake.add_category("CHỈ ĐẠO & ĐIỀU HÀNH");
    let mut post = post("1");
    post.categories = vec!["chỉ đạo & điều hành".into(), "Ch\u{1ec9} \u{110}ạo & Điều  hành".into()];
    let copy = stands(adapter(&fake).create(&call(), &post).await.unwrap());
    assert_eq!(copy.categories, ["CHỈ ĐẠO & ĐIỀU HÀNH"]);
}

#[tokio::test]
async fn a_name_that_wordpress_has_no_room_for_is_left_out() {
    let fake = FakeWordPress::start();
    let mut post = post("1");
    post.categories = vec!["Mục".repeat(67), "Đ".repeat(200), " ".into()];
    post.tags = vec!["a&".repeat(50), String::new(), "b".repeat(200)];
    let copy = stands(adapter(&fake).create(&call(), &post).await.unwrap());
    assert_eq!(copy.categories, ["Đ".repeat(200)]);
    assert_eq!(fake.posts()[0].tags, ["b".repeat(200)]);
}

#[tokio::test]
async fn more_categories_than_an_answer_embeds_are_all_named() {
    let fake = FakeWordPress::start();
    let mut post = post("1");
    post.categories = (1..=12).map(|number| format!("Mục {number}")).collect();
    let mut copy = stands(adapter(&fake).create(&call(), &post).await.unwrap());
    copy.categories.sort();
    post.categories.sort();
    assert_eq!(copy.categories, post.categories);
}

#[tokio::test]
async fn a_file_is_stored_once() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let first = portal.upload(&call(), &png(1)).await.unwrap();
    assert_eq!(portal.upload(&call(), &png(1)).await.unwrap(), first);
    assert_ne!(portal.upload(&call(), &png(2)).await.unwrap(), first);
    let stored = fake.media();
    assert_eq!(stored.len(), 2);
    assert_eq!((stored[0].alt.as_str(), stored[0].slug.as_str()), ("Ảnh & chú thích", png(1).key.as_str()));
}

#[tokio::test]
async fn a_refused_file_is_permanent_though_it_wears_a_500() {
    let fake = FakeWordPress::start();
    let media = Media { file_name: "a.svg".into(), mime: "image/svg+xml".into(), ..png(1) };
    let error = adapter(&fake).upload(&call(), &media).await.unwrap_err();
    assert_eq!((error.kind, error.retry, error.scope), (ErrorKind::Rejected, Retry::Never, Scope::Post));
}

#[tokio::test]
async fn an_upload_that_dies_while_sizes_are_made_is_finished() {
    let fake = FakeWordPress::start();
    fake.fail_next_subsizes();
    let stored = adapter(&fake).upload(&call(), &png(1)).await.unwrap();
    assert_eq!((stored.id.0, fake.media().len()), (fake.media()[0].id.to_string(), 1));
}

#[tokio::test]
async fn a_refused_account_shows_in_every_verb() {
    let fake = FakeWordPress::start();
    let portal = connect(&fake, "sai mat khau");
    let (post, id) = (post("1"), RemoteId("1".into()));
    fake.add_post("Bài khác", "<p>a</p>");
    let errors = [
        portal.check(&call()).await.unwrap_err(),
        portal.find(&call(), &trace(&post)).await.unwrap_err(),
        portal.read(&call(), &id).await.unwrap_err(),
        portal.create(&call(), &post).await.unwrap_err(),
        portal.upload(&call(), &png(1)).await.unwrap_err(),
        portal.list(&call(), Listing::Ours, None).await.unwrap_err(),
        portal.list(&call(), Listing::Recent, None).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind, error.scope), (ErrorKind::Unauthenticated, Scope::Portal), "{error}");
        assert!(!format!("{error:?}").contains("sai"), "a secret shows");
    }
    assert!(!format!("{portal:?}").contains("sai"));
}

#[tokio::test]
async fn maintenance_says_when_to_come_back() {
    let fake = FakeWordPress::start();
    fake.maintenance(true);
    let error = adapter(&fake).create(&call(), &post("1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(error.retry, Retry::Later { after: Some(Duration::from_secs(600)) });
}

#[tokio::test]
async fn a_site_with_plain_permalinks_is_spoken_to_by_query() {
    let fake = FakeWordPress::start();
    fake.plain_permalinks(true);
    let portal = adapter(&fake);
    let post = post("1");
    portal.create(&call(), &post).await.unwrap();
    assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_without_a_wordpress_is_a_configuration_error() {
    let fake = FakeWordPress::start();
    fake.plain_permalinks(true);
    let mut url = fake.url();
    url.set_path("/khong-co/");
    let rest = Some(url.join("api/").unwrap());
    let config = Config { url, user: "u".into(), password: SecretRef::Env("PATH".into()), rest };
    let error = config.build(Limits::default()).unwrap().check(&call()).await.unwrap_err();
    assert_eq!((error.kind, error.scope), (ErrorKind::Config, Scope::Portal));
}

#[tokio::test]
async fn a_race_gives_two_posts_under_one_slug_and_all_are_found() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    portal.create(&call(), &post("0")).await.unwrap();
    let post = post("1");
    fake.race(2);
    let (one, other) = (call(), call());
    let (first, second) = tokio::join!(portal.create(&one, &post), portal.create(&other, &post));
    assert_ne!(stands(first.unwrap()).id, stands(second.unwrap()).id);
    assert!(fake.posts().iter().skip(1).all(|row| row.slug == post.key.as_str()), "{:?}", fake.posts());
    portal.create(&call(), &post).await.unwrap();
    assert_eq!(fake.posts()[3].slug, format!("{}-2", post.key), "in turn they are numbered");
    assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_and_a_copy() {
    let fake = FakeWordPress::start();
    fake.add_category("Chỉ đạo & điều hành");
    let faults = Faults::default();
    let portal = adapter(&fake).with_faults(faults.clone());
    portal.create(&call(), &post("1")).await.unwrap();
    faults.plan(0, Fault::AnswerLost);
    let error = portal.create(&call(), &post("2")).await.unwrap_err();
    assert!(error.leaves_doubt());
    assert_eq!(portal.find(&call(), &trace(&post("2"))).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_failure_after_the_post_stands_leaves_doubt() {
    let fake = FakeWordPress::start();
    fake.add_category("Chỉ đạo & điều hành");
    let faults = Faults::default();
    let portal = adapter(&fake).with_faults(faults.clone());
    portal.create(&call(), &post("1")).await.unwrap();
    fake.remove_category("Chỉ đạo & điều hành");
    faults.plan(1, Fault::Refused);
    let error = portal.create(&call(), &post("2")).await.unwrap_err();
    assert!(error.leaves_doubt(), "{error}");
    assert_eq!(fake.posts().len(), 2);
}

#[tokio::test]
async fn one_article_may_always_fail_and_the_others_go_on() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    fake.refuse(&post("1").key, 500);
    let error = portal.create(&call(), &post("1")).await.unwrap_err();
    assert_eq!((error.kind, error.retry, error.scope), (ErrorKind::Unavailable, Retry::FindFirst, Scope::Portal));
    portal.create(&call(), &post("2")).await.unwrap();
    assert_eq!(fake.posts().len(), 1);
}

#[tokio::test]
async fn a_list_of_ours_has_pages_and_no_strangers() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    for number in 0..103 {
        portal.create(&call(), &post(&number.to_string())).await.unwrap();
        fake.add_post(&format!("Bài {number}"), "<p>a</p>");
    }
    fake.rename(fake.posts()[0].id, "doi-ten");
    let first = portal.list(&call(), Listing::Ours, None).await.unwrap();
    let second = portal.list(&call(), Listing::Ours, first.next.clone()).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (100, 3, None));
    assert!(first.items.iter().all(|line| line.key.is_some()));
    let recent = portal.list(&call(), Listing::Recent, None).await.unwrap();
    assert_eq!(recent.items.len(), 100);
    assert!(recent.items.iter().any(|line| line.key.is_none()));
}

#[tokio::test]
async fn a_post_dated_ahead_is_scheduled_and_a_draft_has_no_public_address() {
    let fake = FakeWordPress::start();
    let portal = adapter(&fake);
    let ahead = Post { published: "2999-01-01T00:00:00Z".parse().unwrap(), ..post("1") };
    assert_eq!(stands(portal.create(&call(), &ahead).await.unwrap()).status, RemoteStatus::Scheduled);
    let draft = Post { visibility: Visibility::Draft, ..post("2") };
    let copy = stands(portal.create(&call(), &draft).await.unwrap());
    assert_eq!((copy.status, &copy.url), (RemoteStatus::Hidden, &None));
    let shown = stands(portal.update(&call(), &at(&copy), &post("2")).await.unwrap());
    assert_eq!(shown.status, RemoteStatus::Public);
    assert!(shown.url.unwrap().ends_with(&format!("/{}/", post("2").key)));
}

#[tokio::test]
async fn a_site_without_a_bin_can_hide_and_delete() {
    let fake = FakeWordPress::start();
    fake.without_bin();
    let portal = adapter(&fake);
    let copy = stands(portal.create(&call(), &post("1")).await.unwrap());
    let error = portal.withdraw(&call(), &at(&copy), Removal::Trash).await.unwrap_err();
    assert_eq!((error.kind, error.retry, error.scope), (ErrorKind::Unsupported, Retry::Never, Scope::Portal));
    assert_eq!(portal.withdraw(&call(), &at(&copy), Removal::Delete).await.unwrap(), None);
    assert_eq!(fake.posts(), []);
}
