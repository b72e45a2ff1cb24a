// Packing on one thread: problems and clusters in every form, options, progress, ends before the end, errors, and applying.

import assert from "node:assert/strict";
import test from "node:test";

import { Cluster, PlacewrightError } from "../pkg/node.js";
import * as api from "../pkg/pack-node.js";
import { fresh } from "./fresh.mjs";
import { WEB, cluster, problem, refusal } from "./support.mjs";

const { fleet, pack, packInto, rearrange } = api;

/** How often each item is in a packing. */
function counts(answer, items) {
  const found = Array(items).fill(0);
  for (const { count, items } of answer.bins) for (const [item, number] of items) found[item] += count * number;
  return found;
}

const KEYS = ["value", "lowerBound", "boundName", "gap", "optimal", "solver", "steps", "milliseconds", "bins", "unpacked"];

test("a problem is packed: every item, within every bin, no better than its bound", () => {
  const given = problem();
  const answer = pack(given, { steps: 100_000 });
  assert.deepEqual(Object.keys(answer), KEYS);
  assert.deepEqual(counts(answer, given.items.length), given.items.map(({ count }) => count));
  for (const { type, items } of answer.bins) {
    assert.equal(type, "m");
    for (const [dimension, room] of [2048, 4096].entries()) {
      const used = items.reduce((sum, [item, number]) => sum + number * given.items[item].demand[dimension], 0);
      assert.ok(used <= room);
    }
  }
  assert.equal(answer.value, answer.bins.reduce((sum, { count }) => sum + count, 0));
  assert.ok(answer.lowerBound <= answer.value && answer.lowerBound > 0);
  assert.equal(answer.gap, (answer.value - answer.lowerBound) / answer.value);
  assert.deepEqual(answer.unpacked, []);
});

test("text, bytes and objects are one problem", () => {
  const given = { ...problem(40), options: { steps: 2000 } };
  const text = JSON.stringify(given);
  const bare = (answer) => ({ ...answer, milliseconds: 0 });
  const first = bare(pack(given));
  assert.deepEqual(bare(pack(text)), first);
  assert.deepEqual(bare(pack(new TextEncoder().encode(text))), first);
  assert.deepEqual(bare(pack(problem(40), { steps: 2000 })), first);
  assert.deepEqual(bare(pack({ ...given, options: { steps: null } }, { steps: 2000 })), first);
  assert.deepEqual(bare(pack(problem(40), { steps: 2000n, seed: undefined })), first);
});

test("options are the document's: solver, seed, bound, start", () => {
  const given = problem();
  const greedy = pack(given, { solver: "first-fit", steps: 0 });
  assert.equal(greedy.solver, "first-fit");
  const better = pack(given, { solver: "local-search", steps: 300_000, start: greedy.bins });
  assert.ok(better.value <= greedy.value);
  assert.ok(pack(given, { bound: "lp", steps: 100_000 }).lowerBound >= greedy.lowerBound);
  // One that breaks a rule is left out.
  const wrong = [{ type: "m", count: 1, items: [[0, 1], [1, 1], [2, 1], [3, 1], [4, 1]] }];
  assert.deepEqual(counts(pack(given, { start: wrong, steps: 0 }), 120), given.items.map(({ count }) => count));
});

test("numbers above 2^53 come and go exactly", () => {
  const answer = pack({ dimensions: ["a"], items: [{ demand: [1], count: 3 }], bins: [{ id: 5, capacity: [2], cost: 0.000001 }] });
  assert.deepEqual([answer.value, answer.bins[0].type], [0.000002, "5"]);
  const none = pack({ dimensions: ["a"], items: [{ id: 9007199254740993n, demand: [2n ** 48n] }], bins: [{ id: "b", capacity: [4] }] });
  assert.deepEqual([none.value, none.optimal, none.unpacked[0].id], [0, true, "9007199254740993"]);
});

