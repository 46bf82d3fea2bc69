//! Reading `kind: Suite`: which policies `coalmine check` guards, in which scenarios, with which gates.
//!
//! ```yaml
//! apiVersion: coalmine.dev/v1alpha1
//! kind: Suite
//! metadata:
//!   name: checkout                  # for people; optional
//! spec:
//!   policies:                       # files, folders and patterns, as seen from this file
//!     - deploy/canary.yaml
//!     - templates/*.yaml
//!   scenarios:                      # as `--scenario` of `score`; the suite `default` when absent
//!     - steady
//!     - {name: ./traffic.yaml#mine/loud, weight: 3}   # how often such releases come
//!   seed: 42
//!   runs: 1000                      # replications of each scenario under each policy
//!   precision: 0.5%                 # run on until intervals are as narrow as this …
//!   maxRuns: 100000                 # … or the budget is spent
//!   badShare: 10%                   # of releases, for measures over the mix
//!   prices: {minute: 2, hurtUser: 0.05, hurtRequest: 0, falseAlarm: 50}   # for `cost<…`
//!   gates:
//!     - missed<2%                   # over the mix, for every policy
//!     - {require: detect-p95<5m, scenario: steady/*}         # in each of these scenarios
//!     - {require: stuck<1%, policy: checkout*, scenario: "*"}
//!   baseline:
//!     file: coalmine.lock.json      # as seen from this file
//!     notWorse: [missed, false-rollback, stuck, hurt-users]  # `[]` compares nothing
//!     familyError: 5%               # chance of blaming a policy that is no worse
//! ```
//!
//! What the requirements of gates mean is known to whoever judges them; here they are texts with
//! their places. `docs/check.md` explains it to users.

mod digest;
mod fingerprint;
mod gates;
mod schema;
#[cfg(test)]
mod tests;

use coalmine_policy::baseline::API_VERSION;
use coalmine_policy::source::{
    Diagnostics, Document, Fields, Kind, Node, Position, Source, read_documents,
};

use crate::read::form::Form;

pub use digest::Digest;
pub(crate) use digest::digest_of;
pub use fingerprint::{behaviour, simulator};
pub use gates::{Gate, is_like};
pub use schema::schema;

pub(crate) const KIND: &str = "Suite";

/// What may be compared with the baseline.
pub const COMPARED: [&str; 6] = [
    "missed",
    "false-rollback",
    "stuck",
    "hurt",
    "hurt-users",
    "duration",
];

/// What is compared when the suite does not say. Duration is left out: whoever makes a canary slower
/// has decided so. Requests hurt are left out because users say more, and each comparison costs the
/// others power.
pub const COMPARED_BY_DEFAULT: [&str; 4] = ["missed", "false-rollback", "stuck", "hurt-users"];

/// The lock file when the suite does not say.
pub const LOCK: &str = "coalmine.lock.json";

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// Its place in the suite file.
    pub at: Position,
}

/// A scenario that is wanted, by its name, file or pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// As `--scenario` takes it; paths are seen from the suite file.
    pub name: Said,
    /// How often such releases come; as the scenario says where absent.
    pub weight: Option<f64>,
}

/// What things cost; see `coalmine score --price`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// A minute of rollout.
    pub minute: f64,
    /// A request that fared worse.
    pub hurt_request: f64,
    /// A user some of whose requests did.
    pub hurt_user: f64,
    /// A good release that was held back.
    pub false_alarm: f64,
}

/// What a policy is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The lock file, as seen from the suite file.
    pub file: String,
    /// Names of [`COMPARED`].
    pub not_worse: Vec<&'static str>,
    /// The chance that any policy is blamed that is not worse.
    pub family_error: f64,
}

/// A suite file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// What people call it; empty where they do not.
    pub name: String,
    /// Files, folders and patterns; empty where the suite names none.
    pub policies: Vec<Said>,
    /// Empty for the catalogue's default suite.
    pub scenarios: Vec<Wanted>,
    /// The root of all random numbers.
    pub seed: u64,
    /// Replications of each cell.
    pub runs: u32,
    /// How narrow the interval of wrong verdicts must be, to either side.
    pub precision: Option<f64>,
    /// At most so many replications of a cell, where a precision is wanted.
    pub max_runs: u32,
    /// The share of releases that are bad.
    pub bad_share: Option<f64>,
    /// What things cost.
    pub prices: Option<Prices>,
    /// What every policy must keep.
    pub gates: Vec<Gate>,
    /// What it must not be worse than.
    pub baseline: Baseline,
    /// What it was read from, for messages about it.
    pub document: Document,
}

