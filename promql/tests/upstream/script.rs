//! Reads Prometheus' `.test` files (promql/promqltest/README.md describes the language).

use coalmine_promql::Labels;

/// What a point of a series is written as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    Value(f64),
    Stale,
    Missing,
}

pub(crate) type Row = (Labels, Vec<Point>);

/// One command.
#[derive(Debug)]
pub(crate) enum Command {
    Clear,
    Load(Load),
    Eval(Eval),
}

/// Series to load.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) step_ms: i64,
    pub(crate) rows: Vec<Row>,
    /// Label sets of native histograms, which are not loaded.
    pub(crate) native: Vec<Labels>,
}

/// One evaluation and what it must yield.
#[derive(Debug, Default)]
pub(crate) struct Eval {
    pub(crate) line: usize,
    pub(crate) query: String,
    pub(crate) start_ms: i64,
    /// End and step of a range evaluation.
    pub(crate) range: Option<(i64, i64)>,
    /// Start and step of the points of an instant evaluation that answers a matrix.
    pub(crate) matrix: Option<(i64, i64)>,
    pub(crate) fails: bool,
    pub(crate) ordered: bool,
    /// Whether there must, or must not, be warnings.
    pub(crate) warns: Option<bool>,
    /// Whether there must, or must not, be infos.
    pub(crate) informs: Option<bool>,
    pub(crate) rows: Vec<Row>,
    pub(crate) scalar: Option<f64>,
    pub(crate) string: Option<String>,
    /// Why it is out of scope.
    pub(crate) native: bool,
}

fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return Some(i64::from_str_radix(hex, 16).ok()? as f64);
    }
    text.parse().ok()
}

/// `1h30m`, `15s`, `7.5` (seconds), `100ms`.
pub(crate) fn duration_ms(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Some((seconds * 1_000.0).round() as i64);
    }
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut total = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let value: i64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        total += value
            * match &rest[..end] {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                "w" => 604_800_000,
                "y" => 31_536_000_000,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Some(sign * total)
}

/// A quoted string with its escapes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Some((out, &text[at + 1..])),
            '\\' if quote != '`' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            _ => out.push(c),
        }
    }
    None
}

/// `name{a="b"}` and what follows it.
fn labels(text: &str) -> Option<(Labels, &str)> {
    let end = text
        .find(|c: char| c == '{' || c.is_whitespace())
        .unwrap_or(text.len());
    let mut pairs: Vec<(String, String)> = Vec::new();
    if end > 0 {
        pairs.push(("__name__".into(), text[..end].into()));
    }
    let Some(mut rest) = text[end..].strip_prefix('{') else {
        return Some((Labels::new(pairs), &text[end..]));
    };
    loop {
        rest = rest.trim_start_matches([' ', ',', '\t']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((Labels::new(pairs), after));
        }
        let (name, after) = match quoted(rest) {
            Some((name, after)) => (name, after.trim_start()),
            None => {
                let at = rest.find(['=', ',', '}'])?;
                (rest[..at].trim().to_owned(), &rest[at..])
            }
        };
        if let Some(after) = after.strip_prefix('=') {
            let (value, after) = quoted(after.trim_start())?;
            pairs.push((name, value));
            rest = after;
        } else {
            pairs.push(("__name__".into(), name));
            rest = after;
        }
    }
}

/// `1 2+3x4 _ stale _x5`.
fn points(text: &str) -> Option<Vec<Point>> {
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        let (body, times) = match word.rsplit_once('x') {
            Some((body, times)) => (body, times.parse::<usize>().ok()),
            None => (word, None),
        };
        let body = if times.is_none() { word } else { body };
        match (body, times) {
            ("_", times) => out.extend(vec![Point::Missing; times.unwrap_or(1)]),
            ("stale", times) => out.extend(vec![Point::Stale; times.unwrap_or(0) + 1]),
            (body, None) => out.push(Point::Value(number(body)?)),
            (body, Some(times)) => {
                let signs = body.char_indices().skip(1).filter(|(at, c)| {
                    matches!(c, '+' | '-') && !matches!(body.as_bytes()[at - 1], b'e' | b'E')
                });
                let (start, step) = match signs.last() {
                    Some((at, _)) => (number(&body[..at])?, number(&body[at..])?),
                    None => (number(body)?, 0.0),
                };
                let mut value = start;
                out.push(Point::Value(value));
                for _ in 0..times {
                    value += step;
                    out.push(Point::Value(value));
                }
            }
        }
    }
    Some(out)
}

fn is_native(text: &str) -> bool {
    text.contains("{{")
}

