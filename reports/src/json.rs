//! A study as one JSON document, format 1.
//!
//! Every rate is `{count, n, share, low, high}`, every quantile `{value, low, high, n}` with a 95 %
//! interval whose open ends are null; times are in seconds (`…_s`). Fields that do not apply are
//! null. What each measure means is told at [`crate::summary::Cell`] and [`Overall`]. Equal events
//! give equal bytes: nothing in it depends on threads, clocks or paths of the machine.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coalmine_sim::event::{PolicyInfo, ScenarioInfo};
use coalmine_sim::fidelity::Fidelity;
use serde::Serialize;

use crate::document;
use crate::insights;
use crate::interval::{CONFIDENCE, Estimate, Rate};
use crate::mix::{Mix, Worth, worth};
use crate::overall::{Overall, overall};
use crate::paired::{Comparison, Difference, Pairs, comparisons};
use crate::summary::{Cell, Quantiles, Summary};
use crate::surprise::most_surprising;

/// The version of the document's form; it grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Root<'a> {
    format: u32,
    seed: u64,
    runs: u32,
    fidelity: Fidelity,
    complete: bool,
    confidence: f64,
    policies: &'a [PolicyInfo],
    scenarios: Vec<ScenarioView<'a>>,
    cells: Vec<CellView<'a>>,
    overall: Vec<OverallView<'a>>,
    mix: Mix,
    worth: Vec<WorthView<'a>>,
    comparisons: Vec<ComparisonView<'a>>,
    insights: [String; 3],
    surprise: Option<SurpriseView>,
}

#[derive(Serialize)]
struct ScenarioView<'a> {
    name: &'a str,
    title: &'a str,
    traffic: &'a str,
    fault: Option<&'a str>,
    weight: f64,
    horizon_s: f64,
}

#[derive(Serialize)]
struct CellView<'a> {
    policy: &'a str,
    scenario: &'a str,
    n: u64,
    promoted: u64,
    rolled_back: u64,
    missed: Option<Rate>,
    missed_harmful: Option<Rate>,
    false_rollback: Option<Rate>,
    stuck: Option<Rate>,
    detect_s: QuantilesView,
    mitigate_s: QuantilesView,
    promote_s: QuantilesView,
    hurt: QuantilesView,
    hurt_users: QuantilesView,
    /// By step of the business; not there where a scenario has none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    lost: BTreeMap<&'a str, QuantilesView>,
    exposed: QuantilesView,
    exposed_users: QuantilesView,
    requests: QuantilesView,
}

#[derive(Serialize)]
struct OverallView<'a> {
    policy: &'a str,
    #[serde(flatten)]
    rates: Overall,
}

#[derive(Serialize)]
struct WorthView<'a> {
    policy: &'a str,
    #[serde(flatten)]
    worth: Worth,
}

#[derive(Serialize)]
struct ComparisonView<'a> {
    first: &'a str,
    second: &'a str,
    missed: Option<PairsView>,
    false_rollback: Option<PairsView>,
}

/// The first policy's share less the second's.
#[derive(Serialize)]
struct PairsView {
    #[serde(flatten)]
    pairs: Pairs,
    difference: Difference,
}

#[derive(Serialize)]
struct QuantilesView {
    median: Option<EstimateView>,
    p95: Option<EstimateView>,
}

#[derive(Serialize)]
struct EstimateView {
    value: Number,
    low: Option<Number>,
    high: Option<Number>,
    n: u64,
}

/// Requests are whole; seconds are not.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Count(u64),
    Seconds(f64),
}

#[derive(Serialize)]
struct SurpriseView {
    policy: String,
    scenario: String,
    replication: u32,
    why: String,
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write(summary: &Summary, out: impl Write) -> io::Result<()> {
    document::write(&root(summary), out)
}

fn root(summary: &Summary) -> Root<'_> {
    let study = &summary.study;
    let surprise = most_surprising(summary).map(|surprise| SurpriseView {
        policy: surprise.policy,
        scenario: surprise.scenario,
        replication: surprise.replication,
        why: surprise.why,
    });
    Root {
        format: FORMAT,
        seed: study.seed,
        fidelity: study.fidelity,
        runs: study.runs,
        complete: summary.complete,
        confidence: CONFIDENCE,
        policies: &study.policies,
        scenarios: study.scenarios.iter().map(scenario).collect(),
        cells: summary.cells.iter().map(|c| cell(summary, c)).collect(),
        overall: overall(summary)
            .into_iter()
            .map(|o| over(summary, o))
            .collect(),
        mix: summary.mix,
        worth: worth(summary, &summary.mix)
            .into_iter()
            .map(|worth| WorthView {
                policy: summary.label_of(worth.policy),
                worth,
            })
            .collect(),
        comparisons: comparisons(summary)
            .iter()
            .map(|pair| comparison(summary, pair))
            .collect(),
        insights: insights::sentences(summary),
        surprise,
    }
}

