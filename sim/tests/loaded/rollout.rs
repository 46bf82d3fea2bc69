//! Overload and autoscalers through whole rollouts.

use coalmine_policy::argo::Rollout;
use coalmine_policy::flagger::Canary;
use coalmine_sim::fault::Fault;
use coalmine_sim::outcome::Verdict;
use coalmine_sim::scenario::Autoscaler;
use coalmine_sim::subject::Subject;

use super::common_canary::canary_of;
use super::common_rollout::rollout_of;
use super::*;

/// The new version takes twice as long: at 65 % of the old one's capacity it is overloaded.
fn heavy(utilisation: f64) -> Scenario {
    let traffic = Traffic::constant(utilisation * CAPACITY);
    let service = Service {
        queue: Some(100),
        ..pool(exponential())
    };
    Scenario {
        fault_name: Some("heavy".to_owned()),
        faults: vec![Fault {
            latency_times: 2.0,
            ..Fault::default()
        }],
        ..scenario("steady/heavy", 25, traffic, service)
    }
}

const SLOW: &str = "1 - sum(rate(nginx_ingress_controller_response_duration_seconds_bucket{le='1.1'}\
                    [2m])) / \
                    sum(rate(nginx_ingress_controller_response_duration_seconds_count[2m]))";

fn outcomes(scenario: &Scenario, fidelity: Fidelity, runs: u32) -> Vec<Outcome> {
    let policy = policy(Some(SLOW));
    let stage = Stage::new(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(9));
    (0..runs).map(|i| world.run(i, &mut Nobody)).collect()
}

/// A slower version fills its pods until they overflow, which is seen and rolled back; with room to
/// spare it is slower, and nobody minds.
#[test]
fn a_slower_version_is_an_overload_where_there_is_no_room() {
    for (utilisation, verdict) in [(0.3, Verdict::Promoted), (0.65, Verdict::RolledBack)] {
        let scenario = heavy(utilisation);
        let (a, r) = (
            outcomes(&scenario, Fidelity::Aggregate, 6),
            outcomes(&scenario, Fidelity::Request, 6),
        );
        for outcome in a.iter().chain(&r) {
            assert_eq!(outcome.verdict, verdict, "{utilisation}");
        }
        let hurt = |outcomes: &[Outcome]| outcomes.iter().map(|o| o.hurt as f64).sum::<f64>();
        let decided =
            |outcomes: &[Outcome]| outcomes.iter().map(|o| o.decided_ns).collect::<Vec<_>>();
        if verdict == Verdict::RolledBack {
            assert_eq!(decided(&a), decided(&r));
            assert!(hurt(&r) > 10_000.0, "{}", hurt(&r));
            assert_near("hurt", hurt(&a), hurt(&r), 0.08);
        }
    }
}

fn rollout() -> Arc<Rollout> {
    rollout_of(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: app, namespace: ns}
spec:
  replicas: 4
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: app}]}
  strategy:
    canary:
      steps: [{setWeight: 25}, {pause: {duration: 10m}}, {setWeight: 50}, {pause: {duration: 10m}}]
",
    )
}

fn canary() -> Arc<Canary> {
    canary_of(
        "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: app, namespace: ns}
spec:
  provider: nginx
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: app}
  ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: app}
  autoscalerRef: {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, name: app}
  service: {port: 80}
  analysis: {interval: 1m, threshold: 5, maxWeight: 50, stepWeight: 10}
",
    )
}

/// Ready pods of the old and the new version over time, and how it ended.
fn pods(scenario: &Scenario, policy: &dyn Subject) -> (Vec<(f64, u32, u32)>, Verdict) {
    let stage = Stage::new(scenario, policy).expect("answerable");
    let mut witness: Vec<Entry> = Vec::new();
    let outcome = World::new(&stage, Seed(3)).run(0, &mut witness);
    let ready = witness.iter().filter_map(|entry| match entry.what {
        What::PodsReady { old, new } => Some((entry.at.since(Time::ZERO).as_secs_f64(), old, new)),
        _ => None,
    });
    (ready.collect(), outcome.verdict)
}

fn scaled() -> Scenario {
    let service = Service {
        pods: 4,
        autoscaler: Some(Autoscaler {
            target: 0.6,
            min: 2,
            max: 12,
            sync: Span::from_secs(15),
            lag: Span::from_secs(30),
            stabilisation: Span::from_mins(5),
        }),
        ..pool(exponential())
    };
    // From 19 places, four pods at 60 %, to 38, eight pods.
    let points = vec![(0.0, 190.0), (300.0, 190.0), (300.001, 380.0)];
    let traffic = Traffic {
        terms: vec![Term::Table { points }],
    };
    scenario("steps/healthy", 60, traffic, service)
}