test("time is kept, and what it leaves is an answer", () => {
  const given = problem(300);
  const started = performance.now();
  const answer = pack(given, { milliseconds: 150 });
  const took = performance.now() - started;
  assert.ok(answer.milliseconds >= 150 && answer.milliseconds <= took, `${answer.milliseconds} ms of ${took}`);
  assert.deepEqual(counts(answer, 300), given.items.map(({ count }) => count));
  // In the document it is kept as well.
  assert.ok(pack({ ...given, options: { milliseconds: 60 } }).milliseconds >= 60);
});

test("progress tells more and more, and the last word is the answer", () => {
  const told = [];
  const answer = pack(problem(300), { milliseconds: 300, progress: (figures) => void told.push(figures) });
  assert.ok(told.length >= 3, `told ${told.length} times`);
  const keys = ["value", "missing", "lowerBound", "boundName", "gap", "solver", "steps", "milliseconds"];
  for (const [at, figures] of told.entries()) {
    assert.deepEqual(Object.keys(figures), keys);
    const before = told[at - 1];
    if (before === undefined) continue;
    assert.ok(figures.steps >= before.steps && figures.milliseconds >= before.milliseconds);
    assert.ok(figures.lowerBound >= before.lowerBound);
    if (before.value !== undefined) assert.ok(figures.value <= before.value);
  }
  const { value, lowerBound, boundName, gap, solver, steps } = told.at(-1);
  assert.deepEqual({ value, lowerBound, boundName, gap, solver, steps }, {
    value: answer.value, lowerBound: answer.lowerBound, boundName: answer.boundName, gap: answer.gap, solver: answer.solver, steps: answer.steps,
  });
});

test("a callback stops the work with the best so far, throws, or aborts; nothing is left behind", () => {
  const given = problem(300);
  const stopped = pack(given, { milliseconds: 60_000, progress: ({ value }) => value === undefined });
  assert.deepEqual(counts(stopped, 300), given.items.map(({ count }) => count));
  assert.ok(stopped.milliseconds < 30_000);
  const failure = new Error("mine");
  assert.throws(() => pack(given, { milliseconds: 60_000, progress: () => { throw failure; } }), (error) => error === failure);
  assert.throws(() => pack(problem(3), { progress: () => { throw failure; } }), (error) => error === failure, "at the last word, too");
  const reason = new Error("enough");
  const controller = new AbortController();
  const options = { milliseconds: 60_000, signal: controller.signal, progress: () => controller.abort(reason) };
  assert.throws(() => pack(given, options), (error) => error === reason);
  assert.throws(() => pack(given, { signal: controller.signal }), (error) => error === reason);
  assert.throws(() => pack(given, { signal: AbortSignal.abort(null) }), (error) => error === null);
  // So is what a getter throws.
  let looks = 0;
  const getter = { get aborted() { if ((looks += 1) > 3) throw failure; return false; } };
  assert.throws(() => pack(given, { milliseconds: 60_000, signal: getter }), (error) => error === failure);
  // A plan has several runs of solvers, and all of them are stopped by one word.
  let words = 0;
  const stoppedPlan = fleet({ dimensions: given.dimensions, items: given.items }, CATALOGUE, { steps: 2n ** 50n, progress: () => (words += 1) > 1 });
  assert.deepEqual([stoppedPlan.unpacked, words], [[], 2]);
  // A call inside a callback is a call like others.
  let inner;
  pack(given, { milliseconds: 100, progress: () => { inner = pack(problem(3)).value; } });
  assert.ok(inner > 0);
});

const CATALOGUE = [
  { id: "small", capacity: [2048, 4096], cost: 0.1 },
  { id: "large", capacity: [8192, 32_768], cost: 0.38, attributes: { arch: "arm64" } },
];

