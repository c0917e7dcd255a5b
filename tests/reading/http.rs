//! Fetching from a real server on loopback.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use dongbo::source::{
    Document, FeedReader, Fetched, Fetcher, Hosts, Limits, MediaKind, Politeness, Previous, ReadError, ReadErrorKind,
    Validators, fetch_media,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

const FEED: &str = "<rss><channel><title>Tin</title><item><title>Bài</title><guid>1</guid></item></channel></rss>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest";

async fn serve(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url(address, "/rss")
}

fn url(address: SocketAddr, path: &str) -> Url {
    Url::parse(&format!("http://{address}{path}")).unwrap()
}

fn fetcher() -> Fetcher {
    Fetcher::new(Limits::default()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_ENCODING, "gzip")], bytes).into_response()
}

async fn fetch_error(router: Router, limits: Limits) -> ReadError {
    let url = serve(router).await;
    Fetcher::new(limits).unwrap().fetch(&url, &Previous::default()).await.unwrap_err()
}

async fn changed(fetcher: &Fetcher, url: &Url, previous: &Previous) -> dongbo::source::Body {
    match fetcher.fetch(url, previous).await.unwrap() {
        Fetched::Changed(body) => *body,
        Fetched::Unchanged { .. } => panic!("unchanged"),
    }
}

/// Answers 304 to whoever shows the right validators.
fn conditional(hits: Arc<AtomicUsize>) -> Router {
    Router::new().route(
        "/rss",
        get(move |headers: HeaderMap| async move {
            hits.fetch_add(1, Ordering::SeqCst);
            let known = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == "W/\"a1\"")
                && headers.get(header::IF_MODIFIED_SINCE).is_some_and(|at| at == "Tue, 24 Nov 2026 01:00:00 GMT");
            let validators = [(header::ETAG, "W/\"a1\""), (header::LAST_MODIFIED, "Tue, 24 Nov 2026 01:00:00 GMT")];
            if known {
                (StatusCode::NOT_MODIFIED, validators).into_response()
            } else {
                (validators, FEED).into_response()
            }
        }),
    )
}

#[tokio::test]
async fn a_hundred_unchanged_polls_parse_nothing() {
    let hits = Arc::new(AtomicUsize::new(0));
    let (url, fetcher, reader) = (serve(conditional(hits.clone())).await, fetcher(), FeedReader::default());
    let mut previous = Previous::default();
    for _ in 0..101 {
        match fetcher.fetch(&url, &previous).await.unwrap() {
            Fetched::Unchanged { validators } => previous.validators = validators,
            Fetched::Changed(body) => {
                let now = jiff::Timestamp::UNIX_EPOCH;
                let document = Document { body: &body.bytes, content_type: None, url: &body.final_url, now };
                assert_eq!(reader.read(document).unwrap().count(), 1);
                previous = Previous { validators: body.validators, hash: Some(body.hash) };
            }
        }
    }
    assert_eq!((hits.load(Ordering::SeqCst), reader.parses()), (101, 1));
}

#[tokio::test]
async fn the_same_body_without_validators_is_unchanged() {
    let url = serve(Router::new().route("/rss", get(|| async { FEED }))).await;
    let body = changed(&fetcher(), &url, &Previous::default()).await;
    assert_eq!(body.validators, Validators::default());
    let previous = Previous { validators: Validators::default(), hash: Some(body.hash) };
    assert!(matches!(fetcher().fetch(&url, &previous).await.unwrap(), Fetched::Unchanged { .. }));
}

#[tokio::test]
async fn not_modified_without_a_question_is_an_error() {
    let router = Router::new().route("/rss", get(|| async { StatusCode::NOT_MODIFIED }));
    assert_eq!(fetch_error(router, Limits::default()).await.kind(), ReadErrorKind::NotModifiedLoop);
}

#[tokio::test]
async fn a_redirect_on_a_host_with_one_place_does_not_wait_for_itself() {
    let router = Router::new()
        .route("/rss", get(|| async { Redirect::permanent("/new") }))
        .route("/new", get(|| async { FEED }));
    let url = serve(router).await;
    let hosts = Hosts::new(Politeness { in_flight: 1, pause: Duration::from_millis(100) });
    let fetcher = fetcher().politely(hosts.clone());
    for _ in 0..2 {
        let began = std::time::Instant::now();
        let heard = tokio::time::timeout(Duration::from_secs(10), async {
            changed(&fetcher, &url, &Previous::default()).await
        });
        assert_eq!(heard.await.expect("it waits for its own place").bytes, FEED.as_bytes());
        assert!(began.elapsed() >= Duration::from_millis(100), "each step of a redirect is a request");
    }
}

