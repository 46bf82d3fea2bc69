//! Tokens to a tree, by the rules of expr's `parser/parser.go`.

mod primary;

use std::sync::Arc;

use super::Error;
use super::ast::{Binary, Child, Kind as Tree, Node};
use super::lexer::{Kind, Token, tokens};

/// Deepest tree; recursion over a condition costs no more than this.
const MAX_DEPTH: usize = 192;
/// Most nodes (`conf.DefaultMaxNodes`).
const MAX_NODES: usize = 10_000;

pub(super) fn parse(text: &str) -> Result<Node, Error> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        end: Token {
            kind: Kind::End,
            text: String::new(),
            at: text.len(),
        },
        predicates: 0,
        depth: 0,
        nodes: 0,
    };
    let root = parser.sequence()?;
    let rest = parser.current();
    if rest.kind != Kind::End {
        return Err(unexpected(rest));
    }
    Arc::try_unwrap(root).map_err(|_| Error::at(0, "condition is too complicated"))
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    next: usize,
    end: Token,
    /// How many predicates surround this place: only inside one is `#` a value.
    predicates: usize,
    depth: usize,
    nodes: usize,
}

impl Parser {
    fn current(&self) -> &Token {
        self.tokens.get(self.next).unwrap_or(&self.end)
    }

    fn following(&self) -> &Token {
        self.tokens.get(self.next + 1).unwrap_or(&self.end)
    }

    fn is(&self, kind: Kind, text: &str) -> bool {
        self.current().is(kind, text)
    }

    fn take(&mut self) -> Token {
        let token = self.current().clone();
        self.next += 1;
        token
    }

    fn accept(&mut self, kind: Kind, text: &str) -> bool {
        let hit = self.is(kind, text);
        self.next += usize::from(hit);
        hit
    }

    fn expect(&mut self, kind: Kind, text: &str) -> Result<(), Error> {
        if self.accept(kind, text) {
            return Ok(());
        }
        let help = format!("`{text}` is expected here");
        Err(unexpected(self.current()).help(help))
    }

