//! From an address to the places that it means.

use coalmine_policy::source::{Document, Kind, Node};

use super::field::{self, Type};
use super::values::Value;
use super::{Address, Step, Workbench};
use crate::nearest;

/// A value of an object, written or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Index into [`Workbench::documents`].
    pub document: usize,
    /// The way from the object's root.
    pub path: Vec<PathStep>,
    /// What may stand there.
    pub of: Type,
    /// What stands there, or holds because nothing does.
    pub today: Option<Value>,
}

/// One step of the way to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// A key of a mapping.
    Key(String),
    /// An item of a list.
    Index(usize),
}

/// The value at a path.
pub(super) fn at<'a>(root: &'a Node, path: &[PathStep]) -> Option<&'a Node> {
    path.iter()
        .try_fold(root, |node, step| match (step, &node.kind) {
            (PathStep::Key(key), _) => node.get(key),
            (PathStep::Index(index), Kind::Seq(items)) => items.get(*index),
            _ => None,
        })
}

/// Where addresses may begin, by kind: the whole path, or what one would leave out.
fn beginnings(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "Canary" => &[&[], &["spec"], &["spec", "analysis"]],
        "Rollout" => &[
            &[],
            &["spec"],
            &["spec", "strategy"],
            &["spec", "strategy", "canary"],
            &["spec", "strategy", "blueGreen"],
        ],
        "Baseline" => &[&[], &["spec"], &["spec", "looks"]],
        _ => &[&[], &["spec"]],
    }
}

/// What an address of a whole mapping means.
fn means(key: &str) -> Option<&'static str> {
    (key == "pause").then_some("duration")
}

/// Why an address leads nowhere, and what to write instead.
pub(super) type Lost = (String, String);

