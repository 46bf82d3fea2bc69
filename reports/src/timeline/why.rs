//! Why a rollout ended as it did: the rule and the numbers that decided, and what was true.

use coalmine_policy::{Decision, Limits, Record, Time};
use coalmine_sim::fault::Fault;
use coalmine_sim::timeline::What;
use coalmine_sim::truth::{Serving, Truth};

use super::explain::Judgement;
use super::words::{self, is_good};
use super::{Story, text};
use crate::human;

/// A service with fewer requests a minute than this is judged by the luck of single ones.
const FEW_A_MINUTE: f64 = 300.0;

/// Paragraphs, the most telling first.
pub(super) fn paragraphs(story: &Story<'_>, judgement: Judgement) -> Vec<String> {
    let trail = Trail::of(story);
    match judgement {
        Judgement::Caught | Judgement::CaughtUnseen | Judgement::FalseRollback => {
            rolled_back(story, &trail, judgement)
        }
        Judgement::Missed | Judgement::MissedUnmet => missed(story, &trail),
        Judgement::Promoted => promoted(story, &trail),
        Judgement::StuckBad | Judgement::StuckGood => stuck(story, &trail),
    }
}

/// What was measured and decided.
struct Trail<'a> {
    measured: Vec<Measured<'a>>,
    decided: Vec<Decided<'a>>,
    truths: Vec<(Time, &'a Truth)>,
}

#[derive(Clone, Copy)]
struct Measured<'a> {
    at: Time,
    record: &'a Record,
    reading: Option<f64>,
    limits: Limits,
    good: bool,
}

#[derive(Clone, Copy)]
struct Decided<'a> {
    at: Time,
    decision: Decision,
    rule: &'a str,
    detail: &'a str,
}

impl<'a> Trail<'a> {
    fn of(story: &Story<'a>) -> Self {
        let mut trail = Self {
            measured: Vec::new(),
            decided: Vec::new(),
            truths: Vec::new(),
        };
        for entry in story.entries() {
            let at = entry.at;
            match &entry.what {
                What::Truth(truth) => trail.truths.push((at, truth)),
                What::Record(Record::Decided {
                    decision,
                    rule,
                    detail,
                }) => trail.decided.push(Decided {
                    at,
                    decision: *decision,
                    rule,
                    detail,
                }),
                What::Record(
                    record @ Record::Measured {
                            outcome,
                        reading,
                        limits,
                        ..
                    },
                ) => trail.measured.push(Measured {
                    at,
                    record,
                    reading: *reading,
                    limits: *limits,
                    good: is_good(outcome),
                }),
                _ => {}
            }
        }
        trail
    }

    fn truth_at(&self, at: Time) -> Option<&'a Truth> {
        let found = self.truths.iter().find(|(known, _)| *known == at);
        found.map(|(_, truth)| *truth)
    }

    fn first(&self, is: impl Fn(Decision) -> bool) -> Option<Decided<'a>> {
        self.decided.iter().find(|one| is(one.decision)).copied()
    }
}

impl Decided<'_> {
    /// `Flagger scheduler.go:430 (failedChecks 5 >= threshold 5)`.
    fn rule(&self) -> String {
        let rule = match self.rule {
            "" => "the controller",
            rule => rule,
        };
        match self.detail {
            "" => rule.to_owned(),
            detail => format!("{rule} ({detail})"),
        }
    }
}

fn is_roll_back(decision: Decision) -> bool {
    decision == Decision::RollBack
}

fn is_promotion(decision: Decision) -> bool {
    matches!(decision, Decision::Promote | Decision::Succeed)
}

fn rolled_back(story: &Story<'_>, trail: &Trail<'_>, judgement: Judgement) -> Vec<String> {
    let Some(rollback) = trail.first(is_roll_back) else {
        return Vec::new();
    };
    let mut text = format!(
        "At {} the release was rolled back by {}.",
        story.clock(rollback.at),
        rollback.rule()
    );
    let bad: Vec<_> = trail.measured.iter().filter(|one| !one.good).collect();
    if let Some(last) = bad.iter().rfind(|one| one.at <= rollback.at) {
        text.push(' ');
        text.push_str(&last_straw(story, last, bad.len()));
    }
    let mut paragraphs = vec![text];
    paragraphs.extend(truth_then(story, trail, rollback.at));
    if judgement == Judgement::FalseRollback {
        paragraphs.extend(nothing_wrong(story, trail, rollback.at, !bad.is_empty()));
    }
    paragraphs
}

