//! What a check came to, in sentences that every format uses.

use super::against::{Skipped, Why};
use super::{Change, Checked, Compared, GateResult, Replayed};
use crate::gate::{Measure, Outcome, Unit};
use crate::human::{self, counted};

/// How many replications are listed before "and so many more".
const LISTED: usize = 8;

/// `bad releases promoted`.
const fn in_words(measure: &str) -> &str {
    match measure.as_bytes() {
        b"missed" => "bad releases that were promoted",
        b"false-rollback" => "good releases that were rolled back",
        b"stuck" => "releases that got stuck",
        b"hurt" => "requests hurt in a rollout",
        b"hurt-users" => "users hurt in a rollout",
        b"duration" => "time to the decision",
        _ => measure,
    }
}

/// A value of a compared measure.
pub(super) fn value(measure: &str, value: f64) -> String {
    Measure::named(measure).map_or_else(String::new, |measure| measure.say(value))
}

/// A difference with its interval: `+3.1 (+2.1…+4.4)`, shares in percentage points.
pub(super) fn difference(change: &Change) -> String {
    let tested = &change.tested;
    let unit = Measure::named(change.measure).map_or(Unit::Count, Measure::unit);
    let say = |x: f64| match unit {
        Unit::Share => format!("{:+.1}", x * 100.0 + 0.0),
        Unit::Time if x < 0.0 => format!("-{}", human::seconds(-x)),
        Unit::Time => format!("+{}", human::seconds(x)),
        _ if x.abs() < 99.5 => format!("{x:+.1}"),
        _ if x < 0.0 => format!("-{}", human::count(-x.round() as u64)),
        _ => format!("+{}", human::count(x.round() as u64)),
    };
    let apart = say(tested.now - tested.before);
    match (tested.low, tested.high) {
        (Some(low), Some(high)) => format!("{apart} ({}…{})", say(low), say(high)),
        _ => apart,
    }
}

/// `1, 5, 9 and 12 more`.
pub(super) fn listed(replications: &[u32]) -> String {
    let words: Vec<String> = replications.iter().map(u32::to_string).collect();
    match words.len() {
        n if n <= LISTED + 1 => words.join(", "),
        n => format!(
            "{} and {} more",
            words[..LISTED].join(", "),
            human::count((n - LISTED) as u64)
        ),
    }
}

