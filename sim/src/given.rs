//! Metrics that no simulated Prometheus answers: what the scenario says instead.

use coalmine_policy::{Answer, MetricAnswer, MetricQuery, Provider, Span};

use crate::subject::Asked;
use crate::unanswerable::Unanswerable;

/// The answer of a `web` or `job` metric from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenMetric {
    /// The metric's name in the manifest.
    pub name: String,
    /// Who answers.
    pub provider: Provider,
    /// What.
    pub answer: MetricAnswer,
    /// How long after the start it begins to hold.
    pub after: Span,
    /// How long each answer takes.
    pub delay: Span,
}

impl GivenMetric {
    fn is_for(&self, provider: Provider, metric: &str) -> bool {
        self.provider == provider && self.name == metric
    }
}

/// What a query comes to when it is asked `elapsed` after the start, and after how long: the last
/// entry that fits and has begun.
#[must_use]
pub fn reply(given: &[GivenMetric], query: &MetricQuery, elapsed: Span) -> (Answer, Span) {
    let fits =
        |one: &&GivenMetric| one.is_for(query.provider, &query.metric) && one.after <= elapsed;
    let Some(one) = given.iter().rfind(fits) else {
        // Refused before the first replication.
        let why = format!("the scenario does not say what `{}` answers", query.metric);
        return (Answer::Metric(MetricAnswer::Error(why)), Span::ZERO);
    };
    if query.provider == Provider::Web && one.delay > query.timeout {
        let why = format!("no answer within {}", query.timeout);
        return (Answer::Metric(MetricAnswer::Error(why)), query.timeout);
    }
    (Answer::Metric(one.answer.clone()), one.delay)
}

/// Those that the scenario says nothing about; from the start on something must hold.
pub(crate) fn missing(given: &[GivenMetric], asked: &[Asked]) -> Vec<Unanswerable> {
    let known = |asked: &Asked| {
        let mut ours = given
            .iter()
            .filter(|g| g.is_for(asked.provider, &asked.metric));
        ours.any(|one| one.after == Span::ZERO)
    };
    let open = asked.iter();
    let open = open.filter(|asked| asked.provider != Provider::Prometheus && !known(asked));
    open.map(|asked| {
        let metric = &asked.metric;
        let (provider, value) = match asked.provider {
            Provider::Job => ("job", "phase: Successful"),
            _ => ("web", "value: 1"),
        };
        Unanswerable {
            offset: 0,
            part: String::new(),
            message: format!(
                "the scenario does not say from its start what metric `{metric}` of provider \
                 `{provider}` answers"
            ),
            help: format!(
                "add to the scenario's spec `metrics: [{{name: {metric}, provider: {provider}, \
                 {value}}}]`"
            ),
            asked: asked.clone(),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(after: u64, delay: u64, answer: MetricAnswer) -> GivenMetric {
        GivenMetric {
            name: "m".to_owned(),
            provider: Provider::Web,
            answer,
            after: Span::from_secs(after),
            delay: Span::from_secs(delay),
        }
    }

    fn query(provider: Provider) -> MetricQuery {
        MetricQuery {
            provider,
            metric: "m".into(),
            text: "http://web".into(),
            range: None,
            timeout: Span::from_secs(10),
        }
    }

    #[test]
    fn the_last_entry_that_has_begun_answers_unless_it_is_late() {
        let all = [
            given(0, 3, MetricAnswer::Scalar(1.0)),
            given(60, 11, MetricAnswer::Scalar(2.0)),
        ];
        let at = |s| reply(&all, &query(Provider::Web), Span::from_secs(s));
        let one = Answer::Metric(MetricAnswer::Scalar(1.0));
        assert_eq!(at(59), (one, Span::from_secs(3)));
        let (late, after) = at(60);
        assert!(
            matches!(late, Answer::Metric(MetricAnswer::Error(_))),
            "{late:?}"
        );
        assert_eq!(after, Span::from_secs(10));
    }

    #[test]
    fn only_what_holds_from_the_start_is_an_answer() {
        let asked = |provider| Asked {
            provider,
            metric: "m".to_owned(),
            text: "".into(),
            back: Span::ZERO,
            file: "a.yaml".into(),
            line_column: (3, 5),
        };
        let one = [given(60, 0, MetricAnswer::Scalar(1.0))];
        assert!(missing(&one, &[asked(Provider::Prometheus)]).is_empty());
        assert_eq!(missing(&one, &[asked(Provider::Web)]).len(), 1);
        let from_start = [given(0, 0, MetricAnswer::Scalar(1.0))];
        assert!(missing(&from_start, &[asked(Provider::Web)]).is_empty());
        let jobs = missing(&from_start, &[asked(Provider::Job)]);
        assert!(jobs[0].help.contains("provider: job, phase: Successful"));
    }
}
