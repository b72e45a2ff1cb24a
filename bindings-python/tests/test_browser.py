"""The widget in a real browser: its page side, clicked through steps that a real cluster went."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import small

import placewright as pw

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GROUP = "<b>bold<img src=x onerror='document.title=1'></b>"


def run(browser: str, page: Path, profile: Path) -> str:
    """The page after everything it had to do is done. Time runs as fast as it can there."""
    command = [
        browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-extensions", f"--user-data-dir={profile}", "--window-size=1200,1600", "--virtual-time-budget=60000",
        "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_widget_is_clicked_through_in_a_browser(tmp_path: Path) -> None:
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        pytest.skip("no chromium to show the widget in")
    request = {"taskDefinition": "web", "count": 3, "group": GROUP, "placementStrategy": [{"type": "spread", "field": "instanceId"}]}
    widget = pw.widget(small(), [request])
    states: list[dict[str, Any]] = []
    while True:
        states.append({name: getattr(widget, name) for name in ("step", "picture", "reasons", "caption")})
        if not widget.next():
            break
    module = (Path(pw.__file__).parent / "widget.js").read_bytes()
    host = (Path(__file__).parent / "widget_host.html").read_text()
    # What ends a script in HTML must not stand in it.
    host = host.replace("STATES", json.dumps(states).replace("<", "\\u003c"))
    host = host.replace("MODULE", "data:text/javascript;base64," + base64.b64encode(module).decode())
    page = tmp_path / "page.html"
    page.write_text(host)
    dumped = run(browser, page, tmp_path / "profile")
    found = re.search(r'<pre id="report">(.*?)</pre>', dumped, re.S)
    assert found is not None, dumped[:2000]
    report = json.loads(html.unescape(found[1]))
    assert report["faults"] == []

    steps = report["steps"]
    winners = ["i-0", "i-1", "i-2"]
    for number, seen in enumerate(steps):
        assert seen["count"] == f"{number} of 3" and seen["slider"] == [str(number), "3"]
        assert seen["disabled"] == [number == 0, number == 0, number == 3]
        # A bar of CPU and one of memory for each task.
        assert seen["tasks"] == 2 * number and seen["drawn"]
        assert seen["winner"] == (winners[number - 1] if number else None)
        assert seen["marked"] == winners[number - 1 : number] if number else seen["marked"] == []
        assert seen["foreign"] == 0
        assert seen["caption"] == ("all steps done" if number == 3 else f"next: a task of web:1 in group {GROUP}")
    assert len(steps) == 4 and report["back"] == steps[2] and report["slid"] == steps[1]
    assert report["playing"] and report["played"] and report["at_the_end"] == steps[3] and report["first"] == steps[0]
    asked = [{"do": "next"}] * 3 + [{"do": "back"}, {"do": "go", "step": 1}] + [{"do": "next"}] * 2 + [{"do": "go", "step": 0}]
    assert report["sent"] == asked and report["listeners"] == 0
