//! The life of a post on a real WordPress:
//! `DONGBO_LIVE_WORDPRESS_URL`, `_USER` and `_PASSWORD` name the site and an
//! Editor's account. Without them there is one line that says so.

use std::time::{Duration, Instant};

use dongbo_sdk::http::Limits;
use dongbo_sdk::{
    Adapter, At, Call, ErrorKind, Key, Listing, Media, MediaKey, MissingCategory, Post, RemoteCopy, RemoteId,
    RemoteStatus, Removal, Retry, SecretRef, Trace, Visibility, Written,
};
use dongbo_wordpress::fake::live_site;
use dongbo_wordpress::{Config, WordPress};

fn site() -> Option<WordPress> {
    live_site().map(|config| config.build(Limits::default()).unwrap())
}

fn call() -> Call {
    Call { request: "live".into(), deadline: Instant::now() + Duration::from_secs(30), attempt: 1 }
}

/// A post that no other run has made.
fn post(name: &str) -> Post {
    let run = jiff::Timestamp::now().as_nanosecond();
    Post {
        key: Key::derive("https://nguon.example.vn", &format!("{name} {run}")),
        title: "Đường sắt Bắc – Nam: “A” & \"B\" < C 😀 \\ 100% 'x'".into(),
        summary: "Tóm tắt & hơn thế: 1 < 2".into(),
        body: "<h2>Mục 1</h2>\n<p>Tiếng Việt [gallery] [1] &amp; &lt;b&gt; a\\b</p>\n<table><tbody><tr><td>1</td></tr></tbody></table>"
            .into(),
        attribution: "<p>Nguồn: <a href=\"https://nguon.example.vn/1?a=1&amp;b=2\">Cổng tỉnh</a></p>".into(),
        categories: vec!["Chỉ đạo & điều hành".into(), "Tin \"nóng\"".into()],
        missing_category: MissingCategory::Create,
        tags: vec!["Đường sắt & bộ".into()],
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

/// A PNG of one pixel; what follows its end makes the bytes unique.
fn png(tail: &[u8]) -> Media {
    const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
    let mut sha256 = [7; 32];
    for (place, byte) in tail.iter().enumerate() {
        sha256[place % 16] ^= byte.rotate_left((place / 16) as u32);
    }
    let key = MediaKey::of_sha256(&sha256);
    let file_name = format!("{key}.png");
    let bytes = [PIXEL, tail].concat().into();
    Media { key, sha256, mime: "image/png".into(), file_name, alt: "Ảnh: Đồng chí A & B".into(), bytes }
}

fn assert_shows(copy: &RemoteCopy, post: &Post) {
    let mut names = (copy.categories.clone(), post.categories.clone());
    names.0.sort();
    names.1.sort();
    assert_eq!(copy.key.as_ref(), Some(&post.key));
    assert_eq!(copy.title, post.title);
    assert_eq!(copy.summary, post.summary);
    assert_eq!(copy.body, post.html());
    assert_eq!(names.0, names.1);
    assert_eq!(copy.published, Some(post.published));
    assert_eq!(copy.featured, post.featured.as_ref().map(|media| media.id.clone()));
}

#[tokio::test]
async fn life_of_a_post() {
    let Some(portal) = site() else { return };
    let report = portal.check(&call()).await.unwrap();
    assert!(!report.capabilities.removals.is_empty(), "{report:?}");
    let mut post = post("life");
    assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap(), []);
    let media = png(post.key.as_str().as_bytes());
    post.featured = Some(portal.upload(&call(), &media).await.unwrap());
    assert_eq!(portal.upload(&call(), &media).await.unwrap(), post.featured.clone().unwrap());
    let copy = stands(portal.create(&call(), &post).await.unwrap());
    assert_eq!(copy.status, RemoteStatus::Public);
    assert_shows(&copy, &post);
    post.title.push_str(" (đã sửa)");
    post.categories.pop();
    let copy = stands(portal.update(&call(), &at(&copy), &post).await.unwrap());
    assert_shows(&copy, &post);
    for how in [Removal::Hide, Removal::Trash] {
        let left = portal.withdraw(&call(), &at(&copy), how).await.unwrap().unwrap();
        assert!(!left.status.reaches_citizens());
        assert_shows(&left, &post);
        assert_eq!(portal.find(&call(), &trace(&post)).await.unwrap(), [left]);
    }
    let back = stands(portal.update(&call(), &at(&copy), &post).await.unwrap());
    assert_eq!((&back.url, &back.id), (&copy.url, &copy.id));
    assert_shows(&portal.read(&call(), &copy.id).await.unwrap().unwrap(), &post);
    assert_eq!(portal.withdraw(&call(), &at(&copy), Removal::Delete).await.unwrap(), None);
    assert_eq!(portal.withdraw(&call(), &at(&copy), Removal::Delete).await.unwrap(), None);
    assert_eq!(portal.read(&call(), &copy.id).await.unwrap(), None);
    let error = portal.update(&call(), &at(&copy), &post).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::NotFound, Retry::FindFirst));
}

#[tokio::test]
async fn drafts_schedules_and_lists() {
    let Some(portal) = site() else { return };
    let draft = Post { visibility: Visibility::Draft, ..post("draft") };
    let copy = stands(portal.create(&call(), &draft).await.unwrap());
    assert_eq!((copy.status, &copy.url), (RemoteStatus::Hidden, &None));
    assert_shows(&copy, &draft);
    let ahead = Post { published: "2999-01-01T00:00:00Z".parse().unwrap(), ..post("ahead") };
    let later = stands(portal.create(&call(), &ahead).await.unwrap());
    assert_eq!(later.status, RemoteStatus::Scheduled);
    assert_shows(&later, &ahead);
    let mut ours = Vec::new();
    let mut from = None;
    loop {
        let page = portal.list(&call(), Listing::Ours, from).await.unwrap();
        ours.extend(page.items);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    for copy in [&copy, &later] {
        assert!(ours.iter().any(|line| line.id == copy.id && line.key == copy.key), "{ours:?}");
    }
    let recent = portal.list(&call(), Listing::Recent, None).await.unwrap();
    assert!(recent.items.iter().any(|line| line.id == later.id), "dated ahead of all others");
    for copy in [&copy, &later] {
        portal.withdraw(&call(), &at(copy), Removal::Delete).await.unwrap();
    }
}

#[tokio::test]
async fn refusals() {
    let Some(portal) = site() else { return };
    assert_eq!(portal.read(&call(), &RemoteId("999999".into())).await.unwrap(), None);
    let svg = Media { file_name: "a.svg".into(), mime: "image/svg+xml".into(), ..png(b"svg") };
    let error = portal.upload(&call(), &svg).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Rejected, Retry::Never), "{error}");
    let config = Config {
        url: portal.site().clone(),
        user: "khong-ai".into(),
        password: SecretRef::Env("DONGBO_LIVE_WORDPRESS_PASSWORD".into()),
        rest: None,
    };
    let stranger = config.build(Limits::default()).unwrap();
    let post = post("refused");
    for error in [
        stranger.check(&call()).await.unwrap_err(),
        stranger.find(&call(), &trace(&post)).await.unwrap_err(),
        stranger.create(&call(), &post).await.unwrap_err(),
        stranger.upload(&call(), &png(b"x")).await.unwrap_err(),
    ] {
        assert_eq!((error.kind, error.retry), (ErrorKind::Unauthenticated, Retry::Never), "{error}");
    }
}
