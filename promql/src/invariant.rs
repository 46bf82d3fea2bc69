//! Expressions that are the same at every step of a range (engine.go: `preprocessExprHelper`).

use promql_parser::parser::{Expr, VectorSelector};

/// functions.go: `AtModifierUnsafeFunctions`.
const UNSAFE: &[&str] = &[
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "time",
    "timestamp",
    "year",
];

/// Whether an expression does not depend on the step.
pub(crate) fn is_step_invariant(expr: &Expr) -> bool {
    let pinned = |selector: &VectorSelector| selector.at.is_some();
    match expr {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => true,
        Expr::VectorSelector(selector) => pinned(selector),
        Expr::MatrixSelector(matrix) => pinned(&matrix.vs),
        Expr::Subquery(subquery) => subquery.at.is_some(),
        Expr::Paren(paren) => is_step_invariant(&paren.expr),
        Expr::Unary(unary) => is_step_invariant(&unary.expr),
        Expr::Binary(binary) => is_step_invariant(&binary.lhs) && is_step_invariant(&binary.rhs),
        Expr::Aggregate(aggregate) => is_step_invariant(&aggregate.expr),
        Expr::Call(call) => {
            let mut arguments = call.args.args.iter();
            !UNSAFE.contains(&call.func.name)
                && arguments.all(|argument| is_step_invariant(argument))
        }
        Expr::Extension(_) => false,
    }
}
