//! Questions to a metric provider, and their answers.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Span, Time};

/// Who answers a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Provider {
    /// Prometheus, which the world simulates.
    #[default]
    Prometheus,
    /// An HTTP endpoint (Argo's `web`); answers [`MetricAnswer::Json`].
    Web,
    /// A Kubernetes Job (Argo's `job`); answers [`MetricAnswer::Job`], once it has ended.
    Job,
}

/// A query exactly as the controller would send it: templates rendered, arguments substituted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MetricQuery {
    /// Who answers it.
    pub provider: Provider,
    /// The metric's name in the manifest.
    pub metric: Arc<str>,
    /// PromQL, the URL of a `web` metric, or nothing for a `job`.
    pub text: Arc<str>,
    /// A range query; `None` asks for the instant at which the effect is carried out.
    pub range: Option<QueryRange>,
    /// The answer counts as an error when it takes longer.
    pub timeout: Span,
}

/// The parameters of a range query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueryRange {
    /// First evaluation.
    pub start: Time,
    /// Last evaluation, inclusive.
    pub end: Time,
    /// Distance between evaluations.
    pub step: Span,
}

/// What a provider answered. Labels are left out: neither controller looks at them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum MetricAnswer {
    /// An instant vector's values in the provider's order; empty when no series matched.
    Vector(
        #[serde(with = "floats")]
        #[schemars(with = "Vec<String>")]
        Vec<f64>,
    ),
    /// A scalar.
    Scalar(
        #[serde(with = "float")]
        #[schemars(with = "String")]
        f64,
    ),
    /// A matrix: one list of values a series.
    Matrix(
        #[serde(with = "float_lists")]
        #[schemars(with = "Vec<Vec<String>>")]
        Vec<Vec<f64>>,
    ),
    /// A string result.
    Text(String),
    /// A JSON document (`web` provider).
    Json(serde_json::Value),
    /// A Kubernetes Job's end (`job` provider): whether it completed.
    Job(bool),
    /// No answer: transport failure, HTTP status of 400 and above, or an evaluation error.
    Error(String),
}

/// Floats as strings, because JSON has no NaN and no infinities and transcripts must replay them.
mod float {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

mod floats {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        values: &[f64],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| format!("{value}")))
    }

    pub(super) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<f64>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts
            .iter()
            .map(|text| text.parse().map_err(D::Error::custom))
            .collect()
    }
}

mod float_lists {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S>(lists: &[Vec<f64>], serializer: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
    {
        let texts = |list: &Vec<f64>| -> Vec<String> { list.iter().map(f64::to_string).collect() };
        serializer.collect_seq(lists.iter().map(texts))
    }

    pub(super) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<Vec<f64>>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let lists = Vec::<Vec<String>>::deserialize(deserializer)?;
        let parse = |text: &String| text.parse().map_err(D::Error::custom);
        lists
            .iter()
            .map(|list| list.iter().map(parse).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_json_cannot_hold_survive_a_transcript() {
        let answer = MetricAnswer::Vector(vec![f64::NAN, f64::INFINITY, 0.1 + 0.2]);
        let text = serde_json::to_string(&answer).expect("serialises");
        let back: MetricAnswer = serde_json::from_str(&text).expect("parses");
        let MetricAnswer::Vector(values) = back else {
            panic!("another variant came back: {back:?}");
        };
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::INFINITY, 0.1 + 0.2]);
    }
}
