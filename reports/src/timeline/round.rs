//! Measured values with as many digits as people read.

/// Significant digits.
const DIGITS: i32 = 6;
/// Limits have hardly ever more.
const LIMIT_DIGITS: usize = 4;

/// The text with each decimal fraction in it rounded to six significant digits. Whole numbers,
/// exponents and words stay, and so does what lies next to a number as short as limits are: it
/// would read as if 0.94999999 were the 0.95 that it fails to reach.
pub(super) fn rounded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, after) = from.split_at(end.unwrap_or(from.len()));
        let in_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        out.push_str(before);
        match short(number).filter(|_| !in_word) {
            Some(short) => out.push_str(&short),
            None => out.push_str(number),
        }
        rest = after;
    }
    out + rest
}

/// `None` when the number had better stay as it is.
fn short(number: &str) -> Option<String> {
    if !number.contains('.') {
        return None;
    }
    let value: f64 = number.parse().ok().filter(|&value| value > 0.0)?;
    let magnitude = value.log10().floor() as i32;
    let decimals = usize::try_from(DIGITS - 1 - magnitude).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    let digits = text.trim_start_matches(['0', '.']);
    let like_a_limit = digits.chars().filter(char::is_ascii_digit).count() <= LIMIT_DIGITS;
    (text.len() < number.len() && !like_a_limit).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_rounded_wherever_they_stand() {
        for (text, expected) in [
            ("98.76543209876543", "98.7654"),
            ("[0.9812345678,1]", "[0.981235,1]"),
            ("-0.000012345678", "-0.0000123457"),
            ("1.23456789e-07", "1.23457e-07"),
            ("1234567.891", "1234568"),
            ("x-1 0.12345000000000001", "x-1 0.12345"),
        ] {
            assert_eq!(rounded(text), expected);
        }
    }

    #[test]
    fn nothing_else_changes() {
        for text in [
            "79.8",
            "12345678",
            "0.99999999",
            "0.94999999",
            "0.30000000000000004",
            "100.00000001",
            "no values",
            "NaN",
            "v1.23456789.5",
            "a0.123456789",
            "1.2.3.4.5.6.7.8",
            "0.00000000",
            "",
        ] {
            assert_eq!(rounded(text), text);
        }
    }
}
