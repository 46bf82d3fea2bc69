//! Query templates: the part of Go's `text/template` that queries use
//! (Flagger pkg/metrics/observers/render.go, pkg/apis/flagger/v1beta1/metric.go:100).

use std::collections::BTreeMap;

/// What a template can refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) target: &'a str,
    pub(super) service: &'a str,
    pub(super) ingress: &'a str,
    pub(super) route: &'a str,
    pub(super) interval: &'a str,
    pub(super) variables: &'a BTreeMap<String, String>,
}

/// Renders a query and collapses its white space as the Prometheus provider does before sending
/// (Flagger prometheus.go, `trimQuery`: inside string literals too).
///
/// # Errors
///
/// Why it cannot be rendered, as a sentence fragment.
pub(super) fn render(template: &str, model: &Model<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((text, after)) = rest.split_once("{{") {
        let is_comment = comment_end(after)? > 0;
        let (action, after) = closing(after)?;
        let (action, trim_left, trim_right) = trims(action);
        out.push_str(if trim_left { text.trim_end() } else { text });
        if !is_comment {
            evaluate(action.trim(), model, &mut out)?;
        }
        rest = if trim_right {
            after.trim_start()
        } else {
            after
        };
    }
    out.push_str(rest);
    Ok(collapse(&out))
}

/// Renders a query of which no Canary is known: functions give their own names (`target`,
/// `target-service`), the interval is a minute, and every variable has some value.
///
/// # Errors
///
/// Why it cannot be rendered for any Canary, as a sentence fragment.
pub fn render_alone(template: &str) -> Result<String, String> {
    let words = template.split("variables.").skip(1);
    let names = words.filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        rest.get(..end.unwrap_or(rest.len()))
    });
    let variables = names.map(|name| (name.to_owned(), name.to_owned()));
    let model = Model {
        name: "canary-name",
        namespace: "namespace",
        target: "target",
        service: "target-service",
        ingress: "target-ingress",
        route: "target-route",
        interval: "1m",
        variables: &variables.collect(),
    };
    render(template, &model)
}

/// `{{- x -}}`: the marks that eat white space outside.
fn trims(action: &str) -> (&str, bool, bool) {
    let space = |c: char| c.is_ascii_whitespace();
    let inner = action
        .strip_prefix('-')
        .filter(|rest| rest.starts_with(space));
    let (action, left) = (inner.unwrap_or(action), inner.is_some());
    let inner = action
        .strip_suffix('-')
        .filter(|rest| rest.ends_with(space));
    (inner.unwrap_or(action), left, inner.is_some())
}

