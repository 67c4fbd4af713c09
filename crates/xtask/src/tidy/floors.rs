//! Cargo.lock against security-floor.toml: minimum versions, banned crates, crates with one way in.

use super::{Finding, Tree};

const FLOORS: &str = "security-floor.toml";
const LOCK: &str = "Cargo.lock";

/// Every locked version against the floors and bans.
pub(super) fn lock_file(tree: &Tree) -> Vec<Finding> {
    match check(tree) {
        Ok(findings) => findings,
        Err(finding) => vec![finding],
    }
}

fn check(tree: &Tree) -> Result<Vec<Finding>, Finding> {
    let floors = tree.toml(FLOORS, "it holds the minimum versions")?;
    let lock = tree.toml(LOCK, "a program's versions are committed")?;
    let table = |name: &str| floors.get(name).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let (floor, banned, only_through) = (table("floor"), table("banned"), table("only-through"));
    let mut findings = malformed(tree, &floor, &only_through);
    let packages = lock.get("package").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    for package in packages.iter().filter_map(toml::Value::as_table) {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str).unwrap_or_default();
        let (name, version) = (field("name"), field("version"));
        let line = tree.line_of(LOCK, &format!("name = \"{name}\""));
        if let Some(rule) = floor.get(name) {
            let minimum = strings(rule, "minimum");
            if !above(version, &minimum) {
                findings.push(Finding::new(
                    LOCK,
                    line,
                    format!(
                        "{name} {version} is below {}: {}; run `cargo update {name}`",
                        minimum.join(" / "),
                        reason(rule)
                    ),
                ));
            }
        }
        if let Some(rule) = banned.get(name) {
            findings.push(Finding::new(
                LOCK,
                line,
                format!(
                    "{name} is banned: {}; `cargo tree -i {name}` says who brings it",
                    rule.as_str().unwrap_or_default()
                ),
            ));
        }
        for needed in strings_of(package.get("dependencies")) {
            let needed = needed.split(' ').next().unwrap_or_default();
            if let Some(rule) = only_through.get(needed)
                && !strings(rule, "parents").iter().any(|parent| parent == name)
            {
                findings.push(Finding::new(
                    LOCK,
                    line,
                    format!(
                        "{name} brings {needed}, which may only come through {}: {}",
                        strings(rule, "parents").join(", "),
                        reason(rule)
                    ),
                ));
            }
        }
    }
    Ok(findings)
}

/// Entries of the floor file itself that could never find anything.
fn malformed(tree: &Tree, floor: &toml::Table, only_through: &toml::Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (section, table, list) in [("floor", floor, "minimum"), ("only-through", only_through, "parents")] {
        for (name, rule) in table {
            let values = strings(rule, list);
            let readable = section != "floor" || values.iter().all(|version| numbers(version).is_some());
            if values.is_empty() || !readable || reason(rule).is_empty() {
                findings.push(Finding::new(
                    FLOORS,
                    tree.line_of(FLOORS, &format!("[{section}.{name}]")),
                    format!("{name} needs `{list}` (a list, versions as three numbers) and a `reason`"),
                ));
            }
        }
    }
    findings
}

fn strings(rule: &toml::Value, key: &str) -> Vec<String> {
    strings_of(rule.get(key))
}

fn strings_of(value: Option<&toml::Value>) -> Vec<String> {
    let Some(values) = value.and_then(toml::Value::as_array) else {
        return Vec::new();
    };
    values.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

fn reason(rule: &toml::Value) -> &str {
    rule.get("reason").and_then(toml::Value::as_str).unwrap_or_default()
}

/// Whether `version` is at or above the minimum of its own release line, or of a line newer than all that are named.
/// A pre-release counts as below the release it precedes.
fn above(version: &str, minimum: &[String]) -> bool {
    let Some(found) = numbers(version) else {
        return false;
    };
    let before_release = version.contains('-');
    let enough = |least: [u64; 3]| found > least || (found == least && !before_release);
    let minimum: Vec<[u64; 3]> = minimum.iter().filter_map(|least| numbers(least)).collect();
    match minimum.iter().find(|least| release_line(**least) == release_line(found)) {
        Some(least) => enough(*least),
        None => minimum.iter().all(|least| enough(*least)),
    }
}

/// What semantic versioning calls compatible: the major number, or below 1.0 the minor one too.
fn release_line([major, minor, _]: [u64; 3]) -> (u64, u64) {
    (major, if major == 0 { minor } else { 0 })
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let plain = version.split(['-', '+']).next()?;
    let mut parts = plain.split('.').map(str::parse::<u64>);
    let three = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    parts.next().is_none().then_some(three)
}
