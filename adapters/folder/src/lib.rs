//! A portal that is a folder: a small static site that any web server, or a
//! double click, can show.
//!
//! ```text
//! index.html  feed.xml  style.css      the newest articles
//! bai/cs-….html                        one page to an article
//! thang/2026-11.html                   every article, by month
//! media/cm-….jpg                       pictures
//! .dongbo/                             ours alone (0700): what the pages are made from
//!   bai/cs-….json                      the record of an article, drafts too; its name is the key
//!   thang/2026-11.json                 the lines of a month's list
//!   muc.json                           categories that posts brought into being
//!   cho/cs-…                           articles whose pages may not follow their record yet
//!   tmp/  khoa                         half-written files; the lock
//! ```
//!
//! **The record is the truth**, pages follow from it. A write first notes the
//! key in `cho/`, then changes the record, then makes the pages and takes the
//! note away. Whoever comes next after a crash (a look-up too) finds the note
//! and makes the pages again, so a copy that `find` shows is also listed.
//!
//! **Cost follows new work.** A write touches its record, its page, the list
//! of its month and the two lists of the newest. No call reads the records of
//! other articles, except `list`, page by page.
//!
//! **The key is enforced.** A new record appears by `link(2)`, which fails if
//! the name exists: of any number of creates in a race exactly one wins, even
//! where the lock does not hold (a network file system without `flock`), and
//! the others get `Conflict`. The lock keeps lists whole.
//!
//! **Settling.** Nothing goes on after a call but the one system call that it
//! was in when its time ran out; a disk that hangs can let that one act later.
//!
//! **What is not ours stays.** Names come from keys alone, every component
//! below the folder is opened without following links, and a folder that
//! holds someone else's `index.html` is refused.

mod adapter;
mod config;
mod disk;
mod error;
mod page;
mod site;

pub use adapter::Folder;
pub use config::Config;
