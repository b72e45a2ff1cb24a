"""Every example of the README and of the package's own documentation runs."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import placewright as pw


def test_the_examples_of_both_readmes_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (Path(__file__).parents[1] / "README.md").read_text() + (ROOT / "README.md").read_text()
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(examples) >= 5
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "<example>", "exec"), names)


def test_the_examples_of_the_package_run() -> None:
    for module in (pw, sys.modules["placewright._sweep"], sys.modules["placewright._packing"]):
        assert doctest.testmod(module).failed == 0 < doctest.testmod(module).attempted


def test_all_public_names_are_there() -> None:
    assert sorted(pw.__all__) == pw.__all__
    for name in pw.__all__:
        assert getattr(pw, name) is not None
