//! Operands: literals, names, calls, members, slices.

use super::super::Error;
use super::super::ast::{Child, Function, Kind as Tree, Pointer, Unary};
use super::super::builtins::Builtin;
use super::super::lexer::{Kind, Token};
use super::{Parser, unexpected};

impl Parser {
    pub(super) fn primary(&mut self) -> Result<Child, Error> {
        let token = self.current().clone();
        if token.kind == Kind::Operator {
            let unary = match token.text.as_str() {
                "not" | "!" => Some((Unary::Not, 50)),
                "-" => Some((Unary::Minus, 90)),
                "+" => Some((Unary::Plus, 90)),
                _ => None,
            };
            if let Some((operator, binds)) = unary {
                self.next += 1;
                let operand = self.expression(binds)?;
                let node = self.node(token.at, Tree::Unary(operator, operand))?;
                return self.postfix(node);
            }
            if self.predicates > 0 && matches!(token.text.as_str(), "#" | ".") {
                let node = self.pointer(&token)?;
                return self.postfix(node);
            }
            if token.text == "::" {
                self.next += 1;
                let name = self.identifier()?;
                let node = self.call(&name, Vec::new(), true)?;
                return self.postfix(node);
            }
        }
        if self.accept(Kind::Bracket, "(") {
            let node = self.sequence()?;
            self.expect(Kind::Bracket, ")")?;
            return self.postfix(node);
        }
        let node = self.operand(token)?;
        match node.kind {
            // parser.go: these take no postfix.
            Tree::Bool(_) | Tree::Nil | Tree::Int(_) | Tree::Float(_) => Ok(node),
            _ => self.postfix(node),
        }
    }

    fn pointer(&mut self, token: &Token) -> Result<Child, Error> {
        let mut pointer = Pointer::Item;
        // A leading `.` is left to the postfix: `.value` is `#.value`.
        if token.text == "#" {
            self.next += 1;
            let glued = self.current().at == token.at + 1;
            if glued && self.current().kind == Kind::Identifier {
                let name = self.take();
                pointer = match name.text.as_str() {
                    "index" => Pointer::Index,
                    "acc" => Pointer::Accumulator,
                    _ => {
                        let message = format!("unknown pointer #{}", name.text);
                        return Err(Error::at(token.at, message));
                    }
                };
            }
        }
        self.node(token.at, Tree::Pointer(pointer))
    }

    fn operand(&mut self, token: Token) -> Result<Child, Error> {
        match token.kind {
            Kind::Identifier => {
                self.next += 1;
                let kind = match token.text.as_str() {
                    "true" => Tree::Bool(true),
                    "false" => Tree::Bool(false),
                    "nil" => Tree::Nil,
                    _ if self.is(Kind::Bracket, "(") => {
                        return self.call(&token, Vec::new(), false);
                    }
                    "$env" => {
                        let help = "write `result`, the only value in it";
                        return Err(Error::uncovered(token.at, "`$env`").help(help));
                    }
                    name => Tree::Name(name.into()),
                };
                self.node(token.at, kind)
            }
            Kind::Number => {
                self.next += 1;
                let kind = number(&token)?;
                self.node(token.at, kind)
            }
            Kind::Text => {
                self.next += 1;
                self.node(token.at, Tree::Text(token.text.as_str().into()))
            }
            Kind::Bracket if token.text == "[" => {
                self.next += 1;
                let items = self.arguments("]", Vec::new())?;
                self.node(token.at, Tree::List(items))
            }
            Kind::Bracket if token.text == "{" => self.map(&token),
            _ => Err(unexpected(&token)),
        }
    }

    /// Comma-separated expressions up to `close`; a trailing comma is fine.
    fn arguments(&mut self, close: &str, mut list: Vec<Child>) -> Result<Vec<Child>, Error> {
        let mut first = true;
        while !self.accept(Kind::Bracket, close) {
            if !first {
                self.expect(Kind::Operator, ",")?;
                if self.accept(Kind::Bracket, close) {
                    break;
                }
            }
            first = false;
            list.push(self.expression(0)?);
        }
        Ok(list)
    }

    fn map(&mut self, token: &Token) -> Result<Child, Error> {
        self.next += 1;
        let mut pairs = Vec::new();
        while !self.accept(Kind::Bracket, "}") {
            if !pairs.is_empty() {
                self.expect(Kind::Operator, ",")?;
                if self.accept(Kind::Bracket, "}") {
                    break;
                }
            }
            let key = self.current().clone();
            let key = match key.kind {
                Kind::Number | Kind::Text | Kind::Identifier => {
                    self.next += 1;
                    self.node(key.at, Tree::Text(key.text.as_str().into()))?
                }
                Kind::Bracket if key.text == "(" => self.expression(0)?,
                _ => return Err(unexpected(&key).help("a map key is expected here")),
            };
            self.expect(Kind::Operator, ":")?;
            pairs.push((key, self.expression(0)?));
        }
        self.node(token.at, Tree::Map(pairs))
    }

    pub(super) fn piped(&mut self, left: Child) -> Result<Child, Error> {
        let name = self.identifier()?;
        self.call(&name, vec![left], false)
    }

