//! The laboratory: real WordPress sites, started and ended by the scripts beside this file.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

/// How many sites a laboratory has.
pub(crate) const SITES: usize = 3;
/// The scripts' exit code for a machine that cannot run the laboratory.
const SKIPPED: i32 = 77;
/// The first site's port, where `DONGBO_LIVE_PORT` does not say another.
const BASE_PORT: u16 = 18081;

/// One laboratory at a time: they share ports.
static ONE: Mutex<()> = Mutex::new(());

/// Running sites. Dropping takes them down, also when the test panics.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) sites: Vec<Site>,
    directory: PathBuf,
    /// Declared last: let go only when all is down.
    _one: MutexGuard<'static, ()>,
}

/// One WordPress site, as the set-up printed it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Lab {
    /// Fresh sites, or `None` where the laboratory was not asked for or cannot
    /// run; that is said in one line.
    ///
    /// # Panics
    ///
    /// When the sites should come up and do not.
    pub(crate) fn up() -> Option<Self> {
        if std::env::var("DONGBO_LIVE").as_deref() != Ok("1") {
            skipped("skipped: set DONGBO_LIVE=1 to install and run real WordPress sites");
            return None;
        }
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lab = Self { sites: Vec::new(), directory: directory(), _one: one };
        let port = std::env::var("DONGBO_LIVE_PORT").unwrap_or_else(|_| BASE_PORT.to_string());
        let output = script(&lab.directory, "wordpress-up.sh", &[&SITES.to_string(), &port]);
        let said = String::from_utf8_lossy(&output.stdout);
        if output.status.code() == Some(SKIPPED) {
            skipped(said.trim());
            return None;
        }
        assert!(output.status.success(), "no laboratory: {said}{}", String::from_utf8_lossy(&output.stderr));
        lab.sites = said.lines().map(Site::parse).collect();
        assert_eq!(lab.sites.len(), SITES, "{said}");
        Some(lab)
    }

    /// Where the sites' databases are.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// From now on each write waits up to this long before a site sees it, and
    /// is carried out even when its caller has gone. Zero: at once, again.
    pub(crate) fn slow_writes(&self, longest: Duration) {
        // Renamed into place: a request never reads half a number.
        let (new, file) = (self.directory.join("slow.new"), self.directory.join("slow"));
        std::fs::write(&new, longest.as_millis().to_string()).expect("the laboratory's folder can be written");
        std::fs::rename(new, file).expect("the laboratory's folder can be written");
    }

    /// How many writes the sites are working on at this moment.
    pub(crate) fn writes_in_flight(&self) -> usize {
        // No write yet: no file yet.
        let journal = std::fs::read(self.directory.join("writes")).unwrap_or_default();
        let ended = journal.iter().filter(|&&sign| sign == b'-').count();
        (journal.len() - ended).saturating_sub(ended)
    }

    /// Writes that came to the sites so far.
    pub(crate) fn writes(&self) -> usize {
        let journal = std::fs::read(self.directory.join("writes")).unwrap_or_default();
        journal.iter().filter(|&&sign| sign == b'+').count()
    }

    /// Ends one site's web server, counted from 0; its content stays.
    pub(crate) fn stop_site(&self, index: usize) {
        self.site("stop", index);
    }

    /// Brings it back on its port; it answers when this returns.
    pub(crate) fn start_site(&self, index: usize) {
        self.site("start", index);
    }

    fn site(&self, verb: &str, index: usize) {
        let output = script(&self.directory, "wordpress-site.sh", &[verb, &(index + 1).to_string()]);
        assert!(output.status.success(), "{verb} site {index}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let output = script(&self.directory, "wordpress-down.sh", &[]);
        // A second panic would abort and hide the first.
        if !output.status.success() {
            skipped(&format!("the laboratory did not end: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
}

impl Site {
    fn parse(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let [url, user, password] = words[..] else { panic!("not `URL USER APP_PASSWORD`: {line}") };
        Self { url: url.to_owned(), user: user.to_owned(), password: password.to_owned() }
    }
}

fn directory() -> PathBuf {
    std::env::var_os("DONGBO_LIVE_DIR").map_or_else(|| std::env::temp_dir().join("dongbo-live"), PathBuf::from)
}

fn script(directory: &Path, name: &str, arguments: &[&str]) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live").join(name);
    Command::new("bash")
        .arg(&path)
        .args(arguments)
        .env("DONGBO_LIVE_DIR", directory)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{} does not run: {error}", path.display()))
}

/// Says a line that the test runner does not swallow, once per run: every test would say the same.
fn skipped(line: &str) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let _ = writeln!(std::io::stderr(), "{line}");
    });
}
