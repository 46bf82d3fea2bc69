//! `coalmine`: is this canary policy any good?

mod args;
mod check;
mod contradiction;
mod diagnostics;
mod ensemble;
mod failure;
mod input;
mod interrupt;
mod judge;
mod lint;
mod mix;
mod output;
mod power;
mod promql;
mod replay;
mod report;
mod rollouts;
mod router;
mod run;
mod scenarios;
mod schema;
mod score;
mod serve;
mod study;
mod transcript;
mod tune;
mod when;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Verb};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.verb {
        Verb::Score(args) => score::score(&args),
        Verb::Power(args) => power::power(&args),
        Verb::When(args) => when::when(&args),
        Verb::Tune(args) => tune::tune(&args),
        Verb::Report(args) => report::report(&args),
        Verb::Check(args) => check::check(&args),
        Verb::Lint(args) => lint::lint(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Replay(args) => transcript::replay(&args),
        Verb::Scenarios(args) => scenarios::scenarios(&args),
        Verb::Schema(args) => schema::schema(&args),
        Verb::Promql(args) => promql::promql(&args),
        Verb::Router(args) => router::router(&args),
        Verb::Judge(args) => judge::judge(&args),
        Verb::Serve(args) => serve::serve(&args),
    };
    match ended {
        Ok(code) => code,
        // A reader that went away (`coalmine score | head`) is no failure of ours.
        Err(Failure::Write(_, error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => failure.report(),
    }
}
