//! Expresses an element as selectors that stay the same from article to
//! article: its id, its classes, or those of what it stands in. Pure.

use crate::source::tree::Node;

/// Ancestors that a selector may hold on to.
const ANCESTORS_MAX: usize = 6;
/// Selectors of one element.
const FORMS_MAX: usize = 24;
/// Longer names are made by programs, for one page.
const NAME_BYTES_MAX: usize = 40;
/// Elements that a page mostly has once.
const SINGLE: [&str; 4] = ["h1", "article", "main", "time"];
/// Classes that say where something stands, not what it is.
const LAYOUT: [&str; 10] =
    ["row", "container", "container-fluid", "clearfix", "active", "first", "last", "left", "right", "col"];

/// Selectors of an element, the most stable first. Others may fit them as well.
#[must_use]
pub fn forms(node: Node<'_>) -> Vec<String> {
    let own = own(node);
    let mut forms = own.clone();
    if SINGLE.contains(&node.name()) {
        forms.push(node.name().to_owned());
    }
    let parents = std::iter::successors(node.parent(), |node| node.parent()).take(ANCESTORS_MAX);
    for (level, parent) in parents.enumerate() {
        let Some(around) = self::own(parent).into_iter().next() else { continue };
        forms.extend(own.last().map(|own| format!("{around} {own}")));
        let step = if level == 0 { " > " } else { " " };
        forms.push(format!("{around}{step}{}", node.name()));
    }
    forms.truncate(FORMS_MAX);
    forms
}

/// By what the element itself is called.
#[must_use]
pub fn own(node: Node<'_>) -> Vec<String> {
    let name = node.name();
    let mut forms = Vec::new();
    if let Some(id) = node.attribute("id").filter(|id| is_stable(id)) {
        forms.push(format!("{name}#{id}"));
    }
    let classes: Vec<&str> = node
        .attribute("class")
        .unwrap_or_default()
        .split_whitespace()
        .filter(|class| says_what(class))
        .take(4)
        .collect();
    forms.extend(classes.iter().map(|class| format!("{name}.{class}")));
    if classes.len() > 1 {
        forms.push(format!("{name}.{}", classes.join(".")));
    }
    forms
}

/// A name that CSS takes as it is, without a number of this very article.
fn is_stable(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let counted = name.as_bytes().windows(3).any(|three| three.iter().all(u8::is_ascii_digit));
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    plain && begins && !counted && name.len() <= NAME_BYTES_MAX
}

fn says_what(class: &str) -> bool {
    is_stable(class) && !LAYOUT.contains(&class) && !class.starts_with("col-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tree::{Selector, Tree};

    fn of(html: &str, selector: &str) -> Vec<String> {
        let tree = Tree::read(html.as_bytes(), None).unwrap();
        let selector = Selector::parse(selector).unwrap();
        forms(tree.all(&selector).next().unwrap())
    }

    #[test]
    fn an_id_is_best_then_classes_then_what_stands_around() {
        let html =
            "<div id=main><section class='tin chi-tiet'><div id=noiDung class='text row'><p>a</div></section></div>";
        let forms = of(html, "#noiDung");
        assert_eq!(forms[..3], ["div#noiDung", "div.text", "section.tin div.text"]);
        assert_eq!(of(html, "p"), ["div#noiDung > p", "section.tin p", "div#main p"]);
    }

    #[test]
    fn what_names_one_article_alone_is_not_used() {
        let html = "<div id=post-86668605 class='col-md-8 p123 \u{e0}\u{e1} a{b'><i>x</i></div>";
        assert_eq!(of(html, "div"), Vec::<String>::new());
        assert!(of(&format!("<div class={}>a</div>", "a".repeat(NAME_BYTES_MAX + 1)), "div").is_empty());
        let many: String = (b'a'..=b'z').map(|c| format!("<div class={}x>", char::from(c))).collect();
        assert!(of(&format!("{many}<p>a"), "p").len() <= FORMS_MAX);
    }

    #[test]
    fn every_form_is_a_selector_that_finds_its_element() {
        let html = "<main class=m><div class='a b c'><h1 id=t>x</h1></div></main>";
        for form in of(html, "h1") {
            let tree = Tree::read(html.as_bytes(), None).unwrap();
            let selector = Selector::parse(&form).unwrap_or_else(|| panic!("{form}"));
            assert_eq!(tree.all(&selector).next().map(Node::name), Some("h1"), "{form}");
        }
    }
}
