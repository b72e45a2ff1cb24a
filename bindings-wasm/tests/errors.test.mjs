// Every code has an example here, hostile values included, and a refused call has changed nothing.

import assert from "node:assert/strict";
import test from "node:test";

import { Cluster, PlacewrightError, compile, tokens } from "../pkg/node.js";
import { ROOT, cluster, read, refusal } from "./support.mjs";

/** Codes that the types name. */
const NAMED = new Set(
  read(new URL("../js/index.d.ts", import.meta.url))
    .split("export type ErrorCode =")[1]
    .split(";\n")[0]
    .match(/"[^"]+"/g)
    .map((text) => JSON.parse(text)),
);
/** Codes that only a Rust caller can meet. */
const RUST_ONLY = ["limit.reserved", "limit.capacity", "expr.regex_disabled"];
/** Codes that other files meet. */
const ELSEWHERE = ["internal.not_ready", "internal.trap", "internal.lost", "limit.memory", "call.cancelled", "load.failed", "load.unsupported", "edge.not_loaded"];

test("every code of the core is named, has its class and has an example", () => {
  const source = read(`${ROOT}core/src/error.rs`);
  const kinds = [...source.matchAll(/^ {4}\w+ = "([^"]+)", (\w+),/gm)].map(([, code, family]) => [code, family]);
  assert.ok(kinds.length >= 40);
  for (const [code] of kinds) assert.ok(NAMED.has(code), `${code} is not among the types`);
  const met = new Set([...RUST_ONLY, ...ELSEWHERE]);
  const { cluster: document, refusals } = JSON.parse(read(`${ROOT}core/testdata/errors/refusals.json`));
  for (const { code, call, request, text } of refusals) {
    const c = Cluster.fromJson(document);
    const before = c.toJson();
    const given = text ?? request;
    const error = refusal(
      {
        stopTask: () => c.stop(given),
        deregisterContainerInstance: () => c.deregister(given),
        updateContainerInstancesState: () => {
          const { status, containerInstances } = typeof given === "string" ? JSON.parse(given) : given;
          return status === "DRAINING" ? c.drain(containerInstances) : c.activate(containerInstances);
        },
        putAttributes: () => {
          const entries = given.attributes.map(({ name, value }) => [name, value ?? null]);
          c.putAttributes(given.attributes[0].targetId, Object.fromEntries(entries));
        },
        deleteAttributes: () => given.attributes.forEach(({ name, targetId }) => c.deleteAttributes(targetId, name)),
        import: () => Cluster.fromJson(given),
      }[call] ?? (() => c[call](given)),
      code,
    );
    const family = kinds.find(([known]) => known === code)[1];
    assert.equal(error.class, family.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase());
    assert.equal(c.toJson(), before, `${call} was refused for ${code} and changed the state`);
    met.add(code);
  }
  const c = cluster();
  const busy = [];
  c.place("web", { progress: () => busy.push(refusal(() => c.size).code) });
  met.add(...busy);
  const request = c.prepare("web");
  request.free();
  met.add(refusal(() => c.placeOne(request)).code);
  c.begin();
  met.add(refusal(() => c.declareResource("X")).code);
  met.add(refusal(() => cluster().commit()).code);
  met.add(refusal(() => new Cluster({ nothing: 1 })).code);
  for (const code of NAMED) assert.ok(met.has(code), `${code} has no example`);
});

