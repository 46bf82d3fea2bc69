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
    metric: &'a str,
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
                        metric,
                        outcome,
                        reading,
                        limits,
                        ..
                    },
                ) => trail.measured.push(Measured {
                    at,
                    record,
                    metric,
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
    // Of several at one moment it is the one that the rule names.
    let before = || bad.iter().rev().filter(|one| one.at <= rollback.at);
    let latest = before().next().map(|one| one.at);
    let named = |one: &&&Measured<'_>| rollback.detail.contains(one.metric);
    let last = before()
        .take_while(|one| Some(one.at) == latest)
        .find(named)
        .or_else(|| before().next());
    if let Some(last) = last {
        text.push(' ');
        text.push_str(&last_straw(story, last, bad.len()));
    }
    let mut paragraphs = vec![text];
    paragraphs.extend(truth_then(story, trail, rollback.at));
    if judgement == Judgement::FalseRollback {
        paragraphs.extend(nothing_wrong(story, trail, rollback.at, last.copied()));
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
    format!(
        "{which}, at {}, saw {reading}{counts}.",
        story.clock(last.at)
    )
}

/// The truth at an instant, as a sentence.
fn truth_then(story: &Story<'_>, trail: &Trail<'_>, at: Time) -> Option<String> {
    let truth = trail.truth_at(at)?;
    let text = words::truth(story, at, truth)?;
    Some(format!("The truth just before: {text}."))
}

/// How a good release came to be rolled back.
fn nothing_wrong(
    story: &Story<'_>,
    trail: &Trail<'_>,
    at: Time,
    last: Option<&Measured<'_>>,
) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(lookalike) = &story.scenario.lookalike_name {
        out.push(format!(
            "The release is good; what looks like a fault of it is `{lookalike}`."
        ));
    }
    let Some((truth, last)) = trail.truth_at(at).zip(last) else {
        return out;
    };
    if last.reading.is_none() {
        out.push(format!(
            "`{}` had no value then, and none counts as a bad one.",
            last.metric
        ));
    }
    let a_minute = truth.rps * truth.new_share * 60.0;
    if truth.new_share > 0.0 && a_minute < FEW_A_MINUTE {
        let one = human::percent((1.0 / a_minute.max(1.0)).min(1.0));
        out.push(format!(
            "Few requests decide here: the new version got about {} a minute, so a single one that \
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
         was active at {}.",
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
    } else {
        out.extend(closest(story, trail, &since));
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

/// The good measurements that came nearest to their limits, and why they are good.
fn closest(story: &Story<'_>, trail: &Trail<'_>, since: &[&Measured<'_>]) -> Vec<String> {
    let nearest = nearest(since);
    if nearest.is_empty() {
        return Vec::new();
    }
    let told = nearest.iter().map(|one| {
        let reading = words::reading(one.record).unwrap_or_default();
        format!("{reading} at {}", story.clock(one.at))
    });
    let told = told.collect::<Vec<_>>().join("; ");
    let values = format!("All its values were within their limits; nearest to them: {told}.");
    // What the values say of errors is said of the success rate, if one was measured.
    let rate = nearest.iter().find(|one| success_scale(one).is_some());
    let about = *rate.unwrap_or(&nearest[0]);
    let mut out = vec![values];
    let Some(truth) = trail.truth_at(about.at) else {
        return out;
    };
    if let Some(told) = words::truth(story, about.at, truth) {
        out.push(format!("The truth at {}: {told}.", story.clock(about.at)));
    }
    out.extend(blind_spot(&about, truth));
    out.extend(seldom(truth));
    out
}

/// Of each metric the measurement with the least room to its limit.
fn nearest<'a>(since: &[&Measured<'a>]) -> Vec<Measured<'a>> {
    let room = |one: &Measured<'_>| {
        let reading = one.reading?;
        let far = |limit: f64| limit.abs().max(1e-9);
        let below = one.limits.max.map(|max| (max - reading) / far(max));
        let above = one.limits.min.map(|min| (reading - min) / far(min));
        below.into_iter().chain(above).min_by(f64::total_cmp)
    };
    let mut all: Vec<(f64, Measured<'a>)> = Vec::new();
    for one in since {
        let Some(room) = room(one) else {
            continue;
        };
        match all.iter_mut().find(|(_, known)| known.metric == one.metric) {
            Some(known) if room < known.0 => *known = (room, **one),
            Some(_) => {}
            None => all.push((room, **one)),
        }
    }
    all.into_iter().map(|(_, one)| one).collect()
}

/// What a success rate of 1 is written as, where the limit looks like one of it.
fn success_scale(one: &Measured<'_>) -> Option<f64> {
    match one.limits.min? {
        min if (0.5..=1.0).contains(&min) => Some(1.0),
        min if (50.0..=100.0).contains(&min) => Some(100.0),
        _ => None,
    }
}

/// What a query cannot see, or its limit allows.
fn blind_spot(one: &Measured<'_>, truth: &Truth) -> Option<String> {
    let new = truth.new.as_ref()?;
    let old = truth.old.as_ref();
    let old_failing = old.map_or(0.0, |old| old.error_share);
    let silent = new.error_share - old_failing < 2e-3
        && old.is_none_or(|old| {
            new.p99_s < old.p99_s * 1.01 && new.slow_share < old.slow_share + 1e-4
        });
    if silent && new.lost_share > 0.0 {
        let text = "The fault changes neither the status nor the latency of any answer, and no check \
                    asked for anything else.";
        return Some(text.to_owned());
    }
    let scale = success_scale(one)?;
    let (failing, min) = (new.error_share, one.limits.min?);
    if failing > old_failing + 1e-3 && (1.0 - failing) * scale >= min {
        return Some(format!(
            "The limit allows this fault: {} of the new version's requests succeed, and `{}` asks \
             for {}.",
            human::percent(1.0 - failing),
            one.metric,
            human::percent(min / scale)
        ));
    }
    let all = truth.new_share * failing + (1.0 - truth.new_share) * old_failing;
    let seen = 1.0 - one.reading? / scale;
    let apart = failing - all;
    // Told from each other only where they are far apart.
    (apart > 0.005 && (seen - all).abs() < apart / 4.0).then(|| {
        format!(
            "`{}` seems to measure all requests, of which {} fail, not those of the new version \
             alone, of which {} do.",
            one.metric,
            human::percent(all),
            human::percent(failing)
        )
    })
}

/// How seldom the fault fails anything.
fn seldom(truth: &Truth) -> Option<String> {
    let new = truth.new.as_ref()?;
    let old = truth.old.as_ref().map_or(0.0, |old| old.error_share);
    let a_minute = truth.rps * truth.new_share * 60.0;
    let failures = a_minute * (new.error_share - old);
    (a_minute < FEW_A_MINUTE && failures > 0.0 && failures < 2.0).then(|| {
        format!(
            "The new version got about {} requests a minute; one more failure every {} is all the \
             fault made of them.",
            words::rate(a_minute),
            human::seconds(60.0 / failures)
        )
    })
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
        let last = new
            .clone()
            .next_back()
            .map_or(0.0, |(_, new)| new.rps_per_pod);
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
    if let Some(from_s) = fault
        .onset
        .from_s
        .filter(|from| *from > until.as_secs_f64())
    {
        let at = words::instant(from_s);
        return Some(format!("It begins only at {}.", story.clock(at)));
    }
    fault.episodes.map(|episodes| {
        format!(
            "It comes and goes, {} at a time, and looks can fall between.",
            human::seconds(episodes.length_s)
        )
    })
}
