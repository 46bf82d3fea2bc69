//! What the tutorial says without a number: "a 10-minute canary at 09:05 will not see 09:15 traffic".

use crate::{cell, score_json};

fn missed(start: &str) -> f64 {
    let score = score_json(&[
        "-f",
        "scenarios/policies/flagger/ten-minutes.yaml",
        "--scenario",
        "market-open/overload-only",
        "--start",
        start,
        "--runs",
        "200",
    ]);
    let missed = &cell(&score, "checkout-api", "market-open/overload-only")["missed"];
    missed["share"].as_f64().expect("a share")
}

#[test]
fn a_ten_minute_canary_misses_the_opening_from_five_past_and_sees_it_from_twelve_past() {
    // 1,000 replications give 100.0 % (99.6–100.0) and 0.5 % (0.2–1.2).
    assert!(missed("09:05") > 0.97);
    assert!(missed("09:12") < 0.05);
}
