"""The corpus of packing through Python: as text and as dicts, by the public calls, with the digest of the native run."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from conftest import PACKING, native_digest

import placewright as pw

FILES = sorted(PACKING.glob("*.json"))
CASES = {file.stem: json.loads(file.read_text()) for file in FILES}


@pytest.fixture(scope="module")
def digest() -> str:
    return os.environ.get("PLACEWRIGHT_PACKING_DIGEST") or native_digest(PACKING, "digest of packing")


def run(case: dict[str, Any], is_text: bool) -> dict[str, Any]:
    """The answer to a case, without its time."""

    def given(value: Any) -> Any:
        return value if isinstance(value, str) or value is None or not is_text else json.dumps(value)

    kind, document = case["kind"], case["input"]
    if kind == "pack":
        answer = pw.pack_json(given(document))
    elif kind == "fleet":
        answer = pw.fleet_json(given(document), catalogue=given(case.get("catalogue")))
    else:
        cluster = (pw.Cluster.from_json if is_text else pw.Cluster.from_dict)(given(document["cluster"]))
        for definition in document.get("taskDefinitions", ()):
            cluster.register_task_definition(given(definition))
        if "tasks" in document:
            cluster.load_tasks(given(document["tasks"]))
        answer = cluster.rearrange_json(given(document.get("rearrange", {})))
    answer.pop("milliseconds", None)
    return answer


def judged(case: dict[str, Any], is_text: bool) -> dict[str, Any] | str:
    """What a case came to, which is what it expects: every key in its order, every number."""
    expected = case["expect"]
    try:
        answer = run(case, is_text)
    except pw.PlacewrightError as error:
        assert "error" in expected, (case["id"], str(error))
        wanted = expected["error"]
        # What a rearrangement reads is a part of the case.
        inside = ".".join(["rearrange", error.path] if error.path else ["rearrange"])
        assert error.code == wanted["code"] and wanted.get("message", "") in error.message, (case["id"], str(error))
        assert "path" not in wanted or wanted["path"] in (error.path, case["kind"] == "rearrange" and inside), (case["id"], error.path)
        return error.code
    assert "answer" in expected, case["id"]
    assert json.dumps(answer) == json.dumps(expected["answer"]), case["id"]
    return answer


def test_every_case_comes_to_what_it_expects_as_text_and_as_dicts(digest: str) -> None:
    as_text = [(name, judged(case, is_text=True)) for name, case in CASES.items()]
    assert len(as_text) > 100 and pw.conformance.digest_packing(as_text) == digest
    # What cannot stand inside JSON is there as a text only.
    as_dicts = [
        (name, came_to if isinstance(CASES[name]["input"], str) else judged(CASES[name], is_text=False)) for name, came_to in as_text
    ]
    assert pw.conformance.digest_packing(reversed(as_dicts)) == digest
    assert pw.conformance.digest_packing(as_dicts[1:]) != digest


def test_typed_calls_answer_as_documents_do() -> None:
    ran = 0
    for name, case in CASES.items():
        document = case["input"]
        if isinstance(document, str) or "error" in case["expect"] or case["kind"] == "rearrange":
            continue
        options = dict(document.get("options") or {})
        # A time, and options that are null, have other ways here.
        options = {key: value for key, value in options.items() if value is not None}
        shared = {"dimensions": document["dimensions"], "groups": document.get("groups"), **options}
        if case["kind"] == "pack":
            packing = pw.pack(document["items"], document["bins"], start=document.get("start"), **shared)
        else:
            more: dict[str, Any] = dict(document.get("fleet") or {})
            names: dict[str, str] = {"headroomPercent": "headroom_percent", "zonesMin": "zones_min"}
            fleet: dict[str, Any] = {names.get(key, key): value for key, value in more.items() if value is not None}
            if "current" in fleet:
                fleet["current"] = {one["type"]: one.get("count", 1) for one in fleet["current"]}
            offers = [*document.get("catalogue", ()), *case.get("catalogue", ())]
            packing = pw.fleet(document["items"], offers, running=document.get("bins"), **shared, **fleet)
            assert isinstance(packing, pw.FleetPlan)
        answer = packing.to_dict()
        del answer["milliseconds"]
        assert json.dumps(answer) == json.dumps(case["expect"]["answer"]), name
        assert [(one.item, one.id, one.count, one.reason) for one in packing.unpacked] == [
            tuple(one.values()) for one in answer["unpacked"]
        ], name
        assert [[one.type, one.count, [list(pair) for pair in one.items]] for one in packing.bins] == [
            [one["type"], one["count"], one["items"]] for one in answer["bins"]
        ], name
        ran += 1
    assert ran > 60


def test_a_sample_of_cases_passes_the_checks_of_the_core() -> None:
    for file in FILES[::5]:
        report = pw.conformance.check_packing(file.read_text())
        assert (report["id"], report["verdict"]) == (file.stem, "pass"), report["reasons"]
    bad: Any
    for bad in ("", "[]", "{", {}, {"format": "x"}):
        assert pw.conformance.check_packing(bad)["verdict"] == "fail"
    with pytest.raises(TypeError):
        pw.conformance.digest_packing(3)  # type: ignore[arg-type]
