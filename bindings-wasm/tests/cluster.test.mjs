// What a cluster does: instances, tasks, placing, looking, what-if.

import assert from "node:assert/strict";
import test from "node:test";

import { Cluster, NOT_PLACED, Request, compile, memorySize, version } from "../pkg/node.js";
import { ROOT, WEB, cluster, read, refusal } from "./support.mjs";

test("tasks are placed, counted, stopped and explained", () => {
  const c = cluster();
  const result = c.place("web", { count: 5, strategies: ["spread:attribute:ecs.availability-zone", "binpack:memory"] });
  assert.deepEqual(
    result.placements.map((one) => one.instance),
    ["i-0", "i-1", "i-2", "i-0", "i-1"],
  );
  assert.deepEqual([result.placed, result.rejected, [...result.reasons]], [5, 0, []]);
  assert.equal(result.response.tasks[0].availabilityZone, "eu-west-1a");
  assert.deepEqual([c.runningTasks, c.runningTasksOf("family:web"), c.runningTasksOf("none")], [5, 5, 0]);
  assert.deepEqual(c.taskIds(), result.placements.map((one) => one.task));
  const full = c.place("job", { count: 40, strategies: "binpack:cpu" });
  assert.ok(full.rejected > 0 && full.placed + full.rejected === 40);
  assert.equal([...full.reasons.values()].reduce((sum, count) => sum + count, 0), 12);
  const why = c.explain("job");
  assert.equal(why.winner, undefined);
  assert.deepEqual(why.funnel, { registered: 12, considered: 12, meetRequirements: 0, meetConstraints: 0 });
  assert.equal(why.rejected.length, 12);
  assert.match(why.nearestMiss.text, /short on i-/);
  assert.match(why.text, /^task of job:1 in group family:job\n/);
  c.stop(result.placements.map((one) => one.task));
  assert.equal(c.runningTasksOf("family:web"), 0);
  const won = c.explain("web", { strategies: "binpack:memory" });
  assert.equal(typeof won.winner.arn, "string");
  assert.ok(["binpack(memory)", "registration order"].includes(won.winner.decidedBy));
  assert.equal(won.nearestMiss, undefined);
});

test("instances registered one by one are the cluster of the document that describes them", () => {
  const { containerInstances, ...rest } = cluster().toObject();
  const alone = { containerInstances, taskDefinitions: rest.taskDefinitions };
  const slowly = Cluster.fromJson({ ...alone, containerInstances: [] });
  for (const instance of containerInstances) slowly.registerContainerInstance(instance);
  const whole = Cluster.fromJson(alone);
  assert.equal(slowly.fingerprint(), whole.fingerprint());
  assert.deepEqual([slowly.toJson(), slowly.warnings()], [whole.toJson(), whole.warnings()]);
});

test("requests come as names, text, bytes and objects, and say the same", () => {
  const request = { taskDefinition: "web", count: 3, placementStrategy: [{ type: "binpack", field: "memory" }] };
  const places = (call) => call(cluster()).placements.map((one) => one.instance);
  const expected = places((c) => c.place("web", { count: 3, strategies: { type: "binpack", field: "memory" } }));
  assert.deepEqual(places((c) => c.place(request)), expected);
  assert.deepEqual(places((c) => c.place(JSON.stringify(request))), expected);
  assert.deepEqual(places((c) => c.place(new TextEncoder().encode(JSON.stringify(request)))), expected);
  assert.deepEqual(places((c) => c.place({ taskDefinition: "web", count: 3 }, { strategies: "binpack:memory" })), expected);
  assert.deepEqual(places((c) => c.place('{"taskDefinition": "web", "count": 3}', { strategies: ["binpack:memory"] })), expected);
  assert.deepEqual(places((c) => c.prepare(request).place()), expected);
  assert.deepEqual(
    places((c) => c.place("web", { count: 3, constraints: ["distinctInstance", "memberOf:attribute:stack == dev"], strategies: "binpack:cpu" })),
    ["i-1", "i-3", "i-5"],
  );
  const seeded = (seed) => places((c) => c.place("web", { count: 9, seed }));
  assert.deepEqual(seeded(7), seeded(7n));
  assert.deepEqual(seeded(7), seeded("7"));
  assert.notDeepEqual(seeded(7), seeded(2n ** 64n - 1n));
});

