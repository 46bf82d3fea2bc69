//! What a statistical policy makes of recorded looks: a table for people, JSON for programs.

use std::io::{self, Write};

use coalmine_policy::native::Look;
use coalmine_policy::native::spend::Boundary;
use coalmine_policy::native::test::{Finding, Policy, Ruling, Settings};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::document;
use crate::human::{self, NOTHING};
use crate::terminal::{self, Options};

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

/// A policy, and what it said to each look.
#[derive(Clone, Debug)]
pub struct Judgement<'a> {
    /// The policy's name.
    pub policy: &'a str,
    /// The test's.
    pub test: &'a str,
    /// Its settings.
    pub settings: &'a Settings,
    /// The looks' names.
    pub names: &'a [String],
    /// The looks.
    pub looks: &'a [Look],
    /// What was said to each.
    pub findings: Vec<Finding>,
}

impl<'a> Judgement<'a> {
    /// Plays looks to the test of this name; `None` where there is none.
    #[must_use]
    pub fn of(
        policy: &'a str,
        test: &'a str,
        settings: &'a Settings,
        (names, looks): (&'a [String], &'a [Look]),
    ) -> Option<Self> {
        let mut played = Policy::named(test, settings)?;
        // Nothing is known of the pods behind the counts, so nothing of how errors clump.
        let findings = looks.iter().map(|look| played.look(look, 1.0)).collect();
        Some(Self {
            policy,
            test,
            settings,
            names,
            looks,
            findings,
        })
    }

    /// The look at which it was decided, and what.
    fn decided(&self) -> Option<(usize, Ruling)> {
        let mut rulings = self.findings.iter().map(|finding| finding.ruling);
        let at = rulings.position(Ruling::is_final)?;
        Some((at, self.findings[at].ruling))
    }

    /// The verdict in a sentence.
    fn headline(&self) -> String {
        let policy = self.policy;
        let Some((at, ruling)) = self.decided() else {
            let looks = human::counted(self.looks.len(), "look", "looks");
            let last = self.findings.last().map(|finding| finding.ruling);
            let also = match last {
                Some(Ruling::Inconclusive) => ", and the last is inconclusive",
                _ => "",
            };
            return format!("{policy} has not decided after {looks}{also}.");
        };
        let does = match ruling {
            Ruling::Promote => "promotes",
            _ => "rolls back",
        };
        let (name, reason) = (&self.names[at], &self.findings[at].reason);
        format!("{policy} {does} at look {name}: {reason}.")
    }
}

/// What a ruling is called.
const fn word(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Continue => "look again",
        Ruling::Advance => "advance",
        Ruling::Promote => "promote",
        Ruling::RollBack => "roll back",
        Ruling::Inconclusive => "inconclusive",
    }
}

/// A table of all looks, and the verdict.
#[must_use]
pub fn render(judgement: &Judgement<'_>, options: Options) -> String {
    let header = ["look", "canary", "control", "ln E", "p", "decision", "why"];
    let header = header.map(str::to_owned);
    let rows = judgement.looks.iter().enumerate().map(|(index, look)| {
        let finding = &judgement.findings[index];
        let arm = |n: u64, e: u64| format!("{} / {}", human::count(e), human::count(n));
        let evidence = |x: Option<f64>| x.map_or(NOTHING.to_owned(), |x| format!("{x:.3}"));
        vec![
            judgement.names[index].clone(),
            arm(look.canary.n, look.canary.e),
            arm(look.control.n, look.control.e),
            evidence(finding.ln_e),
            finding.p.map_or(NOTHING.to_owned(), human::p_value),
            word(finding.ruling).to_owned(),
            finding.reason.clone(),
        ]
    });
    let table = terminal::table(&header, rows.collect(), &["why", "control"], options);
    let mut lines = vec![judgement.headline()];
    lines.push(format!(
        "{} with {}. canary, control: failed / requests of the interval. ln E: evidence against the canary, \
         p: valid whenever one looks.",
        judgement.test,
        settings(judgement.settings)
    ));
    let mut text = table;
    for line in lines {
        text.push('\n');
        for part in human::wrap(&line, options.text_width()) {
            text.push_str(&part);
            text.push('\n');
        }
    }
    options.characters.apply(text)
}

