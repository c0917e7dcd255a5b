//! What was found, in words for people, in Vietnamese and English.

use super::api::State;
use super::feeds::Found;
use super::road::{Outcome, Road, Why};
use super::tls::Tls;
use super::{Finding, Note};
use crate::message::Lang;
use crate::report::either;

/// A road's name.
#[must_use]
pub fn road(road: Road, lang: Lang) -> &'static str {
    match road {
        Road::Adapter => "adapter",
        Road::Exec => "exec",
        Road::FeedOut => either(lang, "feed-out + khối nhúng", "feed-out with block"),
        Road::ByHand => either(lang, "làm tay", "by hand"),
        Road::Unknown => either(lang, "chưa rõ", "not known yet"),
    }
}

/// What to do, and why.
#[must_use]
pub fn why(why: Why, lang: Lang) -> &'static str {
    match why {
        Why::ApiAnswers => either(
            lang,
            "API trả lời; cần một tài khoản riêng cho dongbo",
            "the API answers; dongbo needs an account of its own",
        ),
        Why::ApiBlocked => either(
            lang,
            "tường lửa chặn API; nếu đơn vị vận hành cho phép địa chỉ của máy này thì ghi qua API được",
            "a firewall stands before the API; writing becomes possible once the host lets this machine through",
        ),
        Why::ApiLogin => either(
            lang,
            "trang đăng nhập đứng trước API; đề nghị đơn vị vận hành mở API cho máy này",
            "a login page stands before the API; ask the host to open it for this machine",
        ),
        Why::ApiAbsent => either(
            lang,
            "không thấy API: đã tắt, đặt ở nơi khác hoặc đang lỗi; hỏi đơn vị vận hành",
            "no API was found: it is off, elsewhere or broken; ask the host",
        ),
        Why::NoApi => either(
            lang,
            "nền tảng này không có API đăng bài mà dongbo biết; cổng nhúng khối tin hoặc đọc nguồn tin của dongbo",
            "this platform has no API for articles that dongbo knows; the portal embeds a block or reads dongbo's feed",
        ),
        Why::PlatformUnknown => either(
            lang,
            "không nhận ra nền tảng; cổng nhúng khối tin hoặc đọc nguồn tin của dongbo",
            "the platform was not recognised; the portal embeds a block or reads dongbo's feed",
        ),
        Why::Insecure => either(
            lang,
            "không xác minh được kết nối an toàn nên không gửi gì tới đó; đề nghị sửa chứng thư, rồi dò lại",
            "the connection cannot be verified, so nothing is sent there; have the certificate repaired, then probe again",
        ),
        Why::SiteBlocked => either(
            lang,
            "tường lửa chặn máy này; đề nghị đơn vị vận hành cho phép địa chỉ của máy, rồi dò lại",
            "a firewall refuses this machine; ask the host to let its address through, then probe again",
        ),
        Why::SiteLogin => either(
            lang,
            "cả trang nằm sau đăng nhập; người dân không xem được gì ở đó",
            "all of it is behind a login; citizens see nothing there",
        ),
        Why::NoPage => either(
            lang,
            "ở địa chỉ này không có trang web để đăng bài",
            "there is no web page at this address to put articles on",
        ),
        Why::WrongAddress => either(lang, "kiểm tra lại địa chỉ", "check the address"),
        Why::Down => either(lang, "không có trả lời dùng được; dò lại sau", "no usable answer; probe again later"),
    }
}

