//! A small browser over HTTP: cookies, redirects, forms and event streams, with the headers that a real one sends.
//! It runs no script; what the scripts of our pages do, callers do by hand.

mod cookies;
mod page;

use std::{net::IpAddr, time::Duration};

use akkoord_authenticator::{EventParser, Network, RawEvent};
use reqwest::Method;

pub use cookies::{Cookie, Cookies};
pub use page::Page;

/// As many redirects as a sign-in needs, and not many more.
const MAX_REDIRECTS: usize = 5;
/// No page of ours is larger, in bytes.
const MAX_PAGE: usize = 1024 * 1024;
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a browser could not go on.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The server was not reached.
    #[error("{path} can't be reached: {error}")]
    Network {
        /// Where.
        path: String,
        /// Why.
        error: reqwest::Error,
    },
    /// The page is too large.
    #[error("{0} is too large")]
    TooLarge(String),
    /// A redirect leads to another site or round in circles.
    #[error("{from} redirects to {to}")]
    Redirect {
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
    /// The page has no form token.
    #[error("{0} has no form to send")]
    NoForm(String),
    /// A stream of events did not open, or broke a rule.
    #[error("the events of {0} can't be read")]
    Events(String),
    /// Nothing came in time.
    #[error("{0} did not tell in time")]
    Silent(String),
}

/// An answer as it came, redirects not followed.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A browser that visits one site. A clone is a second window with a copy of its cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    network: Network,
    origin: String,
    language: String,
    address: Option<IpAddr>,
    /// Its cookies.
    pub cookies: Cookies,
    /// The page it shows.
    pub page: Page,
}

impl Browser {
    /// A browser without cookies for the site at `origin`, such as `http://login.localhost:8080`.
    pub fn new(network: &Network, origin: &str) -> Self {
        Self {
            network: network.clone(),
            origin: origin.trim_end_matches('/').to_owned(),
            language: "en".to_owned(),
            address: None,
            cookies: Cookies::default(),
            page: Page::default(),
        }
    }

    /// The same, for a person who reads this language.
    pub fn with_language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// The same at this address, as a proxy before the server would tell it.
    pub fn at_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The site.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Opens a page and follows redirects.
    pub async fn open(&mut self, path: &str) -> Result<&Page, BrowserError> {
        let answer = self.send(Method::GET, path, None, &[]).await?;
        self.show(path, answer).await
    }

