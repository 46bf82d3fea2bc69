//! Strings.

use super::super::Error;
use super::super::error::Meter;
use super::super::value::Value;
use super::Builtin;

pub(super) fn call(which: Builtin, arguments: &[Value], meter: &mut Meter) -> Result<Value, Error> {
    use Builtin as B;
    match which {
        B::Text => return Ok(Value::text(&arguments[0].printed())),
        B::Join => return join(which, arguments, meter),
        B::Repeat => return repeat(which, arguments, meter),
        _ => {}
    }
    let text = string(which, arguments, 0)?;
    let second = || string(which, arguments, 1);
    Ok(match which {
        B::Upper => Value::text(&text.chars().map(upper).collect::<String>()),
        B::Lower => Value::text(&text.chars().map(lower).collect::<String>()),
        B::Trim if arguments.len() == 1 => Value::text(text.trim()),
        B::Trim => {
            let set = second()?;
            Value::text(text.trim_matches(|c| set.contains(c)))
        }
        // Without a second argument expr strips one blank (`builtin.go`).
        B::TrimPrefix => {
            let prefix = if arguments.len() == 2 { second()? } else { " " };
            Value::text(text.strip_prefix(prefix).unwrap_or(text))
        }
        B::TrimSuffix => {
            let suffix = if arguments.len() == 2 { second()? } else { " " };
            Value::text(text.strip_suffix(suffix).unwrap_or(text))
        }
        B::HasPrefix => Value::Bool(text.starts_with(second()?)),
        B::HasSuffix => Value::Bool(text.ends_with(second()?)),
        B::IndexOf => place(text.find(second()?)),
        B::LastIndexOf => place(text.rfind(second()?)),
        B::Replace => {
            let (from, to) = (second()?, string(which, arguments, 2)?);
            meter.charge(0, text.len().saturating_mul(to.len() + 1))?;
            let most = limit(which, arguments, 3)?;
            Value::text(&match most {
                None => text.replace(from, to),
                Some(most) => text.replacen(from, to, most),
            })
        }
        _ => split(which, text, second()?, limit(which, arguments, 2)?)?,
    })
}

/// Go maps character by character: one that would become several stays.
fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    all.next().filter(|_| all.next().is_none()).unwrap_or(c)
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn place(found: Option<usize>) -> Value {
    Value::Int(found.map_or(-1, |at| at as i64))
}

fn string(which: Builtin, arguments: &[Value], index: usize) -> Result<&str, Error> {
    match arguments.get(index) {
        Some(Value::Text(text)) => Ok(text),
        Some(other) => Err(which.refuse(other)),
        None => Err(Error::at(
            0,
            format!("not enough arguments to call {}", which.name()),
        )),
    }
}

/// An optional count; negative means no limit, as in Go.
fn limit(which: Builtin, arguments: &[Value], index: usize) -> Result<Option<usize>, Error> {
    match arguments.get(index) {
        None => Ok(None),
        Some(Value::Int(count)) => Ok(usize::try_from(*count).ok()),
        Some(other) => Err(which.refuse(other)),
    }
}

fn split(which: Builtin, text: &str, by: &str, most: Option<usize>) -> Result<Value, Error> {
    if most == Some(0) {
        return Ok(Value::Nil);
    }
    let most = most.unwrap_or(usize::MAX);
    let mut parts: Vec<Value> = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < most {
        // An empty separator parts characters.
        let at = if by.is_empty() {
            rest.chars()
                .next()
                .map(char::len_utf8)
                .filter(|n| *n < rest.len())
        } else {
            rest.find(by)
        };
        let Some(at) = at else { break };
        let end = at + by.len();
        let kept = if which == Builtin::SplitAfter {
            end
        } else {
            at
        };
        parts.push(Value::text(&rest[..kept]));
        rest = &rest[end..];
    }
    if !(by.is_empty() && text.is_empty()) {
        parts.push(Value::text(rest));
    }
    Value::list(parts)
}

fn join(which: Builtin, arguments: &[Value], meter: &mut Meter) -> Result<Value, Error> {
    let Value::List(list) = &arguments[0] else {
        return Err(which.refuse(&arguments[0]));
    };
    let glue = if arguments.len() == 2 {
        string(which, arguments, 1)?
    } else {
        ""
    };
    let mut parts = Vec::new();
    for item in &list.items {
        let Value::Text(text) = item else {
            return Err(which.refuse(item));
        };
        meter.charge(0, text.len() + glue.len())?;
        parts.push(text.as_ref());
    }
    Ok(Value::text(&parts.join(glue)))
}

fn repeat(which: Builtin, arguments: &[Value], meter: &mut Meter) -> Result<Value, Error> {
    let text = string(which, arguments, 0)?;
    let Value::Int(times) = arguments[1] else {
        return Err(which.refuse(&arguments[1]));
    };
    let times = usize::try_from(times).map_err(|_| {
        let message =
            format!("invalid argument for repeat (expected positive integer, got {times})");
        Error::at(0, message)
    })?;
    // builtin.go: a limit of its own, then the budget.
    if times > 1_000_000 {
        return Err(Error::at(0, "memory budget exceeded"));
    }
    meter.grow(text.len().saturating_mul(times))?;
    Ok(Value::text(&text.repeat(times)))
}
