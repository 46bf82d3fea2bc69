//! Transcripts: `coalmine run --transcript` writes one, `coalmine replay` plays it again.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_policy::{Effect, Time};
use coalmine_reports::timeline::Story;
use coalmine_reports::transcript::{
    self, FORMAT, Header, Manifest, Parting, Recorded, Transcript, Unreadable,
};
use coalmine_scenarios::manifests::{self, Policy};

use crate::args::ReplayArgs;
use crate::failure::Failure;
use crate::output::{self, bytes};
use crate::run::choose_policy;
use crate::study::Inputs;
use crate::{diagnostics, input};

/// Writes what went through the seam between the policy and the world.
pub(crate) fn record(story: &Story<'_>, inputs: &Inputs, path: &Path) -> Result<(), Failure> {
    let is_embedded = |source: &&Source| inputs.is_embedded && *source.file != *story.policy.file;
    let manifests = inputs.manifests.iter();
    let manifests = manifests.filter(|source| !is_embedded(source));
    let header = Header {
        transcript: FORMAT,
        coalmine: env!("CARGO_PKG_VERSION").to_owned(),
        policy: Recorded {
            label: story.policy.label.to_owned(),
            kind: story.policy.kind.to_owned(),
            file: story.policy.file.to_owned(),
        },
        scenario: story.scenario.name.to_string(),
        seed: story.seed,
        replication: story.outcome.replication,
        fidelity: story.fidelity,
        start: story.scenario.start.to_string(),
        first_look_ns: story.notes.first_look,
        manifests: manifests
            .map(|source| Manifest {
                file: source.file.to_string(),
                text: source.text.to_string(),
            })
            .collect(),
    };
    let verdict = story.outcome.verdict;
    let content = bytes(|out| transcript::write(&header, &story.notes.exchanges, verdict, out))?;
    output::write_whole(path, &content)
}

/// Plays a transcript again. Exits with 1 when the policy does something else than was recorded.
pub(crate) fn replay(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let text = text(&args.transcript)?;
    let name = args.transcript.display();
    let transcript = Transcript::read(&text).map_err(|unreadable| {
        let Unreadable { cure, .. } = unreadable;
        Failure::usage(format!("{name}, {unreadable}"), cure)
    })?;
    let policy = policy(args, &transcript)?;
    if let Some(refusal) = policy.subject.refusal() {
        let cause = format!("{} is invalid: {}", policy.label, refusal.reason);
        return Err(Failure::usage(cause, refusal.help));
    }
    let mut engine = policy.subject.start(transcript.header.first_look_ns);
    match transcript.replay(&mut *engine) {
        Ok(()) => {
            let said = format!(
                "{}: {} inputs to {}, and the same effects byte for byte.\n",
                name,
                transcript.inputs(),
                name_of(args, &transcript, &policy)
            );
            output::print(said.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(parting) => {
            output::print(
                parted(&transcript, name_of(args, &transcript, &policy), &parting).as_bytes(),
            )?;
            Ok(ExitCode::from(1))
        }
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    if path.as_os_str() != "-" {
        return Ok(input::read_file(path)?.text.to_string());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read standard input: {error}"), ""))?;
    Ok(text)
}

/// The policy that was recorded, or the one that is to take its place.
fn policy(args: &ReplayArgs, transcript: &Transcript) -> Result<Policy, Failure> {
    let sources = if args.files.is_empty() {
        let recorded = transcript.header.manifests.iter();
        let source = |manifest: &Manifest| Source {
            file: manifest.file.as_str().into(),
            text: manifest.text.as_str().into(),
        };
        recorded.map(source).collect()
    } else {
        input::read_all(&args.files)?
    };
    let mut found = Diagnostics::new();
    let mut policies = manifests::read(&sources, &mut found).policies;
    if found.has_errors() {
        return Err(Failure::Input(found, sources));
    }
    if !args.files.is_empty() {
        diagnostics::print(&found, &sources);
    }
    if policies.is_empty() {
        return Err(Failure::usage("no policy to replay to", ""));
    }
    let recorded = transcript.header.policy.label.as_str();
    let is_there = policies.iter().any(|policy| policy.label == recorded);
    let label = args
        .policy
        .as_deref()
        .or((is_there && policies.len() > 1).then_some(recorded));
    let index = choose_policy(&policies, label)?;
    Ok(policies.swap_remove(index))
}

/// The name of the policy that plays; embedded ones are not named by their objects.
fn name_of<'a>(args: &ReplayArgs, transcript: &'a Transcript, policy: &'a Policy) -> &'a str {
    match args.files.is_empty() {
        true => &transcript.header.policy.label,
        false => &policy.label,
    }
}

/// Where the decisions part, for people.
fn parted(transcript: &Transcript, policy: &str, parting: &Parting) -> String {
    let Header {
        policy: recorded,
        scenario,
        replication,
        ..
    } = &transcript.header;
    let Parting {
        line,
        input,
        recorded: exchange,
        ..
    } = parting;
    let at = Time::from_nanos(exchange.at_ns.nanos());
    let all = transcript.inputs();
    let effect = |effect: Option<&Effect>| effect.map_or_else(|| "nothing".to_owned(), json);
    let (before, now) = parting.first();
    format!(
        "The decisions of {} part from those recorded of {} ({scenario}, replication {replication})\n\
         at input {input} of {all}, line {line}, at +{at}:\n  \
         input     {}\n  \
         recorded  {}\n  \
         now       {}\n",
        policy,
        recorded.label,
        json(&exchange.input),
        effect(before),
        effect(now)
    )
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
