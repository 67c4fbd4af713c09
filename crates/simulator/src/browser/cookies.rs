//! Cookies as browsers keep them (RFC 6265bis), for one host.

/// The cookies of one host.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    kept: Vec<Cookie>,
}

/// One cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The path under which it is sent.
    pub path: String,
}

impl Cookies {
    /// Takes a `Set-Cookie` header; returns whether the cookie was accepted. `Secure` cookies are accepted and sent
    /// on plain http too, as the only plain hosts that a [`super::Browser`] visits are names under `localhost`, which
    /// browsers count as trustworthy.
    pub fn take(&mut self, header: &str) -> bool {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return false };
        let (mut path, mut secure, mut domain, mut gone) = (None, false, false, false);
        for part in parts {
            let (attribute, text) = part.split_once('=').unwrap_or((part, ""));
            match attribute.to_ascii_lowercase().as_str() {
                "path" => path = Some(text.to_owned()),
                "secure" => secure = true,
                "domain" => domain = true,
                "max-age" => gone = text.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "expires" => gone |= text.contains("1970"),
                _ => {}
            }
        }
        // Section 4.1.3: the prefixes are promises, and browsers drop a cookie that breaks one.
        let host = name.starts_with("__Host-");
        let broken = host && (!secure || domain || path.as_deref() != Some("/"));
        if broken || (name.starts_with("__Secure-") && !secure) {
            return false;
        }
        let path = path.unwrap_or_else(|| "/".to_owned());
        self.kept.retain(|cookie| cookie.name != name || cookie.path != path);
        if !gone {
            self.kept.push(Cookie { name: name.to_owned(), value: value.to_owned(), path });
        }
        true
    }

    /// The `Cookie` header for a path; `None` when there is nothing to send.
    pub fn header(&self, path: &str) -> Option<String> {
        let sent: Vec<String> = self
            .kept
            .iter()
            .filter(|cookie| covers(&cookie.path, path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!sent.is_empty()).then(|| sent.join("; "))
    }

    /// The value of a cookie.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.kept.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// All cookies.
    pub fn all(&self) -> &[Cookie] {
        &self.kept
    }

    /// Sets a cookie as a script or a thief would.
    pub fn put(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.kept.push(Cookie { name: name.to_owned(), value: value.to_owned(), path: "/".to_owned() });
    }

    /// Forgets a cookie.
    pub fn remove(&mut self, name: &str) {
        self.kept.retain(|cookie| cookie.name != name);
    }

    /// Forgets all cookies but one: a person who signed out, in a browser that is still known.
    pub fn keep_only(&mut self, name: &str) {
        self.kept.retain(|cookie| cookie.name == name);
    }
}

/// Section 5.1.4.
fn covers(cookie: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    match path.strip_prefix(cookie) {
        Some(rest) => rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_replaced_sent_and_deleted() {
        let mut cookies = Cookies::default();
        assert!(cookies.take("__Host-flow=a; Path=/; Secure; HttpOnly; SameSite=Lax"));
        assert!(cookies.take("__Host-flow=b=c; Path=/; Secure"));
        assert!(cookies.take("plain=1; Path=/account"));
        assert_eq!(cookies.header("/signin?x=1").unwrap(), "__Host-flow=b=c");
        assert_eq!(cookies.header("/account/phones").unwrap(), "__Host-flow=b=c; plain=1");
        assert_eq!(cookies.header("/accounts").unwrap(), "__Host-flow=b=c");
        assert!(cookies.take("__Host-flow=; Path=/; Secure; Max-Age=0"));
        assert_eq!(cookies.value("__Host-flow"), None);
        cookies.put("x", "1");
        cookies.keep_only("x");
        assert_eq!(cookies.all().len(), 1);
    }

    #[test]
    fn a_broken_promise_is_dropped() {
        let mut cookies = Cookies::default();
        for header in [
            "__Host-a=1; Path=/",
            "__Host-a=1; Secure",
            "__Host-a=1; Path=/x; Secure",
            "__Host-a=1; Path=/; Secure; Domain=example.org",
            "__Secure-a=1; Path=/",
            "nonsense",
        ] {
            assert!(!cookies.take(header), "{header}");
        }
        assert!(cookies.all().is_empty());
    }
}
