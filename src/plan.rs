//! Which article comes to which portal, in which shape and when. Pure.
//!
//! Rules decide whether an article *comes* to a portal. Once it is wanted
//! there, corrections and withdrawals follow it whatever the rules say now;
//! only a withdrawal or an order takes it away. A changed rule shapes new
//! work; old copies are reshaped by an order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dongbo_sdk::{MissingCategory, Visibility};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::delivery::{Class, Delivery, Form, Moment, PortalId, RevisionId, ShapeId, Stands, State, Wanted};
use crate::render;

/// What a portal takes and how it shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub portal: PortalId,
    /// Sources by their configured id; empty takes all.
    pub sources: BTreeSet<String>,
    /// Category names; empty takes all.
    pub accept: Vec<String>,
    pub reject: Vec<String>,
    /// From the source's category to the portal's.
    pub categories: BTreeMap<String, String>,
    pub missing_category: MissingCategory,
    pub visibility: Visibility,
    pub backfill: Backfill,
    pub publish_delay: Duration,
    pub correction_gap: Duration,
    /// Categories that go out at once and first.
    pub urgent: Vec<String>,
    /// Categories of the leadership's direction and administration content.
    pub direction: Vec<String>,
    /// Template of the attribution line; see [`render`].
    pub attribution: String,
}

/// Which older articles a portal receives by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    /// Only what is published after first contact.
    None,
    Age(Duration),
    All,
}

/// What the rules need to know of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub revision: RevisionId,
    pub withdrawn: bool,
    /// Wall clock, ms.
    pub published: i64,
    /// Configured ids of the sources that show it.
    pub sources: Vec<String>,
    /// The source whose content counts, as people call it.
    pub source_name: String,
    /// Union over the sources.
    pub categories: Vec<String>,
}

/// Everything beside the revision that decides how a post looks. Interned in
/// the ledger and named by its digest, so that a delivery is rendered as it was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    pub renderer: u32,
    pub source_name: String,
    pub attribution: String,
    pub visibility: Visibility,
    pub missing_category: MissingCategory,
    /// The portal's names, sorted.
    pub categories: Vec<String>,
}

impl Shape {
    /// Canonical text; its BLAKE3 names the shape.
    ///
    /// # Panics
    /// Never: the fields are text and lists.
    #[must_use]
    pub fn spec(&self) -> String {
        serde_json::to_string(self).expect("a shape is text and lists")
    }
}

/// Why an article does not come to a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The portal does not read this source.
    Source,
    /// None of its categories is accepted.
    NotAccepted,
    Rejected,
    /// Older than the portal's backfill; `resync` brings it.
    TooOld,
    /// It was withdrawn before it came here.
    Withdrawn,
}

/// When the plan is made.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub ledger: Moment,
    /// Wall clock, ms.
    pub wall: i64,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A reading brought something new.
    Reading,
    /// An operator's resync: older articles come too.
    Order,
}

/// Whether the rules let an article come to the portal, at any age.
///
/// # Errors
/// The reason for a refusal.
pub fn admits(rules: &Rules, facts: &Facts) -> Result<(), Refusal> {
    if !rules.sources.is_empty() && !facts.sources.iter().any(|source| rules.sources.contains(source)) {
        return Err(Refusal::Source);
    }
    if any_in(&facts.categories, &rules.reject) {
        return Err(Refusal::Rejected);
    }
    if !rules.accept.is_empty() && !any_in(&facts.categories, &rules.accept) {
        return Err(Refusal::NotAccepted);
    }
    if facts.withdrawn {
        return Err(Refusal::Withdrawn);
    }
    Ok(())
}

/// Whether a new article comes to the portal by itself. `since` is the
/// portal's first contact (wall clock, ms).
///
/// # Errors
/// The reason for a refusal.
pub fn comes(rules: &Rules, facts: &Facts, since: i64, occasion: Occasion) -> Result<(), Refusal> {
    admits(rules, facts)?;
    let oldest = match (occasion, rules.backfill) {
        (Occasion::Order, _) | (_, Backfill::All) => return Ok(()),
        (Occasion::Reading, Backfill::None) => since,
        // The window stands before first contact and moves with the clock
        // after it: a feed that shows its archive again floods nobody.
        (Occasion::Reading, Backfill::Age(age)) => since.saturating_sub(millis(age)),
    };
    if facts.published < oldest { Err(Refusal::TooOld) } else { Ok(()) }
}

/// The shape in which the portal shows the article.
#[must_use]
pub fn shape(rules: &Rules, facts: &Facts) -> Shape {
    let mapped: BTreeSet<String> = facts
        .categories
        .iter()
        .map(|category| lookup(&rules.categories, category).unwrap_or_else(|| category.clone()))
        .collect();
    Shape {
        renderer: render::VERSION,
        source_name: facts.source_name.clone(),
        attribution: rules.attribution.clone(),
        visibility: rules.visibility,
        missing_category: rules.missing_category,
        categories: mapped.into_iter().collect(),
    }
}

