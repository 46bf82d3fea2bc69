//! The command line.

mod check;
mod judge;
mod lint;
mod tune;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use coalmine_sim::fidelity::Fidelity;

pub(crate) use check::{CheckArgs, CheckFormat};
pub(crate) use judge::{JudgeArgs, JudgeFormat};
pub(crate) use lint::{LintArgs, LintFormat};
pub(crate) use tune::{TuneArgs, TuneFormat};

/// Is this canary policy any good? Simulates thousands of rollouts of your own Flagger and Argo
/// manifests and counts the faults they miss and the good releases they refuse.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Score policies: missed faults, false rollbacks, time to detect, people hurt.
    Score(ScoreArgs),
    /// The smallest fault that each policy catches in 95 % of rollouts, by kind and traffic.
    Power(PowerArgs),
    /// When to start a canary: what becomes of a release by the time of day.
    When(WhenArgs),
    /// Find better values for a policy: the trade between harm, false rollbacks and duration, the values
    /// that keep your requirements, and the manifest with them as a patch.
    Tune(TuneArgs),
    /// All of that on one page for a browser: tables and pictures in a file that needs nothing else.
    Report(ReportArgs),
    /// Guard policies in CI: gates of a suite file, and no worse than its committed baseline.
    Check(CheckArgs),
    /// Review manifests: mistakes that can be seen without trying them, with evidence and cure.
    Lint(LintArgs),
    /// Explain one rollout: what happened, whether it was right, and why, decision by decision.
    Run(RunArgs),
    /// Play a transcript of `run --transcript` again: to the policy that was recorded, or to another
    /// version of it.
    Replay(ReplayArgs),
    /// List the scenarios of the catalogue with their traffic and the reason why they exist, or print
    /// one to start your own from.
    Scenarios(ScenariosArgs),
    /// Print the JSON Schema of a file format, for editors and programs.
    Schema(SchemaArgs),
    /// Answer PromQL over a file of series, as Prometheus 3 would.
    Promql(PromqlArgs),
    /// Print what a router's data path makes of weight writes, changes of pods and requests.
    Router(RouterArgs),
    /// Say what a statistical policy makes of recorded counts, look by look.
    Judge(JudgeArgs),
    /// Serve the simulated Prometheus of one rollout on the real HTTP API, on 127.0.0.1 only.
    Serve(ServeArgs),
}

/// What to simulate.
#[derive(Debug, Args)]
pub(crate) struct WorldArgs {
    /// Manifests: a file, a folder, or `-` for standard input (`helm template … | coalmine score
    /// -f -`). Repeatable. Without it, the embedded policies.
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR|-")]
    pub(crate) files: Vec<PathBuf>,

    /// Start every scenario at this wall-clock time instead of its own.
    #[arg(long, value_name = "HH:MM")]
    pub(crate) start: Option<String>,

    /// The root of all random numbers: the same seed gives the same bytes.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,

    /// How closely to look at requests. `aggregate` draws what Prometheus counts: milliseconds a
    /// rollout. `request` plays every request: seconds a rollout at high rates; use it to check a
    /// surprising result with few `--runs`.
    #[arg(long, value_enum, default_value_t = FidelityArg::Aggregate)]
    pub(crate) fidelity: FidelityArg,
}

/// The two ways to play a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FidelityArg {
    /// Counts are drawn from their distribution.
    Aggregate,
    /// Every request is an event.
    Request,
}

impl From<FidelityArg> for Fidelity {
    fn from(arg: FidelityArg) -> Self {
        match arg {
            FidelityArg::Aggregate => Self::Aggregate,
            FidelityArg::Request => Self::Request,
        }
    }
}

