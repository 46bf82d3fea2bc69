//! The numbers that a condition holds its result against, as far as it is that simple.

use super::Condition;
use super::ast::{Binary, Function, Kind, Node, Unary};
use crate::record::Limits;

impl Condition {
    /// What `result`, or its first value, must lie between for the condition to hold. Conditions of
    /// another form (a maximum over all series, arithmetic) have no limits to show.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let mut found = Found::default();
        found.gather(&self.root, true);
        found.limits()
    }

    /// The same for the condition not to hold.
    #[must_use]
    pub fn limits_of_not(&self) -> Limits {
        let mut found = Found::default();
        found.gather(&self.root, false);
        found.limits()
    }
}

#[derive(Default)]
struct Found {
    min: Vec<f64>,
    max: Vec<f64>,
}

impl Found {
    fn gather(&mut self, node: &Node, holds: bool) {
        match &node.kind {
            Kind::Binary(Binary::And | Binary::Or, a, b) => {
                self.gather(a, holds);
                self.gather(b, holds);
            }
            Kind::Unary(Unary::Not, inner) => self.gather(inner, !holds),
            Kind::Binary(operator, a, b) if operator.is_ordering() => {
                let is_less = matches!(operator, Binary::Less | Binary::LessEqual);
                let (limit, result_is_left) = match (number(a), number(b)) {
                    (None, Some(limit)) if is_result(a) => (limit, true),
                    (Some(limit), None) if is_result(b) => (limit, false),
                    _ => return,
                };
                let side = match (is_less == result_is_left) == holds {
                    true => &mut self.max,
                    false => &mut self.min,
                };
                if !side.contains(&limit) {
                    side.push(limit);
                }
            }
            _ => {}
        }
    }

    fn limits(&self) -> Limits {
        let only = |side: &[f64]| match side {
            [one] => Some(*one),
            _ => None,
        };
        let limits = Limits {
            min: only(&self.min),
            max: only(&self.max),
        };
        match limits {
            // `result < 1 || result > 5` lies outside, not between.
            Limits {
                min: Some(min),
                max: Some(max),
            } if min > max => Limits::default(),
            limits => limits,
        }
    }
}

/// `result`, `result[0]`, or one of them as a number.
fn is_result(node: &Node) -> bool {
    match &node.kind {
        Kind::Name(name) => &**name == "result",
        Kind::Member(base, index, _) => matches!(index.kind, Kind::Int(0)) && is_result(base),
        Kind::Chain(inner) => is_result(inner),
        Kind::Call(Function::AsFloat | Function::AsInt | Function::Default, arguments) => {
            arguments.first().is_some_and(|first| is_result(first))
        }
        _ => false,
    }
}

fn number(node: &Node) -> Option<f64> {
    match &node.kind {
        Kind::Int(value) => Some(*value as f64),
        Kind::Float(value) => Some(*value),
        Kind::Unary(Unary::Minus, inner) => number(inner).map(|value| -value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<f64>, Option<f64>) {
        let limits = Condition::parse(text).expect("parses").limits();
        (limits.min, limits.max)
    }

    #[test]
    fn a_comparison_with_a_number_is_a_limit() {
        assert_eq!(of("result[0] >= 0.95"), (Some(0.95), None));
        assert_eq!(of("result < 5"), (None, Some(5.0)));
        assert_eq!(of("0.5 > result[0]"), (None, Some(0.5)));
        assert_eq!(of("!(result[0] > 3)"), (None, Some(3.0)));
        assert_eq!(of("result > -2 && result < 2"), (Some(-2.0), Some(2.0)));
        let guarded = "len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95";
        assert_eq!(of(guarded), (Some(0.95), None));
    }

    #[test]
    fn a_failure_condition_limits_the_other_way() {
        let failure = Condition::parse("result[0] > 0.05").expect("parses");
        assert_eq!(failure.limits_of_not().max, Some(0.05));
        assert_eq!(failure.limits_of_not().min, None);
    }

    #[test]
    fn what_is_no_range_has_no_limits() {
        for text in [
            "result[0] < 1 || result[0] > 5",
            "all(result, # < 0.5)",
            "result[0] * 100 > 95",
            "result[1] > 95",
            "result[0] == 1",
            "true",
        ] {
            assert_eq!(of(text), (None, None), "{text}");
        }
    }
}
