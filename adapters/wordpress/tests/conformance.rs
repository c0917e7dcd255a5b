//! The one contract, on the fake site and, where `DONGBO_LIVE_WORDPRESS_URL` names one, on a real one.

use std::sync::Arc;

use dongbo_sdk::conformance::{self, FaultRow, Harness, Inspector, TestSite};
use dongbo_sdk::fault::Faults;
use dongbo_sdk::http::Limits;
use dongbo_sdk::{ErrorKind, Key, RemoteId, Retry, Scope};
use dongbo_wordpress::Config;
use dongbo_wordpress::fake::{FakeWordPress, live_site};

struct Fake;

#[async_trait::async_trait]
impl Harness for Fake {
    async fn site(&self) -> TestSite {
        let (fake, faults) = (Arc::new(FakeWordPress::start()), Faults::default());
        fake.add_category("Tin tức");
        fake.add_category("Chỉ đạo & điều hành");
        let adapter = fake.adapter(Limits::default()).with_faults(faults.clone());
        TestSite::new(Arc::new(adapter)).faults(faults).secret(fake.password()).inspector(Arc::new(Look(fake)))
    }

    fn list_length(&self) -> usize {
        120
    }

    fn fault_rows(&self) -> Vec<FaultRow> {
        // A post is created behind a fixed route: a 404 means that there is no REST API.
        vec![FaultRow { name: "404", kind: ErrorKind::Config, retry: Retry::Never, scope: Scope::Portal }]
    }
}

struct Look(Arc<FakeWordPress>);

#[async_trait::async_trait]
impl Inspector for Look {
    async fn plant(&self, title: &str, key: Option<&Key>) -> Option<RemoteId> {
        let marker = key.map(|key| format!("<!-- dongbo {key} -->")).unwrap_or_default();
        Some(RemoteId(self.0.add_post(title, &format!("<p>Bài của đơn vị{marker}</p>")).to_string()))
    }

    async fn count(&self, key: &Key) -> Option<usize> {
        Some(self.0.posts().iter().filter(|post| post.key.as_ref() == Some(key)).count())
    }

    async fn media_count(&self) -> Option<usize> {
        Some(self.0.media().len())
    }

    async fn fingerprint(&self) -> Option<String> {
        Some(format!("{:?}{:?}", self.0.posts(), self.0.media()))
    }

    fn requests(&self) -> Option<usize> {
        Some(self.0.journal().entries().len())
    }
}

/// A real site, left as it was found.
struct Live(Config, Faults);

#[async_trait::async_trait]
impl Harness for Live {
    async fn site(&self) -> TestSite {
        let adapter = self.0.build(Limits::default()).expect("a usable site").with_faults(self.1.clone());
        TestSite::new(Arc::new(adapter)).faults(self.1.clone())
    }

    fn live(&self) -> bool {
        true
    }

    fn fault_rows(&self) -> Vec<FaultRow> {
        Fake.fault_rows()
    }
}

#[tokio::test]
async fn the_fake_site_conforms() {
    conformance::assert_conforms(&Fake).await;
}

#[tokio::test]
async fn a_real_site_conforms() {
    let Some(config) = live_site() else { return };
    conformance::assert_conforms(&Live(config, Faults::default())).await;
}
