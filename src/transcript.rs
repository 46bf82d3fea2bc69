//! Transcripts: `coalmine run --transcript` writes one, `coalmine replay` plays it again.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use coalmine_policy::Template;
use coalmine_policy::source::{Diagnostics, Source};
use coalmine_reports::terminal::Options;
use coalmine_reports::timeline::Story;
use coalmine_reports::transcript::{
    self, FORMAT, Header, Manifest, Recorded, Transcript, Unreadable,
};
use coalmine_scenarios::manifests::{self, Policy};
use coalmine_sim::subject::OLD_TEMPLATE;

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

/// Plays a transcript again. Exits with 1 when the policy says or does anything else than was
/// recorded.
pub(crate) fn replay(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let text = text(&args.transcript)?;
    let transcript = Transcript::read(&text).map_err(|unreadable| {
        let Unreadable { cure, .. } = unreadable;
        let file = args.transcript.display();
        Failure::usage(format!("{file}, {unreadable}"), cure)
    })?;
    let Player {
        policy,
        name,
        is_edited,
    } = player(args, &transcript)?;
    if let Some(refusal) = policy.subject.refusal() {
        let cause = format!("{} is invalid: {}", policy.label, refusal.reason);
        return Err(Failure::usage(cause, refusal.help));
    }
    let promoted = Template::new(OLD_TEMPLATE);
    let first_look = transcript.header.first_look_ns;
    let mut engine = policy.subject.start(first_look, promoted);
    let options = Options::stdout();
    let (said, code) = match transcript.replay(&mut *engine) {
        Ok(()) => {
            let said = transcript::same(&transcript, &name, is_edited, options);
            (said, ExitCode::SUCCESS)
        }
        Err(difference) => {
            let said = transcript::parted(&transcript, &name, &difference, options);
            (said, ExitCode::from(1))
        }
    };
    output::print(said.as_bytes())?;
    Ok(code)
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

/// Who plays.
struct Player {
    policy: Policy,
    name: String,
    /// Whether its files are other ones than those recorded.
    is_edited: bool,
}

/// The policy that was recorded, or the one that is to take its place.
fn player(args: &ReplayArgs, transcript: &Transcript) -> Result<Player, Failure> {
    let header = &transcript.header;
    let recorded = header.manifests.iter();
    let recorded = recorded.map(|manifest| Source {
        file: manifest.file.as_str().into(),
        text: manifest.text.as_str().into(),
    });
    let recorded: Vec<Source> = recorded.collect();
    let is_recorded = args.files.is_empty();
    let sources = if is_recorded {
        recorded.clone()
    } else {
        input::read_all(&args.files)?
    };
    let mut found = Diagnostics::new();
    let mut policies = manifests::read(&sources, &mut found).policies;
    if found.has_errors() {
        return Err(Failure::Input(found, sources));
    }
    if !is_recorded {
        diagnostics::print(&found, &sources);
    }
    if policies.is_empty() {
        let cure = "name a file with a policy, or none to replay the recorded one";
        return Err(Failure::usage("no policy to replay to", cure));
    }
    let label = header.policy.label.as_str();
    let is_there = policies.iter().any(|policy| policy.label == label);
    let wanted = args.policy.as_deref();
    let wanted = wanted.or((is_there && policies.len() > 1).then_some(label));
    let policy = policies.swap_remove(choose_policy(&policies, wanted)?);
    let texts = |sources: &[Source]| -> Vec<_> { sources.iter().map(|s| s.text.clone()).collect() };
    Ok(Player {
        // Embedded policies are not labelled by their objects.
        name: if is_recorded { label } else { &policy.label }.to_owned(),
        is_edited: texts(&sources) != texts(&recorded),
        policy,
    })
}
