//! PromQL over in-memory series, as Prometheus 3 answers it.
//!
//! Parse once, evaluate many times: a [`Query`] is a checked expression, a [`Plan`] remembers which
//! series of a [`Store`] its selectors match. Left-open windows, staleness, extrapolation and
//! matching follow Prometheus 3. What is not covered (native histograms, experimental functions) is
//! refused by name and position.
//!
//! ```
//! use coalmine_promql::{Labels, Plan, Query, Store, Value};
//!
//! let mut store = Store::default();
//! let id = store.add_series(Labels::new([("__name__", "requests_total"), ("pod", "a")]));
//! for (seconds, value) in [(0, 0.0), (15, 30.0), (30, 60.0), (45, 90.0), (60, 120.0)] {
//!     store.append(id, seconds * 1_000, value);
//! }
//! let query = Query::parse("sum(rate(requests_total[1m]))").expect("parses");
//! let plan = Plan::new(&query, &store);
//! let Value::Vector(answer) = plan.instant(&query, &store, 60_000).expect("evaluates") else {
//!     panic!("a vector");
//! };
//! assert!((answer[0].value - 2.0).abs() < 1e-12);
//! ```

mod aggregate;
mod annotation;
pub mod batch;
mod binary;
mod calendar;
mod duration;
mod error;
mod eval;
mod expr;
mod functions;
mod histogram;
mod invariant;
mod labels;
mod lower;
mod matcher;
mod over_time;
mod parse;
mod place;
mod reach;
mod store;
mod topk;
mod window;
pub mod wire;

pub use annotation::{Annotations, Severity};
pub use error::{EvalError, ParseError, ParseErrorKind};
pub use eval::{Plan, RangeSeries, Sample, Value};
pub use labels::Labels;
pub use matcher::{MatchOp, Matcher};
pub use parse::Query;
pub use store::{SeriesId, Store};

pub use expr::{Aggregator, At, Expr, Group, Grouping, Matching, Op, ResultType, Selector};

/// How far an instant selector looks back: a sample exactly this old is gone.
pub const LOOKBACK_MS: i64 = 300_000;

/// The name of the label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";
