//! What a folder portal does on a real disk: pages, repair, races, safety.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use dongbo_folder::{Config, Folder};
use dongbo_sdk::fault::{Fault, Faults};
use dongbo_sdk::{
    Adapter, At, Call, ErrorKind, Key, Listing, Media, MissingCategory, Post, RemoteCopy, RemoteId, RemoteStatus,
    Removal, Retry, Scope, Trace, Visibility, Written,
};
use tempfile::TempDir;

struct World {
    dir: TempDir,
    folder: Folder,
}

fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("xa-a"));
    World { dir, folder }
}

fn folder(path: &Path) -> Folder {
    let url = Some("https://xa-a.example.vn/tin".parse().unwrap());
    Config {
        path: path.to_owned(), title: None, url, categories: vec!["Tin tức".into(), "Chỉ đạo & điều hành".into()]
    }
    .build("Xã A")
    .unwrap()
}

fn call() -> Call {
    Call { request: "t".into(), deadline: Instant::now() + Duration::from_secs(30), attempt: 1 }
}

fn key(n: u32) -> Key {
    Key::derive("https://tinh.example.vn", &n.to_string())
}

fn post(n: u32) -> Post {
    Post {
        key: key(n),
        title: format!("Bài {n}: “Đồng bộ” <script>alert(1)</script> & 'nháy'"),
        summary: "Tóm tắt ]]> có dấu".into(),
        body: "<p>Nội dung <b>đậm</b></p>".into(),
        attribution: "<p>Nguồn: <a href=\"https://tinh.example.vn/1\">Cổng tỉnh</a></p>".into(),
        categories: vec!["Tin tức".into(), "Chỉ đạo & điều hành".into()],
        missing_category: MissingCategory::Match,
        tags: vec![],
        published: format!("2026-11-{:02}T07:05:09.123456Z", n % 28 + 1).parse().unwrap(),
        byline: None,
        canonical: format!("https://tinh.example.vn/{n}?a=1&b=2"),
        featured: None,
        visibility: Visibility::Public,
    }
}

async fn create(folder: &Folder, post: &Post) -> RemoteCopy {
    match folder.create(&call(), post).await.unwrap() {
        Written::Stands(copy) => copy,
        Written::Pending { .. } => panic!("a folder never answers Pending"),
    }
}

async fn find(folder: &Folder, n: u32) -> Option<RemoteCopy> {
    let trace = Trace { key: key(n), origin: String::new(), title: String::new(), since: None };
    let mut found = folder.find(&call(), &trace).await.unwrap();
    assert!(found.len() <= 1);
    found.pop()
}

fn at(copy: &RemoteCopy) -> At {
    At { id: copy.id.clone(), key: copy.key.clone().unwrap(), version: copy.version.clone() }
}

impl World {
    fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("xa-a")
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.root().join(name)).unwrap()
    }

    fn page(&self, n: u32) -> std::path::PathBuf {
        self.root().join(format!("bai/{}.html", key(n)))
    }
}

#[tokio::test]
async fn an_article_is_a_page_a_line_on_the_lists_and_an_item_of_the_feed() {
    let world = world();
    let copy = create(&world.folder, &post(1)).await;
    assert_eq!(copy.status, RemoteStatus::Public);
    assert_eq!(copy.body, post(1).body);
    assert_eq!(copy.published, Some(post(1).published));
    assert_eq!(copy.url.as_deref(), Some(format!("https://xa-a.example.vn/tin/bai/{}.html", key(1)).as_str()));
    let page = fs::read_to_string(world.page(1)).unwrap();
    for part in [
        "lang=\"vi\"",
        "<link rel=\"canonical\" href=\"https://tinh.example.vn/1?a=1&#38;b=2\">",
        "name=\"DC.title\"",
        "name=\"DC.creator\"",
        "name=\"DC.date\" content=\"2026-11-02T14:05:09+07:00\"",
        "name=\"DC.description\"",
        "name=\"DC.publisher\" content=\"tinh.example.vn\"",
        "name=\"DC.identifier\"",
        "02/11/2026 14:05",
        "Content-Security-Policy",
        "<p>Nội dung <b>đậm</b></p>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for place in ["index.html", "thang/2026-11.html", "feed.xml"] {
        let text = world.text(place);
        assert!(text.contains(key(1).as_str()), "{place}");
        assert!(!text.contains("<script"), "{place}");
    }
    assert!(world.text("feed.xml").contains("<pubDate>Mon, 02 Nov 2026 14:05:09 +0700</pubDate>"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&world.page(1)), mode(&world.root().join(".dongbo"))), (0o644, 0o700));
}

