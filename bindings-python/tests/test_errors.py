"""Errors: their classes, what they carry, and hostile values."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from conftest import WEB, small

import placewright as pw
from placewright import _errors


def test_the_faulty_place_of_an_expression_is_shown(cluster: pw.Cluster) -> None:
    with pytest.raises(pw.ExpressionError) as caught:
        pw.compile("attribute:stack == prod and runningTaskCount > 1")
    error = caught.value
    assert isinstance(error, ValueError) and error.code == "expr.unknown_subject"
    assert error.span == (28, 44) and error.help == "did you mean `runningTasksCount`?"
    assert str(error).splitlines()[1:] == [
        "  attribute:stack == prod and runningTaskCount > 1",
        " " * 30 + "^" * 16,
        "  help: did you mean `runningTasksCount`?",
    ]
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    with pytest.raises(pw.ExpressionError) as caught:
        pw.compile("attribute:ä == 'ö' xor")
    assert caught.value.span is not None and "attribute:ä == 'ö' xor"[slice(*caught.value.span)] == "xor"
    for call in (
        lambda: cluster.query("runningTaskCount > 1"),
        lambda: cluster.place("web", constraints="memberOf:runningTaskCount > 1"),
        lambda: cluster.place({"taskDefinition": "web", "placementConstraints": [{"type": "memberOf", "expression": "runningTaskCount > 1"}]}),
        lambda: cluster.run_task({"taskDefinition": "web", "placementConstraints": [{"type": "memberOf", "expression": "runningTaskCount > 1"}]}),
        lambda: cluster.register_task_definition({**WEB, "placementConstraints": [{"type": "memberOf", "expression": "runningTaskCount > 1"}]}),
        lambda: cluster.list_container_instances({"filter": "runningTaskCount > 1"}),
        lambda: pw.member_of("runningTaskCount > 1"),
    ):
        with pytest.raises(pw.ExpressionError) as caught:
            call()
        assert caught.value.span == (0, 16) and "^" * 16 in str(caught.value)


def test_the_place_in_a_document_is_named(cluster: pw.Cluster) -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.Cluster.from_dict({"containerInstances": [{"containerInstanceArn": "a"}, {"containerInstanceArn": "b", "status": 3}]})
    assert caught.value.path == "containerInstances[1].status" and caught.value.code == "json.type"
    assert str(caught.value) == "containerInstances[1].status: expected a string, found an integer"
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.Cluster.from_json('{"containerInstances": [\n  {"ä": nope}]}')
    assert caught.value.code == "json.syntax" and "^" in str(caught.value)
    assert caught.value.span is not None and caught.value.span[0] in range(27, 36)
    with pytest.raises(pw.InvalidInputError):
        pw.Cluster.from_json(b'{"\xff": 1}')
    with pytest.raises(TypeError):
        pw.Cluster.from_json({})  # type: ignore[arg-type]


def test_exceptions_follow_the_habits_of_python(cluster: pw.Cluster) -> None:
    def check(kind: type[BaseException], habit: type[BaseException], call: Any) -> None:
        with pytest.raises(kind) as caught:
            call()
        assert isinstance(caught.value, habit) and isinstance(caught.value, pw.PlacewrightError)
        assert caught.value.code and caught.value.message and str(caught.value)

    check(pw.NotFoundError, KeyError, lambda: cluster.instance("none"))
    check(pw.NotFoundError, KeyError, lambda: cluster.task("none"))
    check(pw.NotFoundError, KeyError, lambda: cluster.place("none"))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place("web", count=-1))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place("web", strategies="binpack:gpu"))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place("web", strategies=[{"type": "spread"}]))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place("web", constraints="distinctinstance"))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place({"taskDefinition": "web", "count": 1}, count=2))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place(b"[1]", count=2))
    check(pw.InvalidInputError, ValueError, lambda: cluster.place('{"taskDefinition": ', count=2))
    check(pw.LimitError, OverflowError, lambda: cluster.place("web", count=10_000_001))
    check(pw.LimitError, OverflowError, lambda: cluster.place("web", strategies=["random"] * 17))
    check(pw.LimitError, OverflowError, lambda: pw.compile("a" * 2001))
    check(pw.DuplicateError, ValueError, lambda: cluster.register("i-0", cpu=1, memory_mib=1))
    check(pw.ConflictError, RuntimeError, cluster.rollback)
    check(pw.StaleHandleError, RuntimeError, lambda: small().place(cluster.prepare("web")))
    assert str(pytest.raises(pw.NotFoundError, cluster.instance, "x").value) == "no container instance is named `x`"
    for name in _errors.__all__:
        assert issubclass(getattr(pw, name), pw.PlacewrightError) and getattr(pw, name).__doc__


def nested(levels: int, kind: str) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if kind == "list" else {"a": value} if kind == "dict" else (value,)
    return value


def test_hostile_objects_are_refused_with_their_place(cluster: pw.Cluster) -> None:
    loop: list[Any] = []
    loop.append(loop)
    ring: dict[str, Any] = {}
    ring["a"] = [ring]

    class Endless:
        def to_dict(self) -> Any:
            return Endless()

    class Itself:
        def to_dict(self) -> Any:
            return self

    class Fails:
        def to_dict(self) -> Any:
            raise ZeroDivisionError

    before = cluster.fingerprint()
    for value, what in (
        (float("nan"), "NaN"),
        (float("inf"), "inf"),
        (2**64, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        (10**5000, "64 bits"),
        ("\ud800", "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({1: 2}, "a key is a string"),
        ({1, 2}, "`set`"),
        (object(), "`object`"),
        (loop, "levels"),
        (ring, "levels"),
        (nested(200, "list"), "levels"),
        (nested(100_000, "dict"), "levels"),
        (nested(200, "tuple"), "levels"),
        (Endless(), "levels"),
        (Itself(), "`Itself`"),
    ):
        for key in ("taskDefinition", "unread"):
            with pytest.raises(pw.InvalidInputError, match=what) as caught:
                cluster.place({"taskDefinition": "web", key: value})
            assert caught.value.path is not None and caught.value.path.startswith(key)
    for value in (2**63, 2**64 - 1, 1.0, True, None, [1], {"a": 1}, b"web"):
        with pytest.raises(pw.InvalidInputError):
            cluster.place({"taskDefinition": value})
        if value is not None:
            with pytest.raises((pw.InvalidInputError, pw.LimitError)):
                cluster.place("web", count=value)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        cluster.place({"taskDefinition": Fails()})
    for text in ("", "\0", "x" * 10_000_000, "web:" + "9" * 4000, "\ud800", "ä:1"):
        with pytest.raises(pw.PlacewrightError):
            cluster.place(text)
        with pytest.raises(pw.PlacewrightError):
            cluster.stop(text)
    for name in ("", "x" * 3000):
        with pytest.raises(pw.PlacewrightError):
            cluster.register(name, cpu=1, memory_mib=1)
    for number in (2**63, -(2**63) - 1, 10**30):
        with pytest.raises(pw.InvalidInputError, match="cpu is"):
            cluster.register("x", cpu=number, memory_mib=1)
    assert cluster.fingerprint() == before


def test_a_million_of_anything_is_read_or_refused(cluster: pw.Cluster) -> None:
    million = [0] * 1_000_000
    assert cluster.place({"taskDefinition": "web", "unread": million}).placed == 1
    assert cluster.place({"taskDefinition": "web", "unread": {str(number): number for number in million[:1000]}}).placed == 1
    with pytest.raises(pw.InvalidInputError, match=r"containerInstances\[0\]"):
        pw.Cluster.from_dict({"containerInstances": million})
    with pytest.raises(pw.LimitError):
        cluster.place("web", constraints=["distinctInstance"] * 1_000_000)
    with pytest.raises(pw.NotFoundError):
        cluster.stop(["none"] * 1_000_000)
    wide: Any = [0] * 100
    for _ in range(6):
        wide = [wide] * 100
    with pytest.raises(pw.LimitError, match="at most"):
        cluster.place({"taskDefinition": "web", "unread": wide})


def test_what_changes_while_it_is_read_is_read_anyway(cluster: pw.Cluster) -> None:
    document: dict[str, Any] = {"taskDefinition": "web"}

    class Changes:
        def to_dict(self) -> Any:
            document.clear()
            document.update({str(number): number for number in range(100)})
            return {"a": 1}

    document["unread"] = [Changes(), Changes()]
    assert cluster.place(document).placed == 1


def test_wrong_python_types_are_type_errors(cluster: pw.Cluster) -> None:
    for call in (
        lambda: cluster.register(3, cpu=1, memory_mib=1),  # type: ignore[arg-type]
        lambda: cluster.register("x", cpu="1", memory_mib=1),  # type: ignore[arg-type]
        lambda: cluster.register("x", cpu=1, memory_mib=1, attributes={"a": 1}),
        lambda: cluster.register("x", 1, 2),  # type: ignore[call-arg]
        lambda: cluster.query(3),  # type: ignore[arg-type]
        lambda: cluster.drain(3),  # type: ignore[arg-type]
        lambda: cluster.place("web", strategies=3),  # type: ignore[arg-type]
        lambda: cluster.place("web", 3),  # type: ignore[call-arg]
        lambda: cluster.rollback("x"),  # type: ignore[arg-type]
        lambda: pw.compile(3),  # type: ignore[arg-type]
        lambda: pw.Request(),
        lambda: cluster.task(["a", "b"]),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            call()


def test_values_are_frozen_equal_and_hashable() -> None:
    assert pw.spread("a") == pw.spread("attribute:a") != pw.spread("b")
    assert pw.spread("instanceId").to_dict() == {"type": "spread", "field": "instanceId"}
    assert pw.random().to_dict() == {"type": "random"} and pw.distinct_instance().to_dict() == {"type": "distinctInstance"}
    assert len({pw.binpack("cpu"), pw.binpack("cpu"), pw.binpack("memory")}) == 2
    assert pickle.loads(pickle.dumps(pw.member_of("runningTasksCount > 1"))) == pw.member_of("runningTasksCount > 1")
    with pytest.raises(AttributeError):
        pw.binpack("cpu").field = "memory"  # type: ignore[misc]
    query = pw.compile("attribute:b==1 && attribute:a exists")
    assert query == pw.compile("attribute:b == 1 and attribute:a exists") and hash(query) == hash(pw.compile(query.source))
    assert query != pw.compile("attribute:b == 2") and query != 3
    assert (str(query), query.source) == (query.canonical, "attribute:b==1 && attribute:a exists")
    assert query.attribute_names == ["a", "b"] and pickle.loads(pickle.dumps(query)) == query
