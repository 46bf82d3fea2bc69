//! The columns config and series.

use regex::Regex;

/// A run to replay.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) metrics: Vec<Metric>,
    /// `spec.terminate` is set at this second.
    pub(super) terminate: Option<u64>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Metric {
    pub(super) name: String,
    /// YAML lines of the metric.
    pub(super) fields: Vec<String>,
    pub(super) dry_run: bool,
    /// A dry-run rule as written.
    pub(super) rule: Option<String>,
    /// Outcomes in order: S, F, I, E.
    pub(super) series: Vec<char>,
    /// The last outcome goes on without end.
    pub(super) repeats: bool,
    /// A `job` metric.
    pub(super) job: bool,
    /// Its measurement never ends.
    pub(super) in_flight: bool,
}

pub(super) fn parse(config: &str, series: &str) -> Result<Config, String> {
    let mut out = Config::default();
    let mut text = config.to_owned();
    let terminate = regex(r"terminated? at (\d+)");
    if let Some(found) = terminate.captures(&text) {
        out.terminate = found[1].parse().ok();
        text = terminate.replace(&text, "").into_owned();
    }
    let both = regex(r"\b(?:both|all)\s+(.*)$");
    let shared = both.captures(&text).map(|found| found[1].to_owned());
    text = both.replace(&text, "").into_owned();
    // A bare `C` is the count; as a metric's name it needs its colon.
    let named = regex(r"^\s*(?:([ABD])\b\s*:?|(C)\s*:)\s*(.*)$");
    if regex(r"(?i)same name|duplicate").is_match(&text) {
        out.metrics = vec![
            Metric {
                name: "A".to_owned(),
                ..Metric::default()
            };
            2
        ];
        read_series(&mut out, "any")?;
        return Ok(out);
    }
    // `job metric in flight, sibling F`: two metrics.
    let text = regex(r",\s*sibling\b").replace_all(&text, ";").into_owned();
    // `A CEL0, B CEL0`: a comma between metrics.
    let text = regex(r",\s*([ABD])\b")
        .replace_all(&text, "; $1")
        .into_owned();
    for part in text.split(';') {
        let mut metric = Metric::default();
        let mut fields = part.to_owned();
        if let Some(found) = named.captures(part) {
            let name = found.get(1).or(found.get(2));
            metric.name = name.map_or("", |name| name.as_str()).to_owned();
            fields = found[3].to_owned();
        }
        if let Some(shared) = &shared {
            fields.push(' ');
            fields.push_str(shared);
        }
        read_fields(&mut metric, &fields)?;
        out.metrics.push(metric);
    }
    read_series(&mut out, series)?;
    for (index, metric) in out.metrics.iter_mut().enumerate() {
        if metric.name.is_empty() {
            metric.name = ["A", "B", "C", "D"]
                .get(index)
                .copied()
                .unwrap_or("X")
                .to_owned();
        }
    }
    Ok(out)
}

