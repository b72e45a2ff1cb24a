// `placewright/lean`: what the first half of the engine does alone, what it refuses, and that with the second half nothing is missing.
// Nothing here may import the package's other entry, which would load the second half.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { fresh } from "./fresh.mjs";
import { thrown } from "./thrown.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CASES = `${ROOT}core/testdata/placement`;
const PKG = new URL("../pkg/", import.meta.url);

/** Forty instances in three zones, of two stacks. */
function instances(cluster) {
  for (let number = 0; number < 40; number += 1) {
    const attributes = { stack: number % 2 === 0 ? "prod" : "dev", "ecs.instance-type": "m5.large" };
    if (number % 5 === 0) attributes.flag = null;
    cluster.register({ name: `i-${number}`, cpu: 2048 + 512 * (number % 3), memoryMib: 4096 + 1024 * (number % 4), zone: `z-${"abc"[number % 3]}`, attributes });
  }
}

/** A session in bulk, by calls of the first half; what it saw. */
function session({ Cluster, NOT_PLACED }, cluster = new Cluster()) {
  instances(cluster);
  const seen = [];
  const kinds = [
    cluster.prepareTask("small", { cpu: 64, memoryMib: 128 }, { strategies: "binpack:memory" }),
    cluster.prepareTask("large", { cpu: 512, memoryMib: 900 }, { strategies: ["spread:attribute:ecs.availability-zone", "binpack:cpu"], group: "big" }),
    cluster.prepareTask("prod", { cpu: 100, memoryMib: 100 }, { constraints: "memberOf:attribute:stack == prod", strategies: "spread:instanceId" }),
    cluster.prepareTask("alone", { memoryMib: 64 }, { constraints: [{ type: "distinctInstance" }], seed: 7n }),
    cluster.prepareTask("gpu", { gpus: 1 }),
  ];
  seen.push(kinds.map(({ definition, group, count }) => [definition, group, count]));
  const order = Uint32Array.from({ length: 600 }, (_, at) => (at * 7) % 5);
  const bulk = cluster.placeBulk(kinds, order);
  seen.push([...bulk.instance], [...bulk.task], bulk.placed, bulk.rejected);
  cluster.drain(["i-3", "i-4"]);
  seen.push(cluster.placeOne(kinds[0]), cluster.lastInstance, cluster.placeOne(kinds[4]), cluster.lastInstance === NOT_PLACED);
  cluster.activate("i-3");
  cluster.stop(bulk.task.filter((task, at) => task >= 0 && at % 3 === 0));
  const before = cluster.runningTasks;
  cluster.transaction((savepoint) => {
    cluster.register({ name: "later", cpu: 10_000, memoryMib: 10_000 });
    const again = cluster.placeBulk(kinds, order, { progress: () => true });
    seen.push([...again.instance]);
    savepoint.rollback();
  });
  assert.deepEqual([cluster.runningTasks, cluster.size, cluster.savepoints], [before, 40, 0]);
  seen.push([...cluster.queryPositions("attribute:stack == prod and not(attribute:flag exists)")]);
  for (const name of ["cpu", "memoryMib", "runningTasks", "registered:cpu"]) seen.push([...cluster.column(name)]);
  kinds[4].free();
  return { cluster, seen };
}

/** What a cluster is, by calls of the first half. */
const state = (cluster) => [cluster.size, cluster.runningTasks, cluster.savepoints, ...["cpu", "memoryMib", "runningTasks"].map((name) => [...cluster.column(name)])];

test("a bulk session is the same with the first half, with both, and with the whole module", async (t) => {
  const lean = await (await fresh(t))("lean-node.js");
  const whole = await (await fresh(t))("node.js");
  const [one, other] = [session(lean), session(whole)];
  assert.deepEqual(one.seen, other.seen);
  assert.equal(lean.hasEdge(), false);
  await lean.loadEdge();
  assert.equal(lean.hasEdge(), true);
  assert.equal(one.cluster.fingerprint(), other.cluster.fingerprint());
  assert.equal(one.cluster.toJson(), other.cluster.toJson());
  assert.equal(lean.Cluster.fromJson(one.cluster.toJson()).fingerprint(), one.cluster.fingerprint());
  assert.deepEqual(session(lean).seen, other.seen);
});

