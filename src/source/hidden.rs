//! Whether a style hides what it stands on from readers.
//!
//! Hidden links and words in a page of an authority are the commonest trace of
//! a break-in: search engines read them, editors do not. Only the style on the
//! element itself is known here; a class may hide as well.

use std::rc::Rc;

use lol_html::html_content::{Element, TextChunk, TextType};

use super::count::Shared;
use super::guard::REMOVED_WITH_CONTENT;
use super::text;

/// How much of what readers do not see is told, in bytes.
pub const HIDDEN_BYTES_MAX: usize = 400;

/// Less than this can be seen by nobody, in CSS pixels or as opacity.
const PIXELS_MIN: f64 = 2.0;
const OPACITY_MIN: f64 = 0.1;
/// Shifted so far, in CSS pixels, a text stands outside the page. Lists and
/// paragraphs are shifted by some 50 at most.
const SHIFT: f64 = -200.0;
/// The same for what is shifted by a share of its own size, in percent.
const SHIFT_SHARE: f64 = -120.0;

/// What hidden elements hold, as far as it is told.
#[derive(Debug, Default)]
pub(super) struct Veil {
    /// Open elements that hide what is in them.
    hiding: usize,
    excerpt: String,
}

impl Veil {
    pub(super) fn text(&mut self, chunk: &TextChunk<'_>) {
        if self.hiding > 0 && chunk.text_type() == TextType::Data {
            self.tell(chunk.as_str());
        }
    }

    /// Blanks alone hide nothing.
    fn tell(&mut self, text: &str) {
        let room = HIDDEN_BYTES_MAX.saturating_sub(self.excerpt.len());
        let head = &text[..text.floor_char_boundary(room)];
        let words = super::text::fold(&super::text::decode_entities(head));
        if !words.is_empty() {
            self.excerpt.push_str(if self.excerpt.is_empty() { "" } else { " " });
            self.excerpt.push_str(&words);
        }
    }

    pub(super) fn told(self) -> String {
        self.excerpt
    }
}

/// Takes down what an element hides: words and addresses of links.
pub(super) fn conceal(element: &mut Element<'_, '_>, name: &str, counted: &Shared) {
    if counted.borrow().veil.hiding > 0 && name == "a" {
        counted.borrow_mut().veil.tell(&element.get_attribute("href").unwrap_or_default());
    }
    let hides = element.has_attribute("hidden") || element.get_attribute("style").is_some_and(|style| hides(&style));
    let hides = hides || is_dot(element, name);
    if !hides || REMOVED_WITH_CONTENT.contains(&name) {
        return;
    }
    // A void element hides nothing but itself.
    let Some(handlers) = element.end_tag_handlers() else { return };
    let shared = Rc::clone(counted);
    handlers.push(Box::new(move |_| {
        let veil = &mut shared.borrow_mut().veil;
        veil.hiding = veil.hiding.saturating_sub(1);
        Ok(())
    }));
    let veil = &mut counted.borrow_mut().veil;
    veil.hiding += 1;
    if name == "a" {
        veil.tell(&element.get_attribute("href").unwrap_or_default());
    }
}

/// A scrolling line of one pixel: the oldest hiding place of all.
fn is_dot(element: &Element<'_, '_>, name: &str) -> bool {
    let size = |side: &str| element.get_attribute(side).and_then(|value| pixels(value.trim()));
    name == "marquee" && ["width", "height"].into_iter().filter_map(size).any(|size| size < PIXELS_MIN)
}

