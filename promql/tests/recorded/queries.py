"""The project's own queries: every function and every trap."""

WINDOWED = [
    "rate", "increase", "irate", "delta", "idelta", "changes", "resets", "deriv",
    "avg_over_time", "sum_over_time", "count_over_time", "min_over_time", "max_over_time",
    "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
    "absent_over_time",
]
RANGES = [
    "requests_total[1m]", "requests_total[2m30s]", "grid_total[30s]", "grid_total[1m]",
    "grid_total[15s]", "gauge[3m]", "idle_total[5m]", "lone[5m]", "old[5m]", "nosuch[1m]",
    "grid_total[1m] offset 45s", "rate(requests_total[1m])[3m:20s]", "gauge[2m:]",
]
PLAIN = [
    "abs", "ceil", "floor", "round", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sin", "cos",
    "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg",
    "rad", "sort", "sort_desc", "timestamp", "absent",
]
CALENDAR = [
    "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
]
AGGREGATIONS = ["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"]
GROUPINGS = ["", " by (pod)", " by (code, nosuch)", " without (pod)", " by (__name__)"]
OPERATORS = ["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<="]

OTHERS = """
1 + 2 * 3 ^ 2 ^ 0.5
1 / 0
-1 / 0
0 / 0
-2 ^ 2
7 % -3
1 > bool 2
0x1F
1e3
"text"
vector(1)
vector(time())
pi()
time()
scalar(grid_total)
scalar(gauge)
scalar(nosuch)
requests_total
requests_total{code="200",}
requests_total{code=~"2.."}
requests_total{code=~"2"}
requests_total{code!~"2..|4.."}
requests_total{nosuch=""}
requests_total{nosuch!=""}
{__name__=~"grid.*"}
{__name__="gauge", zone!="nan"}
limit{zone!="x"}
limit{zone=~".*"}
limit{zone=~".+"}
text{odd='a"b\\\\c'}
tiny
huge
old
lone
grid_total offset 1m
grid_total offset -30s
grid_total @ 1760000300
grid_total @ start()
rate(grid_total[1m] @ 1760000300 offset 15s)
sum(rate(requests_total{code!~"5.."}[1m])) / sum(rate(requests_total[1m])) * 100
100 - sum(rate(requests_total{code=~"5.."}[2m])) / sum(rate(requests_total[2m])) * 100
sum(rate(nosuch[1m])) / sum(rate(requests_total[1m]))
sum(rate(nosuch[1m])) or vector(0)
sum by (pod) (rate(requests_total[1m])) or vector(0)
sum by (pod) (rate(requests_total[1m])) or on() vector(0)
sum(rate(idle_total[1m])) / sum(rate(idle_total[1m]))
sum(rate(idle_total[1m])) / sum(rate(idle_total[1m])) or vector(0)
sum(rate(idle_total[1m])) / (sum(rate(idle_total[1m])) > 0) or vector(1)
clamp_min(gauge, 0)
clamp_max(gauge, 0)
clamp(gauge, -1, 1)
clamp(gauge, 1, -1)
clamp_min(nosuch, 1)
round(gauge, 0.1)
round(gauge, 5)
histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[1m])))
histogram_quantile(0.5, sum by (le, pod) (rate(latency_seconds_bucket[1m])))
histogram_quantile(0.5, rate(latency_seconds_bucket[1m]))
histogram_quantile(0.5, latency_seconds_bucket)
histogram_quantile(0.99, sum(rate(latency_seconds_bucket[1m])))
histogram_quantile(0, sum by (le) (latency_seconds_bucket))
histogram_quantile(1, sum by (le) (latency_seconds_bucket))
histogram_quantile(-1, sum by (le) (latency_seconds_bucket))
histogram_quantile(2, sum by (le) (latency_seconds_bucket))
histogram_quantile(0.5, decreasing_bucket)
histogram_quantile(0.9, decreasing_bucket)
histogram_quantile(0.5, topless_bucket)
histogram_quantile(0.5, rate(nosuch_bucket[1m]))
histogram_quantile(0.5, {__name__=~".*_bucket"})
quantile(0.5, gauge)
quantile(-1, gauge)
quantile by (zone) (2, gauge)
quantile_over_time(0.9, gauge[3m])
predict_linear(gauge[3m], 60)
predict_linear(grid_total[1m], 3600)
topk(2, requests_total)
bottomk(2, requests_total)
topk by (pod) (1, requests_total)
topk(0, requests_total)
topk(3, gauge)
count_values("value", limit)
count_values by (zone) ("value", gauge)
count_values("bad-name", limit)
label_replace(text, "major", "$1", "version", "v([0-9]+).*")
label_replace(text, "version", "", "version", ".*")
label_replace(text, "new", "x$1", "version", "nomatch")
label_replace(requests_total, "pod", "same", "pod", ".*")
label_replace(text, "new", "$1", "version", "(")
label_join(text, "both", "-", "version", "odd")
label_join(text, "version", "-")
requests_total{code="200"} / ignoring(code) requests_total{code="500"}
requests_total / requests_total
requests_total / on(pod) requests_total
requests_total{code="200"} / on(pod) requests_total{code="500"}
requests_total / on(pod) group_left requests_total{code="200"}
requests_total{code="200"} / on(pod) group_right requests_total
gauge * on(zone) group_left(tier) limit
gauge > on(zone) limit
gauge > bool on(zone) limit
limit < on(zone) group_right(tier) gauge
gauge and limit
gauge and on(zone) limit
gauge unless on(zone) limit
gauge or limit
gauge or on(zone) limit
gauge and on() vector(1)
gauge and on() nosuch
gauge unless on() nosuch
gauge > 0
0 < gauge
gauge == gauge
gauge != gauge
gauge > bool 0
-gauge
-requests_total
{__name__=~"gauge|limit", zone="x"} + 1
rate({__name__=~"grid_total|idle_total"}[1m])
abs({__name__=~"gauge|limit", zone="x"})
absent(nosuch{a="b", c=~"d", a="e"})
absent(nosuch{a="b"})
absent(sum(nosuch))
sum(gauge)
sum(gauge{zone!~"nan|inf"})
avg(gauge{zone!="nan"})
min(gauge)
max(gauge)
sum_over_time(vector(1)[1m:10s])
max_over_time(sum(rate(requests_total[1m]))[5m:30s])
avg_over_time(grid_total[1m:7s] offset 13s)
rate(grid_total[0s])
sum without () (requests_total)
sum(requests_total) by (pod) > 100
SUM(requests_total) OR vector(0)
sum(requests_total) # a comment
requests_total[1m]
sum(
sum(requests_total[1m])
rate(requests_total)
requests_total{code~="5.."}
requests_total{}
{}
{code=""}
histogram_fraction(0, 0.2, latency_seconds_bucket)
histogram_fraction(0.05, 0.7, sum by (le) (rate(latency_seconds_bucket[1m])))
histogram_fraction(-1, 0.05, latency_seconds_bucket)
histogram_fraction(0.2, 0.1, latency_seconds_bucket)
histogram_fraction(NaN, 1, latency_seconds_bucket)
histogram_fraction(0, 1, topless_bucket)
histogram_fraction(0, 1, gauge)
histogram_fraction(1, +Inf, decreasing_bucket)
quantile(1.5, gauge)
quantile(-1e6, (gauge))
quantile((NaN), gauge)
1 + quantile by (zone) (2, gauge)
quantile_over_time(3, gauge[1m])
quantile_over_time(scalar(lone), gauge[1m])
rate(gauge[1m]) + rate(limit[1m])
rate(gauge[1m]) / on(zone) rate(gauge[2m])
increase((gauge[1m]))
rate(gauge[1m:15s])
sum by (rate) (rate( # rate(gauge[1m])
    gauge{zone="x"}[1m]))
histogram_quantile(0.9, gauge)
histogram_quantile((1.5), (decreasing_bucket))
histogram_quantile(0.5, {__name__=~"decreasing_bucket|gauge|topless_bucket"})
topk(2, limit * 0)
topk by (app) (3, requests_total > bool 5)
bottomk(3, requests_total > bool 50)
topk(+Inf, gauge)
topk(1e19, gauge)
topk(-Inf, gauge)
topk(NaN, gauge)
count_values without () ("zone", gauge)
count_values without (zone) ("zone", gauge)
count_values by (zone) ("__name__", gauge)
limitk(1, gauge)
sort_by_label(gauge, "zone")
mad_over_time(gauge[1m])
double_exponential_smoothing(gauge[1m], 0.5, 0.5)
holt_winters(gauge[1m], 0.5, 0.5)
"""


def queries():
    out = [f"{name}({window})" for name in WINDOWED for window in RANGES]
    out += [f"{name}(gauge)" for name in PLAIN]
    out += [f"{name}(grid_total)" for name in ("timestamp", "absent")]
    # Infinity has no date: Go's conversion of it to an integer depends on the processor.
    for name in CALENDAR:
        out += [f"{name}()", f'{name}(gauge{{zone!="inf"}} * 1e7)', f"{name}(vector(1456790399))"]
    out += [f"{name}{by} (requests_total)" for name in AGGREGATIONS for by in GROUPINGS]
    out += [f"{name}(nosuch)" for name in AGGREGATIONS]
    for operator in OPERATORS:
        out += [f"gauge {operator} 2", f"2 {operator} gauge", f"gauge {operator} on(zone) limit"]
    out += [line for line in OTHERS.splitlines() if line]
    return list(dict.fromkeys(out))
