//! Numbers: conversions, extremes, averages, bits (`builtin/lib.go`).

use super::super::Error;
use super::super::value::Value;
use super::Builtin;

pub(super) fn convert(which: Builtin, argument: &Value) -> Result<Value, Error> {
    use Value::{Float, Int, Text};
    Ok(match (which, argument) {
        (Builtin::Abs, Int(value)) => Int(value.wrapping_abs()),
        (Builtin::Abs, Float(value)) => Float(value.abs()),
        (Builtin::Ceil | Builtin::Floor | Builtin::Round | Builtin::Float, Int(value)) => {
            Float(*value as f64)
        }
        (Builtin::Ceil, Float(value)) => Float(value.ceil()),
        (Builtin::Floor, Float(value)) => Float(value.floor()),
        (Builtin::Round, Float(value)) => Float(value.round()),
        (Builtin::Float, Float(value)) => Float(*value),
        (Builtin::Int, Int(value)) => Int(*value),
        (Builtin::Int, Float(value)) => Int(*value as i64),
        (Builtin::Int, Text(text)) => {
            let parsed = text.parse();
            Int(parsed.map_err(|_| Error::at(0, format!("invalid operation: int({text})")))?)
        }
        (Builtin::Float, Text(text)) => Float(parse_float(text)?),
        _ => return Err(which.refuse(argument)),
    })
}

/// Go's ParseFloat as far as metrics go: decimal, `inf` and `nan` in any case.
pub(in super::super) fn parse_float(text: &str) -> Result<f64, Error> {
    let parsed = text.parse();
    parsed.map_err(|_| Error::at(0, format!("parsing {text:?}: invalid syntax")))
}

/// `max` and `min` over numbers and (nested) lists; nil when there is none.
///
/// The first element stays until one *compares* beyond it, so a NaN in first place sticks.
pub(super) fn extreme(which: Builtin, arguments: &[Value]) -> Result<Value, Error> {
    let mut best: Option<Value> = None;
    for argument in arguments {
        let candidate = match argument {
            Value::List(list) => extreme(which, &list.items)?,
            Value::Int(_) | Value::Float(_) => argument.clone(),
            _ => return Err(which.refuse(argument)),
        };
        let Some(number) = candidate.number() else {
            continue;
        };
        let beyond = match best.as_ref().and_then(Value::number) {
            None => true,
            Some(best) if which == Builtin::Max => best < number,
            Some(best) => best > number,
        };
        if beyond {
            best = Some(candidate);
        }
    }
    Ok(best.unwrap_or(Value::Nil))
}

pub(super) fn average(which: Builtin, arguments: &[Value]) -> Result<Value, Error> {
    let mut values = Vec::new();
    for argument in arguments {
        collect(which, argument, &mut values)?;
    }
    let n = values.len();
    if n == 0 {
        return Ok(Value::Float(0.0));
    }
    if which == Builtin::Mean {
        return Ok(Value::Float(values.iter().sum::<f64>() / n as f64));
    }
    // Go's sort.Float64s puts NaN first.
    values.sort_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (false, false) => a.total_cmp(b),
        (a, b) => b.cmp(&a),
    });
    Ok(Value::Float(if n % 2 == 1 {
        values[n / 2]
    } else {
        (values[n / 2 - 1] + values[n / 2]) / 2.0
    }))
}

fn collect(which: Builtin, argument: &Value, out: &mut Vec<f64>) -> Result<(), Error> {
    if let Value::List(list) = argument {
        return list
            .items
            .iter()
            .try_for_each(|item| collect(which, item, out));
    }
    out.push(argument.number().ok_or_else(|| which.refuse(argument))?);
    Ok(())
}

pub(super) fn bits(which: Builtin, a: &Value, b: &Value) -> Result<Value, Error> {
    let (Value::Int(a), Value::Int(b)) = (a, b) else {
        return Err(which.refuse(if matches!(a, Value::Int(_)) { b } else { a }));
    };
    let (a, b) = (*a, *b);
    let shift = matches!(which, Builtin::BitShl | Builtin::BitShr | Builtin::BitUshr);
    if shift && b < 0 {
        let message = format!("invalid operation: negative shift count {b} (type int)");
        return Err(Error::at(0, message));
    }
    // Go's shifts by 64 and more leave nothing (or the sign).
    let by = u32::try_from(b).unwrap_or(u32::MAX);
    Ok(Value::Int(match which {
        Builtin::BitAnd => a & b,
        Builtin::BitOr => a | b,
        Builtin::BitXor => a ^ b,
        Builtin::BitNand => a & !b,
        Builtin::BitShl => a.checked_shl(by).unwrap_or(0),
        Builtin::BitShr => a >> by.min(63),
        Builtin::BitUshr => (a as u64).checked_shr(by).unwrap_or(0) as i64,
        _ => !a,
    }))
}
