//! A source that calls is read at once; whoever else calls is not heard.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Daemon, Desk, SOON, exactly};
use crate::world::feed::{Feed, Script};
use crate::world::wait;

const TOKEN: &str = "canary-9c1f-of-the-hook";

/// A source that is read every hour, and its hook.
struct World {
    feed: Feed,
    site: FakeWordPress,
    desk: Desk,
    daemon: Daemon,
    address: SocketAddr,
}

impl World {
    fn new() -> Self {
        let feed = Feed::start();
        feed.add(2);
        let site = FakeWordPress::start();
        let desk = Desk::new(&feed, &[&site], "");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let token = desk.path("hook-token");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.create_new(true).write(true).mode(0o600).open(&token).unwrap();
        file.write_all(TOKEN.as_bytes()).unwrap();
        let text = std::fs::read_to_string(desk.path("dongbo.toml")).unwrap();
        let hourly = format!("poll = \"1h\"\ntoken = {{ file = {token:?} }}\n");
        let text = text.replace("poll = \"10s\"\n", &hourly);
        std::fs::write(desk.path("dongbo.toml"), format!("{text}\n[hook]\nlisten = \"{address}\"\n")).unwrap();
        let daemon = desk.start_loud();
        let world = Self { feed, site, desk, daemon, address };
        world.stands();
        world
    }

    /// Until what the feed carries stands on the site.
    fn stands(&self) {
        wait::until(SOON, "the feed's articles", || exactly(&self.site, &self.feed.articles()));
    }

    /// The status that a request gets.
    fn send(&self, request: &str) -> u16 {
        let mut stream = wait::until(SOON, "hooks are heard", || {
            TcpStream::connect(self.address).map_err(|error| error.to_string())
        });
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // What is refused before it was read to its end may be cut off.
        let _ = stream.read_to_string(&mut answer);
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
    }

    fn post(&self, source: &str, token: &str, more: &str) -> u16 {
        self.send(&format!("POST /hook/{source} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}"))
    }

    fn call(&self) -> u16 {
        self.post("cong-tinh", TOKEN, "Content-Length: 2\r\n\r\n{}")
    }

    fn polls(&self) -> usize {
        self.feed.asked().len()
    }

    /// Until the feed was asked so often.
    fn polled(&self, times: usize) {
        let polled = wait::at_most(SOON, || (self.polls() >= times).then_some(()));
        assert!(polled.is_some(), "{} polls\n{}", self.polls(), self.desk.log_tail());
    }
}

#[test]
fn an_article_arrives_with_the_call_of_its_source() {
    let world = World::new();
    world.feed.add(1);
    assert_eq!(world.call(), 202);
    world.stands();
    assert_eq!(world.polls(), 2);
    world.daemon.stop();
}

#[test]
fn whoever_else_calls_is_told_why_not_and_causes_nothing() {
    let world = World::new();
    let none = "Content-Length: 0\r\n\r\n";
    assert_eq!(world.post("cong-tinh", "canary-9c1f-of-the-hooc", none), 401);
    assert_eq!(world.post("so-0", TOKEN, none), 404);
    assert_eq!(world.send("POST /hook/cong-tinh HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 401);
    assert_eq!(
        world.send(&format!("GET /hook/cong-tinh HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n")),
        405
    );
    assert_eq!(world.post("cong-tinh", TOKEN, "Content-Length: 65537\r\n\r\n"), 413);
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(3));
    assert_eq!(world.post("cong-tinh", TOKEN, &chunked), 413);
    assert_eq!(world.post("cong-tinh", TOKEN, &format!("X: {}\r\n{none}", "x".repeat(20_000))), 431);
    // Only the last one is a call.
    assert_eq!(world.call(), 202);
    world.polled(2);
    assert_eq!(world.polls(), 2);
    world.daemon.stop();
    let log = std::fs::read_to_string(world.desk.path("daemon.log")).unwrap();
    assert!(log.contains("a hook with a wrong token was refused"));
    assert!(!log.contains("canary-9c1f"), "a token stands in the log");
}

#[test]
fn many_calls_are_one_reading_five_seconds_after_the_last() {
    let world = World::new();
    for _ in 0..20 {
        assert_eq!(world.call(), 202);
    }
    world.polled(2);
    let asked = world.feed.asked();
    let apart = asked[1] - asked[0];
    assert!(apart >= Duration::from_millis(4900), "{apart:?}");
    assert_eq!(wait::at_most(Duration::from_secs(6), || (world.polls() > 2).then_some(())), None);
    world.daemon.stop();
}

#[test]
fn no_call_shortens_a_wait_that_the_source_asked_for() {
    let world = World::new();
    // Shorter than the back-off of a source that is read every hour, and yet to be kept.
    world.feed.play(Script { status: Some(503), headers: vec![("retry-after", "60".into())], ..Script::default() });
    assert_eq!(world.call(), 202);
    let status = || String::from_utf8(world.desk.run(&["--lang", "en", "status"]).stdout).unwrap();
    let told = wait::at_most(SOON, || status().contains("read again at").then_some(()));
    assert!(told.is_some(), "{}\n{}", status(), world.desk.log_tail());
    world.feed.play(Script::default());
    let before = world.polls();
    assert_eq!(world.call(), 202);
    assert_eq!(wait::at_most(Duration::from_secs(7), || (world.polls() > before).then_some(())), None);
    world.daemon.stop();
}
