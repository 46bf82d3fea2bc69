//! Everything that went through the seam between the policy and the world.

use coalmine_policy::{
    Answer, Effect, HookAnswer, Input, MetricAnswer, Observation, Replicas, Time, WorkloadState,
};
use coalmine_sim::timeline::{Entry, What};

use super::Story;
use super::text::{self, Said, Tone};
use super::words;

/// Every input and effect in its place among what else happened, nothing folded.
pub(super) fn lines(story: &Story<'_>) -> Vec<(Time, Said)> {
    let mut lines = Vec::new();
    let mut seam = story.notes.exchanges.iter().peekable();
    for Entry { at, what } in story.entries() {
        while let Some(exchange) = seam.next_if(|exchange| exchange.at_ns <= *at) {
            let at = exchange.at_ns;
            lines.push((at, Said::new("input", input(&exchange.input), Tone::Plain)));
            lines.extend(exchange.effects.iter().map(|one| (at, effect(one))));
        }
        match what {
            // Among the effects.
            What::Record(_) => {}
            What::Truth(truth) => {
                if let Some(text) = words::truth(story, *at, truth) {
                    lines.push((*at, Said::new("truth", text, Tone::Faint)));
                }
            }
            what => lines.push((*at, text::one(what))),
        }
    }
    lines
}

fn input(input: &Input) -> String {
    match input {
        Input::Tick => "tick".to_owned(),
        Input::Observed(observation) => format!("observed {}", observed(observation)),
        Input::Answered { call, answer } => format!("answer to {}: {}", call.0, answered(answer)),
        Input::Commanded(command) => format!("a person commands {command:?}"),
    }
}

fn observed(observation: &Observation) -> String {
    match observation {
        Observation::Template(template) => format!("template {template} wanted"),
        Observation::Configs(Ok(configs)) if configs.is_empty() => "no configs".to_owned(),
        Observation::Workload(workload, None) => format!("{workload:?}: not there"),
        Observation::Workload(workload, Some(state)) => {
            format!("{workload:?}: {}", workload_state(state))
        }
        Observation::Routes(Ok(routes)) => {
            format!("routes: canary {}{}", routes.canary, routes_more(routes))
        }
        Observation::Service(service, template) => {
            format!("{service:?} service selects {template}")
        }
        other => format!("{other:?}"),
    }
}

fn workload_state(state: &WorkloadState) -> String {
    let wanted = state
        .desired
        .map_or_else(|| "?".to_owned(), |desired| desired.to_string());
    format!(
        "template {}, {wanted} wanted, {} created, {} updated, {} ready, {} available",
        state.template, state.created, state.updated, state.ready, state.available
    )
}

fn routes_more(routes: &coalmine_policy::Routes) -> String {
    let mut more = String::new();
    if routes.mirrored {
        more.push_str(", mirrored");
    }
    if !routes.rules.is_empty() {
        more.push_str(&format!(", {} rules", routes.rules.len()));
    }
    more
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Failed(why) => format!("failed: {why}"),
        Answer::Metric(answer) => metric(answer),
        Answer::Hook(HookAnswer::Status(status)) => format!("HTTP {status}"),
        Answer::Hook(HookAnswer::Unreachable(why)) => format!("no HTTP answer: {why}"),
    }
}

fn metric(answer: &MetricAnswer) -> String {
    match answer {
        MetricAnswer::Vector(values) if values.is_empty() => "an empty vector".to_owned(),
        MetricAnswer::Vector(values) => format!("vector {values:?}"),
        MetricAnswer::Scalar(value) => format!("scalar {value}"),
        MetricAnswer::Matrix(series) => format!("matrix {series:?}"),
        MetricAnswer::Text(text) => format!("string {text:?}"),
        MetricAnswer::Json(value) => format!("JSON {value}"),
        MetricAnswer::Job(true) => "the job completed".to_owned(),
        MetricAnswer::Job(false) => "the job failed".to_owned(),
        MetricAnswer::Error(why) => format!("error: {why}"),
    }
}

fn effect(effect: &Effect) -> Said {
    let text = match effect {
        Effect::Record(record) => return text::recorded(record),
        Effect::Query { call, query } => {
            let words: Vec<_> = query.text.split_whitespace().collect();
            let (metric, text) = (&query.metric, words.join(" "));
            format!("{}: ask {:?} for {metric}: {text}", call.0, query.provider)
        }
        Effect::SetRoutes { call, routes } => format!(
            "{}: write routes: canary {}{}",
            call.0,
            routes.canary,
            routes_more(routes)
        ),
        Effect::Scale {
            call,
            workload,
            replicas,
        } => {
            let to = match replicas {
                Replicas::Zero => "0".to_owned(),
                Replicas::FromZero => "up from zero".to_owned(),
                Replicas::Exactly(count) => count.to_string(),
            };
            format!("{}: scale {workload:?} to {to}", call.0)
        }
        Effect::Promote { call } => {
            format!("{}: copy the target's template to the primary", call.0)
        }
        Effect::Roll { call, workload, to } => {
            format!("{}: roll {workload:?} to template {to}", call.0)
        }
        Effect::CallHook { call, hook } => {
            format!(
                "{}: call hook {} ({}) at {}",
                call.0, hook.name, hook.kind, hook.url
            )
        }
        Effect::PointService { service, to } => {
            format!("point the {service:?} service at template {to}")
        }
    };
    Said::new("effect", text, Tone::Plain)
}
