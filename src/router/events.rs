//! The file of events: `time,event` lines.

use std::collections::BTreeMap;
use std::path::Path;

use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};
use coalmine_sim::router::Api;
use coalmine_sim::router::path::{
    Affinity, Backend, Canary, Event, Health, Method, Request, Rules, USUAL_PODS,
};

use crate::failure::Failure;

const HELP: &str = "write `SECONDS,EVENT`: EVENT is a weight in percent (`20`, or `5/50` of a \
                    total), slice, slice-empty, slice-ready, service, reload, broken, fixed, or \
                    one of the words weight, canary, delete, stable, endpoints, pods, session, \
                    connection and request with its arguments (`coalmine router --help`)";

/// Reads a file; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Vec<(f64, Event)>, Failure> {
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| {
        let cause = format!("cannot read {}: {error}", path.display());
        Failure::usage(cause, "check the path; `-` reads standard input")
    })?;
    let name: std::sync::Arc<str> = path.display().to_string().into();
    let mut found = Diagnostics::new();
    let mut events: Vec<(f64, Event)> = Vec::new();
    let mut objects = Objects::default();
    let mut start = 0;
    for (index, line) in text.split('\n').enumerate() {
        let mut refuse = |message: String| {
            found.push(Diagnostic {
                severity: Severity::Error,
                file: name.clone(),
                position: Position {
                    line: index + 1,
                    column: 1,
                    start,
                    end: start + line.trim_end().len(),
                },
                message,
                help: HELP.to_owned(),
            });
        };
        let content = line.split('#').next().unwrap_or_default().trim();
        let is_header = index == 0 && content.starts_with("time");
        if !content.is_empty() && !is_header {
            match objects.event(content) {
                Ok((at_s, _)) if events.last().is_some_and(|(last_s, _)| at_s < *last_s) => {
                    refuse(format!("{at_s} s lies before the line above"));
                }
                Ok(event) => events.push(event),
                Err(message) => refuse(message),
            }
        }
        start += line.len() + 1;
    }
    if found.has_errors() {
        let text = text.into();
        return Err(Failure::Input(found, vec![Source { file: name, text }]));
    }
    Ok(events)
}

/// The API's objects as the lines so far leave them.
struct Objects {
    rules: Rules,
    endpoints: BTreeMap<Backend, u32>,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            rules: Rules {
                canaries: vec![named("canary")],
                ..Rules::default()
            },
            endpoints: BTreeMap::new(),
        }
    }
}

fn named(name: &str) -> Canary {
    Canary {
        name: name.to_owned(),
        ..Canary::default()
    }
}

impl Objects {
    fn event(&mut self, line: &str) -> Result<(f64, Event), String> {
        let (time, what) = line
            .split_once(',')
            .ok_or_else(|| format!("`{line}` has no comma"))?;
        let at_s = seconds(time.trim(), 1e9).ok_or_else(|| no_time(time))?;
        let what = what.trim();
        let mut words = what.split([' ', ',']).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        let event = match first {
            "slice" => Event::Api(Api::Endpoints(None)),
            "slice-empty" => self.slice(0),
            "slice-ready" => self.slice(USUAL_PODS),
            "service" => Event::Api(Api::Service),
            "reload" => Event::Api(Api::Reload),
            "broken" => Event::Api(Api::Broken),
            "fixed" => Event::Api(Api::Fixed),
            "weight" => self.weight(words)?,
            "canary" => self.canary(words)?,
            "delete" => self.delete(words.next())?,
            "stable" => self.stable(words)?,
            "endpoints" => self.endpoints(words)?,
            "pods" => self.pods(words)?,
            "session" | "connection" => self.held(first == "session", words)?,
            "request" => Event::Request(request(what, words)?),
            weight => {
                let (weight, total) =
                    share(weight).ok_or_else(|| format!("`{what}` is no event"))?;
                self.set_weight(None, (weight, total))?
            }
        };
        Ok((at_s, event))
    }

    /// So many endpoints of the first canary.
    fn slice(&mut self, count: u32) -> Event {
        let name = self.rules.canaries.first().map_or("canary", |c| &c.name);
        self.endpoints
            .insert(Backend::Canary(name.to_owned()), count);
        Event::Endpoints(self.endpoints.clone())
    }

