//! Numbers as people read them.

use coalmine_policy::Span;

use crate::interval::{Estimate, Rate};

/// What stands where nothing was observed.
pub const NOTHING: &str = "–";

/// `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A difference of counts: `+1,234`, `-56`.
#[must_use]
pub fn signed(x: f64) -> String {
    let sign = if x <= -0.5 { '-' } else { '+' };
    format!("{sign}{}", count(x.abs().round() as u64))
}

/// A share as `12.3 %`, never rounded to what it is not: `<0.1 %` and `>99.9 %` near the ends.
#[must_use]
pub fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    match text.as_str() {
        "0.0" if share > 0.0 => "<0.1 %".to_owned(),
        "100.0" if share < 1.0 => ">99.9 %".to_owned(),
        _ => format!("{text} %"),
    }
}

/// `12.3 % (10.4–14.5)`.
#[must_use]
pub fn rate(rate: &Rate) -> String {
    share(rate.share, (rate.low, rate.high))
}

/// A share that was not counted, likewise.
#[must_use]
pub fn share(share: f64, ends: (f64, f64)) -> String {
    format!("{} ({})", percent(share), between(ends))
}

/// `10.4–14.5`, in percent: the interval of a rate.
#[must_use]
pub fn interval(rate: &Rate) -> String {
    between((rate.low, rate.high))
}

/// The same of an interval of shares.
#[must_use]
pub fn between(ends: (f64, f64)) -> String {
    let (low, high) = outwards(ends);
    format!("{low:.1}–{high:.1}")
}

/// The ends of an interval of shares in percent, rounded outwards to a decimal: it never claims more
/// than the interval does.
#[must_use]
pub fn outwards((low, high): (f64, f64)) -> (f64, f64) {
    // Not -0.
    let tenths = |x: f64| x / 10.0 + 0.0;
    (
        tenths((low * 1000.0).floor()),
        tenths((high * 1000.0).ceil()),
    )
}

/// A time in nanoseconds as `2m05s`.
#[must_use]
pub fn time(nanos: u64) -> String {
    Span::from_nanos(nanos).to_string()
}

/// A quantile with its interval, open where there are too few observations: `2m05s (1m50s–?)`.
#[must_use]
pub fn quantile(estimate: Option<Estimate>, text: impl Fn(u64) -> String) -> String {
    estimate.map_or_else(
        || NOTHING.to_owned(),
        |estimate| format!("{} ({})", text(estimate.value), ends(&estimate, &text)),
    )
}

/// The interval of a quantile: `1m50s–2m10s`.
#[must_use]
pub fn ends(estimate: &Estimate, text: impl Fn(u64) -> String) -> String {
    let end = |end: Option<u64>| end.map_or("?".to_owned(), &text);
    format!("{}–{}", end(estimate.low), end(estimate.high))
}

/// A quantile with the distance of its interval's farther end, in percent of it and rounded up, where
/// there is no room for both: `2m05s±4%`. `±?` where an end is open.
#[must_use]
pub fn about(estimate: Option<Estimate>, text: impl Fn(u64) -> String) -> String {
    let Some(estimate) = estimate else {
        return NOTHING.to_owned();
    };
    let Estimate {
        value, low, high, ..
    } = estimate;
    let reach = low.zip(high);
    let reach =
        reach.map(|(low, high)| (value.saturating_sub(low)).max(high.saturating_sub(value)));
    let reach = match reach {
        None => "?".to_owned(),
        Some(0) => "0".to_owned(),
        Some(reach) if value == 0 => text(reach),
        Some(reach) => format!("{}%", (100.0 * reach as f64 / value as f64).ceil()),
    };
    format!("{}±{reach}", text(value))
}

/// Seconds as `2m05s`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    Span::from_secs(seconds.round().max(0.0) as u64).to_string()
}

/// An amount of money without its unit, to three digits or whole.
#[must_use]
pub fn money(amount: f64) -> String {
    match amount.abs() {
        a if a < 9.995 => format!("{amount:.2}"),
        a if a < 99.95 => format!("{amount:.1}"),
        _ if amount < 0.0 => format!("-{}", count(-amount.round() as u64)),
        _ => count(amount.round() as u64),
    }
}

/// A p-value, as small as anybody should believe it.
#[must_use]
pub fn p_value(p: f64) -> String {
    if p < 0.001 {
        "<0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

/// `1 policy`, `6 policies`.
#[must_use]
pub fn counted(n: usize, one: &str, many: &str) -> String {
    let noun = if n == 1 { one } else { many };
    format!("{} {noun}", count(n as u64))
}

/// Lines of at most `width` characters, broken at spaces; a longer word stands alone.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The same for text with numbers: a sign stays with its number, and a word that is longer than a
/// line is cut.
#[must_use]
pub fn wrap_numbers(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let words = text.split_whitespace();
    let mut glued: Vec<String> = Vec::new();
    for word in words {
        let sign = |word: &str| {
            let word = word.trim_start_matches('(');
            matches!(word, "=" | "<=" | ">=" | "<" | ">" | "×" | "x")
        };
        match glued.last_mut() {
            Some(last)
                if word.starts_with('%')
                    || word == "="
                    || last.rsplit(' ').next().is_some_and(sign) =>
            {
                last.push(' ');
                last.push_str(word);
            }
            _ => glued.push(word.to_owned()),
        }
    }
    let mut line = String::new();
    for word in glued {
        let room = width.saturating_sub(line.chars().count());
        if !line.is_empty() && word.chars().count() + 1 > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
        while let Some((at, _)) = line.char_indices().nth(width) {
            let rest = line.split_off(at);
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_ends_are_honest() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(0.0001), "<0.1 %");
        assert_eq!(percent(0.9999), ">99.9 %");
        assert_eq!(percent(1.0), "100.0 %");
        let five = Rate::wilson(5, 100).expect("n is positive");
        assert_eq!(rate(&five), "5.0 % (2.1–11.2)");
        let never = Rate::wilson(0, 1_000_000).expect("n is positive");
        assert_eq!(interval(&never), "0.0–0.1");
    }

    #[test]
    fn wrapping_keeps_words_whole() {
        assert_eq!(wrap("aa bb  cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("abcdefgh b", 5), ["abcdefgh", "b"]);
        assert!(wrap(" ", 5).is_empty());
        assert_eq!(wrap_numbers("abcdefgh b", 5), ["abcde", "fgh b"]);
        assert_eq!(
            wrap_numbers("it was 50.0 %, (<= 5) so", 9),
            ["it was", "50.0 %,", "(<= 5) so"]
        );
    }
}
