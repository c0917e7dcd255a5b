//! A real WordPress as the source, read over its REST API, and the others as portals.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::count::count;
use crate::daemon::Dongbo;
use crate::expect;
use crate::lab::{Lab, Site};
use crate::world::feed::Feed;
use crate::world::wait;

const POSTS: usize = 45;
const MAX: Duration = Duration::from_secs(180);

/// A person at the source's desk.
struct Desk<'a> {
    site: &'a Site,
}

impl Desk<'_> {
    /// Writes a post, or to one; its number.
    fn write(&self, path: &str, post: &serde_json::Value) -> u64 {
        let account = format!("{}:{}", self.site.user, self.site.password);
        let url = format!("{}/wp-json/wp/v2/{path}", self.site.url);
        let json = ["-H", "Content-Type: application/json", "--data", &post.to_string()].map(str::to_owned);
        let answer = Command::new("curl").args(["-sSf", "-u", &account, &url]).args(json).output().unwrap();
        assert!(answer.status.success(), "{url}: {}", String::from_utf8_lossy(&answer.stderr));
        serde_json::from_slice::<serde_json::Value>(&answer.stdout).unwrap()["id"].as_u64().unwrap()
    }

    fn post(&self, title: &str) -> u64 {
        let text = format!("<p>(BNP) – {title}.</p>");
        self.write("posts", &json!({ "title": title, "content": text, "status": "publish" }))
    }
}

/// Titles of public posts that carry our key.
fn shown(lab: &Lab, site: usize) -> Vec<String> {
    let count = &count(lab)[site];
    let ours = count.items.iter().filter(|item| item.status == "publish" && !item.keys.is_empty());
    let mut titles: Vec<String> = ours.map(|item| item.title.clone()).collect();
    titles.sort();
    titles
}

fn comes(lab: &Lab, dongbo: &Dongbo, wanted: &[String]) {
    let mut wanted = wanted.to_vec();
    wanted.sort();
    let both = wait::at_most(MAX, || [1, 2].iter().all(|&site| shown(lab, site) == wanted).then_some(()));
    assert!(both.is_some(), "{:?} instead of {wanted:?}\n{}", shown(lab, 1), dongbo.log_tail());
}

#[test]
fn a_wordpress_is_read_over_its_api_and_mirrored_into_the_others() {
    let Some(lab) = Lab::up() else { return };
    let desk = Desk { site: &lab.sites[0] };
    let mut titles: Vec<String> = (0..POSTS).map(|number| format!("Bài trên cổng nguồn số {number}")).collect();
    let numbers: Vec<u64> = titles.iter().map(|title| desk.post(title)).collect();
    // The feed is not read: the source is the first site.
    let feed = Feed::start();
    let dongbo = Dongbo::new(&feed, &lab);
    dongbo.configure(|toml| {
        let (head, portals) = toml.split_once("\n[[portal]]").unwrap();
        let (_, portals) = portals.split_once("\n[[portal]]").unwrap();
        let head = head.replace(&feed.url(), &format!("{}/wp-json/wp/v2/posts", lab.sites[0].url));
        let watch = "[watch]\nyoung = \"2s\"\nagain = \"1s\"\npace = \"100ms\"\n\n[[source]]";
        let head = head.replace("[[source]]", watch);
        format!("{head}[source.read.wordpress]\n\n[[portal]]{portals}")
    });
    let daemon = dongbo.start();
    // Every WordPress is born with one post, and those of the laboratory with two more.
    titles.extend(["Hello world!", "Bài riêng của đơn vị 1", "Bài riêng của đơn vị 2"].map(str::to_owned));
    comes(&lab, &dongbo, &titles);
    desk.write(&format!("posts/{}", numbers[3]), &json!({ "title": "Bài đã được đính chính" }));
    titles[3] = "Bài đã được đính chính".into();
    titles.push("Bài mới".into());
    desk.post("Bài mới");
    comes(&lab, &dongbo, &titles);
    desk.write(&format!("posts/{}", numbers[5]), &json!({ "status": "draft" }));
    titles.remove(5);
    comes(&lab, &dongbo, &titles);
    for count in &count(&lab)[1..] {
        expect::no_duplicates(count);
    }
    daemon.stop();
}
