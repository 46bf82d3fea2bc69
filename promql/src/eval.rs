//! Evaluation at an instant, and over a range of instants.

use std::cell::{Cell, RefCell};

use crate::annotation::{Annotations, Severity};
use crate::error::EvalError;
use crate::expr::{Aggregator, At, Expr, Op};
use crate::parse::Query;
use crate::store::{SeriesId, Store};
use crate::window::{Rows, Window};
use crate::{LOOKBACK_MS, Labels, METRIC_NAME, aggregate, annotation, binary, functions};

/// More evaluations than this in one range are refused, as Prometheus refuses them (web/api/v1:
/// 11,000 points).
pub(crate) const POINTS_MAX: i64 = 11_000;

/// Evaluations of subquery steps, and the samples they keep, that one query may cost: nested
/// subqueries multiply. Prometheus' limit is 50,000,000 samples.
const WORK_MAX: u64 = 20_000_000;

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Scalar(f64),
    /// Series with one value each.
    Vector(Vec<Sample>),
    /// Series with several values each.
    Matrix(Vec<RangeSeries>),
    /// Text.
    String(String),
}

/// One element of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
    /// The metric name no longer belongs to it; cut off when the labels are next looked at.
    pub(crate) drop_name: bool,
    /// When it was sampled; only `timestamp()` looks.
    pub(crate) time_ms: i64,
}

/// One element of a matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeSeries {
    /// Its labels.
    pub labels: Labels,
    /// Times of its samples, in order.
    pub times_ms: Vec<i64>,
    /// Their values.
    pub values: Vec<f64>,
}

/// Which series each selector of a query matches in a store.
#[derive(Clone, Debug)]
pub struct Plan {
    selected: Vec<Vec<SeriesId>>,
    series_known: usize,
}

impl Plan {
    /// Resolves a query's selectors.
    #[must_use]
    pub fn new(query: &Query, store: &Store) -> Self {
        let select = |selector: &crate::Selector| store.select(&selector.matchers);
        Self {
            selected: query.selectors.iter().map(select).collect(),
            series_known: store.len(),
        }
    }

    /// Resolves again if series were added since.
    pub fn refresh(&mut self, query: &Query, store: &Store) {
        if self.series_known != store.len() {
            *self = Self::new(query, store);
        }
    }

    /// The series that a selector (by its index in [`Query::selectors`]) matches.
    #[must_use]
    pub fn selected(&self, selector: usize) -> &[SeriesId] {
        &self.selected[selector]
    }

    /// Evaluates at an instant. The plan must be fresh for the store.
    ///
    /// # Errors
    /// What Prometheus answers with 422: many-to-many matching, duplicate label sets and the like.
    pub fn instant(&self, query: &Query, store: &Store, time_ms: i64) -> Result<Value, EvalError> {
        self.instant_with(query, store, time_ms, None)
    }

    /// As [`Plan::instant`], with the warnings and infos that Prometheus would add.
    ///
    /// # Errors
    /// As [`Plan::instant`].
    pub fn instant_annotated(
        &self,
        query: &Query,
        store: &Store,
        time_ms: i64,
    ) -> Result<(Value, Annotations), EvalError> {
        let notes = RefCell::default();
        let value = self.instant_with(query, store, time_ms, Some(&notes))?;
        Ok((value, notes.into_inner()))
    }

    fn instant_with(
        &self,
        query: &Query,
        store: &Store,
        time_ms: i64,
        notes: Option<&RefCell<Annotations>>,
    ) -> Result<Value, EvalError> {
        let work = Cell::new(0);
        let context = Context {
            work: &work,
            notes,
            query,
            store,
            plan: self,
            time_ms,
            start_ms: time_ms,
            end_ms: time_ms,
        };
        let value = match context.eval(&query.expr)? {
            Value::Vector(samples) => Value::Vector(finish(samples)?),
            other => other,
        };
        Ok(value)
    }

    /// Evaluates at every step of a range, both ends included; a matrix.
    ///
    /// # Errors
    /// As [`Plan::instant`]; also for matrix and string queries and for too many steps.
    pub fn range(
        &self,
        query: &Query,
        store: &Store,
        span: (i64, i64, i64),
    ) -> Result<Vec<RangeSeries>, EvalError> {
        self.range_with(query, store, span, None)
    }