#[tokio::test]
async fn a_gzip_body_is_unpacked_and_a_false_label_forgiven() {
    let packed = gzip(FEED.as_bytes());
    let wire = packed.len() as u64;
    let router = Router::new()
        .route("/rss", get(move || async move { gzipped(packed) }))
        .route("/false", get(|| async { gzipped(FEED.as_bytes().to_vec()) }));
    let url = serve(router).await;
    let body = changed(&fetcher(), &url, &Previous::default()).await;
    assert_eq!((body.bytes.as_slice(), body.wire_bytes), (FEED.as_bytes(), wire));
    let body = changed(&fetcher(), &url.join("/false").unwrap(), &Previous::default()).await;
    assert_eq!(body.bytes, FEED.as_bytes());
}

#[tokio::test]
async fn a_gzip_bomb_of_a_gigabyte_ends_early() {
    let router = Router::new().route("/rss", get(|| async { gzipped(bomb()) }));
    let error = fetch_error(router, Limits::default()).await;
    assert!(matches!(error, ReadError::TooLarge { what: "times its size on the wire", limit: 100 }), "{error}");
    // Without the ratio the decoded bytes stop it.
    let slow_bomb: Vec<u8> = (0..3_u8).flat_map(|n| vec![n; 1024 * 1024]).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(&slow_bomb).unwrap();
    let packed = packed.finish().unwrap();
    let limits = Limits { decoded_bytes_max: 2 * 1024 * 1024, ..Limits::default() };
    let error = fetch_error(Router::new().route("/rss", get(move || async move { gzipped(packed) })), limits).await;
    assert!(matches!(error, ReadError::TooLarge { what: "bytes decoded", .. }), "{error}");
}

/// 1 GB of zeros: one member of 1 MB, 1,024 times over (RFC 1952 §2.2 lets members follow one another).
fn bomb() -> Vec<u8> {
    gzip(&vec![0; 1024 * 1024]).repeat(1024)
}

#[tokio::test]
async fn a_body_without_end_stops_at_the_limit() {
    let endless = || async {
        let stream = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 65_536])));
        Body::from_stream(stream).into_response()
    };
    let error = fetch_error(Router::new().route("/rss", get(endless)), Limits::default()).await;
    assert!(matches!(error, ReadError::TooLarge { what: "bytes sent", .. }), "{error}");
}

#[tokio::test]
async fn a_broken_gzip_body_and_an_unknown_encoding_are_told_apart() {
    let mut packed = gzip(FEED.repeat(50).as_bytes());
    packed.truncate(packed.len() / 2);
    let error =
        fetch_error(Router::new().route("/rss", get(move || async move { gzipped(packed) })), Limits::default()).await;
    assert_eq!(error.kind(), ReadErrorKind::Encoding);
    let strange = || async { ([(header::CONTENT_ENCODING, "zstd")], FEED).into_response() };
    let error = fetch_error(Router::new().route("/rss", get(strange)), Limits::default()).await;
    assert!(error.to_string().contains("zstd"), "{error}");
}

#[tokio::test]
async fn slow_answers_end_by_each_limit() {
    let silent = || async { std::future::pending::<Response>().await };
    let short = Limits { read: Duration::from_millis(100), ..Limits::default() };
    assert_eq!(fetch_error(Router::new().route("/rss", get(silent)), short).await.kind(), ReadErrorKind::TimedOut);
    let short = Limits { total: Duration::from_millis(100), ..Limits::default() };
    assert_eq!(fetch_error(Router::new().route("/rss", get(silent)), short).await.kind(), ReadErrorKind::TimedOut);

    let drip = || async {
        let ticks = tokio::time::interval(Duration::from_millis(20));
        let stream = futures::stream::unfold(ticks, |mut ticks| async move {
            ticks.tick().await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ticks))
        });
        Body::from_stream(stream).into_response()
    };
    let short = Limits { speed_after: Duration::from_millis(200), ..Limits::default() };
    let error = fetch_error(Router::new().route("/rss", get(drip)), short).await;
    assert!(matches!(error, ReadError::TimedOut { phase: "the answer comes too slowly" }), "{error}");
}

#[tokio::test]
async fn failures_before_the_answer_are_told_apart() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = fetcher().fetch(&url(closed, "/rss"), &Previous::default()).await.unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::Unreachable, "{error}");

    let plain = serve(Router::new()).await;
    let secure = Url::parse(plain.as_str().replace("http:", "https:").as_str()).unwrap();
    let error = fetcher().fetch(&secure, &Previous::default()).await.unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::Tls, "{error:?}");

    for status in [401_u16, 403, 404, 410, 500, 503] {
        let code = StatusCode::from_u16(status).unwrap();
        let error = fetch_error(Router::new().route("/rss", get(move || async move { code })), Limits::default()).await;
        assert!(matches!(error, ReadError::Status(found) if found == status), "{error}");
    }
}

