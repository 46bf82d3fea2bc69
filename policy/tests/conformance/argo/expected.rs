//! The column expected, as claims.

use super::config::regex;

/// One thing that the history must show.
#[derive(Debug, PartialEq)]
pub(super) enum Claim {
    /// After some pass at this second the run has this phase.
    At(u64, String),
    /// Within these seconds every pass leaves the run Running.
    RunningUntil(u64),
    /// The run's last phase, and when it was reached if stated.
    Ends(Option<u64>, String),
    /// The run never ends.
    Forever,
    /// Argo calls the spec invalid.
    Invalid,
    /// A metric's last phase, and when it was reached if stated.
    Metric(String, String, Option<u64>),
    /// A metric is measured so many times in all.
    Times(String, usize),
    /// A measurement of this outcome at this second.
    Measured(u64, Option<char>),
    /// So many measurements in all.
    Total(usize),
    /// So many measurements of this outcome.
    Outcomes(char, usize),
    /// The run's message holds this text.
    Message(String),
    /// The run's message is empty.
    NoMessage,
    /// A job's measurement is terminated with this outcome.
    Terminated(char),
}

const PHASE: &str = "(Running|Successful|Failed|Error|Inconclusive)";

pub(super) fn parse(text: &str) -> Result<Vec<Claim>, String> {
    let mut claims = Vec::new();
    let lower = text.to_lowercase();
    if lower.contains("invalid") {
        return Ok(vec![
            Claim::Invalid,
            Claim::Ends(Some(0), "Error".to_owned()),
        ]);
    }
    let endless = [
        "forever",
        "never finishes",
        "never ends",
        "never completes",
        "stays running",
        "still running",
        "hangs",
    ];
    if lower.trim() == "running" || endless.iter().any(|words| lower.contains(words)) {
        claims.push(Claim::Forever);
    }
    messages(text, &mut claims);
    counts(text, &mut claims);
    let bare = regex(r#"\([^)]*\)|"[^"]*""#)
        .replace_all(text, " ")
        .into_owned();
    // `10: Running, 20: Error`: a comma between clauses.
    let bare = regex(&format!(r"({PHASE}[^;,]*),(\s*\d[\d\s,–-]*:)"))
        .replace_all(&bare, "$1;$3")
        .into_owned();
    for clause in bare.split(';').flat_map(|part| part.split('→')) {
        clause_claims(clause, &mut claims);
    }
    // `Running until 840: Failed`.
    if let Some(found) = regex(r"Running until (\d+)").captures(&bare) {
        claims.push(Claim::RunningUntil(found[1].parse().unwrap_or(0)));
    }
    let about_run = |claim: &Claim| {
        matches!(
            claim,
            Claim::At(..) | Claim::Ends(..) | Claim::Forever | Claim::RunningUntil(_)
        )
    };
    if !claims.iter().any(about_run) {
        return Err(format!("cannot read the expectation {text:?}"));
    }
    Ok(claims)
}

fn messages(text: &str, claims: &mut Vec<Claim>) {
    for found in regex(r#""([^"]+)""#).captures_iter(text) {
        claims.push(Claim::Message(found[1].to_owned()));
    }
    if let Some(found) = regex(r"\((\d+) > (\d+)\)").captures(text) {
        // `failed (2) > failureLimit (1)`.
        claims.push(Claim::Message(format!("({}) > ", &found[1])));
        claims.push(Claim::Message(format!(" ({})", &found[2])));
    }
    if let Some(found) = regex(r"([A-D])['’]s message").captures(text) {
        claims.push(Claim::Message(format!("Metric \"{}\"", &found[1])));
    }
    if regex(r"(?i)empty message|no message").is_match(text) {
        claims.push(Claim::NoMessage);
    }
}

fn counts(text: &str, claims: &mut Vec<Claim>) {
    for (word, letter) in [("error", 'E'), ("success", 'S'), ("failure", 'F')] {
        let pattern = regex(&format!(r"\b(\d+|zero|no) {word}(?:s|es)?\b"));
        if let Some(found) = pattern.captures(text) {
            claims.push(Claim::Outcomes(letter, found[1].parse().unwrap_or(0)));
        }
    }
    if let Some(found) = regex(r"\b([A-D]) (?:is )?never (?:measured|started)").captures(text) {
        claims.push(Claim::Times(found[1].to_owned(), 0));
    }
    let second = regex(r"\b([A-D])['’]s (first|second|third) measurement is never taken");
    if let Some(found) = second.captures(text) {
        let ordinal = ["first", "second", "third"]
            .iter()
            .position(|o| *o == &found[2]);
        claims.push(Claim::Times(found[1].to_owned(), ordinal.unwrap_or(0)));
    }
    if let Some(found) = regex(r"\b(\d+) measurements?\b").captures(text) {
        claims.push(Claim::Total(found[1].parse().unwrap_or(0)));
    }
    if let Some(found) = regex(r"measured at ([\d, ]+)").captures(text) {
        for second in regex(r"\d+").find_iter(&found[1]) {
            claims.push(Claim::Measured(second.as_str().parse().unwrap_or(0), None));
        }
    }
}

fn clause_claims(clause: &str, claims: &mut Vec<Claim>) {
    let terminated = regex(&format!(
        r"\bmeasurement (?:is )?terminated (?:as )?{PHASE}"
    ));
    if let Some(found) = terminated.captures(clause) {
        claims.extend(found[1].chars().next().map(Claim::Terminated));
        return;
    }
    // `0–30 E, 40 S`: outcomes of measurements.
    for found in regex(r"(\d+)(?:\s*[–-]\s*(\d+))?\s+([SFIE])\b").captures_iter(clause) {
        for edge in [found.get(1), found.get(2)].into_iter().flatten() {
            let second = edge.as_str().parse().unwrap_or(0);
            claims.push(Claim::Measured(second, found[3].chars().next()));
        }
    }
    metric_claims(clause, claims);
    let without = regex(&format!(r"\b[A-D]:? {PHASE}(?: at \d+)?"))
        .replace_all(clause, " ")
        .into_owned();
    let phases: Vec<String> = regex(PHASE)
        .find_iter(&without)
        .map(|phase| phase.as_str().to_owned())
        .collect();
    let Some(last) = phases.last().cloned() else {
        return;
    };
    // `run Successful at 240`.
    if let Some(found) = regex(&format!(r"{PHASE} at (\d+)")).captures(&without) {
        if &found[1] == "Running" {
            claims.push(Claim::RunningUntil(found[2].parse().unwrap_or(0)));
            return;
        }
        claims.push(Claim::Ends(found[2].parse().ok(), found[1].to_owned()));
        return;
    }
    let times = regex(
        r"^\s*(?:Running until\s*)?((?:\d+\s*(?:[–-]\s*\d+)?\s*,?\s*…?\s*)+)(?:pass \d+)?\s*:",
    );
    let Some(found) = times.captures(&without) else {
        if last != "Running" {
            claims.push(Claim::Ends(None, last));
        }
        return;
    };
    let seconds: Vec<u64> = regex(r"\d+")
        .find_iter(&found[1])
        .filter_map(|second| second.as_str().parse().ok())
        .collect();
    let Some((at, before)) = seconds.split_last() else {
        return;
    };
    let first = phases.first().cloned().unwrap_or_else(|| last.clone());
    claims.extend(
        before
            .iter()
            .map(|second| Claim::At(*second, "Running".to_owned())),
    );
    if phases.len() > 1 {
        claims.push(Claim::At(*at, first));
    }
    if last == "Running" {
        claims.push(Claim::At(*at, last));
    } else {
        claims.push(Claim::Ends(Some(*at), last));
    }
}

fn metric_claims(clause: &str, claims: &mut Vec<Claim>) {
    let named = regex(&format!(r"\b([A-D]):? {PHASE}(?: at (\d+))?"));
    for found in named.captures_iter(clause) {
        let at = found.get(3).and_then(|second| second.as_str().parse().ok());
        claims.push(Claim::Metric(found[1].to_owned(), found[2].to_owned(), at));
    }
}
