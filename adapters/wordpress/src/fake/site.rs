//! The fake's database and its rules. No HTTP here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dongbo_sdk::Key;
use jiff::{Timestamp, ToSpan};
use tokio::sync::Barrier;

use super::text::{kses, sanitize_title, stored_name};
use super::{FakeMedia, FakePost, Role};

pub(super) const USER: &str = "dongbo";
pub(super) const PASSWORD: &str = "abcd EFGH 1234 ijkl MNOP 5678";
/// The account's own number; 1 is the site's administrator.
pub(super) const ACCOUNT: u64 = 2;
const DEFAULT_CATEGORY: u64 = 1;
/// A post dated further ahead than this is not yet public.
const AHEAD_SECONDS: i64 = 60;

#[derive(Debug)]
pub(crate) struct Site {
    pub(super) url: String,
    pub(super) name: String,
    pub(super) registered: String,
    pub(super) role: Role,
    pub(super) revoked: bool,
    /// The `Authorization` that was last found good: decoding it costs more than the rest.
    pub(super) accepted: Option<axum::http::HeaderValue>,
    pub(super) maintenance: bool,
    pub(super) plain: bool,
    pub(super) bin: bool,
    pub(super) subsizes_fail: bool,
    /// How many creates still meet, and where.
    pub(super) race: Option<(usize, Arc<Barrier>)>,
    /// Key → status of the answer.
    pub(super) refused: HashMap<String, u16>,
    pub(super) posts: BTreeMap<u64, PostRow>,
    slugs: HashMap<String, Vec<u64>>,
    pub(super) media: BTreeMap<u64, MediaRow>,
    pub(super) categories: BTreeMap<u64, TermRow>,
    pub(super) tags: BTreeMap<u64, TermRow>,
    /// Posts and files share one sequence, terms another.
    last_object: u64,
    last_term: u64,
    sites: u32,
}

#[derive(Debug, Clone)]
pub(super) struct PostRow {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) slug: String,
    pub(super) status: String,
    pub(super) title: String,
    pub(super) content: String,
    pub(super) excerpt: String,
    pub(super) date: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) categories: Vec<u64>,
    pub(super) tags: Vec<u64>,
    pub(super) featured: u64,
    pub(super) sticky: bool,
    pub(super) comment_status: String,
    /// `_wp_desired_post_slug`: what the slug was before the bin.
    desired: Option<String>,
    pub(super) writes: u32,
}

#[derive(Debug, Clone)]
pub(super) struct MediaRow {
    pub(super) file: FakeMedia,
    pub(super) path: String,
    pub(super) content: bytes::Bytes,
}

#[derive(Debug, Clone)]
pub(super) struct TermRow {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) parent: u64,
}

/// The fields of a write, as far as they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub(super) title: Option<String>,
    pub(super) content: Option<String>,
    pub(super) excerpt: Option<String>,
    pub(super) slug: Option<String>,
    pub(super) status: Option<String>,
    pub(super) date: Option<Timestamp>,
    pub(super) categories: Option<Vec<u64>>,
    pub(super) tags: Option<Vec<u64>>,
    pub(super) featured: Option<u64>,
    pub(super) sticky: Option<bool>,
    pub(super) comment_status: Option<String>,
}

impl Site {
    pub(super) fn new() -> Self {
        let mut site = Self {
            url: String::new(),
            name: "Cổng thử nghiệm".into(),
            registered: "2026-01-05T02:00:00+00:00".into(),
            role: Role::Editor,
            revoked: false,
            accepted: None,
            maintenance: false,
            plain: false,
            bin: true,
            subsizes_fail: false,
            race: None,
            refused: HashMap::new(),
            posts: BTreeMap::new(),
            slugs: HashMap::new(),
            media: BTreeMap::new(),
            categories: BTreeMap::new(),
            tags: BTreeMap::new(),
            last_object: 0,
            last_term: 0,
            sites: 1,
        };
        site.add_category("Uncategorized");
        site
    }

    pub(super) fn scan(&self) -> Vec<FakePost> {
        self.posts.values().map(|row| self.shown(row)).collect()
    }

