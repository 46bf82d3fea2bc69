//! `coalmine serve`, over a real socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

/// A server that ends with the test.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    /// Serves one rollout on a free port; back when it listens.
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("coalmine"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["serve", "--policy", "rolling-update", "--port", "0"])
            .args(["--scenario", "steady/errors-20"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("standard output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let (_, address) = line.trim().rsplit_once("http://").expect("an address");
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// Status and body of one request, as they go over the wire.
    fn send(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n\
             {body}"
        )
        .expect("sends");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("reads");
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let (_, body) = text.split_once("\r\n\r\n").expect("a body");
        (status.expect("a status"), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, Json) {
        let (status, body) = self.send(&format!("GET {path}"), "");
        (
            status,
            serde_json::from_str(&body).unwrap_or(Json::String(body)),
        )
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The end of the scenario, as the finished run's server says it.
fn end_of(served: &Served) -> f64 {
    let (_, now) = served.get("/api/v1/query?query=time()");
    let text = now["data"]["result"][1].as_str().expect("a number");
    text.parse().expect("a number")
}

#[test]
fn a_finished_run_is_answered_like_a_prometheus() {
    let served = Served::start(&[]);
    let end = end_of(&served);
    assert_eq!(served.send("GET /-/ready", "").0, 200);
    let query = "query=sum+by+(code)(rate(http_requests_total%5B1m%5D))";
    let (status, got) = served.get(&format!("/api/v1/query?{query}&time={end}"));
    assert_eq!((status, &got["status"]), (200, &Json::from("success")));
    let rows = got["data"]["result"].as_array().expect("a vector");
    assert!(!rows.is_empty());
    assert_eq!(rows[0]["value"][0].as_f64(), Some(end));
    // POST answers the same.
    let (status, posted) = served.send("POST /api/v1/query", &format!("{query}&time={end}"));
    let posted: Json = serde_json::from_str(&posted).expect("is JSON");
    assert_eq!((status, posted), (200, got));
    let range = format!("query=vector(1)&start={}&end={end}&step=1m", end - 300.0);
    for (_, body) in [
        served.send(&format!("GET /api/v1/query_range?{range}"), ""),
        served.send("POST /api/v1/query_range", &range),
    ] {
        let body: Json = serde_json::from_str(&body).expect("is JSON");
        let values = body["data"]["result"][0]["values"]
            .as_array()
            .expect("values");
        assert_eq!(values.len(), 6);
    }
}

#[test]
fn names_values_series_and_the_targets_metrics_are_listed() {
    let served = Served::start(&[]);
    let listed = |path: &str| {
        served.get(path).1["data"]
            .as_array()
            .expect("a list")
            .clone()
    };
    assert!(listed("/api/v1/labels").contains(&Json::from("__name__")));
    let names = listed("/api/v1/label/__name__/values");
    assert!(names.contains(&Json::from("http_requests_total")));
    // Also those that the policy, which reads nothing, does not ask for.
    assert!(names.contains(&Json::from("nginx_ingress_controller_requests")));
    let some = listed("/api/v1/series?match[]=http_requests_total");
    assert!(!some.is_empty());
    assert!(
        some.iter()
            .all(|set| set["__name__"] == "http_requests_total")
    );
    let (status, info) = served.get("/api/v1/status/buildinfo");
    assert_eq!(
        (status, &info["data"]["version"]),
        (200, &Json::from("3.5.3"))
    );
    let (status, metrics) = served.send("GET /metrics", "");
    assert_eq!(status, 200);
    assert!(
        metrics
            .lines()
            .any(|line| line.starts_with("http_requests_total{"))
    );
}

#[test]
fn mistakes_get_prometheus_codes_and_nothing_can_be_written() {
    let served = Served::start(&[]);
    let end = end_of(&served);
    let refused = |path: &str, status: u16, kind: &str| {
        let (got, body) = served.get(path);
        assert_eq!(
            (got, &body["errorType"]),
            (status, &Json::from(kind)),
            "{path}: {body}"
        );
    };
    refused("/api/v1/query", 400, "bad_data");
    refused("/api/v1/query?query=sum(", 400, "bad_data");
    refused("/api/v1/query?query=1&time=noon", 400, "bad_data");
    let twice =
        format!("/api/v1/query?query=http_requests_total/on()http_requests_total&time={end}");
    refused(&twice, 422, "execution");
    refused(
        "/api/v1/query_range?query=1&start=0&end=1000000&step=1",
        400,
        "bad_data",
    );
    refused(
        "/api/v1/query_range?query=1&start=0&end=1&step=0",
        400,
        "bad_data",
    );
    refused(
        "/api/v1/query_range?query=x[1m]&start=0&end=1&step=1",
        400,
        "bad_data",
    );
    refused(
        "/api/v1/query_range?query=1&start=2&end=1&step=1",
        400,
        "bad_data",
    );
    refused("/api/v1/series", 400, "bad_data");
    refused("/api/v1/admin/tsdb/snapshot", 404, "not_found");
    assert_eq!(served.send("DELETE /api/v1/series", "").0, 405);
    let large = format!("query={}", "1".repeat(100_000));
    assert_eq!(served.send("POST /api/v1/query", &large).0, 413);
}

#[test]
fn a_run_tied_to_the_wall_clock_shows_nothing_of_what_is_to_come() {
    let served = Served::start(&["--speed", "0.001"]);
    let newest = |query: &str| served.get(&format!("/api/v1/query?query={query}")).1;
    // Hours ahead on the wall clock there is nothing yet.
    let ahead = newest("count(http_requests_total+offset+-30m)");
    let now = newest("count(http_requests_total)");
    assert_eq!(now["data"]["result"].as_array().map(Vec::len), Some(1));
    assert_eq!(ahead["data"]["result"].as_array().map(Vec::len), Some(0));
}

#[test]
fn lists_honour_limit_and_time_and_answers_carry_annotations() {
    let served = Served::start(&[]);
    let end = end_of(&served);
    let listed = |path: &str| {
        let (status, body) = served.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        (
            body["data"].as_array().expect("a list").len(),
            body["warnings"].clone(),
        )
    };
    let truncated = serde_json::json!(["results truncated due to limit"]);
    assert_eq!(listed("/api/v1/labels?limit=2"), (2, truncated.clone()));
    let series = "/api/v1/series?match[]=http_requests_total";
    assert_eq!(listed(&format!("{series}&limit=1")), (1, truncated.clone()));
    assert_eq!(
        listed("/api/v1/label/__name__/values?limit=1"),
        (1, truncated)
    );
    // Long after the run there is nothing.
    let later = format!("&start={}&end={}", end + 7_200.0, end + 7_300.0);
    assert_eq!(listed(&format!("{series}{later}")), (0, Json::Null));
    let during = format!("&start={}&end={end}", end - 60.0);
    assert!(listed(&format!("{series}{during}")).0 > 0);
    for bad in ["limit=-1", "limit=x", "start=2&end=1"] {
        let (status, body) = served.get(&format!("{series}&{bad}"));
        assert_eq!((status, &body["errorType"]), (400, &Json::from("bad_data")));
    }
    let (_, body) = served.get("/api/v1/query?query=1%2Bquantile(2,vector(1))");
    let warning = "PromQL warning: quantile value should be between 0 and 1, got 2 (1:12)";
    assert_eq!(body["warnings"], serde_json::json!([warning]), "{body}");
}

/// An independent client: Prometheus' own tool, when it is there (`PROMTOOL`, or in the path).
#[test]
fn promtool_reads_it() {
    let tool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    if Command::new(&tool).arg("--version").output().is_err() {
        println!("promtool is not installed; nothing was asked");
        return;
    }
    let served = Served::start(&[]);
    let (url, end) = (format!("http://{}", served.address), end_of(&served));
    let ask = |arguments: &[&str]| {
        let output = Command::new(&tool).args(arguments).output().expect("runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("is UTF-8")
    };
    let at = format!("--time={end}");
    let sum = ask(&[
        "query",
        "instant",
        &at,
        &url,
        "sum(rate(http_requests_total[1m]))",
    ]);
    assert!(sum.starts_with("{} => "), "{sum}");
    let (from, to) = (format!("--start={}", end - 600.0), format!("--end={end}"));
    let range = ask(&["query", "range", &from, &to, "--step=1m", &url, "vector(1)"]);
    assert_eq!(range.matches("1 @[").count(), 11, "{range}");
    let names = ask(&["query", "labels", &url, "__name__"]);
    assert!(names.contains("http_requests_total"), "{names}");
    let series = ask(&["query", "series", "--match=http_requests_total", &url]);
    assert!(series.contains("http_requests_total"), "{series}");
}

/// Asks until there is an answer that will do, or gives up.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "no {what} in time");
        std::thread::yield_now();
    }
}

/// A real Prometheus, when it is there (`PROMETHEUS`, or in the path), scrapes the targets and
/// answers with their values.
#[test]
fn a_real_prometheus_scrapes_its_targets() {
    let program = std::env::var("PROMETHEUS").unwrap_or_else(|_| "prometheus".to_owned());
    if Command::new(&program).arg("--version").output().is_err() {
        println!("prometheus is not installed; nothing was scraped");
        return;
    }
    let served = Served::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("prometheus.yml");
    let target = &served.address;
    let text = format!(
        "scrape_configs:\n- job_name: simulated\n  scrape_interval: 1s\n  honor_labels: true\n  \
         static_configs:\n  - targets: [\"{target}\"]\n"
    );
    std::fs::write(&config, text).expect("writes");
    // A port that was free a moment ago; Prometheus does not tell which one it took.
    let probe = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = probe.local_addr().expect("an address").to_string();
    drop(probe);
    let child = Command::new(&program)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.path().join("data").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let real = Served { child, address };
    wait_for("listener", || TcpStream::connect(&real.address).ok());
    let query = "/api/v1/query?query=sum+by+(code)(http_requests_total)";
    let rows = |answer: &Json| {
        let rows = answer["data"]["result"].as_array().cloned();
        let mut rows: Vec<_> = rows
            .unwrap_or_default()
            .iter()
            .map(|row| (row["metric"].to_string(), row["value"][1].clone()))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    let scraped = wait_for("scraped value", || {
        Some(rows(&real.get(query).1)).filter(|rows| !rows.is_empty())
    });
    assert_eq!(scraped, rows(&served.get(query).1));
}
