//! The built program: its configuration for the laboratory, its daemon, its commands.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::lab::{Lab, Site};
use crate::world::feed::Feed;
use crate::world::wait;

/// Longest graceful stop: `limits.stop_within` and a margin.
const STOP_MAX: Duration = Duration::from_secs(20);
/// Lines of the daemon's log that a failed test shows.
const LOG_TAIL: usize = 40;

/// dongbo with a configuration and a state folder of its own.
#[derive(Debug)]
pub(crate) struct Dongbo {
    folder: Option<TempDir>,
    path: PathBuf,
}

/// A daemon that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
}

impl Dongbo {
    /// Mirrors the feed to every site of the laboratory. Nothing runs yet.
    pub(crate) fn new(feed: &Feed, lab: &Lab) -> Self {
        let folder = tempfile::Builder::new().prefix("dongbo-live-state.").tempdir().expect("a temporary folder");
        let path = folder.path().to_owned();
        for (index, site) in lab.sites.iter().enumerate() {
            write_secret(&path.join(format!("password-{index}")), &site.password);
        }
        fs::write(path.join("dongbo.toml"), configuration(&path, feed, &lab.sites)).expect("the folder can be written");
        Self { folder: Some(folder), path }
    }

    /// Changes the configuration; nothing runs yet.
    pub(crate) fn configure(&self, change: impl FnOnce(&str) -> String) {
        let file = self.path.join("dongbo.toml");
        let toml = fs::read_to_string(&file).expect("the configuration can be read");
        fs::write(file, change(&toml)).expect("the folder can be written");
    }

    /// Starts the daemon. Its log is added to `daemon.log` in the folder.
    pub(crate) fn start(&self) -> Daemon {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).expect("the log can be written");
        let child = self
            .command(&["run"])
            .stdout(log.try_clone().expect("a file can be opened twice"))
            .stderr(log)
            .spawn()
            .expect("dongbo starts");
        Daemon { child }
    }

    /// Runs one command to its end and returns what it printed on stdout.
    ///
    /// # Panics
    ///
    /// When it does not exit with 0.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("dongbo starts");
        assert!(
            output.status.success(),
            "dongbo {arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The end of the daemon's log, for a message.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
    }

    fn log(&self) -> PathBuf {
        self.path.join("daemon.log")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dongbo"));
        command.arg("--config").arg(self.path.join("dongbo.toml")).args(arguments).stdin(Stdio::null());
        command.env_remove("DONGBO_CONFIG");
        command
    }
}

impl Drop for Dongbo {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the end of the daemon's log:\n{}", self.log_tail());
        }
        if std::env::var("DONGBO_LIVE_KEEP").as_deref() == Ok("1")
            && let Some(folder) = self.folder.take()
        {
            let _ = writeln!(std::io::stderr(), "kept: {}", folder.keep().display());
        }
    }
}

impl Daemon {
    /// `kill -9`, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// When the daemon had ended on its own.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the daemon can be killed");
        let status = self.child.wait().expect("the daemon can be waited for");
        assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "the daemon ended on its own: {status}");
    }

    /// Lets it run for `time`; how it ended, if it ended on its own.
    pub(crate) fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        wait::at_most(time, || self.child.try_wait().expect("the daemon can be waited for"))
    }

    /// SIGTERM.
    ///
    /// # Panics
    ///
    /// When it does not end in good time and with 0.
    pub(crate) fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid is an i32"));
        kill(pid, Signal::SIGTERM).expect("the daemon can be signalled");
        let status = self.ended_within(STOP_MAX);
        assert!(status.is_some_and(|status| status.success()), "the daemon did not stop gracefully: {status:?}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A quick rhythm, so that a test waits for the product and not for politeness.
fn configuration(folder: &Path, feed: &Feed, sites: &[Site]) -> String {
    let mut toml = format!(
        "state = {state:?}\nlanguage = \"vi\"\n\n\
         [limits]\nstop_within = \"10s\"\n\n\
         [defaults]\nbackfill = \"all\"\ncreate_burst = 100000\nfirewall = {{ burst = 100000 }}\npublish_delay = \"0s\"\ncorrection_gap = \"0s\"\n\n\
         [[source]]\nid = \"cong-tinh\"\nname = \"Cổng thông tin điện tử tỉnh\"\nurl = {url:?}\npoll = \"10s\"\n",
        state = folder.join("state"),
        url = feed.url(),
    );
    for (index, site) in sites.iter().enumerate() {
        write!(
            toml,
            "\n[[portal]]\nid = \"so-{index}\"\nname = \"Sở số {index}\"\nsettles_within = \"2s\"\ntimeout = \"5s\"\n\
             [portal.adapter.wordpress]\nurl = {url:?}\nuser = {user:?}\npassword = {{ file = {file:?} }}\n",
            url = site.url,
            user = site.user,
            file = folder.join(format!("password-{index}")),
        )
        .expect("a string takes all that is written to it");
    }
    toml
}

/// Secrets are refused where others may read them.
fn write_secret(path: &Path, secret: &str) {
    let mut file: File =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).expect("the folder can be written");
    file.write_all(secret.as_bytes()).expect("the folder can be written");
}