    fn call(&mut self, name: &Token, given: Vec<Child>, builtin: bool) -> Result<Child, Error> {
        if let Some(which) = Builtin::named(&name.text) {
            let arguments = if which.takes_predicate() {
                self.predicate_arguments(which, given)?
            } else {
                self.expect(Kind::Bracket, "(")?;
                self.arguments(")", given)?
            };
            return self.node(name.at, Tree::Builtin(which, arguments));
        }
        if let Some(function) = Function::named(&name.text).filter(|_| !builtin) {
            self.expect(Kind::Bracket, "(")?;
            let arguments = self.arguments(")", given)?;
            return self.node(name.at, Tree::Call(function, arguments));
        }
        if Builtin::is_refused(&name.text) {
            let what = format!("`{}`: it depends on the time", name.text);
            let help = "rewrite the condition without it";
            return Err(Error::uncovered(name.at, &what).help(help));
        }
        let help = "Argo knows asInt, asFloat, isNaN, isInf, isNil, default and expr's built-ins";
        Err(Error::at(name.at, format!("unknown name {}", name.text)).help(help))
    }

    /// `all(list, predicate)`: the list may have come through a pipe.
    fn predicate_arguments(
        &mut self,
        which: Builtin,
        mut list: Vec<Child>,
    ) -> Result<Vec<Child>, Error> {
        self.expect(Kind::Bracket, "(")?;
        let first = list.len();
        let (least, most) = which.arity();
        for index in first..most {
            if self.is(Kind::Bracket, ")") {
                break;
            }
            if index > first {
                self.expect(Kind::Operator, ",")?;
                if self.is(Kind::Bracket, ")") {
                    break;
                }
            }
            let node = if index == 1 {
                self.predicate()?
            } else {
                self.expression(0)?
            };
            list.push(node);
        }
        self.accept(Kind::Operator, ",");
        if list.len() < least {
            let message = format!("expected at least {least} arguments");
            return Err(Error::at(self.current().at, message));
        }
        self.expect(Kind::Bracket, ")")?;
        Ok(list)
    }

    fn predicate(&mut self) -> Result<Child, Error> {
        self.predicates += 1;
        let node = if self.is(Kind::Bracket, "{") {
            self.block()
        } else {
            self.expression(0)
        };
        self.predicates -= 1;
        node
    }

    pub(super) fn postfix(&mut self, mut node: Child) -> Result<Child, Error> {
        loop {
            let token = self.current().clone();
            let optional = token.is(Kind::Operator, "?.");
            if optional && self.following().is(Kind::Bracket, "[") {
                self.next += 2;
                node = self.index(node, token.at, true)?;
            } else if optional || token.is(Kind::Operator, ".") {
                self.next += 1;
                node = self.member(node, token.at, optional)?;
            } else if token.is(Kind::Bracket, "[") {
                self.next += 1;
                node = self.index(node, token.at, false)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, node: Child, at: usize, optional: bool) -> Result<Child, Error> {
        let name = self.take();
        let word = name
            .text
            .starts_with(|c: char| c.is_alphabetic() || c == '_');
        if !(name.kind == Kind::Identifier || name.kind == Kind::Operator && word) {
            return Err(Error::at(name.at, "expected name"));
        }
        if self.is(Kind::Bracket, "(") {
            let message = format!("type has no method {}", name.text);
            return Err(Error::at(name.at, message).help("results have fields, no methods"));
        }
        let property = self.node(name.at, Tree::Text(name.text.as_str().into()))?;
        // A chain stays one: `a?.b.c` skips `.c` as well when a is nil.
        let (base, chained) = match &node.kind {
            Tree::Chain(inner) => (inner.clone(), true),
            _ => (node, false),
        };
        let member = self.node(at, Tree::Member(base, property, optional))?;
        if chained || optional {
            return self.node(at, Tree::Chain(member));
        }
        Ok(member)
    }

    /// `[i]`, `[from:to]`; the bracket is already taken.
    fn index(&mut self, node: Child, at: usize, optional: bool) -> Result<Child, Error> {
        let mut from = None;
        if !self.is(Kind::Operator, ":") {
            let index = self.expression(0)?;
            if self.accept(Kind::Bracket, "]") {
                let member = self.node(at, Tree::Member(node, index, optional))?;
                if optional {
                    return self.node(at, Tree::Chain(member));
                }
                return Ok(member);
            }
            from = Some(index);
        }
        self.expect(Kind::Operator, ":")?;
        let to = if self.is(Kind::Bracket, "]") {
            None
        } else {
            Some(self.expression(0)?)
        };
        self.expect(Kind::Bracket, "]")?;
        self.node(at, Tree::Slice(node, from, to))
    }
}

fn number(token: &Token) -> Result<Tree, Error> {
    let text = token.text.replace('_', "").to_lowercase();
    let bad = |what: &str| Error::at(token.at, format!("invalid {what} literal: {}", token.text));
    let radix = |digits: &str, radix, what| {
        i64::from_str_radix(digits, radix)
            .map(Tree::Int)
            .map_err(|_| bad(what))
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16, "hex");
    }
    if text.contains(['.', 'e']) {
        let value: f64 = text.parse().map_err(|_| bad("float"))?;
        return if value.is_finite() {
            Ok(Tree::Float(value))
        } else {
            Err(bad("float"))
        };
    }
    match (text.strip_prefix("0b"), text.strip_prefix("0o")) {
        (Some(digits), _) => radix(digits, 2, "binary"),
        (_, Some(digits)) => radix(digits, 8, "octal"),
        _ => radix(&text, 10, "integer"),
    }
}