#[tokio::test]
async fn a_login_page_json_and_nothing_at_all_are_told_apart() {
    let bodies = [
        ("<!DOCTYPE html><html><title>Đăng nhập</title></html>", ReadErrorKind::HtmlInstead),
        ("{\"error\":\"login\"}", ReadErrorKind::JsonInstead),
        ("", ReadErrorKind::Empty),
        ("<urlset/>", ReadErrorKind::NotAFeed),
    ];
    for (text, kind) in bodies {
        let url = serve(Router::new().route("/rss", get(move || async move { text }))).await;
        let body = changed(&fetcher(), &url, &Previous::default()).await;
        let now = jiff::Timestamp::UNIX_EPOCH;
        let document = Document { body: &body.bytes, content_type: body.content_type.as_deref(), url: &url, now };
        assert_eq!(FeedReader::default().read(document).unwrap_err().kind(), kind, "{text}");
    }
}

#[tokio::test]
async fn redirects_are_followed_within_limits() {
    let router = Router::new()
        .route("/rss", get(|| async { Redirect::permanent("/a") }))
        .route("/a", get(|| async { Redirect::temporary("b") }))
        .route("/b", get(|| async { FEED }))
        .route("/circle", get(|| async { Redirect::to("/circle") }))
        .route("/nowhere", get(|| async { StatusCode::FOUND }));
    let url = serve(router).await;
    let body = changed(&fetcher(), &url, &Previous::default()).await;
    assert_eq!(body.final_url, url.join("/b").unwrap());
    let error = fetcher().fetch(&url.join("/circle").unwrap(), &Previous::default()).await.unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::RedirectLoop);
    let error = fetcher().fetch(&url.join("/nowhere").unwrap(), &Previous::default()).await.unwrap_err();
    assert!(matches!(error, ReadError::Status(302)), "{error}");
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 1024]).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>").await.unwrap();
    });
    let error = fetcher().fetch(&url(address, "/rss"), &Previous::default()).await.unwrap_err();
    assert_eq!(error.kind(), ReadErrorKind::Broken, "{error:?}");
}

/// A server that counts who comes.
async fn inner() -> (Url, Arc<AtomicUsize>) {
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = hits.clone();
    let answer = move || async move {
        counter.fetch_add(1, Ordering::SeqCst);
        PNG
    };
    (serve(Router::new().fallback(get(answer))).await, hits)
}

#[tokio::test]
async fn a_redirect_never_leads_to_another_inner_address() {
    let (secret, hits) = inner().await;
    let port = secret.port().unwrap();
    for to in [
        secret.to_string(),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://2130706433:{port}/"),
        "file:///etc/passwd".to_owned(),
    ] {
        let target = to.clone();
        let url = serve(Router::new().route("/rss", get(move || async move { Redirect::temporary(&target) }))).await;
        let error = fetcher().fetch(&url, &Previous::default()).await.unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Refused, "{to}: {error}");
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn pictures_come_from_the_configured_origin_or_from_outside() {
    let (source, hits) = inner().await;
    let media = fetch_media(&fetcher(), &source.join("/anh.jpg").unwrap(), &source).await.unwrap();
    assert_eq!((media.kind, media.bytes.as_slice()), (MediaKind::Png, PNG));
    assert_eq!(hits.load(Ordering::SeqCst), 1);

    let (other, others) = inner().await;
    let same_host_by_name = Url::parse(&format!("http://localhost:{}/", source.port().unwrap())).unwrap();
    for url in [other, same_host_by_name] {
        let error = fetch_media(&fetcher(), &url, &source).await.unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::Refused, "{url}");
    }
    assert_eq!((hits.load(Ordering::SeqCst), others.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn a_picture_is_judged_by_its_bytes_and_its_size() {
    let router = Router::new()
        .route("/x.svg", get(|| async { ([(header::CONTENT_TYPE, "image/png")], "<svg onload=alert(1)>") }))
        .route("/big.png", get(|| async { vec![0x89; 10 * 1024 * 1024 + 1] }));
    let source = serve(router).await;
    let fetcher = Fetcher::new(dongbo::source::media::limits()).unwrap();
    let fetch = |path: &'static str| fetch_media_at(&fetcher, &source, path);
    assert_eq!(fetch("/x.svg").await.kind(), ReadErrorKind::NotAPicture);
    assert_eq!(fetch("/big.png").await.kind(), ReadErrorKind::TooLarge);
}

async fn fetch_media_at(fetcher: &Fetcher, source: &Url, path: &str) -> ReadError {
    fetch_media(fetcher, &source.join(path).unwrap(), source).await.unwrap_err()
}
