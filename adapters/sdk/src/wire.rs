//! A transport without a network, for adapters that speak no HTTP.
//!
//! It does with scripted faults what the HTTP kit does, opens the same span
//! for each request, and has no opinion on what a request is: a future that acts.

use tracing::Instrument;

use crate::adapter::Call;
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::fault::{Fault, Faults, ScriptedAnswer};
use crate::http::{self, Effect};

/// What a request is, for its span and for the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub operation: Operation,
    pub effect: Effect,
    /// Where it goes; a folder, a table.
    pub path: &'static str,
}

/// Sends one request: `act` is what the portal does with it.
///
/// # Errors
/// What `act` answers, or what the scripted fault makes of it.
pub async fn send<T>(faults: &Faults, call: &Call, line: Line, act: impl Future<Output = Result<T>>) -> Result<T> {
    let span = tracing::debug_span!(
        "portal request",
        request = %call.request,
        operation = line.operation.name(),
        method = method(line.effect),
        path = line.path,
    );
    strike(faults, line, act).instrument(span).await
}

async fn strike<T>(faults: &Faults, line: Line, act: impl Future<Output = Result<T>>) -> Result<T> {
    let Line { operation, effect, path: _ } = line;
    match faults.next_request(operation, effect) {
        None => act.await,
        Some(Fault::Refused) => Err(http::not_sent(operation, "the connection was refused")),
        Some(Fault::Stalled) => Err(http::timed_out(operation, effect)),
        Some(Fault::CutBefore) => faults.cut().await,
        Some(Fault::Answer(answer)) => Err(misread(&answer, line)),
        Some(Fault::CutAfter) => {
            let _ = act.await;
            faults.cut().await
        }
        Some(Fault::AnswerLost) => {
            let _ = act.await;
            Err(http::transport(operation, effect, "the connection broke before the answer was read"))
        }
        Some(Fault::AnswerReplaced(answer)) => {
            let _ = act.await;
            Err(misread(&answer, line))
        }
    }
}

/// A scripted answer is never what this transport's adapters expect.
fn misread(answer: &ScriptedAnswer, line: Line) -> Error {
    let read = http::scripted(answer, line.operation, line.effect)
        .success()
        .and_then(|reply| reply.json::<serde_json::Value>());
    match read {
        Err(error) => error,
        Ok(_) => {
            let error = Error::new(ErrorKind::Protocol, line.operation, "the portal's answer cannot be read");
            http::doubt(error, line.effect)
        }
    }
}

fn method(effect: Effect) -> &'static str {
    match effect {
        Effect::Reads => "GET",
        Effect::Writes => "POST",
    }
}
