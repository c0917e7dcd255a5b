//! The state machine of a delivery. Pure: it takes `now` and decides.
//!
//! A delivery is one (article, portal): what is *wanted* there, what *stands*
//! there, when to look again. [`step`] says what to do next, [`settle`] says
//! what an outcome changes. Planner and orders own `wanted`, class and hold;
//! settle owns the rest, and runs on the row as it is inside the transaction.
//!
//! Wanted properties:
//! 1. No create goes out unless a look-up said absent since the last write to
//!    the (article, portal), or the portal itself refuses a second copy.
//! 2. Doubt belongs to the (article, portal), not to a revision: a newer
//!    revision does not clear it, only a look-up does.
//! 3. After an unknown outcome, presence may be believed at once, absence only
//!    when `quiet_until` has passed. Until then nothing is written there but a
//!    withdrawal, which is looked at again.
//! 4. A withdrawal passes every hold but [`Hold::Detached`], and is never parked.
//!
//! Accepted: a copy found within the grace is written once more when the grace
//! has passed, because what the lost write left there is not known.

use std::time::Duration;

use dongbo_sdk::{Capabilities, ErrorKind, KeySupport, RemoteId, RemoteStatus, Retry, Scope, Ticket};

use crate::retry;

/// A moment of ledger time in milliseconds: monotonic across restarts, moved by no wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub i64);

impl Moment {
    /// No time at all: long ago.
    pub const NEVER: Self = Self(0);

    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long until then; zero when it has passed.
    #[must_use]
    pub fn until(self, then: Self) -> Duration {
        Duration::from_millis(u64::try_from(then.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    )*};
}
row_id!(
    /// A row of `article`.
    ArticleId,
    /// A row of `portal`.
    PortalId,
    /// A row of `installation`.
    InstallationId,
    /// A row of `revision`.
    RevisionId,
    /// A row of `shape`: everything beside the revision that decides how a post looks.
    ShapeId,
    /// A row of `attempt`.
    AttemptId
);

/// An article's content in a portal's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    pub revision: RevisionId,
    pub shape: ShapeId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Nothing,
    Post(Form),
}

/// What stands on the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// In doubt. Only a look-up clears it.
    Unknown,
    Absent,
    /// A copy that citizens do not see.
    Hidden,
    /// A copy in a form that a read-back showed, or `None`: it is there, in a form that we do not know.
    Copy(Option<Form>),
}

/// Why nothing is done although something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    None,
    /// Gave up; a new revision or `retry` lifts it.
    Parked(ErrorKind),
    Waiting(Waiting),
    /// The portal's editors took the copy down; `retry` creates it again.
    Removed,
    /// The unit keeps the copy as its own from now on.
    Detached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// More creates in an hour than the portal's burst: a person must agree.
    Approval,
    /// The content firewall holds the text: a person must look.
    Firewall,
    /// A person said that the text must not go out; a newer one may.
    Rejected,
    Embargo,
}

/// What the content firewall, or a person after it, says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Free,
    Held,
    Rejected,
}

/// How soon a delivery is looked at, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Urgent,
    /// Withdrawals and corrections of what citizens already see.
    Correction,
    /// The leadership's direction and administration content.
    Direction,
    Live,
    Verify,
    Backfill,
}

impl Class {
    pub const ALL: [Self; 6] =
        [Self::Urgent, Self::Correction, Self::Direction, Self::Live, Self::Verify, Self::Backfill];
}

/// The hot row of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    pub article: ArticleId,
    pub portal: PortalId,
    pub wanted: Wanted,
    pub stands: Stands,
    pub hold: Hold,
    pub class: Class,
    /// Failures since the last success that were this post's own.
    pub tries: u32,
    /// End of the grace after an unknown outcome.
    pub quiet_until: Moment,
    /// No step before this: a publish delay, the gap between corrections, a back-off.
    pub not_before: Moment,
    /// Look-ups in a row that said absent.
    pub absences: u8,
    /// Something was sent there at some time.
    pub sent: bool,
    /// An outcome was unknown since the last look-up that came an hour after a create.
    pub doubted: bool,
    /// A person took the copy away on this portal: its original does not bring it back.
    pub taken: bool,
    /// A person agreed to its create although it passes the portal's burst.
    pub agreed: bool,
}

