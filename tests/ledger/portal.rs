//! A simulated portal: the objects under one key, what a late search shows,
//! and writes that take effect after their caller has gone.

use dongbo::delivery::{Form, Found, Moment, Print};
use dongbo_sdk::{KeySupport, RemoteId, RemoteStatus};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object {
    pub(crate) id: u32,
    pub(crate) status: RemoteStatus,
    pub(crate) form: Form,
    /// The portal's editors made it, not we.
    pub(crate) foreign: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Create(Form),
    Update(u32, Form),
    Hide(u32),
    Delete(u32),
}

/// A write that nobody waits for any more.
#[derive(Debug, Clone)]
struct Late {
    effect: Effect,
    at: Moment,
}

#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) key: KeySupport,
    pub(crate) objects: Vec<Object>,
    /// What stood since when, for the search index that lags behind.
    past: Vec<(Moment, Vec<Object>)>,
    late: Vec<Late>,
    /// Until then a write that was given up may still take effect.
    pub(crate) danger_until: Moment,
    next: u32,
}

impl Portal {
    pub(crate) fn new(key: KeySupport) -> Self {
        let past = vec![(Moment::NEVER, Vec::new())];
        Self { key, objects: Vec::new(), past, late: Vec::new(), danger_until: Moment::NEVER, next: 1 }
    }

    /// Lets time pass: late writes take effect in their turn.
    pub(crate) fn pass(&mut self, now: Moment) {
        self.late.sort_by_key(|late| late.at);
        while self.late.first().is_some_and(|late| late.at <= now) {
            let late = self.late.remove(0);
            self.apply(&late.effect, late.at);
        }
    }

    pub(crate) fn later(&mut self, effect: Effect, at: Moment) {
        self.late.push(Late { effect, at });
    }

    /// The object that a write left; `None` for one that the portal refuses as a second copy.
    pub(crate) fn apply(&mut self, effect: &Effect, now: Moment) -> Option<Object> {
        let left = match *effect {
            Effect::Create(_) if self.key == KeySupport::Enforced && !self.objects.is_empty() => None,
            Effect::Create(form) => {
                let object = Object { id: self.next, status: RemoteStatus::Public, form, foreign: false };
                self.next += 1;
                self.objects.push(object.clone());
                Some(object)
            }
            Effect::Update(id, form) => self.change(id, |object| {
                object.form = form;
                object.status = RemoteStatus::Public;
            }),
            Effect::Hide(id) => self.change(id, |object| object.status = RemoteStatus::Hidden),
            Effect::Delete(id) => {
                self.objects.retain(|object| object.id != id);
                None
            }
        };
        self.remember(now);
        left
    }

    fn change(&mut self, id: u32, change: impl FnOnce(&mut Object)) -> Option<Object> {
        let object = self.objects.iter_mut().find(|object| object.id == id)?;
        change(object);
        Some(object.clone())
    }

    /// An editor adds an object under our key.
    pub(crate) fn add_foreign(&mut self, form: Form, now: Moment) {
        let id = self.next;
        self.next += 1;
        self.objects.push(Object { id, status: RemoteStatus::Public, form, foreign: true });
        self.remember(now);
    }

    pub(crate) fn remember(&mut self, now: Moment) {
        self.past.push((now, self.objects.clone()));
    }

    pub(crate) fn read(&self, id: &RemoteId) -> Option<&Object> {
        self.objects.iter().find(|object| object.id.to_string() == id.0)
    }

    /// What a search shows that sees the portal as it stood `lag` ms ago.
    pub(crate) fn find(&self, now: Moment, lag: i64) -> Vec<Found> {
        if self.key == KeySupport::None {
            return Vec::new();
        }
        let seen = now.0 - lag;
        let (_, objects) = self.past.iter().rev().find(|(at, _)| at.0 <= seen).unwrap_or(&self.past[0]);
        objects.iter().map(found).collect()
    }

    pub(crate) fn public(&self) -> Vec<&Object> {
        self.objects.iter().filter(|object| object.status.reaches_citizens()).collect()
    }
}

pub(crate) fn found(object: &Object) -> Found {
    let mut print = [0; 24];
    print[..8].copy_from_slice(&object.form.revision.0.to_le_bytes());
    print[8..16].copy_from_slice(&object.form.shape.0.to_le_bytes());
    Found { id: RemoteId(object.id.to_string()), version: None, url: None, status: object.status, print: Print(print) }
}
