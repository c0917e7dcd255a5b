//! Secrets: where one stands, and a type that cannot be printed.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// Longest accepted secret in bytes; a longer file is a mistake.
const BYTES_MAX: u64 = 16 * 1024;

/// A secret's value. `Debug` shows nothing, there is no `Display`, and the
/// memory is cleared on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(SecretString::from(value))
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret stands: `{ env = "NAME" }`, `{ file = "/path" }` or
/// `{ credential = "name" }` (a systemd credential). Never the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    Env(String),
    File(PathBuf),
    Credential(String),
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            deny_unknown_fields,
            expecting = "a place of a secret: { env = \"NAME\" }, { file = \"/path\" } or { credential = \"name\" }; never the secret itself"
        )]
        struct Place {
            env: Option<String>,
            file: Option<PathBuf>,
            credential: Option<String>,
        }
        match Place::deserialize(input)? {
            Place { env: Some(name), file: None, credential: None } => Ok(Self::Env(name)),
            Place { env: None, file: Some(path), credential: None } => Ok(Self::File(path)),
            Place { env: None, file: None, credential: Some(name) } => Ok(Self::Credential(name)),
            Place { .. } => Err(serde::de::Error::custom("give exactly one of env, file and credential")),
        }
    }
}

impl SecretRef {
    /// Reads the secret. A trailing line break is not part of it.
    ///
    /// # Errors
    /// Says which place is empty, missing, too large or readable by others.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let value = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| SecretError::NoVariable(name.clone()))?,
            Self::File(path) => {
                refuse_open_file(path)?;
                read(path)?
            }
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
                read(&PathBuf::from(folder).join(name))?
            }
        };
        let value = value.trim_end_matches(['\r', '\n']);
        if value.is_empty() {
            return Err(SecretError::Empty(self.clone()));
        }
        Ok(Secret::new(value.to_owned()))
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Credential(name) => write!(f, "systemd credential {name}"),
        }
    }
}

fn read(path: &Path) -> Result<String, SecretError> {
    let failed = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > BYTES_MAX {
        return Err(SecretError::TooLarge(path.to_owned()));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// A secret's file must be closed to group and others.
fn refuse_open_file(path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| SecretError::Unreadable { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode: mode & 0o777 });
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("environment variable {0} is not set")]
    NoVariable(String),
    #[error("credential {0} cannot be read: the service was not started by systemd with LoadCredential={0}:…")]
    NoCredentials(String),
    #[error("{path} cannot be read", path = path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path} is larger than 16 KiB and cannot be a secret", path = .0.display())]
    TooLarge(PathBuf),
    #[error("{path} has mode {mode:04o}; close it to others: chmod 600 {path}", path = path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("{0} is empty")]
    Empty(SecretRef),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_in_debug() {
        let secret = Secret::new("hunter2".into());
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.expose(), "hunter2");
    }
}