    /// As [`Plan::range`], with the warnings and infos that Prometheus would add.
    ///
    /// # Errors
    /// As [`Plan::range`].
    pub fn range_annotated(
        &self,
        query: &Query,
        store: &Store,
        span: (i64, i64, i64),
    ) -> Result<(Vec<RangeSeries>, Annotations), EvalError> {
        let notes = RefCell::default();
        let rows = self.range_with(query, store, span, Some(&notes))?;
        Ok((rows, notes.into_inner()))
    }

    fn range_with(
        &self,
        query: &Query,
        store: &Store,
        (start_ms, end_ms, step_ms): (i64, i64, i64),
        notes: Option<&RefCell<Annotations>>,
    ) -> Result<Vec<RangeSeries>, EvalError> {
        if step_ms <= 0 {
            return Err(EvalError::new("zero or negative query resolution step"));
        }
        if (end_ms.saturating_sub(start_ms)) / step_ms >= POINTS_MAX {
            return Err(EvalError::new(
                "exceeded maximum resolution of 11,000 points",
            ));
        }
        let work = Cell::new(0);
        let mut context = Context {
            work: &work,
            notes,
            query,
            store,
            plan: self,
            time_ms: start_ms,
            start_ms,
            end_ms,
        };
        let mut rows = Rows::default();
        while context.time_ms <= end_ms {
            match context.eval(&query.expr)? {
                Value::Scalar(value) => rows.push(Labels::default(), context.time_ms, value),
                Value::Vector(samples) => {
                    for sample in finish(samples)? {
                        rows.push(sample.labels, context.time_ms, sample.value);
                    }
                }
                _ => return Err(EvalError::new("invalid expression type for a range query")),
            }
            context.time_ms += step_ms;
        }
        // As Prometheus sorts every matrix of a range query (engine.go: `execEvalStmt`).
        rows.rows.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(rows.rows)
    }
}

/// Cuts off dropped names and refuses duplicates.
pub(crate) fn finish(mut samples: Vec<Sample>) -> Result<Vec<Sample>, EvalError> {
    for sample in &mut samples {
        sample.settle();
    }
    refuse_duplicates(&samples)?;
    Ok(samples)
}

fn refuse_duplicates(samples: &[Sample]) -> Result<(), EvalError> {
    let mut seen = std::collections::HashSet::with_capacity(samples.len());
    if samples.len() < 2 || samples.iter().all(|sample| seen.insert(&sample.labels)) {
        return Ok(());
    }
    Err(EvalError::new(
        "vector cannot contain metrics with the same labelset",
    ))
}

impl Sample {
    pub(crate) fn new(labels: Labels, value: f64) -> Self {
        Self {
            labels,
            value,
            drop_name: false,
            time_ms: 0,
        }
    }

    /// Makes the labels what they should be.
    pub(crate) fn settle(&mut self) {
        if self.drop_name {
            self.labels = self.labels.without_name();
            self.drop_name = false;
        }
    }
}

/// Drops the metric name of every element; elements that become equal are an error, as in
/// Prometheus without delayed name removal.
pub(crate) fn drop_names(mut samples: Vec<Sample>) -> Result<Vec<Sample>, EvalError> {
    let mut names = samples.iter().map(|sample| sample.labels.get(METRIC_NAME));
    let first = names.next();
    let mixed = names.any(|name| Some(name) != first);
    for sample in &mut samples {
        sample.drop_name = true;
        if mixed {
            sample.settle();
        }
    }
    if mixed {
        refuse_duplicates(&samples)?;
    }
    Ok(samples)
}

/// Where and when an expression is evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    query: &'a Query,
    store: &'a Store,
    plan: &'a Plan,
    /// What subqueries have cost so far.
    work: &'a Cell<u64>,
    /// What was noticed, if anybody wants to know.
    notes: Option<&'a RefCell<Annotations>>,
    pub(crate) time_ms: i64,
    start_ms: i64,
    end_ms: i64,
}

impl<'a> Context<'a> {
    /// Accounts for work; an error when one query costs too much.
    fn spend(&self, work: usize) -> Result<(), EvalError> {
        let spent = self.work.get().saturating_add(work as u64);
        self.work.set(spent);
        if spent > WORK_MAX {
            return Err(EvalError::new(
                "query processing would load too many samples into memory",
            ));
        }
        Ok(())
    }

    /// Whether anybody wants to know what is noticed.
    pub(crate) const fn is_noting(&self) -> bool {
        self.notes.is_some()
    }

