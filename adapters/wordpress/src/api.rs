//! One function per request of the REST API; no decisions but where the API is.

use std::sync::atomic::{AtomicU64, Ordering};

use dongbo_sdk::http::{Http, Reply, Request};
use dongbo_sdk::{Call, Error, ErrorKind, Operation, Result};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

use crate::error::accepted;
use crate::wire::{Root, User};

const ROOT_FIELDS: &str = "name,url,home,gmt_offset,timezone_string,namespaces,authentication";
const USER_FIELDS: &str = "id,username,registered_date,roles,capabilities";

/// Where the REST API of a site stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Routes are paths behind this address, which ends with a slash.
    Paths(Url),
    /// A site with plain permalinks: routes are `?rest_route=` of its front page.
    Query(Url),
}

impl Place {
    fn route(&self, route: &str, query: &[(&str, &str)]) -> Url {
        let mut url = match self {
            Self::Paths(base) => {
                let mut url = base.clone();
                url.set_path(&format!("{}{route}", base.path()));
                url
            }
            Self::Query(front) => {
                let mut url = front.clone();
                url.query_pairs_mut().append_pair("rest_route", &format!("/{route}"));
                url
            }
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// The REST API of one site, spoken to as one account.
#[derive(Debug)]
pub(crate) struct Api {
    http: Http,
    site: Url,
    rest: Option<Url>,
    /// Found by the first call; a site does not move its API while we run.
    place: OnceCell<Place>,
    /// The account's id, 0 until it is known.
    account: AtomicU64,
}

impl Api {
    pub(crate) fn new(http: Http, site: Url, rest: Option<Url>) -> Self {
        Self { http, site, rest, place: OnceCell::new(), account: AtomicU64::new(0) }
    }

    #[cfg(feature = "testkit")]
    pub(crate) fn with_faults(mut self, faults: dongbo_sdk::fault::Faults) -> Self {
        self.http = self.http.with_faults(faults);
        self
    }

    pub(crate) fn site(&self) -> &Url {
        &self.site
    }

    /// Bytes of the largest answer that is read.
    pub(crate) fn answer_bytes_max(&self) -> usize {
        self.http.limits().body_bytes_max
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: &Call,
        operation: Operation,
        route: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        accepted(self.ask(call, operation, route, query).await?)?.json()
    }

    /// The reply to a read, whatever its status.
    pub(crate) async fn ask(
        &self,
        call: &Call,
        operation: Operation,
        route: &str,
        query: &[(&str, &str)],
    ) -> Result<Reply> {
        let url = self.place(call, operation).await?.route(route, query);
        self.http.send(call, Request::get(operation, url)).await
    }

    /// The reply to a JSON write, whatever its status.
    pub(crate) async fn post(&self, call: &Call, write: Write<'_>, body: &impl Serialize) -> Result<Reply> {
        let request = self.write(call, Method::POST, &write).await?.json(body);
        self.http.send(call, request).await
    }

    pub(crate) async fn delete(&self, call: &Call, write: Write<'_>) -> Result<Reply> {
        let request = self.write(call, Method::DELETE, &write).await?;
        self.http.send(call, request).await
    }

    /// Sends a file as it is; `dress` adds its headers.
    pub(crate) async fn send_file(
        &self,
        call: &Call,
        write: Write<'_>,
        dress: impl FnOnce(Request) -> Request,
    ) -> Result<Reply> {
        let request = dress(self.write(call, Method::POST, &write).await?);
        self.http.send(call, request).await
    }

    async fn write(&self, call: &Call, method: Method, write: &Write<'_>) -> Result<Request> {
        let url = self.place(call, write.operation).await?.route(write.route, write.query);
        Ok(Request::write(write.operation, method, url))
    }

    /// The root object, read anew, and the account that the site knows us by.
    pub(crate) async fn identity(&self, call: &Call, operation: Operation) -> Result<(Root, User)> {
        let root = self.get(call, operation, "", &[("_fields", ROOT_FIELDS)]).await?;
        let user: User =
            self.get(call, operation, "wp/v2/users/me", &[("context", "edit"), ("_fields", USER_FIELDS)]).await?;
        self.account.store(user.id, Ordering::Relaxed);
        Ok((root, user))
    }

    /// The account's own id.
    pub(crate) async fn account(&self, call: &Call, operation: Operation) -> Result<u64> {
        match self.account.load(Ordering::Relaxed) {
            0 => Ok(self.identity(call, operation).await?.1.id),
            known => Ok(known),
        }
    }

    /// Behind `/wp-json/`, else behind `/?rest_route=/` (REST API Handbook, Discovery).
    async fn place(&self, call: &Call, operation: Operation) -> Result<&Place> {
        self.place.get_or_try_init(|| self.probe(call, operation)).await
    }

    async fn probe(&self, call: &Call, operation: Operation) -> Result<Place> {
        if let Some(rest) = &self.rest {
            return Ok(Place::Paths(rest.clone()));
        }
        let mut behind = self.site.clone();
        behind.set_path(&format!("{}wp-json/", self.site.path()));
        let paths = Place::Paths(behind);
        let first = match self.stands_at(call, operation, &paths).await {
            Ok(()) => return Ok(paths),
            // Only an answer that is not the API's says that it may be elsewhere.
            Err(error) if !matches!(error.kind, ErrorKind::Config | ErrorKind::Protocol) => return Err(error),
            Err(error) => error,
        };
        let query = Place::Query(self.site.clone());
        match self.stands_at(call, operation, &query).await {
            Ok(()) => Ok(query),
            Err(error) if matches!(error.kind, ErrorKind::Config | ErrorKind::Protocol) => {
                Err(Error::new(ErrorKind::Config, operation, "no WordPress REST API was found at the address")
                    .with("address", &self.site)
                    .caused_by(first))
            }
            Err(error) => Err(error),
        }
    }

    async fn stands_at(&self, call: &Call, operation: Operation, place: &Place) -> Result<()> {
        let url = place.route("", &[("_fields", "namespaces")]);
        let reply = accepted(self.http.send(call, Request::get(operation, url)).await?)?;
        let root: Root = reply.json()?;
        if root.namespaces.iter().any(|name| name == "wp/v2") {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, operation, "the site does not offer the REST API wp/v2"))
    }
}

/// Where a write goes.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) operation: Operation,
    pub(crate) route: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_paths_or_a_query() {
        let query = [("slug", "a,b")];
        let paths = Place::Paths("https://a.vn/so/wp-json/".parse().unwrap());
        assert_eq!(paths.route("wp/v2/posts", &query).as_str(), "https://a.vn/so/wp-json/wp/v2/posts?slug=a%2Cb");
        let plain = Place::Query("https://a.vn/so/".parse().unwrap());
        assert_eq!(
            plain.route("wp/v2/posts", &query).as_str(),
            "https://a.vn/so/?rest_route=%2Fwp%2Fv2%2Fposts&slug=a%2Cb"
        );
        assert_eq!(paths.route("", &[]).as_str(), "https://a.vn/so/wp-json/");
    }
}