test("the bulk lane places what single calls place", () => {
  const [one, many] = [cluster(), cluster()];
  const kinds = (c) => [c.prepare("web", { strategies: "binpack:memory" }), c.prepare("job", { strategies: "spread:instanceId" })];
  const order = Uint32Array.from({ length: 120 }, (_, at) => (at * 7 + (at >> 3)) & 1);
  const bulk = many.placeBulk(kinds(many), order);
  const [web, job] = kinds(one);
  const ids = one.instanceIds();
  order.forEach((kind, at) => {
    const task = one.placeOne(kind === 0 ? web : job);
    assert.deepEqual([task, one.lastInstance], [bulk.task[at], bulk.instance[at]]);
    if (task >= 0) assert.equal(one.task(task).containerInstanceArn, ids[one.lastInstance]);
    else assert.equal(one.lastInstance, NOT_PLACED);
  });
  assert.ok(bulk.rejected > 0 && bulk.placed > 0 && bulk.placed + bulk.rejected === 120);
  assert.equal(one.fingerprint(), many.fingerprint());
  assert.equal(one.toJson(), many.toJson());
  many.stop(bulk.task.filter((task) => task >= 0));
  one.stop([...bulk.task].filter((task) => task >= 0));
  assert.deepEqual([many.runningTasks, one.runningTasks], [0, 0]);
  const again = many.placeBulk([many.prepare("web")]);
  assert.deepEqual([again.instance.length, again.placed], [1, 1]);
  assert.deepEqual(many.placeBulk([]), { instance: new Uint32Array(0), task: new Float64Array(0), placed: 0, rejected: 0 });
  refusal(() => many.placeBulk([many.prepare("web")], [0, 1]), "input.invalid");
  refusal(() => many.placeBulk([many.prepare("web")], [-1]), "input.invalid");
  refusal(() => many.placeBulk([many.prepare("web")], [0.5]), "input.invalid");
  refusal(() => many.placeBulk(["web"]), "json.type");
  refusal(() => many.placeBulk(null), "json.type");
  refusal(() => many.stop(Float64Array.of(0.5)), "not_found.task");
  refusal(() => many.stop(Float64Array.of(NaN)), "not_found.task");
});

test("positions follow the instances there are", () => {
  const c = cluster();
  const web = c.prepare("web", { strategies: "binpack:memory", constraints: "memberOf:attribute:stack == dev" });
  c.placeOne(web);
  assert.equal(c.instanceIds()[c.lastInstance], "i-1");
  const savepoint = c.begin();
  c.deregister("i-0");
  c.placeOne(web);
  assert.deepEqual([c.lastInstance, c.instanceIds()[c.lastInstance]], [0, "i-1"]);
  savepoint.rollback();
  c.placeOne(web);
  assert.deepEqual([c.lastInstance, c.instanceIds()[c.lastInstance]], [1, "i-1"]);
  assert.deepEqual([...c.queryPositions("attribute:stack == dev")], [1, 3, 5, 7, 9, 11]);
});

