"""The project's own series: every trap of the evaluator in twelve minutes of scrapes."""

START = 1_760_000_000_000
STEP = 15_000
COUNT = 48


def scraped(name, labels, value, phase=0, first=0, last=COUNT, gaps=()):
    """One series; `value` is a function of the scrape's number."""
    samples = [
        [START + phase + n * STEP, value(n)]
        for n in range(first, last)
        if n not in gaps
    ]
    return {"name": name, "labels": labels, "s": samples}


def counter(slope, start=0, reset_at=None):
    """A counter, with a restart at one scrape."""

    def value(n):
        if reset_at is not None and n >= reset_at:
            return slope * (n - reset_at)
        return start + slope * n

    return value


def wave(n):
    """A gauge that goes up and down, below zero too."""
    return round(((n * 7919) % 41 - 20) * 0.37, 6)


def series():
    out = []
    # Phases off the grid: what a real server sees.
    for index, pod in enumerate("abc"):
        for code, slope in [("200", 30 + index), ("404", 2), ("500", 0.5 * index)]:
            out.append(
                scraped(
                    "requests_total",
                    {"pod": pod, "code": code, "app": "shop"},
                    counter(slope, 100 * index, 30 if pod == "b" else None),
                    phase=1_237 * (index + 1),
                    first=20 if code == "404" else 0,
                    last=40 if pod == "c" else COUNT,
                    gaps=(10, 11, 12) if pod == "a" else (),
                )
            )
        total = 0
        for le, share in [("0.1", 3), ("0.25", 9), ("1.0", 11), ("+Inf", 12)]:
            total += share
            out.append(
                scraped(
                    "latency_seconds_bucket",
                    {"pod": pod, "le": le},
                    counter(share * (index + 1), 5 * total),
                    phase=1_237 * (index + 1),
                )
            )
    # On the grid: left-open windows show here.
    out.append(scraped("grid_total", {"kind": "g"}, counter(3)))
    out.append(scraped("idle_total", {"kind": "i"}, counter(0, 7)))
    out.append(scraped("lone", {"only": "one"}, counter(1, 5), first=47))
    out.append(scraped("old", {}, counter(1, 5), last=20))
    for index, zone in enumerate(["x", "y", "z"]):
        out.append(scraped("gauge", {"zone": zone}, lambda n, i=index: wave(n + 5 * i)))
        out.append(scraped("limit", {"zone": zone, "tier": "t%d" % index}, lambda n, i=index: i))
    out.append(scraped("limit", {"tier": "none"}, lambda n: 9))
    out.append(scraped("gauge", {"zone": "nan"}, lambda n: "NaN"))
    out.append(scraped("gauge", {"zone": "inf"}, lambda n: "+Inf"))
    out.append(scraped("text", {"version": "v1.2.3", "odd": 'a"b\\c'}, lambda n: 1))
    out.append(scraped("decreasing_bucket", {"le": "1.0"}, lambda n: 10))
    out.append(scraped("decreasing_bucket", {"le": "2.0"}, lambda n: 8))
    out.append(scraped("decreasing_bucket", {"le": "+Inf"}, lambda n: 20))
    out.append(scraped("topless_bucket", {"le": "1.0"}, lambda n: 10))
    out.append(scraped("tiny", {}, lambda n: 1.5e-9))
    out.append(scraped("huge", {}, lambda n: 2.5e30))
    return out