const DEFINITION = { family: "web", containerDefinitions: [{ name: "app", cpu: 64, memory: 64 }] };
/**
 * A call of everything that the types name, and whether the second half has it: `true`, or an error's code for another refusal. The
 * first half is all that the others need.
 */
const CALLS = {
  constructor: [(c, pw) => new pw.Cluster().free()],
  "constructor, options": [(c, pw) => new pw.Cluster({ seed: 1 }), true],
  fromJson: [(c, pw) => pw.Cluster.fromJson({ containerInstances: [] }), true],
  isUsable: [(c) => c.isUsable],
  size: [(c) => c.size],
  register: [(c) => c.register({ name: "new", cpu: 1, memoryMib: 1, zone: undefined, attributes: { a: "b" } })],
  "register, twice": [(c) => c.register({ name: "i-0", cpu: 1, memoryMib: 1 }), "duplicate.instance"],
  "register, an amount": [(c) => c.register({ name: "x", cpu: -1, memoryMib: 1 }), "input.amount"],
  "register, more": [(c) => c.register({ name: "x", cpu: 1, memoryMib: 1, gpus: ["g"] }), true],
  "register, nonsense": [(c) => c.register({ name: "x", cpu: 1.5, memoryMib: 1 }), true],
  registerContainerInstance: [(c) => c.registerContainerInstance({}), true],
  declareResource: [(c) => c.declareResource("r"), true],
  deregister: [(c) => c.deregister("i-1"), true],
  drain: [(c) => c.drain("i-0")],
  "drain, unknown": [(c) => c.drain(["i-0", "nobody"]), "not_found.instance"],
  activate: [(c) => c.activate(["i-0"])],
  putAttributes: [(c) => c.putAttributes("i-0", { a: "b" }), true],
  deleteAttributes: [(c) => c.deleteAttributes("i-0", "stack"), true],
  setAgentConnected: [(c) => c.setAgentConnected("i-0", false), true],
  registerTaskDefinition: [(c) => c.registerTaskDefinition(DEFINITION), true],
  definitions: [(c) => c.definitions(), true],
  loadTasks: [(c) => c.loadTasks({ tasks: [] }), true],
  place: [(c) => c.place("web"), true],
  "place, prepared": [(c, pw, request) => c.place(request), true],
  prepare: [(c) => c.prepare("web"), true],
  prepareTask: [(c) => c.prepareTask("a", {}).free()],
  "prepareTask, regular expressions": [(c) => c.prepareTask("a", {}, { constraints: "memberOf:attribute:stack =~ p.*" }), true],
  "prepareTask, an expression": [(c) => c.prepareTask("a", {}, { constraints: "memberOf:attribute:stack = prod" }), "expr.syntax"],
  "prepareTask, a strategy": [(c) => c.prepareTask("a", {}, { strategies: "binpack:disk" }), "strategy.invalid"],
  "prepareTask, a constraint": [(c) => c.prepareTask("a", {}, { constraints: "near" }), "constraint.invalid"],
  "prepareTask, an amount": [(c) => c.prepareTask("a", { cpu: -1 }), "input.amount"],
  "prepareTask, a name": [(c) => c.prepareTask("", {}), "input.invalid"],
  "prepareTask, a seed": [(c) => c.prepareTask("a", {}, { seed: -1 }), "input.invalid"],
  "prepareTask, an option": [(c) => c.prepareTask("a", {}, { count: 2 }), "json.unknown_key"],
  placeOne: [(c, pw, request) => c.placeOne(request)],
  lastInstance: [(c) => c.lastInstance],
  placeBulk: [(c, pw, request) => c.placeBulk([request], [0, 0])],
  "placeBulk, an index": [(c, pw, request) => c.placeBulk([request], [1]), "input.invalid"],
  "placeBulk, watched": [(c, pw, request) => c.placeBulk([request], [0], { progress() {}, signal: new AbortController().signal })],
  applyPlan: [(c) => c.applyPlan({ moves: [] }), true],
  planSteps: [(c) => [...c.planSteps({ moves: [{}] })], true],
  applyPacking: [(c) => c.applyPacking({ bins: [] }, []), true],
  explain: [(c, pw, request) => c.explain(request), true],
  stop: [(c, pw, request) => c.stop(Float64Array.of(c.placeOne(request)))],
  "stop, unknown": [(c) => c.stop(Float64Array.of(1e9)), "not_found.task"],
  "stop, by id": [(c) => c.stop("task"), true],
  finish: [(c) => c.finish("task"), true],
  scaleIn: [(c) => c.scaleIn("g", 1), true],
  runTask: [(c) => c.runTask({}), true],
  startTask: [(c) => c.startTask({}), true],
  createService: [(c) => c.createService({}), true],
  listContainerInstances: [(c) => c.listContainerInstances(), true],
  query: [(c) => c.query("agentConnected == true"), true],
  queryPositions: [(c) => c.queryPositions("agentConnected == true")],
  "queryPositions, wrong": [(c) => c.queryPositions("agentConnected"), "expr.syntax"],
  "queryPositions, regular expressions": [(c) => c.queryPositions("attribute:stack!~ p.*"), true],
  "queryPositions, regular expressions in words": [(c) => c.queryPositions("attribute:stack not_matches p.*"), true],
  diagnose: [(c) => c.diagnose("a"), true],
  complete: [(c) => c.complete("a", 1), true],
  instance: [(c) => c.instance("i-0"), true],
  task: [(c) => c.task(0), true],
  instanceIds: [(c) => c.instanceIds(), true],
  taskIds: [(c) => c.taskIds(), true],
  instances: [(c) => c.instances(), true],
  tasks: [(c) => c.tasks(), true],
  attributes: [(c) => c.attributes(), true],
  attributeSummary: [(c) => c.attributeSummary(), true],
  column: [(c) => c.column("gpus")],
  "column, unknown": [(c) => c.column("colour"), "input.invalid"],
  withColumn: [(c) => c.withColumn("cpu", (view) => view.length)],
  usage: [(c) => c.usage(), true],
  runningTasks: [(c) => c.runningTasks],
  runningTasksOf: [(c) => c.runningTasksOf("g"), true],
  customResources: [(c) => c.customResources(), true],
  refusedDefinitions: [(c) => c.refusedDefinitions(), true],
  warnings: [(c) => c.warnings(), true],
  memoryUsage: [(c) => c.memoryUsage, true],
  fingerprint: [(c) => c.fingerprint(), true],
  toJson: [(c) => c.toJson(), true],
  toObject: [(c) => c.toObject(), true],
  transaction: [(c) => c.transaction(() => 1)],
  begin: [(c) => c.begin().rollback()],
  rollback: [(c) => (c.begin(), c.rollback())],
  commit: [(c) => (c.begin(), c.commit())],
  savepoints: [(c) => c.savepoints],
  copy: [(c) => c.copy(), true],
  free: [(c, pw) => new pw.Cluster().free()],
  "Request.cluster": [(c, pw, request) => request.cluster],
  "Request.place": [(c, pw, request) => request.place(), true],
  "Request.explain": [(c, pw, request) => request.explain(), true],
  "Request.free": [(c) => c.prepareTask("b", {}).free()],
  "Savepoint.isOpen": [(c) => c.transaction((savepoint) => savepoint.isOpen)],
  "Savepoint.rollback": [(c) => c.begin().rollback()],
  "Savepoint.commit": [(c) => c.begin().commit()],
  compile: [(c, pw) => pw.compile("agentConnected == true"), true],
  diagnoseAlone: [(c, pw) => pw.diagnose("a"), true],
  tokens: [(c, pw) => pw.tokens("a"), true],
  memorySize: [(c, pw) => pw.memorySize()],
};