test("a fleet is bought: from a catalogue beside the mix or in it, with rules in either place", () => {
  const { dimensions, items } = problem(60);
  const mix = { dimensions, items };
  const options = { steps: 200_000 };
  const plan = fleet(mix, CATALOGUE, { ...options, headroomPercent: 10, zones: ["a", "b"], zonesMin: 2, current: [{ type: "small", count: 40 }] });
  assert.deepEqual(Object.keys(plan), [...KEYS, "cost", "alternatives", "rooms", "changes", "zones", "shortOfZones"]);
  assert.equal(plan.cost, plan.value);
  assert.deepEqual([plan.zones, plan.shortOfZones, plan.unpacked], [["a", "b"], false, []]);
  for (const { offer, zone, cost } of plan.bins) {
    assert.ok(["a", "b"].includes(zone));
    assert.equal(cost, CATALOGUE.find(({ id }) => id === offer).cost);
  }
  assert.deepEqual(plan.alternatives.map(({ name }) => name).sort(), ["current", "single-type"]);
  assert.ok(plan.cost <= plan.alternatives.find(({ name }) => name === "single-type").cost);
  const bare = (answer) => ({ ...answer, milliseconds: 0 });
  const whole = bare(fleet(mix, CATALOGUE, { ...options, headroomPercent: 10 }));
  const inside = { ...mix, catalogue: CATALOGUE, options, fleet: { headroomPercent: 10 } };
  assert.deepEqual(bare(fleet(inside)), whole);
  assert.deepEqual(bare(fleet(JSON.stringify(inside))), whole);
  assert.deepEqual(bare(fleet(mix, JSON.stringify(CATALOGUE), { ...options, headroomPercent: 10 })), whole);
  const told = [];
  fleet({ dimensions, items: problem(300).items }, CATALOGUE, { milliseconds: 200, progress: (figures) => void told.push(figures) });
  assert.ok(told.length >= 2);
  // What alternatives cost is no value of the plan, and their bounds are none of it.
  for (const { value, lowerBound } of told) assert.ok(value === undefined || lowerBound <= told.at(-1).value);
});

/** A cluster whose tasks lie on more instances than they need. */
function scattered() {
  const made = cluster();
  made.place("web", { count: 24, strategies: "spread:instanceId", group: "service:web" });
  return made;
}

test("a cluster is rearranged, and the plan carried out: at once, step by step, and back", () => {
  const made = scattered();
  const before = made.fingerprint();
  const plan = rearrange(made, { moves: 12 });
  assert.equal(made.fingerprint(), before);
  assert.deepEqual(Object.keys(plan), ["goal", "stopFirst", "moves", "emptied", "before", "after", "steps", "cutShort"]);
  assert.ok(plan.moves.length > 0 && plan.moves.length <= 12 && plan.emptied.length > 0);
  assert.equal(plan.before.instances - plan.after.instances, plan.emptied.length);
  for (const document of [made.toJson(), made.toObject(), new TextEncoder().encode(made.toJson())]) {
    assert.deepEqual(rearrange(document, { moves: 12 }), plan);
  }
  const used = () => made.usage().instancesUsed;
  assert.equal(used(), plan.before.instances);
  const savepoint = made.begin();
  const ids = made.applyPlan(plan);
  assert.equal(used(), plan.after.instances);
  assert.equal(new Set(ids).size, plan.moves.length);
  for (const [at, id] of ids.entries()) assert.equal(made.task(id).containerInstanceArn, plan.moves[at].to);
  const after = made.fingerprint();
  // The tasks are where they are to be; the plan is no longer one of this cluster.
  const again = refusal(() => made.applyPlan(plan), "not_found.task");
  assert.equal(again.path, "moves[0].task");
  assert.equal(made.fingerprint(), after);
  savepoint.rollback();
  assert.equal(made.fingerprint(), before);
  const steps = [...made.planSteps(plan)];
  assert.deepEqual(steps.map(({ move }) => move), plan.moves);
  assert.equal(made.fingerprint(), after);
  assert.deepEqual(refusal(() => [...made.planSteps({ ...plan, moves: plan.moves.slice(3) })]).path, "moves[0].task");
});

