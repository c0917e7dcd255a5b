//! What a failure means: could the portal have acted?
//!
//! The rows about a status strike the first request of a create that the
//! portal may act on.

use std::time::Duration;

use super::case::{Case, Need, Outcome, ensure};
use super::world::{World, at, strongest};
use crate::capability::KeySupport;
use crate::error::{Error, ErrorKind, Result, Retry, Scope};
use crate::fault::{Fault, ScriptedAnswer};
use crate::http::Effect;

pub(super) const CASES: &[Case] = &[
    Case { name: "the fault table holds", needs: &[Need::Faults, Need::Http], run: |world| Box::pin(table(world)) },
    Case {
        name: "a refused connection leaves no doubt",
        needs: &[Need::Faults],
        run: |world| Box::pin(refused(world)),
    },
    Case { name: "a lost answer leaves doubt", needs: &[Need::Faults], run: |world| Box::pin(lost(world)) },
    Case { name: "a stalled write leaves doubt", needs: &[Need::Faults], run: |world| Box::pin(stalled(world)) },
    Case {
        name: "a server error after a write leaves doubt",
        needs: &[Need::Faults, Need::Http],
        run: |world| Box::pin(server_error(world)),
    },
    Case {
        name: "a web page is not taken for success",
        needs: &[Need::Faults, Need::Http],
        run: |world| Box::pin(web_page(world)),
    },
    Case {
        name: "a failed look-up is not absence",
        needs: &[Need::Key, Need::Faults],
        run: |world| Box::pin(look_up_fails(world)),
    },
];

/// One row of the fault table: how a create ends when its write is answered like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRow {
    /// Which answer: one of [`FaultRow::usual`].
    pub name: &'static str,
    pub kind: ErrorKind,
    pub retry: Retry,
    pub scope: Scope,
}

impl FaultRow {
    /// The table that holds where the harness names no other row: status,
    /// with `page` where the body is a web page.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let later = |seconds| Retry::Later { after: Some(Duration::from_secs(seconds)) };
        let row = |name, kind, retry, scope| Self { name, kind, retry, scope };
        vec![
            row("401", ErrorKind::Unauthenticated, Retry::Never, Scope::Portal),
            row("403", ErrorKind::Forbidden, Retry::Never, Scope::Post),
            row("403 page", ErrorKind::Blocked, Retry::Never, Scope::Post),
            row("404", ErrorKind::NotFound, Retry::FindFirst, Scope::Post),
            row("413", ErrorKind::TooLarge, Retry::Never, Scope::Post),
            row("429 after 7 s", ErrorKind::RateLimited, later(7), Scope::Installation),
            row("503 after 600 s", ErrorKind::Unavailable, later(600), Scope::Installation),
            row("500", ErrorKind::Unavailable, Retry::FindFirst, Scope::Installation),
            row("502 page", ErrorKind::Unavailable, Retry::FindFirst, Scope::Installation),
            row("200 page", ErrorKind::Protocol, Retry::FindFirst, Scope::Portal),
        ]
    }
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Đăng nhập</title></head><body>…</body></html>";

/// `503 after 600 s`, `403 page`, `401`: as an answer.
fn answer(name: &str) -> ScriptedAnswer {
    let mut parts = name.split(' ');
    let status = parts.next().and_then(|status| status.parse().ok()).unwrap_or(500);
    let (second, third) = (parts.next(), parts.next());
    let page = second == Some("page");
    let (kind, body) = if page { ("text/html; charset=UTF-8", PAGE) } else { ("application/json", "{}") };
    let mut headers = vec![("content-type", kind.to_owned())];
    if let (Some("after"), Some(seconds)) = (second, third) {
        headers.push(("retry-after", seconds.to_owned()));
    }
    ScriptedAnswer { status, headers, body: body.to_owned() }
}

