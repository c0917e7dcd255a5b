//! The same article has the same digest, however it is told.

use dongbo::article::{Digest, Item};
use dongbo::source::{Document, FeedReader};
use unicode_normalization::UnicodeNormalization;
use url::Url;

fn read_at(body: &str, now: &str) -> Vec<Item> {
    let url = Url::parse("https://portal.example.vn/rss").unwrap();
    let document = Document { body: body.as_bytes(), content_type: None, url: &url, now: now.parse().unwrap() };
    FeedReader::default().read(document).unwrap().map(Result::unwrap).collect()
}

fn digests(body: &str) -> Vec<Digest> {
    read_at(body, "2026-11-24T12:00:00Z").iter().map(|item| item.content.digest()).collect()
}

#[test]
fn a_reading_can_leave_the_thread_that_began_it() {
    fn check<T: Send + 'static>() {}
    check::<dongbo::source::Reading>();
    check::<dongbo::source::ReadError>();
}

fn entry(updated: &str, published: &str, text: &str) -> String {
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Tin</title><updated>{updated}</updated><entry><title>Bài</title>\
         <id>urn:1</id><link href=\"/bai\"/><updated>{updated}</updated>{published}<content type=\"html\">{text}</content></entry></feed>"
    )
}

#[test]
fn a_moving_touch_changes_nothing() {
    for published in ["<published>2026-11-20T08:00:00+07:00</published>", ""] {
        let before = digests(&entry("2026-11-24T01:00:00Z", published, "Một"));
        assert_eq!(before, digests(&entry("2026-11-24T09:00:00Z", published, "Một")));
        assert_ne!(before, digests(&entry("2026-11-24T09:00:00Z", published, "Hai")));
    }
}

#[test]
fn a_later_reading_of_the_same_text_changes_nothing() {
    let rss = "<rss><channel><item><title>Không ngày</title><guid>1</guid></item>\
               <item><title>Ngày tương lai</title><guid>2</guid><pubDate>24/11/2030 08:00</pubDate></item></channel></rss>";
    let digests = |now| read_at(rss, now).iter().map(|item| item.content.digest()).collect::<Vec<_>>();
    assert_eq!(digests("2026-11-24T12:00:00Z"), digests("2026-11-25T12:00:00Z"));
}

#[test]
fn nfd_and_nfc_are_one_article() {
    let rss = "<rss><channel><item><title>Ủy ban nhân dân tỉnh Bắc Ninh</title><guid>bài-1</guid><link>/bài-1</link>\
               <category>Văn hóa</category><description>&lt;p&gt;Đường làng ngõ xóm được chỉnh trang.&lt;/p&gt;</description></item></channel></rss>";
    let nfd: String = rss.nfd().collect();
    assert_ne!(rss, nfd);
    let (composed, decomposed) = (read_at(rss, "2026-11-24T12:00:00Z"), read_at(&nfd, "2026-11-24T12:00:00Z"));
    assert_eq!(composed, decomposed);
    assert_eq!(composed[0].content.digest(), decomposed[0].content.digest());
}

#[test]
fn sessions_in_links_and_white_space_change_nothing() {
    let rss = |link: &str, title: &str| {
        format!("<rss><channel><item><title>{title}</title><guid>1</guid><link>{link}</link></item></channel></rss>")
    };
    let before = digests(&rss("https://portal.example.vn/bai?p_p_auth=a1", "Bài  một"));
    assert_eq!(before, digests(&rss("https://portal.example.vn/bai?p_p_auth=b2&amp;utm_source=z", "\nBài một\n")));
    assert_ne!(before, digests(&rss("https://portal.example.vn/bai-khac", "Bài một")));
}

#[test]
fn a_documents_number_counts_and_one_without_keeps_the_name_it_had() {
    let mut content = read_at(&entry("2026-11-24T01:00:00Z", "", "Một"), "2026-11-24T12:00:00Z").remove(0).content;
    let mut before = blake3::Hasher::new();
    for field in [content.title.as_str(), &content.summary, &content.body, "", "", &content.url, ""] {
        before.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    assert_eq!(content.digest().0, *before.finalize().as_bytes());
    assert!(!serde_json::to_string(&content).unwrap().contains("number"));
    let unnumbered = content.digest();
    content.number = Some("12/CT-UBND".into());
    assert_ne!(content.digest(), unnumbered);
}
