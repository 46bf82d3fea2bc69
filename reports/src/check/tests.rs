//! A study that several tests look at.

use super::*;
use crate::fixture::{study, thousand};
use crate::reporter::{Collector, Reporter};
use crate::summary::Summary;
use coalmine_sim::event::Event;
use coalmine_sim::outcome::Outcome;

/// Two policies and a refused one, in a good and a bad release; `right` of a thousand bad releases
/// end rightly under the first.
pub(super) fn played(right: u32) -> (Summary, Recorder, Today) {
    let study = study(
        &["careful", "invalid-one", "blind"],
        &[("steady/healthy", false), ("steady/errors-2", true)],
    );
    let (good, caught, missed) = (
        thousand(false, 998),
        thousand(true, right),
        thousand(true, 0),
    );
    let (mut collector, mut recorder) = (Collector::new(), Recorder::default());
    let mut tell = |event: &Event| {
        collector.event(event).expect("cannot fail");
        recorder.event(event).expect("cannot fail");
    };
    tell(&Event::Started(study));
    let cells: [(usize, usize, &[Outcome]); 6] = [
        (0, 0, &good),
        (1, 0, &[]),
        (2, 0, &good),
        (0, 1, &caught),
        (1, 1, &[]),
        (2, 1, &missed),
    ];
    for (policy, scenario, outcomes) in cells {
        tell(&Event::Cell {
            policy,
            scenario,
            outcomes: outcomes.to_vec(),
        });
    }
    tell(&Event::Finished { complete: true });
    let world = |name: &str| World {
        behaviour: format!("behaviour of {name}"),
        text: format!("text of {name}"),
    };
    let today = Today {
        simulator: "simulator".to_owned(),
        worlds: vec![world("healthy"), world("errors")],
        says: vec![
            format!("careful {right}"),
            "invalid".to_owned(),
            "blind".to_owned(),
        ],
    };
    (collector.into_summary().expect("started"), recorder, today)
}

pub(super) fn recorded() -> (Summary, Recorder, Today) {
    played(990)
}
