// Memory: calls do not pile it up, freeing gives it back, and running out of it ends clusters, not the package.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";

import { Cluster, PlacewrightError, memorySize } from "../pkg/node.js";
import { fresh } from "./fresh.mjs";
import { WEB, cluster, refusal } from "./support.mjs";
import { thrown } from "./thrown.mjs";

test("a hundred thousand calls take no memory", () => {
  const c = cluster();
  const bulk = c.prepare("web", { strategies: "binpack:memory" });
  const once = (round) => {
    const request = c.prepare("web", { count: 2, strategies: "spread:instanceId" });
    c.stop(request.place().placements.map((one) => one.task));
    c.stop(Float64Array.of(c.placeOne(bulk)));
    c.transaction((savepoint) => {
      c.placeBulk([bulk], new Uint32Array(5));
      savepoint.rollback();
    });
    refusal(() => c.query("attribute:stack = prod"));
    c.column("cpu");
    if (round % 10 === 0) {
      c.explain(bulk);
      c.toJson();
      c.copy().free();
      Cluster.fromJson('{"containerInstances": []}').free();
      c.complete("attribute:", 10);
      c.diagnose("attribute:stak == 1");
      c.tasks();
      c.instances();
    }
    request.free();
  };
  for (let round = 0; round < 500; round += 1) once(round);
  const [size, usage] = [memorySize(), c.memoryUsage];
  for (let round = 0; round < 12_500; round += 1) once(round);
  assert.equal(memorySize(), size);
  assert.ok(c.memoryUsage <= usage * 1.1, `${usage} bytes became ${c.memoryUsage}`);
});

test("a freed cluster's memory is used again", () => {
  const make = () => {
    const c = new Cluster();
    for (let number = 0; number < 20_000; number += 1) c.register({ name: `i-${number}`, cpu: 4096, memoryMib: 8192 });
    return c;
  };
  make().free();
  const size = memorySize();
  for (let round = 0; round < 20; round += 1) make().free();
  assert.ok(memorySize() <= size * 1.5, `${size} bytes became ${memorySize()}`);
});

test("what nobody holds is collected", { skip: globalThis.gc === undefined ? "run node with --expose-gc" : false }, async () => {
  const kept = cluster();
  const make = () => {
    for (let round = 0; round < 300; round += 1) {
      kept.prepare("web", { group: `service:s${round}`, constraints: `memberOf:attribute:stack == v${round}` });
      const c = new Cluster();
      for (let number = 0; number < 100; number += 1) c.register({ name: `i-${number}`, cpu: 4096, memoryMib: 8192 });
    }
  };
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  make();
  await settle();
  const [size, usage] = [memorySize(), kept.memoryUsage];
  for (let round = 0; round < 5; round += 1) {
    make();
    await settle();
  }
  assert.ok(memorySize() <= size * 1.5, `${size} bytes became ${memorySize()}`);
  // Requests that were let go of leave room for the next ones.
  assert.ok(kept.memoryUsage <= usage * 1.5, `${usage} bytes became ${kept.memoryUsage}`);
  assert.equal(kept.place("web").placed, 1);
});

test("a request that is collected late lets go of no other's", { skip: globalThis.gc === undefined ? "run node with --expose-gc" : false }, async () => {
  (() => {
    const gone = cluster();
    gone.prepare("web");
    gone.free();
  })();
  const next = cluster();
  const request = next.prepare("web");
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(request.place().placed, 1);
});

/** The error that a call throws, which it must. */
function failed(pw, call) {
  return thrown(pw, call) ?? assert.fail("threw nothing");
}

test("out of memory ends the clusters there are, and a new one works", async (t) => {
  const load = await fresh(t, 200);
  const pw = await load("node.js");
  const bystander = new pw.Cluster();
  const request = (bystander.registerTaskDefinition(WEB), bystander.prepare("web"));
  for (let round = 0; round < 3; round += 1) {
    const c = new pw.Cluster();
    const error = failed(pw, () => {
      for (let number = 0; number < 1_000_000; number += 1) c.register({ name: `i-${number}`, cpu: 1, memoryMib: 1 });
    });
    assert.deepEqual([error.code, error.class], ["limit.memory", "limit-exceeded"], error.stack);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
    assert.equal(failed(pw, () => c.size).code, "internal.lost");
    assert.equal(failed(pw, () => bystander.place(request)).code, "internal.lost");
    assert.deepEqual([c.isUsable, bystander.isUsable], [false, false]);
    c.free();
    const next = new pw.Cluster();
    next.register({ name: "i-1", cpu: 1024, memoryMib: 1024 });
    next.registerTaskDefinition(WEB);
    assert.equal(next.place("web").placed, 1);
  }
  request.free();
  bystander.free();
  // Text that does not fit at all.
  const large = JSON.stringify({ containerInstances: [], unread: "x".repeat(20_000_000) });
  assert.equal(failed(pw, () => pw.Cluster.fromJson(large)).code, "limit.memory");
  assert.equal(pw.Cluster.fromJson('{"containerInstances": []}').size, 0);
});