impl Delivery {
    #[must_use]
    pub fn new(article: ArticleId, portal: PortalId, wanted: Wanted) -> Self {
        Self {
            article,
            portal,
            wanted,
            stands: Stands::Unknown,
            hold: Hold::None,
            class: Class::Live,
            tries: 0,
            quiet_until: Moment::NEVER,
            not_before: Moment::NEVER,
            absences: 0,
            sent: false,
            doubted: false,
            taken: false,
            agreed: false,
        }
    }

    /// A newer revision, another shape, or a withdrawal. What stands and its
    /// doubts stay: they belong to the (article, portal), not to a revision.
    pub fn want(&mut self, wanted: Wanted) {
        if self.wanted == wanted {
            return;
        }
        self.wanted = wanted;
        self.tries = 0;
        match self.hold {
            Hold::Parked(ErrorKind::Conflict) | Hold::None | Hold::Waiting(_) | Hold::Removed | Hold::Detached => {}
            Hold::Parked(_) => self.hold = Hold::None,
        }
        if mutant::doubts_per_revision() && self.stands == Stands::Unknown {
            self.stands = Stands::Absent;
            self.quiet_until = Moment::NEVER;
        }
    }

    /// Puts what stands in doubt: after a restart with an open attempt, a
    /// resync, another site behind the address, a restored backup.
    pub fn doubt(&mut self, quiet_until: Moment) {
        self.stands = Stands::Unknown;
        self.absences = 0;
        self.sent = true;
        self.quiet_until = self.quiet_until.max(quiet_until);
    }

    /// A person asks to try again. What was given up is looked up first.
    pub fn retry(&mut self) {
        match self.hold {
            Hold::Parked(_) => {
                self.hold = Hold::None;
                self.doubt(Moment::NEVER);
                // The person has looked. Where we can, we look as well.
                self.doubted = false;
                self.tries = 0;
                self.not_before = Moment::NEVER;
            }
            Hold::Removed => {
                // Asked for by a person: what was taken down is ours to show again.
                self.hold = Hold::None;
                if self.stands == Stands::Unknown {
                    self.doubt(Moment::NEVER);
                }
                self.tries = 0;
                self.not_before = Moment::NEVER;
            }
            Hold::None => self.not_before = Moment::NEVER,
            Hold::Waiting(_) | Hold::Detached => {}
        }
    }

    /// Takes over what is said of the text that is wanted. A hold on the copy
    /// itself stays: a word on the text is none on the copy.
    pub fn screen(&mut self, verdict: Verdict) {
        self.hold = match (verdict, self.hold) {
            (_, hold @ (Hold::Removed | Hold::Detached | Hold::Parked(ErrorKind::Conflict))) => hold,
            (Verdict::Held, _) => Hold::Waiting(Waiting::Firewall),
            (Verdict::Rejected, _) => Hold::Waiting(Waiting::Rejected),
            (Verdict::Free, Hold::Waiting(Waiting::Firewall | Waiting::Rejected)) => Hold::None,
            (Verdict::Free, hold) => hold,
        };
    }

