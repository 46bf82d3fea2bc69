//! The rollouts of a study that one would like to look at, played again.

use coalmine_reports::html::Chosen;
use coalmine_reports::timeline::Story;
use coalmine_reports::{Summary, Surprise, surprise};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stream::Seed;
use coalmine_sim::timeline::Entry;
use coalmine_sim::world::World;

use crate::args::WorldArgs;
use crate::failure::Failure;
use crate::replay;
use crate::study::Inputs;

/// One of them.
pub(crate) struct Played {
    surprise: Surprise,
    scenario: Scenario,
    seed: u64,
    fidelity: Fidelity,
    entries: Vec<Entry>,
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
        let mut entries: Vec<Entry> = Vec::new();
        World::new(stage.as_ref()?, Seed(world.seed)).run(surprise.replication, &mut entries);
        // What is known only at the end is told last, but has its place in the story.
        entries.sort_by_key(|entry| entry.at);
        Some(Played {
            command: replay::command(world, &inputs.arguments, &surprise),
            surprise,
            scenario: inputs.scenarios.get(scenario)?.clone(),
            seed: world.seed,
            fidelity: inputs.fidelity,
            entries,
        })
    };
    Ok(surprises.into_iter().filter_map(play).collect())
}

impl Played {
    /// As a report shows it.
    pub(crate) fn chosen(&self) -> Chosen<'_> {
        Chosen {
            story: Story {
                policy: &self.surprise.policy,
                scenario: &self.scenario.name,
                title: &self.scenario.title,
                seed: self.seed,
                replication: self.surprise.replication,
                fidelity: self.fidelity,
                start: &self.scenario.start,
                entries: &self.entries,
            },
            why: self.surprise.why.clone(),
            command: self.command.clone(),
        }
    }
}
