//! A check for a terminal, legible without colour.

mod tables;

use std::fmt::Write as _;

use super::{Checked, Compared, Verdict};
use crate::gate::Outcome;
use crate::human::{self, counted};
use crate::terminal::{Options, Paint};

/// The document.
#[must_use]
pub fn render(checked: &Checked<'_>, options: Options) -> String {
    let paint = Paint::new(options.colour);
    let mut text = String::new();
    header(checked, &paint, &mut text);
    tables::gates(checked, options, &mut text);
    tables::changes(checked, options, &mut text);
    let mut items = Items {
        options,
        text: &mut text,
    };
    refusals(checked, &paint, &mut items);
    worse(checked, &paint, &mut items);
    undecided(checked, &mut items);
    let verdict = checked.verdict();
    let sentence = checked.verdict_sentence();
    text.push('\n');
    for line in human::wrap_numbers(&sentence, options.text_width()) {
        let painted = match verdict {
            Verdict::Passed => paint.strong(&line),
            Verdict::NotEnoughEvidence => paint.warning(&line),
            Verdict::Failed => paint.bad(&line),
        };
        let _ = writeln!(text, "{painted}");
    }
    options.characters.apply(text)
}

fn header(checked: &Checked<'_>, paint: &Paint, text: &mut String) {
    let study = &checked.summary.study;
    let line = format!(
        "{} · seed {} · {} × {} · {} a cell",
        checked.title,
        study.seed,
        counted(study.policies.len(), "policy", "policies"),
        counted(study.scenarios.len(), "scenario", "scenarios"),
        counted(study.runs as usize, "replication", "replications"),
    );
    let _ = writeln!(text, "{}", paint.strong(&line));
    if !checked.summary.complete {
        let all = study.policies.len() * study.scenarios.len();
        let ran = checked.summary.cells.len();
        let line = format!("interrupted: {ran} of {all} cells were run");
        let _ = writeln!(text, "{}", paint.warning(&line));
    }
}

/// Sentences with a bullet.
struct Items<'a> {
    options: Options,
    text: &'a mut String,
}

impl Items<'_> {
    fn item(&mut self, head: &str, sentence: &str, style: impl Fn(&str) -> String) {
        let room = self.options.text_width().saturating_sub(2);
        self.text.push('\n');
        for (index, line) in human::wrap_numbers(sentence, room).iter().enumerate() {
            let head = if index == 0 { head } else { "  " };
            let _ = writeln!(self.text, "{head}{}", style(line));
        }
    }

    fn detail(&mut self, sentence: &str) {
        let room = self.options.text_width().saturating_sub(4);
        for line in human::wrap_numbers(sentence, room) {
            let _ = writeln!(self.text, "    {line}");
        }
    }

    /// For pasting: it stays on one line.
    fn command(&mut self, command: &str) {
        let _ = writeln!(self.text, "      {command}");
    }
}

fn refusals(checked: &Checked<'_>, paint: &Paint, items: &mut Items<'_>) {
    for policy in checked.refused() {
        let info = checked.summary.study.policies.get(policy);
        let Some((info, refusal)) = info.and_then(|info| Some((info, info.invalid.as_ref()?)))
        else {
            continue;
        };
        let sentence = format!(
            "{} is refused by its controller: {}",
            info.label, refusal.reason
        );
        items.item("• ", &sentence, |line| paint.bad(line));
        items.detail(&format!("at {}:{}", refusal.file, refusal.line));
        items.detail(&format!("cure: {}", refusal.help));
    }
}

fn worse(checked: &Checked<'_>, paint: &Paint, items: &mut Items<'_>) {
    for (index, change) in checked.that_are(Compared::Worse) {
        let sentence = checked.change_sentence(change);
        items.item("• ", &sentence, |line| paint.bad(line));
        items.detail(&checked.turned_sentence(change));
        for replayed in checked.replayed.iter().filter(|one| one.change == index) {
            items.detail(&checked.replayed_sentence(replayed));
            items.command(&replayed.command);
        }
    }
}

fn undecided(checked: &Checked<'_>, items: &mut Items<'_>) {
    let plain = |line: &str| line.to_owned();
    for result in &checked.results {
        if result.judged.outcome == Outcome::Undecided {
            items.item("• ", &checked.gate_sentence(result), plain);
            items.detail(&result.judged.cure().unwrap_or_default());
        }
    }
    for (_, change) in checked.that_are(Compared::Suspected) {
        items.item("• ", &checked.change_sentence(change), plain);
        items.detail(&checked.change_cure(change));
    }
    for skipped in &checked.against.skipped {
        let (cause, cure) = checked.skipped_sentence(skipped);
        items.item("• ", &cause, plain);
        items.detail(&cure);
    }
    if !checked.against.gone.is_empty() {
        let gone = checked.against.gone.join(", ");
        let sentence = format!("only {} has {gone}", checked.lock_file);
        items.item("• ", &sentence, plain);
        items.detail("`coalmine check --update` drops it");
    }
}