    /// What people are told.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.hold, self.wanted, self.stands) {
            (Hold::Detached, _, _) => State::Detached,
            (_, Wanted::Nothing, Stands::Absent | Stands::Hidden) => State::Standing,
            (Hold::None, Wanted::Post(form), Stands::Copy(Some(stands))) if form == stands => State::Standing,
            (_, Wanted::Nothing, Stands::Copy(_)) => State::Due,
            (_, Wanted::Nothing, Stands::Unknown) => State::Uncertain,
            (Hold::Parked(_), _, _) => State::Parked,
            (Hold::Removed, _, _) => State::Removed,
            (Hold::Waiting(Waiting::Firewall), _, _) => State::Held,
            (Hold::Waiting(Waiting::Rejected), _, _) => State::Rejected,
            (Hold::Waiting(Waiting::Approval | Waiting::Embargo), _, _) => State::Waiting,
            (Hold::None, Wanted::Post(_), Stands::Unknown) if self.doubted => State::Uncertain,
            (Hold::None, Wanted::Post(_), _) => State::Due,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Standing,
    Due,
    Uncertain,
    Waiting,
    /// The content firewall holds the text.
    Held,
    Parked,
    Removed,
    Detached,
    /// A person refused the text; nothing is left to do.
    Rejected,
}

impl State {
    /// Nothing is left to do, neither for us nor for a person.
    #[must_use]
    pub fn is_settled(self) -> bool {
        match self {
            Self::Standing | Self::Rejected => true,
            Self::Due
            | Self::Uncertain
            | Self::Waiting
            | Self::Held
            | Self::Parked
            | Self::Removed
            | Self::Detached => false,
        }
    }
}

/// The cold row: what we know of the copy itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub id: RemoteId,
    pub version: Option<String>,
    pub url: Option<String>,
    /// A write that the portal has accepted and not finished.
    pub ticket: Option<Ticket>,
    /// The form that was last read back after our own write, and its print.
    pub form: Option<Form>,
    pub print: Option<Print>,
    /// We asked the portal to hide it and have not asked to show it since.
    /// A hidden copy without this was taken down by the portal's editors.
    pub withdrawn: bool,
    /// A look-up found more than one copy under the key.
    pub several: bool,
    /// When our last write to it ended.
    pub written_at: Moment,
    /// When to look once more after a create that followed an unknown outcome.
    pub verify_at: Moment,
}

/// One short hash per field read back: title, summary, body, categories, date, picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print(pub [u8; 24]);

/// An object on the portal, as far as the state machine cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub id: RemoteId,
    pub version: Option<String>,
    pub url: Option<String>,
    pub status: RemoteStatus,
    pub print: Print,
}

/// The picture of the wanted revision on the portal's installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// None is wanted, it stands there, or it was given up.
    Settled,
    Missing,
    /// An upload of it had an unknown outcome; nothing is sent before this.
    Quiet(Moment),
}

/// What to do next; each but the first three is one call to an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing, for good.
    Rest,
    /// Nothing until a person or the configuration changes something.
    Held,
    Wait(Moment),
    Confirm(Ticket),
    Find,
    Withdraw(RemoteId),
    Upload,
    Create(Form),
    Update(RemoteId, Form),
}

impl Step {
    /// Steps that bring the wanted text, or its picture, to the portal.
    #[must_use]
    pub fn shows_text(&self) -> bool {
        match self {
            Self::Upload | Self::Create(_) | Self::Update(..) => true,
            Self::Rest | Self::Held | Self::Wait(_) | Self::Confirm(_) | Self::Find | Self::Withdraw(_) => false,
        }
    }

    /// Steps that write have an attempt, durable before the call.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Withdraw(_) | Self::Upload | Self::Create(_) | Self::Update(..) => true,
            Self::Rest | Self::Held | Self::Wait(_) | Self::Confirm(_) | Self::Find => false,
        }
    }
}

/// What the portal can do, as far as the state machine cares, and how long doubt lasts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub key: KeySupport,
    pub absence_reads: u8,
    /// `settles_within` + `find_lag`.
    pub grace: Duration,
    /// Rules ask for drafts: a hidden copy is as wanted.
    pub hidden_is_wanted: bool,
}

impl Terms {
    #[must_use]
    pub fn new(capabilities: &Capabilities, settles_within: Duration, hidden_is_wanted: bool) -> Self {
        Self {
            key: capabilities.key,
            absence_reads: capabilities.absence_reads.max(1),
            grace: settles_within.max(capabilities.settles_within) + capabilities.find_lag,
            hidden_is_wanted,
        }
    }
}

