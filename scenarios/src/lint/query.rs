//! What can be said of a query without any series.

use std::collections::BTreeSet;

use coalmine_promql::{Aggregator, Expr, Group, Grouping, MatchOp, Op, Query, Selector};

/// The labels by which elements of a result may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// These; none: there is one element at most.
    Only(BTreeSet<String>),
    /// All that the series have, but for these.
    AllBut(BTreeSet<String>),
}

impl Keys {
    const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether there is one element at most.
    pub(super) fn is_single(&self) -> bool {
        matches!(self, Self::Only(labels) if labels.is_empty())
    }

    /// Whether elements may have this label.
    pub(super) fn has(&self, label: &str) -> bool {
        match self {
            Self::Only(labels) => labels.contains(label),
            Self::AllBut(labels) => !labels.contains(label),
        }
    }

    fn without(mut self, gone: impl IntoIterator<Item = String>) -> Self {
        match &mut self {
            Self::Only(labels) => {
                for label in gone {
                    labels.remove(&label);
                }
            }
            Self::AllBut(labels) => labels.extend(gone),
        }
        self
    }
}

/// The labels of an expression's elements. A label that every selector below pins to one value
/// makes no difference and is left out, unless it is `le`.
pub(super) fn keys(query: &Query, expr: &Expr) -> Keys {
    match expr {
        Expr::Number(_) | Expr::Text(_) => Keys::none(),
        Expr::Select(index) => Keys::AllBut(pinned_by(query.selectors().get(*index))),
        Expr::Negate(body) | Expr::Subquery { body, .. } => keys(query, body),
        Expr::Aggregate {
            op, grouping, body, ..
        } => aggregated(query, *op, grouping, body),
        Expr::Call {
            function,
            arguments,
            ..
        } => called(query, function, arguments),
        Expr::Binary {
            op,
            left,
            right,
            matching,
        } => {
            if is_scalar(left) {
                return keys(query, right);
            }
            if is_scalar(right) {
                return keys(query, left);
            }
            let (a, b) = (keys(query, left), keys(query, right));
            match (op, &matching.group) {
                // `on ()` takes nothing from the right unless the left is empty.
                (Op::Or, _) if matching.on && matching.labels.is_empty() => a,
                (Op::Or, _) if a.is_single() && b.is_single() => a,
                (Op::Or, _) => match (a, b) {
                    (Keys::Only(mut a), Keys::Only(b)) => {
                        a.extend(b);
                        // Elements of other labels stand beside each other.
                        a.insert(String::new());
                        Keys::Only(a)
                    }
                    (Keys::AllBut(a), _) | (_, Keys::AllBut(a)) => Keys::AllBut(a),
                },
                (Op::And | Op::Unless, _) => a,
                (_, Group::Left(_)) => a,
                (_, Group::Right(_)) => b,
                (_, Group::None) if matching.on => {
                    Keys::Only(matching.labels.iter().cloned().collect())
                }
                (_, Group::None) if b.is_single() => b,
                (_, Group::None) => a,
            }
        }
    }
}

fn aggregated(query: &Query, op: Aggregator, grouping: &Grouping, body: &Expr) -> Keys {
    let inner = keys(query, body);
    if matches!(op, Aggregator::Topk | Aggregator::Bottomk) {
        return inner;
    }
    let kept = match grouping {
        Grouping::By(labels) => {
            Keys::Only(labels.iter().filter(|l| inner.has(l)).cloned().collect())
        }
        Grouping::Without(labels) => inner.without(labels.iter().cloned()),
    };
    match (op, kept) {
        (Aggregator::CountValues, Keys::Only(mut labels)) => {
            labels.insert("count_values".to_owned());
            Keys::Only(labels)
        }
        (_, kept) => kept,
    }
}

fn called(query: &Query, function: &str, arguments: &[Expr]) -> Keys {
    match function {
        "vector" | "scalar" | "time" | "pi" | "absent" | "absent_over_time" => Keys::none(),
        "histogram_quantile" => arguments.get(1).map_or(Keys::none(), |buckets| {
            keys(query, buckets).without(["le".to_owned()])
        }),
        "quantile_over_time" => arguments.get(1).map_or(Keys::none(), |a| keys(query, a)),
        _ => arguments
            .first()
            .map_or(Keys::none(), |argument| keys(query, argument)),
    }
}

fn pinned_by(selector: Option<&Selector>) -> BTreeSet<String> {
    let matchers = selector.map(|s| s.matchers.as_slice()).unwrap_or_default();
    let pins = |op: &MatchOp| matches!(op, MatchOp::Equal);
    let pinned = matchers
        .iter()
        .filter(|m| pins(&m.op) && !m.value.is_empty());
    pinned
        .map(|m| m.name.clone())
        .filter(|name| name != "le")
        .collect()
}