    fn shown(&self, row: &PostRow) -> FakePost {
        let names = |terms: &BTreeMap<u64, TermRow>, ids: &[u64]| {
            ids.iter().filter_map(|id| Some(terms.get(id)?.name.clone())).collect()
        };
        FakePost {
            id: row.id,
            key: Key::find_in(&row.slug.replace("__trashed", "")).or_else(|| Key::find_in(&row.content)),
            slug: row.slug.clone(),
            status: row.status.clone(),
            title: row.title.clone(),
            content: row.content.clone(),
            excerpt: row.excerpt.clone(),
            date_gmt: stamp(row.date),
            categories: names(&self.categories, &row.categories),
            tags: names(&self.tags, &row.tags),
            featured_media: row.featured,
            comment_status: row.comment_status.clone(),
            writes: row.writes,
        }
    }

    pub(super) fn files(&self) -> Vec<FakeMedia> {
        self.media.values().map(|row| row.file.clone()).collect()
    }

    pub(super) fn add_category(&mut self, name: &str) -> u64 {
        let (id, name) = (self.next_term(), stored_name(name));
        let slug = term_slug(&self.categories, &name);
        self.categories.insert(id, TermRow { id, slug, name, parent: 0 });
        id
    }

    pub(super) fn add_tag(&mut self, name: &str) -> u64 {
        let (id, name) = (self.next_term(), stored_name(name));
        let slug = term_slug(&self.tags, &name);
        self.tags.insert(id, TermRow { id, slug, name, parent: 0 });
        id
    }

    pub(super) fn remove_category(&mut self, name: &str) {
        let name = stored_name(name);
        let gone: Vec<u64> = self.categories.values().filter(|row| row.name == name).map(|row| row.id).collect();
        self.categories.retain(|id, _| !gone.contains(id));
        for row in self.posts.values_mut() {
            row.categories.retain(|id| !gone.contains(id));
            if row.categories.is_empty() {
                row.categories.push(DEFAULT_CATEGORY);
            }
        }
    }

    pub(super) fn add_foreign(&mut self, title: &str, content: &str) -> u64 {
        let change = Change {
            title: Some(title.into()),
            content: Some(content.into()),
            status: Some("publish".into()),
            ..Change::default()
        };
        let slug = self.free_slug(&sanitize_title(title), 0);
        let id = self.insert(&change, slug);
        self.set_terms(id, &Change::default());
        if let Some(row) = self.posts.get_mut(&id) {
            row.author = 1;
        }
        id
    }

    pub(super) fn rename(&mut self, id: u64, slug: &str) {
        let slug = self.free_slug(&sanitize_title(slug), id);
        if let Some(row) = self.posts.get_mut(&id) {
            row.modified = Timestamp::now();
            set_slug(&mut self.slugs, row, slug);
        }
    }

    pub(super) fn give_away(&mut self, id: u64) {
        if let Some(row) = self.posts.get_mut(&id) {
            row.author = 1;
        }
    }

    pub(super) fn publish(&mut self, id: u64) {
        if let Some(row) = self.posts.get_mut(&id) {
            row.modified = Timestamp::now();
            row.status = "publish".into();
        }
    }

    pub(super) fn replace(&mut self) {
        let (url, ids, last, sites) =
            (self.url.clone(), self.posts.keys().copied().collect::<Vec<_>>(), self.last_object, self.sites + 1);
        *self = Self { url, sites, ..Self::new() };
        self.name = format!("Cổng khác {sites}");
        self.registered = format!("2026-02-{sites:02}T08:30:00+00:00");
        for id in ids {
            self.last_object = id - 1;
            self.add_foreign(&format!("Bài của đơn vị khác {id}"), "<p>Nội dung của đơn vị khác.</p>");
        }
        self.last_object = last;
    }

    pub(super) fn may_unfiltered(&self) -> bool {
        self.role == Role::Editor
    }

    /// May the account read and write a post in full?
    pub(super) fn may_edit(&self, row: &PostRow) -> bool {
        self.role == Role::Editor || row.author == ACCOUNT
    }