test("out of memory is told as such also where the memory that is left is large", async (t) => {
  const pw = await (await fresh(t, 14_000))("node.js");
  // A list that doubles its room asks for more than what is left, which is more than a quarter of a gigabyte.
  const text = `{"containerInstances": [${"1,".repeat(16_900_000)}1]}`;
  assert.equal(failed(pw, () => pw.Cluster.fromJson(text)).code, "limit.memory");
});

test("out of memory in the middle of a call of many tasks", async (t) => {
  const load = await fresh(t, 120);
  const pw = await load("node.js");
  const c = new pw.Cluster();
  for (let number = 0; number < 2000; number += 1) c.register({ name: `i-${number}`, cpu: 1_000_000, memoryMib: 1_000_000 });
  c.registerTaskDefinition({ family: "dot", containerDefinitions: [{ name: "a", cpu: 1, memory: 6 }] });
  // Time flies, so that the call reports before the memory is full, however fast it is.
  let now = 0;
  t.mock.method(performance, "now", () => (now += 50));
  const [inner, codes] = [new pw.Cluster(), []];
  const error = failed(pw, () => c.place("dot", { count: 10_000_000, strategies: "spread:instanceId", progress: () => codes.push(inner.size) }));
  assert.equal(error.code, "limit.memory");
  assert.ok(codes.length > 0);
  assert.equal(new pw.Cluster().size, 0);
});

test("a failure of the engine is told, and ends the clusters there are", async (t) => {
  const load = await fresh(t);
  const [pw, engine] = [await load("node.js"), await load("engine.js")];
  const c = new pw.Cluster();
  const savepoint = c.begin();
  const error = failed(pw, () =>
    engine.run(() => {
      throw new WebAssembly.RuntimeError("index out of bounds");
    }),
  );
  assert.ok(["internal.trap", "limit.memory"].includes(error.code));
  assert.equal(failed(pw, () => c.size).code, "internal.lost");
  assert.equal(failed(pw, () => savepoint.commit()).code, "internal.lost");
  assert.equal(savepoint.isOpen, false);
  assert.equal(new pw.Cluster().size, 0);
});

test("a module that fails in a callback ends the call around it", async (t) => {
  const load = await fresh(t);
  const [pw, engine] = [await load("node.js"), await load("engine.js")];
  const trap = () => {
    const { code } = failed(pw, () =>
      engine.run(() => {
        throw new WebAssembly.RuntimeError("index out of bounds");
      }),
    );
    assert.equal(code, "internal.trap");
  };
  // Time flies, so that every part of a call is told of.
  let now = 0;
  t.mock.method(performance, "now", () => (now += 50));
  const document = { containerInstances: Array.from({ length: 5000 }, (_, at) => ({ containerInstanceArn: `i-${at}` })) };
  assert.equal(failed(pw, () => pw.Cluster.fromJson(document, { progress: trap })).code, "internal.lost");
  const c = new pw.Cluster();
  c.register({ name: "i-1", cpu: 1024, memoryMib: 1024 });
  c.registerTaskDefinition(WEB);
  assert.equal(failed(pw, () => c.place("web", { progress: trap })).code, "internal.lost");
  assert.equal(c.isUsable, false);
  const mine = new Error("mine");
  const failing = () => {
    trap();
    throw mine;
  };
  assert.throws(() => pw.Cluster.fromJson(document, { progress: failing }), (error) => error === mine);
  assert.equal(new pw.Cluster().size, 0);
});

test("a state or a document that is no text of JavaScript ends nothing", async (t) => {
  const pw = await (await fresh(t))("node.js");
  const c = new pw.Cluster();
  const { decode } = TextDecoder.prototype;
  TextDecoder.prototype.decode = () => Buffer.alloc(2 ** 29).toString("latin1");
  try {
    assert.equal(failed(pw, () => c.toJson()).code, "limit.exceeded");
  } finally {
    TextDecoder.prototype.decode = decode;
  }
  assert.equal(failed(pw, () => pw.Cluster.fromJson(new Uint8Array(2 ** 29))).code, "limit.exceeded");
  assert.equal(c.size, 0);
  assert.equal(pw.Cluster.fromJson(c.toJson()).size, 0);
});

