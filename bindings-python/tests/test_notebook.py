"""What notebooks show: pictures, tables, plots, the widget, progress bars."""

from __future__ import annotations

import builtins
import json
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from conftest import WEB, small

import placewright as pw

matplotlib.use("Agg")

HOSTILE = "<script>alert('&\"')</script>"


class Strict(HTMLParser):
    """Fails for elements that do not nest, and for any that could run something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        assert tag not in ("script", "style", "link", "img", "iframe", "foreignobject")
        assert not any(name.startswith("on") or name in ("href", "src") for name, _ in attrs)
        self.open.append(tag)
        self.seen.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(html: str) -> str:
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert not parser.open
    assert HOSTILE not in html
    for svg in re.findall(r"<svg.*?</svg>", html, re.S):
        ElementTree.fromstring(svg)
    return html


def crowded() -> pw.Cluster:
    cluster = small()
    cluster.place("web", count=5, group="service:a", strategies="spread:instanceId")
    cluster.place("web", count=3, group="service:b", strategies="binpack:memory")
    return cluster


def test_a_cluster_is_a_picture_by_zone_with_its_tasks_by_group() -> None:
    html = checked(crowded()._repr_html_())
    assert "6 instances, 8 tasks" in html
    assert [html.count(f"eu-west-1{zone}: 2 instances") for zone in "abc"] == [1, 1, 1]
    assert html.count("data-instance=") == 6
    assert "service:a: 256 of 2048 cpu" in html and "service:b: 1536 of 2048 memory" in html
    assert "currentColor" in html and "others:" not in html and "The picture shows" not in html
    # One colour for each group, the same wherever it stands.
    colours = dict(re.findall(r'fill="(#\w+)"><title>(service:\w): ', html))
    assert sorted(colours.values()) == ["service:a", "service:b"]


def test_bars_are_as_long_as_what_is_in_use() -> None:
    cluster = pw.Cluster()
    cluster.register("a", cpu=1000, memory_mib=1000)
    cluster.register_task_definition({"family": "f", "containerDefinitions": [{"name": "c", "cpu": 250, "memory": 500}]})
    cluster.place("f", group="g")
    html = checked(cluster._repr_html_())
    widths = {text: float(width) for width, text in re.findall(r'width="([\d.]+)" height="9"[^>]*><title>([^<]*)', html)}
    whole = widths["cpu: 250 of 1000 in use"]
    assert widths["g: 250 of 1000 cpu"] == pytest.approx(whole / 4, abs=0.01)
    assert widths["g: 500 of 1000 memory"] == pytest.approx(whole / 2, abs=0.01)


def test_text_is_escaped_everywhere() -> None:
    cluster = pw.Cluster()
    cluster.register(HOSTILE, cpu=1024, memory_mib=2048, zone=HOSTILE, attributes={HOSTILE: HOSTILE})
    cluster.declare_resource(HOSTILE)
    cluster.register("b", cpu=1024, memory_mib=2048, custom={HOSTILE: 3})
    cluster.register_task_definition(WEB)
    result = cluster.place("web", count=9, group=HOSTILE, constraints=[pw.member_of(f"attribute:x != '{HOSTILE[:9]}'")])
    for shown in [cluster, cluster.instances, cluster.attributes, cluster.tasks, result, cluster.explain("web", group=HOSTILE)]:
        checked(shown._repr_html_())  # type: ignore[attr-defined]


def test_what_is_in_use_by_nobody_known_and_what_takes_no_tasks_is_shown() -> None:
    instance = {
        "containerInstanceArn": "arn:aws:ecs:eu-west-1:1:container-instance/demo/0123456789abcdef0123456789abcdef",
        "status": "ACTIVE",
        "agentConnected": True,
        "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1000}, {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000}],
        "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 400}, {"name": "MEMORY", "type": "INTEGER", "integerValue": -50}],
    }
    cluster = pw.Cluster.from_dict({"containerInstances": [instance]})
    cluster.drain(cluster.instance_ids)
    html = checked(cluster._repr_html_())
    assert "others: 600 of 1000 cpu" in html and "(draining)" in html and "…" in html and "no zone: 1 instance" in html


def test_large_clusters_are_shown_in_part_and_say_so() -> None:
    count = 5000
    columns: dict[str, Any] = {"name": [f"i-{at}" for at in range(count)], "cpu": [1024] * count, "memory_mib": [1024] * count}
    columns["zone"] = [f"z{0 if at % 50 else 1}" for at in range(count)]
    cluster = pw.Cluster.from_frame(columns)
    html = checked(cluster._repr_html_())
    assert html.count("data-instance=") == 48 and "48 of 5,000 instances" in html
    assert "z0: 24 of 4900 instances" in html and "z1: 24 of 100 instances" in html
    assert len(html) < 100_000
    columns["zone"] = [f"z{at}" for at in range(count)]
    html = checked(pw.Cluster.from_frame(columns)._repr_html_())
    assert "12 of 5,000 zones" in html
    assert "0 instances, 0 tasks" in checked(pw.Cluster()._repr_html_())


def test_answers_are_tables() -> None:
    cluster = small()
    result = cluster.place("web", count=100)
    html = checked(result._repr_html_())
    assert f"{result.placed} of 100" in html and "RESOURCE:MEMORY" in html
    why = cluster.explain("web")
    html = checked(why._repr_html_())
    assert "goes nowhere" in html and "Nearest miss" in html and str(why.nearest_miss) in html
    assert all(word in html for word in ["asked", "used", "available", "RESOURCE:MEMORY"])
    html = checked(small().explain("web", strategies="binpack:memory")._repr_html_())
    assert "Winner" in html and "<code>i-0</code>" in html and "decided by" in html
    table = cluster.tasks
    assert f"20 of {len(table)} rows" in checked(table._repr_html_())


def test_plots_give_axes() -> None:
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    cluster = crowded()
    ax = cluster.plot()
    assert ax.get_xlabel() == "memory, MiB" and len(ax.get_yticklabels()) == 6
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["service:a", "service:b"]
    taken = sum(patch.get_width() for patch in ax.patches[6:] if isinstance(patch, Rectangle))
    assert taken == 8 * 512
    assert cluster.plot(resource="cpu", ax=ax) is ax
    with pytest.raises(ValueError, match="resource is one of cpu, memory, gpus"):
        cluster.plot(resource="disk")
    assert cluster.explain("web").plot().get_title() == "a task of web:1"
    assert pw.Cluster().plot().get_legend() is None
    many = pw.Cluster.from_frame({"name": [str(at) for at in range(100)], "cpu": [1] * 100, "memory_mib": [1] * 100})
    assert many.plot().get_ylabel() == "instances"
    pyplot.close("all")


def test_extras_that_are_absent_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".")[0] in ("matplotlib", "anywidget"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "placewright._widget", raising=False)
    with pytest.raises(ImportError, match=r"placewright\[plot\]"):
        small().plot()
    with pytest.raises(ImportError, match=r"placewright\[widget\]"):
        pw.widget(small(), "web")


def test_the_widget_steps_forth_and_back_on_a_copy() -> None:
    cluster = small()
    before = cluster.fingerprint()
    widget = pw.widget(cluster, [{"taskDefinition": "web", "count": 3, "group": "service:a"}, "web"], interval_ms=100)
    assert (widget.step, widget.steps, widget.interval_ms) == (0, 4, 100)
    moments = [widget.cluster.fingerprint()]
    while widget.next():
        moments.append(widget.cluster.fingerprint())
        assert f"{widget.step} task" in widget.picture and "Winner" in widget.reasons and 'stroke-width="1.5"' in widget.picture
        checked(widget.picture + widget.reasons)
    assert widget.step == 4 and widget.caption == "all steps done" and len(set(moments)) == 5
    for step in [2, 4, 0, 3]:
        assert widget.go(step) and widget.step == step and widget.cluster.savepoints == step
        assert widget.cluster.fingerprint() == moments[step]
    assert widget.back() and widget.back() and widget.back() and not widget.back()
    assert widget.reasons == "" and not widget.go(5) and not widget.go(-1)
    assert cluster.fingerprint() == before and cluster.savepoints == 0
    widget.close()


def test_the_widget_answers_messages_of_the_page() -> None:
    widget = pw.widget(small(), {"taskDefinition": "web", "count": 3})
    sent: list[dict[str, Any]] = []

    def hear(change: dict[str, Any]) -> None:
        sent.append(change)

    widget.observe(hear, names=["step", "picture", "reasons"])

    def say(content: object) -> None:
        # What the comm calls for a message of the page.
        widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    say({"do": "next"})
    assert widget.step == 1 and {change["name"] for change in sent} == {"step", "picture", "reasons"}
    say({"do": "go", "step": 3})
    assert widget.step == 3
    say({"do": "back"})
    assert widget.step == 2
    for nonsense in [{"do": "go"}, {"do": "go", "step": "1"}, {"do": "go", "step": 99}, {"do": "explode"}, {}, None, [1], "next"]:
        say(nonsense)
        assert widget.step == 2
    state = widget.get_state()
    assert state["step"] == 2 and state["steps"] == 3 and "export default" in state["_esm"]
    widget.close()


def test_the_widget_shows_a_task_that_goes_nowhere_and_refuses_what_it_cannot_step_through() -> None:
    cluster = small()
    cluster.register_task_definition({"family": "huge", "containerDefinitions": [{"name": "c", "memory": 100_000}]})
    widget = pw.widget(cluster, ["huge", "web"])
    assert widget.next() and "goes nowhere" in widget.reasons and widget.cluster.running_tasks == 0
    assert widget.next() and widget.cluster.running_tasks == 1
    with pytest.raises(TypeError, match=r"requests\[0\] is prepared"):
        pw.widget(cluster, [cluster.prepare("web")])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="10,000"):
        pw.widget(cluster, {"taskDefinition": "web", "count": 10_001})
    with pytest.raises(pw.NotFoundError):
        pw.widget(cluster, "unknown")


PAGE = """
class Element {
  constructor(tag) { this.tag = tag; this.children = []; this.style = {}; this.listeners = {}; this.attributes = {}; }
  appendChild(child) { this.children.push(child); return child; }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, action) { this.listeners[name] = action; }
  click() { if (!this.disabled) this.listeners.click(); }
  all() { return [this, ...this.children.flatMap((child) => child.all())]; }
}
globalThis.document = { createElement: (tag) => new Element(tag) };
const timers = new Map();
globalThis.setInterval = (action) => { timers.set(timers.size + 1, action); return timers.size; };
globalThis.clearInterval = (timer) => timers.delete(timer);
const widget = (await import(process.argv[2])).default;
const sent = [];
const on = {};
const state = { step: 0, steps: 3, interval_ms: 100, picture: "<svg></svg>", reasons: "", caption: "next" };
const model = {
  get: (name) => state[name],
  send: (what) => sent.push(what),
  on: (name, action) => { on[name] = action; },
  off: (name) => { delete on[name]; },
};
const set = (name, value) => { state[name] = value; on[`change:${name}`](); };
const el = new Element("div");
const end = widget.render({ model, el });
const named = (label) => el.all().find((one) => one.attributes["aria-label"] === label);
const report = { first: [named("back").disabled, named("next").disabled, el.children[1].innerHTML] };
named("next").click();
set("step", 1); set("reasons", "<p>why</p>");
report.reasons = el.children[2].innerHTML;
named("back").click();
named("step").value = "2"; named("step").listeners.change();
named("play").click();
const [tick] = [...timers.values()];
tick(); tick();
report.sent = sent.splice(0);
report.pause = named("pause") !== undefined;
set("step", 2); tick(); set("step", 3);
report.played = sent.splice(0);
report.stopped = [timers.size, named("play").disabled, named("next").disabled];
end();
report.left = Object.keys(on).length;
console.log(JSON.stringify(report));
"""


def test_the_page_side_of_the_widget(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run the page's side with")
    script, module = tmp_path / "page.mjs", tmp_path / "widget.mjs"
    script.write_text(PAGE)
    module.write_text((Path(pw.__file__).parent / "widget.js").read_text())
    done = subprocess.run([node, str(script), module.as_uri()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == {
        "first": [True, False, "<svg></svg>"],
        "reasons": "<p>why</p>",
        # While it plays, a step is asked for once, however often the clock ticks before the answer.
        "sent": [{"do": "next"}, {"do": "back"}, {"do": "go", "step": 2}, {"do": "next"}],
        "pause": True,
        "played": [{"do": "next"}],
        "stopped": [0, True, True],
        "left": 0,
    }


def test_progress_bars_of_tqdm_follow_bulk_work() -> None:
    import io

    from tqdm.auto import tqdm

    cluster = pw.Cluster()
    for number in range(50):
        cluster.register(str(number), cpu=10_000_000, memory_mib=10_000_000)
    cluster.register_task_definition(WEB)
    requests = [cluster.prepare("web", strategies="binpack:memory")] * 20_000
    out = io.StringIO()
    with tqdm(total=len(requests), file=out, mininterval=0) as bar:
        bulk = cluster.place_bulk(requests, progress=bar)
    assert bulk.placed == bar.n == 20_000 and "20000/20000" in out.getvalue()
    with tqdm(total=5000, file=out) as bar:
        cluster.place("web", count=5000, progress=bar)
    assert bar.n == 5000


def test_a_resource_that_is_called_as_another_does_not_take_its_place() -> None:
    cluster = pw.Cluster()
    cluster.declare_resource("cpu")
    cluster.register("i-1", cpu=1024, memory_mib=100, custom={"cpu": 7})
    html = checked(cluster._repr_html_())
    assert "cpu: 0 of 1024 in use" in html and "custom_cpu: 0 of 7 in use" in html
    assert cluster.plot(resource="custom_cpu").get_xlabel() == "custom_cpu"


def test_plots_show_texts_as_they_are() -> None:
    cluster = pw.Cluster()
    for name in ("i$^$-1", "$x_$"):
        cluster.register(name, cpu=1024, memory_mib=4096, zone="$z_$")
    cluster.register_task_definition(WEB)
    for group in ("_hidden", "g$\\frac$"):
        cluster.place("web", group=group)
    axes = cluster.plot()
    axes.figure.canvas.draw()
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text().strip().replace("\\$", "$") for text in legend.get_texts()] == ["_hidden", "g$\\frac$"]
    for number in range(70):
        cluster.register(f"more-{number}", cpu=1024, memory_mib=4096, zone="_z$a$")
    axes = cluster.plot()
    axes.figure.canvas.draw()
    cluster.explain("web").plot().figure.canvas.draw()


def test_a_picture_is_of_one_moment_whatever_other_threads_do() -> None:
    cluster = crowded()
    is_over = False

    def churns() -> None:
        while not is_over:
            cluster.register("x", cpu=1, memory_mib=8)
            cluster.deregister("x")

    thread = threading.Thread(target=churns)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        for _ in range(150):
            cluster._repr_html_()
    finally:
        is_over = True
        thread.join()
        sys.setswitchinterval(before)


def test_the_widget_takes_all_or_nothing_as_one_step() -> None:
    cluster = pw.Cluster()
    cluster.register("i-1", cpu=1024, memory_mib=1024)
    cluster.register_task_definition(WEB)
    request = {"taskDefinition": "web", "count": 3, "xAllOrNothing": True}
    assert cluster.copy().place(request).placed == 0
    steps = pw.widget(cluster, [request, {**request, "count": 2}])
    assert steps.steps == 2 and steps.caption == "next: all or none of 3 tasks of web:1 in group family:web"
    assert steps.next() and steps.cluster.running_tasks == 0
    assert steps.next() and steps.cluster.running_tasks == 2 and not steps.next()
    assert steps.back() and steps.cluster.running_tasks == 0


def test_the_widget_draws_only_where_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    from placewright import _html

    steps = pw.widget(small(), {"taskDefinition": "web", "count": 9})
    drawn: list[int] = []
    draw = _html.cluster

    def counted(shown: pw.Cluster, **options: Any) -> str:
        drawn.append(shown.running_tasks)
        return draw(shown, **options)

    monkeypatch.setattr(_html, "cluster", counted)
    assert steps.go(9) and steps.go(2) and drawn == [9, 2] and steps.step == 2
    # Going nowhere is going there once more.
    assert steps.go(2) and not steps.go(10)