test("every call is of one half or of both, and one that is refused harms nothing", async (t) => {
  const pw = await (await fresh(t))("lean-node.js");
  const members = (kind, prefix = "") => Object.getOwnPropertyNames(kind.prototype).filter((name) => !name.startsWith("_")).map((name) => (name === "constructor" ? name : prefix + name));
  const named = [...members(pw.Cluster), "fromJson", ...members(pw.Request, "Request."), ...members(pw.Savepoint, "Savepoint.")];
  const free = Object.keys(pw).filter((name) => typeof pw[name] === "function" && !/^[A-Z]/.test(name) && !["init", "initSync", "loadEdge", "hasEdge"].includes(name));
  for (const name of new Set([...named, ...free])) assert.ok(Object.hasOwn(CALLS, name), `\`${name}\` is not called`);

  const { cluster } = session(pw);
  const request = cluster.prepareTask("probe", { cpu: 1, memoryMib: 1 }, { strategies: "binpack:cpu" });
  for (const [name, [call, expected]] of Object.entries(CALLS)) {
    const before = state(cluster);
    const error = thrown(pw, () => call(cluster, pw, request));
    assert.equal(error?.code, expected === true ? "edge.not_loaded" : expected, `${name}: ${error?.text}`);
    if (expected !== undefined) assert.deepEqual(state(cluster), before, name);
    if (expected === true) assert.match(error.help, /await loadEdge\(\)/);
    assert.ok(cluster.isUsable && !pw.hasEdge(), name);
  }
  // With the second half the same calls are made; where they are refused, it is for another reason.
  await pw.loadEdge();
  cluster.registerTaskDefinition(DEFINITION);
  for (const [name, [call, expected]] of Object.entries(CALLS)) {
    if (name === "register") continue;
    const error = thrown(pw, () => call(cluster, pw, request));
    assert.notEqual(error?.code, "edge.not_loaded", name);
    assert.notEqual(error?.class, "internal", name);
    if (typeof expected === "string") assert.equal(error?.code, expected, name);
    if (expected === undefined) assert.equal(error, undefined, `${name}: ${error?.text}`);
  }
});

