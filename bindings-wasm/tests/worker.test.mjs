// Clusters in a worker thread: the same answers, progress, cancellation, errors, and the end of a worker.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";

import { PlaceResult, PlacewrightWorker, RemoteCluster, start } from "../pkg/worker-threads.js";
import { WEB, cluster, rejection } from "./support.mjs";

/** A worker that ends with the test. */
async function worker(t) {
  const made = await start();
  t.after(() => made.terminate());
  return made;
}

test("a cluster in a worker answers as one here", async (t) => {
  const w = await worker(t);
  const here = cluster();
  const there = await w.fromJson(here.toJson());
  assert.ok(there instanceof RemoteCluster);
  const options = { count: 5, strategies: ["spread:attribute:ecs.availability-zone", "binpack:memory"] };
  const [mine, theirs] = [here.place("web", options), await there.place("web", options)];
  assert.ok(theirs instanceof PlaceResult);
  assert.deepEqual([theirs.placements, theirs.rejected, theirs.response], [mine.placements, mine.rejected, mine.response]);
  assert.deepEqual([...theirs.reasons], [...mine.reasons]);
  const request = await there.prepare("job", { strategies: "binpack:cpu" });
  assert.deepEqual([request.definition, request.count], ["job:1", 1]);
  const order = new Uint32Array(30);
  assert.deepEqual(await there.placeBulk([request], order), here.placeBulk([here.prepare("job", { strategies: "binpack:cpu" })], order));
  assert.deepEqual(await there.explain(request), here.explain("job", { strategies: "binpack:cpu" }));
  assert.equal(await there.fingerprint(), here.fingerprint());
  assert.deepEqual(await there.instances(), here.instances());
  assert.deepEqual(await there.usage(), here.usage());
  assert.deepEqual([await there.size(), await there.runningTasks()], [12, here.runningTasks]);
  assert.deepEqual(await there.query("attribute:stack == prod"), here.query("attribute:stack == prod"));
  assert.equal(await there.toJson(), here.toJson());
  const savepoint = await there.begin();
  await there.drain("i-0");
  assert.notEqual(await there.fingerprint(), here.fingerprint());
  assert.equal(await savepoint.isOpen(), true);
  await savepoint.rollback();
  assert.equal(await savepoint.isOpen(), false);
  assert.equal(await there.fingerprint(), here.fingerprint());
  await there.commit(await there.begin());
  const copy = await there.copy();
  await copy.place("web");
  assert.notEqual(await copy.fingerprint(), here.fingerprint());
  await request.free();
  await rejection(there.place(request), "not_found.handle");
  await copy.free();
  await copy.free();
  await rejection(copy.size(), "not_found.handle");
});

test("calls are answered in the order they were made", async (t) => {
  const w = await worker(t);
  const c = await w.cluster({ runTaskDefault: "registration" });
  const calls = [c.register({ name: "i-1", cpu: 1024, memoryMib: 1024 }), c.registerTaskDefinition(WEB), c.place("web", { count: 3 }), c.size()];
  const [, name, result, size] = await Promise.all(calls);
  assert.deepEqual([name, result.placed, size], ["web:1", 2, 1]);
});

test("errors come as they are", async (t) => {
  const w = await worker(t);
  const c = await w.fromJson({ containerInstances: [] });
  const error = await rejection(c.query("runningTaskCount > 1"), "expr.unknown_subject");
  assert.deepEqual([error.span, error.class, error.help], [{ start: 0, end: 16 }, "invalid-expression", "did you mean `runningTasksCount`?"]);
  assert.match(error.text, /\^{16}/);
  const document = await rejection(w.fromJson({ containerInstances: [{ containerInstanceArn: 3 }] }), "json.type");
  assert.equal(document.path, "containerInstances[0].containerInstanceArn");
  assert.equal(document.message, "containerInstances[0].containerInstanceArn: expected a string, found an integer");
  await rejection(w.cluster({ nothing: 1 }), "json.unknown_key");
  await rejection(c.place("web", { progress: 3 }), "json.type");
  assert.match((await rejection(c.place({ taskDefinition: () => 1 }), "json.type")).message, /could not be cloned/);
  const mine = new Error("mine");
  await assert.rejects(c.place({ get taskDefinition() { throw mine; } }), (error) => error === mine);
  assert.equal(await c.size(), 0);
});

test("handles of another worker, and closed ones, are refused by name", async (t) => {
  const [one, two] = await Promise.all([worker(t), worker(t)]);
  const [here, there] = await Promise.all([one.cluster(), two.cluster()]);
  await there.registerTaskDefinition(WEB);
  const request = await there.prepare("web");
  await rejection(here.place(request), "not_found.handle");
  await rejection(here.placeBulk([request]), "not_found.handle");
  await rejection(here.rollback(await there.begin()), "not_found.handle");
  const savepoint = await here.begin();
  // Both before either is answered.
  const [first, second] = await Promise.allSettled([savepoint.commit(), savepoint.rollback()]);
  assert.equal(first.status, "fulfilled");
  await rejection(Promise.reject(second.reason), "not_found.handle");
  assert.equal(await here.savepoints(), 0);
});

test("a savepoint in a worker that is disposed of is rolled back", async (t) => {
  const w = await worker(t);
  const c = await w.cluster();
  const dispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
  const savepoint = await c.begin();
  await c.register({ name: "i-1", cpu: 1, memoryMib: 1 });
  await savepoint[dispose]();
  assert.deepEqual([await c.size(), await c.savepoints()], [0, 0]);
  await savepoint[dispose]();
  const kept = await c.begin();
  await kept.commit();
  await kept[dispose]();
  w.terminate();
  await savepoint[dispose]();
});

