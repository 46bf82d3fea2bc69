//! `spec.analysis.match`: who tests the canary.

use std::collections::BTreeMap;

use super::report;
use crate::effect::HeaderMatch;
use crate::flagger::Provider;
use crate::source::{Diagnostics, Fields, Kind};

pub(super) fn read_matches(
    fields: &mut Fields<'_>,
    provider: Provider,
    found: &mut Diagnostics,
) -> Vec<BTreeMap<String, HeaderMatch>> {
    let mut matches = Vec::new();
    for mut entry in report::items(fields, "match", found) {
        let mut conditions = read_headers(&mut entry, found);
        check_query_params(&mut entry, found);
        report::strings(&mut entry, "sourceLabels", found);
        for other in ["queryParams", "sourceLabels"] {
            // An Ingress ignores them.
            if entry.node(other).is_some() && provider != Provider::Nginx {
                let what = "is matched by no request that coalmine simulates";
                let cure = "match on a header to see traffic on the canary";
                report::warn(&mut entry, other, what, cure, found);
                // No header has a space in its name, so nobody matches.
                conditions.insert(format!("no {other}"), HeaderMatch::Present);
            }
        }
        matches.push(conditions);
        entry.finish(found);
    }
    if provider == Provider::Gloo && !matches.is_empty() {
        let what = "is not modelled with provider gloo: the RouteTable then has no route for \
                    anybody else";
        let cure = "remove it, or use a provider that routes the others too, such as istio";
        report::error(fields, "match", what, cure, found);
    }
    // Flagger ingress.go:183.
    let headers = matches.iter().flat_map(BTreeMap::keys);
    let mut others: Vec<_> = headers.filter(|name| *name != "cookie").collect();
    others.dedup();
    if provider == Provider::Nginx && others.len() > 1 {
        let what = "has several headers, but an Ingress takes one; which one is left to chance";
        let cure = "keep one header and at most one cookie";
        report::warn(fields, "match", what, cure, found);
    }
    matches
}

/// The schema's `oneOf`, which has neither suffix nor a need for any.
fn check_query_params(entry: &mut Fields<'_>, found: &mut Diagnostics) {
    let names: Vec<&str> = match entry.node("queryParams").map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.iter().filter_map(|(k, _)| k.as_str()).collect(),
        _ => Vec::new(),
    };
    let Some(mut map) = entry.map("queryParams", found) else {
        return;
    };
    for name in names {
        let Some(mut condition) = map.map(name, found) else {
            continue;
        };
        let kinds = ["exact", "prefix", "regex"];
        let given = kinds
            .iter()
            .filter(|kind| condition.string(kind, found).is_some());
        if given.count() > 1 {
            let what = "has more than one of exact, prefix and regex";
            report::error(&mut map, name, what, "keep one", found);
        }
        condition.finish(found);
    }
}

type Make = fn(String) -> HeaderMatch;

/// The schema's `oneOf`.
const CONDITIONS: [(&str, Make); 4] = [
    ("exact", HeaderMatch::Exact),
    ("prefix", HeaderMatch::Prefix),
    ("suffix", HeaderMatch::Suffix),
    ("regex", HeaderMatch::Regex),
];

fn read_headers(entry: &mut Fields<'_>, found: &mut Diagnostics) -> BTreeMap<String, HeaderMatch> {
    let names: Vec<&str> = match entry.node("headers").map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.iter().filter_map(|(k, _)| k.as_str()).collect(),
        _ => Vec::new(),
    };
    let mut headers = BTreeMap::new();
    let Some(mut map) = entry.map("headers", found) else {
        return headers;
    };
    for name in names {
        let Some(mut condition) = map.map(name, found) else {
            continue;
        };
        let given: Vec<_> = CONDITIONS
            .into_iter()
            .filter(|(kind, _)| condition.node(kind).is_some())
            .collect();
        if let [(kind, make)] = given[..] {
            let text = condition.string(kind, found);
            headers.extend(text.map(|text| (name.to_owned(), make(text.to_owned()))));
        } else {
            let what = "needs exactly one of exact, prefix, suffix and regex";
            report::error(&mut map, name, what, "", found);
        }
        condition.finish(found);
    }
    headers
}
