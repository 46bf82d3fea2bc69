//! Ranges, steps and offsets that no duration can hold: the grammar's crate panics on some.

use crate::place::{Token, tokens};

/// The most seconds that Prometheus' durations, nanoseconds in 64 bits, hold: 292 years
/// (`promql/parser/generated_parser.y`: duration out of range).
const SECONDS_MAX: f64 = i64::MAX as f64 / 1e9;

/// The place of the first range, step or offset that is out of range.
pub(crate) fn out_of_range(text: &str) -> Option<usize> {
    let (mut brackets, mut after_offset) = (0_usize, false);
    for Token { at, text: word } in tokens(text) {
        match word {
            "[" => brackets += 1,
            "]" => brackets = brackets.saturating_sub(1),
            // An offset's sign.
            "+" | "-" => continue,
            _ if brackets > 0 || after_offset => {
                let mut start = at;
                // A range and its step are one word.
                for piece in word.split(':') {
                    if !fits(with_exponent(text, start, piece)) {
                        return Some(start);
                    }
                    start += piece.len() + 1;
                }
            }
            _ => {}
        }
        after_offset = word.eq_ignore_ascii_case("offset");
    }
    None
}

/// A number with the signed exponent that may follow it: `1e` in `1e+30`.
fn with_exponent<'a>(text: &'a str, start: usize, number: &'a str) -> &'a str {
    let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let hexadecimal = number.starts_with("0x") || number.starts_with("0X");
    let rest = text.get(start + number.len()..).unwrap_or_default();
    if !is_number || hexadecimal || !number.ends_with(['e', 'E']) || !rest.starts_with(['+', '-']) {
        return number;
    }
    let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
    text.get(start..start + number.len() + 1 + digits)
        .unwrap_or(number)
}

/// Whether a number of seconds, or a duration with units, is one that can be held. What is neither
/// is the grammar's to refuse.
fn fits(token: &str) -> bool {
    let plain = token.replace('_', "");
    if let Ok(seconds) = plain.parse::<f64>() {
        return seconds.abs() <= SECONDS_MAX;
    }
    promql_parser::util::parse_duration(token)
        .map_or(true, |duration| duration.as_secs_f64() <= SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_duration_holds_is_found_where_it_stands() {
        for (text, at) in [
            ("up[2222222222222222222222]", 3),
            ("up offset 1e30", 10),
            ("up OFFSET -1e30", 11),
            ("up offset - Inf", 12),
            ("up[5m:1e+30]", 6),
            ("up[ # [1]\n 1e30]", 11),
            ("rate(x{a=\"[1e30]\"}[5m]) + y[300y]", 28),
            ("+__[][2222222222222222222222][2]2\u{cd}Ol", 6),
        ] {
            assert_eq!(out_of_range(text), Some(at), "{text}");
        }
    }

    #[test]
    fn ordinary_durations_and_large_numbers_elsewhere_are_left_alone() {
        for text in [
            "up[5m] offset 1d",
            "up[5m:] > 1e30",
            "up[292y]",
            "up[0x10:1_000]",
            "a:b:1e30 + 1e300",
            "up @ 1e30",
            "\"[1e30]\"",
            "'open [1e30",
            "offset",
        ] {
            assert_eq!(out_of_range(text), None, "{text}");
        }
    }
}
