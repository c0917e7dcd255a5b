//! What a failure of the file system means to the ledger.

use dongbo_sdk::http::{Effect, doubt};
use dongbo_sdk::{Error, ErrorKind, Operation, Retry, Scope};
use rustix::io::Errno;

/// What went wrong below, before it is known what was being done for whom.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The system refused; `doing` is a verb for people.
    Os {
        doing: &'static str,
        file: String,
        errno: Errno,
    },
    /// The change was made, but may not outlive a power cut.
    Unsynced {
        file: String,
        errno: Errno,
    },
    /// A link, a device or a folder stands where a file of ours belongs, or a file where a folder does.
    Strange {
        file: String,
    },
    /// The folder holds someone else's site.
    Occupied {
        file: String,
    },
    /// The record exists already.
    Exists,
    /// A record that cannot be read.
    Damaged {
        file: String,
    },
    /// What stands there carries another key or another version than the caller read.
    Moved {
        expected: String,
        found: String,
    },
    Missing,
    TooLarge {
        file: String,
        limit: usize,
    },
    /// The content cannot become a file here.
    Refused(String),
    Unsupported(&'static str),
}

pub(crate) type Outcome<T> = Result<T, Trouble>;

impl Trouble {
    pub(crate) fn os(doing: &'static str, file: impl Into<String>) -> impl FnOnce(Errno) -> Self {
        let file = file.into();
        move |errno| Self::Os { doing, file, errno }
    }

    /// The decision for the ledger. `effect` says whether something may have been written before it failed.
    pub(crate) fn into_error(self, operation: Operation, effect: Effect) -> Error {
        let new = |kind, message: String| Error::new(kind, operation, message);
        match self {
            Self::Os { doing, file, errno } => from_errno(operation, effect, errno, doing).with("file", file),
            Self::Unsynced { file, errno } => {
                doubt(new(ErrorKind::Unavailable, "a change could not be made durable".into()), effect)
                    .with("file", file)
                    .caused_by(os(errno))
            }
            Self::Strange { file } => {
                new(ErrorKind::Config, "a link or something else stands where a plain file or folder belongs".into())
                    .with("file", file)
            }
            Self::Occupied { file } => {
                new(ErrorKind::Config, "the folder holds a site that is not ours; name an empty folder".into())
                    .with("file", file)
            }
            Self::Exists => new(ErrorKind::Conflict, "an article stands under this key already".into()),
            // A look-up cannot recognise it, so looking first would go round in circles.
            Self::Damaged { file } => new(ErrorKind::Conflict, "the record cannot be read; a person must look".into())
                .retry(Retry::Never)
                .with("file", file),
            Self::Moved { expected, found } => new(ErrorKind::Conflict, "something else stands there".into())
                .with("expected", expected)
                .with("found", found),
            Self::Missing => new(ErrorKind::NotFound, "no article stands there".into()),
            Self::TooLarge { file, limit } => {
                new(ErrorKind::TooLarge, format!("larger than {limit} bytes")).with("file", file)
            }
            Self::Refused(why) => new(ErrorKind::Rejected, why),
            Self::Unsupported(why) => new(ErrorKind::Unsupported, why.into()),
        }
    }
}

/// | what the system says | kind | retry | scope |
/// | --- | --- | --- | --- |
/// | disk or quota full | Unavailable | Later | Installation |
/// | mounted read-only | Unavailable | Later | Installation |
/// | permission denied | Forbidden | Never | Portal |
/// | a link, not a folder, another file system, name too long | Config | Never | Portal |
/// | else (EIO, ESTALE …) | Unavailable | FindFirst after a write | Installation |
///
/// Errno names: errno(3). `Later` where the caller says that nothing was
/// written yet; afterwards each of them leaves doubt.
fn from_errno(operation: Operation, effect: Effect, errno: Errno, doing: &str) -> Error {
    let new = |kind, what: &str| Error::new(kind, operation, format!("{doing}: {what}"));
    let error = match errno {
        Errno::NOSPC | Errno::DQUOT => new(ErrorKind::Unavailable, "the disk is full"),
        Errno::ROFS => new(ErrorKind::Unavailable, "the disk is mounted read-only"),
        Errno::ACCESS | Errno::PERM => new(ErrorKind::Forbidden, "permission denied").scope(Scope::Portal),
        Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::XDEV | Errno::NAMETOOLONG => {
            new(ErrorKind::Config, "not a plain file or folder of this file system")
        }
        Errno::NOENT => new(ErrorKind::Config, "the folder above does not exist"),
        _ => return doubt(new(ErrorKind::Unavailable, "the file system failed"), effect).caused_by(os(errno)),
    };
    error.caused_by(os(errno))
}

fn os(errno: Errno) -> std::io::Error {
    std::io::Error::from(errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_the_row_of_the_table() {
        let later = Retry::Later { after: None };
        for (errno, kind, retry, scope) in [
            (Errno::NOSPC, ErrorKind::Unavailable, later, Scope::Installation),
            (Errno::DQUOT, ErrorKind::Unavailable, later, Scope::Installation),
            (Errno::ROFS, ErrorKind::Unavailable, later, Scope::Installation),
            (Errno::ACCESS, ErrorKind::Forbidden, Retry::Never, Scope::Portal),
            (Errno::XDEV, ErrorKind::Config, Retry::Never, Scope::Portal),
            (Errno::IO, ErrorKind::Unavailable, Retry::FindFirst, Scope::Installation),
            (Errno::STALE, ErrorKind::Unavailable, Retry::FindFirst, Scope::Installation),
        ] {
            let error = Trouble::os("write a file", "/srv/a/index.html")(errno);
            let error = error.into_error(Operation::Create, Effect::Writes);
            assert_eq!((error.kind, error.retry, error.scope), (kind, retry, scope), "{errno}");
        }
    }

    #[test]
    fn a_failing_read_leaves_no_doubt() {
        let error = Trouble::os("open a file", "a")(Errno::IO).into_error(Operation::Find, Effect::Reads);
        assert!(!error.leaves_doubt());
    }

    #[test]
    fn an_operator_reads_what_and_where() {
        let error = Trouble::os("write a file", "/srv/a/index.html")(Errno::NOSPC);
        let error = error.into_error(Operation::Create, Effect::Writes);
        assert_eq!(error.to_string(), "create: unavailable: write a file: the disk is full; file /srv/a/index.html");
    }
}