/// What differs from the defaults, and the most important ones anyway.
fn settings(settings: &Settings) -> String {
    format!(
        "marginRatio {}, alpha {}, plannedLooks {}",
        settings.margin_ratio, settings.alpha, settings.planned_looks
    )
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Judge")]
struct Root<'a> {
    /// The version of the document's form; it grows when a field changes its meaning or goes, not when
    /// one is added.
    format: u32,
    /// The policy's name.
    policy: &'a str,
    /// The test's.
    test: &'a str,
    settings: &'a Settings,
    /// The first final decision; null where there is none.
    verdict: Option<Ruling>,
    /// The look at which it was made.
    decided_at: Option<&'a str>,
    looks: Vec<View<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Look")]
struct View<'a> {
    look: &'a str,
    n_canary: u64,
    e_canary: u64,
    n_control: u64,
    e_control: u64,
    /// The natural logarithm of the evidence against the canary; null for tests without.
    ln_e: Option<f64>,
    /// The evidence itself; null also beyond what a number can hold.
    e: Option<f64>,
    /// The logarithm of the evidence for the canary (`evidence-ramp`).
    ln_e_good: Option<f64>,
    /// The p-value, valid at any look; for a Bayesian the probability that the canary is within the margin.
    p: Option<f64>,
    /// The boundary of the exact test.
    boundary: Option<Boundary>,
    decision: Ruling,
    reason: &'a str,
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write(judgement: &Judgement<'_>, out: impl Write) -> io::Result<()> {
    let looks = judgement.looks.iter().zip(&judgement.findings);
    let decided = judgement.decided();
    let root = Root {
        format: FORMAT,
        policy: judgement.policy,
        test: judgement.test,
        settings: judgement.settings,
        verdict: decided.map(|(_, ruling)| ruling),
        decided_at: decided.map(|(at, _)| &*judgement.names[at]),
        looks: looks
            .zip(judgement.names)
            .map(|((look, finding), name)| View {
                look: name,
                n_canary: look.canary.n,
                e_canary: look.canary.e,
                n_control: look.control.n,
                e_control: look.control.e,
                ln_e: finding.ln_e,
                e: finding.ln_e.map(f64::exp).filter(|e| e.is_finite()),
                ln_e_good: finding.ln_e_good,
                p: finding.p,
                boundary: finding.boundary,
                decision: finding.ruling,
                reason: &finding.reason,
            })
            .collect(),
    };
    document::write(&root, out)
}

/// The form of the document, as a JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Root<'static>>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_policy::native::Arm;

    #[test]
    fn the_golden_looks_read_well() {
        let looks = [
            Look::new(Arm::new(300, 3), Arm::new(5700, 25)),
            Look::new(Arm::new(310, 5), Arm::new(5650, 30)),
            Look::new(Arm::new(295, 6), Arm::new(5800, 27)),
            Look::new(Arm::new(305, 4), Arm::new(5710, 31)),
        ];
        let names: Vec<String> = (1..=4).map(|n| n.to_string()).collect();
        let settings = Settings {
            margin_ratio: 1.0,
            planned_looks: 60,
            ..Settings::default()
        };
        let told: Vec<String> = ["combo", "spend-guard", "kayenta"]
            .iter()
            .map(|test| {
                let judgement = Judgement::of(test, test, &settings, (&names, &looks));
                render(&judgement.expect("is known"), Options::default())
            })
            .collect();
        let told = told.join("\n");
        assert!(
            told.lines().all(|line| line.chars().count() <= 100),
            "{told}"
        );
        insta::assert_snapshot!(told);
    }
}