test("an error says where, and what to do", () => {
  const error = refusal(
    () => Cluster.fromJson({ containerInstances: [{ containerInstanceArn: "a" }, { containerInstanceArn: "b", status: 3 }] }),
    "json.type",
  );
  assert.deepEqual([error.path, error.span, error.class], ["containerInstances[1].status", undefined, "invalid-input"]);
  assert.equal(error.message, "containerInstances[1].status: expected a string, found an integer");
  const text = '{"containerInstances": [\n  {"ä🎉": nope}]}';
  const syntax = refusal(() => Cluster.fromJson(text), "json.syntax");
  assert.equal(syntax.source, text);
  assert.ok(Math.abs(syntax.span.start - text.indexOf("nope")) <= 2, JSON.stringify(syntax.span));
  assert.match(syntax.text, /\^/);
  const long = `{"a": "${"x".repeat(2 ** 24)}", b}`;
  const far = refusal(() => Cluster.fromJson(long), "json.syntax");
  assert.deepEqual([far.source, long.slice(far.span.start, far.span.end)], [undefined, "b"]);
  assert.match(far.message, /line 1, column 16777227/);
  assert.ok(far.text.length < 1000);
  const short = refusal(() => Cluster.fromJson(long.slice(0, 6) + long.slice(100)), "json.syntax");
  assert.equal(short.source, long.slice(0, 6) + long.slice(100));
  assert.equal(refusal(() => Cluster.fromJson('{"a": 1, "a": 2}')).code, "json.duplicate_key");
  assert.equal(refusal(() => Cluster.fromJson("[".repeat(100_000))).code, "json.too_deep");
  assert.throws(() => new PlacewrightError(), TypeError);
});

/** A value inside so many others. */
function nested(levels, wrap) {
  let value = 1;
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
}

test("hostile values are refused with their place", () => {
  const c = cluster();
  const before = c.fingerprint();
  const ring = [];
  ring.push(ring);
  const loop = { a: {} };
  loop.a.b = [loop];
  const endless = { toJSON: () => ({ toJSON: endless.toJSON }) };
  const values = [
    [NaN, /NaN/], [Infinity, /Infinity/], [2 ** 53, /2\^53/], [2 ** 53 + 2, /bigint/], [1e300, /2\^53/], [2n ** 64n, /64 bits/],
    [-(2n ** 63n) - 1n, /64 bits/], [10n ** 5000n, /64 bits/], ["\ud800", /surrogate/], [{ "\udfff": 1 }, /surrogate/],
    [() => 1, /a function/], [Symbol("x"), /a symbol/], [new Map(), /a Map/], [new Set(), /a Set/], [Promise.resolve(1), /a promise/],
    [new DataView(new ArrayBuffer(8)), /a DataView/], [[undefined], /undefined/], [Array(3), /undefined/], [ring, /levels/], [loop, /levels/],
    [endless, /levels/], [nested(200, (value) => [value]), /levels/], [nested(100_000, (value) => ({ a: value })), /levels/],
    [nested(100_000, (value) => [value]), /levels/],
  ];
  for (const [value, what] of values) {
    for (const key of ["taskDefinition", "unread"]) {
      const error = refusal(() => c.place({ taskDefinition: "web", [key]: value }));
      assert.match(`${error.message} ${error.help}`, what);
      assert.ok(error.path?.startsWith(key), `${error.path} for ${String(what)}`);
    }
  }
  for (const value of [2n ** 63n, 2n ** 64n - 1n, 1.5, true, [1], { a: 1 }, new Date(0), -0, null]) {
    refusal(() => c.place({ taskDefinition: value }));
  }
  for (const value of [undefined, null, 3, true, Symbol("x"), () => "web"]) refusal(() => c.place(value), "json.type");
  for (const value of ["\ud800", 'web"', "web\u0000", "__proto__", "constructor"]) refusal(() => c.place(value));
  assert.equal(c.fingerprint(), before);
});

test("what the caller's own code throws comes back as it is", () => {
  const c = cluster();
  const before = c.fingerprint();
  const failure = new RangeError("mine");
  const throwing = {
    get taskDefinition() {
      throw failure;
    },
  };
  const traps = new Proxy({}, { ownKeys: () => { throw failure; } });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const json = { toJSON: () => { throw failure; } };
  for (const value of [throwing, traps, json]) {
    for (const call of [(one) => c.place(one), (one) => Cluster.fromJson(one), (one) => c.register(one), (one) => c.runTask(one)]) {
      assert.throws(() => call(value), (error) => error === failure);
    }
  }
  assert.throws(() => c.place(proxy), TypeError);
  assert.equal(c.fingerprint(), before);
  assert.equal(c.place("web").placed, 1);
});

