//! The rollouts of a study that one would like to look at, played again.

use coalmine_reports::html::Chosen;
use coalmine_reports::timeline::{Story, Who};
use coalmine_reports::{Summary, Surprise, surprise};
use coalmine_scenarios::manifests::Policy;
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::Outcome;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stream::Seed;
use coalmine_sim::witness::Notes;
use coalmine_sim::world::World;

use crate::args::WorldArgs;
use crate::failure::Failure;
use crate::replay;
use crate::study::Inputs;

/// One of them.
pub(crate) struct Played {
    surprise: Surprise,
    kind: &'static str,
    file: String,
    scenario: Scenario,
    seed: u64,
    fidelity: Fidelity,
    outcome: Outcome,
    notes: Notes,
    command: String,
}

/// Plays the most surprising rollout of each policy again.
pub(crate) fn played(
    inputs: &Inputs,
    summary: &Summary,
    world: &WorldArgs,
) -> Result<Vec<Played>, Failure> {
    let surprises = surprise::of_each_policy(summary);
    if surprises.is_empty() {
        return Ok(Vec::new());
    }
    let stages = inputs.stages()?;
    let play = |surprise: Surprise| {
        let mut policies = inputs.policies.iter();
        let mut scenarios = inputs.scenarios.iter();
        let policy = policies.position(|policy| policy.label == surprise.policy)?;
        let scenario = scenarios.position(|one| *one.name == *surprise.scenario)?;
        // Stages stand scenario by scenario, policies within.
        let stage = stages.get(scenario * inputs.policies.len() + policy)?;
        let mut notes = Notes::default();
        let mut played = World::new(stage.as_ref()?, Seed(world.seed));
        let outcome = played.run(surprise.replication, &mut notes);
        let policy: &Policy = inputs.policies.get(policy)?;
        Some(Played {
            command: replay::command(world, &inputs.arguments, &surprise),
            surprise,
            kind: policy.kind,
            file: policy.file.to_string(),
            scenario: inputs.scenarios.get(scenario)?.clone(),
            seed: world.seed,
            fidelity: inputs.fidelity,
            outcome,
            notes: notes.in_order(),
        })
    };
    Ok(surprises.into_iter().filter_map(play).collect())
}

impl Played {
    /// As a report shows it.
    pub(crate) fn chosen(&self) -> Chosen<'_> {
        Chosen {
            story: Story {
                policy: Who {
                    label: &self.surprise.policy,
                    kind: self.kind,
                    file: &self.file,
                },
                scenario: &self.scenario,
                seed: self.seed,
                fidelity: self.fidelity,
                outcome: &self.outcome,
                notes: &self.notes,
            },
            why: self.surprise.why.clone(),
            command: self.command.clone(),
        }
    }
}