/// Splits at the braces that close an action; braces inside string literals do not.
fn closing(after: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    let mut escaped = false;
    let skipped = comment_end(after)?;
    for (at, byte) in after.bytes().enumerate().skip(skipped) {
        match (quote, byte) {
            (Some(b'"'), b'\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), byte) if byte == open && !escaped => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'`') => quote = Some(byte),
            (None, b'}') if after[at..].starts_with("}}") => {
                return Ok((&after[..at], &after[at + 2..]));
            }
            (None, _) => {}
        }
        escaped = false;
    }
    Err("`{{` is not closed".to_owned())
}

/// The length of the comment an action consists of; 0 for any other action.
fn comment_end(after: &str) -> Result<usize, String> {
    let trimmed = after.strip_prefix('-').map(str::trim_start);
    // Go's lexer wants it right behind the braces or the trim mark.
    if !trimmed.unwrap_or(after).starts_with("/*") {
        return Ok(0);
    }
    let end = after.find("*/").map(|at| at + 2);
    end.ok_or_else(|| "a comment is not closed".to_owned())
}

fn evaluate(action: &str, model: &Model<'_>, out: &mut String) -> Result<(), String> {
    let value = match action {
        "name" => model.name,
        "namespace" => model.namespace,
        "target" => model.target,
        "service" => model.service,
        "ingress" => model.ingress,
        "route" => model.route,
        "interval" => model.interval,
        _ => return evaluate_variable(action, model, out),
    };
    out.push_str(value);
    Ok(())
}

fn evaluate_variable(action: &str, model: &Model<'_>, out: &mut String) -> Result<(), String> {
    if let Some(key) = action.strip_prefix("variables.").filter(|k| is_word(k)) {
        // `missingkey=error` (Flagger render.go).
        let value = model.variables.get(key);
        let value = value.ok_or_else(|| {
            format!("`{{{{ {action} }}}}`: `templateVariables` has no entry `{key}`")
        })?;
        out.push_str(value);
        return Ok(());
    }
    let indexed = action.strip_prefix("index variables ").map(str::trim);
    if let Some(key) = indexed.and_then(literal) {
        // `index` gives the zero value for a missing key.
        out.push_str(model.variables.get(key).map_or("", String::as_str));
        return Ok(());
    }
    if let Some(text) = literal(action) {
        out.push_str(text);
        return Ok(());
    }
    if is_word(action) {
        return Err(format!(
            "`{{{{ {action} }}}}` is not a function Flagger knows; there are name, namespace, \
             target, service, ingress, route, interval and variables.KEY"
        ));
    }
    Err(format!("coalmine does not evaluate `{{{{ {action} }}}}`"))
}

/// A plain string literal's content.
fn literal(text: &str) -> Option<&str> {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    let raw = inner('`').filter(|text| !text.contains('`'));
    raw.or_else(|| inner('"').filter(|text| !text.contains(['"', '\\', '\n'])))
}

fn is_word(text: &str) -> bool {
    let rest = |c: char| c.is_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(rest)
}

/// Every run of (ASCII) white space becomes one space.
fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_space = false;
    for c in text.chars() {
        let space = matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if !space {
            out.push(c);
        } else if !in_space {
            out.push(' ');
        }
        in_space = space;
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    static NONE: BTreeMap<String, String> = BTreeMap::new();

    pub(in super::super) fn model() -> Model<'static> {
        Model {
            name: "shop-canary",
            namespace: "prod",
            target: "shop",
            service: "shop-svc",
            ingress: "shop-ing",
            route: "shop",
            interval: "2m",
            variables: &NONE,
        }
    }

    #[test]
    fn functions_are_replaced_and_white_space_collapses() {
        let text =
            "sum(\n\t\trate(x{ns=\"{{ namespace }}\",\n  i=\"{{ingress}}\"}[{{- interval -}} ]))";
        let wanted = r#"sum( rate(x{ns="prod", i="shop-ing"}[2m]))"#;
        assert_eq!(render(text, &model()).as_deref(), Ok(wanted));
    }

    #[test]
    fn variables_must_exist_unless_they_are_indexed() {
        let variables = BTreeMap::from([("zone".to_owned(), "b".to_owned())]);
        let model = Model {
            variables: &variables,
            ..model()
        };
        let of = |text| render(text, &model);
        assert_eq!(of("a{{ variables.zone }}c").as_deref(), Ok("abc"));
        assert_eq!(of("{{ index variables \"zone\" }}").as_deref(), Ok("b"));
        assert_eq!(of("[{{ index variables `other` }}]").as_deref(), Ok("[]"));
        let error = of("{{ variables.other }}").expect_err("there is no such variable");
        assert!(error.contains("no entry `other`"), "{error}");
    }

    #[test]
    fn comments_and_literals_are_understood() {
        let of = |text| render(text, &model());
        assert_eq!(of("a {{- /* why }} */ -}} b").as_deref(), Ok("ab"));
        assert_eq!(of("a {{/* why */}} b").as_deref(), Ok("a b"));
        assert_eq!(of("{{ \"}}\" }}{{ `{{` }}").as_deref(), Ok("}}{{"));
    }

    #[test]
    fn what_does_not_render_says_why() {
        let error = |text| render(text, &model()).expect_err(text);
        assert!(error("{{ namespase }}").contains("not a function Flagger knows"));
        assert!(error("{{ namespace").contains("not closed"));
        assert!(error("{{ /* why */ }}").contains("does not evaluate"));
        assert!(error("{{ \"a\nb\" }}").contains("does not evaluate"));
        assert!(error("{{/* namespace }}").contains("not closed"));
        assert!(error("{{ if x }}y{{ end }}").contains("does not evaluate `{{ if x }}`"));
    }
}