/// Parses a file; what cannot be read is an error with its line.
pub(crate) fn parse(text: &str) -> Result<Vec<Command>, String> {
    let mut commands = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let head = lines[at].trim();
        let number = at + 1;
        at += 1;
        if head.is_empty() || head.starts_with('#') {
            continue;
        }
        let mut body = Vec::new();
        // A comment ends a command as an empty line does (promqltest/test.go: `getLines`).
        let goes_on = |line: &&&str| !line.trim().is_empty() && !line.trim().starts_with('#');
        while let Some(line) = lines.get(at).filter(|l| head != "clear" && goes_on(l)) {
            body.push(line.trim());
            at += 1;
        }
        let word = head.split_whitespace().next().unwrap_or_default();
        let command = match word {
            "clear" => Some(Command::Clear),
            "load" | "load_with_nhcb" => load(head, &body).map(Command::Load),
            _ if word.starts_with("eval") => eval(head, &body, number).map(Command::Eval),
            _ => None,
        };
        commands.push(command.ok_or_else(|| format!("line {number}: {head}"))?);
    }
    Ok(commands)
}

fn load(head: &str, body: &[&str]) -> Option<Load> {
    let mut load = Load {
        step_ms: duration_ms(head.split_whitespace().nth(1)?)?,
        ..Load::default()
    };
    for line in body {
        if is_native(line) || line.contains('@') {
            load.native.push(labels(line)?.0);
            continue;
        }
        let row = row(line)?;
        if head.starts_with("load_with_nhcb") {
            // The classic buckets are loaded, and a native histogram is made from them.
            let whole = row.0.get("__name__");
            let name = whole.strip_suffix("_bucket").unwrap_or(whole).to_owned();
            let others = row.0.iter().filter(|(label, _)| *label != "le");
            load.native
                .push(Labels::new(others.chain([("__name__", name.as_str())])));
        }
        load.rows.push(row);
    }
    Some(load)
}

fn row(line: &str) -> Option<Row> {
    let (labels, rest) = labels(line)?;
    Some((labels, points(rest)?))
}

fn eval(head: &str, body: &[&str], line: usize) -> Option<Eval> {
    let mut words = head.split_whitespace();
    let kind = words.next()?;
    let mut eval = Eval {
        line,
        fails: kind == "eval_fail",
        ordered: kind == "eval_ordered",
        warns: (kind == "eval_warn").then_some(true),
        informs: (kind == "eval_info").then_some(true),
        ..Eval::default()
    };
    let rest = head[kind.len()..].trim_start();
    if let Some(rest) = rest.strip_prefix("instant at ") {
        let (time, query) = rest.split_once(' ')?;
        eval.start_ms = duration_ms(time)?;
        query.trim().clone_into(&mut eval.query);
    } else {
        let rest = rest.strip_prefix("range from ")?;
        let mut parts = rest.splitn(6, ' ');
        eval.start_ms = duration_ms(parts.next()?)?;
        let end = parts.nth(1).and_then(duration_ms)?;
        let step = parts.nth(1).and_then(duration_ms)?;
        eval.range = Some((end, step));
        parts.next()?.trim().clone_into(&mut eval.query);
    }
    for line in body {
        expectation(line, &mut eval)?;
    }
    Some(eval)
}

fn expectation(line: &str, eval: &mut Eval) -> Option<()> {
    if let Some(what) = line.strip_prefix("expect ") {
        eval.fails |= what.starts_with("fail");
        eval.ordered |= what.starts_with("ordered");
        match what.split_whitespace().next() {
            Some("warn") => eval.warns = Some(true),
            Some("no_warn") => eval.warns = Some(false),
            Some("info") => eval.informs = Some(true),
            Some("no_info") => eval.informs = Some(false),
            _ => {}
        }
        if let Some(text) = what.strip_prefix("string ") {
            eval.string = Some(quoted(text.trim())?.0);
        }
        if let Some(span) = what.strip_prefix("range vector from ") {
            // Which times the points of a bare range selector's answer stand for.
            let mut words = span.split_whitespace().step_by(2);
            let start = duration_ms(words.next()?)?;
            words.next()?;
            eval.matrix = Some((start, duration_ms(words.next()?)?));
        }
        return Some(());
    }
    if line.starts_with("expected_fail") {
        return Some(());
    }
    if is_native(line) {
        eval.native = true;
        return Some(());
    }
    let plain = !line.contains(' ') && !line.contains('{');
    if let Some(value) = number(line).filter(|_| plain) {
        eval.scalar = Some(value);
        return Some(());
    }
    if let Some((text, _)) = quoted(line) {
        eval.string = Some(text);
        return Some(());
    }
    eval.rows.push(row(line)?);
    Some(())
}
