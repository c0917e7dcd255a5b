//! What every command has at hand: language, configuration, ledger, a voice.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setgroups, setuid};
use serde::Serialize;

use super::Cli;
use crate::config::{Config, ConfigError};
use crate::daemon;
use crate::exit::Exit;
use crate::message::{Lang, Problem, of};
use crate::report::either;
use crate::store::{ArticleRow, Desk, Planned, StoreError};

/// Articles listed when several fit.
const SEVERAL_MAX: usize = 20;

/// The command's surroundings.
#[derive(Debug)]
pub struct Office {
    /// The configuration file, whether it is there or not.
    pub(crate) file: PathBuf,
    config: Result<Config, ConfigError>,
    pub lang: Lang,
    pub json: bool,
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// From the catalogue.
    Problem(Box<Problem>, Exit),
    Config(ConfigError),
    /// In the person's language already.
    Said(String, Exit),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// The ledger with the rules in force.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    pub config: &'a Config,
    pub desk: Desk,
    pub planned: Planned,
}

impl Office {
    #[must_use]
    pub fn open(cli: &Cli) -> Self {
        let config = Config::load(&cli.config);
        let configured = config.as_ref().ok().and_then(|config| config.language);
        let lang = Lang::choose(cli.lang.or(configured), |name| std::env::var(name).ok());
        Self { file: cli.config.clone(), config, lang, json: cli.json }
    }

    pub(crate) fn config(&self) -> Result<&Config, Failure> {
        self.config.as_ref().map_err(|error| Failure::Config(error.clone()))
    }

    /// The configuration, as the user whom the state folder belongs to: root
    /// would leave files behind that the daemon cannot write. Secrets and
    /// portals are never touched as root where the folder has another owner.
    pub(crate) fn config_as_owner(&self) -> Result<&Config, Failure> {
        let config = self.config()?;
        become_owner(&config.state)?;
        Ok(config)
    }

    pub(crate) fn ledger(&self) -> Result<Ledger<'_>, Failure> {
        let config = self.config_as_owner()?;
        let open = || {
            let desk = Desk::open(&config.state)?;
            let rows = desk.portals()?;
            Ok((desk, rows))
        };
        let (desk, rows) = open().map_err(|error| store_failure(error, &config.state))?;
        Ok(Ledger { config, desk, planned: daemon::planned(config, &rows) })
    }

    /// One of two texts.
    pub(crate) fn say<T>(&self, vi: T, en: T) -> T {
        either(self.lang, vi, en)
    }

    /// Data, on stdout. A reader that has gone is no failure of ours.
    pub(crate) fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    }

    /// JSON where it was asked for, else the text.
    pub(crate) fn show<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string_pretty(value).map_err(|error| Failure::Other(error.into()))?;
            self.print(&json);
        } else {
            self.print(&text());
        }
        Ok(())
    }

    /// Talk, on stderr.
    pub(crate) fn talk(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    }

    /// Says why a command failed and with which code it ends.
    pub fn report(&self, failure: &Failure) -> Exit {
        match failure {
            Failure::Problem(problem, exit) => {
                self.talk(&problem.message(self.lang).to_string());
                *exit
            }
            Failure::Config(error) => {
                self.talk(&format!("{}\n{error}", Problem::from(error).message(self.lang)));
                Exit::Config
            }
            Failure::Said(text, exit) => {
                self.talk(text);
                *exit
            }
            Failure::Other(error) => {
                self.talk(&format!("dongbo: {error:#}"));
                Exit::Unexpected
            }
        }
    }

    /// The one article that the words mean.
    pub(crate) fn article(&self, ledger: &Ledger<'_>, words: &str) -> Result<ArticleRow, Failure> {
        let mut found = ledger.read(|desk| desk.find_articles(words, SEVERAL_MAX))?;
        match found.len() {
            0 => Err(nothing(words)),
            1 => Ok(found.remove(0)),
            _ => Err(self.several(&found)),
        }
    }

    fn several(&self, found: &[ArticleRow]) -> Failure {
        let lines: Vec<String> =
            found.iter().map(|row| format!("{}  {}\n    {}", row.key, row.title, row.url)).collect();
        self.print(&lines.join("\n"));
        let text = self.say(
            "Có nhiều bài phù hợp; hãy dùng địa chỉ hoặc khóa của một bài.",
            "Several articles fit; name one by its address or key.",
        );
        Failure::Said(text.into(), Exit::Several)
    }

    /// Says that the order waits, where no daemon is there to see it.
    pub(crate) fn is_running(&self, state: &Path) -> bool {
        let running = crate::store::InstanceLock::is_held(state);
        if !running {
            let problem = Problem::DaemonNotRunning { state: state.to_owned() };
            self.talk(&problem.message(self.lang).to_string());
        }
        running
    }
}

impl Ledger<'_> {
    /// A look at the ledger, its failure as a person needs it.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Desk) -> Result<T, StoreError>) -> Result<T, Failure> {
        work(&self.desk).map_err(|error| store_failure(error, &self.config.state))
    }
}

/// Gives up root for the owner of the state folder, for good.
fn become_owner(state: &Path) -> Result<(), Failure> {
    if !geteuid().is_root() {
        return Ok(());
    }
    // No folder yet: the first run makes it, as whoever runs it.
    let Ok(folder) = std::fs::metadata(state) else { return Ok(()) };
    let (uid, gid) = (Uid::from_raw(folder.uid()), Gid::from_raw(folder.gid()));
    if uid.is_root() {
        return Ok(());
    }
    let dropped = || -> nix::Result<()> {
        match User::from_uid(uid)? {
            Some(user) => {
                let name = std::ffi::CString::new(user.name).map_err(|_| nix::errno::Errno::EINVAL)?;
                initgroups(&name, gid)?;
            }
            None => setgroups(&[gid])?,
        }
        setgid(gid)?;
        setuid(uid)
    };
    dropped().map_err(|error| Failure::Other(anyhow::Error::new(error).context("root cannot be given up")))
}

pub(crate) fn nothing(selection: &str) -> Failure {
    Failure::Problem(Box::new(Problem::NothingSelected { selection: selection.to_owned() }), Exit::Nothing)
}

/// A ledger's failure as a message and a code.
pub(crate) fn store_failure(error: StoreError, state: &Path) -> Failure {
    let exit = if matches!(error, StoreError::Locked { .. }) { Exit::Running } else { Exit::Ledger };
    match of::store(&error, state) {
        Some(problem) => Failure::Problem(Box::new(problem), exit),
        None => Failure::Said(format!("dongbo: {}", daemon::chain(&error)), exit),
    }
}
