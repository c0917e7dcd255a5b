//! Orders: shown, asked for, filed, carried out, waited for.

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Daemon, Desk, SOON};
use crate::say::run;
use crate::web::{Web, both_stand};
use crate::world::wait;

fn public(site: &FakeWordPress) -> usize {
    site.posts().iter().filter(|post| post.key.is_some() && post.status == "publish").count()
}

/// A daemon that holds its ledger.
fn started(desk: &Desk) -> Daemon {
    let daemon = desk.start();
    wait::until(SOON, "the daemon's lock", || {
        let said = run(desk, &["status", "--json"]);
        if said.out.contains("\"running\": true") { Ok(()) } else { Err(said.talk) }
    });
    daemon
}

/// The file names the site by another name.
fn rename(desk: &Desk, site: &FakeWordPress) {
    let path = desk.path("dongbo.toml");
    let other = site.url().as_str().replace("127.0.0.1", "localhost");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(site.url().as_str(), &other)).unwrap();
}

/// The portal's address in the ledger, and how many orders were filed.
fn address_and_orders(desk: &Desk) -> (String, i64) {
    let ledger = rusqlite::Connection::open(desk.path("state/dongbo.db")).unwrap();
    let sql = "SELECT address, (SELECT count(*) FROM orders) FROM portal";
    ledger.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn a_withdrawal_is_shown_asked_for_filed_and_undone() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    let round = |written: &str| {
        let said = run(&desk, &["run", "--once"]);
        assert_eq!((said.code, said.out.contains(written)), (0, true), "{said:?}");
    };
    round("đăng mới 2, cập nhật 0, thu hồi 0");
    let said = run(&desk, &["withdraw", "Bài số 1", "--dry-run"]);
    assert_eq!((said.code, said.out.as_str()), (0, "withdraw: 1 bản sao trên 1 cổng thành phần\n  so: 1"));
    let said = run(&desk, &["withdraw", "Bài số 1"]);
    assert_eq!(said.code, 8, "nobody can be asked: {said:?}");
    assert_eq!(public(&site), 2);
    let said = run(&desk, &["withdraw", "Bài số 1", "--yes"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!("no_daemon", said.talk);
    round("đăng mới 0, cập nhật 0, thu hồi 1");
    assert_eq!(public(&site), 1);
    assert!(run(&desk, &["why", "Bài số 1", "so"]).out.contains("thu hồi"));
    assert_eq!(run(&desk, &["withdraw", "Bài số 1", "--undo", "--yes"]).code, 0);
    round("đăng mới 0, cập nhật 1, thu hồi 0");
    assert_eq!(public(&site), 2);
    both_stand(&site);
}

#[test]
fn a_running_daemon_is_waited_for() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    let daemon = started(&desk);
    let said = run(&desk, &["withdraw", "Bài số 2", "--yes", "--wait=60s"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(public(&site), 1);
    let second = run(&desk, &["run", "--once"]);
    assert_eq!(second.code, 7, "{second:?}");
    assert!(second.talk.contains("tiến trình dongbo khác"), "{second:?}");
    let said = run(&desk, &["resync", "--all", "--yes", "--wait=60s", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    daemon.stop();
}

#[test]
fn a_slip_selects_nothing() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    assert_eq!(run(&desk, &["status"]).code, 6, "no ledger yet");
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    assert_eq!(run(&desk, &["withdraw", "--yes"]).code, 2, "nothing was chosen");
    assert_eq!(run(&desk, &["withdraw", "--portal", "sa", "--yes"]).code, 5);
    assert_eq!(run(&desk, &["withdraw", "không có bài này", "--yes"]).code, 5);
    assert_eq!(run(&desk, &["withdraw", "--since", "hôm qua", "--yes"]).code, 2);
    assert_eq!(run(&desk, &["pause", "--category", "Tin tức", "--yes"]).code, 2);
    let said = run(&desk, &["article", "bài số"]);
    assert_eq!(said.code, 9, "{said:?}");
    assert_eq!(run(&desk, &["withdraw", "--until", "2026-03-01", "--yes"]).code, 5);
    assert_eq!(run(&desk, &["withdraw", "--since", "2026-03-02", "--until", "2026-03-02", "--dry-run"]).code, 0);
    both_stand(&site);
}

#[test]
fn a_changed_address_is_held_until_the_move_is_told() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    let stranger = FakeWordPress::start();
    let path = desk.path("dongbo.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(site.url().as_str(), stranger.url().as_str())).unwrap();
    assert_eq!(run(&desk, &["resync", "--all", "--yes"]).code, 0);
    assert_eq!(run(&desk, &["run", "--once"]).code, 4);
    assert!(stranger.posts().iter().all(|post| post.key.is_none()), "nothing is sent to a stranger");
    let said = run(&desk, &["status"]);
    assert!(said.out.contains("dongbo portal move so"), "{said:?}");
    let said = run(&desk, &["portal", "move", "so"]);
    assert_eq!(said.code, 4, "our copies are not there: {said:?}");
    std::fs::write(&path, &text).unwrap();
    assert_eq!(run(&desk, &["run", "--once"]).code, 0, "an address that was put right needs no order");
    // By another name for the same site.
    rename(&desk, &site);
    assert_eq!(run(&desk, &["resync", "--all", "--yes"]).code, 0);
    assert_eq!(run(&desk, &["run", "--once"]).code, 4);
    let said = run(&desk, &["portal", "move", "so"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 0, "{said:?}");
    both_stand(&site);
}

#[test]
fn a_move_is_refused_beside_a_daemon_that_works_at_the_old_address() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    let daemon = started(&desk);
    let before = address_and_orders(&desk);
    rename(&desk, &site);
    let said = run(&desk, &["portal", "move", "so"]);
    assert_eq!(said.code, 7, "{said:?}");
    insta::assert_snapshot!("move_beside_a_daemon", said.talk);
    assert_eq!(address_and_orders(&desk), before, "nothing is accepted or ordered");
    daemon.kill();
    let said = run(&desk, &["portal", "move", "so"]);
    assert_eq!((said.code, said.talk.contains("systemctl start dongbo")), (0, true), "{said:?}");
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    both_stand(&site);
}

#[test]
fn a_new_address_is_never_accepted_without_the_order_to_look_everything_up_there() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    let before = address_and_orders(&desk);
    rename(&desk, &site);
    let ledger = rusqlite::Connection::open(desk.path("state/dongbo.db")).unwrap();
    let refusal = "CREATE TRIGGER refusal BEFORE INSERT ON orders BEGIN SELECT raise(ABORT, 'no order'); END";
    ledger.execute_batch(refusal).unwrap();
    assert_eq!(run(&desk, &["portal", "move", "so"]).code, 6);
    assert_eq!(address_and_orders(&desk), before);
    ledger.execute_batch("DROP TRIGGER refusal").unwrap();
    assert_eq!(run(&desk, &["portal", "move", "so"]).code, 0);
    let (address, orders) = address_and_orders(&desk);
    assert_eq!((address != before.0, orders), (true, before.1 + 1));
}

#[test]
fn json_is_stable() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    for (name, command) in [
        ("json_status", &["status", "--json"][..]),
        ("json_article", &["article", "Bài số 1", "--json"]),
        ("json_plan", &["plan", "--json"]),
        ("json_why", &["why", "Bài số 1", "so", "--json"]),
        ("json_resync", &["resync", "--all", "--dry-run", "--json"]),
        ("json_check", &["check", "so", "--json"]),
        ("json_portals", &["portal", "list", "--json"]),
    ] {
        let said = run(&desk, command);
        assert_eq!(said.code, 0, "{said:?}");
        insta::assert_snapshot!(name, without_numbers(&said.out));
    }
}

/// Times and random parts; names and small numbers stay.
fn without_numbers(json: &str) -> String {
    let long = |word: &str| word.len() >= 10 && word.chars().all(|c| c.is_ascii_digit());
    let line = |line: &str| match line.split_once(": ") {
        Some((name, value)) if name.contains("\"took\"") && value != "null" => format!("{name}: [ms]"),
        Some((name, value)) if long(value.trim_end_matches(',')) => format!("{name}: [time]"),
        Some(_) | None => line.to_owned(),
    };
    json.lines().map(line).collect::<Vec<_>>().join("\n")
}
