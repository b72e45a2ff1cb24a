"""Sweeps over Dask distributed: a real cluster of two workers, one of which dies."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import small
from test_sweep import dies, hangs, in_order, raises, scenarios

import placewright as pw

distributed: Any = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
            yield client


def test_results_come_in_order_and_once(client: Any) -> None:
    cluster = small()
    executor = client.get_executor()
    in_order(list(pw.sweep(scenarios(60, cluster), executor=executor)), 60)
    in_order(list(pw.sweep(scenarios(60, cluster), executor=executor, chunk=8)), 60)
    with pytest.raises(pw.SweepError, match="scenario `s3` raised NotFoundError"):
        list(pw.sweep(scenarios(6), run=raises, executor=executor))


def test_a_killed_worker_costs_nothing_but_time(client: Any, tmp_path: Path) -> None:
    asked = scenarios(40, who="s7", folder=str(tmp_path), times=1, after=0.3)
    in_order(list(pw.sweep(asked, run=dies, executor=client.get_executor())), 40)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_scenario_that_kills_each_worker_is_named(client: Any, tmp_path: Path) -> None:
    asked = scenarios(12, who="s7", folder=str(tmp_path), times=99, after=0.3)
    with distributed.Client(client.cluster) as other:
        executor = other.get_executor()
        results = list(pw.sweep(asked, run=dies, executor=executor, retries=1, errors="return", ahead=2))
    assert [result.index for result in results] == list(range(12))
    error = results[7].error
    assert error is not None and (error.code, error.scenario) == ("sweep.worker_died", "s7")


def test_an_executor_is_made_and_shut_down(client: Any) -> None:
    in_order(list(pw.sweep(scenarios(10), executor=lambda: client.get_executor())), 10)
    results = pw.sweep(scenarios(1000), executor=lambda: client.get_executor(), ahead=4)
    assert next(results).index == 0
    results.close()


def test_a_scenario_that_hangs_is_named_and_the_others_come(client: Any) -> None:
    asked = scenarios(12, who="s5", seconds=20)
    list(pw.sweep(scenarios(4), executor=client.get_executor()))
    results = list(pw.sweep(asked, run=hangs, executor=client.get_executor(), timeout=10, retries=0, errors="return"))
    assert [result.name for result in results if result.error is not None] == ["s5"]
    error = results[5].error
    assert error is not None and error.code == "sweep.timed_out"
