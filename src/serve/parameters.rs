//! The parameters of the API's requests.

use coalmine_promql::{Matcher, Query, wire};

use crate::serve::api::Refusal;

/// A form's pairs.
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    /// The first value of a name, empty ones left out.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(n, value)| n == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    fn needed(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || Refusal::bad_data(format!("invalid parameter {name:?}: it is missing"));
        self.get(name).ok_or_else(missing)
    }

    /// The query, parsed.
    pub(crate) fn query(&self) -> Result<Query, Refusal> {
        parse(self.needed("query")?, "query")
    }

    /// An instant, if it is given.
    pub(crate) fn time_ms(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let bad = || {
            let cause = format!("invalid parameter {name:?}: cannot parse {text:?} to a timestamp");
            Refusal::bad_data(cause)
        };
        wire::parse_time(text).ok_or_else(bad).map(Some)
    }

    /// An instant that must be given.
    pub(crate) fn needed_time_ms(&self, name: &str) -> Result<i64, Refusal> {
        self.needed(name)?;
        let missing = || Refusal::bad_data(format!("invalid parameter {name:?}"));
        self.time_ms(name)?.ok_or_else(missing)
    }

    /// The step: seconds, or a duration such as `1m30s`.
    pub(crate) fn step_ms(&self) -> Result<i64, Refusal> {
        let text = self.needed("step")?;
        let bad = || {
            let cause = format!("invalid parameter \"step\": cannot parse {text:?} to a duration");
            Refusal::bad_data(cause)
        };
        let step_ms = match text.parse::<f64>() {
            Ok(seconds) if seconds.abs() < 1e12 => (seconds * 1_000.0).round() as i64,
            Ok(_) => return Err(bad()),
            Err(_) => duration_ms(text).ok_or_else(bad)?,
        };
        if step_ms <= 0 {
            return Err(Refusal::bad_data(
                "invalid parameter \"step\": zero or negative query resolution step widths are not \
                 accepted. Try a positive integer",
            ));
        }
        Ok(step_ms)
    }

    /// How many elements an answer may have; 0 for any number.
    pub(crate) fn limit(&self) -> Result<usize, Refusal> {
        let Some(text) = self.get("limit") else {
            return Ok(0);
        };
        text.parse().map_err(|_| {
            let cause = format!("invalid parameter \"limit\": {text:?} is no number from 0 on");
            Refusal::bad_data(cause)
        })
    }

    /// The selectors of all `match[]`, each a list of matchers.
    pub(crate) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Refusal> {
        let all = self.0.iter().filter(|(name, _)| name == "match[]");
        all.map(|(_, text)| {
            let query = parse(text, "match[]")?;
            match query.selectors() {
                [only] if only.range_ms.is_none() && query.is_selector() => {
                    Ok(only.matchers.clone())
                }
                _ => Err(Refusal::bad_data(format!("{text:?} is no series selector"))),
            }
        })
        .collect()
    }
}

fn parse(text: &str, name: &str) -> Result<Query, Refusal> {
    Query::parse(text).map_err(|error| {
        let cause = format!("invalid parameter {name:?}: byte {}: {error}", error.offset);
        Refusal::bad_data(cause)
    })
}

/// A PromQL duration, read by the grammar itself.
fn duration_ms(text: &str) -> Option<i64> {
    if !text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let query = Query::parse(&format!("x[{text}]")).ok()?;
    query.selectors().first()?.range_ms
}
