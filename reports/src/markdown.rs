//! A study as Markdown, for a comment under a pull request: what stands out, the policies, the cells.

use std::fmt::Write as _;

use crate::human::{self, NOTHING};
use crate::insights;
use crate::interval::Rate;
use crate::mix::{Worth, worth};
use crate::overall::{Overall, overall};
use crate::summary::{Cell, Summary};

/// The document.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut text = String::from("## coalmine score\n\n");
    for sentence in insights::sentences(summary) {
        let _ = writeln!(text, "* {}", escape(&sentence));
    }
    policies(summary, &mut text);
    refusals(summary, &mut text);
    cells(summary, &mut text);
    let study = &summary.study;
    let _ = writeln!(
        text,
        "\nIn brackets 95 % intervals. Seed {}, {} a cell{}.",
        study.seed,
        human::counted(study.runs as usize, "replication", "replications"),
        if summary.complete {
            ""
        } else {
            ", interrupted"
        },
    );
    text
}

fn policies(summary: &Summary, text: &mut String) {
    let (rates, worth) = (overall(summary), worth(summary, &summary.mix));
    if rates.is_empty() {
        return;
    }
    text.push_str("\n| policy | missed | false rollback | stuck | MCC |\n|---|--:|--:|--:|--:|\n");
    for rates in &rates {
        let worth = worth.iter().find(|worth| worth.policy == rates.policy);
        let _ = writeln!(text, "{}", policy(summary, rates, worth));
    }
}

fn policy(summary: &Summary, rates: &Overall, worth: Option<&Worth>) -> String {
    let mcc = worth.and_then(|worth| worth.mcc);
    let mcc = mcc.map(|m| format!("{:.2} ({:.2}–{:.2})", m.value, m.low, m.high));
    format!(
        "| {} | {} | {} | {} | {} |",
        label(summary, rates.policy),
        rate(rates.missed),
        rate(rates.false_rollback),
        rate(rates.stuck),
        mcc.unwrap_or_else(|| NOTHING.to_owned()),
    )
}

fn refusals(summary: &Summary, text: &mut String) {
    for policy in &summary.study.policies {
        if let Some(refusal) = &policy.invalid {
            let _ = writeln!(
                text,
                "\n**{}** is refused by its controller: {} (`{}:{}`)",
                escape(&policy.label),
                escape(&refusal.reason),
                refusal.file,
                refusal.line
            );
        }
    }
}

fn cells(summary: &Summary, text: &mut String) {
    text.push_str(
        "\n<details><summary>all scenarios</summary>\n\n| scenario | policy | wrong verdict | stuck | \
         detect | hurt | promote | n |\n|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for cell in summary.cells.iter().filter(|cell| cell.n > 0) {
        let _ = writeln!(text, "{}", row(summary, cell));
    }
    text.push_str("\n</details>\n");
}

fn row(summary: &Summary, cell: &Cell) -> String {
    let wrong = if cell.missed.is_some() {
        "missed"
    } else {
        "false rollback"
    };
    format!(
        "| {} | {} | {wrong} {} | {} | {} | {} | {} | {} |",
        escape(summary.name(cell)),
        label(summary, cell.policy),
        rate(cell.wrong()),
        rate(cell.stuck),
        human::quantile(cell.detect_ns.median, human::time),
        human::quantile(cell.hurt.median, human::count),
        human::quantile(cell.promote_ns.median, human::time),
        human::count(cell.n),
    )
}

fn label(summary: &Summary, policy: usize) -> String {
    escape(summary.label_of(policy))
}

fn rate(rate: Option<Rate>) -> String {
    rate.as_ref().map_or(NOTHING.to_owned(), human::rate)
}

/// Names of users mean nothing in Markdown: no table ends early, no tag begins.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\|`*_<>[]".contains(c) {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{study, summary, thousand, typical};

    #[test]
    fn a_typical_study_reads_well() {
        insta::assert_snapshot!(render(&typical()));
    }

    #[test]
    fn names_break_no_table() {
        let study = study(&["a|b<script>"], &[("x/y|z", true)]);
        let text = render(&summary(&study, &[(0, 0, &thousand(true, 9))]));
        assert!(text.contains(r"| x/y\|z | a\|b\<script\> |"), "{text}");
        let bars = |line: &str| line.matches('|').count() - line.matches(r"\|").count();
        let rows = text.lines().filter(|line| line.starts_with("| x"));
        assert!(rows.map(bars).all(|bars| bars == 9), "{text}");
    }
}
