//! The checked expression: what the evaluator walks.

use crate::matcher::Matcher;

/// What a query's result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultType {
    /// A number.
    Scalar,
    /// Series with one value each.
    Vector,
    /// Series with several values each.
    Matrix,
    /// Text.
    String,
}

/// A selector: which series, and which part of their history.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The metric's name, if the selector gives one.
    pub name: Option<String>,
    /// All conditions, the name's included.
    pub matchers: Vec<Matcher>,
    /// The range in milliseconds; `None` for an instant selector.
    pub range_ms: Option<i64>,
    /// The offset in milliseconds; positive looks back.
    pub offset_ms: i64,
    /// `@`: a fixed instant, or the start or end of the evaluation.
    pub at: Option<At>,
    /// Byte offset of the metric's name (or brace) in the query's text.
    pub position: usize,
}

/// The `@` modifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Unix milliseconds.
    Millis(i64),
    /// `start()`
    Start,
    /// `end()`
    End,
}

/// Grouping labels.
#[derive(Clone, Debug)]
pub(crate) enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

/// Vector matching.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) on: bool,
    pub(crate) labels: Vec<String>,
    pub(crate) group: Group,
    pub(crate) return_bool: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    None,
    Left(Vec<String>),
    Right(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    And,
    Or,
    Unless,
}

impl Op {
    pub(crate) const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregator {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Quantile,
    CountValues,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Number(f64),
    Text(String),
    /// Index into the query's selectors.
    Select(usize),
    Negate(Box<Expr>),
    Binary {
        op: Op,
        left: Box<Expr>,
        right: Box<Expr>,
        matching: Matching,
    },
    Aggregate {
        op: Aggregator,
        grouping: Grouping,
        parameter: Option<Box<Expr>>,
        /// Byte offset of the parameter in the query's text.
        place: usize,
        body: Box<Expr>,
    },
    Call {
        function: &'static str,
        arguments: Vec<Expr>,
        /// Byte offsets of the arguments in the query's text.
        places: Vec<usize>,
    },
    Subquery {
        body: Box<Expr>,
        range_ms: i64,
        step_ms: i64,
        offset_ms: i64,
        at: Option<At>,
    },
}
