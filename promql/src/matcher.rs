//! Label matchers.

use regex::Regex;

/// How a label is compared.
#[derive(Clone, Debug)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends; the dot matches newlines too, as since Prometheus 3.0.
    Regex(Regex),
    /// `!~`
    NotRegex(Regex),
}

/// One condition of a selector.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// The comparison.
    pub op: MatchOp,
    /// The right-hand side as written.
    pub value: String,
}

impl Matcher {
    /// Whether a label value (empty when the label is missing) satisfies it.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match &self.op {
            MatchOp::Equal => self.value == value,
            MatchOp::NotEqual => self.value != value,
            MatchOp::Regex(regex) => regex.is_match(value),
            MatchOp::NotRegex(regex) => !regex.is_match(value),
        }
    }

    /// The operator as written.
    #[must_use]
    pub const fn op_text(&self) -> &'static str {
        match self.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex(_) => "=~",
            MatchOp::NotRegex(_) => "!~",
        }
    }
}

/// Compiles a regular expression as Prometheus does.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(1 << 20)
        .build()
}
