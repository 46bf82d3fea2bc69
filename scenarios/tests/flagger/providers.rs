//! The built-in queries of every provider read the canary, and nothing but the canary.

use coalmine_policy::flagger::Provider;
use coalmine_sim::outcome::Verdict;
use coalmine_sim::stage::Stage;

use super::{WEIGHTED, manifest, read, run, scenario, verdicts};

#[test]
fn every_router_rolls_errors_back_and_promotes_what_is_healthy() {
    for provider in Provider::ALL
        .into_iter()
        .filter(|p| *p != Provider::Kubernetes)
    {
        let text = manifest(provider.as_str(), WEIGHTED);
        let bad = verdicts(&text, &scenario("steady/errors-20"));
        assert_eq!(bad, [Verdict::RolledBack; 5], "{provider:?}");
        let good = verdicts(&text, &scenario("steady/healthy"));
        assert_eq!(good, [Verdict::Promoted; 5], "{provider:?}");
    }
}

/// Were the primary's answers among those read, 20 % errors at weight 10 would be 2 % at most.
#[test]
fn the_primary_is_not_among_what_is_measured() {
    for provider in Provider::ALL
        .into_iter()
        .filter(|p| *p != Provider::Kubernetes)
    {
        let strict = "threshold: 1, stepWeight: 10, maxWeight: 50, metrics: [{name: \
                      request-success-rate, thresholdRange: {min: 90}}]";
        let text = manifest(provider.as_str(), "")
            .replace(&format!("threshold: 2, {}, ", super::METRICS), strict);
        assert!(text.contains("min: 90"));
        for outcome in run(&text, &scenario("steady/errors-20"), 3) {
            assert_eq!(outcome.verdict, Verdict::RolledBack, "{provider:?}");
            // Detection, first step, failure, rollback: three intervals after the first tick.
            let decided = outcome.decided_ns.expect("decided").as_secs_f64();
            assert!(decided < 60.0 * 5.0, "{provider:?}: {decided}");
        }
    }
}

/// Some observers ask for the target's name where the router wrote the service's: with a service of
/// another name every check of theirs fails, and the user should know before.
#[test]
fn a_service_named_otherwise_blinds_the_observers_that_ask_for_the_target() {
    let scenario = scenario("steady/healthy");
    for provider in Provider::ALL
        .into_iter()
        .filter(|p| *p != Provider::Kubernetes)
    {
        let blind = ["traefik", "gloo", "kuma", "apisix"].contains(&provider.as_str());
        let text = manifest(provider.as_str(), WEIGHTED);
        let text = text.replace("service: {", "service: {name: shop-svc, ");
        let subject = read(&text);
        assert_eq!(
            Stage::new(&scenario, &*subject).is_err(),
            blind,
            "{provider:?}"
        );
    }
}