    /// Remembers an annotation; its text is made only when it is wanted.
    pub(crate) fn note(&self, severity: Severity, place: usize, text: impl FnOnce() -> String) {
        if let Some(notes) = self.notes {
            notes.borrow_mut().add(severity, text(), place);
        }
    }

    pub(crate) fn eval(&self, expr: &Expr) -> Result<Value, EvalError> {
        match expr {
            Expr::Number(value) => Ok(Value::Scalar(*value)),
            Expr::Text(text) => Ok(Value::String(text.clone())),
            Expr::Select(index) => Ok(self.select(*index)),
            Expr::Negate(body) => match self.eval(body)? {
                Value::Scalar(value) => Ok(Value::Scalar(-value)),
                Value::Vector(mut samples) => {
                    samples
                        .iter_mut()
                        .for_each(|sample| sample.value = -sample.value);
                    Ok(Value::Vector(drop_names(samples)?))
                }
                _ => Err(EvalError::new("unary minus needs a scalar or a vector")),
            },
            Expr::Binary {
                op,
                left,
                right,
                matching,
            } => self.binary(*op, left, right, matching),
            Expr::Aggregate {
                op,
                grouping,
                parameter,
                place,
                body,
            } => {
                let parameter = match parameter {
                    Some(parameter) => Some(self.eval(parameter)?),
                    None => None,
                };
                let samples = self.vector(body)?;
                if let (Aggregator::Quantile, Some(Value::Scalar(q))) = (op, &parameter) {
                    self.check_quantile(*q, *place);
                }
                Ok(Value::Vector(aggregate::aggregate(
                    *op, grouping, parameter, samples,
                )?))
            }
            Expr::Call {
                function,
                arguments,
                places,
            } => functions::call(self, function, arguments, places),
            Expr::Subquery { .. } => Ok(Value::Matrix(self.matrix(expr)?)),
        }
    }

    fn binary(
        &self,
        op: Op,
        left: &Expr,
        right: &Expr,
        matching: &crate::expr::Matching,
    ) -> Result<Value, EvalError> {
        match (self.eval(left)?, self.eval(right)?) {
            (Value::Scalar(l), Value::Scalar(r)) => Ok(Value::Scalar(binary::scalars(op, l, r))),
            (Value::Vector(samples), Value::Scalar(scalar)) => Ok(Value::Vector(
                binary::vector_scalar(op, samples, scalar, false, matching.return_bool)?,
            )),
            (Value::Scalar(scalar), Value::Vector(samples)) => Ok(Value::Vector(
                binary::vector_scalar(op, samples, scalar, true, matching.return_bool)?,
            )),
            (Value::Vector(l), Value::Vector(r)) => {
                Ok(Value::Vector(binary::vectors(op, l, r, matching)?))
            }
            _ => Err(EvalError::new("binary operators need scalars or vectors")),
        }
    }