const RUNS_MAX: u32 = 10_000_000;

/// Reads a suite file; `None` where it has a mistake. All of them go to `diagnostics`.
pub fn read(source: &Source, diagnostics: &mut Diagnostics) -> Option<Suite> {
    let documents = read_documents(source, diagnostics);
    let mut suites = Vec::new();
    for document in documents {
        if is_ours(&document, diagnostics) {
            suites.push(document);
        }
    }
    if let Some(second) = suites.get(1) {
        let message = "a second suite in one file".to_owned();
        let help = "give each suite a file of its own, since each has a baseline of its own";
        diagnostics.push(second.error(second.root.position, message, help.to_owned()));
    }
    if diagnostics.has_errors() {
        return None;
    }
    let Some(document) = suites.pop() else {
        let message = "holds no suite".to_owned();
        let help = format!("a suite has `apiVersion: {API_VERSION}` and `kind: {KIND}`");
        let diagnostic = coalmine_policy::source::Diagnostic {
            severity: coalmine_policy::source::Severity::Error,
            file: source.file.clone(),
            position: Position::default(),
            message,
            help,
        };
        diagnostics.push(diagnostic);
        return None;
    };
    let mut found = Diagnostics::new();
    let suite = read_document(&document, &mut found);
    let bad = found.has_errors();
    diagnostics.extend(found);
    suite.filter(|_| !bad)
}

fn is_ours(document: &Document, diagnostics: &mut Diagnostics) -> bool {
    let place = |key: &str| {
        let node = document.root.get(key);
        node.map_or(document.root.position, |node| node.position)
    };
    let (kind, version) = (&document.kind, &document.api_version);
    if kind != KIND {
        let message = format!("`{kind}` is no suite");
        let help = format!("a suite has `kind: {KIND}`; policies and scenarios are named in it");
        diagnostics.push(document.error(place("kind"), message, help));
        return false;
    }
    if version != API_VERSION {
        let message = format!("a `{KIND}` of apiVersion `{version}` is unknown");
        let help = format!("write `apiVersion: {API_VERSION}`");
        diagnostics.push(document.error(place("apiVersion"), message, help));
        return false;
    }
    true
}

fn read_document(document: &Document, found: &mut Diagnostics) -> Option<Suite> {
    let mut root = Form::new(Fields::new(document, "", &document.root, found));
    root.node("apiVersion");
    root.node("kind");
    let mut name = String::new();
    if let Some(mut metadata) = root.form("metadata", found) {
        metadata.node("annotations");
        metadata.node("labels");
        name = metadata
            .string("name", found)
            .unwrap_or_default()
            .to_owned();
        metadata.close(found);
    }
    root.require("spec", "add `spec` with `policies` and `gates`", found);
    let spec = root.form("spec", found);
    let suite = spec.map(|spec| read_spec(spec, name, document, found));
    root.close(found);
    suite
}

fn read_spec(
    mut spec: Form<'_>,
    name: String,
    document: &Document,
    found: &mut Diagnostics,
) -> Suite {
    let policies = texts(&mut spec, "policies", found);
    let scenarios = read_scenarios(&mut spec, found);
    let seed = read_seed(&mut spec, found);
    let runs = spec.count("runs", RUNS_MAX, found);
    let precision = spec.share("precision", found);
    if precision == Some(0.0) {
        let help = "write for example `0.5%`, or leave it out";
        spec.refuse(
            "precision",
            "is 0, which no number of runs reaches",
            help,
            found,
        );
    }
    let max_runs = spec.count("maxRuns", RUNS_MAX, found);
    if max_runs.is_some() && precision.is_none() {
        let help = "add `precision: 0.5%`, or write `runs`";
        spec.refuse(
            "maxRuns",
            "is the budget of a precision that is not wanted",
            help,
            found,
        );
    }
    let bad_share = spec.share("badShare", found);
    if bad_share.is_some_and(|share| share <= 0.0 || share >= 1.0) {
        let help = "write a share above 0 and below 100 %, for example `10%`";
        spec.refuse(
            "badShare",
            "leaves no mix of bad and good releases",
            help,
            found,
        );
    }
    let prices = spec.form("prices", found);
    let prices = prices.map(|form| read_prices(form, found));
    let gates = gates::read(&mut spec, found);
    let baseline = match spec.form("baseline", found) {
        Some(form) => read_baseline(form, found),
        None => Baseline::default(),
    };
    spec.close(found);
    Suite {
        name,
        policies,
        scenarios,
        seed: seed.unwrap_or(42),
        runs: runs.unwrap_or(1000),
        precision,
        max_runs: max_runs.unwrap_or(100_000),
        bad_share,
        prices,
        gates,
        baseline,
        document: document.clone(),
    }
}