test("a move that is not possible any more says which", () => {
  const made = scattered();
  const plan = rearrange(made);
  assert.ok(plan.moves.length > 3);
  made.drain(plan.moves[2].to);
  const before = made.fingerprint();
  const error = refusal(() => made.applyPlan(plan), "input.invalid");
  const first = plan.moves.findIndex(({ to }) => to === plan.moves[2].to);
  assert.equal(error.path, `moves[${first}]`);
  assert.equal(made.fingerprint(), before);
  const steps = made.planSteps(plan);
  for (let at = 0; at < first; at += 1) steps.next();
  assert.equal(refusal(() => steps.next()).path, `moves[${first}]`);
});

test("services are heeded in planning and in applying", () => {
  const made = new Cluster();
  for (const name of ["a", "b", "c"]) made.register({ name, cpu: 4096, memoryMib: 8192 });
  made.registerTaskDefinition(WEB);
  made.place("web", { count: 3, strategies: "spread:instanceId", group: "service:web" });
  const services = [{ serviceName: "web", placementConstraints: [{ type: "distinctInstance" }] }];
  const free = rearrange(made);
  assert.ok(free.moves.length > 0);
  assert.deepEqual(rearrange(made, { services }).moves, []);
  assert.deepEqual(rearrange(made, { pinned: ["service:web"] }).moves, []);
  refusal(() => made.applyPlan(free, { services }), "input.invalid");
  assert.equal(made.applyPlan(free).length, free.moves.length);
});

test("tasks are packed into what is left of a cluster, and started there", () => {
  const made = new Cluster();
  for (const name of ["i-1", "i-2"]) made.register({ name, cpu: 1000, memoryMib: 4000 });
  made.registerTaskDefinition({ family: "small", containerDefinitions: [{ name: "a", cpu: 400, memory: 100 }] });
  made.registerTaskDefinition({ family: "large", containerDefinitions: [{ name: "a", cpu: 1000, memory: 100 }] });
  const requests = [{ taskDefinition: "small", count: 2 }, '{"taskDefinition": "large"}'];
  const answer = packInto(made, requests);
  assert.deepEqual([answer.value, answer.optimal, answer.unpacked], [2, true, []]);
  assert.deepEqual(packInto(made.toJson(), `[{"taskDefinition": "small", "count": 2}, {"taskDefinition": "large"}]`).bins, answer.bins);
  const before = made.fingerprint();
  const savepoint = made.begin();
  const started = made.applyPacking(answer, requests);
  assert.deepEqual(started.map(({ request }) => request).sort(), [0, 0, 1]);
  for (const { task, instance, request } of started) {
    const { containerInstanceArn, taskDefinitionArn } = made.task(task);
    assert.deepEqual([containerInstanceArn, taskDefinitionArn], [instance, request === 0 ? "small:1" : "large:1"]);
  }
  // There is no room a second time, and nothing of it is done.
  const after = made.fingerprint();
  const error = refusal(() => made.applyPacking(answer, requests), "input.invalid");
  assert.match(error.path, /^bins\[\d\]\.items\[\d\]$/);
  assert.equal(made.fingerprint(), after);
  savepoint.rollback();
  assert.equal(made.fingerprint(), before);
  // An answer is read once, before anything is started: what it says later is of no matter.
  let asked = 0;
  const changing = {
    ...answer,
    get bins() {
      asked += 1;
      assert.equal(asked, 1);
      return answer.bins;
    },
  };
  const once = made.begin();
  assert.deepEqual(made.applyPacking(changing, requests).map(({ request }) => request), started.map(({ request }) => request));
  once.rollback();
  const four = packInto(made, [{ taskDefinition: "large", count: 4 }], { steps: 1000 });
  assert.deepEqual([four.bins.length, four.unpacked[0].count], [2, 2]);
  const unknown = refusal(() => packInto(made, [{ taskDefinition: "large" }, { taskDefinition: "lagre" }]), "not_found.definition");
  assert.equal(unknown.path, "requests[1].taskDefinition");
});

