//! The built program with a configuration of its own, and what it should
//! come to on the sites.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use dongbo_wordpress::fake::{FakePost, FakeWordPress};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::world::article::Article;
use crate::world::feed::Feed;
use crate::world::wait;

/// Longest wait for anything that should come by itself.
pub(crate) const SOON: Duration = Duration::from_secs(90);

/// dongbo with a configuration and a state folder of its own.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
}

/// A daemon that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
}

/// A quick rhythm: a test waits for the product and not for politeness.
pub(crate) const QUICK: &str = "backfill = \"all\"\ncreate_burst = 100000\nfirewall = { burst = 100000 }\npublish_delay = \"0s\"\ncorrection_gap = \"0s\"\n";

impl Desk {
    /// Mirrors the feed to every site. `portal` is added to each portal's table.
    pub(crate) fn new(feed: &Feed, sites: &[&FakeWordPress], portal: &str) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        desk.configure(feed, sites, portal);
        desk
    }

    /// Mirrors another source, a `[[source]]`, to every site.
    pub(crate) fn reading(source: &str, sites: &[&FakeWordPress]) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        desk.write(source, sites, "");
        desk
    }

    pub(crate) fn configure(&self, feed: &Feed, sites: &[&FakeWordPress], portal: &str) {
        let url = feed.url();
        let source = format!("[[source]]\nid = \"cong-tinh\"\nname = \"Cổng tỉnh\"\nurl = {url:?}\npoll = \"10s\"\n");
        self.write(&source, sites, portal);
    }

    fn write(&self, source: &str, sites: &[&FakeWordPress], portal: &str) {
        let mut toml =
            format!("state = {:?}\n[limits]\nstop_within = \"5s\"\n[defaults]\n{QUICK}{source}", self.path("state"),);
        for (number, site) in sites.iter().enumerate() {
            let password = self.path(&format!("password-{number}"));
            let _ = fs::remove_file(&password);
            let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&password).unwrap();
            file.write_all(site.password().as_bytes()).unwrap();
            write!(
                toml,
                "\n[[portal]]\nid = \"so-{number}\"\n{portal}[portal.adapter.wordpress]\nurl = {:?}\nuser = {:?}\n\
                 password = {{ file = {password:?} }}\n",
                site.url().as_str(),
                site.user(),
            )
            .unwrap();
        }
        fs::write(self.path("dongbo.toml"), toml).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dongbo"));
        command.arg("--config").arg(self.path("dongbo.toml")).args(arguments).stdin(Stdio::null());
        command.env_remove("DONGBO_CONFIG");
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("dongbo starts")
    }

    /// Starts the daemon; its log is added to `daemon.log`.
    pub(crate) fn start(&self) -> Daemon {
        self.start_as("")
    }

    /// Starts the daemon with all that it can log.
    pub(crate) fn start_loud(&self) -> Daemon {
        self.spawn(self.command(&["run"]).env("RUST_LOG", "trace"))
    }

    /// Starts the daemon with a guarantee broken, where it was built for that.
    pub(crate) fn start_as(&self, mutant: &str) -> Daemon {
        self.spawn(self.command(&["run"]).env("DONGBO_MUTANT", mutant))
    }

    fn spawn(&self, command: &mut Command) -> Daemon {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("daemon.log")).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().expect("dongbo starts");
        Daemon { child }
    }

    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.path("daemon.log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the end of the daemon's log:\n{}", self.log_tail());
        }
    }
}

impl Daemon {
    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; it must end by itself and well.
    pub(crate) fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        let status = wait::at_most(Duration::from_secs(10), || self.child.try_wait().unwrap());
        assert!(status.is_some_and(|status| status.success()), "no graceful stop: {status:?}");
    }

    /// Whether it lives on for `time`.
    pub(crate) fn lives(&mut self, time: Duration) -> bool {
        wait::at_most(time, || self.child.try_wait().unwrap()).is_none()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Our posts on a site by key, in every status.
pub(crate) fn by_key(site: &FakeWordPress) -> BTreeMap<String, Vec<FakePost>> {
    let mut posts: BTreeMap<String, Vec<FakePost>> = BTreeMap::new();
    for post in site.posts() {
        if let Some(key) = &post.key {
            posts.entry(key.to_string()).or_default().push(post);
        }
    }
    posts
}

/// Exactly the articles of the feed are public on the site, each once and as it is now.
pub(crate) fn exactly(site: &FakeWordPress, articles: &[Article]) -> Result<(), String> {
    let posts = by_key(site);
    if let Some((key, twice)) = posts.iter().find(|(_, posts)| posts.len() > 1) {
        return Err(format!("{key} stands {} times: {twice:?}", twice.len()));
    }
    if posts.len() != articles.len() {
        return Err(format!("{} posts for {} articles", posts.len(), articles.len()));
    }
    for article in articles {
        let shown = posts.values().flatten().find(|post| post.title.replace("&amp;", "&") == article.title);
        match shown {
            Some(post) if post.status == "publish" && post.content.contains(&article.body) => {}
            Some(post) => return Err(format!("article {} is {} or old", article.number, post.status)),
            None => return Err(format!("article {} does not stand: {}", article.number, article.title)),
        }
    }
    Ok(())
}

/// The article is public on the site, as it is now.
pub(crate) fn stands(site: &FakeWordPress, article: &Article) -> bool {
    site.posts().iter().any(|post| {
        post.status == "publish"
            && post.title.replace("&amp;", "&") == article.title
            && post.content.contains(&article.body)
    })
}
