//! The number of a condition: `0.95` in `result[0] >= 0.95`.

use std::ops::Range;

/// The number that a condition compares with, and its place in the text; `None` unless there is
/// exactly one. Indices, and what is in quotes, are no limits.
pub(super) fn limit(text: &str) -> Option<(f64, Range<usize>)> {
    let numbers = numbers(text);
    match numbers.as_slice() {
        [range] => {
            let number = text.get(range.clone())?.parse().ok()?;
            Some((number, range.clone()))
        }
        _ => None,
    }
}

fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut quote, mut depth) = (None, 0_usize);
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            // A sign or a point before it makes it another number.
            (None, c) if c.is_ascii_digit() && !is_word(before) && !matches!(before, '.' | '-') => {
                let mut end = at + 1;
                while let Some((next, _)) = chars.next_if(|(_, c)| is_word(*c) || *c == '.') {
                    end = next + 1;
                }
                if depth == 0 {
                    found.push(at..end);
                }
            }
            _ => {}
        }
        before = c;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_one_number_that_is_no_index() {
        for (text, wanted) in [
            ("result[0] >= 0.95", Some((0.95, "0.95"))),
            ("result <= 500", Some((500.0, "500"))),
            ("len(result) > 0 && result[0] < 0.05", None),
            ("isNaN(result) || result[10] > .5", None),
            ("asFloat(result.p99) <= 1e3", Some((1000.0, "1e3"))),
            ("result.code == '500'", None),
            ("default(result, 0) < 5", None),
            ("result[0] > -1", None),
        ] {
            let found = limit(text);
            let found = found.map(|(number, range)| (number, &text[range]));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