/// A new delivery with its first due time.
#[must_use]
pub fn first(rules: &Rules, facts: &Facts, mut delivery: Delivery, now: Now) -> Delivery {
    let urgent = is_urgent(rules, facts);
    let age = now.wall.saturating_sub(facts.published);
    // An editor's typo fixes come within minutes of publication; an article
    // that is older has settled.
    let settling = !urgent && age < millis(rules.publish_delay.max(SETTLED_AFTER));
    delivery.class = if urgent {
        Class::Urgent
    } else if age > millis(BACKFILL_AFTER) {
        Class::Backfill
    } else if any_in(&facts.categories, &rules.direction) {
        Class::Direction
    } else {
        Class::Live
    };
    if settling {
        delivery.not_before = now.ledger.after(rules.publish_delay);
    }
    delivery
}

/// Makes an existing delivery want what the article is now. Whether anything changed.
pub fn follow(rules: &Rules, facts: &Facts, delivery: &mut Delivery, written_at: Moment, form: Form, now: Now) -> bool {
    let wanted = if facts.withdrawn { Wanted::Nothing } else { Wanted::Post(form) };
    // It comes again like a new one, but not where an order took it away.
    if delivery.wanted == Wanted::Nothing && (delivery.taken || admits(rules, facts).is_err()) {
        return false;
    }
    if delivery.wanted == wanted {
        return false;
    }
    // What waits to be corrected waits no longer because it was corrected again.
    let pending = delivery.state() != State::Standing;
    delivery.want(wanted);
    let urgent = is_urgent(rules, facts);
    if facts.withdrawn {
        delivery.class = Class::Correction;
        delivery.not_before = Moment::NEVER;
    } else if delivery.stands != Stands::Absent && delivery.sent {
        delivery.class = if urgent { Class::Urgent } else { Class::Correction };
        let gap = written_at.after(rules.correction_gap);
        let settled = now.ledger.after(rules.publish_delay.min(rules.correction_gap));
        let settled = if pending { settled.min(delivery.not_before) } else { settled };
        delivery.not_before = if urgent || written_at == Moment::NEVER { Moment::NEVER } else { gap.max(settled) };
    } else if urgent {
        delivery.not_before = Moment::NEVER;
    }
    true
}

/// A publication younger than this may still be corrected by its editor.
const SETTLED_AFTER: Duration = Duration::from_secs(60 * 60);
/// Older articles give way to newer ones.
const BACKFILL_AFTER: Duration = Duration::from_secs(2 * 24 * 60 * 60);

fn is_urgent(rules: &Rules, facts: &Facts) -> bool {
    any_in(&facts.categories, &rules.urgent)
}

fn any_in(names: &[String], wanted: &[String]) -> bool {
    names.iter().any(|name| wanted.iter().any(|other| same_name(name, other)))
}

fn lookup(map: &BTreeMap<String, String>, name: &str) -> Option<String> {
    map.iter().find(|(from, _)| same_name(from, name)).map(|(_, to)| to.clone())
}

/// Two spellings of one category: case, composition and spaces do not count;
/// marks do ("Bạn" is not "Bản").
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one == other || folded(one) == folded(other)
}

