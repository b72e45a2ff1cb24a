"""What the tests share."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import placewright as pw

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "cli" / "samples"
CASES = ROOT / "core" / "testdata" / "placement"

PACKING = ROOT / "core" / "testdata" / "packing"

WEB: dict[str, Any] = {"family": "web", "containerDefinitions": [{"name": "app", "cpu": 256, "memory": 512}]}


@pytest.fixture(autouse=True, scope="session")
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def small(**options: Any) -> pw.Cluster:
    """Six instances in three zones, and the definition `web:1` of 256 CPU units and 512 MiB."""
    cluster = pw.Cluster(**options)
    for number in range(6):
        cluster.register(
            f"i-{number}",
            cpu=2048,
            memory_mib=2048 + 512 * number,
            zone=f"eu-west-1{'abc'[number % 3]}",
            attributes={"stack": "prod" if number % 2 else "test"},
        )
    cluster.register_task_definition(WEB)
    return cluster


@pytest.fixture
def cluster() -> pw.Cluster:
    return small()


def samples() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SAMPLES / "cluster.json").read_text())
    return document


def native_digest(cases: Path, name: str) -> str:
    """What the command prints of the cases in a folder."""
    command = ["cargo", "run", "-q", "--release", "-p", "placewright-cli", "--", "conformance", str(cases)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = re.search(rf"^{name} ([0-9a-f]{{64}})$", done.stdout, re.M)
    assert found is not None
    return found.group(1)