test("arrays of shared memory come and go", async (t) => {
  const w = await worker(t);
  const c = await w.cluster();
  await c.register({ name: "i-1", cpu: 7, memoryMib: 1 });
  const into = new Int32Array(new SharedArrayBuffer(4));
  assert.deepEqual([...(await c.column("cpu", into))], [7]);
  assert.deepEqual([...into], [7]);
  assert.equal(await c.size(), 1);
});

test("a cluster whose progress threw does not stay in the worker", async () => {
  const posted = [];
  let hear;
  const w = new PlacewrightWorker({ post: (message) => posted.push(message), listen: (handler) => (hear = handler), fail() {}, end() {} });
  const mine = new Error("mine");
  const call = w.fromJson({ containerInstances: [] }, { progress: () => { throw mine; } });
  const [{ id, as }] = posted;
  hear({ id, progress: [1, undefined] });
  hear({ id, result: { value: undefined } });
  await assert.rejects(call, (error) => error === mine);
  assert.deepEqual(posted.slice(1).map(({ name, on }) => [name, on]), [["free", as]]);
});

test("workers start where the program came by standard input", () => {
  const entry = (name) => JSON.stringify(new URL(`../pkg/${name}`, import.meta.url).href);
  const program = `import { start } from ${entry("worker-threads.js")};
    import { start as startPacking } from ${entry("pack-worker-threads.js")};
    const [w, p] = [await start(), await startPacking()];
    const problem = { dimensions: ["cpu"], items: [{ demand: [2], count: 3 }], bins: [{ id: "bin", capacity: [4] }] };
    console.log(await (await w.cluster()).size(), (await p.pack(problem)).optimal);
    w.terminate();
    p.terminate();`;
  const said = execFileSync(process.execPath, ["--input-type=module"], { input: program, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  assert.equal(said.trim(), "0 true");
});

test("the scripts of Web Workers wait nowhere at their top level, which not every bundler can put there", () => {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const source = readFileSync(new URL(`../pkg/${name}`, import.meta.url), "utf8");
    assert.doesNotMatch(source, /^(?:await|for await)\b/m, name);
    for (const [, next] of source.matchAll(/^(?:import|export)\b[^;]*? from "\.\/([\w.-]+)"|^import "\.\/([\w.-]+)"/gm)) visit(next);
  };
  visit("worker-web.js");
  visit("pack-worker-web.js");
  for (const name of ["engine.js", "worker-serve.js", "pack-engine.js", "pack-worker-serve.js"]) assert.ok(seen.has(name), name);
});

/** A cluster on which a long call takes long. */
async function large(w) {
  const c = await w.cluster();
  const names = Array.from({ length: 3000 }, (_, number) => `i-${number}`);
  await Promise.all(names.map((name) => c.register({ name, cpu: 1_000_000, memoryMib: 1_000_000 })));
  await c.registerTaskDefinition({ family: "dot", containerDefinitions: [{ name: "a", cpu: 1, memory: 6 }] });
  return c;
}

test("progress is told, and a call is cancelled with nothing changed", async (t) => {
  const w = await worker(t);
  const c = await large(w);
  const told = [];
  const done = await c.place("dot", { count: 20_000, strategies: "spread:instanceId", progress: (...figures) => told.push(figures) });
  assert.equal(done.placed, 20_000);
  assert.deepEqual(told.at(-1), [20_000, 20_000]);
  const before = await c.fingerprint();
  const reason = new Error("enough");
  const controller = new AbortController();
  const call = c.place("dot", { count: 10_000_000, strategies: "spread:instanceId", signal: controller.signal, progress: () => controller.abort(reason) });
  await assert.rejects(call, (error) => error === reason);
  assert.equal(await c.fingerprint(), before);
  await assert.rejects(c.place("dot", { signal: controller.signal }), (error) => error === reason);
  const failure = new Error("mine");
  await assert.rejects(
    c.place("dot", { count: 20_000, progress: () => { throw failure; } }),
    (error) => error === failure,
  );
  assert.ok(w.isUsable);
});

test("without shared memory a long call is cancelled by ending the worker, and a new one works", async (t) => {
  const w = await worker(t);
  const c = await large(w);
  const shared = globalThis.SharedArrayBuffer;
  t.after(() => {
    globalThis.SharedArrayBuffer = shared;
  });
  globalThis.SharedArrayBuffer = undefined;
  const quick = new AbortController();
  const placed = c.place("dot", { count: 5, signal: quick.signal });
  quick.abort();
  assert.equal((await placed).placed, 5);
  const controller = new AbortController();
  const call = c.place("dot", { count: 10_000_000, strategies: "spread:instanceId", signal: controller.signal });
  const other = c.size();
  controller.abort();
  await assert.rejects(call, (error) => error.name === "AbortError");
  await rejection(other, "call.cancelled");
  assert.equal(w.isUsable, false);
  await rejection(c.size(), "internal.lost");
  const next = await worker(t);
  assert.equal(await (await next.cluster()).size(), 0);
});

test("an ended worker says so", async () => {
  const w = await start();
  const c = await w.cluster();
  const going = c.size();
  w.terminate();
  w.terminate();
  await rejection(going, "call.cancelled");
  await rejection(c.size(), "internal.lost");
  await c.free();
});

test("letting go of a cluster and of its worker at once is no failure", async () => {
  const w = await start();
  const c = await w.cluster();
  const request = await (await c.registerTaskDefinition(WEB), c.prepare("web"));
  const gone = [request.free(), c.free()];
  w.terminate();
  assert.deepEqual(await Promise.all(gone), [undefined, undefined]);
});
