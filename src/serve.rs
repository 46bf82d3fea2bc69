//! `coalmine serve`: the simulated Prometheus of one replication on the real HTTP API.

mod api;
mod clock;
mod exposition;
mod form;
mod http;
mod parameters;

use std::net::Ipv4Addr;
use std::process::ExitCode;

use coalmine_promql::Store;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::output;
use crate::run::one_rollout;
use crate::serve::api::Api;
use crate::serve::clock::Clock;

/// Simulates one replication, then answers about it until it is stopped.
pub(crate) fn serve(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let inputs = one_rollout(&args.rollout)?;
    let (policy, scenario) = (&inputs.policies[0], &inputs.scenarios[0]);
    if let Some(refusal) = policy.subject.refusal() {
        let cause = format!("{} is invalid: {}", policy.label, refusal.reason);
        return Err(Failure::usage(cause, refusal.help.clone()));
    }
    // Says which queries cannot be answered, with their places.
    drop(inputs.stages()?);
    let Ok(stage) = Stage::with_all_series(scenario, &*policy.subject) else {
        return Err(Failure::usage(
            "the policy's queries cannot be answered",
            "",
        ));
    };
    let stage = stage.with_fidelity(inputs.fidelity);
    let store = record(&stage, args);
    let start_ms = scenario.start_ms();
    let length_ms = (scenario.horizon.as_secs_f64() * 1_000.0) as i64;
    let clock = Clock::new((start_ms, start_ms + length_ms), args.speed);
    let api = Api::new(store, clock);
    let server = http::listen(args.port)?;
    let address = (Ipv4Addr::LOCALHOST, http::port(&server));
    let line = format!(
        "{} in {}, replication {}{}: http://{}:{}\n",
        policy.label,
        scenario.name,
        args.rollout.replication,
        inputs.fidelity.remark(),
        address.0,
        address.1
    );
    output::print(line.as_bytes())?;
    http::answer_all(&server, &api);
    Ok(ExitCode::SUCCESS)
}

fn record(stage: &Stage<'_>, args: &ServeArgs) -> Store {
    let mut world = World::new(stage, Seed(args.rollout.world.seed));
    let (_, store) = world.record(args.rollout.replication, &mut Nobody);
    store.clone()
}