fn read_fields(metric: &mut Metric, text: &str) -> Result<(), String> {
    let mut rest = text.to_owned();
    // Comments such as `(string)`; a series in parentheses is none.
    let inline = regex(r"\(([SFIE][SFIE\s…]*)\)");
    if let Some(found) = inline.captures(&rest) {
        (metric.series, metric.repeats) = letters(&found[1])?;
    }
    rest = regex(r"\([^)]*\)").replace_all(&rest, " ").into_owned();
    // `dryRun: '*'`, `i "1d"`: the text as written.
    let rule = regex(r#"(?i)\bdry-?\s?run(?:\s+rule)?\s*:?\s*['"]([^'"]*)['"]"#);
    if let Some(found) = rule.captures(&rest) {
        metric.rule = Some(found[1].to_owned());
        rest = rule.replace(&rest, " ").into_owned();
    }
    let bare = regex(r"(?i)\bdry-?\s?run(?:\s+rule)?\s*:?\s*([*.^][^\s;,]*)");
    if let Some(found) = bare.captures(&rest) {
        metric.rule = Some(found[1].to_owned());
        rest = bare.replace(&rest, " ").into_owned();
    }
    for (short, field) in [("i|interval", "interval"), ("initialDelay", "initialDelay")] {
        let quoted = regex(&format!(r#"\b(?:{short})\s*:?\s*"([^"]*)""#));
        if let Some(found) = quoted.captures(&rest) {
            metric.fields.push(format!("{field}: {:?}", &found[1]));
            rest = quoted.replace(&rest, " ").into_owned();
        }
    }
    for (word, flag) in [
        (r"\bjob\b", &mut metric.job),
        (r"\bin[ -]flight\b", &mut metric.in_flight),
    ] {
        let word = regex(word);
        *flag = word.is_match(&rest);
        rest = word.replace_all(&rest, " ").into_owned();
    }
    rest = read_limits(metric, rest);
    rest = read_count(metric, rest);
    let dry = regex(r"(?i)\bdry-?\s?run\b");
    metric.dry_run = dry.is_match(&rest);
    rest = dry.replace_all(&rest, " ").into_owned();
    // `F at 0`, `S then F due at 60`: a series inside the config.
    let filler = r"\b(?:(?:due )?at \d+s?|then|defaults?|metrics?|only|and|with|no limits?)\b";
    rest = regex(filler).replace_all(&rest, " ").into_owned();
    if metric.series.is_empty() && regex(r"[SFIE]").is_match(&rest) {
        (metric.series, metric.repeats) = letters(&rest)?;
        rest = String::new();
    }
    rest.retain(|c| !c.is_whitespace() && !matches!(c, ',' | '.' | ':'));
    if rest.is_empty() || rest == "–" || rest == "-" {
        return Ok(());
    }
    Err(format!("cannot read {rest:?} in the config {text:?}"))
}

/// Limits, interval and delay; what is left.
fn read_limits(metric: &mut Metric, mut rest: String) -> String {
    let tokens = [
        (
            r#"\b(?:CSL|consecutiveSuccessLimit)\s*[=:]?\s*"?(-?\w+%?)"?"#,
            "consecutiveSuccessLimit",
        ),
        (
            r#"\b(?:CEL|consecutiveErrorLimit)\s*[=:]?\s*"?(-?\w+)"?"#,
            "consecutiveErrorLimit",
        ),
        (
            r#"\b(?:FL|failureLimit)\s*[=:]?\s*"?(-?\w+)"?"#,
            "failureLimit",
        ),
        (
            r#"\b(?:IL|inconclusiveLimit)\s*[=:]?\s*"?(-?\w+)"?"#,
            "inconclusiveLimit",
        ),
    ];
    for (pattern, field) in tokens {
        let pattern = regex(pattern);
        if let Some(found) = pattern.captures(&rest) {
            let quoted = found[0].contains('"');
            let value = if quoted {
                format!("{:?}", &found[1])
            } else {
                found[1].to_owned()
            };
            metric.fields.push(format!("{field}: {value}"));
            rest = pattern.replace(&rest, " ").into_owned();
        }
    }
    let simple = [
        (r"\bno (?:i|interval)\b", None),
        (r"\bno (?:C|count)\b", None),
        (
            r"\binitialDelay\s*[=:]?\s*(\d+)\s*(ms|s|m|h)?\b",
            Some("initialDelay"),
        ),
        (
            r"\b(?:i|interval)\s*[=:]?\s*(\d+)\s*(ms|s|m|h)?\b",
            Some("interval"),
        ),
    ];
    for (pattern, field) in simple {
        let pattern = regex(pattern);
        if let (Some(found), Some(field)) = (pattern.captures(&rest), field) {
            let unit = found.get(2).map_or("s", |unit| unit.as_str());
            metric.fields.push(format!("{field}: {}{unit}", &found[1]));
        }
        rest = pattern.replace(&rest, " ").into_owned();
    }
    rest
}

/// `C5`, `C "abc"`; what is left.
fn read_count(metric: &mut Metric, mut rest: String) -> String {
    let count = regex(r#"\b(?:C|count)\s*[=:]?\s*(?:"([^"]*)"|(-?\d+))"#);
    if let Some(found) = count.captures(&rest) {
        let value = match (found.get(1), found.get(2)) {
            (Some(text), _) => format!("{:?}", text.as_str()),
            (_, Some(number)) => number.as_str().to_owned(),
            _ => String::new(),
        };
        metric.fields.push(format!("count: {value}"));
        rest = count.replace(&rest, " ").into_owned();
    }
    rest
}

/// `A: S F; B: S…`, `S S F`, `EEEE S`, `any`, `–`.
fn read_series(out: &mut Config, series: &str) -> Result<(), String> {
    let text = regex(r"\([^)]*\)").replace_all(series, " ").into_owned();
    let named = regex(r"\b([A-D])\s*:\s*");
    let starts: Vec<_> = named.captures_iter(&text).collect();
    if starts.is_empty() {
        let plain = text.trim();
        if matches!(plain, "" | "-" | "–" | "—" | "any" | "none") {
            out.metrics
                .iter_mut()
                .filter(|m| m.series.is_empty())
                .for_each(|metric| {
                    metric.series = vec!['S'];
                    metric.repeats = true;
                });
            return Ok(());
        }
        let (series, repeats) = letters(plain)?;
        for metric in &mut out.metrics {
            (metric.series, metric.repeats) = (series.clone(), repeats);
        }
        return Ok(());
    }
    for (index, start) in starts.iter().enumerate() {
        let from = start.get(0).map_or(0, |whole| whole.end());
        let next = starts.get(index + 1).and_then(|next| next.get(0));
        let to = next.map_or(text.len(), |whole| whole.start());
        let (series, repeats) = letters(&text[from..to])?;
        let mut metrics = out.metrics.iter_mut();
        let metric = metrics
            .find(|metric| metric.name == start[1])
            .ok_or_else(|| format!("the series names {}, the config does not", &start[1]))?;
        (metric.series, metric.repeats) = (series, repeats);
    }
    Ok(())
}

/// Letters with `…` for going on, `S×3` and `3×S` for repetition.
fn letters(text: &str) -> Result<(Vec<char>, bool), String> {
    let mut text = text.to_owned();
    for pattern in [r"([SFIE])\s*[×x*]\s*(\d+)", r"(\d+)\s*[×x*]\s*([SFIE])"] {
        let pattern = regex(pattern);
        while let Some(found) = pattern.captures(&text) {
            let (letter, times) = match found[1].parse::<usize>() {
                Ok(times) => (found[2].to_owned(), times),
                Err(_) => (found[1].to_owned(), found[2].parse().unwrap_or(1)),
            };
            text = pattern
                .replace(&text, letter.repeat(times).as_str())
                .into_owned();
        }
    }
    let mut series = Vec::new();
    let mut repeats = false;
    for c in text.chars() {
        match c {
            'S' | 'F' | 'I' | 'E' => series.push(c),
            '…' => repeats = true,
            c if c.is_whitespace() || matches!(c, ',' | ';' | '.') => {}
            _ => return Err(format!("cannot read the series {text:?}")),
        }
    }
    if series.is_empty() {
        return Err(format!("the series {text:?} is empty"));
    }
    Ok((series, repeats))
}

pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file")
}
