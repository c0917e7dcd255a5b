//! A source that answers whatever it is told to.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::desk::{Desk, QUICK};
use dongbo_wordpress::fake::FakeWordPress;

/// What every request is answered with: head lines and body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: Arc<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Web {
    port: u16,
    answer: Arc<Mutex<Answer>>,
}

impl Web {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new(Answer::default()));
        let shared = answer.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = shared.lock().unwrap().clone();
                std::thread::spawn(move || send(stream, &answer));
            }
        });
        Self { port, answer }
    }

    pub(crate) fn say(&self, head: &str, body: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = Answer { head: head.to_owned(), body: Arc::new(body.into()) };
    }

    /// A feed of two articles.
    pub(crate) fn say_feed(&self) {
        self.say("200 OK\r\nContent-Type: application/rss+xml", feed());
    }

    /// Mirrors this source to a site.
    pub(crate) fn desk(&self, site: &FakeWordPress) -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        write_secret(&desk, site.password());
        let toml = format!(
            "state = {:?}\n[defaults]\n{QUICK}[[source]]\nid = \"cong-tinh\"\nname = \"Cổng tỉnh\"\n\
             url = \"http://127.0.0.1:{}/rss\"\n[[portal]]\nid = \"so\"\naccept = [\"Tin tức\"]\n\
             [portal.adapter.wordpress]\nurl = {:?}\nuser = {:?}\npassword = {{ file = {:?} }}\n",
            desk.path("state"),
            self.port,
            site.url().as_str(),
            site.user(),
            desk.path("password"),
        );
        std::fs::write(desk.path("dongbo.toml"), toml).unwrap();
        desk
    }
}

pub(crate) fn write_secret(desk: &Desk, secret: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = desk.path("password");
    let _ = std::fs::remove_file(&path);
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(secret.as_bytes()).unwrap();
}

pub(crate) fn feed() -> String {
    let mut feed =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"><channel><title>Cổng</title>");
    for number in 1..=2 {
        feed.push_str(&format!(
            "<item><title>Bài số {number}</title><link>http://cong.example.vn/bai-{number}</link><guid>bai-{number}</guid>\
             <pubDate>Mon, 02 Mar 2026 08:00:00 +0700</pubDate><category>Tin tức</category>\
             <description>Nội dung {number}</description></item>"
        ));
    }
    feed + "</channel></rss>"
}

fn send(mut stream: TcpStream, answer: &Answer) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    let length = answer.body.len();
    let head = format!("HTTP/1.1 {}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n", answer.head);
    // A reader that has seen enough hangs up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body));
}

/// Both articles stand, each once.
pub(crate) fn both_stand(site: &FakeWordPress) {
    let mut titles: Vec<String> =
        site.posts().into_iter().filter(|post| post.key.is_some()).map(|post| post.title).collect();
    titles.sort();
    assert_eq!(titles, ["Bài số 1", "Bài số 2"]);
}