    /// Posts under a slug, without a scan.
    pub(super) fn with_slug(&self, slug: &str) -> &[u64] {
        self.slugs.get(slug).map_or(&[], Vec::as_slice)
    }

    /// `wp_unique_post_slug`: `-2`, `-3` … against what is stored now. The
    /// insert comes later, so two writers at once may get the same.
    pub(super) fn free_slug(&self, wanted: &str, own: u64) -> String {
        let taken = |slug: &str| self.with_slug(slug).iter().any(|id| *id != own);
        if wanted.is_empty() || !taken(wanted) {
            return wanted.to_owned();
        }
        (2..).map(|number| format!("{wanted}-{number}")).find(|slug| !taken(slug)).unwrap_or_default()
    }

    /// Where the create that comes now meets the others of a race.
    pub(super) fn meeting(&mut self) -> Option<Arc<Barrier>> {
        let (left, barrier) = self.race.take()?;
        if left > 1 {
            self.race = Some((left - 1, barrier.clone()));
        }
        Some(barrier)
    }

    pub(super) fn insert(&mut self, change: &Change, slug: String) -> u64 {
        let id = self.next_object();
        let date = change.date.unwrap_or_else(Timestamp::now);
        let text = |text: &Option<String>| self.filtered(text.as_deref().unwrap_or_default());
        let row = PostRow {
            id,
            author: ACCOUNT,
            slug: String::new(),
            status: timely(change.status.as_deref().unwrap_or("draft"), date),
            title: text(&change.title).trim().to_owned(),
            content: text(&change.content),
            excerpt: text(&change.excerpt),
            date,
            // wp_insert_post: a new post was "modified" when it is dated.
            modified: date,
            categories: Vec::new(),
            tags: Vec::new(),
            featured: change.featured.filter(|id| self.media.contains_key(id)).unwrap_or(0),
            sticky: change.sticky.unwrap_or(false),
            comment_status: change.comment_status.clone().unwrap_or_else(|| "open".into()),
            desired: None,
            writes: 1,
        };
        self.posts.insert(id, row);
        if let Some(row) = self.posts.get_mut(&id) {
            set_slug(&mut self.slugs, row, slug);
        }
        id
    }

    pub(super) fn change(&mut self, id: u64, change: &Change, slug: Option<String>) {
        let filtered = |text: &Option<String>| text.as_deref().map(|text| self.filtered(text));
        let (title, content, excerpt) = (filtered(&change.title), filtered(&change.content), filtered(&change.excerpt));
        let featured = change.featured.map(|id| if self.media.contains_key(&id) { id } else { 0 });
        let Some(row) = self.posts.get_mut(&id) else { return };
        row.title = title.map_or_else(|| row.title.clone(), |title| title.trim().to_owned());
        row.content = content.unwrap_or_else(|| row.content.clone());
        row.excerpt = excerpt.unwrap_or_else(|| row.excerpt.clone());
        row.date = change.date.unwrap_or(row.date);
        row.status = timely(change.status.as_deref().unwrap_or(&row.status), row.date);
        row.featured = featured.unwrap_or(row.featured);
        row.sticky = change.sticky.unwrap_or(row.sticky);
        row.comment_status = change.comment_status.clone().unwrap_or_else(|| row.comment_status.clone());
        row.modified = Timestamp::now();
        row.writes += 1;
        if let Some(slug) = slug {
            row.desired = None;
            set_slug(&mut self.slugs, row, slug);
        }
    }

    /// The slug that a change leads to, if it changes. A post that leaves the
    /// bin gets the slug back that it had before.
    pub(super) fn slug_after(&self, row: &PostRow, change: &Change) -> Option<String> {
        let leaves_bin = row.status == "trash" && change.status.as_deref().is_some_and(|status| status != "trash");
        let wanted = match (&row.desired, &change.slug) {
            (Some(desired), _) if leaves_bin => desired.clone(),
            (_, Some(slug)) => sanitize_title(slug),
            (_, None) => return None,
        };
        Some(self.free_slug(&wanted, row.id))
    }