test("the calls of the module are classified, all of them", async () => {
  const { absent } = await import(new URL("halves.js", PKG));
  const names = (file) => WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(new URL(file, PKG)))).map(({ name }) => name);
  const calls = names("placewright_bg.wasm").filter((name) => !name.startsWith("__") && name !== "memory");
  const first = [
    "begin", "bulk_tasks", "close", "figure", "free", "integers", "is_open", "last_instance", "length", "make", "place_bulk", "place_one",
    "prepare_plain", "query_positions", "register_plain", "release", "set_draining", "stop_numbers", "version",
  ];
  assert.deepEqual([...first, ...absent].sort(), [...calls].sort());
  const lean = new Set(names("placewright_lean_bg.wasm"));
  assert.deepEqual(calls.filter((name) => !lean.has(name)), []);
  assert.deepEqual(names("placewright_edge_bg.wasm"), []);
});

/** Every expression of the corpus. */
function expressions() {
  const found = new Set();
  const walk = (value) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner === "string" && /expression|filter|query/i.test(key)) found.add(inner);
      walk(inner);
    }
  };
  for (const name of readdirSync(CASES, { recursive: true })) if (name.endsWith(".json")) walk(JSON.parse(readFileSync(join(CASES, name), "utf8")));
  return [...found];
}

test("the first half asks for the second for regular expressions, and answers all other expressions of the corpus", async (t) => {
  const lean = await (await fresh(t))("lean-node.js");
  const whole = await (await fresh(t))("node.js");
  const [one, other] = [session(lean).cluster, session(whole).cluster];
  const answer = (pw, cluster, text) => {
    let found;
    const error = thrown(pw, () => (found = [...cluster.queryPositions(text)]));
    return error === undefined ? found : [error.code, error.text];
  };
  const texts = expressions();
  assert.ok(texts.length > 100, `only ${texts.length} expressions`);
  let [alike, refused] = [0, 0];
  for (const text of texts) {
    const found = answer(lean, one, text);
    if (/[=!]~|matches/i.test(text)) {
      assert.equal(found[0], "edge.not_loaded", text);
      refused += 1;
    } else {
      assert.deepEqual(found, answer(whole, other, text), text);
      alike += 1;
    }
  }
  assert.ok(alike > 50 && refused > 10, `${alike} and ${refused}`);
  await lean.loadEdge();
  for (const text of texts) assert.deepEqual(answer(lean, one, text), answer(whole, other, text), text);
});

