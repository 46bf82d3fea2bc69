//! What expr's optimizer changes about the outcome (`optimizer/optimizer.go`).
//!
//! Argo compiles with the optimizer on. Most of its rules only save time; those here decide whether
//! an operand is evaluated at all, and so whether a measurement is an error.

use std::sync::Arc;

use super::Error;
use super::ast::{Binary, Child, Function, Kind, Node, Unary};
use super::builtins::Builtin;
use super::error::Meter;

/// Rewrites a checked condition, children first.
///
/// # Errors
/// A constant remainder of zero, which Argo's compiler refuses.
pub(super) fn optimize(root: &Node) -> Result<Node, Error> {
    rewrite(root, &mut Meter::new())
}

fn rewrite(node: &Node, meter: &mut Meter) -> Result<Node, Error> {
    // An operand of a chained comparison is shared, so a tree can be larger than its text.
    meter.charge(node.at, 50)?;
    let floats = matches!(node.kind, Kind::Call(Function::IsNaN | Function::IsInf, _));
    let kind = node.kind.map_children(&mut |child| {
        let child = if floats {
            with_floats(child)
        } else {
            child.clone()
        };
        rewrite(&child, meter).map(Arc::new)
    })?;
    Ok(Node {
        at: node.at,
        depth: node.depth,
        kind: rule(node.at, kind)?,
    })
}

/// `checker.go` checkArguments: integer literals that a float is made of are floats.
fn with_floats(node: &Node) -> Node {
    let kind = match &node.kind {
        Kind::Int(value) => Kind::Float(*value as f64),
        Kind::Unary(operator, a) => Kind::Unary(*operator, Arc::new(with_floats(a))),
        Kind::Binary(operator, a, b)
            if matches!(operator, Binary::Add | Binary::Subtract | Binary::Multiply) =>
        {
            Kind::Binary(
                *operator,
                Arc::new(with_floats(a)),
                Arc::new(with_floats(b)),
            )
        }
        other => other.clone(),
    };
    Node {
        at: node.at,
        depth: node.depth,
        kind,
    }
}

fn rule(at: usize, kind: Kind) -> Result<Kind, Error> {
    Ok(match kind {
        Kind::Unary(operator, ref operand) => unary(operator, &operand.kind).unwrap_or(kind),
        Kind::Binary(operator, ref a, ref b) => binary(at, operator, a, b)?.unwrap_or(kind),
        Kind::Builtin(Builtin::Len, ref list) => {
            filtered(list.first(), Builtin::Count).unwrap_or(kind)
        }
        Kind::Builtin(Builtin::First, ref list) => {
            filtered(list.first(), Builtin::Find).unwrap_or(kind)
        }
        Kind::Builtin(Builtin::Last, ref list) => {
            filtered(list.first(), Builtin::FindLast).unwrap_or(kind)
        }
        Kind::Builtin(Builtin::Sum, ref list) if list.len() == 1 => {
            sum(at, &list[0].kind).unwrap_or(kind)
        }
        Kind::Member(ref base, ref property, false) => {
            let which = match property.kind {
                Kind::Int(0) => Some(Builtin::FilterFirst),
                Kind::Int(-1) => Some(Builtin::FilterLast),
                _ => None,
            };
            which
                .and_then(|which| filtered(Some(base), which))
                .unwrap_or(kind)
        }
        kind => kind,
    })
}

/// `fold.go`, unary operators.
fn unary(operator: Unary, operand: &Kind) -> Option<Kind> {
    Some(match (operator, operand) {
        (Unary::Not, Kind::Bool(value)) => Kind::Bool(!value),
        (Unary::Minus, Kind::Int(value)) => Kind::Int(value.wrapping_neg()),
        (Unary::Minus, Kind::Float(value)) => Kind::Float(-value),
        (Unary::Plus, Kind::Int(value)) => Kind::Int(*value),
        (Unary::Plus, Kind::Float(value)) => Kind::Float(*value),
        _ => return None,
    })
}

