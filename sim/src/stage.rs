//! A policy in a scenario, made ready once and then run any number of times.
//!
//! Every query is parsed and matched against the series that the world could expose. Only what some
//! query reads is drawn and stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use coalmine_policy::{Provider, Span};
use coalmine_promql::{Plan, Query, SeriesId, Store};

use crate::affinity::Sticks;
use crate::experiment::ExperimentPods;
use crate::exposition::{Class, Frame, Potential, Quantity, Target, potential};
use crate::fault::Behaviours;
use crate::fidelity::Fidelity;
use crate::given;
use crate::keep_alive::KeepAlive;
use crate::pods::Crashes;
use crate::router::{RouterConfig, Spread, presets};
use crate::scenario::{Entry, Scenario};
use crate::subject::{Asked, Routers, Subject, Topology};
use crate::unanswerable::{Unanswerable, no_series, unreadable};

/// The history of what is in service when a query pins an instant with `@`.
const PINNED_LEAD_S: f64 = 3600.0;

/// The longest history: a query that reaches further back sees a service that is a day old.
const LEAD_MAX_S: f64 = 86_400.0;

/// More pods than these no autoscaler is expected to make.
const SCALED_PODS_MAX: u32 = 2_000;

/// A policy in a scenario.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The world.
    pub scenario: &'a Scenario,
    /// The policy.
    pub subject: &'a dyn Subject,
    /// How closely it looks at requests.
    pub fidelity: Fidelity,
    pub(crate) behaviours: Behaviours,
    pub(crate) router: RouterConfig,
    /// How sessions stick to the router's sides, if they do.
    pub(crate) sticks: Option<Sticks>,
    pub(crate) crashes: Crashes,
    pub(crate) topology: Topology,
    pub(crate) replicas: u32,
    /// Pods that each workload may have; more would serve unseen.
    pub(crate) pods_created: [u32; 2],
    /// What experiment steps may bring about.
    pub(crate) experiments: Vec<ExperimentPods>,
    pub(crate) questions: Vec<Question>,
    pub(crate) panels: Vec<Panel>,
    /// The series that some query reads, without samples.
    pub(crate) series: Store,
    pub(crate) families: usize,
    /// No sample older than this can change an answer; infinite when a query pins an instant.
    pub(crate) reach_s: f64,
    /// How long before the start what is in service has been watched.
    pub(crate) lead_s: f64,
}

/// Which series are drawn.
#[derive(Clone, Copy)]
enum Show {
    /// Those that some query reads.
    Read,
    /// All.
    All,
}

/// A query with the series it reads.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) text: Arc<str>,
    /// How long before the question its range begins.
    back: Span,
    pub(crate) query: Query,
    pub(crate) plan: Plan,
}

/// What one target counts of one class of requests, as far as somebody reads it.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) target: Target,
    pub(crate) class: Class,
    /// Names its random stream, whatever else is read.
    pub(crate) id: u32,
    pub(crate) family: usize,
    /// With the route that each is about, all of them when `None`.
    pub(crate) series: Vec<(SeriesId, Option<u16>, Quantity)>,
    pub(crate) sums: bool,
    pub(crate) buckets: bool,
    pub(crate) completions: bool,
}

impl<'a> Stage<'a> {
    /// Makes a policy ready for a scenario.
    ///
    /// # Errors
    /// Every query that cannot be answered there: unparsable, not covered, or about series that the
    /// world does not expose.
    pub fn new(
        scenario: &'a Scenario,
        subject: &'a dyn Subject,
    ) -> Result<Self, Vec<Unanswerable>> {
        Self::showing(Show::Read, scenario, subject)
    }

