//! The built-in questions in PromQL, as each observer words them (Flagger pkg/metrics/observers).

use super::Measure;
use super::provider::Observer;
use super::template::Model;

mod skipper;

/// Both questions to Traefik are asked of this histogram.
const TRAEFIK: &str = "traefik_service_request_duration_seconds_bucket";

/// `request-success-rate`: percent.
pub(super) fn success_rate(observer: Observer, model: &Model<'_>) -> String {
    let (series, good, all) = match observer {
        Observer::Nginx => {
            let all = nginx_selector(model);
            let series = "nginx_ingress_controller_requests";
            (series, format!("{all}, status!~\"5.*\""), all)
        }
        Observer::Http => {
            let all = http_selector(model);
            let series = "http_request_duration_seconds_count";
            (series, format!("{all}, status!~\"5.*\""), all)
        }
        Observer::Istio => {
            let all = istio_selector(model);
            let good = format!("{all}, response_code!~\"5.*\"");
            ("istio_requests_total", good, all)
        }
        Observer::Linkerd => {
            let good = linkerd_selector(model, "classification!=\"failure\", ");
            ("response_total", good, linkerd_selector(model, ""))
        }
        Observer::Traefik => {
            let (good, all) = (", code!~\"5..\", le=\"+Inf\"", ", le=\"+Inf\"");
            let service = traefik_selector(model);
            (
                TRAEFIK,
                format!("{service}{good}"),
                format!("{service}{all}"),
            )
        }
        Observer::Skipper => return skipper::success_rate(model),
        Observer::Apisix => {
            let all = apisix_selector(model);
            ("apisix_http_status", format!("{all}, code!~\"5..\""), all)
        }
        Observer::Osm => {
            let all = osm_selector(model);
            (
                "osm_request_total",
                format!("{all}, response_code!~\"5.*\""),
                all,
            )
        }
        envoy => {
            let all = envoy_selector(envoy, model);
            let good = format!("{all}, envoy_response_code!~\"5.*\"");
            (
                "envoy_cluster_upstream_rq",
                good,
                format!("{all}{}", trailing_comma(envoy)),
            )
        }
    };
    let interval = model.interval;
    let (good, all) = (
        sum_rate(series, &good, interval),
        sum_rate(series, &all, interval),
    );
    format!(" {good} / {all} * 100")
}

/// `request-duration`: with how the answer is read.
pub(super) fn duration(observer: Observer, model: &Model<'_>) -> (String, Measure) {
    let interval = model.interval;
    let p99 = |series, selector: &str| {
        let rate = format!("rate( {series}{{ {selector} }}[{interval}] )");
        format!(" histogram_quantile( 0.99, sum( {rate} ) by (le) )")
    };
    match observer {
        // A mean, whatever the documentation says.
        Observer::Nginx => {
            let selector = nginx_selector(model);
            let part = |suffix| {
                let series = format!("nginx_ingress_controller_response_duration_seconds_{suffix}");
                sum_rate(&series, &selector, interval)
            };
            let query = format!(" {} / {} * 1000", part("sum"), part("count"));
            (query, Measure::Millis)
        }
        Observer::Http => {
            let series = "http_request_duration_seconds_bucket";
            (p99(series, &http_selector(model)), Measure::Seconds)
        }
        Observer::Istio => {
            let series = "istio_request_duration_milliseconds_bucket";
            (p99(series, &istio_selector(model)), Measure::Millis)
        }
        Observer::Linkerd => {
            let selector = linkerd_selector(model, "");
            (
                p99("response_latency_ms_bucket", &selector),
                Measure::Millis,
            )
        }
        Observer::Traefik => {
            let seconds = p99(TRAEFIK, &traefik_selector(model));
            (format!("{seconds} * 1000"), Measure::Millis)
        }
        Observer::Skipper => (skipper::duration(model), Measure::Millis),
        Observer::Apisix => {
            let selector = format!("type=~\"request\", {}", apisix_selector(model));
            (
                p99("apisix_http_latency_bucket", &selector),
                Measure::Millis,
            )
        }
        Observer::Osm => (
            p99("osm_request_duration_ms_bucket", &osm_selector(model)),
            Measure::Millis,
        ),
        envoy => {
            let selector = envoy_selector(envoy, model) + trailing_comma(envoy);
            (
                p99("envoy_cluster_upstream_rq_time_bucket", &selector),
                Measure::Millis,
            )
        }
    }
}