test("plain instances are told from others, and hostile ones refused as by the whole module", async (t) => {
  const lean = await (await fresh(t))("lean-node.js");
  const whole = await (await fresh(t))("node.js");
  const one = { cpu: 1, memoryMib: 1 };
  let number = 0;
  for (const instance of [
    { ...one, name: "" }, { ...one, name: "x".repeat(100_000) }, { ...one, name: "a", zone: "" }, { ...one, name: "b", attributes: { "": "v" } },
    { name: "c", cpu: 2 ** 52, memoryMib: 1 }, { name: "d", cpu: 1, memoryMib: -5 }, { ...one, name: "e", attributes: { a: "" } },
    { ...one, name: "f", attributes: Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`k-${at}`, "v"])) },
    { ...one, name: "\ud800" }, { ...one, name: "g", attributes: { k: "\udc00" } }, { ...one, name: "h", zone: "z", attributes: { "ecs.availability-zone": "y" } },
  ]) {
    const codes = [lean, whole].map((pw) => {
      const cluster = new pw.Cluster();
      const error = thrown(pw, () => cluster.register(instance));
      return error === undefined ? cluster.column("cpu").join() : [error.code, error.text];
    });
    assert.deepEqual(codes[0], codes[1], `instance ${(number += 1)}`);
  }
  const cluster = new lean.Cluster();
  const getter = { ...one, get name() { throw new RangeError("mine"); } };
  assert.throws(() => cluster.register(getter), RangeError);
  for (const instance of [null, 1, "i", [], { ...one, name: "a\0b" }, { ...one, name: "a", attributes: new Map() }, { ...one, name: "a", toJSON: () => one }]) {
    assert.equal(thrown(lean, () => cluster.register(instance))?.class === undefined, false);
  }
  assert.equal(cluster.size, 0);
});

test("without memory the halves start again, as many as were there", async (t) => {
  const pw = await (await fresh(t, 100, "placewright_lean_bg.wasm"))("lean-node.js");
  const fill = () => {
    const cluster = new pw.Cluster();
    for (let number = 0; ; number += 1) cluster.register({ name: `i-${number}`, cpu: 1, memoryMib: 1 });
  };
  assert.equal(thrown(pw, fill).code, "limit.memory");
  const request = new pw.Cluster().prepareTask("a", {});
  assert.equal(thrown(pw, () => request.cluster.fingerprint()).code, "edge.not_loaded");
  await pw.loadEdge();
  assert.equal(thrown(pw, fill).code, "limit.memory");
  const { cluster } = session(pw);
  assert.equal(pw.Cluster.fromJson(cluster.toJson()).fingerprint(), cluster.fingerprint());
  assert.equal(cluster.query("attribute:stack =~ p.*").length, 20);
});

