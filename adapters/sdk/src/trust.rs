//! Whose certificates are believed: those of this machine's authorities, and
//! for single hosts those that the operator names besides.
//!
//! Nothing here makes verification weaker: name, validity and signatures are
//! checked for every host alike. A certificate that signed itself counts as an
//! authority for its host alone; any other only closes a gap in the chain that
//! its host sends, and must itself lead to an authority.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::host::HostName;
use crate::http::install_crypto;

/// Certificates of one file: a root and what stands between, with room for a renewal.
pub const CERTIFICATES_MAX: usize = 16;
/// Bytes of one file; a certificate takes about 2 kB.
pub const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The certificates of one PEM file (RFC 7468 §5), the end of the chain or its middle. The default: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authority {
    /// Those that signed themselves.
    roots: Vec<CertificateDer<'static>>,
    between: Vec<CertificateDer<'static>>,
}

/// Why a file holds no authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAuthority {
    #[error("it is not PEM (-----BEGIN CERTIFICATE-----)")]
    Pem,
    #[error("it holds no certificate")]
    Empty,
    #[error("certificate {0} in it cannot be read")]
    Certificate(usize),
    #[error("it holds more than {CERTIFICATES_MAX} certificates")]
    TooMany,
    #[error("this machine's authorities cannot be read")]
    Machine,
}

impl Authority {
    /// # Errors
    /// Where the file holds no certificate, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, NoAuthority> {
        let mut authority = Self::default();
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let certificate = certificate.map_err(|_| NoAuthority::Pem)?;
            if index >= CERTIFICATES_MAX {
                return Err(NoAuthority::TooMany);
            }
            let parsed = webpki::EndEntityCert::try_from(&certificate);
            let signed_itself = parsed.map(|parsed| parsed.issuer() == parsed.subject());
            match signed_itself.map_err(|_| NoAuthority::Certificate(index + 1))? {
                true => authority.roots.push(certificate),
                false => authority.between.push(certificate),
            }
        }
        if authority == Self::default() { Err(NoAuthority::Empty) } else { Ok(authority) }
    }
}

/// What a client believes. The default: this machine's authorities.
#[derive(Clone, Default)]
pub struct Trust(Option<Arc<Own>>);

struct Own {
    hosts: Vec<(HostName, Authority)>,
    client: ClientConfig,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hosts().iter().map(|(host, _)| host.to_string())).finish()
    }
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.hosts() == other.hosts()
    }
}

impl Eq for Trust {}

impl Trust {
    /// Believes these as well, each for its host; the most exact entry counts alone.
    ///
    /// # Errors
    /// Where this machine's authorities or one of these cannot be used.
    pub fn new(hosts: Vec<(HostName, Authority)>) -> Result<Self, NoAuthority> {
        if hosts.iter().all(|(_, authority)| *authority == Authority::default()) {
            return Ok(Self::default());
        }
        install_crypto();
        let client = client(&hosts).map_err(|_| NoAuthority::Machine)?;
        Ok(Self(Some(Arc::new(Own { hosts, client }))))
    }

    fn hosts(&self) -> &[(HostName, Authority)] {
        self.0.as_ref().map(|own| own.hosts.as_slice()).unwrap_or_default()
    }

    /// Gives it to a client that is being built.
    pub fn give(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        match &self.0 {
            Some(own) => builder.tls_backend_preconfigured(own.client.clone()),
            None => builder,
        }
    }
}

fn client(hosts: &[(HostName, Authority)]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PerHost::new(hosts, &provider)?);
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    // "Dangerous" is what rustls calls any verifier that is handed in; this one only asks webpki's.
    let mut client = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(client)
}

/// Sends each host's chain to the verifier that is its own.
#[derive(Debug)]
struct PerHost {
    usual: Verifier,
    own: Vec<(HostName, OwnVerifier)>,
}

#[derive(Debug)]
struct OwnVerifier {
    verifier: Verifier,
    between: Vec<CertificateDer<'static>>,
}

impl PerHost {
    fn new(hosts: &[(HostName, Authority)], provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        let own = hosts.iter().map(|(host, Authority { roots, between })| {
            let verifier = Verifier::new_with_extra_roots(roots.iter().cloned(), Arc::clone(provider))?;
            Ok((host.clone(), OwnVerifier { verifier, between: between.clone() }))
        });
        Ok(Self { usual: Verifier::new(Arc::clone(provider))?, own: own.collect::<Result<_, Error>>()? })
    }
}

impl ServerCertVerifier for PerHost {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match HostName::most_exact(&self.own, &name.to_str()) {
            Some(own) => {
                let chain: Vec<CertificateDer<'_>> = sent.iter().chain(&own.between).cloned().collect();
                own.verifier.verify_server_cert(leaf, &chain, name, ocsp, now)
            }
            None => self.usual.verify_server_cert(leaf, sent, name, ocsp, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &[u8] = include_bytes!("../../../tests/cli/tls/root.pem");

    #[test]
    fn a_file_that_is_no_authority_says_why() {
        assert_eq!(Authority::from_pem(b""), Err(NoAuthority::Empty));
        assert_eq!(Authority::from_pem(b"\x30\x82\x01\xa0"), Err(NoAuthority::Empty));
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(Authority::from_pem(key), Err(NoAuthority::Empty));
        assert_eq!(Authority::from_pem(b"-----BEGIN CERTIFICATE-----\n!!\n"), Err(NoAuthority::Pem));
        let junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(Authority::from_pem(junk), Err(NoAuthority::Certificate(1)));
        assert_eq!(Authority::from_pem(&[ROOT, &junk[..]].concat()), Err(NoAuthority::Certificate(2)));
        assert_eq!(Authority::from_pem(&ROOT.repeat(CERTIFICATES_MAX + 1)), Err(NoAuthority::TooMany));
    }

    #[test]
    fn a_certificate_that_signed_itself_is_a_root() {
        let authority = Authority::from_pem(&ROOT.repeat(CERTIFICATES_MAX)).unwrap();
        assert_eq!((authority.roots.len(), authority.between.len()), (CERTIFICATES_MAX, 0));
    }
}