    fn known(&mut self, name: Option<&str>) -> Result<&mut Canary, String> {
        let mut canaries = self.rules.canaries.iter_mut();
        let found = match name {
            Some(name) => canaries.find(|canary| canary.name == name),
            None => canaries.next(),
        };
        found.ok_or_else(|| format!("there is no canary {}", name.unwrap_or_default()))
    }

    fn set_weight(
        &mut self,
        name: Option<&str>,
        (weight, total): (f64, f64),
    ) -> Result<Event, String> {
        let canary = self.known(name)?;
        (canary.weight, canary.total) = (weight, total);
        Ok(Event::Rules(self.rules.clone()))
    }

    /// `weight [NAME] W[/TOTAL]`. What the controller cannot read counts as 0 (main.go:132-138).
    fn weight<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Result<Event, String> {
        let words: Vec<_> = words.collect();
        let (name, text) = match words[..] {
            [text] => (None, text),
            [name, text] => (Some(name), text),
            _ => return Err("`weight` takes a weight, before it the name of a canary".to_owned()),
        };
        let (weight, total) = text.split_once('/').unwrap_or((text, "100"));
        let pair = (unreadable_as(weight, 0.0), unreadable_as(total, 100.0));
        self.set_weight(name, pair)
    }

    /// `canary [NAME] KEY=VALUE …`.
    fn canary<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Result<Event, String> {
        let (names, pairs) = arguments(words);
        let name = names.first().copied().unwrap_or("canary");
        if self.known(Some(name)).is_err() {
            // The one that is there until a file names its own has done nothing yet.
            let only = self.rules.canaries.first();
            if self.rules.canaries.len() == 1 && only.is_some_and(is_untouched) {
                self.rules.canaries.clear();
            }
            self.rules.canaries.push(named(name));
        }
        let canary = self.known(Some(name))?;
        for (key, value) in pairs {
            let text = Some(value.to_owned()).filter(|text| !text.is_empty());
            match key {
                "weight" => canary.weight = unreadable_as(value, 0.0),
                "total" => canary.total = unreadable_as(value, 100.0),
                "header" => canary.header = text,
                "value" => canary.value = text,
                "pattern" if canary.set_pattern(value) => {}
                "pattern" => return Err(format!("`{value}` is no pattern")),
                "cookie" => canary.cookie = text,
                "behavior" => canary.legacy = value == "legacy",
                "host" => canary.host = text,
                "path" => canary.path.path = value.to_owned(),
                "pathType" => canary.path.kind = value.to_owned(),
                other => return Err(format!("`{other}` is nothing that a canary says")),
            }
        }
        Ok(Event::Rules(self.rules.clone()))
    }

    fn delete(&mut self, name: Option<&str>) -> Result<Event, String> {
        let name = self.known(name)?.name.clone();
        self.rules.canaries.retain(|canary| canary.name != name);
        Ok(Event::Rules(self.rules.clone()))
    }

    /// `stable KEY=VALUE …`.
    fn stable<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Result<Event, String> {
        for (key, value) in arguments(words).1 {
            match (key, value) {
                ("affinity", "none") => self.rules.affinity = None,
                ("affinity", "balanced") => self.rules.affinity = Some(Affinity::Balanced),
                ("affinity", "persistent") => self.rules.affinity = Some(Affinity::Persistent),
                ("hosts", list) => {
                    self.rules.hosts = list.split(':').map(str::to_owned).collect();
                }
                ("path", path) => self.rules.path.path = path.to_owned(),
                ("pathType", kind) => self.rules.path.kind = kind.to_owned(),
                _ => {
                    return Err(format!(
                        "`{key}={value}` is nothing that a main Ingress says"
                    ));
                }
            }
        }
        Ok(Event::Rules(self.rules.clone()))
    }

    fn backend(&mut self, name: &str) -> Result<Backend, String> {
        if name == "stable" {
            return Ok(Backend::Stable);
        }
        self.known(Some(name))?;
        Ok(Backend::Canary(name.to_owned()))
    }

    /// `endpoints BACKEND=COUNT …`.
    fn endpoints<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Result<Event, String> {
        for (name, count) in arguments(words).1 {
            let backend = self.backend(name)?;
            let count = number(count).ok_or_else(|| format!("`{count}` is no number of pods"))?;
            self.endpoints.insert(backend, count);
        }
        Ok(Event::Endpoints(self.endpoints.clone()))
    }