fn folded(name: &str) -> String {
    let lower = name.nfc().collect::<String>().to_lowercase().replace('ð', "đ");
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The digest by which a changed set of rules is noticed.
#[must_use]
pub fn digest(rules: &Rules) -> [u8; 32] {
    *blake3::hash(format!("{rules:?}").as_bytes()).as_bytes()
}

/// A placeholder form until the ledger has interned revision and shape.
#[must_use]
pub fn form(revision: RevisionId, shape: ShapeId) -> Form {
    Form { revision, shape }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::ArticleId;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn rules() -> Rules {
        Rules {
            portal: PortalId(1),
            sources: BTreeSet::new(),
            accept: vec!["Tin tức".into()],
            reject: vec!["Nội bộ".into()],
            categories: BTreeMap::from([("Tin tức".into(), "Tin tỉnh".into())]),
            missing_category: MissingCategory::Match,
            visibility: Visibility::Public,
            backfill: Backfill::Age(Duration::from_secs(7 * 24 * 60 * 60)),
            publish_delay: Duration::from_secs(120),
            correction_gap: Duration::from_secs(600),
            urgent: vec!["Khẩn".into()],
            direction: vec!["Chỉ đạo điều hành".into()],
            attribution: String::new(),
        }
    }

    fn facts(categories: &[&str]) -> Facts {
        Facts {
            revision: RevisionId(1),
            withdrawn: false,
            published: 100 * DAY,
            sources: vec!["cong-tinh".into()],
            source_name: "Cổng tỉnh".into(),
            categories: categories.iter().map(|&name| name.into()).collect(),
        }
    }

    fn now() -> Now {
        Now { ledger: Moment(5_000_000), wall: 100 * DAY + 1000 }
    }

    #[test]
    fn a_refused_category_wins_over_an_accepted_one() {
        assert_eq!(admits(&rules(), &facts(&["Tin tức"])), Ok(()));
        assert_eq!(admits(&rules(), &facts(&["Tin tức", "Nội bộ"])), Err(Refusal::Rejected));
        assert_eq!(admits(&rules(), &facts(&["Văn hóa"])), Err(Refusal::NotAccepted));
    }

    #[test]
    fn names_are_compared_without_case_and_composition_but_with_marks() {
        assert!(same_name("TIN TỨC", &"tin  tức".nfd().collect::<String>()));
        assert!(same_name("Ðiều hành", "Điều hành"));
        assert!(!same_name("Bạn", "Bản"));
    }

    #[test]
    fn first_contact_is_quiet() {
        let since = 100 * DAY;
        let mut old = facts(&["Tin tức"]);
        old.published = 92 * DAY;
        assert_eq!(comes(&rules(), &old, since, Occasion::Reading), Err(Refusal::TooOld));
        assert_eq!(comes(&rules(), &old, since, Occasion::Order), Ok(()));
        old.published = 94 * DAY;
        assert_eq!(comes(&rules(), &old, since, Occasion::Reading), Ok(()));
    }

    #[test]
    fn a_fresh_article_waits_and_an_urgent_one_does_not() {
        let new = Delivery::new(ArticleId(1), PortalId(1), Wanted::Nothing);
        let fresh = first(&rules(), &facts(&["Tin tức"]), new, now());
        assert_eq!((fresh.class, fresh.not_before), (Class::Live, now().ledger.after(Duration::from_secs(120))));
        let urgent = first(&rules(), &facts(&["Tin tức", "Khẩn"]), new, now());
        assert_eq!((urgent.class, urgent.not_before), (Class::Urgent, Moment::NEVER));
    }

    #[test]
    fn corrections_keep_their_distance_and_withdrawals_do_not_wait() {
        let form = form(RevisionId(2), ShapeId(1));
        let mut standing =
            Delivery::new(ArticleId(1), PortalId(1), Wanted::Post(Form { revision: RevisionId(1), ..form }));
        standing.stands = Stands::Copy(None);
        standing.sent = true;
        let mut corrected = standing;
        assert!(follow(&rules(), &facts(&["Tin tức"]), &mut corrected, now().ledger, form, now()));
        assert_eq!(corrected.not_before, now().ledger.after(Duration::from_secs(600)));
        let gone = Facts { withdrawn: true, ..facts(&["Tin tức"]) };
        assert!(follow(&rules(), &gone, &mut corrected, now().ledger, form, now()));
        assert_eq!((corrected.wanted, corrected.not_before), (Wanted::Nothing, Moment::NEVER));
    }

    #[test]
    fn a_restored_article_comes_again_unless_rules_refuse_it_or_a_person_took_it_away() {
        let form = form(RevisionId(2), ShapeId(1));
        let follows = |taken, category| {
            let gone = Delivery::new(ArticleId(1), PortalId(1), Wanted::Nothing);
            follow(&rules(), &facts(&[category]), &mut Delivery { taken, ..gone }, Moment::NEVER, form, now())
        };
        assert!(follows(false, "Tin tức"));
        assert!(!follows(false, "Nội bộ"));
        assert!(!follows(true, "Tin tức"));
    }

    #[test]
    fn a_correction_that_is_corrected_again_waits_no_longer() {
        let form = |revision| form(RevisionId(revision), ShapeId(1));
        let at = |seconds: u64| Now { ledger: now().ledger.after(Duration::from_secs(seconds)), wall: now().wall };
        let mut row = Delivery::new(ArticleId(1), PortalId(1), Wanted::Post(form(1)));
        row.stands = Stands::Copy(Some(form(1)));
        row.sent = true;
        let written_at = Moment(1);
        let mut follow = |revision, at| {
            assert!(follow(&rules(), &facts(&["Tin tức"]), &mut row, written_at, form(revision), at));
            row.not_before
        };
        let first = follow(2, at(0));
        assert_eq!(first, at(120).ledger, "an editor's next keystrokes are the same correction");
        assert_eq!(follow(3, at(60)), first);
        assert!(follow(4, at(180)) <= at(180).ledger);
    }
}