fn scenario(info: &ScenarioInfo) -> ScenarioView<'_> {
    ScenarioView {
        name: &info.name,
        title: &info.title,
        traffic: &info.traffic,
        fault: info.fault.as_deref(),
        weight: info.weight,
        horizon_s: info.horizon_ns.as_secs_f64(),
    }
}

fn cell<'a>(summary: &'a Summary, cell: &Cell) -> CellView<'a> {
    let steps = summary.scenario(cell).map_or(&[][..], |s| &s.business);
    let lost = steps.iter().zip(&cell.lost);
    CellView {
        policy: summary.label(cell),
        scenario: summary.name(cell),
        n: cell.n,
        promoted: cell.promoted,
        rolled_back: cell.rolled_back,
        missed: cell.missed,
        missed_harmful: cell.missed_harmful,
        false_rollback: cell.false_rollback,
        stuck: cell.stuck,
        detect_s: quantiles(&cell.detect_ns, seconds),
        mitigate_s: quantiles(&cell.mitigate_ns, seconds),
        promote_s: quantiles(&cell.promote_ns, seconds),
        hurt: quantiles(&cell.hurt, Number::Count),
        hurt_users: quantiles(&cell.hurt_users, Number::Count),
        lost: lost
            .map(|(name, lost)| (name.as_str(), quantiles(lost, Number::Count)))
            .collect(),
        exposed: quantiles(&cell.exposed, Number::Count),
        exposed_users: quantiles(&cell.exposed_users, Number::Count),
        requests: quantiles(&cell.requests, Number::Count),
    }
}

fn over(summary: &Summary, rates: Overall) -> OverallView<'_> {
    OverallView {
        policy: summary.label_of(rates.policy),
        rates,
    }
}

fn comparison<'a>(summary: &'a Summary, pair: &Comparison) -> ComparisonView<'a> {
    let view = |pairs: Pairs| {
        let difference = pairs.difference()?;
        Some(PairsView { pairs, difference })
    };
    ComparisonView {
        first: summary.label_of(pair.first),
        second: summary.label_of(pair.second),
        missed: view(pair.missed),
        false_rollback: view(pair.false_rollback),
    }
}

fn seconds(nanos: u64) -> Number {
    Number::Seconds(nanos as f64 / 1e9)
}

fn quantiles(quantiles: &Quantiles, number: fn(u64) -> Number) -> QuantilesView {
    let view = |estimate: Estimate| EstimateView {
        value: number(estimate.value),
        low: estimate.low.map(number),
        high: estimate.high.map(number),
        n: estimate.n,
    };
    QuantilesView {
        median: quantiles.median.map(view),
        p95: quantiles.p95.map(view),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{rolled_back, study, summary, typical};

    fn text(summary: &Summary) -> String {
        let mut bytes = Vec::new();
        write(summary, &mut bytes).expect("memory takes everything");
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }

    #[test]
    fn the_document_has_its_form() {
        let study = study(&["p", "invalid"], &[("a/errors-2", true)]);
        let outcomes: Vec<_> = (0..9).map(|i| rolled_back(i, 60 + u64::from(i))).collect();
        insta::assert_snapshot!(text(&summary(&study, &[(0, 0, &outcomes), (1, 0, &[])])));
    }

    #[test]
    fn lost_orders_are_there_where_a_scenario_counts_orders() {
        let mut study = study(&["p"], &[("a/orders-lost", true)]);
        let mut outcomes: Vec<_> = (0..9).map(|i| rolled_back(i, 60)).collect();
        assert!(!text(&summary(&study, &[(0, 0, &outcomes)])).contains("\"lost\""));
        std::sync::Arc::make_mut(&mut study).scenarios[0].business =
            vec!["orders".to_owned(), "payments".to_owned()];
        for (outcome, lost) in outcomes.iter_mut().zip(0..) {
            outcome.lost = vec![10 + lost, 0];
        }
        let text = text(&summary(&study, &[(0, 0, &outcomes)]));
        let value: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
        let lost = &value["cells"][0]["lost"];
        assert_eq!(lost["orders"]["median"]["value"], 14);
        assert_eq!(lost["payments"]["median"]["value"], 0);
    }

    #[test]
    fn equal_events_give_equal_bytes_and_valid_json() {
        let (once, again) = (text(&typical()), text(&typical()));
        assert_eq!(once, again);
        let value: serde_json::Value = serde_json::from_str(&once).expect("is JSON");
        assert_eq!(value["cells"].as_array().map(Vec::len), Some(12));
    }
}
