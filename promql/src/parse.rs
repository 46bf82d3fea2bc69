//! From text to a checked query, with errors that say where and how to mend.

use crate::error::{ParseError, ParseErrorKind};
use crate::expr::{Expr, ResultType, Selector};
use crate::lower::Lowering;

/// Longer texts are refused: nothing that people write comes near.
const TEXT_MAX: usize = 16 * 1024;
/// Deeper nesting is refused, so that no walk over the tree can exhaust the stack.
const DEPTH_MAX: usize = 100;
/// More operators than this make a tree as deep as they are many.
const OPERATORS_MAX: usize = 500;

/// A parsed and checked query.
#[derive(Clone, Debug)]
pub struct Query {
    text: String,
    pub(crate) expr: Expr,
    pub(crate) selectors: Vec<Selector>,
    result_type: ResultType,
}

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// The first mistake with its byte offset, cause and cure.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        check_size(text)?;
        if let Some(offset) = crate::duration::out_of_range(text) {
            let help = "ranges, steps and offsets reach 292 years at most";
            return Err(syntax(offset, "duration out of range", help));
        }
        let parsed = promql_parser::parser::parse(text).map_err(|cause| explain(text, &cause))?;
        let mut lowering = Lowering::new(text);
        let expr = lowering.expr(&parsed)?;
        Ok(Self {
            text: text.to_owned(),
            expr,
            selectors: lowering.selectors,
            result_type: result_type(&parsed),
        })
    }

    /// The text as given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What evaluating it at an instant yields.
    #[must_use]
    pub const fn result_type(&self) -> ResultType {
        self.result_type
    }

    /// Whether it is a bare selector.
    #[must_use]
    pub const fn is_selector(&self) -> bool {
        matches!(self.expr, Expr::Select(_))
    }

    /// The checked expression.
    #[must_use]
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Every selector, in the order of the text.
    #[must_use]
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }
}

fn result_type(parsed: &promql_parser::parser::Expr) -> ResultType {
    use promql_parser::parser::value::ValueType;
    match parsed.value_type() {
        ValueType::Scalar => ResultType::Scalar,
        ValueType::Vector => ResultType::Vector,
        ValueType::Matrix => ResultType::Matrix,
        ValueType::String => ResultType::String,
    }
}

fn syntax(offset: usize, message: impl Into<String>, help: impl Into<String>) -> ParseError {
    ParseError {
        kind: ParseErrorKind::Syntax,
        offset,
        message: message.into(),
        help: help.into(),
    }
}

/// Bounds what the parser and the walks over its tree can cost; also finds unbalanced brackets and
/// quotes, for which the grammar gives no position.
fn check_size(text: &str) -> Result<(), ParseError> {
    if text.len() > TEXT_MAX {
        let message = format!("query of {} bytes is too long", text.len());
        return Err(syntax(
            TEXT_MAX,
            message,
            format!("the limit is {TEXT_MAX} bytes"),
        ));
    }
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut operators = 0;
    // The operators of matchers are not nested.
    let operators_max = OPERATORS_MAX + text.matches('{').count() * 20;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' | '`' => skip_string(at, c, &mut chars)?,
            '#' => {
                for (_, c) in chars.by_ref() {
                    if c == '\n' {
                        break;
                    }
                }
            }
            '(' | '[' | '{' => {
                open.push((at, c));
                if open.len() > DEPTH_MAX {
                    let help = format!("at most {DEPTH_MAX} levels are read");
                    return Err(syntax(at, "nested too deeply", help));
                }
            }
            ')' | ']' | '}' => close(at, c, &mut open)?,
            '+' | '-' | '*' | '/' | '%' | '^' | '<' | '>' | '=' | '!' | ' ' | '\n' | '\t' => {
                operators += usize::from(!c.is_whitespace());
            }
            _ => {}
        }
        if operators > operators_max {
            let help = format!("at most {OPERATORS_MAX} operators are read");
            return Err(syntax(at, "too many operators", help));
        }
    }
    if let Some((at, c)) = open.pop() {
        let message = format!("`{c}` is never closed");
        return Err(syntax(
            at,
            message,
            format!("add the missing `{}`", closing(c)),
        ));
    }
    let words = ["and", "or", "unless", "atan2"];
    let set_operators = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| words.iter().any(|w| word.eq_ignore_ascii_case(w)))
        .count();
    if set_operators > OPERATORS_MAX {
        return Err(syntax(0, "too many operators", ""));
    }
    Ok(())
}

fn skip_string(
    at: usize,
    quote: char,
    chars: &mut std::str::CharIndices<'_>,
) -> Result<(), ParseError> {
    while let Some((_, c)) = chars.next() {
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote != '`' {
            chars.next();
        }
    }
    let message = format!("string that opens with {quote} is never closed");
    Err(syntax(at, message, format!("add the missing {quote}")))
}

const fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

fn close(at: usize, c: char, open: &mut Vec<(usize, char)>) -> Result<(), ParseError> {
    match open.pop() {
        Some((_, opened)) if closing(opened) == c => Ok(()),
        Some((opened_at, opened)) => {
            let message = format!("`{c}` closes a `{opened}` opened at byte {opened_at}");
            Err(syntax(
                at,
                message,
                format!("expected `{}`", closing(opened)),
            ))
        }
        None => Err(syntax(at, format!("`{c}` closes nothing"), "remove it")),
    }
}

/// The grammar's message with a place: what it names is looked up in the text, else the longest
/// prefix that could still become a query marks it.
fn explain(text: &str, cause: &str) -> ParseError {
    if text.split('\n').all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    }) {
        let help = "a `#` comment swallows the rest of its line; Flagger joins all lines into one";
        return syntax(0, "no expression found", help);
    }
    let named = quoted(cause).or_else(|| after_colon(cause));
    let named = named.and_then(|word| text.find(word));
    let offset = named.unwrap_or_else(|| broken_matcher(text).unwrap_or(0));
    let help = match () {
        () if text.contains("~=") => "the regular expression operator is `=~`, not `~=`",
        () if cause.contains("matrix") || cause.contains("range vector") => {
            "put the range inside rate(), increase() or an *_over_time function"
        }
        () if cause == "invalid promql query" && text.contains('{') => {
            "check commas between matchers, and that label names have no dashes"
        }
        () => "",
    };
    let offset = text.find("~=").unwrap_or(offset);
    let message = if cause == "invalid promql query" {
        "invalid PromQL"
    } else {
        cause
    };
    syntax(offset, message, help)
}

/// The first `name op "value"` inside braces that is not followed by a comma or a closing brace.
fn broken_matcher(text: &str) -> Option<usize> {
    let inside = text.find('{')?;
    let mut rest = text.get(inside + 1..)?;
    let mut at = inside + 1;
    loop {
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let name_len = trimmed
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(trimmed.len());
        let after = trimmed.get(name_len..)?.trim_start();
        let op = ["=~", "!~", "!=", "="]
            .iter()
            .find(|op| after.starts_with(**op));
        let Some(op) = op else {
            return Some(at + name_len);
        };
        let value = after.get(op.len()..)?.trim_start();
        let quote = value
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\'' | '`'));
        let Some(quote) = quote else {
            return Some(text.len() - value.len());
        };
        let end = value.get(1..)?.find(quote)? + 2;
        let tail = value.get(end..)?.trim_start();
        if let Some(next) = tail.strip_prefix(',') {
            at = text.len() - next.len();
            rest = next;
        } else if tail.starts_with('}') {
            return None;
        } else {
            return Some(text.len() - tail.len());
        }
    }
}

/// What stands behind the message's last colon (`bad number or duration syntax: 2x`).
fn after_colon(cause: &str) -> Option<&str> {
    let (_, word) = cause.rsplit_once(": ")?;
    Some(word.trim()).filter(|word| !word.is_empty())
}

fn quoted(cause: &str) -> Option<&str> {
    let start = cause.find(['\'', '"', '`'])?;
    let quote = cause.get(start..)?.chars().next()?;
    let rest = cause.get(start + 1..)?;
    rest.get(..rest.find(quote)?)
        .filter(|word| !word.is_empty())
}
