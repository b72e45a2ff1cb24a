// Packing in a worker thread: the same answers, progress, both ways to stop, errors, and the end of a worker.

import assert from "node:assert/strict";
import test from "node:test";

import { fleet, pack, packInto, rearrange } from "../pkg/pack-node.js";
import { PackWorker, start } from "../pkg/pack-worker-threads.js";
import { start as startClusters } from "../pkg/worker-threads.js";
import { cluster, problem, rejection } from "./support.mjs";

/** A worker that ends with the test. */
async function worker(t) {
  const made = await start();
  t.after(() => made.terminate());
  return made;
}

const bare = (answer) => ({ ...answer, milliseconds: 0 });

test("a worker answers as one does here, in the order of the calls", async (t) => {
  const w = await worker(t);
  assert.ok(w instanceof PackWorker && w.isUsable && w.canStop);
  const given = problem(40);
  const { dimensions, items } = given;
  const offers = [{ id: "a", capacity: [4096, 8192], cost: 0.2 }];
  const made = cluster();
  made.place("web", { count: 24, strategies: "spread:instanceId" });
  const requests = [{ taskDefinition: "job", count: 3 }];
  const calls = [w.pack(given, { steps: 2000 }), w.fleet({ dimensions, items }, offers, { steps: 2000 }), w.rearrange(made, { moves: 5 }), w.packInto(made.toJson(), requests)];
  const [packed, bought, moved, placed] = await Promise.all(calls);
  assert.deepEqual(bare(packed), bare(pack(given, { steps: 2000 })));
  assert.deepEqual(bare(bought), bare(fleet({ dimensions, items }, offers, { steps: 2000 })));
  assert.deepEqual(moved, rearrange(made, { moves: 5 }));
  assert.deepEqual(bare(placed), bare(packInto(made, requests)));
  assert.deepEqual(bare(await w.pack(JSON.stringify(given), { steps: 2000 })), bare(packed));
});

test("a cluster in one worker is planned for in another, and changed in its own", async (t) => {
  const w = await worker(t);
  const clusters = await startClusters();
  t.after(() => clusters.terminate());
  const made = cluster();
  made.place("web", { count: 24, strategies: "spread:instanceId" });
  const there = await clusters.fromJson(made.toJson());
  const plan = await w.rearrange(there);
  assert.deepEqual(await there.applyPlan(plan), made.applyPlan(plan));
  assert.equal(await there.fingerprint(), made.fingerprint());
  const requests = [{ taskDefinition: "job", count: 5 }];
  const answer = await w.packInto(there, requests);
  assert.deepEqual(await there.applyPacking(answer, requests), made.applyPacking(answer, requests));
  assert.equal(await there.fingerprint(), made.fingerprint());
});

test("progress is told; `false` stops with the best so far, what it throws ends the call", async (t) => {
  const w = await worker(t);
  const given = problem(300);
  const told = [];
  const done = await w.pack(given, { milliseconds: 300, progress: (figures) => void told.push(figures) });
  assert.ok(told.length >= 3);
  assert.deepEqual([told.at(-1).value, told.at(-1).steps], [done.value, done.steps]);
  const started = performance.now();
  const stopped = await w.pack(given, { milliseconds: 60_000, progress: ({ value }) => value === undefined });
  assert.ok(performance.now() - started < 30_000);
  assert.ok(stopped.bins.length > 0 && stopped.unpacked.length === 0);
  const failure = new Error("mine");
  await assert.rejects(w.pack(given, { milliseconds: 60_000, progress: () => { throw failure; } }), (error) => error === failure);
  assert.ok(performance.now() - started < 30_000);
  assert.ok(w.isUsable);
});

test("a signal cancels, before and in the middle, and the worker goes on", async (t) => {
  const w = await worker(t);
  const given = problem(300);
  const reason = new Error("enough");
  const controller = new AbortController();
  const call = w.pack(given, { milliseconds: 60_000, signal: controller.signal });
  const next = w.pack(problem(3));
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(call, (error) => error === reason);
  assert.ok((await next).value > 0);
  await assert.rejects(w.pack(given, { signal: controller.signal }), (error) => error === reason);
  assert.ok(w.isUsable);
});

test("without shared memory a long call is cancelled by ending the worker, and a new one works", async (t) => {
  const w = await worker(t);
  const shared = globalThis.SharedArrayBuffer;
  t.after(() => {
    globalThis.SharedArrayBuffer = shared;
  });
  globalThis.SharedArrayBuffer = undefined;
  assert.equal(w.canStop, false);
  // That nobody wants more is not heard; the time is kept.
  const heard = await w.pack(problem(300), { milliseconds: 200, progress: () => false });
  assert.ok(heard.milliseconds >= 200);
  const controller = new AbortController();
  const call = w.pack(problem(300), { milliseconds: 60_000, signal: controller.signal });
  const other = w.pack(problem(3));
  controller.abort();
  await assert.rejects(call, (error) => error.name === "AbortError");
  await rejection(other, "call.cancelled");
  assert.equal(w.isUsable, false);
  await rejection(w.pack(problem(3)), "internal.lost");
  const next = await worker(t);
  assert.ok((await next.pack(problem(3))).value > 0);
});

test("errors come as they are", async (t) => {
  const w = await worker(t);
  const error = await rejection(w.pack(problem(3), { solver: "fist-fit" }), "input.invalid");
  assert.deepEqual([error.path, error.help], ["options.solver", "did you mean `first-fit`?"]);
  assert.equal(error.message, "options.solver: solver `fist-fit` is unknown");
  await rejection(w.pack(problem(3), 3), "json.type");
  await rejection(w.pack(problem(3), { progress: 3 }), "json.type");
  await rejection(w.pack(problem(3), { signal: 3 }), "json.type");
  await rejection(w.rearrange(undefined), "json.type");
  await assert.rejects(w.pack({ dimensions: () => 1 }), /could not be cloned/);
  assert.ok((await w.pack(problem(3))).value > 0);
});

test("an ended worker says so", async () => {
  const w = await start();
  const going = w.pack(problem(300), { milliseconds: 60_000 });
  w.terminate();
  w[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
  await rejection(going, "call.cancelled");
  await rejection(w.pack(problem(3)), "internal.lost");
});
