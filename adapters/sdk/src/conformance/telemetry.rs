//! Telemetry tells the truth, and nothing that is secret.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

use super::case::{Case, Need, Outcome, Stop, ensure};
use super::world::{World, at, strongest};
use crate::error::Result;
use crate::fault::Fault;

pub(super) const CASES: &[Case] = &[
    Case { name: "each request has a span", needs: &[Need::Faults], run: |world| Box::pin(spans(world)) },
    Case { name: "the site saw the requests that were counted", needs: &[Need::Faults], run: |w| Box::pin(served(w)) },
    Case { name: "no secret shows", needs: &[], run: |world| Box::pin(secrets(world)) },
];

/// The span of one request.
const REQUEST_SPAN: &str = "portal request";

async fn spans(world: &World<'_>) -> Outcome {
    let faults = world.faults()?;
    faults.clear();
    let log = Log::new();
    life(world).with_subscriber(log.clone()).await?;
    let (spans, requests) = (log.spans(), faults.seen());
    ensure!(requests > 0, "the calls sent no request");
    ensure!(spans == requests, "{requests} requests have {spans} spans");
    Ok(())
}

async fn served(world: &World<'_>) -> Outcome {
    let count = || world.site.inspector.as_ref().and_then(|inspector| inspector.requests());
    let Some(before) = count() else {
        return Err(Stop::Skipped("the harness cannot count the requests that the site saw".to_owned()));
    };
    let faults = world.faults()?;
    faults.clear();
    life(world).await?;
    let (after, counted) = (count().unwrap_or(before), faults.seen());
    ensure!(after - before == counted, "{counted} requests were counted, the site saw {}", after - before);
    Ok(())
}

async fn secrets(world: &World<'_>) -> Outcome {
    if world.site.secrets.is_empty() {
        return Err(Stop::Skipped("the harness names no secret".to_owned()));
    }
    let log = Log::new();
    let failure = async {
        life(world).await?;
        let mut said = format!("{:?}{:?}", world.adapter(), world.adapter().info());
        if let Some(faults) = &world.site.faults {
            for fault in [Fault::Refused, Fault::AnswerLost, Fault::Stalled] {
                faults.always(fault);
                said.push_str(&described(world.adapter().check(&world.call()).await));
                said.push_str(&described(world.adapter().create(&world.call(), &world.post("hong")).await));
            }
            faults.clear();
        }
        Outcome::Ok(said)
    };
    let said = failure.with_subscriber(log.clone()).await?;
    let logged = log.text();
    ensure!(!logged.is_empty() || world.site.faults.is_none(), "nothing was logged");
    for secret in &world.site.secrets {
        ensure!(!logged.contains(secret.as_str()), "a secret of {} letters stands in the log", secret.len());
        ensure!(!said.contains(secret.as_str()), "a secret of {} letters stands in an error or Debug", secret.len());
    }
    Ok(())
}

/// Everything that an error may show.
fn described<T>(ended: Result<T>) -> String {
    let Err(error) = ended else { return String::new() };
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// One call of each verb that every portal has.
async fn life(world: &World<'_>) -> Outcome {
    let post = world.post("vong-doi");
    world.adapter().check(&world.call()).await?;
    let copy = world.create(&post).await?;
    let copy = world.update(&copy, &post).await?;
    if let Some(how) = strongest(&world.capabilities.removals) {
        world.adapter().withdraw(&world.call(), &at(&copy, &post.key), how).await?;
    }
    Ok(())
}

/// Keeps all that is logged, down to the finest level.
#[derive(Debug, Clone, Default)]
struct Log {
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    text: Mutex<String>,
    spans: AtomicU64,
    ids: AtomicU64,
}

impl Log {
    /// While a process has a single subscriber, `tracing` asks only the thread
    /// that meets a span first whether anybody listens, and remembers the
    /// answer for all: a case that runs beside this one, without a subscriber,
    /// would switch the span off for good. Two that stay keep it asking all.
    fn new() -> Self {
        static LISTENERS: OnceLock<[Dispatch; 2]> = OnceLock::new();
        LISTENERS.get_or_init(|| [Dispatch::new(Self::default()), Dispatch::new(Self::default())]);
        tracing::callsite::rebuild_interest_cache();
        Self::default()
    }

    fn text(&self) -> String {
        self.kept.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spans(&self) -> usize {
        usize::try_from(self.kept.spans.load(Ordering::SeqCst)).unwrap_or(usize::MAX)
    }

    fn write(&self, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(String::new());
        record(&mut fields);
        self.kept.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(&fields.0);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        if span.metadata().name() == REQUEST_SPAN {
            self.kept.spans.fetch_add(1, Ordering::SeqCst);
        }
        self.write(|fields| span.record(fields));
        Id::from_u64(self.kept.ids.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write(|fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.write(|fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
