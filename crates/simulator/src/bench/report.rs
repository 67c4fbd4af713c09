//! The figures: collected, compared with the aims, printed for people and for programs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::story::line;

/// What a figure should be.
enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// The aims of the project.
const AIMS: &[(&str, Aim)] = &[
    ("sign_ins_per_second", Aim::AtLeast(500.0)),
    ("server_cpu_ms_per_sign_in", Aim::AtMost(2.0)),
    ("pin_server_cpu_ms_per_sign_in", Aim::AtMost(4.0)),
    ("decision_to_browser_p50_ms", Aim::AtMost(5.0)),
    ("decision_to_browser_p99_ms", Aim::AtMost(25.0)),
    ("pin_decision_to_browser_p50_ms", Aim::AtMost(5.0)),
    ("pin_decision_to_browser_p99_ms", Aim::AtMost(25.0)),
    ("idle_rss_mib", Aim::AtMost(25.0)),
    ("waiting_browser_kib", Aim::AtMost(16.0)),
    ("ready_ms", Aim::AtMost(150.0)),
    ("first_start_ms", Aim::AtMost(1000.0)),
    ("binary_mib", Aim::AtMost(30.0)),
    ("shown_to_push_p50_ms", Aim::AtMost(300.0)),
    ("push_sealed_over_floor", Aim::AtMost(1.5)),
    ("flood_cpu_percent", Aim::AtMost(10.0)),
    ("flood_finish_p99_ms", Aim::AtMost(1000.0)),
    ("flood_not_asked", Aim::AtMost(0.0)),
    ("long_flood_finish_p99_ms", Aim::AtMost(1000.0)),
    ("long_flood_not_asked", Aim::AtMost(0.0)),
    ("stop_ms", Aim::AtMost(10_000.0)),
    ("stop_streams_cut", Aim::AtMost(0.0)),
];

/// What no run may exceed, on whichever machine: counts and memory, and no times. T-DOS-1.
const BOUNDS: &[(&str, f64)] = &[
    ("waiting_browser_kib", 32.0),
    ("calm_not_asked", 0.0),
    ("flood_not_asked", 0.0),
    ("long_flood_not_asked", 0.0),
    ("flood_growth_mib", 32.0),
    ("stop_streams_cut", 0.0),
];

/// Collected figures of a scenario, each with its values of several runs.
#[derive(Debug)]
pub(super) struct Report {
    scenario: &'static str,
    figures: BTreeMap<String, Vec<f64>>,
}

/// The spread of a figure.
#[derive(Debug, PartialEq)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

fn spread(values: &[f64]) -> Spread {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let middle = sorted.len() / 2;
    let median =
        if sorted.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) };
    Spread { least: at(0), median, most: at(sorted.len().saturating_sub(1)) }
}

impl Report {
    /// Nothing yet.
    pub(super) fn new(scenario: &'static str) -> Self {
        Self { scenario, figures: BTreeMap::new() }
    }

    /// A figure that is measured once.
    pub(super) fn set(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), vec![value]);
    }

    /// A value of one more run.
    pub(super) fn add(&mut self, name: &str, value: f64) {
        self.figures.entry(name.to_owned()).or_default().push(value);
    }

    /// The median of a figure.
    pub(super) fn median(&self, name: &str) -> f64 {
        self.figures.get(name).map_or(f64::NAN, |values| spread(values).median)
    }

    /// Prints the floors, which are known first.
    pub(super) fn print_floors(&self) {
        for (name, values) in self.figures.iter().filter(|(name, _)| name.starts_with("floor_")) {
            line(&format!("  {name:<36} {:>12}", shown(spread(values).median)));
        }
    }

    /// Prints all figures against the aims.
    pub(super) fn print(&self, json: bool) {
        line(&format!("\n  {:<36} {:>10} {:>10} {:>10}   aim", "figure", "median", "min", "max"));
        for (name, values) in &self.figures {
            let Spread { least, median, most } = spread(values);
            let range = if values.len() > 1 { (shown(least), shown(most)) } else { (String::new(), String::new()) };
            line(&format!(
                "  {name:<36} {:>10} {:>10} {:>10}   {}",
                shown(median),
                range.0,
                range.1,
                verdict(name, median)
            ));
        }
        if json {
            line(&self.json().to_string());
        }
    }

    /// Names the figures that are beyond their bounds.
    pub(super) fn broken_bounds(&self) -> Vec<String> {
        let median = |name: &str| self.figures.get(name).map(|values| spread(values).median);
        BOUNDS
            .iter()
            .filter_map(|(name, bound)| median(name).filter(|value| value > bound).map(|value| (name, bound, value)))
            .map(|(name, bound, value)| format!("{name} is {}, and at most {bound} is allowed", shown(value)))
            .collect()
    }

    fn json(&self) -> Value {
        let figures: Map<String, Value> = self
            .figures
            .iter()
            .map(|(name, values)| {
                let rounded = (spread(values).median * 1000.0).round() / 1000.0;
                (name.clone(), json!(rounded))
            })
            .collect();
        json!({ "scenario": self.scenario, "figures": figures })
    }
}

fn verdict(name: &str, value: f64) -> String {
    match AIMS.iter().find(|(aimed, _)| *aimed == name) {
        Some((_, Aim::AtLeast(aim))) => format!(">= {aim}  {}", if value >= *aim { "reached" } else { "MISSED" }),
        Some((_, Aim::AtMost(aim))) => format!("<= {aim}  {}", if value <= *aim { "reached" } else { "MISSED" }),
        None => String::new(),
    }
}

/// As many digits as mean something.
fn shown(value: f64) -> String {
    if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_its_bound_is_named_and_what_was_not_measured_is_not() {
        let mut report = Report::new("load");
        report.set("waiting_browser_kib", 32.0);
        report.set("stop_streams_cut", 0.0);
        assert!(report.broken_bounds().is_empty());
        report.set("stop_streams_cut", 1.0);
        assert_eq!(report.broken_bounds(), ["stop_streams_cut is 1.00, and at most 0 is allowed"]);
    }

    #[test]
    fn spreads_verdicts_and_json_agree() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Spread { least: 1.0, median: 2.0, most: 3.0 });
        assert_eq!(spread(&[1.0, 2.0]).median, 1.5);
        assert!(verdict("sign_ins_per_second", 499.0).contains("MISSED"));
        assert!(verdict("ready_ms", 150.0).contains("reached"));
        assert_eq!(verdict("loaded_rss_mib", 1.0), "");
        let mut report = Report::new("approvals");
        report.add("ready_ms", 10.0);
        report.add("ready_ms", 20.123_456);
        report.add("ready_ms", 30.0);
        assert_eq!(report.json()["figures"]["ready_ms"], json!(20.123));
        assert_eq!(report.json()["scenario"], "approvals");
    }
}
