//! Hand-made rollouts.

use coalmine_policy::{
    Answer, Call, Count, Decision, Effect, Exchange, Input, Limits, MetricAnswer, MetricQuery,
    Observation, Provider, Record, Routes, Span, Template, Time, Weight,
};
use coalmine_sim::fault::{Fault, Onset};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::timeline::{Entry, What};
use coalmine_sim::traffic::Traffic;
use coalmine_sim::truth::{Serving, Truth};
use coalmine_sim::witness::Notes;

use crate::fixture;
use crate::timeline::{Story, Who};

/// All that a story borrows.
pub(super) struct Told {
    pub(super) who: Who<'static>,
    pub(super) scenario: Scenario,
    pub(super) outcome: Outcome,
    pub(super) notes: Notes,
}

impl Told {
    pub(super) fn story(&self) -> Story<'_> {
        Story {
            policy: self.who,
            scenario: &self.scenario,
            seed: 42,
            fidelity: Fidelity::Aggregate,
            outcome: &self.outcome,
            notes: &self.notes,
        }
    }
}

fn scenario(name: &str, title: &str, faults: Vec<Fault>) -> Scenario {
    let traffic = Traffic::constant(200.0);
    Scenario {
        title: title.to_owned(),
        fault_name: (!faults.is_empty()).then(|| name.to_owned()),
        start: "2026-03-02T09:05[Asia/Kolkata]"
            .parse()
            .expect("a zoned time"),
        faults,
        ..Scenario::ordinary(name, Span::from_mins(60), traffic)
    }
}

/// Entries, with their times in milliseconds.
#[derive(Default)]
pub(super) struct Line {
    entries: Vec<Entry>,
}

impl Line {
    pub(super) fn at(mut self, millis: u64, whats: impl IntoIterator<Item = What>) -> Self {
        let at = Time::ZERO + Span::from_millis(millis);
        let entries = whats.into_iter().map(|what| Entry { at, what });
        self.entries.extend(entries);
        self
    }

    fn notes(self) -> Notes {
        let truths = self.entries.iter().filter_map(|entry| match &entry.what {
            What::Truth(truth) => Some((entry.at, truth.clone())),
            _ => None,
        });
        Notes {
            course: truths.collect(),
            entries: self.entries,
            ..Notes::default()
        }
    }
}

pub(super) fn decided(decision: Decision, rule: &'static str, detail: &str) -> What {
    What::Record(Record::Decided {
        decision,
        rule: rule.into(),
        detail: detail.to_owned(),
    })
}

fn phase(from: &'static str, to: &'static str) -> What {
    What::Record(Record::Phase {
        from: from.into(),
        to: to.into(),
    })
}

/// One check of Flagger's.
fn checked(metric: &str, value: f64, limits: Limits, failed: i64) -> What {
    let (detail, good) = match (limits.min, limits.max) {
        (Some(min), _) => (format!(">= {min}"), value >= min),
        (_, Some(max)) => (format!("<= {max}"), value <= max),
        _ => (String::new(), true),
    };
    What::Record(Record::Measured {
        metric: metric.to_owned(),
        value: value.to_string(),
        outcome: if good { "passed" } else { "failed" }.into(),
        reading: Some(value),
        limits,
        detail,
        counts: vec![Count::new("failed checks", failed, Some(5))],
    })
}

const fn at_least(min: f64) -> Limits {
    Limits {
        min: Some(min),
        max: None,
    }
}

const fn at_most(max: f64) -> Limits {
    Limits {
        min: None,
        max: Some(max),
    }
}

/// One measurement of Argo's; NaN is a failed one.
fn analysed(metric: &str, value: f64, count: i64) -> What {
    let good = value >= 0.95;
    What::Record(Record::Measured {
        metric: metric.to_owned(),
        value: format!("[{value}]"),
        outcome: if good { "Successful" } else { "Failed" }.into(),
        reading: Some(value).filter(|value| value.is_finite()),
        limits: at_least(0.95),
        detail: "successCondition result[0] >= 0.95".to_owned(),
        counts: vec![
            Count::new("measurements", count, Some(5)),
            Count::new("failed", i64::from(!good), Some(0)),
            Count::new("inconclusive", 0, Some(0)),
            Count::new("errors in a row", 0, Some(4)),
        ],
    })
}