    /// Terms come after the post; unknown numbers are dropped.
    pub(super) fn set_terms(&mut self, id: u64, change: &Change) {
        let known = |terms: &BTreeMap<u64, TermRow>, ids: &[u64]| {
            ids.iter().copied().filter(|id| terms.contains_key(id)).collect::<Vec<_>>()
        };
        let categories = change.categories.as_deref().map(|ids| known(&self.categories, ids));
        let tags = change.tags.as_deref().map(|ids| known(&self.tags, ids));
        let Some(row) = self.posts.get_mut(&id) else { return };
        row.categories = categories.unwrap_or_else(|| row.categories.clone());
        row.tags = tags.unwrap_or_else(|| row.tags.clone());
        if row.categories.is_empty() {
            row.categories.push(DEFAULT_CATEGORY);
        }
    }

    pub(super) fn trash(&mut self, id: u64) {
        let Some(row) = self.posts.get_mut(&id) else { return };
        let slug = row.slug.clone();
        row.status = "trash".into();
        row.modified = Timestamp::now();
        row.writes += 1;
        if !slug.is_empty() {
            set_slug(&mut self.slugs, row, format!("{slug}__trashed"));
            row.desired = Some(slug);
        }
    }

    pub(super) fn delete(&mut self, id: u64) {
        if let Some(mut row) = self.posts.remove(&id) {
            set_slug(&mut self.slugs, &mut row, String::new());
        }
    }

    /// Stores a file; names that are taken get a number.
    pub(super) fn add_file(&mut self, mut file: FakeMedia, name: &str, content: bytes::Bytes) -> u64 {
        let id = self.next_object();
        let paths: Vec<&str> = self.media.values().map(|row| row.path.as_str()).collect();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let path = (0..)
            .map(|number| if number == 0 { String::new() } else { format!("-{number}") })
            .map(|tail| format!("/wp-content/uploads/2026/11/{stem}{tail}.{extension}"))
            .find(|path| !paths.contains(&path.as_str()))
            .unwrap_or_default();
        let wanted = sanitize_title(if file.slug.is_empty() { stem } else { &file.slug });
        let taken =
            |slug: &str| self.media.values().any(|row| row.file.slug == slug) || !self.with_slug(slug).is_empty();
        let mut slugs = (1..).map(|n| if n == 1 { wanted.clone() } else { format!("{wanted}-{n}") });
        file.slug = slugs.find(|slug| !taken(slug)).unwrap_or_default();
        (file.id, file.url) = (id, format!("{}{path}", self.url));
        self.media.insert(id, MediaRow { file, path, content });
        id
    }

    fn filtered(&self, text: &str) -> String {
        if self.may_unfiltered() { text.to_owned() } else { kses(text) }
    }

    fn next_object(&mut self) -> u64 {
        self.last_object += 1;
        self.last_object
    }

    fn next_term(&mut self) -> u64 {
        self.last_term += 1;
        self.last_term
    }
}

/// A public post dated ahead waits, and a waiting one dated back is public.
fn timely(status: &str, date: Timestamp) -> String {
    let ahead = date >= Timestamp::now() + AHEAD_SECONDS.seconds();
    match (status, ahead) {
        ("publish", true) => "future".into(),
        ("future", false) => "publish".into(),
        (other, _) => other.to_owned(),
    }
}

fn set_slug(slugs: &mut HashMap<String, Vec<u64>>, row: &mut PostRow, slug: String) {
    if let Some(ids) = slugs.get_mut(&row.slug) {
        ids.retain(|id| *id != row.id);
        if ids.is_empty() {
            slugs.remove(&row.slug);
        }
    }
    if !slug.is_empty() {
        slugs.entry(slug.clone()).or_default().push(row.id);
    }
    row.slug = slug;
}

fn term_slug(terms: &BTreeMap<u64, TermRow>, name: &str) -> String {
    let wanted = sanitize_title(&name.replace("&amp;", ""));
    let mut slugs = (1..).map(|n| if n == 1 { wanted.clone() } else { format!("{wanted}-{n}") });
    slugs.find(|slug| terms.values().all(|row| row.slug != *slug)).unwrap_or_default()
}

/// UTC without a zone, as WordPress writes it.
pub(super) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
