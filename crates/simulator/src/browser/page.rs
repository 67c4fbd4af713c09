//! A page as a test reads it: text, attributes and hidden fields. No tree is built; our own pages are well formed.

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The path it came from, after redirects.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The HTML.
    pub html: String,
}

impl Page {
    /// Whether a text stands on it.
    pub fn contains(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    /// The value of the first attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<String> {
        attribute(&self.html, name)
    }

    /// The number that the person reads and the phone is given.
    pub fn number(&self) -> Option<String> {
        self.attribute("data-number")
    }

    /// The form token of the form with this action: a person can send only what stands on the page.
    pub fn form_token(&self, action: &str) -> Option<String> {
        let form = tags(&self.html, "form").find(|(_, tag)| attribute(tag, "action").as_deref() == Some(action))?;
        token(self.html.get(form.0..)?.split("</form>").next()?)
    }

    /// A token that the page's script sends where it has no form for it.
    pub fn script_token(&self) -> Option<String> {
        self.attribute("data-csrf").or_else(|| token(&self.html))
    }

    /// Whether there is an input of this name.
    pub fn has_input(&self, name: &str) -> bool {
        tags(&self.html, "input").any(|(_, tag)| attribute(tag, "name").as_deref() == Some(name))
    }

    /// What it says, in one line without its tags: for messages of tests that failed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        for c in self.html.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                c if !inside => text.push(c),
                _ => {}
            }
        }
        unescape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn token(html: &str) -> Option<String> {
    let csrf = tags(html, "input").find(|(_, tag)| attribute(tag, "name").as_deref() == Some("csrf"));
    csrf.and_then(|(_, tag)| attribute(tag, "value"))
}

/// The opening tags of this name, each with its place.
fn tags<'h>(html: &'h str, name: &str) -> impl Iterator<Item = (usize, &'h str)> {
    let start = format!("<{name} ");
    let places: Vec<usize> = html.match_indices(&start).map(|(at, _)| at).collect();
    places.into_iter().filter_map(move |at| {
        let rest = html.get(at..)?;
        Some((at, rest.get(..=rest.find('>')?)?))
    })
}

fn attribute(html: &str, name: &str) -> Option<String> {
    let start = format!(" {name}=\"");
    let at = html.find(&start)? + start.len();
    let rest = html.get(at..)?;
    rest.get(..rest.find('"')?).map(unescape)
}

fn unescape(text: &str) -> String {
    let mut plain = text.to_owned();
    for (escape, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        // Last, so that an escaped escape is not read twice.
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(escape, c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let html = r#"<div data-waiting data-number="47" data-link="http://a/app/e#1.b.c&amp;d">
            <form class="who" method="post" action="/signin/cancel"><input type="hidden" name="csrf" value="one"></form>
            <form method="post" action="/signin/finish"><input type="hidden" name="csrf" value="two"><input name="x"></form>
            <p>Type  47 &amp; go</p></div>"#;
        Page { path: "/".to_owned(), status: 200, html: html.to_owned() }
    }

    #[test]
    fn attributes_numbers_and_tokens_are_found() {
        let page = page();
        assert_eq!(page.number().unwrap(), "47");
        assert_eq!(page.attribute("data-link").unwrap(), "http://a/app/e#1.b.c&d");
        assert_eq!(page.attribute("data-none"), None);
        assert_eq!(page.form_token("/signin/finish").unwrap(), "two");
        assert_eq!(page.form_token("/signin/cancel").unwrap(), "one");
        assert_eq!(page.form_token("/elsewhere"), None, "no such form");
        assert_eq!(page.script_token().unwrap(), "one");
        assert!(page.has_input("x") && !page.has_input("y"));
        assert_eq!(page.text(), "Type 47 & go");
    }
}
