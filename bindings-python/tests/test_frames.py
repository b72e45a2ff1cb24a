"""Columns out and in, with the real polars, pandas, pyarrow and duckdb."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import WEB, samples, small

import placewright as pw
from placewright import _native

Reader = Callable[[pw.Table], dict[str, list[Any]]]


def by_polars(table: pw.Table) -> dict[str, list[Any]]:
    return pl.DataFrame(table).to_dict(as_series=False)


def by_pyarrow(table: pw.Table) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = pa.table(table).to_pydict()
    return columns


def by_pandas(table: pw.Table) -> dict[str, list[Any]]:
    frame = pd.DataFrame.from_arrow(table)
    return {name: [None if pd.isna(value) else value for value in frame[name]] for name in frame.columns}


def by_duckdb(table: pw.Table) -> dict[str, list[Any]]:
    # Reading instants with a zone takes one library more.
    without = " exclude (registered_at)" if "registered_at" in table.column_names else ""
    rows_in = table
    found = duckdb.sql(f"select *{without} from rows_in")
    assert found is not None and len(rows_in) == len(table)
    rows = found.fetchall()
    return {name: [row[at] for row in rows] for at, name in enumerate(found.columns)}


READERS = [by_polars, by_pyarrow, by_pandas, by_duckdb]


@pytest.fixture
def full() -> pw.Cluster:
    """Instances with everything that a column tells of, and tasks."""
    cluster = pw.Cluster.from_dict(samples())
    cluster.declare_resource("licences")
    cluster.register("x", cpu=1024, memory_mib=2048, custom={"licences": 3}, gpus=["a", "b"], agent_connected=False)
    cluster.register_task_definition(WEB)
    cluster.place("web", count=5, strategies="spread:instanceId")
    return cluster


@pytest.mark.parametrize("read", READERS)
def test_frames_read_what_a_cluster_has(full: pw.Cluster, read: Reader) -> None:
    for table in [full.instances, full.remaining, full.tasks, full.attributes, full.explain("web").table]:
        plain, read_back = table.to_dict(), read(table)
        plain.pop("registered_at", None)
        read_back.pop("registered_at", None)
        assert read_back == plain
    assert len(full.tasks) == full.running_tasks


def test_instances_say_what_the_cluster_says(full: pw.Cluster) -> None:
    table = full.instances
    assert len(table) == len(full)
    assert table.column("id") == full.instance_ids
    assert table.column_names[:3] == ["id", "zone", "instance_type"]
    last = {name: values[-1] for name, values in table.to_dict().items()}
    assert (last["id"], last["zone"], last["agent_connected"]) == ("x", None, False)
    assert (last["cpu_registered"], last["memory_mib_remaining"], last["gpus_registered"], last["gpus_remaining"]) == (1024, 2048, 2, 2)
    assert (last["custom_licences_registered"], last["custom_licences_remaining"], last["registered_at"]) == (3, 3, None)
    held = table.column("cpu_registered") - table.column("cpu_remaining")
    by_instance = pl.DataFrame(full.tasks).group_by("instance").agg(pl.col("cpu").sum())
    for name, cpu in by_instance.iter_rows():
        assert held[full.instance_ids.index(name)] >= cpu
    assert int(table.column("running_tasks").sum()) >= full.running_tasks


def test_columns_are_arrays_of_numbers_and_lists_of_text(full: pw.Cluster) -> None:
    table = full.instances
    assert table.column("cpu_remaining").dtype == np.int64
    assert table.column("agent_connected").dtype == np.bool_
    assert table.column("registered_at").dtype == np.dtype("datetime64[ns]")
    slots = table.column("eni_task_slots_registered")
    assert slots.dtype == np.float64 and np.isnan(slots[-1])
    assert table.column("zone")[-1] is None
    with pytest.raises(KeyError, match="did you mean `zone`"):
        table.column("zon")
    assert len(table.head()) == 5 and len(table.head(0)) == 0 and len(table.head(10**9)) == len(table)
    with pytest.raises(OverflowError):
        table.head(-1)
    assert repr(full.attributes) == f"<Table: {len(full.attributes)} rows of instance, name, value>"


def test_instants_are_those_of_the_documents() -> None:
    document = samples()
    document["containerInstances"][0]["registeredAt"] = "2024-02-03T04:05:06.5Z"
    table = pw.Cluster.from_dict(document).instances
    assert table.column("registered_at")[0] == np.datetime64("2024-02-03T04:05:06.500000000")
    assert str(pl.DataFrame(table)["registered_at"][0]) == "2024-02-03 04:05:06.500000+00:00"
    assert "2024-02-03T04:05:06.5" in table._repr_html_()


def test_a_table_is_a_value_that_outlives_its_cluster() -> None:
    cluster = small()
    table, frame = cluster.instances, pl.DataFrame(cluster.instances)
    cluster.place("web", count=4)
    assert int(table.column("running_tasks").sum()) == 0
    del cluster
    gc.collect()
    assert frame["id"].to_list() == [f"i-{number}" for number in range(6)] == table.column("id")


def test_a_stream_that_nobody_reads_is_given_back() -> None:
    table = small().instances
    for _ in range(1000):
        table.__arrow_c_stream__()
        table.__arrow_c_schema__()
    assert pa.schema(table).names == table.column_names


def test_another_schema_may_be_asked_for_and_is_not_followed() -> None:
    table = small().remaining
    wanted = pa.schema([(name, pa.string() if name == "id" else pa.int32()) for name in table.column_names])
    reader = pa.RecordBatchReader.from_stream(table)
    capsule = table.__arrow_c_stream__(wanted.__arrow_c_schema__())
    assert "arrow_array_stream" in repr(capsule)
    assert reader.schema == pa.schema(table)


def test_an_empty_cluster_has_columns_and_no_rows() -> None:
    cluster = pw.Cluster()
    for table in [cluster.instances, cluster.tasks, cluster.attributes, cluster.remaining]:
        assert len(table) == 0 and pl.DataFrame(table).shape == (0, len(table.column_names))


def test_answers_have_tables() -> None:
    cluster = small()
    result = cluster.place("web", count=3, strategies="spread:instanceId")
    assert list(zip(*result.table.to_dict().values())) == [tuple(placement) for placement in result.placements]
    bulk = cluster.place_bulk([cluster.prepare("web", constraints="distinctInstance")] * 5)
    table = bulk.table
    assert table.column_names == ["request", "instance", "task"]
    missing = [value is None for value in table.to_dict()["instance"]]
    assert missing == (bulk.instance < 0).tolist() and sum(missing) == bulk.rejected > 0
    found = [task for task in table.to_dict()["task"] if task is not None]
    assert set(found) <= set(cluster.tasks.column("number").tolist())
    why = cluster.explain("web", constraints="memberOf:attribute:stack == prod").table.to_dict()
    assert why["instance"] == cluster.instance_ids and why["reason"].count(None) == 3
    assert all("stack == prod" in detail for detail in why["detail"] if detail is not None)


def frame() -> dict[str, Any]:
    return {
        "name": ["a", "b", "c"],
        "cpu": [1024, 2048, 4096],
        "memory_mib": [2048, 4096, 8192],
        "zone": ["z1", "z2", None],
        "rack": ["r1", None, ""],
        "floor": [1, 2, 3],
    }


def expected() -> pw.Cluster:
    cluster = pw.Cluster()
    cluster.register("a", cpu=1024, memory_mib=2048, zone="z1", attributes={"rack": "r1"})
    cluster.register("b", cpu=2048, memory_mib=4096, zone="z2")
    cluster.register("c", cpu=4096, memory_mib=8192, attributes=["rack"])
    return cluster


SHAPES: list[Callable[[dict[str, Any]], Any]] = [
    lambda columns: columns,
    lambda columns: {name: np.array(values, dtype=object if None in values else None) for name, values in columns.items()},
    pl.DataFrame,
    lambda columns: pl.DataFrame(columns).with_columns(pl.col("zone").cast(pl.Categorical), pl.col("cpu").cast(pl.UInt16)),
    lambda columns: pl.concat([pl.DataFrame(columns)[:1], pl.DataFrame(columns)[1:]], rechunk=False),
    pd.DataFrame,
    lambda columns: pd.DataFrame(columns).astype({"zone": "category", "cpu": "float64"}),
    pa.table,
    pa.RecordBatch.from_pydict,
    lambda columns: pa.table({**columns, "cpu": pa.array(columns["cpu"], pa.int16()).dictionary_encode()}),
    lambda columns: pa.table({**columns, "zone": pa.array(columns["zone"], pa.string_view())}),
    lambda columns: duckdb.from_arrow(pa.table(columns)),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_cluster_is_made_of_any_frame(shape: Callable[[dict[str, Any]], Any]) -> None:
    cluster = pw.Cluster.from_frame(shape(frame()), attributes=True)
    assert cluster.fingerprint() == expected().fingerprint()
    assert cluster.to_json() == expected().to_json()


def test_columns_have_other_names_and_amounts_of_their_own() -> None:
    columns = {"host": ["a"], "vcpu": [1024], "ram": [2048], "lic": [7], "k": ["v"], "gpu": [2], "up": [False], "s": ["DRAINING"]}
    cluster = pw.Cluster.from_frame(
        columns,
        name="host",
        cpu="vcpu",
        memory_mib="ram",
        gpus="gpu",
        status="s",
        agent_connected="up",
        custom={"lic": "licences"},
        attributes={"k": "key"},
        seed=7,
    )
    assert cluster.custom_resources == ["licences"]
    row = {name: values[0] for name, values in cluster.instances.to_dict().items()}
    assert (row["gpus_registered"], row["custom_licences_remaining"], row["status"], row["agent_connected"]) == (2, 7, "DRAINING", False)
    assert cluster.attributes.to_dict() == {"instance": ["a"], "name": ["key"], "value": ["v"]}
    assert cluster.to_json() != pw.Cluster.from_json(cluster.to_json().replace('"7"', '"8"')).to_json()


def test_a_table_makes_the_cluster_again() -> None:
    cluster = small()
    again = pw.Cluster.from_frame(cluster.instances)
    assert again.remaining.to_dict() == cluster.remaining.to_dict()
    assert again.instances.column("zone") == cluster.instances.column("zone")


def lists_of_arrow(columns: dict[str, Any]) -> Any:
    return pa.table(columns)


@pytest.mark.parametrize("shape", [dict, pl.DataFrame, pd.DataFrame, lists_of_arrow])
def test_instants_ports_and_what_remains_are_read(shape: Callable[[dict[str, Any]], Any]) -> None:
    columns = {
        "name": ["a", "b", "c"],
        "cpu": [1000, 1000, 1000],
        "memory_mib": [2000, 2000, 2000],
        "gpus": [2, 2, 2],
        "lic": [9, 9, 9],
        "registered_at": ["2024-05-01T00:00:00Z", None, "2024-05-01T02:00:00.5+02:00"],
        "ports": [[22, 80], None, []],
        "udp_ports": [[53], [], None],
        "cpu_remaining": [100, None, None],
        "memory_mib_remaining": [200, None, -5],
        "gpus_remaining": [1, None, 0],
        "running_tasks": [3, None, 0],
        "lic_left": [4, None, None],
    }
    cluster = pw.Cluster.from_frame(shape(columns), custom={"lic": "lic"}, custom_remaining={"lic_left": "lic"})
    expected = pw.Cluster()
    expected.declare_resource("lic")

    def amount(name: str, value: int) -> dict[str, Any]:
        return {"name": name, "type": "INTEGER", "integerValue": value}

    def texts(name: str, values: list[str]) -> dict[str, Any]:
        return {"name": name, "type": "STRINGSET", "stringSetValue": values}

    has = [amount("CPU", 1000), amount("MEMORY", 2000), texts("GPU", ["gpu-0", "gpu-1"]), amount("lic", 9)]
    agent = [str(port) for port in (22, 2375, 2376, 51678, 51679, 51680)]
    document = {
        "xResources": ["lic"],
        "containerInstances": [
            {
                "containerInstanceArn": "a",
                "registeredAt": "2024-05-01T00:00:00Z",
                "runningTasksCount": 3,
                "registeredResources": [*has, texts("PORTS", ["22", "80"]), texts("PORTS_UDP", ["53"])],
                "remainingResources": [
                    amount("CPU", 100), amount("MEMORY", 200), texts("GPU", ["gpu-1"]), amount("lic", 4),
                    texts("PORTS", ["22", "80"]), texts("PORTS_UDP", ["53"]),
                ],
            },
            {"containerInstanceArn": "b", "registeredResources": [*has, texts("PORTS", agent)]},
            {
                "containerInstanceArn": "c",
                "registeredAt": "2024-05-01T00:00:00.5Z",
                "registeredResources": has,
                "remainingResources": [amount("CPU", 1000), amount("MEMORY", -5), texts("GPU", []), amount("lic", 9)],
            },
        ],
    }
    assert cluster.fingerprint() == pw.Cluster.from_dict(document).fingerprint()
    assert cluster.instances.to_dict() == pw.Cluster.from_dict(document).instances.to_dict()


def test_instants_come_in_every_form() -> None:
    import datetime

    moment = datetime.datetime(2024, 5, 1, 12, 30, tzinfo=datetime.timezone.utc)
    nanoseconds = int(moment.timestamp()) * 10**9
    plain = {"name": ["a"], "cpu": [1], "memory_mib": [1]}
    columns: list[Any] = [
        [moment], [moment.isoformat()], [nanoseconds], np.array(["2024-05-01T12:30"], "datetime64[ns]"),
        np.array(["2024-05-01T12:30"], "datetime64[us]"),
    ]
    frames: list[Any] = [{**plain, "registered_at": column} for column in columns]
    for unit in ("s", "ms", "us", "ns"):
        frames.append(pa.table({**plain, "registered_at": pa.array([moment], pa.timestamp(unit, "UTC"))}))
    frames += [pa.table({**plain, "registered_at": pa.array([nanoseconds])}), pl.DataFrame({**plain, "registered_at": [moment]})]
    for frame_of in frames:
        assert pw.Cluster.from_frame(frame_of).instances.to_dict()["registered_at"] == [nanoseconds]


def test_a_cluster_with_tasks_travels_as_two_tables() -> None:
    cluster = small()
    cluster.place("web", count=9, strategies="spread:instanceId", group="g")
    again = pw.Cluster.from_frame(cluster.instances)
    assert again.remaining.to_dict()["cpu"] == cluster.remaining.to_dict()["cpu"]
    assert again.instances.column("running_tasks").tolist() == cluster.instances.column("running_tasks").tolist()
    again.register_task_definition(WEB)
    again.load_tasks_frame(cluster.tasks)
    # What is said to remain knows of the tasks already.
    assert again.remaining.to_dict() == cluster.remaining.to_dict()
    assert again.instances.column("running_tasks").tolist() == cluster.instances.column("running_tasks").tolist()
    assert again.running_tasks_of("g") == 9


def test_tables_and_answers_are_copied_and_pickled(full: pw.Cluster) -> None:
    nowhere = {"family": "huge", "containerDefinitions": [{"name": "a", "cpu": 10**6, "memory": 512}]}
    full.register_task_definition(nowhere)
    tables = [full.instances, full.remaining, full.tasks, full.attributes, full.instances.head(2), pw.Cluster().instances]
    for table in [*tables, full.explain("huge").table, full.place("web", count=2).table]:
        again = pickle.loads(pickle.dumps(table))
        assert again.to_dict() == table.to_dict() and again.column_names == table.column_names
        assert pa.table(again).schema.equals(pa.table(table).schema)
        assert copy.copy(table) is table and copy.deepcopy([table])[0] is table
    for result in (full.place("web", count=3), full.place("huge", count=2), full.place("web", count=0 + 1)):
        again = pickle.loads(pickle.dumps(result))
        assert again.to_dict() == result.to_dict() and again.placements == result.placements and again.reasons == result.reasons
        assert (again.placed, again.rejected, repr(again)) == (result.placed, result.rejected, repr(result))
        assert again._repr_html_() == result._repr_html_() and copy.deepcopy(result) is result
    for explanation in (full.explain("web", strategies="binpack:memory"), full.explain("huge")):
        again = explanation
        for _ in range(2):
            again = pickle.loads(pickle.dumps(again))
            for name in ("definition", "group", "funnel", "reasons", "rejected", "winner", "decided_by", "nearest_miss"):
                assert getattr(again, name) == getattr(explanation, name), name
            assert again.to_dict() == explanation.to_dict() and str(again) == str(explanation) and repr(again) == repr(explanation)
            assert again.table.to_dict() == explanation.table.to_dict() and again._repr_html_() == explanation._repr_html_()
        assert list(again.reasons) == list(explanation.reasons) and copy.copy(explanation) is explanation
    request = full.prepare("web")
    bulk = full.place_bulk([request, full.prepare("huge")])
    for again in (pickle.loads(pickle.dumps(bulk)), copy.copy(bulk), copy.deepcopy(bulk)):
        assert (again.placed, again.rejected, len(again)) == (1, 1, 2) and again.table.to_dict() == bulk.table.to_dict()
    with pytest.raises(ValueError, match="no columns of the kind `x`"):
        _native._table([("a", "x", [])])


FAULTS: list[tuple[Any, str, str]] = [
    ({**frame(), "cpu_remaining": [1, 2**40, 3]}, "cpu_remaining[1]", "`1099511627776`"),
    ({**frame(), "memory_mib_remaining": [1, -(2**40), 3]}, "memory_mib_remaining[1]", ""),
    ({**frame(), "gpus_remaining": [0, 9, 0]}, "gpus_remaining[1]", "GPUs from 0 to"),
    ({**frame(), "running_tasks": [0, -1, 0]}, "running_tasks[1]", "number of tasks"),
    ({**frame(), "running_tasks": [0, 2**31, 0]}, "running_tasks[1]", "more than"),
    ({**frame(), "ports": [[1], [1, 65536], []]}, "ports[1]", "`65536`"),
    ({**frame(), "ports": [[1], ["x"], []]}, "ports[1]", "no list of integers"),
    ({**frame(), "ports": [[1], 80, []]}, "ports[1]", "`80`"),
    ({**frame(), "udp_ports": [[1], [-1], []]}, "udp_ports[1]", "`-1`"),
    ({**frame(), "registered_at": ["2024-01-01", "2024-13-01", None]}, "registered_at[1]", "`2024-13-01`"),
    ({**frame(), "registered_at": [None, 1.5, None]}, "registered_at[1]", "no time"),
    (pl.DataFrame({**frame(), "registered_at": ["2024-01-01", "soon", None]}), "registered_at[1]", "`soon`"),
    (pl.DataFrame({**frame(), "registered_at": [True, False, None]}), "registered_at", "not integers"),
    (pa.table({**frame(), "ports": pa.array([[1], [1, None], []])}), "ports[1]", "a gap"),
    (pa.table({**frame(), "ports": pa.array(["80", None, None])}), "ports", "not lists of integers"),
    ({**frame(), "cpu": [1, 2, -3]}, "cpu[2]", "`-3`"),
    ({**frame(), "cpu": [1, 2**40, 3]}, "cpu[1]", ""),
    ({**frame(), "cpu": [1, 2**70, 3]}, "cpu[1]", "no integer"),
    ({**frame(), "cpu": [1, True, 3]}, "cpu[1]", "no integer"),
    ({**frame(), "cpu": [1, None, 3]}, "cpu[1]", "column `cpu` has no value in row 1"),
    ({**frame(), "cpu": [1.0, float("nan"), 3.0]}, "cpu[1]", "no value"),
    ({**frame(), "memory_mib": [1, 2.5, 3]}, "memory_mib[1]", "`2.5`"),
    ({**frame(), "memory_mib": np.array([1, 2.5, 3])}, "memory_mib[1]", "`2.5`"),
    ({**frame(), "name": ["a", "b", "a"]}, "name[2]", "already"),
    ({**frame(), "name": ["a", "", "c"]}, "name[1]", "empty"),
    ({**frame(), "name": ["a", 5, "c"]}, "name[1]", "`5`"),
    ({**frame(), "zone": ["z" * 9000, "b", "c"]}, "zone[0]", "bytes"),
    ({**frame(), "rack": ["r", "b" * 9000, "c"]}, "rack[1]", "bytes"),
    ({**frame(), "gpus": [0, 65, 1]}, "gpus[1]", "GPUs from 0 to 64"),
    ({**frame(), "status": ["ACTIVE", "ACTIVE", "active"]}, "status[2]", "`active`"),
    ({**frame(), "cpu": [1, 2]}, "cpu", "column `cpu` has 2 rows"),
    (pl.DataFrame({**frame(), "cpu": ["1", "2", "3"]}), "cpu", "not integers"),
    (pl.DataFrame({**frame(), "cpu": [1.0, 2.0, 2.25]}), "cpu[2]", "`2.25`"),
    (pl.DataFrame({**frame(), "name": [1, 2, 3]}), "name", "not text"),
    (pa.table({**frame(), "cpu": pa.array([1, 2, 2**63], pa.uint64())}), "cpu[2]", "`9223372036854775808`"),
    (pa.table({**frame(), "cpu": pa.array([1, 2, 2.5], pa.float32())}), "cpu[2]", "`2.5`"),
]


@pytest.mark.parametrize("columns, path, message", FAULTS)
def test_faults_name_column_and_row_and_change_nothing(columns: Any, path: str, message: str) -> None:
    with pytest.raises(pw.PlacewrightError) as made:
        pw.Cluster.from_frame(columns, attributes=["rack"])
    cluster = small()
    before = cluster.to_json()
    with pytest.raises(pw.PlacewrightError) as caught:
        cluster.register_frame(columns, attributes=["rack"])
    assert caught.value.path == path == made.value.path
    assert message in str(caught.value) and path in str(caught.value)
    assert cluster.to_json() == before and cluster.savepoints == 0


def test_missing_columns_are_named() -> None:
    columns = frame()
    columns["memory"] = columns.pop("memory_mib")
    with pytest.raises(pw.InvalidInputError, match="no column `memory_mib`(.|\n)*it has|did you mean"):
        pw.Cluster.from_frame(columns)
    with pytest.raises(pw.InvalidInputError, match="did you mean `rack`"):
        pw.Cluster.from_frame(frame(), attributes=["rak"])
    with pytest.raises(pw.InvalidInputError, match="no column `zon`"):
        pw.Cluster.from_frame(frame(), zone="zon")
    with pytest.raises(TypeError, match="unexpected keyword argument `zones`"):
        pw.Cluster.from_frame(frame(), zones="zone")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument `seed`"):
        small().register_frame(frame(), seed=3)  # type: ignore[call-arg]
    for wrong in [5, "text", [1, 2], {"name": "abc"}, {"name": 5}]:
        with pytest.raises(TypeError):
            pw.Cluster.from_frame(wrong)  # type: ignore[arg-type]
    for stranger in [pl.Series([1, 2]), pa.array([{"name": "a"}, None])]:
        with pytest.raises(pw.InvalidInputError, match="no table of columns"):
            pw.Cluster.from_frame(stranger)
    twice = pa.table([pa.array(["a"]), pa.array([1]), pa.array([1]), pa.array([2])], names=["name", "cpu", "cpu", "memory_mib"])
    with pytest.raises(pw.InvalidInputError, match="several columns `cpu`"):
        pw.Cluster.from_frame(twice)


def test_what_reading_a_frame_raises_is_passed_on() -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pw.Cluster.from_frame(Broken())
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.Cluster.from_frame({"name": ["a", "\ud800"], "cpu": [1, 1], "memory_mib": [1, 1]})
    assert caught.value.path == "name[1]"


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name != "posix", reason="signals are those of POSIX")
def test_ctrl_c_stops_the_reading_of_a_frame_and_takes_it_back() -> None:
    rows = 1_000_000
    large = pl.DataFrame({"name": pl.int_range(rows, eager=True).cast(pl.String)}).with_columns(cpu=1024, memory_mib=1024)
    cluster = small()
    before = cluster.fingerprint()
    done = threading.Event()

    def interrupt() -> None:
        # By then the columns are read, and the rows are being registered, which takes a second.
        started.wait()
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)
        done.set()

    class Large:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            started.set()
            return large.__arrow_c_stream__()

    started = threading.Event()
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        cluster.register_frame(Large())
        done.wait()
    thread.join()
    assert cluster.fingerprint() == before and cluster.savepoints == 0


def test_instances_of_a_frame_come_after_the_others_and_can_be_taken_back() -> None:
    cluster = small()
    before = cluster.fingerprint()
    with cluster.transaction():
        cluster.register_frame(frame())
        assert cluster.instance_ids[-3:] == ["a", "b", "c"]
        cluster.rollback()
    assert cluster.fingerprint() == before
    with pytest.raises(pw.InvalidInputError, match="was not declared"):
        cluster.register_frame(frame(), custom=["floor"])
    cluster.declare_resource("floor")
    cluster.register_frame(frame(), custom=["floor"])
    assert cluster.remaining.column("custom_floor").tolist() == [0] * 6 + [1, 2, 3]


@pytest.mark.parametrize("shape", [lambda columns: columns, pl.DataFrame, pd.DataFrame, pa.table])
def test_tasks_come_from_frames(shape: Callable[[dict[str, Any]], Any]) -> None:
    columns = {
        "id": ["t1", "t2", "t3"],
        "instance": ["i-0", "i-1", "i-0"],
        "definition": ["web:1", "batch:3", "batch:3"],
        "group": ["service:web", "service:batch", None],
        "cpu": [None, 128, 64],
        "memory_mib": [None, 300, 200],
        "is_protected": [True, False, False],
    }
    cluster = small()
    cluster.load_tasks_frame(shape(columns))
    tasks = cluster.tasks.to_dict()
    assert tasks["id"] == ["t1", "t2", "t3"]
    assert tasks["group"] == ["service:web", "service:batch", "family:batch"]
    assert (tasks["cpu"], tasks["memory_mib"]) == ([256, 128, 64], [512, 300, 200])
    assert tasks["is_protected"] == [True, False, False]
    assert cluster.remaining.column("cpu").tolist()[:2] == [2048 - 256 - 64, 2048 - 128]
    before = cluster.to_json()
    changes: list[tuple[dict[str, Any], str, str]] = [
        ({"instance": ["i-0", "i-9", "i-0"]}, "instance[1]", "`i-9`"),
        ({"id": ["t4", "t5", "t4"]}, "id[2]", "`t4`"),
        ({"id": ["t4", None, "t6"]}, "id[1]", "no value"),
        ({"cpu": [None, 5, -1]}, "cpu[2]", ""),
    ]
    for change, path, message in changes:
        with pytest.raises(pw.PlacewrightError) as caught:
            cluster.load_tasks_frame(shape({**columns, "id": ["t4", "t5", "t6"], **change}))
        assert caught.value.path == path and message in str(caught.value)
        assert cluster.to_json() == before
    with pytest.raises(TypeError, match="unexpected keyword argument `colour`"):
        cluster.load_tasks_frame(shape(columns), colour="red")  # type: ignore[call-arg]


def test_threads_read_tables_while_others_place() -> None:
    cluster = small()
    request = cluster.prepare("web", strategies="spread:instanceId")
    failures: list[BaseException] = []

    def work(task: Callable[[], object]) -> None:
        try:
            for _ in range(100):
                task()
        except BaseException as error:
            failures.append(error)

    def turn() -> None:
        bulk = cluster.place_bulk([request])
        cluster.stop(bulk.task[bulk.task >= 0])

    def look() -> None:
        tasks, instances = pl.DataFrame(cluster.tasks), pl.DataFrame(cluster.instances)
        assert len(instances) == 6 and len(tasks) <= 4

    threads = [threading.Thread(target=work, args=(task,)) for task in [turn, look] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