#[test]
fn with_argo_the_rollout_is_scaled_and_the_canary_with_it() {
    let (pods, verdict) = pods(&scaled(), &rollout());
    assert_eq!(verdict, Verdict::Promoted);
    let at = |secs: f64| {
        let last = pods.iter().rev().find(|(from, ..)| *from <= secs);
        last.map(|(_, old, new)| (*old, *new)).expect("pods")
    };
    // While the canary's pod starts three pods carry the load of four: 79 % are more than 60 %, and
    // what is ordered then stays for the window.
    let (old, new) = at(290.0);
    assert!((5..=7).contains(&(old + new)), "{pods:?}");
    // Twice the load: 38 places and a backlog. A quarter of the replicas are canaries.
    let (old, new) = at(590.0);
    assert!((8..=12).contains(&(old + new)), "{pods:?}");
    assert_eq!(new, (old + new).div_ceil(4), "{pods:?}");
    let (old, new) = at(3_500.0);
    assert!(old == 0 && (7..=9).contains(&new), "{pods:?}");
}

#[test]
fn with_flagger_primary_and_canary_are_scaled_each() {
    let (pods, verdict) = pods(&scaled(), &canary());
    assert_eq!(verdict, Verdict::Promoted);
    let at = |secs: f64| {
        let last = pods.iter().rev().find(|(from, ..)| *from <= secs);
        last.map(|(_, old, new)| (*old, *new)).expect("pods")
    };
    // The canary starts at the autoscaler's minimum, not at the primary's four.
    let first = pods.iter().find(|(_, _, new)| *new > 0).expect("canary");
    assert_eq!((first.1, first.2), (4, 1), "{pods:?}");
    assert!(pods.iter().any(|(secs, _, new)| *secs < 300.0 && *new == 2));
    // 38 places on both: the canary's share of them grows with its weight.
    let (old, new) = at(470.0);
    assert!(old >= 5 && new >= 4, "{pods:?}");
    let (old, new) = at(3_500.0);
    assert!(old == 0 && (7..=9).contains(&new), "{pods:?}");
}

/// Clients that repeat what is refused keep an overload going: attempts are the load.
#[test]
fn repeats_of_what_is_refused_are_load_too() {
    use coalmine_sim::scenario::Retries;
    let storm = |retries: Option<Retries>| {
        let service = Service {
            queue: Some(40),
            ..pool(exponential())
        };
        let mut scenario = Scenario {
            retries,
            ..scenario("hump/storm", 20, super::hump(1.3), service)
        };
        // Three old pods all the time.
        scenario.service.startup = Latency::from_quantiles(1e6, 1e6);
        both(&scenario, (120.0, 1_200.0), 2)
    };
    let (calm, _) = storm(None);
    let (a, r) = storm(Some(Retries {
        share: 0.9,
        max: 3,
        backoff: Span::from_millis(500),
    }));
    // What is counted are attempts: more of them, and more of them in vain.
    assert!(r.requests > 1.03 * calm.requests, "{r:?} {calm:?}");
    assert!(r.failed > 1.5 * calm.failed, "{r:?} {calm:?}");
    assert_near("attempts", a.requests, r.requests, 0.03);
    assert_near("failed", a.failed, r.failed, 0.1);
    // A repeat counts at once here, half a second later there.
    assert_near("mean", a.mean_s(), r.mean_s(), 0.08);
}

/// A slow route takes places from the others: all wait in one queue.
#[test]
fn routes_share_their_pods_queue() {
    use coalmine_sim::scenario::Route;
    let route = |path: &str, share, latency_times| Route {
        path: path.to_owned(),
        share,
        latency_times,
        method: Default::default(),
    };
    // 0.8 · 0.1 s + 0.2 · 0.4 s = 0.16 s: 150 a second fill the places.
    let service = Service {
        startup: Latency::from_quantiles(1e6, 1e6),
        ..pool(exponential())
    };
    let traffic = Traffic::constant(0.85 * 150.0);
    let scenario = Scenario {
        routes: vec![route("/", 0.8, 1.0), route("/report", 0.2, 4.0)],
        ..scenario("steady/routes", 30, traffic, service)
    };
    let (a, r) = both(&scenario, (60.0, 1_800.0), 2);
    assert!(r.mean_s() > 0.18, "{r:?}");
    assert_near("mean", a.mean_s(), r.mean_s(), 0.05);
    assert_near("over 1.1 s", a.share(a.slow[1]), r.share(r.slow[1]), 0.1);
}