/// A create that followed an unknown outcome is looked at again after this.
pub const VERIFY_AFTER: Duration = Duration::from_secs(60 * 60);
/// A portal that works on a write is asked no more often than this, and no less.
const CONFIRM_MIN: Duration = Duration::from_secs(1);
const CONFIRM_MAX: Duration = Duration::from_secs(60 * 60);
/// A refused withdrawal is tried again at least this often: it is never given up.
const WITHDRAWAL_CAP: Duration = Duration::from_secs(60 * 60);

/// Between two withdrawals of copies under one key, because the search may lag.
const NEXT_OF_SEVERAL: Duration = Duration::from_secs(5);

/// What to do next. The first that applies, in the order of `ARCHITECTURE.md`.
#[must_use]
pub fn step(delivery: &Delivery, copy: Option<&Copy>, picture: Picture, terms: &Terms, now: Moment) -> Step {
    if held(delivery) {
        return Step::Held;
    }
    if now < delivery.not_before {
        return Step::Wait(delivery.not_before);
    }
    if let Some(ticket) = copy.and_then(|copy| copy.ticket.clone()) {
        return Step::Confirm(ticket);
    }
    match (delivery.stands, delivery.wanted, copy) {
        (Stands::Unknown, Wanted::Nothing, None) if terms.key == KeySupport::None && delivery.doubted => Step::Rest,
        (Stands::Unknown, Wanted::Post(form), _) if needs_no_look_up(delivery, terms) => {
            write(picture, Step::Create(form))
        }
        (Stands::Unknown, _, _) | (Stands::Copy(_), _, None) => Step::Find,
        (Stands::Absent | Stands::Hidden, Wanted::Nothing, _) => Step::Rest,
        (Stands::Copy(_), Wanted::Nothing, Some(copy)) => Step::Withdraw(copy.id.clone()),
        (Stands::Absent | Stands::Hidden | Stands::Copy(_), Wanted::Post(_), _) if now < delivery.quiet_until => {
            Step::Wait(delivery.quiet_until)
        }
        (Stands::Absent, Wanted::Post(form), _) => write(picture, Step::Create(form)),
        (Stands::Copy(Some(stands)), Wanted::Post(form), Some(copy)) if stands == form => verify(copy, now),
        (Stands::Hidden, Wanted::Post(_), None) => Step::Find,
        (Stands::Hidden | Stands::Copy(_), Wanted::Post(form), Some(copy)) => {
            write(picture, Step::Update(copy.id.clone(), form))
        }
    }
}

/// Nothing was ever sent and the portal refuses a second copy, or nothing was
/// ever sent and nothing could be recognised anyway.
fn needs_no_look_up(delivery: &Delivery, terms: &Terms) -> bool {
    match terms.key {
        KeySupport::Enforced | KeySupport::None => !delivery.sent,
        KeySupport::Searchable => mutant::skips_look_up(),
    }
}

fn held(delivery: &Delivery) -> bool {
    match (delivery.hold, delivery.wanted) {
        (Hold::Detached, _) => true,
        (Hold::None, _) | (_, Wanted::Nothing) => false,
        (Hold::Parked(_) | Hold::Waiting(_) | Hold::Removed, Wanted::Post(_)) => true,
    }
}

/// The next missing piece before the post itself.
fn write(picture: Picture, post: Step) -> Step {
    match picture {
        Picture::Missing => Step::Upload,
        Picture::Quiet(until) => Step::Wait(until),
        Picture::Settled => post,
    }
}

fn verify(copy: &Copy, now: Moment) -> Step {
    if copy.verify_at == Moment::NEVER {
        Step::Rest
    } else if now < copy.verify_at {
        Step::Wait(copy.verify_at)
    } else {
        Step::Find
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Found(Vec<Found>),
    /// The stored form after a write of `Form`.
    Written(Form, Found),
    Pending(Ticket, Duration),
    /// What is left after a withdrawal.
    Withdrawn(Option<Found>),
    /// The picture stands there, or was given up; the media rows say which.
    Uploaded,
    /// The read before a write showed nothing, or an object that is not ours: nothing was written.
    NotOurs,
    Failed(Failure),
}

/// A failed call, as far as the state machine cares. After blame: the scope is whose failure it really was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    pub kind: ErrorKind,
    pub retry: Retry,
    pub scope: Scope,
}

