//! What is wrong with the release, or only looks like it.

use coalmine_sim::fault::{Episodes, Fault, Growth, Onset, Scope, Versions};

use super::*;

#[test]
fn too_many_effects_and_useless_ones_are_refused() {
    let many = ["{errorShare: 0.1}"; 9].join(", ");
    let (_, complaints) = with(&format!(
        "  traffic: [{{constant: {{rps: 1}}}}]\n  fault: {{name: f, effects: [{many}]}}\n"
    ));
    assert!(
        complaints.contains("`spec.fault.effects` has 9 items, more than 8"),
        "{complaints}"
    );
    let (_, complaints) =
        with("  traffic: [{constant: {rps: 1}}]\n  fault: {name: f, effects: [{p99Times: 1}]}\n");
    assert!(
        complaints.contains("must be above 1 to slow anything down"),
        "{complaints}"
    );
}

#[test]
fn what_a_fault_can_say_arrives_and_its_mistakes_are_placed() {
    let traffic = "  traffic: [{constant: {rps: 200}}]\n";
    let fault = "  fault: {name: f, incident: a bank is down, harmful: false, effects: [\
        {errorShare: 0.1, latencyTimes: 2, from: \"09:15\", until: 20m, \
        episodes: {every: 5m, for: 20s}, scope: {version: both}}]}\n";
    let scrapes = "  prometheus: {missed: 0.01, gaps: [{from: 2m, for: 90s}]}\n";
    let scenario = good(&format!("{traffic}{fault}{scrapes}"));
    let expected = Fault {
        error_share: 0.1,
        latency_times: 2.0,
        onset: Onset {
            from_s: Some(600.0),
            until_s: Some(1200.0),
            ..Onset::default()
        },
        episodes: Some(Episodes {
            gap_s: 300.0,
            length_s: 20.0,
        }),
        scope: Scope {
            versions: Versions::Both,
            ..Scope::default()
        },
        ..Fault::default()
    };
    assert_eq!(scenario.faults, [expected]);
    assert!(!scenario.info().is_faulty());
    assert_eq!(
        (
            scenario.fault_name.as_deref(),
            scenario.lookalike_name.as_deref()
        ),
        (None, Some("f"))
    );
    assert_eq!(
        (scenario.scrape.missed_share, &*scenario.scrape.gaps_s),
        (0.01, &[(120.0, 210.0)][..])
    );
    let bad = "  fault: {name: f, harmful: false, effects: [\
        {errorShare: 0.1, from: 20m, until: 10m}, {p99Times: 2, scope: {version: all}}]}\n";
    let (_, complaints) = with(&format!("{traffic}{bad}"));
    for wanted in [
        "`spec.fault.effects[0].until` is not after `from`",
        "`spec.fault.effects[1].scope.version` is \"all\", no version",
        "`spec.fault.harmful` is false, but an effect comes with the new version only",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
    let healthy = "  fault: {name: f, effects: [{errorShare: 0.1, scope: {version: both}}]}\n";
    let (_, complaints) = with(&format!("{traffic}{healthy}"));
    assert!(complaints.contains("no worse than the old"), "{complaints}");
}

#[test]
fn leaks_arrive_and_too_many_of_them_are_refused() {
    let traffic = "  traffic: [{constant: {rps: 200}}]\n";
    let leak = |effects: &str| {
        with(&format!(
            "{traffic}  fault: {{name: f, effects: [{effects}]}}\n"
        ))
    };
    let by_age = "{errorShare: 0.1, afterAge: 5m, growsOver: {age: 10m}}";
    let by_requests = "{errorShare: 0.1, afterRequests: 100, growsOver: {requests: 5000}}";
    let (scenarios, complaints) = leak(&format!("{by_age}, {by_requests}"));
    assert_eq!(complaints, "");
    let [age, requests] = scenarios[0].faults[..] else {
        panic!("two effects")
    };
    assert_eq!(age.onset.after_age, Some(Span::from_mins(5)));
    assert_eq!(age.growth, Some(Growth::Age(Span::from_mins(10))));
    assert_eq!(requests.onset.after_requests, Some(100));
    assert_eq!(requests.growth, Some(Growth::Requests(5000)));
    let (_, complaints) = leak(&[by_age; 3].join(", "));
    assert!(complaints.contains("too many combinations"), "{complaints}");
    let (_, complaints) = leak("{errorShare: 0.1, growsOver: {}}");
    assert!(
        complaints.contains("either `age` or `requests`"),
        "{complaints}"
    );
}

const TRAFFIC: &str = "  traffic: [{constant: {rps: 200}}]\n";
const WORLD: &str = "  routes: [{path: /, share: 80%}, {path: /checkout, share: 20%}]\n  \
     business: {orders: {route: /checkout, completion: 85%, counter: orders_total}}\n";

fn effects(world: &str, effects: &str) -> (Vec<Scenario>, String) {
    with(&format!(
        "{TRAFFIC}{world}  fault: {{name: f, effects: [{effects}]}}\n"
    ))
}

#[test]
fn every_scope_and_size_arrives() {
    let (scenarios, complaints) = effects(
        WORLD,
        "{errorShare: 0.1, scope: {route: /checkout, pods: 2, cohort: matching}}, \
         {latencyTimes: 3, scope: {withNewShare: true}}, {completion: -2%}, \
         {crash: {every: 2m}, afterAge: 1m, from: 10m, scope: {pods: 1}}",
    );
    assert_eq!(complaints, "");
    let scope = Scope {
        versions: Versions::New,
        route: Some(1),
        pods: Some(2),
        matching_users: true,
        with_new_share: false,
    };
    let shared = Scope {
        versions: Versions::Both,
        with_new_share: true,
        ..Scope::default()
    };
    let expected = [
        Fault {
            error_share: 0.1,
            scope,
            ..Fault::default()
        },
        Fault {
            latency_times: 3.0,
            scope: shared,
            ..Fault::default()
        },
        Fault {
            completion_loss: 0.02,
            ..Fault::default()
        },
        Fault {
            crash_every_s: Some(120.0),
            onset: Onset {
                after_age: Some(Span::from_mins(1)),
                from_s: Some(600.0),
                ..Onset::default()
            },
            scope: Scope {
                pods: Some(1),
                ..Scope::default()
            },
            ..Fault::default()
        },
    ];
    assert_eq!(scenarios[0].faults, expected);
    // What wears out a shared dependency comes with the release.
    let (scenarios, complaints) = effects("", "{errorShare: 1%, scope: {withNewShare: true}}");
    assert_eq!(complaints, "");
    assert!(scenarios[0].info().is_faulty());
}

#[test]
fn scopes_that_name_nothing_are_told_what_there_is() {
    for (world, effect, wanted) in [
        (
            WORLD,
            "{errorShare: 0.1, scope: {route: /chekout}}",
            "`spec.fault.effects[0].scope.route` is \"/chekout\", no route of the scenario (did you \
             mean `/checkout`?)",
        ),
        (
            "",
            "{errorShare: 0.1, scope: {route: /checkout}}",
            "no route of the scenario (give the scenario `routes`: ",
        ),
        (
            WORLD,
            "{errorShare: 0.1, scope: {route: /zzzz}}",
            "no route of the scenario (known are /, /checkout)",
        ),
        (
            "",
            "{errorShare: 0.1, scope: {pods: 33}}",
            "`spec.fault.effects[0].scope.pods` is 33, not a number from 1 to 32",
        ),
        (
            "",
            "{errorShare: 0.1, scope: {cohort: beta}}",
            "`spec.fault.effects[0].scope.cohort` is \"beta\", no cohort (write `matching`",
        ),
        (
            "",
            "{errorShare: 0.1, scope: {version: new, withNewShare: true}}",
            "`spec.fault.effects[0].scope.withNewShare` meets both versions",
        ),
        (
            "",
            "{completion: -2%}",
            "`spec.fault.effects[0].completion` is lost by nobody",
        ),
        (
            WORLD,
            "{completion: -2%, scope: {route: /}}",
            "`spec.fault.effects[0].completion` is lost by nobody",
        ),
        (
            WORLD,
            "{completion: 2%}",
            "`spec.fault.effects[0].completion` is 2%, no loss (write `-2%` when",
        ),
        (
            WORLD,
            "{crash: {every: 2m}, aboveRpsPerPod: 3, scope: {route: /}}",
            "`spec.fault.effects[0].crash` does not go with `scope.route` (a process dies by",
        ),
        (
            "",
            "{crash: {every: 10ms}}",
            "`spec.fault.effects[0].crash.every` is 10ms, below a second",
        ),
        (
            "",
            "{scope: {pods: 1}}",
            "an effect needs `errorShare`, `p99Times`, `latencyTimes`, `crash` or `completion`",
        ),
    ] {
        let (scenarios, complaints) = effects(world, effect);
        assert!(scenarios.is_empty(), "{effect}");
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
        assert!(complaints.starts_with("a.yaml:"), "{complaints}");
    }
}