#[tokio::test]
async fn a_withdrawn_article_leaves_every_public_file() {
    let world = world();
    for how in [Removal::Hide, Removal::Delete] {
        let copy = match find(&world.folder, 1).await {
            Some(hidden) => match world.folder.update(&call(), &at(&hidden), &post(1)).await.unwrap() {
                Written::Stands(copy) => copy,
                Written::Pending { .. } => panic!("a folder never answers Pending"),
            },
            None => create(&world.folder, &post(1)).await,
        };
        create(&world.folder, &post(if how == Removal::Hide { 2 } else { 3 })).await;
        let left = world.folder.withdraw(&call(), &at(&copy), how).await.unwrap();
        assert_eq!(left.map(|left| left.status), (how == Removal::Hide).then_some(RemoteStatus::Hidden));
        assert!(!world.page(1).exists());
        for place in ["index.html", "thang/2026-11.html", "feed.xml"] {
            assert!(!world.text(place).contains(key(1).as_str()), "{place}");
            assert!(world.text(place).contains(key(2).as_str()), "{place}");
        }
        assert_eq!(find(&world.folder, 1).await.is_some(), how == Removal::Hide);
    }
    assert_eq!(
        world
            .folder
            .withdraw(&call(), &At { id: RemoteId(key(1).to_string()), key: key(1), version: None }, Removal::Delete)
            .await
            .unwrap(),
        None
    );
}

/// Ends a create after its record and before its pages, as a kill would.
async fn killed_between(world: &World, n: u32) {
    let faults = Faults::default();
    let doomed = world.folder.clone().with_faults(faults.clone());
    faults.plan(1, Fault::CutBefore);
    assert!(faults.survive(doomed.create(&call(), &post(n))).await.is_none());
    assert!(!world.page(n).exists());
}

