//! What a browser makes of HTML: every element that the standard's algorithm
//! creates, wherever in the tree it would land, with scripting on and off.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink as _};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, ParseOpts, QualName, parse_document};

/// One element, comment (`!--`) or processing instruction (`?`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

/// What a document holds, in the order in which it comes into being.
pub(crate) fn nodes(html: &str, scripting: bool) -> Vec<Node> {
    let tree_builder = TreeBuilderOpts { scripting_enabled: scripting, ..TreeBuilderOpts::default() };
    parse_document(Sink::default(), ParseOpts { tree_builder, ..ParseOpts::default() }).one(html)
}

/// What a text adds to the document that it stands in.
pub(crate) fn added(before: &str, text: &str, behind: &str, scripting: bool) -> Vec<Node> {
    let mut found = nodes(&format!("{before}{text}{behind}"), scripting);
    for frame in nodes(&format!("{before}{behind}"), scripting) {
        if let Some(at) = found.iter().position(|node| *node == frame) {
            found.remove(at);
        }
    }
    found
}

/// Keeps no tree: only what was created matters.
#[derive(Debug, Default)]
struct Sink(RefCell<Vec<Node>>);

/// A node knows its name; the document and a template's content have none.
#[derive(Debug, Clone)]
struct Handle(Rc<Option<QualName>>);

impl Sink {
    fn note(&self, name: &str, attributes: &[Attribute]) {
        let key = |attribute: &Attribute| match &attribute.name.prefix {
            Some(prefix) => format!("{prefix}:{}", attribute.name.local),
            None => attribute.name.local.to_string(),
        };
        let attributes = attributes.iter().map(|attribute| (key(attribute), attribute.value.to_string())).collect();
        self.0.borrow_mut().push(Node { name: name.to_owned(), attributes });
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Vec<Node>;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Vec<Node> {
        self.0.into_inner()
    }

    fn get_document(&self) -> Handle {
        Handle(Rc::new(None))
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        target.0.as_ref().as_ref().expect("the parser asks for names of elements alone")
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        self.note(&name.local, &attributes);
        Handle(Rc::new(Some(name)))
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.note("!--", &[]);
        self.get_document()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.note("?", &[]);
        self.get_document()
    }

    fn add_attrs_if_missing(&self, target: &Handle, attributes: Vec<Attribute>) {
        self.note(&self.elem_name(target).local, &attributes);
    }

    fn get_template_contents(&self, _: &Handle) -> Handle {
        self.get_document()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        Rc::ptr_eq(&one.0, &other.0)
    }

    fn parse_error(&self, _: Cow<'static, str>) {}
    fn append(&self, _: &Handle, _: NodeOrText<Handle>) {}
    fn append_based_on_parent_node(&self, _: &Handle, _: &Handle, _: NodeOrText<Handle>) {}
    fn append_before_sibling(&self, _: &Handle, _: NodeOrText<Handle>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn remove_from_parent(&self, _: &Handle) {}
    fn reparent_children(&self, _: &Handle, _: &Handle) {}
}