/// What is true while the new version has this share and fails so many of its requests.
fn truth(written: Option<f64>, share: f64, failing: f64, so_far: f64) -> What {
    let serving = |error_share: f64, share: f64| Serving {
        pods: 10,
        rps_per_pod: 20.0 * share,
        error_share,
        p99_s: 0.3,
        slow_share: 0.0001,
        ..Serving::default()
    };
    What::Truth(Truth {
        rps: 200.0,
        written,
        new_share: share,
        refused: 0.0,
        old: Some(serving(0.001, 1.0 - share)),
        new: Some(serving(failing, share)),
        new_requests: so_far,
        fault_shows: failing > 0.002,
    })
}

fn errors(error_share: f64) -> Fault {
    Fault {
        error_share,
        ..Fault::default()
    }
}

/// A Flagger canary that rolls a bad release back after failed checks.
pub(super) fn caught() -> Told {
    let good = |failed| {
        [
            checked("request-success-rate", 99.91, at_least(99.0), failed),
            checked("request-duration", 93.0, at_most(500.0), failed),
        ]
    };
    let bad = |value, failed| checked("request-success-rate", value, at_least(99.0), failed);
    let hold = |failed| {
        let detail = format!("failed checks {failed} of 5");
        decided(Decision::Hold, "Flagger scheduler.go:461", &detail)
    };
    let advance = |weight| {
        decided(
            Decision::Advance(Weight::percent(weight)),
            "Flagger scheduler.go:591",
            "step 10, promotion from 50",
        )
    };
    let start = decided(
        Decision::Start,
        "Flagger scheduler.go:925",
        "new revision 7d4b8c9f6d",
    );
    let mut line = Line::default()
        .at(0, [What::Started, What::TrafficRate(200.4)])
        .at(72_000, [What::PodsReady { old: 10, new: 0 }, start])
        .at(72_000, [phase("Initialized", "Progressing")])
        .at(90_500, [What::PodsReady { old: 10, new: 1 }])
        .at(95_000, [What::PodsReady { old: 10, new: 9 }])
        .at(99_000, [What::PodsReady { old: 10, new: 10 }])
        .at(192_000, [advance(10), truth(Some(0.0), 0.0, 0.001, 0.0)])
        .at(192_000, [What::WeightWritten(Weight::percent(10))])
        .at(192_900, [What::WeightEffective(0.0125)])
        .at(193_100, [What::WeightEffective(0.05)])
        .at(196_300, [What::WeightEffective(0.1)])
        .at(312_000, good(0))
        .at(
            312_000,
            [advance(20), truth(Some(0.1), 0.1, 0.001, 2_312.0)],
        )
        .at(312_000, [What::WeightWritten(Weight::percent(20))])
        .at(313_000, [What::WeightEffective(0.2)])
        .at(330_000, [What::FaultMet]);
    for (n, value) in [(1, 79.8765432), (2, 80.1), (3, 79.9), (4, 81.2), (5, 80.5)] {
        let at = 312_000 + 120_000 * n;
        let so_far = 2_312.0 + 4_800.0 * n as f64;
        let told = [
            bad(value, n as i64),
            hold(n),
            truth(Some(0.2), 0.2, 0.2008, so_far),
        ];
        line = line.at(at, told);
    }
    let rollback = decided(
        Decision::RollBack,
        "Flagger scheduler.go:430",
        "failedChecks 5 >= threshold 5",
    );
    line = line
        .at(1_032_000, [rollback])
        .at(1_032_000, [truth(Some(0.2), 0.2, 0.2008, 31_112.0)])
        .at(1_032_000, [What::WeightWritten(Weight::ZERO)])
        .at(1_032_000, [phase("Progressing", "Failed")])
        .at(1_032_500, [What::WeightEffective(0.0)])
        .at(3_600_000, [What::Ended(Verdict::RolledBack)]);
    Told {
        who: Who {
            label: "flagger-tutorial",
            kind: "Flagger Canary",
            file: "canary.yaml",
        },
        scenario: scenario(
            "market-open/errors-20",
            "20 % errors, 200 rps",
            vec![errors(0.2)],
        ),
        outcome: Outcome {
            decided_ns: Some(Span::from_secs(1_032)),
            fault_met_ns: Some(Span::from_secs(330)),
            detect_ns: Some(Span::from_secs(702)),
            mitigate_ns: Some(Span::from_secs(703)),
            hurt_by_router: 37,
            ..fixture::outcome(7, Verdict::RolledBack, 5_731)
        },
        notes: line.notes(),
    }
}

