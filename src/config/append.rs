//! Adds a source to a configuration file. What stands there stays byte for
//! byte: the new table is appended, and only where the whole is valid then.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, Source, read};

/// A portal that makes a source alone a whole configuration.
const ANY_PORTAL: &str = "\n[[portal]]\nid = \"portal\"\n[portal.adapter.folder]\npath = \"portal\"\n";

/// The source that a `[[source]]` table describes.
///
/// # Errors
/// As [`Config::parse`] of a file with this table.
pub fn source(table: &str) -> Result<Source, ConfigError> {
    let path = Path::new("dongbo.toml");
    let config = Config::parse(&format!("{table}{ANY_PORTAL}"), path)?;
    let mut sources = config.sources.into_iter();
    match (sources.next(), sources.next()) {
        (Some(source), None) => Ok(source),
        _ => Err(ConfigError::whole(path, "is not one source".to_owned(), "write one table [[source]]")),
    }
}

/// Appends a `[[source]]` table: all of it or nothing, whenever the machine
/// stops. Links are followed; owner and mode stay.
///
/// # Errors
/// Where the file would not be valid, cannot be replaced, or was changed meanwhile.
pub fn append(path: &Path, table: &str) -> Result<(), ConfigError> {
    let before = read(path)?;
    let after = appended(&before, table);
    Config::parse(&after, path)?;
    let failed = |error: io::Error| {
        let change = "write it as a user who may write the file and its folder, or add the table by hand";
        ConfigError::whole(path, format!("cannot be written: {error}"), change)
    };
    let file = fs::canonicalize(path).map_err(failed)?;
    let draft = draft(&file);
    let replaced = write(&file, &draft, &after).and_then(|()| match fs::read(&file)? == before.as_bytes() {
        true => fs::rename(&draft, &file),
        false => Err(io::Error::other("somebody else has changed it just now")),
    });
    if replaced.is_err() {
        // What is left of a draft harms nobody.
        let _ = fs::remove_file(&draft);
    }
    replaced.map_err(failed)?;
    // The new name is on the disk with its folder.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()).map_err(failed)
}

/// The table stands behind an empty line, and ends its lines as the file does.
fn appended(before: &str, table: &str) -> String {
    let end = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let mut after = before.to_owned();
    if !after.is_empty() && !after.ends_with('\n') {
        after.push_str(end);
    }
    after.push_str(end);
    for line in table.trim().lines() {
        after.push_str(line);
        after.push_str(end);
    }
    after
}

/// Beside the file, because a name moves only within its file system.
fn draft(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

fn write(file: &Path, draft: &Path, text: &str) -> io::Result<()> {
    let was = fs::metadata(file)?;
    let mut new = File::options().write(true).create_new(true).mode(0o600).open(draft)?;
    new.write_all(text.as_bytes())?;
    let now = new.metadata()?;
    if (now.uid(), now.gid()) != (was.uid(), was.gid()) {
        fchown(&new, Some(was.uid()), Some(was.gid()))?;
    }
    new.set_permissions(fs::Permissions::from_mode(was.mode() & 0o7777))?;
    new.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Mới\n[[source]]\nid = \"moi\"\nurl = \"https://moi.example.vn/rss\"\n";
    const BEFORE: &str = "# ghi chú  \nstate='s' \n\n[[source]]\nid   = \"cu\" # giữ nguyên\nurl = \"https://a.example.vn/rss\"\n\
                          [[portal]]\nid = \"p\"\n[portal.adapter.folder]\npath = \"out\"";

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dongbo.toml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn what_stood_there_stands_there_and_the_source_comes_last() {
        let (_folder, path) = file(BEFORE);
        append(&path, TABLE).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{BEFORE}\n\n{TABLE}"));
        let ids: Vec<String> = Config::load(&path).unwrap().sources.into_iter().map(|source| source.id).collect();
        assert_eq!(ids, ["cu", "moi"]);
    }

    #[test]
    fn lines_end_as_they_do_in_the_file() {
        let before = format!("\u{feff}{}\r\n", BEFORE.replace('\n', "\r\n"));
        let (_folder, path) = file(&before);
        append(&path, TABLE).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{before}\r\n{}", TABLE.replace('\n', "\r\n")));
    }

    #[test]
    fn a_file_that_would_not_be_valid_is_not_touched_and_the_fault_is_named() {
        let broken = "[[source]]\nid = ";
        let inline = "source = [{ id = \"cu\", url = \"https://a.example.vn/\" }]\n";
        let cases = [
            (BEFORE, TABLE.replace("moi\"", "cu\""), "is used twice"),
            (BEFORE, TABLE.replace("url", "uri"), "uri"),
            (broken, TABLE.to_owned(), "2"),
            (inline, TABLE.to_owned(), "duplicate key"),
        ];
        for (before, table, wanted) in cases {
            let (folder, path) = file(before);
            let error = append(&path, &table).unwrap_err().to_string();
            assert!(error.contains(wanted), "{wanted}: {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), before);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        }
        assert!(append(Path::new("/nowhere/dongbo.toml"), TABLE).is_err());
    }

    #[test]
    fn mode_and_links_stay() {
        let (folder, path) = file(BEFORE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        append(&link, TABLE).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert!(fs::read_to_string(&path).unwrap().ends_with(TABLE));
    }

    #[test]
    fn a_table_that_is_two_sources_is_none() {
        assert_eq!(source(TABLE).unwrap().id, "moi");
        assert!(source(&format!("{TABLE}{}", TABLE.replace("\"moi\"", "\"hai\""))).is_err());
        assert!(source("").is_err());
    }
}