/// What stands at the address.
#[must_use]
pub fn outcome(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Page => either(lang, "trang web", "a web page"),
        Outcome::Feed => either(lang, "là nguồn tin (feed), không phải trang web", "a feed, not a web page"),
        Outcome::Document => either(lang, "là tài liệu, không phải trang web", "a document, not a web page"),
        Outcome::Empty => either(lang, "trang trống", "an empty page"),
        Outcome::Blocked => either(lang, "tường lửa trả lời thay", "a firewall answers in its place"),
        Outcome::Login => either(lang, "trang đăng nhập", "a login page"),
        Outcome::Status => either(lang, "máy chủ báo lỗi", "the server answers with an error"),
        Outcome::TooLarge => either(lang, "trang quá lớn, không đọc hết", "too large a page, not read"),
        Outcome::Unreadable => either(lang, "không đọc được trả lời", "the answer cannot be read"),
        Outcome::Invalid => either(lang, "không phải địa chỉ web", "this is no web address"),
        Outcome::Unresolved => either(lang, "tên miền không dẫn đến đâu", "the name does not resolve"),
        Outcome::Refused => either(lang, "máy chủ từ chối kết nối", "the connection is refused"),
        Outcome::Unreachable => either(lang, "không kết nối được", "no connection"),
        Outcome::TimedOut => either(lang, "quá thời gian chờ", "no answer in time"),
        Outcome::Broken => either(lang, "kết nối bị ngắt giữa chừng", "the connection broke off"),
        Outcome::Tls => either(lang, "không thiết lập được kết nối an toàn", "no secure connection"),
        Outcome::Loop => either(lang, "chuyển hướng vòng tròn", "it redirects in a circle"),
        Outcome::Inner => {
            either(lang, "chuyển hướng tới nơi không được phép", "it redirects to where dongbo may not go")
        }
    }
}

/// The state of TLS, short.
#[must_use]
pub fn tls(tls: Tls, lang: Lang) -> &'static str {
    match tls {
        Tls::Ok => either(lang, "tốt", "ok"),
        Tls::Chain => either(lang, "chuỗi thiếu hoặc lạ", "chain incomplete or unknown"),
        Tls::Expired => either(lang, "hết hạn", "expired"),
        Tls::Name => either(lang, "sai tên miền", "wrong name"),
        Tls::Old => either(lang, "giao thức cũ", "old protocol"),
        Tls::Failed => either(lang, "bắt tay hỏng", "handshake failed"),
        Tls::None => either(lang, "chỉ http", "http only"),
        Tls::Unknown => "—",
    }
}

/// What the API said, short.
#[must_use]
pub fn api(state: &State, lang: Lang) -> String {
    let text = match state {
        State::Answers => either(lang, "trả lời", "answers"),
        State::AsksAccount => either(lang, "đòi tài khoản", "asks for an account"),
        State::Blocked { by: Some(by) } => return either(lang, format!("bị chặn ({by})"), format!("blocked ({by})")),
        State::Blocked { by: None } => either(lang, "bị chặn", "blocked"),
        State::Login => either(lang, "trang đăng nhập", "login page"),
        State::Absent => either(lang, "không thấy", "not found"),
        State::Broken => either(lang, "lỗi", "broken"),
        State::NotAsked => "—",
    };
    text.to_owned()
}

/// How a feed's address was found.
#[must_use]
pub fn found(found: Found, lang: Lang) -> &'static str {
    match found {
        Found::Announced => either(lang, "trang tự khai báo", "announced by the page"),
        Found::Linked => either(lang, "có liên kết trên trang", "linked on the page"),
        Found::Common => either(lang, "địa chỉ thường gặp", "a common address"),
        Found::Itself => either(lang, "chính địa chỉ này", "this very address"),
    }
}

/// What else there is to know.
#[must_use]
pub fn note(note: Note, lang: Lang) -> &'static str {
    match note {
        Note::OutOfTime => either(lang, "hết giờ trước khi hỏi xong", "out of time before all was asked"),
        Note::HttpsToo => either(lang, "có https, nên dùng địa chỉ https", "it has https; use that address"),
        Note::HttpInstead => {
            either(lang, "https không dùng được, trang được xem qua http", "https failed; the page was seen over http")
        }
        Note::PlainHttp => either(
            lang,
            "không có https: mật khẩu sẽ đi không mã hóa; WordPress chỉ cấp mật khẩu ứng dụng qua https",
            "no https: a password would travel in the clear; WordPress offers application passwords over https alone",
        ),
        Note::NoApplicationPasswords => either(
            lang,
            "WordPress ở đây không cấp mật khẩu ứng dụng; hãy bật tính năng này",
            "this WordPress offers no application passwords; have them switched on",
        ),
        Note::OtherHost => either(lang, "dẫn sang tên miền khác", "it leads to another host"),
    }
}

/// The platform's name, with a doubt where no sign was sure.
#[must_use]
pub fn platform(finding: &Finding, lang: Lang) -> String {
    match &finding.platform {
        Some(found) if found.sure => found.name.to_owned(),
        Some(found) => either(lang, format!("có lẽ {}", found.name), format!("perhaps {}", found.name)),
        None => "—".to_owned(),
    }
}
