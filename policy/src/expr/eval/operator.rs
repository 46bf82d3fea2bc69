//! The operators on values (`vm/runtime`).

use std::cmp::Ordering;

use super::super::Error;
use super::super::ast::Binary;
use super::super::builtins::position;
use super::super::error::Meter;
use super::super::value::{Value, to_int};

pub(super) fn apply(
    operator: Binary,
    a: &Value,
    b: &Value,
    meter: &mut Meter,
) -> Result<Value, Error> {
    use Binary as O;
    let mismatch = || {
        let message = format!(
            "invalid operation: {} {} {}",
            a.go_type(),
            operator.symbol(),
            b.go_type()
        );
        Error::at(0, message)
    };
    match operator {
        O::Equal | O::NotEqual => {
            meter.charge(0, a.size().min(b.size()))?;
            Ok(Value::Bool(a.equals(b) == (operator == O::Equal)))
        }
        O::Less | O::Greater | O::GreaterEqual | O::LessEqual => compare(operator, a, b)
            .map(Value::Bool)
            .ok_or_else(mismatch),
        O::Add | O::Subtract | O::Multiply | O::Divide | O::Remainder | O::Power => {
            meter.charge(0, a.size() + b.size())?;
            arithmetic(operator, a, b).ok_or_else(mismatch)?
        }
        O::In => {
            meter.charge(0, b.size())?;
            contains(a, b).map(Value::Bool).ok_or_else(mismatch)
        }
        O::Matches | O::Contains | O::StartsWith | O::EndsWith => {
            // vm.go: nil contains nothing and is contained in nothing.
            if matches!(a, Value::Nil) || matches!(b, Value::Nil) {
                return Ok(Value::Bool(false));
            }
            let (Value::Text(a), Value::Text(b)) = (a, b) else {
                return Err(mismatch());
            };
            meter.charge(0, a.len() + b.len())?;
            strings(operator, a, b).map(Value::Bool)
        }
        O::Range => match (a, b) {
            (Value::Int(from), Value::Int(to)) => {
                let len = to.saturating_sub(*from).saturating_add(1).max(0);
                meter.grow(usize::try_from(len).unwrap_or(usize::MAX))?;
                Value::list((*from..=*to).map(Value::Int).collect())
            }
            // `runtime.ToInt` truncates.
            _ => match (whole(a), whole(b)) {
                (Some(a), Some(b)) => apply(operator, &Value::Int(a), &Value::Int(b), meter),
                _ => Err(mismatch()),
            },
        },
        // Evaluated lazily by the machine.
        O::Or | O::And | O::Coalesce => Err(mismatch()),
    }
}

/// NaN makes every ordered comparison false, as in Go.
fn compare(operator: Binary, a: &Value, b: &Value) -> Option<bool> {
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        _ => a.number()?.partial_cmp(&b.number()?),
    };
    Some(order.is_some_and(|order| match operator {
        Binary::Less => order == Ordering::Less,
        Binary::Greater => order == Ordering::Greater,
        Binary::GreaterEqual => order != Ordering::Less,
        _ => order != Ordering::Greater,
    }))
}

/// Division and power are always of floats; `%` only of integers.
fn arithmetic(operator: Binary, a: &Value, b: &Value) -> Option<Result<Value, Error>> {
    use Binary as O;
    if let (O::Add, Value::Text(a), Value::Text(b)) = (operator, a, b) {
        return Some(Ok(Value::text(&format!("{a}{b}"))));
    }
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        match operator {
            O::Add => return Some(Ok(Value::Int(a.wrapping_add(*b)))),
            O::Subtract => return Some(Ok(Value::Int(a.wrapping_sub(*b)))),
            O::Multiply => return Some(Ok(Value::Int(a.wrapping_mul(*b)))),
            O::Remainder if *b == 0 => {
                return Some(Err(Error::at(0, "integer divide by zero")));
            }
            O::Remainder => return Some(Ok(Value::Int(a.wrapping_rem(*b)))),
            _ => {}
        }
    }
    let (a, b) = (a.number()?, b.number()?);
    Some(Ok(Value::Float(match operator {
        O::Add => a + b,
        O::Subtract => a - b,
        O::Multiply => a * b,
        O::Divide => a / b,
        O::Power => a.powf(b),
        _ => return None,
    })))
}

fn contains(a: &Value, b: &Value) -> Option<bool> {
    match b {
        Value::List(list) => Some(list.items.iter().any(|item| item.equals(a))),
        Value::Map(map) => match a {
            Value::Text(key) => Some(map.entries.contains_key(key.as_ref())),
            // runtime.go: nil looks for the zero value of the key's type.
            Value::Nil => Some(map.entries.contains_key("")),
            _ => None,
        },
        Value::Groups(map) if a.is_key() => Some(map.get(a).is_some()),
        Value::Nil => Some(false),
        _ => None,
    }
}

/// `runtime.ToInt`.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        Value::Float(value) => Some(to_int(*value)),
        _ => None,
    }
}

fn strings(operator: Binary, a: &str, b: &str) -> Result<bool, Error> {
    Ok(match operator {
        Binary::Contains => a.contains(b),
        Binary::StartsWith => a.starts_with(b),
        Binary::EndsWith => a.ends_with(b),
        _ => regex::Regex::new(b)
            .map_err(|error| Error::at(0, format!("invalid regular expression: {error}")))?
            .is_match(a),
    })
}

/// Bounds are clamped and negative ones count from the end (`runtime.Slice`).
pub(super) fn slice(
    at: usize,
    base: &Value,
    from: Option<&Value>,
    to: Option<&Value>,
) -> Result<Value, Error> {
    let len = match base {
        Value::List(list) => list.items.len(),
        Value::Text(text) => text.len(),
        _ => return Err(Error::at(at, format!("cannot slice {}", base.go_type()))),
    };
    let bound = |value: Option<&Value>, absent: usize| {
        let Some(value) = value else {
            return Ok(absent);
        };
        let index = whole(value).ok_or_else(|| {
            let message = format!("non-integer slice index {}", value.go_type());
            Error::at(at, message)
        })?;
        Ok(position(index, len).unwrap_or(0).min(len))
    };
    let to = bound(to, len)?;
    let from = bound(from, 0)?.min(to);
    match base {
        Value::List(list) => Value::list(list.items[from..to].to_vec()),
        Value::Text(text) => {
            let part = text.as_bytes().get(from..to).unwrap_or_default();
            Ok(Value::text(&String::from_utf8_lossy(part)))
        }
        _ => Ok(Value::Nil),
    }
}
