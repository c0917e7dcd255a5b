//! A full disk and a read-only one, as file systems of their own. Only root
//! may mount them; elsewhere the tests say that they are skipped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, exactly};
use crate::say::run;
use crate::web::{Web, both_stand};
use crate::world::feed::Feed;

/// A small file system; taken down when dropped.
#[derive(Debug)]
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        if !mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"], path) {
            let _ = writeln!(std::io::stderr(), "skipped: a file system of its own needs root");
            return None;
        }
        Some(Self { path: path.to_owned() })
    }

    fn again(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], &self.path));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn a_disk_that_is_full_from_the_start() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    let Some(disk) = Disk::mount(&desk.path("state"), "32k") else { return };
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 6, "{said:?}");
    insta::assert_snapshot!("disk_full", said.talk);
    disk.again("size=16m");
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 0, "{said:?}");
    both_stand(&site);
}

#[test]
fn a_disk_that_fills_up_in_the_middle() {
    let (feed, site) = (Feed::start(), FakeWordPress::start());
    feed.add(12);
    let desk = Desk::new(&feed, &[&site], "");
    let Some(disk) = Disk::mount(&desk.path("state"), "380k") else { return };
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.talk.contains("Ổ đĩa đã đầy"), "{said:?}");
    disk.again("size=64m");
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 0, "{said:?}");
    exactly(&site, &feed.articles()).unwrap();
}

#[test]
fn a_ledger_that_cannot_be_written() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    let Some(disk) = Disk::mount(&desk.path("state"), "16m") else { return };
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    both_stand(&site);
    disk.again("ro");
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 6, "{said:?}");
    insta::assert_snapshot!("read_only", said.talk);
    disk.again("rw");
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    both_stand(&site);
}
