//! Ranges, steps and offsets that no duration can hold: the grammar's crate panics on some.

/// The most seconds that Prometheus' durations, nanoseconds in 64 bits, hold: 292 years
/// (`promql/parser/generated_parser.y`: duration out of range).
const SECONDS_MAX: f64 = i64::MAX as f64 / 1e9;

/// The place of the first range, step or offset that is out of range.
pub(crate) fn out_of_range(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut brackets, mut expected) = (0, 0_usize, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => {
                at = string_end(bytes, at);
                expected = false;
            }
            b'#' => at += bytes[at..].iter().take_while(|b| **b != b'\n').count(),
            b'+' | b'-' => at += 1,
            byte if byte.is_ascii_whitespace() => at += 1,
            byte if byte.is_ascii_alphanumeric() || *byte == b'.' || *byte == b'_' => {
                let end = token_end(bytes, at);
                let token = &text[at..end];
                if expected && !fits(token) {
                    return Some(at);
                }
                expected = token.eq_ignore_ascii_case("offset");
                at = end;
            }
            byte => {
                brackets += usize::from(*byte == b'[');
                brackets = brackets.saturating_sub(usize::from(*byte == b']'));
                expected = *byte == b'[' || (*byte == b':' && brackets > 0);
                at += 1;
            }
        }
    }
    None
}

/// Behind the closing quote, or at the end of the text.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let quote = bytes[open];
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte == quote {
            break;
        }
        if *byte == b'\\' && quote != b'`' {
            at += 1;
        }
    }
    at.min(bytes.len())
}

/// Behind a word or a number; the sign of an exponent belongs to it.
fn token_end(bytes: &[u8], start: usize) -> usize {
    let hexadecimal = matches!(bytes.get(start + 1), Some(b'x' | b'X'));
    let mut end = start + 1;
    while let Some(byte) = bytes.get(end) {
        let signed = matches!(byte, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E');
        let exponent = signed && bytes[start].is_ascii_digit() && !hexadecimal;
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || exponent) {
            break;
        }
        end += 1;
    }
    end
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