/// The places that an address means: one, or several in one object where it says `[*]`.
pub(super) fn find(bench: &Workbench, address: &Address) -> Result<Vec<Place>, Lost> {
    let mut found: Vec<(usize, Vec<Place>)> = Vec::new();
    let mut refused = None;
    for (index, document) in bench.documents.iter().enumerate() {
        if !is_meant(document, address) {
            continue;
        }
        match in_document(index, document, address) {
            Ok(places) if places.is_empty() => {}
            Ok(places) => found.push((index, places)),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    match found.len() {
        1 => Ok(found.remove(0).1),
        0 => Err(refused.unwrap_or_else(|| nowhere(bench, address))),
        _ => Err(ambiguous(bench, address, &found)),
    }
}

fn is_meant(document: &Document, address: &Address) -> bool {
    address.object.as_ref().is_none_or(|(kind, name)| {
        document.kind == *kind && name.as_ref().is_none_or(|name| document.name == *name)
    })
}

/// The first beginning from which the address leads somewhere.
fn in_document(index: usize, document: &Document, address: &Address) -> Result<Vec<Place>, Lost> {
    for beginning in beginnings(&document.kind) {
        let path = beginning.iter().map(|key| PathStep::Key((*key).to_owned()));
        let path: Vec<_> = path.collect();
        let Some(node) = at(&document.root, &path) else {
            continue;
        };
        let mut places = Vec::new();
        let mut walk = Walk {
            index,
            document,
            places: &mut places,
        };
        walk.go(node, &address.steps, &mut path.clone())?;
        if !places.is_empty() {
            return Ok(places);
        }
    }
    Ok(Vec::new())
}

struct Walk<'a> {
    index: usize,
    document: &'a Document,
    places: &'a mut Vec<Place>,
}

impl Walk<'_> {
    fn go(&mut self, node: &Node, steps: &[Step], path: &mut Vec<PathStep>) -> Result<(), Lost> {
        let Some((step, rest)) = steps.split_first() else {
            return self.arrive(node, path);
        };
        match (step, &node.kind) {
            (Step::Key(key), Kind::Map(_)) => {
                path.push(PathStep::Key(key.clone()));
                match node.get(key) {
                    Some(next) => self.go(next, rest, path)?,
                    None if rest.is_empty() => self.unwritten(path),
                    None => {}
                }
                path.pop();
            }
            (Step::Index(at), Kind::Seq(items)) => {
                if let Some(item) = items.get(*at) {
                    self.item(*at, item, rest, path)?;
                }
            }
            (Step::Named(name), Kind::Seq(items)) => {
                let is_it = |item: &&Node| item.get("name").and_then(Node::as_str) == Some(name);
                if let Some(at) = items.iter().position(|item| is_it(&item)) {
                    self.item(at, &items[at], rest, path)?;
                }
            }
            (Step::Every, Kind::Seq(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.item(at, item, rest, path)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn item(
        &mut self,
        at: usize,
        item: &Node,
        rest: &[Step],
        path: &mut Vec<PathStep>,
    ) -> Result<(), Lost> {
        path.push(PathStep::Index(at));
        self.go(item, rest, path)?;
        path.pop();
        Ok(())
    }

    fn arrive(&mut self, node: &Node, path: &mut Vec<PathStep>) -> Result<(), Lost> {
        let inner = match path.last() {
            Some(PathStep::Key(key)) if matches!(node.kind, Kind::Map(_)) => means(key),
            _ => None,
        };
        if let Some(key) = inner {
            path.push(PathStep::Key(key.to_owned()));
            if let Some(node) = node.get(key) {
                self.arrive(node, path)?;
            }
            path.pop();
            return Ok(());
        }
        if matches!(node.kind, Kind::Null) {
            return Ok(());
        }
        match field::written(path, node) {
            Ok((of, today)) => {
                let (document, path) = (self.index, path.clone());
                self.places.push(Place {
                    document,
                    path,
                    of,
                    today: Some(today),
                });
                Ok(())
            }
            Err(why) => {
                let at = node.position;
                let place = format!("{}:{}:{}", self.document.source.file, at.line, at.column);
                let message = format!("`{}` at {place} {why}", written(path));
                Err((message, String::new()))
            }
        }
    }

    fn unwritten(&mut self, path: &[PathStep]) {
        if let Some((of, today)) = field::unwritten(&self.document.kind, path) {
            let (document, path) = (self.index, path.to_vec());
            self.places.push(Place {
                document,
                path,
                of,
                today,
            });
        }
    }
}

/// A path as an address has it.
pub(super) fn written(path: &[PathStep]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            PathStep::Key(key) if text.is_empty() => text.push_str(key),
            PathStep::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            PathStep::Index(index) => {
                text.push_str(&format!("[{index}]"));
            }
        }
    }
    text
}

/// The shortest address of a place within its object.
pub(super) fn short(document: &Document, path: &[PathStep]) -> String {
    let beginnings = beginnings(&document.kind).iter();
    let fits = |beginning: &&&[&str]| {
        let keys = path.iter().zip(**beginning);
        path.len() > beginning.len()
            && keys.clone().count() == beginning.len()
            && keys
                .into_iter()
                .all(|(step, key)| matches!(step, PathStep::Key(k) if k == key))
    };
    // `threshold` alone says too little.
    let usual: &[&str] = match document.kind.as_str() {
        "Canary" => &["spec"],
        "Rollout" => &["spec", "strategy", "canary"],
        _ => &[],
    };
    let cut = beginnings
        .filter(fits)
        .map(|beginning| beginning.len())
        .filter(|len| *len <= usual.len().max(1));
    let mut rest = &path[cut.max().unwrap_or(0)..];
    // `steps[1].pause` says all.
    if let [above @ .., PathStep::Key(last)] = rest
        && let Some(PathStep::Key(key)) = above.last()
        && means(key) == Some(last)
    {
        rest = above;
    }
    written(rest)
}

/// The object as a prefix of addresses.
pub(super) fn object(document: &Document) -> String {
    format!("{}/{}", document.kind, document.name)
}

fn ambiguous(bench: &Workbench, address: &Address, found: &[(usize, Vec<Place>)]) -> Lost {
    let objects = found.iter().filter_map(|(index, places)| {
        let document = bench.documents.get(*index)?;
        let place = places.first()?;
        Some(format!("`{}:{}`", object(document), written(&place.path)))
    });
    let objects: Vec<_> = objects.collect();
    (
        format!("`{address}` may mean {} places", objects.len()),
        format!("write {}", objects.join(" or ")),
    )
}

fn nowhere(bench: &Workbench, address: &Address) -> Lost {
    let typed = address.to_string();
    if let Some((kind, name)) = &address.object
        && !bench
            .documents
            .iter()
            .any(|document| is_meant(document, address))
    {
        let all: Vec<_> = bench
            .documents
            .iter()
            .map(|document| format!("`{}`", object(document)))
            .collect();
        let name = name
            .as_ref()
            .map_or(String::new(), |name| format!("/{name}"));
        return (
            format!("there is no object `{kind}{name}`"),
            format!("there are {}", all.join(", ")),
        );
    }
    let all = addresses(bench);
    let near = nearest(&typed, all.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => "the manifest has no value that can be turned".to_owned(),
        None => format!("there are {}", listed(&all)),
    };
    (format!("`{typed}` is not in the manifest"), help)
}

/// The first few.
fn listed(all: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = all
        .iter()
        .take(SHOWN)
        .map(|one| format!("`{one}`"))
        .collect();
    let more = if all.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The addresses of all values that can be turned, short.
pub(super) fn addresses(bench: &Workbench) -> Vec<String> {
    let mut all = Vec::new();
    for document in &bench.documents {
        let mut paths = Vec::new();
        leaves(&document.kind, &document.root, &mut Vec::new(), &mut paths);
        let is_policy = matches!(document.kind.as_str(), "Canary" | "Rollout" | "Baseline");
        for path in paths {
            if !decides(&path) {
                continue;
            }
            let short = short(document, &path);
            let is_one = is_policy || bench.documents.len() == 1;
            all.push(if is_one {
                short
            } else {
                format!("{}:{short}", object(document))
            });
        }
    }
    all
}

/// Whether a value can matter to a rollout: in the specification, but not of pods and ports.
fn decides(path: &[PathStep]) -> bool {
    let key = |at: usize| match path.get(at) {
        Some(PathStep::Key(key)) => key.as_str(),
        _ => "",
    };
    let of_pods = [
        "template",
        "selector",
        "service",
        "workloadRef",
        "targetRef",
        "autoscalerRef",
    ];
    key(0) == "spec" && !of_pods.contains(&key(1))
}

fn leaves(kind: &str, node: &Node, path: &mut Vec<PathStep>, out: &mut Vec<Vec<PathStep>>) {
    match &node.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                let Some(key) = key.as_str() else { continue };
                path.push(PathStep::Key(key.to_owned()));
                leaves(kind, value, path, out);
                path.pop();
            }
            for key in field::unwritten_below(kind, path) {
                if node.get(key).is_none() {
                    let mut path = path.clone();
                    path.push(PathStep::Key(key.to_owned()));
                    out.push(path);
                }
            }
        }
        Kind::Seq(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(PathStep::Index(index));
                leaves(kind, item, path, out);
                path.pop();
            }
        }
        _ if field::written(path, node).is_ok() => out.push(path.clone()),
        _ => {}
    }
}