    /// Makes a policy ready for a scenario in which every series that the world could expose is
    /// drawn and kept from before the start to the end, whatever the policy reads.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn with_all_series(
        scenario: &'a Scenario,
        subject: &'a dyn Subject,
    ) -> Result<Self, Vec<Unanswerable>> {
        let mut stage = Self::showing(Show::All, scenario, subject)?;
        stage.reach_s = f64::INFINITY;
        Ok(stage)
    }

    fn showing(
        show: Show,
        scenario: &'a Scenario,
        subject: &'a dyn Subject,
    ) -> Result<Self, Vec<Unanswerable>> {
        let mut asked = subject.queries();
        let missing = given::missing(&scenario.metrics, &asked);
        if !missing.is_empty() {
            return Err(missing);
        }
        asked.retain(|one| one.provider == Provider::Prometheus);
        let (asked, queries) = parse(asked)?;
        let is_pinned = scenario.service.entry == Entry::Stable && subject.pins();
        let topology = if is_pinned {
            // The Service decides, as a router whose weight stays zero.
            Topology::ReplicaSets { routed: true }
        } else {
            subject.topology()
        };
        let replicas = subject.replicas().unwrap_or(scenario.service.pods).max(1);
        let pods_created = pods_created(scenario, subject, replicas);
        let mut experiments = subject.experiments();
        // A pinned Service selects by a hash that pods of Experiments do not have.
        experiments
            .iter_mut()
            .for_each(|pods| pods.served &= !is_pinned);
        let potential = potential(&Frame {
            names: &subject.names(),
            topology: &topology,
            front: subject.front(),
            pods_created,
            experiments: &experiments,
            ingress_replicas: scenario.scrape.ingress_replicas,
            buckets_s: &scenario.scrape.buckets_s,
            latency_by_status: latency_by_status(&queries),
            routes: &scenario.routes,
            business: &scenario.business,
        });
        let wanted = select(&asked, &queries, &potential)?;
        let wanted = match show {
            Show::Read => wanted,
            Show::All => vec![true; potential.len()],
        };
        let (panels, series, families) = panels(&potential, &wanted);
        let questions: Vec<_> = asked
            .into_iter()
            .zip(queries)
            .map(|(asked, query)| Question {
                text: asked.text,
                back: asked.back,
                plan: Plan::new(&query, &series),
                query,
            })
            .collect();
        let reach = |question: &Question| {
            let back_ms = (question.back.nanos() / 1_000_000) as i64;
            Some(question.query.reach_ms()?.saturating_add(back_ms))
        };
        let reach_ms = questions
            .iter()
            .try_fold(0, |most, question| Some(reach(question)?.max(most)));
        let reach_s = reach_ms.map_or(f64::INFINITY, |ms| ms as f64 / 1_000.0);
        let scrapes_s = 2.0 * scenario.scrape.interval.as_secs_f64();
        Ok(Self {
            scenario,
            subject,
            fidelity: Fidelity::default(),
            behaviours: scenario.behaviours(),
            router: router(scenario, subject),
            sticks: Sticks::of(scenario.sessions.as_ref(), subject.stickiness()),
            crashes: Crashes::of(scenario),
            topology,
            replicas,
            pods_created,
            experiments,
            questions,
            panels,
            series,
            families,
            reach_s,
            lead_s: reach_ms.map_or(PINNED_LEAD_S, |_| (reach_s + scrapes_s).min(LEAD_MAX_S)),
        })
    }

    /// The same stage in another fidelity.
    #[must_use]
    pub fn with_fidelity(mut self, fidelity: Fidelity) -> Self {
        self.fidelity = fidelity;
        self
    }

    /// How clients keep their connections, where one Service has all pods.
    pub(crate) fn keep_alive(&self) -> Option<KeepAlive> {
        let has_one_service = match self.topology {
            Topology::Deployment => true,
            Topology::ReplicaSets { routed } => !routed,
            Topology::PrimaryAndTarget => false,
        };
        let by_connections = self.router.upstream().spread == Spread::Connections;
        let kept = self.scenario.keep_alive;
        kept.filter(|_| has_one_service && by_connections)
    }

    /// The index of a query by its text.
    pub(crate) fn question(&self, text: &Arc<str>) -> Option<usize> {
        // Mostly the very text that the policy said it may ask.
        let same = self
            .questions
            .iter()
            .position(|q| Arc::ptr_eq(&q.text, text));
        same.or_else(|| self.questions.iter().position(|q| q.text == *text))
    }
}

/// The scenario's router, or the one that the manifest asks for with its usual parameters.
fn router(scenario: &Scenario, subject: &dyn Subject) -> RouterConfig {
    let is_chosen = scenario.router_said.is_some() || scenario.router != RouterConfig::default();
    let routers = subject.routers();
    let usual = match scenario.keep_alive {
        // Nobody stands between the pods and clients who dial them.
        Some(_) if routers == Routers::ANY => "kube-proxy",
        _ => routers.usual,
    };
    let usual = (!is_chosen).then(|| presets::by_name(usual));
    usual.flatten().unwrap_or_else(|| scenario.router.clone())
}

