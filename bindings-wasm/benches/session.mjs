// The work of `benches/src/bin/session.rs` through this package, beside the native figures. Usage:
//   cargo build --release -p placewright-benches --bin session
//   node benches/session.mjs [--lean] [NATIVE_PROGRAM] [INSTANCES] [REQUESTS]
// NATIVE_PROGRAM is `target/release/session` by default. Prints a table; each figure is the least of several rounds, and native and
// module take turns, so that a busy machine is busy for both.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// With `--lean` the module is in its two halves, of which the first places.
const isLean = process.argv.includes("--lean");
const { Cluster, loadEdge } = await import(isLean ? "../pkg/lean-node.js" : "../pkg/node.js");
await loadEdge?.();

const [given, instances = "10000", requests = "10000"] = process.argv.slice(2).filter((argument) => argument !== "--lean");
const native = given ?? fileURLToPath(new URL("../../target/release/session", import.meta.url));
const count = Number(requests);
/** The cluster as `aws ecs describe-container-instances` prints it, for both to read. */
const text = JSON.stringify({ containerInstances: Array.from({ length: Number(instances) }, (_, number) => instance(number)), failures: [] });
const folder = mkdtempSync(join(tmpdir(), "placewright-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
const file = join(folder, "cluster.json");
writeFileSync(file, text);
const ROUNDS = 7;
const TURNS = 3;
const KINDS = 8;
const SINGLE = 1000;
const CHAINS = { binpack: ["binpack:memory"], "spread-binpack": ["spread:attribute:ecs.availability-zone", "binpack:memory"] };

/** One instance: that of `bindings-python/benches/overhead.py`. */
function instance(number) {
  const amounts = { CPU: 2048 + 1024 * (number % 7), MEMORY: 4096 + 2048 * (number % 5) };
  const records = Object.entries(amounts).map(([name, integerValue]) => ({ name, type: "INTEGER", doubleValue: 0, longValue: 0, integerValue }));
  const ports = { name: "PORTS", type: "STRINGSET", stringSetValue: ["22", "2375", "2376", "51678", "51679"] };
  const attributes = {
    "ecs.availability-zone": `eu-west-1${"abc"[number % 3]}`,
    "ecs.instance-type": "m5.large",
    "ecs.os-type": "linux",
    "ecs.cpu-architecture": "x86_64",
    stack: number % 2 === 1 ? "prod" : "test",
  };
  return {
    containerInstanceArn: `arn:aws:ecs:eu-west-1:123456789012:container-instance/demo/${number.toString(16).padStart(32, "0")}`,
    ec2InstanceId: `i-${number.toString(16).padStart(17, "0")}`,
    versionInfo: { agentVersion: "1.89.2", agentHash: "abcdef01", dockerVersion: "DockerVersion: 25.0.8" },
    remainingResources: [...records, ports],
    registeredResources: [...records, ports],
    status: "ACTIVE",
    agentConnected: true,
    runningTasksCount: 0,
    pendingTasksCount: 0,
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
    registeredAt: "2026-01-01T00:00:00+00:00",
    attachments: [],
    tags: [],
  };
}

/** The least time that `work` says it took, in seconds. */
function least(work, rounds = ROUNDS) {
  let best = Infinity;
  for (let round = 0; round < rounds; round += 1) best = Math.min(best, work());
  return best;
}

/** The time that `work` takes. */
function timed(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function measure() {
  const figures = {};
  figures.load = least(() => {
    let made;
    const took = timed(() => (made = Cluster.fromJson(text)));
    made.free();
    return took;
  }, 3);
  const cluster = Cluster.fromJson(text);
  for (let kind = 0; kind < KINDS; kind += 1) {
    const app = { name: "app", cpu: 64 + 32 * kind, memory: 128 + 64 * kind };
    cluster.registerTaskDefinition({ family: `t${kind}`, containerDefinitions: [app] });
  }
  const order = Uint32Array.from({ length: count }, (_, at) => at % KINDS);
  for (const [name, strategies] of Object.entries(CHAINS)) {
    const kinds = Array.from({ length: KINDS }, (_, kind) => cluster.prepare(`t${kind}`, { group: "service:x", strategies }));
    figures[`bulk/${name}`] = least(() => {
      const savepoint = cluster.begin();
      let bulk;
      const took = timed(() => (bulk = cluster.placeBulk(kinds, order)));
      if (bulk.rejected > 0) throw new Error("some found no instance");
      savepoint.rollback();
      return took;
    });
    figures[`single/${name}`] =
      least(() => {
        const savepoint = cluster.begin();
        const took = timed(() => {
          for (let at = 0; at < SINGLE; at += 1) if (kinds[0].place().placed !== 1) throw new Error("found no instance");
        });
        savepoint.rollback();
        return took;
      }) / SINGLE;
    figures[`one/${name}`] =
      least(() => {
        const savepoint = cluster.begin();
        const took = timed(() => {
          for (let at = 0; at < SINGLE; at += 1) if (cluster.placeOne(kinds[0]) < 0) throw new Error("found no instance");
        });
        savepoint.rollback();
        return took;
      }) / SINGLE;
    for (const kind of kinds) kind.free();
  }
  const small = cluster.prepare("t0");
  figures.copy = least(() => {
    let made;
    const took = timed(() => (made = cluster.copy()));
    made.free();
    return took;
  });
  figures.export = least(() => timed(() => cluster.toJson()), 3);
  figures.explain = least(() => timed(() => cluster.explain(small)), 3);
  cluster.free();
  return figures;
}

const [here, there] = [{}, {}];
const keep = (best, figures) => {
  for (const [name, figure] of Object.entries(figures)) best[name] = Math.min(best[name] ?? Infinity, figure);
};
for (let turn = 0; turn < TURNS; turn += 1) {
  keep(there, JSON.parse(execFileSync(native, [file, requests], { encoding: "utf8" })));
  keep(here, measure());
}
const size = Cluster.fromJson(text).size;
console.log(`${size} instances, ${count} requests; microseconds; node ${process.version}\n`);
console.log("| work | native | module | times |\n|---|---:|---:|---:|");
for (const [name, figure] of Object.entries(here)) {
  const beside = there[name.replace(/^one\//, "single/")];
  const per = name.startsWith("bulk/") ? count : 1;
  const micro = (seconds) => (seconds === undefined ? "" : ((seconds / per) * 1e6).toFixed(3));
  console.log(`| ${name}${per > 1 ? ", a task" : ""} | ${micro(beside)} | ${micro(figure)} | ${beside === undefined ? "" : (figure / beside).toFixed(2)} |`);
}
