//! What commands tell: computed from the ledger, written for people or as
//! JSON. The JSON shapes are an interface: fields are added, never changed.

mod article;
mod status;

use dongbo_sdk::{Capabilities, CategorySupport, DateSupport, KeySupport};
use jiff::Timestamp;

pub use article::{Article, CopyStatus};
pub use status::{Condition, Originals, Past, PortalStatus, SourceStatus, Status};

use crate::delivery::{Moment, State};
use crate::message::Lang;
use crate::source::date::LOCAL;
use crate::store::wall;

/// One of two texts.
#[must_use]
pub fn either<T>(lang: Lang, vi: T, en: T) -> T {
    match lang {
        Lang::Vi => vi,
        Lang::En => en,
    }
}

/// A wall-clock time (ms) in Vietnam, for people.
#[must_use]
pub fn when(ms: i64, lang: Lang) -> String {
    let Ok(time) = Timestamp::from_millisecond(ms) else { return "—".into() };
    LOCAL.to_datetime(time).strftime(either(lang, "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")).to_string()
}

/// Ledger time as wall-clock ms; `now` is ledger time.
#[must_use]
pub fn to_wall(at: Moment, now: Moment) -> i64 {
    wall().saturating_add(at.0.saturating_sub(now.0))
}

/// The word for a state.
#[must_use]
pub fn state_word(state: State, lang: Lang) -> &'static str {
    let (vi, en) = match state {
        State::Standing => ("đúng", "standing"),
        State::Due => ("chờ gửi", "due"),
        State::Uncertain => ("chưa chắc", "uncertain"),
        State::Waiting => ("chờ đồng ý", "waiting"),
        State::Held => ("chờ duyệt nội dung", "held"),
        State::Parked => ("bỏ dở", "parked"),
        State::Removed => ("bị gỡ", "removed"),
        State::Detached => ("đã tách", "detached"),
        State::Rejected => ("không duyệt", "rejected"),
    };
    either(lang, vi, en)
}

/// Why an article is withdrawn, in words.
#[must_use]
pub fn withdrawn_by(by: Option<&str>, lang: Lang) -> &'static str {
    match by {
        None => either(lang, "theo lệnh", "by an order"),
        Some("gone") => either(lang, "bài gốc không còn (404)", "its original is gone (404)"),
        Some(_) => either(lang, "bài gốc đã bị đóng (403)", "its original is closed to the public (403)"),
    }
}

/// What a portal cannot do, so that the copies there lack it.
#[must_use]
pub fn losses(can: &Capabilities, lang: Lang) -> Vec<&'static str> {
    let date = match can.publish_date {
        DateSupport::Exact | DateSupport::Minute => None,
        DateSupport::Day => Some(("giờ đăng (chỉ giữ ngày)", "the time of publication (only the day is kept)")),
        DateSupport::None => Some(("ngày đăng của bài gốc", "the original's date")),
    };
    let categories = match can.categories {
        CategorySupport::None => Some(("chuyên mục", "categories")),
        CategorySupport::Match => Some(("chuyên mục chưa có trên cổng", "categories that the portal does not have")),
        CategorySupport::Create => None,
    };
    let key = match can.key {
        KeySupport::Enforced | KeySupport::Searchable => None,
        KeySupport::None => Some(("nhận ra bản sao của mình", "recognising our own copies")),
    };
    let missing = |has: bool, words| (!has).then_some(words);
    let all = [
        key,
        date,
        categories,
        missing(can.media, ("ảnh đại diện", "featured pictures")),
        missing(can.summary, ("tóm tắt", "summaries")),
        missing(can.tags, ("từ khóa", "tags")),
        missing(can.canonical, ("liên kết chuẩn đến bài gốc", "the canonical address of the original")),
        missing(can.drafts, ("bản nháp", "drafts")),
        missing(!can.removals.is_empty(), ("thu hồi bài", "withdrawal")),
    ];
    all.into_iter().flatten().map(|(vi, en)| either(lang, vi, en)).collect()
}