impl Checked<'_> {
    fn label(&self, policy: usize) -> &str {
        self.summary.label_of(policy)
    }

    /// What a gate asks, and where: `missed<2% over the mix`.
    pub(super) fn gate_heading(&self, result: &GateResult) -> String {
        let Some(gate) = self.gates.get(result.gate) else {
            return String::new();
        };
        let place = self.place(result);
        format!("{} {place}", gate.requirement)
    }

    fn place(&self, result: &GateResult) -> String {
        match result.scenario {
            None => "over the mix".to_owned(),
            Some(_) => format!("in {}", self.scenario(result.scenario)),
        }
    }

    /// What a gate came to: `missed<2% over the mix is breached by checkout: 4.1 % (3.0–5.6), n = 1,000`.
    pub(super) fn gate_sentence(&self, result: &GateResult) -> String {
        let requirement = self.gates.get(result.gate).map(|gate| gate.requirement);
        let Some(requirement) = requirement else {
            return String::new();
        };
        let place = self.place(result);
        let label = self.label(result.policy);
        let what = match result.judged.outcome {
            Outcome::Met => "is met by",
            Outcome::Undecided => "cannot be decided for",
            Outcome::Breached => "is breached by",
        };
        let seen = self.seen(result);
        format!("`{requirement}` {place} {what} {label}: {seen}")
    }

    /// The measure of a gate, and where a quantile was worst.
    pub(super) fn seen(&self, result: &GateResult) -> String {
        let measured = self.measured(result);
        match self.worst_in(result) {
            Some(scenario) => format!("{measured}, worst in {scenario}"),
            None => measured,
        }
    }

    /// The measure of a gate.
    pub(super) fn measured(&self, result: &GateResult) -> String {
        match (self.gates.get(result.gate), result.judged.reading) {
            (Some(gate), Some(reading)) => reading.say(gate.requirement.measure),
            _ => "never observed".to_owned(),
        }
    }

    /// Where a quantile over the mix was worst.
    pub(super) fn worst_in(&self, result: &GateResult) -> Option<&str> {
        let worst = result.judged.reading?.scenario?;
        let is_of_the_mix = result.scenario.is_none();
        is_of_the_mix.then(|| self.scenario(Some(worst)))
    }

    /// `checkout is worse in steady/errors-2: …`.
    pub(super) fn change_sentence(&self, change: &Change) -> String {
        let tested = &change.tested;
        let compared = self.against.changes.iter();
        let compared = compared.filter(|change| change.tested.differs()).count();
        let (verb, chance) = match self.compared(change) {
            Compared::Worse => (
                "is worse than the baseline",
                format!(
                    "p {} after {}",
                    p(change.p_family),
                    counted(compared, "comparison", "comparisons")
                ),
            ),
            _ => (
                "seems worse than the baseline",
                format!(
                    "p {} alone, {} among {}",
                    p(tested.p),
                    p(change.p_family),
                    counted(compared, "comparison", "comparisons")
                ),
            ),
        };
        format!(
            "{} {verb} in {}: {} went from {} to {} on the same {} rollouts ({chance})",
            self.label(change.policy),
            self.scenario(Some(change.scenario)),
            in_words(change.measure),
            value(change.measure, tested.before),
            value(change.measure, tested.now),
            human::count(tested.n),
        )
    }

    /// Which rollouts turned.
    pub(super) fn turned_sentence(&self, change: &Change) -> String {
        let tested = &change.tested;
        if let Some((from, to)) = tested.most {
            return format!("most of it in replications {from} to {to}");
        }
        let mut text = format!(
            "{} turned for the worse: {}",
            counted(tested.turned.len(), "replication", "replications"),
            listed(&tested.turned)
        );
        if tested.mended > 0 {
            text += &format!("; {} turned for the better", human::count(tested.mended));
        }
        text
    }

    /// What more runs would do for what only seems worse.
    pub(super) fn change_cure(&self, change: &Change) -> String {
        match change.tested.runs_needed {
            Some(runs) if runs > change.tested.n => format!(
                "about {} runs would tell, if it is what it seems",
                human::count(runs)
            ),
            _ => "more runs, or fewer comparisons, would tell".to_owned(),
        }
    }

    /// Why something is not compared, and what to do.
    pub(super) fn skipped_sentence(&self, skipped: &Skipped) -> (String, String) {
        let scenario = match skipped.scenario {
            None => "every scenario".to_owned(),
            Some(_) => self.scenario(skipped.scenario).to_owned(),
        };
        let policy = skipped.policy.map_or("every policy", |p| self.label(p));
        let lock = &self.lock_file;
        let add = "`coalmine check --update` adds it to the baseline".to_owned();
        let again =
            "to compare all the same: go back to the policies of the baseline, record it anew \
                     with `coalmine check --update`, and try the change again"
                .to_owned();
        match &skipped.why {
            Why::NoBaseline => (
                format!("there is no {lock} to compare with"),
                "record it with `coalmine check --update`, and commit it".to_owned(),
            ),
            Why::Seed(then) => {
                let now = self.summary.study.seed;
                (
                    format!(
                        "{lock} has seed {then} and this study {now}: no two rollouts are the same"
                    ),
                    format!(
                        "write `seed: {then}`, or record it anew with `coalmine check --update`"
                    ),
                )
            }
            Why::Simulator(then) => {
                let now = env!("CARGO_PKG_VERSION");
                let versions = if then == now {
                    format!("{lock} was recorded by another build of coalmine {then}")
                } else {
                    format!("{lock} was recorded by coalmine {then}, and this is {now}")
                };
                (
                    format!(
                        "the simulator changed in {scenario}, so nothing is said of its policies: \
                         rollouts that nobody touched end otherwise; {versions}"
                    ),
                    again,
                )
            }
            Why::Scenario => (
                format!("{scenario} was changed since {lock}, so nothing is said of its policies"),
                again,
            ),
            Why::Beneath => (
                format!(
                    "what {scenario} is made of (its base, its measured traffic) was changed since \
                     {lock}, so nothing is said of its policies"
                ),
                again,
            ),
            Why::NewScenario => (format!("{scenario} is not in {lock}"), add),
            Why::NewPolicy => (format!("{policy} is not in {lock}"), add),
            Why::WasRefused => (
                format!("{policy} was refused by its controller when {lock} was recorded"),
                add,
            ),
        }
    }

    /// How a rollout ended before and now, and why.
    pub(super) fn replayed_sentence(&self, replayed: &Replayed) -> String {
        let Replayed {
            replication,
            before,
            now,
            why,
            ..
        } = replayed;
        let now = now.word();
        match before {
            Some(before) => format!(
                "replication {replication} was {} and is {now}. {why}",
                before.word()
            ),
            None => format!("replication {replication} is {now}. {why}"),
        }
    }

    /// The whole in a sentence.
    pub(super) fn verdict_sentence(&self) -> String {
        let mut parts = Vec::new();
        let mut part = |n: usize, one: &str, many: &str| {
            if n > 0 {
                parts.push(counted(n, one, many));
            }
        };
        let count = |wanted| self.that_are(wanted).count();
        let gates = |outcome| self.gates_that_are(outcome);
        part(gates(Outcome::Breached), "gate breached", "gates breached");
        part(self.refused().count(), "policy refused", "policies refused");
        part(count(Compared::Worse), "measure worse", "measures worse");
        part(
            gates(Outcome::Undecided),
            "gate undecided",
            "gates undecided",
        );
        part(
            count(Compared::Suspected),
            "measure that seems worse",
            "measures that seem worse",
        );
        part(
            self.against.skipped.len(),
            "thing not compared",
            "things not compared",
        );
        part(gates(Outcome::Met), "gate met", "gates met");
        let equal = count(Compared::Equal) + count(Compared::NotWorse);
        part(equal, "measure not worse", "measures not worse");
        if !self.summary.complete {
            parts.push("interrupted".to_owned());
        }
        if parts.is_empty() {
            parts.push("nothing was asked".to_owned());
        }
        format!("{}: {}", self.verdict().word(), parts.join(", "))
    }
}

/// `< 0.001` or `= 0.012`.
fn p(p: f64) -> String {
    match human::p_value(p) {
        small if small.starts_with('<') => small.replace('<', "< "),
        plain => format!("= {plain}"),
    }
}
