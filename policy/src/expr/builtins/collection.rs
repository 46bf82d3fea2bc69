//! Lists and maps.

use std::cmp::Ordering;

use super::super::Error;
use super::super::error::Meter;
use super::super::value::{Value, to_int};
use super::Builtin;

pub(super) fn call(which: Builtin, arguments: &[Value], meter: &mut Meter) -> Result<Value, Error> {
    use Builtin as B;
    let argument = &arguments[0];
    match which {
        B::Type => return Ok(Value::text(type_of(argument))),
        B::Len => return len(argument),
        B::Get => return get(argument, &arguments[1]),
        B::First => return Ok(fetch(argument, &Value::Int(0)).unwrap_or(Value::Nil)),
        B::Last => return Ok(fetch(argument, &Value::Int(-1)).unwrap_or(Value::Nil)),
        B::Keys | B::Values | B::ToPairs => return entries(which, argument),
        _ => {}
    }
    let items = items(which, argument)?;
    match which {
        B::Take => take(which, items, &arguments[1]),
        B::Reverse => {
            meter.grow(items.len())?;
            Value::list(items.iter().rev().cloned().collect())
        }
        B::Uniq => uniq(items, meter),
        B::Sort => {
            meter.grow(items.len())?;
            sorted(items.to_vec(), &arguments[1..])
        }
        B::FromPairs => from_pairs(which, items),
        B::Concat => {
            let mut all = Vec::new();
            for argument in arguments {
                let Value::List(list) = argument else {
                    return Err(which.refuse(argument));
                };
                all.extend(list.items.iter().cloned());
            }
            meter.grow(all.len())?;
            Value::list(all)
        }
        _ => {
            let mut flat = Vec::new();
            flatten(items, &mut flat, meter)?;
            meter.grow(flat.len())?;
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
        Value::Map(_) | Value::Groups(_) => "map",
    }
}

fn len(argument: &Value) -> Result<Value, Error> {
    let len = match argument {
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.entries.len(),
        Value::Groups(map) => map.entries.len(),
        Value::Text(text) => text.chars().count(),
        _ => return Err(Builtin::Len.refuse(argument)),
    };
    Ok(Value::Int(len as i64))
}

/// The element at an index (negative: from the end) or under a key; `None` when there is none.
pub(in super::super) fn fetch(base: &Value, property: &Value) -> Option<Value> {
    match (base, property) {
        (Value::Map(map), Value::Text(key)) => map.entries.get(key.as_ref()).cloned(),
        (Value::Groups(map), key) => map.get(key).cloned(),
        (Value::List(list), Value::Int(index)) => {
            list.items.get(position(*index, list.items.len())?).cloned()
        }
        // `runtime.ToInt` truncates.
        (Value::List(_), Value::Float(index)) => fetch(base, &Value::Int(to_int(*index))),
        _ => None,
    }
}

/// `get`: nil where there is nothing, an error for an index of a type that cannot be one.
fn get(base: &Value, property: &Value) -> Result<Value, Error> {
    let wrong = match base {
        Value::List(_) => property.number().is_none(),
        Value::Map(_) => !matches!(property, Value::Text(_) | Value::Nil),
        _ => false,
    };
    if wrong {
        return Err(Builtin::Get.refuse(property));
    }
    Ok(fetch(base, property).unwrap_or(Value::Nil))
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
    let less = |a: &T, b: &T| {
        let (a, b) = if descending { (b, a) } else { (a, b) };
        less(key(a), key(b))
    };
    // Go sorts up to 12 elements by insertion: what NaN does to the order, and whether two values
    // that cannot be compared ever meet, is decided by these very comparisons.
    if items.len() <= INSERTION {
        for end in 1..items.len() {
            let mut at = end;
            while at > 0 && less(&items[at], &items[at - 1])? {
                items.swap(at, at - 1);
                at -= 1;
            }
        }
        return Ok(());
    }
    let mut failed = None;
    for pair in items.windows(2) {
        less(&pair[0], &pair[1])?;
    }
    items.sort_by(|a, b| {
        let mut is_less = |a, b| {
            less(a, b).unwrap_or_else(|error| {
                failed = Some(error);
                false
            })
        };
        match (is_less(a, b), is_less(b, a)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // NaN must not break the order of the others.
            _ => nan_first(key(a), key(b)),
        }
    });
    failed.map_or(Ok(()), Err)
}

/// Longest list that Go's pdqsort sorts by insertion.
const INSERTION: usize = 12;

fn nan_first(a: &Value, b: &Value) -> Ordering {
    let is_nan = |value: &Value| value.number().is_some_and(f64::is_nan);
    is_nan(b).cmp(&is_nan(a))
}

/// `runtime.Less`.
fn less(a: &Value, b: &Value) -> Result<bool, Error> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a < b),
        (Value::Text(a), Value::Text(b)) => Ok(a < b),
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => Ok(a < b),
            _ => {
                let (a, b) = (a.go_type(), b.go_type());
                Err(Error::at(0, format!("invalid operation: {a} < {b}")))
            }
        },
    }
}

fn entries(which: Builtin, argument: &Value) -> Result<Value, Error> {
    let entries: Vec<(Value, Value)> = match argument {
        Value::Map(map) => {
            let entries = map.entries.iter();
            entries
                .map(|(key, value)| (Value::text(key), value.clone()))
                .collect()
        }
        Value::Groups(map) => map.entries.clone(),
        _ => return Err(which.refuse(argument)),
    };
    let list = entries.into_iter().map(|(key, value)| match which {
        Builtin::Keys => Ok(key),
        Builtin::Values => Ok(value),
        _ => Value::list(vec![key, value]),
    });
    Value::list(list.collect::<Result<_, _>>()?)
}

fn from_pairs(which: Builtin, items: &[Value]) -> Result<Value, Error> {
    let mut entries: Vec<(Value, Value)> = Vec::new();
    for item in items {
        let pair = match item {
            Value::List(pair) => pair.items.as_slice(),
            _ => return Err(which.refuse(item)),
        };
        let [key, value] = pair else {
            return Err(which.refuse(item));
        };
        *slot(&mut entries, key, Value::Nil)? = value.clone();
    }
    Value::groups(entries, Value::Nil)
}

/// The place of a key in a Go map of any keys; one that cannot be hashed is an error.
pub(in super::super) fn slot<'a, T>(
    entries: &'a mut Vec<(Value, T)>,
    key: &Value,
    start: T,
) -> Result<&'a mut T, Error> {
    if !key.is_key() {
        let message = format!("hash of unhashable type {}", key.go_type());
        return Err(Error::at(0, message));
    }
    let known = entries.iter().position(|(known, _)| known.same_key(key));
    let index = known.unwrap_or_else(|| {
        entries.push((key.clone(), start));
        entries.len() - 1
    });
    Ok(&mut entries[index].1)
}
