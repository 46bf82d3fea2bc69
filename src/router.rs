//! `coalmine router`: what the data path makes of a list of writes and other events.

mod events;
mod parameters;
mod show;

use std::process::ExitCode;

use coalmine_sim::router::path;
use coalmine_sim::stream::{Purpose, Seed, Streams};

use crate::args::RouterArgs;
use crate::failure::Failure;
use crate::output;

/// How long after the last event the data path is watched.
const REST_S: f64 = 600.0;

/// Plays the events and prints every change, or what requests met.
pub(crate) fn router(args: &RouterArgs) -> Result<ExitCode, Failure> {
    let config = parameters::config(args)?;
    let events = events::read(&args.writes)?;
    let stream = Streams::new(Seed(args.seed), "router", 0).get(Purpose::Router);
    let seen = path::play(&config, stream, &events, REST_S);
    let text = show::text(&seen, args.show, args.rps, args.format);
    output::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
