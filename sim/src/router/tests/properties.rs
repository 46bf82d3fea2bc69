//! Properties (a) to (c) and (g) of the router notes, over every router and many seeds.

use rand::RngExt;

use super::*;

#[test]
fn units_see_a_subsequence_of_what_was_written_and_converge() {
    for kind in presets::KINDS {
        let config = presets::by_name(kind).expect("is known");
        for trial in 0..50 {
            let mut draws = stream(1_000 + trial);
            let mut at_s = 0.0;
            // Weights grow, so that order can be read off the value.
            let writes: Vec<_> = (1..=10)
                .map(|step| {
                    at_s += draws.random::<f64>() * 4.0;
                    (at_s, f64::from(step))
                })
                .collect();
            let seen = changes(&config, &weights(&writes), trial);
            let mut units = vec![0.0; config.units().max(1)];
            let mut before_s = 0.0;
            for change in &seen {
                let written = writes.iter().find(|(_, w)| *w == change.unit_share);
                let (written_s, _) = written.expect("was written");
                assert!(
                    change.at_s >= *written_s && change.at_s >= before_s,
                    "{kind}"
                );
                assert!(change.unit_share > units[change.unit], "{kind} goes back");
                units[change.unit] = change.unit_share;
                before_s = change.at_s;
            }
            // ALB may be throttled for longer than the test looks.
            let settled = units.iter().all(|share| *share == 10.0);
            assert!(settled || kind == "alb", "{kind} {trial}: {units:?}");
            assert_eq!(seen, changes(&config, &weights(&writes), trial), "{kind}");
        }
    }
}
