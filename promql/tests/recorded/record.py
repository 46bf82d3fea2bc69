#!/usr/bin/env python3
"""Records what a real Prometheus answers: PROMETHEUS and PROMTOOL name the programs.

Writes series.json, answers.json and ranges.json beside itself. tests/recorded.rs compares.
"""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.parse

from queries import queries
from series import START, series

HERE = pathlib.Path(__file__).parent
TIMES = [START / 1000 + s for s in (299.5, 480, 705, 712.3)]
RANGE_QUERIES = [
    "requests_total", "sum(rate(requests_total[1m]))", "rate(grid_total[30s])", "vector(1)", "3",
    "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[1m])))", "gauge > 0",
    "grid_total @ end()", "topk(1, gauge)", "requests_total[1m]", "lone", "old",
    "sum_over_time(gauge[1m:15s])", "time()", "absent(lone)",
    "rate(gauge[1m])", "quantile(1.5, gauge)", "quantile_over_time(-1, gauge[1m])", "sort(gauge)",
    "rate(gauge[1m]) + on(zone) increase(limit[2m])", "rate((gauge[1m:15s]))", "bottomk(2, limit)",
    "histogram_quantile(0.5, decreasing_bucket)", "histogram_quantile(2, gauge)", "-requests_total",
    "histogram_fraction(0, 0.2, rate(latency_seconds_bucket[1m]))", "requests_total offset -1m",
    "avg_over_time(sum(requests_total)[2m:])", "deriv(gauge[1m])", "changes(limit[3m])",
    "count_values('v', limit)", "requests_total{code='500'} / on(pod) requests_total{code='200'}",
    "gauge @ start() > gauge", "max by (pod) (requests_total) or limit", "timestamp(gauge)",
    "predict_linear(grid_total[2m], 60)", "irate(requests_total[2m] @ end())", "stddev(gauge)",
    "requests_total / on() requests_total", "sum by (zone) (gauge) unless limit{tier='t0'}",
    "label_replace(up, 'a', '(', 'b', '(')",
]


def quote(value):
    return value.replace("\\", "\\\\").replace('"', '\\"')


def open_metrics(all_series):
    """Text with timestamps; the samples of one family stand together."""
    lines = []
    for one in sorted(all_series, key=lambda one: one["name"]):
        labels = ",".join(f'{k}="{quote(v)}"' for k, v in one["labels"].items())
        for at, value in one["s"]:
            lines.append(f"{one['name']}{{{labels}}} {value} {at / 1000:.3f}")
    return "\n".join(lines) + "\n# EOF\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(connection, path, **parameters):
    connection.request("GET", f"/api/v1/{path}?" + urllib.parse.urlencode(parameters))
    return json.loads(connection.getresponse().read())


def write(name, rows):
    body = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (HERE / name).write_text(f"[\n{body}\n]\n")


def record(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    answers = []
    for query in queries():
        for at in TIMES:
            reply = ask(connection, "query", query=query, time=f"{at:.3f}")
            answers.append({"query": query, "time": at, "answer": reply})
    write("answers.json", answers)
    ranges = []
    for query in RANGE_QUERIES:
        span = {"start": START / 1000 - 60, "end": START / 1000 + 800, "step": 37}
        reply = ask(connection, "query_range", query=query, **span)
        ranges.append({"query": query, **span, "answer": reply})
    write("ranges.json", ranges)
    print(len(answers), "instant answers,", len(ranges), "range answers")


def main():
    all_series = series()
    write("series.json", all_series)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "s.om").write_text(open_metrics(all_series))
        (folder / "c.yml").write_text("")
        tool = os.environ["PROMTOOL"]
        command = [tool, "tsdb", "create-blocks-from", "openmetrics", folder / "s.om", folder / "d"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        server = subprocess.Popen(
            [
                os.environ["PROMETHEUS"], f"--config.file={folder / 'c.yml'}",
                f"--storage.tsdb.path={folder / 'd'}", "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
            ]
        )
        try:
            while True:
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port)
                    connection.request("GET", "/-/ready")
                    if connection.getresponse().status == 200:
                        break
                except OSError:
                    pass
                time.sleep(0.1)
            record(port)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
