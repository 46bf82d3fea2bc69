//! Numbers, faults and truths in words.

use coalmine_policy::{Count, Decision, Record, Time, Weight};
use coalmine_sim::fault::{Fault, Growth, Versions};
use coalmine_sim::timeline::What;
use coalmine_sim::truth::{Serving, Truth};

use super::Story;
use super::round::rounded;
use crate::human;

/// Shares below this are not worth a word.
const WORTH_TELLING: f64 = 5e-4;

/// An instant in seconds since the start; what is before it is the start.
pub(super) fn instant(at_s: f64) -> Time {
    Time::from_nanos((at_s.max(0.0) * 1e9) as u64)
}

/// A latency.
pub(super) fn latency(seconds: f64) -> String {
    match seconds {
        s if s < 0.0995 => format!("{:.1}ms", s * 1e3),
        s if s < 9.995 => format!("{:.0}ms", s * 1e3),
        s => format!("{s:.1}s"),
    }
}

/// Requests a second; whole numbers where decimals say nothing.
pub(super) fn rate(rps: f64) -> String {
    match rps {
        rps if rps < 0.095 => format!("{rps:.2}"),
        rps if rps < 9.95 => format!("{rps:.1}"),
        rps => human::count(rps.round() as u64),
    }
}

/// `1st`, `2nd`.
pub(super) fn nth(n: usize) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// Whether a measurement spoke for the release.
pub(crate) fn is_good(outcome: &str) -> bool {
    matches!(outcome, "passed" | "Successful" | "fine")
}

