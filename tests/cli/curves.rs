//! `coalmine power` and `coalmine when`.

use crate::{coalmine, stdout};

const FLAGGER: &str = "scenarios/policies/flagger/ten-minutes.yaml";

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&stdout(arguments)).expect("is JSON")
}

#[test]
fn larger_faults_are_caught_more_often_and_more_traffic_finds_smaller_ones() {
    let power = [
        "power",
        "-q",
        "-f",
        FLAGGER,
        "--scenario",
        "steady",
        "--fault",
        "errors",
        "--load",
        "0.02",
        "--load",
        "1",
        "--runs",
        "40",
        "--format",
        "json",
    ];
    // `steady` names several scenarios; the first one's traffic is taken.
    let curves = json(&power);
    let curves = curves["curves"].as_array().expect("has curves");
    assert_eq!(curves.len(), 2);
    let smallest = |index: usize| curves[index]["smallest"].as_f64();
    let (sparse, ample) = (smallest(0), smallest(1).expect("is caught"));
    assert!((0.005..0.05).contains(&ample), "{ample}");
    assert!(
        sparse.is_none_or(|sparse| sparse > ample),
        "{sparse:?} {ample}"
    );
    let shares: Vec<f64> = curves[1]["points"]
        .as_array()
        .expect("has points")
        .iter()
        .map(|point| point["caught"]["share"].as_f64().expect("a share"))
        .collect();
    // The same people meet every size: chance turns the order at most a little.
    assert!(
        shares.windows(2).all(|pair| pair[1] >= pair[0] - 0.05),
        "{shares:?}"
    );
    assert_eq!(json(&power), json(&power));
}

#[test]
fn the_day_shows_when_the_market_opens() {
    let day = json(&[
        "when",
        "-q",
        "-f",
        FLAGGER,
        "--scenario",
        "market-open/errors-2",
        "--every",
        "180",
        "--runs",
        "10",
        "--format",
        "json",
    ]);
    let starts = day["days"][0]["starts"].as_array().expect("has starts");
    let clocks: Vec<_> = starts.iter().map(|start| start["start"].as_str()).collect();
    assert_eq!((clocks.len(), clocks[3]), (8, Some("09:00")));
    let requests = |index: usize| starts[index]["requests"].as_u64().expect("a number");
    assert!(requests(3) > requests(0), "the market opens at 09:15");
}

#[test]
fn a_fault_that_is_not_there_cannot_grow() {
    let output = coalmine(&["power", "--scenario", "steady/healthy", "--fault", "own"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("has no fault whose size could grow"),
        "{told}"
    );
}
