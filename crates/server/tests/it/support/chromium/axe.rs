//! axe-core, whose rules are the reference for what a page owes to everybody.

use serde_json::{Map, json};

use super::Tab;

/// Which of its rules are asked: WCAG 2.2 at the levels A and AA, and what its makers advise besides.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

impl Tab {
    /// What axe finds in the page as it is now, but for these rules: the rule, the selector of what breaks it, and how.
    pub async fn axe(&self, but_for: &[&str]) -> Vec<String> {
        if self.eval("window.axe === undefined").await == true {
            // Told to the browser past the page, whose policy would let in no script of another place.
            self.eval(&format!("{};true", source())).await;
        }
        let off: Map<_, _> = but_for.iter().map(|rule| ((*rule).to_owned(), json!({ "enabled": false }))).collect();
        let options = json!({ "runOnly": RULES, "rules": off, "resultTypes": ["violations"] });
        let found = self
            .eval(&format!(
                "axe.run(document, {options}).then(({{ violations, passes }}) => ({{
                    passes: passes.length,
                    told: violations.flatMap(({{ id, nodes }}) => nodes.map(({{ target, html, any, all, none }}) =>
                        `${{id}}: ${{target.join(' ')}}: ${{[...any, ...all, ...none].map((check) => check.message)}}: ${{html.slice(0, 90)}}`)),
                }}))"
            ))
            .await;
        assert!(found["passes"].as_u64().unwrap() > 10, "axe looked at next to nothing");
        found["told"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    }
}

fn source() -> String {
    let file = format!("{}/../../web/node_modules/axe-core/axe.min.js", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).expect("cargo xtask web installs axe-core")
}
