//! Hand-made studies for tests.

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::source::{Position, Source};
use coalmine_scenarios::finding::{Finding, Level, Related, Rule};
use coalmine_sim::event::{Event, PolicyInfo, Refusal, ScenarioInfo, Study};
use coalmine_sim::outcome::{Outcome, Verdict};

use crate::reporter::{Collector, Reporter};
use crate::summary::Summary;

/// A policy whose label begins with `invalid` is refused.
pub(crate) fn study(policies: &[&str], scenarios: &[(&str, bool)]) -> Arc<Study> {
    let policy = |label: &&str| PolicyInfo {
        label: (*label).to_owned(),
        kind: "Argo Rollout".to_owned(),
        file: format!("{label}.yaml"),
        invalid: label.starts_with("invalid").then(|| Refusal {
            reason: "AnalysisTemplate success-rate-check has metric success-rate which runs \
                     indefinitely. Invalid value for count: <nil>"
                .to_owned(),
            file: format!("{label}.yaml"),
            line: 46,
            help: "add `count: 5` to the metric".to_owned(),
        }),
    };
    let scenario = |(name, faulty): &(&str, bool)| {
        let (traffic, fault) = name.split_once('/').expect("traffic/fault");
        ScenarioInfo {
            business: Vec::new(),
            name: (*name).to_owned(),
            title: format!("about {name}"),
            traffic: traffic.to_owned(),
            fault: faulty.then(|| fault.to_owned()),
            weight: 1.0,
            horizon_ns: Span::from_mins(60),
        }
    };
    Arc::new(Study {
        seed: 42,
        runs: 1000,
        precision: None,
        fidelity: coalmine_sim::fidelity::Fidelity::Aggregate,
        policies: policies.iter().map(policy).collect(),
        scenarios: scenarios.iter().map(scenario).collect(),
    })
}

/// The fault was met when it hurt anybody.
pub(crate) fn outcome(replication: u32, verdict: Verdict, hurt: u64) -> Outcome {
    Outcome {
        replication,
        verdict,
        decided_ns: None,
        fault_met_ns: (hurt > 0).then_some(Span::from_secs(60)),
        detect_ns: None,
        mitigate_ns: None,
        requests: 720_000,
        exposed: 70_000,
        hurt,
        hurt_by_router: 0,
        exposed_users: 70_000,
        hurt_users: hurt,
        lost: Vec::new(),
    }
}

/// Promoted after a little more than 16 minutes.
pub(crate) fn promoted(replication: u32, hurt: u64) -> Outcome {
    Outcome {
        decided_ns: Some(Span::from_secs(960 + u64::from(replication) % 60)),
        ..outcome(replication, Verdict::Promoted, hurt)
    }
}

/// Rolled back so many seconds after the fault was met.
pub(crate) fn rolled_back(replication: u32, detect_s: u64) -> Outcome {
    Outcome {
        decided_ns: Some(Span::from_secs(60 + detect_s)),
        fault_met_ns: Some(Span::from_secs(60)),
        detect_ns: Some(Span::from_secs(detect_s)),
        mitigate_ns: Some(Span::from_secs(detect_s + 3)),
        ..outcome(replication, Verdict::RolledBack, detect_s * 4)
    }
}

/// The first `right` of a thousand replications end as they should.
pub(crate) fn thousand(faulty: bool, right: u32) -> Vec<Outcome> {
    let one = |i: u32| match (faulty, i < right) {
        (true, true) => rolled_back(i, 240 + u64::from(i) % 300),
        (true, false) => promoted(i, 50_000 + u64::from(i)),
        (false, true) => promoted(i, 0),
        (false, false) => Outcome {
            fault_met_ns: None,
            detect_ns: None,
            mitigate_ns: None,
            hurt: 0,
            hurt_users: 0,
            lost: Vec::new(),
            ..rolled_back(i, 300)
        },
    };
    (0..1000).map(one).collect()
}

pub(crate) type Cells<'a> = &'a [(usize, usize, &'a [Outcome])];

pub(crate) fn summary(study: &Arc<Study>, cells: Cells<'_>) -> Summary {
    let mut collector = Collector::new();
    let mut tell = |event: Event| collector.event(&event).expect("cannot fail");
    tell(Event::Started(study.clone()));
    for (policy, scenario, outcomes) in cells {
        tell(Event::Cell {
            policy: *policy,
            scenario: *scenario,
            outcomes: outcomes.to_vec(),
        });
    }
    tell(Event::Finished { complete: true });
    collector.into_summary().expect("was started")
}

/// Three policies, one of them refused, in four scenarios of two traffics.
pub(crate) fn typical() -> Summary {
    let study = study(
        &["careful", "invalid-one", "blind"],
        &[
            ("steady/healthy", false),
            ("steady/errors-2", true),
            ("off-peak/healthy", false),
            ("off-peak/errors-2", true),
        ],
    );
    let (good, noisy) = (thousand(false, 1000), thousand(false, 877));
    let (caught, half, missed) = (thousand(true, 1000), thousand(true, 520), thousand(true, 0));
    summary(
        &study,
        &[
            (0, 0, &good),
            (1, 0, &[]),
            (2, 0, &good),
            (0, 1, &caught),
            (1, 1, &[]),
            (2, 1, &missed),
            (0, 2, &noisy),
            (1, 2, &[]),
            (2, 2, &good),
            (0, 3, &half),
            (1, 3, &[]),
            (2, 3, &missed),
        ],
    )
}

static TAIL: Rule = Rule {
    id: "CM05",
    name: "tail-quantile-on-few-samples",
    level: Level::Warning,
    reason: "A tail quantile of few requests is the slowest request",
    cure: "widen the window, or gate on a lower quantile",
    evidence: &["https://example.org/issues/6278"],
    page: "docs/lint.md#cm05",
};

static GATE: Rule = Rule {
    id: "gate",
    name: "gate-breached",
    level: Level::Error,
    reason: "A gate of the suite is breached",
    cure: "see the policy",
    evidence: &[],
    page: "docs/check.md#gates",
};

/// Findings of every level, with and without places, and the file that they are in.
pub(crate) fn findings() -> (Vec<Finding>, Vec<Source>) {
    let text = "kind: Canary\nspec: {interval: 50%,\n  query: \"ü, p99\"}\n";
    let source = Source {
        file: "charts/my canary.yaml".into(),
        text: text.into(),
    };
    let at = |line, column, part: &str| {
        let start = text.find(part).expect("is there");
        let end = start + part.len();
        Position {
            line,
            column,
            start,
            end,
        }
    };
    let finding = |rule, level, position, message: &str, cure: &str| Finding {
        rule,
        level,
        file: source.file.clone(),
        position,
        related: Vec::new(),
        message: message.to_owned(),
        cure: cure.to_owned(),
    };
    let list = vec![
        Finding {
            related: vec![Related {
                file: source.file.clone(),
                position: at(2, 18, "50%"),
                message: "the interval".to_owned(),
            }],
            ..finding(
                &TAIL,
                Level::Warning,
                at(3, 11, "ü, p99"),
                "p99 of 12 requests: 100 % noise",
                "widen the window,\nor take p90",
            )
        },
        finding(&TAIL, Level::Note, at(1, 7, "Canary"), "a note", ""),
        finding(&GATE, Level::Error, Position::default(), "missed 4.1 %", ""),
    ];
    (list, vec![source])
}
