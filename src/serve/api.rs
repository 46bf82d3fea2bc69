//! The answers of the API, without a network (web/api/v1/api.go).

use std::collections::BTreeSet;

use coalmine_promql::{Labels, Plan, RangeSeries, ResultType, Store, Value, wire};
use serde_json::{Value as Json, json};

use crate::serve::clock::Clock;
use crate::serve::exposition;
use crate::serve::parameters::Parameters;

/// More points than this in one range are refused (web/api/v1: `queryRange`).
const POINTS_MAX: i64 = 11_000;

/// What is served.
#[derive(Debug)]
pub(crate) struct Api {
    store: Store,
    clock: Clock,
}

/// An answer.
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The type of the body.
    pub(crate) content_type: &'static str,
    /// The body.
    pub(crate) body: String,
}

/// Why there is no answer.
pub(crate) struct Refusal {
    status: u16,
    kind: &'static str,
    cause: String,
}

impl Refusal {
    /// A mistake in the request.
    pub(crate) fn bad_data(cause: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "bad_data",
            cause: cause.into(),
        }
    }

    fn execution(cause: impl ToString) -> Self {
        Self {
            status: 422,
            kind: "execution",
            cause: cause.to_string(),
        }
    }
}

impl Api {
    /// Serves the series of a finished run at a clock's pace.
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        // Series that never got a sample are none.
        let store = store.until(i64::MAX);
        Self { store, clock }
    }

    /// Answers one request.
    pub(crate) fn reply(&self, path: &str, parameters: &Parameters) -> Reply {
        let plain = |body: String| Reply {
            status: 200,
            content_type: "text/plain; version=0.0.4; charset=utf-8",
            body,
        };
        let now_ms = self.clock.now_ms();
        match path {
            "/-/ready" => return plain("Prometheus Server is Ready.\n".to_owned()),
            "/-/healthy" => return plain("Prometheus Server is Healthy.\n".to_owned()),
            "/metrics" => return plain(exposition::text(&self.store.until(now_ms), now_ms)),
            _ => {}
        }
        let answer = match path.strip_prefix("/api/v1/") {
            Some(endpoint) => self.endpoint(endpoint, parameters, now_ms),
            None => Err(not_found(path)),
        };
        let (status, body) = match answer {
            Ok(answer) => (200, answer),
            Err(Refusal {
                status,
                kind,
                cause,
            }) => {
                let body = json!({"status": "error", "errorType": kind, "error": cause});
                (status, body)
            }
        };
        Reply {
            status,
            content_type: "application/json",
            body: body.to_string(),
        }
    }

    fn endpoint(
        &self,
        endpoint: &str,
        parameters: &Parameters,
        now_ms: i64,
    ) -> Result<Json, Refusal> {
        // A run that goes on shows nothing of what is to come.
        let then;
        let store = if self.clock.is_running() {
            then = self.store.until(now_ms);
            &then
        } else {
            &self.store
        };
        match endpoint {
            "query" => self.query(store, parameters, now_ms),
            "query_range" => self.query_range(store, parameters),
            "labels" => labels(&self.spanned(store, parameters)?, parameters),
            "series" => series(&self.spanned(store, parameters)?, parameters),
            "metadata" => Ok(plain(json!({}))),
            "status/buildinfo" => Ok(plain(buildinfo())),
            _ => match endpoint
                .strip_prefix("label/")
                .and_then(|rest| rest.strip_suffix("/values"))
            {
                Some(name) => values(&self.spanned(store, parameters)?, name, parameters),
                None => Err(not_found(endpoint)),
            },
        }
    }

    fn query(&self, store: &Store, parameters: &Parameters, now_ms: i64) -> Result<Json, Refusal> {
        let query = parameters.query()?;
        let given = parameters.time_ms("time")?;
        let at_ms = given.map_or(now_ms, |time| self.clock.to_world(time));
        let shown_ms = given.unwrap_or_else(|| self.clock.to_client(now_ms));
        let (value, annotations) = Plan::new(&query, store)
            .instant_annotated(&query, store, at_ms)
            .map_err(Refusal::execution)?;
        let value = match value {
            Value::Matrix(rows) => Value::Matrix(self.shown(rows)),
            other => other,
        };
        let data = wire::data(&value, shown_ms);
        let mut answer = wire::success(data, &annotations, query.text());
        if matches!(value, Value::Vector(_) | Value::Matrix(_)) {
            truncate(&mut answer, "/data/result", parameters.limit()?);
        }
        Ok(answer)
    }

    fn query_range(&self, store: &Store, parameters: &Parameters) -> Result<Json, Refusal> {
        let query = parameters.query()?;
        let start = parameters.needed_time_ms("start")?;
        let end = parameters.needed_time_ms("end")?;
        let step = parameters.step_ms()?;
        if end < start {
            let cause = "invalid parameter \"end\": end timestamp must not be before start time";
            return Err(Refusal::bad_data(cause));
        }
        if (end - start) / step > POINTS_MAX {
            return Err(Refusal::bad_data(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the \
                 query resolution (?step=XX)",
            ));
        }
        if !matches!(query.result_type(), ResultType::Scalar | ResultType::Vector) {
            return Err(Refusal::bad_data(
                "invalid parameter \"query\": invalid expression type for range query, must be \
                 Scalar or instant Vector",
            ));
        }
        let span = (
            self.clock.to_world(start),
            self.clock.to_world(end),
            self.clock.step_to_world(step),
        );
        let (rows, annotations) = Plan::new(&query, store)
            .range_annotated(&query, store, span)
            .map_err(Refusal::execution)?;
        let data = wire::matrix(&self.shown(rows));
        let mut answer = wire::success(data, &annotations, query.text());
        truncate(&mut answer, "/data/result", parameters.limit()?);
        Ok(answer)
    }

    /// The series with a sample between `start` and `end`, both included.
    fn spanned(&self, store: &Store, parameters: &Parameters) -> Result<Store, Refusal> {
        let world = |name: &str| {
            let time = parameters.time_ms(name)?;
            Ok(time.map(|time| self.clock.to_world(time)))
        };
        let (start, end) = (world("start")?, world("end")?);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(Refusal::bad_data(
                "end timestamp must not be before start time",
            ));
        }
        Ok(store.between(start.unwrap_or(i64::MIN), end.unwrap_or(i64::MAX)))
    }

    /// Rows with the clients' times.
    fn shown(&self, mut rows: Vec<RangeSeries>) -> Vec<RangeSeries> {
        for row in &mut rows {
            for time in &mut row.times_ms {
                *time = self.clock.to_client(*time);
            }
        }
        rows
    }
}

