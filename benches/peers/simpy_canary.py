"""The canary model of benches/requests on SimPy; prints CPU nanoseconds a request."""

import random
import sys
import time
from bisect import bisect_left
from math import log

import simpy

RPS, PODS, SERVERS, MEAN_S, SIGMA, ERROR_SHARE = 1000.0, 5, 8, 0.025, 0.8, 0.002
BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]


class Pod:
    def __init__(self, env):
        self.servers = simpy.Resource(env, capacity=SERVERS)
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0
        self.failed = 0


def share(at_s):
    return 0.05 * min(1.0 + at_s // 270.0, 10.0)


def request(env, pod, luck):
    arrived = env.now
    with pod.servers.request() as server:
        yield server
        yield env.timeout(luck.lognormvariate(MU, SIGMA))
    seconds = env.now - arrived
    pod.seconds += seconds
    pod.buckets[bisect_left(BUCKETS_S, seconds)] += 1
    pod.failed += luck.random() < ERROR_SHARE


def users(env, pods, luck, length_s):
    while True:
        yield env.timeout(luck.expovariate(RPS))
        if env.now >= length_s:
            return
        version = luck.random() < share(env.now)
        env.process(request(env, pods[version * PODS + luck.randrange(PODS)], luck))



# The mean of a log-normal is exp(mu + sigma^2 / 2).
MU = log(MEAN_S) - SIGMA * SIGMA / 2

length_s = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
env = simpy.Environment()
pods = [Pod(env) for _ in range(2 * PODS)]
env.process(users(env, pods, random.Random(1), length_s))
before = time.process_time_ns()
env.run()
spent = time.process_time_ns() - before
count = sum(sum(pod.buckets) for pod in pods)
mean_ms = 1e3 * sum(pod.seconds for pod in pods) / count
print(f"SimPy {simpy.__version__}: {spent / count:.0f} ns a request; mean latency {mean_ms:.3f} ms")
