//! The statistical policies, by name: what each makes of a look.
//!
//! All of them read the same looks and answer with a [`Finding`]. A verdict stays: after it, further looks
//! are still told what the evidence is.

mod bayes_risk;
mod evidence_ramp;
mod guard;
mod judge;
mod seq_guard;
mod settings;
mod spend_guard;
mod tail_guard;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::look::Look;
use super::ratio::FACTORS;
use super::spend::Boundary;

pub use bayes_risk::BayesRisk;
pub use evidence_ramp::EvidenceRamp;
pub use judge::Judge;
pub use seq_guard::SeqGuard;
pub use settings::Settings;
pub use spend_guard::SpendGuard;
pub use tail_guard::TailGuard;

/// What a policy wants after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// Look again.
    Continue,
    /// Evidence enough for the next weight.
    Advance,
    /// Evidence enough that the canary is good.
    Promote,
    /// Evidence enough that it is bad.
    RollBack,
    /// Nothing can be concluded from such data; a person should look.
    Inconclusive,
}

impl Ruling {
    /// Whether it ends the analysis.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Promote | Self::RollBack)
    }
}

/// What a policy says after a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it wants.
    pub ruling: Ruling,
    /// Why, in words.
    pub reason: String,
    /// ln of the evidence against the canary, where that is what it reads.
    pub ln_e: Option<f64>,
    /// ln of the evidence for it.
    pub ln_e_good: Option<f64>,
    /// The p-value, valid at any look; for a Bayesian the probability that the canary is good.
    pub p: Option<f64>,
    /// The boundary of an exact test.
    pub boundary: Option<Boundary>,
}

impl Finding {
    fn new(ruling: Ruling, reason: impl Into<String>) -> Self {
        Self {
            ruling,
            reason: reason.into(),
            ln_e: None,
            ln_e_good: None,
            p: None,
            boundary: None,
        }
    }
}

/// A policy and the data that it has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    kind: Kind,
    guard: guard::Guard,
    verdict: Option<Ruling>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Seq(SeqGuard),
    Spend(SpendGuard),
    Combo(SeqGuard, SpendGuard),
    Ramp(EvidenceRamp),
    Tail(TailGuard),
    Bayes(BayesRisk),
    Judge(Judge),
}

/// The policies' names, and what each is.
pub const NAMES: [(&str, &str); 7] = [
    (
        "combo",
        "seq-guard or spend-guard, each with half of alpha (default)",
    ),
    (
        "seq-guard",
        "errors given their total, for a fault that may start at any look",
    ),
    (
        "spend-guard",
        "an exact test over the planned looks, alpha spent look by look",
    ),
    (
        "evidence-ramp",
        "seq-guard, and each weight waits for evidence that the canary is good",
    ),
    (
        "tail-guard",
        "slow requests beyond several bounds, as errors are",
    ),
    (
        "bayes-risk",
        "Gamma-Poisson probabilities within each weight; no guarantee over looks",
    ),
    (
        "kayenta",
        "NetflixACAJudge-v1.0 on the series of error percentages",
    ),
];

impl Policy {
    /// The policy of this name; `None` where there is none.
    #[must_use]
    pub fn named(name: &str, settings: &Settings) -> Option<Self> {
        let half = Settings {
            alpha: settings.alpha / 2.0,
            ..settings.clone()
        };
        let kind = match name {
            "combo" => Kind::Combo(SeqGuard::new(&half), SpendGuard::new(&half)),
            "seq-guard" => Kind::Seq(SeqGuard::new(settings)),
            "spend-guard" => Kind::Spend(SpendGuard::new(settings)),
            "evidence-ramp" => Kind::Ramp(EvidenceRamp::new(settings)),
            "tail-guard" => Kind::Tail(TailGuard::new(settings)),
            "bayes-risk" => Kind::Bayes(BayesRisk::new(settings)),
            "kayenta" => Kind::Judge(Judge::new(settings)),
            _ => return None,
        };
        Some(Self {
            kind,
            guard: guard::Guard::new(settings),
            verdict: None,
        })
    }

    /// What it says after one more look, whose errors clump by the factor `phi` (1 where nothing is known;
    /// see [`super::dispersion`]).
    pub fn look(&mut self, look: &Look, phi: f64) -> Finding {
        let mut finding = match &mut self.kind {
            Kind::Seq(test) => test.look(look, phi),
            Kind::Spend(test) => test.look(look, phi),
            Kind::Combo(seq, spend) => either(seq.look(look, phi), spend.look(look, phi)),
            Kind::Ramp(test) => test.look(look, phi),
            Kind::Tail(test) => test.look(look, phi),
            Kind::Bayes(test) => test.look(look),
            Kind::Judge(test) => test.look(look),
        };
        let objection = self.guard.look(look);
        if let Some(verdict) = self.verdict {
            finding.ruling = verdict;
            "decided before".clone_into(&mut finding.reason);
        } else if let Some(reason) = objection {
            finding.ruling = Ruling::Inconclusive;
            finding.reason = reason;
        } else if finding.ruling.is_final() {
            self.verdict = Some(finding.ruling);
        }
        finding
    }
}

/// Whichever of two tests sees enough; the p-value is Bonferroni's.
fn either(seq: Finding, spend: Finding) -> Finding {
    let speaks = if spend.ruling == Ruling::RollBack && seq.ruling != Ruling::RollBack {
        &spend
    } else {
        &seq
    };
    Finding {
        ruling: speaks.ruling,
        reason: speaks.reason.clone(),
        ln_e_good: None,
        ln_e: seq.ln_e,
        p: seq.p.map(|p| (2.0 * p).min(1.0)),
        boundary: spend.boundary,
    }
}

/// The p-value of the largest evidence so far.
fn anytime_p(largest_ln_e: f64) -> f64 {
    (-largest_ln_e).exp().min(1.0)
}

/// Evidence as people read it: `E = 121.5 ≥ 20`.
fn compared(ln_e: f64, needed: f64) -> String {
    let sign = if ln_e >= needed { "≥" } else { "<" };
    format!("E = {} {sign} {}", amount(ln_e.exp()), amount(needed.exp()))
}

/// Three digits.
fn amount(x: f64) -> String {
    match x {
        x if x >= 1e6 => format!("{x:.1e}"),
        x if x >= 100.0 => format!("{x:.0}"),
        x if x >= 1.0 => format!("{x:.2}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        x => format!("{x:.3}"),
    }
}

/// By which factor a canary must at least be worse than the margin for the usual grid to find it: below
/// (ρ₁ − 1)/ln ρ₁ the evidence shrinks.
#[must_use]
pub fn least_detectable() -> f64 {
    (FACTORS[0] - 1.0) / FACTORS[0].ln()
}

#[cfg(test)]
mod tests;
