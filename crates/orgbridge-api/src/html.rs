//! HTML that can hold no text that is not escaped.

use std::fmt::Write as _;

/// A piece of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Html(String);

impl Html {
    /// Nothing.
    pub(crate) const fn nothing() -> Self {
        Self(String::new())
    }

    /// A text, as it is.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        let mut escaped = String::new();
        escape(text.as_ref(), &mut escaped);
        Self(escaped)
    }

    /// A text in which what stands between backticks is code.
    pub(crate) fn prose(text: &str) -> Self {
        let parts = text.split('`').enumerate();
        parts.map(|(position, part)| if position % 2 == 0 { Self::text(part) } else { code(part) }).collect()
    }

    /// A style sheet. It is the one thing that is not escaped, so it is part of the program.
    pub(crate) fn style(sheet: &'static str) -> Self {
        Self(format!("<style>{sheet}</style>"))
    }

    /// An element that holds nothing and has no end.
    pub(crate) fn void(name: &'static str, attributes: &[(&'static str, &str)]) -> Self {
        Self(start(name, attributes))
    }

    /// An element that holds something.
    pub(crate) fn element(
        name: &'static str,
        attributes: &[(&'static str, &str)],
        inside: impl IntoIterator<Item = Self>,
    ) -> Self {
        let Self(inside) = inside.into_iter().collect();
        Self(format!("{}{inside}</{name}>", start(name, attributes)))
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A page that loads nothing, in this style.
    pub(crate) fn styled_page(
        title: &str,
        style: &'static str,
        body: impl IntoIterator<Item = Self>,
    ) -> String {
        let head = Self::element(
            "head",
            &[],
            [
                Self::void("meta", &[("charset", "utf-8")]),
                Self::void(
                    "meta",
                    &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
                ),
                Self::void("meta", &[("name", "color-scheme"), ("content", "light dark")]),
                Self::element("title", &[], [Self::text(title)]),
                Self::style(style),
            ],
        );
        let root = Self::element("html", &[("lang", "en")], [head, Self::element("body", &[], body)]);
        Self::page(&root)
    }

    /// The page of which `root` is the root.
    fn page(root: &Self) -> String {
        format!("<!doctype html>\n{}\n", root.0)
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(|Self(piece)| piece).collect())
    }
}

/// A text that means something to a program.
pub(crate) fn code(text: impl AsRef<str>) -> Html {
    Html::element("code", &[], [Html::text(text)])
}

fn start(name: &'static str, attributes: &[(&'static str, &str)]) -> String {
    let mut start = format!("<{name}");
    for (name, value) in attributes {
        // Writing to a string can't fail.
        let _ = write!(start, " {name}=\"");
        escape(value, &mut start);
        start.push('"');
    }
    start.push('>');
    start
}

fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "</code><script>\"'&";
        let page = Html::page(&Html::element(
            "p",
            &[("id", hostile)],
            [Html::prose(&format!("`{hostile}` {hostile}"))],
        ));
        let escaped = "&lt;/code&gt;&lt;script&gt;&quot;&#39;&amp;";
        assert_eq!(
            page,
            format!("<!doctype html>\n<p id=\"{escaped}\"><code>{escaped}</code> {escaped}</p>\n")
        );
    }
}
