//! Argo's condition language: expr-lang v1.17, as `utils/evaluate` of Argo Rollouts 1.10 uses it.
//!
//! A [`Condition`] is parsed once and evaluated for every measurement. As in Argo it is *compiled
//! against the type of the result at hand*: `result >= 1` is fine for a scalar and an error for a
//! vector, and a mistyped branch is an error even where short-circuiting would skip it. The two
//! shapes that Prometheus answers with are checked at parse time.
//!
//! An [`Error`] is not `false`: it makes an `Error` measurement, which counts against another limit
//! than a `Failed` one.
//!
//! No text makes the parser or the evaluator panic, recurse without bound or loop for long: depth,
//! node count and steps are limited. The functions that need a clock (`now`, `date`, `timezone`,
//! `duration`), `$env` and byte strings are refused by name: [`Error::uncovered`].

mod ast;
mod builtins;
mod check;
mod error;
mod eval;
mod lexer;
mod limits;
mod optimize;
mod parser;
mod types;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::ast::Node;
use self::check::Checked;
use self::types::Type;
use self::value::Value;
use crate::MetricAnswer;

pub use error::Error;
pub(crate) use value::print_float;

/// A parsed condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: Arc<str>,
    root: Arc<Node>,
    /// The tree after optimization.
    program: Result<Arc<Node>, Error>,
    on_scalar: Result<Checked, Error>,
    on_vector: Result<Checked, Error>,
    never: Option<Error>,
}

impl Condition {
    /// Parses a condition and checks it against a scalar and against a vector.
    ///
    /// # Errors
    /// What does not parse, whatever the result will be.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let root = Arc::new(parser::parse(text)?);
        let on_scalar = check::check(&root, &Type::Float);
        let on_vector = check::check(&root, &Type::list(Type::Float));
        let program = optimize::optimize(&root).map(Arc::new);
        let never = unusable(&on_scalar).and(unusable(&on_vector));
        Ok(Self {
            never: never.or_else(|| program.clone().err()),
            program,
            on_scalar,
            on_vector,
            root,
            text: text.into(),
        })
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why no answer of Prometheus can ever make this true or false, if so: it passes the type
    /// check for none, or gives no boolean for any.
    #[must_use]
    pub fn never(&self) -> Option<&Error> {
        self.never.as_ref()
    }

    /// Evaluates the condition for an answer; matrices are flattened, as Argo does
    /// (`prometheus.go:156`).
    ///
    /// # Errors
    /// A type that does not fit, an index out of range, a result that is no boolean, an answer that
    /// is no value: everything that makes Argo's measurement an `Error`.
    pub fn evaluate(&self, answer: &MetricAnswer) -> Result<bool, Error> {
        let result = match answer {
            MetricAnswer::Scalar(value) => Value::Float(*value),
            MetricAnswer::Vector(values) => Value::floats(values.iter().copied()),
            MetricAnswer::Matrix(series) => Value::floats(series.iter().flatten().copied()),
            MetricAnswer::Json(json) => Value::from_json(json)?,
            // prometheus.go:187
            MetricAnswer::Text(_) => return Err(Error::at(0, "metric type not supported")),
            MetricAnswer::Job(_) => return Err(Error::at(0, "a Job has no value")),
            MetricAnswer::Error(message) => return Err(Error::at(0, message.clone())),
        };
        let of_json;
        let checked = match answer {
            MetricAnswer::Scalar(_) => &self.on_scalar,
            MetricAnswer::Json(_) => {
                of_json = check::check(&self.root, &result.shape());
                &of_json
            }
            _ => &self.on_vector,
        };
        let checked = checked.as_ref().map_err(Clone::clone)?;
        let program = self.program.as_ref().map_err(Clone::clone)?;
        match eval::evaluate(program, &checked.strict, &result)? {
            Value::Bool(value) => Ok(value),
            // evaluate.go:150
            other => Err(Error::at(
                0,
                format!("expected bool, but got {}", other.go_type()),
            )),
        }
    }
}

/// Why a checked condition can never be true or false (`evaluate.go:150`).
fn unusable(checked: &Result<Checked, Error>) -> Option<Error> {
    match checked {
        Err(error) => Some(error.clone()),
        Ok(Checked {
            of: Type::Bool | Type::Any,
            ..
        }) => None,
        Ok(Checked { of: other, .. }) => {
            let help = "compare something, for example `result[0] >= 0.95`";
            Some(Error::at(0, format!("expected bool, but got {other}")).help(help))
        }
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl TryFrom<String> for Condition {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.text.as_ref().to_owned()
    }
}