/// The check that brought the counters to their limits.
fn last_straw(story: &Story<'_>, last: &Measured<'_>, bad: usize) -> String {
    let reading = words::reading(last.record).unwrap_or_default();
    let counts = match last.record {
        Record::Measured { counts, .. } => words::counts(counts, false),
        _ => String::new(),
    };
    let counts = if counts.is_empty() {
        String::new()
    } else {
        format!(": {counts}")
    };
    let which = match bad {
        1 => "The check that failed".to_owned(),
        n => format!("The {} and last check that failed", words::nth(n)),
    };
    format!("{which}, at {}, saw {reading}{counts}.", story.clock(last.at))
}

/// The truth at an instant, as a sentence.
fn truth_then(story: &Story<'_>, trail: &Trail<'_>, at: Time) -> Option<String> {
    let truth = trail.truth_at(at)?;
    let text = words::truth(story, at, truth)?;
    Some(format!("The truth just before: {text}."))
}

/// How a good release came to be rolled back.
fn nothing_wrong(story: &Story<'_>, trail: &Trail<'_>, at: Time, measured: bool) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(lookalike) = &story.scenario.lookalike_name {
        out.push(format!(
            "The release is good; what looks like a fault of it is `{lookalike}`."
        ));
    }
    let Some(truth) = trail.truth_at(at).filter(|_| measured) else {
        return out;
    };
    let a_minute = truth.rps * truth.new_share * 60.0;
    if truth.new_share > 0.0 && a_minute < FEW_A_MINUTE {
        let one = human::percent((1.0 / a_minute.max(1.0)).min(1.0));
        out.push(format!(
            "Few requests decide here: the new version gets about {} a minute, so a single one that \
             fails is {one} of a minute's.",
            words::rate(a_minute)
        ));
    }
    out
}

fn promoted(story: &Story<'_>, trail: &Trail<'_>) -> Vec<String> {
    let Some(promotion) = trail.first(is_promotion) else {
        return Vec::new();
    };
    let bad = trail.measured.iter().filter(|one| !one.good).count();
    let all = trail.measured.len();
    let measured = match (all, bad) {
        (0, _) => "Nothing was measured on the way.".to_owned(),
        (_, 0) => format!("All {all} measurements on the way were good."),
        (_, bad) => format!("{bad} of the {all} measurements on the way were not good."),
    };
    let text = format!(
        "At {} the promotion was decided by {}. {measured}",
        story.clock(promotion.at),
        promotion.rule()
    );
    let truth = truth_then(story, trail, promotion.at);
    std::iter::once(text).chain(truth).collect()
}

fn stuck(story: &Story<'_>, trail: &Trail<'_>) -> Vec<String> {
    let Some(last) = trail.decided.last() else {
        let text = "The controller decided nothing in all that time.";
        return vec![text.to_owned()];
    };
    let same = trail.decided.iter().rev();
    let same = same.take_while(|one| one.decision == last.decision && one.detail == last.detail);
    let times = same.count();
    let since = trail.decided[trail.decided.len() - times].at;
    let again = match times {
        1 => String::new(),
        times => format!(", {times} times until {}", story.clock(last.at)),
    };
    let text = format!(
        "The last decision, at {}{again}, was: {}, by {}.",
        story.clock(since),
        text::decided(last.decision),
        last.rule()
    );
    let mut paragraphs = vec![text];
    if let Some(measured) = trail.measured.last() {
        let reading = words::reading(measured.record).unwrap_or_default();
        let at = story.clock(measured.at);
        paragraphs.push(format!("The last measurement, at {at}, saw {reading}."));
    }
    paragraphs.extend(truth_then(story, trail, last.at));
    paragraphs
}