/// An outcome with its circumstances.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    pub outcome: Outcome,
    /// When the call began: absence is believed as of then.
    pub began: Moment,
    /// Uniform in 0..1, for the jitter of the schedule.
    pub draw: f64,
}

/// What an outcome changes, on the row as it is now.
pub fn settle(delivery: &mut Delivery, copy: &mut Option<Copy>, done: &Settlement, terms: &Terms, now: Moment) {
    match &done.outcome {
        Outcome::Found(hits) => found(delivery, copy, hits, terms, done.began),
        Outcome::Written(form, read_back) => written(delivery, copy, *form, read_back, terms, now),
        Outcome::Pending(ticket, again) => {
            pending(delivery, copy, ticket, now.after((*again).clamp(CONFIRM_MIN, CONFIRM_MAX)))
        }
        Outcome::Withdrawn(Some(left)) if left.status.reaches_citizens() => {
            // The portal said yes and did nothing.
            let failure = Failure { kind: ErrorKind::Protocol, retry: Retry::Never, scope: Scope::Post };
            failed(delivery, failure, done.draw, terms, now);
        }
        Outcome::Withdrawn(left) => withdrawn(delivery, copy, left.as_ref(), (done.began, now)),
        Outcome::Uploaded => delivery.tries = 0,
        Outcome::NotOurs if terms.key == KeySupport::None => gone(delivery, copy, done.began),
        Outcome::NotOurs => not_ours(delivery, done.draw, now),
        Outcome::Failed(failure) => failed(delivery, *failure, done.draw, terms, now),
    }
    // A moment that has passed says nothing; zero is the smallest number to store.
    if delivery.not_before <= now {
        delivery.not_before = Moment::NEVER;
    }
    if delivery.quiet_until <= now {
        delivery.quiet_until = Moment::NEVER;
    }
}

/// What the intent of a writing step changes, durable before its request goes out.
pub fn intend(delivery: &mut Delivery, copy: &mut Option<Copy>, step: &Step) {
    match step {
        Step::Create(_) | Step::Update(..) => delivery.sent = true,
        Step::Withdraw(_) => {
            if let Some(copy) = copy {
                copy.withdrawn = true;
            }
        }
        Step::Rest | Step::Held | Step::Wait(_) | Step::Confirm(_) | Step::Find | Step::Upload => {}
    }
}

/// What an attempt without an end means: the process died, and the portal may
/// have acted or may still act until `quiet_until`. It counts as a try.
pub fn interrupted(delivery: &mut Delivery, quiet_until: Moment) {
    delivery.doubt(quiet_until);
    delivery.doubted = true;
    delivery.tries += 1;
    if delivery.tries >= retry::TRIES_MAX && delivery.wanted != Wanted::Nothing {
        delivery.hold = Hold::Parked(ErrorKind::Timeout);
    }
}

fn found(delivery: &mut Delivery, copy: &mut Option<Copy>, hits: &[Found], terms: &Terms, began: Moment) {
    match hits {
        [] => absent(delivery, copy, terms, began),
        [hit] => present(delivery, copy, hit, terms, began),
        [first, ..] => {
            let sure_from = sure_from(delivery, copy.as_ref(), terms);
            several(delivery, copy, hits, first);
            if delivery.stands == Stands::Hidden && began < sure_from {
                delivery.stands = Stands::Unknown;
                delivery.not_before = sure_from;
            }
        }
    }
}

