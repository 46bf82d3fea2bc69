//! Loaded pods: aggregate fidelity against the queues of request fidelity, and against queueing theory.
//!
//! Request fidelity is a simulation with its own noise, which near saturation is long-lived: at a
//! utilisation of 95 % a pod's queue forgets in about ten seconds, so an hour of three pods is some
//! 500 independent looks at a wait whose standard deviation is its mean, 4.5 % for the mean wait.
//! Tolerances are stated where they are used, about four times that noise plus what FIDELITY.md
//! admits as the model's own error; seeds are fixed.

mod autoscaler;
#[path = "../common/canary.rs"]
mod common_canary;
#[path = "../common/rollout.rs"]
mod common_rollout;
mod rollout;
mod steady;
mod table;

use std::sync::Arc;

use coalmine_policy::baseline::{Baseline, Check, Looks};
use coalmine_policy::{Span, Time};
use coalmine_promql::{Plan, Query, Store, Value};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::latency::Latency;
use coalmine_sim::outcome::Outcome;
use coalmine_sim::scenario::{Scenario, Service};
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::timeline::{Entry, What};
use coalmine_sim::traffic::{Term, Traffic};
use coalmine_sim::world::{Nobody, World};

/// Eight places of 0.1 s on each of three pods: 240 requests a second.
const PODS: u32 = 3;
const CONCURRENCY: u32 = 8;
const CAPACITY: f64 = 240.0;

fn pool(latency: Latency) -> Service {
    Service {
        pods: PODS,
        latency,
        concurrency: Some(CONCURRENCY),
        ..Service::default()
    }
}

/// No new pod ever becomes ready, so that three old ones serve all the time.
fn frozen(service: Service) -> Service {
    Service {
        startup: Latency::from_quantiles(1e6, 1e6),
        ..service
    }
}

fn exponential() -> Latency {
    Latency::from_gamma(0.1, 1.0)
}

/// A hump: 40 % of the capacity, and for two minutes so much.
fn hump(peak: f64) -> Traffic {
    Traffic {
        terms: vec![
            Term::Constant {
                rps: 0.4 * CAPACITY,
            },
            Term::Burst {
                at_s: 307.0,
                rise_s: 10.0,
                hold_s: 120.0,
                rps: (peak - 0.4) * CAPACITY,
                decay_s: 60.0,
            },
        ],
    }
}

fn scenario(name: &str, minutes: u64, traffic: Traffic, service: Service) -> Scenario {
    let mut scenario = Scenario {
        service,
        ..Scenario::ordinary(name, Span::from_mins(minutes), traffic)
    };
    scenario.scrape.buckets_s = vec![0.05, 0.1, 0.2, 0.4, 0.7, 1.1, 2.2, 4.5, 9.0];
    scenario
}

fn policy(looks: Option<&str>) -> Arc<Baseline> {
    Arc::new(Baseline {
        name: "checkout-api".to_owned(),
        namespace: "production".to_owned(),
        looks: looks.map(|query| Looks {
            interval_ns: Span::from_mins(3),
            count: 5,
            reaction_ns: Span::from_secs(30),
            checks: vec![Check {
                name: "slow".into(),
                query: query.into(),
                max: 0.1,
                file: "a.yaml".into(),
                line_column: (1, 1),
            }],
        }),
    })
}

/// What an instant query gives; nothing counts as 0.
fn value(store: &Store, query: &str, at_ms: i64) -> f64 {
    let query = Query::parse(query).expect(query);
    match Plan::new(&query, store).instant(&query, store, at_ms) {
        Ok(Value::Vector(samples)) => samples.iter().map(|sample| sample.value).sum(),
        other => panic!("{other:?}"),
    }
}

/// What the ingress saw in some part of the replications.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    requests: f64,
    failed: f64,
    seconds: f64,
    /// Slower than 0.4 s, than 1.1 s.
    slow: [f64; 2],
    hurt: f64,
}

impl Seen {
    fn mean_s(&self) -> f64 {
        self.seconds / self.requests
    }

    fn share(&self, part: f64) -> f64 {
        part / self.requests
    }
}

fn see(scenario: &Scenario, fidelity: Fidelity, (from_s, to_s): (f64, f64), runs: u32) -> Seen {
    let policy = policy(None);
    let stage = Stage::with_all_series(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(20_261_124));
    let at_ms = |at_s: f64| scenario.start_ms() + (at_s * 1e3) as i64;
    let mut seen = Seen::default();
    for replication in 0..runs {
        let (outcome, store) = world.record(replication, &mut Nobody);
        let during =
            |query: &str| value(store, query, at_ms(to_s)) - value(store, query, at_ms(from_s));
        let name = "nginx_ingress_controller_response_duration_seconds";
        let count = during(&format!("sum({name}_count)"));
        seen.requests += count;
        seen.seconds += during(&format!("sum({name}_sum)"));
        seen.failed += during("sum(nginx_ingress_controller_requests{status=~'5..'})");
        for (slow, le) in seen.slow.iter_mut().zip(["0.4", "1.1"]) {
            *slow += count - during(&format!("sum({name}_bucket{{le='{le}'}})"));
        }
        seen.hurt += outcome.hurt as f64;
    }
    seen
}

/// Both fidelities.
fn both(scenario: &Scenario, during_s: (f64, f64), runs: u32) -> (Seen, Seen) {
    let see = |fidelity| see(scenario, fidelity, during_s, runs);
    (see(Fidelity::Aggregate), see(Fidelity::Request))
}

fn assert_near(what: &str, a: f64, b: f64, relative: f64) {
    assert!(
        (a - b).abs() <= relative * b.abs(),
        "{what}: {a} for {b}, off by {:.3}",
        a / b - 1.0
    );
}
