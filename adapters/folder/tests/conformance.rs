//! The folder adapter keeps the contract.

use std::path::{Path, PathBuf};
use std::{fs, sync::Arc};

use dongbo_folder::Config;
use dongbo_sdk::conformance::{self, Harness, Inspector, TestSite};
use dongbo_sdk::{Key, fault::Faults};

struct FreshFolder;

#[async_trait::async_trait]
impl Harness for FreshFolder {
    async fn site(&self) -> TestSite {
        let dir = tempfile::tempdir().unwrap();
        let (path, faults) = (dir.path().join("xa-a"), Faults::default());
        let config =
            Config { path, title: None, url: None, categories: vec!["Tin tức".into(), "Thông báo".into()] };
        let folder = config.build("Xã A").unwrap().with_faults(faults.clone());
        let look = Arc::new(Look(dir.path().to_owned()));
        TestSite::new(Arc::new(folder)).faults(faults).inspector(look).keep(dir)
    }

    fn speaks_http(&self) -> bool {
        false
    }
}

/// Every file below the folder, whoever put it there.
struct Look(PathBuf);

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[async_trait::async_trait]
impl Inspector for Look {
    async fn count(&self, key: &Key) -> Option<usize> {
        Some(
            files(&self.0.join("xa-a/.dongbo/bai")).iter().filter(|file| file.ends_with(format!("{key}.json"))).count(),
        )
    }

    async fn fingerprint(&self) -> Option<String> {
        Some(files(&self.0).iter().map(|file| format!("{file:?} {:?}", fs::read(file).unwrap())).collect())
    }
}

#[tokio::test]
async fn the_folder_adapter_conforms() {
    conformance::assert_conforms(&FreshFolder).await;
}
