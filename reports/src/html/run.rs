//! The page of one rollout: what happened and why, the picture, and every line of the story.

use coalmine_sim::event::Refusal;
use maud::{Markup, html};

use super::number::prose;
use super::page::{Page, Section};
use super::rollout;
use crate::timeline::{Explanation, Story, Tone, Who, explain, lines};

/// The page of a rollout.
#[must_use]
pub fn run(story: &Story<'_>) -> String {
    let scenario = story.scenario;
    let page = Page {
        title: format!("{} in {}", story.policy.label, scenario.name),
        subtitle: format!(
            "{} · {} · seed {}, replication {}{} · {}",
            story.policy.kind,
            scenario.title,
            story.seed,
            story.outcome.replication,
            story.fidelity.remark(),
            scenario.start.strftime("%A %-d %B %Y, %Z"),
        ),
        verdict: verdict(&explain(story)),
        sections: vec![
            Section {
                id: "picture",
                title: "Over time",
                body: html! { (rollout::inks()) (rollout::picture(story, "rollout")) },
            },
            Section {
                id: "decisions",
                title: "Decisions",
                body: html! {
                    p.faint { "Numbered as in the picture, each with the rule of the controller that fired." }
                    (rollout::list(story))
                },
            },
            Section {
                id: "story",
                title: "Line by line",
                body: story_lines(story),
            },
        ],
    };
    page.render()
}

/// The page of a policy that its controller refuses, so that there is nothing to draw.
#[must_use]
pub fn refused(policy: Who<'_>, refusal: &Refusal) -> String {
    let page = Page {
        title: policy.label.to_owned(),
        subtitle: format!("{} · {}", policy.kind, policy.file),
        verdict: html! {
            div.warning { p { strong { "Invalid: its controller refuses it, so no rollout begins." } } }
            dl.facts {
                dt { "reason" }
                dd { (prose(&refusal.reason)) }
                dt { "place" }
                dd { code { (refusal.file) ":" (refusal.line) } }
                @if !refusal.help.is_empty() {
                    dt { "cure" }
                    dd { (prose(&refusal.help)) }
                }
            }
        },
        sections: Vec::new(),
    };
    page.render()
}

fn verdict(explanation: &Explanation) -> Markup {
    let class = match explanation.judgement.is_right() {
        Some(true) => "right",
        _ => "warning",
    };
    html! {
        div class=(class) { p { strong { (prose(&explanation.headline)) } } }
        dl.facts {
            @for fact in &explanation.facts {
                dt { (fact.about) }
                dd { (prose(&fact.text)) }
            }
        }
        @for why in &explanation.why { p { (prose(why)) } }
    }
}

/// What a terminal shows too: measurements, decisions, the truth, and what the world did.
fn story_lines(story: &Story<'_>) -> Markup {
    html! {
        ol.story {
            @for (at, said) in lines(story) {
                li class=(class(said.tone)) {
                    time { (story.clock(at)) " +" (at.truncated_to_second()) }
                    span.kind { (said.kind) }
                    span { (prose(&said.text)) }
                }
            }
        }
    }
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Strong => "strong",
        Tone::Warning => "odd",
        Tone::Bad => "bad",
        Tone::Faint => "faint",
    }
}
