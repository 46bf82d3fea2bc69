//! Lists and maps.

use std::cmp::Ordering;

use super::super::Error;
use super::super::error::Meter;
use super::super::value::Value;
use super::Builtin;

pub(super) fn call(which: Builtin, arguments: &[Value], meter: &mut Meter) -> Result<Value, Error> {
    use Builtin as B;
    let argument = &arguments[0];
    match which {
        B::Type => return Ok(Value::text(type_of(argument))),
        B::Len => return len(argument),
        B::Get => return Ok(fetch(argument, &arguments[1]).unwrap_or(Value::Nil)),
        B::First => return Ok(fetch(argument, &Value::Int(0)).unwrap_or(Value::Nil)),
        B::Last => return Ok(fetch(argument, &Value::Int(-1)).unwrap_or(Value::Nil)),
        B::Keys | B::Values | B::ToPairs => return entries(which, argument),
        _ => {}
    }
    let items = items(which, argument)?;
    match which {
        B::Take => take(which, items, &arguments[1]),
        B::Reverse => Value::list(items.iter().rev().cloned().collect()),
        B::Uniq => uniq(items, meter),
        B::Sort => sorted(items.to_vec(), &arguments[1..]),
        B::FromPairs => from_pairs(which, items),
        B::Concat => {
            let mut all = Vec::new();
            for argument in arguments {
                let Value::List(list) = argument else {
                    return Err(which.refuse(argument));
                };
                all.extend(list.items.iter().cloned());
            }
            Value::list(all)
        }
        _ => {
            let mut flat = Vec::new();
            flatten(items, &mut flat, meter)?;
            Value::list(flat)
        }
    }
}

fn items(which: Builtin, argument: &Value) -> Result<&[Value], Error> {
    match argument {
        Value::List(list) => Ok(&list.items),
        _ => Err(which.refuse(argument)),
    }
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "map",
    }
}

fn len(argument: &Value) -> Result<Value, Error> {
    let len = match argument {
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.entries.len(),
        Value::Text(text) => text.chars().count(),
        _ => return Err(Builtin::Len.refuse(argument)),
    };
    Ok(Value::Int(len as i64))
}

/// The element at an index (negative: from the end) or under a key; `None` when there is none.
pub(in super::super) fn fetch(base: &Value, property: &Value) -> Option<Value> {
    match (base, property) {
        (Value::Map(map), Value::Text(key)) => map.entries.get(key.as_ref()).cloned(),
        (Value::List(list), Value::Int(index)) => {
            list.items.get(position(*index, list.items.len())?).cloned()
        }
        _ => None,
    }
}

/// Where an index points; negative ones count from the end.
pub(in super::super) fn position(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 {
        index.checked_add(i64::try_from(len).ok()?)?
    } else {
        index
    };
    usize::try_from(index).ok()
}

fn take(which: Builtin, items: &[Value], count: &Value) -> Result<Value, Error> {
    let Value::Int(count) = count else {
        return Err(which.refuse(count));
    };
    let Ok(count) = usize::try_from(*count) else {
        return Err(Error::at(0, "slice index out of bounds"));
    };
    Value::list(items.iter().take(count).cloned().collect())
}

fn uniq(items: &[Value], meter: &mut Meter) -> Result<Value, Error> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        meter.charge(0, kept.len())?;
        if !kept.iter().any(|other| other.equals(item)) {
            kept.push(item.clone());
        }
    }
    Value::list(kept)
}

fn flatten(items: &[Value], out: &mut Vec<Value>, meter: &mut Meter) -> Result<(), Error> {
    meter.charge(0, items.len())?;
    for item in items {
        match item {
            Value::List(list) => flatten(&list.items, out, meter)?,
            _ => out.push(item.clone()),
        }
    }
    Ok(())
}

/// Sorts by expr's `<`; what cannot be compared is an error, NaN keeps its place.
fn sorted(mut items: Vec<Value>, order: &[Value]) -> Result<Value, Error> {
    let descending = descending(order.first())?;
    sort(&mut items, descending, |item| item)?;
    Value::list(items)
}

pub(in super::super) fn descending(order: Option<&Value>) -> Result<bool, Error> {
    match order {
        None => Ok(false),
        Some(Value::Text(text)) if text.as_ref() == "asc" => Ok(false),
        Some(Value::Text(text)) if text.as_ref() == "desc" => Ok(true),
        Some(other) => {
            let message = format!("invalid order {}, expected asc or desc", other.printed());
            Err(Error::at(0, message))
        }
    }
}

pub(in super::super) fn sort<T>(
    items: &mut [T],
    descending: bool,
    key: impl Fn(&T) -> &Value,
) -> Result<(), Error> {
    let alike = |f: fn(&Value) -> bool| items.iter().all(|item| f(key(item)));
    let sortable = alike(|v| v.number().is_some()) || alike(|v| matches!(v, Value::Text(_)));
    if !sortable {
        return Err(Error::at(0, "cannot sort values of different types"));
    }
    items.sort_by(|a, b| {
        let order = match (key(a), key(b)) {
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => Ordering::Equal,
            },
        };
        if descending { order.reverse() } else { order }
    });
    Ok(())
}

fn entries(which: Builtin, argument: &Value) -> Result<Value, Error> {
    let Value::Map(map) = argument else {
        return Err(which.refuse(argument));
    };
    let entries = map.entries.iter();
    let list = entries.map(|(key, value)| match which {
        Builtin::Keys => Ok(Value::text(key)),
        Builtin::Values => Ok(value.clone()),
        _ => Value::list(vec![Value::text(key), value.clone()]),
    });
    Value::list(list.collect::<Result<_, _>>()?)
}

fn from_pairs(which: Builtin, items: &[Value]) -> Result<Value, Error> {
    let pairs = items.iter().map(|item| match item {
        Value::List(pair) => match &pair.items[..] {
            [Value::Text(key), value] => Ok((key.as_ref().to_owned(), value.clone())),
            _ => Err(which.refuse(item)),
        },
        _ => Err(which.refuse(item)),
    });
    Value::map(pairs.collect::<Result<_, _>>()?)
}
