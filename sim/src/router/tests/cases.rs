//! Each case by its number in the router notes.

use super::*;

fn seen(config: &RouterConfig, events: &[(f64, Api)]) -> Vec<(f64, f64)> {
    let round = |x: f64| (x * 1000.0).round() / 1000.0;
    changes(config, events, 0)
        .iter()
        .map(|change| (round(change.at_s), round(change.share)))
        .collect()
}

fn nginx(events: &[(f64, Api)]) -> Vec<(f64, f64)> {
    seen(&RouterConfig::IngressNginx(det()), events)
}

#[test]
fn cases_1_and_2_a_write_is_seen_at_the_next_poll_of_each_worker() {
    assert_eq!(nginx(&weights(&[(0.0, 10.0)])), [(0.4, 10.0)]);
    let two = RouterConfig::IngressNginx(IngressNginx {
        workers: 2,
        phases_s: Some(vec![0.4, 0.9]),
        ..det()
    });
    assert_eq!(
        seen(&two, &weights(&[(0.0, 10.0)])),
        [(0.4, 5.0), (0.9, 10.0)]
    );
}

#[test]
fn cases_3_to_5_a_second_write_waits_for_the_token_and_a_third_replaces_it() {
    let writes = weights(&[(0.0, 10.0), (1.0, 20.0), (2.0, 30.0), (7.0, 40.0)]);
    assert_eq!(nginx(&writes[..2]), [(0.4, 10.0), (3.4, 20.0)]);
    assert_eq!(nginx(&writes[..3]), [(0.4, 10.0), (3.4, 30.0)]);
    // A redundant no-op sync at 6.677 spent the token.
    assert_eq!(nginx(&writes), [(0.4, 10.0), (3.4, 30.0), (10.4, 40.0)]);
}

#[test]
fn case_9_a_burst_shows_only_what_each_sync_listed() {
    let writes: Vec<_> = (0..20)
        .map(|i| (f64::from(i) * 0.5, f64::from(i + 1)))
        .collect();
    let expected = [(0.4, 1.0), (3.4, 7.0), (7.4, 14.0), (10.4, 20.0)];
    assert_eq!(nginx(&weights(&writes)), expected);
}

#[test]
fn case_11_a_reload_in_the_same_sync_delays_the_weight() {
    let events = [
        (-1.0, Api::Endpoints(None)),
        (-0.2, Api::Reload),
        (0.0, Api::Weight(20.0)),
    ];
    assert_eq!(nginx(&events), [(4.4, 20.0)]);
}

#[test]
fn cases_13_and_14_a_broken_configuration_freezes_weights_until_it_is_fixed() {
    let config = RouterConfig::IngressNginx(IngressNginx {
        parse_s: (0.1, 0.0),
        ..det()
    });
    let events = [
        (-10.0, Api::Broken),
        (0.0, Api::Weight(20.0)),
        (60.0, Api::Fixed),
    ];
    assert!(seen(&config, &events[..2]).is_empty(), "frozen");
    // POST at 60.235; the old worker polls once more before QUIT.
    assert_eq!(seen(&config, &events), [(60.4, 20.0)]);
}

#[test]
fn case_15_an_emptied_canary_leaves_the_table_a_token_later() {
    let events = [
        (-60.0, Api::Weight(0.5)),
        (0.0, Api::Endpoints(None)),
        (0.25, Api::Endpoints(Some(false))),
    ];
    assert_eq!(nginx(&events), [(-59.6, 0.5), (3.4, 0.0)]);
}

#[test]
fn case_18_a_ready_slice_spends_the_token_of_the_weight() {
    let events = [(0.0, Api::Endpoints(Some(true))), (0.2, Api::Weight(20.0))];
    assert_eq!(nginx(&events), [(3.4, 20.0)]);
}

#[test]
fn case_34_a_second_post_in_one_second_is_missed_until_a_later_one() {
    let config = RouterConfig::IngressNginx(IngressNginx {
        sync_qps: 10.0,
        phases_s: Some(vec![0.5]),
        ..det()
    });
    let events = weights(&[(10.165, 10.0), (10.765, 20.0), (20.0, 30.0)]);
    assert_eq!(seen(&config, &events), [(10.5, 10.0), (20.5, 30.0)]);
}

/// A sync that carries a reload outlasts the token's period, so the next one's POST comes in the same
/// second; a worker that polled in between passes it over, and new workers read it all the same.
#[test]
fn a_post_that_a_worker_passed_over_reaches_its_successor() {
    let config = RouterConfig::IngressNginx(IngressNginx {
        parse_s: (3.0, 0.0),
        phases_s: Some(vec![0.05]),
        ..det()
    });
    // POSTs at 6.035 (the reload's) and 6.060; the poll at 6.05; QUIT at 9.13.
    let events = [(0.0, Api::Reload), (1.0, Api::Weight(20.0))];
    assert_eq!(seen(&config, &events), [(9.13, 20.0)]);
}

#[test]
fn case_38_istio_waits_for_a_quiet_moment() {
    let Some(RouterConfig::Control(mut istio)) = presets::by_name("istio") else {
        panic!("no Istio")
    };
    istio.watch_s = (0.0, 0.0);
    istio.build_s.clear();
    istio.push_s = 0.0;
    istio.apply_s = (0.0, 0.0);
    istio.units = 1;
    let istio = RouterConfig::Control(istio.deterministic());
    let mut events = weights(&[(0.0, 20.0)]);
    events.extend((1..=25).map(|i| (f64::from(i) * 0.08, Api::Service)));
    assert_eq!(seen(&istio, &events), [(2.1, 20.0)]);
    events.extend((26..400).map(|i| (f64::from(i) * 0.08, Api::Service)));
    assert_eq!(seen(&istio, &events), [(10.0, 20.0)]);
}

#[test]
fn case_39_traefik_forwards_the_latest_then_sleeps() {
    let Some(RouterConfig::Control(mut traefik)) = presets::by_name("traefik") else {
        panic!("no Traefik")
    };
    traefik.watch_s = (0.0, 0.0);
    traefik.build_s.clear();
    let traefik = RouterConfig::Control(ControlPlane {
        units: 1,
        ..traefik.deterministic()
    });
    let events = weights(&[(0.0, 10.0), (0.5, 20.0), (1.0, 30.0)]);
    assert_eq!(seen(&traefik, &events), [(0.0, 10.0), (2.0, 30.0)]);
}
