//! What a browser calls itself, from our own list. The header's text never reaches a page or a phone: whoever signs
//! in with a crafted one could otherwise write on somebody's phone.

/// The name of browser and system, such as `Firefox on Linux`; `None` where neither is known.
pub fn name(user_agent: &str) -> Option<&'static str> {
    let has = |part: &str| user_agent.contains(part);
    let browser = BROWSERS.iter().find(|(mark, _)| has(mark)).map(|(_, name)| *name);
    let system = SYSTEMS.iter().find(|(mark, _)| has(mark)).map(|(_, name)| *name);
    let index = |list: &[&'static str], name: &str| list.iter().position(|known| *known == name);
    match (browser, system) {
        (Some(browser), Some(system)) => {
            let row = index(&BROWSER_NAMES, browser)?;
            let column = index(&SYSTEM_NAMES, system)?;
            COMBINED.get(row)?.get(column).copied()
        }
        (Some(only), None) | (None, Some(only)) => Some(only),
        (None, None) => None,
    }
}

/// Marks in the order in which they decide: Edge and Opera also say Chrome, Chrome also says Safari.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];
const BROWSER_NAMES: [&str; 5] = ["Edge", "Opera", "Firefox", "Chrome", "Safari"];
const SYSTEM_NAMES: [&str; 7] = ["iPhone", "iPad", "Android", "ChromeOS", "Windows", "Mac", "Linux"];

macro_rules! row {
    ($browser:literal) => {
        [
            concat!($browser, " · iPhone"),
            concat!($browser, " · iPad"),
            concat!($browser, " · Android"),
            concat!($browser, " · ChromeOS"),
            concat!($browser, " · Windows"),
            concat!($browser, " · Mac"),
            concat!($browser, " · Linux"),
        ]
    };
}
const COMBINED: [[&str; 7]; 5] = [row!("Edge"), row!("Opera"), row!("Firefox"), row!("Chrome"), row!("Safari")];

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn browsers_are_told_by_our_list_and_nothing_else() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile/15E Safari/604.1";
        assert_eq!(name(chrome), Some("Chrome · Linux"));
        assert_eq!(name(&format!("{chrome} Edg/156.0")), Some("Edge · Linux"));
        assert_eq!(name(safari), Some("Safari · iPhone"));
        assert_eq!(
            name("Mozilla/5.0 (Windows NT 10.0; rv:153.0) Gecko/20100101 Firefox/153.0"),
            Some("Firefox · Windows")
        );
        assert_eq!(name("curl/8.0"), None);
        assert_eq!(name("Firefox/1 tap Approve now \u{202e}"), Some("Firefox"));
    }
}
