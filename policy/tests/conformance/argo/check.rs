//! Claims against a history.

use super::expected::Claim;
use super::replay::History;

pub(super) fn check(claims: &[Claim], history: &History) -> Result<(), String> {
    for claim in claims {
        if !holds(claim, history) {
            return Err(format!("expected {claim:?}"));
        }
    }
    Ok(())
}

fn holds(claim: &Claim, history: &History) -> bool {
    let word = |phase| format!("{phase:?}");
    let measured = history.measured.iter();
    match claim {
        Claim::At(at, phase) => {
            let mut passes = history.passes.iter().filter(|(second, ..)| second == at);
            let earlier = history.passes.iter().rfind(|(second, ..)| second < at);
            match passes.clone().next() {
                Some(_) => passes.any(|(_, run, _)| word(*run) == *phase),
                // No pass at that second: the phase is the one before.
                None => earlier.is_some_and(|(_, run, _)| word(*run) == *phase),
            }
        }
        Claim::RunningUntil(end) => {
            let mut passes = history.passes.iter().filter(|(second, ..)| second < end);
            passes.all(|(_, run, _)| word(*run) == "Running")
        }
        Claim::Ends(at, phase) => history.passes.last().is_some_and(|(_, run, _)| {
            let reached = history.passes.iter().find(|(_, phase, _)| phase == run);
            let reached = reached.map(|(second, ..)| *second);
            word(*run) == *phase && (at.is_none() || *at == reached)
        }),
        // Either the clock ran out or the series did.
        Claim::Forever => {
            let last = history.passes.last();
            last.is_some_and(|(second, run, _)| {
                word(*run) == "Running" && (history.starved || *second > 90_000 || *second == 0)
            })
        }
        Claim::Invalid => {
            history.message.starts_with("Analysis spec invalid") && history.measured.is_empty()
        }
        Claim::Metric(name, phase, at) => {
            let is = |second: &u64, wanted: &u64| second == wanted;
            let reached = history.passes.iter().find(|(_, _, metrics)| {
                metrics
                    .get(name)
                    .is_some_and(|metric| word(*metric) == *phase)
            });
            reached.is_some_and(|(second, ..)| at.as_ref().is_none_or(|at| is(second, at)))
        }
        Claim::Times(name, times) => measured.filter(|(_, who, _)| who == name).count() == *times,
        Claim::Measured(at, letter) => measured.clone().any(|(second, _, outcome)| {
            second == at && letter.is_none_or(|letter| letter == *outcome)
        }),
        Claim::Total(times) => measured.count() == *times,
        Claim::Outcomes(letter, times) => {
            measured.filter(|(_, _, outcome)| outcome == letter).count() == *times
        }
        Claim::Message(text) => history.message.contains(text),
        Claim::Terminated(letter) => history.terminated.contains(letter),
        Claim::NoMessage => history.message.is_empty(),
    }
}
