use coalmine_sim::probe::{Kind, Probe};

use super::*;
use crate::fixture::{study, summary, thousand};
use crate::terminal::Options;

fn probes() -> Vec<Probe> {
    let probe = |kind, size, load| Probe { kind, size, load };
    vec![
        probe(Kind::Errors, 0.01, 0.1),
        probe(Kind::Errors, 0.05, 0.1),
        probe(Kind::Errors, 0.01, 1.0),
        probe(Kind::Errors, 0.05, 1.0),
        probe(Kind::Slow, 3.0, 1.0),
    ]
}

fn typical() -> Summary {
    let names: Vec<String> = (0..5).map(|i| format!("a/probe-{i}")).collect();
    let scenarios: Vec<_> = names.iter().map(|name| (name.as_str(), true)).collect();
    let study = study(&["careful", "invalid-one"], &scenarios);
    let cells: Vec<_> = [100, 300, 700, 1000, 0]
        .map(|caught| thousand(true, caught))
        .into();
    let none = Vec::new();
    let all: Vec<_> = cells
        .iter()
        .enumerate()
        .flat_map(|(index, outcomes)| [(0, index, &**outcomes), (1, index, &*none)])
        .collect();
    summary(&study, &all)
}

#[test]
fn curves_are_those_of_policies_that_ran() {
    let (summary, probes) = (typical(), probes());
    let power = Power {
        summary: &summary,
        probes: &probes,
        scenario: "a/errors",
    };
    let curves = power.curves();
    let shape = |curve: &Curve| (curve.policy, curve.kind, curve.points.len());
    let shapes: Vec<_> = curves.iter().map(shape).collect();
    assert_eq!(
        shapes,
        [
            (0, Kind::Errors, 2),
            (0, Kind::Errors, 2),
            (0, Kind::Slow, 1)
        ]
    );
    insta::assert_snapshot!(render(&power, Options::default()));
    let mut bytes = Vec::new();
    write(&power, &mut bytes).expect("memory takes everything");
    let value: serde_json::Value = serde_json::from_slice(&bytes).expect("is JSON");
    assert_eq!(value["curves"][1]["points"][1]["caught"]["count"], 1000);
    assert_eq!(value["curves"][0]["smallest"], serde_json::Value::Null);
}