test("refusals have a code, a place and what to do", () => {
  const given = problem(3);
  for (const [call, code, path, help] of [
    [() => pack(given, { solver: "fist-fit" }), "input.invalid", "options.solver", /first-fit/],
    [() => pack({ ...given, options: { steps: 1 } }, { steps: 2 }), "input.invalid", "options.steps", /beside/],
    [() => pack({ ...given, start: [] }, { start: [] }), "input.invalid", "start", /beside/],
    [() => pack(given, { solvers: "auto" }), "json.unknown_key", "options", /solver/],
    [() => pack(given, { headroomPercent: 3 }), "json.unknown_key", "options", /solver/],
    [() => pack(given, 3), "json.type", "options", undefined],
    [() => pack(given, { progress: 3 }), "json.type", "progress", undefined],
    [() => pack(given, { signal: {} }), "json.type", "signal", undefined],
    [() => pack(given, { steps: -1 }), "input.amount", "options.steps", undefined],
    [() => pack(given, { steps: 1.5 }), "input.amount", "options.steps", undefined],
    [() => pack(given, { seed: Number.NaN }), "json.type", "options.seed", undefined],
    [() => pack({}), "json.missing", undefined, undefined],
    [() => pack([]), "json.type", undefined, undefined],
    [() => pack(undefined), "json.type", undefined, undefined],
    [() => pack("{"), "json.syntax", undefined, undefined],
    [() => pack({ ...given, item: [] }), "json.unknown_key", undefined, /items/],
    [() => pack({ ...given, items: [{ demand: [1, -1] }] }), "input.amount", "items[0].demand[1]", undefined],
    [() => pack({ ...given, items: [{ demand: [1, 1], memberOf: "attribute:a = b" }] }), "expr.syntax", "items[0].memberOf[0]", /==/],
    [() => pack({ ...given, bins: [{ id: "b", capacity: [1, 1], cost: 0.1234567 }] }), "input.amount", "bins[0].cost", /round/],
    [() => fleet(given, [{ id: "b" }]), "json.missing", "catalogue[0]", undefined],
    [() => fleet({ dimensions: ["a"], items: [], catalogue: [] }, []), "input.invalid", "catalogue", /beside/],
    [() => fleet({ dimensions: ["a"], items: [] }, "["), "json.syntax", undefined, undefined],
    [() => fleet({ dimensions: ["a"], items: [] }, [], { headroomPercent: 100 }), "input.invalid", "fleet.headroomPercent", /99/],
    [() => fleet({ dimensions: ["a"], items: [] }, [], { current: [{ type: "x" }] }), "input.invalid", "fleet.current[0]", /catalogue/],
    [() => rearrange(cluster(), { goal: "full" }), "input.invalid", "goal", /empty/],
    [() => rearrange(cluster(), { goals: "empty" }), "json.unknown_key", undefined, /goal/],
    [() => rearrange(cluster(), { milliseconds: -1 }), "input.amount", "milliseconds", undefined],
    [() => rearrange(cluster(), { services: [{ serviceName: "s", placementConstraints: [{ type: "memberOf", expression: "a" }] }] }), "expr.syntax",
      "services[0].placementConstraints[0].expression", undefined],
    [() => rearrange(3), "json.type", undefined, undefined],
    [() => rearrange({ containerInstances: [{ containerInstanceArn: 3 }] }), "json.type", "containerInstances[0].containerInstanceArn", undefined],
    [() => rearrange({ toJson: () => 3 }), "json.type", undefined, undefined],
    [() => packInto(cluster(), {}), "json.type", "requests", undefined],
    [() => packInto(cluster(), [], { start: 3 }), "json.type", "start", undefined],
    [() => cluster().applyPlan({ moves: [{ task: "t" }] }), "not_found.task", "moves[0].task", undefined],
    [() => cluster().applyPlan(undefined), "json.missing", undefined, undefined],
    [() => [...cluster().planSteps({})], "json.type", "moves", undefined],
    [() => cluster().applyPacking({ bins: [{ type: "i-0", items: [[7, 1]] }] }, []), "input.invalid", "bins[0].items[0]", undefined],
  ]) {
    const error = refusal(call, code);
    if (path !== undefined) assert.equal(error.path, path, error.text);
    if (help !== undefined) assert.match(error.help, help);
  }
  const spanned = refusal(() => pack('{"dimensions": ["a"], "items": [}'), "json.syntax");
  assert.equal(spanned.source.slice(spanned.span.start), "}");
  const expression = refusal(() => rearrange(cluster(), { services: [{ group: "g", placementConstraints: [{ type: "memberOf", expression: "agentConnectd == true" }] }] }));
  assert.deepEqual([expression.span, expression.source], [{ start: 0, end: 13 }, "agentConnectd == true"]);
  assert.equal(api.PlacewrightError, PlacewrightError);
});