fn absent(delivery: &mut Delivery, copy: &mut Option<Copy>, terms: &Terms, began: Moment) {
    if terms.key == KeySupport::None {
        return unseen(delivery, copy.as_ref());
    }
    let sure_from = sure_from(delivery, copy.as_ref(), terms);
    if began < sure_from && !mutant::skips_grace() {
        delivery.stands = Stands::Unknown;
        delivery.not_before = sure_from;
        return;
    }
    delivery.absences = delivery.absences.saturating_add(1);
    if delivery.absences < terms.absence_reads {
        delivery.stands = Stands::Unknown;
        return;
    }
    gone(delivery, copy, began);
}

/// Nothing stands there. Within the grace it is asked once more.
fn gone(delivery: &mut Delivery, copy: &mut Option<Copy>, began: Moment) {
    if began < delivery.quiet_until && !mutant::skips_grace() {
        delivery.stands = Stands::Unknown;
        delivery.not_before = delivery.quiet_until;
        return;
    }
    delivery.stands = Stands::Absent;
    delivery.quiet_until = Moment::NEVER;
    let stood = copy.take().is_some_and(|copy| !copy.withdrawn);
    if stood && delivery.wanted != Wanted::Nothing {
        delivery.hold = Hold::Removed;
    }
}

/// From when on a look-up is believed that shows no public copy: a search may
/// not yet see what our own last write left.
fn sure_from(delivery: &Delivery, copy: Option<&Copy>, terms: &Terms) -> Moment {
    let written_at = copy.map_or(Moment::NEVER, |copy| copy.written_at);
    let seen_from = if written_at == Moment::NEVER { Moment::NEVER } else { written_at.after(terms.grace) };
    delivery.quiet_until.max(seen_from)
}

/// Where nothing can be recognised, a look-up says nothing. A copy whose id
/// we know is written again there; a lost create is a person's to judge.
fn unseen(delivery: &mut Delivery, copy: Option<&Copy>) {
    delivery.stands = match copy {
        Some(_) => Stands::Copy(None),
        None if delivery.doubted => Stands::Unknown,
        None => Stands::Absent,
    };
    if delivery.stands == Stands::Unknown && delivery.wanted != Wanted::Nothing {
        delivery.hold = Hold::Parked(ErrorKind::Timeout);
    }
}

fn present(delivery: &mut Delivery, copy: &mut Option<Copy>, hit: &Found, terms: &Terms, began: Moment) {
    let sure_from = sure_from(delivery, copy.as_ref(), terms);
    let known = copy.take();
    let quiet = began < delivery.quiet_until;
    let visible = hit.status.reaches_citizens();
    let hidden_as_wanted = terms.hidden_is_wanted && hit.status != RemoteStatus::Trashed;
    let withdrawn = known.as_ref().is_some_and(|copy| copy.withdrawn);
    let as_written = known.as_ref().is_some_and(|copy| copy.print == Some(hit.print) && copy.id == hit.id);
    let form = known.as_ref().and_then(|copy| copy.form).filter(|_| as_written && !quiet);
    delivery.absences = 0;
    delivery.stands = if visible || (hidden_as_wanted && !withdrawn) { Stands::Copy(form) } else { Stands::Hidden };
    let unsure = delivery.stands == Stands::Hidden && began < sure_from;
    if delivery.stands == Stands::Hidden && !withdrawn && !unsure && delivery.wanted != Wanted::Nothing {
        delivery.hold = Hold::Removed;
    }
    if visible && delivery.hold == Hold::Removed {
        // The editors put it back.
        delivery.hold = Hold::None;
    }
    delivery.sent = true;
    if !quiet {
        delivery.quiet_until = Moment::NEVER;
        delivery.doubted = false;
    }
    if unsure {
        // A late request may still bring it back to the citizens: look once more.
        delivery.stands = Stands::Unknown;
        delivery.not_before = sure_from;
    }
    *copy = Some(Copy {
        id: hit.id.clone(),
        version: hit.version.clone(),
        url: hit.url.clone(),
        ticket: None,
        form: known.as_ref().and_then(|copy| copy.form),
        print: known.as_ref().and_then(|copy| copy.print),
        // Within the grace a withdrawal of ours may still take effect.
        withdrawn: withdrawn && (quiet || !visible),
        several: false,
        written_at: known.as_ref().map_or(Moment::NEVER, |copy| copy.written_at),
        verify_at: Moment::NEVER,
    });
}