async fn table(world: &World<'_>) -> Outcome {
    let special = world.harness.fault_rows();
    let usual = FaultRow::usual();
    let unknown = special.iter().find(|row| usual.iter().all(|usual| usual.name != row.name));
    ensure!(unknown.is_none(), "the harness names a row that the table does not have: {unknown:?}");
    let mut wrong = Vec::new();
    for row in usual {
        let row = special.iter().find(|special| special.name == row.name).copied().unwrap_or(row);
        let post = world.post(&format!("loi-{}", row.name.replace(' ', "-")));
        let fault = Fault::Answer(answer(row.name));
        let ended = struck(world, &fault, world.adapter().create(&world.call(), &post)).await?;
        match ended {
            Ok(()) => wrong.push(format!("{}: taken for success", row.name)),
            Err(error) if told(&error) == (row.kind, row.retry, row.scope) => {}
            Err(error) => wrong.push(format!("{}: {:?}, not {row:?}: {error}", row.name, told(&error))),
        }
        if world.capabilities.key != KeySupport::None {
            world.none(&post).await?;
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

fn told(error: &Error) -> (ErrorKind, Retry, Scope) {
    (error.kind, error.retry, error.scope)
}

async fn refused(world: &World<'_>) -> Outcome {
    for (verb, ended) in each_write(world, &Fault::Refused, "tu-choi").await? {
        let Err(error) = ended else {
            ensure!(false, "{verb} succeeds though nothing was sent");
            continue;
        };
        let later = matches!(error.retry, Retry::Later { .. });
        ensure!(later, "{verb}: nothing was sent, but the error says {:?}: {error}", error.retry);
    }
    Ok(())
}

async fn lost(world: &World<'_>) -> Outcome {
    doubtful(each_write(world, &Fault::AnswerLost, "mat").await?)
}

async fn stalled(world: &World<'_>) -> Outcome {
    doubtful(each_write(world, &Fault::Stalled, "treo").await?)
}

async fn server_error(world: &World<'_>) -> Outcome {
    doubtful(each_write(world, &Fault::AnswerReplaced(answer("500")), "500").await?)?;
    doubtful(each_write(world, &Fault::AnswerReplaced(answer("502 page")), "502").await?)?;
    doubtful(each_write(world, &Fault::AnswerReplaced(answer("504 page")), "504").await?)
}

async fn web_page(world: &World<'_>) -> Outcome {
    doubtful(each_write(world, &Fault::AnswerReplaced(answer("200 page")), "trang").await?)
}

fn doubtful(ended: Vec<(&'static str, Result<()>)>) -> Outcome {
    for (verb, ended) in ended {
        let Err(error) = ended else {
            ensure!(false, "{verb} succeeds though no answer came");
            continue;
        };
        ensure!(
            error.leaves_doubt(),
            "{verb}: the portal may have acted, but the error says {:?}: {error}",
            error.retry
        );
    }
    Ok(())
}

/// Lets the fault strike the first write of each verb that writes.
async fn each_write(world: &World<'_>, fault: &Fault, name: &str) -> Outcome<Vec<(&'static str, Result<()>)>> {
    let adapter = world.adapter();
    let post = world.post(&format!("{name}-create"));
    let mut ended = vec![("create", struck(world, fault, adapter.create(&world.call(), &post)).await?)];

    let post = world.post(&format!("{name}-update"));
    let copy = world.create(&post).await?;
    let (call, address) = (world.call(), at(&copy, &post.key));
    ended.push(("update", struck(world, fault, adapter.update(&call, &address, &post)).await?));

    if let Some(how) = strongest(&world.capabilities.removals) {
        let post = world.post(&format!("{name}-withdraw"));
        let copy = world.create(&post).await?;
        let (call, address) = (world.call(), at(&copy, &post.key));
        ended.push(("withdraw", struck(world, fault, adapter.withdraw(&call, &address, how)).await?));
    }
    if world.capabilities.media {
        let (call, picture) = (world.call(), world.picture(name));
        ended.push(("upload", struck(world, fault, adapter.upload(&call, &picture)).await?));
    }
    Ok(ended)
}

/// Runs the call with the fault on its first write, which must come.
async fn struck<T>(world: &World<'_>, fault: &Fault, call: impl Future<Output = Result<T>>) -> Outcome<Result<()>> {
    let faults = world.faults()?;
    faults.plan_write(fault.clone());
    let ended = call.await;
    let wrote = faults.requests().iter().any(|(_, effect)| *effect == Effect::Writes);
    faults.clear();
    ensure!(wrote, "the call sent no request that the portal may act on: {:?}", ended.err());
    Ok(ended.map(drop))
}

/// Presence is wrong here, absence is worse: it would allow a second copy.
async fn look_up_fails(world: &World<'_>) -> Outcome {
    let post = world.post("mot");
    let copy = world.create(&post).await?;
    world.the_one(&post).await?;
    let faults = world.faults()?;
    let mut ends = vec![Fault::Refused, Fault::Stalled, Fault::AnswerLost];
    if world.harness.speaks_http() {
        ends.extend(
            ["500", "502 page", "200 page", "503 after 600 s", "401", "403 page"]
                .map(|name| Fault::Answer(answer(name))),
        );
    }
    for fault in ends {
        faults.always(fault.clone());
        let found = world.adapter().find(&world.call(), &super::world::trace(&post)).await;
        let read = world.adapter().read(&world.call(), &copy.id).await;
        faults.clear();
        ensure!(found.is_err(), "a look-up struck by {fault:?} answered {found:?}");
        ensure!(read.is_err(), "a read struck by {fault:?} answered {read:?}");
    }
    world.the_one(&post).await?;
    Ok(())
}
