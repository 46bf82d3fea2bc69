//! One scenario, from its document.

use coalmine_policy::Span;
use coalmine_policy::source::{Diagnostics, Fields};
use coalmine_sim::arrivals::Pattern;
use coalmine_sim::scenario::{Scenario, Scrape, Service};

use super::clock::Clock;
use super::fault::FaultSection;
use super::form::Form;
use super::joined::Joined;
use super::{
    arrivals, clock, fault, hooks, metrics, prometheus, router, routes, service, traffic, users,
};
use crate::Files;

/// A week: beyond it a replication would take minutes, and nobody watches a rollout for so long.
const HORIZON_MAX: Span = Span::from_mins(7 * 24 * 60);

/// The scenario, unless it has a mistake.
pub(super) fn read(
    joined: &Joined,
    files: &mut dyn Files,
    diagnostics: &mut Diagnostics,
) -> Option<Scenario> {
    let document = &joined.document;
    let mut found = Diagnostics::new();
    let mut root = Form::new(Fields::new(document, "", &document.root, &mut found));
    root.node("apiVersion");
    root.node("kind");
    let name = read_name(&mut root, &mut found);
    root.require(
        "spec",
        "add `spec` with `start`, `horizon` and `traffic`",
        &mut found,
    );
    let spec = root.form("spec", &mut found);
    let scenario = spec
        .and_then(|spec| read_spec(spec, name.unwrap_or_default(), (joined, files), &mut found));
    root.close(&mut found);
    let bad = found.has_errors();
    diagnostics.extend(found);
    scenario.filter(|_| !bad)
}

fn read_name<'a>(root: &mut Form<'a>, found: &mut Diagnostics) -> Option<&'a str> {
    let help = "add `metadata: {name: traffic/fault}`";
    root.require("metadata", help, found);
    let mut metadata = root.form("metadata", found)?;
    // People note where a file came from in annotations and labels; neither changes the world.
    metadata.node("annotations");
    metadata.node("labels");
    metadata.require("name", help, found);
    let name = metadata.string("name", found);
    if name.is_some_and(|name| name.trim().is_empty()) {
        metadata.refuse("name", "is empty", help, found);
    }
    metadata.close(found);
    name
}

fn read_spec(
    mut spec: Form<'_>,
    name: &str,
    (joined, files): (&Joined, &mut dyn Files),
    found: &mut Diagnostics,
) -> Option<Scenario> {
    let title = spec.string("title", found).unwrap_or(name).to_owned();
    // For people; what `extends` names has been laid under this already.
    spec.string("reason", found);
    spec.node("extends");
    let weight = spec.positive("weight", found);
    let clock = clock::read(&mut spec, found);
    let horizon = read_horizon(&mut spec, found);
    // Without a start the wall-clock times cannot be resolved, but their other mistakes can.
    let assumed = clock.clone().unwrap_or_else(Clock::utc);
    let context = traffic::Context {
        clock: &assumed,
        horizon: horizon.unwrap_or(HORIZON_MAX),
        joined,
        files,
        depth: 0,
    };
    let traffic = traffic::read(&mut spec, context, found);
    let arrivals = match spec.form("arrivals", found) {
        Some(form) => arrivals::read(form, found),
        None => Pattern::default(),
    };
    let service = match spec.form("service", found) {
        Some(form) => service::read(form, found),
        None => Service::default(),
    };
    let routes = routes::read(&mut spec, found);
    let business = routes::read_business(&mut spec, &routes, found);
    let fault = match spec.form("fault", found) {
        Some(form) => fault::read(form, &assumed, (&routes, &business), found),
        None => FaultSection::default(),
    };
    let said = spec.form("users", found);
    let said = said.map_or_else(users::Said::default, |form| users::read(form, found));
    let retries = spec.form("retries", found);
    let retries = retries.and_then(|form| users::read_retries(form, found));
    let hooks = hooks::read(&mut spec, found);
    let metrics = metrics::read(&mut spec, found);
    let (router, router_said) = router::read(spec.form("router", found), found);
    let mut scrape = Scrape {
        ingress_replicas: router::replicas(&router),
        ..Scrape::default()
    };
    if let Some(form) = spec.form("prometheus", found) {
        prometheus::read(form, &assumed, &mut scrape, found);
    }
    spec.close(found);
    Some(Scenario {
        title,
        fault_name: fault.name.clone().filter(|_| fault.is_harmful),
        lookalike_name: fault.name.filter(|_| !fault.is_harmful),
        start: clock?.start,
        arrivals,
        service,
        faults: fault.effects,
        routes,
        business,
        users: said.users,
        sessions: said.sessions,
        keep_alive: said.keep_alive,
        retries,
        hooks,
        metrics,
        router,
        router_said,
        scrape,
        weight: weight.unwrap_or(1.0),
        ..Scenario::ordinary(name, horizon?, traffic?)
    })
}

fn read_horizon(spec: &mut Form<'_>, found: &mut Diagnostics) -> Option<Span> {
    spec.require(
        "horizon",
        "say how long to watch, for example `horizon: 1h`",
        found,
    );
    let horizon = spec.some_time("horizon", found)?;
    if horizon > HORIZON_MAX {
        let complaint = format!("is {horizon}, longer than a week");
        spec.refuse("horizon", &complaint, "a rollout is over in hours", found);
        return None;
    }
    Some(horizon)
}
