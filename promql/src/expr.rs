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
pub enum Grouping {
    /// `by (…)`; none when no grouping is written.
    By(Vec<String>),
    /// `without (…)`
    Without(Vec<String>),
}

/// Vector matching.
#[derive(Clone, Debug)]
pub struct Matching {
    /// `on (…)` rather than `ignoring (…)`.
    pub on: bool,
    /// The labels listed there.
    pub labels: Vec<String>,
    /// `group_left`, `group_right`.
    pub group: Group,
    /// `bool`
    pub return_bool: bool,
}

/// Which side may have many elements for one of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// Neither.
    None,
    /// `group_left (…)`
    Left(Vec<String>),
    /// `group_right (…)`
    Right(Vec<String>),
}

/// A binary operator.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
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
    /// `==`, `!=`, `>`, `<`, `>=`, `<=`
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le
        )
    }
}

/// What an aggregation makes of a group.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregator {
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

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// Index into the query's selectors.
    Select(usize),
    /// `-x`
    Negate(Box<Expr>),
    /// Two operands.
    Binary {
        /// The operator.
        op: Op,
        /// What stands before it.
        left: Box<Expr>,
        /// What stands behind it.
        right: Box<Expr>,
        /// How vectors are matched.
        matching: Matching,
    },
    /// An aggregation.
    Aggregate {
        /// Which.
        op: Aggregator,
        /// Over which labels.
        grouping: Grouping,
        /// `topk`'s k, `quantile`'s φ.
        parameter: Option<Box<Expr>>,
        /// Byte offset of the parameter in the query's text.
        place: usize,
        /// What is aggregated.
        body: Box<Expr>,
    },
    /// A call.
    Call {
        /// The function's name.
        function: &'static str,
        /// Its arguments.
        arguments: Vec<Expr>,
        /// Byte offsets of the arguments in the query's text.
        places: Vec<usize>,
    },
    /// A subquery.
    Subquery {
        /// What is evaluated again and again.
        body: Box<Expr>,
        /// Over this time.
        range_ms: i64,
        /// With this distance.
        step_ms: i64,
        /// Looking back so far.
        offset_ms: i64,
        /// `@`
        at: Option<At>,
    },
}

impl Expr {
    /// The expressions directly below, in the order of the text.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Select(_) => Vec::new(),
            Self::Negate(body) | Self::Subquery { body, .. } => vec![body],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Aggregate {
                parameter, body, ..
            } => parameter.iter().map(|p| &**p).chain([&**body]).collect(),
            Self::Call { arguments, .. } => arguments.iter().collect(),
        }
    }
}
