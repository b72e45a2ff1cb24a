// The page's side of the widget: buttons that send messages, and what the other side answers. It decides nothing.

const SVG_AND_TABLES = "overflow-x:auto;max-height:36em;overflow-y:auto";

/** Shows the widget in `el`; gives what ends it. */
function render({ model, el }) {
  const make = (tag, parent, text = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    parent.appendChild(made);
    return made;
  };
  const bar = make("div", el);
  bar.style.cssText = "display:flex;gap:0.5em;align-items:center;flex-wrap:wrap;margin-bottom:0.5em";
  const button = (text, label, action) => {
    const made = make("button", bar, text);
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  };
  const send = (what) => model.send(what);
  const first = button("⏮", "first step", () => act({ do: "go", step: 0 }));
  const back = button("◀", "back", () => act({ do: "back" }));
  const play = button("▶▶", "play", () => (timer === null ? start() : stop()));
  const next = button("▶", "next", () => act({ do: "next" }));
  const slider = make("input", bar);
  slider.type = "range";
  slider.min = "0";
  slider.setAttribute("aria-label", "step");
  slider.addEventListener("change", () => act({ do: "go", step: Number(slider.value) }));
  const count = make("span", bar);
  const caption = make("span", bar);
  caption.style.opacity = "0.7";
  const picture = make("div", el);
  const reasons = make("div", el);
  picture.style.cssText = SVG_AND_TABLES;
  reasons.style.cssText = SVG_AND_TABLES;

  let timer = null;
  // The step that was asked for last while playing, so that a slow kernel is not flooded.
  let asked = -1;

  function act(what) {
    stop();
    send(what);
  }

  function start() {
    if (model.get("step") >= model.get("steps")) return;
    asked = -1;
    timer = setInterval(tick, model.get("interval_ms"));
    tick();
    update();
  }

  function tick() {
    const step = model.get("step");
    if (step >= model.get("steps")) return stop();
    if (step === asked) return;
    asked = step;
    send({ do: "next" });
  }

  function stop() {
    if (timer !== null) clearInterval(timer);
    timer = null;
    update();
  }

  function update() {
    const [step, steps] = [model.get("step"), model.get("steps")];
    if (timer !== null && step >= steps) return stop();
    first.disabled = back.disabled = step <= 0;
    next.disabled = step >= steps;
    play.disabled = step >= steps && timer === null;
    play.textContent = timer === null ? "▶▶" : "⏸";
    play.setAttribute("aria-label", timer === null ? "play" : "pause");
    slider.max = String(steps);
    slider.value = String(step);
    count.textContent = `${step} of ${steps}`;
    caption.textContent = model.get("caption");
  }

  // Both are made by placewright._html, which escapes every text.
  const show = () => {
    picture.innerHTML = model.get("picture");
    reasons.innerHTML = model.get("reasons");
  };

  const names = ["step", "steps", "caption"].map((name) => `change:${name}`);
  const shown = ["picture", "reasons"].map((name) => `change:${name}`);
  names.forEach((name) => model.on(name, update));
  shown.forEach((name) => model.on(name, show));
  update();
  show();
  return () => {
    if (timer !== null) clearInterval(timer);
    names.forEach((name) => model.off(name, update));
    shown.forEach((name) => model.off(name, show));
  };
}

export default { render };