/// An Argo Rollout by replicas that promotes a release whose fault its limit allows.
pub(super) fn missed() -> Told {
    let step = |weight, detail| {
        decided(
            Decision::Advance(Weight::percent(weight)),
            "Argo rollout/canary.go:320",
            detail,
        )
    };
    let pause = decided(
        Decision::Pause(Some(Span::from_mins(5))),
        "Argo rollout/canary.go:135",
        "step 1: CanaryPauseStep",
    );
    let mut line = Line::default()
        .at(0, [What::Started, What::TrafficRate(200.0)])
        .at(8_000, [What::WeightEffective(0.0909)])
        .at(8_000, [What::PodsReady { old: 10, new: 1 }])
        .at(
            8_000,
            [step(5, "step 0 of 3: 1 canary pods available"), pause],
        )
        .at(8_000, [truth(None, 0.0, 0.001, 0.0)])
        .at(8_200, [What::FaultMet]);
    for n in 0..5 {
        let at = 308_000 + 60_000 * n;
        let value = 0.979 + 0.0001 * n as f64;
        let so_far = 18.2 * (300.0 + 60.0 * n as f64);
        line = line.at(at, [analysed("success-rate", value, n as i64 + 1)]);
        line = line.at(at, [truth(None, 0.0909, 0.021, so_far)]);
    }
    let done = decided(
        Decision::Succeed,
        "Argo rollout/sync.go:1274",
        "completed all 3 canary steps; 10 pods available",
    );
    line = line
        .at(570_000, [What::WeightEffective(1.0)])
        .at(900_000, [done, truth(None, 1.0, 0.021, 72_000.0)])
        .at(900_000, [phase("Progressing", "Healthy")])
        .at(3_600_000, [What::Ended(Verdict::Promoted)]);
    Told {
        who: Who {
            label: "checkout",
            kind: "Argo Rollout",
            file: "rollout.yaml",
        },
        scenario: scenario("steady/errors-2", "2 % errors, 200 rps", vec![errors(0.02)]),
        outcome: Outcome {
            decided_ns: Some(Span::from_secs(900)),
            fault_met_ns: Some(Span::from_millis(8_200)),
            ..fixture::outcome(0, Verdict::Promoted, 12_345)
        },
        notes: line.notes(),
    }
}

/// The same policy, promoted before the fault shows.
pub(super) fn latent() -> Told {
    let mut told = missed();
    told.scenario.faults[0].onset = Onset {
        above_rps_per_pod: Some(40.0),
        ..Onset::default()
    };
    told.outcome.fault_met_ns = Some(Span::from_secs(1_200));
    told.notes
        .entries
        .retain(|entry| entry.what != What::FaultMet);
    for truth in told.notes.course.iter_mut().map(|(_, truth)| truth) {
        truth.fault_shows = false;
    }
    told
}

