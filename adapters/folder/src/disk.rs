//! Files below one folder, and nothing outside it.
//!
//! A place is a chain of plain names from the root; each is opened relative to
//! the one before with `O_NOFOLLOW`, so a link that someone planted is an
//! error and never a way out. A file appears whole: written under `tmp/`,
//! synced, then renamed (or linked, where it must be new), then its folder is
//! synced. The root itself may be reached through links: the operator named it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Access, AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{Outcome, Trouble};

/// What citizens' web servers may read, whatever the daemon's umask.
const PUBLIC_FILE: Mode = Mode::from_raw_mode(0o644);
const PUBLIC_DIR: Mode = Mode::from_raw_mode(0o755);
const PRIVATE_FILE: Mode = Mode::from_raw_mode(0o600);
const PRIVATE_DIR: Mode = Mode::from_raw_mode(0o700);

/// Our own corner, closed to others.
pub(crate) const OURS: &str = ".dongbo";
const TMP: &str = ".dongbo/tmp";
const LOCK: &str = "khoa";

/// An open folder and its name for messages.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
    private: bool,
}

/// The root and the lock on it; whoever holds it is the only writer. The lock goes with the last holder.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) root: Dir,
    tmp: Dir,
    _lock: OwnedFd,
}

impl Dir {
    /// The root. `None`: it does not exist.
    pub(crate) fn root(path: &Path) -> Outcome<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path: path.to_owned(), private: false })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(Trouble::os("open the folder", path.display().to_string())(errno)),
        }
    }

    /// A folder below: `bai`, `.dongbo/bai`. `None`: it does not exist.
    pub(crate) fn below(&self, names: &str) -> Outcome<Option<Self>> {
        let mut at: Option<Self> = None;
        for name in names.split('/') {
            match at.as_ref().unwrap_or(self).child(name)? {
                Some(child) => at = Some(child),
                None => return Ok(None),
            }
        }
        Ok(at)
    }

    /// The same, made where it does not exist.
    pub(crate) fn make(&self, names: &str) -> Outcome<Self> {
        let mut at: Option<Self> = None;
        for name in names.split('/') {
            at = Some(at.as_ref().unwrap_or(self).make_child(name)?);
        }
        at.ok_or_else(|| self.strange(names))
    }

    fn child(&self, name: &str) -> Outcome<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path: self.path.join(name), private: self.private || name == OURS })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(self.strange(name)),
            Err(errno) => Err(Trouble::os("open a folder", self.show(name))(errno)),
        }
    }

    fn make_child(&self, name: &str) -> Outcome<Self> {
        if let Some(child) = self.child(name)? {
            return Ok(child);
        }
        let mode = if self.private || name == OURS { PRIVATE_DIR } else { PUBLIC_DIR };
        match rustix::fs::mkdirat(&self.fd, name, mode) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(Trouble::os("make a folder", self.show(name))(errno)),
        }
        let child = self.child(name)?.ok_or_else(|| self.strange(name))?;
        rustix::fs::fchmod(&child.fd, mode).map_err(Trouble::os("open a folder to readers", self.show(name)))?;
        self.sync()?;
        Ok(child)
    }

    /// The file's bytes. `None`: it does not exist.
    pub(crate) fn read(&self, name: &str, limit: usize) -> Outcome<Option<Vec<u8>>> {
        // NONBLOCK: a pipe under our name must not hold us up.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NXIO) => return Err(self.strange(name)),
            Err(errno) => return Err(Trouble::os("open a file", self.show(name))(errno)),
        };
        let stat = rustix::fs::fstat(&fd).map_err(Trouble::os("look at a file", self.show(name)))?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return Err(self.strange(name));
        }
        let mut bytes = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        File::from(fd).take(most).read_to_end(&mut bytes).map_err(|error| self.io("read a file", name, &error))?;
        if bytes.len() > limit {
            return Err(Trouble::TooLarge { file: self.show(name), limit });
        }
        Ok(Some(bytes))
    }

    /// A plain file stands there. Anything but a plain file is an error.
    pub(crate) fn has(&self, name: &str) -> Outcome<bool> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_file() => Ok(true),
            Ok(_) => Err(self.strange(name)),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(Trouble::os("look at a file", self.show(name))(errno)),
        }
    }

    /// Something stands there, whatever it is.
    pub(crate) fn occupied(&self, name: &str) -> Outcome<bool> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(Trouble::os("look at a file", self.show(name))(errno)),
        }
    }

    /// We may add files here. Changes nothing.
    pub(crate) fn writable(&self) -> Outcome<()> {
        rustix::fs::accessat(&self.fd, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(Trouble::os("write to the folder", self.path.display().to_string()))
    }

    /// The plain names in the folder, sorted; ours never begin with a dot.
    pub(crate) fn names(&self) -> Outcome<Vec<String>> {
        let failed = || Trouble::os("list a folder", self.path.display().to_string());
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            if let Ok(name) = entry.file_name().to_str()
                && !name.starts_with('.')
            {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Takes the file away; already gone is success. Durable on return.
    pub(crate) fn remove(&self, name: &str) -> Outcome<()> {
        if !self.has(name)? {
            return Ok(());
        }
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => self.sync(),
            Err(errno) => Err(Trouble::os("remove a file", self.show(name))(errno)),
        }
    }

    fn sync(&self) -> Outcome<()> {
        let unsynced = |errno| Trouble::Unsynced { file: self.path.display().to_string(), errno };
        rustix::fs::fsync(&self.fd).map_err(unsynced)
    }

    fn show(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    fn strange(&self, name: &str) -> Trouble {
        Trouble::Strange { file: self.show(name) }
    }

    fn io(&self, doing: &'static str, name: &str, error: &std::io::Error) -> Trouble {
        Trouble::os(doing, self.show(name))(Errno::from_io_error(error).unwrap_or(Errno::IO))
    }
}

/// Makes the root where only it is missing.
pub(crate) fn make_root(path: &Path) -> Outcome<Dir> {
    if let Some(root) = Dir::root(path)? {
        return Ok(root);
    }
    match rustix::fs::mkdir(path, PUBLIC_DIR) {
        Ok(()) => {
            rustix::fs::chmod(path, PUBLIC_DIR).map_err(Trouble::os("open the folder", path.display().to_string()))?
        }
        Err(Errno::EXIST) => {}
        Err(errno) => return Err(Trouble::os("make the folder", path.display().to_string())(errno)),
    }
    Dir::root(path)?.ok_or_else(|| Trouble::Strange { file: path.display().to_string() })
}

impl Held {
    /// Waits for the lock and clears what a killed writer left half-written.
    pub(crate) fn take(root: Dir) -> Outcome<Self> {
        let ours = root.make(OURS)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = rustix::fs::openat(&ours.fd, LOCK, flags, PRIVATE_FILE)
            .map_err(Trouble::os("open the lock", ours.show(LOCK)))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .map_err(Trouble::os("take the lock", ours.show(LOCK)))?;
        let tmp = root.make(TMP)?;
        for leftover in tmp.names()? {
            tmp.remove(&leftover)?;
        }
        Ok(Self { root, tmp, _lock: lock })
    }

    /// Puts a file in place of what stood there.
    pub(crate) fn put(&self, dir: &Dir, name: &str, bytes: &[u8]) -> Outcome<()> {
        dir.has(name)?;
        let half = self.write_half(dir, name, bytes)?;
        rustix::fs::renameat(&self.tmp.fd, &half, &dir.fd, name)
            .map_err(swept)
            .map_err(Trouble::os("put a file in place", dir.show(name)))?;
        dir.sync()
    }

    /// The same, where the bytes differ from what stands there. A list that did not change costs one read.
    pub(crate) fn put_if_changed(&self, dir: &Dir, name: &str, bytes: &[u8]) -> Outcome<()> {
        let same = match dir.read(name, bytes.len()) {
            Ok(stands) => stands.as_deref() == Some(bytes),
            Err(Trouble::TooLarge { .. }) => false,
            Err(trouble) => return Err(trouble),
        };
        if same { Ok(()) } else { self.put(dir, name, bytes) }
    }

    /// Puts a file where none stands. `link(2)` decides a race, with or without the lock.
    pub(crate) fn put_new(&self, dir: &Dir, name: &str, bytes: &[u8]) -> Outcome<()> {
        let half = self.write_half(dir, name, bytes)?;
        let linked = rustix::fs::linkat(&self.tmp.fd, &half, &dir.fd, name, AtFlags::empty());
        // The second name goes either way; if that fails the next holder clears it.
        let _ = rustix::fs::unlinkat(&self.tmp.fd, &half, AtFlags::empty());
        match linked {
            Ok(()) => dir.sync(),
            Err(Errno::EXIST) => Err(Trouble::Exists),
            Err(errno) => Err(Trouble::os("put a file in place", dir.show(name))(swept(errno))),
        }
    }

    /// Writes and syncs a file under a name of its own in `tmp/`.
    fn write_half(&self, dir: &Dir, name: &str, bytes: &[u8]) -> Outcome<String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let half = format!("{}-{}-{name}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mode = if dir.private { PRIVATE_FILE } else { PUBLIC_FILE };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.tmp.fd, &half, flags, mode)
            .map_err(Trouble::os("write a file", dir.show(name)))?;
        rustix::fs::fchmod(&fd, mode).map_err(Trouble::os("open a file to readers", dir.show(name)))?;
        let mut file = File::from(fd);
        file.write_all(bytes).map_err(|error| dir.io("write a file", name, &error))?;
        file.sync_all().map_err(|error| dir.io("sync a file", name, &error))?;
        Ok(half)
    }
}

/// Where the lock does not hold, another writer may have cleared our half-written file: look first, then try again.
fn swept(errno: Errno) -> Errno {
    if errno == Errno::NOENT { Errno::STALE } else { errno }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};

    use super::*;

    #[test]
    fn a_name_is_taken_once_even_where_the_lock_does_not_hold() {
        let temp = tempfile::tempdir().unwrap();
        let held = Arc::new(Held::take(Dir::root(temp.path()).unwrap().unwrap()).unwrap());
        let dir = Arc::new(held.root.make("bai").unwrap());
        for round in 0..20 {
            let (start, name) = (Arc::new(Barrier::new(8)), format!("{round}.json"));
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let (held, dir, start, name) = (held.clone(), dir.clone(), start.clone(), name.clone());
                    std::thread::spawn(move || {
                        start.wait();
                        held.put_new(&dir, &name, &[n]).map(|()| n)
                    })
                })
                .collect();
            let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            let won: Vec<u8> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok().copied()).collect();
            assert_eq!(won.len(), 1);
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(Trouble::Exists))));
            assert_eq!(dir.read(&name, 8).unwrap().unwrap(), won, "the winner's bytes stand");
        }
        assert!(held.tmp.names().unwrap().is_empty());
    }

    #[test]
    fn what_a_killed_writer_left_half_written_goes_with_the_next_lock() {
        let temp = tempfile::tempdir().unwrap();
        let root = || Dir::root(temp.path()).unwrap().unwrap();
        let held = Held::take(root()).unwrap();
        let half = held.write_half(&held.root, "index.html", b"<html").unwrap();
        assert_eq!(held.tmp.names().unwrap(), [half]);
        drop(held);
        assert!(Held::take(root()).unwrap().tmp.names().unwrap().is_empty());
        assert!(!temp.path().join("index.html").exists());
    }

    #[test]
    fn a_file_beyond_its_limit_is_not_read_and_a_pipe_does_not_block() {
        let temp = tempfile::tempdir().unwrap();
        let root = Dir::root(temp.path()).unwrap().unwrap();
        std::fs::write(temp.path().join("a"), [0; 11]).unwrap();
        assert!(matches!(root.read("a", 10), Err(Trouble::TooLarge { .. })));
        assert_eq!(root.read("a", 11).unwrap().map(|bytes| bytes.len()), Some(11));
        rustix::fs::mknodat(rustix::fs::CWD, temp.path().join("p"), FileType::Fifo, PRIVATE_FILE, 0).unwrap();
        assert!(matches!(root.read("p", 10), Err(Trouble::Strange { .. })));
        assert!(matches!(root.has("p"), Err(Trouble::Strange { .. })));
    }
}