fn missed(story: &Story<'_>, trail: &Trail<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let decided = story.outcome.decided_ns.map(|span| Time::ZERO + span);
    let promotion = trail.first(is_promotion).map(|one| one.at).or(decided);
    let until = promotion.unwrap_or(Time::ZERO + story.scenario.horizon);
    if trail.measured.is_empty() {
        out.push("The policy measures nothing, so no fault can stop it.".to_owned());
        out.extend(promoted(story, trail));
        return out;
    }
    let met = story.outcome.fault_met_ns.map(|span| Time::ZERO + span);
    match met {
        None => out.extend(not_due(story, until, "in all the time that was watched")),
        Some(met) if met > until => {
            let later = met.since(until);
            out.push(format!(
                "The fault met its first request {later} after the last look, so there was nothing \
                 to see."
            ));
            out.extend(not_due(story, until, "until then"));
        }
        Some(met) => out.extend(overlooked(story, trail, (met, until))),
    }
    out.extend(promoted(story, trail));
    out
}

/// Why the fault was there, and no check stopped it.
fn overlooked(story: &Story<'_>, trail: &Trail<'_>, (met, until): (Time, Time)) -> Vec<String> {
    let mut out = Vec::new();
    let since: Vec<_> = trail.measured.iter().filter(|one| one.at >= met).collect();
    let clock = story.clock(met);
    if since.is_empty() {
        let last = trail.measured.last().map_or(until, |one| one.at);
        out.push(format!(
            "The last measurement was at {}, and the fault met its first request at {clock}.",
            story.clock(last)
        ));
        return out;
    }
    let bad: Vec<_> = since.iter().filter(|one| !one.good).collect();
    let mut looks: Vec<Time> = since.iter().map(|one| one.at).collect();
    looks.dedup();
    let shows = |at: &&Time| trail.truth_at(**at).is_some_and(|truth| truth.fault_shows);
    let seen = looks.iter().filter(shows).count();
    let of = format!(
        "From {clock} on, when the fault met its first request, the policy looked {}; the fault \
         showed at {}.",
        times(looks.len()),
        match seen {
            0 => "none of these moments".to_owned(),
            n if n == looks.len() => "each of them".to_owned(),
            n => format!("{n} of these moments"),
        }
    );
    out.push(of);
    if let Some(last) = bad.last() {
        let counts = match last.record {
            Record::Measured { counts, .. } => words::counts(counts, false),
            _ => String::new(),
        };
        out.push(format!(
            "{} of the {} measurements since then were not good, too few to end it: {counts}. The \
             last of them, at {}, saw {}.",
            bad.len(),
            since.len(),
            story.clock(last.at),
            words::reading(last.record).unwrap_or_default()
        ));
    } else if let Some(text) = closest(story, trail, &since) {
        out.push(text);
    }
    if seen < looks.len() {
        out.extend(not_due(story, until, "until the promotion"));
    }
    out
}

fn times(n: usize) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// The good measurement that came nearest to its limit, and what was true then.
fn closest(story: &Story<'_>, trail: &Trail<'_>, since: &[&Measured<'_>]) -> Option<String> {
    let margin = |one: &Measured<'_>| {
        let reading = one.reading?;
        let below = one.limits.max.map(|max| (max - reading) / max.abs().max(1e-9));
        let above = one.limits.min.map(|min| (reading - min) / min.abs().max(1e-9));
        below.into_iter().chain(above).min_by(f64::total_cmp)
    };
    let with_margin = since.iter().filter_map(|one| Some((margin(one)?, *one)));
    let (_, nearest) = with_margin.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let reading = words::reading(nearest.record).unwrap_or_default();
    let mut text = format!(
        "All its values were within their limits; the nearest, at {}, was {reading}.",
        story.clock(nearest.at)
    );
    let truth = trail.truth_at(nearest.at)?;
    if let Some(told) = words::truth(story, nearest.at, truth) {
        text.push_str(&format!(" The truth then: {told}."));
    }
    text.push_str(&blind_spot(story, nearest, truth));
    Some(text)
}