/// `score`.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// What to simulate.
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// A scenario of the catalogue (`market-open/errors-2`), all of one traffic (`market-open`), all
    /// that are alike (`'incidents/*'`), a suite (`default`), or a file of your own (`FILE#NAME`: one
    /// of several in it). Repeatable. Without it, the suite `default`.
    #[arg(long = "scenario", value_name = "NAME|FILE|FILE#NAME")]
    pub(crate) scenarios: Vec<String>,

    /// Replications of each scenario under each policy.
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub(crate) runs: u32,

    /// Run each cell on until the 95 % interval of its wrong verdicts reaches no further than this
    /// to either side, for example `0.5%`; at least `--runs`, at most `--max-runs` replications.
    #[arg(long, value_name = "SHARE", value_parser = crate::mix::share)]
    pub(crate) precision: Option<f64>,

    /// The budget of `--precision`, in replications of a cell.
    #[arg(long, default_value_t = 100_000, requires = "precision",
          value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub(crate) max_runs: u32,

    /// The mix of releases.
    #[command(flatten)]
    pub(crate) mix: crate::mix::MixArgs,

    /// Worker threads; results do not depend on them. Without it, one a core.
    #[arg(long, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = ScoreFormat::Table)]
    pub(crate) format: ScoreFormat,

    /// Also write `score.csv`, `lost.csv` (orders), `score.json`, `score.xml` (JUnit), `score.md` and
    /// `score.html` into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// No progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How `score` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScoreFormat {
    /// For people.
    Table,
    /// Everything, with intervals.
    Json,
    /// One row per policy and scenario.
    Csv,
    /// JUnit XML: a case per policy and scenario, failed where the wrong verdict is the rule.
    Junit,
    /// For a comment under a pull request.
    Markdown,
    /// A page with tables and pictures; `coalmine report` has more.
    Html,
}

/// `power`.
#[derive(Debug, Args)]
pub(crate) struct PowerArgs {
    /// What to simulate.
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// Whose traffic and service: a name of the catalogue, a file, or one of several in it
    /// (`FILE#NAME`). Its own fault is one of the kinds tried.
    #[arg(
        long,
        value_name = "NAME|FILE|FILE#NAME",
        default_value = "market-open/healthy"
    )]
    pub(crate) scenario: String,

    /// A kind of fault. Repeatable. Without it, all that apply.
    #[arg(long = "fault", value_enum, value_name = "KIND")]
    pub(crate) faults: Vec<KindArg>,

    /// A level of traffic, as a factor. Repeatable. Without it, a tenth, once and ten times.
    #[arg(long = "load", value_name = "FACTOR", value_parser = load)]
    pub(crate) loads: Vec<f64>,

    /// How much to play, and how to print it.
    #[command(flatten)]
    pub(crate) curve: CurveArgs,
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// The share of the new revision's answers that fail.
    Errors,
    /// The factor on its 99th percentile of latency.
    Slow,
    /// The scenario's own fault, as a multiple of its size.
    Own,
}

/// What `power` and `when` share.
#[derive(Debug, Args)]
pub(crate) struct CurveArgs {
    /// Replications of each point: of each size, or of each start.
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) runs: u32,

    /// Worker threads; results do not depend on them. Without it, one a core.
    #[arg(long, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = CurveFormat::Table)]
    pub(crate) format: CurveFormat,

    /// No progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How `power` and `when` print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CurveFormat {
    /// For people.
    Table,
    /// Every point, with intervals.
    Json,
    /// A page with pictures.
    Html,
}

fn load(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(load) if (1e-6..=1e6).contains(&load) => Ok(load),
        _ => Err("write a factor, for example `0.1` for a tenth of the traffic".to_owned()),
    }
}

/// `when`.
#[derive(Debug, Args)]
pub(crate) struct WhenArgs {
    /// What to simulate.
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// A scenario of the catalogue, all of one traffic, or a file of your own. Repeatable.
    #[arg(
        long = "scenario",
        value_name = "NAME|FILE|FILE#NAME",
        default_value = "market-open/overload-only"
    )]
    pub(crate) scenarios: Vec<String>,

    /// Minutes from one start to the next.
    #[arg(long, value_name = "MINUTES", default_value_t = 30,
          value_parser = value_parser!(u16).range(1..=720))]
    pub(crate) every: u16,

    /// How much to play, and how to print it.
    #[command(flatten)]
    pub(crate) curve: CurveArgs,
}