    /// Sends a form of the page with its token, and follows redirects.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> Result<&Page, BrowserError> {
        let token = self.page.form_token(action);
        let answer = self.send_form(action, fields, token).await?;
        self.show(action, answer).await
    }

    /// Sends fields with a token of the page, as a script would, also where it has no form for this: the answer is
    /// returned and the page stays.
    pub async fn post(&mut self, action: &str, fields: &[(&str, &str)]) -> Result<Answer, BrowserError> {
        let token = self.page.form_token(action).or_else(|| self.page.script_token());
        self.send_form(action, fields, token).await
    }

    async fn send_form(
        &mut self,
        action: &str,
        fields: &[(&str, &str)],
        token: Option<String>,
    ) -> Result<Answer, BrowserError> {
        let token = token.ok_or_else(|| BrowserError::NoForm(self.page.path.clone()))?;
        let body = form(std::iter::once(("csrf", token.as_str())).chain(fields.iter().copied()));
        self.send(Method::POST, action, Some(body), &[]).await
    }

    /// Sends exactly this, with cookies. `more` headers replace those that a browser sends by itself; an empty value
    /// leaves one out.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        more: &[(&str, &str)],
    ) -> Result<Answer, BrowserError> {
        let failed = |error| BrowserError::Network { path: path.to_owned(), error };
        let mut response = self.request(&method, path, body, more).timeout(TIMEOUT).send().await.map_err(failed)?;
        for value in response.headers().get_all("set-cookie") {
            self.cookies.take(&String::from_utf8_lossy(value.as_bytes()));
        }
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_PAGE {
                return Err(BrowserError::TooLarge(path.to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let answer = Answer {
            status: response.status().as_u16(),
            location: None,
            headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        };
        Ok(Answer { location: answer.header("location").map(str::to_owned), ..answer })
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<String>,
        more: &[(&str, &str)],
    ) -> reqwest::RequestBuilder {
        let mut request = self.network.client().request(method.clone(), format!("{}{path}", self.origin));
        let post = *method == Method::POST;
        let site = if post || !self.page.path.is_empty() { "same-origin" } else { "none" };
        let own = [
            ("user-agent", AGENT),
            ("accept", "text/html,application/xhtml+xml"),
            ("accept-language", self.language.as_str()),
            ("sec-fetch-site", site),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("origin", if post { self.origin.as_str() } else { "" }),
            ("content-type", if body.is_some() { "application/x-www-form-urlencoded" } else { "" }),
        ];
        let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
        let kept = own.iter().filter(|(name, _)| !replaced(name));
        for (name, value) in kept.chain(more).filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        if let Some(address) = self.address {
            request = request.header("x-forwarded-for", address.to_string());
        }
        if let Some(cookies) = self.cookies.header(path) {
            request = request.header("cookie", cookies);
        }
        match body {
            Some(body) => request.body(body),
            None => request,
        }
    }

    async fn show(&mut self, path: &str, answer: Answer) -> Result<&Page, BrowserError> {
        let (mut path, mut answer) = (path.to_owned(), answer);
        for _ in 0..MAX_REDIRECTS {
            let Some(location) = answer.location.as_deref().filter(|_| (300..400).contains(&answer.status)) else {
                self.page = Page { path, status: answer.status, html: answer.body };
                return Ok(&self.page);
            };
            let next = location.strip_prefix(&self.origin).unwrap_or(location);
            if !next.starts_with('/') || next.starts_with("//") {
                return Err(BrowserError::Redirect { from: path, to: location.to_owned() });
            }
            path = next.to_owned();
            answer = self.send(Method::GET, &path, None, &[]).await?;
        }
        Err(BrowserError::Redirect { from: path, to: "itself".to_owned() })
    }

    /// Opens a stream of events.
    pub async fn events(&self, path: &str) -> Result<PageEvents, BrowserError> {
        let more = [("accept", "text/event-stream"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
        let request = self.request(&Method::GET, path, None, &more);
        let opened = tokio::time::timeout(TIMEOUT, request.send()).await;
        let response = opened.map_err(|_| BrowserError::Silent(path.to_owned()))?;
        let response = response.map_err(|error| BrowserError::Network { path: path.to_owned(), error })?;
        let kind = response.headers().get("content-type").map(reqwest::header::HeaderValue::as_bytes);
        if response.status() != 200 || !kind.is_some_and(|kind| kind.starts_with(b"text/event-stream")) {
            return Err(BrowserError::Events(path.to_owned()));
        }
        Ok(PageEvents { path: path.to_owned(), response, parser: EventParser::default() })
    }
}

/// The events of a page that waits.
#[derive(Debug)]
pub struct PageEvents {
    path: String,
    response: reqwest::Response,
    parser: EventParser,
}

impl PageEvents {
    /// The next event; `None` when the server closed the stream.
    pub async fn next(&mut self) -> Result<Option<RawEvent>, BrowserError> {
        loop {
            if let Some(event) = self.parser.next_event() {
                return Ok(Some(event));
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| BrowserError::Network { path: self.path.clone(), error })? {
                Some(bytes) => self.parser.feed(&bytes).map_err(|_| BrowserError::Events(self.path.clone()))?,
                None => return Ok(None),
            }
        }
    }

    /// Waits for the event `state` with this state, in any case of letters.
    pub async fn state(&mut self, wanted: &str, patience: Duration) -> Result<(), BrowserError> {
        let waited = tokio::time::timeout(patience, async {
            while let Some(event) = self.next().await? {
                if event.name == "state" && event.data.trim().eq_ignore_ascii_case(wanted) {
                    return Ok(());
                }
            }
            Err(BrowserError::Events(self.path.clone()))
        });
        waited.await.unwrap_or_else(|_| Err(BrowserError::Silent(self.path.clone())))
    }
}

/// `application/x-www-form-urlencoded`.
pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What it says it is: a browser that the server knows by name.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 akkoord-simulator";

#[cfg(test)]
mod tests;