/// Whether the declarations of a `style` attribute hide the element.
#[must_use]
pub fn hides(style: &str) -> bool {
    let css = canonical(style);
    let declarations = || css.split(';').filter_map(|one| one.split_once(':'));
    let value = |name: &str| declarations().rfind(|(property, _)| *property == name).map(|(_, value)| value);
    let cropped = declarations()
        .any(|(name, value)| name.starts_with("overflow") && matches!(value, "hidden" | "clip" | "auto" | "scroll"));
    let lifted = value("position").is_some_and(|value| matches!(value, "absolute" | "fixed"));
    let alone = declarations().any(|(name, value)| match name {
        "display" => value == "none",
        "visibility" | "content-visibility" => matches!(value, "hidden" | "collapse"),
        "opacity" => number(value).is_some_and(is_faint),
        "font-size" | "line-height" => {
            pixels(value).is_some_and(|size| size < if name == "font-size" { PIXELS_MIN } else { 0.01 })
        }
        "font" => value.split('/').next().and_then(pixels).is_some_and(|size| size < PIXELS_MIN),
        "text-indent" | "margin" | "margin-left" | "margin-top" => pixels(value).is_some_and(|by| by < SHIFT),
        "left" | "top" | "right" | "bottom" => pixels(value).is_some_and(|by| by < SHIFT),
        "height" | "max-height" | "width" | "max-width" => {
            cropped && pixels(value).is_some_and(|size| size < PIXELS_MIN)
        }
        "clip" => lifted && value.starts_with("rect("),
        "clip-path" => {
            value.starts_with("inset(50%") || value.starts_with("inset(100%") || value.starts_with("circle(0")
        }
        "transform" => functions(value).any(|(name, mut arguments)| match name {
            _ if name.starts_with("scale") => arguments.any(|by| number(by).is_some_and(|by| by.abs() < OPACITY_MIN)),
            _ if name.starts_with("translate") => arguments.any(is_far),
            _ => false,
        }),
        "filter" => functions(value)
            .any(|(name, mut arguments)| name == "opacity" && arguments.any(|by| number(by).is_some_and(is_faint))),
        "inset" => value.split_inclusive("px").any(|by| pixels(by).is_some_and(|by| by < SHIFT)),
        "z-index" => lifted && value.starts_with('-'),
        "zoom" => number(value).is_some_and(is_faint),
        "color" => is_transparent(value),
        _ => false,
    });
    alone || value("color").is_some_and(|color| [value("background-color"), value("background")].contains(&Some(color)))
}

/// Small letters without comments, escapes, blanks and `!important`.
fn canonical(style: &str) -> String {
    let decoded = text::decode_entities(style);
    let mut css = String::with_capacity(decoded.len());
    let mut rest = decoded.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        css.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    css.push_str(rest);
    unescaped(&css).to_lowercase().split_whitespace().collect::<String>().replace("!important", "")
}

/// Escapes of CSS Syntax §4.3.7: up to six hexadecimal digits and a blank, or the character itself.
fn unescaped(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut chars = css.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let mut code = String::new();
        while let Some(digit) = chars.next_if(|next| next.is_ascii_hexdigit() && code.len() < 6) {
            code.push(digit);
        }
        match u32::from_str_radix(&code, 16).ok().and_then(char::from_u32) {
            Some(escaped) => {
                out.push(escaped);
                let _ = chars.next_if(|next| next.is_whitespace());
            }
            None => out.extend(chars.next()),
        }
    }
    out
}

/// `name(a,b)name(c)`: names with their arguments.
fn functions(value: &str) -> impl Iterator<Item = (&str, std::str::Split<'_, char>)> {
    let calls = value.split(')').filter_map(|call| call.split_once('('));
    calls.map(|(name, arguments)| (name, arguments.split(',')))
}

fn is_faint(share: f64) -> bool {
    share < OPACITY_MIN
}

/// Shifted out of the page. Half of its own size centres a box.
fn is_far(by: &str) -> bool {
    match by.strip_suffix('%') {
        Some(share) => share.parse::<f64>().is_ok_and(|share| share < SHIFT_SHARE),
        None => pixels(by).is_some_and(|by| by < SHIFT),
    }
}

/// Names, and alpha as CSS Color §4 and §5 write it: `#rgba`, `rgba(…)`, `rgb(… / a)`.
fn is_transparent(color: &str) -> bool {
    if let Some(digits) = color.strip_prefix('#') {
        return (digits.len() == 4 && digits.ends_with('0')) || (digits.len() == 8 && digits.ends_with("00"));
    }
    let Some((_, arguments)) = color.strip_suffix(')').and_then(|call| call.split_once('(')) else {
        return color == "transparent";
    };
    let alpha = arguments.split_once('/').map(|(_, alpha)| alpha).or_else(|| arguments.split(',').nth(3));
    alpha.and_then(number).is_some_and(is_faint)
}

