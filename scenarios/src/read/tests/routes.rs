//! What users ask for, and what comes of it.

use coalmine_sim::scenario::{Business, Route};

use super::*;

const TRAFFIC: &str = "  traffic: [{constant: {rps: 200}}]\n";

#[test]
fn routes_and_business_arrive() {
    let scenario = good(&format!(
        "{TRAFFIC}  routes: [{{path: /, share: 80%}}, {{path: /checkout, share: 0.2, latencyTimes: \
         2}}]\n  business:\n    orders: {{route: /checkout, completion: 85%, counter: \
         orders_total}}\n    visits: {{completion: 1, counter: 'shop:visits'}}\n"
    ));
    let route = |path: &str, share, latency_times| Route {
        path: path.to_owned(),
        share,
        latency_times,
        method: Default::default(),
    };
    assert_eq!(
        scenario.routes,
        [route("/", 0.8, 1.0), route("/checkout", 0.2, 2.0)]
    );
    let step = |name: &str, route, completion, counter: &str| Business {
        name: name.to_owned(),
        route,
        completion,
        counter: counter.to_owned(),
    };
    let expected = [
        step("orders", Some(1), 0.85, "orders_total"),
        step("visits", None, 1.0, "shop:visits"),
    ];
    assert_eq!(scenario.business, expected);
}

#[test]
fn mistakes_in_routes_and_business_are_placed_and_cured() {
    for (rest, wanted) in [
        (
            "  routes: [{path: /, share: 80%}, {path: /a, share: 15%}]\n",
            "a.yaml:9:11: error: `spec.routes` have shares that add up to 95 %, not 100 % (for \
             example `/a` with 20 %)",
        ),
        (
            "  routes: []\n",
            "a.yaml:9:11: error: `spec.routes` has 0 items, not 1 to 32",
        ),
        (
            "  routes: [{path: checkout, share: 1}]\n",
            "a.yaml:9:19: error: `spec.routes[0].path` does not begin with `/`",
        ),
        (
            "  routes: [{path: /, share: 50%}, {path: /, share: 50%}]\n",
            "a.yaml:9:42: error: `spec.routes[1].path` is given twice",
        ),
        (
            "  routes: [{path: /, share: 0}, {path: /a, share: 1}]\n",
            "`spec.routes[0].share` is nothing",
        ),
        (
            "  routes: [{path: /}]\n",
            "`spec.routes[0].share` is required",
        ),
        (
            "  routes: [{path: /, shar: 1, share: 1}]\n",
            "unknown field `spec.routes[0].shar` (did you mean `share`?)",
        ),
        (
            "  business: {orders: {route: /buy, completion: 1, counter: orders_total}}\n",
            "a.yaml:9:30: error: `spec.business.orders.route` is \"/buy\", no route of the scenario",
        ),
        (
            "  business: {orders: {completion: 2, counter: orders_total}}\n",
            "a.yaml:9:35: error: `spec.business.orders.completion` is 2, not a share",
        ),
        (
            "  business: {orders: {completion: 1, counter: orders-total}}\n",
            "`spec.business.orders.counter` is no name of a metric",
        ),
        (
            "  business: {orders: {completion: 1, counter: http_requests_total}}\n",
            "is a metric that the world exposes already",
        ),
        (
            "  business: {a: {completion: 1, counter: x}, b: {completion: 1, counter: x}}\n",
            "`spec.business.b.counter` is given twice",
        ),
        (
            "  business: [{counter: x}]\n",
            "`spec.business` is a list, not a mapping",
        ),
        (
            "  business: {orders: {completion: 1}}\n",
            "`spec.business.orders.counter` is required",
        ),
    ] {
        let (scenarios, complaints) = with(&format!("{TRAFFIC}{rest}"));
        assert!(scenarios.is_empty(), "{rest}");
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
}

#[test]
fn a_variant_takes_a_step_of_the_business_away() {
    let scenario = good(&format!(
        "{TRAFFIC}  business: {{orders: null, visits: {{completion: 1, counter: visits}}}}\n"
    ));
    assert_eq!(scenario.business.len(), 1);
    assert_eq!(scenario.business[0].name, "visits");
}
