//! One `[[host]]`, from the words of the file to what is meant.

use std::net::SocketAddr;
use std::path::Path;

use dongbo_sdk::HostName;

use super::{Host, wire};
use crate::source::Network;
use crate::source::intranet::PRIVATE;

/// What is wrong with a key of it.
pub(super) struct Wrong {
    pub key: &'static str,
    /// Where the key is a list.
    pub item: Option<usize>,
    pub problem: &'static str,
    pub change: &'static str,
}

/// Relative paths start at `folder`.
pub(super) fn host(written: &wire::Host, folder: &Path) -> Result<Host, Wrong> {
    let wrong = |key, problem, change| Wrong { key, item: None, problem, change };
    let name: HostName = written.name.parse().map_err(|change| wrong("name", "is not the name of a host", change))?;
    let networks = match (written.private.unwrap_or(false), &written.networks) {
        (true, Some(_)) => {
            return Err(wrong("private", "says the same as networks, but wider", "keep one of private and networks"));
        }
        (true, None) => PRIVATE.to_vec(),
        (false, networks) => self::networks(networks.as_deref().unwrap_or_default())?,
    };
    let via = written.via.as_deref().map(|via| self::via(&name, via)).transpose()?;
    if written.ca.is_none() && networks.is_empty() && via.is_none() {
        return Err(wrong(
            "name",
            "nothing is said of this host",
            "add ca, private, networks or via, or remove the table",
        ));
    }
    Ok(Host { name, ca: written.ca.as_ref().map(|ca| folder.join(ca)), networks, via })
}

fn via(name: &HostName, written: &str) -> Result<SocketAddr, Wrong> {
    let wrong = |problem, change| Err(Wrong { key: "via", item: None, problem, change });
    if name.is_address() {
        return wrong("an address is asked itself", "name the host by its name");
    }
    match written.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() && address.port() != 0 => Ok(address),
        Ok(_) | Err(_) => wrong("is no address with a port on this machine", "write \"127.0.0.1:8443\""),
    }
}

fn networks(written: &[String]) -> Result<Vec<Network>, Wrong> {
    let network = |(index, text): (usize, &String)| {
        text.parse().map_err(|change| Wrong {
            key: "networks",
            item: Some(index),
            problem: "is not a private network",
            change,
        })
    };
    written.iter().enumerate().map(network).collect()
}