/// `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// What to simulate.
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// As `--scenario` of `score`. Power curves are those of market-open/healthy where it is among
    /// them, else of the first; the day is that of market-open/overload-only, else of the first with
    /// a fault.
    #[arg(long = "scenario", value_name = "NAME|FILE|FILE#NAME")]
    pub(crate) scenarios: Vec<String>,

    /// Replications of each scenario under each policy; a fifth of them for each point of a curve.
    #[arg(long, default_value_t = 1000, value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub(crate) runs: u32,

    /// The mix of releases.
    #[command(flatten)]
    pub(crate) mix: crate::mix::MixArgs,

    /// Worker threads; results do not depend on them. Without it, one a core.
    #[arg(long, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Where to write the page; `-` for standard output.
    #[arg(long, value_name = "FILE|-", default_value = "coalmine.html")]
    pub(crate) out: PathBuf,

    /// No progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// One rollout: a policy, a scenario, a replication.
#[derive(Debug, Args)]
pub(crate) struct RolloutArgs {
    /// What to simulate.
    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// Which policy, by its label in the table; needed when there are several.
    #[arg(long, value_name = "LABEL")]
    pub(crate) policy: Option<String>,

    /// Which scenario: a name of the catalogue, a file, or one of several in it (`FILE#NAME`).
    #[arg(long, value_name = "NAME|FILE|FILE#NAME")]
    pub(crate) scenario: String,

    /// Which replication.
    #[arg(long, default_value_t = 0)]
    pub(crate) replication: u32,
}

/// `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Which rollout.
    #[command(flatten)]
    pub(crate) rollout: RolloutArgs,

    /// What to print.
    #[arg(long, value_enum, default_value_t = RunFormat::Table)]
    pub(crate) format: RunFormat,

    /// Write it into this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Show every input of the policy and every effect, nothing folded.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Also write every input and effect into this file, one JSON object a line, for `coalmine
    /// replay`.
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
}

/// How `run` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// For people.
    Table,
    /// The story as one document.
    Json,
    /// A page with the picture.
    Html,
}

/// `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The transcript; `-` for standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) transcript: PathBuf,

    /// Another version of the policy: a file or a folder. Repeatable. Without it, the one that was
    /// recorded.
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,

    /// Which policy, by its label; needed when there are several and none is labelled as the recorded
    /// one.
    #[arg(long, value_name = "LABEL")]
    pub(crate) policy: Option<String>,
}

/// `scenarios`.
#[derive(Debug, Args)]
pub(crate) struct ScenariosArgs {
    /// Print this scenario's YAML.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which format.
    #[arg(value_enum)]
    pub(crate) format: SchemaFormat,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// Scenario files.
    Scenario,
    /// What `score --format json` prints.
    Score,
    /// What `power --format json` prints.
    Power,
    /// What `when --format json` prints.
    When,
    /// What `tune --format json` prints.
    Tune,
    /// What `run --format json` prints.
    Run,
    /// A line of what `run --transcript` writes.
    Transcript,
    /// What `judge --format json` prints.
    Judge,
    /// What `lint --format json` prints.
    Lint,
    /// Suite files of `check`.
    Suite,
    /// What `check --format json` prints.
    Check,
    /// Baselines of `check` (`coalmine.lock.json`).
    Lock,
}

/// `promql`.
#[derive(Debug, Args)]
pub(crate) struct PromqlArgs {
    /// The series: a JSON list of `{"name", "labels", "s": [[ms, value or "stale"], …]}`, gzipped
    /// or not; `-` for standard input.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) series: PathBuf,

    /// The instant, in Unix seconds or as RFC 3339.
    #[arg(long, value_name = "T", allow_hyphen_values = true, requires = "query")]
    pub(crate) time: Option<String>,

    /// Many queries: lines `{"id": …, "query": …, "time": …}`, one answer a line in the same order.
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["time", "query"])]
    pub(crate) batch: Option<PathBuf>,

    /// The query.
    #[arg(
        requires = "time",
        required_unless_present = "batch",
        allow_hyphen_values = true
    )]
    pub(crate) query: Option<String>,
}