test("instances are registered, drained, changed and taken out", () => {
  const c = new Cluster();
  c.declareResource("LICENSES");
  c.register({
    name: "i-1", cpu: 2048, memoryMib: 4096, zone: "z", attributes: { a: "1", flag: null }, gpus: ["g0", "g1"],
    custom: { LICENSES: 3 }, ports: [22], udpPorts: [53], eniTaskSlots: 4, ec2InstanceId: "i-0abc", capacityProvider: "cp",
    agentVersion: "1.2.3", agentConnected: false, status: "DRAINING",
  });
  c.register({ name: "i-2", cpu: 1, memoryMib: 1, attributes: ["flag"] });
  c.registerContainerInstance({ containerInstanceArn: "i-3", registeredResources: [{ name: "CPU", type: "INTEGER", integerValue: 5 }] });
  const one = c.instance("i-1");
  assert.deepEqual([one.status, one.agentConnected, one.capacityProviderName, one.xEniTaskSlots], ["DRAINING", false, "cp", 4]);
  assert.deepEqual(c.instanceIds(), ["i-1", "i-2", "i-3"]);
  assert.equal(c.size, 3);
  c.activate("i-1");
  c.setAgentConnected("i-1", true);
  c.putAttributes("i-2", { rack: "r1", other: null });
  c.deleteAttributes("i-2", "flag");
  assert.deepEqual(c.query("attribute:rack == r1"), ["i-2"]);
  assert.deepEqual(c.query("attribute:flag exists"), ["i-1"]);
  assert.deepEqual(c.query(compile("attribute:rack exists")), ["i-2"]);
  c.drain(["i-1", "i-2"]);
  assert.deepEqual(c.listContainerInstances({ status: "DRAINING" }).containerInstanceArns, ["i-1", "i-2"]);
  const columns = c.instances();
  assert.deepEqual([...columns.cpu.registered], [2048, 1, 5]);
  assert.deepEqual([...columns.custom.get("LICENSES").remaining], [3, 0, 0]);
  assert.deepEqual([...columns.eniTaskSlots.registered], [4, -1, -1]);
  assert.deepEqual([...columns.gpus.registered], [2, 0, 0]);
  assert.deepEqual([...columns.agentConnected], [1, 1, 1]);
  assert.deepEqual([...columns.status.codes].map((code) => columns.status.words[code]), ["DRAINING", "DRAINING", "ACTIVE"]);
  assert.deepEqual(columns.ec2InstanceId, ["i-0abc", null, null]);
  assert.ok(Number.isNaN(columns.registeredAt[0]));
  assert.deepEqual(c.deregister("i-3", { force: true }), []);
  assert.deepEqual(c.customResources(), ["LICENSES"]);
  const unknown = refusal(() => c.register({ name: "x", cpu: 1, memoryMib: 1, memory: 1 }), "json.unknown_key");
  assert.match(unknown.message, /memory/);
  refusal(() => c.register({ name: "x", cpu: 1, memoryMib: 1, ports: [70000] }), "input.port");
  assert.equal(refusal(() => c.register({ name: "x", cpu: 1, memoryMib: 1, custom: { LICENSES: "3" } })).path, "custom.LICENSES");
  refusal(() => c.register({ name: "i-1", cpu: 1, memoryMib: 1 }), "duplicate.instance");
});

