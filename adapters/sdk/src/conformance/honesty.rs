//! What the adapter says of the portal is so.

use super::case::{Case, Outcome, ensure};
use super::world::{World, at};
use crate::adapter::{Listing, Removal};
use crate::capability::PinSupport;
use crate::error::{ErrorKind, Result};
use crate::http::Effect;
use crate::post::Pin;
use crate::remote::RemoteId;

pub(super) const CASES: &[Case] = &[
    Case { name: "check tells the same twice", needs: &[], run: |world| Box::pin(check_twice(world)) },
    Case { name: "check changes nothing", needs: &[], run: |world| Box::pin(check_changes_nothing(world)) },
    Case {
        name: "what is not offered is refused as unsupported",
        needs: &[],
        run: |world| Box::pin(refuses_what_is_not_offered(world)),
    },
];

async fn check_twice(world: &World<'_>) -> Outcome {
    let first = world.adapter().check(&world.call()).await?;
    let second = world.adapter().check(&world.call()).await?;
    ensure!(first == second, "check first told {first:?}, then {second:?}");
    ensure!(!first.site.is_empty(), "check does not name the site");
    ensure!(world.adapter().info() == world.adapter().info(), "info changes");
    Ok(())
}

async fn check_changes_nothing(world: &World<'_>) -> Outcome {
    let before = world.fingerprint().await;
    if let Some(faults) = &world.site.faults {
        faults.clear();
    }
    world.adapter().check(&world.call()).await?;
    if let Some(faults) = &world.site.faults {
        let writes = faults.requests().into_iter().filter(|(_, effect)| *effect == Effect::Writes).count();
        ensure!(writes == 0, "check sent {writes} requests that the portal may act on");
    }
    ensure!(before == world.fingerprint().await, "the site differs after check");
    Ok(())
}

async fn refuses_what_is_not_offered(world: &World<'_>) -> Outcome {
    let can = &world.capabilities;
    let post = world.post("mot");
    if !can.media {
        unsupported("upload", world.adapter().upload(&world.call(), &world.picture("mot")).await)?;
    }
    if !can.list {
        unsupported("list", world.adapter().list(&world.call(), Listing::Ours, None).await)?;
    }
    let copy = world.create(&post).await?;
    if can.pin == PinSupport::None {
        unsupported("pin", world.adapter().pin(&world.call(), &at(&copy, &post.key), Pin::On { until: None }).await)?;
    }
    for how in [Removal::Hide, Removal::Trash, Removal::Delete] {
        if !can.removals.contains(&how) {
            let answer = world.adapter().withdraw(&world.call(), &at(&copy, &post.key), how).await;
            unsupported(&format!("withdraw by {how:?}"), answer)?;
        }
    }
    let nowhere = world.adapter().read(&world.call(), &RemoteId("987654321".to_owned())).await?;
    ensure!(nowhere.is_none(), "something stands where nothing was ever put: {nowhere:?}");
    Ok(())
}

fn unsupported<T>(what: &str, answer: Result<T>) -> Outcome {
    match answer {
        Err(error) if error.kind == ErrorKind::Unsupported => Ok(()),
        Err(error) => Err(super::case::Stop::Failed(format!("{what} is not offered, but ends with: {error}"))),
        Ok(_) => Err(super::case::Stop::Failed(format!("{what} is not offered, but works"))),
    }
}
