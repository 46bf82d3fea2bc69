//! The cases of the router notes (§8), each as a file of events.

use crate::{stdout, write};

fn shown(events: &str, more: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "writes.csv", events);
    let mut arguments = vec![
        "router", "--preset", "det", "--format", "csv", "--writes", &file,
    ];
    arguments.extend(more);
    let text = stdout(&arguments);
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The rows of the only unit.
fn weights(events: &str, more: &[&str]) -> Vec<String> {
    let rows = shown(events, more).into_iter();
    rows.filter_map(|row| row.strip_prefix("0,").map(str::to_owned))
        .collect()
}

fn shares(events: &str, more: &[&str]) -> Vec<String> {
    shown(events, &[&["--show", "shares"], more].concat())
}

/// What each request meets, without its time: request, share, backend, status, attempts, waited,
/// ends.
fn requests(events: &str, more: &[&str]) -> Vec<String> {
    let rows = shown(events, &[&["--show", "requests"], more].concat());
    let rest = |row: String| row.split_once(',').map(|(_, rest)| rest.to_owned());
    rows.into_iter().filter_map(rest).collect()
}

/// Share and backend of each request.
fn backends(events: &str, more: &[&str]) -> Vec<String> {
    let rows = requests(events, more).into_iter();
    let short = |row: String| {
        let cells: Vec<_> = row.split(',').collect();
        format!("{} {} {}", cells[1], cells[2], cells[3])
    };
    rows.map(short).collect()
}

#[test]
fn cases_13_and_14_a_broken_configuration_freezes_weights_until_it_is_fixed() {
    let frozen = weights("-10,broken\n0,20\n60,fixed\n", &["--set", "parse=100ms"]);
    assert_eq!(frozen, ["60.400,,20"]);
}