/// `request-success-rate = 81.0815 (>= 99)`; `None` for what is no measurement.
pub(super) fn reading(record: &Record) -> Option<String> {
    let Record::Measured {
        metric,
        value,
        detail,
        ..
    } = record
    else {
        return None;
    };
    let value = match value.as_str() {
        "" => String::new(),
        value => format!(" = {}", rounded(value)),
    };
    let detail = match detail.as_str() {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    Some(format!("{metric}{value}{detail}"))
}

/// The counters of the controller: all of them after a bad measurement, those that have come
/// anywhere after a good one.
pub(super) fn counts(counts: &[Count], all: bool) -> String {
    let told = counts.iter().filter(|count| all || count.value > 0);
    let one = |count: &Count| {
        let limit = count
            .limit
            .map_or(String::new(), |limit| format!(" (limit {limit})"));
        format!("{} {}{limit}", count.name, count.value)
    };
    told.map(one).collect::<Vec<_>>().join(", ")
}

/// What was true at an instant, in one sentence without its end; `None` while there is nothing of
/// the new version.
pub(super) fn truth(story: &Story<'_>, at: Time, truth: &Truth) -> Option<String> {
    let new = truth.new.as_ref()?;
    let asked = match truth.written {
        Some(written) => format!(" (written {})", human::percent(written)),
        // After the last step nobody asks for a share.
        None => asked(story, at)
            .filter(|_| truth.new_share < 1.0)
            .map_or(String::new(), |weight| format!(" (asked {weight})")),
    };
    let mut parts = Vec::new();
    if truth.new_share > 0.0 {
        parts.push(versions(new, truth.old.as_ref()));
        let share = human::percent(truth.new_share);
        let so_far = human::count(truth.new_requests.round() as u64);
        parts.push(format!(
            "{share} of traffic{asked}, about {so_far} requests so far"
        ));
    } else {
        parts.push(format!("no traffic on the new version{asked}"));
    }
    if truth.refused > 0.0 {
        let share = human::percent(truth.refused);
        parts.push(format!("the router itself answers {share} with 5xx"));
    }
    if story.is_faulty() && truth.new_share > 0.0 {
        let active = match truth.fault_shows {
            true => "fault active",
            false => "fault not active",
        };
        parts.push(active.to_owned());
    }
    Some(parts.join("; "))
}

/// The share that the controller last asked for, where pods are the weights.
fn asked(story: &Story<'_>, at: Time) -> Option<Weight> {
    let before = story.entries().iter().take_while(|entry| entry.at < at);
    let asked = before.filter_map(|entry| match &entry.what {
        What::Record(Record::Decided {
            decision: Decision::Advance(weight),
            ..
        }) => Some(*weight),
        _ => None,
    });
    asked.last()
}

/// How both versions answer.
fn versions(new: &Serving, old: Option<&Serving>) -> String {
    let against = |old: Option<String>| old.map_or(String::new(), |old| format!(" (old {old})"));
    let failing = human::percent(new.error_share);
    let old_failing = old.map(|old| human::percent(old.error_share));
    let slowest = latency(new.p99_s);
    let old_slowest = old.map(|old| latency(old.p99_s));
    let mut text = format!(
        "new fails {failing}{}, p99 {slowest}{}",
        against(old_failing),
        against(old_slowest)
    );
    if new.lost_share > WORTH_TELLING {
        let lost = human::percent(new.lost_share);
        text.push_str(&format!(", loses {lost} of completions"));
    }
    text
}

/// What a fault does, when and to whom.
pub(super) fn fault(story: &Story<'_>, fault: &Fault) -> String {
    let mut what = effects(fault);
    if what.is_empty() {
        what.push("does nothing".to_owned());
    }
    let mut text = what.join(", ");
    for condition in conditions(story, fault) {
        text.push_str(", ");
        text.push_str(&condition);
    }
    text
}

fn effects(fault: &Fault) -> Vec<String> {
    let mut what = Vec::new();
    if fault.error_share > 0.0 {
        what.push(format!("{} of requests fail", percent(fault.error_share)));
    }
    if fault.p99_times > 1.0 {
        what.push(format!("p99 latency × {}", fault.p99_times));
    }
    if fault.latency_times != 1.0 {
        what.push(format!("all latencies × {}", fault.latency_times));
    }
    if fault.completion_loss > 0.0 {
        let lost = percent(fault.completion_loss);
        what.push(format!("{lost} of completions are lost"));
    }
    if let Some(every_s) = fault.crash_every_s {
        let every = human::seconds(every_s);
        what.push(format!("each process dies every {every} on average"));
    }
    what
}

/// As it was written: `2 %`, `0.5 %`.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}

fn conditions(story: &Story<'_>, fault: &Fault) -> Vec<String> {
    let (onset, scope) = (&fault.onset, &fault.scope);
    let mut all = Vec::new();
    if let Some(limit) = onset.above_rps_per_pod {
        all.push(format!(
            "only on pods that serve more than {} requests a second",
            rate(limit)
        ));
    }
    if let Some(requests) = onset.after_requests {
        let requests = human::count(requests);
        all.push(format!("only after {requests} requests to a pod"));
    }
    if let Some(age) = onset.after_age {
        all.push(format!("only on pods that have been ready for {age}"));
    }
    let clock = |at_s: f64| story.clock(instant(at_s));
    match (onset.from_s, onset.until_s) {
        (Some(from), Some(until)) => {
            all.push(format!("from {} to {}", clock(from), clock(until)));
        }
        (Some(from), None) => all.push(format!("from {} on", clock(from))),
        (None, Some(until)) => all.push(format!("until {}", clock(until))),
        (None, None) => {}
    }
    match fault.growth {
        Some(Growth::Age(full)) => all.push(format!("growing over {full} of a pod's age")),
        Some(Growth::Requests(full)) => {
            let full = human::count(full);
            all.push(format!("growing over {full} requests to a pod"));
        }
        None => {}
    }
    if let Some(episodes) = fault.episodes {
        let (length, gap) = (
            human::seconds(episodes.length_s),
            human::seconds(episodes.gap_s),
        );
        all.push(format!("for {length} at a time, {gap} apart on average"));
    }
    if let Some(route) = scope
        .route
        .and_then(|route| story.scenario.routes.get(route))
    {
        all.push(format!("only on {}", route.path));
    }
    if let Some(pods) = scope.pods {
        all.push(format!(
            "only on {}",
            human::counted(pods as usize, "bad pod", "bad pods")
        ));
    }
    if scope.matching_users {
        all.push("only for users whom the policy's rules match".to_owned());
    }
    if scope.with_new_share {
        all.push("for everybody, in proportion to the new version's share".to_owned());
    }
    match scope.versions {
        Versions::New => {}
        Versions::Old => all.push("on the old version: the release repairs it".to_owned()),
        Versions::Both => all.push("on both versions".to_owned()),
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_people_read() {
        let latencies = [0.0721, 0.3, 1.2345, 12.34].map(latency);
        assert_eq!(latencies, ["72.1ms", "300ms", "1234ms", "12.3s"]);
        let rates = [0.05, 0.5, 199.6, 1788.2].map(rate);
        assert_eq!(rates, ["0.05", "0.5", "200", "1,788"]);
        let nths = [1, 2, 3, 4, 11, 12, 21, 113].map(nth);
        assert_eq!(
            nths,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "113th"]
        );
        assert_eq!(percent(0.005), "0.5 %");
        assert_eq!(percent(0.2), "20 %");
    }
}
