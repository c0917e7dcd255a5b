//! The text of a page without its white space, and which element holds which
//! part of it. Two readers of one page agree on that much.

use std::collections::HashMap;
use std::ops::Range;

use ego_tree::NodeId;
use ego_tree::iter::Edge;
use scraper::{ElementRef, Node as Inner};

use super::tree::{Node, Selector, Tree};

/// Where the parts of a page's text stand.
#[derive(Debug)]
pub struct Outline<'a> {
    tree: &'a Tree,
    /// Small letters, no white space; of the body alone.
    pub text: String,
    /// Elements in the order of the page, each with its part of the text in bytes.
    spans: Vec<(Node<'a>, Range<usize>)>,
    by_id: HashMap<NodeId, usize>,
}

/// Text as it stands in an outline.
#[must_use]
pub fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

impl<'a> Outline<'a> {
    /// Linear.
    #[must_use]
    pub fn of(tree: &'a Tree) -> Self {
        let mut outline = Self { tree, text: String::new(), spans: Vec::new(), by_id: HashMap::new() };
        let mut open = Vec::new();
        for edge in tree.0.root_element().traverse() {
            match edge {
                Edge::Open(node) => match node.value() {
                    Inner::Element(_) => {
                        open.push(outline.spans.len());
                        let start = outline.text.len();
                        if let Some(element) = ElementRef::wrap(node) {
                            outline.by_id.insert(node.id(), outline.spans.len());
                            outline.spans.push((Node(element), start..start));
                        }
                    }
                    Inner::Text(text) if !is_in_head(&node) => outline.text.push_str(&dense(text)),
                    _ => {}
                },
                Edge::Close(node) if node.value().is_element() => {
                    if let Some(at) = open.pop() {
                        outline.spans[at].1.end = outline.text.len();
                    }
                }
                Edge::Close(_) => {}
            }
        }
        outline
    }

    /// The elements in the order of the page.
    pub fn elements(&self) -> impl Iterator<Item = (Node<'a>, Range<usize>)> {
        self.spans.iter().cloned()
    }

    /// The innermost element that holds this part of the text.
    #[must_use]
    pub fn innermost(&self, part: &Range<usize>) -> Option<Node<'a>> {
        let around = self.spans.iter().filter(|(_, span)| span.start <= part.start && span.end >= part.end);
        // Of equal ones the last is within the others.
        around.rev().min_by_key(|(_, span)| span.len()).map(|(node, _)| *node)
    }

    /// What a selector finds first, and its part of the text.
    #[must_use]
    pub fn find(&self, selector: &Selector) -> Option<(Node<'a>, Range<usize>)> {
        let node = Node(self.tree.0.select(selector.parsed()).next()?);
        Some((node, self.span(node)?))
    }

    #[must_use]
    pub fn span(&self, node: Node<'a>) -> Option<Range<usize>> {
        let at = *self.by_id.get(&node.0.id())?;
        self.spans.get(at).map(|(_, span)| span.clone())
    }
}

/// A page's title is no part of its text.
fn is_in_head(node: &ego_tree::NodeRef<'_, Inner>) -> bool {
    let parent = node.parent().and_then(ElementRef::wrap);
    parent.is_some_and(|parent| matches!(parent.value().name(), "title" | "head"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_has_its_part_of_the_text() {
        let html = "<title>Tin</title><body><h1> Tin  Mới </h1><div id=a><p>Một</p><p>Hai</p></div><p>Cuối";
        let tree = Tree::read(html.as_bytes(), None).unwrap();
        let outline = Outline::of(&tree);
        assert_eq!(outline.text, "tinmớimộthaicuối");
        let name = |part: Range<usize>| outline.innermost(&part).map(|node| node.name().to_owned());
        let at = |text: &str| outline.text.find(text).map(|at| at..at + text.len()).unwrap();
        assert_eq!(name(at("mộthai")), Some("div".into()));
        assert_eq!(name(at("hai")), Some("p".into()));
        assert_eq!(name(at("haicuối")), Some("body".into()));
        let selector = Selector::parse("#a").unwrap();
        assert_eq!(outline.find(&selector).unwrap().1, at("mộthai"));
    }
}
