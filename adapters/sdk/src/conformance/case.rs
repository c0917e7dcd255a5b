//! What a case is, what it may need, and the list of all of them.

use futures::future::BoxFuture;

use super::world::World;
use super::{content, cuts, faults, foreign, honesty, life, media, parallel, telemetry};
use crate::adapter::Removal;
use crate::capability::{CategorySupport, KeySupport};
use crate::error::Error;

/// Why a case ended early.
#[derive(Debug)]
pub(super) enum Stop {
    Failed(String),
    Skipped(String),
}

pub(super) type Outcome<T = ()> = Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(format!("unexpected error: {error}"))
    }
}

/// A named case.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) run: for<'a> fn(&'a World<'a>) -> BoxFuture<'a, Outcome>,
}

/// What a case needs of portal and harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The portal keeps our key.
    Key,
    Enforced,
    Removal,
    RemovalOf(Removal),
    Drafts,
    Media,
    List,
    Categories,
    CreateCategories,
    TitleLimit,
    /// The harness scripts faults.
    Faults,
    Http,
    Inspector,
}

impl Need {
    /// Why the case cannot run in this world.
    pub(super) fn missing(self, world: &World<'_>) -> Option<&'static str> {
        let can = &world.capabilities;
        let (there, reason) = match self {
            Self::Key => (can.key != KeySupport::None, "the portal keeps no keys"),
            Self::Enforced => (can.key == KeySupport::Enforced, "the portal does not enforce keys"),
            Self::Removal => (!can.removals.is_empty(), "the portal cannot take copies away"),
            Self::RemovalOf(how) => (can.removals.contains(&how), "the portal cannot take copies away like that"),
            Self::Drafts => (can.drafts, "the portal has no drafts"),
            Self::Media => (can.media, "the portal takes no files"),
            Self::List => (can.list, "the portal shows no list"),
            Self::Categories => (can.categories != CategorySupport::None, "the portal has no categories"),
            Self::CreateCategories => (can.categories == CategorySupport::Create, "categories cannot be created there"),
            Self::TitleLimit => (can.title_chars_max.is_some(), "the portal names no limit of a title"),
            Self::Faults => (world.site.faults.is_some(), "the harness scripts no faults"),
            Self::Http => (world.harness.speaks_http(), "the adapter speaks no HTTP"),
            Self::Inspector => (world.site.inspector.is_some(), "the harness cannot look past the adapter"),
        };
        (!there).then_some(reason)
    }
}

/// All cases, family by family.
pub(super) fn all() -> Vec<Case> {
    let families: [&[Case]; 9] = [
        honesty::CASES,
        life::CASES,
        media::CASES,
        content::CASES,
        foreign::CASES,
        cuts::CASES,
        faults::CASES,
        parallel::CASES,
        telemetry::CASES,
    ];
    families.into_iter().flatten().map(|case| Case { ..*case }).collect()
}

/// Ends the case as failed unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err($crate::conformance::case::Stop::Failed(format!($($why)+)));
        }
    };
}
pub(super) use ensure;
