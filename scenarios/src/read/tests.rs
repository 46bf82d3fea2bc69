use coalmine_policy::{MetricAnswer, Provider, Span};
use coalmine_sim::given::GivenMetric;
use coalmine_sim::hook::{HookScript, HookSelector};
use coalmine_sim::latency::Latency;
use coalmine_sim::router::{IngressNginx, RouterConfig};
use coalmine_sim::scenario::{KeepAlive, Retries, Scrape, Service, Sessions, Users};
use coalmine_sim::traffic::Term;

use super::*;
use crate::files::tests::Shelf;

mod recorded;
mod variants;

mod faults;
mod routes;
mod service;

fn read_text(text: &str) -> (Vec<Scenario>, String) {
    read_beside(text, &[])
}

/// As `read_text`, with other files in reach.
fn read_beside(text: &str, files: &[(&str, &str)]) -> (Vec<Scenario>, String) {
    let source = Source {
        file: "a.yaml".into(),
        text: text.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let scenarios = read(&source, &mut Shelf(files), &mut diagnostics);
    let lines: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    (scenarios, lines.join("\n"))
}

const HEAD: &str =
    "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {name: t/f}\nspec:\n";
const FRAME: &str = "  start: 2026-03-02T09:05\n  timeZone: Asia/Kolkata\n  horizon: 1h\n";

fn with(rest: &str) -> (Vec<Scenario>, String) {
    read_text(&format!("{HEAD}{FRAME}{rest}"))
}

fn good(rest: &str) -> Scenario {
    let (mut scenarios, complaints) = with(rest);
    assert_eq!(complaints, "");
    scenarios.pop().expect("one scenario")
}

#[test]
fn what_is_left_out_is_as_the_simulator_has_it() {
    let scenario = good("  traffic: [{constant: {rps: 200}}]\n");
    assert_eq!(scenario.title, "t/f");
    assert_eq!(
        (scenario.traffic_name.as_str(), scenario.fault_name),
        ("t", None)
    );
    assert_eq!(scenario.service, Service::default());
    assert_eq!(scenario.router, RouterConfig::default());
    assert_eq!(scenario.scrape, Scrape::default());
    assert_eq!(scenario.users, Users { matching: 0.1 });
    assert_eq!(scenario.hooks, []);
    assert_eq!(
        scenario.start.to_string(),
        "2026-03-02T09:05:00+05:30[Asia/Kolkata]"
    );
}

#[test]
fn every_field_arrives() {
    let scenario = good(
        r#"  title: all of it
  traffic:
    - burst: {at: "09:15", rise: 10s, rps: 5, decay: 1m}
    - burst: {at: 10m, rise: 0s, rps: 5, decay: 1m}
    - bell: {from: "09:00:30", to: "09:20:30", rps: 6}
    - table: {points: [{at: 0s, rps: 1}, {at: "09:06", rps: 2.5}]}
  service: {pods: 4, latency: {median: 10ms, p99: 20ms}, errorShare: 0.5, patience: 250ms}
  fault: {name: f, effects: [{errorShare: 0.02}, {p99Times: 3, aboveRpsPerPod: 7}]}
  router: {kind: ingress-nginx, replicas: 3, poll: 2s, watch: {median: 1s, sigma: 0}}
  prometheus: {scrapeInterval: 5s, buckets: [0.1, 1]}
"#,
    );
    let burst = |rise_s| Term::Burst {
        at_s: 600.0,
        rise_s,
        hold_s: 0.0,
        rps: 5.0,
        decay_s: 60.0,
    };
    let bell = Term::Bell {
        at_s: 330.0,
        width_s: 300.0,
        rps: 6.0,
    };
    let table = Term::Table {
        points: vec![(0.0, 1.0), (60.0, 2.5)],
    };
    assert_eq!(
        scenario.traffic.terms,
        [burst(10.0), burst(0.0), bell, table]
    );
    assert_eq!(
        scenario.service.latency,
        Latency::from_quantiles(0.01, 0.02)
    );
    assert_eq!(
        (scenario.service.pods, scenario.service.patience_s),
        (4, 0.25)
    );
    assert_eq!(scenario.fault_name.as_deref(), Some("f"));
    assert_eq!(scenario.faults[0].error_share, 0.02);
    assert_eq!(scenario.faults[1].onset.above_rps_per_pod, Some(7.0));
    let nginx = IngressNginx {
        replicas: 3,
        poll_s: 2.0,
        watch_s: (1.0, 0.0),
        ..IngressNginx::default()
    };
    assert_eq!(scenario.router, RouterConfig::IngressNginx(nginx));
    assert_eq!(scenario.scrape.interval, Span::from_secs(5));
    assert_eq!(scenario.scrape.buckets_s, [0.1, 1.0]);
    assert_eq!(scenario.scrape.ingress_replicas, 3);
}

#[test]
fn a_variant_says_only_what_is_different() {
    let base = crate::catalogue::find("market-open/errors-2").expect("a scenario");
    let (mut scenarios, complaints) = read_text(&format!(
        "{HEAD}  extends: market-open/errors-2\n  reason: fewer pods\n  horizon: 30m\n  \
         service: {{pods: 4, latency: {{p99: 500ms}}}}\n  fault: {{effects: [{{p99Times: 2}}]}}\n"
    ));
    assert_eq!(complaints, "");
    let scenario = scenarios.pop().expect("one scenario");
    assert_eq!(
        (scenario.name.as_ref(), scenario.title.as_str()),
        ("t/f", "t/f")
    );
    assert_eq!(scenario.traffic, base.traffic);
    assert_eq!(scenario.start, base.start);
    assert_eq!(scenario.horizon, Span::from_mins(30));
    let service = Service {
        pods: 4,
        latency: Latency::from_quantiles(0.08, 0.5),
        ..base.service
    };
    assert_eq!(scenario.service, service);
    assert_eq!(scenario.fault_name.as_deref(), Some("errors-2"));
    assert_eq!(scenario.faults.len(), 1);
    assert_eq!(
        (scenario.faults[0].error_share, scenario.faults[0].p99_times),
        (0.0, 2.0)
    );
    let (scenarios, complaints) = read_text(&format!(
        "{HEAD}  extends: market-open/errors-2\n  fault: null\n"
    ));
    assert_eq!(complaints, "");
    assert!(scenarios[0].faults.is_empty() && scenarios[0].fault_name.is_none());
}

#[test]
fn mistakes_of_variants_are_told_in_their_own_file() {
    let complaints = |rest: &str| {
        let (scenarios, complaints) = read_text(&format!("{HEAD}  extends: {rest}\n"));
        assert!(scenarios.is_empty(), "{rest}");
        complaints
    };
    assert_eq!(
        complaints("market-open/helthy"),
        "a.yaml:5:12: error: `spec.extends` is \"market-open/helthy\", no scenario of the \
         catalogue (did you mean `market-open/healthy`?)"
    );
    assert!(complaints("[3]").contains("a.yaml:5:12: error: `spec.extends` is a list, not a name"));
    // Both files are right alone: the mistake is in the file that joins them.
    let joined = complaints("steady/healthy\n  service: {latency: {p99: 1ms}}");
    assert!(joined.starts_with("a.yaml:6:28: error: "), "{joined}");
    let joined = complaints("steady/healthy\n  service: {latency: {median: 9s}}");
    assert!(joined.starts_with("a.yaml:5:12: error: "), "{joined}");
}

#[test]
fn arrivals_arrive_and_their_mistakes_are_placed() {
    let traffic = "  traffic: [{constant: {rps: 200}}]\n  arrivals: ";
    let scenario = good(&format!(
        "{traffic}{{dispersion: 0.2, correlation: 1m, burst: 3}}\n"
    ));
    let pattern = coalmine_sim::arrivals::Pattern {
        dispersion: 0.2,
        correlation_cells: 4,
        burst: 3.0,
    };
    assert_eq!(scenario.arrivals, pattern);
    let (scenarios, complaints) = with(&format!(
        "{traffic}{{dispersion: -1, correlation: 20s, burst: 0.5}}\n"
    ));
    assert!(scenarios.is_empty());
    for wanted in [
        "a.yaml:9:26: error: `spec.arrivals.dispersion` is -1, below zero",
        "a.yaml:9:43: error: `spec.arrivals.correlation` is 20s, no multiple of 15 s",
        "a.yaml:9:55: error: `spec.arrivals.burst` is below 1",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
}

#[test]
fn named_curves_are_the_simulators_terms() {
    let scenario = good(
        r#"  traffic:
    - diurnal: {low: 100rps, high: 400rps, peak: "20:05"}
    - ramp: {from: "09:05", to: "09:35", end: 200rps}
    - step: {at: 5m, rps: 50, until: 6m}
    - marketOpen: {rps: 1800}
    - dinnerPeak: {rps: 800}
    - flashSale: {at: 1m, rps: 900, hold: 2m}
    - product: [constant: {rps: 3}, sum: [constant: {rps: 4}, weekly: {mon: 0.5, sun: 2}]]
"#,
    );
    let traffic = &scenario.traffic;
    let alone = |index: usize, at_s: f64| {
        let terms = vec![traffic.terms[index].clone()];
        coalmine_sim::traffic::Traffic { terms }.rate(at_s)
    };
    let hours = 3600.0;
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found}");
    near(alone(0, 11.0 * hours), 400.0);
    near(alone(0, -hours), 100.0);
    near(alone(0, 5.0 * hours), 250.0);
    for (at, wanted) in [(-1.0, 0.0), (900.0, 100.0), (1800.0, 200.0), (9e4, 200.0)] {
        near(alone(1, at), wanted);
    }
    for (at, wanted) in [(299.9, 0.0), (300.0, 50.0), (359.9, 50.0), (360.0, 0.0)] {
        near(alone(2, at), wanted);
    }
    near(alone(3, 610.0), 1800.0);
    near(alone(3, 1010.0), 1800.0 * (-1.0_f64).exp());
    near(alone(4, (11.0 + 25.0 / 60.0) * hours), 800.0);
    for (at, wanted) in [(75.0, 450.0), (90.0, 900.0), (210.0, 900.0)] {
        near(alone(5, at), wanted);
    }
    // The second of March 2026 is a Monday; the start is at 09:05.
    let midnight = -(9.0 + 5.0 / 60.0) * hours;
    near(alone(6, 0.0), 3.0 * (4.0 + 0.5));
    near(alone(6, midnight - 1.0), 3.0 * (4.0 + 2.0));
    near(alone(6, midnight + 24.0 * hours), 3.0 * (4.0 + 1.0));
}

#[test]
fn mistakes_in_named_curves_are_placed() {
    let deep = format!(
        "{}{{constant: {{rps: 1}}}}{}",
        "{sum: [".repeat(9),
        "]}".repeat(9)
    );
    let (scenarios, complaints) = with(&format!(
        r#"  traffic:
    - diurnal: {{low: 5, high: 4rps, peak: "20:05"}}
    - ramp: {{from: "09:30", to: "09:00", end: 2}}
    - step: {{at: 5m, rps: 50, until: 5m}}
    - product: []
    - weekly: {{mnn: 1}}
    - {deep}
"#
    ));
    assert!(scenarios.is_empty());
    for wanted in [
        "a.yaml:9:31: error: `spec.traffic[0].diurnal.high` is below `low`",
        "`spec.traffic[1].ramp.to` is not later than `from`",
        "`spec.traffic[2].step.until` is not later than `at`",
        "`spec.traffic[3].product` is empty",
        "unknown field `spec.traffic[4].weekly.mnn` (did you mean `mon`?)",
        "is nested too deeply",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
}

#[test]
fn values_with_units_are_the_bare_numbers() {
    let rest = |rps, share, above, load| {
        format!(
            "  traffic: [{{constant: {{rps: {rps}}}}}]\n  service: {{errorShare: {share}}}\n  \
             users: {{matching: {share}}}\n  fault: {{name: f, effects: [{{errorShare: {share}, \
             aboveRpsPerPod: {above}}}]}}\n  hooks: [{{name: a, load: {load}}}]\n"
        )
    };
    let told = |text: String| format!("{:?}", good(&text));
    let bare = told(rest("200", "0.001", "7.5", "50"));
    assert!(bare.contains("error_share: 0.001,"), "{bare}");
    assert_eq!(told(rest("200rps", "0.1%", "7.5rps", "50rps")), bare);
    assert_eq!(told(rest("200 rps", "0.1 %", "7.5", "50")), bare);
}

#[test]
fn wrong_units_are_told_with_their_place_and_the_right_one() {
    let (scenarios, complaints) = with(
        "  traffic: [{constant: {rps: 2%}}]\n  service: \
         {errorShare: 200rps}\n  users: {matching: 101%}\n  hooks: [{name: a, load: -1rps}]\n",
    );
    assert!(scenarios.is_empty());
    for wanted in [
        "a.yaml:8:30: error: `spec.traffic[0].constant.rps` is \"2%\", not a rate",
        "write `200rps` or 200",
        "a.yaml:9:25: error: `spec.service.errorShare` is \"200rps\", not a share",
        "write `2%` or 0.02",
        "a.yaml:10:21: error: `spec.users.matching` is 101%, not a share from 0 to 1",
        "a.yaml:11:27: error: `spec.hooks[0].load` is -1rps, below zero",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
    for share in ["inf%", "1e1%", "%", "..%", "NaN%", "2 percent", "--1%"] {
        let text =
            format!("  traffic: [{{constant: {{rps: 1}}}}]\n  users: {{matching: \"{share}\"}}\n");
        let (scenarios, complaints) = with(&text);
        assert!(scenarios.is_empty(), "{share}");
        assert!(complaints.contains("a.yaml:9:21: error: "), "{complaints}");
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_its_cure() {
    let (scenarios, complaints) = read_text(
        r#"apiVersion: coalmine.dev/v1alpha1
kind: Scenario
metadata: {name: t/f}
spec:
  start: 2026-02-30T09:05
  timeZone: Asia/Kolkatta
  horizon: 0s
  trafic: []
  traffic:
    - constant: {rps: -1}
    - burst: {at: 9am, rise: 10, rps: 5, decay: 1m}
    - bell: {from: "22:00", to: "19:00", rps: 6}
    - {constant: {rps: 1}, bel: {}}
  service: {pods: 0, latency: {median: 80ms}, errorShare: 2}
  fault: {effects: [{errorshare: 0.02}]}
  router: {kind: nginx-ingress}
"#,
    );
    assert!(scenarios.is_empty());
    insta::assert_snapshot!(complaints);
}

#[test]
fn a_time_that_a_zone_skips_or_repeats_is_refused() {
    let text = |start: &str| {
        format!(
            "{HEAD}  start: {start}\n  timeZone: Europe/Berlin\n  horizon: 1h\n  \
             traffic: [{{constant: {{rps: 1}}}}]\n"
        )
    };
    for start in ["2026-03-29T02:30", "2026-10-25T02:30"] {
        let (scenarios, complaints) = read_text(&text(start));
        assert!(scenarios.is_empty());
        assert!(complaints.starts_with("a.yaml:5:10: error: `spec.start` does not name one"));
        assert_eq!(complaints.lines().count(), 1, "{complaints}");
    }
    assert_eq!(read_text(&text("2026-03-29T03:30")).1, "");
}

#[test]
fn other_objects_are_skipped_and_told() {
    let (_, complaints) = read_text(
        "apiVersion: v1\nkind: Service\n---\napiVersion: v2\nkind: Scenario\n---\n\
         apiVersion: coalmine.dev/v1alpha1\nkind: Baseline\n",
    );
    let place = |line: &str| line.split(": ").take(2).collect::<Vec<_>>().join(" ");
    let places: Vec<_> = complaints.lines().map(place).collect();
    assert_eq!(
        places,
        [
            "a.yaml:2:7 warning",
            "a.yaml:4:13 error",
            "a.yaml:8:7 error"
        ]
    );
}

#[test]
fn hostile_text_is_refused_and_never_panics() {
    for text in ["", "a", "[]", "spec: 1", "\u{0}", "apiVersion: [", "{}"] {
        assert!(read_text(text).0.is_empty(), "{text}");
    }
    for spec in [
        "  1",
        "  traffic: 3",
        "  traffic: [3]",
        "  start: 2026-03-02T09:05\n  horizon: 1h\n  traffic: [null]",
        "  start: [1]\n  fault: x\n  router: []",
    ] {
        let (scenarios, complaints) = read_text(&format!("{HEAD}{spec}\n"));
        assert!(scenarios.is_empty());
        assert!(complaints.contains("error"), "{spec}");
    }
    let (_, complaints) = with("  traffic: [{table: {points: [{at: 99999999h, rps: 1e308}]}}]\n");
    assert_eq!(complaints.lines().count(), 2, "{complaints}");
}

/// A damaged file is read as it stands or refused with a reason; it never panics.
#[test]
fn damaged_files_are_refused_with_a_reason() {
    let text = crate::catalogue::files()[14].text;
    let lines: Vec<&str> = text.lines().collect();
    let mut damaged: Vec<String> = Vec::new();
    for index in 0..lines.len() {
        let without = lines.iter().enumerate().filter(|(i, _)| *i != index);
        damaged.push(without.map(|(_, line)| format!("{line}\n")).collect());
        let twice = lines
            .iter()
            .enumerate()
            .flat_map(|(i, line)| vec![*line; 1 + usize::from(i == index)]);
        damaged.push(twice.map(|line| format!("{line}\n")).collect());
    }
    damaged.extend(text.char_indices().map(|(end, _)| text[..end].to_owned()));
    for text in damaged {
        let (scenarios, complaints) = read_text(&text);
        let blank = text
            .lines()
            .all(|line| line.starts_with('#') || line.is_empty());
        assert!(
            scenarios.len() == 1 || complaints.contains("error") || blank,
            "{text}"
        );
    }
}

#[test]
fn a_field_given_twice_is_refused() {
    let (scenarios, complaints) = with("  horizon: 2h\n  traffic: [{constant: {rps: 1}}]\n");
    assert!(scenarios.is_empty());
    insta::assert_snapshot!(complaints);
}

#[test]
fn a_prometheus_that_would_take_for_ever_or_lose_buckets_is_refused() {
    let prometheus = |fields: &str| {
        with(&format!(
            "  traffic: [{{constant: {{rps: 1}}}}]\n  prometheus: {{{fields}}}\n"
        ))
    };
    let (scenarios, complaints) = prometheus("scrapeInterval: 1ms");
    assert!(scenarios.is_empty());
    assert!(complaints.contains("is 1ms, too short"), "{complaints}");
    let bounds: Vec<_> = (1..=64).map(|bound| bound.to_string()).collect();
    let (_, complaints) = prometheus(&format!("buckets: [{}]", bounds.join(", ")));
    assert!(complaints.contains("64 bounds, too many"), "{complaints}");
    let (scenarios, _) = prometheus(&format!("buckets: [{}]", bounds[1..].join(", ")));
    assert_eq!(scenarios[0].scrape.buckets_s.len(), 63);
}

#[test]
fn hooks_and_users_arrive_and_their_mistakes_are_placed() {
    let traffic = "  traffic: [{constant: {rps: 200}}]\n";
    let rest = "  users: {matching: 0.25}\n  hooks: [{type: rollback, status: 200, after: 5m}, \
                {name: load, delay: 2s, load: 50}]\n";
    let scenario = good(&format!("{traffic}{rest}"));
    assert_eq!(scenario.users.matching, 0.25);
    let rollback = HookScript {
        hook: HookSelector::Type("rollback".to_owned()),
        status: Some(200),
        after: Span::from_mins(5),
        delay: Span::ZERO,
        load_rps: 0.0,
    };
    let load = HookScript {
        hook: HookSelector::Name("load".to_owned()),
        status: None,
        after: Span::ZERO,
        delay: Span::from_secs(2),
        load_rps: 50.0,
    };
    assert_eq!(scenario.hooks, [rollback, load]);
    let rest = "  users: {matching: 2}\n  hooks: [{status: 200}, {type: rolback}, \
                {name: a, status: 7}]\n";
    let (scenarios, complaints) = with(&format!("{traffic}{rest}"));
    assert!(scenarios.is_empty());
    for wanted in [
        "a.yaml:9:21: error: `spec.users.matching` is 2, not a share",
        "a.yaml:10:11: error: a hook entry needs either `type` or `name`",
        "a.yaml:10:33: error: `spec.hooks[1].type` is \"rolback\", no type of hook that is \
         answered (did you mean `rollback`?)",
        "`spec.hooks[2].status` is 7, no HTTP status",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
}

#[test]
fn sessions_and_retries_arrive_and_their_mistakes_are_placed() {
    let traffic = "  traffic: [{constant: {rps: 200}}]\n";
    let scenario = good(&format!("{traffic}  users: {{matching: 25%}}\n"));
    assert_eq!((scenario.sessions, scenario.retries), (None, None));
    let rest = "  users: {requestsPerSession: 5, thinkTime: {median: 9s, p99: 1m}, sticky: true}\n  \
                retries: {share: 30%, max: 2, backoff: 500ms}\n";
    let scenario = good(&format!("{traffic}{rest}"));
    let sessions = Sessions {
        requests: 5.0,
        think: Latency::from_quantiles(9.0, 60.0),
        sticky: Some(true),
    };
    assert_eq!(scenario.sessions, Some(sessions));
    let retries = Retries {
        share: 0.3,
        max: 2,
        backoff: Span::from_millis(500),
    };
    assert_eq!(scenario.retries, Some(retries));
    assert_eq!(scenario.keep_alive, None);
    let rest = "  users: {keepAlive: {lifetime: 5m}}\n";
    let kept = good(&format!("{traffic}{rest}")).keep_alive;
    let wanted = KeepAlive {
        lifetime: Span::from_mins(5),
        connections: 100,
    };
    assert_eq!(kept, Some(wanted));
    let rest = "  users: {keepAlive: {lifetime: 1ms, connections: 20000, life: 1}}\n";
    let (_, complaints) = with(&format!("{traffic}{rest}"));
    for wanted in [
        "lifetime` lets 100 connections dial more than 1000 times a second",
        "connections` is 20000, not a number from 1 to 10000",
        "unknown field `spec.users.keepAlive.life` (did you mean `lifetime`?)",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
    let rest = "  users: {requestsPerSession: 0.5, thinkTime: {median: 9s}, stiky: true}\n  \
                retries: {max: 21, backoff: 5}\n";
    let (scenarios, complaints) = with(&format!("{traffic}{rest}"));
    assert!(scenarios.is_empty());
    for wanted in [
        "a.yaml:9:31: error: `spec.users.requestsPerSession` is below 1",
        "`spec.users.thinkTime.p99` is required",
        "unknown field `spec.users.stiky` (did you mean `sticky`?)",
        "a.yaml:10:12: error: `spec.retries.share` is required",
        "a.yaml:10:18: error: `spec.retries.max` is 21, not a number from 1 to 20",
        "`spec.retries.backoff` is 5, without a unit",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
}

#[test]
fn given_metrics_arrive_and_their_mistakes_are_placed() {
    let traffic = "  traffic: [{constant: {rps: 200}}]\n";
    let rest = "  metrics: [{name: smoke, provider: job, phase: Failed, after: 5m, delay: 2m}, \
                {name: queue, provider: web, value: {depth: [1, 0.5]}}, {name: queue, provider: \
                web, error: down}]\n";
    let scenario = good(&format!("{traffic}{rest}"));
    let given = |name: &str, provider, answer| GivenMetric {
        name: name.to_owned(),
        provider,
        answer,
        after: Span::ZERO,
        delay: Span::ZERO,
    };
    let job = GivenMetric {
        after: Span::from_mins(5),
        delay: Span::from_mins(2),
        ..given("smoke", Provider::Job, MetricAnswer::Job(false))
    };
    let [first, second, third] = &*scenario.metrics else {
        panic!("{:?}", scenario.metrics);
    };
    assert_eq!(*first, job);
    let MetricAnswer::Json(value) = &second.answer else {
        panic!("{second:?}");
    };
    assert_eq!(value.to_string(), r#"{"depth":[1,0.5]}"#);
    let down = MetricAnswer::Error("down".to_owned());
    assert_eq!(*third, given("queue", Provider::Web, down));
    let rest = "  metrics: [{name: a, provider: datadog, value: 1}, {name: b, provider: job, \
                value: 1}, {name: c, provider: job, phase: Done}, {provider: web, value: 1}]\n";
    let (scenarios, complaints) = with(&format!("{traffic}{rest}"));
    assert!(scenarios.is_empty());
    for wanted in [
        "`spec.metrics[0].provider` is \"datadog\", no provider whose answers are given (known \
         are job, web)",
        "this entry needs `phase` or `error`, and only one of them",
        "`spec.metrics[2].phase` is \"Done\", no end of a job",
        "`spec.metrics[3].name` is required",
    ] {
        assert!(complaints.contains(wanted), "{wanted} not in {complaints}");
    }
}
