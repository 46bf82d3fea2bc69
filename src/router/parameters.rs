//! `--kind`, `--preset` and `--set`.

use coalmine_policy::source::parse_go_duration;
use coalmine_scenarios::nearest;
use coalmine_sim::router::{Batching, ControlPlane, IngressNginx, RouterConfig, presets};

use crate::args::{RouterArgs, RouterPreset};
use crate::failure::Failure;

/// The router that the command line describes.
pub(super) fn config(args: &RouterArgs) -> Result<RouterConfig, Failure> {
    let mut config = presets::by_name(&args.kind).ok_or_else(|| {
        let cure = match nearest(&args.kind, presets::KINDS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", presets::KINDS.join(", ")),
        };
        Failure::usage(format!("--kind {:?} is an unknown router", args.kind), cure)
    })?;
    if args.preset == Some(RouterPreset::Det) {
        config = config.deterministic();
    }
    for setting in &args.set {
        let bad = |why: &str| Failure::usage(format!("--set {setting:?}: {why}"), NAMES);
        let (name, value) = setting.split_once('=').ok_or_else(|| bad("no `=`"))?;
        let is_set = match &mut config {
            RouterConfig::IngressNginx(nginx) => set_nginx(nginx, name, value),
            RouterConfig::Control(plane) => set_plane(plane, name, value),
            RouterConfig::Instant => None,
        };
        is_set.ok_or_else(|| bad("an unknown parameter of this router, or no value for it"))?;
    }
    Ok(config)
}

const NAMES: &str = "ingress-nginx takes replicas, workers, syncsPerSecond, eventsPerSecond, \
                     reloadShare, write, watch, build, parse, post, poll and phases (0.4:0.9); \
                     others units, eventsPerSecond, watch, apply, quiet, max, sleep and interval; \
                     times are `10ms` or `2s`";

fn set_nginx(nginx: &mut IngressNginx, name: &str, value: &str) -> Option<()> {
    match name {
        "replicas" => nginx.replicas = count(value)?,
        "workers" => {
            nginx.workers = count(value)?;
            nginx.phases_s = nginx.phases_s.take().filter(|p| p.len() == nginx.workers);
        }
        "syncsPerSecond" => nginx.sync_qps = number(value, 1e-6, 1e4)?,
        "eventsPerSecond" => nginx.events_per_s = number(value, 0.0, 1e3)?,
        "reloadShare" => nginx.reload_share = number(value, 0.0, 1.0)?,
        "write" => nginx.write_s.0 = seconds(value)?,
        "watch" => nginx.watch_s.0 = seconds(value)?,
        "build" => nginx.build_s.0 = seconds(value)?,
        "parse" => nginx.parse_s.0 = seconds(value)?,
        "post" => nginx.post_s = seconds(value)?,
        "poll" => nginx.poll_s = seconds(value).filter(|poll_s| *poll_s > 0.0)?,
        "phases" => {
            let list: Option<Vec<f64>> = value.split(':').map(|x| number(x, 0.0, 1e3)).collect();
            let list = list?;
            nginx.workers = list.len();
            nginx.phases_s = Some(list);
        }
        _ => return None,
    }
    Some(())
}

fn set_plane(plane: &mut ControlPlane, name: &str, value: &str) -> Option<()> {
    match (name, &mut plane.batching) {
        ("units", _) => plane.units = count(value)?,
        ("eventsPerSecond", _) => plane.events_per_s = number(value, 0.0, 1e3)?,
        ("watch", _) => plane.watch_s.0 = seconds(value)?,
        ("build", _) => plane.build_s = vec![(seconds(value)?, 0.0)],
        ("apply", _) => plane.apply_s.0 = seconds(value)?,
        ("quiet", Batching::Debounce { quiet_s, .. }) => *quiet_s = seconds(value)?,
        ("max", Batching::Debounce { max_s, .. }) => *max_s = seconds(value)?,
        ("sleep", Batching::Throttle { sleep_s }) => *sleep_s = seconds(value)?,
        ("interval", Batching::Loop { interval_s }) => {
            *interval_s = seconds(value).filter(|interval_s| *interval_s > 0.0)?;
        }
        _ => return None,
    }
    Some(())
}

fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| (1..=10_000).contains(n))
}

fn number(text: &str, low: f64, high: f64) -> Option<f64> {
    text.parse().ok().filter(|x| (low..=high).contains(x))
}

fn seconds(text: &str) -> Option<f64> {
    parse_go_duration(text)
        .ok()
        .map(coalmine_policy::Span::as_secs_f64)
}