fn plain(data: Json) -> Json {
    json!({"status": "success", "data": data})
}

fn listed(list: Vec<Json>, parameters: &Parameters) -> Result<Json, Refusal> {
    let mut answer = plain(json!(list));
    truncate(&mut answer, "/data", parameters.limit()?);
    Ok(answer)
}

/// Cuts the list in an answer, with the warning that Prometheus gives (web/api/v1/api.go:495).
fn truncate(answer: &mut Json, list: &str, limit: usize) {
    let Some(Json::Array(elements)) = answer.pointer_mut(list) else {
        return;
    };
    if limit == 0 || elements.len() <= limit {
        return;
    }
    elements.truncate(limit);
    let warning = json!("results truncated due to limit");
    match answer.get_mut("warnings").and_then(Json::as_array_mut) {
        Some(warnings) => warnings.push(warning),
        None => answer["warnings"] = json!([warning]),
    }
}

fn not_found(path: &str) -> Refusal {
    Refusal {
        status: 404,
        kind: "not_found",
        cause: format!("{path} is not served"),
    }
}

/// The label sets that some `match[]` selects; all of them without one.
fn selected<'s>(
    store: &'s Store,
    parameters: &Parameters,
) -> Result<impl Iterator<Item = &'s Labels> + use<'s>, Refusal> {
    let selectors = parameters.selectors()?;
    Ok(store.labels().filter(move |labels| {
        let matches = |matchers: &Vec<coalmine_promql::Matcher>| {
            matchers.iter().all(|m| m.matches(labels.get(&m.name)))
        };
        selectors.is_empty() || selectors.iter().any(matches)
    }))
}

fn labels(store: &Store, parameters: &Parameters) -> Result<Json, Refusal> {
    let sets = selected(store, parameters)?;
    let names: BTreeSet<&str> = sets
        .flat_map(|set| set.iter().map(|(name, _)| name))
        .collect();
    listed(names.into_iter().map(Json::from).collect(), parameters)
}

fn values(store: &Store, name: &str, parameters: &Parameters) -> Result<Json, Refusal> {
    let sets = selected(store, parameters)?;
    let values: BTreeSet<&str> = sets
        .map(|set| set.get(name))
        .filter(|value| !value.is_empty())
        .collect();
    listed(values.into_iter().map(Json::from).collect(), parameters)
}

fn series(store: &Store, parameters: &Parameters) -> Result<Json, Refusal> {
    if parameters.selectors()?.is_empty() {
        return Err(Refusal::bad_data("no match[] parameter provided"));
    }
    let sets = selected(store, parameters)?;
    let object = |set: &Labels| {
        let pairs = set
            .iter()
            .map(|(name, value)| (name.to_owned(), json!(value)));
        Json::Object(pairs.collect())
    };
    listed(sets.map(object).collect(), parameters)
}

/// Which Prometheus the answers are those of; clients choose dialects by it.
fn buildinfo() -> Json {
    json!({
        "version": "3.5.3",
        "revision": concat!("coalmine-", env!("CARGO_PKG_VERSION")),
        "branch": "simulated",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    })
}