#[tokio::test]
async fn a_look_up_after_a_kill_finishes_the_pages_that_it_reports() {
    let world = world();
    killed_between(&world, 1).await;
    let copy = find(&world.folder, 1).await.unwrap();
    assert_eq!((copy.status, copy.body), (RemoteStatus::Public, post(1).body));
    for place in ["index.html", "thang/2026-11.html", "feed.xml"] {
        assert!(world.text(place).contains(key(1).as_str()), "{place}");
    }
    assert_eq!(fs::read_dir(world.root().join(".dongbo/cho")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_next_write_finishes_what_a_killed_one_left() {
    let world = world();
    killed_between(&world, 1).await;
    create(&world.folder, &post(2)).await;
    assert!(world.page(1).exists());
    assert!(world.text("index.html").contains(key(1).as_str()));
}

#[tokio::test]
async fn a_correction_killed_while_it_moves_to_another_month_stands_in_one_month() {
    let world = world();
    let copy = create(&world.folder, &post(1)).await;
    let faults = Faults::default();
    let doomed = world.folder.clone().with_faults(faults.clone());
    faults.plan(1, Fault::CutBefore);
    let moved = Post { published: "2025-01-31T18:00:00Z".parse().unwrap(), ..post(1) };
    assert!(faults.survive(doomed.update(&call(), &at(&copy), &moved)).await.is_none());
    find(&world.folder, 1).await.unwrap();
    assert!(!world.root().join("thang/2026-11.html").exists());
    assert!(world.text("thang/2025-02.html").contains("01/02/2025 01:00"), "Vietnam's month, not UTC's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creates_under_one_key_one_wins() {
    let world = world();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            // An adapter of its own each, as two processes would have.
            let folder = folder(&world.root());
            tokio::spawn(async move { folder.create(&call(), &post(1)).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!((error.kind, error.retry), (ErrorKind::Conflict, Retry::FindFirst), "{error}"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creates_at_the_same_time_are_all_listed() {
    let world = world();
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let folder = folder(&world.root());
            tokio::spawn(async move { create(&folder, &post(n)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (front, feed) = (world.text("index.html"), world.text("feed.xml"));
    for n in 0..24 {
        assert!(front.contains(key(n).as_str()) && feed.contains(key(n).as_str()), "{n}");
    }
    assert_eq!(fs::read_dir(world.root().join(".dongbo/tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn links_lead_nowhere() {
    for place in [".dongbo/bai", "bai", "media", "index.html", ".dongbo/khoa", ".dongbo/tmp"] {
        let world = world();
        create(&world.folder, &post(1)).await;
        let outside = world.dir.path().join("ngoai");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("giu"), "nguyên").unwrap();
        let planted = world.root().join(place);
        let target =
            if place == "index.html" || place == ".dongbo/khoa" { outside.join("giu") } else { outside.clone() };
        if planted.exists() {
            fs::rename(&planted, world.dir.path().join("cu")).unwrap();
        }
        symlink(&target, &planted).unwrap();
        let picture = png();
        let uploaded = world.folder.upload(&call(), &picture).await;
        let created = world.folder.create(&call(), &post(2)).await;
        let error = uploaded.err().or(created.err()).unwrap_or_else(|| panic!("{place} was followed"));
        assert_eq!((error.kind, error.scope), (ErrorKind::Config, Scope::Portal), "{place}: {error}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "{place}");
        assert_eq!(fs::read_to_string(outside.join("giu")).unwrap(), "nguyên", "{place}");
    }
}

#[tokio::test]
async fn an_id_that_climbs_is_no_address() {
    let world = world();
    fs::write(world.dir.path().join("mat.json"), "{}").unwrap();
    create(&world.folder, &post(1)).await;
    for id in ["../mat", "../../etc/passwd", "/etc/passwd", "", ".", "cs-../../mat"] {
        let id = RemoteId(id.to_owned());
        assert_eq!(world.folder.read(&call(), &id).await.unwrap(), None, "{id}");
        let at = At { id, key: key(1), version: None };
        assert_eq!(world.folder.withdraw(&call(), &at, Removal::Delete).await.unwrap(), None);
        assert_eq!(world.folder.update(&call(), &at, &post(1)).await.unwrap_err().kind, ErrorKind::NotFound);
    }
    assert!(world.page(1).exists());
}

#[tokio::test]
async fn someone_elses_site_is_refused_and_left_as_it_is() {
    let world = world();
    fs::create_dir(world.root()).unwrap();
    fs::write(world.root().join("index.html"), "của đơn vị").unwrap();
    assert_eq!(world.folder.check(&call()).await.unwrap_err().kind, ErrorKind::Config);
    let error = world.folder.create(&call(), &post(1)).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::Config, Retry::Never));
    assert_eq!(world.text("index.html"), "của đơn vị");
    assert_eq!(fs::read_dir(world.root()).unwrap().count(), 1);
}

#[tokio::test]
async fn foreign_files_are_neither_listed_nor_touched() {
    let world = world();
    create(&world.folder, &post(1)).await;
    let foreign = ["bai/gioi-thieu.html", "media/ban-do.png", "robots.txt", ".dongbo/bai/ghi-chu.json"];
    for place in foreign {
        fs::create_dir_all(world.root().join(place).parent().unwrap()).unwrap();
        fs::write(world.root().join(place), "của đơn vị").unwrap();
    }
    // A record that is not one, under a key of ours.
    fs::write(world.root().join(format!(".dongbo/bai/{}.json", key(9))), "{}").unwrap();
    assert_eq!(find(&world.folder, 9).await, None);
    let error = world.folder.create(&call(), &post(9)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Conflict, Retry::Never),
        "looking first would go round in circles"
    );
    for what in [Listing::Ours, Listing::Recent] {
        let page = world.folder.list(&call(), what, None).await.unwrap();
        assert_eq!(page.items.iter().map(|item| item.key.clone()).collect::<Vec<_>>(), [Some(key(1))]);
    }
    for place in foreign {
        assert_eq!(world.text(place), "của đơn vị");
    }
}

#[tokio::test]
async fn check_leaves_nothing_behind() {
    let world = world();
    let report = world.folder.check(&call()).await.unwrap();
    assert!(report.notes.iter().any(|note| note.contains("does not exist")), "{:?}", report.notes);
    assert!(!world.root().exists());
    let nowhere = folder(&world.dir.path().join("khong-co/xa-a"));
    assert_eq!(nowhere.check(&call()).await.unwrap_err().kind, ErrorKind::Config);
    assert_eq!(nowhere.create(&call(), &post(1)).await.unwrap_err().retry, Retry::Never);
}

fn png() -> Media {
    media(b"\x89PNG\r\n\x1a\nrest", "image/png")
}

fn media(bytes: &'static [u8], mime: &str) -> Media {
    Media {
        key: "cm-0123456789abcdef0123456789abcdef".parse().unwrap(),
        sha256: [0; 32],
        mime: mime.into(),
        file_name: "../../anh.png".into(),
        alt: String::new(),
        bytes: bytes.into(),
    }
}

#[tokio::test]
async fn pictures_are_told_by_their_bytes() {
    let world = world();
    let stored = world.folder.upload(&call(), &png()).await.unwrap();
    assert_eq!(stored.url, format!("https://xa-a.example.vn/tin/{}", stored.id));
    assert_eq!(fs::read(world.root().join(&stored.id.0)).unwrap(), png().bytes);
    assert_eq!(world.folder.upload(&call(), &png()).await.unwrap(), stored);
    for bytes in
        [&b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"[..], b"", b"GIF8", b"<html>", b"RIFF0000WAVE"]
    {
        let error = world.folder.upload(&call(), &media(bytes, "image/png")).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (ErrorKind::Rejected, Retry::Never));
    }
    assert_eq!(fs::read_dir(world.root().join("media")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_long_month_is_paged_and_old_pages_keep_still() {
    let world = world();
    for n in 0..203 {
        create(&world.folder, &Post { published: moment(n), ..post(n) }).await;
    }
    let oldest = fs::metadata(world.root().join("thang/2026-10-1.html")).unwrap().modified().unwrap();
    create(&world.folder, &Post { published: moment(203), ..post(203) }).await;
    assert_eq!(fs::metadata(world.root().join("thang/2026-10-1.html")).unwrap().modified().unwrap(), oldest);
    let count = |place: &str| world.text(place).matches("<li>").count();
    assert_eq!(count("thang/2026-10.html"), 4);
    assert_eq!((count("thang/2026-10-2.html"), count("thang/2026-10-1.html"), count("index.html")), (100, 100, 100));
    assert!(world.text("thang/2026-10.html").contains("href=\"2026-10-2.html\""));
    assert!(world.text("thang/2026-10-1.html").contains("href=\"2026-10-2.html\""));
    let first = world.folder.list(&call(), Listing::Ours, None).await.unwrap();
    let second = world.folder.list(&call(), Listing::Ours, first.next.clone()).await.unwrap();
    let third = world.folder.list(&call(), Listing::Ours, second.next.clone()).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), third.items.len(), third.next), (100, 100, 4, None));
}

fn moment(n: u32) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_791_000_000 + i64::from(n)).unwrap()
}

#[tokio::test]
async fn a_page_that_someone_removed_or_changed_shows_in_the_read_back() {
    let world = world();
    let copy = create(&world.folder, &post(1)).await;
    fs::write(world.page(1), "<html>khác</html>").unwrap();
    assert_ne!(world.folder.read(&call(), &copy.id).await.unwrap().unwrap().body, copy.body);
    fs::remove_file(world.page(1)).unwrap();
    assert_eq!(world.folder.read(&call(), &copy.id).await.unwrap().unwrap().status, RemoteStatus::Hidden);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_made_again() {
    let world = world();
    create(&world.folder, &post(1)).await;
    fs::write(world.root().join(".dongbo/thang/2026-11.json"), "{half").unwrap();
    create(&world.folder, &post(2)).await;
    assert!(world.text("index.html").contains(key(1).as_str()));
    assert!(world.text("index.html").contains(key(2).as_str()));
}

#[tokio::test]
async fn a_draft_is_seen_by_nobody_who_reads_the_site() {
    let world = world();
    create(&world.folder, &Post { visibility: Visibility::Draft, ..post(1) }).await;
    assert!(!world.page(1).exists());
    assert!(!world.text("index.html").contains(key(1).as_str()));
    assert_eq!(find(&world.folder, 1).await.unwrap().status, RemoteStatus::Hidden);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_anything_is_written() {
    let world = world();
    let title = Post { title: "đ".repeat(1001), ..post(1) };
    let body = Post { body: "x".repeat(4 * 1024 * 1024 + 1), ..post(1) };
    for too_large in [title, body] {
        let error = world.folder.create(&call(), &too_large).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (ErrorKind::TooLarge, Retry::Never));
    }
    let picture = Media { bytes: vec![0xff; 32 * 1024 * 1024 + 1].into(), ..png() };
    assert_eq!(world.folder.upload(&call(), &picture).await.unwrap_err().kind, ErrorKind::TooLarge);
    assert!(!world.root().exists());
}

#[tokio::test]
async fn a_withdrawal_that_cannot_be_recorded_takes_the_page_away_at_least() {
    for how in [Removal::Hide, Removal::Delete] {
        let world = world();
        let copy = create(&world.folder, &post(1)).await;
        let notes = world.root().join(".dongbo/cho");
        fs::remove_dir(&notes).unwrap();
        fs::write(&notes, "").unwrap();
        assert!(world.folder.withdraw(&call(), &at(&copy), how).await.is_err());
        assert!(!world.page(1).exists());
        fs::remove_file(&notes).unwrap();
        let left = world.folder.withdraw(&call(), &at(&copy), how).await.unwrap();
        assert!(left.is_none_or(|left| left.status == RemoteStatus::Hidden));
        assert!(!world.text("index.html").contains(key(1).as_str()));
    }
}
