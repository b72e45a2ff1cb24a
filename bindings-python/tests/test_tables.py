"""Columns as numpy arrays: the memory of the table itself, and nobody's to write to."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from conftest import small

import placewright as pw


def test_columns_are_views_and_cannot_be_written_to() -> None:
    cluster = small()
    cluster.place("web", count=4)
    table = cluster.instances
    cpu, again = table.column("cpu_remaining"), table.column("cpu_remaining")
    assert cpu.dtype == np.int64 and not cpu.flags.owndata and np.shares_memory(cpu, again)
    for name in ("cpu_remaining", "agent_connected", "registered_at", "eni_task_slots_registered"):
        with pytest.raises(ValueError, match="read-only"):
            table.column(name)[0] = table.column(name)[1]
    expected = table.to_dict()["cpu_remaining"]
    del table, again, cluster
    gc.collect()
    assert cpu.tolist() == expected, "the array keeps the memory"
    head = small().instances.head(2).column("cpu_registered")
    assert head.tolist() == [2048, 2048]
    assert small().tasks.column("cpu").tolist() == []


def test_a_table_goes_with_its_last_array() -> None:
    table = small().instances
    cpu = table.column("cpu_registered")
    base = cpu
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    gone = weakref.ref(cpu)
    del cpu, base
    gc.collect()
    assert gone() is None


def test_what_a_bulk_answers_cannot_be_written_to() -> None:
    cluster = small()
    bulk = cluster.place_bulk([cluster.prepare("web")] * 3)
    for array in (bulk.instance, bulk.task):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = -1
    cluster.stop(bulk.task)
    assert cluster.running_tasks == 0 and pw.Cluster().place_bulk([]).instance.tolist() == []