/// `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Which rollout.
    #[command(flatten)]
    pub(crate) rollout: RolloutArgs,

    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 9090)]
    pub(crate) port: u16,

    /// Tie the run to the wall clock: it starts now and passes this many seconds a second. Without
    /// it, the finished run is served, and times are those of the scenario.
    #[arg(long, value_parser = speed)]
    pub(crate) speed: Option<f64>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=10_000.0).contains(&speed) => Ok(speed),
        _ => Err("write a number from 0.001 to 10000".to_owned()),
    }
}

/// `router`.
#[derive(Debug, Args)]
pub(crate) struct RouterArgs {
    /// The router: ingress-nginx, f5-nginx, nginx-gateway-fabric, istio, linkerd, envoy-gateway,
    /// agentgateway, kong, traefik, alb, kube-proxy or instant.
    #[arg(long, default_value = "ingress-nginx")]
    pub(crate) kind: String,

    /// Begin with another set of parameters.
    #[arg(long, value_enum)]
    pub(crate) preset: Option<RouterPreset>,

    /// Change a parameter, for example `workers=2` or `watch=10ms`; names are those of a scenario's
    /// `router`. Repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// What happens, one `SECONDS,EVENT` a line in order of time.
    ///
    /// `#` begins a comment, a first line `time,event` is passed over. EVENT is one of:
    ///
    /// `20`, `5/50`: the canary's weight in percent, or of a total;
    /// `slice`, `slice-empty`, `slice-ready`: endpoints changed, the canary's are gone, are back;
    /// `service`, `reload`: something asks for a sync, or for a reload of nginx;
    /// `broken`, `fixed`: the generated configuration is invalid, is valid again;
    /// `weight [NAME] W[/TOTAL]`: the same of one canary; what is no number counts as the
    /// controller takes it;
    /// `canary [NAME] KEY=VALUE …`: an Ingress of a canary: weight, total, header, value,
    /// pattern, cookie, behavior (legacy), host, path, pathType; `delete NAME` takes it away;
    /// `stable KEY=VALUE …`: the main Ingress: affinity (none, balanced, persistent), hosts
    /// (h1:h2), path, pathType;
    /// `endpoints stable=2 canary=3`: endpoints in the API;
    /// `pods [NAME] refuse=1|all hang=1|all`: what pods do, whatever the API says;
    /// `session NAME BACKEND`, `connection NAME BACKEND`: what an affinity cookie names, where a
    /// keep-alive connection ends;
    /// `request [METHOD] [HEADER=VALUE] [cookie:NAME=VALUE] [session=NAME] [connection=NAME]
    /// [lasts=2s|forever]`: a request (see `--show requests`).
    #[arg(long, value_name = "FILE|-", verbatim_doc_comment)]
    pub(crate) writes: PathBuf,

    /// The root of all random numbers: the same seed gives the same bytes.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,

    /// What of it to print.
    #[arg(long, value_enum, default_value_t = RouterShow::Weights)]
    pub(crate) show: RouterShow,

    /// With `--show shares`: requests a second, to count those that failed in each interval.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) rps: Option<f64>,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = RouterFormat::Table)]
    pub(crate) format: RouterFormat,
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("rps").unwrap_or(text).trim().parse();
    let fits = |rate: &f64| (0.0..=1e9).contains(rate);
    let cure = || "write requests a second, for example `100` or `100rps`".to_owned();
    number.ok().filter(fits).ok_or_else(cure)
}

/// What the data path did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterShow {
    /// From when to when each unit, and the mean over all, goes by which weight.
    Weights,
    /// From when to when who answers which share of ordinary requests.
    Shares,
    /// What each `request` of the file meets, a row for every way it can go.
    Requests,
}

/// Formats of `router`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterFormat {
    /// For people.
    Table,
    /// Comma-separated, times in seconds, an open end empty.
    Csv,
    /// One object a line.
    Json,
}

/// Sets of router parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterPreset {
    /// No randomness and nothing else going on; one ingress-nginx worker that polls at 0.4 s.
    Det,
}
