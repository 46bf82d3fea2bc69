//! Text to tokens, by the rules of expr's `parser/lexer`.

use super::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    Number,
    Text,
    Operator,
    Bracket,
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// As written; for `Text` the string meant.
    pub(super) text: String,
    /// Byte offset.
    pub(super) at: usize,
}

impl Token {
    pub(super) fn is(&self, kind: Kind, text: &str) -> bool {
        self.kind == kind && self.text == text
    }
}

const WORD_OPERATORS: [&str; 11] = [
    "not",
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank()?;
        let at = lexer.at;
        let Some(first) = lexer.peek() else {
            tokens.push(Token {
                kind: Kind::End,
                text: String::new(),
                at,
            });
            return Ok(tokens);
        };
        let (kind, meant) = lexer.token(first)?;
        let text = meant.unwrap_or_else(|| text[at..lexer.at].to_owned());
        tokens.push(Token { kind, text, at });
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, set: &str) -> bool {
        let hit = self.peek().is_some_and(|c| set.contains(c));
        if hit {
            self.next();
        }
        hit
    }

    fn accept_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
    }

    /// Blanks and both kinds of comments.
    fn skip_blank(&mut self) -> Result<(), Error> {
        loop {
            self.accept_while(char::is_whitespace);
            if self.rest().starts_with("//") {
                self.accept_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                let Some(end) = self.rest()[2..].find("*/") else {
                    return Err(Error::at(self.at, "unclosed comment"));
                };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self, first: char) -> Result<(Kind, Option<String>), Error> {
        let start = self.at;
        if first.is_ascii_digit() {
            return self.number().map(|()| (Kind::Number, None));
        }
        if is_word(first) {
            self.accept_while(is_word);
            let word = &self.text[start..self.at];
            if matches!(word, "b" | "B") && self.peek().is_some_and(|c| matches!(c, '"' | '\'')) {
                let help = "write an ordinary string";
                return Err(Error::uncovered(start, "byte strings").help(help));
            }
            let operator = WORD_OPERATORS.contains(&word);
            let kind = if operator {
                Kind::Operator
            } else {
                Kind::Identifier
            };
            return Ok((kind, None));
        }
        self.next();
        match first {
            '"' | '\'' => return Ok((Kind::Text, Some(self.quoted(first, start)?))),
            '`' => return Ok((Kind::Text, Some(self.raw(start)?))),
            '(' | ')' | '[' | ']' | '{' | '}' => return Ok((Kind::Bracket, None)),
            ',' | ';' | '%' | '+' | '-' | '^' | '/' | '#' => {}
            '|' => drop(self.accept("|")),
            ':' => drop(self.accept(":")),
            '?' => drop(self.accept(".?")),
            '&' | '!' | '=' | '*' | '<' | '>' => drop(self.accept("&=*")),
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.at = start;
                return self.number().map(|()| (Kind::Number, None));
            }
            '.' => drop(self.accept(".")),
            other => {
                return Err(Error::at(
                    start,
                    format!("unrecognized character {other:?}"),
                ));
            }
        }
        Ok((Kind::Operator, None))
    }

    fn number(&mut self) -> Result<(), Error> {
        let start = self.at;
        let mut digits: fn(char) -> bool = |c| c.is_ascii_digit() || c == '_';
        if self.accept("0") {
            if self.accept("xX") {
                digits = |c| c.is_ascii_hexdigit() || c == '_';
            } else if self.accept("oO") || self.accept("bB") {
            }
        }
        self.accept_while(digits);
        // `1..2` is a range, not `1.` and `.2`.
        if self.rest().starts_with('.') && !self.rest().starts_with("..") {
            self.next();
            self.accept_while(digits);
        }
        if self.accept("eE") {
            self.accept("+-");
            self.accept_while(digits);
        }
        if self.peek().is_some_and(is_word) {
            let word = self.text[start..self.at].to_owned();
            return Err(Error::at(start, format!("bad number syntax: {word:?}")));
        }
        Ok(())
    }

    fn raw(&mut self, start: usize) -> Result<String, Error> {
        let Some(end) = self.rest().find('`') else {
            return Err(Error::at(start, "literal not terminated"));
        };
        let text = self.rest()[..end].to_owned();
        self.at += end + 1;
        Ok(text)
    }

    fn quoted(&mut self, quote: char, start: usize) -> Result<String, Error> {
        let mut out = String::new();
        loop {
            let escape_at = self.at;
            match self.next() {
                None | Some('\n') => return Err(Error::at(start, "literal not terminated")),
                Some(c) if c == quote => return Ok(out),
                Some('\\') => {
                    let unescaped = self.escape();
                    out.push(unescaped.ok_or_else(|| Error::at(escape_at, "invalid escape"))?);
                }
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let (digits, radix) = match self.next()? {
            'a' => return Some('\x07'),
            'b' => return Some('\x08'),
            'f' => return Some('\x0c'),
            'n' => return Some('\n'),
            'r' => return Some('\r'),
            't' => return Some('\t'),
            'v' => return Some('\x0b'),
            c @ ('\\' | '\'' | '"' | '`' | '?') => return Some(c),
            'x' | 'X' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='3' => {
                self.at -= 1;
                (3, 8)
            }
            _ => return None,
        };
        let code = self.rest().get(..digits)?;
        let code = u32::from_str_radix(code, radix).ok()?;
        self.at += digits;
        char::from_u32(code)
    }
}

/// expr's IsAlphaNumeric.
fn is_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}
