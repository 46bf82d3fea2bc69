//! A check as a comment under a pull request.

use std::fmt::Write as _;

use super::words::{difference, value};
use super::{Checked, Compared, Verdict};
use crate::gate::Outcome;
use crate::human;

/// The document.
#[must_use]
pub fn markdown(checked: &Checked<'_>) -> String {
    let mark = match checked.verdict() {
        Verdict::Passed => "✅",
        Verdict::NotEnoughEvidence => "⚠️",
        Verdict::Failed => "❌",
    };
    let mut text = format!(
        "### {mark} coalmine check: {}\n\n{}\n",
        escape(&checked.title),
        escape(&checked.verdict_sentence())
    );
    bad(checked, &mut text);
    gates(checked, &mut text);
    changes(checked, &mut text);
    undecided(checked, &mut text);
    let study = &checked.summary.study;
    let _ = writeln!(
        text,
        "\n<sub>coalmine {}, seed {}, {} replications a cell; brackets are 95 % intervals.</sub>",
        env!("CARGO_PKG_VERSION"),
        study.seed,
        human::count(u64::from(study.runs))
    );
    text
}

fn bad(checked: &Checked<'_>, text: &mut String) {
    for policy in checked.refused() {
        if let Some(info) = checked.summary.study.policies.get(policy)
            && let Some(refusal) = &info.invalid
        {
            let _ = writeln!(
                text,
                "\n* **{}** is refused by its controller: {} (`{}:{}`)",
                escape(&info.label),
                escape(&refusal.reason),
                refusal.file,
                refusal.line
            );
        }
    }
    for (index, change) in checked.that_are(Compared::Worse) {
        let _ = writeln!(
            text,
            "\n* **{}**\n  {}",
            escape(&checked.change_sentence(change)),
            escape(&checked.turned_sentence(change))
        );
        for one in checked.replayed.iter().filter(|one| one.change == index) {
            let sentence = escape(&checked.replayed_sentence(one));
            let _ = writeln!(text, "  * {sentence}\n    `{}`", one.command);
        }
    }
}

fn gates(checked: &Checked<'_>, text: &mut String) {
    if checked.results.is_empty() {
        return;
    }
    text.push_str("\n| gate | policy | scenario | measure | outcome |\n|---|---|---|--:|---|\n");
    for result in &checked.results {
        let gate = checked.gates.get(result.gate);
        let requirement = gate.map_or_else(String::new, |gate| gate.requirement.to_string());
        let word = result.judged.outcome.word();
        let word = match result.judged.outcome {
            Outcome::Breached => format!("**{word}**"),
            _ => word.to_owned(),
        };
        let _ = writeln!(
            text,
            "| `{requirement}` | {} | {} | {} | {word} |",
            escape(checked.summary.label_of(result.policy)),
            escape(checked.scenario(result.scenario)),
            escape(&checked.seen(result)),
        );
    }
}

fn changes(checked: &Checked<'_>, text: &mut String) {
    let changes = checked.against.changes.iter();
    let differing: Vec<_> = changes.filter(|change| change.tested.differs()).collect();
    if differing.is_empty() {
        return;
    }
    text.push_str(
        "\n<details><summary>against the baseline, on the same rollouts</summary>\n\n| policy | scenario | \
         measure | before | now | difference | p | |\n|---|---|---|--:|--:|--:|--:|---|\n",
    );
    for change in differing {
        let word = match checked.compared(change) {
            Compared::Worse => "**worse**",
            Compared::Suspected => "seems worse",
            Compared::NotWorse | Compared::Equal => "",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {word} |",
            escape(checked.summary.label_of(change.policy)),
            escape(checked.scenario(Some(change.scenario))),
            change.measure,
            value(change.measure, change.tested.before),
            value(change.measure, change.tested.now),
            difference(change),
            escape(&human::p_value(change.p_family)),
        );
    }
    text.push_str("\n</details>\n");
}

fn undecided(checked: &Checked<'_>, text: &mut String) {
    for result in &checked.results {
        if result.judged.outcome == Outcome::Undecided {
            let cure = result.judged.cure().unwrap_or_default();
            let sentence = checked.gate_sentence(result);
            let _ = writeln!(text, "\n* {} ({})", escape(&sentence), escape(&cure));
        }
    }
    for (_, change) in checked.that_are(Compared::Suspected) {
        let (sentence, cure) = (checked.change_sentence(change), checked.change_cure(change));
        let _ = writeln!(text, "\n* {} ({})", escape(&sentence), escape(&cure));
    }
    for skipped in &checked.against.skipped {
        let (cause, cure) = checked.skipped_sentence(skipped);
        let _ = writeln!(text, "\n* {} ({})", escape(&cause), escape(&cure));
    }
}

/// Names of users mean nothing in Markdown; what is between backquotes is code and stays.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for c in text.chars() {
        in_code ^= c == '`';
        if c == '|' || !in_code && "\\*_<>[]".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