/// Texts of a list, none of them empty.
fn texts(spec: &mut Form<'_>, name: &'static str, found: &mut Diagnostics) -> Vec<Said> {
    let items = spec.list(name, found).unwrap_or_default();
    let path = spec.fields.path_of(name);
    let mut texts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        texts.extend(said(spec, &format!("{path}[{index}]"), item, found));
    }
    texts
}

fn said(spec: &Form<'_>, path: &str, node: &Node, found: &mut Diagnostics) -> Option<Said> {
    match &node.kind {
        Kind::Str(text) if !text.trim().is_empty() => Some(Said {
            text: text.trim().to_owned(),
            at: node.position,
        }),
        Kind::Str(_) => {
            spec.error(node.position, format!("`{path}` is empty"), "", found);
            None
        }
        other => {
            let message = format!("`{path}` is {}, not a string", other.name());
            spec.error(node.position, message, "quote it", found);
            None
        }
    }
}

fn read_scenarios(spec: &mut Form<'_>, found: &mut Diagnostics) -> Vec<Wanted> {
    let items = spec.list("scenarios", found).unwrap_or_default();
    let mut wanted = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("spec.scenarios[{index}]");
        if !matches!(item.kind, Kind::Map(_)) {
            let name = said(spec, &path, item, found);
            wanted.extend(name.map(|name| Wanted { name, weight: None }));
            continue;
        }
        let mut form = spec.item(&path, item, found);
        let help = "write for example `{name: steady/slow, weight: 3}`";
        form.require("name", help, found);
        let at = form.place("name");
        let name = form.node("name");
        let name = name.and_then(|node| said(spec, &format!("{path}.name"), node, found));
        let weight = form.positive("weight", found);
        form.close(found);
        wanted.extend(name.map(|name| Wanted {
            name: Said { at, ..name },
            weight,
        }));
    }
    wanted
}

fn read_seed(spec: &mut Form<'_>, found: &mut Diagnostics) -> Option<u64> {
    spec.node("seed")?;
    let seed = spec.fields.int("seed", found)?;
    let fits = u64::try_from(seed).ok();
    if fits.is_none() {
        let complaint = format!("is {seed}, below zero");
        spec.refuse("seed", &complaint, "write a whole number from 0 on", found);
    }
    fits
}

fn read_prices(mut form: Form<'_>, found: &mut Diagnostics) -> Prices {
    let mut price = |name| form.not_negative(name, found).unwrap_or(0.0);
    let prices = Prices {
        minute: price("minute"),
        hurt_request: price("hurtRequest"),
        hurt_user: price("hurtUser"),
        false_alarm: price("falseAlarm"),
    };
    form.close(found);
    prices
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            file: LOCK.to_owned(),
            not_worse: COMPARED_BY_DEFAULT.to_vec(),
            family_error: 0.05,
        }
    }
}

fn read_baseline(mut form: Form<'_>, found: &mut Diagnostics) -> Baseline {
    let mut baseline = Baseline::default();
    if let Some(node) = form.node("file")
        && let Some(file) = said(&form, "spec.baseline.file", node, found)
    {
        baseline.file = file.text;
    }
    if form.node("notWorse").is_some() {
        baseline.not_worse.clear();
        for one in texts(&mut form, "notWorse", found) {
            let name = one.text.replace('_', "-");
            match COMPARED.into_iter().find(|known| *known == name) {
                Some(known) if !baseline.not_worse.contains(&known) => {
                    baseline.not_worse.push(known);
                }
                Some(_) => {}
                None => {
                    let message = format!("`{}` cannot be compared run by run", one.text);
                    let known = COMPARED.join(", ");
                    form.error(one.at, message, &format!("there are {known}"), found);
                }
            }
        }
    }
    if let Some(share) = form.share("familyError", found) {
        baseline.family_error = share;
        if share <= 0.0 || share > 0.5 {
            let help = "write for example `5%`: the chance that a policy is blamed for nothing";
            form.refuse("familyError", "is not between 0 and 50 %", help, found);
        }
    }
    form.close(found);
    baseline
}