/// Whether it is a number whatever the series are.
pub(super) fn is_scalar(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) => true,
        Expr::Call { function, .. } => matches!(*function, "scalar" | "time" | "pi"),
        Expr::Negate(body) => is_scalar(body),
        Expr::Binary { left, right, .. } => is_scalar(left) && is_scalar(right),
        _ => false,
    }
}

/// Calls `visit` with every expression, from the outside in.
pub(super) fn walk<'q>(expr: &'q Expr, visit: &mut dyn FnMut(&'q Expr)) {
    visit(expr);
    for child in expr.children() {
        walk(child, visit);
    }
}

/// The selectors below an expression.
pub(super) fn selectors<'q>(query: &'q Query, expr: &Expr) -> Vec<&'q Selector> {
    let mut list = Vec::new();
    walk(expr, &mut |one| {
        if let Expr::Select(index) = one {
            list.extend(query.selectors().get(*index));
        }
    });
    list
}

/// The divisions of one vector by another.
pub(super) fn ratios(query: &Query) -> Vec<(&Expr, &Expr)> {
    let mut list = Vec::new();
    walk(query.expr(), &mut |one| {
        if let Expr::Binary {
            op: Op::Div,
            left,
            right,
            ..
        } = one
            && !selectors(query, left).is_empty()
            && !selectors(query, right).is_empty()
            && !is_scalar(left)
            && !is_scalar(right)
        {
            list.push((&**left, &**right));
        }
    });
    list
}

/// A quantile of a histogram: φ, the buckets, and where they begin in the text.
pub(super) struct Quantile<'q> {
    pub(super) phi: Option<f64>,
    pub(super) buckets: &'q Expr,
    pub(super) place: usize,
}

/// Every `histogram_quantile`.
pub(super) fn quantiles(query: &Query) -> Vec<Quantile<'_>> {
    let mut list = Vec::new();
    walk(query.expr(), &mut |one| {
        if let Expr::Call {
            function: "histogram_quantile",
            arguments,
            places,
        } = one
            && let [phi, buckets] = arguments.as_slice()
        {
            list.push(Quantile {
                phi: match phi {
                    Expr::Number(phi) => Some(*phi),
                    _ => None,
                },
                buckets,
                place: places.get(1).copied().unwrap_or(0),
            });
        }
    });
    list
}

/// The function that is applied to each range selector, by the selector's index.
pub(super) fn rates(query: &Query) -> Vec<(usize, &'static str)> {
    let mut list = Vec::new();
    walk(query.expr(), &mut |one| {
        if let Expr::Call {
            function,
            arguments,
            ..
        } = one
        {
            for argument in arguments {
                if let Expr::Select(index) = argument
                    && query
                        .selectors()
                        .get(*index)
                        .is_some_and(|s| s.range_ms.is_some())
                {
                    list.push((*index, *function));
                }
            }
        }
    });
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(text: &str) -> bool {
        let query = Query::parse(text).expect(text);
        keys(&query, query.expr()).is_single()
    }

    #[test]
    fn results_of_one_element_are_known() {
        for text in [
            "sum(rate(a[1m])) / sum(rate(b[1m]))",
            "sum by (service) (rate(a{service=\"x\"}[1m]))",
            "histogram_quantile(0.99, sum by (le) (rate(a_bucket[1m]))) * 1000",
            "100 - sum(rate(a[1m])) / sum(rate(b[1m])) * 100",
            "sum(a) or vector(0)",
            "sum(a) or on() vector(0)",
            "sum(a) / on() group_left sum(b)",
            "rate(a[1m]) / on() sum(b)",
            "scalar(sum(a))",
            "vector(1)",
        ] {
            assert!(single(text), "{text}");
        }
    }

    #[test]
    fn results_of_many_elements_are_known() {
        for text in [
            "rate(a[1m])",
            "rate(a{service=\"x\"}[1m]) / rate(b{service=\"x\"}[1m])",
            "sum by (pod) (rate(a[1m]))",
            "histogram_quantile(0.9, sum by (le, pod) (rate(a_bucket[1m])))",
            "histogram_quantile(0.9, rate(a_bucket[1m]))",
            "sum by (s) (a) or vector(0)",
            "topk(1, a)",
            "sum without (pod) (rate(a[1m]))",
        ] {
            assert!(!single(text), "{text}");
        }
    }
}
