//! What became of a replay, for people.

use std::fmt::Write as _;

use coalmine_policy::Effect;

use super::{Difference, Parting, Transcript};
use crate::human;
use crate::terminal::Options;
use crate::timeline::{effect_words, input_words};

/// Where the text of a line begins.
const INDENT: usize = 12;

/// That the policy did all of it again.
#[must_use]
pub fn same(transcript: &Transcript, policy: &str, is_edited: bool, options: Options) -> String {
    let text = if is_edited {
        ", though its text is another"
    } else {
        ""
    };
    let inputs = human::counted(transcript.inputs(), "input", "inputs");
    let said = format!("{inputs} to {policy}, and the same effects byte for byte{text}.");
    paragraph(&said, options)
}

/// Where it said or did something else.
#[must_use]
pub fn parted(
    transcript: &Transcript,
    policy: &str,
    difference: &Difference,
    options: Options,
) -> String {
    let header = &transcript.header;
    let of = format!(
        "{} ({}, seed {}, replication {})",
        header.policy.label, header.scenario, header.seed, header.replication
    );
    let mut text = String::new();
    match &difference.deed {
        Some(deed) => {
            let at = place(transcript, deed);
            let said = format!("{policy} parts from the recorded {of} {at}:");
            text.push_str(&paragraph(&said, options));
            text.push_str(&both(deed, options));
            if difference.first.input < deed.input {
                let at = place(transcript, &difference.first);
                let said = format!("Until then it does the same in other words, first {at}:");
                text.push_str(&paragraph(&said, options));
                text.push_str(&both(&difference.first, options));
            }
        }
        None => {
            let at = place(transcript, &difference.first);
            let said = format!(
                "{policy} does all that was recorded of {of}, but in other words, first {at}:"
            );
            text.push_str(&paragraph(&said, options));
            text.push_str(&both(&difference.first, options));
        }
    }
    text
}

fn place(transcript: &Transcript, parting: &Parting) -> String {
    format!(
        "at input {} of {}, +{}, line {}",
        parting.input,
        transcript.inputs(),
        parting.recorded.at_ns,
        parting.line
    )
}

/// The input, with what was recorded and what is now.
fn both(parting: &Parting, options: Options) -> String {
    let (recorded, now) = parting.first();
    let words = |effect: Option<&Effect>| effect.map_or_else(|| "nothing".to_owned(), effect_words);
    let (mut before, mut after) = (words(recorded), words(now));
    if before == after {
        // Words do not show all; the bytes do.
        before = json(recorded);
        after = json(now);
    }
    let mut text = String::new();
    for (about, told) in [
        ("input", input_words(&parting.recorded.input)),
        ("recorded", before),
        ("now", after),
    ] {
        let told = options.characters.apply(told);
        let lines = human::wrap_numbers(&told, options.text_width() - INDENT);
        for (index, line) in lines.iter().enumerate() {
            let about = if index == 0 { about } else { "" };
            let _ = writeln!(text, "  {about:<10}{line}");
        }
    }
    text
}

fn paragraph(said: &str, options: Options) -> String {
    let lines = human::wrap_numbers(said, options.text_width());
    lines.join("\n") + "\n"
}

fn json(effect: Option<&Effect>) -> String {
    effect.map_or_else(String::new, |effect| {
        serde_json::to_string(effect).unwrap_or_default()
    })
}