fn sum_rate(series: &str, selector: &str, interval: &str) -> String {
    format!("sum( rate( {series}{{ {selector} }}[{interval}] ) )")
}

fn nginx_selector(model: &Model<'_>) -> String {
    let (namespace, ingress) = (model.namespace, model.ingress);
    format!("namespace=\"{namespace}\", ingress=\"{ingress}\", canary!=\"\"")
}

fn http_selector(model: &Model<'_>) -> String {
    let (namespace, target) = (model.namespace, model.target);
    format!(
        "kubernetes_namespace=\"{namespace}\", \
         kubernetes_pod_name=~\"{target}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)\""
    )
}

fn istio_selector(model: &Model<'_>) -> String {
    let (namespace, target) = (model.namespace, model.target);
    format!(
        "reporter=\"destination\", destination_workload_namespace=\"{namespace}\", \
         destination_workload=~\"{target}\""
    )
}

fn traefik_selector(model: &Model<'_>) -> String {
    let (namespace, target) = (model.namespace, model.target);
    format!("service=~\"{namespace}-{target}-canary-[0-9a-zA-Z-]+@kubernetescrd\"")
}

fn linkerd_selector(model: &Model<'_>, classification: &str) -> String {
    let (namespace, target) = (model.namespace, model.target);
    format!(
        "namespace=\"{namespace}\", deployment=~\"{target}\", {classification}\
         direction=\"inbound\""
    )
}

fn apisix_selector(model: &Model<'_>) -> String {
    let (namespace, route, target) = (model.namespace, model.route, model.target);
    format!("route=~\"{namespace}_{route}-{target}-canary_.+\"")
}

fn osm_selector(model: &Model<'_>) -> String {
    let (namespace, target) = (model.namespace, model.target);
    format!(
        "destination_namespace=\"{namespace}\", destination_kind=\"Deployment\", \
         destination_name=\"{target}\""
    )
}

/// Envoy counts the same for all of them; each names its clusters in its own way.
fn envoy_selector(observer: Observer, model: &Model<'_>) -> String {
    let (namespace, target, service) = (model.namespace, model.target, model.service);
    match observer {
        Observer::AppMesh => http_selector(model),
        Observer::Contour => {
            format!("envoy_cluster_name=~\"{namespace}_{service}-canary_[0-9a-zA-Z-]+\"")
        }
        Observer::Gloo => format!(
            "envoy_cluster_name=~\"{namespace}-{target}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+\""
        ),
        Observer::Kuma => {
            format!("service=~\"{target}-canary_{namespace}_svc_[0-9a-zA-Z-]+\"")
        }
        _ => format!("envoy_cluster_name=~\"{namespace}/{}\"", model.route),
    }
}

/// All but App Mesh's leave a comma behind the last matcher, which PromQL allows.
fn trailing_comma(observer: Observer) -> &'static str {
    if observer == Observer::AppMesh {
        ""
    } else {
        ","
    }
}

#[cfg(test)]
mod tests {
    use super::super::template::tests::model;
    use super::*;

    #[test]
    fn nginx_asks_for_the_share_of_answers_below_500_and_for_the_mean() {
        let selector = r#"namespace="prod", ingress="shop-ing", canary!="""#;
        assert_eq!(
            success_rate(Observer::Nginx, &model()),
            format!(
                " sum( rate( nginx_ingress_controller_requests{{ {selector}, status!~\"5.*\" \
                 }}[2m] ) ) / sum( rate( nginx_ingress_controller_requests{{ {selector} }}[2m] ) \
                 ) * 100"
            )
        );
        let mean = "nginx_ingress_controller_response_duration_seconds";
        assert_eq!(
            duration(Observer::Nginx, &model()),
            (
                format!(
                    " sum( rate( {mean}_sum{{ {selector} }}[2m] ) ) / sum( rate( \
                     {mean}_count{{ {selector} }}[2m] ) ) * 1000"
                ),
                Measure::Millis
            )
        );
    }

