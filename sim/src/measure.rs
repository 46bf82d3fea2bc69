//! From a finished replication to its outcome.

use coalmine_policy::{Span, Time};

use crate::flow::Flow;
use crate::outcome::{Outcome, Verdict};
use crate::scenario::Scenario;
use crate::split::Split;
use crate::timeline::{Entry, What};
use crate::world::{TRACE_SHARE, Witness};

/// Counts what happened until the horizon.
pub(crate) fn outcome(
    flow: &mut Flow<'_>,
    scenario: &Scenario,
    (replication, verdict, decided): (u32, Verdict, Option<Time>),
) -> Outcome {
    let horizon_s = scenario.horizon.as_secs_f64();
    let tally = flow.settle(horizon_s);
    let fault_met_s = tally.met_s;
    let rolled_back = decided.filter(|_| verdict == Verdict::RolledBack);
    let since_met = |later_s: f64| {
        let met_s = fault_met_s?;
        (later_s >= met_s).then(|| Span::from_secs_f64(later_s - met_s))
    };
    let detect_ns = rolled_back.and_then(|at| since_met(at.as_secs_f64()));
    let out_s = rolled_back.and_then(|at| out_of_traffic(&flow.split, at.as_secs_f64()));
    let mitigate_ns = detect_ns.and(out_s).and_then(since_met);
    Outcome {
        replication,
        verdict,
        decided_ns: decided.map(|at| at.since(Time::ZERO)),
        fault_met_ns: fault_met_s.map(Span::from_secs_f64),
        detect_ns,
        mitigate_ns,
        requests: tally.requests,
        exposed: tally.exposed,
        hurt: tally.hurt,
        // What a fault does to pods that it kills is not the router's.
        hurt_by_router: if scenario.faults.iter().any(|f| f.crash_every_s.is_some()) {
            0
        } else {
            tally.refused
        },
        exposed_users: tally.exposed_users,
        hurt_users: tally.hurt_users,
        lost: tally.lost,
    }
}

/// From when on the new version gets no traffic to speak of, for good.
fn out_of_traffic(split: &Split, decided_s: f64) -> Option<f64> {
    let segments = split.segments();
    let last_in = segments
        .iter()
        .rposition(|segment| segment.new_share() > TRACE_SHARE);
    match last_in {
        None => Some(decided_s),
        Some(index) => segments
            .get(index + 1)
            .map(|segment| segment.from_s.max(decided_s)),
    }
}

/// Tells what is only known at the end.
pub(crate) fn tell(outcome: &Outcome, scenario: &Scenario, witness: &mut dyn Witness) {
    if let Some(met) = outcome.fault_met_ns {
        witness.see(Entry {
            at: Time::ZERO + met,
            what: What::FaultMet,
        });
    }
    tell_traffic(outcome, scenario, witness);
    witness.see(Entry {
        at: Time::ZERO + scenario.horizon,
        what: What::Ended(outcome.verdict),
    });
}

/// A change of the traffic by this factor is worth a line.
const TRAFFIC_CHANGE: f64 = 1.25;

/// How the traffic went until the decision.
fn tell_traffic(outcome: &Outcome, scenario: &Scenario, witness: &mut dyn Witness) {
    let until = outcome.decided_ns.unwrap_or(scenario.horizon);
    let mut told: Option<f64> = None;
    let minute = Span::from_mins(1);
    let mut at = Time::ZERO;
    while at.since(Time::ZERO) <= until {
        let rps = scenario.traffic.rate(at.as_secs_f64());
        let changed =
            told.is_none_or(|told| rps > told * TRAFFIC_CHANGE || rps * TRAFFIC_CHANGE < told);
        if changed {
            told = Some(rps);
            let what = What::TrafficRate(rps);
            witness.see(Entry { at, what });
        }
        at += minute;
    }
}
