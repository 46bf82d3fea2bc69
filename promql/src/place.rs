//! Where calls and their arguments begin in the text: the grammar's tree does not say.

/// A token that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// Its first byte.
    pub(crate) at: usize,
    /// A word, a bracket, a comma, or the first character of anything else.
    pub(crate) text: &'a str,
}

/// Finds calls in the order in which they stand in the text.
pub(crate) struct Places<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            tokens: tokens(text),
            next: 0,
        }
    }

    /// The beginnings of the arguments of the next call of a function or aggregation, for each the
    /// places of its first tokens: parentheses around it come before what they hold.
    pub(crate) fn arguments(&mut self, name: &str) -> Vec<Vec<usize>> {
        let Some(open) = (self.next..self.tokens.len()).find_map(|at| self.opens(at, name)) else {
            return Vec::new();
        };
        self.next = open + 1;
        let mut starts = vec![self.beginning(open + 1)];
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open + 1) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => break,
                ")" | "]" | "}" => depth -= 1,
                "," if depth == 0 => starts.push(self.beginning(index + 1)),
                _ => {}
            }
        }
        starts
    }

    /// The parenthesis that opens the arguments, if the token is the call's name; an aggregation
    /// may have its grouping first.
    fn opens(&self, at: usize, name: &str) -> Option<usize> {
        let text = |at: usize| self.tokens.get(at).map_or("", |token| token.text);
        if !text(at).eq_ignore_ascii_case(name) {
            return None;
        }
        let mut next = at + 1;
        if ["by", "without"]
            .iter()
            .any(|word| text(next).eq_ignore_ascii_case(word))
        {
            let labels = self.tokens.get(next..)?;
            next += labels.iter().position(|token| token.text == ")")? + 1;
        }
        (text(next) == "(").then_some(next)
    }

    fn beginning(&self, from: usize) -> Vec<usize> {
        let rest = self.tokens.get(from..).unwrap_or_default();
        let parentheses = rest.iter().take_while(|token| token.text == "(").count();
        rest.iter()
            .take(parentheses + 1)
            .map(|token| token.at)
            .collect()
    }
}

/// The tokens of a query; comments are none, and of a string only its opening quote is kept.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c.is_whitespace() => continue,
            '#' => {
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            '"' | '\'' | '`' => {
                while let Some((_, inner)) = chars.next() {
                    if inner == c {
                        break;
                    }
                    if inner == '\\' && c != '`' {
                        chars.next();
                    }
                }
            }
            // Numbers and durations are words too, so that no unit is taken for a name.
            _ if is_word(c) => while chars.next_if(|(_, c)| is_word(*c)).is_some() {},
            _ => {}
        }
        let end = match c {
            '"' | '\'' | '`' => at + 1,
            _ => chars.peek().map_or(text.len(), |(next, _)| *next),
        };
        tokens.push(Token {
            at,
            text: text.get(at..end).unwrap_or_default(),
        });
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_past_labels_strings_and_comments() {
        let text = "sum by (rate) ( # rate(\n rate(a{b=\"rate(\"}[5m])) / rate( (x[1m]))";
        let mut places = Places::new(text);
        let first = text.find("rate(a").expect("there");
        assert_eq!(places.arguments("sum"), [vec![first]]);
        assert_eq!(places.arguments("rate"), [vec![first + 5]]);
        let second = text.find("(x").expect("there");
        assert_eq!(places.arguments("rate"), [vec![second, second + 1]]);
        let mut places = Places::new("QUANTILE by (a, b) (0.5, f(x, y))");
        assert_eq!(places.arguments("quantile"), [vec![20], vec![25]]);
        assert_eq!(places.arguments("f"), [vec![27], vec![30]]);
        assert_eq!(places.arguments("g"), Vec::<Vec<usize>>::new());
    }
}