/// `fold.go` and the two of `count(…)`: with a constant the other side is dropped, not evaluated.
fn binary(at: usize, operator: Binary, a: &Child, b: &Child) -> Result<Option<Kind>, Error> {
    use Binary as O;
    Ok(Some(match (operator, &a.kind, &b.kind) {
        (O::And, Kind::Bool(true), other) | (O::Or, Kind::Bool(false), other) => other.clone(),
        (O::And, other, Kind::Bool(true)) | (O::Or, other, Kind::Bool(false)) => other.clone(),
        (O::And, Kind::Bool(false), _) | (O::And, _, Kind::Bool(false)) => Kind::Bool(false),
        (O::Or, Kind::Bool(true), _) | (O::Or, _, Kind::Bool(true)) => Kind::Bool(true),
        (O::Equal, Kind::Bool(a), Kind::Bool(b)) => Kind::Bool(a == b),
        (O::Equal, Kind::Int(a), Kind::Int(b)) => Kind::Bool(a == b),
        (O::Equal, Kind::Text(a), Kind::Text(b)) => Kind::Bool(a == b),
        (O::Add, Kind::Int(a), Kind::Int(b)) => Kind::Int(a.wrapping_add(*b)),
        (O::Subtract, Kind::Int(a), Kind::Int(b)) => Kind::Int(a.wrapping_sub(*b)),
        (O::Multiply, Kind::Int(a), Kind::Int(b)) => Kind::Int(a.wrapping_mul(*b)),
        (O::Remainder, Kind::Int(_), Kind::Int(0)) => {
            return Err(Error::at(at, "integer divide by zero"));
        }
        (O::Remainder, Kind::Int(a), Kind::Int(b)) => Kind::Int(a.wrapping_rem(*b)),
        (_, Kind::Builtin(Builtin::Count, list), Kind::Int(bound)) if list.len() == 2 => {
            return Ok(count(operator, a, list, b, *bound));
        }
        _ => return Ok(None),
    }))
}

/// `count_any.go`, `count_threshold.go`: counting stops when the comparison is decided.
fn count(operator: Binary, whole: &Child, list: &[Child], b: &Child, bound: i64) -> Option<Kind> {
    let enough = match operator {
        Binary::Greater | Binary::LessEqual => bound.checked_add(1)?,
        Binary::GreaterEqual | Binary::Less => bound,
        _ => return None,
    };
    if enough == 1 && matches!(operator, Binary::Greater | Binary::GreaterEqual) {
        return Some(Kind::Builtin(Builtin::Any, list.to_vec()));
    }
    if enough <= 1 {
        return None;
    }
    let mut list = list.to_vec();
    list.push(Arc::new(Node {
        at: whole.at,
        depth: 0,
        kind: Kind::Int(enough),
    }));
    let counted = Arc::new(Node {
        at: whole.at,
        depth: whole.depth,
        kind: Kind::Builtin(Builtin::Count, list),
    });
    Some(Kind::Binary(operator, counted, b.clone()))
}

/// `filter_len.go`, `filter_first.go`, `filter_last.go`.
fn filtered(base: Option<&Child>, which: Builtin) -> Option<Kind> {
    match base.map(|base| &base.kind) {
        Some(Kind::Builtin(Builtin::Filter, list)) => Some(Kind::Builtin(which, list.clone())),
        _ => None,
    }
}

/// `sum_range.go`, `sum_array.go`: the elements are added from the right, without a leading zero.
fn sum(at: usize, of: &Kind) -> Option<Kind> {
    match of {
        Kind::Binary(Binary::Range, from, to) => match (&from.kind, &to.kind) {
            (Kind::Int(from), Kind::Int(to)) if to >= from => {
                let count = to.wrapping_sub(*from).wrapping_add(1);
                Some(Kind::Int(count.wrapping_mul(from.wrapping_add(*to)) / 2))
            }
            _ => None,
        },
        Kind::List(items) if items.len() >= 2 && !items.iter().all(|item| constant(&item.kind)) => {
            let mut items = items.iter().rev();
            let mut total = items.next()?.clone();
            for item in items {
                let depth = 1 + item.depth.max(total.depth);
                let kind = Kind::Binary(Binary::Add, item.clone(), total);
                total = Arc::new(Node { at, depth, kind });
            }
            Some(total.kind.clone())
        }
        _ => None,
    }
}

/// A list of constants has become one constant before.
const fn constant(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Bool(_)
    )
}
