//! Which program made a site, and what guards it: tables of signs, as data.
//!
//! A platform's sure signs are things that only it writes; hints fit others
//! too. Addresses count only on the site's own host: a banner that leads to a
//! WordPress site makes no WordPress of the page it stands on.

use serde::Serialize;

use super::page::{Page, shown};
use crate::source::Visit;

/// A program that makes portals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    WordPress,
    Liferay,
    SharePoint,
    VnptPortal,
    NukeViet,
    Dnn,
    Joomla,
    Drupal,
    Ghost,
    Plone,
    WebCenter,
    WebSphere,
    Umbraco,
    Orchard,
    Kentico,
    Typo3,
    Blogger,
}

impl Platform {
    /// The name that its makers use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WordPress => "WordPress",
            Self::Liferay => "Liferay",
            Self::SharePoint => "SharePoint",
            Self::VnptPortal => "VNPT Portal",
            Self::NukeViet => "NukeViet",
            Self::Dnn => "DNN",
            Self::Joomla => "Joomla",
            Self::Drupal => "Drupal",
            Self::Ghost => "Ghost",
            Self::Plone => "Plone",
            Self::WebCenter => "WebCenter",
            Self::WebSphere => "WebSphere Portal",
            Self::Umbraco => "Umbraco",
            Self::Orchard => "Orchard",
            Self::Kentico => "Kentico",
            Self::Typo3 => "TYPO3",
            Self::Blogger => "Blogger",
        }
    }
}