/// Pods that each workload may have, one after another.
fn pods_created(scenario: &Scenario, subject: &dyn Subject, replicas: u32) -> [u32; 2] {
    let Some(scaler) = scenario.service.autoscaler else {
        return subject.pods_created(replicas);
    };
    // Every rise after the first needs a fall, which the stabilisation window delays.
    let window = scaler.stabilisation.max(scaler.sync).as_secs_f64();
    let rises = scenario.horizon.as_secs_f64() / window.max(1.0) + 2.0;
    let more = rises * f64::from(scaler.max - scaler.min.min(scaler.max));
    let more = more.min(f64::from(SCALED_PODS_MAX)) as u32;
    subject
        .pods_created(replicas.max(scaler.max))
        .map(|pods| pods + if pods > 0 { more } else { 0 })
}

fn parse(asked: Vec<Asked>) -> Result<(Vec<Asked>, Vec<Query>), Vec<Unanswerable>> {
    let mut kept: Vec<Asked> = Vec::new();
    let (mut queries, mut errors) = (Vec::new(), Vec::new());
    for one in asked {
        if kept.iter().any(|known| known.text == one.text) {
            continue;
        }
        match Query::parse(&one.text) {
            Ok(query) => {
                kept.push(one);
                queries.push(query);
            }
            Err(error) => errors.push(unreadable(one, &error)),
        }
    }
    if errors.is_empty() {
        Ok((kept, queries))
    } else {
        Err(errors)
    }
}

/// Applications differ in whether their latency histogram is split by status; this one does as the
/// policy's author expects.
fn latency_by_status(queries: &[Query]) -> bool {
    let selectors = queries.iter().flat_map(Query::selectors);
    selectors
        .filter(|selector| {
            let name = selector.name.as_deref().unwrap_or_default();
            name.starts_with("http_request_duration_seconds")
        })
        .any(|selector| {
            let mut names = selector.matchers.iter().map(|m| m.name.as_str());
            names.any(|name| name == "status" || name == "code")
        })
}

/// Which potential series some selector matches.
fn select(
    asked: &[Asked],
    queries: &[Query],
    potential: &[Potential],
) -> Result<Vec<bool>, Vec<Unanswerable>> {
    let mut wanted = vec![false; potential.len()];
    let mut errors = Vec::new();
    for (asked, query) in asked.iter().zip(queries) {
        for selector in query.selectors() {
            let mut any = false;
            for (series, wanted) in potential.iter().zip(&mut wanted) {
                let matches = |m: &coalmine_promql::Matcher| m.matches(series.labels.get(&m.name));
                if selector.matchers.iter().all(matches) {
                    (*wanted, any) = (true, true);
                }
            }
            if !any {
                errors.push(no_series(asked, selector, potential));
            }
        }
    }
    if errors.is_empty() {
        Ok(wanted)
    } else {
        Err(errors)
    }
}

/// Groups the wanted series by who counts what, and numbers the families in use.
fn panels(potential: &[Potential], wanted: &[bool]) -> (Vec<Panel>, Store, usize) {
    let mut store = Store::default();
    let mut families: BTreeMap<usize, usize> = BTreeMap::new();
    let mut panels: Vec<Panel> = Vec::new();
    let mut known: BTreeMap<(u32, usize), usize> = BTreeMap::new();
    for (series, _) in potential.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
        let id = store.add_series(series.labels.clone());
        let next = families.len();
        let family = *families.entry(series.family).or_insert(next);
        let id_of = panel_id(series.target, series.class);
        let index = *known.entry((id_of, series.family)).or_insert(panels.len());
        if index == panels.len() {
            panels.push(Panel {
                target: series.target,
                class: series.class,
                id: id_of,
                family,
                series: Vec::new(),
                sums: false,
                buckets: false,
                completions: false,
            });
        }
        let panel = &mut panels[index];
        panel.series.push((id, series.route, series.quantity));
        panel.sums |= matches!(
            series.quantity,
            Quantity::SecondsSum(_) | Quantity::MillisSum(_)
        );
        panel.buckets |= matches!(series.quantity, Quantity::Bucket(..));
        panel.completions |= matches!(series.quantity, Quantity::Completed(_));
    }
    (panels, store, families.len())
}

fn panel_id(target: Target, class: Class) -> u32 {
    let class = match class {
        Class::Own => 0,
        Class::Routed(cohorts) => cohorts
            .iter()
            .map(|cohort| 1 << (*cohort as u32))
            .sum::<u32>(),
    };
    target.id() << 3 | class
}