#[test]
fn case_15_pods_that_refuse_cost_their_share_until_the_weight_is_there() {
    let events = "-60,50\n0,0\n0.15,pods canary refuse=all\n0.25,slice-empty\n";
    let rows = shares(events, &["--rps", "100"]);
    let expected = [
        "-60.000,-59.600,0,100,0,0,0",
        "-59.600,0.150,50,50,0,0,0",
        "0.150,0.400,0,50,50,0,12.5",
        "0.400,,0,100,0,0,0",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn case_21_weight_and_total() {
    for (weight, expected) in [
        ("weight 150/100", "100 canary 200"),
        ("weight 25/50", "25 canary 200"),
        ("weight -5/100", "100 stable 200"),
        ("weight abc/100", "100 stable 200"),
        ("weight 1/1000", "0.1 canary 200"),
    ] {
        let found = backends(&format!("0,{weight}\n9,request\n"), &[]);
        assert_eq!(
            found.first().map(String::as_str),
            Some(expected),
            "{weight}"
        );
    }
    // A total alone is not compared (§1.7): 10 of 100 until something else changes.
    let rows = weights("0,10\n9,10/1000\n19,20/1000\n", &[]);
    assert_eq!(rows, ["0.400,19.400,10", "19.400,,2"]);
}

#[test]
fn case_23_nobody_is_served_without_the_main_backend() {
    let rows = shares("-60,100\n0,endpoints stable=0 canary=3\n", &[]);
    assert_eq!(rows.last().map(String::as_str), Some("0.400,,0,0,0,100"));
    // The other way round nobody notices; at a gateway the share fails.
    let rows = shares("-60,30\n0,slice-empty\n", &[]);
    assert_eq!(rows.last().map(String::as_str), Some("0.400,,0,100,0,0"));
    let rows = shares("-60,30\n0,slice-empty\n", &["--kind", "envoy-gateway"]);
    assert_eq!(
        rows.last()
            .map(String::as_str)
            .and_then(|r| r.split_once(",,")),
        Some(("0.100", "0,70,30,0"))
    );
}

#[test]
fn case_24_a_session_stays_on_the_canary_as_long_as_there_is_one() {
    let events = |mode: &str| {
        format!(
            "-60,stable affinity={mode}\n-59,100\n0,session u1 canary\n1,0\n\
             9,request session=u1\n9,request\n20,slice-empty\n29,request session=u1\n\
             40,slice-ready\n49,request session=u1\n"
        )
    };
    let expected = |last| ["100 canary 200", "100 stable 200", "100 stable 200", last];
    assert_eq!(
        backends(&events("balanced"), &[]),
        expected("100 canary 200")
    );
    assert_eq!(
        backends(&events("persistent"), &[]),
        expected("100 stable 200")
    );
}

#[test]
fn case_25_affinity_to_the_primary_beats_a_header() {
    let events = "-60,stable affinity=balanced\n-50,canary header=X\n0,session u1 stable\n\
                  9,request session=u1 X=always\n9,request X=always\n";
    assert_eq!(backends(events, &[]), ["100 stable 200", "100 canary 200"]);
}

#[test]
fn case_26_a_header_with_a_value() {
    let asked = "9,request X=v1\n9,request X=always\n9,request X=never\n9,request\n";
    let at_0 = backends(&format!("0,canary header=X value=v1\n{asked}"), &[]);
    let stable = "100 stable 200";
    assert_eq!(at_0, ["100 canary 200", stable, stable, stable]);
    let at_100 = backends(
        &format!("0,canary header=X value=v1 weight=100\n{asked}"),
        &[],
    );
    assert_eq!(at_100, ["100 canary 200"; 4]);
}

#[test]
fn case_27_a_header_without_a_value_and_a_cookie() {
    let one = |canary: &str, asked: &str| {
        backends(
            &format!("0,canary header=X cookie=c {canary}\n9,request {asked}\n"),
            &[],
        )
    };
    assert_eq!(one("weight=100", "X=never"), ["100 stable 200"]);
    assert_eq!(one("weight=0", "X=always"), ["100 canary 200"]);
    assert_eq!(one("weight=0", "X=foo cookie:c=always"), ["100 canary 200"]);
    // A pattern is searched for anywhere in the value.
    assert_eq!(one("pattern=b.ta", "X=some-beta-user"), ["100 canary 200"]);
}

#[test]
fn case_28_all_tries_go_to_the_canary() {
    let events = "-60,100\n-50,endpoints canary=1\n0,pods canary refuse=1\n\
                  9,request GET\n9,request POST\n";
    let rows = requests(events, &[]);
    assert_eq!(
        rows,
        [
            "GET,100,canary,502,3,0.000,9.000",
            "POST,100,canary,502,3,0.000,9.000"
        ]
    );
}

#[test]
fn case_29_one_of_two_pods_that_refuses_is_hidden() {
    let events = "-60,100\n0,pods canary refuse=1\n9,request GET\n";
    let mut rows = requests(events, &[]);
    rows.sort();
    assert_eq!(
        rows,
        [
            "GET,50,canary,200,1,0.000,9.000",
            "GET,50,canary,200,2,0.000,9.000"
        ]
    );
}

#[test]
fn case_31_a_read_timeout_is_tried_again_unless_it_must_not() {
    let events = "-60,100\n0,pods canary hang=all\n9,request GET\n9,request POST\n";
    let rows = requests(events, &[]);
    assert_eq!(
        rows,
        [
            "GET,100,canary,504,3,180.000,189.000",
            "POST,100,canary,504,1,60.000,69.000"
        ]
    );
}

#[test]
fn case_32_a_request_ends_where_it_began() {
    let rows = requests("-60,100\n-0.1,request lasts=2s\n0,0\n", &[]);
    assert_eq!(rows, ["lasts=2s,100,canary,200,1,0.000,1.900"]);
}

#[test]
fn case_33_a_stream_outlives_its_worker_for_240_s() {
    // The reload's QUIT comes 3.13 s after it: build, two parses and the master's own, 0.1 s.
    let stream = "-60,100\n-1,request websocket lasts=forever\n0,0\n";
    let rows = requests(stream, &[]);
    assert_eq!(rows, ["websocket lasts=forever,100,canary,200,1,0.000,"]);
    let rows = requests(&format!("{stream}6.87,reload\n"), &[]);
    assert_eq!(
        rows,
        ["websocket lasts=forever,100,canary,200,1,0.000,250.000"]
    );
}

#[test]
fn case_35_only_the_oldest_canary_counts() {
    let events = "-60,canary A weight=10\n-50,canary B weight=50\n-1,request\n0,delete A\n\
                  9,request\n";
    let rows = backends(events, &[]);
    assert_eq!(
        rows,
        ["10 A 200", "90 stable 200", "50 B 200", "50 stable 200"]
    );
    assert_eq!(
        weights(events, &[]).last().map(String::as_str),
        Some("0.400,,50")
    );
}

#[test]
fn case_36_every_host_of_the_service_is_split() {
    let events = "-60,stable hosts=h1:h2\n-50,canary host=h1 weight=20\n9,request host=h2\n";
    assert_eq!(backends(events, &[]), ["20 canary 200", "80 stable 200"]);
    let other = "-60,stable hosts=h1:h2\n-50,canary host=h3 weight=20\n9,request host=h2\n";
    assert_eq!(backends(other, &[]), ["100 stable 200"]);
}

#[test]
fn case_37_another_type_of_path_is_no_canary() {
    let events = "-60,stable pathType=Prefix\n-50,canary pathType=Exact weight=20\n9,request\n";
    assert_eq!(backends(events, &[]), ["100 stable 200"]);
}

#[test]
fn case_40_a_connection_keeps_its_pod() {
    let events = "-60,endpoints stable=2 canary=2\n0,connection c1 stable\n\
                  9,request connection=c1\n9,request\n20,endpoints stable=0 canary=2\n\
                  29,request connection=c1\n";
    let rows = backends(events, &["--kind", "kube-proxy"]);
    let expected = [
        "100 stable 200",
        "50 canary 200",
        "50 stable 200",
        "100 canary 200",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn what_is_no_event_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(
        folder.path(),
        "writes.csv",
        "0,pods canary sleep=1\n1,endpoints canary=many\n2,canary colour=red\n3,weight other 5\n",
    );
    let output = crate::coalmine(&["router", "--writes", &file])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    for part in ["`sleep`", "`many`", "`colour`", "no canary other", ":4:1"] {
        assert!(errors.contains(part), "{part} in {errors}");
    }
}