test("arrays that lie of their length, or lost their memory, end nothing", () => {
  const c = cluster();
  const request = c.prepare("web");
  const before = c.fingerprint();
  const detached = (array) => {
    structuredClone(array, { transfer: [array.buffer] });
    return array;
  };
  const lying = (array, length) => Object.defineProperty(array, "length", { value: length });
  for (const call of [
    () => c.placeBulk([request], detached(new Uint32Array(5))),
    () => c.stop(detached(new Float64Array(5))),
    // More than is said, and what it is said to have is less than what would be written.
    () => c.placeBulk([request], lying(new Uint32Array(100_000).fill(1), 1)),
    () => c.stop(lying(new Float64Array(100_000), 1)),
    () => c.stop(lying(new Float64Array(1), 1e9)),
  ]) {
    const error = refusal(call);
    assert.ok(["input.invalid", "not_found.task"].includes(error.code), error.text);
  }
  assert.equal(c.fingerprint(), before);
  assert.equal(c.placeBulk([request], lying(new Uint32Array(3), 1e9)).placed, 3);
  assert.equal(c.placeBulk([request], new Uint32Array(new SharedArrayBuffer(8))).placed, 2);
  refusal(() => c.placeBulk(new Array(2 ** 32 - 1)), "json.type");
  refusal(() => c.placeBulk([request], new Array(2 ** 32 - 1)), "input.invalid");
});

