//! JSON and Base64, as Go's standard library writes and reads them.

use super::super::Error;
use super::super::error::Meter;
use super::super::value::Value;
use super::Builtin;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn call(which: Builtin, argument: &Value, meter: &mut Meter) -> Result<Value, Error> {
    if which == Builtin::ToJson {
        let mut out = String::new();
        write(argument, 0, &mut out, meter)?;
        return Ok(Value::text(&out));
    }
    let Value::Text(text) = argument else {
        return Err(which.refuse(argument));
    };
    match which {
        Builtin::FromJson => {
            let json: serde_json::Value =
                serde_json::from_str(text).map_err(|error| Error::at(0, error.to_string()))?;
            Value::from_json(&json)
        }
        Builtin::ToBase64 => Ok(Value::text(&encode(text.as_bytes()))),
        _ => {
            let bytes = decode(text)
                .ok_or_else(|| Error::at(0, "illegal base64 data in the argument of fromBase64"))?;
            Ok(Value::text(&String::from_utf8_lossy(&bytes)))
        }
    }
}

/// `json.MarshalIndent` with two blanks: keys sorted, `<`, `>` and `&` escaped.
fn write(value: &Value, depth: usize, out: &mut String, meter: &mut Meter) -> Result<(), Error> {
    meter.charge(0, 1 + value.size())?;
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) if !value.is_finite() => {
            let message = format!(
                "json: unsupported value: {}",
                Value::Float(*value).printed()
            );
            return Err(Error::at(0, message));
        }
        Value::Float(value) => out.push_str(&number(*value)),
        Value::Text(text) => quote(text, out),
        Value::List(list) if list.items.is_empty() => out.push_str("[]"),
        Value::List(list) => {
            for (index, item) in list.items.iter().enumerate() {
                out.push_str(if index == 0 { "[" } else { "," });
                line(depth + 1, out);
                write(item, depth + 1, out, meter)?;
            }
            line(depth, out);
            out.push(']');
        }
        Value::Map(map) if map.entries.is_empty() => out.push_str("{}"),
        Value::Map(map) => {
            for (index, (key, item)) in map.entries.iter().enumerate() {
                out.push_str(if index == 0 { "{" } else { "," });
                line(depth + 1, out);
                quote(key, out);
                out.push_str(": ");
                write(item, depth + 1, out, meter)?;
            }
            line(depth, out);
            out.push('}');
        }
        Value::Groups(_) => {
            let message = format!("json: unsupported type: {}", value.go_type());
            return Err(Error::at(0, message));
        }
    }
    Ok(())
}

fn line(depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// Go's encoder: an exponent below 1e-6 and from 1e21 on, `e-09` as `e-9`.
fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (bits >> (18 - 6 * place)) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// The standard alphabet with padding; line breaks are skipped, as Go does.
fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b'\n' | b'\r'))
        .collect();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let digits = match bytes.as_slice() {
        [head @ .., b'=', b'='] | [head @ .., b'='] => head,
        all => all,
    };
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    for chunk in digits.chunks(4) {
        let mut bits = 0_u32;
        for byte in chunk {
            let digit = ALPHABET.iter().position(|known| known == byte)?;
            bits = bits << 6 | u32::try_from(digit).ok()?;
        }
        bits <<= 6 * (4 - chunk.len());
        out.extend(bits.to_be_bytes().into_iter().skip(1).take(chunk.len() - 1));
    }
    Some(out)
}
