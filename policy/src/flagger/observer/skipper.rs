//! Skipper names its routes after encoded object names, and its duration is a mean
//! (Flagger pkg/metrics/observers/skipper.go).

use super::Model;

pub(super) fn success_rate(model: &Model<'_>) -> String {
    let (route, interval) = (route(model), model.interval);
    let series = "skipper_response_duration_seconds_bucket";
    format!(
        " sum(rate({series}{{route=~\"{route}\",code!~\"5..\",le=\"+Inf\"}}[{interval}])) / \
         sum(rate({series}{{route=~\"{route}\",le=\"+Inf\"}}[{interval}])) * 100"
    )
}

/// A mean, whatever the documentation says.
pub(super) fn duration(model: &Model<'_>) -> String {
    let (route, interval) = (route(model), model.interval);
    let series = "skipper_serve_route_duration_seconds";
    format!(
        " sum(rate({series}_sum{{route=~\"{route}\"}}[{interval}])) / \
         sum(rate({series}_count{{route=~\"{route}\"}}[{interval}])) * 1000"
    )
}

fn route(model: &Model<'_>) -> String {
    let (namespace, ingress) = (encode(model.namespace), encode(model.ingress));
    let service = encode(model.service);
    format!("kube(ew)?_{namespace}__{ingress}_canary__.*__{service}_canary(_[0-9]+)?")
}

/// Go's `\W` becomes an underscore.
fn encode(name: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars()
        .map(|c| if word(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::template::tests::model;
    use super::*;

    #[test]
    fn what_is_no_word_character_is_an_underscore_in_a_route() {
        let route = "kube(ew)?_prod__shop_ing_canary__.*__shop_svc_canary(_[0-9]+)?";
        assert_eq!(
            duration(&model()),
            format!(
                " sum(rate(skipper_serve_route_duration_seconds_sum{{route=~\"{route}\"}}[2m])) / \
                 sum(rate(skipper_serve_route_duration_seconds_count{{route=~\"{route}\"}}[2m])) \
                 * 1000"
            )
        );
        assert!(success_rate(&model()).contains("\",code!~\"5..\",le=\"+Inf\"}[2m]"));
    }
}