test("code of the caller that frees a cluster in the middle of a call reaches no other cluster", () => {
  const calls = {
    indices: (c, swap) => c.placeBulk([c.prepare("web")], { *[Symbol.iterator]() { swap(); yield 0; } }),
    requests: (c, swap) => { const web = c.prepare("web"); return c.placeBulk({ *[Symbol.iterator]() { swap(); yield web; } }); },
    options: (c, swap) => c.placeBulk([c.prepare("web")], [0], { get progress() { return void swap(); } }),
    signal: (c, swap) => c.place("web", { signal: { get aborted() { swap(); return false; } } }),
    writing: (c, swap) => c.toJson({ get progress() { return void swap(); } }),
    expression: (c, swap) => c.queryPositions({ get source() { swap(); return "attribute:stack exists"; } }),
    plan: (c, swap) => c.applyPlan({ get moves() { swap(); return []; } }),
    services: (c, swap) => c.applyPlan({ moves: [] }, { get services() { return void swap(); } }),
    steps: (c, swap) => [...c.planSteps({ moves: [{ get task() { swap(); return "t"; } }] })],
    answer: (c, swap) => c.applyPacking({ get bins() { swap(); return []; } }, []),
    packed: (c, swap) => c.applyPacking({ bins: [] }, [{ get taskDefinition() { swap(); return "web"; } }]),
    watching: (c, swap) => c.applyPacking({ bins: [] }, [], { get progress() { return void swap(); } }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const c = cluster();
    let other;
    const swap = () => {
      if (other !== undefined) return;
      c.free();
      other = cluster();
      other.prepare("web");
    };
    refusal(() => call(c, swap), "not_found.handle");
    assert.deepEqual([name, other.runningTasks], [name, 0]);
    other.free();
  }
  // In the module the cluster is in use: it is kept, and the call is taken back, as by whatever a callback throws.
  const c = cluster();
  const before = c.fingerprint();
  refusal(() => c.placeBulk([c.prepare("web")], [0, 0], { progress: () => c.free() }), "conflict.busy");
  assert.deepEqual([c.isUsable, c.fingerprint()], [true, before]);
});

test("options are objects of options there are", () => {
  const c = cluster();
  const request = c.prepare("web");
  const calls = [
    (options) => Cluster.fromJson({ containerInstances: [] }, options),
    (options) => c.place("web", options),
    (options) => c.place(request, options),
    (options) => c.prepare("web", options),
    (options) => c.explain("web", options),
    (options) => c.explain(request, options),
    (options) => c.placeBulk([request], [0], options),
    (options) => c.loadTasks({ tasks: [] }, options),
    (options) => c.toJson(options),
    (options) => c.deregister("i-11", options),
    (options) => c.scaleIn("family:web", 1, options),
    (options) => c.attributeSummary(options),
    (options) => c.applyPlan({ moves: [] }, options),
    (options) => [...c.planSteps({ moves: [{}] }, options)],
    (options) => c.applyPacking({ bins: [] }, [], options),
  ];
  const before = c.fingerprint();
  for (const call of calls) {
    for (const options of [3, "count", [], null, () => 1]) {
      assert.equal(refusal(() => call(options), "json.type").path, "options", `${call}`);
    }
    assert.ok(["json.unknown_key", "input.invalid"].includes(refusal(() => call({ signall: 1 })).code), `${call}`);
  }
  assert.equal(c.fingerprint(), before);
  for (const value of [undefined, 3, "view"]) {
    assert.equal(refusal(() => c.withColumn("cpu", value), "json.type").path, "use");
    assert.equal(refusal(() => c.transaction(value), "json.type").path, "work");
  }
  assert.equal(c.savepoints, 0);
});

test("objects that keep their values elsewhere are refused, not read as empty", () => {
  const bytes = new TextEncoder().encode('{"containerInstances": []}');
  for (const value of [bytes.buffer, new SharedArrayBuffer(8), new Blob([bytes]), new Response("{}"), new String("{}"), /x/, new Error("x"), new Map()]) {
    refusal(() => Cluster.fromJson(value), "json.type");
    assert.equal(refusal(() => cluster().place({ taskDefinition: "web", count: value })).path, "count");
  }
  refusal(() => cluster().place({ taskDefinition: "web", count: Object(3n) }), "json.type");
  assert.equal(Cluster.fromJson(Object.assign(Object.create(null), { containerInstances: [] })).size, 0);
  assert.equal(cluster().place({ taskDefinition: "web", overrides: Object.create(null) }).placed, 1);
});

test("options are put to a request's text as it is", () => {
  const rejected = (text, options = { count: 50_000_000n }) => refusal(() => cluster().place(text, options));
  const placed = (text) => cluster().place(text, { count: 3, group: "g" }).placed;
  // A text that only the large integers of answers should begin with, and one that a regular expression has no stack for.
  assert.equal(placed('{"taskDefinition": "web", "tags": [{"key": "\\u0000placewright:x", "\\u0000" : "\\u0000i1"}]}'), 3);
  assert.equal(placed(`{"taskDefinition": "web", "tags": [{"key": "${"x".repeat(10_000_000)}"}]}`), 3);
  assert.equal(placed(`{"taskDefinition": "web", "tags": [{"key": "${'\\\\\\"'.repeat(1_000_000)}"}]}`), 3);
  assert.equal(placed(new TextEncoder().encode(' { "taskDefinition":"web" } ')), 3);
  assert.equal(rejected('{"taskDefinition": "web"}').code, "limit.exceeded");
  assert.equal(rejected('{"taskDefinition": "web", "group": "a", "group": "b"}').code, "json.duplicate_key");
  assert.equal(rejected('{"taskDefinition": "web", "count": 1}').message, "count: `count` is given twice");
  assert.equal(rejected("{}", { count: 2 }).code, "json.missing");
  for (const text of ["{", '{"a": 1}}', '{"a":"}', '{"a": {"b": 1}', '{"a": 1} x}']) assert.equal(rejected(text).code, "json.syntax", text);
  assert.equal(rejected('[{"taskDefinition": "web"}]').code, "not_found.definition");
});

test("keys that reach for prototypes are plain keys", () => {
  const c = cluster();
  const hostile = JSON.parse('{"taskDefinition": "web", "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}');
  c.place(hostile);
  c.place('{"taskDefinition": "web", "__proto__": {"polluted": 1}}', { count: 2 });
  c.register(JSON.parse('{"name": "__proto__", "cpu": 1, "memoryMib": 1, "attributes": {"toString": "x", "hasOwnProperty": null}}'));
  refusal(() => c.place("web", JSON.parse('{"__proto__": 1}')), "json.unknown_key");
  refusal(() => c.place("web", { toString: 1 }), "json.unknown_key");
  refusal(() => new Cluster(JSON.parse('{"__proto__": {"seed": 1}}')), "json.unknown_key");
  assert.equal({}.polluted, undefined);
  assert.equal(Object.prototype.polluted, undefined);
  assert.deepEqual(c.query("attribute:toString == x"), ["__proto__"]);
  const state = c.toObject();
  assert.ok(Object.hasOwn(state, "containerInstances"));
  const odd = Cluster.fromJson(
    JSON.parse('{"containerInstances": [{"containerInstanceArn": "a", "registeredResources": [{"name": "__proto__", "type": "INTEGER", "integerValue": 7}]}]}'),
  );
  assert.deepEqual(odd.instance("a").registeredResources.at(-1).name, "__proto__");
  const zones = cluster();
  zones.register({ name: "z", cpu: 1, memoryMib: 1, zone: "__proto__" });
  assert.equal(zones.usage().zones.get("__proto__"), 0);
});

test("integers above 2^53 go in and out exactly", () => {
  const large = 2n ** 63n - 1n;
  const document = (value) => ({
    containerInstances: [
      {
        containerInstanceArn: "a",
        registeredResources: [
          { name: "CPU", type: "INTEGER", integerValue: 5 },
          { name: "ODD", type: "LONG", longValue: value, text: "12345678901234567890", fraction: 0.12345678901234567 },
        ],
      },
    ],
  });
  for (const value of [large, 2n ** 53n, -(2n ** 63n), 2n ** 64n - 1n]) {
    const c = Cluster.fromJson(document(value));
    const odd = c.instance("a").registeredResources.at(-1);
    assert.equal(odd.longValue, value);
    assert.deepEqual([odd.text, odd.fraction], ["12345678901234567890", 0.12345678901234567]);
    assert.equal(c.toObject().containerInstances[0].registeredResources.at(-1).longValue, value);
    assert.equal(Cluster.fromJson(c.toJson()).instance("a").registeredResources.at(-1).longValue, value);
  }
  // Texts beside them stay texts, whatever they begin with and however long they are.
  for (const text of ["\u0000i1", "\u0000t", "\u0000placewright:5", "\u0000placewright:x", "\\", '\\"1234567890123456789', "x".repeat(20_000_000)]) {
    const odd = document(large);
    odd.containerInstances[0].registeredResources[1].text = text;
    odd.containerInstances[0].registeredResources[1]["\u0000i2"] = text;
    const read = Cluster.fromJson(odd).instance("a").registeredResources.at(-1);
    assert.ok(read.longValue === large && read.text === text && read["\u0000i2"] === text, text.slice(0, 99));
  }
  assert.equal(Cluster.fromJson(document(2 ** 53 - 1)).instance("a").registeredResources.at(-1).longValue, 2 ** 53 - 1);
  const c = cluster();
  c.registerTaskDefinition({ family: "huge", containerDefinitions: [{ name: "a", cpu: 1, memory: 2 ** 52 }] });
  assert.equal(c.place("huge").rejected, 1);
  assert.equal(typeof c.explain("huge").rejected[0].asked, "number");
});

test("a million of anything is answered or refused, not survived by luck", () => {
  const c = cluster();
  const before = c.fingerprint();
  const many = Array(100_000).fill("i-0");
  refusal(() => c.drain(Array(1_000_000).fill("none")));
  c.drain(many);
  c.activate(many);
  refusal(() => c.stop(Array(1_000_000).fill("none")), "not_found.task");
  refusal(() => c.stop(new Float64Array(1_000_000)), "not_found.task");
  refusal(() => c.place("web", { constraints: Array(100_000).fill("distinctInstance") }), "limit.exceeded");
  refusal(() => c.place("web", { strategies: Array(100_000).fill("random") }));
  refusal(() => compile("a".repeat(1_000_000)), "expr.too_long");
  assert.ok(tokens("( ".repeat(500_000)).length === 500_000);
  refusal(() => c.place({ taskDefinition: "none", tags: Array(1_000_000).fill({ key: "k" }) }), "not_found.definition");
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at]));
  refusal(() => c.place({ taskDefinition: "none", ...wide }), "not_found.definition");
  assert.equal(c.fingerprint(), before);
  // A list that holds another twice, which does so too, and so on: short in memory, endless as text.
  let shared = [1];
  for (let level = 0; level < 40; level += 1) shared = [shared, shared];
  refusal(() => c.place({ taskDefinition: "web", shared }), "limit.exceeded");
});
