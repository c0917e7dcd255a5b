//! The texts: for each problem what happened, where and what to do, first in
//! Vietnamese, then in English. Office language, short sentences, and the
//! command to type where there is one. `{…}` are fields of the problem.

use dongbo_sdk::ErrorKind;

use super::{Lang, Problem, SourceFault, StoreFault};

/// One thing in both languages.
pub(super) struct Both<T> {
    vi: T,
    en: T,
}

impl<T: Copy> Both<T> {
    pub(super) fn of(&self, lang: Lang) -> T {
        match lang {
            Lang::Vi => self.vi,
            Lang::En => self.en,
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Text {
    pub what: &'static str,
    pub place: &'static str,
    pub todo: &'static str,
}

#[derive(Clone, Copy)]
pub(super) struct Labels {
    pub place: &'static str,
    pub todo: &'static str,
}

pub(super) const LABELS: Both<Labels> = Both {
    vi: Labels { place: "  Nơi xảy ra: ", todo: "  Cần làm: " },
    en: Labels { place: "  Where: ", todo: "  To do: " },
};

/// `[what, place, todo]` in Vietnamese, then in English.
const fn both(vi: [&'static str; 3], en: [&'static str; 3]) -> Both<Text> {
    let [what, place, todo] = vi;
    let vi = Text { what, place, todo };
    let [what, place, todo] = en;
    Both { vi, en: Text { what, place, todo } }
}

pub(super) fn text(problem: &Problem) -> Both<Text> {
    match problem {
        Problem::Portal { kind, article, .. } => {
            let place = match article {
                None => ["cổng thành phần {portal}, {address}", "portal {portal}, {address}"],
                Some(_) => [
                    "cổng thành phần {portal}, {address}, bài “{article}”",
                    "portal {portal}, {address}, article “{article}”",
                ],
            };
            portal(*kind, place)
        }
        Problem::Source { fault, .. } => source(*fault),
        Problem::Store { fault, .. } => store(*fault),
        Problem::ConfigInvalid { .. } => both(
            [
                "Tệp cấu hình chưa dùng được; số lỗi: {faults}.",
                "tệp {path}, dòng {line}",
                "Sửa theo từng dòng lỗi được liệt kê, rồi kiểm tra lại bằng lệnh: dongbo config show",
            ],
            [
                "The configuration cannot be used; faults: {faults}.",
                "file {path}, line {line}",
                "Correct the lines that are listed, then look again: dongbo config show",
            ],
        ),
        Problem::SecretMissing { .. } => both(
            [
                "Chưa đọc được mật khẩu của cổng thành phần.",
                "cổng thành phần {portal}, {place}",
                "Ghi mật khẩu vào đúng nơi đã khai báo và cấp quyền đọc cho dongbo, rồi chạy: dongbo check {portal}",
            ],
            [
                "The portal's secret cannot be read.",
                "portal {portal}, {place}",
                "Put the secret where the configuration says and let dongbo read it, then run: dongbo check {portal}",
            ],
        ),
        Problem::UnknownCategory { .. } => both(
            [
                "Cổng thành phần không có chuyên mục này; bài được đăng nhưng thiếu chuyên mục.",
                "cổng thành phần {portal}, chuyên mục “{category}”",
                "Tạo chuyên mục trên cổng, khai báo tên tương ứng trong categories, hoặc đặt unknown_category = \"create\".",
            ],
            [
                "The portal does not have this category; the copies stand without it.",
                "portal {portal}, category “{category}”",
                "Create it on the portal, map it in categories, or set unknown_category = \"create\".",
            ],
        ),
        Problem::CreateBurstHeld { .. } => both(
            [
                "Số bài mới chờ đăng trong một giờ ({waiting}) vượt mức cho phép ({limit}); việc gửi được tạm dừng.",
                "cổng thành phần {portal}",
                "Xem: dongbo plan --portal {portal}; nếu đúng: dongbo resume --portal {portal}",
            ],
            [
                "More new articles within an hour ({waiting}) than allowed ({limit}); the portal is held.",
                "portal {portal}",
                "Look: dongbo plan --portal {portal}; if right: dongbo resume --portal {portal}",
            ],
        ),
        Problem::ArticlesHeld { urgent: 0, .. } => both(
            [
                "Tường lửa nội dung giữ lại {waiting} bài có dấu hiệu bất thường; chưa bài nào được gửi đi.",
                "nguồn {source}",
                "Xem: dongbo hold list; bài đúng: dongbo hold release KEY; bài bị chèn: dongbo hold reject KEY",
            ],
            [
                "The content firewall holds {waiting} articles that look injected; none of them goes out.",
                "source {source}",
                "Look: dongbo hold list; if right: dongbo hold release KEY; if not: dongbo hold reject KEY",
            ],
        ),
        Problem::ArticlesHeld { .. } => both(
            [
                "KHẨN: tường lửa nội dung giữ lại {waiting} bài, trong đó {urgent} bài khẩn chưa đến được người dân.",
                "nguồn {source}",
                "Xem ngay: dongbo hold list; bài đúng: dongbo hold release KEY; bài bị chèn: dongbo hold reject KEY",
            ],
            [
                "URGENT: the content firewall holds {waiting} articles, {urgent} of them urgent; none reaches citizens.",
                "source {source}",
                "Look now: dongbo hold list; if right: dongbo hold release KEY; if not: dongbo hold reject KEY",
            ],
        ),
        Problem::OtherSite { .. } => both(
            [
                "Địa chỉ của cổng thành phần nay dẫn đến một trang khác; việc gửi được tạm dừng.",
                "cổng thành phần {portal}, {address}, trang đang trả lời: “{found}”",
                "Sửa địa chỉ trong tệp cấu hình; nếu cổng đã đổi địa chỉ, dừng dịch vụ rồi chạy: dongbo portal move {portal}",
            ],
            [
                "The portal's address now leads to another site; nothing is sent.",
                "portal {portal}, {address}, the site that answers: “{found}”",
                "Correct the address in the configuration; if the portal moved, stop the service and run: dongbo portal move {portal}",
            ],
        ),
        Problem::PortalHeld { .. } => both(
            [
                "Việc gửi đến cổng thành phần bị giữ lại cho đến khi cấu hình hoặc mật khẩu thay đổi.",
                "cổng thành phần {portal}, mã lỗi {kind}",
                "Xem lý do: dongbo check {portal}; khắc phục xong: dongbo resume --portal {portal}",
            ],
            [
                "Nothing is sent to the portal until its configuration or secret changes.",
                "portal {portal}, error {kind}",
                "See why: dongbo check {portal}; when mended, run: dongbo resume --portal {portal}",
            ],
        ),
        Problem::CopyRemoved { .. } => both(
            [
                "Biên tập viên của cổng thành phần đã gỡ bản đồng bộ; dongbo không tự đăng lại.",
                "cổng thành phần {portal}, bài “{article}”",
                "Nếu đơn vị đồng ý đăng lại, chạy: dongbo retry --portal {portal}",
            ],
            [
                "The portal's editors took the copy down; dongbo does not put it back by itself.",
                "portal {portal}, article “{article}”",
                "If the unit wants it back, run: dongbo retry --portal {portal}",
            ],
        ),
        Problem::SeveralCopies { .. } => both(
            [
                "Một bài có nhiều bản đồng bộ trên cổng thành phần.",
                "cổng thành phần {portal}, bài “{article}”, mã các bản: {copies}",
                "Giữ lại một bản và gỡ các bản khác trên cổng, rồi chạy: dongbo retry --portal {portal}",
            ],
            [
                "One article has several copies on the portal.",
                "portal {portal}, article “{article}”, copies: {copies}",
                "Keep one copy and take the others down on the portal, then run: dongbo retry --portal {portal}",
            ],
        ),
        Problem::NothingSelected { .. } => both(
            [
                "Không có bài nào khớp với điều kiện đã chọn; chưa thực hiện gì.",
                "lựa chọn “{selection}”",
                "Kiểm tra mã cổng, nguồn, chuyên mục và thời gian; xem các mã đang có: dongbo status",
            ],
            [
                "No article matches the selection; nothing was done.",
                "selection “{selection}”",
                "Check the ids, categories and times; the ids in use are listed by: dongbo status",
            ],
        ),
        Problem::DaemonNotRunning { .. } => both(
            [
                "Dịch vụ dongbo không chạy; lệnh đã được ghi lại và sẽ thực hiện khi dịch vụ chạy.",
                "thư mục dữ liệu {path}",
                "Khởi động dịch vụ: systemctl start dongbo; hoặc chạy một lần: dongbo run --once",
            ],
            [
                "dongbo is not running; the order is kept and will be carried out when it runs.",
                "state folder {path}",
                "Start the service: systemctl start dongbo; or run it once: dongbo run --once",
            ],
        ),
        Problem::DaemonRunning { .. } => both(
            [
                "dongbo đang chạy và còn gửi đến địa chỉ cũ của cổng thành phần; địa chỉ mới chưa được nhận.",
                "cổng thành phần {portal}, thư mục dữ liệu {path}",
                "Dừng dịch vụ: systemctl stop dongbo; chạy lại lệnh này; rồi khởi động: systemctl start dongbo",
            ],
            [
                "dongbo is running and still sends to the portal's old address; the new one was not accepted.",
                "portal {portal}, state folder {path}",
                "Stop the service: systemctl stop dongbo; run this again; then start it: systemctl start dongbo",
            ],
        ),
        Problem::HostAuthority { .. } => both(
            [
                "Không dùng được tệp chứng thư khai cho máy chủ này ({reason}); vẫn xác minh như thường.",
                "máy chủ {host}, tệp {path}",
                "Đặt tệp PEM mà người dùng dongbo đọc được, hoặc sửa ca trong [[host]]; rồi khởi động lại dongbo.",
            ],
            [
                "The file of certificates for this host cannot be used ({reason}); it is verified as usual.",
                "host {host}, file {path}",
                "Put a PEM file there that the user dongbo can read, or correct ca in [[host]]; then restart dongbo.",
            ],
        ),
    }
}

fn portal(kind: ErrorKind, place: [&'static str; 2]) -> Both<Text> {
    let ([vi_what, vi_todo], [en_what, en_todo]) = portal_lines(kind);
    both([vi_what, place[0], vi_todo], [en_what, place[1], en_todo])
}

/// `[what, todo]` in Vietnamese, then in English.
fn portal_lines(kind: ErrorKind) -> ([&'static str; 2], [&'static str; 2]) {
    match kind {
        ErrorKind::Config => (
            [
                "Địa chỉ hoặc thiết lập của cổng thành phần không đúng; không yêu cầu nào thực hiện được.",
                "Sửa mục [[portal]] {portal} trong tệp cấu hình, rồi chạy: dongbo check {portal}",
            ],
            [
                "The portal's address or set-up is wrong; no request can succeed.",
                "Correct [[portal]] {portal} in the configuration, then run: dongbo check {portal}",
            ],
        ),
        ErrorKind::Unauthenticated => (
            [
                "Cổng thành phần không chấp nhận tài khoản hoặc mật khẩu đang dùng.",
                "Cấp lại mật khẩu, ghi vào nơi đã khai báo, rồi chạy: dongbo resume --portal {portal}",
            ],
            [
                "The portal does not accept our account or password.",
                "Issue a new password, put it where the configuration says, then run: dongbo resume --portal {portal}",
            ],
        ),
        ErrorKind::Forbidden => (
            [
                "Tài khoản trên cổng thành phần không đủ quyền thực hiện thao tác này.",
                "Đề nghị đơn vị quản trị cổng cấp thêm quyền, rồi chạy: dongbo retry --portal {portal}",
            ],
            [
                "The account on the portal may not do this.",
                "Ask the portal's administrators for the right, then run: dongbo retry --portal {portal}",
            ],
        ),
        ErrorKind::Blocked => (
            [
                "Tường lửa đặt trước cổng thành phần đang chặn dongbo.",
                "Đề nghị đơn vị vận hành cho phép địa chỉ IP của máy này, rồi chạy: dongbo resume --portal {portal}",
            ],
            [
                "A firewall before the portal keeps dongbo out.",
                "Ask the host to allow this machine's IP address, then run: dongbo resume --portal {portal}",
            ],
        ),
        ErrorKind::NotFound => (
            [
                "Không tìm thấy nội dung cần thao tác trên cổng thành phần.",
                "Kiểm tra: dongbo check {portal}; để đăng lại, chạy: dongbo retry --portal {portal}",
            ],
            [
                "What should be on the portal is not there.",
                "Look: dongbo check {portal}; to publish again, run: dongbo retry --portal {portal}",
            ],
        ),
        ErrorKind::Conflict => (
            [
                "Ở vị trí của bản đồng bộ trên cổng thành phần đang có nội dung khác.",
                "So sánh trên cổng và giữ lại một bản, rồi chạy: dongbo retry --portal {portal}",
            ],
            [
                "Something else stands on the portal in the place of our copy.",
                "Compare on the portal and keep one of them, then run: dongbo retry --portal {portal}",
            ],
        ),
        ErrorKind::Rejected => (
            [
                "Cổng thành phần từ chối nội dung của bài.",
                "Xem lý do: dongbo portal show {portal}; sửa xong: dongbo retry --portal {portal}",
            ],
            [
                "The portal refuses the article's content.",
                "See why: dongbo portal show {portal}; then run: dongbo retry --portal {portal}",
            ],
        ),
        ErrorKind::TooLarge => (
            [
                "Bài hoặc tệp kèm theo vượt dung lượng mà cổng thành phần cho phép.",
                "Giảm dung lượng ở bài gốc hoặc nâng giới hạn của cổng, rồi chạy: dongbo retry --portal {portal}",
            ],
            [
                "The article or a file of it is larger than the portal allows.",
                "Make the original smaller or raise the portal's limit, then run: dongbo retry --portal {portal}",
            ],
        ),
        ErrorKind::Unsupported => (
            [
                "Cổng thành phần thuộc loại không hỗ trợ thao tác này.",
                "Xem cổng làm được những gì: dongbo check {portal}; thực hiện thao tác này thủ công trên cổng.",
            ],
            [
                "This kind of portal cannot do it.",
                "See what it can do: dongbo check {portal}; do this one by hand on the portal.",
            ],
        ),
        ErrorKind::RateLimited => (
            [
                "Cổng thành phần báo quá nhiều yêu cầu; dongbo tạm chờ và sẽ tự tiếp tục.",
                "Nếu lặp lại nhiều lần, giảm rate hoặc in_flight của hệ thống trong tệp cấu hình.",
            ],
            [
                "The portal says that there are too many requests; dongbo waits and goes on by itself.",
                "If it happens often, lower rate or in_flight of the installation in the configuration.",
            ],
        ),
        ErrorKind::Unavailable => (
            [
                "Cổng thành phần đang ngừng hoạt động, bảo trì hoặc bị lỗi; dongbo sẽ tự thử lại.",
                "Nếu kéo dài, liên hệ đơn vị vận hành cổng; khi cổng hoạt động lại thì không cần chạy lệnh nào.",
            ],
            [
                "The portal is down, under maintenance or failing; dongbo tries again by itself.",
                "If it lasts, call the host; when the portal is back no command is needed.",
            ],
        ),
        ErrorKind::Timeout => (
            [
                "Cổng thành phần không trả lời trong thời hạn; dongbo sẽ kiểm tra lại trước khi gửi tiếp.",
                "Nếu lặp lại, đề nghị đơn vị vận hành kiểm tra tốc độ máy chủ, hoặc tăng timeout trong tệp cấu hình.",
            ],
            [
                "The portal did not answer in time; dongbo looks there before it sends again.",
                "If it happens often, ask the host why the server is slow, or raise timeout in the configuration.",
            ],
        ),
        ErrorKind::Protocol => (
            [
                "Cổng thành phần trả lời không đúng như tài liệu của phần mềm cổng.",
                "Chạy: dongbo check {portal}; kiểm tra phiên bản phần mềm, phần mở rộng và trang bảo trì của cổng.",
            ],
            [
                "The portal's answer is not what its software's documentation promises.",
                "Run: dongbo check {portal}; look at the software's version, its plug-ins and maintenance pages.",
            ],
        ),
        ErrorKind::Unexpected => (
            [
                "Đã gặp một trường hợp chưa lường trước, có thể do lỗi của dongbo.",
                "Lưu nhật ký để báo lỗi: journalctl -u dongbo; sau đó chạy: dongbo retry --portal {portal}",
            ],
            [
                "Something that nobody thought of, perhaps a defect of dongbo.",
                "Keep the log for a report: journalctl -u dongbo; then run: dongbo retry --portal {portal}",
            ],
        ),
    }
}

fn source(fault: SourceFault) -> Both<Text> {
    let place = ["nguồn {source}, {url}", "source {source}, {url}"];
    let ([vi_what, vi_todo], [en_what, en_todo]) = source_lines(fault);
    both([vi_what, place[0], vi_todo], [en_what, place[1], en_todo])
}

fn source_lines(fault: SourceFault) -> ([&'static str; 2], [&'static str; 2]) {
    match fault {
        SourceFault::Unreachable => (
            [
                "Không kết nối được đến nguồn; dongbo sẽ tự thử lại, các bài đã đọc không bị ảnh hưởng.",
                "Kiểm tra địa chỉ và đường mạng, rồi thử: dongbo read {url}",
            ],
            [
                "The source cannot be reached; dongbo tries again, articles already read are safe.",
                "Check the address and the network, then try: dongbo read {url}",
            ],
        ),
        SourceFault::Status(_) => (
            [
                "Nguồn trả lời với mã HTTP {status} thay vì danh sách bài.",
                "Mở địa chỉ bằng trình duyệt; nếu nguồn đã đổi địa chỉ, sửa url của nguồn trong tệp cấu hình.",
            ],
            [
                "The source answers with HTTP status {status} instead of its articles.",
                "Open the address in a browser; if the source has moved, correct its url in the configuration.",
            ],
        ),
        SourceFault::NotAFeed => (
            [
                "Nội dung nhận được không phải là RSS, Atom hoặc JSON Feed.",
                "Tìm địa chỉ RSS của nguồn, sửa url trong tệp cấu hình, rồi thử: dongbo read {url}",
            ],
            [
                "What comes from the source is neither RSS nor Atom nor JSON Feed.",
                "Find the source's feed, correct url in the configuration, then try: dongbo read {url}",
            ],
        ),
        SourceFault::Page => (
            [
                "Nguồn trả về một trang HTML, thường là trang đăng nhập hoặc trang báo lỗi, thay vì RSS hoặc Atom.",
                "Đề nghị đơn vị quản trị nguồn mở địa chỉ này cho máy chủ dongbo, hoặc sửa url trong tệp cấu hình.",
            ],
            [
                "The source sends an HTML page, usually a login or an error page, instead of a feed.",
                "Ask the source's administrators to open the address to this machine, or correct url in the configuration.",
            ],
        ),
        SourceFault::TooLarge { .. } => (
            [
                "Dữ liệu của nguồn sau khi giải nén vượt quá {limit}; dongbo đã dừng đọc.",
                "Đề nghị đơn vị quản trị nguồn giảm số bài; nếu dữ liệu đúng, tăng limits.feed_size trong tệp cấu hình.",
            ],
            [
                "The feed is larger than {limit} when decoded; reading was stopped.",
                "Ask the source's administrators for fewer items; if it is right, raise limits.feed_size.",
            ],
        ),
        SourceFault::Malformed { .. } => (
            [
                "Dữ liệu của nguồn sai cấu trúc từ dòng {line}; các bài đọc được trước đó vẫn được giữ.",
                "Báo đơn vị quản trị nguồn; xem phần đọc được: dongbo read {url}",
            ],
            [
                "The feed is broken from line {line} on; what was read before it is kept.",
                "Tell the source's administrators; see what can be read: dongbo read {url}",
            ],
        ),
        SourceFault::Tls => (
            [
                "Chứng thư số của nguồn không hợp lệ hoặc đã hết hạn.",
                "Báo đơn vị quản trị nguồn sửa; kiểm tra ngày giờ máy này; nếu chỉ thiếu chứng thư trung gian: ca trong [[host]].",
            ],
            [
                "The source's certificate is not valid or has expired.",
                "Tell its administrators; check the date of this machine; if only a certificate between is missing: ca in [[host]].",
            ],
        ),
        SourceFault::Braked => (
            [
                "Quá nhiều bài gốc cùng lúc biến mất khỏi nguồn; chưa bài nào được gỡ khỏi các cổng.",
                "Xem các bài đó và quyết định gỡ hay giữ: dongbo source withdrawals {source}",
            ],
            [
                "Too many originals are gone from the source at once; nothing is taken from the portals.",
                "See them and say whether they go or stay: dongbo source withdrawals {source}",
            ],
        ),
        SourceFault::Secret => (
            [
                "Không đọc được mật khẩu hoặc khóa dùng để hỏi nguồn.",
                "Kiểm tra mục authorization của nguồn trong tệp cấu hình và nơi cất giữ mà nó chỉ ra.",
            ],
            [
                "The secret with which the source is asked cannot be read.",
                "Check authorization of the source in the configuration, and the place that it names.",
            ],
        ),
        SourceFault::Unmatched { .. } => (
            [
                "Cấu trúc dữ liệu của nguồn đã thay đổi: không tìm thấy mục {field} ở nơi mà cấu hình chỉ ra; không có bài nào bị mất.",
                "Sửa mục {field} của nguồn trong tệp cấu hình, rồi thử: dongbo read {url} --source {source}",
            ],
            [
                "The source's answers have changed: {field} does not stand where the configuration says; nothing is lost.",
                "Correct {field} of the source in the configuration, then try: dongbo read {url} --source {source}",
            ],
        ),
        SourceFault::Moved => (
            [
                "Nguồn đã chuyển hẳn sang địa chỉ khác; dongbo vẫn đọc được qua chuyển hướng.",
                "Sửa url của nguồn {source} trong tệp cấu hình thành địa chỉ trên, rồi khởi động lại dongbo.",
            ],
            [
                "The source has moved for good; it is read through its redirect.",
                "Change url of source {source} in the configuration to this address, then restart dongbo.",
            ],
        ),
        SourceFault::Gap { .. } => (
            [
                "Lần đọc này không gặp bài nào đã biết (lần đọc trước cách {since}): có thể đã bỏ sót bài ở giữa.",
                "Đối chiếu với trang của nguồn; nếu thiếu bài, giảm poll của nguồn hoặc đề nghị nguồn liệt kê nhiều bài hơn.",
            ],
            [
                "A reading met nothing known (the one before: {since} earlier): articles in between may be missed.",
                "Compare with the source's site; if articles are missing, shorten poll or ask for a longer feed.",
            ],
        ),
        SourceFault::Distrusted => (
            [
                "Nguồn báo “không thay đổi” trong khi đã có nội dung mới; trong một ngày nguồn được đọc toàn bộ.",
                "Báo đơn vị quản trị nguồn: ETag hoặc Last-Modified của địa chỉ này sai, thường do bộ nhớ đệm.",
            ],
            [
                "The source said “not modified” although it had something new; for a day it is read whole.",
                "Tell the source's administrators: ETag or Last-Modified of this address is wrong, often by a cache.",
            ],
        ),
        SourceFault::Silent { .. } => (
            [
                "Nguồn vẫn trả lời nhưng đã {since} không có bài mới, lâu hơn bình thường.",
                "Đối chiếu với trang của nguồn; nếu trang có bài mới, kiểm tra lại url: dongbo read {url}",
            ],
            [
                "The source answers but has had nothing new for {since}, longer than usual.",
                "Compare with the source's site; if there are new articles, check url: dongbo read {url}",
            ],
        ),
    }
}

fn store(fault: StoreFault) -> Both<Text> {
    let place = ["cơ sở dữ liệu {path}", "ledger {path}"];
    let ([vi_what, vi_todo], [en_what, en_todo]) = store_lines(fault);
    both([vi_what, place[0], vi_todo], [en_what, place[1], en_todo])
}

fn store_lines(fault: StoreFault) -> ([&'static str; 2], [&'static str; 2]) {
    match fault {
        StoreFault::Missing => (
            [
                "Chưa có cơ sở dữ liệu của dongbo.",
                "Kiểm tra state trong tệp cấu hình; nếu là lần chạy đầu tiên: dongbo run",
            ],
            ["There is no ledger yet.", "Check state in the configuration; if this is the first run: dongbo run"],
        ),
        StoreFault::ReadOnly => (
            [
                "Không ghi được vào cơ sở dữ liệu; dongbo không gửi gì để tránh đăng trùng.",
                "Cho tài khoản dongbo quyền ghi vào thư mục; kiểm tra ổ đĩa có đang ở chế độ chỉ đọc hay không.",
            ],
            [
                "The ledger cannot be written; nothing is sent, so that nothing is published twice.",
                "Let the user dongbo write to the folder; look whether the disk is mounted read-only.",
            ],
        ),
        StoreFault::Locked { .. } => (
            [
                "Một tiến trình dongbo khác đang dùng cơ sở dữ liệu này (PID {pid}).",
                "Không chạy hai dịch vụ trên cùng dữ liệu; xem dịch vụ đang chạy: systemctl status dongbo",
            ],
            [
                "Another dongbo is using this ledger (PID {pid}).",
                "Do not run two on one ledger; see the one that runs: systemctl status dongbo",
            ],
        ),
        StoreFault::Newer { .. } => (
            [
                "Cơ sở dữ liệu thuộc phiên bản mới hơn ({found}) so với chương trình này ({known}); dữ liệu được giữ nguyên.",
                "Cài đặt phiên bản dongbo mới hơn, hoặc khôi phục bản sao lưu của phiên bản này.",
            ],
            [
                "The ledger is of a newer version ({found}) than this program knows ({known}); it was left untouched.",
                "Install the newer dongbo, or restore a backup of this version.",
            ],
        ),
        StoreFault::OldLibrary { .. } => (
            [
                "Thư viện SQLite quá cũ, có thể làm hỏng dữ liệu; cần phiên bản {needed} trở lên.",
                "Cài đặt gói dongbo chính thức, đã kèm thư viện phù hợp.",
            ],
            [
                "The SQLite library is too old to be safe; {needed} or later is needed.",
                "Install the official package of dongbo, which brings the right one.",
            ],
        ),
        StoreFault::DiskFull => (
            [
                "Ổ đĩa đã đầy; dongbo dừng gửi, dữ liệu đã ghi không bị mất.",
                "Giải phóng dung lượng ổ đĩa; dongbo sẽ tự tiếp tục.",
            ],
            [
                "The disk is full; nothing is sent, nothing that was recorded is lost.",
                "Free some space; dongbo goes on by itself.",
            ],
        ),
        StoreFault::DiskFails => (
            [
                "Ổ đĩa chứa cơ sở dữ liệu báo lỗi đọc ghi; dongbo dừng gửi, dữ liệu đã ghi được giữ nguyên.",
                "Xem nhật ký hệ thống (journalctl -k), kiểm tra hoặc thay ổ đĩa, rồi khởi động lại dongbo.",
            ],
            [
                "The ledger's disk answers with errors; nothing is sent, what was recorded stays as it is.",
                "Look at the system's log (journalctl -k), check or replace the disk, then start dongbo again.",
            ],
        ),
        StoreFault::Damaged => (
            [
                "Cơ sở dữ liệu bị hỏng; dongbo dừng lại để tránh đăng trùng.",
                "Giữ lại tệp hỏng, khôi phục bản sao lưu gần nhất rồi khởi động lại; dongbo sẽ tự đối chiếu với các cổng.",
            ],
            [
                "The ledger is damaged; dongbo stopped, so that nothing is published twice.",
                "Keep the damaged file, restore the last backup and start again; dongbo compares with the portals by itself.",
            ],
        ),
    }
}