test("what is hostile is refused, and the module goes on", () => {
  const huge = 2 ** 32;
  const one = { dimensions: ["a"], items: [{ demand: [1], count: huge }], bins: [{ id: "b", capacity: [3] }] };
  assert.equal(pack(one, { steps: 1000 }).value, Math.ceil(huge / 3));
  for (const hostile of [
    { ...one, items: [{ demand: [2n ** 60n] }] },
    { ...one, bins: [{ id: "b", capacity: [1.5] }] },
    { ...one, dimensions: Array(17).fill("a") },
    { ...one, dimensions: ["a", "a"] },
    { ...one, dimensions: [] },
    { ...one, bins: [{ id: "b", capacity: [3], cost: 1e300 }] },
    { ...one, bins: [{ id: "b", capacity: [3], gpus: 1e9 }] },
    { ...one, groups: [{ group: "g", spread: { skewMax: -1 } }] },
    { ...one, items: [{ demand: [1], tcpPorts: [0] }] },
    { ...one, start: [{ type: "b", count: 2n ** 63n, items: [[0, 2n ** 63n]] }] },
    { ...one, items: Array(3).fill({ demand: [1], memberOf: "(".repeat(5000) }) },
    { get dimensions() { return this; } },
    "[".repeat(100_000),
    "\ud800",
    new Uint8Array([0xff]),
    () => 1,
  ]) {
    refusal(() => pack(hostile));
    assert.ok(pack(problem(3), { steps: 10 }).value > 0);
  }
  // Many kinds are no danger either: they are counted, packed, or refused.
  const many = Array.from({ length: 50_000 }, (_, at) => ({ demand: [1 + (at % 9973)] }));
  const answer = pack({ dimensions: ["a"], items: many, bins: [{ id: "b", capacity: [10_000] }] }, { solver: "best-fit", steps: 0 });
  assert.equal(counts(answer, many.length).reduce((sum, count) => sum + count, 0), many.length);
});

test("out of memory is told, and the next call works; clusters are in another module", async (t) => {
  const load = await fresh(t, 200, "placewright_pack_bg.wasm");
  const [small, pw] = [await load("pack-node.js"), await load("node.js")];
  const made = new pw.Cluster();
  for (let round = 0; round < 3; round += 1) {
    const many = Array.from({ length: 200_000 }, (_, at) => ({ demand: [1 + at] }));
    const large = { dimensions: ["a"], items: many, bins: [{ id: "b", capacity: [1_000_000] }] };
    assert.throws(() => small.pack(large), (error) => error.code === "limit.memory" && /smaller/.test(error.help));
    assert.equal(small.pack(problem(3)).unpacked.length, 0);
  }
  assert.ok(made.isUsable);
  const engine = await load("pack-engine.js");
  const trap = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  assert.throws(() => engine.run(trap), { name: "PlacewrightError", class: /internal|limit-exceeded/ });
  assert.equal(small.pack(problem(3)).unpacked.length, 0);
});

test("a module that fails in a callback ends the call around it, and no other", async (t) => {
  const load = await fresh(t);
  const [own, engine] = [await load("pack-node.js"), await load("pack-engine.js")];
  const trap = () => {
    assert.throws(
      () =>
        engine.run(() => {
          throw new WebAssembly.RuntimeError("index out of bounds");
        }),
      { code: "internal.trap" },
    );
  };
  assert.throws(() => own.pack(problem(3), { progress: trap }), { code: "internal.lost" });
  assert.equal(own.pack(problem(3)).unpacked.length, 0);
});
