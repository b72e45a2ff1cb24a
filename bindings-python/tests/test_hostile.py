"""What callers give that lies, overlaps, has no end or does not work: a clear error or the right answer, never a wrong placement."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from conftest import small

import placewright as pw

FRAME: dict[str, Any] = {"name": ["a", "b", "c"], "cpu": [1, 2, 3], "memory_mib": [4, 5, 6]}


def kinds() -> tuple[pw.Cluster, list[pw.Request]]:
    cluster = small()
    return cluster, [cluster.prepare("web", group=f"g{number}") for number in range(3)]


def groups(cluster: pw.Cluster, placed: pw.BulkResult) -> list[str]:
    return [cluster.task(int(number))["group"] for number in placed.task]


# Arrays.


def test_indices_of_any_stride_order_and_address_choose_what_they_say() -> None:
    wanted = [0, 2, 1]
    record = np.zeros(3, dtype=[("kind", "u4"), ("n", "u1")])
    record["kind"], record["n"] = wanted, [1, 2, 3]
    shifted = np.frombuffer(b"\0" + np.array(wanted, "u4").tobytes(), "u4", offset=1)
    arrays = [record["kind"], shifted, np.array(wanted[::-1], "u4")[::-1], np.array(wanted, ">u4"), np.array([wanted, wanted], "u4").T[:, 1]]
    for array in arrays:
        cluster, requests = kinds()
        assert groups(cluster, cluster.place_bulk(requests, array)) == ["g0", "g2", "g1"]


def test_masked_indices_are_refused() -> None:
    cluster, requests = kinds()
    with pytest.raises(ValueError, match="masked"):
        cluster.place_bulk(requests, np.ma.array([0, 1, 1], mask=[False, True, False]))
    assert cluster.running_tasks == 0
    assert cluster.place_bulk(requests, np.ma.array([0, 1], mask=[False, False])).placed == 2


def test_arrays_of_no_dimension_are_one_value_and_no_column() -> None:
    cluster, requests = kinds()
    placed = cluster.place_bulk(requests)
    cluster.stop(np.array(placed.task[0]))
    assert cluster.running_tasks == 2
    with pytest.raises(TypeError, match="column `cpu` is no list"):
        pw.Cluster.from_frame({**FRAME, "cpu": np.array(5)})


WITHOUT_NUMPY = """
import sys
{broken}
import placewright as pw
c = pw.Cluster(); c.register("a", cpu=100, memory_mib=100)
c.register_task_definition({{"family": "w", "containerDefinitions": [{{"name": "a", "memory": 6}}]}})
r = c.prepare("w")
for call in (lambda: c.place_bulk([r]), lambda: c.instances.column("cpu_remaining"), lambda: c._repr_html_()):
    try:
        call()
    except ImportError as error:
        assert "numpy" in str(error), error
    else:
        raise AssertionError(call)
assert c.running_tasks == 0 and c.place("w").placed == 1
"""


@pytest.mark.parametrize(
    "broken", ["sys.modules['numpy'] = None", "import types; sys.modules['numpy'] = types.ModuleType('numpy')"]
)
def test_without_a_numpy_that_works_nothing_is_placed(broken: str) -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_NUMPY.format(broken=broken)], check=True, timeout=60)


INTERRUPTED = """
import signal, sys
import placewright as pw
assert "numpy" not in sys.modules
c = pw.Cluster(); c.register("a", cpu=100, memory_mib=100)
c.register_task_definition({"family": "w", "containerDefinitions": [{"name": "a", "memory": 6}]})
r = c.prepare("w")
signal.signal(signal.SIGALRM, lambda *_: signal.default_int_handler(2, None))
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
try:
    c.place_bulk([r])
    signal.setitimer(signal.ITIMER_REAL, 0)
except (KeyboardInterrupt, ImportError):
    # Numpy itself makes an ImportError of Ctrl-C in places, and is then not always to be imported again.
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert c.running_tasks == 0
    try:
        assert c.place_bulk([r]).placed == 1
    except ImportError:
        assert c.running_tasks == 0 and c.place("w").placed == 1