/// An Argo Rollout that rolls a good release back because nobody asked.
pub(super) fn false_alarm() -> Told {
    let few = |what: What| match what {
        What::Truth(truth) => What::Truth(Truth { rps: 0.5, ..truth }),
        other => other,
    };
    let abort = decided(
        Decision::RollBack,
        "Argo rollout/analysis.go:434",
        "RolloutAborted at step 2: Metric \"success-rate\" assessed Failed due to failed (1) > \
         failureLimit (0)",
    );
    let line = Line::default()
        .at(0, [What::Started, What::TrafficRate(0.5)])
        .at(8_000, [What::WeightEffective(0.0909)])
        .at(308_000, [analysed("success-rate", 1.0, 1)])
        .at(308_000, [few(truth(None, 0.0909, 0.001, 14.0))])
        .at(368_000, [analysed("success-rate", f64::NAN, 2), abort])
        .at(368_000, [few(truth(None, 0.0909, 0.001, 16.0))])
        .at(3_600_000, [What::Ended(Verdict::RolledBack)]);
    Told {
        who: missed().who,
        scenario: scenario("off-peak/healthy", "a good release, 0.5 rps", Vec::new()),
        outcome: Outcome {
            decided_ns: Some(Span::from_secs(368)),
            fault_met_ns: None,
            ..fixture::outcome(4, Verdict::RolledBack, 0)
        },
        notes: line.notes(),
    }
}

/// A good release that is promoted.
pub(super) fn promoted() -> Told {
    let told = missed();
    let line = told.notes.entries.into_iter().filter_map(|entry| {
        let what = match entry.what {
            What::FaultMet => return None,
            What::Truth(truth) => What::Truth(Truth {
                fault_shows: false,
                new: truth.old.clone(),
                ..truth
            }),
            other => other,
        };
        Some(Entry { what, ..entry })
    });
    let line = Line {
        entries: line.collect(),
    };
    Told {
        scenario: scenario("steady/healthy", "a good release, 200 rps", Vec::new()),
        outcome: Outcome {
            fault_met_ns: None,
            decided_ns: Some(Span::from_secs(900)),
            ..fixture::outcome(0, Verdict::Promoted, 0)
        },
        notes: line.notes(),
        who: told.who,
    }
}

/// A bad release that waits for a person until the time is up, and holds on before that.
pub(super) fn stuck() -> Told {
    let hold = || {
        decided(
            Decision::Hold,
            "Flagger scheduler.go:354",
            "canary: waiting for rollout to finish: 0 of 10 updated replicas are available",
        )
    };
    let pause = decided(
        Decision::Pause(None),
        "Argo rollout/canary.go:135",
        "step 1: CanaryPauseStep",
    );
    let line = Line::default()
        .at(0, [What::Started])
        .at(60_000, [hold()])
        .at(120_000, [hold()])
        .at(180_000, [hold()])
        .at(240_000, [hold()])
        .at(300_000, [pause, truth(None, 0.0909, 0.2008, 5_454.0)])
        .at(3_600_000, [What::Ended(Verdict::Stuck)]);
    Told {
        who: missed().who,
        scenario: scenario(
            "steady/errors-20",
            "20 % errors, 200 rps",
            vec![errors(0.2)],
        ),
        outcome: fixture::outcome(0, Verdict::Stuck, 12_000),
        notes: line.notes(),
    }
}

/// The start of a run with what went through the seam.
pub(super) fn with_exchanges() -> Told {
    let mut told = caught();
    told.notes.entries.truncate(4);
    let at = Time::from_secs(72);
    let start = Record::Decided {
        decision: Decision::Start,
        rule: "Flagger scheduler.go:925".into(),
        detail: "new revision 7d4b8c9f6d".to_owned(),
    };
    let call = Call(1);
    let template = Observation::Template(Template::new("7d4b8c9f6d"));
    let query = MetricQuery {
        provider: Provider::Prometheus,
        metric: "request-success-rate".into(),
        text: "sum(\n  rate(\n    http_requests_total[1m]))".into(),
        range: None,
        timeout: Span::from_secs(5),
    };
    let routes = Routes::weighted(Weight::percent(10));
    let answer = Answer::Metric(MetricAnswer::Vector(vec![99.5, f64::NAN]));
    told.notes.exchanges = vec![
        Exchange {
            at_ns: Time::ZERO,
            input: Input::Observed(template),
            effects: Vec::new(),
        },
        Exchange {
            at_ns: at,
            input: Input::Tick,
            effects: vec![Effect::Record(start), Effect::Query { call, query }],
        },
        Exchange {
            at_ns: at,
            input: Input::Answered { call, answer },
            effects: vec![Effect::SetRoutes { call, routes }],
        },
    ];
    told
}
