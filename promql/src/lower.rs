//! From the grammar's tree to ours: operators resolved, regexes compiled, the unsupported refused.

use std::time::{Duration, UNIX_EPOCH};

use promql_parser::label::{MatchOp as ParsedOp, Matcher as ParsedMatcher};
use promql_parser::parser::{
    AtModifier, BinModifier, Expr as Parsed, LabelModifier, Offset, VectorMatchCardinality,
    VectorSelector,
};

use crate::METRIC_NAME;
use crate::error::{ParseError, ParseErrorKind};
use crate::expr::{Aggregator, At, Expr, Group, Grouping, Matching, Op, Selector};
use crate::functions;
use crate::invariant::is_step_invariant;
use crate::matcher::{MatchOp, Matcher, anchored};
use crate::place::Places;

/// Prometheus' default evaluation interval, which subqueries without a step use.
const DEFAULT_STEP_MS: i64 = 60_000;

pub(crate) struct Lowering<'a> {
    text: &'a str,
    /// Where to go on looking for the next selector in the text.
    cursor: usize,
    /// Where calls and their arguments are.
    places: Places<'a>,
    pub(crate) selectors: Vec<Selector>,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            cursor: 0,
            places: Places::new(text),
            selectors: Vec::new(),
        }
    }

    fn unsupported(&self, what: &str, needle: &str) -> ParseError {
        ParseError {
            kind: ParseErrorKind::Unsupported,
            offset: self.text.find(needle).unwrap_or(0),
            message: format!("{what} is not supported"),
            help: "it is refused rather than approximated".to_owned(),
        }
    }

    pub(crate) fn expr(&mut self, parsed: &Parsed) -> Result<Expr, ParseError> {
        match parsed {
            Parsed::NumberLiteral(number) => Ok(Expr::Number(number.val)),
            Parsed::StringLiteral(text) => Ok(Expr::Text(text.val.clone())),
            Parsed::Paren(paren) => self.expr(&paren.expr),
            Parsed::Unary(unary) => Ok(Expr::Negate(Box::new(self.expr(&unary.expr)?))),
            Parsed::VectorSelector(selector) => self.selector(selector, None),
            Parsed::MatrixSelector(matrix) => self.selector(&matrix.vs, Some(matrix.range)),
            Parsed::Binary(binary) => {
                let op = self.op(&binary.op.to_string())?;
                Ok(Expr::Binary {
                    op,
                    left: Box::new(self.expr(&binary.lhs)?),
                    right: Box::new(self.expr(&binary.rhs)?),
                    matching: self.matching(binary.modifier.as_ref())?,
                })
            }
            Parsed::Aggregate(aggregate) => {
                let op = aggregate.op.to_string();
                let starts = self.places.arguments(&op);
                let place = place_of(&starts, 0, aggregate.param.as_deref());
                let parameter = match &aggregate.param {
                    Some(parameter) => Some(Box::new(self.expr(parameter)?)),
                    None => None,
                };
                Ok(Expr::Aggregate {
                    op: self.aggregator(&op)?,
                    grouping: grouping(aggregate.modifier.as_ref()),
                    parameter,
                    place,
                    body: Box::new(self.expr(&aggregate.expr)?),
                })
            }
            Parsed::Call(call) => {
                let Some(function) = functions::known(call.func.name) else {
                    let what = format!("function {}()", call.func.name);
                    return Err(self.unsupported(&what, call.func.name));
                };
                let starts = self.places.arguments(function);
                let arguments = &call.args.args;
                // An argument that is computed once is wrapped before its parentheses go, unless
                // the whole call is (engine.go: `newStepInvariantExpr`).
                let whole = is_step_invariant(parsed);
                let places = arguments.iter().enumerate().map(|(index, argument)| {
                    if !whole && is_step_invariant(argument) {
                        return starts
                            .get(index)
                            .and_then(|s| s.first())
                            .copied()
                            .unwrap_or(0);
                    }
                    place_of(&starts, index, Some(argument))
                });
                Ok(Expr::Call {
                    function,
                    places: places.collect(),
                    arguments: arguments
                        .iter()
                        .map(|argument| self.expr(argument))
                        .collect::<Result<_, _>>()?,
                })
            }
            Parsed::Subquery(subquery) => Ok(Expr::Subquery {
                body: Box::new(self.expr(&subquery.expr)?),
                range_ms: millis(subquery.range),
                step_ms: subquery.step.map_or(DEFAULT_STEP_MS, millis).max(1),
                offset_ms: offset(subquery.offset.as_ref()),
                at: at(subquery.at.as_ref()),
            }),
            Parsed::Extension(_) => Err(self.unsupported("an extension", "")),
        }
    }

    fn selector(
        &mut self,
        selector: &VectorSelector,
        range: Option<Duration>,
    ) -> Result<Expr, ParseError> {
        if !selector.matchers.or_matchers.is_empty() {
            return Err(self.unsupported("`or` between matchers", " or "));
        }
        let position = self.place(selector);
        let mut matchers = Vec::new();
        if let Some(name) = &selector.name {
            matchers.push(Matcher {
                name: METRIC_NAME.to_owned(),
                op: MatchOp::Equal,
                value: name.clone(),
            });
        }
        for matcher in &selector.matchers.matchers {
            matchers.push(compile(matcher, position)?);
        }
        let name = matchers.iter().find(|m| m.name == METRIC_NAME);
        let name = name
            .filter(|m| matches!(m.op, MatchOp::Equal))
            .map(|m| m.value.clone());
        self.selectors.push(Selector {
            name,
            matchers,
            range_ms: range.map(millis),
            offset_ms: offset(selector.offset.as_ref()),
            at: at(selector.at.as_ref()),
            position,
        });
        Ok(Expr::Select(self.selectors.len() - 1))
    }

    /// Selectors are lowered in the order of the text, so the next mention of the name as a whole word is
    /// this one's.
    fn place(&mut self, selector: &VectorSelector) -> usize {
        let needle = selector.name.as_deref().unwrap_or("{");
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let rest = self.text.get(self.cursor..).unwrap_or_default();
        let whole = rest.match_indices(needle).find(|(at, _)| {
            let before = rest[..*at].chars().next_back();
            let after = rest[at + needle.len()..].chars().next();
            needle == "{" || !(before.is_some_and(word) || after.is_some_and(word))
        });
        let position = whole.map_or(0, |(found, _)| self.cursor + found);
        self.cursor = (position + needle.len()).min(self.text.len());
        position
    }

    fn op(&self, text: &str) -> Result<Op, ParseError> {
        Ok(match text {
            "+" => Op::Add,
            "-" => Op::Sub,
            "*" => Op::Mul,
            "/" => Op::Div,
            "%" => Op::Mod,
            "^" => Op::Pow,
            "atan2" => Op::Atan2,
            "==" => Op::Eq,
            "!=" => Op::Ne,
            ">" => Op::Gt,
            "<" => Op::Lt,
            ">=" => Op::Ge,
            "<=" => Op::Le,
            "and" => Op::And,
            "or" => Op::Or,
            "unless" => Op::Unless,
            other => return Err(self.unsupported(&format!("operator `{other}`"), other)),
        })
    }

    fn aggregator(&self, text: &str) -> Result<Aggregator, ParseError> {
        Ok(match text {
            "sum" => Aggregator::Sum,
            "avg" => Aggregator::Avg,
            "count" => Aggregator::Count,
            "min" => Aggregator::Min,
            "max" => Aggregator::Max,
            "group" => Aggregator::Group,
            "stddev" => Aggregator::Stddev,
            "stdvar" => Aggregator::Stdvar,
            "topk" => Aggregator::Topk,
            "bottomk" => Aggregator::Bottomk,
            "quantile" => Aggregator::Quantile,
            "count_values" => Aggregator::CountValues,
            other => return Err(self.unsupported(&format!("aggregation {other}()"), other)),
        })
    }

    fn matching(&self, modifier: Option<&BinModifier>) -> Result<Matching, ParseError> {
        let mut matching = Matching {
            on: false,
            labels: Vec::new(),
            group: Group::None,
            return_bool: false,
        };
        let Some(modifier) = modifier else {
            return Ok(matching);
        };
        if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
            return Err(self.unsupported("the fill modifier", "fill"));
        }
        matching.return_bool = modifier.return_bool;
        match &modifier.matching {
            Some(LabelModifier::Include(labels)) => {
                matching.on = true;
                matching.labels.clone_from(&labels.labels);
            }
            Some(LabelModifier::Exclude(labels)) => matching.labels.clone_from(&labels.labels),
            None => {}
        }
        matching.group = match &modifier.card {
            VectorMatchCardinality::ManyToOne(include) => Group::Left(include.labels.clone()),
            VectorMatchCardinality::OneToMany(include) => Group::Right(include.labels.clone()),
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => Group::None,
        };
        Ok(matching)
    }
}