"""


@pytest.mark.parametrize("seconds", ["0.001", "0.01", "0.05"])
def test_ctrl_c_while_numpy_is_imported_places_nothing(seconds: str) -> None:
    subprocess.run([sys.executable, "-c", INTERRUPTED, seconds], check=True, timeout=60)


# Frames.


def test_polars_columns_without_a_value_are_gaps() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({**FRAME, "zone": [None] * 3, "ports": [[], [], []]})
    cluster = pw.Cluster.from_frame(frame, attributes=True)
    assert len(cluster) == 3 and cluster.instances.to_dict()["zone"] == [None] * 3
    again = pw.Cluster.from_frame(polars.DataFrame(small().instances.to_dict()))
    assert again.instance_ids == small().instance_ids


def test_what_a_stream_raises_is_malformed_input() -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(FRAME)

    def batches() -> Iterator[Any]:
        yield table.to_batches()[0]
        raise ZeroDivisionError("mid")

    with pytest.raises(pw.InvalidInputError, match="mid"):
        pw.Cluster.from_frame(arrow.RecordBatchReader.from_batches(table.schema, batches()))


def test_arrow_that_is_not_what_it_says_is_refused() -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(FRAME)

    def texts(offsets: list[int], content: bytes) -> Any:
        parts = arrow.py_buffer(np.array(offsets, np.int32)), arrow.py_buffer(content)
        return table.set_column(0, "name", arrow.StringArray.from_buffers(3, *parts))

    keys = [None, arrow.py_buffer(bytes([0, 9, 200]))]
    words = arrow.DictionaryArray.from_buffers(arrow.dictionary(arrow.int8(), arrow.string()), 3, keys, arrow.array(["x"]))
    for frame in (texts([0, 1, 2, 3], b"\xff\xfe\xfd"), texts([0, -1, 2, 3], b"abc"), table.append_column("zone", words)):
        with pytest.raises(pw.InvalidInputError, match="no valid Arrow data"):
            pw.Cluster.from_frame(frame)
    # What stands under a gap is nobody's.
    keys = [arrow.py_buffer(b"\x01"), arrow.py_buffer(bytes([0, 100, 200]))]
    words = arrow.DictionaryArray.from_buffers(arrow.dictionary(arrow.int8(), arrow.string()), 3, keys, arrow.array(["x"]))
    cluster = pw.Cluster.from_frame(table.append_column("zone", words))
    assert cluster.instances.to_dict()["zone"] == ["x", None, None]


def test_a_row_that_is_missing_as_a_whole_is_told() -> None:
    arrow = pytest.importorskip("pyarrow")
    rows = arrow.array([{"name": "s", "cpu": 1, "memory_mib": 1}, None])
    for frame in (rows, arrow.chunked_array([rows.slice(0, 1), rows])):
        with pytest.raises(pw.InvalidInputError, match=r"no table of columns: row [12] is missing"):
            pw.Cluster.from_frame(frame)


def test_gaps_of_every_library_are_gaps() -> None:
    pandas = pytest.importorskip("pandas")
    for gap in (None, float("nan"), np.float32("nan"), np.datetime64("NaT"), pandas.NA, pandas.NaT):
        frame = {**FRAME, "zone": [gap, "x", "y"], "gpus": [gap, 1, 2], "rack": [gap, "r", "s"]}
        cluster = pw.Cluster.from_frame(frame, attributes=True)
        assert cluster.instances.to_dict()["zone"] == [None, "x", "y"]
        assert cluster.query("attribute:rack == r") == ["b"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError, MemoryError])
def test_what_index_raises_is_raised(kind: type[BaseException]) -> None:
    class Number:
        def __index__(self) -> int:
            raise kind

    cluster = small()
    calls: list[Callable[[], object]] = [
        lambda: pw.Cluster.from_frame({**FRAME, "cpu": [1, Number(), 3]}),
        lambda: pw.Cluster.from_frame({**FRAME, "ports": [[1], [Number()], []]}),
        lambda: cluster.stop([Number()]),
        lambda: cluster.register("n", cpu=Number(), memory_mib=1),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(kind):
            call()
    with pytest.raises(pw.InvalidInputError):
        pw.Cluster.from_frame({**FRAME, "cpu": [1, 2**70, 3]})


# Iterables.


class Liar(list[Any]):
    """A list that says it is long."""

    def __len__(self) -> int:
        return 2**62


@pytest.mark.parametrize("what", ["stop", "drain", "bulk", "strategies", "frame", "dict"])
def test_an_endless_iterable_hears_ctrl_c(what: str) -> None:
    cluster, requests = kinds()
    text = ["x" * 10**7] * 10**3
    calls: dict[str, Callable[[], object]] = {
        "stop": lambda: cluster.stop(itertools.cycle(cluster.place_bulk(requests).task.tolist())),
        "drain": lambda: cluster.drain(itertools.repeat("i-1")),
        "bulk": lambda: cluster.place_bulk(itertools.repeat(requests[0])),
        "strategies": lambda: cluster.place("web", strategies=itertools.repeat("random")),
        "frame": lambda: cluster.register_frame({"name": itertools.repeat("x")}),
        "dict": lambda: pw.Cluster.from_dict([text] * 100),
    }
    thread = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    started = time.monotonic()
    with pytest.raises((KeyboardInterrupt, pw.LimitError)):
        thread.start()
        try:
            calls[what]()
        finally:
            # Where the bound came first, Ctrl-C comes here.
            thread.join()
            time.sleep(0.01)
    assert time.monotonic() - started < 20


def test_one_argument_is_bounded_by_bytes() -> None:
    with pytest.raises(pw.LimitError, match="1024 MiB"):
        pw.Cluster.from_dict([["x" * 10**7] * 10**3])
    with pytest.raises(pw.LimitError, match="end"):
        small().drain(itertools.repeat("x" * 10**7))


def test_a_length_is_only_a_word() -> None:
    cluster, requests = kinds()
    assert cluster.place_bulk(Liar(requests)).placed == 3


# Transactions.


def place_two() -> tuple[pw.Cluster, Any, Any]:
    cluster = small()
    first, second = cluster.transaction(), cluster.transaction()
    first.__enter__()
    second.__enter__()
    cluster.place("web", group="second")
    return cluster, first, second


def test_an_exception_that_cannot_be_rolled_back_is_told() -> None:
    cluster, first, second = place_two()
    first.__exit__(None, None, None)
    with pytest.raises(pw.ConflictError, match="cannot be rolled back any more"):
        second.__exit__(ValueError, ValueError(), None)
    assert cluster.running_tasks_of("second") == 1


def test_work_that_another_took_back_is_told() -> None:
    cluster, first, second = place_two()
    first.__exit__(ValueError, ValueError(), None)
    with pytest.raises(pw.ConflictError, match="not kept"):
        second.__exit__(None, None, None)
    assert cluster.running_tasks == 0 and cluster.savepoints == 0


def test_coroutines_that_overlap_are_told() -> None:
    cluster = small()

    async def one() -> None:
        with cluster.transaction():
            await asyncio.sleep(0.02)

    async def two() -> None:
        await asyncio.sleep(0.01)
        with cluster.transaction():
            cluster.place("web")
            await asyncio.sleep(0.05)
            raise ValueError("mine")

    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(one(), two(), return_exceptions=True)

    nothing, fault = asyncio.run(both())
    assert nothing is None and isinstance(fault, pw.ConflictError) and isinstance(fault.__context__, ValueError)


def test_closing_a_transaction_inside_stays_legitimate() -> None:
    cluster = small()
    with cluster.transaction() as inside:
        inside.place("web")
        inside.rollback()
    with pytest.raises(ValueError, match="mine"), cluster.transaction() as inside:
        inside.place("web")
        inside.rollback()
        raise ValueError("mine")
    assert cluster.running_tasks == 0
    with cluster.transaction() as inside:
        inside.place("web")
        inside.commit()
    assert cluster.running_tasks == 1
    with pytest.raises(pw.ConflictError, match="committed inside"), cluster.transaction() as inside:
        inside.commit()
        raise ValueError("mine")


def test_ctrl_c_is_not_replaced_by_the_error() -> None:
    cluster = small()
    with pytest.raises(KeyboardInterrupt), pytest.warns(RuntimeWarning, match="committed inside"):
        with cluster.transaction() as inside:
            inside.commit()
            raise KeyboardInterrupt


def test_a_transaction_that_is_dropped_before_its_end_is_rolled_back() -> None:
    cluster = small()
    transaction = cluster.transaction()
    transaction.__enter__()
    cluster.place("web")
    del transaction
    gc.collect()
    assert cluster.savepoints == 0 and cluster.running_tasks == 0
    assert cluster.place("web").placed == 1 and cluster.running_tasks == 1


# Executors.


def named(cluster: pw.Cluster, scenario: pw.Scenario) -> str:
    return f"value of {scenario.name}"


def dies_in_a_process(cluster: pw.Cluster, scenario: pw.Scenario) -> str:
    if scenario.name == "s3" and os.environ.get("PLACEWRIGHT_TEST_PARENT") != str(os.getpid()):
        time.sleep(0.5)
        os._exit(1)
    return scenario.name


def some(number: int = 6) -> list[pw.Scenario]:
    cluster = small()
    return [pw.Scenario(f"s{at}", cluster) for at in range(number)]


def test_a_second_executor_of_another_kind_gives_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACEWRIGHT_TEST_PARENT", str(os.getpid()))
    made: list[int] = []

    def factory() -> Executor:
        made.append(1)
        return ProcessPoolExecutor(2) if len(made) == 1 else ThreadPoolExecutor(2)

    results = list(pw.sweep(some(), run=dies_in_a_process, executor=factory))
    assert [result.value for result in results] == [f"s{at}" for at in range(6)] and len(made) == 2


class Own(Executor):
    """Does work at once, and does something to the future."""

    def __init__(self, change: Callable[[Future[Any]], Any]) -> None:
        self.change = change

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return self.change(future)


def answering(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def test_an_executor_that_mixes_up_its_answers_is_told() -> None:
    before: list[Future[Any]] = []

    def swapped(future: Future[Any]) -> Future[Any]:
        before.append(future)
        return before[-2] if len(before) > 1 else future

    def short(future: Future[Any]) -> Future[Any]:
        return answering(type(future.result())(future.result().number, future.result().answers[:-1], True))

    def twice(future: Future[Any]) -> Future[Any]:
        return answering(type(future.result())(future.result().number, future.result().answers * 2, True))

    def unknown(future: Future[Any]) -> Future[Any]:
        return answering(type(future.result())(future.result().number, [], False))

    changes: list[Callable[[Future[Any]], Any]] = [swapped, short, twice, unknown, lambda _: answering(None), lambda _: answering([]), lambda _: None]
    for change in changes:
        with pytest.raises(pw.SweepError) as raised:
            list(pw.sweep(some(), run=named, executor=Own(change), chunk=2))
        assert raised.value.code == "sweep.executor_broken" and raised.value.scenario in ("s0", "s2")
    with pytest.raises(TypeError, match="no Executor"):
        list(pw.sweep(some(), executor=lambda: None))  # type: ignore[arg-type, return-value]


def slow_first(cluster: pw.Cluster, scenario: pw.Scenario) -> float:
    if scenario.name == "s0":
        time.sleep(1.5)
    return time.monotonic()


def test_no_worker_is_idle_while_the_first_is_busy() -> None:
    class Elsewhere(Executor):
        def __init__(self) -> None:
            self.pool = ThreadPoolExecutor(3)
            self._max_workers = 3

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            return self.pool.submit(fn, *args, **kwargs)

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            self.pool.shutdown(wait)

    started = time.monotonic()
    results = list(pw.sweep(some(8), run=slow_first, executor=Elsewhere))
    ended = [result.value - started for result in results if result.value is not None]
    # The others are done long before the first.
    assert max(ended[1:]) < ended[0]


# Names and places.


def test_arguments_are_told_by_their_own_names() -> None:
    cluster = small()
    with pytest.raises(pw.InvalidInputError, match="seed is -1") as raised:
        cluster.place("web", seed=-1)
    assert raised.value.path == "seed"
    for rule in (pw.spread, pw.binpack):
        with pytest.raises(TypeError, match="field is a str"):
            rule(5)  # type: ignore[arg-type]


SUBINTERPRETER = """
import sys
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
other = interpreters.create()
try:
    done = interpreters.run_string(other, "import placewright")
except Exception as error:
    done = error
assert "main interpreter" in str(done), done
interpreters.destroy(other)
import placewright as pw
try:
    pw.compile("a b c")
except pw.ExpressionError:
    pass
"""


def test_a_subinterpreter_is_refused() -> None:
    if not any(importlib.util.find_spec(name) for name in ("_xxsubinterpreters", "_interpreters")):
        pytest.skip("no subinterpreters here")
    subprocess.run([sys.executable, "-c", SUBINTERPRETER], check=True, timeout=60)