    /// The name by which a histogram is noted.
    pub(crate) fn name_to_note<'l>(&self, place: usize, labels: &'l Labels) -> &'l str {
        match self.notes {
            Some(notes) if notes.borrow_mut().is_new(place, labels) => labels.get(METRIC_NAME),
            _ => "",
        }
    }

    /// Notes a quantile that is none.
    pub(crate) fn check_quantile(&self, q: f64, place: usize) {
        if !(0.0..=1.0).contains(&q) {
            self.note(Severity::Warning, place, || annotation::invalid_quantile(q));
        }
    }

    /// The selector that an expression is, if it is one.
    pub(crate) fn selector_of(&self, expr: &Expr) -> Option<&'a crate::Selector> {
        match expr {
            Expr::Select(index) => self.query.selectors.get(*index),
            _ => None,
        }
    }

    /// Evaluates to an instant vector.
    pub(crate) fn vector(&self, expr: &Expr) -> Result<Vec<Sample>, EvalError> {
        match self.eval(expr)? {
            Value::Vector(samples) => Ok(samples),
            _ => Err(EvalError::new("expected an instant vector")),
        }
    }

    /// Evaluates to a number.
    pub(crate) fn scalar(&self, expr: &Expr) -> Result<f64, EvalError> {
        match self.eval(expr)? {
            Value::Scalar(value) => Ok(value),
            _ => Err(EvalError::new("expected a scalar")),
        }
    }

    /// The instant that `offset` and `@` leave.
    fn reference_ms(&self, offset_ms: i64, at: Option<At>) -> i64 {
        let base = match at {
            Some(At::Millis(time)) => time,
            Some(At::Start) => self.start_ms,
            Some(At::End) => self.end_ms,
            None => self.time_ms,
        };
        base.saturating_sub(offset_ms)
    }

    fn select(&self, index: usize) -> Value {
        let selector = &self.query.selectors[index];
        if selector.range_ms.is_some() {
            return Value::Matrix(self.window(index).map(Window::to_series).collect());
        }
        let to = self.reference_ms(selector.offset_ms, selector.at);
        let newest = |id: &SeriesId| {
            let series = &self.store.series[id.0];
            let (time_ms, value) = series.newest(to.saturating_sub(LOOKBACK_MS), to)?;
            Some(Sample {
                time_ms,
                ..Sample::new(series.labels.clone(), value)
            })
        };
        Value::Vector(
            self.plan.selected[index]
                .iter()
                .filter_map(newest)
                .collect(),
        )
    }

    /// The windows of a range selector: left-open since Prometheus 3.0 (engine.go: `t-r < ts <=
    /// t`).
    fn window(&self, index: usize) -> impl Iterator<Item = Window<'a>> + use<'a> {
        let selector = &self.query.selectors[index];
        let to_ms = self.reference_ms(selector.offset_ms, selector.at);
        let from_ms = to_ms.saturating_sub(selector.range_ms.unwrap_or(0));
        let (store, plan) = (self.store, self.plan);
        plan.selected[index].iter().filter_map(move |id| {
            let series = &store.series[id.0];
            let range = series.window(from_ms, to_ms);
            let window = Window {
                labels: &series.labels,
                times_ms: &series.times_ms[range.clone()],
                values: &series.values[range],
                from_ms,
                to_ms,
                has_stale: series.has_stale,
            };
            (!window.times_ms.is_empty()).then_some(window)
        })
    }

    /// Applies `each` to every window of a range expression; elements it answers `None` for vanish.
    pub(crate) fn over_windows(
        &self,
        expr: &Expr,
        mut each: impl FnMut(&Window<'_>) -> Option<f64>,
    ) -> Result<Vec<Sample>, EvalError> {
        let mut out = Vec::new();
        let mut apply = |window: &Window<'_>| {
            if let Some(value) = each(window) {
                out.push(Sample::new(window.labels.clone(), value));
            }
        };
        if let Expr::Select(index) = expr {
            for window in self.window(*index) {
                if window.has_stale {
                    let fresh = window.to_series();
                    if !fresh.times_ms.is_empty() {
                        apply(&Window::of(&fresh, window.from_ms, window.to_ms));
                    }
                } else {
                    apply(&window);
                }
            }
            return Ok(out);
        }
        let Expr::Subquery {
            range_ms,
            offset_ms,
            at,
            ..
        } = expr
        else {
            return Err(EvalError::new("expected a range vector"));
        };
        let to_ms = self.reference_ms(*offset_ms, *at);
        for series in self.matrix(expr)? {
            apply(&Window::of(&series, to_ms.saturating_sub(*range_ms), to_ms));
        }
        Ok(out)
    }

    /// A subquery's matrix: absolute multiples of the step, left-open (engine.go:1965).
    fn matrix(&self, expr: &Expr) -> Result<Vec<RangeSeries>, EvalError> {
        let Expr::Subquery {
            body,
            range_ms,
            step_ms,
            offset_ms,
            at,
        } = expr
        else {
            return Err(EvalError::new("expected a range vector"));
        };
        let to_ms = self.reference_ms(*offset_ms, *at);
        let from_ms = to_ms.saturating_sub(*range_ms);
        if range_ms / step_ms >= POINTS_MAX {
            return Err(EvalError::new("subquery has too many steps"));
        }
        let mut inner = *self;
        inner.time_ms = from_ms.div_euclid(*step_ms) * step_ms;
        if inner.time_ms <= from_ms {
            inner.time_ms += step_ms;
        }
        let mut rows = Rows::default();
        while inner.time_ms <= to_ms {
            self.spend(1)?;
            match inner.eval(body)? {
                Value::Scalar(value) => rows.push(Labels::default(), inner.time_ms, value),
                Value::Vector(samples) => {
                    self.spend(samples.len())?;
                    for sample in finish(samples)? {
                        rows.push(sample.labels, inner.time_ms, sample.value);
                    }
                }
                _ => return Err(EvalError::new("subqueries need an instant vector")),
            }
            inner.time_ms += step_ms;
        }
        Ok(rows.rows)
    }
}
