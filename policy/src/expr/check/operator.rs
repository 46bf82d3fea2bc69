//! Which types an operator takes (`checker.go` binaryNode).

use super::super::Error;
use super::super::ast::{Binary, Kind, Node};
use super::super::types::Type;
use super::hinted;

pub(super) fn check(
    at: usize,
    operator: Binary,
    a: &Type,
    b: &Type,
    right: &Node,
) -> Result<Type, Error> {
    use Binary as O;
    let fits = match operator {
        O::Equal | O::NotEqual => a.comparable_to(b).then_some(Type::Bool),
        O::Or | O::And => both(a, b, &[Type::Bool]).then_some(Type::Bool),
        O::Less | O::Greater | O::GreaterEqual | O::LessEqual => {
            (numbers(a, b) || both(a, b, &[Type::Text])).then_some(Type::Bool)
        }
        O::Subtract | O::Multiply => numbers(a, b).then(|| promoted(a, b)),
        O::Divide | O::Power => numbers(a, b).then_some(Type::Float),
        O::Remainder => both(a, b, &[Type::Int]).then_some(Type::Int),
        O::Add if both(a, b, &[Type::Text]) && a == b => Some(a.clone()),
        O::Add if both(a, b, &[Type::Text]) => Some(Type::Any),
        O::Add => numbers(a, b).then(|| promoted(a, b)),
        O::Range => both(a, b, &[Type::Int]).then(|| Type::list(Type::Int)),
        O::In => member_of(at, a, b)?.then_some(Type::Bool),
        O::Matches | O::Contains | O::StartsWith | O::EndsWith => {
            if operator == O::Matches {
                pattern(right)?;
            }
            both(a, b, &[Type::Text]).then_some(Type::Bool)
        }
        O::Coalesce => Some(match (a, b) {
            (Type::Nil, b) => b.clone(),
            (a, Type::Nil) => a.clone(),
            (a, b) if a == b => a.clone(),
            (Type::List(_), Type::List(_)) => a.clone(),
            _ => Type::Any,
        }),
    };
    fits.ok_or_else(|| {
        let symbol = operator.symbol();
        let message = format!("invalid operation: {symbol} (mismatched types {a} and {b})");
        let list = if matches!(b, Type::List(_)) { b } else { a };
        match list {
            Type::List(_) => hinted(Error::at(at, message), list),
            _ => Error::at(at, message),
        }
    })
}

/// Both are of one of these types, or unknown until run time.
fn both(a: &Type, b: &Type, types: &[Type]) -> bool {
    let fits = |of: &Type| *of == Type::Any || types.contains(of);
    fits(a) && fits(b)
}

fn numbers(a: &Type, b: &Type) -> bool {
    both(a, b, &[Type::Int, Type::Float])
}

fn promoted(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::Any, _) | (_, Type::Any) => Type::Any,
        (Type::Int, Type::Int) => Type::Int,
        _ => Type::Float,
    }
}

fn member_of(at: usize, a: &Type, b: &Type) -> Result<bool, Error> {
    match b {
        Type::Any => Ok(true),
        Type::Map if !matches!(a, Type::Text | Type::Any) => {
            let message = format!("cannot use {a} as type string in map key");
            Err(Error::at(at, message))
        }
        Type::Map => Ok(true),
        Type::Groups(_) => Ok(true),
        Type::List(of) if !a.comparable_to(of) => {
            let message = format!("cannot use {a} as type {of} in array");
            Err(Error::at(at, message))
        }
        Type::List(_) => Ok(true),
        Type::Text => Ok(*a == Type::Any),
        _ => Ok(false),
    }
}

/// A literal pattern must compile.
fn pattern(right: &Node) -> Result<(), Error> {
    if let Kind::Text(text) = &right.kind
        && let Err(error) = regex::Regex::new(text)
    {
        let message = format!("invalid regular expression: {error}");
        return Err(Error::at(right.at, message));
    }
    Ok(())
}
