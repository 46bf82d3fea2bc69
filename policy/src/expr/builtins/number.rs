//! Numbers: conversions, extremes, averages, bits (`builtin/lib.go`).

use super::super::Error;
use super::super::value::{Value, to_int};
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
        (Builtin::Int, Float(value)) => Int(to_int(*value)),
        (Builtin::Int, Text(text)) => {
            let parsed = text.parse();
            Int(parsed.map_err(|_| Error::at(0, format!("invalid operation: int({text})")))?)
        }
        (Builtin::Float, Text(text)) => Float(parse_float(text)?),
        _ => return Err(which.refuse(argument)),
    })
}

/// Go's ParseFloat: decimal or hexadecimal, underscores between digits, `inf`, `infinity` and `nan`
/// in any case; what does not fit is an error.
pub(in super::super) fn parse_float(text: &str) -> Result<f64, Error> {
    let refused = |why| Error::at(0, format!("strconv.ParseFloat: parsing {text:?}: {why}"));
    let invalid = || refused("invalid syntax");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case("nan") && unsigned.len() < text.len() {
        return Err(invalid());
    }
    let hexadecimal = unsigned.get(..2).filter(|s| s.eq_ignore_ascii_case("0x"));
    let value = if hexadecimal.is_some() {
        let digits = without_underscores(&unsigned[2..], true).ok_or_else(invalid)?;
        let size = parse_hexadecimal(&digits).ok_or_else(invalid)?;
        if text.starts_with('-') { -size } else { size }
    } else {
        let digits = without_underscores(text, false).ok_or_else(invalid)?;
        digits.parse().map_err(|_| invalid())?
    };
    if value.is_infinite() && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(refused("value out of range"));
    }
    Ok(value)
}

/// An underscore stands between two digits, or after the base's prefix.
fn without_underscores(text: &str, after_prefix: bool) -> Option<String> {
    let digit = |c: &u8| c.is_ascii_digit() || after_prefix && c.is_ascii_hexdigit();
    let bytes = text.as_bytes();
    for (index, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_') {
        let before = match index.checked_sub(1) {
            Some(before) => bytes.get(before).is_some_and(digit),
            None => after_prefix,
        };
        if !before || !bytes.get(index + 1).is_some_and(digit) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

/// `1.8p-3` after the prefix; the exponent is obligatory. Digits beyond 64 bits are rounded away
/// half up, which no metric will tell from Go's rounding.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let places = i32::try_from(fraction.len()).ok()?;
    Some(value * 2.0_f64.powi(exponent.checked_sub(places.checked_mul(4)?)?))
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
