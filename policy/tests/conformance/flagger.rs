//! Holds the engine against decisions recorded from Flagger's own scheduler.
//!
//! `CONFORMANCE_FLAGGER=FILE cargo test -p coalmine-policy --test conformance flagger` runs another
//! file of the same format.

mod case;
mod derived;
mod given;
mod objects;
mod world;

use std::fmt::Write as _;
use std::io::Write as _;

use case::{Case, File, Tick};
use world::World;

const RECORDED: &str = include_str!("flagger-cases.json");

/// Of our own making, in the same format: what Flagger's controller did when it was driven with them.
const DERIVED: &str = include_str!("flagger-derived.json");

#[test]
fn flagger_decides_as_recorded() {
    let text = match std::env::var("CONFORMANCE_FLAGGER") {
        Ok(path) => std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")),
        Err(_) => RECORDED.to_owned(),
    };
    let file: File = serde_json::from_str(&text).expect("the file has the recorded format");
    let (mut passed, mut failed) = (0, 0);
    for case in &file.cases {
        let (line, good) = report(case, Calls::Compared);
        say(&line);
        if good {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    say(&format!("{passed} passed, {failed} failed"));
    assert!(passed + failed > 0, "the file holds no case");
    assert_eq!(failed, 0, "cases differ");
}

#[test]
fn flagger_decides_as_its_controller_did() {
    let file: File = serde_json::from_str(DERIVED).expect("the file has the recorded format");
    let reports: Vec<_> = file
        .cases
        .iter()
        .map(|case| report(case, Calls::Compared))
        .collect();
    assert!(!reports.is_empty());
    let differ = reports
        .iter()
        .filter(|(line, good)| !good || line.contains("not understood"));
    let differ: Vec<_> = differ.map(|(line, _)| line).collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Past the test harness, which would swallow the output of a test that passes.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("stdout takes a line");
}

/// Whether the side effects of a tick are held against the recorded ones.
#[derive(Clone, Copy, PartialEq)]
enum Calls {
    Compared,
    Unknown,
}

fn report(case: &Case, calls: Calls) -> (String, bool) {
    let id = &case.id;
    let mut world = match World::new(case) {
        Ok(world) => world,
        Err(why) => {
            return (
                format!("{id} differs: the manifest is refused: {why}"),
                false,
            );
        }
    };
    let mut difference = None;
    for tick in &case.ticks {
        world.tick(tick);
        difference = compare(&mut world, tick, calls);
        if difference.is_some() {
            break;
        }
    }
    let mut line = match &difference {
        None => format!("{id} ok"),
        Some(difference) => format!("{id} differs at {difference}"),
    };
    for word in &world.not_understood {
        let _ = write!(line, " (not understood: {word})");
    }
    (line, difference.is_none())
}

/// What differs after a tick, in words.
fn compare(world: &mut World, tick: &Tick, calls: Calls) -> Option<String> {
    let status = world.status().clone();
    let mut found = Vec::new();
    let mut hold = |name: &str, is: String, wanted: String| {
        if is != wanted {
            found.push(format!("{name} {is}, recorded {wanted}"));
        }
    };
    hold("phase", status.phase.to_string(), tick.phase.clone());
    let numbers = [
        (
            "status weight",
            status.canary_weight,
            tick.status_canary_weight,
        ),
        ("failedChecks", status.failed_checks, tick.failed_checks),
        ("iterations", status.iterations, tick.iterations),
    ];
    for (name, is, wanted) in numbers {
        hold(name, is.to_string(), wanted.to_string());
    }
    let (primary, canary, mirrored) = world.router();
    // A router that cannot be read answers 0/0.
    let unreadable = !world.is_readable() && (tick.router_primary, tick.router_canary) == (0, 0);
    if !unreadable {
        hold(
            "router primary",
            primary.to_string(),
            tick.router_primary.to_string(),
        );
        hold(
            "router canary",
            canary.to_string(),
            tick.router_canary.to_string(),
        );
        hold("mirrored", mirrored.to_string(), tick.mirrored.to_string());
    }
    if calls == Calls::Compared {
        let (is, wanted) = (&world.calls[..], tick.calls());
        hold("calls", format!("{is:?}"), format!("{wanted:?}"));
    }
    (!found.is_empty()).then(|| format!("tick {}: {}", tick.tick, found.join("; ")))
}