    fn node(&mut self, at: usize, kind: Tree) -> Result<Child, Error> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Error::at(at, "condition exceeds maximum allowed nodes"));
        }
        let mut depth = 0;
        kind.each_child(&mut |child| depth = depth.max(child.depth + 1));
        if depth > MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(Arc::new(Node { at, depth, kind }))
    }

    /// Runs `parse` one level deeper.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(too_deep(self.current().at));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Expressions parted by `;`, of which the last is the value.
    fn sequence(&mut self) -> Result<Child, Error> {
        let at = self.current().at;
        let mut nodes = vec![self.expression(0)?];
        while self.accept(Kind::Operator, ";") {
            if self.current().kind == Kind::End || self.is(Kind::Bracket, ")") {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        match nodes.pop() {
            Some(only) if nodes.is_empty() => Ok(only),
            Some(last) => {
                nodes.push(last);
                self.node(at, Tree::Sequence(nodes))
            }
            None => Err(Error::at(at, "empty expression")),
        }
    }

    fn expression(&mut self, precedence: u16) -> Result<Child, Error> {
        self.deeper(|parser| parser.expression_here(precedence))
    }

    fn expression_here(&mut self, precedence: u16) -> Result<Child, Error> {
        if precedence == 0 && self.is(Kind::Operator, "let") {
            return self.variable();
        }
        if precedence == 0 && self.is(Kind::Operator, "if") {
            return self.conditional_if();
        }
        let mut left = self.primary()?;
        let mut after_coalesce = false;
        while self.current().kind == Kind::Operator {
            if self.is(Kind::Operator, "|") {
                if precedence > 0 {
                    break;
                }
                self.next += 1;
                left = self.piped(left)?;
                after_coalesce = false;
                continue;
            }
            let negated = self.is(Kind::Operator, "not");
            let token = if negated {
                self.following()
            } else {
                self.current()
            }
            .clone();
            let Some((operator, binds, to_right)) = Binary::named(&token.text) else {
                if negated {
                    return Err(unexpected(&token));
                }
                break;
            };
            if negated && !operator.takes_not() {
                return Err(unexpected(&token));
            }
            if binds < precedence {
                break;
            }
            self.next += 1 + usize::from(negated);
            // parser.go: "cannot be mixed".
            if after_coalesce && operator != Binary::Coalesce {
                let message = format!(
                    "operator ({}) and coalesce expressions (??) cannot be mixed",
                    token.text
                );
                let help = "wrap either in parentheses";
                return Err(Error::at(token.at, message).help(help));
            }
            after_coalesce = operator == Binary::Coalesce;
            left = if operator.is_ordering() {
                self.comparison(left, operator, token.at, binds)?
            } else {
                let right = self.expression(if to_right { binds } else { binds + 1 })?;
                self.node(token.at, Tree::Binary(operator, left, right))?
            };
            if negated {
                left = self.node(token.at, Tree::Unary(super::ast::Unary::Not, left))?;
            }
        }
        if precedence == 0 {
            left = self.ternary(left)?;
        }
        Ok(left)
    }

    /// `1 < x < 10` means `1 < x && x < 10`.
    fn comparison(
        &mut self,
        mut left: Child,
        mut operator: Binary,
        mut at: usize,
        binds: u16,
    ) -> Result<Child, Error> {
        let mut chain: Option<Child> = None;
        loop {
            let right = self.expression(binds + 1)?;
            let link = self.node(at, Tree::Binary(operator, left, right.clone()))?;
            let whole = match chain {
                None => link,
                Some(before) => self.node(at, Tree::Binary(Binary::And, before, link))?,
            };
            let token = self.current();
            let following = (token.kind == Kind::Operator)
                .then(|| Binary::named(&token.text))
                .flatten();
            let Some((next, _, _)) = following.filter(|(next, _, _)| next.is_ordering()) else {
                return Ok(whole);
            };
            (left, operator, at, chain) = (right, next, token.at, Some(whole));
            self.next += 1;
        }
    }

    fn ternary(&mut self, mut node: Child) -> Result<Child, Error> {
        while self.is(Kind::Operator, "?") {
            let at = self.take().at;
            let yes = if self.accept(Kind::Operator, ":") {
                node.clone()
            } else {
                let yes = self.expression(0)?;
                self.expect(Kind::Operator, ":")?;
                yes
            };
            let no = self.expression(0)?;
            node = self.node(at, Tree::Conditional(node, yes, no))?;
        }
        Ok(node)
    }

    fn variable(&mut self) -> Result<Child, Error> {
        let at = self.take().at;
        let name = self.identifier()?;
        self.expect(Kind::Operator, "=")?;
        let value = self.expression(0)?;
        self.expect(Kind::Operator, ";")?;
        let body = self.sequence()?;
        self.node(at, Tree::Let(name.text.as_str().into(), value, body))
    }

    fn conditional_if(&mut self) -> Result<Child, Error> {
        let at = self.take().at;
        let condition = self.expression(0)?;
        let yes = self.block()?;
        self.expect(Kind::Operator, "else")?;
        let no = if self.is(Kind::Operator, "if") {
            self.deeper(Self::conditional_if)?
        } else {
            self.block()?
        };
        self.node(at, Tree::Conditional(condition, yes, no))
    }

    fn block(&mut self) -> Result<Child, Error> {
        self.expect(Kind::Bracket, "{")?;
        let node = self.sequence()?;
        self.expect(Kind::Bracket, "}")?;
        Ok(node)
    }

    fn identifier(&mut self) -> Result<Token, Error> {
        if self.current().kind != Kind::Identifier {
            return Err(unexpected(self.current()).help("a name is expected here"));
        }
        Ok(self.take())
    }
}

fn unexpected(token: &Token) -> Error {
    if token.kind == Kind::End {
        return Error::at(token.at, "unexpected end of the condition");
    }
    Error::at(token.at, format!("unexpected token {:?}", token.text))
}

fn too_deep(at: usize) -> Error {
    Error::uncovered(at, "conditions nested deeper than 192 levels")
}