    #[test]
    fn envoys_clusters_are_named_by_each_in_its_own_way() {
        let rate = |observer| success_rate(observer, &model());
        let all = |observer: Observer| {
            let query = rate(observer);
            let (_, all) = query.split_once(" / ").expect("a quotient");
            all.to_owned()
        };
        let of = |selector: &str| {
            format!("sum( rate( envoy_cluster_upstream_rq{{ {selector} }}[2m] ) ) * 100")
        };
        let name = |cluster: &str| of(&format!("envoy_cluster_name=~\"{cluster}\","));
        let any = "[0-9a-zA-Z-]+";
        assert_eq!(
            all(Observer::Contour),
            name(&format!("prod_shop-svc-canary_{any}"))
        );
        assert_eq!(
            all(Observer::Gloo),
            name(&format!("prod-shop-canaryupstream-{any}_{any}"))
        );
        assert_eq!(all(Observer::Knative), name("prod/shop"));
        let kuma = format!("service=~\"shop-canary_prod_svc_{any}\",");
        assert_eq!(all(Observer::Kuma), of(&kuma));
        let pods = r#"kubernetes_pod_name=~"shop-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)""#;
        assert_eq!(
            all(Observer::AppMesh),
            of(&format!("kubernetes_namespace=\"prod\", {pods}"))
        );
        let good = rate(Observer::Kuma);
        assert!(
            good.contains("svc_[0-9a-zA-Z-]+\", envoy_response_code!~\"5.*\" }[2m]"),
            "{good}"
        );
    }

    #[test]
    fn apisix_and_osm_count_by_route_and_by_destination() {
        let apisix = r#"route=~"prod_shop-shop-canary_.+""#;
        assert_eq!(
            success_rate(Observer::Apisix, &model()),
            format!(
                " sum( rate( apisix_http_status{{ {apisix}, code!~\"5..\" }}[2m] ) ) / \
                 sum( rate( apisix_http_status{{ {apisix} }}[2m] ) ) * 100"
            )
        );
        let osm = "destination_namespace=\"prod\", destination_kind=\"Deployment\", \
                   destination_name=\"shop\"";
        assert_eq!(
            duration(Observer::Osm, &model()).0,
            format!(
                " histogram_quantile( 0.99, sum( rate( osm_request_duration_ms_bucket{{ {osm} \
                 }}[2m] ) ) by (le) )"
            )
        );
    }

    #[test]
    fn the_others_ask_for_the_99th_percentile() {
        let pods = r#"kubernetes_pod_name=~"shop-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)""#;
        let (query, measure) = duration(Observer::Http, &model());
        assert_eq!(
            query,
            format!(
                " histogram_quantile( 0.99, sum( rate( http_request_duration_seconds_bucket{{ \
                 kubernetes_namespace=\"prod\", {pods} }}[2m] ) ) by (le) )"
            )
        );
        assert_eq!(measure, Measure::Seconds);
        let linkerd = success_rate(Observer::Linkerd, &model());
        assert!(linkerd.contains(r#"classification!="failure", direction="inbound""#));
        let service = r#"service=~"prod-shop-canary-[0-9a-zA-Z-]+@kubernetescrd""#;
        let traefik = success_rate(Observer::Traefik, &model());
        let good = format!("{TRAEFIK}{{ {service}, code!~\"5..\", le=\"+Inf\" }}[2m]");
        assert!(traefik.contains(&good), "{traefik}");
        let (query, _) = duration(Observer::Traefik, &model());
        assert!(query.ends_with("by (le) ) * 1000"), "{query}");
        let istio = success_rate(Observer::Istio, &model());
        assert!(istio.contains(r#"destination_workload=~"shop", response_code!~"5.*""#));
    }
}