/// Where a sign is looked for. Texts are in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// A header of that name that contains the text.
    Header(&'static str, &'static str),
    /// A cookie whose name begins so.
    Cookie(&'static str),
    /// `<meta name=generator>` that contains it.
    Generator(&'static str),
    /// An address on the page's own host, or the page's own, that contains it.
    Address(&'static str),
    /// Another host that the page names, or its parent.
    Host(&'static str),
    /// An id, class, field or `data-` attribute that begins so.
    Mark(&'static str),
    /// Within an inline script.
    Script(&'static str),
    Title(&'static str),
    /// At the beginning of the visible text.
    Text(&'static str),
}

/// One line of a table.
#[derive(Debug, Clone, Copy)]
pub struct Sign<T> {
    pub of: T,
    pub clue: Clue,
    /// What it weighs: [`SURE`] proves, less needs company.
    pub weight: u8,
}

/// The weight that proves.
pub const SURE: u8 = 3;

const fn sure<T: Copy>(of: T, clue: Clue) -> Sign<T> {
    Sign { of, clue, weight: SURE }
}

const fn hint<T: Copy>(of: T, clue: Clue) -> Sign<T> {
    Sign { of, clue, weight: 1 }
}

use Clue::{Address, Cookie, Generator, Header, Host, Mark, Script, Text, Title};
use Platform::{
    Blogger, Dnn, Drupal, Ghost, Joomla, Kentico, Liferay, NukeViet, Orchard, Plone, SharePoint, Typo3, Umbraco,
    VnptPortal, WebCenter, WebSphere, WordPress,
};

/// The signs of platforms.
pub const PLATFORMS: &[Sign<Platform>] = &[
    sure(WordPress, Header("link", "https://api.w.org/")),
    sure(WordPress, Generator("wordpress")),
    sure(WordPress, Address("/wp-content/")),
    sure(WordPress, Address("/wp-includes/")),
    sure(WordPress, Address("/wp-json/")),
    hint(WordPress, Header("x-pingback", "/xmlrpc.php")),
    sure(Liferay, Header("liferay-portal", "")),
    sure(Liferay, Script("liferay.themedisplay")),
    sure(Liferay, Script("liferay.currenturl")),
    sure(Liferay, Address("/-/asset_publisher/")),
    sure(Liferay, Address("p_p_id=")),
    sure(Liferay, Address("/o/frontend-js-")),
    sure(Liferay, Address("/html/js/liferay/")),
    sure(Liferay, Address("_war_")),
    hint(Liferay, Address("/web/guest")),
    hint(Liferay, Address("/combo/?browserid=")),
    hint(Liferay, Address("/news/-/details/")),
    hint(Liferay, Address("/documents/")),
    hint(Liferay, Cookie("guest_language_id")),
    hint(Liferay, Mark("portlet-")),
    sure(SharePoint, Header("microsoftsharepointteamservices", "")),
    sure(SharePoint, Header("x-sharepointhealthscore", "")),
    sure(SharePoint, Header("sprequestguid", "")),
    sure(SharePoint, Generator("microsoft sharepoint")),
    sure(SharePoint, Address("/_layouts/")),
    sure(SharePoint, Address("/_catalogs/")),
    sure(SharePoint, Script("_sppagecontextinfo")),
    hint(SharePoint, Address("/style%20library/")),
    hint(SharePoint, Address("/pages/")),
    sure(VnptPortal, Host("storage-vnportal.vnpt.vn")),
    sure(VnptPortal, Address("/rsschanel")),
    sure(VnptPortal, Mark("hcltin-")),
    hint(VnptPortal, Host("vnpt.vn")),
    sure(NukeViet, Header("x-powered-by", "nukeviet")),
    sure(NukeViet, Generator("nukeviet")),
    sure(NukeViet, Script("nv_base_siteurl")),
    sure(NukeViet, Script("nv_lang_data")),
    hint(NukeViet, Cookie("nv4")),
    hint(NukeViet, Address("/assets/js/language/vi.js")),
    hint(NukeViet, Address("?language=vi&nv=")),
    sure(Dnn, Generator("dotnetnuke")),
    sure(Dnn, Cookie("dnn_ismobile")),
    sure(Dnn, Cookie(".dotnetnuke")),
    sure(Dnn, Mark("__dnnvariable")),
    sure(Dnn, Address("/portals/_default/")),
    sure(Dnn, Address("/portals/0/")),
    hint(Dnn, Address("/desktopmodules/")),
    hint(Dnn, Address("/tabid/")),
    hint(Dnn, Mark("dnn_")),
    hint(Dnn, Address("/newsid/")),
    sure(Joomla, Generator("joomla")),
    sure(Joomla, Mark("joomla-script-options")),
    sure(Joomla, Address("option=com_")),
    sure(Joomla, Address("/media/system/js/")),
    sure(Joomla, Address("/media/jui/")),
    hint(Joomla, Address("/components/com_")),
    sure(Drupal, Header("x-generator", "drupal")),
    sure(Drupal, Header("x-drupal-cache", "")),
    sure(Drupal, Header("x-drupal-dynamic-cache", "")),
    sure(Drupal, Generator("drupal")),
    sure(Drupal, Mark("data-drupal-")),
    sure(Drupal, Address("/sites/default/files/")),
    hint(Drupal, Address("/core/misc/")),
    sure(Ghost, Generator("ghost")),
    sure(Ghost, Mark("data-ghost")),
    sure(Ghost, Address("/ghost/api/")),
    hint(Ghost, Address("/public/cards.min.")),
    hint(Ghost, Address("/content/images/")),
    sure(Plone, Generator("plone")),
    sure(Plone, Address("/++plone++")),
    sure(Plone, Address("/++theme++")),
    sure(Plone, Address("/++api++")),
    hint(Plone, Mark("portaltype-")),
    hint(Plone, Address("/@@")),
    sure(WebCenter, Address("/webcenter/portal/")),
    sure(WebCenter, Address("/webcenter/showproperty")),
    sure(WebCenter, Address("ddocname=")),
    hint(WebCenter, Header("x-oracle-dms-ecid", "")),
    sure(WebSphere, Generator("websphere portal")),
    sure(WebSphere, Address("/wps/portal")),
    sure(WebSphere, Address("/wps/wcm/")),
    hint(WebSphere, Header("ibm-web2-location", "")),
    sure(Umbraco, Header("x-umbraco-version", "")),
    sure(Umbraco, Generator("umbraco")),
    sure(Umbraco, Address("/umbraco/")),
    sure(Orchard, Generator("orchard")),
    sure(Orchard, Header("x-generator", "orchard")),
    sure(Kentico, Generator("kentico")),
    sure(Kentico, Cookie("cmspreferredculture")),
    sure(Kentico, Address("/cmspages/")),
    sure(Typo3, Generator("typo3")),
    hint(Typo3, Address("/typo3temp/")),
    sure(Blogger, Generator("blogger")),
];

/// Signs of what answers in a site's place: firewalls and challenges.
pub const GUARDS: &[Sign<&str>] = &[
    sure("Cloudflare", Header("cf-mitigated", "challenge")),
    sure("Cloudflare", Script("_cf_chl_opt")),
    sure("Cloudflare", Title("attention required! | cloudflare")),
    sure("Imperva", Address("/_incapsula_resource")),
    sure("Imperva", Text("incapsula incident id")),
    sure("Sucuri", Title("sucuri website firewall")),
    sure("F5 BIG-IP", Text("the requested url was rejected. please consult with your administrator")),
    sure("FortiWeb", Text("web page blocked")),
    sure("FortiWeb", Mark("fgd_icon")),
    sure("Akamai", Text("errors.edgesuite.net")),
    sure("AWS WAF", Header("x-amzn-waf-action", "")),
    sure("AWS WAF", Script("awswafcookiedomainlist")),
    sure("Wordfence", Text("generated by wordfence")),
    sure("ModSecurity", Text("this error was generated by mod_security")),
    sure("DDoS-Guard", Title("ddos-guard")),
    // Scripts that compute a cookie before they let anyone in (testcookie-nginx and its kin).
    sure("JavaScript", Script("slowaes.decrypt")),
    sure("JavaScript", Title("just a moment")),
    sure("JavaScript", Text("checking your browser before accessing")),
];

/// Words in the path of a page that asks for an account.
const LOGIN_PATHS: [&str; 8] =
    ["/login", "/signin", "/dang-nhap", "/dangnhap", "/wp-login.php", "/cas/", "/_layouts/15/authenticate", "/sso"];
/// A page with more links than this is more than a form or a challenge.
const FORM_LINKS_MAX: usize = 8;

/// The platform with the most weight, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recognised {
    pub platform: Platform,
    pub name: &'static str,
    /// A sure sign was among them.
    pub sure: bool,
    /// What was seen, heaviest first.
    pub signs: Vec<String>,
}

/// Recognises a platform by an answer's head and page.
#[must_use]
pub fn platform(visit: &Visit, page: &Page) -> Option<Recognised> {
    let seen: Vec<(&Sign<Platform>, String)> =
        PLATFORMS.iter().filter_map(|sign| Some((sign, sign.clue.seen(visit, page)?))).collect();
    let weight =
        |platform| seen.iter().filter(|(sign, _)| sign.of == platform).map(|(sign, _)| sign.weight).sum::<u8>();
    // Of equals the first of the table: it goes from what is frequent here to what is rare.
    let best = seen.iter().map(|(sign, _)| sign.of).rev().max_by_key(|platform| weight(*platform))?;
    let mut signs: Vec<_> = seen.iter().filter(|(sign, _)| sign.of == best).collect();
    signs.sort_by_key(|(sign, _)| std::cmp::Reverse(sign.weight));
    Some(Recognised {
        platform: best,
        name: best.name(),
        sure: signs.first().is_some_and(|(sign, _)| sign.weight >= SURE),
        signs: signs.into_iter().map(|(_, what)| what.clone()).collect(),
    })
}

/// The firewall or challenge that answered in the site's place.
#[must_use]
pub fn guard(visit: &Visit, page: &Page) -> Option<&'static str> {
    if page.links > FORM_LINKS_MAX {
        return None;
    }
    GUARDS.iter().find(|sign| sign.clue.seen(visit, page).is_some()).map(|sign| sign.of)
}

/// Whether a page only asks for an account. Portals often have a small form
/// beside their news; that is none.
#[must_use]
pub fn is_login(visit: &Visit, page: &Page) -> bool {
    let path = visit.final_url.path().to_ascii_lowercase();
    let called = LOGIN_PATHS.iter().any(|part| path.contains(part));
    let asked = visit.status == 401 && visit.header("www-authenticate").is_some();
    asked || (page.has_password && (called || page.links <= FORM_LINKS_MAX))
}

impl Clue {
    /// What was seen of it, for a person.
    fn seen(self, visit: &Visit, page: &Page) -> Option<String> {
        match self {
            Self::Header(name, part) => {
                let mut values = visit.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
                let value = values.find(|value| value.to_lowercase().contains(part))?;
                Some(format!("{name}: {}", shown(value, 60)))
            }
            Self::Cookie(start) => {
                let mut cookies = visit.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
                cookies.find(|cookie| cookie.to_lowercase().starts_with(start)).map(|_| format!("cookie {start}"))
            }
            Self::Generator(part) => {
                let found = page.generators.iter().find(|value| value.to_lowercase().contains(part))?;
                Some(format!("generator {found}"))
            }
            Self::Address(part) => {
                let own = &visit.final_url[url::Position::BeforePath..url::Position::AfterQuery];
                let found = own.to_lowercase().contains(part) || page.addresses.iter().any(|at| at.contains(part));
                found.then(|| part.to_owned())
            }
            Self::Host(host) => {
                let below =
                    |name: &String| name.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                page.hosts.iter().any(below).then(|| host.to_owned())
            }
            Self::Mark(start) => page.marks.iter().any(|mark| mark.starts_with(start)).then(|| start.to_owned()),
            Self::Script(part) => page.scripts.contains(part).then(|| part.to_owned()),
            Self::Title(part) => {
                let title = page.title.as_deref().unwrap_or_default().to_lowercase();
                title.contains(part).then(|| part.to_owned())
            }
            Self::Text(part) => page.text.contains(part).then(|| part.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::probe::page;

    /// An answer that shows this clue and no other.
    fn showing(clue: Clue) -> (Visit, Page) {
        let mut headers = reqwest::header::HeaderMap::new();
        let mut html = "<html><head></head><body></body></html>".to_owned();
        match clue {
            Header(name, text) => drop(headers.insert(name, format!("x {text}").parse().unwrap())),
            Cookie(start) => drop(headers.insert("set-cookie", format!("{start}x=1; Path=/").parse().unwrap())),
            Generator(text) => html = format!("<meta name=GENERATOR content=\"{} 1.0\">", text.to_uppercase()),
            Address(text) => html = format!("<a href=\"/x{text}y\">x</a>"),
            Host(host) => html = format!("<img src=\"https://{host}/a.jpg\">"),
            Mark(start) if start.starts_with("data-") => html = format!("<div {start}x=1></div>"),
            Mark(start) => html = format!("<div class=\"a {start}x\"></div>"),
            Script(text) => html = format!("<script>var a = {};</script>", text.to_uppercase()),
            Title(text) => html = format!("<title>x {text}</title>"),
            Text(text) => html = format!("<body><p>x {text}</p></body>"),
        }
        let url = url::Url::parse("https://so.example.vn/").unwrap();
        let page = page::read(html.as_bytes(), Some("text/html"), &url);
        (Visit { status: 200, headers, final_url: url, body: Ok(html.into_bytes()) }, page)
    }

    #[test]
    fn each_sign_leads_to_its_platform() {
        for sign in PLATFORMS {
            let (visit, page) = showing(sign.clue);
            let found = platform(&visit, &page).unwrap_or_else(|| panic!("{:?} is not seen", sign.clue));
            assert_eq!((found.platform, found.sure), (sign.of, sign.weight >= SURE), "{:?}", sign.clue);
            assert!(guard(&visit, &page).is_none(), "{:?}", sign.clue);
        }
    }

    #[test]
    fn each_guard_is_known_by_its_sign() {
        for sign in GUARDS {
            let (visit, page) = showing(sign.clue);
            assert_eq!(guard(&visit, &page), Some(sign.of), "{:?}", sign.clue);
        }
    }

    #[test]
    fn a_link_to_another_site_is_no_sign() {
        let url = url::Url::parse("https://so.example.vn/").unwrap();
        let html = "<a href=\"https://khac.example.vn/wp-content/x.png\">x</a>";
        let page = page::read(html.as_bytes(), None, &url);
        let visit = Visit { status: 200, headers: Default::default(), final_url: url, body: Ok(Vec::new()) };
        assert_eq!(platform(&visit, &page), None);
    }

    #[test]
    fn signs_are_written_as_they_are_looked_for() {
        for clue in PLATFORMS.iter().map(|sign| sign.clue).chain(GUARDS.iter().map(|sign| sign.clue)) {
            let (Header(_, text)
            | Cookie(text)
            | Generator(text)
            | Address(text)
            | Host(text)
            | Mark(text)
            | Script(text)
            | Title(text)
            | Text(text)) = clue;
            assert_eq!(text, text.to_lowercase(), "{clue:?}");
        }
    }
}