/// What a query cannot see.
fn blind_spot(story: &Story<'_>, nearest: &Measured<'_>, truth: &Truth) -> String {
    let Some((new, old)) = truth.new.as_ref().zip(truth.old.as_ref()) else {
        return String::new();
    };
    let silent = new.error_share - old.error_share < 1e-4
        && new.slow_share - old.slow_share < 1e-4
        && new.p99_s < old.p99_s * 1.01;
    if silent && new.lost_share > 0.0 {
        return " The fault changes neither the status nor the latency of any answer, and nothing \
                else was asked."
            .to_owned();
    }
    match mixed(nearest, (new, old), truth.new_share) {
        Some(all) => format!(
            " The value is that of all requests ({all} fail), not of the new version's alone: with \
             {} of them on it, {} drown in the rest.",
            human::percent(truth.new_share),
            human::percent(new.error_share)
        ),
        None if story.scenario.routes.len() > 1 => {
            " Its value is over all routes; a fault of one of them weighs as much as its requests."
                .to_owned()
        }
        None => String::new(),
    }
}

/// The error share of all requests, when a success rate measured that and not the new version's own.
fn mixed(nearest: &Measured<'_>, (new, old): (&Serving, &Serving), share: f64) -> Option<String> {
    let min = nearest.limits.min?;
    let scale = match min {
        min if (0.5..=1.0).contains(&min) => 1.0,
        min if (50.0..=100.0).contains(&min) => 100.0,
        _ => return None,
    };
    let failing = 1.0 - nearest.reading? / scale;
    let all = share * new.error_share + (1.0 - share) * old.error_share;
    let apart = new.error_share - all;
    // Told apart only where they are far apart.
    let is_all = apart > 0.005 && failing - all < apart / 4.0 && all - failing < apart / 4.0;
    is_all.then(|| human::percent(all))
}

/// What a fault would have needed, and what there was until an instant.
fn not_due(story: &Story<'_>, until: Time, when: &str) -> Vec<String> {
    let faults = story.scenario.faults.iter();
    let of_release = faults.filter(|fault| fault.is_of_release());
    of_release
        .filter_map(|fault| needs(story, fault, (until, when)))
        .collect()
}

fn needs(story: &Story<'_>, fault: &Fault, (until, when): (Time, &str)) -> Option<String> {
    let course = story.notes.course.iter();
    let new = course
        .filter(|(at, _)| *at <= until)
        .filter_map(|(_, truth)| truth.new.as_ref().map(|new| (truth, new)));
    let most = |of: &dyn Fn(&Serving) -> Option<f64>| {
        let values = new.clone().filter_map(|(_, new)| of(new));
        values.max_by(f64::total_cmp)
    };
    if let Some(limit) = fault.onset.above_rps_per_pod {
        let last = new.clone().next_back().map_or(0.0, |(_, new)| new.rps_per_pod);
        let most = most(&|new| Some(new.rps_per_pod)).unwrap_or(0.0);
        let limit_text = words::rate(limit);
        return Some(if most <= limit {
            format!(
                "It shows only on pods that serve more than {limit_text} requests a second; those of \
                 the new version served {} at most {when}.",
                words::rate(most)
            )
        } else {
            format!(
                "It shows only on pods that serve more than {limit_text} requests a second; those of \
                 the new version came to {} and were back at {} by the end of the looks.",
                words::rate(most),
                words::rate(last)
            )
        });
    }
    if let Some(age) = fault.onset.after_age {
        let most = human::seconds(most(&|new| new.age_s).unwrap_or(0.0));
        return Some(format!(
            "It shows only on pods that have been ready for {age}; those of the new version had been \
             for {most} at most {when}."
        ));
    }
    if let Some(requests) = fault.onset.after_requests {
        let most = human::count(most(&|new| new.served).unwrap_or(0.0) as u64);
        return Some(format!(
            "It shows only after {} requests to a pod; those of the new version had served {most} at \
             most {when}.",
            human::count(requests)
        ));
    }
    if let Some(from_s) = fault.onset.from_s.filter(|from| *from > until.as_secs_f64()) {
        let at = Time::from_nanos((from_s.max(0.0) * 1e9) as u64);
        return Some(format!("It begins only at {}.", story.clock(at)));
    }
    fault.episodes.map(|episodes| {
        format!(
            "It comes and goes, {} at a time, and looks can fall between.",
            human::seconds(episodes.length_s)
        )
    })
}
