"""Every notebook runs from its first cell to its last, headless, and shows what is kept in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

nbformat: Any = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

FOLDER = Path(__file__).parents[1] / "notebooks"
sys.path.insert(0, os.fspath(FOLDER))
run: Any = pytest.importorskip("run")
NOTEBOOKS = run.notebooks()
TRACE = "the OpenB trace: 1523 instances"
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What running sets is taken back."""
    for name in ("JUPYTER_PATH", "IPYTHONDIR", "MPLBACKEND"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


def test_there_are_four() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["fleet", "quickstart", "strategies", "what_if"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_as_it_ran(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run `notebooks/run.py`"
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert str(Path.home()) not in path.read_text() and len(run.shown(notebook)) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_what_is_kept(path: Path) -> None:
    again = run.executed(path)
    kept = nbformat.read(path, as_version=4)
    shown = "\n".join(run.shown(again))
    if path.stem != "strategies" or TRACE in shown:
        assert run.shown(again, is_all=False) == run.shown(kept, is_all=False), "run `notebooks/run.py`"
    if TRACE in shown:
        # What the example `openb` of the engine prints for the same trace.
        for line in ["none (first fit)       7784", "binpack(memory)        7657", "spread(instanceId)     8066"]:
            assert line in shown, shown


def test_the_strategies_run_without_the_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACEWRIGHT_OPENB", os.fspath(tmp_path / "absent"))
    assert "a generated trace" in "\n".join(run.shown(run.executed(FOLDER / "strategies.ipynb")))