test("where the host has no memory for a new engine it says so, and tries again", async (t) => {
  const load = await fresh(t);
  const [pw, engine] = [await load("node.js"), await load("engine.js")];
  failed(pw, () =>
    engine.run(() => {
      throw new WebAssembly.RuntimeError("unreachable");
    }),
  );
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function () {
    throw new RangeError("WebAssembly.Instance(): Out of memory");
  };
  try {
    assert.equal(failed(pw, () => new pw.Cluster()).code, "limit.memory");
  } finally {
    WebAssembly.Instance = Instance;
  }
  assert.equal(new pw.Cluster().size, 0);
});

test("a request that cannot be let go of yet stays", () => {
  const c = cluster();
  const request = c.prepare("web");
  request.place({ progress: () => refusal(() => request.free(), "conflict.busy") });
  assert.equal(request.place().placed, 1);
  request.free();
  refusal(() => request.place(), "not_found.handle");
});

test("a cluster in the middle of a call is kept, whoever lets go of it", (t) => {
  // Time flies, so that every part of a call is told of.
  let now = 0;
  t.mock.method(performance, "now", () => (now += 50));
  const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
  const job = (c) => c.prepare("job");
  const calls = [
    (c, progress) => c.place("web", { count: 5, progress }),
    (c, progress) => c.placeBulk([job(c)], new Uint32Array(9), { progress }),
    (c, progress) => job(c).place({ progress }),
    (c, progress) => {
      for (let number = 0; number < 3000; number += 1) c.register({ name: `more-${number}`, cpu: 1, memoryMib: 1 });
      c.toJson({ progress });
    },
  ];
  for (const [at, call] of calls.entries()) {
    for (const letGo of [(c) => c.free(), (c) => c[dispose]()]) {
      const [c, twin, other] = [cluster(), cluster(), cluster()];
      let asked = 0;
      call(c, () => {
        const error = refusal(() => letGo(c), "conflict.busy");
        assert.match(error.help, /progress callback/);
        assert.equal(c.isUsable, true);
        // Another one may go.
        letGo(other);
        asked += 1;
      });
      assert.ok(asked > 0, `call ${at} was not told of`);
      call(twin, () => {});
      assert.equal(c.fingerprint(), twin.fingerprint());
      assert.equal(c.place("web").placed, 1);
      refusal(() => other.size, "not_found.handle");
      // Its number was not given away meanwhile, and is when it goes.
      const next = cluster();
      assert.equal(next.place("web").placed, 1);
      letGo(c);
      letGo(c);
      refusal(() => c.size, "not_found.handle");
      assert.equal(next.runningTasks, 1);
    }
  }
});

test("no stack left is told, and a new cluster works", async (t) => {
  const load = await fresh(t);
  const pw = await load("node.js");
  const c = new pw.Cluster();
  const codes = new Set();
  const dive = () => {
    try {
      c.complete("attribute:a == 1 and attribute:b", 3);
    } catch (error) {
      if (!(error instanceof RangeError)) codes.add(error.code ?? error.message);
      throw error;
    }
    dive();
  };
  try {
    dive();
  } catch {
    // How it ends depends on where the stack was used up.
  }
  for (const code of codes) assert.ok(["internal.trap", "internal.lost", "limit.memory"].includes(code), code);
  const next = new pw.Cluster();
  next.register({ name: "i-1", cpu: 1, memoryMib: 1 });
  assert.equal(next.size, 1);
  assert.ok(PlacewrightError.prototype instanceof Error);
});

test("a cluster that a call without stack has left in the middle is lost, not busy for good", () => {
  const entry = new URL("../pkg/node.js", import.meta.url).href;
  // Frames of several sizes, so that the stack ends at several places of a call, also where a trap could not be looked at any more.
  const program = `
    import { Cluster } from ${JSON.stringify(entry)};
    const ends = {};
    for (let round = 0; round < 68; round += 1) {
      const c = new Cluster();
      const names = Array.from({ length: round % 17 }, (_, at) => "a" + at).join(",");
      const dive = new Function("c", "return function dive(" + names + ") { c.complete('attribute:a == 1', 3); return dive(" + names + "); }")(c);
      try { dive(); } catch {}
      let end = "whole";
      try { c.complete("attribute:a", 3); c.toJson(); } catch (error) { end = error.code; }
      ends[end] = (ends[end] ?? 0) + 1;
      if (new Cluster().size !== 0) throw new Error("a new one does not work");
    }
    console.log(JSON.stringify(ends));`;
  const said = execFileSync(process.execPath, ["--stack-size=200", "--input-type=module", "--eval", program], { encoding: "utf8" });
  const { whole = 0, "internal.lost": lost = 0, ...others } = JSON.parse(said);
  assert.deepEqual([whole + lost, others], [68, {}]);
});
