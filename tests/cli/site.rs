//! A portal that answers as its pages say, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};

use crate::world::server::Server;

/// One answer: status, header lines, body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Site {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn html(body: &str) -> Answer {
    answer(200, "text/html; charset=utf-8", body)
}

pub(crate) fn json(body: &str) -> Answer {
    answer(200, "application/json", body)
}

pub(crate) fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, headers: vec![("content-type".into(), content_type.into())], body: body.into() }
}

impl Answer {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

impl Site {
    /// Pages by path with query; everything else is 404.
    pub(crate) fn start(pages: &[(&str, Answer)]) -> Self {
        let pages: BTreeMap<String, Answer> = pages.iter().map(|(path, page)| ((*path).into(), page.clone())).collect();
        let (pages, asked) = (Arc::new(pages), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&asked);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            log.lock().unwrap().push(format!("{} {path}", request.method()));
            let page = pages.get(&path).cloned();
            async move { respond(page.unwrap_or_else(|| answer(404, "text/html", "<p>không có</p>"))) }
        });
        Self { server: Server::start(router), asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base())
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn respond(page: Answer) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(page.status).unwrap());
    for (name, value) in &page.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(page.body)).unwrap()
}

/// A server that does with each connection what it is told; ends with the process. Its port.
pub(crate) fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Reads a request's head and answers with these bytes.
pub(crate) fn says(bytes: &'static [u8]) -> impl Fn(TcpStream) {
    move |mut stream| {
        let mut head = [0; 1024];
        let _ = stream.read(&mut head);
        let _ = stream.write_all(bytes);
    }
}

/// A port where nobody listens.
pub(crate) fn closed() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
