//! What can be set about the statistical policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::spend::Spending;

/// The settings of all policies, with their defaults; each reads its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// ρ₀: the canary may fail so many times as often as the control.
    pub margin_ratio: f64,
    /// δ: and so much more, as a share of its requests.
    pub margin_difference: f64,
    /// The chance of ever rolling a release back that is within the margin.
    pub alpha: f64,
    /// Looks that are planned.
    pub planned_looks: u32,
    /// Never rolled back with fewer errors of the canary.
    pub least_errors: u64,
    /// Nor while the canary's share of errors is not by so much above the control's.
    pub least_difference: f64,
    /// How α is spread over the looks.
    pub spending: Spending,
    /// A release that fails so many times as often must not be promoted on evidence.
    pub bad_ratio: f64,
    /// The chance that it ever is.
    pub beta: f64,
    /// Steps of the weight before the promotion.
    pub steps: u32,
    /// Looks that each takes at least.
    pub dwell_looks: u32,
    /// Upper ends of latency buckets in seconds, beyond which a request is slow.
    pub bounds: Vec<f64>,
    /// Never rolled back with fewer slow requests of the canary.
    pub least_slow: u64,
    /// The probability at which a Bayesian rolls back.
    pub probability: f64,
    /// Requests of the next stage that an early promotion would expose.
    pub next_requests: f64,
    /// More failures that are expected among them may be risked.
    pub risk_budget: f64,
    /// The probability at which the split of the requests is not what it should be.
    pub mismatch_alpha: f64,
    /// Looks without data after which nothing is decided any more until there is some.
    pub missing_looks: u32,
    /// Kayenta's limits.
    pub pass: f64,
    /// Likewise.
    pub marginal: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            margin_ratio: 1.25,
            margin_difference: 0.0,
            alpha: 0.05,
            planned_looks: 240,
            least_errors: 3,
            least_difference: 0.001,
            spending: Spending::Linear,
            bad_ratio: 2.0,
            beta: 0.05,
            steps: 4,
            dwell_looks: 2,
            bounds: Vec::new(),
            least_slow: 5,
            probability: 0.99,
            next_requests: 10_000.0,
            risk_budget: 50.0,
            mismatch_alpha: 0.001,
            missing_looks: 2,
            pass: 95.0,
            marginal: 75.0,
        }
    }
}

impl Settings {
    /// The names of the settings, as files and command lines have them.
    #[must_use]
    pub fn names() -> Vec<String> {
        Self::default().fields().keys().cloned().collect()
    }

    fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// Sets what `name` names: a number, a share like `5%`, a word, or a list of numbers.
    ///
    /// # Errors
    /// Why that cannot be, as a sentence fragment.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let mut fields = self.fields();
        let Some(field) = fields.get_mut(name) else {
            return Err(format!("there is no setting `{name}`"));
        };
        *field = shares_as_numbers(value);
        let changed: Self = serde_json::from_value(Value::Object(fields))
            .map_err(|error| format!("`{name}` cannot be {value}: {error}"))?;
        if let Some(wrong) = changed.wrong() {
            return Err(wrong);
        }
        *self = changed;
        Ok(())
    }

    /// What no test could work with.
    fn wrong(&self) -> Option<String> {
        let shares = [
            ("alpha", self.alpha),
            ("beta", self.beta),
            ("probability", self.probability),
            ("mismatchAlpha", self.mismatch_alpha),
        ];
        for (name, share) in shares {
            if !(share > 0.0 && share < 1.0) {
                return Some(format!("`{name}` is {share}, and not between 0 and 1"));
            }
        }
        let at_least = [
            ("marginRatio", self.margin_ratio, 1.0),
            ("marginDifference", self.margin_difference, 0.0),
            ("badRatio", self.bad_ratio, 1.0),
            ("plannedLooks", f64::from(self.planned_looks), 1.0),
        ];
        for (name, value, least) in at_least {
            if value.is_nan() || value < least {
                return Some(format!("`{name}` is {value}, and not at least {least}"));
            }
        }
        None
    }
}

/// `5%` is 0.05, wherever it stands.
fn shares_as_numbers(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shares_as_numbers).collect(),
        Value::String(text) => {
            let share = text.strip_suffix('%').map(str::trim_end);
            let number = share.and_then(|share| share.parse::<f64>().ok());
            number.map_or_else(|| value.clone(), |percent| Value::from(percent / 100.0))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_set_by_their_names() {
        let mut settings = Settings::default();
        settings.set("alpha", &json!("1%")).expect("is a share");
        settings.set("plannedLooks", &json!(60)).expect("is whole");
        settings
            .set("bounds", &json!([0.1, 0.5]))
            .expect("is a list");
        settings.set("spending", &json!("root")).expect("is known");
        assert_eq!((settings.alpha, settings.planned_looks), (0.01, 60));
        assert_eq!(settings.bounds, [0.1, 0.5]);
        assert_eq!(settings.spending, Spending::Root);
    }

    #[test]
    fn what_cannot_be_is_said_and_changes_nothing() {
        let mut settings = Settings::default();
        for (name, value, said) in [
            ("alfa", json!(0.1), "there is no setting `alfa`"),
            ("alpha", json!(1.5), "not between 0 and 1"),
            ("alpha", json!("much"), "`alpha` cannot be \"much\""),
            ("marginRatio", json!(0.5), "not at least 1"),
            ("plannedLooks", json!(0), "not at least 1"),
            ("plannedLooks", json!(2.5), "cannot be 2.5"),
            ("spending", json!("late"), "unknown variant"),
        ] {
            let error = settings.set(name, &value).expect_err("is wrong");
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(settings, Settings::default());
    }
}