    /// `pods BACKEND refuse=COUNT|all hang=COUNT|all`.
    fn pods<'a>(&mut self, words: impl Iterator<Item = &'a str>) -> Result<Event, String> {
        let (names, pairs) = arguments(words);
        let backend = self.backend(names.first().copied().unwrap_or("canary"))?;
        let mut health = Health::default();
        for (key, value) in pairs {
            let count = match value {
                "all" => u32::MAX,
                count => number(count).ok_or_else(|| format!("`{count}` is no number of pods"))?,
            };
            match key {
                "refuse" => health.refuse = count,
                "hang" => health.hang = count,
                other => return Err(format!("`{other}` is nothing that pods do: refuse or hang")),
            }
        }
        Ok(Event::Health(backend, health))
    }

    /// `session NAME BACKEND` and `connection NAME BACKEND`.
    fn held<'a>(
        &mut self,
        is_session: bool,
        mut words: impl Iterator<Item = &'a str>,
    ) -> Result<Event, String> {
        let (Some(name), Some(backend)) = (words.next(), words.next()) else {
            return Err("a name and a backend are needed".to_owned());
        };
        let (name, backend) = (name.to_owned(), self.backend(backend)?);
        Ok(if is_session {
            Event::Session(name, backend)
        } else {
            Event::Connection(name, backend)
        })
    }
}

/// Whether it is as it was at the start.
fn is_untouched(canary: &Canary) -> bool {
    canary.name == "canary" && canary.weight == 0.0 && canary.header.is_none()
}

/// Names, and `KEY=VALUE` pairs.
fn arguments<'a>(words: impl Iterator<Item = &'a str>) -> (Vec<&'a str>, Vec<(&'a str, &'a str)>) {
    let (mut names, mut pairs) = (Vec::new(), Vec::new());
    for word in words {
        match word.split_once('=') {
            Some(pair) => pairs.push(pair),
            None => names.push(word),
        }
    }
    (names, pairs)
}

/// `request [METHOD] [session=NAME] [connection=NAME] [lasts=SECONDS|forever] [cookie:NAME=VALUE]
/// [HEADER=VALUE] …`.
fn request<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Result<Request, String> {
    let (names, pairs) = arguments(words);
    let mut request = Request {
        text: text
            .strip_prefix("request")
            .unwrap_or(text)
            .trim()
            .to_owned(),
        method: match names.first() {
            Some(&("POST" | "LOCK" | "PATCH")) => Method::NonIdempotent,
            _ => Method::Idempotent,
        },
        ..Request::default()
    };
    for (key, value) in pairs {
        let owned = |key: &str| (key.to_owned(), value.to_owned());
        match key {
            "session" => request.session = Some(value.to_owned()),
            "connection" => request.connection = Some(value.to_owned()),
            // The link between a canary and its main Ingress is the Service, whatever the host.
            "host" | "path" => {}
            "lasts" if value == "forever" => request.lasts_s = f64::INFINITY,
            "lasts" => {
                request.lasts_s = seconds(value, 1e9).ok_or_else(|| no_time(value))?;
            }
            _ => match key.strip_prefix("cookie:") {
                Some(cookie) => request.asked.cookies.push(owned(cookie)),
                None => request.asked.headers.push(owned(key)),
            },
        }
    }
    Ok(request)
}

fn no_time(text: &str) -> String {
    format!("`{}` is no time in seconds", text.trim())
}

fn seconds(text: &str, most: f64) -> Option<f64> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().ok();
    number.filter(|at_s: &f64| at_s.abs() <= most)
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| *count <= 10_000)
}

fn unreadable_as(text: &str, otherwise: f64) -> f64 {
    // Go's strconv.Atoi: whole numbers only.
    text.trim().parse::<i64>().map_or(otherwise, |n| n as f64)
}

/// `W` or `W/TOTAL`.
fn share(text: &str) -> Option<(f64, f64)> {
    let (weight, total) = text.split_once('/').unwrap_or((text, "100"));
    let number = |text: &str| text.trim().parse().ok().filter(|x: &f64| x.is_finite());
    Some((number(weight)?, number(total)?))
}