/// Where Prometheus says an argument is: parentheses around all of it are unwrapped first, and a
/// subquery, which it has replaced by its result, is at the beginning (engine.go: `evalSubquery`).
fn place_of(starts: &[Vec<usize>], index: usize, argument: Option<&Parsed>) -> usize {
    let (mut inner, mut wrapped) = (argument, 0);
    while let Some(Parsed::Paren(paren)) = inner {
        inner = Some(&paren.expr);
        wrapped += 1;
    }
    if matches!(inner, Some(Parsed::Subquery(_))) {
        return 0;
    }
    let tokens = starts.get(index);
    tokens
        .and_then(|tokens| tokens.get(wrapped))
        .copied()
        .unwrap_or(0)
}

fn compile(matcher: &ParsedMatcher, position: usize) -> Result<Matcher, ParseError> {
    let bad = |error: &regex::Error| ParseError {
        kind: ParseErrorKind::Syntax,
        offset: position,
        message: format!("bad regular expression {:?}: {error}", matcher.value),
        help: String::new(),
    };
    let op = match &matcher.op {
        ParsedOp::Equal => MatchOp::Equal,
        ParsedOp::NotEqual => MatchOp::NotEqual,
        ParsedOp::Re(_) => MatchOp::Regex(anchored(&matcher.value).map_err(|e| bad(&e))?),
        ParsedOp::NotRe(_) => MatchOp::NotRegex(anchored(&matcher.value).map_err(|e| bad(&e))?),
    };
    Ok(Matcher {
        name: matcher.name.clone(),
        op,
        value: matcher.value.clone(),
    })
}

fn grouping(modifier: Option<&LabelModifier>) -> Grouping {
    match modifier {
        Some(LabelModifier::Include(labels)) => Grouping::By(labels.labels.clone()),
        Some(LabelModifier::Exclude(labels)) => Grouping::Without(labels.labels.clone()),
        None => Grouping::By(Vec::new()),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

fn offset(offset: Option<&Offset>) -> i64 {
    match offset {
        Some(Offset::Pos(duration)) => millis(*duration),
        Some(Offset::Neg(duration)) => -millis(*duration),
        None => 0,
    }
}

fn at(at: Option<&AtModifier>) -> Option<At> {
    at.map(|at| match at {
        AtModifier::Start => At::Start,
        AtModifier::End => At::End,
        AtModifier::At(time) => At::Millis(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after),
            Err(before) => -millis(before.duration()),
        }),
    })
}
