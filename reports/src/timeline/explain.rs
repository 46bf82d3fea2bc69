//! What happened, whether it was right, and whom it hurt.

use coalmine_policy::{Span, Time};
use coalmine_sim::outcome::Verdict;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Story, why, words};
use crate::human;

/// Whether the policy was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// A bad release was rolled back after its fault had met somebody.
    Caught,
    /// A bad release was rolled back, but not for its fault.
    CaughtUnseen,
    /// A bad release was promoted.
    Missed,
    /// A bad release was promoted, and its fault met nobody in the time that was watched.
    MissedUnmet,
    /// A good release was rolled back.
    FalseRollback,
    /// A good release was promoted.
    Promoted,
    /// A bad release was neither promoted nor rolled back.
    StuckBad,
    /// A good one was not.
    StuckGood,
}

impl Judgement {
    /// Whether the policy did what it is there for; `None` while it had not decided.
    #[must_use]
    pub const fn is_right(self) -> Option<bool> {
        match self {
            Self::Caught | Self::CaughtUnseen | Self::Promoted => Some(true),
            Self::Missed | Self::MissedUnmet | Self::FalseRollback => Some(false),
            Self::StuckBad | Self::StuckGood => None,
        }
    }
}

/// The story in short.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// Whether it was right.
    pub judgement: Judgement,
    /// The same in a sentence.
    pub headline: String,
    /// What a reader asks first: a word, and the answer.
    pub facts: Vec<Fact>,
    /// Why the rollout ended as it did, by paragraph.
    pub why: Vec<String>,
}

/// One of the first answers.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Fact {
    /// What it is about.
    pub about: &'static str,
    /// The answer.
    pub text: String,
}

/// Explains a story.
#[must_use]
pub fn explain(story: &Story<'_>) -> Explanation {
    let judgement = judgement(story);
    Explanation {
        judgement,
        headline: headline(story, judgement),
        facts: facts(story),
        why: why::paragraphs(story, judgement),
    }
}

fn judgement(story: &Story<'_>) -> Judgement {
    let outcome = story.outcome;
    match (story.is_faulty(), outcome.verdict) {
        (true, Verdict::RolledBack) if outcome.detect_ns.is_some() => Judgement::Caught,
        (true, Verdict::RolledBack) => Judgement::CaughtUnseen,
        (true, Verdict::Promoted) if outcome.fault_met_ns.is_none() => Judgement::MissedUnmet,
        (true, Verdict::Promoted) => Judgement::Missed,
        (true, _) => Judgement::StuckBad,
        (false, Verdict::RolledBack) => Judgement::FalseRollback,
        (false, Verdict::Promoted) => Judgement::Promoted,
        (false, _) => Judgement::StuckGood,
    }
}

fn headline(story: &Story<'_>, judgement: Judgement) -> String {
    let end = Time::ZERO + story.scenario.horizon;
    let at = story
        .outcome
        .decided_ns
        .map_or(end, |span| Time::ZERO + span);
    let at = story.moment(at);
    match judgement {
        Judgement::Caught => format!("Right: the bad release was rolled back at {at}."),
        Judgement::CaughtUnseen => format!(
            "Right, but not for the fault: the bad release was rolled back at {at}, before its fault \
             had met anybody."
        ),
        Judgement::Missed => format!("Wrong, a miss: the bad release was promoted at {at}."),
        Judgement::MissedUnmet => format!(
            "Wrong, a miss: the bad release was promoted at {at}. Its fault met nobody until {}.",
            story.clock(end)
        ),
        Judgement::FalseRollback => {
            format!("Wrong, a false alarm: the good release was rolled back at {at}.")
        }
        Judgement::Promoted => format!("Right: the good release was promoted at {at}."),
        Judgement::StuckBad => {
            format!("Stuck: the bad release was neither promoted nor rolled back by {at}.")
        }
        Judgement::StuckGood => {
            format!("Stuck: the good release was neither promoted nor rolled back by {at}.")
        }
    }
}

fn facts(story: &Story<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut tell = |about, text| facts.push(Fact { about, text });
    for fault in &story.scenario.faults {
        let about = match fault.is_of_release() {
            true => "fault",
            false => "incident",
        };
        tell(about, words::fault(story, fault));
    }
    if let Some(met) = story.outcome.fault_met_ns {
        tell("met", met_and_detected(story, met));
    }
    tell("harm", harm(story));
    facts
}

/// When the fault began to hurt, and how long until it was noticed and gone.
fn met_and_detected(story: &Story<'_>, met: Span) -> String {
    let outcome = story.outcome;
    let mut text = format!("first at {}", story.moment(Time::ZERO + met));
    let decided = outcome.decided_ns;
    if let Some(detect) = outcome.detect_ns {
        text.push_str(&format!("; decided {detect} later"));
        if let Some(mitigate) = outcome.mitigate_ns {
            text.push_str(&format!(", out of the traffic {mitigate} later"));
        }
    } else if let Some(decided) = decided.filter(|_| outcome.verdict == Verdict::Promoted) {
        let apart = |a: Span, b: Span| (Time::ZERO + a).since(Time::ZERO + b);
        let text_of = match met <= decided {
            true => format!("; {} before the promotion", apart(decided, met)),
            false => format!("; {} after the promotion", apart(met, decided)),
        };
        text.push_str(&text_of);
    }
    text
}

fn harm(story: &Story<'_>) -> String {
    let outcome = story.outcome;
    let all = human::count(outcome.requests);
    let mut text = match outcome.hurt {
        0 => format!("none of {all} requests fared worse than on the old version"),
        hurt => {
            let share = hurt as f64 / outcome.requests.max(1) as f64;
            format!(
                "{} of {all} requests ({}) fared worse than on the old version",
                human::count(hurt),
                human::percent(share)
            )
        }
    };
    if outcome.hurt > 0 {
        let users = human::counted(outcome.hurt_users as usize, "user", "users");
        text.push_str(&format!(", {users}"));
    }
    if outcome.hurt_by_router > 0 {
        let refused = human::count(outcome.hurt_by_router);
        text.push_str(&format!(
            "; {refused} of them met no pod (5xx of the router)"
        ));
    }
    for (step, lost) in story.scenario.business.iter().zip(&outcome.lost) {
        if *lost > 0 {
            text.push_str(&format!("; {} {} lost", human::count(*lost), step.name));
        }
    }
    let exposed = human::count(outcome.exposed);
    let until = story.clock(Time::ZERO + story.scenario.horizon);
    text.push_str(&format!("; the new version served {exposed} until {until}"));
    text
}