test("loading: in a page in two steps, again after a failure, in any order, and beside the other entries", () => {
  const at = (file) => JSON.stringify(new URL(file, PKG).href);
  const run = (script) => execFileSync(process.execPath, ["--input-type=module", "--eval", `import { readFileSync } from "node:fs"; ${script}`], { encoding: "utf8" }).trim();
  const code = "const code = (call) => { try { return call(); } catch (error) { return error.code; } };";
  const bytes = (half) => `readFileSync(new URL(${at(`placewright_${half}_bg.wasm`)}))`;
  assert.equal(
    run(`import * as pw from ${at("lean.js")}; ${code}
      const said = [code(() => new pw.Cluster())];
      await pw.init(${bytes("lean")});
      said.push(new pw.Cluster().size, code(() => new pw.Cluster().toJson()));
      await pw.loadEdge("data:application/wasm,no").then(() => said.push("loaded"), () => said.push("refused"));
      said.push(pw.hasEdge());
      await Promise.all([pw.loadEdge(${bytes("edge")}), pw.loadEdge()]);
      await pw.init();
      said.push(pw.hasEdge(), pw.Cluster.fromJson(new pw.Cluster().toJson()).size);
      console.log(said.join(" "));`),
    "internal.not_ready 0 edge.not_loaded refused false true 0",
  );
  assert.equal(
    run(`import * as pw from ${at("lean.js")};
      await pw.loadEdge(${bytes("edge")});
      const before = pw.hasEdge();
      pw.initSync(${bytes("lean")});
      console.log(before, pw.hasEdge(), new pw.Cluster().query("agentConnected == true").length);`),
    "false true 0",
  );
  // What is no second half is refused before it can be taken for one, whether the first is there or still comes.
  for (const begin of ["", `await pw.init(${bytes("lean")});`]) {
    assert.equal(
      run(`import * as pw from ${at("lean.js")}; ${code}
        ${begin}
        const said = [];
        for (const other of [${bytes("pack")}, ${bytes("lean")}, Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)]) {
          await pw.loadEdge(other).then(() => said.push("loaded"), (error) => said.push(error.code));
        }
        await pw.init(${bytes("lean")});
        said.push(pw.hasEdge(), new pw.Cluster().size, code(() => new pw.Cluster().toJson()));
        await pw.loadEdge(${bytes("edge")});
        console.log(...said, pw.hasEdge(), pw.Cluster.fromJson(new pw.Cluster().toJson()).size);`),
      "input.invalid input.invalid input.invalid false 0 edge.not_loaded true 0",
    );
  }
  // A second half of another build, as from a cache: its name for the first half is another.
  assert.equal(
    run(`import * as pw from ${at("lean.js")}; ${code}
      const other = ${bytes("edge")};
      const name = other.toString("latin1").search(/1-[0-9a-f]{16}/);
      other[name + 2] ^= 1;
      await pw.init(${bytes("lean")});
      const said = [name > 0, await pw.loadEdge(other).catch((error) => error.help.includes("same version")), pw.hasEdge()];
      said.push(code(() => new pw.Cluster().toJson()));
      await pw.loadEdge(${bytes("edge")});
      console.log(...said, pw.Cluster.fromJson(new pw.Cluster().toJson()).size);`),
    "true true false edge.not_loaded 0",
  );
  // The whole module comes while the second half is on its way: it is joined once, and not begun anew.
  assert.equal(
    run(`import * as lean from ${at("lean-node.js")};
      const { Instance } = WebAssembly;
      let number = 0;
      WebAssembly.Instance = class extends Instance { constructor(...given) { super(...given); number += 1; } };
      const loading = lean.loadEdge();
      const pw = await import(${at("node.js")});
      await loading;
      console.log(number, lean.hasEdge(), new pw.Cluster().toJson().length > 0);`),
    "1 true true",
  );
  assert.equal(run(`import * as lean from ${at("lean-node.js")}; const pw = await import(${at("node.js")}); console.log(lean.hasEdge(), new pw.Cluster({ seed: 1 }).size);`), "true 0");
  assert.equal(run(`import * as pw from ${at("node.js")}; const lean = await import(${at("lean-node.js")}); await lean.loadEdge(); console.log(lean.hasEdge(), new pw.Cluster().toJson().length > 0);`), "true true");
  assert.equal(
    run(`import * as lean from ${at("lean-node.js")}; const web = await import(${at("web.js")}); ${code}
      await web.init(${bytes("lean")}).then(() => console.log("loaded"), (error) => console.log(error.code, error.help));`),
    "conflict.busy load the second half instead",
  );
});

test("the corpus has the native digest where the module is in two halves", () => {
  const kit = pathToFileURL(fileURLToPath(new URL("../pkg-testkit/", import.meta.url))).href;
  const script = `
    import { readFileSync, readdirSync } from "node:fs"; import { join, relative } from "node:path";
    import * as kit from ${JSON.stringify(`${kit}placewright.js`)};
    const read = (half) => readFileSync(new URL(\`placewright_\${half}_bg.wasm\`, ${JSON.stringify(kit)}));
    const exports = kit.initSync({ module: read("lean") });
    new WebAssembly.Instance(new WebAssembly.Module(read("edge")), { first: exports });
    const cases = ${JSON.stringify(CASES)};
    const files = readdirSync(cases, { recursive: true }).filter((name) => name.endsWith(".json")).sort().map((name) => join(cases, name));
    const reports = files.map((file) => JSON.parse(kit.conformance_check(readFileSync(file, "utf8"), relative(cases, file).split("/").slice(0, -1).includes("ordered"))));
    if (reports.length < 300 || reports.some(({ verdict }) => verdict === "fail")) throw new Error("cases fail");
    console.log(kit.conformance_digest(JSON.stringify(reports)));`;
  const digest = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8", maxBuffer: 1 << 26 }).trim();
  const native = () => {
    const said = execFileSync("cargo", ["run", "-q", "--release", "-p", "placewright-cli", "--", "conformance", CASES], { cwd: ROOT, encoding: "utf8" });
    return /^digest ([0-9a-f]{64})$/m.exec(said)[1];
  };
  assert.equal(digest, process.env.PLACEWRIGHT_DIGEST || native());
});