fn number(value: &str) -> Option<f64> {
    match value.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| percent / 100.0),
        None => value.parse().ok(),
    }
}

/// A length in CSS pixels (CSS Values §6); shares of the page count as of 1,000.
fn pixels(value: &str) -> Option<f64> {
    let value = value.strip_prefix("calc(").and_then(|inner| inner.strip_suffix(')')).unwrap_or(value);
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let (size, unit) = value.split_at(end);
    let factor = match unit {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "pc" | "em" | "rem" => 16.0,
        "ex" | "ch" => 8.0,
        "in" => 96.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "%" | "vw" | "vh" | "vmin" | "vmax" => 10.0,
        _ => return None,
    };
    size.parse::<f64>().ok().map(|size| size * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_of_hiding_is_known() {
        let hiding = [
            "display:none",
            "DISPLAY : NONE !important",
            "color:red;display:none;",
            "dis/**/play:no/* x */ne",
            "d\\69 splay:none",
            "&#100;isplay:none",
            "visibility:hidden",
            "opacity:0",
            "opacity: .01",
            "opacity:1%",
            "font-size:0",
            "font-size:1px",
            "font-size:0.1em",
            "line-height:0",
            "font:0/0 a",
            "text-indent:-9999px",
            "text-indent:-100em",
            "position:absolute;left:-9999px",
            "position:fixed; top: -200em",
            "left:-100%",
            "margin-left:-5000px",
            "height:0;overflow:hidden",
            "overflow:hidden;width:1px;height:1px",
            "position:absolute;clip:rect(0,0,0,0)",
            "clip-path:inset(50%)",
            "transform:scale(0)",
            "transform:translateX(-9999px)",
            "position:absolute;z-index:-1",
            "color:transparent",
            "color:#fff;background-color:#FFF",
            "color:white;background:white",
            "transform:translateX(-10000px)",
            "transform:translate3d(-10000px,0,0)",
            "transform:translate(0,-200%)",
            "transform:rotate(3deg) scale(0.01)",
            "transform:scale(1,0)",
            "transform:scaleX(0)",
            "overflow:auto;height:1px",
            "overflow:scroll;width:1px",
            "color:rgba(0,0,0,0)",
            "color:rgb(0 0 0 / 0%)",
            "color:#fff0",
            "color:#ffffff00",
            "position:absolute;left:calc(-9999px)",
            "position:absolute;inset:-9999px auto auto -9999px",
            "filter:opacity(0)",
        ];
        for style in hiding {
            assert!(hides(style), "{style}");
        }
    }

    #[test]
    fn what_editors_paste_is_not_hidden() {
        let usual = [
            "",
            "text-align:justify;text-indent:-18pt;margin-left:36pt",
            "text-indent:36.0pt;line-height:150%",
            "line-height:1;font-size:13px;color:#000",
            "color:#fff;background-color:#c00",
            "margin:0;padding:0;height:auto",
            "overflow:hidden;width:100%",
            "width:0;border:0",
            "position:relative;top:-3pt;mso-text-raise:3pt",
            "font-family:\"Times New Roman\",serif;mso-bidi-font-weight:bold",
            "display:block;visibility:visible;opacity:1",
            "font:14px/1.5 Arial",
            "display",
            "::::;;;:",
            "\\",
            "/* display:none",
            "position:absolute;top:50%;left:50%;transform:translate(-50%,-50%)",
            "transform:translateY(-9px)",
            "transform:scale(1.05) rotate(-90deg)",
            "overflow:auto;width:100%;max-height:400px",
            "color:rgba(0,0,0,.87)",
            "color:#0000ff",
            "color:#000",
            "inset:0",
            "filter:grayscale(0)",
        ];
        for style in usual {
            assert!(!hides(style), "{style}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_style_panics(style in "\\PC{0,60}") {
            let _ = hides(&style);
        }
    }
}