test("columns are copies, or views for as long as a call", () => {
  const c = cluster();
  // Two fit on an instance, by memory.
  c.place("job", { count: 3, strategies: "binpack:cpu" });
  const cpu = c.column("cpu");
  assert.deepEqual([...cpu.slice(0, 3)], [2048, 3072, 4096]);
  assert.equal(c.withColumn("cpu", (view) => view.reduce((sum, value) => sum + value, 0)), cpu.reduce((sum, value) => sum + value, 0));
  const into = new Int32Array(12);
  assert.equal(c.column("memoryMib", into), into);
  assert.deepEqual([...into.slice(0, 3)], [2192, 5192, 8192]);
  assert.deepEqual([...c.column("registered:cpu")], Array(12).fill(4096));
  assert.deepEqual([...c.column("runningTasks")].slice(0, 2).reduce((sum, value) => sum + value, 0), 3);
  refusal(() => c.column("cpu", new Int32Array(3)), "input.invalid");
  refusal(() => c.column("nothing"), "input.invalid");
  refusal(() => c.column("task.gpus"), "input.invalid");
  refusal(() => c.column("custom:NONE"), "input.invalid");
  refusal(() => c.column(3), "json.type");
  c.declareResource("vendor.license");
  assert.deepEqual([...c.column("custom:vendor.license")], Array(12).fill(0));
  assert.deepEqual([...c.column("registered:custom:vendor.license")], Array(12).fill(0));
  const tasks = c.tasks();
  assert.equal(tasks.length, 3);
  assert.deepEqual([...tasks.cpu], [1024, 1024, 1024]);
  assert.deepEqual([...tasks.number].map((number) => c.task(number).taskArn), tasks.id);
  assert.deepEqual([...tasks.group.codes], [0, 0, 0]);
  assert.deepEqual([tasks.group.words, tasks.definition.words], [["family:job"], ["job:1"]]);
  const attributes = c.attributes();
  assert.equal(attributes.length, 24);
  assert.deepEqual([...attributes.instance.slice(0, 4)], [0, 0, 1, 1]);
  const summary = c.attributeSummary();
  assert.deepEqual(summary[1], { name: "stack", count: 12, values: [{ value: "dev", count: 6 }, { value: "prod", count: 6 }], valuesTotal: 2 });
  assert.deepEqual(c.attributeSummary({ valuesMax: 1 })[1].values, [{ value: "dev", count: 6 }]);
  const usage = c.usage();
  assert.deepEqual([usage.instances, usage.cpu.used, usage.cpu.registered], [12, 3072, 49152]);
  assert.deepEqual([...usage.zones.keys()], ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
});

test("what is tried is taken back, or kept", () => {
  const c = cluster();
  const before = c.fingerprint();
  const failure = new Error("no");
  assert.throws(
    () =>
      c.transaction(() => {
        c.drain("i-0");
        c.place("web", { count: 3 });
        throw failure;
      }),
    (error) => error === failure,
  );
  assert.equal(c.fingerprint(), before);
  const kept = c.transaction((savepoint) => {
    c.place("web");
    assert.ok(savepoint.isOpen);
    c.transaction((inner) => {
      c.place("web", { count: 5 });
      inner.rollback();
    });
    return c.runningTasks;
  });
  assert.deepEqual([kept, c.runningTasks, c.savepoints], [1, 1, 0]);
  refusal(() => c.transaction(async () => c.place("web")), "input.invalid");
  assert.equal(c.runningTasks, 1);
  const outer = c.begin();
  const inner = c.begin();
  c.place("web");
  assert.equal(c.savepoints, 2);
  c.rollback(outer);
  assert.deepEqual([c.savepoints, inner.isOpen, c.runningTasks], [0, false, 1]);
  refusal(() => inner.commit(), "not_found.handle");
  refusal(() => c.rollback(), "conflict.no_savepoint");
  refusal(() => cluster().rollback(outer), "not_found.handle");
  refusal(() => c.rollback(3), "json.type");
  {
    const savepoint = c.begin();
    c.place("web");
    savepoint[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
    assert.deepEqual([savepoint.isOpen, c.runningTasks], [false, 1]);
  }
  c.begin();
  refusal(() => c.loadTasks({ tasks: [] }), "conflict.savepoint_open");
  const copy = c.copy();
  assert.deepEqual([copy.savepoints, copy.fingerprint()], [0, c.fingerprint()]);
  copy.place("web");
  assert.notEqual(copy.fingerprint(), c.fingerprint());
});

test("a state goes out as text and comes back", () => {
  const c = cluster();
  c.place("web", { count: 7 });
  const text = c.toJson();
  const again = Cluster.fromJson(text);
  assert.equal(again.toJson(), text);
  assert.equal(Cluster.fromJson(c.toObject()).toJson(), text);
  assert.equal(Cluster.fromJson(new TextEncoder().encode(text)).fingerprint(), c.fingerprint());
  const places = (one) => one.place("web", { count: 4 }).placements;
  assert.deepEqual(places(again), places(c));
  refusal(() => Cluster.fromJson(text, { seed: 1 }), "input.invalid");
});

test("describe output is read as it is", () => {
  const c = Cluster.fromJson(read(`${ROOT}cli/samples/cluster.json`));
  for (const name of ["web", "static-port", "gpu"]) c.registerTaskDefinition(read(`${ROOT}cli/samples/${name}.json`));
  c.loadTasks(read(`${ROOT}cli/samples/tasks.json`));
  assert.equal(c.size, 9);
  assert.deepEqual(c.definitions().length, 3);
  assert.ok(c.runningTasks > 0);
  const array = JSON.parse(read(`${ROOT}cli/samples/cluster.json`)).containerInstances;
  assert.equal(Cluster.fromJson(array).size, 9);
  assert.equal(Cluster.fromJson(JSON.stringify(array)).size, 9);
});

test("ECS's calls have ECS's limits", () => {
  const c = cluster();
  assert.equal(c.runTask({ taskDefinition: "web", count: 2 }).tasks.length, 2);
  assert.equal(c.startTask({ taskDefinition: "web", containerInstances: ["i-3"] }).tasks[0].containerInstanceArn, "i-3");
  assert.equal(c.createService({ serviceName: "s", taskDefinition: "web", desiredCount: 4 }).tasks.length, 4);
  assert.deepEqual(c.scaleIn("service:s", 3).length, 3);
  assert.deepEqual(c.scaleIn("service:s", 3, { strategies: "binpack:memory", seed: 1 }).length, 1);
  refusal(() => c.runTask({ taskDefinition: "web", count: 11 }), "limit.exceeded");
  refusal(() => new Cluster().runTask({ taskDefinition: "web" }));
  const last = cluster({ release: "last" });
  const [task] = last.runTask({ taskDefinition: "web" }).tasks;
  last.stop(task.taskArn);
  assert.equal(last.taskIds().length, 1);
  last.finish(task.taskArn);
  assert.equal(last.taskIds().length, 0);
});

test("options are read, and wrong ones refused", () => {
  const places = (options) => cluster(options).place("web", { count: 5 }).placements.map((one) => one.instance);
  assert.deepEqual(places({ runTaskDefault: "registration" }), Array(5).fill("i-0"));
  assert.notDeepEqual(places({ seed: 1 }), places({ seed: 2n ** 60n }));
  assert.deepEqual(places({ route: "scan", seed: 3 }), places({ route: "indexed", seed: 3, tieBreak: undefined }));
  refusal(() => new Cluster({ sead: 1 }), "json.unknown_key");
  refusal(() => new Cluster({ route: "quick" }), "input.invalid");
  refusal(() => new Cluster({ seed: -1 }), "input.invalid");
  refusal(() => new Cluster(3), "json.type");
  refusal(() => new Cluster(null), "json.type");
});

test("warnings and refused definitions are told", () => {
  const c = Cluster.fromJson({ containerInstances: [], taskDefinitions: [{ family: "bad", containerDefinitions: [] }] });
  assert.deepEqual(c.refusedDefinitions().map((one) => one.name), ["bad:1"]);
  c.registerTaskDefinition(WEB);
  c.place({ taskDefinition: "web", cuont: 2 });
  assert.match(c.warnings()[0], /cuont/);
  assert.equal(c.warnings().length, 1);
});

test("handles are freed, and say so", () => {
  const c = cluster();
  const request = c.prepare("web");
  assert.ok(request instanceof Request && request.cluster === c);
  assert.deepEqual([request.definition, request.group, request.count], ["web:1", "family:web", 1]);
  refusal(() => cluster().place(request), "not_found.handle");
  refusal(() => c.copy().placeOne(request), "not_found.handle");
  refusal(() => c.place(request, { count: 2 }), "input.invalid");
  refusal(() => c.prepare(request), "input.invalid");
  request.free();
  request.free();
  refusal(() => c.place(request), "not_found.handle");
  refusal(() => request.place(), "not_found.handle");
  const savepoint = c.begin();
  assert.ok(c.isUsable);
  c.free();
  c.free();
  assert.equal(c.isUsable, false);
  assert.equal(savepoint.isOpen, false);
  for (const call of [
    () => c.size, () => c.place("web"), () => c.toJson(), () => c.column("cpu"), () => c.begin(), () => savepoint.commit(),
    () => c.placeBulk([]), () => c.transaction(() => {}), () => c.copy(), () => c.queryPositions("attribute:a exists"),
    () => c.fingerprint(), () => c.stop(Float64Array.of(1)),
  ]) {
    refusal(call, "not_found.handle");
  }
  const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
  const other = cluster();
  other[dispose]();
  assert.equal(other.isUsable, false);
});

test("progress is told, and stops the call", () => {
  const c = cluster();
  for (let number = 12; number < 3000; number += 1) c.register({ name: `i-${number}`, cpu: 4096, memoryMib: 8192 });
  const before = c.fingerprint();
  const told = [];
  const result = c.place("web", { count: 30_000, strategies: "spread:instanceId", progress: (done, total) => told.push([done, total]) });
  assert.equal(result.placed, 30_000);
  assert.deepEqual(told.at(-1), [30_000, 30_000]);
  assert.ok(told.every(([done], at) => at === 0 || told[at - 1][0] < done));
  c.stop(result.placements.map((one) => one.task));
  const failure = new Error("enough");
  const text = c.toJson();
  const fails = () => {
    throw failure;
  };
  const web = c.prepare("web");
  for (const call of [
    () => c.place("web", { count: 30_000, progress: fails }),
    () => c.placeBulk(Array(30_000).fill(web), undefined, { progress: fails }),
  ]) {
    const now = c.fingerprint();
    assert.throws(call, (error) => error === failure);
    assert.equal(c.fingerprint(), now);
  }
  const controller = new AbortController();
  const reason = new Error("aborted");
  assert.throws(
    () => c.place("web", { count: 30_000, signal: controller.signal, progress: () => controller.abort(reason) }),
    (error) => error === reason,
  );
  assert.throws(() => Cluster.fromJson(text, { signal: controller.signal }), (error) => error === reason);
  let inside;
  c.place("web", {
    count: 30_000,
    progress: () => {
      inside ??= refusal(() => c.size, "conflict.busy");
      assert.equal(cluster().size, 12);
    },
  });
  assert.equal(inside.class, "conflict");
  refusal(() => c.place("web", { progress: 3 }), "json.type");
  refusal(() => c.place("web", { signal: {} }), "json.type");
  assert.notEqual(c.fingerprint(), before);
});

test("the version is the workspace's", () => {
  assert.equal(version, /\[workspace\.package\]\nversion = "([^"]+)"/.exec(read(`${ROOT}Cargo.toml`))[1]);
  assert.ok(memorySize() > 0);
});

test("times with a fraction come out to the millisecond, and print as they were read", () => {
  const from = (registeredAt) => Cluster.fromJson({ containerInstances: [{ containerInstanceArn: "a", registeredAt }] });
  for (const [seconds, milliseconds] of [[1761900000.25, 1761900000250], [1761900000.001, 1761900000001], [0.5, 500], [-0.5, -500], [3, 3000]]) {
    const c = from(seconds);
    assert.equal(c.instances().registeredAt[0], milliseconds);
    assert.equal(Cluster.fromJson(c.toJson()).instances().registeredAt[0], milliseconds);
  }
  // As text: of a large number in an object nobody knows which integer it was.
  const text = '{"containerInstances":[{"containerInstanceArn":"a","registeredAt":1e300}]}';
  assert.match(refusal(() => Cluster.fromJson(text)).message, /`1e300` is no time/);
});

test("the sample cluster of the command line tool reads, and exports as itself", () => {
  const text = read(`${ROOT}cli/samples/cluster.json`);
  const c = Cluster.fromJson(text);
  assert.equal(c.size, JSON.parse(text).containerInstances.length);
  assert.ok([...c.instances().registeredAt].every((at) => at > 1.7e12));
  assert.equal(Cluster.fromJson(c.toJson()).toJson(), c.toJson());
});