/// Several objects under one key. A person must say which stays; a withdrawal
/// takes one after the other and looks again after each.
fn several(delivery: &mut Delivery, copy: &mut Option<Copy>, hits: &[Found], first: &Found) {
    let known = copy.take();
    // A search that lags still shows the one that was just taken away: take the next.
    let last = known.as_ref().and_then(|copy| hits.iter().position(|hit| hit.id == copy.id));
    let from = last.map_or(0, |last| last + 1);
    let public = hits.iter().cycle().skip(from).take(hits.len()).find(|hit| hit.status.reaches_citizens());
    let hit = public.unwrap_or(first);
    *copy = Some(Copy {
        id: hit.id.clone(),
        version: hit.version.clone(),
        url: hit.url.clone(),
        ticket: None,
        form: None,
        print: None,
        withdrawn: false,
        several: true,
        written_at: known.map_or(Moment::NEVER, |copy| copy.written_at),
        verify_at: Moment::NEVER,
    });
    delivery.absences = 0;
    delivery.sent = true;
    delivery.stands = if public.is_some() { Stands::Copy(None) } else { Stands::Hidden };
    if delivery.wanted != Wanted::Nothing {
        delivery.hold = Hold::Parked(ErrorKind::Conflict);
    }
}

fn written(
    delivery: &mut Delivery,
    copy: &mut Option<Copy>,
    form: Form,
    read_back: &Found,
    terms: &Terms,
    now: Moment,
) {
    let visible = read_back.status.reaches_citizens();
    if terms.key == KeySupport::None {
        delivery.doubted = false;
    }
    delivery.sent = true;
    delivery.tries = 0;
    delivery.absences = 0;
    delivery.quiet_until = Moment::NEVER;
    if visible || terms.hidden_is_wanted {
        delivery.stands = Stands::Copy(Some(form));
    } else {
        // The portal keeps it from citizens although we asked to publish: the account may not.
        delivery.stands = Stands::Hidden;
        delivery.hold = Hold::Parked(ErrorKind::Forbidden);
    }
    let known = copy.as_ref().map_or(Moment::NEVER, |copy| copy.verify_at);
    // What was found within the grace need not be the only one.
    let verify_at = if delivery.doubted { now.after(VERIFY_AFTER) } else { known };
    *copy = Some(Copy {
        id: read_back.id.clone(),
        version: read_back.version.clone(),
        url: read_back.url.clone(),
        ticket: None,
        form: Some(form),
        print: Some(read_back.print),
        withdrawn: false,
        several: false,
        written_at: now,
        verify_at,
    });
}

fn pending(delivery: &mut Delivery, copy: &mut Option<Copy>, ticket: &Ticket, again: Moment) {
    delivery.sent = true;
    delivery.not_before = again;
    let known = copy.take();
    *copy = Some(Copy {
        ticket: Some(ticket.clone()),
        ..known.unwrap_or_else(|| Copy {
            id: RemoteId(String::new()),
            version: None,
            url: None,
            ticket: None,
            form: None,
            print: None,
            withdrawn: false,
            several: false,
            written_at: Moment::NEVER,
            verify_at: Moment::NEVER,
        })
    });
}

