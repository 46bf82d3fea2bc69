//! Blue/green, A/B testing, mirroring and hooks: what they do to people.

use coalmine_policy::Span;
use coalmine_sim::hook::{HookScript, HookSelector};
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::{Scenario, Users};

use super::{manifest, run, scenario, verdicts};

const AB: &str = "iterations: 4, match: [{headers: {x-canary: {exact: insider}}}]";

fn hook(selector: HookSelector, status: Option<u16>) -> HookScript {
    HookScript {
        hook: selector,
        status,
        after: Span::ZERO,
        delay: Span::ZERO,
        load_rps: 0.0,
    }
}

fn typed(kind: &str, status: u16) -> HookScript {
    hook(HookSelector::Type(kind.to_owned()), Some(status))
}

fn hooks(kind: &str) -> String {
    format!("webhooks: [{{name: gate, type: {kind}, url: 'http://gate'}}]")
}

fn with_hooks(name: &str, hooks: Vec<HookScript>) -> Scenario {
    Scenario {
        hooks,
        ..scenario(name)
    }
}

fn mean(outcomes: &[Outcome], of: impl Fn(&Outcome) -> u64) -> f64 {
    outcomes.iter().map(|o| of(o) as f64).sum::<f64>() / outcomes.len() as f64
}

#[test]
fn ab_testing_exposes_only_who_matches() {
    for provider in ["nginx", "istio", "gatewayapi:v1", "contour", "appmesh"] {
        let exposed = |matching| {
            let users = Users { matching };
            let scenario = Scenario {
                users,
                ..scenario("steady/errors-20")
            };
            let outcomes = run(&manifest(provider, AB), &scenario, 10);
            assert!(
                outcomes.iter().all(|o| o.verdict == Verdict::RolledBack),
                "{provider}"
            );
            mean(&outcomes, |o| o.exposed)
        };
        let ratio = exposed(0.2) / exposed(0.1);
        assert!((ratio - 2.0).abs() < 0.2, "{provider}: {ratio}");
        let healthy = verdicts(&manifest(provider, AB), &scenario("steady/healthy"));
        assert_eq!(healthy, [Verdict::Promoted; 5], "{provider}");
    }
}

#[test]
fn nobody_matches_so_nothing_is_measured_and_it_rolls_back() {
    let users = Users { matching: 0.0 };
    let scenario = Scenario {
        users,
        ..scenario("steady/healthy")
    };
    for outcome in run(&manifest("istio", AB), &scenario, 5) {
        assert_eq!((outcome.verdict, outcome.exposed), (Verdict::RolledBack, 0));
    }
}

#[test]
fn mirrored_requests_are_measured_and_hurt_nobody() {
    let mirrored = "iterations: 5, mirror: true";
    for outcome in run(
        &manifest("istio", mirrored),
        &scenario("steady/errors-20"),
        5,
    ) {
        let counts = (outcome.verdict, outcome.exposed, outcome.hurt);
        assert_eq!(counts, (Verdict::RolledBack, 0, 0));
    }
    let good = verdicts(&manifest("istio", mirrored), &scenario("steady/healthy"));
    assert_eq!(good, [Verdict::Promoted; 5]);
    // Without mirroring the canary gets nothing before the switch, and "no values" is a failure.
    for outcome in run(
        &manifest("istio", "iterations: 5"),
        &scenario("steady/healthy"),
        5,
    ) {
        assert_eq!((outcome.verdict, outcome.exposed), (Verdict::RolledBack, 0));
    }
}

#[test]
fn behind_a_service_only_a_load_test_reaches_the_canary() {
    let text = manifest(
        "kubernetes",
        &format!("iterations: 5, {}", hooks("rollout")),
    );
    let quiet = verdicts(&text, &scenario("steady/healthy"));
    assert_eq!(quiet, [Verdict::RolledBack; 5]);
    let load = HookScript {
        load_rps: 50.0,
        ..hook(HookSelector::Name("gate".to_owned()), None)
    };
    let loaded = |name| run(&text, &with_hooks(name, vec![load.clone()]), 5);
    for outcome in loaded("steady/healthy") {
        assert_eq!(outcome.verdict, Verdict::Promoted);
    }
    for outcome in loaded("steady/errors-20") {
        let counts = (outcome.verdict, outcome.exposed, outcome.hurt);
        assert_eq!(counts, (Verdict::RolledBack, 0, 0));
    }
}

#[test]
fn a_gate_opens_when_the_scenario_says_so() {
    let text = manifest(
        "istio",
        &format!("{}, {}", super::WEIGHTED, hooks("confirm-rollout")),
    );
    let opened = HookScript {
        after: Span::from_mins(20),
        ..typed("confirm-rollout", 200)
    };
    let scenario = with_hooks(
        "steady/healthy",
        vec![typed("confirm-rollout", 403), opened],
    );
    for outcome in run(&text, &scenario, 5) {
        assert_eq!(outcome.verdict, Verdict::Promoted);
        let decided = outcome.decided_ns.expect("decided").as_secs_f64() / 60.0;
        assert!((28.0..=31.0).contains(&decided), "{decided}");
    }
    let closed = with_hooks("steady/healthy", vec![typed("confirm-rollout", 403)]);
    for outcome in run(&text, &closed, 5) {
        assert_eq!((outcome.verdict, outcome.exposed), (Verdict::Stuck, 0));
    }
}

#[test]
fn a_rollback_hook_ends_a_healthy_run_and_slow_answers_cost_ticks() {
    let text = |kind| manifest("istio", &format!("{}, {}", super::WEIGHTED, hooks(kind)));
    let rollback = with_hooks("steady/healthy", vec![typed("rollback", 200)]);
    assert_eq!(
        verdicts(&text("rollback"), &rollback),
        [Verdict::RolledBack; 5]
    );
    let decided = |delay| {
        let slow = HookScript {
            delay: Span::from_secs(delay),
            ..typed("rollout", 200)
        };
        let outcomes = run(
            &text("rollout"),
            &with_hooks("steady/healthy", vec![slow]),
            5,
        );
        assert!(outcomes.iter().all(|o| o.verdict == Verdict::Promoted));
        mean(&outcomes, |o| o.decided_ns.expect("decided").nanos()) / 1e9
    };
    // Answers within the interval do not move the ticks.
    assert!((decided(9) - decided(0)).abs() < 1.0);
    let late = HookScript {
        delay: Span::from_secs(11),
        ..typed("rollout", 200)
    };
    let late = with_hooks("steady/healthy", vec![late]);
    assert_eq!(verdicts(&text("rollout"), &late), [Verdict::RolledBack; 5]);
}

/// A suspended Canary is not looked at: the new pods that the Deployment made meet nobody, nothing
/// is promoted or rolled back, and it is told as stuck.
#[test]
fn a_suspended_canary_stays_where_it_is_and_exposes_nobody() {
    let weighted = manifest("nginx", super::WEIGHTED);
    let suspended = weighted.replace("  analysis:", "  suspend: true\n  analysis:");
    assert_ne!(weighted, suspended);
    for outcome in run(&suspended, &scenario("steady/errors-20"), 5) {
        assert_eq!(
            (outcome.verdict, outcome.exposed, outcome.hurt),
            (Verdict::Stuck, 0, 0)
        );
    }
}
