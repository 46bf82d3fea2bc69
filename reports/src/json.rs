//! A study as one JSON document, format 1.
//!
//! Every rate is `{count, n, share, low, high}`, every quantile `{value, low, high, n}` with a 95 %
//! interval whose open ends are null; times are in seconds (`…_s`). Fields that do not apply are
//! null. `docs/measures.md` says what each measure means; [`schema`] is the document's form. Equal events
//! give equal bytes: nothing in it depends on threads, clocks or paths of the machine.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coalmine_sim::event::{PolicyInfo, Refusal, ScenarioInfo};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::document::{self, Head};
use crate::insights;
use crate::interval::{Estimate, Rate};
use crate::mix::{Mix, Worth, worth};
use crate::overall::{Overall, overall};
use crate::paired::{Comparison, Difference, Gain, MeanDifference, Pairs, comparisons};
use crate::summary::{Cell, Quantiles, Summary};
use crate::surprise::most_surprising;

/// The version of the document's form; it grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// What `coalmine score` found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Score")]
struct Root<'a> {
    #[serde(flatten)]
    head: Head,
    /// How requests were looked at: `aggregate` or `request`.
    fidelity: &'static str,
    /// The policies, in the order of the command line.
    policies: Vec<PolicyView<'a>>,
    /// The scenarios, likewise.
    scenarios: Vec<ScenarioView<'a>>,
    /// Each scenario under each policy; interrupted studies have fewer.
    cells: Vec<CellView<'a>>,
    /// Each policy that ran, over all scenarios.
    overall: Vec<OverallView<'a>>,
    /// The mix of releases behind `worth`.
    mix: Mix,
    /// Each policy that ran, over the mix.
    worth: Vec<WorthView<'a>>,
    /// Every two policies that ran, on the same rollouts.
    comparisons: Vec<ComparisonView<'a>>,
    /// What stands out, in words.
    insights: [String; 3],
    /// A rollout that is worth a look; null where none is.
    surprise: Option<SurpriseView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Policy")]
struct PolicyView<'a> {
    /// Its name in this document.
    label: &'a str,
    /// The controller and its object, for example `Flagger Canary`.
    kind: &'a str,
    /// Where it was read.
    file: &'a str,
    /// Why its controller refuses it; null where it does not. Then nothing was run.
    invalid: Option<RefusalView<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Refusal")]
struct RefusalView<'a> {
    /// The controller's own words.
    reason: &'a str,
    /// The file with the cause.
    file: &'a str,
    /// Its line, from 1.
    line: usize,
    /// What to do.
    help: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scenario")]
struct ScenarioView<'a> {
    /// `traffic/fault`.
    name: &'a str,
    /// One line.
    title: &'a str,
    /// The first part of the name.
    traffic: &'a str,
    /// The second; null where the release is good.
    fault: Option<&'a str>,
    /// How often such releases come, relative to the others that are bad, or good, alike.
    weight: f64,
    /// How long a rollout is watched.
    horizon_s: f64,
}

/// A scenario under a policy. Rates are null where they do not apply.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cell")]
struct CellView<'a> {
    /// A label of `policies`.
    policy: &'a str,
    /// A name of `scenarios`.
    scenario: &'a str,
    /// Replications; 0 where the policy is invalid.
    n: u64,
    /// Of these, promoted.
    promoted: u64,
    /// Of these, rolled back.
    rolled_back: u64,
    /// Bad releases that were promoted.
    missed: Option<Rate>,
    /// Bad releases that were promoted and hurt somebody within the horizon.
    missed_harmful: Option<Rate>,
    /// Good releases that were rolled back.
    false_rollback: Option<Rate>,
    /// Neither promoted nor rolled back within the horizon.
    stuck: Option<Rate>,
    /// From the first request that met the fault to the decision to roll back.
    detect_s: QuantilesView,
    /// From the first request that met the fault until at most 0.1 % of the traffic reaches the new
    /// revision.
    mitigate_s: QuantilesView,
    /// From the start to the promotion.
    promote_s: QuantilesView,
    /// Requests that fared worse than on the old revision.
    hurt: QuantilesView,
    /// Users some of whose requests did; as many as requests where users have no sessions.
    hurt_users: QuantilesView,
    /// Completions lost, by step of the business; absent where the scenario has none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    lost: BTreeMap<&'a str, QuantilesView>,
    /// Requests that the new revision served.
    exposed: QuantilesView,
    /// Users some of whose requests it served.
    exposed_users: QuantilesView,
    /// Requests that all revisions served.
    requests: QuantilesView,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Overall")]
struct OverallView<'a> {
    /// A label of `policies`.
    policy: &'a str,
    #[serde(flatten)]
    rates: Overall,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Worth")]
struct WorthView<'a> {
    /// A label of `policies`.
    policy: &'a str,
    #[serde(flatten)]
    worth: Worth,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Comparison")]
struct ComparisonView<'a> {
    /// A label of `policies`.
    first: &'a str,
    /// Likewise.
    second: &'a str,
    /// Over the bad releases; null without any.
    missed: Option<PairsView>,
    /// Over the good releases; null without any.
    false_rollback: Option<PairsView>,
    /// Requests hurt in a rollout of a bad release, the first policy's less the second's, each scenario
    /// counting alike; null without any.
    hurt: Option<MeanDifference>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Paired")]
struct PairsView {
    #[serde(flatten)]
    pairs: Pairs,
    /// The first policy's share less the second's.
    difference: Difference,
    /// What pairing is worth; null where the difference does not vary.
    gain: Option<Gain>,
}

/// Median and 95th percentile; null where nothing was observed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Quantiles")]
struct QuantilesView {
    /// The middle observation.
    median: Option<EstimateView>,
    /// The one that 5 % exceed.
    p95: Option<EstimateView>,
}

/// A quantile with the ends of its interval; null where it is open.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Quantile")]
struct EstimateView {
    /// The quantile of the sample.
    value: Number,
    /// Lower end.
    low: Option<Number>,
    /// Upper end.
    high: Option<Number>,
    /// Observations.
    n: u64,
}

/// Requests are whole; seconds are not.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Number {
    /// Of requests, users, completions.
    Count(u64),
    /// Seconds.
    Seconds(f64),
}

/// `coalmine run --policy … --scenario … --replication …` tells it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Surprise")]
struct SurpriseView {
    /// A label of `policies`.
    policy: String,
    /// A name of `scenarios`.
    scenario: String,
    /// Which replication.
    replication: u32,
    /// What is surprising.
    why: String,
}

/// The form of the document, as JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Root<'_>>()
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
        head: Head::new(FORMAT, summary),
        fidelity: study.fidelity.name(),
        policies: study.policies.iter().map(policy).collect(),
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

fn policy(info: &PolicyInfo) -> PolicyView<'_> {
    PolicyView {
        label: &info.label,
        kind: &info.kind,
        file: &info.file,
        invalid: info.invalid.as_ref().map(refusal),
    }
}

fn refusal(refusal: &Refusal) -> RefusalView<'_> {
    RefusalView {
        reason: &refusal.reason,
        file: &refusal.file,
        line: refusal.line,
        help: &refusal.help,
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
    let lost = summary.lost(cell);
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
            .map(|(name, lost)| (name, quantiles(lost, Number::Count)))
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
        let gain = pairs.gain();
        Some(PairsView {
            pairs,
            difference,
            gain,
        })
    };
    ComparisonView {
        first: summary.label_of(pair.first),
        second: summary.label_of(pair.second),
        missed: view(pair.missed),
        false_rollback: view(pair.false_rollback),
        hurt: pair.hurt,
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