/// `call`: when it began and ended. A late write may have landed behind one that began within the grace.
fn withdrawn(delivery: &mut Delivery, copy: &mut Option<Copy>, left: Option<&Found>, call: (Moment, Moment)) {
    let (began, now) = call;
    let look_again = began < delivery.quiet_until || copy.as_ref().is_some_and(|copy| copy.several);
    delivery.tries = 0;
    delivery.absences = 0;
    delivery.stands = match left {
        _ if look_again => Stands::Unknown,
        None => Stands::Absent,
        Some(_) => Stands::Hidden,
    };
    if look_again {
        let next = if copy.as_ref().is_some_and(|copy| copy.several) { now.after(NEXT_OF_SEVERAL) } else { began };
        delivery.not_before = delivery.quiet_until.max(next);
    }
    match left {
        None => *copy = None,
        Some(left) => {
            if let Some(copy) = copy {
                copy.withdrawn = true;
                copy.version.clone_from(&left.version);
                copy.written_at = now;
                copy.form = None;
                copy.print = None;
            }
        }
    }
}

/// What stands at the address is not ours, or nothing: what we believed is in
/// doubt. A search that goes on showing it is asked ever more rarely.
fn not_ours(delivery: &mut Delivery, draw: f64, now: Moment) {
    delivery.doubt(Moment::NEVER);
    delivery.tries += 1;
    if delivery.tries == 1 {
        return;
    }
    let wait = retry::delivery(delivery.tries, None, draw);
    if delivery.wanted == Wanted::Nothing {
        delivery.not_before = now.after(wait.min(WITHDRAWAL_CAP));
    } else if delivery.tries >= retry::TRIES_MAX {
        delivery.hold = Hold::Parked(ErrorKind::Conflict);
    } else {
        delivery.not_before = now.after(wait);
    }
}

fn failed(delivery: &mut Delivery, failure: Failure, draw: f64, terms: &Terms, now: Moment) {
    if failure.retry == Retry::FindFirst {
        delivery.doubt(now.after(terms.grace));
        delivery.doubted = true;
    }
    match failure.scope {
        Scope::Post => failed_post(delivery, failure, draw, terms, now),
        // The lane or the gate pauses; the post is not to blame and burns no try.
        Scope::Portal | Scope::Installation => {}
    }
}

fn failed_post(delivery: &mut Delivery, failure: Failure, draw: f64, terms: &Terms, now: Moment) {
    delivery.tries += 1;
    let after = match failure.retry {
        Retry::Later { after } => after,
        Retry::Never | Retry::FindFirst => None,
    };
    let wait = retry::delivery(delivery.tries, after, draw);
    if delivery.wanted == Wanted::Nothing {
        delivery.not_before = now.after(wait.min(WITHDRAWAL_CAP));
        return;
    }
    let used_up = delivery.tries >= retry::TRIES_MAX;
    match failure.retry {
        Retry::Never => delivery.hold = Hold::Parked(failure.kind),
        Retry::FindFirst if terms.key == KeySupport::None => delivery.hold = Hold::Parked(failure.kind),
        Retry::Later { .. } | Retry::FindFirst if used_up => delivery.hold = Hold::Parked(failure.kind),
        Retry::Later { .. } => delivery.not_before = now.after(wait),
        // The look-up may come at once; nothing is written before grace and back-off have passed.
        Retry::FindFirst => delivery.quiet_until = delivery.quiet_until.max(now.after(wait)),
    }
}

/// Switches that break one guarantee each. A product build has none of them.
pub mod mutant {
    #[cfg(feature = "mutants")]
    fn is(name: &str) -> bool {
        use std::sync::OnceLock;
        static CHOSEN: OnceLock<String> = OnceLock::new();
        CHOSEN.get_or_init(|| std::env::var("DONGBO_MUTANT").unwrap_or_default()) == name
    }

    #[cfg(not(feature = "mutants"))]
    fn is(_name: &str) -> bool {
        false
    }

    /// No attempt is written before a request leaves.
    #[must_use]
    pub fn skips_intent() -> bool {
        is("intent")
    }

    /// A create goes out without a look-up.
    #[must_use]
    pub fn skips_look_up() -> bool {
        is("look-up")
    }

    /// Absence is believed at once.
    #[must_use]
    pub fn skips_grace() -> bool {
        is("grace")
    }

    /// A newer revision starts without the doubts of the older one.
    #[must_use]
    pub fn doubts_per_revision() -> bool {
        is("doubt")
    }
}
