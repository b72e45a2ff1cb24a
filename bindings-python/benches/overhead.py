"""What Python adds to the engine: the same work here and in the program `session` of the benches, in one run.

    cargo build --release -p placewright-benches --bin session
    python bindings-python/benches/overhead.py target/release/session [CLUSTER.json]

The cluster is written to `CLUSTER.json`, or to a temporary file, for the program to read.

Each figure is the least of several runs; ratios and differences are what counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Callable

import numpy as np

import placewright as pw

INSTANCES = 10_000
REQUESTS = 10_000
ROUNDS = 7


def document() -> str:
    """A cluster as `aws ecs describe-container-instances` prints it; the native program makes the same."""
    instances = []
    for number in range(INSTANCES):
        cpu, memory = 2048 + 1024 * (number % 7), 4096 + 2048 * (number % 5)
        amounts = [("CPU", cpu), ("MEMORY", memory)]
        records = [
            {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": amount}
            for name, amount in amounts
        ]
        ports = {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "2376", "51678", "51679"]}
        instances.append(
            {
                "containerInstanceArn": f"arn:aws:ecs:eu-west-1:123456789012:container-instance/demo/{number:032x}",
                "ec2InstanceId": f"i-{number:017x}",
                "versionInfo": {"agentVersion": "1.89.2", "agentHash": "abcdef01", "dockerVersion": "DockerVersion: 25.0.8"},
                "remainingResources": [*records, ports],
                "registeredResources": [*records, ports],
                "status": "ACTIVE",
                "agentConnected": True,
                "runningTasksCount": 0,
                "pendingTasksCount": 0,
                "attributes": [
                    {"name": "ecs.availability-zone", "value": f"eu-west-1{'abc'[number % 3]}"},
                    {"name": "ecs.instance-type", "value": "m5.large"},
                    {"name": "ecs.os-type", "value": "linux"},
                    {"name": "ecs.cpu-architecture", "value": "x86_64"},
                    {"name": "stack", "value": "prod" if number % 2 else "test"},
                ],
                "registeredAt": "2026-01-01T00:00:00+00:00",
                "attachments": [],
                "tags": [],
            }
        )
    return json.dumps({"containerInstances": instances, "failures": []})


DEFINITIONS = [
    {"family": f"t{number}", "containerDefinitions": [{"name": "app", "cpu": 64 + 32 * number, "memory": 128 + 64 * number}]}
    for number in range(8)
]
CHAINS: dict[str, list[pw.Strategy]] = {
    "binpack": [pw.binpack("memory")],
    "spread-binpack": [pw.spread("ecs.availability-zone"), pw.binpack("memory")],
}


def least(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest run."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def main(native: str) -> None:
    text = document()
    print(f"{len(text) / 1e6:.1f} MB of JSON, {INSTANCES} instances")
    path = os.path.join(tempfile.gettempdir(), "placewright-overhead.json") if len(sys.argv) < 3 else sys.argv[2]
    with open(path, "w") as file:
        file.write(text)
    figures = json.loads(subprocess.run([native, path, str(REQUESTS)], check=True, capture_output=True).stdout)

    load = least(lambda: pw.Cluster.from_json(text), 5)
    compare("load", load, figures["load"])
    cluster = pw.Cluster.from_json(text)
    for definition in DEFINITIONS:
        cluster.register_task_definition(definition)
    order = np.arange(REQUESTS, dtype=np.uint32) % len(DEFINITIONS)
    for name, chain in CHAINS.items():
        requests = [cluster.prepare(f"t{number}", group="service:x", strategies=chain) for number in range(len(DEFINITIONS))]

        def bulk() -> None:
            cluster.begin()
            result = cluster.place_bulk(requests, order)
            assert result.placed == REQUESTS
            times.append(time.perf_counter())
            cluster.rollback()

        seconds = []
        for _ in range(ROUNDS):
            times: list[float] = []
            start = time.perf_counter()
            bulk()
            seconds.append(times[0] - start)
        compare(f"bulk/{name}", min(seconds), figures[f"bulk/{name}"])
        request = requests[0]

        def singly() -> None:
            cluster.begin()
            start = time.perf_counter()
            for _ in range(1000):
                cluster.place(request)
            times.append(time.perf_counter() - start)
            cluster.rollback()

        times = []
        for _ in range(ROUNDS):
            singly()
        here, there = min(times) / 1000, figures[f"single/{name}"]
        print(f"single/{name}: {here * 1e6:.2f} us here, {there * 1e6:.2f} us native, {(here - there) * 1e6:+.2f} us")


def compare(name: str, here: float, there: float) -> None:
    print(f"{name}: {here * 1e3:.2f} ms here, {there * 1e3:.2f} ms native, ratio {here / there:.3f}")


if __name__ == "__main__":
    main(sys.argv[1])
