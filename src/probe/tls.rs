//! What a failed handshake says of a site's TLS. Certificates are always
//! verified; nothing here, or anywhere, looks past a failure.

use std::error::Error;
use std::io::ErrorKind;

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use serde::Serialize;

use crate::source::ReadError;
use crate::source::fetch::cause;

/// The state of a site's TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Verified by this machine's authorities.
    Ok,
    /// No known authority: a certificate between is missing, or nobody known signed it.
    Chain,
    Expired,
    /// The certificate is another name's.
    Name,
    /// The server speaks nothing newer than TLS 1.1, or no cipher that is still safe.
    Old,
    /// The handshake failed in another way.
    Failed,
    /// Only plain http.
    None,
    /// Not found out.
    Unknown,
}

/// What an unanswered request over https says, where it failed by TLS.
#[must_use]
pub fn of(error: &ReadError) -> Option<Tls> {
    match error {
        ReadError::Tls(source) => Some(cause::<TlsError>(source.as_ref()).map_or(Tls::Failed, judge)),
        // Servers of the time of TLS 1.0 hang up on a greeting that they do not understand.
        ReadError::Unreachable(source) => hung_up(source.as_ref()).then_some(Tls::Failed),
        _ => None,
    }
}

fn judge(error: &TlsError) -> Tls {
    match error {
        TlsError::InvalidCertificate(error) => certificate(error),
        // Something else than TLS was said: a plain http server on that port.
        TlsError::InvalidMessage(_) => Tls::None,
        TlsError::PeerIncompatible(_) => Tls::Old,
        TlsError::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => Tls::Old,
        _ => Tls::Failed,
    }
}

fn certificate(error: &CertificateError) -> Tls {
    match error {
        CertificateError::UnknownIssuer => Tls::Chain,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Tls::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Tls::Name,
        _ => Tls::Failed,
    }
}

/// Whether the connection stood and ended before the handshake did.
fn hung_up(error: &(dyn Error + 'static)) -> bool {
    has(error, &[ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof])
}

/// Whether nobody listens there.
#[must_use]
pub fn nobody_listens(error: &ReadError) -> bool {
    let ReadError::Unreachable(source) = error else { return false };
    has(source.as_ref(), &[ErrorKind::ConnectionRefused])
}

/// Whether an I/O error of such a kind is anywhere in the chain; one may wrap another.
fn has(error: &(dyn Error + 'static), kinds: &[ErrorKind]) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    if io.is_some_and(|io| kinds.contains(&io.kind())) {
        return true;
    }
    match io.and_then(std::io::Error::get_ref) {
        Some(inner) => has(inner, kinds),
        None => error.source().is_some_and(|source| has(source, kinds)),
    }
}
