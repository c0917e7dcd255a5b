//! Which road to a portal is open, decided from what was found. Pure.

use serde::Serialize;

use super::api::State;
use super::signs::Platform;
use super::tls::Tls;

/// Platforms that dongbo carries articles to by an adapter of its own.
pub const ADAPTERS: &[Platform] = &[Platform::WordPress];
/// Platforms whose API can be written to by a program of the unit's own.
pub const WRITABLE: &[Platform] = &[
    Platform::Liferay,
    Platform::SharePoint,
    Platform::NukeViet,
    Platform::Joomla,
    Platform::Drupal,
    Platform::Ghost,
    Platform::Plone,
    Platform::Umbraco,
];

/// How the articles can come to a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// dongbo writes them through the API.
    Adapter,
    /// A program of the unit's own writes them, dongbo tells it what.
    Exec,
    /// The portal takes a feed in, or a block of it stands on its pages.
    FeedOut,
    ByHand,
    /// Not to be told from this answer.
    Unknown,
}

impl Road {
    pub const ALL: [Self; 5] = [Self::Adapter, Self::Exec, Self::FeedOut, Self::ByHand, Self::Unknown];
}

/// Why it is that road.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The API answers.
    ApiAnswers,
    /// A firewall or a challenge answers where the API should.
    ApiBlocked,
    /// A login page does.
    ApiLogin,
    /// The API is off, elsewhere or broken.
    ApiAbsent,
    /// The platform has no API for articles that is known.
    NoApi,
    PlatformUnknown,
    /// The certificate cannot be verified, so nothing may be sent there.
    Insecure,
    /// A firewall or a challenge stands before the whole site.
    SiteBlocked,
    /// All of it is behind a login.
    SiteLogin,
    /// There is no page to put anything on.
    NoPage,
    /// The address is no longer right, or never was.
    WrongAddress,
    /// It did not answer, or only that it cannot.
    Down,
}

/// What stands at the main address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A web page.
    Page,
    /// A feed instead of one.
    Feed,
    /// A PDF, a picture or the like.
    Document,
    /// Nothing in the body, or a page without text.
    Empty,
    /// A firewall or a challenge.
    Blocked,
    Login,
    /// A status that is no success.
    Status,
    /// More than a probe reads.
    TooLarge,
    /// A body that cannot be read.
    Unreadable,
    /// What was given is no address.
    Invalid,
    /// The name leads nowhere.
    Unresolved,
    /// Nobody listens.
    Refused,
    /// No connection.
    Unreachable,
    TimedOut,
    /// The connection broke off.
    Broken,
    Tls,
    /// It redirects in a circle.
    Loop,
    /// It redirects to where dongbo may not go: an inner network, another scheme.
    Inner,
}

/// What the decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub platform: Option<Platform>,
    pub tls: Tls,
    pub api: &'a State,
}

/// The road, and why.
#[must_use]
pub fn decide(facts: Facts<'_>) -> (Road, Why) {
    match facts.outcome {
        Outcome::Page | Outcome::TooLarge => by_platform(facts),
        Outcome::Blocked => (Road::FeedOut, Why::SiteBlocked),
        Outcome::Login => (Road::ByHand, Why::SiteLogin),
        Outcome::Feed | Outcome::Document | Outcome::Empty => (Road::ByHand, Why::NoPage),
        // A port that speaks plain http was called https.
        Outcome::Tls if facts.tls == Tls::None => (Road::Unknown, Why::WrongAddress),
        Outcome::Tls => (Road::FeedOut, Why::Insecure),
        Outcome::Status => by_status(facts),
        Outcome::Invalid | Outcome::Unresolved | Outcome::Loop | Outcome::Inner => (Road::Unknown, Why::WrongAddress),
        Outcome::Refused | Outcome::Unreachable | Outcome::TimedOut | Outcome::Broken | Outcome::Unreadable => {
            (Road::Unknown, Why::Down)
        }
    }
}

fn by_platform(facts: Facts<'_>) -> (Road, Why) {
    // The page may come over plain http while https is broken; an account goes over https alone.
    if matches!(facts.tls, Tls::Chain | Tls::Expired | Tls::Name | Tls::Old | Tls::Failed) {
        return (Road::FeedOut, Why::Insecure);
    }
    let Some(platform) = facts.platform else { return (Road::FeedOut, Why::PlatformUnknown) };
    let road = match platform {
        platform if ADAPTERS.contains(&platform) => Road::Adapter,
        platform if WRITABLE.contains(&platform) => Road::Exec,
        _ => return (Road::FeedOut, Why::NoApi),
    };
    match facts.api {
        State::Answers | State::AsksAccount => (road, Why::ApiAnswers),
        State::Blocked { .. } => (Road::FeedOut, Why::ApiBlocked),
        State::Login => (Road::FeedOut, Why::ApiLogin),
        State::Absent | State::Broken | State::NotAsked => (Road::FeedOut, Why::ApiAbsent),
    }
}

fn by_status(facts: Facts<'_>) -> (Road, Why) {
    match facts.status {
        Some(401 | 403 | 406 | 429 | 451) => (Road::FeedOut, Why::SiteBlocked),
        Some(500..) | None => (Road::Unknown, Why::Down),
        Some(_) => (Road::Unknown, Why::WrongAddress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outcome: Outcome, platform: Option<Platform>, tls: Tls, api: &State) -> (Road, Why) {
        decide(Facts { outcome, status: Some(200), platform, tls, api })
    }

    #[test]
    fn a_page_goes_by_its_platform_and_what_its_api_says() {
        let page = |platform, api| of(Outcome::Page, platform, Tls::Ok, &api);
        assert_eq!(page(Some(Platform::WordPress), State::Answers), (Road::Adapter, Why::ApiAnswers));
        assert_eq!(page(Some(Platform::WordPress), State::AsksAccount), (Road::Adapter, Why::ApiAnswers));
        assert_eq!(page(Some(Platform::WordPress), State::Blocked { by: None }), (Road::FeedOut, Why::ApiBlocked));
        assert_eq!(page(Some(Platform::WordPress), State::Absent), (Road::FeedOut, Why::ApiAbsent));
        assert_eq!(page(Some(Platform::Liferay), State::AsksAccount), (Road::Exec, Why::ApiAnswers));
        assert_eq!(page(Some(Platform::Dnn), State::NotAsked), (Road::FeedOut, Why::NoApi));
        assert_eq!(page(None, State::NotAsked), (Road::FeedOut, Why::PlatformUnknown));
    }

    #[test]
    fn no_account_goes_where_the_certificate_is_not_good() {
        for tls in [Tls::Chain, Tls::Expired, Tls::Name, Tls::Old, Tls::Failed] {
            let road = of(Outcome::Page, Some(Platform::WordPress), tls, &State::Answers);
            assert_eq!(road, (Road::FeedOut, Why::Insecure));
        }
    }

    #[test]
    fn what_did_not_answer_leaves_the_road_open() {
        for outcome in [Outcome::Unresolved, Outcome::Refused, Outcome::TimedOut, Outcome::Broken, Outcome::Inner] {
            assert_eq!(of(outcome, None, Tls::Unknown, &State::NotAsked).0, Road::Unknown);
        }
    }
}
