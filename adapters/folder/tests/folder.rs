//! What a folder portal does on a real disk: pages, repair, races, safety.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use dongbo_folder::{Config, Folder};
use dongbo_sdk::{
    Adapter, At, Call, Key, MissingCategory, Post, RemoteCopy, RemoteId, RemoteStatus, Removal, Trace, Visibility,
    Written,
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
